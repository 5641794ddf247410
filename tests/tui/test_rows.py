"""The virtual list: only what can be seen is made."""

from __future__ import annotations

import pytest
from rich.cells import cell_len
from rich.text import Text
from textual.app import App, ComposeResult

from comet_tui.widgets.columns import Cell, apart, line, tail, wrapped
from comet_tui.widgets.rows import Rows
from tests.tui.looks import lines, text

MANY = 100_000


class Listing(App[None]):
    """A list that counts which rows it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.drawn: list[int] = []

    def compose(self) -> ComposeResult:
        """Make the list."""
        yield Rows(self.draw)

    def draw(self, index: int, width: int) -> Text:  # noqa: ARG002 - what a list calls
        """Return a row."""
        self.drawn.append(index)
        return Text(f"row {index}")


async def test_a_hundred_thousand_rows_cost_what_is_seen() -> None:
    """Filling a list draws the visible rows only, at its beginning and at its end."""
    app = Listing()
    async with app.run_test(size=(80, 24)) as pilot:
        app.query_one(Rows).fill(MANY)
        await pilot.pause()
        assert set(app.drawn) == set(range(24))
        app.drawn.clear()
        await pilot.press("G")
        await pilot.pause()
        assert set(app.drawn) == set(range(MANY - 24, MANY))
        assert lines(app)[-1].startswith(f"›row {MANY - 1}")  # noqa: RUF001 - the mark
        assert len(app.drawn) < 100


async def test_a_step_of_the_cursor_draws_two_rows() -> None:
    """Without scrolling, only the row that is left and the one that is reached are drawn again."""
    app = Listing()
    async with app.run_test(size=(80, 24)) as pilot:
        app.query_one(Rows).fill(MANY)
        await pilot.pause()
        app.drawn.clear()
        await pilot.press("j")
        await pilot.pause()
        assert set(app.drawn) == {0, 1}


@pytest.mark.parametrize(
    ("pressed", "row"),
    [("j j k", 1), ("down down up", 1), ("pagedown", 23), ("pagedown pagedown pageup", 23), ("G", 999), ("G g", 0),
     ("end home", 0), ("k", 0), ("G j", 999), ("ctrl+f ctrl+b", 0), ("\u043e", 1)],
)  # fmt: skip
async def test_keys_move_the_cursor_and_it_stays_in_sight(pressed: str, row: int) -> None:
    """Each key leads where it says, never out of the list, and the row is on the screen."""
    app = Listing()
    async with app.run_test(size=(80, 24)) as pilot:
        app.query_one(Rows).fill(1000)
        await pilot.press(*pressed.split())
        await pilot.pause()
        assert app.query_one(Rows).cursor == row
        assert f"›row {row}" in [each.rstrip("▁▂▃▄▅▆▇ ") for each in lines(app)]  # noqa: RUF001 - the mark


async def test_a_smaller_window_keeps_the_cursor_in_sight() -> None:
    """After a resize the row under the cursor is still shown."""
    app = Listing()
    async with app.run_test(size=(80, 24)) as pilot:
        app.query_one(Rows).fill(1000, 20)
        await pilot.pause()
        await pilot.resize_terminal(30, 5)
        await pilot.pause()
        assert "›row 20" in text(app)  # noqa: RUF001 - the mark


async def test_an_empty_list_takes_every_key() -> None:
    """Nothing to move in is no error."""
    app = Listing()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("j", "k", "G", "g", "pagedown", "pageup")
        assert app.query_one(Rows).cursor == 0
        assert app.drawn == []


@pytest.mark.parametrize("width", [1, 5, 14, 20, 40, 80])
def test_columns_give_way_to_the_last_one(width: int) -> None:
    """Where there is no room the highest rank goes first, and what has none stays."""
    cells = (Cell("a", 3), Cell("b", 9, rank=1), Cell("c", 9, rank=2))
    plain = line(cells, "name", width).plain
    assert plain.endswith("name")
    assert ("b" in plain, "c" in plain) == (width >= 28, width >= 38)


@pytest.mark.parametrize("width", range(1, 12))
def test_the_end_of_a_path_fits(width: int) -> None:
    """However narrow, a cut path takes no more cells than there are, wide characters included."""
    for path in ("/a/bc/def.mp3", "/坂本/龍一.mp3"):
        assert Text(tail(path, width)).cell_len <= width
        assert all(Text(part).cell_len <= max(2, width) for part in wrapped(path, width, 2))


def test_two_paths_are_cut_where_they_are_alike() -> None:
    """What tells them apart stays, a short one leaves its room to the other, and both together fit."""
    one, other = "Downloads/Soundtrack/Live at the harbour", "Library/Soundtrack/Live at the harbour"
    assert apart(one, other, 80) == (one, other)
    assert apart(one, other, 40) == ("Downloads…he harbour", "Library… the harbour")
    assert apart("A", other, 30) == ("A", "Library/Soundtrack/…e harbour")
    assert apart("Rock/01", "Backup of 2015/Rock/01", 24) == ("Rock/01", "Backup of 2…ck/01")
    for width in range(4, 90):
        assert sum(map(cell_len, apart(one, other, width))) <= width
