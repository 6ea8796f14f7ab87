"""Fit the two logistic regressions of counting: flight or noise, with a rope or without.

    python -m tools.train.jump_classifier --data DIR --tracks KEEP [--rendered 264] [--out counting/classifier.json]

``DIR`` and ``KEEP`` are as for ``tools.evaluate count``, which makes the tracks; several of each are separated by
commas.  Rendered tracks (``tools.render.tracks``) have every motion with every error of a pose network.  All clips
together weigh as much as all rendered tracks.  ``--leave-out`` prints a cross-validation that leaves out each clip with
its relatives.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from counting.classification import groups_of
from counting.classifier import FILE, OUTLIER, LogisticModel
from counting.features import FLIGHT, ROPE
from counting.peaks import Jumps
from counting.settings import CountSettings
from tools.evaluate.count import load_tracks
from tools.script import run_script
from vision.options import check_options, option
from vision.types import PoseTrack

PENALTY = 1.0
"""Inverse strength of the L2 penalty."""

PRIOR = 2 / 3
"""Prior probability of a positive label: two in three people who jump in counted videos have a rope."""

NEAR = 0.5
"""Periods within which a counted jump matches a labelled one."""


@dataclass(frozen=True)
class Config:
    """Options of the fit."""

    data: str = option("", "Folders with clips.json, joined by commas")
    tracks: str = option("", "Folders of the tracks of each, joined by commas")
    rendered: int = option(264, "Number of rendered tracks", low=0, high=100_000)
    seed: int = option(11, "Seed of the rendered tracks", low=0, high=2**31)
    keep: str = option("", "Folder of cached rendered tracks")
    leave_out: bool = option(False, "Also cross-validate by leaving out each clip with its relatives")
    out: str = option(str(FILE), "The JSON file to write; empty for none")

    def __post_init__(self) -> None:
        check_options(self)
        if self.data.count(",") != self.tracks.count(","):
            raise ValueError("--data and --tracks must name as many folders")


@dataclass(frozen=True)
class Sample:
    """A jump group as a training sample.

    Its ``features``, the true ``flight`` and ``rope`` (None: unknown), its ``clip``, the ``group`` of clips that are
    left out together, and its weight ``weighs``.
    """

    features: dict[str, float]
    flight: bool | None
    rope: bool | None
    clip: str
    group: str
    weighs: float = 1.0


def main(config: Config) -> dict[str, LogisticModel]:
    """Fit, print and write the models."""
    samples = _balanced(list(clip_samples(config)), list(rendered_samples(config)))
    models = {"flight": fit(samples, "flight", FLIGHT), "rope": fit(samples, "rope", ROPE)}
    for name, model in models.items():
        known = [s for s in samples if getattr(s, name) is not None]
        right = [(model.probability(s.features) >= 0.5) == getattr(s, name) for s in known]
        print(f"{name}: {len(known)} groups, {np.mean(right):.1%} right in training")
        order = np.argsort(-np.abs(model.weights))
        print("   " + ", ".join(f"{model.names[i]} {model.weights[i]:+.2f}" for i in order))
    if config.leave_out:
        leave_out(samples)
    if config.out:
        Path(config.out).write_text(json.dumps({k: _rounded(m) for k, m in models.items()}, indent=1) + "\n")
    return models


def fit(samples: list[Sample], answer: str, signs: dict[str, int]) -> LogisticModel:
    """A logistic regression on the samples whose ``answer`` (flight or rope) is known.

    A weight may only have the sign in ``signs`` (0: either), which follows from physics, so that it does not overfit to
    the few clips.
    """
    known = [s for s in samples if getattr(s, answer) is not None]
    x = np.array([[s.features[name] for name in signs] for s in known])
    y = np.array([1.0 if getattr(s, answer) else -1.0 for s in known])
    share = np.array([s.weighs for s in known])
    share = share * np.where(y > 0, PRIOR / share[y > 0].sum(), (1 - PRIOR) / share[y < 0].sum()) * share.sum()
    mean, scale = np.nanmean(x, axis=0), np.maximum(np.nanstd(x, axis=0), 1e-3)
    z = np.column_stack([np.clip(np.nan_to_num((x - mean) / scale), -OUTLIER, OUTLIER), np.ones(len(x))])

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        margin = y * (z @ weights)
        slope = -y * share * expit(-margin)
        penalty = np.append(weights[:-1], 0) / PENALTY
        return float(share @ np.logaddexp(0, -margin) + penalty @ weights / 2), slope @ z + penalty

    bounds = [{1: (0, None), -1: (None, 0), 0: (None, None)}[sign] for sign in (*signs.values(), 0)]
    weights = minimize(loss, np.zeros(z.shape[1]), jac=True, bounds=bounds, method="L-BFGS-B").x
    return LogisticModel(tuple(signs), tuple(mean), tuple(scale), tuple(weights[:-1]), float(weights[-1]))


def leave_out(samples: list[Sample]) -> float:
    """Print a cross-validation that leaves out each clip with its relatives; returns the accuracy over groups."""
    right = []
    print(f"{'left out':28}{'flight':>14}{'rope':>14}")
    for group in sorted({s.group for s in samples if s.group != "rendered"}):
        rest = [s for s in samples if s.group != group]
        flight, rope = fit(rest, "flight", FLIGHT), fit(rest, "rope", ROPE)
        for s in (s for s in samples if s.group == group):
            said = flight.probability(s.features), rope.probability(s.features)
            true = ["-" if v is None else int(v) for v in (s.flight, s.rope)]
            good = [v is None or (p >= 0.5) == v for p, v in zip(said, (s.flight, s.rope), strict=True)]
            right.append(all(good) if s.flight is not False else good[0])
            mark = "" if right[-1] else "  wrong"
            print(f"{s.clip[:27]:28}{said[0]:8.2f} ({true[0]}) {said[1]:8.2f} ({true[1]}) {mark}")
    print(f"{np.mean(right):.1%} of {len(right)} groups right")
    return float(np.mean(right))


def clip_samples(config: Config) -> Iterator[Sample]:
    """The groups of all clips that have tracks."""
    folders = zip(config.data.split(","), config.tracks.split(","), strict=True)
    for folder, kept in folders if config.data else ():
        folder = Path(folder) / "clips" if (Path(folder) / "clips").is_dir() else Path(folder)
        for clip in json.loads((folder / "clips.json").read_text(encoding="utf-8"))["clips"]:
            path = Path(kept) / f"{clip['id']}.npz"
            if path.exists():
                yield from _clip(clip, load_tracks(path), folder)


def _clip(clip: dict, tracks: list[PoseTrack], folder: Path) -> Iterator[Sample]:
    apexes = _apexes(clip, folder)
    most = max(range(len(tracks)), key=lambda i: len(tracks[i]), default=0)
    for i, track in enumerate(tracks):
        for jumps, features in groups_of(track, CountSettings()):
            flight, rope = _labels(clip, jumps, apexes, i == most)
            yield Sample(features, flight, rope, clip["id"], relatives(clip["id"]))


def _apexes(clip: dict, folder: Path) -> np.ndarray | None:
    """Seconds (J,) of the labelled jumps; None where unknown."""
    beside = folder / Path(clip["file"]).with_suffix(".json")
    if beside.exists():
        return np.array(json.loads(beside.read_text())["apex_times"])
    frames = clip.get("event_frames")
    return np.array(frames) / clip["fps"] if frames else None


def _labels(clip: dict, jumps: Jumps, apexes: np.ndarray | None, main: bool) -> tuple[bool | None, bool | None]:
    """Flight and rope of one group."""
    if clip["role"] == "negative":
        return False, None
    if not main:
        return None, None
    if apexes is None:
        return True, False
    near = np.abs(jumps.times[:, None] - apexes[None]).min(axis=1) < NEAR * jumps.period
    flight = bool(near.mean() >= 0.5)
    return flight, (clip["role"] == "positive") if flight else None


def relatives(clip: str) -> str:
    """The group of clips that a clip belongs to: one person or one room."""
    for name in ("_sit", "_speed_jp", "_hb_", "_omar_"):
        if name in clip:
            return name
    return "rendered" if clip[:2].isdigit() else clip


def rendered_samples(config: Config) -> Iterator[Sample]:
    """The groups of rendered tracks."""
    for number, (track, apexes, rope) in enumerate(_rendered(config)):
        for jumps, features in groups_of(track, CountSettings()):
            near = np.abs(jumps.times[:, None] - apexes[None]).min(axis=1) if len(apexes) else np.full(1, np.inf)
            flight = bool((near < NEAR * jumps.period).mean() >= 0.5)
            yield Sample(features, flight, rope if flight else None, f"rendered {number}", "rendered")


def _rendered(config: Config) -> Iterator[tuple[PoseTrack, np.ndarray, bool]]:
    """Track, apexes and rope of every rendered track, cached with ``--keep``."""
    path = Path(config.keep) / f"rendered_{config.seed}_{config.rendered}.npz" if config.keep else None
    if path and path.exists():
        with np.load(path) as kept:
            for i in range(int(kept["count"])):
                track = PoseTrack(*(kept[f"{name}{i}"] for name in ("times", "keypoints", "boxes", "camera")))
                yield track, kept[f"apexes{i}"], bool(kept[f"rope{i}"])
        return
    from tools.render.tracks import make_tracks

    arrays: dict[str, np.ndarray] = {"count": np.array(config.rendered)}
    for i, made in enumerate(make_tracks(config.rendered, config.seed)):
        for name in ("times", "keypoints", "boxes", "camera"):
            arrays[f"{name}{i}"] = getattr(made.track, name)
        arrays[f"apexes{i}"], arrays[f"rope{i}"] = made.apexes, np.array(made.rope)
        yield made.track, made.apexes, made.rope
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(path, allow_pickle=False, **arrays)


def _balanced(clips: list[Sample], rendered: list[Sample]) -> list[Sample]:
    """Samples weighted so that all clips have equal weight, and all rendered groups together that of all clips."""
    number = {s.clip: sum(t.clip == s.clip for t in clips) for s in clips}
    clips = [replace(s, weighs=1 / number[s.clip]) for s in clips]
    share = len(number) / max(len(rendered), 1) if clips else 1.0
    return clips + [replace(s, weighs=share) for s in rendered]


def _rounded(model: LogisticModel) -> dict:
    return {k: [round(float(x), 4) for x in v] if k not in ("names", "bias") else v for k, v in asdict(model).items()}


if __name__ == "__main__":
    run_script(main, Config, __doc__)
