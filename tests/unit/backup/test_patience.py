"""How often is asked, and how long is waited: against a clock that only sleeping moves."""

from __future__ import annotations

import time

import pytest

from comet.backup import patience
from comet.backup.patience import Patience
from comet.core.errors import Stopped, WaitError


class Clock:
    """Time that passes while somebody sleeps."""

    now = 1000.0

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Let time pass by sleeping alone."""
    made = Clock()
    monkeypatch.setattr(time, "monotonic", lambda: made.now)
    monkeypatch.setattr(time, "sleep", made.sleep)
    monkeypatch.delenv("COMET_YM_HASTE", raising=False)
    return made


def never() -> None:
    """Wish nothing."""


def test_each_family_is_asked_at_its_own_pace(clock: Clock) -> None:
    """In the first minute questions come up to a half slower; then exactly as often as they may."""
    patient = Patience(never)
    gaps = []
    for _question in range(400):
        before = clock.now
        patient.turn({"api": 1 / 3, "detailed": 1 / 2})
        gaps.append(clock.now - before)
    patient.turn({"another": 10.0})
    first, last = gaps[1:100], gaps[-100:]
    assert min(first) >= 0.499
    assert max(first) <= 0.751
    assert len({round(gap, 3) for gap in first}) > 10
    assert all(abs(gap - 0.5) < 1e-6 for gap in last)


def test_refusals_are_waited_out_ever_longer_and_then_end_the_run(clock: Clock) -> None:
    """60, 300 and 600 s; the fourth refusal within an hour is an error that says how long to wait."""
    told: list[str] = []
    patient = Patience(never, told.append)
    waits = []
    for _refusal in range(3):
        before = clock.now
        patient.refuse("users", None)
        waits.append(round(clock.now - before))
    assert waits == [60, 300, 600]
    assert len(told) == 3
    patient.refuse("media", None)  # another family has its own count
    with pytest.raises(WaitError) as caught:
        patient.refuse("users", None)
    assert caught.value.seconds == 600
    assert caught.value.exit_code == 13


def test_refusals_are_forgotten_after_an_hour(clock: Clock) -> None:
    """What was refused in the morning does not end the run in the evening."""
    patient = Patience(never)
    for _refusal in range(6):
        before = clock.now
        patient.refuse("users", None)
        assert round(clock.now - before) == 60
        clock.sleep(3600)


@pytest.mark.parametrize(("said", "waited"), [(7.0, 7), (0.0, 1), (600.0, 600)])
def test_the_service_says_how_long(clock: Clock, said: float, waited: int) -> None:
    """Its own time is kept, and a second at least."""
    before = clock.now
    Patience(never).refuse("users", said)
    assert round(clock.now - before) == waited


def test_a_wait_that_is_too_long_is_left_to_the_next_run(clock: Clock) -> None:
    """More than ten minutes end the run at once, and the error says how long."""
    before = clock.now
    with pytest.raises(WaitError) as caught:
        Patience(never).refuse("users", 3000.0)
    assert caught.value.seconds == 3000
    assert clock.now == before


@pytest.mark.parametrize("wait", ["turn", "back_off", "refuse", "sleep"])
def test_every_wait_looks_whether_to_stop(clock: Clock, wait: str) -> None:
    """A wish to stop is answered within a tenth of a second, however long the wait is."""
    wished = clock.now + 0.35

    def check() -> None:
        if clock.now >= wished:
            raise Stopped

    patient = Patience(check)
    patient._due["api"] = clock.now + 100
    waits = {
        "turn": lambda: patient.turn({"api": 100.0}),
        "back_off": lambda: patient.back_off(9),
        "refuse": lambda: patient.refuse("users", None),
        "sleep": lambda: patient.sleep(100),
    }
    with pytest.raises(Stopped):
        waits[wait]()
    assert clock.now - wished <= patience._SLICE
