"""Write the snapshot of every version that this release knows."""

import sys

from tests.protocol.snapshots import render, snapshot_path
from trialsite.protocol.registry import shipped

for version in shipped():
    snapshot_path(version.number).write_text(render(version), encoding="utf-8")
    sys.stdout.write(f"wrote {snapshot_path(version.number).name}\n")
