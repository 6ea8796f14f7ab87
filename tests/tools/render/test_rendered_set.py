"""Sets of rendered people: they repeat, grow, and are drawn from in training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from tools.render.view import SIZE


def test_set_repeats_grows_and_trains(body, tmp_path: Path, monkeypatch) -> None:
    from tools.data.body import read_crops
    from tools.data.views import Augmentation, decoded, make_views
    from tools.render import people as render_people

    monkeypatch.setattr(render_people, "CHUNK", 4)
    monkeypatch.setattr(render_people, "make_chunk", lambda seed, number, only: _make_four(seed, number))
    first = render_people.RenderOptions(out=str(tmp_path / "a"), count=3, seed=5)
    assert render_people.main(first) == 4
    start = read_crops(tmp_path / "a", render_people.STEM)
    assert render_people.main(render_people.RenderOptions(out=str(tmp_path / "a"), count=8, seed=5)) == 8
    crops = read_crops(tmp_path / "a", render_people.STEM)
    assert crops.jpegs[:4] == start.jpegs
    assert render_people.main(render_people.RenderOptions(out=str(tmp_path / "b"), count=4, seed=5)) == 4
    again = read_crops(tmp_path / "b", render_people.STEM)
    assert again.jpegs == start.jpegs
    np.testing.assert_array_equal(again.keypoints, start.keypoints)
    assert len(set(crops.jpegs)) == 8
    assert crops.image(0).shape == (288, 216, 3)
    assert crops.gt.all()
    assert set(crops.sources) == {"rendered"}
    known = crops.keypoints[crops.keypoints[..., 2] > 0]
    assert np.all((known[:, :2] >= 0) & (known[:, :2] <= np.array(SIZE) - 1))
    assert set(np.unique(crops.keypoints[..., 2])) <= {0, 0.5, 1}
    assert (crops.keypoints[..., 2] > 0).mean() > 0.6
    views, points, weights = make_views(decoded(crops, torch.device("cpu")), (192, 256), Augmentation())
    assert (views.shape, points.shape, weights.shape) == ((8, 3, 256, 192), (8, 17, 2), (8, 17))


def test_training_draws_its_share_from_the_rendered_set(tmp_path: Path) -> None:
    from tools.render.people import STEM, Store
    from tools.train.pose import PoseTraining, training_set

    for folder, count in (("real", 4), ("rendered", 6)):
        Store(tmp_path / folder).add([b"jpeg"] * count, _rows(folder, count))
    for kind in ("npz", "tar"):
        (tmp_path / "real" / f"{STEM}.{kind}").rename(tmp_path / "real" / f"body_train.{kind}")
    real, rendered = str(tmp_path / "real"), str(tmp_path / "rendered")
    crops, chance = training_set(PoseTraining(data=real, rendered=rendered, rendered_share=0.25))
    assert crops.sources.tolist() == ["real"] * 4 + ["rendered"] * 6
    assert chance[4:].sum() == pytest.approx(0.25)
    assert chance.sum() == pytest.approx(1)
    assert len(training_set(PoseTraining(data=real))[0]) == 4
    for kind in ("npz", "tar"):
        (tmp_path / "rendered" / f"{STEM}.{kind}").rename(tmp_path / "real" / f"{STEM}.{kind}")
    assert training_set(PoseTraining(data=real, rendered_share=0.4))[1][4:].sum() == pytest.approx(0.4)
    with pytest.raises(ValueError, match="train"):
        training_set(PoseTraining(data=real, rendered=str(tmp_path / "rendered")))


def _rows(source: str, count: int) -> dict[str, np.ndarray]:
    """A table of ``count`` crops without people in them."""
    return {
        "name": np.array([f"{source}_{k}.jpg" for k in range(count)]),
        "source": np.full(count, source),
        "keypoints": np.zeros((count, 17, 3), np.float32),
        "box": np.tile(np.array([0, 0, 9, 9], np.float32), (count, 1)),
    }


def _make_four(seed: int, number: int):
    from tools.render.crop import make_crop
    from tools.render.people import BODIES, random_actors, random_body

    rng = np.random.default_rng([seed, number])
    assert BODIES == 4
    people = random_actors(random_body(rng), 5, rng)
    return [make_crop(people[k], [people[4]] * (k % 2), rng) for k in range(4)]


def test_chunks_depend_on_seed_and_number(body) -> None:
    from tools.render.people import make_chunk

    one, again, other = (make_chunk(5, number, 4) for number in (0, 0, 1))
    for a, b, c in zip(one, again, other, strict=True):
        np.testing.assert_array_equal(a.image, b.image)
        np.testing.assert_array_equal(a.keypoints, b.keypoints)
        assert not np.array_equal(a.image, c.image)


def test_bad_options_are_refused() -> None:
    from tools.render.people import RenderOptions

    with pytest.raises(ValueError, match="workers"):
        RenderOptions(workers=0)
