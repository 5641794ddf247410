"""What memory is taken, by a scan or by correlating.

`python -m tests.benchmarks.bench_memory FILE.npz [MB ...]` correlates fingerprints as `comet export` writes them, with
so much beside the baseline, a fresh process for each row. The peak is the high-water mark of the process's resident
pages as the kernel keeps it, set back when the sample is ready. *exact, all* is the worst case: the first 64 words of
each track, and every pair kept in both forms; *exact* keeps what is kept, from two thirds of the tracks on, for a
minute; *index* is an epoch of all tracks.

`python -m tests.benchmarks.bench_memory FOLDER [WORKERS ...]` scans, and tells whether a scan's memory grows.
The folder of music is scanned anew for each number of workers, with a state of its own; only the root's marker is
written into it. All processes are looked at four times a second: PSS counts a page that several have once in all, so
its sum is what the machine has to have; where the system does not know it, RSS stands for it.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil

from comet import jobs
from comet.compare import chunks, correlation, index, memory, null
from comet.compare.sample import Sample, prepare
from comet.core import start
from comet.core.errors import Stopped
from comet.core.job import Control, Job
from comet.core.profiles import UNNAMED
from comet.judge import threshold

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


def taken_by(process: psutil.Process) -> tuple[int, int]:
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
    workers = [taken_by(process) for server in servers for process in inside(server)]
    own = taken_by(main)
    taken.peak = max(
        taken.peak, own[0] + sum(pss for pss, _rss in workers) + sum(taken_by(each)[0] for each in servers)
    )
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


def resident(key: str) -> int:
    """Return a count of this process's pages, in bytes: `VmRSS` now, `VmHWM` at most."""
    found = re.search(rf"{key}:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"))
    assert found
    return int(found[1]) << 10


def read(file: str, words: int) -> Sample:
    """Return the fingerprints of a file, the first so many words of each, as they are compared."""
    with np.load(file) as held:
        every, offsets = held["words"], held["offsets"].tolist()
    return prepare((t + 1, every[offsets[t] : offsets[t + 1]][:words]) for t in range(len(offsets) - 1))


def correlate(file: str, tier: str, budget: int) -> tuple[int, int, int, int]:
    """Correlate with so many bytes beside the baseline; return plan, baseline, peak, and chunks written."""
    sample = read(file, 64 if tier == "exact, all" else 1 << 40)
    end = time.monotonic() + 60
    job = Job(control=lambda: Control(stop=tier == "exact" and time.monotonic() > end))
    null.draw(
        sample, sample.serials.tolist(), Job(), minimum=1, span=0, pairs=1000
    )  # so that all kernels have been used
    count, behind = 0, int(sample.serials[-1]) + 1
    with tempfile.TemporaryDirectory() as folder:

        def store(chunk: chunks.Chunk) -> None:
            nonlocal count
            count += 1
            chunks.write(folder, chunk, cache="", settings={})

        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        baseline = resident("VmRSS")
        allowed = memory.Budget(job, baseline + budget)
        if tier == "index":
            index.correlate(
                sample, (1, behind), {}, store=store, floors=threshold.FLOOR, budget=allowed, write_every=1e9, job=job
            )
        else:
            every = tier == "exact, all"
            floors = (-np.inf, -np.inf) if every else threshold.FLOOR
            rows = 3 * budget // (2 * memory.RECORD * behind)  # a whole chunk of the most pairs, and half of one
            done = [(1, max(1, behind - rows) if every else behind * 2 // 3)]
            with contextlib.suppress(Stopped):
                correlation.correlate(
                    sample, done, store=store, floors=floors, minimum=1 if every else 40, budget=allowed,
                    write_every=1e9, job=job,
                )  # fmt: skip
        return baseline + budget, baseline, resident("VmHWM"), count


def correlating(file: str, budgets: list[int]) -> None:
    """Print a row for each tier and budget, MB."""
    out = sys.stdout.write
    head = ("plan", "baseline", "peak", "beside it", "allowed", "ratio", "chunks")
    out(f"{'':<12}" + "".join(f"{word:>10}" for word in head) + "\n")
    for tier in ("exact, all", "exact", "index"):
        for budget in budgets:
            with multiprocessing.get_context("spawn").Pool(1) as fresh:
                plan, baseline, peak, count = fresh.apply(correlate, (file, tier, budget * MB))
            sizes = (plan, baseline, peak, peak - baseline, budget * MB)
            row = "".join(f"{size / MB:>10.1f}" for size in sizes)
            out(f"{tier:<12}{row}{(peak - baseline) / (budget * MB):>10.3f}{count:>10}\n")
            sys.stdout.flush()


def scanning(folder: str, counts: list[int]) -> None:
    """Print a row for each number of workers, MB."""
    out = sys.stdout.write
    marks = "".join(f"{f'after {mark}':>12}" for mark in MARKS)
    out(f"{'workers':>7}{'files':>7}{'all, PSS':>10}{'main':>7}{'largest worker':>16}{marks}  (RSS of a worker)\n")
    for count in counts or [1, 2, 4]:
        taken = scan(folder, count)
        seen = "".join(f"{taken.marks[mark] // MB if mark in taken.marks else '-':>12}" for mark in MARKS)
        row = f"{count:>7}{taken.files:>7}{taken.peak // MB:>10}{taken.main // MB:>7}{taken.worker // MB:>16}"
        out(f"{row}{seen}\n")


def main() -> None:
    """Look at what is named."""
    what, *numbers = sys.argv[1:]
    if what.endswith(".npz"):
        correlating(what, [int(number) for number in numbers] or [128, 256, 512, 1024])
    else:
        scanning(what, [int(number) for number in numbers])


if __name__ == "__main__":
    main()
