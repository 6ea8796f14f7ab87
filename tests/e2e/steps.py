"""Steps that several browser tests take."""

from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image as Pillow

from vision.draw import FACE_COLOUR


def shown(page, side: str) -> np.ndarray:
    """The pixels of one side (before, after) of the comparison, as the browser got them."""
    data = page.locator(f"#compare img.{side}").get_attribute("src").split(",")[1]
    return np.asarray(Pillow.open(io.BytesIO(base64.b64decode(data))).convert("RGB"), np.int16)


def marked(picture: np.ndarray) -> int:
    """How many pixels have about the colour of a face's lines."""
    return int((np.abs(picture - FACE_COLOUR).max(axis=2) < 40).sum())


def wait_for_photo(page) -> None:
    """Wait until a photo and its pictures of the presets are shown."""
    page.wait_for_selector("#compare .stage:not([hidden]) img.after[src]", timeout=60_000)
    page.wait_for_selector("#beauty-panel img[data-preset]:not([hidden])", state="attached", timeout=60_000)


def put_photo(page, *paths: str) -> None:
    """Choose files and wait for the first."""
    page.locator("#photo input[type=file]").set_input_files(list(paths))
    wait_for_photo(page)


def source(page) -> str:
    """The address of the retouched picture."""
    return page.locator("#compare img.after").get_attribute("src")


def settled(page, before: str) -> None:
    """Wait until the comparison shows another picture than before and nothing is on its way."""
    page.wait_for_function(
        "old => document.querySelector('#compare img.after').getAttribute('src') !== old", arg=before
    )
    page.wait_for_selector("#compare .stage:not(.busy)")


def set_slider(page, name: str, value: float) -> None:
    """Set a slider as a script for the disabled would: value, then the events of a change."""
    page.locator(f"#beauty-{name} input").evaluate(
        """(e, value) => { e.value = value; e.dispatchEvent(new Event('input', { bubbles: true }));
            e.dispatchEvent(new Event('change', { bubbles: true })) }""",
        value,
    )


def touch(page, path: list[tuple[float, float]]) -> None:
    """Move a finger along a path of points."""
    session = page.context.new_cdp_session(page)

    def send(kind: str, *points: tuple[float, float]) -> None:
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y} for x, y in points]})

    send("touchStart", path[0])
    for point in path[1:]:
        send("touchMove", point)
        page.wait_for_timeout(16)
    send("touchEnd")
    page.wait_for_timeout(400)
