"""The evidence of random pairs, ready to be drawn, and drawn in letters."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final

from comet.collection.threshold import PER_Z, Form
from comet.core.text import _, _n, grouped

COLUMNS: Final = 34
"""Most of one form: two of them beside each other fit in 80, with their scales."""
ROWS: Final = 6

_BESIDE: Final = 80
_EIGHTHS: Final = " ▁▂▃▄▅▆▇█"


@dataclass(frozen=True, slots=True)
class Chart:
    """One form of evidence, ready to be drawn: heights on a scale of logarithms, 0 for less than one pair to 1."""

    title: str
    bars: tuple[float, ...]
    """A column each."""
    fit: tuple[float, ...]
    """What unrelated pairs should show; 0 below the 99 % point, where it says nothing."""
    step: float
    """Evidence that one column stands for."""
    line: float
    top: int
    """Pairs of the highest column."""
    beyond: int
    """Pairs with more evidence than is drawn."""

    @property
    def ticks(self) -> list[int]:
        """Evidence that is written below the axis."""
        end = self.step * len(self.bars)
        every = next(n for n in (1, 2, 5, 10, 20, 50, 100, 10**9) if end / n <= 8)
        return list(range(0, int(end) + 1, every))


def charts(forms: tuple[Form, Form]) -> tuple[Chart, Chart]:
    """Return both forms, drawn to one scale and a little beyond the further line."""
    end = (max(form.line for form in forms) + 1.0) * PER_Z
    width = math.ceil(end / COLUMNS)
    titles = (_("at one speed"), _("at another speed"))
    one, other = (_chart(form, title, width, PER_Z, end) for form, title in zip(forms, titles, strict=True))
    return one, other


def _chart(form: Form, title: str, width: int, bins: int, end: float) -> Chart:
    starts = range(0, math.ceil(end), width)
    counts = [sum(form.counts[:-1][at : at + width]) for at in starts]  # the last bin also holds what is beyond it
    beyond = sum(form.counts) - sum(counts)
    chances = [form.chance(at / bins) - form.chance((at + width) / bins) for at in starts]
    fits = [chance if at / bins >= form.tail.q99 else 0.0 for at, chance in zip(starts, chances, strict=True)]
    top = max(1, *counts)
    bars = tuple(height(count, top) for count in counts)
    return Chart(title, bars, tuple(height(fit, top) for fit in fits), width / bins, form.line, top, beyond)


def height(count: float, top: int) -> float:
    """Return how high so many pairs stand: half a pair at the bottom, so that one is seen."""
    return max(0.0, math.log(2 * count) / math.log(2 * top)) if count > 0 else 0.0


def letters(both: tuple[Chart, Chart], width: int = 0, *, ascii_only: bool) -> Iterator[str]:
    """Yield the lines of both forms beside each other, within 80 columns; below each other where there are fewer.

    `width` 0 is any number of columns.
    """
    if 0 < width < _BESIDE:
        for chart in both:
            yield from _letters(chart, ascii_only=ascii_only)
        return
    for one, other in zip_longest(*(list(_letters(chart, ascii_only=ascii_only)) for chart in both), fillvalue=""):
        yield f"{one:<40}{other}".rstrip()


def _letters(chart: Chart, *, ascii_only: bool) -> Iterator[str]:
    signs = {"bar": "#", "fit": ".", "line": "|"} if ascii_only else {"bar": "█", "fit": "·", "line": "│"}
    at = min(len(chart.bars) - 1, int(chart.line / chart.step))
    yield chart.title
    for row in reversed(range(ROWS)):
        cells = []
        for column, (bar, fit) in enumerate(zip(chart.bars, chart.fit, strict=True)):
            full = bar * ROWS - row
            sign = " " if full <= 0 else signs["bar"] if full >= 1 or ascii_only else _EIGHTHS[math.ceil(full * 8)]
            if sign == " " and column == at:
                sign = signs["line"]
            elif sign == " " and 0 < fit * ROWS - row <= 1:
                sign = signs["fit"]
            cells.append(sign)
        label = "" if row < ROWS - 1 else grouped(chart.top) if chart.top < 10_000 else f"{chart.top // 1000}k"
        yield f"{label:>5}" + "".join(cells)
    yield " " * 5 + _axis(chart, at)
    if chart.beyond:
        yield " " * 5 + _n("beyond: {n} pair", "beyond: {n} pairs", chart.beyond)


def _axis(chart: Chart, at: int) -> str:
    """Return the evidence below the columns, with that of the line at its place."""
    cells = [" "] * COLUMNS
    mark = f"^{chart.line:.1f}"
    begin = at
    if at + len(mark) > COLUMNS:  # no room to the right of it
        mark = f"{chart.line:.1f}^"
        begin = at + 1 - len(mark)
    for tick in chart.ticks:
        text, column = str(tick), int(tick / chart.step)
        if column + len(text) < begin or begin + len(mark) < column <= COLUMNS - len(text):
            cells[column : column + len(text)] = text
    cells[begin : begin + len(mark)] = mark
    return "".join(cells).rstrip()
