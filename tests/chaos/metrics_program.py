"""A process of its own that logs so many metrics under one name, one at a time, once it is told to."""

PROGRAM = """
import sys
from pathlib import Path
from socialrec import tracking
from socialrec.settings import load_settings

home, run_id, n, name = sys.argv[1:]
tracker = tracking.connect(load_settings(Path(home)))
print("ready", flush=True)
sys.stdin.readline()
for step in range(int(n)):
    tracker.log(run_id, metrics={name: step / 2}, step=step)
"""
