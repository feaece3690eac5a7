"""The supervisor with a real database and, in place of the product, one program that has a helper of its own.

python -m tests.shared.tiny_stack [words]: the words are Python statements that the program runs at its start.
"""

import os
import sys

from trialsite.devservices import supervisor
from trialsite.devservices.folders import state_folder

PROGRAM = """
import subprocess, sys, time
helper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print("helper", helper.pid, flush=True)
{words}
time.sleep(600)
"""


class TinyStack(supervisor.Supervisor):
    """No product: no step to run, one program, nothing to wait for."""

    def run_step(self, name: str, *arguments: str) -> None:
        supervisor.say(f"skipped {name}")

    def start_web(self, web: object) -> None:
        words = PROGRAM.format(words=" ".join(sys.argv[1:]))
        self.start_child("program", [sys.executable, "-c", words])

    def start_tasks(self) -> None:
        """There are none."""

    def wait_for_web(self) -> None:
        while "helper" not in (self.state.logs / "program.log").read_text():
            self._pause(0.05)


if __name__ == "__main__":
    sys.exit(TinyStack(state_folder(), os.environ).run())
