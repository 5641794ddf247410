"""A folder that does not answer is named, and the screen stays alive meanwhile."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from comet_tui import asleep
from comet_tui.screens import base
from comet_tui.session import Session
from tests.tui.conftest import Made
from tests.tui.looks import seen, settled


def test_who_does_not_answer_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that is there answers, one that is not does too; one that lets everybody wait is named."""
    monkeypatch.setattr(asleep, "_PATIENCE", 0.05)
    awake = threading.Event()

    def look(path: str) -> object:
        return awake.wait(30) if path == "/asleep" else os.stat(path)

    folders = [str(tmp_path), str(tmp_path / "gone"), "/asleep"]
    try:
        assert asleep.silent(folders, look) == "/asleep"
        assert asleep.silent(folders[:2], look) == ""
    finally:
        awake.set()


async def test_what_takes_long_says_so(collection: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    """After some seconds the title says how long it is read already, or for which folder; keys work all the while."""
    monkeypatch.setattr(base, "_LATE", 0.05)
    answers, goes = ["/mnt/music", ""], threading.Event()
    monkeypatch.setattr(base, "silent", lambda _folders: answers.pop(0) if len(answers) > 1 else answers[0])
    review = Session.review
    monkeypatch.setattr(Session, "review", lambda self: goes.wait(30) and review(self))
    async with collection.app().run_test() as pilot:
        await seen(pilot, "waiting for /mnt/music 0:00")
        await seen(pilot, "reading … 0:00")
        await pilot.press("question_mark")
        await seen(pilot, "Keys")
        await pilot.press("escape")
        goes.set()
        await settled(pilot)
        await seen(pilot, "groups left")
