"""The evidence of random pairs as an SVG document, for a browser."""

from __future__ import annotations

import math
from collections.abc import Iterator
from html import escape
from typing import Final

from comet.collection.charts import Chart, height
from comet.core.text import _, _n

_WIDTH, _HEIGHT, _LEFT, _TOP, _BELOW = 520, 260, 72, 44, 82  # of one form in the SVG, and the margins in it
_STYLE: Final = (
    "text{font:13px sans-serif;fill:#222}.bar{fill:#8aa4c8}.fit{fill:none;stroke:#b3541e;stroke-width:2}"
    ".line{stroke:#222;stroke-width:2}.axis{stroke:#888}"
)


def svg(both: tuple[Chart, Chart], words: str) -> str:
    """Return both forms beside each other as an SVG document.

    Args:
        both: As `charts` gives them.
        words: A sentence below the picture.
    """
    wide, high = 2 * _WIDTH, _TOP + _HEIGHT + _BELOW + 28
    parts = [part for at, chart in enumerate(both) for part in _drawn(chart, at * _WIDTH)]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" role="img">',
            f"<title>{escape(words)}</title>",
            f"<style>{_STYLE}</style>",
            f'<rect width="{wide}" height="{high}" fill="#fff"/>',
            *parts,
            f'<text x="{_LEFT}" y="{high - 14}">{escape(words)}</text>',
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
        y = bottom - height(10**power, chart.top) * _HEIGHT
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
