"""What somebody settles about the merged tags of a group, field by field: from one state to the next."""

from __future__ import annotations

from dataclasses import replace

from comet.core.merged import PICTURE, Agreement, Merge, Row, Settled

Values = tuple[str, ...]


def rows(merge: Merge, settled: Settled) -> list[Row]:
    """Return every field that there is: conflicts first, then what changes, what is the same, and each file's own."""
    order = (Agreement.CONFLICT, Agreement.ALIKE, Agreement.ADDED, Agreement.SAME, Agreement.OWN)
    known = {row.field for row in merge.rows}
    typed = [Row(field, Agreement.ADDED, (), ()) for field in settled.fields if field not in known]
    return sorted((*merge.rows, *typed), key=lambda row: order.index(row.agreement))


def chosen(row: Row, settled: Settled) -> Values:
    """Return the values that a field gets; of a conflict nothing is proposed without one."""
    first = tuple(value.text for value in row.values[:1]) if row.agreement is Agreement.CONFLICT else ()
    return settled.fields.get(row.field, row.merged or first)


def typed(row: Row, settled: Settled) -> bool:
    """Tell whether a field gets a value that no track has."""
    return bool({*chosen(row, settled)} - {*row.merged, *(value.text for value in row.values)})


def several(row: Row) -> bool:
    """Tell whether a field may hold several values: a conflict, spellings of one and a kind of picture may not."""
    if row.field.startswith(PICTURE):
        return False
    return len(row.merged) > 1 or row.agreement in (Agreement.ADDED, Agreement.SAME)


def options(row: Row, settled: Settled) -> list[Values]:
    """Return what a field can be: all as it is proposed first, then each value alone, what was typed, no picture."""
    found = (row.merged, *((value.text,) for value in row.values), chosen(row, settled))
    nothing = ((),) if row.field.startswith(PICTURE) else ()
    return list(dict.fromkeys((*filter(None, found), *nothing)))


def parts(row: Row, settled: Settled) -> list[str]:
    """Return the values that a field with several of them may hold, those that were typed too."""
    return list(dict.fromkeys((*row.merged, *(value.text for value in row.values), *chosen(row, settled))))


def put(row: Row, settled: Settled, values: Values) -> Settled:
    """Let a field have these values; of a conflict that settles it, otherwise what is proposed is no choice."""
    fields = {field: each for field, each in settled.fields.items() if field != row.field}
    if row.agreement is Agreement.CONFLICT or values != row.merged:
        fields[row.field] = values
    return replace(settled, fields=fields)


def turned(row: Row, settled: Settled, step: int) -> Settled:
    """Let a field with one value have the next one, or the one before."""
    found = options(row, settled)
    if not found:
        return settled
    now = chosen(row, settled)
    at = found.index(now) + step if now in found else 0
    return put(row, settled, found[at % len(found)])


def toggled(row: Row, settled: Settled, value: str) -> Settled:
    """Put a value in or take it out; they keep the order in which they are proposed."""
    now = chosen(row, settled)
    left = [each for each in parts(row, settled) if (each in now) != (each == value)]
    return put(row, settled, tuple(left))


def taken(row: Row, settled: Settled) -> Settled:
    """Take the value of a conflict as it is shown, or leave it open again."""
    if row.field in settled.fields:
        return replace(settled, fields={field: each for field, each in settled.fields.items() if field != row.field})
    return put(row, settled, chosen(row, settled))


def proposed(merge: Merge, settled: Settled) -> Settled:
    """Take what is proposed in every conflict that is open."""
    taken = {row.field: chosen(row, settled) for row in settled.open(merge)}
    return replace(settled, fields={**settled.fields, **taken})


def editable(row: Row) -> bool:
    """Tell whether a field's values can be typed: pictures are chosen, and what is a file's own stays with it."""
    return row.agreement is not Agreement.OWN and not row.field.startswith(PICTURE)
