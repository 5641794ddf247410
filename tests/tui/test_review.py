"""The review: what it shows of groups and tracks, and where its keys lead."""

from __future__ import annotations

import threading

import pytest

from comet.collection import decisions, groups
from comet.core.errors import DatabaseError
from comet.core.model import Choice
from comet_tui.app import CometApp
from comet_tui.found import Found
from comet_tui.listed import listed
from comet_tui.session import Session
from comet_tui.widgets.lines import Bar, Heading
from comet_tui.widgets.page import Page
from comet_tui.widgets.rows import Rows
from tests.tui.conftest import Made
from tests.tui.looks import SIZES, joined_text, lines, review, rows, seen, settled, text, until


@pytest.mark.parametrize("size", SIZES)
async def test_groups_stand_with_the_largest_saving_first(collection: Made, size: tuple[int, int]) -> None:
    """Each row tells saving, number of tracks, doubt as a word, and the keeper's name; above stands what is left."""
    async with collection.app().run_test(size=size) as pilot:
        await settled(pilot)
        review(pilot.app).go(0)
        await seen(pilot, "26.2 MB", "08 Roads.flac", "Слеза.flac")
        shown = rows(pilot.app)
        assert shown[1].startswith("─ 2 groups left · 26.2 MB · held 0 B")
        assert shown[2].startswith("› 17.1 MB 3 x to check 08 Roads.flac")  # noqa: RUF001 - the cursor
        assert shown[3].startswith("14.0 MB 3 x Слеза.flac")


@pytest.mark.parametrize("size", SIZES)
async def test_the_keys_go_to_the_tracks_and_back_with_tab(collection: Made, size: tuple[int, int]) -> None:
    """One begins in the tracks, which are all there at every size; Tab leads to tags, groups and back, t to tags."""
    async with collection.app().run_test(size=size) as pilot:
        await settled(pilot)
        screen = review(pilot.app)
        assert pilot.app.focused is screen.query_one("#tracks")
        await seen(pilot, "● keeper", "○ goes", "? check", "36.1 MB", "08 Roads.flac", "the keeper")
        await pilot.press("tab")
        await until(pilot, lambda: pilot.app.focused is screen.query_one("#tags"))
        await seen(pilot, "─ Tags after the merge")
        await pilot.press("tab")
        await until(pilot, lambda: pilot.app.focused is screen.query_one("#groups"))
        await seen(pilot, "17.1 MB", "14.0 MB")
        await pilot.press("tab", "t")
        await until(pilot, lambda: pilot.app.focused is screen.query_one("#tags"))
        await pilot.press("t")
        await until(pilot, lambda: pilot.app.focused is screen.query_one("#tracks"))
        await pilot.pause()
        joined = "".join(line.split("│")[-1].strip() for line in lines(pilot.app))
        assert "/music/Albums/Dummy/08 Roads.flac" in joined


@pytest.mark.parametrize("size", SIZES)
async def test_the_next_group_is_one_key_away(collection: Made, size: tuple[int, int]) -> None:
    """J and K move through the groups, j and k through the tracks, and the burst of both is understood."""
    async with collection.app().run_test(size=size) as pilot:
        await settled(pilot)
        await pilot.press("J", "k")
        await seen(pilot, "Слеза.flac · 3 tracks", "frees 14.0")
        assert pilot.app.screen.query_one("#tracks", Rows).cursor == 0
        await pilot.press("K")
        await seen(pilot, "08 Roads.flac · 3 tracks", "frees 12.2")


async def test_tracks_tell_what_they_are(collection: Made) -> None:
    """A track's row has its size, length, bitrate and codec, and below stands how it compares with the keeper."""
    async with collection.app().run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await seen(pilot, "● keeper")
        row = next(line for line in lines(pilot.app) if "● keeper" in line)
        assert all(word in row for word in ("36.1 MB", "3:25", "900 kbps", "flac", "Albums/Dummy/08 Roads.flac"))
        await pilot.press("j", "j")
        await seen(pilot, "stays until you decide: a part differs")


async def test_what_is_left_over_stands_beside_the_group(collection: Made) -> None:
    """A track that is the same as one member only is shown with its relation, and Space does nothing with it."""
    async with collection.app().run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("J", "G")
        await seen(pilot, "3 tracks", "› beside", "Radio/teardrop (extra).mp3")  # noqa: RUF001 - the cursor
        await seen(pilot, "same, to check 90.0 % as `teardrop (radio).mp3`")
        await pilot.press("space")
        await pilot.pause()
        assert not any(item.chosen for item in review(pilot.app)._walk.items)


async def test_one_list_has_the_screen_where_two_have_no_room(collection: Made) -> None:
    """At 40x12 tracks, tags or groups are shown; a window that grows shows all again."""
    async with collection.app().run_test(size=(40, 12)) as pilot:
        await settled(pilot)
        await until(pilot, lambda: "● keeper" in text(pilot.app) and "to check 08" not in text(pilot.app))
        await pilot.press("tab")
        await until(pilot, lambda: "● keeper" not in text(pilot.app) and "Tags after the merge" in text(pilot.app))
        await pilot.press("tab")
        await until(pilot, lambda: "● keeper" not in text(pilot.app) and "Tags" not in text(pilot.app))
        await pilot.resize_terminal(120, 40)
        await seen(pilot, "● keeper", "17.1 MB")


async def test_reading_again_keeps_the_cursor_on_its_group(collection: Made) -> None:
    """After `r` the cursor is on the group where it was, although a larger one came before it."""
    async with collection.app().run_test() as pilot:
        await settled(pilot)
        await pilot.press("J")
        collection.file(b"new.flac", 90_000_000, of=collection.file(b"new (1).flac", 80_000_000))
        await pilot.press("r")
        await settled(pilot)
        assert pilot.app.screen.query_one("#groups", Rows).count == 3
        assert "Слеза" in pilot.app.screen.query_one("#title", Heading).words


async def test_while_reading_a_word_says_so_and_keys_work(made: Made) -> None:
    """Reading stands in the title until it ends, and the application can be left meanwhile."""
    gate = threading.Event()

    class Slow(Session):
        def review(self) -> Found:
            gate.wait(60)
            return Found(self.choose(), listed([], {}), {})

    app = CometApp(Slow(made.home))
    async with app.run_test() as pilot:
        await until(pilot, lambda: lines(app)[0].endswith("reading …"))
        assert app.screen.query_one(Bar).busy
        await pilot.press("question_mark")
        await until(pilot, lambda: "Keys" in lines(app)[0])
        await pilot.press("q")
        await until(pilot, lambda: not app.is_running or app._exit)
    gate.set()


async def test_an_error_while_reading_again_takes_the_old_groups_away(
    collection: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What can no longer be read is not shown as if it still held."""
    async with collection.app().run_test() as pilot:
        await settled(pilot)

        def broken(_self: Session) -> Found:
            raise DatabaseError("`cache` is broken", hint="delete it")

        monkeypatch.setattr(Session, "review", broken)
        await pilot.press("r")
        await settled(pilot)
        await seen(pilot, "`cache` is broken", "hint: delete it")
        assert "Roads" not in text(pilot.app)
        await pilot.press("enter", "space", "J", "u", "s", "a", "escape", "tab")


async def test_no_group_is_said_in_words(made: Made) -> None:
    """An empty list is a sentence that leads on, and takes every key."""
    made.file(b"alone.mp3")
    made.correlated()
    async with made.app().run_test() as pilot:
        await settled(pilot)
        await seen(pilot, "nothing is known to be duplicated")
        await pilot.press("enter", "j", "G", "escape", "space", "J", "s", "a", "u", "tab")
        await seen(pilot, "nothing is known to be duplicated")


@pytest.mark.parametrize("size", SIZES)
async def test_pairs_that_are_not_judged_are_told_beside_the_groups(made: Made, size: tuple[int, int]) -> None:
    """Where a relation is not known yet a group may be missing: both screens say how many, and what to run."""
    serials = [made.file(b"%d.mp3" % number) for number in range(4)]
    made.pair(serials[0], serials[1])
    made.pair(serials[2], serials[3])
    made.pair(serials[1], serials[2])
    made.correlated(judged=1)
    typed = "judge.false_pairs=0.1"

    def told() -> bool:
        words = joined_text(pilot.app)
        return f"2 pairs are not judged yet: run `comet groups --set {typed}`" in words

    async with CometApp(Session(made.home, typed=[typed])).run_test(size=size) as pilot:
        await settled(pilot)
        review(pilot.app).go(0)
        notice = pilot.app.screen.query_one("#unjudged")
        await until(pilot, lambda: "2 pairs are not judged yet" in str(notice.render()))
        await seen(pilot, "1 group left")
        await pilot.press("2")
        await settled(pilot)
        page = pilot.app.screen.query_one(Page)
        page.action_move(4)  # what comes first is that the folder, which was never made, is away
        await until(pilot, told)


async def test_nothing_is_unique_before_it_is_judged(made: Made) -> None:
    """Without any verdict there is no group, and neither screen tells that as if nothing were duplicated."""
    made.pair(made.file(b"a.mp3"), made.file(b"b.mp3"))
    made.correlated(judged=0)
    async with made.app().run_test() as pilot:
        await seen(pilot, "1 pair is not judged yet: run `comet groups`")
        assert "nothing is" not in text(pilot.app)
        await pilot.press("2")
        await seen(pilot, "1 of 1, 100.0 %", "1 pair is not judged yet: run `comet groups`")
        assert "nothing is" not in text(pilot.app)
        made.judge()
        await pilot.press("r")
        await seen(pilot, "press 3 to walk through the groups")
        assert "not judged" not in text(pilot.app)
        await pilot.press("3")
        await seen(pilot, "1 group left")
        assert "not judged" not in text(pilot.app)


def test_the_proposals_are_those_of_the_core(real: Made) -> None:
    """The session shows what the command line would do, but for groups that are settled."""
    found = real.session().review()
    with real._opened() as opened:
        assert list(found.proposals) == groups.proposals(opened)
        decisions.decide(opened, found.proposals[0].group, Choice.KEEP, [0, 1, 2])
    assert list(real.session().review().proposals) == found.proposals[1:]
