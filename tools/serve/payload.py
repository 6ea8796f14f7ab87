"""Transfer of a request's files between page and worker through a shared storage, if they share no folders."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from tools.storage import discard, fetch, store
from webui.service import Files


@dataclass(frozen=True)
class Payload:
    """A request's files below an ``address`` of its own; without an address both sides share their folders.

    Both sides use the same paths: the worker fetches ``files.reads`` to the paths that they have on the page's machine,
    and the page fetches the results that the worker wrote to ``files.folder``.
    """

    files: Files
    address: str = ""

    @classmethod
    def to(cls, storage: str, files: Files) -> Payload:
        """A payload with a new address on ``storage``; an empty ``storage`` means shared folders."""
        return cls(files, f"{storage.rstrip('/')}/{secrets.token_hex(16)}" if storage else "")

    @contextmanager
    def sent(self) -> Iterator[None]:
        """On the page: the input files are on the storage within the block and deleted after it."""
        try:
            if self.address:
                for number, path in enumerate(self.files.reads):
                    store(path, f"{self.address}/{number}")
            yield
        finally:
            for number in range(len(self.files.reads) if self.address else 0):
                discard(f"{self.address}/{number}")

    @contextmanager
    def unpacked(self) -> Iterator[None]:
        """On the worker: the input files are at their paths within the block; fetched ones are deleted after it."""
        fetched = [(n, p) for n, p in enumerate(self.files.reads) if self.address and not p.exists()]
        if self.files.folder is not None:
            self.files.folder.mkdir(parents=True, exist_ok=True)
        try:
            for number, path in fetched:
                path.parent.mkdir(parents=True, exist_ok=True)
                fetch(f"{self.address}/{number}", path)
            yield
        finally:
            for _, path in fetched:
                path.unlink(missing_ok=True)

    def send_back(self) -> Sequence[str]:
        """On the worker: move the result files to the storage; returns their names."""
        if not self.address or self.files.folder is None:
            return []
        made = [path for path in sorted(self.files.folder.iterdir()) if path.is_file()]
        for path in made:
            store(path, f"{self.address}/made/{path.name}")
            path.unlink()
        return [path.name for path in made]

    def receive(self, names: Sequence[str]) -> None:
        """On the page: fetch the result files and delete them from the storage."""
        for name in names:
            assert self.files.folder is not None
            fetch(f"{self.address}/made/{name}", self.files.folder / name)
            discard(f"{self.address}/made/{name}")
