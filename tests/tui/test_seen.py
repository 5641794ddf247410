"""Nothing is confirmed that was not on the screen: every track that would go, however many there are."""

from __future__ import annotations

import pytest

from comet_tui.screens.tracks import Tracks
from comet_tui.walk import Fate
from tests.tui.conftest import Made
from tests.tui.looks import joined_text, review, said, seen, settled, text

MOST = 12


@pytest.fixture
def groups(made: Made) -> Made:
    """Return a read-only profile with a group of each size from 12 to 2, the largest first."""
    made.profile("read_only = yes\n")
    made.copies(
        *([b"%02d/copy %02d.flac" % (count, number) for number in range(count)] for count in range(2, MOST + 1))
    )
    made.correlated()
    return made


@pytest.mark.parametrize(
    ("size", "keys"),
    [
        ((80, 24), (2, 1)),
        pytest.param((60, 16), (4, 2), marks=pytest.mark.slow),
        pytest.param((120, 40), (1, 1), marks=pytest.mark.slow),
        pytest.param((40, 12), (5, 2), marks=pytest.mark.slow),
    ],
)
async def test_enter_shows_first_what_would_go(groups: Made, size: tuple[int, int], keys: tuple[int, int]) -> None:
    """Enter that would confirm comes only after each track that goes was seen; `keys` for the groups of 12 and 4."""
    async with groups.app().run_test(size=size) as pilot:
        await settled(pilot)
        pressed = {}
        for count in range(MOST, 1, -1):
            review(pilot.app).say("")
            await pilot.pause()
            shown = {line for line in text(pilot.app).splitlines() if " goes " in line}
            names = {f"copy {number:02}.flac" for number in range(1, count)}
            pressed[count] = 0
            while "would go (" not in said(pilot):
                await pilot.press("enter")
                await pilot.pause()
                pressed[count] += 1
                shown |= {line for line in text(pilot.app).splitlines() if " goes " in line}
                assert pressed[count] < MOST
            missing = {name for name in names if not any(name in line for line in shown)}
            assert not missing
            await pilot.press("J")
            await pilot.pause()
        assert (pressed[MOST], pressed[4]) == keys


async def test_what_is_out_of_sight_is_told(groups: Made) -> None:
    """Above the tracks stands how many are below or above what is on the screen, wherever one scrolls."""
    async with groups.app().run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await seen(pilot, "12 tracks · 4 more below")
        await pilot.press("enter")
        await seen(pilot, "4 more above · frees", "Enter again: 4 tracks that go were not seen")
        await pilot.press("J", "J", "J", "J")
        await seen(pilot, "8 tracks · frees")
        assert "more" not in joined_text(pilot.app)


async def test_where_no_track_has_room_nothing_is_confirmed(real: Made) -> None:
    """At 1x1 nothing can be seen."""
    async with real.app().run_test(size=(1, 1)) as pilot:
        await settled(pilot)
        await pilot.press(*["enter"] * 5)
        await settled(pilot)
        assert review(pilot.app)._walk.items[0].fate is Fate.OPEN
        assert len(pilot.app.screen.query_one(Tracks).unseen()) == 2
