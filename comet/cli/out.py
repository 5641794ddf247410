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
    return max(40, shutil.get_terminal_size().columns)


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
    rows: Sequence[Sequence[str]], columns: int, *, right: Sequence[int] = (), leave: Sequence[int] = ()
) -> list[str]:
    """Return rows as `table` does, in at most `columns`; 0 is any number.

    Where there are too few, the columns in `leave` go, one after the other; then the first one is cut in the middle.
    """
    from rich.cells import cell_len  # noqa: PLC0415 - help must not wait for it

    from comet.cli.view import shortened  # noqa: PLC0415 - likewise

    kept = list(range(len(rows[0]))) if rows else []
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    gone = iter(leave)

    def over() -> int:
        return sum(widths[at] + 2 for at in kept) - 2 - columns if columns else 0

    while over() > 0 and (at := next(gone, None)) is not None:
        kept.remove(at)
    room = max(8, widths[0] - max(0, over())) if rows else 0
    cut = [[shortened(row[0], room), *row[1:]] for row in rows]
    return table([[row[at] for at in kept] for row in cut], right=[n for n, at in enumerate(kept) if at in right])


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
    room = max(20, columns - 2 - max(map(len, values), default=0)) if columns else 0
    rows = []
    for name, value in values.items():
        first, *more = wrapped(value, room) or [""]
        rows += [[name, first], *(["", each] for each in more)]
    return table(rows)
