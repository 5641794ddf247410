"""Albums in the review: what follows the one that is chosen, and tags of tracks that all stay for an album's sake."""

from __future__ import annotations

from pathlib import Path

import pytest

from comet.collection import decisions, tagged
from comet.core.job import Job
from comet.core.model import Choice
from comet_tui.walk import Fate
from tests.tui.conftest import Made
from tests.tui.looks import pane, review, said, seen, settled, tags, there, to_field


def three(made: Made, sounds: dict[str, Path], *fields: dict[str, str]) -> Made:
    """Return a profile with one recording three times, with these tags beside one title."""
    names = ("a.flac", "a.mp3", "a.ogg")
    one, two, last = (
        made.track(name, sounds[name], fields={"title": "Roads", **each})
        for name, each in zip(names, fields, strict=True)
    )
    made.pair(one, two)
    made.pair(one, last)
    made.pair(two, last)
    made.correlated()
    return made


def albums(made: Made, sounds: dict[str, Path], one: dict[str, str], two: dict[str, str]) -> None:
    """Let a profile have two folders with an album each, of which one track is the same recording."""
    first = made.track("A/a.flac", sounds["a.flac"], fields=one)
    other = made.track("B/a.mp3", sounds["a.mp3"], fields=two)
    made.track("A/b.flac", sounds["b.flac"], fields=one)
    made.track("B/c.mp3", sounds["c.mp3"], fields=two)
    with made._opened() as opened:
        tagged.fill(opened, opened.scanned_roots(), Job())
    made.pair(first, other)
    made.correlated()


async def test_a_conflict_of_another_album_is_none_any_more(made: Made, sounds: dict[str, Path]) -> None:
    """Two dates of the proposed album ask nothing once another album is chosen, which has one date."""
    found = three(
        made,
        sounds,
        {"album": "Dummy", "date": "1994"},
        {"album": "Dummy", "date": "1995"},
        {"album": "Best of", "date": "2000"},
    )
    async with found.app().run_test(size=(120, 40)) as pilot:
        await there(pilot, "a.flac")
        await seen(pilot, "! date")
        await to_field(pilot, "album")
        while review(pilot.app)._walk.items[0].settled.fields.get("album") != ("Best of",):
            await pilot.press("l")
        assert not [row.field for row in pane(pilot).merged.open]  # type: ignore[union-attr]
        await pilot.press("enter")
        await settled(pilot)
        assert set(found.held()) == {"a.mp3", "a.ogg"}
        assert tags(found.music / "a.flac") == {"title": ["Roads"], "album": ["Best of"], "date": ["2000"]}


@pytest.mark.parametrize("key", ["enter", "p"])
async def test_a_conflict_inside_the_chosen_album_is_settled(made: Made, sounds: dict[str, Path], key: str) -> None:
    """Two dates of the album that is chosen are asked about, though the proposed one has a single date."""
    found = three(
        made,
        sounds,
        {"album": "Dummy", "date": "1994"},
        {"album": "Best of", "date": "2001"},
        {"album": "Best of", "date": "2000"},
    )
    async with found.app().run_test(size=(120, 40)) as pilot:
        await there(pilot, "a.flac")
        await to_field(pilot, "album")
        while review(pilot.app)._walk.items[0].settled.fields.get("album") != ("Best of",):
            await pilot.press("l")
        await pilot.press("g", "k")
        await seen(pilot, "! date")
        if key == "enter":
            await pilot.press("enter")
            assert "1 conflict is left: date" in said(pilot)
            assert found.held() == {}
        await pilot.press(key)
        assert set(review(pilot.app)._walk.items[0].settled.fields) == {"album", "date"}
        if key == "p":
            await pilot.press("enter")
        await settled(pilot)
        assert set(found.held()) == {"a.mp3", "a.ogg"}
        (date,) = tags(found.music / "a.flac")["date"]
        assert date in {"2000", "2001"}


async def test_where_every_track_stays_its_tags_are_written(made: Made, sounds: dict[str, Path]) -> None:
    """Two albums share a track: nothing goes, Enter writes what a track lacks and settles the group, u undoes both."""
    one, two = {"title": "Roads", "album": "One"}, {"title": "Roads", "album": "Two", "artist": "Portishead"}
    albums(made, sounds, one, two)
    before = made.there()
    async with made.app().run_test(size=(80, 24)) as pilot:
        await there(pilot, "2 tracks")
        assert review(pilot.app)._walk.items[0].proposal.whole
        await pilot.press("enter")
        await settled(pilot)
        assert "all tracks stay, tags of 1 file written" in said(pilot)
        assert tags(made.music / "A/a.flac") == {"title": ["Roads"], "album": ["One"], "artist": ["Portishead"]}
        with made._opened() as opened:
            assert [each.choice for each in decisions.listed(opened)] == [Choice.KEEP]
        await pilot.press("u")
        await settled(pilot)
        assert made.there() == before
        with made._opened() as opened:
            assert decisions.listed(opened) == []
        await pilot.press("enter", "r")
        await settled(pilot)
        assert [item.fate for item in review(pilot.app)._walk.items] == [Fate.KEPT]


async def test_where_nothing_would_be_done_enter_says_so(made: Made, sounds: dict[str, Path]) -> None:
    """Two albums share a track whose tags are the same: every track stays, and nothing is decided."""
    one, two = {"title": "Roads", "album": "One"}, {"title": "Roads", "album": "Two"}
    albums(made, sounds, one, two)
    async with made.app().run_test(size=(80, 24)) as pilot:
        await there(pilot, "2 tracks")
        await pilot.press("enter")
        assert "every track stays, for an album would have a hole" in " ".join(said(pilot).split())
        assert review(pilot.app)._walk.items[0].fate is Fate.OPEN
