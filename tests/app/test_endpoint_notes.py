"""The named endpoint for photos tells what reading changed, and leaves a photo without a face as it is."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from gradio_client import Client, handle_file


def test_notes_and_unchanged_bytes_through_the_endpoint(server: str, tmp_path: Path) -> None:
    path = tmp_path / "deep.png"
    cv2.imwrite(str(path), np.full((60, 80, 3), 300, np.uint16))
    file, found = Client(server, verbose=False).predict(photo=handle_file(str(path)), api_name="/beautify")
    assert found["boxes"] == []
    assert found["notes"] == ["The photo has 16 bits per channel; the retouched one has 8."]
    assert Path(file).read_bytes() == path.read_bytes()
