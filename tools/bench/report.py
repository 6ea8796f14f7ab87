"""Results of a benchmark, and their report: comparisons, scaling, Markdown tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tools.bench.timing import Measure

COMPARED = (
    ("annotate", "annotate plain"),
    ("annotate", "pose video"),
    ("analyse", "analyse plain"),
    ("analyse", "pose report"),
    ("retouch", "retouch plain"),
    ("retouch", "mesh photo"),
)
"""Whole jobs of ours, and the jobs that they are compared with."""

COMPARED_STAGES = (
    (("beauty prepare", "beauty move"), "bilateral"),
    (("face detector", "landmarks"), "mesh"),
)
"""Stages of ours that together correspond to the other job."""


@dataclass(frozen=True)
class Comparison:
    """Seconds of our job and of the other on the same file; ``ratio`` above 1 means that ours is faster."""

    ours: str
    other: str
    our_seconds: float
    other_seconds: float

    @property
    def ratio(self) -> float:
        """Speed-up: time of the other job over ours."""
        return self.other_seconds / max(self.our_seconds, 1e-9)

    def to_dict(self) -> dict[str, Any]:
        """The fields and the ratio, for JSON."""
        return vars(self) | {"ratio": self.ratio}


@dataclass(frozen=True)
class Growth:
    """Median seconds and peak MB of one job at three growing sizes."""

    unit: str
    sizes: tuple[float, ...]
    seconds: tuple[float, ...]
    memory: tuple[float, ...]

    @property
    def per_unit(self) -> tuple[float, float]:
        """Marginal seconds per unit, between the first two and between the last two sizes."""
        (a, b, c), (x, y, z) = self.sizes, self.seconds
        return (y - x) / (b - a), (z - y) / (c - b)

    @property
    def bend(self) -> float:
        """The later marginal cost over the earlier one: 1 is linear, more is superlinear; NaN without cost."""
        early, late = self.per_unit
        return late / early if early > 0 else float("nan")

    def to_dict(self) -> dict[str, Any]:
        """The fields, the costs and the bend (None where unknown), for JSON."""
        return vars(self) | {"per_unit": self.per_unit, "bend": self.bend if self.bend == self.bend else None}


@dataclass(frozen=True)
class Results:
    """Everything that was measured, by job; ``load`` is the machine's load before the run."""

    machine: dict[str, Any]
    jobs: dict[str, list[Measure]]
    growth: list[Growth]

    @property
    def stages(self) -> dict[str, Measure]:
        """The stages' measures by name."""
        names = ("video stages", "photo stages", "network")
        return {m.name: m for name in names for m in self.jobs.get(name, [])}

    @property
    def comparisons(self) -> list[Comparison]:
        """The comparisons of which both jobs were run."""
        pairs = [([self.jobs[a][0]], self.jobs[b][0]) for a, b in COMPARED if a in self.jobs and b in self.jobs]
        pairs += [
            ([self.stages[name] for name in names], self.jobs[b][0])
            for names, b in COMPARED_STAGES
            if b in self.jobs and all(name in self.stages for name in names)
        ]
        return [
            Comparison(" + ".join(m.name for m in ours), other.name, sum(m.median for m in ours), other.median)
            for ours, other in pairs
        ]

    @property
    def share_of_peak(self) -> float | None:
        """Speed of the pose network relative to a large matrix product."""
        found = self.jobs.get("network")
        return found[0].throughput / found[1].throughput if found else None

    def to_dict(self) -> dict[str, Any]:
        """Everything, for JSON."""
        return {
            "machine": self.machine,
            "jobs": {name: [m.to_dict() for m in measures] for name, measures in self.jobs.items()},
            "comparisons": [comparison.to_dict() for comparison in self.comparisons],
            "growth": [growth.to_dict() for growth in self.growth],
            "share_of_peak": self.share_of_peak,
        }


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table with aligned columns."""
    columns = list(zip(header, *rows, strict=True))
    widths = [max(map(len, column)) for column in columns]
    lines = [list(header), ["-" * width for width in widths], *rows]
    return "\n".join("| " + " | ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)) + " |" for line in lines)


def seconds_text(seconds: float) -> str:
    """Seconds or milliseconds with three significant digits."""
    return f"{seconds:.3g} s" if abs(seconds) >= 1 else f"{1000 * seconds:.3g} ms"


def _measure_row(m: Measure) -> list[str]:
    memory = f"{m.memory:.0f} MB" if m.memory else ""
    first = seconds_text(m.first) if m.first else ""
    cores = f"{m.cores:.2f}" if m.processor else ""
    return [m.name, first, seconds_text(m.median), seconds_text(m.p95), f"{m.throughput:.4g} {m.unit}/s", cores, memory]


def _growth_row(g: Growth) -> list[str]:
    sizes = ", ".join(f"{size:g}" for size in g.sizes)
    times, costs = (", ".join(map(seconds_text, values)) for values in (g.seconds, g.per_unit))
    memory = ", ".join(f"{m:.0f} MB" for m in g.memory)
    return [f"{sizes} {g.unit}", times, costs, f"{g.bend:.2f}", memory]


def report(results: Results) -> str:
    """All figures as Markdown."""
    where = results.machine
    load = where["load"]
    title = f"{where['processor']} ({', '.join(where['features'])}), {where['cores']} cores, Python {where['python']}"
    if where["limit"]:
        title += f"; OpenVINO, PyTorch and OpenCV limited to {where['limit']}, codecs and MediaPipe not"
    header = ["", "first", "median", "95 %", "throughput", "cores used", "peak memory"]
    whole = [_measure_row(m) for name, row in results.jobs.items() for m in row if not _is_stage(name)]
    stages = [_measure_row(m)[:-1] for m in results.stages.values()]
    rivals = [
        [r.ours, r.other, seconds_text(r.our_seconds), seconds_text(r.other_seconds), f"{r.ratio:.2f}"]
        for r in results.comparisons
    ]
    grown = [_growth_row(g) for g in results.growth]
    tables = [
        (header, whole),
        (header[:-1], stages),
        (["ours", "instead", "ours takes", "instead takes", "times faster"], rivals),
        (["grows", "median", "one more costs", "bend", "peak memory"], grown),
    ]
    parts = [title, *(table(head, rows) for head, rows in tables if rows)]
    if results.share_of_peak is not None:
        parts.append(f"The pose network reaches {results.share_of_peak:.0%} of the speed of a large matrix product.")
    if load is not None and load > 0.5:
        parts.append(f"The machine was busy before the run (load {load:.1f}): these figures mean little.")
    return "\n\n".join(parts)


def _is_stage(job: str) -> bool:
    return job in ("video stages", "photo stages", "network")
