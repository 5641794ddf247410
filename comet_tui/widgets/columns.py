"""One line of a table, as wide as there is room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from rich.cells import cell_len, chop_cells, set_cell_size
from rich.text import Text

_LEAST = 14
"""Cells that the last column keeps before others give way."""

_END = 5
"""Cells that `…` and the end of a name have at least."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A column's content; text from outside has been made safe before."""

    text: str
    width: int
    right: bool = False
    style: str = ""
    rank: int = 0
    """0 always stays; of the others, the highest gives way first."""


def head(text: str, width: int) -> str:
    """Return the beginning of `text` in at most `width` cells, with `…` where something is missing."""
    return text if cell_len(text) <= width else set_cell_size(text, max(0, width - 1)).rstrip() + "…"


def tail(text: str, width: int) -> str:
    """Return the end of `text` in at most `width` cells, with `…` where something is missing."""
    if cell_len(text) <= width:
        return text
    left, cells = len(text), 0
    while left and (cells := cells + cell_len(text[left - 1])) < width:
        left -= 1
    return "…" + text[left:]


def apart(one: str, other: str, width: int) -> tuple[str, str]:
    """Return two paths in at most `width` cells together, cut where they are alike: what tells them apart stays.

    A path that needs less than its half leaves the rest to the other one.
    """
    needs = cell_len(one), cell_len(other)
    if sum(needs) <= width:
        return one, other
    half = width // 2
    room = max(half, width - needs[1])
    ends = zip(reversed(one), reversed(other), strict=False)
    common = sum(1 for _letters in takewhile(lambda letters: letters[0] == letters[1], ends))
    return _cut(one, common, room), _cut(other, common, max(half, width - needs[0]))


def _cut(text: str, common: int, width: int) -> str:
    """Return a text in at most `width` cells, without some of what stands before its end: of its `common` last letters.

    Where that is not enough, some of its own goes too; its beginning and its end stay.
    """
    if cell_len(text) <= width:
        return text
    own = cell_len(text[: len(text) - common])
    begin = head(text, max(1, own + 1 if own + _END <= width else width - width // 3))
    return begin + tail(text, width - cell_len(begin) + 1)[1:]


def line(cells: Sequence[Cell], last: str, width: int) -> Text:
    """Return a row of `width` cells: columns, then `last` in what is left."""
    shown = list(cells)
    while shown and sum(cell.width + 1 for cell in shown) + _LEAST > width and max(cell.rank for cell in shown):
        shown.remove(max(shown, key=lambda cell: cell.rank))
    text = Text(no_wrap=True, end="")
    for cell in shown:
        fitted = head(cell.text, cell.width)
        blank = " " * (cell.width - cell_len(fitted))
        text.append(blank + fitted if cell.right else fitted + blank, cell.style)
        text.append(" ")
    text.append(last)
    return text


def table(rows: Sequence[tuple[str, str]]) -> Text:
    """Return lines of a name and a value each, the values below each other; a name without a value stands alone."""
    wide = max((cell_len(name) for name, value in rows if value), default=0) + 2
    text = Text()
    for name, value in rows:
        blank = " " * (wide - cell_len(name))
        text.append(f" {name}{blank}{value}\n" if value else f" {name}\n")
    return text


def wrapped(text: str, width: int, lines: int) -> list[str]:
    """Return `text` cut into at most `lines` lines of `width` cells; of what does not fit the end is shown."""
    width = max(2, width)
    return chop_cells(tail(text, width * lines - lines), width)[:lines]
