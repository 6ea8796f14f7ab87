"""Writing photos with the encoding parameters of their source."""

from __future__ import annotations

import io
import struct
import zlib
from functools import cache
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import PngImagePlugin

from vision.files import check_target, reason, replaced_at_end
from vision.metadata import iptc_segment, upright_xmp
from vision.photo import Photo
from vision.types import Image, MediaError

_SUFFIXES = {
    ".jpg": "JPEG", ".jpeg": "JPEG", ".jpe": "JPEG", ".jfif": "JPEG", ".png": "PNG", ".webp": "WEBP", ".tif": "TIFF",
    ".tiff": "TIFF", ".heic": "HEIF", ".heif": "HEIF", ".hif": "HEIF",
}  # fmt: skip
PHOTO_SUFFIXES = tuple(_SUFFIXES)
"""Suffixes that a written photo may have."""

SUFFIX_OF = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp", "TIFF": ".tif", "HEIF": ".heic"}
"""The suffix of each format."""

BEST = 95
"""Quality where the source's is unknown: re-encoding is then not visible."""

_LONGEST_SIDE = {"JPEG": 65_500, "WEBP": 16_383}
_TRIED = (30, 50, 65, 80, 90, 95)
"""Qualities tried on a sample of the picture to match the source's size."""

_TILE = 256
_ENCODER_ERRORS = (
    OSError, ValueError, TypeError, KeyError, AttributeError, OverflowError, MemoryError, RuntimeError, struct.error,
    zlib.error,
)  # fmt: skip


def kind_of(path: Path) -> str | None:
    """The format that a suffix stands for, None for an unknown one."""
    return _SUFFIXES.get(path.suffix.lower())


def write_photo(path: str | Path, photo: Photo, *, quality: int | None = None) -> None:
    """Write ``photo`` atomically in the format of the suffix of ``path``.

    ``quality`` (1 to 100) applies to JPEG, WebP and HEIC.  By default a photo in its source's format keeps the source's
    encoding: a JPEG its quantisation tables and subsampling, HEIC and WebP about its size; any other has quality 95 and
    no chroma subsampling.  Transparency is composited on white where the format has none.  Raises ``MediaError`` for an
    unknown suffix and if the file cannot be written.
    """
    path = Path(path)
    check_target(path, PHOTO_SUFFIXES)
    kind = _SUFFIXES[path.suffix.lower()]
    if quality is not None and not 1 <= quality <= 100:
        raise ValueError(f"quality must be between 1 and 100, not {quality!r}")
    longest = max(photo.image.shape[:2])
    if longest > _LONGEST_SIDE.get(kind, longest):
        raise MediaError(f"{path.name} cannot be written: {kind} allows at most {_LONGEST_SIDE[kind]} pixels a side.")
    if kind == "HEIF":
        register_heif()
    with replaced_at_end(path) as draft:
        try:
            _encodable(photo, kind).save(draft, kind, **_options(photo, kind, quality), **_metadata(photo, kind))
        except _ENCODER_ERRORS as error:
            raise MediaError(f"{path.name} cannot be written: {reason(error)}.") from error


@cache
def register_heif() -> None:
    """Register HEIC with Pillow; importing the codec is slow."""
    import pillow_heif

    cast(Any, pillow_heif).register_heif_opener()


def _encodable(photo: Photo, kind: str) -> Pillow.Image:
    if photo.alpha is None:
        return Pillow.fromarray(photo.image)
    if kind != "JPEG":
        return Pillow.fromarray(np.dstack([photo.image, photo.alpha]))
    cover = photo.alpha[..., None].astype(np.float32) / 255
    return Pillow.fromarray(np.rint(photo.image * cover + 255 * (1 - cover)).astype(np.uint8))


def _options(photo: Photo, kind: str, quality: int | None) -> dict[str, Any]:
    """Encoder options."""
    storage = photo.storage
    alike = quality is None and photo.stored_as(kind)
    if kind == "JPEG":
        return _jpeg_options(photo, alike, quality or BEST)
    if kind == "PNG":
        return {"compress_level": 6}
    if kind == "TIFF":
        return {
            "compression": "raw" if photo.exif or photo.xmp or photo.iptc else "tiff_adobe_deflate"
        }  # libtiff drops nested EXIF
    options: dict[str, Any] = {"method": 4, "exact": True}
    if kind == "HEIF":
        options = {"chroma": storage.chroma if alike else 444, "enc_params": {"preset": "ultrafast"}}
    if not alike:
        return options | {"quality": quality or BEST}
    if kind == "WEBP" and storage.lossless:
        return options | {"lossless": True}
    return options | {"quality": _matched_quality(photo.image, storage.size, kind, options)}


def _jpeg_options(photo: Photo, alike: bool, quality: int) -> dict[str, Any]:
    storage = photo.storage
    if not alike or not storage.tables:
        return {"quality": quality, "subsampling": 0}
    sampling = storage.subsampling if storage.subsampling >= 0 else 0
    return {"qtables": storage.tables, "subsampling": sampling, "progressive": storage.progressive}


def _matched_quality(image: Image, size: int, kind: str, options: dict[str, Any]) -> int:
    """The quality at which the picture has about ``size`` bytes, estimated on a sample of it."""
    sample = _sample(image)
    wanted = np.log(max(1.1 * size * sample.shape[0] * sample.shape[1] / (image.shape[0] * image.shape[1]), 1))
    sizes = np.log([_encoded_size(sample, kind, {**options, "quality": q}) for q in _TRIED])
    rising: NDArray[np.float64] = np.maximum.accumulate(sizes)
    return round(float(np.interp(float(wanted), rising, _TRIED)))


def _sample(image: Image) -> Image:
    """A small picture itself, else nine tiles spread over the picture, stacked in a column."""
    height, width = image.shape[:2]
    if height * width <= 9 * _TILE**2 or min(height, width) < _TILE:
        return image
    ys, xs = ([round(f * (n - _TILE)) for f in (0.15, 0.5, 0.85)] for n in (height, width))
    return np.concatenate([image[y : y + _TILE, x : x + _TILE] for y in ys for x in xs])


def _encoded_size(image: Image, kind: str, options: dict[str, Any]) -> int:
    buffer = io.BytesIO()
    Pillow.fromarray(image).save(buffer, kind, **options)
    return len(buffer.getvalue())


def _metadata(photo: Photo, kind: str) -> dict[str, Any]:
    """Profile, EXIF, XMP, IPTC and dots per inch as encoder options of the format."""
    xmp = upright_xmp(photo.xmp)
    kept: dict[str, Any] = {"icc_profile": photo.icc, "exif": photo.exif}
    if kind in ("JPEG", "WEBP", "HEIF"):
        kept["xmp"] = xmp if kind != "JPEG" or len(xmp or b"") < 65_000 else None
    if kind in ("JPEG", "PNG", "TIFF"):
        kept["dpi"] = photo.dpi
    if kind == "JPEG" and photo.iptc:
        kept["extra"] = iptc_segment(photo.iptc)
    if kind == "PNG" and xmp:
        text = PngImagePlugin.PngInfo()
        text.add_itxt("XML:com.adobe.xmp", xmp.decode("utf-8", "replace"))
        kept["pnginfo"] = text
    if kind == "TIFF" and (xmp or photo.iptc):
        kept["exif"] = _with_tags(photo.exif, {700: xmp, 33723: photo.iptc})
    return {name: block for name, block in kept.items() if block}


def _with_tags(exif: bytes | None, blocks: dict[int, bytes | None]) -> bytes:
    """An EXIF block with further tags in its first directory (IFD 0)."""
    tags = Pillow.Exif()
    if exif:
        tags.load(exif)
    for tag, block in blocks.items():
        if block:
            tags[tag] = block
    return tags.tobytes()
