"""What several commands print in the same way."""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from comet.core.text import _, safe

if TYPE_CHECKING:
    from comet.collection.pairs import FilePair
    from comet.core.model import Root, Track

_LEAST = 10
"""Columns that any terminal is taken to have."""

_READABLE = 8
"""Columns below which what is left of a text tells nothing."""

_VALUE = 20
"""Columns below which a value does not stand beside its name, but under it."""


def dump(value: object) -> None:
    """Print a value as one line of JSON; it is ASCII, so any name survives any terminal and pipe."""
    print(json.dumps(value))


def note(text: str) -> None:
    """Print a line that is not data."""
    sys.stdout.flush()
    print(text, file=sys.stderr, flush=True)


def next_step(*sentences: str) -> None:
    """Print what can be done next."""
    for sentence in sentences:
        note(_("next: {sentence}").format(sentence=sentence))


def warn(text: str) -> None:
    """Print a warning."""
    note(_("warning: {text}").format(text=text))


def warn_away(roots: Iterable[Root]) -> bool:
    """Warn of roots that are away; return whether there are any."""
    found = False
    for root in roots:
        found = True
        warn(
            _("root `{path}` is away, nothing of it is forgotten: {reason}").format(
                path=safe(root.path), reason=root.away
            )
        )
    return found


def width() -> int:
    """Return how many columns there are, 0 where lines are for a pipe and nothing may be cut."""
    if not sys.stdout.isatty():
        return 0
    return max(_LEAST, shutil.get_terminal_size().columns)


def table(rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> list[str]:
    """Return rows as lines with their columns under each other; those in `right` end at one edge.

    The last column is not padded.
    """
    from rich.cells import cell_len  # noqa: PLC0415 - help must not wait for it

    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)] if rows else []
    lines = []
    for row in rows:
        cells = []
        for at, cell in enumerate(row):
            pad = " " * (widths[at] - cell_len(cell))
            cells.append(pad + cell if at in right else cell if at == len(row) - 1 else cell + pad)
        lines.append("  ".join(cells).rstrip())
    return lines


def fitted(
    rows: Sequence[Sequence[str]],
    columns: int,
    *,
    right: Sequence[int] = (),
    leave: Sequence[int] = (),
    cut: int = 0,
    least: int = 0,
) -> list[str]:
    """Return rows as `table` does, in at most `columns`; 0 is any number.

    Where there are too few, the columns in `leave` go, one after the other; then the one at `cut` is cut in the middle.
    Where nothing of that one would be left, what is left of each row is text of several lines.

    Args:
        rows: Cells, the same number in each.
        columns: Of the terminal.
        right: Cells that end at one edge.
        leave: Cells that can be done without, the least first.
        cut: The cell that can be shortened.
        least: Columns that it keeps before others go, 0 for all that it takes.
    """
    from rich.cells import cell_len  # noqa: PLC0415 - help must not wait for it

    if not rows or not columns:
        return table(rows, right=right)
    kept = list(range(len(rows[0])))
    needed = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    needed[cut] = min(needed[cut], least or needed[cut])
    gone = iter(leave)

    def free() -> int:
        return columns - sum(needed[at] + 2 for at in kept) + 2

    while free() < 0 and (at := next(gone, None)) is not None:
        kept.remove(at)
    room = needed[cut] + free()
    if room < min(_READABLE, needed[cut]):
        return ["\n".join(wrapped("  ".join(filter(None, (row[at] for at in kept))), columns)) for row in rows]
    shown = [[shortened(row[at], room) if at == cut else row[at] for at in kept] for row in rows]
    return table(shown, right=[n for n, at in enumerate(kept) if at in right])


def shortened(text: str, columns: int) -> str:
    """Return text for standard output in at most `columns`, cut in the middle; 0 is any number."""
    from comet.cli import view  # noqa: PLC0415 - help must not wait for it

    return view.shortened(text, columns, ascii_only=not sys.stdout.encoding.startswith("utf")) if columns else text


def wrapped(text: str, columns: int) -> list[str]:
    """Return a sentence as lines of at most `columns`; 0 is any number."""
    return textwrap.wrap(text, columns) if columns else [text]


def track(found: Track) -> dict[str, Any]:
    """Return a file as JSON."""
    audio = found.audio
    return {
        "path": found.path,
        "size": found.file.size,
        "duration": audio.duration,
        "bitrate": audio.bitrate,
        "codec": audio.codec,
        "container": audio.container,
        "sample_rate": audio.sample_rate,
        "channels": audio.channels,
        "bits": audio.bits,
        "lossless": audio.lossless,
        "audio": audio.hash,
    }


def pair(found: FilePair) -> dict[str, Any]:
    """Return a pair of files as JSON."""
    return {
        "a": found.a.path,
        "b": found.b.path,
        "similarity": found.similarity,
        "offset": found.offset,
        "overlap": found.overlap,
        "relation": found.relation.value,
        "evidence": found.evidence,
        "p_value": found.p_value,
        "expected_false": found.expected_false,
        "sloped": found.sloped,
        "clear": found.clear,
        "holder": found.holder,
        "how": found.how,
        "speed": found.speed,
        "parts": [{"a": part.i, "b": part.j, "seconds": part.seconds} for part in found.parts],
        "doubt": found.doubt,
    }


def rate(bits: int) -> str:
    """Return a bitrate for a person."""
    return _("{rate} kbit/s").format(rate=round(bits / 1000))


def facts(values: Mapping[str, str], columns: int = 0) -> list[str]:
    """Return names and values as lines of at most `columns`, a long value over several; 0 is any number."""
    room = columns - 2 - max(map(len, values), default=0) if columns else 0
    if columns and room < _VALUE:
        under = ([name, *(f"  {line}" for line in wrapped(value, columns - 2))] for name, value in values.items())
        return [line for lines in under for line in lines]
    rows = []
    for name, value in values.items():
        first, *more = wrapped(value, room) or [""]
        rows += [[name, first], *(["", each] for each in more)]
    return table(rows)
