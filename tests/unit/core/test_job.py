"""The job: reports at most so often, stops at a unit's edge, waits while paused."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from comet.core.errors import Stopped
from comet.core.job import Control, Event, Job, Progress
from comet.core.model import Problem, Stage


def test_the_first_and_last_step_are_always_reported() -> None:
    """However fast a stage is, a face sees it begin and end."""
    seen: list[Event] = []
    with Job(seen.append, every=3600).stage(Stage.SCAN, 3, "/m") as advance:
        for _number in range(3):
            advance()
    assert seen == [Progress(Stage.SCAN, "/m", 0, 3), Progress(Stage.SCAN, "/m", 3, 3, finished=True)]


def test_steps_between_are_held_back() -> None:
    """A hundred thousand files do not make a hundred thousand events."""
    seen: list[Event] = []
    with Job(seen.append, every=3600).stage(Stage.SCAN, 100_000) as advance:
        for _step in range(100_000):
            advance()
    assert seen == [
        Progress(Stage.SCAN, "", 0, 100_000),
        Progress(Stage.SCAN, "", 100_000, 100_000, finished=True),
    ]


def test_a_step_after_a_while_is_told() -> None:
    """With its note."""
    seen: list[Event] = []
    with Job(seen.append, every=0).stage(Stage.SCAN, 3) as advance:
        advance(2, "note")
    assert Progress(Stage.SCAN, "", 2, 3, "note") in seen


def test_problems_are_never_held_back() -> None:
    """Each bad file is told."""
    seen: list[Event] = []
    job = Job(seen.append, every=3600)
    for number in range(5):
        job.problem(Stage.SCAN, b"/x", str(number))
    assert [event.error for event in seen if isinstance(event, Problem)] == ["0", "1", "2", "3", "4"]


def test_a_stop_ends_the_stage_after_the_unit_in_hand() -> None:
    """The unit that was finished counts, and the end is reported as it is."""
    seen: list[Event] = []
    job = Job(seen.append)

    def work() -> None:
        with job.stage(Stage.SCAN, 3) as advance:
            advance()
            job.stop()
            advance()
            pytest.fail("it went on")

    with pytest.raises(Stopped):
        work()
    assert seen[-1] == Progress(Stage.SCAN, "", 2, 3, finished=True)


def test_a_stop_before_the_stage_begins_nothing() -> None:
    """The next stage of a stopped job does not start."""
    job = Job()
    job.stop()
    with pytest.raises(Stopped), job.stage(Stage.SCAN):
        pytest.fail("it began")


def test_a_wish_to_stop_is_heard() -> None:
    """Somebody outside may stop a job through its control."""
    with pytest.raises(Stopped):
        Job(control=lambda: Control(stop=True), every=0).check()


def test_a_pause_holds_the_job_until_it_is_lifted() -> None:
    """A paused job waits, and goes on by itself."""

    def wishes() -> Iterator[Control]:
        yield from [Control(pause=True)] * 3
        while True:
            yield Control()

    left = wishes()
    Job(control=lambda: next(left), every=0.01).check()
    assert next(left) == Control()


def test_a_paused_job_can_be_stopped() -> None:
    """Ctrl-C works while it waits."""
    job = Job(control=lambda: Control(pause=True), every=0.01)
    timer = threading.Timer(0.05, job.stop)
    timer.start()
    with pytest.raises(Stopped):
        job.check()
    timer.join()


def test_control_is_not_asked_at_each_step() -> None:
    """A file on a NAS is not read for each of a million units."""
    asked = []

    def control() -> Control:
        asked.append(1)
        return Control()

    job = Job(control=control, every=3600)
    for _number in range(100):
        job.check()
    assert len(asked) <= 1
