"""The threshold screen: lines to choose among, what each would do, the pairs nearest to it, and one line kept."""

from __future__ import annotations

from textual.pilot import Pilot

from comet.core import profiles
from comet_tui.screens.pair import PairScreen
from comet_tui.screens.threshold import ThresholdScreen
from tests.tui.conftest import Made
from tests.tui.looks import rows, said, seen, settled, text, until
from tests.tui.test_profiles import written


async def opened(pilot: Pilot[None]) -> ThresholdScreen:
    """Go to the screen, and wait until the line was asked for."""
    await settled(pilot)
    await pilot.press("5")
    await until(pilot, lambda: isinstance(pilot.app.screen, ThresholdScreen))
    await settled(pilot)
    assert isinstance(pilot.app.screen, ThresholdScreen)
    return pilot.app.screen


async def test_a_line_is_chosen_and_kept(collection: Made) -> None:
    """The one of now is marked, l and h choose another, w writes it to profiles.ini and leaves all else there."""
    collection.profile("# my line\njudge.false_pairs = 0.3  \n# the end\n")
    before = written(collection)
    async with collection.app().run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await seen(pilot, "7 tracks · false pairs accepted in all of them", "5 pairs 2 groups 31.1 MB", "✓ counts")
        assert any(row.startswith("›▸ 0.3 line") for row in rows(pilot.app))  # noqa: RUF001 - the cursor
        await pilot.press("w")
        await seen(pilot, "the line is there already")
        await pilot.press("l", "l", "h", "w")
        await seen(pilot, "kept in `", "3 shows the groups under this line")
        assert written(collection) == before.replace("= 0.3  ", "= 1")
        await settled(pilot)
        await until(pilot, lambda: any(row.startswith("›▸ 1 line") for row in rows(pilot.app)))  # noqa: RUF001 - likewise
    found = profiles.load(collection.home, "music")
    assert found.settings.judge.false_pairs == 1.0


async def test_the_pairs_near_a_line_are_shown_and_opened(collection: Made) -> None:
    """They stand there with evidence and agreement; Enter goes to them, and then to the two tracks."""
    async with collection.app().run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await seen(pilot, "98.0 %", "08 Roads.flac", "Roads (1).mp3")
        await pilot.press("enter")
        assert not isinstance(pilot.app.screen, PairScreen)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, PairScreen))
        await seen(pilot, "they are the same recording")
        await pilot.press("escape")
        await seen(pilot, "5 Threshold")


async def test_without_pairs_it_says_what_to_do(made: Made) -> None:
    """Nothing is known yet: a sentence and the key that leads on, and no key does any harm."""
    async with made.app().run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await seen(pilot, "2 shows what to do next")
        before = text(pilot.app)
        await pilot.press("l", "h", "w", "enter", "tab", "j", "G")
        await settled(pilot)
        assert text(pilot.app) == before
        assert not said(pilot)
