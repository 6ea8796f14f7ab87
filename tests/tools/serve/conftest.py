"""The small files of the app's tests."""

from __future__ import annotations

from tests.app.conftest import portrait, skipping

__all__ = ["portrait", "skipping"]
