"""Work that is mostly short: what is said while somebody waits for it."""

from __future__ import annotations

import time

import pytest

from comet.cli import console
from comet.core.job import Job
from comet.core.model import Stage


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what is told after a second be told after a third of one."""
    monkeypatch.setattr(console, "_SILENT", 0.3)


def test_a_long_question_says_what_it_waits_for(capsys: pytest.CaptureFixture[str]) -> None:
    """A second without a word is too long; on standard output there is the answer only."""
    assert console.asked(lambda _job: time.sleep(0.5) or "answer") == "answer"  # type: ignore[func-returns-value]
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "reading what is known of the collection\n")


def test_a_short_question_and_one_that_shows_progress_say_nothing_more(capsys: pytest.CaptureFixture[str]) -> None:
    """Who answers at once, or shows how far it is, need not say what it does."""

    def work(job: Job) -> None:
        with job.stage(Stage.JUDGE, 3) as advance:
            time.sleep(0.5)
            advance(3)

    console.asked(lambda _job: None)
    console.asked(work)
    assert "reading" not in capsys.readouterr().err
