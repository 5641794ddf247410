"""The jobs screen: the jobs of all profiles, steered and read."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

from comet import jobs
from comet.core.errors import CometError
from comet.core.job import Progress
from comet.core.model import Stage
from comet_tui.widgets.page import Page
from tests.tui.conftest import Made
from tests.tui.looks import SIZES, lines, seen, settled, text, until


def failed(made: Made) -> None:
    """Let a job of the profile have failed."""
    error = CometError("the disk is gone")
    with suppress(CometError), jobs.recorded(made.home.profile("music"), "scan") as record:
        record.report(Progress(Stage.SCAN, "/m", 3, 8))
        Path(record.folder, "log").write_bytes(b"error: \x1b[31mthe disk is gone\xff\n")
        raise error


@pytest.mark.parametrize("size", SIZES)
async def test_jobs_of_all_profiles_stand_there(collection: Made, size: tuple[int, int]) -> None:
    """The newest first, with state, profile and command, and they move as they go on."""
    failed(collection)
    with jobs.recorded(collection.home.profile("other"), "full") as record:
        async with collection.app().run_test(size=size) as pilot:
            await settled(pilot)
            await pilot.press("9")
            await seen(pilot, "2 jobs · 1 at work", "▶ running", "! failed", "other", "music", "comet full")
            assert "▶ running" in lines(pilot.app)[2]
            record.report(Progress(Stage.CORRELATE, "", 5, 21))
            if size[0] >= 80:
                await seen(pilot, "correlating 5/21")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("back", ["enter", "escape"])
async def test_enter_tells_all_about_a_job(collection: Made, size: tuple[int, int], back: str) -> None:
    """Its stages, its error and what it printed, made safe; Enter and Esc lead back."""
    failed(collection)
    async with collection.app().run_test(size=size) as pilot:
        await settled(pilot)
        await pilot.press("9", "enter")
        await seen(pilot, "job", "state", "! failed")
        page, shown = pilot.app.screen.query_one(Page), ""
        while page.scroll_offset.y < page.max_scroll_y or not shown:
            shown += " ".join(text(pilot.app).split())
            await pilot.press("pagedown")
            await pilot.pause()
        shown += " ".join(text(pilot.app).split())
        for words in ("3 / 8", "the disk is gone", "What it printed", "\\x1b[31m"):
            assert words in shown
        await pilot.press(back)
        await until(pilot, lambda: not page.display)


async def test_jobs_are_steered(collection: Made) -> None:
    """Space and s reach the job under the cursor, also one of another profile; one that has ended says so."""
    with jobs.recorded(collection.home.profile("music"), "scan"):
        pass
    with jobs.recorded(collection.home.profile("other"), "full") as record:
        async with collection.app().run_test(size=(80, 24)) as pilot:
            await settled(pilot)
            await pilot.press("9")
            await seen(pilot, "▶ running")
            await pilot.press("space")
            await until(pilot, lambda: record.control().pause)
            await seen(pilot, "‖ waits")
            await pilot.press("space")
            await until(pilot, lambda: not record.control().pause)
            await pilot.press("s")
            await until(pilot, lambda: record.control().stop)
            await pilot.press("j", "s")
            await seen(pilot, "does not run")


async def test_no_job_takes_every_key(collection: Made) -> None:
    """An empty list is no error."""
    async with collection.app().run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("9")
        await seen(pilot, "0 jobs · none at work")
        await pilot.press("enter", "space", "s", "escape", "j", "G")
        await seen(pilot, "0 jobs")
