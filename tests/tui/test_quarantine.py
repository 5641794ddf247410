"""The quarantine and the history: what is held comes back with one key, and goes for ever by a typed number only."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing

import pytest
from textual.pilot import Pilot

from comet import changes, jobs
from comet.act import journal
from comet.act.journal import Journal
from comet.collection import groups, history, merging
from comet.core import pieces
from comet.core.acts import Do, Kind, Step
from comet.core.job import Job
from comet.core.model import Identity
from comet_tui.screens.quarantine import QuarantineScreen
from comet_tui.widgets.typed import Typed
from tests.tui.conftest import Made
from tests.tui.looks import joined_text, seen, settled, text, until

BOTH = [(80, 24), (120, 40)]


def confirm(made: Made, *numbers: int) -> None:
    """Apply some groups in one run."""
    with made._opened() as opened:
        found = groups.proposals(opened)
        changes.apply(opened, changes.plan(opened, merging.each(opened, [found[number] for number in numbers])), Job())


@pytest.fixture
def two_runs(real: Made) -> Iterator[Made]:
    """Return a profile with two runs: group `a`, then `b` and `c` together."""
    confirm(real, 0)
    confirm(real, 0, 1)
    assert set(real.held()) == {"a.mp3", "a.ogg", "b.mp3", "c.mp3"}
    return real


async def open_quarantine(pilot: Pilot[None]) -> QuarantineScreen:
    """Go to the screen."""
    await settled(pilot)
    await pilot.press("8")
    await until(pilot, lambda: isinstance(pilot.app.screen, QuarantineScreen))
    await settled(pilot)
    assert isinstance(pilot.app.screen, QuarantineScreen)
    return pilot.app.screen


async def ended(pilot: Pilot[None], made: Made) -> list[jobs.JobState]:
    """Wait until the job that was started has ended, and return all."""
    end = time.monotonic() + 90
    while not (found := jobs.listed(made.home.profile("music"))) or found[0].runs:
        assert time.monotonic() < end
        await pilot.pause(0.1)
    return found


@pytest.mark.parametrize("size", BOTH)
async def test_what_is_held_and_what_was_done_stands_there(two_runs: Made, size: tuple[int, int]) -> None:
    """Files with size and age and what was kept in their place, runs with what is left of them."""
    async with two_runs.app().run_test(size=size) as pilot:
        await open_quarantine(pilot)
        await seen(pilot, "4 files held", "oldest", "0 min", "mp3/a.mp3", "2 runs", "removed", "2 done")
        await seen(pilot, "kept: …", "flac/a.flac")


async def test_at_forty_columns_one_list_is_there_at_a_time(two_runs: Made) -> None:
    """Tab leads from what is held to the runs."""
    async with two_runs.app().run_test(size=(40, 12)) as pilot:
        await open_quarantine(pilot)
        await seen(pilot, "4 files held")
        await pilot.press("tab")
        await seen(pilot, "2 runs")


async def test_what_was_left_after_a_crash_is_told(real: Made) -> None:
    """The old content of a file into which somebody has written since is named with its path while it is there."""
    info = (real.music / "flac/a.flac").stat()
    file = Identity(real._root.id, b"flac/a.flac", info.st_size, info.st_mtime_ns, "")
    temp, old = real.music / "flac/.comet-0123456789abcdef.flac", (real.music / "flac/a.flac").read_bytes()
    temp.write_bytes(old)
    (real.music / "flac/a.flac").write_bytes(b"somebody else's")
    with closing(Journal(journal.path_of(real.home.profile("music")))) as book:
        hashes = {
            "after": {"hash": pieces.digest([b"new"]), "temp": temp.name},
            "reverse": {"hash": pieces.digest([old])},
        }
        book.intend(book.begin("apply"), 1, Kind.WRITE_TAGS, Step(Do.WRITE_TAGS, file, "g", "why"), **hashes)
    async with real.app().run_test(size=(80, 24)) as pilot:
        await open_quarantine(pilot)
        await seen(pilot, "! left after a crash, for it may be nowhere else: `/tmp")
        assert temp.name in joined_text(pilot.app).replace(" ", "")
        assert temp.read_bytes() == old
        temp.unlink()
        await pilot.press("r")
        await until(pilot, lambda: "left after a crash" not in text(pilot.app))


@pytest.mark.parametrize("size", BOTH)
async def test_one_file_is_put_back(two_runs: Made, size: tuple[int, int]) -> None:
    """U in the list of files puts back the one under the cursor, and the review has its group again."""
    async with two_runs.app().run_test(size=size) as pilot:
        await open_quarantine(pilot)
        await pilot.press("u")
        await settled(pilot)
        await seen(pilot, "✓ 1 change taken back", "3 files held")
        assert "mp3/a.mp3" in two_runs.there()
        await pilot.press("3")
        await seen(pilot, "1 group left", "a.flac · 2 tracks")


async def test_a_run_of_one_group_is_put_back_here(two_runs: Made) -> None:
    """U in the list of runs takes back all that the run did; of one that has nothing left it says so."""
    async with two_runs.app().run_test(size=(80, 24)) as pilot:
        await open_quarantine(pilot)
        await pilot.press("tab", "j", "u")
        await settled(pilot)
        await seen(pilot, "✓ 2 changes taken back", "2 put back")
        assert {"mp3/a.mp3", "ogg/a.ogg"} <= set(two_runs.there())
        await pilot.press("u")  # the cursor is still on that run, though the undoing came before it
        await seen(pilot, "there is nothing left to undo of this run")
        assert len(two_runs.held()) == 2
    assert jobs.listed(two_runs.home.profile("music")) == []


async def test_a_run_of_several_groups_is_put_back_by_a_job(two_runs: Made) -> None:
    """More than one group is no work for a screen that may be closed."""
    async with two_runs.app().run_test(size=(80, 24)) as pilot:
        await open_quarantine(pilot)
        await pilot.press("tab", "u")
        await seen(pilot, "a job puts it back")
        (job,) = await ended(pilot, two_runs)
        assert (job.state, job.command.split()[0]) == ("done", "undo")
        assert {"mp3/b.mp3", "mp3/c.mp3"} <= set(two_runs.there())
        await seen(pilot, "2 files held")


@pytest.mark.parametrize("typed", ["", "1", "3", "22", "yes", " 2 2 "])
async def test_another_number_frees_nothing(two_runs: Made, typed: str) -> None:
    """Only the exact number of files is taken for a yes."""
    async with two_runs.app().run_test(size=(80, 24)) as pilot:
        screen = await open_quarantine(pilot)
        await pilot.press("p")
        await seen(pilot, "type 2 to free", "for ever: this run and all older ones")
        line = screen.query_one("#purge", Typed)
        line.value = typed
        await pilot.press("enter")
        await seen(pilot, "nothing was purged")
        await settled(pilot)
        assert not line.display
    assert len(two_runs.held()) == 4
    assert jobs.listed(two_runs.home.profile("music")) == []


@pytest.mark.parametrize(("keys", "number", "left"), [(["G"], 4, set()), (["tab", "j"], 2, {"b.mp3", "c.mp3"})])
async def test_the_number_frees_what_was_meant(two_runs: Made, keys: list[str], number: int, left: set[str]) -> None:
    """At the end of the list it is everything that is held, in the list of runs one run; a job does it."""
    there = two_runs.there()
    async with two_runs.app().run_test(size=(80, 24)) as pilot:
        await open_quarantine(pilot)
        await pilot.press(*keys, "p")
        await seen(pilot, f"type {number} to free")
        await pilot.press(str(number), "enter")
        await seen(pilot, f"a job purges {number} files")
        (job,) = await ended(pilot, two_runs)
        assert job.state == "done", job.error
        await seen(pilot, f"{len(left)} files held")
    assert set(two_runs.held()) == left
    assert two_runs.there() == there


async def test_esc_leaves_the_number(two_runs: Made) -> None:
    """What was begun to be typed is forgotten, and the next Enter means nothing."""
    async with two_runs.app().run_test(size=(80, 24)) as pilot:
        await open_quarantine(pilot)
        await pilot.press("p", "2", "escape")
        await seen(pilot, "nothing was purged")
        await pilot.press("enter", "2", "enter")
        await settled(pilot)
    assert len(two_runs.held()) == 4


async def test_what_cannot_be_put_back_says_why(two_runs: Made) -> None:
    """Where something else is in its place by now, the file stays held and the reason is told."""
    (two_runs.music / "mp3/a.mp3").write_bytes(b"something else")
    async with two_runs.app().run_test(size=(80, 24)) as pilot:
        await open_quarantine(pilot)
        await pilot.press("u")
        await settled(pilot)
        await seen(pilot, "! ", "4 files held")
    assert (two_runs.music / "mp3/a.mp3").read_bytes() == b"something else"


async def test_nothing_is_held_is_no_error(collection: Made) -> None:
    """With nothing held and nothing done every key is taken."""
    async with collection.app().run_test(size=(80, 24)) as pilot:
        await open_quarantine(pilot)
        await seen(pilot, "0 files held", "0 runs")
        await pilot.press("u", "p", "tab", "u", "p", "escape", "enter")
        await seen(pilot, "nothing of this is held")
    with collection._opened() as opened:
        assert history.runs(opened) == []
