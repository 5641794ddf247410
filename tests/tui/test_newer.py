"""A job ends while one looks at something: what is newer is told and shown, and nobody loses anything by that."""

from __future__ import annotations

import os

from textual.pilot import Pilot

from comet_tui.walk import Fate
from comet_tui.widgets.lines import Bar
from comet_tui.widgets.rows import Rows
from tests.tui.conftest import Made
from tests.tui.looks import Clock, review, said, seen, settled, there, to_field, until


def job_ended(pilot: Pilot[None]) -> None:
    """Let it be noticed that a job of the profile has ended."""
    review(pilot.app).session.reading += 1


async def test_what_is_newer_comes_by_itself_where_that_loses_nothing(collection: Made) -> None:
    """Where the group under the cursor is the same in it: with what was chosen, on the same track, in the same list."""
    async with collection.app().run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        screen = review(pilot.app)
        await pilot.press("J", "G", "k", "space")
        chosen = screen._item.proposal.keep
        assert screen._item.chosen
        collection.file(b"new.flac", 90_000_000, of=collection.file(b"new (1).flac", 80_000_000))
        job_ended(pilot)
        await seen(pilot, "a job has ended: this was read again", "3 groups left", "Слеза.flac · 3 tracks")
        assert (screen._item.proposal.keep, screen.query_one("#tracks", Rows).cursor) == (chosen, 2)
        assert screen.query_one("#tracks", Rows).has_focus


async def test_enter_counts_only_for_what_was_seen(real: Made) -> None:
    """A group that is another one now is not put under somebody's finger: the next key shows it, and does no more."""
    clock = Clock()
    async with real.app(clock).run_test(size=(80, 24)) as pilot:
        await there(pilot, "a.flac")
        screen = review(pilot.app)
        real.track("new/a.flac", real.music / "flac/a.flac", of=1)
        before = real.there()
        job_ended(pilot)
        await seen(pilot, "a job has ended and has changed this", "newer: r", "a.flac · 3 tracks")
        clock.now += 10
        await pilot.press("enter")
        await seen(pilot, "this is how it is now; nothing was done", "a.flac · 4 tracks")
        await there(pilot, "a.flac")
        assert not screen.query_one(Bar).busy
        assert {item.fate for item in screen._walk.items} == {Fate.OPEN}
        clock.now += 0.2
        await pilot.press("enter")
        assert screen._walk.items[0].fate is Fate.OPEN
        clock.now += 10
        await pilot.press("enter")
        await settled(pilot)
        assert len(before) - len(real.there()) == 3


async def test_who_is_at_the_tags_is_not_disturbed(tagged: Made) -> None:
    """While a field is being typed nothing is read into the screen; when the tags are left it comes."""
    async with tagged.app().run_test(size=(80, 24)) as pilot:
        await there(pilot, "a.flac")
        await to_field(pilot, "title")
        await pilot.press("e")
        job_ended(pilot)
        await until(pilot, lambda: review(pilot.app).newer is not None)
        await pilot.press("x", "y", "enter", "escape")
        await seen(pilot, "a job has ended: this was read again")
        await there(pilot, "a.flac")
        item = review(pilot.app)._item
        assert item is not None
        assert item.settled.fields["title"] == ("Roadsxy",)


async def test_what_was_done_is_still_undone_after_it(real: Made) -> None:
    """Groups that were confirmed stay in the list, and u takes them back."""
    before = real.there()
    async with real.app().run_test(size=(80, 24)) as pilot:
        await there(pilot, "a.flac")
        await pilot.press("enter")
        await settled(pilot)
        await until(pilot, lambda: "kept 1, 2 files moved" in said(pilot))
        job_ended(pilot)
        await seen(pilot, "a job has ended", "✓ held", "2 groups left")
        await pilot.press("u")
        await seen(pilot, "3 groups left", "everything is where it was")
    assert real.there() == before


async def test_what_was_done_in_part_is_still_undone_after_it(tagged: Made) -> None:
    """Tags were written and a track could not go: read again the group is another one, and u takes the tags back."""
    kept, gone = tagged.music / "flac/b.flac", tagged.music / "mp3/b.mp3"
    before = kept.read_bytes()
    async with tagged.app().run_test(size=(80, 24)) as pilot:
        await there(pilot, "a.flac")
        await pilot.press("J")
        await there(pilot, "b.flac")
        os.link(gone, tagged.music.parent / "link")
        await pilot.press("enter")
        await seen(pilot, "hard links")
        assert kept.read_bytes() != before
        job_ended(pilot)
        await seen(pilot, "read again", "failed")
        await pilot.press("u")
        await until(pilot, lambda: kept.read_bytes() == before)
