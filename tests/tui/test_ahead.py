"""Tags are read beside the screen and ahead of the cursor, and nothing is confirmed before they were seen."""

from __future__ import annotations

import threading

import pytest

from comet.core.errors import DatabaseError
from comet.core.merged import Settled
from comet.core.model import Proposal
from comet.core.profiles import Profile
from comet_tui.app import CometApp
from comet_tui.found import Looked
from comet_tui.session import Session
from comet_tui.walk import Fate
from tests.tui.conftest import Made
from tests.tui.looks import Clock, joined_text, pane, review, said, seen, settled, there, until


async def test_tags_are_confirmed_when_they_were_seen(tagged: Made) -> None:
    """While they are being read, Enter says so and does nothing; a slow group keeps no other one waiting."""
    gate = threading.Event()

    class Slow(Session):
        def looked(self, profile: Profile, proposal: Proposal, settled: Settled, *, chosen: bool) -> Looked:
            if b"a." in proposal.group.tracks[0].file.path:
                gate.wait(60)
            return super().looked(profile, proposal, settled, chosen=chosen)

    clock = Clock()
    app = CometApp(Slow(tagged.home), clock)
    async with app.run_test(size=(80, 24)) as pilot:
        await seen(pilot, "a.flac · 2 tracks", "Tags · reading tags …")
        await pilot.pause()  # and is as high as it will be: from then on it counts as seen
        clock.now += 10
        await pilot.press("enter")
        assert "the tags are still being read" in said(pilot)
        assert review(app)._walk.items[0].fate is Fate.OPEN
        await pilot.press("J")
        await seen(pilot, "b.flac · 2 tracks", "1 added")
        await pilot.press("K")
        await seen(pilot, "a.flac · 2 tracks", "Tags · reading tags …")
        gate.set()
        await there(pilot, "2 conflicts")
        clock.now += 0.1
        await pilot.press("enter")
        assert not pane(pilot).rows.has_focus
        clock.now += 0.5
        await pilot.press("enter")
        assert pane(pilot).rows.has_focus


@pytest.mark.slow
async def test_tags_that_come_while_the_cursor_rests_are_shown(tagged: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that was asked for ahead may come just after the group did, before its own asking begins."""
    gate, asked = threading.Event(), threading.Event()

    class Slow(Session):
        def looked(self, profile: Profile, proposal: Proposal, settled: Settled, *, chosen: bool) -> Looked:
            if b"b." in proposal.group.tracks[0].file.path:
                asked.set()
                gate.wait(60)
            return super().looked(profile, proposal, settled, chosen=chosen)

    app = CometApp(Slow(tagged.home))
    async with app.run_test(size=(80, 24)) as pilot:
        await seen(pilot, "a.flac · 2 tracks", "2 conflicts")
        await until(pilot, asked.is_set)
        monkeypatch.setattr("comet_tui.screens.tags._REST", 3.0)
        await pilot.press("J")
        await seen(pilot, "b.flac · 2 tracks", "Tags · reading tags …")
        gate.set()
        await seen(pilot, "1 added")


async def test_a_group_is_asked_for_once_and_the_next_one_ahead(tagged: Made) -> None:
    """When the cursor gets to the next group its tags are there; whoever passes by asks for nothing."""
    asked: list[str] = []

    class Counting(Session):
        def looked(self, profile: Profile, proposal: Proposal, settled: Settled, *, chosen: bool) -> Looked:
            asked.append(proposal.group.tracks[0].file.path.decode().rpartition("/")[2][0])
            return super().looked(profile, proposal, settled, chosen=chosen)

    app = CometApp(Counting(tagged.home))
    async with app.run_test(size=(80, 24)) as pilot:
        await there(pilot, "a.flac")
        await until(pilot, lambda: asked == ["a", "b"])
        await settled(pilot)
        await pilot.press("J")
        assert pane(pilot).merged is not None
        await until(pilot, lambda: asked == ["a", "b", "c"])
        await pilot.press("K", "J", "K")
        await settled(pilot)
        assert asked == ["a", "b", "c"]


async def test_tags_that_cannot_be_read_are_told(tagged: Made) -> None:
    """Nothing is confirmed without them, unless each file shall keep its own."""

    class Broken(Session):
        def looked(self, profile: Profile, proposal: Proposal, settled: Settled, *, chosen: bool) -> Looked:
            if settled.own:
                return super().looked(profile, proposal, settled, chosen=chosen)
            raise DatabaseError("`cache` is \x1b broken", hint="delete it")

    clock = Clock()
    app = CometApp(Broken(tagged.home), clock)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await seen(pilot, r"! `cache` is \x1b broken · delete it")
        clock.now += 10
        await pilot.press("enter")
        assert "with m each file keeps its own" in joined_text(app)
        await pilot.press("t", "m")
        await there(pilot, "each file keeps its own")
        clock.now += 10
        await pilot.press("enter")
        await settled(pilot)
        assert set(tagged.held()) == {"a.mp3"}
