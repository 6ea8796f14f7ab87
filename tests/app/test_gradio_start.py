"""Gradio is imported without writing stub files and without pandas, and is whole all the same."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

CODE = """
import ast
import sys
parsed = []
right = ast.parse
ast.parse = lambda *a, **k: (parsed.append(1), right(*a, **k))[1]
import webui
import gradio
from gradio import component_meta
assert component_meta.create_or_modify_pyi(None, "x", []) is None
assert gradio.Slider(0, 1).get_config()["maximum"] == 1
assert len(parsed) < 40, len(parsed)
assert not [name for name in sys.modules if name.startswith("pandas.")]
from webui.gradio_start import load_deferred
load_deferred()
frame = gradio.Dataframe().postprocess([[1, 2]])
assert frame.data == [[1, 2]], frame
assert "pandas.core.frame" in sys.modules
"""


def test_gradio_is_whole_and_parses_no_source_of_its_own() -> None:
    subprocess.run([sys.executable, "-c", CODE], check=True, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)})
