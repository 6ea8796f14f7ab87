"""The detector's training loop on a set of three pictures."""

from __future__ import annotations

import io
import json
import shutil
import tarfile
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from PIL import Image as PillowImage

from models.checkpoints import read_weights
from models.detector import Detector, DetectorSize
from tools.train.detector import DetectorTraining, composer, main


def write_tar(path: Path, images: dict[str, np.ndarray]) -> None:
    with tarfile.open(path, "w") as archive:
        for name, image in images.items():
            buffer = io.BytesIO()
            PillowImage.fromarray(image).save(buffer, "JPEG")
            entry = tarfile.TarInfo(name)
            entry.size = len(buffer.getvalue())
            archive.addfile(entry, io.BytesIO(buffer.getvalue()))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The packaged layout: a person to learn from, the same one to be tested on, a picture of coffee, one crop."""
    folder = tmp_path / "data" / "body"
    folder.mkdir(parents=True)
    person = {"persons": [{"box": [40, 10, 400, 500]}], "person_ignore": [], "source": "own"}
    nobody = {"persons": [], "person_ignore": [], "source": "own"}
    rows = [{"name": "a.jpg", "split": "train"} | person, {"name": "b.jpg", "split": "train"} | nobody,
            {"name": "a.jpg", "split": "dev"} | person]  # fmt: skip
    (folder / "scenes.json").write_text(json.dumps(rows))
    write_tar(folder / "scenes.tar", {"a.jpg": skimage.data.astronaut(), "b.jpg": skimage.data.coffee()})
    crop = np.asarray(PillowImage.fromarray(skimage.data.astronaut()).resize((216, 288)))
    write_tar(folder / "body_train.tar", {"c.jpg": crop})
    np.savez(folder / "body_train.npz", name=["c.jpg"], source=["other"], keypoints=np.zeros((1, 17, 3)),
             box=[[20, 10, 200, 280]])  # fmt: skip
    others = tmp_path / "data" / "negatives"
    others.mkdir()
    (others / "negatives.json").write_text(
        json.dumps([{"name": "d.jpg", "source": s} for s in ("development", "animals")])
    )
    write_tar(others / "negatives.tar", {"d.jpg": skimage.data.chelsea()})
    return tmp_path / "data"


def test_pictures_without_people_are_shown_and_those_of_development_are_not(data: Path) -> None:
    made = composer(DetectorTraining(kind="person", data=str(data)))
    assert [scene.source for scene in made.negatives] == ["own", "animals"]
    assert made.negatives[1].image.shape == skimage.data.chelsea().shape
    assert not any(scene.dev for listed in made.scenes for scene in listed)
    shutil.rmtree(data / "negatives")
    assert len(composer(DetectorTraining(kind="person", data=str(data))).negatives) == 1


def test_the_loop_writes_weights_and_figures_and_goes_on_wider(data: Path, tmp_path: Path) -> None:
    config = DetectorTraining(
        kind="person", data=str(data), work_dir=str(tmp_path / "one"), minutes=0, side=64, batch_size=2
    )
    main(config)
    tensors, facts = read_weights(tmp_path / "one" / "best.safetensors")
    assert facts["kind"] == "person"
    assert facts["metrics"]["things"] == 1
    Detector(DetectorSize(), 0).load_state_dict(tensors)
    start = str(tmp_path / "one" / "last.safetensors")
    main(DetectorTraining(**(vars(config) | {"work_dir": str(tmp_path / "two"), "start": start, "wider": 2})))
    Detector(DetectorSize().wider(2), 0).load_state_dict(read_weights(tmp_path / "two" / "last.safetensors")[0])
    assert "recall" in (tmp_path / "two" / "log.csv").read_text().splitlines()[0]
