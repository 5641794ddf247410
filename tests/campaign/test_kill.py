"""`kill -9` in the middle of the work: the next run goes on, and ends where one run without a kill would have ended.

A kill comes when so many files are stored or so many units are covered, drawn over the whole run, and counts only if it
hit the stage. By default on tunes made here; `COMET_LIBRARY=DIR` takes another library, `COMET_SEED=N` other moments.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from comet.compare import chunks
from comet.compare.intervals import Intervals, subtract, union
from tests.factories import tune, write

TOP = Path(__file__).parents[2]
MANY = 10
TUNES, COPIES = 30, 10
FEW = 1000
LATEST = 0.8
"""Share of the run before which the last kill is due, so that there is something left to hit on a busy machine."""
ROW_BY_ROW = {"pause": False, "stop": False, "memory": 0, "chunk": 1e-9}
"""A wish for the shortest chunks that there are: one row, one file, one moment to be killed at."""

Row = tuple[str, str]
"""Audio hash and error of a file in the cache; both empty where it is not music."""


@dataclass
class Machine:
    """A library, and homes to scan it into."""

    library: str
    folder: Path
    small: bool = True
    """Few enough files for a chunk a row."""

    def comet(self, home: str, *words: str, job: str = "") -> subprocess.Popen[bytes]:
        """Start the command line in a process group of its own; `job` is its id, if it is to have a certain one."""
        env = {key: text for key, text in os.environ.items() if key != "COMET_JOB"} | (
            {"COMET_JOB": job} if job else {}
        )
        env |= {"COMET_HOME": str(self.folder / home), "PYTHONPATH": str(TOP)}
        command = [sys.executable, "-m", "comet", *words, "--profile", "k"]
        with open(self.folder / "errors", "ab") as errors:
            return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=errors, start_new_session=True)

    def run(self, home: str, *words: str) -> list[str]:
        """Run to the end and return the lines of standard output."""
        with self.comet(home, *words) as process:
            output = process.communicate()[0].decode()
        assert process.returncode == 0, (self.folder / "errors").read_text(errors="replace")[-2000:]
        return output.splitlines()

    def last(self, home: str, *words: str) -> Any:  # noqa: ANN401 - JSON
        """Run to the end and return the last line of JSON."""
        return json.loads(self.run(home, *words, "--json")[-1])

    def state(self, home: str) -> Path:
        """Return where the profile's state lies."""
        return self.folder / home / "state/k"

    def copied(self, home: str, new: str) -> str:
        """Make a home that stands where another one stands; return its name."""
        shutil.rmtree(self.folder / new, ignore_errors=True)
        shutil.copytree(self.folder / home, self.folder / new)
        return new

    def kill(self, home: str, due: Callable[[], bool], stage: str, words: tuple[str, ...], late: float = 0.0) -> int:
        """Kill a run with all its workers so many seconds after it is `due`; it must not have ended its stage by then.

        Returns:
            How far the stage was by what it told: pairs or files.
        """
        number = len(list(self.state(home).glob("jobs/kill-*")))
        job = self.state(home) / f"jobs/kill-{number:03}"
        job.mkdir(parents=True, mode=0o700)
        if self.small:
            (job / "control.json").write_text(json.dumps(ROW_BY_ROW))
        with self.comet(home, stage, *words, job=job.name) as process:
            try:
                while process.poll() is None and not due():
                    time.sleep(0.0005)
                time.sleep(late)
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
        assert process.returncode == -signal.SIGKILL, f"the run ended before kill {number}"
        return _hit(job, stage)


def _hit(job: Path, stage: str) -> int:
    """Find that a job died within its stage; return how far it was by what it told."""
    events = [json.loads(line) for line in (job / "events.jsonl").read_text().splitlines()]
    steps = [event for event in events if "done" in event]
    assert steps
    assert steps[-1]["stage"] == stage, "the kill came before or after the stage"
    assert steps[-1]["done"] < steps[-1]["total"], "the kill came after the stage"
    shown = json.loads((job / "snapshot.json").read_text())
    assert shown["state"] == "running"
    told = [at for name, at in shown["stages"].items() if name.partition(" ")[0] == stage]
    assert not told[-1]["finished"], "the kill came after the stage"
    return sum(at["done"] for at in told)


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """A machine with three homes: `empty`, `scanned`, and `whole`, where one run without a kill is done."""
    folder = tmp_path_factory.mktemp("kill")
    library = os.environ.get("COMET_LIBRARY", "")
    machine = Machine(library or str(folder / "tunes"), folder)
    if not library:
        _make(folder / "tunes")
    machine.run("empty", "setup", "--root", machine.library, "--yes", "--no-compile")
    machine.run(machine.copied("empty", "scanned"), "scan")
    machine.small = _music(_rows(machine.state("scanned") / "cache.sqlite")) < FEW
    machine.run(machine.copied("scanned", "whole"), "correlate")
    return machine


def _make(library: Path) -> None:
    """Make tunes, and copies of some of them in another format."""
    library.mkdir()
    for seed in range(TUNES):
        sound = tune(seed, 12.0)
        write(library / f"{seed:02}.flac", sound)
        if seed < COPIES:
            write(library / f"{seed:02}.mp2", sound)


def _rows(cache: Path) -> dict[bytes, Row]:
    """Return the files that are stored, by path; none where there is no cache yet."""
    sql = "SELECT path, coalesce(hash, ''), error FROM files LEFT JOIN audios ON serial = audio"
    try:
        with contextlib.closing(sqlite3.connect(f"{cache.as_uri()}?mode=ro", uri=True)) as db:
            return {path: (audio, error) for path, audio, error in db.execute(sql)}
    except sqlite3.OperationalError:
        return {}


def _music(rows: dict[bytes, Row]) -> int:
    """Count the files that are music, or claim to be: each is stored as it is heard."""
    return sum(row != ("", "") for row in rows.values())


def _moments(everything: int, kills: int) -> list[int]:
    """Draw after how many steps of a run to kill it."""
    seed = os.environ.get("COMET_SEED", "1")
    return sorted(random.Random(seed).sample(range(1, int(LATEST * everything)), kills))  # noqa: S311 - no secrets


def _kill_scan(machine: Machine, home: str, moment: int, steps: list[int]) -> dict[bytes, Row]:
    """Kill a scan when so many files are stored; return what is stored, after seeing that nothing told is lost.

    Adds to `steps` how many files were stored at once.
    """
    cache = machine.state(home) / "cache.sqlite"
    begun = before = _rows(cache)

    def due() -> bool:
        nonlocal before
        now = _rows(cache)
        assert before.items() <= now.items(), "what was stored is gone while the scan runs"
        steps.extend({_music(now) - _music(before)} - {0})
        before = now
        return _music(now) >= max(moment, _music(begun) + 1)

    words = ("--set", "scan.workers=1") if machine.small else ()
    told = machine.kill(home, due, "scan", words)
    after = _rows(cache)
    assert before.items() <= after.items(), "what was stored is gone after the kill"
    others = len(_rows(machine.state("whole") / "cache.sqlite")) - _music(
        _rows(machine.state("whole") / "cache.sqlite")
    )
    assert told - others <= _music(after) - _music(begun), "a file was told as done that is not stored"
    return after


def _kill_scans(machine: Machine, kills: int) -> None:
    """Kill a scan some times; what was heard before is stored, and the last run hears exactly the rest."""
    home = machine.copied("empty", "scan")
    whole = _rows(machine.state("whole") / "cache.sqlite")
    stored: dict[bytes, Row] = {}
    steps: list[int] = []
    for moment in _moments(_music(whole), kills):
        now = _kill_scan(machine, home, moment, steps)
        assert stored.items() <= now.items(), "what was stored is gone after the next run"
        stored = now
    assert statistics.median_low(steps) == 1, "files are stored several at a time, and a kill loses as many"
    last = machine.last(home, "scan")
    found = _rows(machine.state(home) / "cache.sqlite")
    assert last["decoded"] == sum(bool(audio) for path, (audio, _error) in found.items() if path not in stored)
    assert found == whole
    assert stored.items() <= found.items()
    machine.run(home, "correlate")
    assert _unnumbered(machine, home) == _unnumbered(machine, "whole")


def _unnumbered(machine: Machine, home: str) -> set[tuple[str, str, str, float]]:
    """Return pairs without what depends on the order in which files were heard: rounding in the records."""
    rows = map(json.loads, machine.run(home, "pairs", "--json"))
    found = {(row["a"], row["b"], row["relation"], round(row["offset"], 6)) for row in rows}
    assert found
    return found


class Results:
    """The result files of a home, each read once: they are never changed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._known: dict[str, Intervals] = {}

    def units(self) -> Intervals:
        """Return what they cover together, after seeing that no unit is covered twice and no file is broken."""
        for path in sorted(self.folder.glob("[0-9]*.comet")):
            if path.name not in self._known and path.stat().st_size:  # an empty one is a number that was taken
                self._known[path.name] = self._read(path)
        units = union(unit for each in self._known.values() for unit in each)
        lengths = [end - begin for each in self._known.values() for begin, end in each]
        assert sum(lengths) == count(units), "a unit is covered twice"
        return units

    @staticmethod
    def _read(path: Path) -> Intervals:
        header = json.loads(path.read_bytes()[:4096])
        chunk = chunks.read(str(path), cache=header["cache"], settings=header["settings"])
        assert chunk, f"{path.name} is broken"
        return chunk.units


def count(units: Intervals) -> int:
    """Return how many units there are."""
    return sum(end - begin for begin, end in units)


def _kill_correlate(machine: Machine, home: str, moment: int, late: float) -> Intervals:
    """Kill the comparing some seconds after so many units are covered; return what is covered then."""
    running = Results(machine.state(home) / "results")
    words = ("--set", "correlate.write_every=0.01")
    machine.kill(home, lambda: count(running.units()) >= moment, "correlate", words, late)
    after = Results(running.folder).units()
    assert not subtract(running.units(), after), "units that were covered are gone after the kill"
    return after


def _kill_correlates(machine: Machine, kills: int) -> None:
    """Kill the comparing some times; what is covered stays so, nothing is done twice, and the pairs are the same."""
    home = machine.copied("scanned", "correlate")
    folder = machine.state(home) / "results"
    late = random.Random(os.environ.get("COMET_SEED", "1"))  # noqa: S311 - no secrets
    covered: Intervals = ()
    for moment in _moments(machine.last("whole", "correlate")["units"], kills):
        now = _kill_correlate(machine, home, max(moment, count(covered) + 1), late.uniform(0, 0.003))
        assert not subtract(covered, now), "units that were covered are gone"
        covered = now
    done = machine.last(home, "correlate")
    assert done["pairs_done"] == done["pairs_all"]
    assert Results(folder).units() == ((1, done["units"] + 1),)
    _same_without_kills(machine, home)


def _same_without_kills(machine: Machine, home: str) -> None:
    """Compare the pairs with those of one run on the same cache."""
    killed = set(machine.run(home, "pairs", "--json"))
    shutil.rmtree(machine.state(home) / "results")
    machine.run(home, "correlate")
    assert killed
    assert killed == set(machine.run(home, "pairs", "--json"))


@pytest.mark.slow
def test_killed_scan_goes_on(machine: Machine) -> None:
    """Two kills in a scan lose at most the file in hand."""
    _kill_scans(machine, 2)


@pytest.mark.slow
def test_killed_correlation_goes_on(machine: Machine) -> None:
    """Two kills while comparing lose at most the chunk in hand; no pair is lost, no unit done twice."""
    _kill_correlates(machine, 2)


@pytest.mark.slow
def test_a_kill_that_does_not_happen_is_seen(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests above have teeth: without kills they fail."""
    monkeypatch.setattr(os, "killpg", lambda _group, _signal: None)
    with pytest.raises(AssertionError, match="the run ended before kill"):
        _kill_scans(machine, 1)
    with pytest.raises(AssertionError, match="the run ended before kill"):
        _kill_correlates(machine, 1)


@pytest.mark.slow
def test_a_scan_that_loses_rows_is_seen(machine: Machine) -> None:
    """Likewise where a file that is stored takes the place of another one."""
    home = machine.copied("empty", "scan")
    stored = _kill_scan(machine, home, 2, [])
    with contextlib.closing(sqlite3.connect(machine.state(home) / "cache.sqlite")) as db:
        lost = "DELETE FROM files WHERE path = (SELECT min(path) FROM files WHERE path <> new.path)"
        db.execute(f"CREATE TRIGGER lossy AFTER INSERT ON files BEGIN {lost}; END")
    with pytest.raises(AssertionError, match="what was stored is gone"):
        _kill_scan(machine, home, len(stored) + 3, [])


@pytest.mark.slow
@pytest.mark.timeout(86400)
def test_scan_killed_ten_times_goes_on(machine: Machine) -> None:
    """Ten kills at random: the same result as one run."""
    _kill_scans(machine, MANY)


@pytest.mark.slow
@pytest.mark.timeout(86400)
def test_correlation_killed_ten_times_goes_on(machine: Machine) -> None:
    """Ten kills at random: the same result as one run."""
    _kill_correlates(machine, MANY)
