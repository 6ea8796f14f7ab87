"""Rendered people with exact labels: single pictures, clips, and the sample video."""
