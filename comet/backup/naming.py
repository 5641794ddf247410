"""What files are called: a template filled with what the service says of a track, safe on every disk.

A name may be 255 bytes long (Cyrillic letters take two each), and disks that a NAS shares do not tell letters of either
case apart and refuse some characters and names altogether.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import Final

from comet.backup.model import Remote
from comet.core.errors import SettingsError
from comet.core.text import _, safe

LONGEST: Final = 255
"""Bytes of a name."""

_RESERVED: Final = re.compile(
    r"(con|prn|aux|nul|com[0-9\u00b9\u00b2\u00b3]|lpt[0-9\u00b9\u00b2\u00b3])(\.|$)", re.IGNORECASE
)
"""What Windows takes for a device, whatever its ending."""
_REFUSED: Final = str.maketrans({**dict.fromkeys('<>:"|?*\\/', "_"), **{chr(code): "_" for code in (*range(32), 127)}})
_ODD: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_FIELD: Final = re.compile(r"\{([^{}]*)\}")
_ROOM: Final = 64
"""Bytes of a name that are kept for what tells two of them apart."""
_NOTHING: Final = "_"


def fields(remote: Remote) -> dict[str, str]:
    """Return the fields of a template for a track; what is not known is empty."""
    artists = ", ".join(remote.artists)
    return {
        "artist": artists,
        "albumartist": ", ".join(remote.album_artists) or artists,
        "album": remote.album,
        "title": title(remote),
        "year": str(remote.year or ""),
        "disc": f"{remote.disc}-" if remote.disc > 1 else "",
        "number": f"{remote.number:02}" if remote.number else "",
        "genre": remote.genre,
        "id": remote.id,
    }


def title(remote: Remote) -> str:
    """Return the title of a track with what tells it from others of that title."""
    return (f"{remote.title} ({remote.version})" if remote.version else remote.title) or remote.id


def path(template: str, remote: Remote, extension: str) -> bytes:
    """Return where the file of a track goes below its root.

    Raises:
        SettingsError: the template has a field that there is none of.
    """
    known = fields(remote)
    if wrong := [name for name in _FIELD.findall(template) if name not in known]:
        told = _("`backup.path` has the field `{name}`, and there is none of that name")
        raise SettingsError(
            told.format(name=safe(wrong[0])), hint=_("there are {names}").format(names=", ".join(sorted(known)))
        )
    parts = [_filled(part, known) for part in template.split("/")]
    if parts[-1].casefold().endswith(extension):  # an upload's title is the name of its file
        parts[-1] = parts[-1][: -len(extension)]
    *folders, last = [part for part in parts[:-1] if part] + [parts[-1] or remote.id]
    named = [os.fsencode(name(each)) for each in folders]
    return os.path.join(*named, os.fsencode(name(last, extension)))


def _filled(part: str, known: dict[str, str]) -> str:
    """Fill one part of a template; what parts an empty field from the next goes with it."""
    found, nothing = "", False
    for text in re.split(r"(\{[^{}]*\})", part):
        if field := _FIELD.fullmatch(text):
            value = known[field[1]]
            nothing = not value
            found += value
        else:
            found += text.lstrip(" ._-") if nothing else text
    return found.strip(" -")


def name(text: str, extension: str = "") -> str:
    """Return a text as the name of a file or folder that every disk takes."""
    text = unicodedata.normalize("NFC", text).translate(_REFUSED)
    text = "".join("_" if unicodedata.category(each) in _ODD else each for each in text).strip()
    text = _cut(text, LONGEST - len(extension.encode())).rstrip(" .") or _NOTHING
    if text.startswith("."):  # it would be hidden, and `.comet` is Comet's own
        text = _cut(_NOTHING + text[1:], LONGEST - len(extension.encode()))
    if _RESERVED.match(text):
        text = _cut(_NOTHING + text, LONGEST - len(extension.encode()))
    return text + extension


def _cut(text: str, most: int) -> str:
    """Return as much of a text as UTF-8 takes so many bytes for, no letter cut in two."""
    return text.encode("utf-8", "replace")[:most].decode("utf-8", "ignore")


def free(wanted: bytes, apart: str, taken: Callable[[bytes], bool]) -> bytes:
    """Return a path that is not taken: as wanted, else with what tells it `apart` in brackets behind its name."""
    return next(each for each in _candidates(wanted, apart) if not taken(each))


def _candidates(wanted: bytes, apart: str) -> Iterator[bytes]:
    yield wanted
    folder, last = os.path.split(os.fsdecode(wanted))
    stem, extension = os.path.splitext(last)
    stem = _cut(stem, LONGEST - _ROOM - len(extension.encode())).rstrip(" .")
    number = 1
    while True:
        more = f" ({apart})" if number == 1 else f" ({apart} {number})"
        yield os.fsencode(os.path.join(folder, name(stem + _cut(more, _ROOM), extension)))
        number += 1


def stands(root: bytes, wanted: bytes) -> bool:
    """Tell whether anything on the disk has a path, letters of either case and ways to compose accents being one."""
    folder, last = os.path.split(wanted)
    try:
        there = os.listdir(os.path.join(root, folder))
    except (FileNotFoundError, NotADirectoryError):
        return False
    return folded(last) in {folded(each) for each in there}


def folded(path: bytes) -> str:
    """Return a path as a disk sees it that does not tell letters of either case apart (SMB, exFAT)."""
    return unicodedata.normalize("NFC", os.fsdecode(path)).casefold().encode("utf-8", "replace").decode()
