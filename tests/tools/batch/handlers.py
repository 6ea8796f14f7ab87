"""What the workers of these tests do with a file: quick functions that stand in for the networks."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tools.batch.rows import BeautyRow
from tools.batch.sources import Item
from tools.batch.work import handle


@dataclass(frozen=True)
class Measured:
    """Rows whose ``faces`` is the number of bytes; the contents ``die`` end the process, ``die once`` the first time.

    Called, it is what loads a worker; ``broken`` then fails.
    """

    seconds: float = 0.0
    broken: bool = False

    def __call__(self) -> Callable[[Item], BeautyRow]:
        if self.broken:
            raise RuntimeError("The weights are missing.")
        return lambda item: handle(item, BeautyRow, self.measure)  # type: ignore[return-value]

    def measure(self, path: Path) -> dict[str, int]:
        time.sleep(self.seconds)
        text = path.read_text()
        begun = path.with_suffix(".begun")
        if text == "die" or (text == "die once" and not begun.exists()):
            begun.touch()
            os._exit(9)
        if text == "poison":
            raise ValueError("This file is poisoned.")
        return {"faces": len(text)}


def make_files(folder: Path, **contents: str) -> list[Item]:
    """Files with these contents."""
    for name, text in contents.items():
        (folder / name).write_text(text)
    return [Item(str(folder / name), name) for name in contents]
