"""Clothes, hair and skin of a rendered person: cuts, colours and patterns."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

SKIN_TONES = ((224, 178, 150), (205, 155, 122), (172, 120, 88), (130, 86, 60), (92, 60, 44))
HAIR_COLOURS = ((38, 28, 22), (70, 46, 30), (120, 84, 50), (24, 22, 24), (150, 120, 80))
PATTERNS = ("plain", "stripes", "hoops", "checks", "dots", "blotches", "sides")
HAIRCUTS = ("short", "long", "bald")


@dataclass(frozen=True)
class Outfit:
    """Colours (sRGB) and cuts.

    ``sleeve`` and ``leg``: covered share of upper arm and leg; ``hem``: distance of the shirt's end above the hips
    (metres); ``loose``: width of the clothes; ``shirt_pattern`` and ``leg_pattern`` have the colour ``second``.
    """

    skin: tuple[int, int, int] = SKIN_TONES[1]
    hair: tuple[int, int, int] = HAIR_COLOURS[0]
    shirt: tuple[int, int, int] = (44, 96, 168)
    trousers: tuple[int, int, int] = (40, 42, 50)
    shoes: tuple[int, int, int] = (205, 70, 50)
    sleeve: float = 0.62
    leg: float = 0.42
    hem: float = 0.005
    loose: float = 1.0
    haircut: str = "short"
    shirt_pattern: str = "plain"
    leg_pattern: str = "sides"
    second: tuple[int, int, int] = (225, 225, 225)
    socks: tuple[int, int, int] = (225, 225, 222)

    @classmethod
    def random(cls, rng: np.random.Generator) -> Outfit:
        """Any skin, hair and clothes."""
        colours = [tuple(int(v) for v in rng.integers(25, 235, 3)) for _ in range(3)]
        skin, hair = SKIN_TONES[rng.integers(5)], HAIR_COLOURS[rng.integers(5)]
        leg = float(rng.choice([rng.uniform(0.3, 0.5), rng.uniform(0.85, 0.95)]))
        sleeve = float(rng.choice([rng.uniform(0.4, 0.8), 1.9]))
        return cls(skin, hair, *colours, sleeve=sleeve, leg=leg)  # type: ignore[arg-type]  # as many as there are fields

    @classmethod
    def varied(cls, rng: np.random.Generator) -> Outfit:
        """Any cut, from a swimsuit to a coat, bald or with long hair."""
        sleeve = float(rng.choice([rng.uniform(-0.3, 0.1), rng.uniform(0.3, 0.9), rng.uniform(1.5, 2.0)]))
        leg = float(rng.choice([rng.uniform(0.08, 0.2), rng.uniform(0.25, 0.55), rng.uniform(0.8, 0.97)]))
        hem = float(rng.choice([0.005, rng.uniform(-0.25, 0.1)], p=[0.5, 0.5]))
        haircut = str(rng.choice(HAIRCUTS, p=[0.55, 0.33, 0.12]))
        return cls(sleeve=sleeve, leg=leg, hem=hem, loose=float(rng.uniform(0.5, 1.7)), haircut=haircut).dyed(rng)

    def dyed(self, rng: np.random.Generator) -> Outfit:
        """The same cut in other colours, patterns and skin; a quarter is dark from the hips to the shoes."""
        level, hue = rng.uniform(0, 255, (5, 1)), rng.uniform(-90, 90, (5, 3)) * rng.choice([0.15, 1.0], (5, 1))
        if rng.random() < 0.25:
            level[1:], hue[1:] = rng.uniform(0, 35), 0.15 * hue[1:]
        shirt, trousers, shoes, second, socks = (
            tuple(int(v) for v in row) for row in np.clip(level + hue, 8, 245).astype(int)
        )
        tone, mix = int(rng.integers(len(SKIN_TONES) - 1)), rng.uniform()
        skin = tuple(int(v) for v in np.multiply(SKIN_TONES[tone], 1 - mix) + np.multiply(SKIN_TONES[tone + 1], mix))
        hair = second if rng.random() < 0.12 else HAIR_COLOURS[rng.integers(5)]
        patterns = rng.choice(PATTERNS, 2, p=[0.4, 0.12, 0.12, 0.1, 0.06, 0.12, 0.08])
        return replace(
            self, skin=skin, hair=hair, shirt=shirt, trousers=trousers, shoes=shoes, second=second, socks=socks,
            shirt_pattern=str(patterns[0]), leg_pattern=str(patterns[1]),
        )  # fmt: skip
