from dataclasses import fields, replace

import numpy as np
import pytest

from beauty.looks import apply_look
from beauty.settings import LOOKS, PRESETS, BeautySettings
from vision.options import options_of


def test_every_field_is_an_option_with_a_label_in_both_languages():
    assert set(options_of(BeautySettings)) == {f.name for f in fields(BeautySettings)}
    assert all(all(facts.label) for facts in options_of(BeautySettings).values())


@pytest.mark.parametrize("wrong", [{"smoothing": 1.2}, {"eyes": -0.1}, {"chin": -1.5}, {"look": "neon"}])
def test_a_value_outside_its_range_is_named(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        BeautySettings(**wrong)


def test_presets_are_settings_and_off_asks_for_nothing():
    assert {"off", "natural", "fresh", "studio", "glamour"} <= set(PRESETS)
    assert not PRESETS["off"].changes_pixels
    assert PRESETS["natural"] == BeautySettings()
    assert max(BeautySettings().smoothing, BeautySettings().slimming, BeautySettings().eyes) < 0.5


@pytest.mark.parametrize("name", [name for name in LOOKS if name != "none"])
def test_looks_are_smooth_in_degree_and_keep_the_order_of_greys(name):
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
    full, half = apply_look(ramp, name, 1.0).astype(int), apply_look(ramp, name, 0.5).astype(int)
    assert (np.diff(full.sum(axis=2)) >= 0).all()
    assert np.abs(half - (full + ramp) / 2).max() <= 1.0
    assert apply_look(ramp, name, 0.0) is ramp


def test_there_are_at_least_eight_looks_and_all_differ():
    rng = np.random.default_rng(1)
    image = rng.integers(0, 256, (40, 40, 3), dtype=np.uint8)
    shown = {apply_look(image, name, 1.0).tobytes() for name in LOOKS}
    assert len(shown) == len(LOOKS) >= 9


def test_monochrome_looks_have_no_colour():
    image = np.random.default_rng(2).integers(0, 256, (20, 20, 3), dtype=np.uint8)
    assert np.ptp(apply_look(image, "mono", 1.0).astype(int), axis=2).max() <= 1


def test_which_stages_are_asked_for():
    off = PRESETS["off"]
    assert replace(off, chin=-0.2).changes_shape
    assert replace(off, teeth=0.1).changes_skin
    assert replace(off, look="film").changes_look
    assert not replace(off, look="film", degree=0.0).changes_pixels
