"""The merged tags of a group in words, one row a field. Everything from outside is made safe here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Text

from comet.core.merged import PICTURE, Agreement, Merge, Row, Settled, Value
from comet.core.text import _, _n, safe
from comet_tui import settling
from comet_tui.widgets.columns import Cell, head, line

if TYPE_CHECKING:
    from comet.collection.merging import Merged

_OPEN = "bold yellow"
_SETTLED = "bold green"
_LONG = 400
"""Letters of a value that are looked at: a row never shows more, and lyrics may have a million."""
_MARKS = {
    Agreement.SAME: "=",
    Agreement.ADDED: "+",
    Agreement.ALIKE: "≈",
    Agreement.CONFLICT: "!",
    Agreement.OWN: "·",
}


@dataclass(frozen=True, slots=True)
class Fold:
    """Rows of which only the fields are told, in one line."""

    agreement: Agreement
    rows: tuple[Row, ...]


def heading(merge: Merge, settled: Settled) -> str:
    """Return what is above the rows: how many fields of which kind."""
    if settled.own:
        return _("Tags · each file keeps its own")
    counts = {each: sum(row.agreement is each for row in merge.rows) for each in Agreement}
    left = len(settled.open(merge))
    words = (
        left and _n("{n} conflict", "{n} conflicts", left),
        counts[Agreement.CONFLICT] - left and _("{n} settled").format(n=counts[Agreement.CONFLICT] - left),
        counts[Agreement.ADDED] and _("{n} added").format(n=counts[Agreement.ADDED]),
        counts[Agreement.ALIKE] and _("{n} alike").format(n=counts[Agreement.ALIKE]),
        counts[Agreement.SAME] and _("{n} same").format(n=counts[Agreement.SAME]),
    )
    if not merge.rows and not merge.unread:
        return _("Tags · the tracks have none")
    after = _("Tags after the merge, also of those that go") if settled.all_files else _("Tags after the merge")
    return " · ".join((after, *(each for each in words if each)))


def listed(merge: Merge, settled: Settled, *, opened: bool) -> list[Row | Fold]:
    """Return the rows that are shown: what nobody needs to look at is folded, each kind into one line."""
    if settled.own:
        return []
    found: list[Row | Fold] = []
    folded: dict[Agreement, list[Row]] = {Agreement.SAME: [], Agreement.OWN: []}
    for row in settling.rows(merge, settled):
        if row.agreement in folded and row.field not in settled.fields and not opened:
            folded[row.agreement].append(row)
        else:
            found.append(row)
    return [*found, *(Fold(each, tuple(rows)) for each, rows in folded.items() if rows)]


def field_row(row: Row, merge: Merge, settled: Settled, at: int | None, width: int) -> Text:
    """Return a row: mark, field, what it gets, and the other values with the tracks that have them.

    Args:
        row: the field.
        merge: what it is part of.
        settled: what was settled.
        at: of a field that may hold several values the one under the cursor; None where the cursor is elsewhere.
        width: cells.
    """
    mark, style = _mark(row, settled)
    name = min(20, max(13, width // 4))
    room = max(10, (width - name) * 2 // 5)
    value = _value(row, merge, settled, at, room)
    cells = (Cell(mark, 1, style=style), Cell(_name(row.field), name), Cell(value, room))
    others = _others(row, merge, settled, max(10, width - room - name - 6))
    return line(cells, others, width)


def fold_row(fold: Fold, width: int) -> Text:
    """Return the one line that stands for many."""
    same = fold.agreement is Agreement.SAME
    count = len(fold.rows)
    words = _("{n} same · o opens") if same else _("{n} of each file's own · o opens")
    last = words.format(n=count)
    names = head(", ".join(_name(row.field) for row in fold.rows), max(10, width - 4 - cell_len(last)))
    cells = (Cell(_MARKS[fold.agreement], 1), Cell(names, max(10, width - 4 - cell_len(last))))
    return line(cells, last, width)


def detail(row: Row, merge: Merge, settled: Settled) -> str:
    """Return all of a field in one text: what it gets, and every value with the tracks that have it."""
    now = "; ".join(_plain(row.field, merge, value) for value in settling.chosen(row, settled)) or _("nothing")
    there = "  ".join(f"{sources(value)} {_plain(row.field, merge, value.text)}" for value in row.values)
    if row.agreement is Agreement.OWN:
        return _("{field} stays with each file: {values}").format(field=_name(row.field), values=there)
    return f"{_name(row.field)}: {now}  {there}".rstrip()


def sources(value: Value) -> str:
    """Return which tracks have a value, by their numbers; none has one in which damaged letters were mended."""
    return "←" + (",".join(str(at + 1) for at in value.sources) or _("mended"))


def left(rows: Sequence[Row]) -> str:
    """Return which conflicts are open, and which keys settle them."""
    return _("{conflicts}: {names} · Enter takes the value shown, l and h choose another one").format(
        conflicts=_n("{n} conflict is left", "{n} conflicts are left", len(rows)),
        names=", ".join(_name(row.field) for row in rows),
    )


def missing(failure: str) -> str:
    """Return why nothing is confirmed while no tags are shown."""
    if failure:
        return _("! the tags cannot be read: {reason}; with m each file keeps its own").format(reason=failure)
    return _("the tags are still being read: nothing is confirmed before they are there")


def notes(merged: Merged, rows: Sequence[Row | Fold], unheld: Mapping[int, str]) -> list[str]:
    """Return what is lost that the rows do not show, why the tags of some tracks take no part, and what is `unheld`."""
    if merged.settled.own:
        return []
    shown = {row.field for row in rows if isinstance(row, Row)}
    lost = [
        _("- nowhere after that: {field} {value} {tracks}").format(
            field=_name(field), value=_plain(field, merged.merge, value.text), tracks=sources(value)
        )
        for field, value in merged.dropped
        if field not in shown
    ]
    unread = [
        _("! track {number}: {reason}").format(number=at + 1, reason=safe(why))
        for at, why in sorted((*merged.merge.unread.items(), *unheld.items()))
    ]
    return [*lost, *unread]


def _mark(row: Row, settled: Settled) -> tuple[str, str]:
    if row.field in settled.fields:
        return ("✎" if settling.typed(row, settled) else "✓"), _SETTLED
    return _MARKS[row.agreement], _OPEN if row.agreement is Agreement.CONFLICT else ""


def _value(row: Row, merge: Merge, settled: Settled, at: int | None, room: int) -> str:
    """Return what a field gets, with signs around what the keys change."""
    now = settling.chosen(row, settled)
    if row.agreement is Agreement.OWN:
        return _("stays with each file")
    if settling.several(row) and at is not None:
        found = settling.parts(row, settled)
        here = found[at % len(found)] if found else ""
        shown = head(_plain(row.field, merge, here), room - 4)
        rest = [_plain(row.field, merge, each) for each in now if each != here]
        return head("; ".join((f"{'●' if here in now else '○'} ◂{shown}▸", *rest)), room)
    words = head("; ".join(_plain(row.field, merge, each) for each in now) or _("(nothing)"), room - 2)
    chooses = not settling.several(row) and len(settling.options(row, settled)) > 1
    return f"◂{words}▸" if chooses and (at is not None or row.agreement is Agreement.CONFLICT) else words


def _others(row: Row, merge: Merge, settled: Settled, room: int) -> str:
    """Return where the values come from: of those that were chosen only the tracks, of others the value too."""
    now = settling.chosen(row, settled)
    here = [sources(value) for value in row.values if value.text in now]
    rest = [value for value in row.values if value.text not in now]
    each = max(8, (room - sum(map(len, here))) // max(1, len(rest)) - 6)
    return "  ".join(
        (*here, *(f"{head(_plain(row.field, merge, value.text), each)} {sources(value)}" for value in rest))
    )


def _plain(field: str, merge: Merge, value: str) -> str:
    """Return a value in one line: of a picture how it looks, of several lines how many there are."""
    if field.startswith(PICTURE):
        return safe(merge.pictures.get(value, value[:8]))
    shown = safe(" ".join(value[:_LONG].split()))
    count = value.count("\n") + 1
    return f"{shown} ({_n('{n} line', '{n} lines', count)})" if count > 1 else shown


def _name(field: str) -> str:
    return safe(field[:_LONG])


def changed(before: Settled, after: Settled) -> str:
    """Return which fields differ between two states, as a sentence."""
    fields: Sequence[str] = sorted(
        each for each in {*before.fields, *after.fields} if before.fields.get(each) != after.fields.get(each)
    )
    if not fields:
        return _("nothing was changed")
    return _("{fields}: {names}; nothing is written before Enter").format(
        fields=_n("{n} field changed", "{n} fields changed", len(fields)), names=", ".join(map(_name, fields))
    )
