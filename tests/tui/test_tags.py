"""The merged tags in the review: what is shown, settled and written, and how many keys it takes."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from mutagen import flac, id3
from PIL import Image

from comet.collection import decisions
from comet.core.merged import Settled
from comet_tui.walk import Fate
from comet_tui.widgets.rows import Rows
from tests.tui.conftest import Made
from tests.tui.looks import Clock, pane, review, said, seen, settled, tags, there, to_field

BOTH = [(80, 24), (120, 40)]


def png(width: int) -> bytes:
    """Return a square picture."""
    out = io.BytesIO()
    Image.new("RGB", (width, width), (width, 0, 0)).save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def pictured(made: Made, sounds: dict[str, Path], tmp_path: Path) -> Made:
    """Return a profile with a FLAC that has a front cover, and its MP3 that has a smaller one and 14 more fields."""
    better, worse = tmp_path / "a.flac", tmp_path / "a.mp3"
    better.write_bytes(sounds["a.flac"].read_bytes())
    worse.write_bytes(sounds["a.mp3"].read_bytes())
    whole, cover = flac.FLAC(better), flac.Picture()
    cover.type, cover.mime, cover.data = 3, "image/png", png(20)
    whole["title"] = "Roads"
    whole.add_picture(cover)
    whole.save()
    frames = id3.ID3()
    frames.add(id3.TIT2(3, "Roads"))
    frames.add(id3.APIC(0, "image/png", 3, "", png(10)))
    for number in range(14):
        frames.add(id3.TXXX(3, f"F{number:02}", f"v{number}"))
    frames.save(worse)
    made.pair(made.track("A/a.flac", better), made.track("B/a.mp3", worse))
    made.correlated()
    return made


async def test_a_kind_of_picture_has_one(pictured: Made) -> None:
    """Space adds no second picture of a kind; l leads to the other one, and then to none."""
    async with pictured.app().run_test(size=(80, 24)) as pilot:
        await there(pilot, "a.flac")
        item = review(pilot.app)._walk.items[0]
        await pilot.press("t", "o")
        await to_field(pilot, "picture front")
        row = pane(pilot).row
        assert row is not None
        better, worse = (value.text for value in row.values)
        await pilot.press("l", "space")
        assert item.settled.fields == {"picture front": (worse,)}
        await pilot.press("l")
        assert item.settled.fields == {"picture front": ()}
        await pilot.press("l", "space")
        assert (item.settled.fields, row.merged) == ({}, (better,))


async def test_what_is_lost_stands_before_what_asks_nothing(pictured: Made) -> None:
    """A picture that no file will have is told where one sees it at 80x24, however many fields there are."""
    async with pictured.app().run_test(size=(80, 24)) as pilot:
        await there(pilot, "a.flac")
        await seen(pilot, "14 added", "nowhere after that: picture front")


@pytest.mark.parametrize("size", BOTH)
async def test_every_value_stands_there_with_its_tracks(tagged: Made, size: tuple[int, int]) -> None:
    """A conflict has its sign, the value that is proposed and the others with the numbers of their tracks."""
    async with tagged.app().run_test(size=size) as pilot:
        await there(pilot, "a.flac · 2 tracks")
        await seen(pilot, "─ Tags after the merge · 2 conflicts · 2 added")
        await seen(pilot, "! title ◂Roads▸ ←1 Wandering Star ←2", "! date ◂1994▸ ←1 1995 ←2", "+ mood calm ←2")
        await seen(pilot, "+ genre Trip-Hop; Electronic ←1 ←2", "= artist", "1 same · o opens")
        await pilot.press("t", "o")
        await seen(pilot, "= artist Portishead ←1,2")


async def test_a_group_is_called_by_its_tags(tagged: Made) -> None:
    """Once the tags are known, artist and title stand in the list of groups."""
    async with tagged.app().run_test(size=(120, 40)) as pilot:
        await there(pilot, "Roads")
        await pilot.press("r")
        await settled(pilot)
        await seen(pilot, "Portishead \N{EN DASH} Roads · 2 tracks")


async def test_a_clean_group_is_one_key_and_u_brings_all_of_it_back(tagged: Made) -> None:
    """Enter writes the tags of the file that stays and moves the other one; u puts back both, to the byte."""
    before = tagged.there()
    async with tagged.app().run_test(size=(80, 24)) as pilot:
        await there(pilot, "a.flac")
        await pilot.press("J")
        await there(pilot, "b.flac · 2 tracks")
        await seen(pilot, "─ Tags after the merge · 1 added · 2 same")
        await pilot.press("enter")
        await settled(pilot)
        await seen(pilot, "1 file moved to quarantine", "tags of 1 file written, u undoes")
        assert set(tagged.held()) == {"b.mp3"}
        assert tags(tagged.music / "flac/b.flac") == {
            "title": ["Glory Box"],
            "artist": ["Portishead"],
            "genre": ["Trip-Hop"],
        }
        await pilot.press("u")
        await settled(pilot)
        assert tagged.there() == before
        assert tagged.held() == {}


async def test_two_conflicts_are_three_keys(tagged: Made) -> None:
    """Enter leads to the first conflict and says what is left, then takes what is shown, and the last one confirms."""
    before = tagged.there()
    async with tagged.app().run_test(size=(80, 24)) as pilot:
        await there(pilot, "a.flac")
        await pilot.press("enter")
        assert pane(pilot).row is not None
        assert pane(pilot).row.field == "title"  # type: ignore[union-attr]
        assert "2 conflicts are left: title, date" in said(pilot)
        await pilot.press("enter")
        assert pane(pilot).row.field == "date"  # type: ignore[union-attr]
        assert "1 conflict is left: date" in said(pilot)
        assert tagged.there() == before
        assert review(pilot.app)._walk.items[0].fate is Fate.OPEN
        await pilot.press("enter")
        await settled(pilot)
        assert set(tagged.held()) == {"a.mp3"}
        assert tags(tagged.music / "flac/a.flac") == {
            "title": ["Roads"],
            "artist": ["Portishead"],
            "date": ["1994"],
            "genre": ["Electronic", "Trip-Hop"],
            "mood": ["calm"],
        }
        with tagged._opened() as opened:
            (decision,) = decisions.listed(opened)
        assert decision.tags == Settled({"title": ("Roads",), "date": ("1994",)})
        await pilot.press("escape", "u")
        await settled(pilot)
        assert tagged.there() == before
        with tagged._opened() as opened:
            assert decisions.listed(opened) == []


async def test_a_key_that_is_held_down_settles_nothing(tagged: Made) -> None:
    """A conflict that Enter has led to is settled by an Enter that comes after a moment, like any group."""
    clock = Clock()
    async with tagged.app(clock).run_test(size=(80, 24)) as pilot:
        await there(pilot, "a.flac")
        clock.now += 10
        for _number in range(5):
            clock.now += 0.1
            await pilot.press("enter")
        item = review(pilot.app)._walk.items[0]
        assert item.settled == Settled()
        assert pane(pilot).rows.has_focus
        clock.now += 0.41
        await pilot.press("enter")
        assert item.settled == Settled({"title": ("Roads",)})


async def test_another_value_is_chosen_with_one_key(tagged: Made) -> None:
    """L and h go through the values and settle the conflict; u takes it back, one change after the other."""
    async with tagged.app().run_test(size=(80, 24)) as pilot:
        await there(pilot, "a.flac")
        item = review(pilot.app)._walk.items[0]
        await to_field(pilot, "date")
        await pilot.press("l")
        await seen(pilot, "✓ date ◂1995▸ ←2 1994 ←1", "1 conflict · 1 settled")
        await pilot.press("l")
        await seen(pilot, "✓ date ◂1994▸ ←1 1995 ←2")
        await pilot.press("h", "u")
        await seen(pilot, "✓ date ◂1994▸")
        await pilot.press("u", "u")
        await seen(pilot, "! date ◂1994▸", "2 conflicts")
        assert item.settled == Settled()
        await pilot.press("u")
        assert "nothing was changed in these tags" in said(pilot)
        await pilot.press("space")
        assert item.settled == Settled({"date": ("1994",)})
        await pilot.press("space")
        assert item.settled == Settled()
        await pilot.press("right", "g", "р", "enter")  # noqa: RUF001 - h on a Russian keyboard
        await settled(pilot)
        assert tags(tagged.music / "flac/a.flac")["date"] == ["1995"]
        assert tags(tagged.music / "flac/a.flac")["title"] == ["Wandering Star"]


async def test_all_conflicts_are_settled_as_proposed_at_once(tagged: Made) -> None:
    """T, p and Enter, however many there are."""
    async with tagged.app().run_test(size=(80, 24)) as pilot:
        await there(pilot, "a.flac")
        await pilot.press("t", "p", "enter")
        await settled(pilot)
        assert set(tagged.held()) == {"a.mp3"}


async def test_a_value_goes_in_and_out(tagged: Made) -> None:
    """In a field with several values h and l lead from one to the next, and Space takes it out or puts it in."""
    async with tagged.app().run_test(size=(80, 24)) as pilot:
        await there(pilot, "a.flac")
        await to_field(pilot, "genre")
        await seen(pilot, "+ genre ● ◂Trip-Hop▸; Electronic")
        await pilot.press("l", "space")
        await seen(pilot, "✓ genre ○ ◂Electronic▸; Trip-Hop")
        await pilot.press("h")
        await seen(pilot, "✓ genre ● ◂Trip-Hop▸")
        await pilot.press("p", "enter")
        await settled(pilot)
        assert tags(tagged.music / "flac/a.flac")["genre"] == ["Trip-Hop"]


async def test_a_field_is_typed(tagged: Made) -> None:
    """E begins with what the field has, `;` stands between values, Enter takes it and Esc does not."""
    async with tagged.app().run_test(size=(80, 24)) as pilot:
        await there(pilot, "a.flac")
        item = review(pilot.app)._walk.items[0]
        await to_field(pilot, "genre")
        await pilot.press("e")
        await seen(pilot, "Trip-Hop; Electronic")
        await pilot.press(*"; x", "escape")
        assert item.settled == Settled()
        await pilot.press("e", *";Jk", "enter")
        await seen(pilot, "✎ genre")
        assert item.settled.fields == {"genre": ("Trip-Hop", "Electronic", "Jk")}
        await pilot.press("e", *"\\q", "enter")
        assert "means nothing" in said(pilot)
        await pilot.press("escape")
        await to_field(pilot, "title")
        await pilot.press("e", *["backspace"] * 5, "enter")
        assert item.settled.fields["title"] == ()
        await seen(pilot, "✓ title ◂(nothing)▸")
        await pilot.press("p", "enter")
        await settled(pilot)
        assert tags(tagged.music / "flac/a.flac")["genre"] == ["Electronic", "Jk", "Trip-Hop"]
        assert "title" not in tags(tagged.music / "flac/a.flac")


async def test_each_file_keeps_its_own(tagged: Made) -> None:
    """M leaves tags as they are, conflicts and all, until it is pressed once more."""
    before = tagged.there()
    async with tagged.app().run_test(size=(80, 24)) as pilot:
        await there(pilot, "a.flac")
        await pilot.press("t", "m")
        await seen(pilot, "Tags · each file keeps its own")
        await pilot.press("m")
        await seen(pilot, "2 conflicts")
        await pilot.press("m")
        await there(pilot, "each file keeps its own")
        await pilot.press("enter")
        await settled(pilot)
        assert set(tagged.held()) == {"a.mp3"}
        assert tagged.there()["flac/a.flac"] == before["flac/a.flac"]


async def test_by_setting_each_file_keeps_its_own(tagged: Made) -> None:
    """With `review.tags = own` nothing is merged, until m says so for a group: then its tags are read."""
    tagged.profile("review.tags = own\n")
    async with tagged.app().run_test(size=(80, 24)) as pilot:
        await there(pilot, "a.flac")
        await seen(pilot, "each file keeps its own")
        await pilot.press("t", "m")
        await there(pilot, "2 conflicts")
        await seen(pilot, "! title ◂Roads▸")


async def test_what_goes_gets_the_tags_too_where_that_is_wished(tagged: Made) -> None:
    """W writes the merged set into the file that goes, before it goes; u brings it back as it was."""
    before = tagged.there()
    async with tagged.app().run_test(size=(80, 24)) as pilot:
        await there(pilot, "a.flac")
        await pilot.press("t", "p", "W")
        await seen(pilot, "also of those that go")
        await pilot.press("enter")
        await settled(pilot)
        (held,) = tagged.music.glob(".comet/quarantine/*/mp3/a.mp3")
        assert tags(held)["title"] == ["Roads"]
        await pilot.press("escape", "u")
        await settled(pilot)
        assert tagged.there() == before


async def test_without_a_choice_nothing_is_decided_about_what_is_to_check(made: Made) -> None:
    """Settling tags is no decision about a track that nobody has listened to."""
    one, two, three = (made.file(b"%d.mp3" % number) for number in range(3))
    made.pair(one, two)
    made.pair(one, three, clear=False)
    made.pair(two, three)
    made.correlated()
    async with made.app().run_test(size=(80, 24)) as pilot:
        await there(pilot, "3 tracks")
        item = review(pilot.app)._walk.items[0]
        assert item.proposal.doubtful
        item.settle(Settled({"mood": ("calm",)}))
        assert not item.touched
        assert item.toggle(next(iter(item.proposal.doubtful)))
        assert item.touched


async def test_who_stays_decides_whose_tags_come_first(tagged: Made) -> None:
    """When another track is chosen to stay, the tags are merged for that one."""
    async with tagged.app().run_test(size=(80, 24)) as pilot:
        await there(pilot, "a.flac")
        await seen(pilot, "! title ◂Roads▸")
        await pilot.press("j", "space", "k", "space")
        await there(pilot, "a.flac")
        await seen(pilot, "! title ◂Wandering Star▸ ←2 Roads ←1")
        await pilot.press("t", "p", "enter")
        await settled(pilot)
        assert set(tagged.held()) == {"a.flac"}
        assert tags(tagged.music / "mp3/a.mp3")["title"] == ["Wandering Star"]


async def test_a_file_without_tags_says_why(tagged: Made) -> None:
    """A track whose tags cannot be read stands beside the fields with its number and the reason."""
    (tagged.music / "mp3/a.mp3").unlink()
    async with tagged.app().run_test(size=(80, 24)) as pilot:
        await there(pilot, "a.flac")
        await seen(pilot, "! track 2: ", "No such file")


async def test_an_editor_needs_a_terminal(tagged: Made) -> None:
    """Where the screen cannot be left for an editor, E says so."""
    async with tagged.app().run_test(size=(80, 24)) as pilot:
        await there(pilot, "a.flac")
        await pilot.press("t", "E")
        assert "cannot be left for an editor" in said(pilot)


async def test_a_clean_group_is_one_enter_wherever_one_was(tagged: Made) -> None:
    """The next group begins at its tracks, also where the tags of the one before had the keys."""
    async with tagged.app().run_test(size=(80, 24)) as pilot:
        await there(pilot, "a.flac")
        tracks = review(pilot.app).query_one("#tracks", Rows)
        await pilot.press("t", "J")
        assert tracks.has_focus
        await pilot.press("K", "t", "p", "enter")
        assert tracks.has_focus
        await there(pilot, "b.flac")
        await pilot.press("enter")
        await settled(pilot)
    assert set(tagged.held()) == {"a.mp3", "b.mp3"}


async def test_nothing_is_settled_in_a_group_that_is_done(tagged: Made) -> None:
    """In a group that was confirmed no key of the tags does anything."""
    async with tagged.app().run_test(size=(80, 24)) as pilot:
        await there(pilot, "a.flac")
        await pilot.press("t", "p", "enter")
        await settled(pilot)
        item = review(pilot.app)._walk.items[0]
        before, now = item.settled, tagged.there()
        await pilot.press("K", "t")
        for key in ("l", "h", "space", "e", "E", "p", "m", "W", "u", "o"):
            await pilot.press(key)
        await settled(pilot)
        assert (item.settled, tagged.there()) == (before, now)


async def test_the_tags_are_seen_also_where_one_list_has_room(tagged: Made) -> None:
    """At 40x12 Enter leads from the tracks to the tags before it confirms anything."""
    async with tagged.app().run_test(size=(40, 12)) as pilot:
        await settled(pilot)
        await pilot.press("J")
        await settled(pilot)
        tracks = review(pilot.app).query_one("#tracks", Rows)
        assert tracks.has_focus
        await pilot.press("enter")
        assert pane(pilot).rows.has_focus
        assert review(pilot.app)._walk.items[1].fate is Fate.OPEN
        await pilot.press("enter")
        await settled(pilot)
        assert set(tagged.held()) == {"b.mp3"}
