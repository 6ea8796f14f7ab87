"""Import of Gradio without the stub files that it writes for editors, more than half of its import time.

During its import Gradio parses the source of every component and writes a ``.pyi`` file beside it.
"""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

_MODULE, _FUNCTION = "gradio.component_meta", "create_or_modify_pyi"


class _WithoutStubs(MetaPathFinder):
    """Finder that loads the one module as usual and then replaces its function."""

    def find_spec(self, name: str, path: Any = None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name != _MODULE:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            run = spec.loader.exec_module

            def exec_module(module: ModuleType) -> None:
                run(module)
                setattr(module, _FUNCTION, lambda *_: None)

            spec.loader.exec_module = exec_module
        return spec


def skip_stubs() -> None:
    """Disable the stub files; call it before Gradio is imported."""
    if _MODULE not in sys.modules and not any(isinstance(finder, _WithoutStubs) for finder in sys.meta_path):
        sys.meta_path.insert(0, _WithoutStubs())
