"""What the tests of the tools share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch


@pytest.fixture(autouse=True)
def _denormal_numbers_stay() -> Iterator[None]:
    """Training flushes denormal numbers to zero for the whole process; later tests get them back."""
    yield
    torch.set_flush_denormal(False)
