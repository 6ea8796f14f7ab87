"""Damaged files, stopped commands and long videos: ``python -m tools.reliability``."""
