"""Counting of rope skipping jumps from the keypoints of a video."""
