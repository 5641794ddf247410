"""The scan screen: a job of its own at work, seen and steered from here, and what is known below it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from comet import jobs
from comet.core.job import Control, Listing, Memory, Progress
from comet.core.model import Problem, Stage
from comet.jobs import JobState, Record
from comet_tui.screens import working
from comet_tui.screens.scan import ScanScreen
from comet_tui.screens.working import Paces
from comet_tui.widgets.page import Page
from tests.factories import tune, write
from tests.tui.conftest import Made
from tests.tui.looks import SIZES, lines, seen, settled, text, until


@contextmanager
def at_work(made: Made, command: str = "full --profile music") -> Iterator[Record]:
    """Let a job of the profile be at work, as another process would."""
    with jobs.recorded(made.home.profile("music"), command) as record:
        yield record


@pytest.mark.parametrize("size", SIZES)
async def test_nothing_scanned_begins_here(made: Made, size: tuple[int, int]) -> None:
    """A profile of which nothing is known opens this screen, which names its folder and the key that begins."""
    async with made.app().run_test(size=size) as pilot:
        await until(pilot, lambda: isinstance(pilot.app.screen, ScanScreen))
        await settled(pilot)
        await seen(
            pilot, "2 Scan", "no job yet · Enter starts one", "not yet", "nothing is known of profile `music` yet"
        )
        made.file(b"a.mp3", of=made.file(b"b.mp3"))
        await pilot.press("r")
        await seen(pilot, "Next")
        await pilot.press("3")
        await seen(pilot, "2 tracks · frees 10.0 MB")


@pytest.mark.parametrize("size", SIZES)
async def test_the_state_tells_what_is_known(collection: Made, size: tuple[int, int]) -> None:
    """Folders, files by format, problems, pairs, groups, saving and the next step are all there."""
    async with collection.app().run_test(size=size) as pilot:
        await settled(pilot)
        await pilot.press("2")
        await settled(pilot)
        shown = ""
        page = pilot.app.screen.query_one(Page)
        while page.scroll_offset.y < page.max_scroll_y or not shown:
            await pilot.pause()
            shown += text(pilot.app)
            await pilot.press("pagedown")
        await pilot.pause()
        words = " ".join((shown + text(pilot.app)).split())
        for each in ("flac 3", "mp3 5", "problems 0", "saving 31.1 MB", "21 of 21, 100.0 %", "press 3 to walk"):
            assert each in words


async def test_pairs_that_are_missing_are_the_next_step(collection: Made) -> None:
    """With a new track not everything is compared: never 100 %, and the key and the command stand there."""
    collection.file(b"new.mp3")
    async with collection.app().run_test(size=(100, 40)) as pilot:
        await settled(pilot)
        await pilot.press("2")
        await seen(pilot, "21 of 28, 75.0 %", "press Enter, or run `comet correlate`")


@pytest.mark.parametrize("size", SIZES)
async def test_a_job_is_seen_at_work(collection: Made, size: tuple[int, int]) -> None:
    """Each folder has a line that moves with the job, below stand its memory and its problems."""
    with at_work(collection) as record:
        record.report(Progress(Stage.SCAN, str(collection.music), 3, 8, "Artist/one.mp3"))
        record.report(Memory(3_000_000_000, 1_200_000_000, 4096))
        async with collection.app().run_test(size=size) as pilot:
            await settled(pilot)
            await pilot.press("2")
            await seen(pilot, "▶ running", "3 / 8", "1.2 GB of 3.0 GB")
            if size[0] >= 80:
                await seen(pilot, "comet full --profile music", "one.mp3", "chunk of 4,096 units")
            record.report(Problem(Stage.SCAN, b"/m/bad.mp3", "no music"))
            record.report(Progress(Stage.SCAN, str(collection.music), 8, 8, finished=True))
            record.report(Progress(Stage.CORRELATE, "", 5, 21))
            await seen(pilot, "8 / 8", "correlat", "5 / 21")
            if size[0] >= 80:
                await seen(pilot, "1 problem")


async def test_space_lets_it_wait_and_s_ends_it(collection: Made) -> None:
    """What is pressed arrives at the job as a wish; Enter starts no second one beside it."""
    with at_work(collection) as record:
        async with collection.app().run_test(size=(80, 24)) as pilot:
            await settled(pilot)
            await pilot.press("2")
            await seen(pilot, "▶ running")
            await pilot.press("space")
            await until(pilot, lambda: record.control().pause)
            await seen(pilot, "‖ waits")
            await pilot.press("space")
            await until(pilot, lambda: not record.control().pause)
            await seen(pilot, "▶ running")
            await pilot.press("enter")
            await seen(pilot, "of this profile runs", "wait for it, or stop it with s")
            assert record.control() == Control()
            await pilot.press("s")
            await until(pilot, lambda: record.control().stop)
            assert len(jobs.listed(collection.home.profile("music"))) == 1


async def test_without_a_job_there_is_nothing_to_steer(collection: Made) -> None:
    """Space and s say so, and start nothing."""
    async with collection.app().run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("2")
        await seen(pilot, "no job yet")
        for key in ("space", "s"):
            await pilot.press(key)
            await seen(pilot, "no job of this profile runs; Enter starts one")
    assert jobs.listed(collection.home.profile("music")) == []


async def test_when_a_job_ends_everything_is_read_anew(collection: Made) -> None:
    """What it has found is there without a key, here at once and on the other screens when they are looked at."""
    async with collection.app().run_test(size=(80, 24)) as pilot:
        await seen(pilot, "2 groups left")
        with at_work(collection):
            await pilot.press("2")
            await seen(pilot, "▶ running", "music 8")
            collection.file(b"new.flac", 90_000_000, of=collection.file(b"new (1).flac", 80_000_000))
        await seen(pilot, "✓ done", "music 10")
        await pilot.press("3")
        await seen(pilot, "3 groups left")


async def test_a_job_that_ended_while_one_was_elsewhere_is_noticed(collection: Made) -> None:
    """The review does not show what a job has changed meanwhile as if it still held."""
    async with collection.app().run_test(size=(80, 24)) as pilot:
        await seen(pilot, "2 groups left")
        await pilot.press("4")
        with at_work(collection):
            collection.file(b"new.flac", 90_000_000, of=collection.file(b"new (1).flac", 80_000_000))
        await pilot.press("3")
        await seen(pilot, "3 groups left")


async def test_nothing_is_painted_where_nothing_moves(collection: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    """With no job at work a look draws no line again, so that an idle screen sends nothing."""
    drawn = []
    row = working.row
    monkeypatch.setattr(working, "row", lambda *words: (drawn.append(words), row(*words))[1])
    async with collection.app().run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("2")
        await settled(pilot)
        await seen(pilot, "no job yet")
        screen = pilot.app.screen
        assert isinstance(screen, ScanScreen)
        await screen._look()
        await pilot.pause()
        drawn.clear()
        for _time in range(5):
            await screen._look()
            await pilot.pause()
        assert drawn == []


async def test_enter_runs_the_whole_line(made: Made) -> None:
    """From an empty profile to groups with one key, in a process of its own that outlives this one."""
    made.music.mkdir(exist_ok=True)
    write(made.music / "one.flac", tune(1, 20.0))
    write(made.music / "two.mp3", tune(1, 20.0))
    async with made.app().run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: isinstance(pilot.app.screen, ScanScreen))
        await settled(pilot)
        await pilot.press("enter", "enter")
        end = time.monotonic() + 150
        while not (found := jobs.listed(made.home.profile("music"))) or found[0].runs:
            assert time.monotonic() < end
            await pilot.pause(0.1)
        assert [job.state for job in found] == ["done"]
        assert os.getsid(os.getpid()) != found[0].pid
        await seen(pilot, "press 3 to walk through the groups")
        await pilot.press("3")
        await seen(pilot, "1 group left", "one.flac")


def _job(state: str = "running", **stage: object) -> JobState:
    """Return a job that listens to `/m` since 1000."""
    told = {
        "done": 0,
        "total": 300,
        "note": "",
        "finished": False,
        "size": 0,
        "total_size": 0,
        "began": 1000.0,
        **stage,
    }
    return JobState("1", "/j/1", "scan", 1, state, 900.0, 0.0, {"scan /m": told}, 0, "")


def test_how_fast_it_goes_is_told_at_the_first_look() -> None:
    """The job says when a stage began, so that who comes late need not wait; what it waited is left out."""
    paces = Paces()
    assert paces.of(_job(done=100), "scan /m", 1010.0).rates(1010.0)[0] == 10.0
    paces.look(_job("paused", done=100), 1010.0)
    paces.look(_job("paused", done=100), 4610.0)
    assert paces.of(_job(done=100), "scan /m", 4610.0).rates(4610.0)[0] == 10.0
    assert paces.of(_job(done=5, began=4600.0), "scan /m", 4610.0).rates(4610.0)[0] == 0.5


@contextmanager
def several(made: Made, *roots: Path) -> Iterator[Record]:
    """Let a scan of several roots be at work: one done, one at work, one to come, one away."""
    listings = [
        Listing(str(roots[0]), 12, 9, 0, 0, 90_000_000),
        Listing(str(roots[1]), 183_221, 183_221, 0, 0, 4_100_000_000_000),
        Listing(str(roots[2]), 4_000, 12, 3, 1, 1_200_000_000, stale=2),
        Listing(str(roots[3]), 0, 0, 0, 0, 0, away="it is missing"),
    ]
    with at_work(made) as record:
        for root, listing in zip(roots[:3], listings, strict=False):
            record.report(Progress(Stage.WALK, str(root), 0, None))
            record.report(Progress(Stage.WALK, str(root), listing.files, None, finished=True))
        for listing in listings:
            record.report(listing)
        record.report(Progress(Stage.SCAN, str(roots[0]), 9, 9, "", True, 90_000_000, 90_000_000))
        record.report(Listing(str(roots[1]), 183_222, 3, 1, 2, 4_100_000_000_000, again=True))
        record.report(
            Progress(Stage.SCAN, str(roots[1]), 0, 183_222, total_size=4_100_000_000_000),
        )
        record.report(Problem(Stage.SCAN, os.fsencode(roots[1] / "bad.mp3"), "it is empty"))
        key = f"scan {roots[1]}"
        record._shown["stages"][key]["began"] -= 50_000
        record.report(
            Progress(
                Stage.SCAN,
                str(roots[1]),
                41_034,
                183_222,
                "Artist/one.flac",
                False,
                1_025_000_000_000,
                4_100_000_000_000,
            )
        )
        record.report(Memory(3_000_000_000, 1_200_000_000))  # with which what was held back is written too
        yield record


@pytest.mark.parametrize("size", SIZES)
async def test_several_roots_are_seen_one_by_one(collection: Made, size: tuple[int, int]) -> None:
    """Of each: files and bytes done of all, rate, time left by the bytes, problems, and what the look at it found."""
    roots = [collection.music, *(collection.music.parent / name for name in ("lossless", "old", "usb"))]
    collection.profile("".join(f"  {root}\n" for root in roots[1:]))
    with several(collection, *roots):
        async with collection.app().run_test(size=size) as pilot:
            await settled(pilot)
            await pilot.press("2")
            await seen(pilot, "▶ running", "41,034 / 183,2")
            if size[0] >= 80:
                await seen(pilot, "41,034 / 183,222 1.0 TB / 4.1 TB 41:4", "left 0.8/s", "! 1", "9 new, 90.0 MB")
                await seen(pilot, "12 new, 3 changed, 1 gone, 2 once more, 1.2 GB", "away: it is missing")
            if size[0] >= 120:
                await seen(pilot, "0.8/s 20.5 MB/s ! 1")
            shown = lines(pilot.app)
            await pilot.press("9", "enter")
            if size[0] >= 120:
                await seen(pilot, "41,034 / 183,222 · 1.0 TB / 4.1 TB", "since then 3 added, 1 changed, 2 gone")
    assert [root.name in each for root, each in zip(roots, shown[2:6], strict=True)] == [True] * 4
