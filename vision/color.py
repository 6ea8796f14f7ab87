"""Conversion of HDR and wide-gamut video to BT.709 by a 3D lookup table for each kind of video."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.filter import Graph
from av.video.reformatter import ColorPrimaries, ColorTrc

Floats = np.ndarray

GRID = 65
"""Points along each side of the lookup table, which is interpolated tetrahedrally."""

WHITE = 203.0
"""Luminance in cd/m2 of HDR reference white, which is mapped to the white of BT.709 (ITU-R BT.2408)."""

KNEE = 0.85
"""Share of reference white up to which luminance is kept; brighter highlights are compressed into the rest."""

_CHROMATICITIES = {
    "bt709": (0.640, 0.330, 0.300, 0.600, 0.150, 0.060),
    "bt2020": (0.708, 0.292, 0.170, 0.797, 0.131, 0.046),
    "p3": (0.680, 0.320, 0.265, 0.690, 0.150, 0.060),
}
"""x and y of red, green and blue; the white of all is D65."""

_UNKNOWN, _BT2020_NCL, _BT2020_CL = 2, 9, 10
"""Codes of matrices in ITU-T H.273."""

_D65 = (0.3127, 0.3290)


def to_bt709(frame: av.VideoFrame) -> Graph | None:
    """A filter graph that converts frames like this one to 8-bit RGB in BT.709; None if no conversion is needed."""
    kind = color_kind(frame)
    if kind is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder, "table.cube")
        table.write_text(_cube(*kind), encoding="ascii")
        return _graph(frame, table)


def color_kind(frame: av.VideoFrame) -> tuple[str, str] | None:
    """Transfer (pq, hlg or sdr) and primaries (bt2020 or p3) of a frame; None if it is shown as BT.709."""
    transfer = {int(ColorTrc.SMPTE2084): "pq", int(ColorTrc.ARIB_STD_B67): "hlg"}.get(int(frame.color_trc), "sdr")
    wide = frame.color_primaries == ColorPrimaries.BT2020 or frame.colorspace in (_BT2020_NCL, _BT2020_CL)
    if frame.color_primaries in (ColorPrimaries.SMPTE431, ColorPrimaries.SMPTE432):
        return transfer, "p3"
    return (transfer, "bt2020") if wide or transfer != "sdr" else None


def convert(colors: Floats, transfer: str, primaries: str) -> Floats:
    """R'G'B' (..., 3) of a video in [0, 1] as R'G'B' of BT.709 in [0, 1], for a display of gamma 2.4 (BT.1886)."""
    light = _LIGHT[transfer](np.asarray(colors, np.float64)) @ _matrix(primaries, "bt709").T
    peak = light.max(axis=-1, keepdims=True)
    light = np.where(peak > KNEE, light * (_shoulder(peak) / np.maximum(peak, 1e-9)), light)
    return np.clip(light, 0, 1) ** (1 / 2.4)


def _shoulder(x: Floats) -> Floats:
    """Values above the knee compressed so that they stay below 1."""
    over = np.maximum(x - KNEE, 0) / (1 - KNEE)
    return np.minimum(x, KNEE) + (1 - KNEE) * over / (1 + over)


def _pq_light(e: Floats) -> Floats:
    """EOTF of SMPTE ST 2084 (PQ): linear light as a share of reference white."""
    m1, m2, c1, c2, c3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
    power = e ** (1 / m2)
    return 10_000 / WHITE * (np.maximum(power - c1, 0) / (c2 - c3 * power)) ** (1 / m1)


def _hlg_light(e: Floats) -> Floats:
    """EOTF of ARIB STD-B67 (HLG) on a display of 1000 cd/m2: linear light as a share of reference white.

    The system gamma of 1.2 is applied per channel, so that colours are as saturated as in BT.709, whose cameras and
    displays differ by about the same gamma (scene-light conversion of BT.2408).
    """
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(e <= 0.5, e**2 / 3, (np.exp((e - c) / a) + b) / 12)
    return 1000 / WHITE * scene**1.2


def _sdr_light(e: Floats) -> Floats:
    return e**2.4


_LIGHT: dict[str, Callable[[Floats], Floats]] = {"pq": _pq_light, "hlg": _hlg_light, "sdr": _sdr_light}


def _matrix(source: str, target: str) -> Floats:
    """Matrix (3, 3) from linear RGB of one set of primaries to another."""
    return np.linalg.inv(_to_xyz(target)) @ _to_xyz(source)


def _to_xyz(primaries: str) -> Floats:
    xy = np.array([*np.reshape(_CHROMATICITIES[primaries], (3, 2)), _D65])
    xyz = np.column_stack([xy[:, 0] / xy[:, 1], np.ones(4), (1 - xy.sum(1)) / xy[:, 1]]).T
    return xyz[:, :3] * np.linalg.solve(xyz[:, :3], xyz[:, 3])


@cache
def _cube(transfer: str, primaries: str) -> str:
    """The lookup table as text of a .cube file, with red changing fastest."""
    steps = np.linspace(0, 1, GRID)
    blue, green, red = np.meshgrid(steps, steps, steps, indexing="ij")
    table = convert(np.stack([red, green, blue], axis=-1), transfer, primaries).reshape(-1, 3)
    return f"LUT_3D_SIZE {GRID}\n" + "".join(f"{r:.6f} {g:.6f} {b:.6f}\n" for r, g, b in table.tolist())


def _graph(frame: av.VideoFrame, table: Path) -> Any:
    """yuv of any depth -> R'G'B' of 10 bits -> table -> 8 bits."""
    graph = Graph()
    source = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base or Fraction(1, 1000)
    )
    unknown = frame.colorspace == _UNKNOWN
    scale = graph.add("scale", "in_color_matrix=bt2020nc" if unknown else "")
    steps = [("format", "gbrp10le"), ("lut3d", f"file={table}:interp=tetrahedral"), ("format", "rgb24")]
    graph.link_nodes(source, scale, *(graph.add(*step) for step in steps), graph.add("buffersink"))
    graph.configure()
    return graph
