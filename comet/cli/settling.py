"""The merged tags of a group, line by line: shown, and their conflicts asked about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

from comet.cli import out, tagged
from comet.collection import merging
from comet.collection.merging import Editor, Merged
from comet.core.merged import PICTURE, Agreement, Row, Settled, Value
from comet.core.text import _, _n, safe

MARKS = {
    Agreement.CONFLICT: "!",
    Agreement.ADDED: "+",
    Agreement.ALIKE: "~",
    Agreement.SAME: "=",
    Agreement.OWN: ".",
}
"""What stands before a field, so that a line says it without colour."""


def told(merged: Merged, editor: Editor, *, all_fields: bool = False) -> Iterator[str]:
    """Yield what becomes of the tags of a group, a line a field; without `all_fields` only those that need a look."""
    if merged.settled.own:
        yield _("Tags: each file keeps its own")
        return
    rows = merged.merge.rows
    counts = Counter(Agreement.SAME if row.field in merged.settled.fields else row.agreement for row in rows)
    yield _("Tags: {conflicts}, {added} added, {alike} alike, {same} same, {own} of each file's own").format(
        conflicts=_n("{n} conflict", "{n} conflicts", counts[Agreement.CONFLICT]),
        added=counts[Agreement.ADDED],
        alike=counts[Agreement.ALIKE],
        same=counts[Agreement.SAME],
        own=counts[Agreement.OWN],
    )
    for row in rows:
        if all_fields or row.field in merged.settled.fields or row.agreement not in (Agreement.SAME, Agreement.OWN):
            yield _row(merged, row)
    for field, values in merged.settled.fields.items():
        if field not in {row.field for row in rows}:
            yield f"  * {safe(field)}: {_joined(merged, field, values)}"
    stays = {at: why for at, why in merged.merge.unread.items() if at not in merged.proposal.remove}
    for at, why in sorted((*stays.items(), *merging.unheld(merged, editor).items())):
        yield _("  track {n}: {why}").format(n=at + 1, why=why)
    yield from _lost(merged)


def _lost(merged: Merged) -> Iterator[str]:
    """Yield what files that go say and none that stays will, but what a conflict tells itself, a line each."""
    shown = {row.field for row in merged.open}  # a conflict says itself which values it has
    for field, value in ((field, value) for field, value in merged.dropped if field not in shown):
        yield _("  nowhere after that: {field}: {value}").format(field=safe(field), value=_value(merged, field, value))
    for at, why in sorted(merged.merge.unread.items()):
        if at in merged.proposal.remove:
            yield _("  track {n}: {why}").format(n=at + 1, why=why)


def _row(merged: Merged, row: Row) -> str:
    settled = merged.settled.fields.get(row.field)
    chosen = row.merged if settled is None else settled
    mark = MARKS[row.agreement] if settled is None else "*"
    others = [each for each in row.values if each.text not in chosen]
    also = _("; not {others}").format(others=", ".join(_value(merged, row.field, each) for each in others))
    text = _joined(merged, row.field, chosen) if chosen else _("none")
    if row.agreement is Agreement.OWN:
        text, also = ", ".join(_value(merged, row.field, each) for each in row.values), ""
    return f"  {mark} {safe(row.field)}: {text}{also if others else ''}"


def _joined(merged: Merged, field: str, values: tuple[str, ...]) -> str:
    sources = {value.text: value for row in merged.merge.rows if row.field == field for value in row.values}
    return " / ".join(_value(merged, field, sources.get(each, Value(each, ()))) for each in values)


def _value(merged: Merged, field: str, value: Value) -> str:
    text = merged.merge.pictures.get(value.text, value.text) if field.startswith(PICTURE) else value.text
    tracks = ",".join(str(at + 1) for at in value.sources)
    return f"{tagged.value(text)}{f' <- {tracks}' if tracks else ''}"


def settle(merged: Merged, read: Callable[[], str | None]) -> Settled | None:
    """Ask about the conflicts that are open, one by one; None where an answer was none, and so nothing is settled.

    Args:
        merged: the group with its tags.
        read: returns the next answer, None at the end of the input.
    """
    number = 0
    while merged.open:
        row, number, left = merged.open[0], number + 1, len(merged.open)
        print(_("Conflict {n} of {all}: {field}").format(n=number, all=number + left - 1, field=safe(row.field)))
        for choice, value in enumerate(row.values, 1):
            print(f"  {choice}. {_value(merged, row.field, value)}")
        print(_("Enter takes the first, a number another one, `= TEXT` what you type; anything else goes back"))
        chosen = _chosen(row, read())
        if chosen is None:
            return None
        fields = {**merged.settled.fields, row.field: chosen}
        merged = replace(merged, settled=replace(merged.settled, fields=fields))  # an album decides about others too
    return merged.settled


def _chosen(row: Row, typed: str | None) -> tuple[str, ...] | None:
    """Return the values that an answer means, None where it means none."""
    if typed is None:
        return None
    if not typed:
        return row.merged or (row.values[0].text,)
    if typed.startswith("="):
        return (text,) if (text := typed[1:].strip()) else ()
    number = int(typed) if typed.isdecimal() and len(typed) < 9 else 0
    return (row.values[number - 1].text,) if 1 <= number <= len(row.values) else None


class Conflicts:
    """Conflicts in the tags of many groups: settled as it is proposed, and told; or their groups are left.

    So are values that no file would have afterwards, and tags that take no part for they cannot be read.

    Args:
        leave: Such groups are left as they are.
    """

    def __init__(self, *, leave: bool = False) -> None:
        self._leave = leave
        self.left = 0
        """Groups that are left."""
        self.found: list[dict[str, Any]] = []
        """Those that are settled as proposed, as JSON."""
        self._lines: list[str] = []
        self._lost: list[str] = []
        self._unheld: list[str] = []

    def through(self, groups: Iterable[Merged]) -> Iterator[Merged]:
        """Yield the groups that are not left, and remember their conflicts."""
        for each in groups:
            lost = list(_lost(each)) if each.proposal.remove else []
            if (each.open or lost) and self._leave:
                self.left += 1
                continue
            path = each.proposal.group.tracks[each.proposal.keep[0]].path
            for row in each.open:
                values = [value.text for value in row.values]
                about = {"group": each.proposal.group.id, "path": path, "field": row.field}
                self.found.append({**about, "chosen": list(row.merged), "values": values})
                self._lines.append(_("  `{path}`:{row}").format(path=safe(path), row=_row(each, row)))
            path = each.proposal.group.tracks[each.proposal.keep[0]].path
            self._lost += [_("  `{path}`:{line}").format(path=safe(path), line=line) for line in lost]
            for at, fields in each.unheld.items():
                name, why = safe(each.proposal.group.tracks[at].path), merging.not_held(fields)
                self._unheld.append(_("  `{path}`: {why}").format(path=name, why=why))
            yield each

    def tell(self) -> None:
        """Say how many there are, and which."""
        if self.left:
            groups = _n("{n} group", "{n} groups", self.left)
            out.note(_("left, for their tags have conflicts: {groups}").format(groups=groups))
        if self._lines:
            conflicts = _n("{n} conflict", "{n} conflicts", len(self._lines))
            out.warn(_("{conflicts} in tags, settled as it is proposed").format(conflicts=conflicts))
            for line in self._lines:
                out.note(line)
        if self._lost:
            out.warn(_("what files that go say of themselves will be in none that stays:"))
            for line in self._lost:
                out.note(line)
        if self._unheld:
            out.warn(_("merged tags that are left out of files:"))
            for line in self._unheld:
                out.note(line)
