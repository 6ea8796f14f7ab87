"""Holds the shape of the project: who may import whom, how long files and functions may be, what runs at import."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("vision", "models", "beauty", "counting", "webui", "tools")
TOP_LEVEL = {
    "app.py", "README.md", "requirements.txt", "requirements-cluster.txt", "requirements-dev.txt",
    "requirements-train.txt", "pyproject.toml",
    "Dockerfile", "ms_deploy.json",
    "run.sh", "test.sh", "models", "beauty", "counting", "tests", "vision", "webui", "tools", "docs", "assets",
    "LICENSE", "NOTICE", "CONTRIBUTING.md", "CHANGELOG.md",
}  # fmt: skip
OUTSIDE = {
    "vision": {"numpy", "cv2", "av", "PIL", "pillow_heif"},
    "models": {"numpy", "cv2", "torch", "openvino", "safetensors"},
    "beauty": {"numpy", "cv2"},
    "counting": {"numpy", "scipy"},
    "webui": {"numpy", "cv2", "PIL", "gradio", "matplotlib"},
}
ALSO = {"counting.camera": {"cv2"}, "counting.appearance": {"cv2"}, "counting.sampling": {"cv2"}}
"""Libraries of single modules: those of counting that look at pixels."""
NOUNS = {"vision.types", "vision.geometry", "vision.layouts", "vision.options", "vision.prefetch"}
THREADS = {"threading", "_thread", "queue", "concurrent", "multiprocessing", "asyncio"}
MEDIA = {"vision.image", "vision.video", "vision.draw"}
SOURCES = [path for name in PACKAGES for path in sorted((ROOT / name).rglob("*.py"))] + [ROOT / "app.py"]


def module_of(path: Path) -> str:
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    return name.removesuffix(".__init__")


def imports(path: Path) -> Iterator[str]:
    """Full names of everything that a file imports, at the top or inside a function."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = module_of(path).split(".")
                package = parts if path.name == "__init__.py" else parts[:-1]
                base = ".".join(package[: len(package) - node.level + 1] + ([base] if base else []))
            yield base
            if base.split(".")[0] in PACKAGES:
                yield from (f"{base}.{alias.name}" for alias in node.names if is_module(f"{base}.{alias.name}"))


def is_module(name: str) -> bool:
    path = ROOT.joinpath(*name.split("."))
    return path.is_dir() or path.with_suffix(".py").is_file()


def ours(name: str) -> bool:
    return name.split(".")[0] in PACKAGES


def allowed(module: str, package: str) -> set[str]:
    """Modules of other packages of ours that a module may import."""
    short = module.split(".")[-1]
    if package == "vision":
        return NOUNS if module in NOUNS else NOUNS | {f"vision.{p.stem}" for p in (ROOT / "vision").glob("*.py")}
    if short == "pipeline" or module == "counting.overlay":
        return NOUNS | MEDIA
    return NOUNS


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_follow_the_ranks(path: Path) -> None:
    module = module_of(path)
    package = module.split(".")[0]
    if package in ("app", "tools") or path.name == "__main__.py":
        assert not [name for name in imports(path) if name.startswith(("tools", "tests", "app"))] or package == "tools"
        return
    for name in imports(path):
        top = name.split(".")[0]
        if package == "webui":
            assert top not in ("tools", "tests", "app"), f"{module} imports {name}"
            assert top != "models" or name == "models", f"{module} imports {name}"
        elif ours(name) and top != package:
            known = allowed(module, package) | {"vision"}
            assert name in known, f"{module} may not import {name}"
        elif package == "vision" and ours(name) and name != "vision":
            assert name in allowed(module, package), f"{module} may not import {name}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_libraries_stay_where_they_belong(path: Path) -> None:
    module = module_of(path)
    package = module.split(".")[0]
    if package not in OUTSIDE or path.name == "__main__.py":
        return
    for name in imports(path):
        top = name.split(".")[0]
        if top not in sys.stdlib_module_names and not ours(name):
            assert top in OUTSIDE[package] | ALSO.get(module, set()), f"{path.name} imports {top}"


def test_gradio_torch_and_ray_have_their_places() -> None:
    homes = {"torch": {"models", "tools"}, "nncf": {"tools"}, "gradio": {"app", "webui"}, "ray": {"tools"}}
    for path in SOURCES:
        for name in imports(path):
            home = homes.get(name.split(".")[0])
            assert home is None or module_of(path).split(".")[0] in home, f"{path} imports {name}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_one_place_below_the_app_starts_threads(path: Path) -> None:
    module = module_of(path)
    if module.split(".")[0] not in ("app", "webui", "tools") and module != "vision.prefetch":
        assert not {name.split(".")[0] for name in imports(path)} & THREADS, f"{module} starts threads of its own"


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_files_and_functions_are_short(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= 330, f"{path.name} is too long"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            body = (node.end_lineno or 0) - node.lineno + 1
            documented = ast.get_docstring(node, clean=False) or ""
            assert "tools" in path.parts or body - documented.count("\n") <= 45, (
                f"{node.name} in {path.name} has {body} lines"
            )


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_bare_except_no_eval_and_no_print_in_packages(path: Path) -> None:
    edge = path.name in ("__main__.py", "app.py") or "tools" in path.parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        assert not (isinstance(node, ast.ExceptHandler) and node.type is None)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in ("eval", "exec")
            assert edge or node.func.id != "print"


def test_the_top_level_is_what_is_documented() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if tracked.returncode:
        pytest.skip("not a git checkout")
    names = {line.split("/")[0] for line in tracked.stdout.splitlines()}
    assert {n for n in names if not n.startswith(".")} <= TOP_LEVEL


def test_serving_modules_of_models_know_no_torch() -> None:
    training = {"checkpoints", "detector", "hrnet", "landmarks106", "loading", "torch_runtime"}
    for path in sorted((ROOT / "models").glob("*.py")):
        if path.stem in training | {"devices", "__init__"}:
            continue  # these two import it where it is asked for
        names = set(imports(path))
        assert not {name.split(".")[0] for name in names} & {"torch", "safetensors"}, f"{path.name} needs PyTorch"
        assert not names & {f"models.{name}" for name in training}, f"{path.name} needs PyTorch"


@pytest.mark.parametrize("name", ["vision.types", "beauty.pipeline", "counting.pipeline", "models", "webui.service"])
def test_imports_load_neither_torch_nor_gradio(name: str) -> None:
    code = f"import sys, {name}; sys.exit(bool({{'torch', 'gradio'}} & sys.modules.keys()))"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    assert subprocess.run([sys.executable, "-c", code], env=environment, check=False).returncode == 0
