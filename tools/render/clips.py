"""Render labelled clips of every style, which ``python -m tools.evaluate count --data DIR`` reads.

``python -m tools.render.clips --out DIR`` (needs requirements-train.txt).  Each clip has a different person, room and
view; existing clips are kept, so that a second call continues.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from tools.render import sample as render_sample
from tools.render.jump_motion import STYLES
from tools.render.no_rope_motion import NO_ROPE
from tools.render.sample import SampleConfig
from tools.script import run_script
from vision.options import check_options, option

CLIPS = (
    ("two_feet", 2.2, 25), ("alternate", 6.0, 30), ("crossover", 2.0, 25), ("single_leg", 2.3, 25),
    ("boxer", 2.4, 25), ("jacks", 2.0, 25), ("double_under", 1.8, 30), ("crossed", 2.2, 25),
    ("two_feet", 1.5, 25), ("alternate", 7.5, 30), ("two_feet", 3.0, 30), ("alternate", 4.5, 25),
    ("single_leg", 1.7, 30), ("boxer", 2.0, 30), ("double_under", 2.1, 25), ("crossover", 1.6, 30),
)  # fmt: skip
"""Style, jumps or steps a second and frames a second of each clip."""

STILL_CLIPS = (
    ("squat", 0.6, 25), ("lunge", 0.6, 30), ("march", 1.3, 30), ("leg_swing", 0.9, 25), ("arm_raise", 1.1, 25),
    ("calf_raise", 1.0, 30), ("bounce", 1.7, 25), ("side_bend", 1.2, 25), ("toe_touch", 0.5, 30), ("march", 1.0, 25),
)  # fmt: skip
"""Exercise, repetitions a second and frames a second of each clip without a jump."""

NO_ROPE_CLIPS = (
    ("hops", 2.2, 30), ("jog", 2.8, 25), ("high_knees", 2.6, 30), ("pedal", 2.6, 30), ("free_jacks", 1.9, 25),
    ("hops", 1.7, 25), ("jog", 3.2, 30), ("high_knees", 3.6, 30), ("pedal", 3.4, 25), ("free_jacks", 2.2, 30),
)  # fmt: skip
"""Exercise, hops, steps or half turns of the pedals a second, and frames a second of each clip without a rope."""

SETS = {"rope": CLIPS, "no_rope": NO_ROPE_CLIPS, "still": STILL_CLIPS}


@dataclass(frozen=True)
class ClipsConfig:
    """Options of the set."""

    out: str = option("", "Folder of the clips and clips.json")
    first: int = option(0, "Number of the first clip", low=0, high=len(CLIPS) - 1)
    step: int = option(1, "Every how many clips one is rendered: several calls share the work", low=1, high=len(CLIPS))
    kind: str = option(
        "rope", "Jumps with a rope, without one, or exercises that stay on the floor", choices=tuple(SETS)
    )
    seed: int = option(1, "Seed of the first clip's person, room and view; the others' follow", low=0, high=1_000_000)
    seconds: float = option(6.0, "Time of jumping in each clip", low=2, high=60, unit="s")

    width: int = option(270, "Width", low=64, high=1920, unit="px")
    height: int = option(480, "Height", low=64, high=1920, unit="px")

    def __post_init__(self) -> None:
        check_options(self)
        if not self.out:
            raise ValueError("--out must name a folder")


def main(config: ClipsConfig) -> None:
    """Render the missing clips; the list always names all existing ones."""
    folder = Path(config.out)
    listed = SETS[config.kind]
    for number in range(config.first, len(listed), config.step):
        style, rate, fps = listed[number]
        target = folder / f"{number:02}_{style}.mp4"
        if not target.with_suffix(".json").exists():
            count = round(rate * config.seconds)
            size = {"width": config.width, "height": config.height, "supersample": 1}
            render_sample.main(
                SampleConfig(style, count, rate, 1.0, fps, seed=config.seed + number, output=str(target), **size)
            )
        clips = [_entry(path) for path in sorted(folder.glob("*_*.json"))]
        (folder / "clips.json").write_text(json.dumps({"clips": clips}, indent=1) + "\n")


def _entry(path: Path) -> dict:
    """The list's entry for the clip with the ground truth at ``path``."""
    answer = json.loads(path.read_text())
    flights, name = answer["count"], answer["style"]
    role = "positive" if name in STYLES else "jump_without_rope" if flights else "negative"
    style = STYLES.get(name) or (NO_ROPE[name].label if name in NO_ROPE else "") or "none"
    facts = {"role": role, "count": flights if role == "positive" else 0, "airborne_phases": flights}
    return {"id": path.stem, "file": path.with_suffix(".mp4").name, "style": style, **facts}


if __name__ == "__main__":
    run_script(main, ClipsConfig, __doc__)
