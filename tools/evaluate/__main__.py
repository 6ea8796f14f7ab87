"""Print the evaluation figures of the project.

python -m tools.evaluate face --data DIR
python -m tools.evaluate body --data DIR
python -m tools.evaluate count --data DIR
python -m tools.evaluate beauty [FOLDER]
python -m tools.evaluate hard [FOLDER]
"""

from __future__ import annotations

import importlib
import sys

KINDS = ("face", "body", "count", "beauty", "hard")


def main(argv: list[str]) -> int:
    """Pass the arguments to the module of the named kind."""
    if not argv or argv[0] not in KINDS:
        print(__doc__, file=sys.stderr)
        return 2
    importlib.import_module(f"tools.evaluate.{argv[0]}").main(argv[1:])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
