"""Render the sample video: a person skipping a rope a known number of times, with the ground truth beside it.

``python -m tools.render.sample --output assets/jump_sample.mp4`` (needs requirements-train.txt).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from tools.render.body import Body, Outfit
from tools.render.jump_motion import STYLES, Moment, Motion
from tools.render.no_rope_motion import NO_ROPE, NoRopeMotion
from tools.render.rasterizer import Array, Camera
from tools.render.scenery import Gym, cast_shadow, draw_rope, rope_curve
from tools.render.shading import Light, render_body
from tools.render.still_motion import STILL, StillMotion
from tools.script import run_script
from vision.options import check_options, option
from vision.types import Frame, Image
from vision.video import write_video


@dataclass(frozen=True)
class SampleConfig:
    """Options of the sample video."""

    style: str = option(
        "two_feet", "How the person jumps, or what they do instead", choices=(*STYLES, *NO_ROPE, *STILL)
    )
    count: int = option(24, "Number of jumps or repetitions", low=1, high=500)
    rate: float = option(2.3, "Jumps or repetitions a second", low=0.5, high=9, unit="1/s")
    lead: float = option(1.0, "Standing still before and after", low=0, high=10, unit="s")
    fps: int = option(30, "Frames a second", low=5, high=120, unit="1/s")
    width: int = option(360, "Width", low=64, high=1920, unit="px")
    height: int = option(640, "Height", low=64, high=1920, unit="px")
    seed: int = option(0, "Seed of jitter and noise; above 0 also of body, clothes, room and view", low=0, high=2**31)
    supersample: int = option(2, "Pixels rendered for one, along each side", low=1, high=4)
    crf: int = option(24, "Quality of the video, smaller is better", low=0, high=51)
    output: str = option("assets/jump_sample.mp4", "The video; the answer is written beside it as .json")

    def __post_init__(self) -> None:
        check_options(self)


@dataclass(frozen=True)
class Scene:
    """Constant parts of a video: the person's shape, the empty room, camera, light and motion."""

    body: Body
    motion: Motion | NoRopeMotion | StillMotion
    camera: Camera
    light: Light
    room: Array
    rope: tuple[int, int, int] = (235, 225, 60)


def make_scene(config: SampleConfig) -> Scene:
    """The scene of a seed; seed 0 is the ordinary person in the ordinary gym."""
    rng = np.random.default_rng(config.seed)
    outfit, gym, shape = Outfit(), Gym(), {"gender": 0.1, "height": 0.5, "weight": 0.45, "muscle": 0.6}
    if config.seed:
        outfit, gym = Outfit.random(rng), Gym.random(rng)
        shape = {name: float(rng.uniform(0.15, 0.85)) for name in shape}
    if config.style in STILL:
        motion = StillMotion(config.style, config.count, config.rate, config.lead)
    elif config.style in NO_ROPE:
        motion = NoRopeMotion(config.style, config.count, config.rate, config.lead, config.seed)
    else:
        motion = Motion(config.style, config.count, config.rate, config.lead, config.seed)
    camera = _view(rng) if config.seed else Camera()
    camera = replace(camera, size=(config.width, config.height)).scaled(config.supersample)
    return Scene(Body(outfit, **shape), motion, camera, Light(), gym.render(camera))


def _view(rng: np.random.Generator) -> Camera:
    """From the front, up to 40 degrees from the side, from knee to head height; the person fills half to all of it."""
    around, distance = np.deg2rad(rng.uniform(-40, 40)), rng.uniform(3.0, 5.0)
    eye = (distance * np.sin(around), -distance * np.cos(around), rng.uniform(0.5, 1.8))
    return Camera(eye, (rng.uniform(-0.15, 0.15), 0.0, rng.uniform(0.95, 1.1)), distance / rng.uniform(2.8, 3.8))


def stand(body: Body, moment: Moment) -> tuple[Array, Array]:
    """Vertices (V, 3) and joints (17, 3) with the lowest point, or the hips of who sits, at the moment's height."""
    vertices, joints = body.posed(moment.pose)
    above = moment.seat - joints[11:13, 2].mean() if moment.seat else moment.height - vertices[:, 2].min()
    lift = np.array([0.0, 0.0, above])
    return vertices + lift, joints + lift


def render_frame(scene: Scene, time: float, exposure: float) -> Array:
    """(H, W, 3) linear light at the scene's supersampled size; the rope is blurred over ``exposure`` seconds."""
    moment = scene.motion.at(time)
    vertices, _ = stand(scene.body, moment)
    person, depth = render_body(scene.body, vertices, scene.camera, scene.light)
    image = cast_shadow(scene.room, vertices, scene.camera, scene.light)
    image = np.where(np.isfinite(depth)[..., None], person, image)
    if np.isfinite(moment.turn):
        _draw_rope(scene, image, depth, vertices, time, exposure)
    return image


def _draw_rope(scene: Scene, image: Array, depth: Array, vertices: Array, time: float, exposure: float) -> None:
    """The rope between the hands and its handles, in place."""
    hands = scene.body.hands(vertices)
    side = 0.8 * np.clip((hands[0, 0] - hands[1, 0]) / 0.3, -1, 1)  # crossed arms point the handles the other way
    outward = np.array([[side, -0.55, 0.0], [-side, -0.55, 0.0]])
    moments = [scene.motion.at(time + exposure * part) for part in np.linspace(-0.5, 0.5, 25)]
    curves = [rope_curve(hands + 0.09 * outward, m.turn, m.height) for m in moments]
    draw_rope(image, depth, scene.camera, curves, scene.rope)
    for hand, direction in zip(hands, outward, strict=True):
        handle = hand + np.linspace(-0.04, 0.1, 6)[:, None] * direction
        draw_rope(image, depth, scene.camera, [handle, handle + (0, 0, 0.008)], (35, 35, 38))


def develop(image: Array, size: tuple[int, int], rng: np.random.Generator) -> Image:
    """Linear light to (H, W, 3) uint8 of ``size`` (width, height) with a little sensor noise."""
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    noise = rng.normal(0, 1, small.shape[:2])[..., None] + 0.5 * rng.normal(0, 1, small.shape)
    bright = np.clip(small, 0, 1) ** (1 / 2.2) * 255 + 1.3 * noise
    return np.clip(np.rint(bright), 0, 255).astype(np.uint8)


def render(config: SampleConfig, scene: Scene) -> Iterator[Frame]:
    """All frames of the video."""
    rng = np.random.default_rng(config.seed + 1)
    for k in range(int(scene.motion.duration * config.fps) + 1):
        time = k / config.fps
        yield Frame(develop(render_frame(scene, time, 0.4 / config.fps), (config.width, config.height), rng), time)


def main(config: SampleConfig) -> dict:
    """Render the video and its ground truth; returns the latter."""
    scene, output = make_scene(config), Path(config.output)
    output.parent.mkdir(parents=True, exist_ok=True)
    write_video(output, render(config, scene), crf=config.crf, preset="veryslow", details="")
    answer = {
        "count": len(scene.motion.apexes),
        "style": config.style,
        "fps": config.fps,
        "seconds": round(scene.motion.duration, 3),
        "apex_times": [round(float(t), 3) for t in scene.motion.apexes],
    }
    output.with_suffix(".json").write_text(json.dumps(answer, indent=2) + "\n")
    return answer


if __name__ == "__main__":
    run_script(main, SampleConfig, __doc__)
