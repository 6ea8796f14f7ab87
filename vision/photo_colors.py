"""Conversion of any photo's pixels to 8-bit RGB and alpha."""

from __future__ import annotations

import io
from typing import Any, cast

import numpy as np
from PIL import Image as Pillow
from PIL import ImageCms

from vision.types import Image


def to_rgb(picture: Pillow.Image, icc: bytes | None, notes: list[str]) -> tuple[Image, np.ndarray | None]:
    """RGB pixels (H, W, 3) and alpha (H, W), both uint8; alpha is None for opaque photos."""
    picture = _eight_bit(picture)
    if picture.mode == "CMYK":
        notes.append("The print colours (CMYK) were converted to RGB.")
        return np.array(_to_srgb(picture, icc, b"CMYK", notes)), None
    if picture.mode in ("LA", "La", "PA", "RGBA", "RGBa") or picture.has_transparency_data:
        if picture.mode in ("La", "RGBa"):
            picture = picture.convert("LA" if picture.mode == "La" else "RGBA")
        full = np.array(picture.convert("RGBA"))
        alpha = np.ascontiguousarray(full[..., 3])
        return np.ascontiguousarray(full[..., :3]), None if alpha.min() == 255 else alpha
    if picture.mode != "RGB":
        notes.append({"L": "Grey was turned into colour.", "1": "Black and white was turned into colour."}.get(
            picture.mode, f"The colours were converted from {picture.mode} to RGB."))  # fmt: skip
    if picture.mode == "L":
        return np.array(_to_srgb(picture, icc, b"GRAY", notes)), None
    return np.array(picture.convert("RGB")), None


def _eight_bit(picture: Pillow.Image) -> Pillow.Image:
    """Grey with 16 or 32 bits reduced to 8 bits; Pillow itself reduces deep colour."""
    if picture.mode not in ("I", "F") and not picture.mode.startswith("I;16"):
        return picture
    values = np.nan_to_num(np.asarray(picture).astype(np.float64))
    top = 65535.0 if picture.mode != "F" else max(float(values.max()), 1.0)
    return Pillow.fromarray(np.clip(np.rint(values * (255 / top)), 0, 255).astype(np.uint8))


def _to_srgb(picture: Pillow.Image, icc: bytes | None, space: bytes, notes: list[str]) -> Pillow.Image:
    """CMYK or grey to sRGB by the file's profile if it has the matching colour space, else by Pillow's default."""
    if icc is not None and icc[16:20] == space:
        try:
            profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
            turned = ImageCms.profileToProfile(
                picture, profile, cast(Any, ImageCms).createProfile("sRGB"), outputMode="RGB"
            )
            if turned is not None:
                return turned
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            notes.append("Their colour profile could not be used.")
    return picture.convert("RGB")
