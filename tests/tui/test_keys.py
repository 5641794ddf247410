"""Keys: one meaning each, and the same in bindings, hints, help and guide."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from comet_tui import keys
from comet_tui.keys import Key
from comet_tui.widgets.lines import Hints
from tests.tui.conftest import Made
from tests.tui.looks import lines, seen, settled, text, until
from tests.tui.ptys import OURS, Terminal

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "terminal.md"


OWN = [
    keys.PROFILES,
    keys.SCAN,
    keys.REVIEW,
    keys.TAGS,
    keys.FOLDERS,
    keys.RULE,
    keys.PAIR,
    keys.THRESHOLD,
    keys.MEMORY,
    keys.QUARANTINE,
    keys.JOBS,
    (),
]


@pytest.mark.parametrize("own", OWN)
def test_a_key_does_one_thing_on_a_screen(own: tuple[Key, ...]) -> None:
    """No key stands twice among those that work on one screen."""
    names = [name for _title, listed in keys.sections(("", own)) for key in listed for name in key.names]
    assert len(names) == len(set(names))


def test_what_means_something_else_in_the_tags_is_harmless_there() -> None:
    """Space, u and Esc do to a value what they do to a track; no other key of the review has a second meaning."""
    review, tags = ({name for key in own for name in key.names} for own in (keys.REVIEW, keys.TAGS))
    assert review & tags == {"space", "u", "escape"}


@pytest.mark.parametrize("own", [*OWN, keys.HELP])
def test_no_key_deletes(own: tuple[Key, ...]) -> None:
    """What others bind to deleting is bound to nothing, on no screen."""
    bound = {name for binding in keys.bindings([*own, *keys.MOVE, *keys.EVERYWHERE]) for name in binding.key.split(",")}
    assert not bound & {"d", "D", "x", "X", "y", "Y", "delete", "backspace", "ctrl+d", "ctrl+x"}


def test_the_guide_has_the_keys_that_there_are() -> None:
    """The tables of the guide are those that the keys make."""
    assert "\n".join(keys.guide()).strip() in GUIDE.read_text(encoding="utf-8")


def test_letters_work_on_a_russian_keyboard() -> None:
    """A letter is bound together with the one that lies in its place."""
    all_keys = [*keys.MOVE, *keys.EVERYWHERE, *keys.REVIEW]
    bound = {name for binding in keys.bindings(all_keys) for name in binding.key.split(",")}
    assert set("jkgGrqJKusaолпПкйОЛгыф") <= bound  # noqa: RUF001 - Cyrillic is the point


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (40, 12), (10, 4)])
async def test_the_hint_line_never_loses_the_key_that_shows_all(collection: Made, size: tuple[int, int]) -> None:
    """However narrow it is, `? keys` stands there whole, and no other hint is cut in the middle."""
    async with collection.app().run_test(size=size) as pilot:
        await settled(pilot)
        shown = pilot.app.screen.query_one(Hints).render().plain.rstrip()
        assert shown.endswith("? keys")
        assert len(shown) <= size[0]


async def test_help_lists_every_key_of_the_screen(collection: Made) -> None:
    """What works in the review is what `?` shows there."""
    async with collection.app().run_test(size=(100, 70)) as pilot:
        await settled(pilot)
        await pilot.press("question_mark")
        await seen(pilot, "Keys")
        shown = text(pilot.app)
        for _title, listed in keys.sections(("", keys.REVIEW), ("", keys.TAGS)):
            for key in listed:
                assert key.shown in shown
                assert key.does.split(";")[0] in shown


@pytest.mark.parametrize("key", ["question_mark", "escape"])
async def test_help_closes_where_it_was_opened(collection: Made, key: str) -> None:
    """`?` and Esc lead back from help."""
    async with collection.app().run_test() as pilot:
        await settled(pilot)
        await seen(pilot, "the keeper")  # which is painted last
        before = text(pilot.app)
        await pilot.press("question_mark")
        await seen(pilot, "Keys")
        await pilot.press(key)
        await until(pilot, lambda: text(pilot.app) == before)


async def test_what_is_found_by_a_word_is_done(collection: Made) -> None:
    """`:` lists what has all words that are typed, Enter does what the cursor is on, where one came from."""
    async with collection.app().run_test() as pilot:
        await settled(pilot)
        await pilot.press("colon", *"for later")
        await seen(pilot, "Keys", "s leave the group for later")
        assert sum(" group" in line for line in lines(pilot.app)) == 1
        await pilot.press("enter")
        await seen(pilot, "left for later, s takes it back")
        await pilot.press("colon", *"quarantine and", "enter")
        await seen(pilot, "8 Quarantine")
        await pilot.press("colon", *"no such thing", "enter")
        await seen(pilot, "8 Quarantine")


async def test_what_enter_does_is_not_done_from_a_list_of_keys(real: Made) -> None:
    """It would confirm a group that is not on the screen: that is told, and nothing goes."""
    before = real.there()
    async with real.app().run_test() as pilot:
        await settled(pilot)
        await pilot.press("colon", *"confirm the group", "enter")
        await seen(pilot, "3 Review", "Enter does that: confirm the group")
        await settled(pilot)
    assert real.there() == before


def test_keys_can_be_chosen(collection: Made, terminal: Callable[..., Terminal]) -> None:
    """`ui.keys` changes hint, help and what is done; what cannot be is told at the start and counts for nothing."""
    chosen = "review.skip z; review.apart j; no.such y; review.undo enter; tags.merging ctrl+c"
    Path(collection.home.main_ini).write_text(f"[ui]\nkeys = {chosen}\n", encoding="utf-8")
    shown = terminal(columns=200)
    shown.until(b"keeper")
    told = b"`ui.keys`: `review.undo enter` names no key; `ui.keys`: `tags.merging ctrl+c` names no key; "
    told += b"`ui.keys`: `j` is taken: down; `ui.keys`: nothing is called `no.such`"
    assert told in re.sub(rb"\s+", b" ", OURS.sub(b"", shown.written))
    assert b"z skip" in OURS.sub(b"", shown.written)
    shown.press("я".encode())  # where z lies on a Russian keyboard
    shown.until(b"left for later")
    shown.press(b"?")
    shown.until(b"leave the group for later")
    assert re.search(rb" z +leave the group for later", OURS.sub(b"", shown.written))
    shown.press(b"?q")
    assert shown.wait() == 0
