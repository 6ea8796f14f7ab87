"""Settings, their controls and the parameters of the endpoints, and which files are taken."""

from __future__ import annotations

import re
from pathlib import Path

import gradio as gr
import pytest

from beauty.settings import BeautySettings
from counting.settings import CountSettings
from vision.options import Option, options_of
from webui import beauty_page, inputs, jump_page, panel
from webui.uploads import Upload, is_address, paths_in, uploads_of


@pytest.mark.parametrize(("low", "high", "step"), [(0, 1, 0.01), (-1, 1, 0.01), (0, 230, 1), (0.001, 0.05, 0.0001)])
def test_slider_steps_are_round(low: float, high: float, step: float) -> None:
    assert panel.step_of(low, high) == pytest.approx(step)


def test_settings_are_made_of_what_a_page_sends() -> None:
    settings = inputs.settings_of(CountSettings, {"people": 3.0, "min_score": 1, "height_cm": None, "unknown": 5})
    assert settings == CountSettings(people=3, min_score=1.0)
    assert isinstance(settings.people, int)
    assert inputs.settings_of(CountSettings, "nonsense") == CountSettings()
    with pytest.raises(ValueError, match="min_score"):
        inputs.settings_of(CountSettings, {"min_score": 7})
    with pytest.raises(ValueError, match="look"):
        inputs.settings_of(BeautySettings, {"look": "<script>"})


@pytest.mark.parametrize(
    ("facts", "default", "kind"),
    [
        (Option("", low=0, high=1), 0.5, gr.Slider),
        (Option(""), True, gr.Checkbox),
        (Option(""), 3, gr.Number),
        (Option("", choices=("a", "b")), "a", gr.Dropdown),
    ],
)
def test_each_option_gets_the_parameter_that_fits(facts: Option, default: object, kind: type) -> None:
    made = inputs.control(facts, default, "label")
    assert type(made) is kind
    assert made.value == default


@pytest.mark.parametrize(
    ("facts", "default", "kind"),
    [
        (Option("", low=0, high=1), 0.5, "range"),
        (Option("", low=0, high=230), 0.0, "number"),
        (Option(""), True, "checkbox"),
        (Option("", choices=("a", "b")), "a", "radio"),
    ],
)
def test_each_option_gets_the_control_that_fits(facts: Option, default: object, kind: str) -> None:
    made = panel.control_html("jump", "thing", facts, default)
    assert f'type="{kind}"' in made
    assert 'data-t="studio_jump_thing"' in made


@pytest.mark.parametrize(
    ("prefix", "kind", "groups", "left_out"),
    [("beauty", BeautySettings, beauty_page.GROUPS, ()), ("jump", CountSettings, jump_page.GROUPS, jump_page.LEFT_OUT)],
)
def test_every_declared_option_has_its_control(prefix: str, kind: type, groups: panel.Groups, left_out: tuple) -> None:
    html = panel.settings_html(prefix, kind, groups, left_out)
    names = re.findall(r'data-name="(\w+)"', html)
    assert sorted(names) == sorted(set(options_of(kind)) - set(left_out))


def test_an_option_that_no_group_names_comes_last() -> None:
    assert panel.grouped(["a", "b", "c"], [("first", ("c", "x"))]) == [("first", ["c"]), ("more", ["a", "b"])]
    assert panel.grouped(["a"], [("first", ("x",)), ("more", ("a",))]) == [("more", ["a"])]


def test_only_files_of_the_upload_folder_are_taken(tmp_path: Path) -> None:
    inside, outside = tmp_path / "in" / "a.jpg", tmp_path / "b.jpg"
    entries = [{"path": str(inside), "orig_name": "A.jpg"}, {"path": str(outside)}, {"path": 7}, None, "x", {}]
    entries.append({"path": str(tmp_path / "in" / ".." / "b.jpg")})
    assert uploads_of(entries, tmp_path / "in") == [Upload(inside, "A.jpg")]
    assert uploads_of(None, tmp_path) == []


def test_addresses_are_seen_wherever_they_stand() -> None:
    sent = [1, {"a": [{"path": "http://x/y.png"}]}, {"path": "data:image/png,x"}, {"path": "/tmp/a.jpg"}]
    assert [is_address(path) for path in paths_in(sent)] == [True, True, False]
