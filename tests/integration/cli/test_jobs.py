"""Long jobs: progress on any terminal, signals, the background."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from comet import jobs
from comet.core import locks
from comet.core.job import Listing, Memory
from tests.integration.cli.conftest import TOP, Shell


@pytest.fixture
def waiting(tmp_path: Path, comet: Shell) -> Iterator[Shell]:
    """Return a user whose scans take a step each tenth of a second, for ever."""
    (tmp_path / "patch").mkdir()
    (tmp_path / "patch" / "sitecustomize.py").write_text(
        "import comet.cli.scan as face\n"
        "import time\n"
        "from comet.core.model import Stage\n"
        "def scan(here, job):\n"
        "    with job.stage(Stage.SCAN, 100000, here.profile.roots[0]) as advance:\n"
        "        while True:\n"
        "            time.sleep(0.1)\n"
        "            advance(1, 'a/b.mp3')\n"
        "face.scan = scan\n"
    )
    (tmp_path / "m").mkdir()
    patched = Shell(comet.home, {"PYTHONPATH": f"{tmp_path}/patch:{TOP}"})
    patched("setup", "--profile", "p", "--root", tmp_path / "m", "--yes", "--no-compile")
    yield patched
    for job in patched.lines("jobs"):
        if job["state"] in ("running", "paused"):
            os.kill(job["pid"], signal.SIGKILL)


def test_the_first_ctrl_c_stops_after_the_unit_in_hand(waiting: Shell) -> None:
    """What is done is kept, and the job's folder says stopped."""
    terminal = waiting.typed("scan")
    terminal.wait("of 100,000 files")
    terminal.type("\x03")
    terminal.wait("stopping after the unit in hand; what is done is kept")
    code, text = terminal.end()
    assert code == 130
    assert "stopped; what is done is kept" in text
    assert "\x1b[?25h" in text
    assert waiting.lines("jobs")[0]["state"] == "stopped"


def test_the_second_ctrl_c_ends_at_once(waiting: Shell, tmp_path: Path) -> None:
    """Also in the middle of a unit that does not end; the folder says stopped, for somebody wished it."""
    patch = tmp_path / "patch/sitecustomize.py"
    patch.write_text(patch.read_text().replace("time.sleep(0.1)", "time.sleep(0.1 if job is None else 3600)"))
    terminal = waiting.typed("scan")
    terminal.wait("0 of 100,000 files")
    terminal.type("\x03")
    terminal.wait("stopping")
    time.sleep(1.1)
    terminal.type("\x03")
    assert terminal.end()[0] == 130
    assert waiting.lines("jobs")[0]["state"] == "stopped"


def test_two_signals_at_once_are_one_wish(waiting: Shell, tmp_path: Path) -> None:
    """As `timeout` sends them, to its child and to the group: the unit in hand is brought to its end."""
    patch = tmp_path / "patch/sitecustomize.py"
    patch.write_text(patch.read_text().replace("time.sleep(0.1)", "time.sleep(0.1 if job is None else 0.5)"))
    command = [sys.executable, "-m", "comet", "scan"]
    with subprocess.Popen(command, env=waiting.env, stderr=subprocess.PIPE, text=True) as process:
        while not waiting.lines("jobs"):
            time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 130
        assert process.stderr
        assert "stopped; what is done is kept" in process.stderr.read()
    assert waiting.lines("jobs")[0]["state"] == "stopped"


def test_nothing_is_drawn_after_the_last_word(waiting: Shell) -> None:
    """Progress stands above the sentence that says how it ended."""
    terminal = waiting.typed("scan")
    terminal.wait("of 100,000 files")
    terminal.type("\x03")
    terminal.wait("stopped; what is done is kept")
    assert "files" not in terminal.end()[1]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_stops_as_ctrl_c_does(waiting: Shell, number: signal.Signals) -> None:
    """A shutdown or a lost line loses nothing that was done."""
    with subprocess.Popen([sys.executable, "-m", "comet", "scan"], env=waiting.env, stderr=subprocess.PIPE) as process:
        while not waiting.lines("jobs"):
            time.sleep(0.1)
        process.send_signal(number)
        assert process.wait(30) == 130
    assert waiting.lines("jobs")[0]["state"] == "stopped"


def test_a_terminal_that_vanishes_stops_the_job_cleanly(waiting: Shell) -> None:
    """There is nobody to tell, and yet it ends as if it had been asked to."""
    terminal = waiting.typed("scan")
    terminal.wait("of 100,000 files")
    assert terminal.hang_up() == 130
    assert waiting.lines("jobs")[0]["state"] == "stopped"


def test_a_job_in_the_background_is_watched_paused_and_stopped(waiting: Shell) -> None:
    """It has its own session, and any terminal steers it through its folder."""
    (begun,) = waiting.lines("scan", "--detach")
    identity = begun["job"]
    (job,) = waiting.lines("jobs", identity)
    assert (job["state"], job["command"]) == ("running", "scan --json")
    assert os.getsid(job["pid"]) == job["pid"]
    waiting("jobs", "last", "--pause")
    _until(waiting, "paused")
    waiting("jobs", identity, "--resume")
    _until(waiting, "running")
    watching = waiting.typed("jobs", identity, "--watch")
    watching.wait("of 100,000 files")
    watching.type("\x03")
    assert watching.end()[0] == 130
    assert waiting.lines("jobs", identity)[0]["state"] == "running"
    waiting("jobs", identity, "--stop")
    _until(waiting, "stopped")
    assert "stopped" in waiting("jobs", identity, "--watch", code=130).stderr
    assert "no job" in waiting("jobs", "1999", code=2).stderr


def _until(shell: Shell, state: str) -> None:
    until = time.monotonic() + 30
    while shell.lines("jobs")[0]["state"] != state:
        assert time.monotonic() < until
        time.sleep(0.1)


def test_less_memory_than_a_job_needs_is_refused(comet: Shell) -> None:
    """A slip of the finger does not end what has run for hours; what is enough is named, and is enough."""
    with jobs.recorded(str(comet.home / "state/p"), "correlate") as record:
        comet("jobs", "last", "--memory", "50M")  # nothing is known of what it needs yet
        record.report(Memory(10**9, 2 * 10**8, 12, 178_400_001))
        refused = comet("jobs", "last", "--memory", "178M", code=2).stderr
        assert "cannot go on with 178 MB\nhint: 179M is the least" in refused
        assert record.control().memory == 50 * 10**6
        assert "takes 179 MB at most" in comet("jobs", "last", "--memory", "179M").stdout


def test_who_watches_is_told_what_was_found_in_the_roots(comet: Shell, music: Path) -> None:
    """As whoever began the job is."""
    comet("setup", "--profile", "p", "--root", music, "--yes", "--no-compile")
    with jobs.recorded(str(comet.home / "state/p"), "scan") as record:
        record.report(Listing("/m", 15, 12, 3, 1, 1_200_000_000))
        record.report(Listing("/n", 9, 0, 0, 0, 0))
    told = comet("jobs", "last", "--watch").stderr
    assert "`/m`: 12 new, 3 changed, 1 gone; 1.2 GB to listen to\n`/n`: nothing new\n" in told


def test_two_jobs_do_not_work_on_one_profile(comet: Shell, music: Path) -> None:
    """The second one says so and ends, in the background too; exit 11."""
    comet("setup", "--profile", "p", "--root", music, "--yes", "--no-compile")
    with locks.hold(str(comet.home / "state/p/cache.lock"), "busy"):
        assert "another job works on profile `p`" in comet("scan", code=11).stderr
        assert "another job works on profile `p`" in comet("scan", "--detach", code=11).stderr


def test_a_detached_run_does_the_work(comet: Shell, music: Path) -> None:
    """The same command, only elsewhere; its words are in the log."""
    (begun,) = comet.lines("-f", music, "--detach")
    comet("jobs", begun["job"], "--watch")
    assert len(comet.lines("groups")[0]) == 1
    log = (Path(begun["folder"]) / "log").read_text()
    assert json.loads(log.splitlines()[-1])[0]["group"]


@pytest.mark.parametrize("columns", [80, *(pytest.param(each, marks=pytest.mark.slow) for each in (30, 140))])
def test_progress_fits_the_terminal(comet: Shell, music: Path, columns: int) -> None:
    """A line a root folder, never wrapped; afterwards the cursor is there again."""
    terminal = comet.typed("scan", music, columns=columns)
    code, text = terminal.end()
    assert code == 0
    parts = [part for line in text.split("\n") for part in line.split("\x1b[2K")]
    rows = [part for part in parts if "files" in part and "listened" not in part]
    assert rows
    drawn = [re.sub(r"\x1b\[[?\d;]*[a-zA-Z]", "", row).strip("\r") for row in rows]
    assert all(len(row) < columns for row in drawn)
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[2K")


@pytest.mark.parametrize(
    "environment",
    [{"TERM": "dumb"}, pytest.param({"NO_COLOR": "1"}, marks=pytest.mark.slow)],
    ids=["dumb", "no colour"],
)
def test_a_plain_terminal_gets_no_colours(full: Shell, environment: dict[str, str]) -> None:
    """On a dumb one nothing moves either."""
    full.environment = environment
    code, text = full.typed("-f").end()
    assert code == 0
    assert "\x1b[3" not in text
    assert ("\x1b" in text) == ("TERM" not in environment)
    assert "keep" in text
