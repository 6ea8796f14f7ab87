"""Kinematic stick figures in pixels: every style of jumping, and what must not be counted.

A figure of ``size`` pixels stands upright at joints in body heights; a motion moves trunk, feet and
hands over time.  Flights are parabolas under the true gravity, contacts are half sines, so the shapes
are those of real jumps.  Noise, dropped frames, uneven times and a drifting camera come on top.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from vision.types import PoseTrack

GRAVITY = 5.8
STANDING = np.array(
    [(0, .93), (.03, .945), (-.03, .945), (.05, .93), (-.05, .93), (.11, .82), (-.11, .82), (.15, .66), (-.15, .66),
     (.24, .56), (-.24, .56), (.06, .52), (-.06, .52), (.06, .28), (-.06, .28), (.06, .04), (-.06, .04)]
)  # fmt: skip
"""Joints in body heights: x to the image right (the person faces the camera, left is at +), y up from the floor."""

UPPER = list(range(13))


@dataclass(frozen=True)
class Corruption:
    """Errors of real recordings.

    Noise in body heights, share of dropped frames, jitter of the frame times in frames, drift of the camera in body
    heights, zoom as a factor over the clip.
    """

    noise: float = 0.01
    drops: float = 0.0
    jitter: float = 0.0
    drift: float = 0.0
    zoom: float = 1.0
    seed: int = 0


Motion = Callable[[np.ndarray, np.ndarray], None]
"""Adds to points (T, 17, 2) in body heights, given the seconds (T,)."""


@dataclass(frozen=True)
class Clip:
    """Motions one after another: (seconds, motion) each, plus ``corruption`` and frames a second."""

    parts: list[tuple[float, Motion]] = field(default_factory=list)
    fps: float = 30.0
    size: float = 240.0
    corruption: Corruption = Corruption()


def film(clip: Clip) -> PoseTrack:
    """The track that a good pose network would see."""
    rng = np.random.default_rng(clip.corruption.seed)
    length = sum(seconds for seconds, _ in clip.parts)
    times = _times(rng, length, clip.fps, clip.corruption)
    points = np.repeat(STANDING[None], len(times), axis=0)
    start = 0.0
    for seconds, motion in clip.parts:
        inside = np.flatnonzero((times >= start) & (times < start + seconds))
        part = points[inside]
        motion(times[inside] - start, part)
        points[inside] = part
        start += seconds
    points = points + _noise(rng, times, clip.corruption.noise)
    return _projected(rng, times, points, clip)


def _times(rng: np.random.Generator, length: float, fps: float, corruption: Corruption) -> np.ndarray:
    times = np.arange(0, length, 1 / fps)
    times = times + corruption.jitter * rng.uniform(-0.45, 0.45, len(times)) / fps
    return times[rng.random(len(times)) >= corruption.drops]


def _noise(rng: np.random.Generator, times: np.ndarray, sigma: float) -> np.ndarray:
    """Half of the power white, half of it correlated over a few frames, as heatmap decoders behave."""
    white = rng.normal(0, sigma, (len(times), 17, 2))
    slow = rng.normal(0, sigma, (len(times), 17, 2))
    for i in range(1, len(slow)):
        slow[i] = 0.8 * slow[i - 1] + 0.6 * slow[i]
    return np.sqrt(0.5) * (white + slow)


def _projected(rng: np.random.Generator, times: np.ndarray, points: np.ndarray, clip: Clip) -> PoseTrack:
    share = times / max(times[-1], 1e-9)
    zoom = clip.corruption.zoom**share
    sway = clip.corruption.drift * np.stack([np.sin(0.9 * times), 0.5 * np.sin(0.7 * times + 1)], axis=1)
    pixels = (points * [1, -1] + [0, 1.2] + sway[:, None]) * clip.size * zoom[:, None, None] + [300, 0]
    scores = rng.uniform(0.6, 0.95, (*pixels.shape[:2], 1))
    keypoints = np.concatenate([pixels, scores], axis=2).astype(np.float32)
    boxes = np.concatenate([pixels.min(1), pixels.max(1)], axis=1).astype(np.float32)
    return PoseTrack(times, keypoints, boxes)


def flight(phase: np.ndarray, period: float, share: float = 0.6) -> np.ndarray:
    """Height in body heights of a body that bounces once per unit of phase: a parabola in the air, a dip on the ground.

    The jump begins on the ground at phase 0; its apex is at phase 1 - share / 2.
    """
    air = share * period
    height = GRAVITY * air**2 / 8
    ground = 1 - share
    inside = np.mod(phase, 1.0)
    up = np.clip((inside - ground) / share, 0, 1)
    speed = GRAVITY * air / 2
    dip = speed * ground * period / np.pi
    return np.where(inside < ground, -dip * np.sin(np.pi * inside / ground), 4 * height * up * (1 - up))


def stand(times: np.ndarray, points: np.ndarray) -> None:
    """Nothing moves."""


def _turn_hands(points: np.ndarray, phase: np.ndarray, radius: float = 0.02) -> None:
    points[:, (9, 10), 1] += radius * np.sin(2 * np.pi * phase)[:, None]
    points[:, 9, 0] += radius * np.cos(2 * np.pi * phase)
    points[:, 10, 0] -= radius * np.cos(2 * np.pi * phase)


def _bounce(points: np.ndarray, up: np.ndarray) -> None:
    """Trunk and arms follow the bounce, the feet only what is above the floor."""
    points[:, UPPER, 1] += up[:, None]
    points[:, (13, 14), 1] += np.where(up > 0, up, 0.5 * up)[:, None]
    points[:, (15, 16), 1] += (1.2 * np.clip(up, 0, None) + 0.02 * np.sqrt(np.clip(up, 0, None) / max(up.max(), 1e-9)))[
        :, None
    ]


def jumps(rate: float, style: str = "two feet", turns: int = 1) -> Motion:
    """Jumps with both feet (or in the style of ``style``) at ``rate`` a second."""

    def move(times: np.ndarray, points: np.ndarray) -> None:
        phase = times * rate
        _bounce(points, flight(phase, 1 / rate, min(0.6, 0.45 * rate)))
        _turn_hands(points, phase * turns)
        half = np.sin(np.pi * phase)
        if style == "single leg":
            points[:, 16, 1] += 0.16
            points[:, 14, 1] += 0.05
        elif style == "boxer step":
            points[:, 15, 1] += 0.05 * np.clip(half, 0, None)
            points[:, 16, 1] += 0.05 * np.clip(-half, 0, None)
            points[:, :, 0] += 0.02 * half[:, None]
        elif style == "jacks":
            wide = 0.1 * (1 - np.cos(np.pi * phase))
            points[:, 15, 0] += wide
            points[:, 16, 0] -= wide
        elif style == "crossover":
            inward = np.mod(np.floor(phase), 2)[:, None] * 0.36
            points[:, 9:10, 0] -= inward
            points[:, 10:11, 0] += inward

    return move


def steps(rate: float, lift: float = 0.09) -> Motion:
    """Alternate feet: each foot lifts at half the step rate, the trunk bounces as the short flights allow."""

    def move(times: np.ndarray, points: np.ndarray) -> None:
        phase = times * rate / 2
        points[:, UPPER, 1] += flight(times * rate, 1 / rate, 0.3)[:, None]
        for side, shift in ((0, 0.0), (1, 0.5)):
            up = np.clip(np.sin(2 * np.pi * (phase + shift)) + 0.15, 0, None)
            points[:, 15 + side, 1] += lift * up
            points[:, 13 + side, 1] += 0.5 * lift * up
        _turn_hands(points, times * rate, 0.012)

    return move


def squats(rate: float = 0.5, depth: float = 0.22) -> Motion:
    """The trunk sinks, the feet stay."""

    def move(times: np.ndarray, points: np.ndarray) -> None:
        down = depth * (1 - np.cos(2 * np.pi * rate * times)) / 2
        points[:, UPPER, 1] -= down[:, None]
        points[:, (13, 14), 1] -= 0.3 * down[:, None]

    return move


def walk(rate: float = 1.9, speed: float = 0.0, lift: float = 0.06) -> Motion:
    """Walking (in place at speed 0, else body heights a second to the side): one foot is always on the floor."""

    def move(times: np.ndarray, points: np.ndarray) -> None:
        phase = times * rate / 2
        points[:, UPPER, 1] += 0.012 * np.sin(4 * np.pi * phase - 0.5)[:, None]
        for side, shift in ((0, 0.0), (1, 0.5)):
            swing = np.clip(np.sin(2 * np.pi * (phase + shift)), 0, None)
            points[:, 15 + side, 1] += lift * swing
            points[:, 13 + side, 1] += 0.4 * lift * swing
            points[:, 9 + side, 0] += 0.06 * np.sin(2 * np.pi * phase)
        points[:, :, 0] += (speed * times)[:, None]

    return move


def leg_swings(rate: float = 0.9) -> Motion:
    """One leg swings high, the other stands."""

    def move(times: np.ndarray, points: np.ndarray) -> None:
        up = (1 - np.cos(2 * np.pi * rate * times)) / 2
        points[:, 15, 1] += 0.4 * up
        points[:, 13, 1] += 0.15 * up
        points[:, UPPER, 1] += 0.01 * up[:, None]

    return move


def dribble(rate: float = 2.2) -> Motion:
    """Trunk and arms bounce over standing feet."""

    def move(times: np.ndarray, points: np.ndarray) -> None:
        beat = np.sin(2 * np.pi * rate * times)
        points[:, :11, 1] += 0.02 * beat[:, None]
        points[:, (11, 12), 1] += 0.012 * beat[:, None]
        points[:, 10, 1] += 0.1 * beat

    return move


def talk(times: np.ndarray, points: np.ndarray) -> None:
    """Swaying and waving while standing."""
    points[:, :11, 0] += 0.02 * np.sin(1.9 * times)[:, None]
    points[:, 9, 1] += 0.12 * np.sin(5 * times)
    points[:, 10, 1] += 0.1 * np.sin(7 * times + 1)


def pan(times: np.ndarray, points: np.ndarray) -> None:
    """The camera pans and shakes a little, as in a hand."""
    points[:, :, 0] += 0.5 * np.sin(1.5 * times)[:, None]
    points[:, :, 1] += (0.12 * np.sin(1.1 * times) + 0.004 * np.sin(13 * times))[:, None]
