"""`kill -9` in the middle of `comet apply` and `comet undo`: after every kill each byte is there exactly once.

A kill comes when so many files are in quarantine, drawn over the whole run, and a moment later. Five of each, or
`COMET_KILLS=N`, and fifty of each: all are slow. Then everything is taken back, and the library is what it was: every
byte, name, mode and time. By default on tunes made here; `COMET_LIBRARY=DIR` takes a copy of another one:
`COMET_LIBRARY=~/music pytest -m slow tests/campaign/test_kill_apply.py`.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import random
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.factories import tune, write

TOP = Path(__file__).parents[2]
OTHER = "COMET_LIBRARY" in os.environ
pytestmark = pytest.mark.timeout(86400 if OTHER else 240)
TUNES, COPIES = 3, 8
KILLS = int(os.environ.get("COMET_KILLS", "5"))
MANY = 50

Tree = dict[bytes, tuple[bytes, int, int]]
"""Hash of the content (where a link leads), mode and mtime (ns) of each file, by path."""


@dataclass
class Machine:
    """A library with a home in which it is scanned, correlated and judged."""

    folder: Path

    @property
    def library(self) -> Path:
        """The folder of the music."""
        return self.folder / "music"

    def comet(self, *words: str) -> subprocess.Popen[bytes]:
        """Start the command line in a process group of its own."""
        env = {key: text for key, text in os.environ.items() if key != "COMET_JOB"}
        env |= {"COMET_HOME": str(self.folder / "home"), "PYTHONPATH": str(TOP)}
        command = [sys.executable, "-m", "comet", *words, "--profile", "k"]
        with open(self.folder / "errors", "ab") as errors:
            return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=errors, start_new_session=True)

    def run(self, *words: str, codes: tuple[int, ...] = (0,)) -> bytes:
        """Run to the end and return standard output."""
        with self.comet(*words) as process:
            output = process.communicate()[0]
        assert process.returncode in codes, (self.folder / "errors").read_text(errors="replace")[-2000:]
        return output

    def kill(self, due: Callable[[], bool], late: float, *words: str) -> bool:
        """Kill a run with its workers so many seconds after it is `due`; tell whether it was still running."""
        with self.comet(*words) as process:
            try:
                while process.poll() is None and not due():
                    time.sleep(0.0005)
                time.sleep(late)
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
        return process.returncode == -signal.SIGKILL

    def held(self) -> int:
        """Count the files in quarantine."""
        return sum(len(names) for _folder, _inside, names in os.walk(self.library / ".comet/quarantine"))

    def tree(self) -> Tree:
        """Return the files of the library, without Comet's own."""
        return {path: found for path, found in self.everything().items() if not path.startswith(b".comet/")}

    def everything(self) -> Tree:
        """Return all files below the library, but for the marker and the lock."""
        found = {}
        for inside, _folders, names in os.walk(os.fsencode(self.library)):
            for name in names:
                path = os.path.join(inside, name)
                status = os.lstat(path)
                below = os.path.relpath(path, os.fsencode(self.library))
                if below not in (b".comet/root", b".comet/lock"):
                    found[below] = _content(path, status.st_mode), status.st_mode, status.st_mtime_ns
        return found


def _content(path: bytes, mode: int) -> bytes:
    if stat.S_ISLNK(mode):
        return os.readlink(path)
    if not stat.S_ISREG(mode):
        return b""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "blake2b").digest()


def prepared(folder: Path, copies: int = COPIES) -> Machine:
    """Return a machine with a copy of a library, or with tunes made here that have so many copies."""
    library = os.environ.get("COMET_LIBRARY", "")
    machine = Machine(folder)
    if library:
        folder.mkdir()
        subprocess.run(["cp", "-a", library, machine.library], check=True)  # pipes and sockets as well
    else:
        _make(machine.library, copies)
    machine.run("setup", "--root", str(machine.library), "--yes", "--no-compile")
    machine.run("full")
    return machine


def _make(library: Path, copies: int) -> None:
    """Make tunes with many copies each, and a playlist that names one."""
    for seed in range(TUNES):
        sound = tune(seed, 12.0)
        folder = os.path.join(os.fsencode(library), b"%d \xff" % seed)
        os.makedirs(folder)
        best = write(os.path.join(folder, b"best.flac"), sound)
        other = write(os.path.join(folder, "más.mp3".encode()), sound)
        for copy in range(copies):
            os.makedirs(os.path.join(folder, b"copies"), exist_ok=True)
            shutil.copy(best if copy % 2 else other, os.path.join(folder, b"copies/%d" % copy))
            os.utime(os.path.join(folder, b"copies/%d" % copy), ns=(copy, 1_600_000_000_111_222_333 + copy))
    (library / "all.m3u").write_bytes(b"".join(b"%d \xff/copies/1\r\n" % seed for seed in range(TUNES)))
    (library / "all.m3u").chmod(0o640)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """A machine that the others are copied from; a home knows its library by its path, so they take its place."""
    folder = tmp_path_factory.mktemp("apply")
    machine = prepared(folder / "now")
    subprocess.run(["cp", "-a", machine.folder, folder / "was"], check=True)
    return machine


@pytest.fixture
def machine(original: Machine) -> Machine:
    """A machine before anything was applied."""
    shutil.rmtree(original.folder)
    subprocess.run(["cp", "-a", original.folder.parent / "was", original.folder], check=True)
    return original


def counted(tree: Tree) -> Counter[tuple[bytes, int, int]]:
    """Count files by content, mode and time, wherever they are, but for playlists and probes."""
    return Counter(found for path, found in tree.items() if not _changing(os.path.basename(path)))


def _changing(name: bytes) -> bool:
    return name.endswith((b".m3u", b".m3u8")) or name.startswith(b".comet-")


def killed(machine: Machine, command: str, kills: int, target: int) -> int:
    """Kill a command again and again until `target` files are held, and let it end; return how many kills hit it.

    After each kill every file is somewhere, once, as it was.
    """
    draw = random.Random(f"{command} {os.environ.get('COMET_SEED', '1')}")  # noqa: S311 - no secrets
    everything, hits = counted(machine.everything()), 0
    for turn in range(kills):
        now = machine.held()
        step = draw.randint(1, max(1, 2 * abs(target - now) // (kills - turn + 1) - 1))
        hits += machine.kill(_moved(machine, now, step), draw.uniform(0, 0.003), command, "--all", "--yes")
        assert counted(machine.everything()) == everything, f"a file is lost or doubled after kill {turn + 1}"
    machine.run(command, "--all", "--yes")
    assert counted(machine.everything()) == everything
    # in a real collection a plan that is made when some files are gone may find groups among those that were left over
    assert machine.held() == target or (OTHER and machine.held() > target > 0)
    return hits


def _moved(machine: Machine, begun: int, step: int) -> Callable[[], bool]:
    """Return what tells whether so many files were moved since so many were held."""
    return lambda: abs(machine.held() - begun) >= step


def wanted(machine: Machine) -> int:
    """Return how many files a plan for everything moves."""
    plan = json.loads(machine.run("plan"))
    return sum(step["do"] == "remove" for step in plan["steps"])


def _but_lists(tree: Tree) -> Tree:
    return {path: found for path, found in tree.items() if not path.endswith(b".m3u")}


def _kill(machine: Machine, kills: int) -> None:
    before, goal = machine.tree(), wanted(machine)
    assert goal > 2 * kills, "there are too few duplicates for so many kills"
    hits = killed(machine, "apply", kills, goal)
    after = machine.tree()
    assert len(after) == len(before) - machine.held()
    hits += killed(machine, "undo", kills, 0)
    assert machine.tree() == before
    machine.run("apply", "--all", "--yes")
    assert OTHER or _but_lists(machine.tree()) == _but_lists(after), "it is not the end of one run without a kill"
    assert hits >= 2 * kills - max(2, kills // 5), "too many runs ended before their kill"


@pytest.mark.slow
def test_killed_runs_lose_nothing_and_go_on(machine: Machine) -> None:
    """Each file is there once after every kill, and the ends are those of runs without a kill."""
    _kill(machine, KILLS)


@pytest.mark.slow
def test_a_file_that_is_lost_is_seen(machine: Machine) -> None:
    """The test above has teeth: a file that goes away while Comet works is missed."""
    victim = machine.library / "all.txt"
    victim.write_text("x")
    everything = counted(machine.everything())
    victim.unlink()
    assert counted(machine.everything()) != everything


@pytest.mark.slow
def test_undo_gives_back_every_byte(machine: Machine) -> None:
    """After `apply --all` and `undo --all` each file has its name, bytes, mode and time."""
    before, goal = machine.tree(), wanted(machine)
    machine.run("apply", "--all", "--yes")
    assert machine.held() == goal
    assert machine.tree() != before
    machine.run("undo", "--all", "--yes")
    assert machine.tree() == before
    assert machine.held() == 0


@pytest.mark.slow
def test_two_processes_apply_one_plan(machine: Machine) -> None:
    """Both come to an end, or one is told that another one works; each file is moved once."""
    goal, everything = wanted(machine), counted(machine.everything())
    plan = str(machine.folder / "plan.json")
    machine.run("plan", "--out", plan)
    both = [machine.comet("apply", plan, "--yes") for _process in range(2)]
    for process in both:
        with process:
            process.communicate()
    assert {process.returncode for process in both} <= {0, 11}
    assert machine.held() == goal
    assert counted(machine.everything()) == everything


@pytest.mark.slow
def test_a_root_that_is_taken_away_loses_nothing(machine: Machine) -> None:
    """In the middle of a run the library is renamed; back again, the same command goes on."""
    goal, everything = wanted(machine), counted(machine.everything())
    away = machine.folder / "away"
    with machine.comet("apply", "--all", "--yes") as process:
        while process.poll() is None and not machine.held():
            time.sleep(0.0005)
        machine.library.rename(away)
        process.communicate()
    assert not machine.library.exists(), "something was made where the library was"
    away.rename(machine.library)
    assert 0 < machine.held() < goal
    assert counted(machine.everything()) == everything
    machine.run("apply", "--all", "--yes")
    assert machine.held() == goal
    assert counted(machine.everything()) == everything


@pytest.mark.slow
def test_the_playlists_follow_when_a_killed_run_goes_on(machine: Machine) -> None:
    """What names a file that is held names its keeper at the end, in whichever run it was moved."""
    killed(machine, "apply", 2, wanted(machine))
    assert b"copies" not in (machine.library / "all.m3u").read_bytes()


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_many_killed_runs_lose_nothing_and_go_on(tmp_path: Path) -> None:
    """Likewise with fifty kills of each."""
    _kill(prepared(tmp_path / "now", copies=MANY), max(MANY, KILLS))


@pytest.mark.slow
@pytest.mark.timeout(86400)
def test_undo_gives_back_a_collection(tmp_path: Path) -> None:
    """After `apply --all` and `undo --all` every file of a collection is what it was."""
    test_undo_gives_back_every_byte(prepared(tmp_path / "now"))
