"""What a person can ask of the retouching, declared once; presets are ordinary settings."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from vision.options import check_options, option

LOOKS = ("none", "clear", "warm", "cool", "film", "vivid", "soft", "rose", "sepia", "mono", "noir")
"""Names of the style filters; ``none`` leaves the colours alone."""


@dataclass(frozen=True)
class BeautySettings:
    """Strengths of every control: 0 is off, 1 the most that still looks like a person.

    Controls with a range from -1 act in both directions.  Raises ``ValueError`` that names the
    field, the range and the value.
    """

    smoothing: float = option(
        0.35, "Evens blotches of the skin; pores stay", low=0.0, high=1.0, label=("Smoothing", "磨皮")
    )
    spots: float = option(0.35, "Heals small spots and blemishes", low=0.0, high=1.0, label=("Spot healing", "祛斑"))
    whitening: float = option(
        0.2, "Lightens the skin and keeps its hue", low=0.0, high=1.0, label=("Whitening", "美白")
    )
    eyes: float = option(0.15, "Enlarges the eyes", low=0.0, high=1.0, label=("Eyes", "大眼"))
    slimming: float = option(0.15, "Narrows the jaw and cheeks", low=0.0, high=1.0, label=("Slimming", "瘦脸"))
    rosiness: float = option(
        0.0, "Warms the skin; negative takes redness out", low=-1.0, high=1.0, label=("Rosiness", "红润"), advanced=True
    )
    chin: float = option(
        0.0, "Longer chin; negative is shorter", low=-1.0, high=1.0, label=("Chin", "下巴"), advanced=True
    )
    nose: float = option(0.0, "Narrows the nose", low=0.0, high=1.0, label=("Nose", "瘦鼻"), advanced=True)
    mouth: float = option(
        0.0, "Fuller mouth; negative is smaller", low=-1.0, high=1.0, label=("Mouth", "嘴型"), advanced=True
    )
    bright_eyes: float = option(
        0.0, "Brightens iris and white of the eyes", low=0.0, high=1.0, label=("Bright eyes", "亮眼"), advanced=True
    )
    teeth: float = option(0.0, "Whitens the teeth", low=0.0, high=1.0, label=("Teeth", "白牙"), advanced=True)
    dark_circles: float = option(
        0.0, "Softens shadows under the eyes", low=0.0, high=1.0, label=("Dark circles", "去黑眼圈"), advanced=True
    )
    lips: float = option(0.0, "Tints the lips", low=0.0, high=1.0, label=("Lips", "唇色"), advanced=True)
    cheeks: float = option(0.0, "Adds blush to the cheeks", low=0.0, high=1.0, label=("Cheeks", "腮红"), advanced=True)
    look: str = option("none", "Style filter of the whole picture", choices=LOOKS, label=("Look", "滤镜"))
    degree: float = option(0.8, "How much of the look", low=0.0, high=1.0, label=("Look degree", "滤镜强度"))

    def __post_init__(self) -> None:
        check_options(self)

    @property
    def changes_pixels(self) -> bool:
        """Whether anything at all is asked for."""
        return self.changes_skin or self.changes_shape or self.changes_look

    @property
    def changes_skin(self) -> bool:
        """Whether skin, eyes, teeth, lips or cheeks are asked to change colour."""
        names = (
            "smoothing",
            "spots",
            "whitening",
            "rosiness",
            "bright_eyes",
            "teeth",
            "dark_circles",
            "lips",
            "cheeks",
        )
        return any(getattr(self, name) != 0 for name in names)

    @property
    def changes_shape(self) -> bool:
        """Whether the picture is asked to be warped."""
        return any(getattr(self, name) != 0 for name in ("eyes", "slimming", "chin", "nose", "mouth"))

    @property
    def changes_look(self) -> bool:
        """Whether a style filter is asked for."""
        return self.look != "none" and self.degree > 0


_OFF = replace(BeautySettings(), **{f.name: 0.0 for f in fields(BeautySettings) if f.name not in ("look", "degree")})

PRESETS: dict[str, BeautySettings] = {
    "off": _OFF,
    "natural": BeautySettings(),
    "fresh": BeautySettings(
        smoothing=0.45, spots=0.6, whitening=0.4, rosiness=0.2, bright_eyes=0.25, teeth=0.2, dark_circles=0.35,
        look="clear", degree=0.5,
    ),
    "studio": BeautySettings(
        smoothing=0.7, spots=0.8, whitening=0.3, eyes=0.2, slimming=0.2, bright_eyes=0.35, teeth=0.4,
        dark_circles=0.5, look="soft", degree=0.4,
    ),
    "glamour": BeautySettings(
        smoothing=0.85, spots=0.9, whitening=0.5, eyes=0.45, slimming=0.45, rosiness=0.15, nose=0.2, bright_eyes=0.5,
        teeth=0.5, dark_circles=0.6, lips=0.4, cheeks=0.35, look="rose", degree=0.4,
    ),
    "skin only": replace(_OFF, smoothing=0.6, spots=0.7, dark_circles=0.3),
    "film": BeautySettings(look="film", degree=0.8),
    "black and white": BeautySettings(smoothing=0.4, whitening=0.25, look="mono", degree=1.0),
}  # fmt: skip
"""Named settings, to be used as they are or as a start."""
