"""A photo in memory, with the encoding parameters of its file."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from vision.types import Image


@dataclass(frozen=True)
class Storage:
    """Encoding parameters of a photo's file, to be reused for a new file.

    ``format`` as Pillow names it; ``size`` bytes of the file; JPEG: up to two quantisation ``tables`` of 64 values,
    ``subsampling`` 0 (4:4:4), 1 (4:2:2), 2 (4:2:0) or -1 (unknown) and ``progressive``; HEIC: ``chroma`` 420 to 444;
    WebP: ``lossless``.
    """

    format: str = ""
    size: int = 0
    tables: tuple[tuple[int, ...], ...] = ()
    subsampling: int = -1
    progressive: bool = False
    chroma: int = 420
    lossless: bool = False


@dataclass(frozen=True)
class Photo:
    """A photo in memory.

    ``image`` (H, W, 3) uint8 RGB, upright; ``alpha`` (H, W) uint8 or None; ``icc`` an RGB colour profile; ``exif``
    with its orientation set to 1; ``format`` JPEG, PNG, WEBP, TIFF or HEIF; ``notes`` on conversions while reading, one
    sentence each; ``xmp`` and ``iptc`` as in the file but upright; ``dpi`` dots per inch across and down; ``storage``:
    encoding parameters of the source.
    """

    image: Image
    alpha: np.ndarray | None = None
    icc: bytes | None = None
    exif: bytes | None = None
    format: str = "PNG"
    notes: tuple[str, ...] = ()
    xmp: bytes | None = None
    iptc: bytes | None = None
    dpi: tuple[float, float] | None = None
    storage: Storage = field(default_factory=Storage)

    def __post_init__(self) -> None:
        image = self.image
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or 0 in image.shape:
            raise ValueError(f"image must be (H, W, 3) uint8, not {image.shape} {image.dtype}")
        if self.alpha is not None and (self.alpha.shape != image.shape[:2] or self.alpha.dtype != np.uint8):
            raise ValueError(f"alpha must be {image.shape[:2]} uint8, not {self.alpha.shape} {self.alpha.dtype}")

    def with_image(self, image: Image) -> Photo:
        """The same photo with other pixels of the same size."""
        return replace(self, image=image)

    def stored_as(self, kind: str) -> bool:
        """Whether the photo comes from a file of this format (MPO files are JPEG)."""
        return ("JPEG" if self.storage.format == "MPO" else self.storage.format) == kind
