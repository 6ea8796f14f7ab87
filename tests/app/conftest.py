"""A running app with fake models, and small files to send to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from gradio_client import Client
from PIL import Image as Pillow

import app
from tests.app.fakes import fake_models, jumping_video
from webui.service import Limits


@pytest.fixture(scope="session")
def portrait(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A JPEG of 320 x 400 with some texture."""
    noise = np.random.default_rng(5).integers(90, 200, (50, 40, 3), np.uint8)
    path = tmp_path_factory.mktemp("files") / "portrait.jpg"
    Pillow.fromarray(noise).resize((320, 400), Pillow.Resampling.BICUBIC).save(path, quality=92)
    return path


@pytest.fixture(scope="session")
def skipping(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four seconds with eight jumps."""
    return jumping_video(tmp_path_factory.mktemp("files") / "skipping.mp4")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the app with fake models; videos of at most 20 s, files of at most 3 MB."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("gradio")))
        models = fake_models(delay=0.01)
        demo, options = app.build(models, Limits(video_seconds=20, photo_megapixels=4, file_megabytes=3))
        demo.launch(server_name="127.0.0.1", quiet=True, **options)
        models.warm().join()
        yield demo.local_url.rstrip("/")
        demo.close()


@pytest.fixture(scope="module")
def client(server: str) -> Client:
    """A program that calls the app."""
    return Client(server, verbose=False)
