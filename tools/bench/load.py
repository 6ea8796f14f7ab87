"""Load test with many concurrent visitors: latency of photos while videos run, failures, and the server's memory.

``python -m tools.bench.load http://127.0.0.1:7860 --photos 16 --videos 4 --hostile 100 --pid PID``

First, each of ``--photos`` page visitors opens a photo of its own and moves a slider, while ``--videos`` others count.
Then the same numbers of clients call the named endpoints at once, and finally hostile files are sent.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from matplotlib import cbook
from PIL import Image as Pillow

from tools.bench.files import SAMPLE
from tools.bench.page_visits import MOVES, PageVisit

PHOTO = str(cbook.get_sample_data("grace_hopper.jpg", asfileobj=False))
VIDEO = str(SAMPLE)


@dataclass
class Outcome:
    """Seconds of each finished visit, and the errors of the others."""

    seconds: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def visit(self, call: Callable[[], Any]) -> None:
        """Time a call; remember its failure."""
        begin = time.perf_counter()
        try:
            call()
            self.seconds.append(time.perf_counter() - begin)
        except Exception as error:  # every kind of failure is counted
            self.failures.append(f"{type(error).__name__}: {error}"[:200])

    def line(self, name: str) -> str:
        """One line for a person."""
        if not self.seconds:
            return f"{name}: none finished, {len(self.failures)} failed {self.failures[:2]}"
        worst, middle = max(self.seconds), median(self.seconds)
        times = f"median {middle:.2f} s, longest {worst:.2f} s"
        return f"{name}: {len(self.seconds)} finished, {times}, failed {self.failures}"


def memory_megabytes(pid: int | None) -> int:
    """Resident memory of a process, 0 if unknown."""
    if pid is None:
        return 0
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) // 1024


def corrupted(source: bytes, seed: int) -> bytes:
    """A file that is cut, scrambled, or something else altogether."""
    dice = random.Random(seed)
    data = bytearray(source)
    for _ in range(dice.choice([3, 50, 1000])):
        data[dice.randrange(min(len(data), dice.choice([64, 4096, len(data)])))] = dice.randrange(256)
    cut = dice.choice([len(data), len(data) // 2, 100, 0])
    return bytes(dice.choice([data[:cut], data, b"PK\x03\x04" + data[:cut], dice.randbytes(5000)]))


def hostile_visit(client: Client, folder: Path, seed: int) -> None:
    """Send a corrupted file; raises unless there is a result or a clean error message."""
    video = seed % 10 == 0
    path = folder / f"{seed}{('.jpg', '.png', '.mp4', '.exe', '')[seed % 5]}"
    path.write_bytes(corrupted(Path(VIDEO if video else PHOTO).read_bytes(), seed))
    sent = handle_file(str(path))
    try:
        if video:
            client.predict(video=sent, api_name="/count")
        else:
            client.predict(photo=sent, api_name="/beautify")
    except AppError as error:
        if "cannot be used" not in str(error):
            raise


def on_the_page(address: str, photos: int, videos: int, folder: Path) -> list[str]:
    """Concurrent visitors with a tab each; all sessions stay open, so that their memory is measured."""
    outcomes = {name: Outcome() for name in ("photos opened", "slider moves", "videos counted")}

    def look(number: int) -> None:
        visit = PageVisit(address)
        outcomes["photos opened"].visit(lambda: visit.photo(own_photo(folder, number)))
        for k in range(1, MOVES + 1):
            outcomes["slider moves"].visit(lambda k=k: visit.move(k))

    with ThreadPoolExecutor(photos + videos) as pool:
        for _ in range(videos):
            pool.submit(outcomes["videos counted"].visit, lambda: PageVisit(address).count(Path(VIDEO)))
        for number in range(photos):
            pool.submit(look, number)
    return [outcome.line(name) for name, outcome in outcomes.items()]


def own_photo(folder: Path, number: int) -> Path:
    """The portrait enlarged to 3 megapixels, as another file for every visitor."""
    path = folder / f"visitor{number}.jpg"
    with Pillow.open(PHOTO) as portrait:
        portrait.convert("RGB").resize((1536, 1800 + number)).save(path, quality=90)
    return path


def together(address: str, photos: int, videos: int) -> list[str]:
    """All visitors start at the same time, each with a connection of its own."""
    outcomes = {"photos": Outcome(), "videos": Outcome()}
    clients = [Client(address, verbose=False) for _ in range(photos + videos)]
    with ThreadPoolExecutor(photos + videos) as pool:
        for i, client in enumerate(clients):
            name, call = ("photos", photo_visit) if i < photos else ("videos", video_visit)
            pool.submit(outcomes[name].visit, lambda client=client, call=call: call(client))
    return [outcome.line(name) for name, outcome in outcomes.items()]


def photo_visit(client: Client) -> None:
    """One photo retouched."""
    client.predict(photo=handle_file(PHOTO), smoothing=0.6, api_name="/beautify")


def video_visit(client: Client) -> None:
    """One video counted."""
    client.predict(video=handle_file(VIDEO), api_name="/count")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the visits and print the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("address")
    parser.add_argument("--photos", type=int, default=16)
    parser.add_argument("--videos", type=int, default=4)
    parser.add_argument("--hostile", type=int, default=100)
    parser.add_argument("--pid", type=int, help="the server's process, to read its memory")
    chosen = parser.parse_args(arguments)
    before = memory_megabytes(chosen.pid)
    print(f"memory before: {before} MB", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        print("\n".join(on_the_page(chosen.address, chosen.photos, chosen.videos, Path(folder))))
    after = memory_megabytes(chosen.pid)
    each = (after - before) / max(1, chosen.photos + chosen.videos)
    print(f"memory with all visitors on the page: {after} MB, {each:.0f} MB for each", flush=True)
    print("\n".join(together(chosen.address, chosen.photos, chosen.videos)))
    print(f"memory after calls of the endpoints: {memory_megabytes(chosen.pid)} MB", flush=True)
    outcome, client = Outcome(), Client(chosen.address, verbose=False)
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(chosen.hostile):
            outcome.visit(lambda seed=seed: hostile_visit(client, Path(folder), seed))
    print(outcome.line("hostile files"))
    print(f"memory after hostile files: {memory_megabytes(chosen.pid)} MB")
    return bool(outcome.failures)


if __name__ == "__main__":
    raise SystemExit(main())
