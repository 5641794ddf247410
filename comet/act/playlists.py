"""Playlists (M3U and M3U8): which files they name, and the same lines with another file in place of one.

Pure functions over bytes. Nothing but the lines that name the file changes, and those keep their style, so that the
player that wrote them understands them as before; everything else, down to line ends and stray bytes, stays.

A name is compared as bytes, and where it is UTF-8 without regard to how accents are composed (NFC, NFD). A playlist in
a legacy single-byte encoding is compared as raw bytes only: its names match files whose names are those very bytes.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Collection, Container, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import quote, unquote_to_bytes

MOST: Final = 1 << 24
"""Bytes; what is larger is no playlist, whatever it is called."""
_EXTENSIONS: Final = (b".m3u", b".m3u8")
_MARK: Final = b"\xef\xbb\xbf"
_END: Final = re.compile(rb"(\r\n|\r|\n)")
_SCHEME: Final = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*://")
_LOCAL: Final = re.compile(rb"(file://(?:localhost)?)(/.*)", re.IGNORECASE)

_Change = tuple[int, bytes, bytes]
"""Number of a line from 0, the line as it was, the line as it shall be; both without their end."""


def is_playlist(path: bytes) -> bool:
    """Tell whether a file is a playlist, by its extension."""
    return os.path.splitext(path)[1].lower() in _EXTENSIONS


def names(content: bytes, folder: bytes, wanted: Collection[bytes]) -> set[bytes]:
    """Return which of the `wanted` paths a playlist in `folder` names; all are absolute and normalised.

    One that is found under another composition of its accents is returned as it stands in `wanted`.
    """
    found = set()
    last = {_composed(os.path.basename(path)) for path in wanted}
    for number, line in enumerate(_lines(content)):
        if not _may_name(line, last):
            continue  # all playlists are gone through for each group that is applied
        paths = (path for reading in _readings(number, line, folder) for path in _spellings(reading.path, folder))
        hit = next((path for path in paths if path in wanted), None)
        if hit is not None:
            found.add(hit)
    return found


def repointed(content: bytes, folder: bytes, old: bytes, new: bytes) -> list[_Change]:
    """Return the lines of a playlist in `folder` that change so that `new` is named in place of `old`.

    All three are absolute and normalised. A line whose style cannot express the new path is left as it is.
    """
    composed = _composed(old)
    name = os.path.basename(composed)
    changes = []
    for number, line in enumerate(_lines(content)):
        # A playlist of everything is gone through once for each removed file, so most lines must cost next to nothing.
        if not any(name in form for form in (line, _composed(line), _composed(unquote_to_bytes(line)))):
            continue
        readings = _readings(number, line, folder)
        reading = next((one for one in readings if _composed(one.path) == composed), None)
        changed = reading.line(new, folder) if reading is not None else None
        if changed is not None and changed != line:
            changes.append((number, line, changed))
    return changes


def with_lines(content: bytes, lines: Sequence[_Change]) -> bytes:
    """Return a playlist with the changes that `repointed` found in it."""
    parts = _END.split(content)
    for number, _old, new in lines:
        parts[2 * number] = new
    return b"".join(parts)


def without_lines(content: bytes, lines: Sequence[_Change]) -> bytes | None:
    """Return a playlist without changes that were made to it, None where one of them is not found any more.

    A line that moved since is looked for where the same line stands nearest to its old number.
    """
    parts = _END.split(content)
    now = parts[::2]
    taken = {number for number, _old, new in lines if number < len(now) and now[number] == new}
    places = {number: number for number in taken}
    for number, _old, new in lines:
        if number in places:
            continue
        free = [at for at, line in enumerate(now) if line == new and at not in taken]
        if not free:
            return None
        places[number] = min(free, key=lambda at: abs(at - number))
        taken.add(places[number])
    for number, old, _new in lines:
        parts[2 * places[number]] = old
    return b"".join(parts)


@dataclass(frozen=True, slots=True)
class _Reading:
    """One way to understand a line: `before` and `after` (a mark, white space) stand around the entry."""

    before: bytes
    entry: bytes
    after: bytes
    path: bytes
    """What it names, absolute and normalised."""
    style: Literal["slashes", "backslashes", "url"]

    def line(self, new: bytes, folder: bytes) -> bytes | None:
        """Return the line that names `new` in the same style, None if that is not possible."""
        entry = self._url(new) if self.style == "url" else self._path(new, folder)
        return None if entry is None else self.before + entry + self.after

    def _url(self, new: bytes) -> bytes:
        local = _LOCAL.fullmatch(self.entry)
        assert local is not None  # noqa: S101 - that is how its style was found
        return local[1] + quote(new).encode()

    def _path(self, new: bytes, folder: bytes) -> bytes | None:
        entry = self.entry if self.style == "slashes" else self.entry.replace(b"\\", b"/")
        if not entry.startswith(b"/"):
            new = os.path.relpath(new, folder)
            # What begins so would be taken for a comment, a byte order mark, or for white space around an entry.
            bare = new.startswith((b"#", _MARK)) or new[:1].isspace()
            if bare or (entry.startswith(b"./") and not new.startswith(b"../")):
                new = b"./" + new
        if _END.search(new) or new[-1:].isspace() or (self.style == "backslashes" and b"\\" in new):
            return None
        return new if self.style == "slashes" else new.replace(b"/", b"\\")


def _may_name(line: bytes, last: Container[bytes]) -> bool:
    """Tell whether a line can name a file of one of these names, without regard to its folder; seldom wrongly so."""
    starts = {line, line.removeprefix(_MARK)}
    entries = {entry for start in starts for entry in (start, start.strip())}
    for text in {text for entry in entries for text in (entry, unquote_to_bytes(entry))}:
        tail = text.rpartition(b"/")[2]
        for name in {tail, tail.rpartition(b"\\")[2]}:
            if name in (b"", b".", b"..") or _composed(name) in last:  # before the first three stands the name
                return True
    return False


def _lines(content: bytes) -> list[bytes]:
    return _END.split(content)[::2]


def _readings(number: int, line: bytes, folder: bytes) -> Iterator[_Reading]:
    """Yield how a line can be understood, the likeliest first; a comment and a blank line not at all."""
    mark = _MARK if number == 0 and line.startswith(_MARK) else b""
    rest = line.removeprefix(mark)
    bare = rest.strip()
    if not bare or bare.startswith(b"#"):
        return
    for entry in dict.fromkeys((rest, bare)):  # a name may end in white space, but seldom does
        before, _entry, after = rest.partition(entry)
        for path, style in _meanings(entry, folder):
            if b"\0" not in path:  # no name holds one, and some versions of os.path cut names off there
                yield _Reading(mark + before, entry, after, _normal(path), style)


def _meanings(entry: bytes, folder: bytes) -> Iterator[tuple[bytes, Literal["slashes", "backslashes", "url"]]]:
    if _SCHEME.match(entry):
        if local := _LOCAL.fullmatch(entry):
            yield unquote_to_bytes(local[2]), "url"
        return
    yield os.path.join(folder, entry), "slashes"
    # Two at the start name another computer.
    if b"\\" in entry and not entry.startswith(b"\\\\"):
        yield os.path.join(folder, entry.replace(b"\\", b"/")), "backslashes"


def _normal(path: bytes) -> bytes:
    """Return an absolute path without `.`, `..` and doubled slashes."""
    return b"/" + os.path.normpath(path).lstrip(b"/")


def _composed(path: bytes, form: Literal["NFC", "NFD"] = "NFC") -> bytes:
    """Return a path with its accents composed (or decomposed), as it is if it is not UTF-8."""
    if path.isascii():
        return path
    try:
        return unicodedata.normalize(form, path.decode()).encode()
    except UnicodeDecodeError:
        return path


def _spellings(path: bytes, folder: bytes) -> Iterator[bytes]:
    """Yield a path with its accents in other compositions: all of it, and only what lies beyond `folder`.

    On one disk there are names of both kinds, those that a Mac wrote below a folder that Linux made.
    """
    yield path
    if not path.isascii():
        beyond = os.path.relpath(_composed(path), _composed(folder))
        for form in ("NFC", "NFD"):
            yield _composed(path, form)
            yield _normal(os.path.join(folder, _composed(beyond, form)))
