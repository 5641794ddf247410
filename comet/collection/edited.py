r"""Merged tags as a text that somebody edits, and back.

    # ←1 Roads  ←2 roads
    title: Roads
    lyrics: Oh, can't anybody see
    | We've got a war to fight

A line is a value, `field: value`; a field with several values has several lines, and `| ` goes on with a value on
another line. What begins with `#` is left out: sources, and the values of a conflict until somebody chooses one.
Whatever no terminal should obey is written as `\t`, `\u001b` or `\U000e0041`, a backslash as `\\`. Ends of lines and
the blanks before them are the editor's matter: a value that differs only in these is the one that was there.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from comet.core.errors import UsageError
from comet.core.merged import PICTURE, Agreement, Merge, Row, Settled, Value
from comet.core.plans import field_usable
from comet.core.text import N_, _, safe

_LONG: Final = 60
"""Letters of a value that a comment shows: enough to tell two apart, and several stand in one line."""
_SHORT: Final = 8
"""Digits of a picture's hash: 32 bits, where a group has at most some dozens of pictures."""
_ESCAPE: Final = re.compile(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.|$)", re.DOTALL)
_PLAIN: Final = {"n": "\n", "t": "\t", "\\": "\\", ";": ";", ":": ":", "#": "#", "|": "|"}
_HEAD: Final = (
    N_("One value a line; a field with several values has several lines."),
    N_("`| ` at the beginning of a line goes on with the value above."),
    N_("Take a line away, and its value goes. What begins with # is left out."),
    N_("At a conflict take away the # before the value that is right, or type another one."),
)


def text(merge: Merge, settled: Settled) -> str:
    """Return the merged tags with what was settled, in the form above."""
    lines = [f"# {_(each)}" for each in _HEAD]
    for row in merge.rows:
        if row.agreement is not Agreement.OWN:
            lines += ["", *_row(row, merge, settled)]
    known = {row.field for row in merge.rows}
    for field in (each for each in settled.fields if each not in known):
        lines += ["", *_values(field, settled.fields[field])]
    own = [row.field for row in merge.rows if row.agreement is Agreement.OWN]
    if own:
        lines += ["", "# " + _("each file keeps its own: {fields}").format(fields=", ".join(map(safe, own)))]
    return "\n".join(lines) + "\n"


def parse(typed: str, merge: Merge) -> Settled:
    """Return what somebody settled by editing the text of a merge: every field that is not as it is proposed.

    Of a conflict without any value nothing is said, so it stays open; a field that is named without a value goes.

    Raises:
        UsageError: a line is none of these, with its number.
    """
    lines: dict[str, list[tuple[int, str]]] = {}
    rows = {row.field: row for row in merge.rows}
    for number, name, value in _lines(typed):
        field = name if name in rows else name.lower()
        _check(number, field, rows.get(field))
        lines.setdefault(field, []).extend([(number, value.strip())] if value.strip() else [])
    found = {field: _meant(many, rows.get(field)) for field, many in lines.items()}
    fields = {field: values for field, values in found.items() if _says(rows.get(field), values)}
    gone = (row.field for row in merge.rows if row.merged and row.agreement not in (Agreement.CONFLICT, Agreement.OWN))
    return Settled({**fields, **{field: () for field in gone if field not in found}})


def line(values: Sequence[str]) -> str:
    """Return the values of one field in one line, with `; ` between them; a `;` inside has a backslash before it."""
    return "; ".join(_written(_unified(each)).replace("\n", "\\n").replace(";", "\\;") for each in values)


def values(typed: str) -> tuple[str, ...]:
    """Return the values that were typed in one line.

    Raises:
        UsageError: a backslash stands before something that it does not belong to.
    """
    parts = re.findall(r"(?:\\.|[^\\;])+|\\$", typed, re.DOTALL)
    found = [_usable(_read(part.strip())) for part in parts]
    return tuple(dict.fromkeys(each for each in found if each.strip()))


def by_hand(text: str) -> str:
    """Let somebody edit a text in the editor of their choice, and return what they saved.

    Bytes that are no UTF-8 are lone surrogates in both.

    Raises:
        UsageError: there is no editor, it ended with an error, or the text cannot be written.
    """
    try:
        command = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "")
    except ValueError as error:
        raise UsageError(_("EDITOR is no command: {reason}").format(reason=error)) from error
    command = command or [name for name in ("nano", "vi") if shutil.which(name)][:1]
    if not command:
        raise UsageError(_("there is no editor"), hint=_("let EDITOR name one, as in EDITOR=nano"))
    with tempfile.TemporaryDirectory(prefix="comet-") as folder:
        path = Path(folder, "tags.txt")
        try:
            path.write_text(text, encoding="utf-8", errors="surrogateescape")
            code = subprocess.run([*command, os.fspath(path)], check=False).returncode
            if code:
                raise UsageError(_("`{name}` ended with {code}").format(name=safe(command[0]), code=code))
            return path.read_text(encoding="utf-8-sig", errors="surrogateescape")
        except OSError as error:
            told = _("`{name}` cannot be used: {reason}")
            raise UsageError(told.format(name=safe(command[0]), reason=error.strerror or error)) from error


def _row(row: Row, merge: Merge, settled: Settled) -> Iterator[str]:
    opened = row.agreement is Agreement.CONFLICT and row.field not in settled.fields
    if opened:
        told = _("{field}: these differ, and one is right at most")
        yield "# ! " + told.format(field=safe(row.field))
    elif len(row.values) > 1 or row.agreement is not Agreement.SAME or row.field.startswith(PICTURE):
        yield "# " + "  ".join(_source(value, row, merge) for value in row.values)
    if not opened:
        yield from _values(row.field, settled.fields.get(row.field, row.merged))
        return
    for value in row.values:
        yield f"# {_source(value, row, merge)}"
        yield from (f"#{each}" for each in _values(row.field, (value.text,)))


def _source(value: Value, row: Row, merge: Merge) -> str:
    numbers = ",".join(str(at + 1) for at in value.sources)
    if row.field.startswith(PICTURE):
        return f"←{numbers} {value.text[:_SHORT]} {safe(merge.pictures.get(value.text, ''))}".rstrip()
    shown = safe(" ".join(value.text[: 2 * _LONG].split()))
    return f"←{numbers} {shown[:_LONG]}{'…' if len(shown) > _LONG or len(value.text) > 2 * _LONG else ''}"


def _values(field: str, values: Sequence[str]) -> Iterator[str]:
    name = _written(field).replace("\n", "\\n").replace(":", "\\:")
    name = f"\\{name}" if name[:1] in ("#", "|") else name
    for value in values:
        shown = value[:_SHORT] if field.startswith(PICTURE) else _written(_unified(value))
        first, *more = shown.split("\n")
        yield f"{name}: {first}".rstrip()
        yield from (f"| {each}".rstrip() for each in more)
    if not values:
        yield f"{name}:"


def _lines(typed: str) -> Iterator[tuple[int, str, str]]:
    """Yield number, field and value of each value that was typed."""
    number, name, value = 0, "", ""
    for at, each in enumerate(typed.replace("\r\n", "\n").split("\n"), 1):
        if each.startswith("#") or not each.strip():
            continue
        if each.startswith("|"):
            if not number:
                raise _wrong(at, _("there is no value above that it could go on with"))
            value += "\n" + _read(each[1:].removeprefix(" "), at)
            continue
        if number:
            yield number, name, value
        before, colon, after = re.match(r"((?:\\.|[^\\:])*)(:?)(.*)", each, re.DOTALL).groups()  # type: ignore[union-attr]
        if not colon:
            raise _wrong(at, _("`{typed}` is no `field: value`").format(typed=safe(each[:_LONG])))
        number, name, value = at, _read(before, at).strip(), _read(after, at)
    if number:
        yield number, name, value


def _check(number: int, field: str, row: Row | None) -> None:
    """Refuse a field that nobody can settle here."""
    if row is not None and row.agreement is Agreement.OWN:
        raise _wrong(number, _("`{field}` belongs to each file, and is not merged").format(field=safe(field)))
    if row is None and (field.startswith(PICTURE) or not field_usable(field)):
        raise _wrong(number, _("`{field}` is no field of tags").format(field=safe(field[:_LONG])))


def _meant(typed: Sequence[tuple[int, str]], row: Row | None) -> tuple[str, ...]:
    """Return the values that are meant: those that are there already, as they are there, or what was typed."""
    there = (*row.merged, *(each.text for each in row.values)) if row else ()
    if row is not None and row.field.startswith(PICTURE):
        found = [_picture(number, value, set(there)) for number, value in typed]
        if len(set(found)) > 1:
            raise _wrong(typed[-1][0], _("a file has one picture of a kind"))
    else:
        known = {_trimmed(each): each for each in reversed(there)}
        found = [known.get(_trimmed(value)) or _usable(value, number) for number, value in typed]
    return tuple(dict.fromkeys(found))


def _picture(number: int, digits: str, there: Iterable[str]) -> str:
    fitting = [each for each in there if each.startswith(digits)]
    if len(fitting) != 1:
        raise _wrong(number, _("`{value}` is none of the pictures").format(value=safe(digits[:_LONG])))
    return fitting[0]


def _says(row: Row | None, values: tuple[str, ...]) -> bool:
    """Tell whether these values of a field are something that is not proposed, or settle a conflict."""
    if row is None:
        return bool(values)
    return row.agreement is Agreement.CONFLICT or values != row.merged


def _usable(value: str, number: int = 0) -> str:
    if any(each == "\0" or "\ud800" <= each <= "\udfff" for each in value):
        raise _wrong(number, _("no tag can hold `{value}`").format(value=safe(value[:_LONG])))
    return value


def _unified(value: str) -> str:
    return value.replace("\r\n", "\n").replace("\r", "\n")


def _trimmed(value: str) -> str:
    """Return what an editor leaves of a value: its lines without the blanks at their ends."""
    return "\n".join(each.rstrip() for each in _unified(value).strip().split("\n"))


def _written(value: str) -> str:
    """Return a text in which every letter can be seen and read back; ends of lines stay."""
    if "\\" not in value and all(each.isprintable() for each in value.split("\n")):
        return value
    return "".join(map(_letter, value))


def _letter(letter: str) -> str:
    if letter == "\n" or (letter != "\\" and safe(letter) == letter):
        return letter
    code = ord(letter)
    return {"\\": "\\\\", "\t": "\\t"}.get(letter) or (f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")


def _read(written: str, number: int = 0) -> str:
    """Return the text that was written so."""

    def letter(match: re.Match[str]) -> str:
        name = match[1]
        if len(name) > 1 and int(name[1:], 16) <= 0x10FFFF:
            return chr(int(name[1:], 16))
        if name not in _PLAIN:
            told = _("`{escape}` means nothing; a backslash itself is written twice")
            raise _wrong(number, told.format(escape=safe(match[0])))
        return _PLAIN[name]

    return _ESCAPE.sub(letter, written)


def _wrong(number: int, what: str) -> UsageError:
    return UsageError(_("line {number}: {what}").format(number=number, what=what) if number else what)
