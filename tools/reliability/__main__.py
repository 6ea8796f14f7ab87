"""``python -m tools.reliability fuzz [--count 500] | stop VIDEO [--stages 12] | long [--minutes 60] [--networks]``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tools.reliability import fuzz, long_video, stops


def main() -> int:
    """Run one of the three tests; returns 1 if it failed."""
    parser = argparse.ArgumentParser(prog="python -m tools.reliability", description=__doc__)
    trials = parser.add_subparsers(dest="trial", required=True)
    trials.add_parser("fuzz", help="damaged media").add_argument("--count", type=int, default=500)
    stop = trials.add_parser("stop", help="commands stopped at every stage")
    stop.add_argument("video", type=Path)
    stop.add_argument("--stages", type=int, default=12)
    long = trials.add_parser("long", help="a long video")
    long.add_argument("--minutes", type=float, default=60)
    long.add_argument("--networks", action="store_true", help="with the networks and the sample video over and over")
    given = parser.parse_args()
    if given.trial == "fuzz":
        return fuzz.main(given.count)
    if given.trial == "stop":
        return stops.main(given.video, given.stages)
    return long_video.main(given.minutes, given.networks)


if __name__ == "__main__":
    sys.exit(main())
