"""Pass after pass: when the next one is due, what is told of it, and how a signal ends all of it."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from comet.backup import every
from comet.backup.every import Plan

HOUR = 3600.0
EVERY = 6 * HOUR
HASTE = 1e6
"""Six hours are a fiftieth of a second."""

CHILD = """
import sys, time
codes, done, hold = open(sys.argv[1]).read().split(), open(sys.argv[2], "a+"), float(sys.argv[3])
done.seek(0)
at = len(done.read().splitlines())
print(time.monotonic(), file=done, flush=True)
print("pass", at, "says", codes[at], file=sys.stderr)
time.sleep(hold)
sys.exit(int(codes[at]))
"""

LOOP = """
import os, sys
from comet.backup.every import Keeper
say = lambda code, seconds: print(code, round(seconds), flush=True)
sys.exit(Keeper(sys.argv[2:], os.environ, 6 * 3600.0, say, haste=float(sys.argv[1])).run())
"""


def even(low: float, high: float) -> float:
    """Return what stands in the middle."""
    return (low + high) / 2


def due(*codes: int, planned: float = EVERY) -> list[float]:
    """Return the minutes from each pass, which takes no time, to the next one."""
    plan, now, found = Plan(planned, even), 1000.0, []
    for code in codes:
        plan.begin(now)
        wait = plan.after(code, now)
        now += wait
        found.append(round(wait / 60, 3))
    return found


@pytest.mark.parametrize(
    ("codes", "minutes"),
    [
        ((0, 0, 11, 0), [360, 360, 360, 360]),
        ((3, 3, 3, 3, 3), [10, 20, 40, 290, 10]),
        ((3, 0, 3), [10, 350, 10]),
        ((12, 14, 1, 130), [360, 360, 360, 360]),
        ((13, 0), [360, 360]),
    ],
)
def test_when_the_next_pass_is_due(codes: tuple[int, ...], minutes: list[float]) -> None:
    """What failed is tried again soon, three times; all else keeps the plan."""
    assert due(*codes) == minutes


def test_a_plan_is_kept_where_something_else_is_later_or_sooner() -> None:
    """After a refusal it is an hour at least; after a failure never later than what was planned."""
    assert due(13, 0, planned=0.5 * HOUR) == [60, 30]
    assert due(3, 3, planned=0.25 * HOUR) == [10, 5]


def test_a_pass_that_takes_longer_than_the_plan_is_followed_by_the_next_one() -> None:
    """Nothing is made up for: of what was missed meanwhile there is one pass."""
    plan = Plan(HOUR, even)
    plan.begin(0.0)
    assert plan.after(0, 5 * HOUR) == 0
    plan.begin(5 * HOUR)
    assert plan.after(0, 5 * HOUR) == HOUR


def test_passes_are_not_in_step() -> None:
    """Each plan is up to 5 % off."""
    found = set()
    for _each in range(50):
        plan = Plan(EVERY)
        plan.begin(1.0)
        found.add(plan.after(0, 1.0))
    assert len(found) > 40
    assert 0.95 * EVERY <= min(found) < max(found) <= 1.05 * EVERY


def begun(tmp_path: Path, codes: str, *, haste: float = HASTE, hold: float = 0) -> subprocess.Popen[str]:
    """Begin passes that end with these codes, one after another."""
    (tmp_path / "codes").write_text(codes)
    child = [sys.executable, "-c", CHILD, str(tmp_path / "codes"), str(tmp_path / "done"), str(hold)]
    line = [sys.executable, "-c", LOOP, str(haste), *child]
    return subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def passes(tmp_path: Path) -> list[float]:
    """Return when passes have begun."""
    path = tmp_path / "done"
    return [float(line) for line in path.read_text().splitlines()] if path.exists() else []


def wait_for(tmp_path: Path, count: int) -> None:
    """Wait until so many passes have begun."""
    end = time.monotonic() + 30
    while len(passes(tmp_path)) < count:
        assert time.monotonic() < end
        time.sleep(0.01)


def test_only_a_change_of_what_a_person_has_to_mend_is_told(tmp_path: Path) -> None:
    """The second pass in a row without a sign-in says nothing; another end, and the same one later, are told again."""
    with begun(tmp_path, "0 12 12 14 14 0 12 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0") as loop:
        wait_for(tmp_path, 10)
        loop.terminate()
        told, said = loop.communicate(timeout=20)
    assert loop.returncode == 130
    assert [line.split()[0] for line in told.splitlines()][:6] == ["0", "12", "14", "0", "12", "0"]
    assert [line.split()[-1] for line in said.splitlines()][:6] == ["0", "12", "14", "0", "12", "0"]


def test_a_signal_ends_the_wait_at_once(tmp_path: Path) -> None:
    """Between two passes, hours before the next one, it is over within a moment, with its own code."""
    with begun(tmp_path, "0", haste=1) as loop:
        assert loop.stdout
        assert loop.stdout.readline().split()[0] == "0"
        since = time.monotonic()
        loop.terminate()
        assert loop.wait(20) == 130
        assert time.monotonic() - since < 5


def test_a_signal_ends_the_pass_that_runs(tmp_path: Path) -> None:
    """No pass is left behind: it is asked to end at once, and waited for."""
    with begun(tmp_path, "0", hold=60) as loop:
        wait_for(tmp_path, 1)
        since = time.monotonic()
        loop.send_signal(signal.SIGTERM)
        assert loop.wait(20) == 130
        assert time.monotonic() - since < every._PATIENCE
    assert len(passes(tmp_path)) == 1


def test_what_was_typed_wrong_is_not_tried_for_ever(tmp_path: Path) -> None:
    """A first pass that cannot begin ends all with its code."""
    with begun(tmp_path, "2") as loop:
        assert loop.wait(20) == 2
