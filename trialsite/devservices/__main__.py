"""`python -m trialsite.devservices run`: what `make run` calls."""

import argparse
import sys

from trialsite.devservices.folders import state_folder
from trialsite.devservices.supervisor import run_stack


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m trialsite.devservices")
    parser.add_argument("command", choices=["run"], help="start everything, until Ctrl-C")
    parser.parse_args()
    return run_stack(state_folder())


if __name__ == "__main__":
    sys.exit(main())
