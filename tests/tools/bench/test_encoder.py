"""The choice of H.264 settings: SSIM, and one tiny run."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.metrics import structural_similarity as reference

from tools.bench.encoder import EncoderConfig, main, structural_similarity
from vision.video import DETAILS


def test_ssim_is_that_of_scikit_image() -> None:
    rng = np.random.default_rng(0)
    one = np.repeat(rng.integers(0, 256, (60, 80, 1), dtype=np.uint8), 3, axis=2)
    two = np.clip(one + rng.normal(0, 20, (60, 80, 1)), 0, 255).astype(np.uint8)
    assert structural_similarity(one, one) == pytest.approx(1)
    expected = reference(one[..., 0], two[..., 0], gaussian_weights=True, sigma=1.5, use_sample_covariance=False)
    assert structural_similarity(one, two) == pytest.approx(expected, abs=0.02)


def test_every_setting_is_measured_beside_the_one_in_use(capsys: pytest.CaptureFixture[str]) -> None:
    rows = main(EncoderConfig(short_side=90, frames=12, repeats=1))
    assert len({(row.preset, row.crf, row.details) for row in rows}) == len(rows) == 17
    assert all(row.seconds > 0 and 0.7 < row.ssim < 1 for row in rows)
    sizes = {(row.preset, row.crf): row.size for row in rows}
    assert sizes["veryfast", 20] > sizes["veryfast", 26] > 500
    (in_use,) = (line for line in capsys.readouterr().out.splitlines() if DETAILS in line)
    assert in_use.split("|")[3].strip() == in_use.split("|")[5].strip() == "1.00"


def test_bad_options_are_refused() -> None:
    with pytest.raises(ValueError, match="frames must be between 1 and 1000, not 0"):
        EncoderConfig(frames=0)
