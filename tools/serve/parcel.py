"""The files of a request, where page and worker do not see the same folders: sent through a storage that both see."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from tools.storage import discard, fetch, store
from webui.service import Files


@dataclass(frozen=True)
class Parcel:
    """A request's files below an ``address`` of its own; without one both sides see the same folders.

    Both sides use the same paths: the worker fetches ``files.reads`` to where they lie on the page's machine, and the
    page what the worker left in ``files.folder``.
    """

    files: Files
    address: str = ""

    @classmethod
    def to(cls, storage: str, files: Files) -> Parcel:
        """A parcel with a new address on a storage, empty for folders that both see."""
        return cls(files, f"{storage.rstrip('/')}/{secrets.token_hex(16)}" if storage else "")

    @contextmanager
    def sent(self) -> Iterator[None]:
        """For the page: what is read is on the storage in the block, and nothing of the request after it."""
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
        """For the worker: what is read lies at its path in the block; what was fetched is gone after it."""
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
        """For the worker: put what lies in the folder on the storage; the files' names."""
        if not self.address or self.files.folder is None:
            return []
        made = [path for path in sorted(self.files.folder.iterdir()) if path.is_file()]
        for path in made:
            store(path, f"{self.address}/made/{path.name}")
            path.unlink()
        return [path.name for path in made]

    def receive(self, names: Sequence[str]) -> None:
        """For the page: fetch what the worker sent back, and delete it from the storage."""
        for name in names:
            assert self.files.folder is not None
            fetch(f"{self.address}/made/{name}", self.files.folder / name)
            discard(f"{self.address}/made/{name}")
