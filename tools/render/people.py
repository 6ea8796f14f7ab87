"""Render person crops with exact COCO joints, in the format of the packaged crops.

    python -m tools.render.people --out data/rendered --count 10000

writes ``rendered_train.npz`` and ``rendered_train.tar`` (see ``tools.data.body``) incrementally; a second call
continues the set.  Needs requirements-train.txt.
"""

from __future__ import annotations

import io
import os
import tarfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np

from tools.data.body import RENDERED
from tools.render.body import Body
from tools.render.cast import Actor, cast
from tools.render.crop import Crop, make_crop
from tools.render.outfit import Outfit
from tools.render.poses import ACTIVITIES, random_stance
from tools.render.rasterizer import Array
from tools.script import run_script
from vision.options import check_options, option

STEM = "rendered_train"
CHUNK = 48
"""Crops that share their bodies; chunk k depends on the seed and k alone."""
BODIES = 4


@dataclass(frozen=True)
class RenderOptions:
    """Options of a rendered set."""

    out: str = option("data/rendered", "folder of the set; an unfinished one is continued")
    count: int = option(10000, f"crops, rounded up to {CHUNK}s", low=1, high=1_000_000)
    seed: int = option(0, "random seed", low=0, high=2**31)
    only: str = option("", "the one activity to render; empty for all", choices=("", *ACTIVITIES))
    workers: int = option(1, "processes", low=1, high=64)
    quality: int = option(80, "JPEG quality", low=10, high=100)

    def __post_init__(self) -> None:
        check_options(self)


def random_body(rng: np.random.Generator) -> Body:
    """Any shape and cut of clothes; one in five is a child of about four to fourteen years."""
    age = rng.uniform(0.22, 0.5) if rng.random() < 0.2 else rng.uniform(0.5, 1.0)
    shape = {name: float(rng.beta(1.6, 1.6)) for name in ("muscle", "weight", "height", "proportions")}
    return Body(Outfit.varied(rng), age=float(age), gender=float(rng.random()), **shape)


def random_actors(body: Body, count: int, rng: np.random.Generator, only: str = "") -> list[Actor]:
    """``count`` plausible stances of one body."""
    good: list[Actor] = []
    while len(good) < count:
        good += cast(body, [random_stance(rng, only=only) for _ in range(count)])
    return good[:count]


def make_chunk(seed: int, number: int, size: int = CHUNK, only: str = "") -> list[Crop]:
    """``size`` crops of a few bodies, each body in other stances, colours, places and lights."""
    rng = np.random.default_rng([seed, number])
    actors = [random_actors(random_body(rng), -(-size // BODIES), rng, only) for _ in range(BODIES)]
    crops = []
    for k in range(size):
        mine, turn = k % BODIES, k // BODIES
        company = int(rng.choice([0, 1, 2], p=[0.66, 0.22, 0.12]))
        bodies = rng.permutation([b for b in range(BODIES) if b != mine])[:company]
        others = [actors[b][int(rng.integers(len(actors[b])))] for b in bodies]
        crops.append(make_crop(actors[mine][turn], others, rng))
    return crops


def _encoded(task: tuple[RenderOptions, int]) -> tuple[list[bytes], dict[str, Array]]:
    """JPEGs and table rows of one chunk: task is (options, number)."""
    cv2.setNumThreads(0)
    options, number = task
    crops = make_chunk(options.seed, number, only=options.only)
    flags = [cv2.IMWRITE_JPEG_QUALITY, options.quality]
    jpegs = [cv2.imencode(".jpg", cv2.cvtColor(c.image, cv2.COLOR_RGB2BGR), flags)[1].tobytes() for c in crops]
    names = [f"rendered_{number * CHUNK + k:06d}.jpg" for k in range(len(crops))]
    return jpegs, {
        "name": np.array(names),
        "source": np.full(len(crops), RENDERED),
        "origin": np.array([c.activity for c in crops], "<U16"),
        "keypoints": np.stack([c.keypoints for c in crops]),
        "box": np.stack([c.box for c in crops]),
        "gt": np.ones((len(crops), 17), bool),
    }


class Store:
    """A set on disk that is appended in chunks; the table never names a picture that the archive lacks."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.table, self.archive = folder / f"{STEM}.npz", folder / f"{STEM}.tar"
        self.rows: dict[str, Array] = dict(np.load(self.table)) if self.table.exists() else {}

    def __len__(self) -> int:
        return len(self.rows["name"]) if self.rows else 0

    def add(self, jpegs: Iterable[bytes], rows: dict[str, Array]) -> None:
        """Append one chunk."""
        with tarfile.open(self.archive, "a") as archive:
            for name, jpeg in zip(rows["name"], jpegs, strict=True):
                info = tarfile.TarInfo(str(name))
                info.size = len(jpeg)
                archive.addfile(info, io.BytesIO(jpeg))
        self.rows = {k: np.concatenate([self.rows[k], v]) for k, v in rows.items()} if self.rows else rows
        fresh = self.table.with_suffix(".new.npz")
        np.savez(fresh, **self.rows)  # type: ignore[arg-type]  # NumPy's named arrays hide the last option
        os.replace(fresh, self.table)


def main(options: RenderOptions) -> int:
    """Render until the set has ``count`` crops; returns how many it has."""
    store, start = Store(Path(options.out)), time.monotonic()
    first, last = len(store) // CHUNK, -(-options.count // CHUNK)
    tasks = ((options, number) for number in range(first, last))
    with get_context("spawn").Pool(options.workers) if options.workers > 1 else _Alone() as pool:
        for done, (jpegs, rows) in enumerate(pool.imap(_encoded, tasks), 1):
            store.add(jpegs, rows)
            rate = done * CHUNK / (time.monotonic() - start)
            print(f"{len(store)} crops, {rate:.2f}/s", flush=True)
    return len(store)


class _Alone:
    """A pool of this process only."""

    imap = staticmethod(map)

    def __enter__(self) -> _Alone:
        return self

    def __exit__(self, *_: object) -> None:
        pass


if __name__ == "__main__":
    run_script(main, RenderOptions, __doc__)
