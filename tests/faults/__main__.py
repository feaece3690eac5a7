"""Run the faults, often, and print one JSON line for each.

    python -m tests.faults [--times 20] [--seed 1] [--only NAME] [--bugs]        (or: make faults)

--bugs: each fault with its seeded bug; then every one must be violated, and the exit status says whether.
"""

import argparse
import json
import random
import secrets
import sys
import time

from tests.faults.faults import FAULTS, Fault
from tests.faults.rig import Rig


def run(rig: Rig, fault: Fault, times: int, seed: int) -> list[str]:
    """Run one fault `times` times; print its line and return what was violated."""
    draw, began, at_stake, found = random.Random(seed), time.monotonic(), 0, []  # noqa: S311
    for _ in range(times):
        count, violations = fault.run(rig, draw)
        at_stake += count
        found += violations
    line = {"fault": fault.name, "seed": seed, "bug": rig.bug, "runs": times, "n": at_stake}
    seconds = round(time.monotonic() - began, 1)
    print(json.dumps({**line, "violations": len(found), "first": found[:2], "seconds": seconds}), flush=True)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    parser.add_argument("--only", default="")
    parser.add_argument("--bugs", action="store_true")
    wishes = parser.parse_args()
    is_well = True
    with Rig() as rig:
        for fault in FAULTS:
            if wishes.only and wishes.only not in fault.name:
                continue
            if wishes.bugs:
                rig.keep_running()
                rig.bug, rig.patience_seconds = fault.bug, 40
            found = run(rig, fault, wishes.times, wishes.seed)
            is_well = is_well and bool(found) == wishes.bugs
    return 0 if is_well else 1


if __name__ == "__main__":
    sys.exit(main())
