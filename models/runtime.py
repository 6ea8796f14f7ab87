"""From network to runner: device, precision, folded batch normalisation, and the detector's runner."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from models.detector import decode_cells, flatten, grid, select
from vision.types import Detections, Floats, Image

CORES = torch.get_num_threads()
"""Threads that PyTorch takes by itself: the cores, or what ``OMP_NUM_THREADS`` says."""


DEVICES = ("auto", "cpu", "cuda")


def choose_device(device: str = "auto") -> torch.device:
    """ "auto" takes a GPU where there is one, else the processor."""
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return torch.device(device)


def choose_precision(device: torch.device) -> torch.dtype:
    """bfloat16 where it is faster (GPU, processors with matrix tiles), else float32."""
    if device.type == "cuda":
        return torch.bfloat16
    tiles = getattr(torch.cpu, "_is_amx_tile_supported", lambda: False)
    return torch.bfloat16 if tiles() else torch.float32


def _fold(module: nn.Module) -> None:
    """Fold every batch normalisation into the convolution before it, in place."""
    children = dict(module.named_children())
    names = list(children)
    for name, child in children.items():
        if isinstance(child, nn.BatchNorm2d):
            number = name.removeprefix("bn")
            before = f"conv{number}" if name.startswith("bn") else names[names.index(name) - 1]
            convolution = getattr(module, before) if before in children else None
            if isinstance(convolution, nn.Conv2d):
                setattr(module, before, fuse_conv_bn_eval(convolution, child))
                setattr(module, name, nn.Identity())
        else:
            _fold(child)


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """Let networks of the calling thread use ``count`` threads; PyTorch keeps this for each thread."""
    before = torch.get_num_threads()
    if before != count:
        torch.set_num_threads(count)
    try:
        yield
    finally:
        if before != count:
            torch.set_num_threads(before)


class Engine:
    """A network made ready for inference: (B, 3, H, W) float32 array in, float32 tensors on the CPU out.

    One call uses ``threads`` of the processor.  1 is right for what runs beside other work: threads that share a
    network wait for each other at every layer, and burn time while they do.
    """

    def __init__(
        self, network: nn.Module, device: str = "auto", precision: torch.dtype | None = None, threads: int = CORES
    ) -> None:
        self.device, self.threads = choose_device(device), threads
        self.precision = precision or choose_precision(self.device)
        ready = copy.deepcopy(network).eval().requires_grad_(False)
        _fold(ready)
        for module in ready.modules():
            if isinstance(module, (nn.Conv2d, nn.Linear)):
                module.to(self.precision)  # autocast would do it again in every call
        self.network = ready.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]

    def __call__(self, images: np.ndarray) -> list[Tensor]:
        """Outputs of the network for normalised images; a single tensor comes as a list of one."""
        batch = torch.from_numpy(images).to(self.device).contiguous(memory_format=torch.channels_last)
        low = self.precision != torch.float32
        with (
            _threads(self.threads),
            torch.inference_mode(),
            torch.autocast(self.device.type, self.precision, enabled=low),
        ):
            out = self.network(batch)
        parts = [out] if isinstance(out, Tensor) else list(out)
        return [part.float().cpu() for part in parts]


def letterbox(image: Image, long_side: int) -> tuple[Image, float]:
    """The image scaled so that its longer side is ``long_side``, padded below and right to multiples of 32."""
    height, width = image.shape[:2]
    scale = long_side / max(height, width)
    new_w, new_h = max(1, round(width * scale)), max(1, round(height * scale))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    canvas = np.full((-(-new_h // 32) * 32, -(-new_w // 32) * 32, 3), 114, np.uint8)
    canvas[:new_h, :new_w] = cv2.resize(image, (new_w, new_h), interpolation=way)
    return canvas, scale


@dataclass(frozen=True)
class Search:
    """How a detector looks: the long sides in pixels, the least score, and the overlap that merges.

    Images are enlarged to the first side at most; a larger one is for photos that have as many pixels.  Who is not
    ``thorough`` looks on only until something is found.
    """

    sides: tuple[int, ...]
    threshold: float
    overlap: float
    thorough: bool = True


SEARCHES = {"face": Search((640, 256, 1280), 0.5, 0.4), "person": Search((320, 640), 0.45, 0.45)}


@dataclass(frozen=True)
class DetectorRunner:
    """Image (H, W, 3) uint8 RGB -> ``Detections``, best first, over all sizes that the search looks at."""

    network: nn.Module
    kind: str
    device: str = "auto"
    search: Search | None = None

    @cached_property
    def engine(self) -> Engine:
        return Engine(self.network, self.device, threads=1 if self.kind == "person" else CORES)

    def with_threshold(self, threshold: float) -> DetectorRunner:
        return replace(self, search=replace(self.search or SEARCHES[self.kind], threshold=threshold))

    def _look(self, image: Image, side: int) -> tuple[Floats, Floats, Floats]:
        """Boxes (C, 4), scores (C,) and points (C, P, 2) of all cells in image pixels."""
        canvas, scale = letterbox(image, side)
        batch = (canvas.transpose(2, 0, 1)[None].astype(np.float32) / 127.5) - 1
        cells = flatten(self.engine(batch))[0]
        keep = cells[:, 0] > -2.2
        centres, strides = (torch.from_numpy(x)[keep] for x in grid(*canvas.shape[:2]))
        boxes, points = decode_cells(cells[keep], centres, strides)
        scores = cells[keep, 0].sigmoid()

        def back(x: Tensor) -> Floats:
            return ((x.numpy() + 0.5) / scale - 0.5).astype(np.float32)

        return back(boxes), scores.numpy(), back(points)

    def __call__(self, image: Image) -> Detections:
        search = self.search or SEARCHES[self.kind]
        largest = max(*image.shape[:2], search.sides[0])
        looks = []
        for side in (s for s in search.sides if s <= largest):
            looks.append(self._look(image, side))
            if not search.thorough and np.any(looks[-1][1] >= search.threshold):
                break
        boxes, scores, points = (np.concatenate(x) for x in zip(*looks, strict=True))
        found = select(boxes, scores, points, search.threshold, search.overlap)
        height, width = image.shape[:2]
        limit = np.array([width, height, width, height], np.float32) - 0.5
        return Detections(np.clip(found.boxes, -0.5, limit), found.scores, found.points)
