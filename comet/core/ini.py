"""Ini files with line numbers: read without stopping at the first mistake, edited without losing a comment.

The standard library's reader knows no line of a good value and gives up on the whole file at a duplicate, so one
profile's slip would take the others with it.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from comet.core.errors import SettingsError
from comet.core.places import make_private
from comet.core.text import _, safe

_SECTION = re.compile(r"\[(.+)\]\s*$")
_NAME = re.compile(r"[^]=:]*")
_WORD = re.compile(r"[^]\s=:]*]?")
_KEY = re.compile(r"([^\s=:#;\[][^=:]*?)\s*[=:]\s*(.*)$")


@dataclass(frozen=True, slots=True)
class Value:
    """What a key was set to, and where."""

    text: str
    """Lines of a value that goes on in indented lines are joined by newlines."""
    file: str
    section: str
    key: str
    line: int

    def wrong(self, expected: str) -> SettingsError:
        """Return the error that this value is not what was `expected`."""
        return SettingsError(
            _("{where}: `{key}` must be {expected}, not `{text}`").format(
                where=place(self.file, self.section, self.line), key=self.key, expected=expected, text=safe(self.text)
            )
        )


@dataclass(slots=True)
class Section:
    """A section with its keys in order, and what is wrong with its lines."""

    name: str
    line: int
    values: dict[str, Value] = field(default_factory=dict)
    errors: list[SettingsError] = field(default_factory=list)


def place(file: str, section: str, line: int) -> str:
    """Return where something stands, for a message."""
    if not line:
        return safe(file)  # it was typed
    inside = f" [{safe(section)}]" if section else ""
    return _("`{file}`{inside} line {line}").format(file=safe(file), inside=inside, line=line)


def read(file: str) -> dict[str, Section]:
    """Return the sections of `file`, none if it does not exist.

    Mistakes are kept with the section that they stand in (before any section: in the one named ``""``).

    Raises:
        SettingsError: the file is there but cannot be read.
    """
    return parse(lines(file), file)


def lines(file: str) -> list[str]:
    """Return the lines of `file`, none if it does not exist.

    Unlike with `splitlines` only a line feed ends one: names may hold U+2028.

    Raises:
        SettingsError: the file is there but cannot be read.
    """
    try:
        with open(file, encoding="utf-8-sig", errors="surrogateescape") as stream:
            text = stream.read()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise SettingsError(
            _("`{file}` cannot be read: {reason}").format(file=safe(file), reason=error.strerror),
            hint=_("mend its rights, set COMET_HOME, or name another file with --profiles"),
        ) from error
    return text.removesuffix("\n").split("\n") if text else []


def text(file: str) -> str:
    """Return the text of `file` as `lines` has it, each of them ended; nothing if it does not exist.

    Raises:
        SettingsError: the file is there but cannot be read.
    """
    return "".join(f"{line}\n" for line in lines(file))


def parse(text: list[str], file: str) -> dict[str, Section]:
    """Return the sections in the lines `text` of `file`."""
    sections = {"": Section("", 0)}
    now = sections[""]
    key = ""
    for number, line in _contents(text):
        if line[0].isspace():
            if key in now.values:
                old = now.values[key]
                now.values[key] = Value(f"{old.text}\n{line.strip()}".strip(), file, now.name, key, old.line)
            else:
                pair = _KEY.match(line.strip())
                lost = pair[1] if pair else ""  # all of the line may be a value
                now.errors.append(
                    _mistake(file, now.name, number, lost, _("a value that goes on needs a key above it"))
                )
        elif head := _SECTION.match(line):
            name, key = head[1].strip(), ""
            if name in sections:
                sections[name].errors.append(_mistake(file, name, number, line, _("this section stands there already")))
            now = sections.setdefault(name, Section(name, number))
        elif line.startswith("["):
            # What follows belongs to this broken section, not to the good one before it.
            name, key = _first(_NAME, line.strip("[] ")), ""
            now = sections.setdefault(name, Section(name, number))
            now.errors.append(_mistake(file, name, number, _first(_WORD, line), _("expected `[section]`")))
        elif pair := _KEY.match(line):
            key = pair[1].lower()
            if key in now.values:
                now.errors.append(_mistake(file, now.name, number, pair[1], _("this key stands there already")))
            now.values[key] = Value(pair[2].strip(), file, now.name, key, number)
        else:
            key = ""
            now.errors.append(
                _mistake(file, now.name, number, _first(_WORD, line), _("expected `[section]` or `key = value`"))
            )
    if not sections[""].values and not sections[""].errors:
        del sections[""]
    return sections


def _contents(text: list[str]) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text, 1):
        if not _empty(line):
            yield number, line


def _empty(line: str) -> bool:
    """Tell whether a line is a comment or nothing at all."""
    return not line.strip() or line.strip()[0] in "#;"


def _first(pattern: re.Pattern[str], line: str) -> str:
    """Return what a line begins with."""
    found = pattern.match(line)
    return found[0].strip() if found else ""


def _mistake(file: str, section: str, line: int, text: str, expected: str) -> SettingsError:
    """Return the error that a line is wrong; `text` is what of it is repeated, never a value: it may be a secret."""
    quoted = f": `{safe(text.strip())}`" if text else ""
    return SettingsError(f"{place(file, section, line)}: {expected}{quoted}")


def write(file: str, text: str, *, durable: bool = True) -> None:
    """Replace `file` by `text` in one step: whoever reads it sees the old or the new one.

    What is not `durable` may be lost in a power cut.

    Raises:
        SettingsError: what is durable cannot be written; the old file stays.
        OSError: what is not cannot be written.
    """
    try:
        _replace(file, text, durable=durable)
    except OSError as error:
        if not durable:
            raise
        raise SettingsError(
            _("`{file}` cannot be written: {reason}").format(file=safe(file), reason=error.strerror or error),
            hint=_("mend its rights, make room on its disk, or set COMET_HOME"),
        ) from error


def _replace(file: str, text: str, *, durable: bool) -> None:
    folder = os.path.dirname(file)
    make_private(folder)
    handle, temp = tempfile.mkstemp(dir=folder, prefix=".comet-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="surrogateescape") as stream:
            stream.write(text)
            stream.flush()
            if durable:
                os.fsync(stream.fileno())
        os.replace(temp, os.path.realpath(file))
    except BaseException:
        os.unlink(temp)
        raise


def set_value(file: str, section: str, key: str, text: str) -> None:
    """Set one key of `file`, leaving every other line and comment as it is."""
    now = lines(file)
    sections = parse(now, file)
    new = f"{key} = {text}"
    if section not in sections:
        now += [*([""] if now else []), f"[{section}]", new]
    elif key in sections[section].values:
        value = sections[section].values[key]
        below = now[value.line : end(now, value)]
        now[value.line - 1 : end(now, value)] = [new, *(line for line in below if _empty(line))]
    else:
        now.insert(sections[section].line, new)
    write(file, "\n".join(now) + "\n")


def end(lines: Sequence[str], value: Value) -> int:
    """Return the index after the last line of a value that goes on in indented lines."""
    found = value.line
    for at in range(value.line, len(lines)):
        if _empty(lines[at]):
            continue
        if not lines[at][0].isspace():
            break
        found = at + 1
    return found


def append_section(file: str, text: str) -> None:
    """Add a whole section at the end of `file`, which is made where it does not exist."""
    try:
        with open(file, encoding="utf-8", errors="surrogateescape") as stream:
            old = stream.read()
    except FileNotFoundError:
        old = ""
    write(file, old + ("" if not old or old.endswith("\n") else "\n") + ("\n" if old else "") + text)
