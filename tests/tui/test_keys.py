"""Keys: one meaning each, and the same in bindings, hints, help and guide."""

from __future__ import annotations

from pathlib import Path

import pytest

from comet_tui import keys
from comet_tui.keys import Key
from comet_tui.widgets.lines import Hints
from tests.tui.conftest import Made
from tests.tui.looks import seen, settled, text, until

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "terminal.md"


OWN = [
    keys.PROFILES,
    keys.SCAN,
    keys.REVIEW,
    keys.TAGS,
    keys.FOLDERS,
    keys.RULE,
    keys.QUARANTINE,
    keys.JOBS,
    keys.BACK,
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


@pytest.mark.parametrize("own", OWN)
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


@pytest.mark.parametrize("key", ["question_mark", "escape", "enter"])
async def test_help_closes_where_it_was_opened(collection: Made, key: str) -> None:
    """`?`, Esc and Enter lead back from help."""
    async with collection.app().run_test() as pilot:
        await settled(pilot)
        await seen(pilot, "the keeper")  # which is painted last
        before = text(pilot.app)
        await pilot.press("question_mark")
        await seen(pilot, "Keys")
        await pilot.press(key)
        await until(pilot, lambda: text(pilot.app) == before)
