"""``python -m tools.reliability fuzz [--count 500] | stop VIDEO [--stages 12] | long [--minutes 60]``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tools.reliability import fuzz, long_video, stops


def main() -> int:
    """Run one of the three trials; 1 where something went wrong."""
    parser = argparse.ArgumentParser(prog="python -m tools.reliability", description=__doc__)
    trials = parser.add_subparsers(dest="trial", required=True)
    trials.add_parser("fuzz", help="damaged media").add_argument("--count", type=int, default=500)
    stop = trials.add_parser("stop", help="commands stopped at every stage")
    stop.add_argument("video", type=Path)
    stop.add_argument("--stages", type=int, default=12)
    trials.add_parser("long", help="a long video").add_argument("--minutes", type=float, default=60)
    given = parser.parse_args()
    if given.trial == "fuzz":
        return fuzz.main(given.count)
    return stops.main(given.video, given.stages) if given.trial == "stop" else long_video.main(given.minutes)


if __name__ == "__main__":
    sys.exit(main())
