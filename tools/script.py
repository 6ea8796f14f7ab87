"""The command line of a script whose options are declared in a frozen dataclass."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import Any, TypeVar

from vision.options import add_arguments, from_arguments

Config = TypeVar("Config")


def run_script(main: Callable[[Config], Any], config: type[Config], text: str | None) -> None:
    """Parse the flags of ``config`` and call ``main`` with it; an expected error is one line and status 2.

    ``text`` is the script's docstring, shown by ``--help``.
    """
    parser = argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser, config)
    try:
        main(from_arguments(config, parser.parse_args()))
    except (ValueError, OSError, RuntimeError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
