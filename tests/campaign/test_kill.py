"""`kill -9` at random moments: the next run goes on, and ends where one run without a kill would have ended.

By default on the demo library; `COMET_LIBRARY=DIR` takes another one.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from comet import demo

KILLS = 10
SMALL = ("--set", "correlate.write_every=0.01")
"""A chunk a row or two, so that a kill finds some written and some not."""


@dataclass
class Machine:
    """A library, and homes to scan it into."""

    library: str
    folder: Path
    kernels: str

    def comet(self, home: str, *arguments: str) -> subprocess.Popen[bytes]:
        """Start the command line in a process group of its own."""
        env = {**os.environ, "COMET_HOME": str(self.folder / home), "NUMBA_CACHE_DIR": self.kernels}
        return subprocess.Popen(
            [sys.executable, "-m", "comet", *arguments],
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def run(self, home: str, *arguments: str) -> list[str]:
        """Run to the end and return the lines of standard output."""
        with self.comet(home, *arguments) as process:
            output = process.communicate()[0].decode()
            assert process.returncode == 0
        return output.splitlines()

    def kill(self, home: str, after: float, *arguments: str) -> bool:
        """Kill a run with all its workers after some seconds; return whether it was still running."""
        with self.comet(home, *arguments) as process:
            time.sleep(after)
            running = process.poll() is None
            if running:
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
        return running

    def answer(self, home: str) -> set[str]:
        """Return all pairs, as lines without an order."""
        return set(self.run(home, "pairs", "--json", "--profile", "k"))


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """A machine on which one run without a kill is done, in the home `whole`."""
    folder = tmp_path_factory.mktemp("kill")
    library = os.environ.get("COMET_LIBRARY") or str(folder / "demo")
    if "COMET_LIBRARY" not in os.environ:
        demo.make(library)
    kernels = os.environ.get("NUMBA_CACHE_DIR") or str(folder / "kernels")
    machine = Machine(library, folder, kernels)
    machine.run("whole", "setup", "--profile", "k", "--root", library, "--yes")
    machine.run("whole", "full", "--profile", "k", "--json", *SMALL)
    return machine


def _seconds(machine: Machine, home: str, *arguments: str) -> float:
    began = time.monotonic()
    machine.run(home, *arguments)
    return time.monotonic() - began


def _kill_scans(machine: Machine, kills: int) -> None:
    machine.run("scan", "setup", "--profile", "k", "--root", machine.library, "--yes")
    machine.run("timed", "setup", "--profile", "k", "--root", machine.library, "--yes")
    seconds = _seconds(machine, "timed", "scan", "--profile", "k")
    chance = random.Random(1)  # noqa: S311 - moments, not secrets
    for _kill in range(kills):
        machine.kill("scan", chance.uniform(0.2, max(0.5, seconds / 3)), "scan", "--profile", "k")
    last = json.loads(machine.run("scan", "scan", "--profile", "k", "--json")[-1])
    whole = json.loads(machine.run("whole", "scan", "--profile", "k", "--json")[-1])
    assert (last["files"], last["problems"]) == (whole["files"], whole["problems"])
    machine.run("scan", "correlate", "--profile", "k", "--json")
    assert _unnumbered(machine.answer("scan")) == _unnumbered(machine.answer("whole"))


def _unnumbered(lines: set[str]) -> set[tuple[str, str, str, float]]:
    """Return pairs without what depends on the order in which files were heard: rounding in the records."""
    rows = map(json.loads, lines)
    return {(row["a"], row["b"], row["relation"], round(row["offset"], 6)) for row in rows}


def _kill_correlates(machine: Machine, kills: int) -> None:
    machine.run("correlate", "setup", "--profile", "k", "--root", machine.library, "--yes")
    machine.run("correlate", "scan", "--profile", "k")
    results = machine.folder / "correlate/state/k/results"
    chance = random.Random(2)  # noqa: S311 - moments, not secrets
    killed = 0
    for _try in range(40 * kills):
        killed += machine.kill("correlate", chance.uniform(0.2, 2.5), "correlate", "--profile", "k", *SMALL)
        if killed == kills:
            break
        if killed % 3 == 2 and results.exists():
            for path in sorted(results.iterdir())[::2]:
                path.unlink()  # work is lost, too, so that there is something left to kill
    done = json.loads(machine.run("correlate", "correlate", "--profile", "k", "--json")[-1])
    assert done["pairs_done"] == done["pairs_all"]
    assert machine.answer("correlate") == _renumbered(machine)


def _renumbered(machine: Machine) -> set[str]:
    """Return the answer of the same cache, compared without any kill."""
    results = machine.folder / "correlate/state/k/results"
    results.rename(machine.folder / "killed results")
    machine.run("correlate", "correlate", "--profile", "k", "--json")
    return machine.answer("correlate")


def test_killed_scan_goes_on(machine: Machine) -> None:
    """Two kills in a scan lose at most the files in hand."""
    _kill_scans(machine, 2)


def test_killed_correlation_goes_on(machine: Machine) -> None:
    """Two kills while comparing lose at most the chunk in hand; no pair is lost or done twice."""
    _kill_correlates(machine, 2)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_scan_killed_ten_times_goes_on(machine: Machine) -> None:
    """Ten kills at random: the same result as one run."""
    for home in ("scan", "timed"):
        subprocess.run(["rm", "-rf", machine.folder / home], check=True)
    _kill_scans(machine, KILLS)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_correlation_killed_ten_times_goes_on(machine: Machine) -> None:
    """Ten kills at random: the same result as one run."""
    for home in ("correlate", "killed results"):
        subprocess.run(["rm", "-rf", machine.folder / home], check=True)
    _kill_correlates(machine, KILLS)
