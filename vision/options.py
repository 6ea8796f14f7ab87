"""Options declared once: a frozen dataclass field with its range, unit and help.

The flags of the command lines and the sliders of the app are generated from the same fields.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Any, TypeVar, cast

Settings = TypeVar("Settings")


@dataclass(frozen=True)
class Option:
    """Description of a field: ``low`` and ``high`` bounds, ``choices``, ``unit``, ``help``, ``label`` (en, zh)."""

    help: str
    low: float | None = None
    high: float | None = None
    choices: Sequence[str] | None = None
    unit: str = ""
    label: tuple[str, str] = ("", "")
    flag: str = ""
    advanced: bool = False


def option(default: Any, help: str, **facts: Any) -> Any:
    """A dataclass field with a default and the facts of an ``Option``."""
    return field(default=default, metadata={"option": Option(help, **facts)})


def _fields(settings: object) -> tuple[Field[Any], ...]:
    """The fields of a dataclass or of an instance of one."""
    return fields(cast(Any, settings))


def options_of(settings: type | object) -> dict[str, Option]:
    """The declared options of a dataclass or of an instance, by field name."""
    return {f.name: f.metadata["option"] for f in _fields(settings) if "option" in f.metadata}


def check_options(settings: object) -> None:
    """Raise ``ValueError`` naming field, range and value when a field is outside its range or choices."""
    for name, facts in options_of(settings).items():
        value = getattr(settings, name)
        if facts.choices is not None and value not in facts.choices:
            raise ValueError(f"{name} must be one of {', '.join(facts.choices)}, not {value!r}")
        if facts.low is None and facts.high is None:
            continue
        low = -float("inf") if facts.low is None else facts.low
        high = float("inf") if facts.high is None else facts.high
        numeric = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not numeric or not low <= value <= high:
            raise ValueError(f"{name} must be between {low:g} and {high:g}, not {value!r}")


def add_arguments(parser: argparse.ArgumentParser, settings: type) -> None:
    """Add one flag per option; of a repeated flag the last value is used, an omitted flag is absent from the result."""
    for f in _fields(settings):
        if "option" not in f.metadata:
            continue
        facts: Option = f.metadata["option"]
        flag = facts.flag or "--" + f.name.replace("_", "-")
        default: Any = None if f.default is MISSING else f.default
        words = f"{facts.help} (default {default}{' ' + facts.unit if facts.unit else ''})".replace("%", "%%")
        if isinstance(default, bool):
            parser.add_argument(
                flag, dest=f.name, action=argparse.BooleanOptionalAction, default=argparse.SUPPRESS, help=words
            )
        else:
            kind = str if default is None else default.__class__
            parser.add_argument(
                flag, dest=f.name, type=kind, choices=facts.choices, default=argparse.SUPPRESS, help=words
            )


def from_arguments(settings: type[Settings], arguments: argparse.Namespace, base: Settings | None = None) -> Settings:
    """``base`` (or the defaults) with the given flags applied; raises ``ValueError``."""
    names = options_of(settings)
    kept = {} if base is None else {f.name: getattr(base, f.name) for f in _fields(settings)}
    given = {name: getattr(arguments, name) for name in names if hasattr(arguments, name)}
    return settings(**(kept | given))
