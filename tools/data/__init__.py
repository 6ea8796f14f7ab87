"""Readers of labelled data, labels derived from others, and augmentation."""
