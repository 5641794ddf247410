"""The evidence of random pairs as a picture: readable in 80 columns and in a browser."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from comet.cli import picture
from comet.collection import charts
from comet.collection.charts import Chart
from comet.collection.threshold import Form
from comet.judge.threshold import FLAT, SLOPED


def form(line: float = 10.4, *, beyond: int = 7) -> Form:
    """Return 20 000 pairs around 3, some of them further out."""
    counts = [0] * 256
    for at in range(10, 80):
        counts[at] = max(1, round(1200 * 2.0 ** (-abs(at - 48) / 4)))
    counts[200] = 1
    counts[255] = beyond
    return Form(tuple(counts), FLAT, line)


def both(line: float = 10.4) -> tuple[Chart, Chart]:
    """Return both forms to draw."""
    return charts.charts((form(line), Form(form().counts, SLOPED, line + 1)))


@pytest.mark.parametrize("line", [6.5, 10.4, 17.2, 22.0, 40.0])
def test_80_columns_are_enough(line: float) -> None:
    """Wherever the line is, no row is longer, and there are few enough rows to leave room for a table."""
    rows = list(charts.letters(both(line), ascii_only=False))
    assert max(map(len, rows)) <= 80
    assert len(rows) <= 9


@pytest.mark.parametrize("line", [6.5, 10.4, 17.2, 22.0])
def test_the_line_stands_in_its_column(line: float) -> None:
    """It is drawn up through the empty rows above the place where its evidence is written."""
    chart = both(line)[0]
    rows = list(charts._letters(chart, ascii_only=False))
    at = rows[charts.ROWS + 1].index("^")
    assert f"{line:.1f}" in rows[charts.ROWS + 1]
    assert rows[1][at] == "│"
    assert at - 5 == int(line / chart.step)


def test_plain_terminals_get_plain_letters() -> None:
    """Where the terminal knows no other letters, all of the picture is ASCII and still shows bars, fit and line."""
    text = "\n".join(charts.letters(both(), ascii_only=True))
    assert text.isascii()
    assert all(sign in text for sign in "#.|^")


def test_no_pair_is_lost() -> None:
    """What is further out than the picture is counted beside it; one pair alone is seen."""
    near = both(9.0)[0]
    shown = sum(form().counts[: round(len(near.bars) * near.step * 16)])
    assert near.beyond == sum(form().counts) - shown == 8
    far = both(12.0)[0]
    at = int(200 / 16 / far.step)
    assert (far.beyond, far.bars[at] > 0) == (7, True)
    assert any(row[5 + at] not in " ·" for row in list(charts._letters(far, ascii_only=False))[1 : charts.ROWS + 1])


def test_higher_is_more() -> None:
    """Heights rise with the number of pairs, from 0 for none to 1 for the most; the fit falls with the evidence."""
    chart = both()[0]
    assert max(chart.bars) == 1.0
    assert [charts.height(n, 1000) for n in (0, 1, 10, 1000)] == sorted(
        charts.height(n, 1000) for n in (0, 1, 10, 1000)
    )
    fit = [high for high in chart.fit if high]
    assert fit == sorted(fit, reverse=True)
    assert len(fit) > 3


def test_a_browser_can_read_it() -> None:
    """The SVG is well-formed, escapes what it says, lies within its box and shows both forms with line and fit."""
    root = ET.fromstring(picture.svg(both(), "1 < 2 & 3"))  # noqa: S314 - our own
    space = {"s": "http://www.w3.org/2000/svg"}
    width, height = map(float, root.attrib["viewBox"].split()[2:])
    assert root.findtext("s:title", namespaces=space) == "1 < 2 & 3"
    for box in root.findall("s:rect", space)[1:]:
        assert 0 <= float(box.attrib["x"]) <= float(box.attrib["x"]) + float(box.attrib["width"]) <= width
        assert 0 <= float(box.attrib["y"]) < height
    assert len(root.findall("s:polyline", space)) == len(root.findall("s:line[@class='line']", space)) == 2
