"""The evidence of random pairs as a picture: in letters for a terminal, and as SVG for a browser."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from itertools import zip_longest
from typing import TYPE_CHECKING, Final

from comet.core.text import _, _n

if TYPE_CHECKING:
    from comet.collection.threshold import Form

COLUMNS: Final = 34
"""Most of one form: two of them beside each other fit in 80, with their scales."""
ROWS: Final = 6

_BESIDE: Final = 80
_EIGHTHS: Final = " ▁▂▃▄▅▆▇█"
_WIDTH, _HEIGHT, _LEFT, _TOP, _BELOW = 520, 260, 72, 44, 82  # of one form in the SVG, and the margins in it
_STYLE: Final = (
    "text{font:13px sans-serif;fill:#222}.bar{fill:#8aa4c8}.fit{fill:none;stroke:#b3541e;stroke-width:2}"
    ".line{stroke:#222;stroke-width:2}.axis{stroke:#888}"
)


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
    from comet.collection.threshold import PER_Z  # noqa: PLC0415 - arrays and all

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
    bars = tuple(_height(count, top) for count in counts)
    return Chart(title, bars, tuple(_height(fit, top) for fit in fits), width / bins, form.line, top, beyond)


def _height(count: float, top: int) -> float:
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
        label = "" if row < ROWS - 1 else f"{chart.top:,}" if chart.top < 10_000 else f"{chart.top // 1000}k"
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


def svg(both: tuple[Chart, Chart], words: str) -> str:
    """Return both forms beside each other as an SVG document.

    Args:
        both: As `charts` gives them.
        words: A sentence below the picture.
    """
    width, height = 2 * _WIDTH, _TOP + _HEIGHT + _BELOW + 28
    parts = [part for at, chart in enumerate(both) for part in _drawn(chart, at * _WIDTH)]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">',
            f"<title>{escape(words)}</title>",
            f"<style>{_STYLE}</style>",
            f'<rect width="{width}" height="{height}" fill="#fff"/>',
            *parts,
            f'<text x="{_LEFT}" y="{height - 14}">{escape(words)}</text>',
            "</svg>\n",
        ]
    )


def _drawn(chart: Chart, left: int) -> Iterator[str]:
    """Yield the elements of one form."""
    column = (_WIDTH - _LEFT - 24) / len(chart.bars)
    x0, bottom = left + _LEFT, _TOP + _HEIGHT

    def x(evidence: float) -> float:
        return x0 + evidence / chart.step * column

    yield f'<text x="{x0}" y="22">{escape(chart.title)}</text>'
    for at, bar in enumerate(chart.bars):
        if bar:
            box = f'x="{x0 + at * column:.1f}" y="{bottom - bar * _HEIGHT:.1f}"'
            yield f'<rect class="bar" {box} width="{column - 1:.1f}" height="{bar * _HEIGHT:.1f}"/>'
    fit = [(x0 + (at + 0.5) * column, bottom - high * _HEIGHT) for at, high in enumerate(chart.fit) if high]
    yield f'<polyline class="fit" points="{" ".join(f"{a:.1f},{b:.1f}" for a, b in fit)}"/>'
    yield f'<line class="axis" x1="{x0}" y1="{bottom}" x2="{x0 + column * len(chart.bars):.1f}" y2="{bottom}"/>'
    for tick in chart.ticks:
        yield f'<text x="{x(tick):.1f}" y="{bottom + 18}" text-anchor="middle">{tick}</text>'
    for power in range(int(math.log10(chart.top)) + 1):
        y = bottom - _height(10**power, chart.top) * _HEIGHT
        yield f'<text x="{x0 - 6}" y="{y + 4:.1f}" text-anchor="end">{10**power:,}</text>'
    middle, high = x0 + column * len(chart.bars) / 2, _TOP + _HEIGHT / 2
    yield f'<text x="{middle:.1f}" y="{bottom + 38}" text-anchor="middle">{escape(_("evidence, z"))}</text>'
    turned = f'transform="translate({left + 12} {high}) rotate(-90)" text-anchor="middle"'
    yield f"<text {turned}>{escape(_('random pairs, log scale'))}</text>"
    at_line = f"{x(chart.line):.1f}"
    yield f'<line class="line" x1="{at_line}" y1="{_TOP - 8}" x2="{at_line}" y2="{bottom}"/>'
    yield f'<text x="{at_line}" y="{_TOP - 12}" text-anchor="middle">{chart.line:.1f}</text>'
    if chart.beyond:
        x1, beyond = x0 + column * len(chart.bars), _n("beyond: {n} pair", "beyond: {n} pairs", chart.beyond)
        yield f'<text x="{x1:.1f}" y="{bottom + 56}" text-anchor="end">{escape(beyond)}</text>'
