"""What memory a scan takes, and whether it grows: `python -m tests.benchmarks.bench_memory FOLDER [WORKERS ...]`.

The folder of music is scanned anew for each number of workers, with a state of its own; only the root's marker is
written into it. All processes are looked at four times a second: PSS counts a page that several have once in all, so
its sum is what the machine has to have; where the system does not know it, RSS stands for it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field

import psutil

from comet import jobs
from comet.core import start
from comet.core.profiles import UNNAMED

MB = 1 << 20
EVERY = 0.25  # seconds between two looks
MARKS = (10, 100, 250, 500, 1000, 2000)


@dataclass
class Taken:
    """What was seen of one scan; bytes."""

    peak: int = 0
    """All processes together."""
    main: int = 0
    worker: int = 0
    """The largest one, RSS."""
    files: int = 0
    """Done so far."""
    marks: dict[int, int] = field(default_factory=dict)
    """Files that a worker has done, on average -> RSS of a worker then, on average."""


def memory(process: psutil.Process) -> tuple[int, int]:
    """Return PSS, or RSS where that is not known, and RSS of a process; zeros where it has ended."""
    try:
        full = process.memory_full_info()
    except psutil.Error:
        return 0, 0
    return int(getattr(full, "pss", 0) or full.rss), int(full.rss)


def inside(process: psutil.Process) -> list[psutil.Process]:
    """Return the children of a process, none where it has ended."""
    try:
        return list(process.children())
    except psutil.Error:
        return []


def look(main: psutil.Process, state: str, count: int, taken: Taken) -> None:
    """Take down what is taken now; the workers are children of the fork server, which is one of the main process."""
    servers = inside(main)
    workers = [memory(process) for server in servers for process in inside(server)]
    own = memory(main)
    taken.peak = max(taken.peak, own[0] + sum(pss for pss, _rss in workers) + sum(memory(each)[0] for each in servers))
    taken.main = max(taken.main, own[1])
    sizes = [rss for _pss, rss in workers if rss]
    if not sizes:
        return
    taken.worker = max(taken.worker, *sizes)
    for job in jobs.listed(state):
        taken.files = max([stage["done"] for name, stage in job.stages.items() if name.startswith("scan")], default=0)
    for mark in MARKS:
        if taken.files >= mark * count:
            taken.marks.setdefault(mark, sum(sizes) // len(sizes))


def scan(folder: str, count: int) -> Taken:
    """Scan a folder with so many workers and watch it."""
    taken = Taken()
    with tempfile.TemporaryDirectory() as home:
        command = start.command("comet", "scan", folder, "--set", f"scan.workers={count}", "--set", "scan.nice=0")
        variables = start.environment(COMET_HOME=home)
        state = os.path.join(home, "state", UNNAMED)
        with subprocess.Popen(command, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
            while running.poll() is None:
                look(psutil.Process(running.pid), state, count, taken)
                time.sleep(EVERY)
    if running.returncode:
        sys.exit(f"the scan ended with exit code {running.returncode}")
    return taken


def main() -> None:
    """Print a row for each number of workers, MB."""
    folder, *counts = sys.argv[1:]
    out = sys.stdout.write
    marks = "".join(f"{f'after {mark}':>12}" for mark in MARKS)
    out(f"{'workers':>7}{'files':>7}{'all, PSS':>10}{'main':>7}{'largest worker':>16}{marks}  (RSS of a worker)\n")
    for count in [int(text) for text in counts] or [1, 2, 4]:
        taken = scan(folder, count)
        seen = "".join(f"{taken.marks[mark] // MB if mark in taken.marks else '-':>12}" for mark in MARKS)
        row = f"{count:>7}{taken.files:>7}{taken.peak // MB:>10}{taken.main // MB:>7}{taken.worker // MB:>16}"
        out(f"{row}{seen}\n")


if __name__ == "__main__":
    main()
