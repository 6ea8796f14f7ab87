"""Figures that the project is judged by: ``python -m tools.evaluate face|body|count|beauty``."""
