"""A shorter import of Gradio: without the stub files that it writes for editors, and without pandas.

During its import Gradio parses the source of every component and writes a ``.pyi`` file beside it, more than half of
the import's time.  Pandas, a fifth of the rest, is needed only for data frames and for Gradio's own statistics of
events: it is imported once the server answers.
"""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import LazyLoader
from types import ModuleType
from typing import Any

_STUBS, _FUNCTION = "gradio.component_meta", "create_or_modify_pyi"
_LATE = "pandas"


class _ShortStart(MetaPathFinder):
    """Finder that loads the one module as usual and then replaces its function, and defers the other one."""

    def find_spec(self, name: str, path: Any = None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name not in (_STUBS, _LATE):
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is None or spec.loader is None:
            return spec
        if name == _LATE:
            spec.loader = LazyLoader(spec.loader)
            return spec
        run = spec.loader.exec_module

        def exec_module(module: ModuleType) -> None:
            run(module)
            setattr(module, _FUNCTION, lambda *_: None)

        spec.loader.exec_module = exec_module
        return spec


def shorten_start() -> None:
    """Skip the stub files and defer pandas; call it before Gradio is imported."""
    if _STUBS not in sys.modules and not any(isinstance(finder, _ShortStart) for finder in sys.meta_path):
        sys.meta_path.insert(0, _ShortStart())


def load_deferred() -> None:
    """Import what was deferred: Gradio uses it in several threads, and a deferred import is safe in one only."""
    getattr(sys.modules.get(_LATE), "__doc__", None)  # any access imports it
