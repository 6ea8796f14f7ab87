"""The settings of counting, each declared once with its range, unit and reason."""

from __future__ import annotations

from dataclasses import dataclass

from vision.options import check_options, option

GRAVITY = 5.8
"""Free fall in body heights per second squared: 9.81 m/s² for a person of 1.7 m."""


@dataclass(frozen=True)
class CountSettings:
    """Settings of tracking and counting; lengths in body heights, times in seconds."""

    height_cm: float = option(
        0.0, "The person's height; with it, jump heights are given in cm (0: unknown).",
        low=0, high=230, unit="cm", label=("Body height", "身高"),
    )  # fmt: skip
    without_rope: bool = option(
        False, "Count jumps without a rope as well.", label=("Count jumps without a rope", "无绳跳跃也计数")
    )
    speed: float = option(
        1.0, "Speed at which the video plays: 0.25 for slow motion at a quarter of the true speed.",
        low=0.02, high=4, label=("Speed of the video", "视频播放速度"),
    )  # fmt: skip
    min_score: float = option(
        0.25, "Keypoints below this confidence are left out.", low=0, high=1, label=("Keypoint score", "关键点置信度")
    )
    free_fall: float = option(
        0.5, "Share of the free fall that the body's acceleration must reach to count as a jump.",
        low=0.1, high=2, unit="g", label=("Free fall", "腾空判定"), advanced=True,
    )  # fmt: skip
    foot_lift: float = option(
        0.025, "Smallest lift of a foot in an alternating step.",
        low=0.005, high=0.2, unit="body heights", label=("Foot lift", "抬脚高度"), advanced=True,
    )  # fmt: skip
    noise_floor: float = option(
        0.01, "Smallest amplitude of a jump: keypoints are not more precise than that.",
        low=0.001, high=0.05, unit="body heights", label=("Noise floor", "噪声下限"), advanced=True,
    )  # fmt: skip
    people: int = option(8, "How many people are followed at most.", low=1, high=12, label=("People", "人数"))
    find_every: float = option(
        0.4, "Time between two searches for people; boxes in between are interpolated.",
        low=0.0, high=2, unit="s", label=("Search interval", "检测间隔"), advanced=True,
    )  # fmt: skip
    batch: int = option(
        16, "Crops per run of the pose network.", low=1, high=128, label=("Batch", "批大小"), advanced=True
    )

    def __post_init__(self) -> None:
        check_options(self)
