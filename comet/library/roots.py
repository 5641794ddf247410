"""Root folders: their markers, when one is away, and what is never looked at inside.

A root that is missing, empty where it was not, or carries another marker is *away*, not deleted: an unmounted disk
must not make Comet forget a collection.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace

from comet.core.model import Root
from comet.core.places import ROOT_FOLDER, marker
from comet.core.text import _, safe

TEMP = b".comet-"
"""What temporary files beside their target begin with."""

_SKIPPED = {
    ROOT_FOLDER,
    b"@eadir",
    b"#recycle",
    b"#snapshot",
    b".snapshot",
    b".snapshots",
    b".zfs",
    b".stversions",
    b"lost+found",
}
_TRASH = b".trash"


def skipped(name: bytes) -> bool:
    """Tell whether a folder or file of this name is never looked at: Comet's own, a NAS's copies, a trash."""
    lower = name.lower()
    return lower in _SKIPPED or lower.startswith((_TRASH, TEMP))


def id_of_path(path: bytes) -> str:
    """Return the id of a root that cannot be marked: it follows from its path."""
    return "path:" + hashlib.blake2b(os.path.realpath(path), digest_size=8).hexdigest()


def look(path: bytes, known: str, *, had_files: bool) -> Root:
    """Return the root at `path` as it stands; its id is empty where it is new and has no marker.

    `known` is the id that it had, empty if it was never seen; `had_files` whether files of it are known.
    """
    away = _not_there(path)
    found = marker(path)
    unmarked = not known or known == id_of_path(path)
    if not away and not found and not unmarked:
        away = _("its marker `.comet/root` is gone: is the disk mounted?")
    elif not away and found and known and found != known and not unmarked:
        away = _("it carries another marker than it had: another disk is mounted there")
    elif not away and had_files and _empty(path):
        away = _("it is empty, and was not: is the disk mounted?")
    elif not away and not found and _empty(path):
        away = _("it is empty")
    return Root(known if away or not found else found, path, away)


def _not_there(path: bytes) -> str:
    try:
        os.scandir(path).close()
    except FileNotFoundError:
        return _("it is missing")
    except NotADirectoryError:
        return _("it is not a folder")
    except OSError as error:
        return _("it cannot be read: {reason}").format(reason=error.strerror)
    return ""


def _empty(path: bytes) -> bool:
    with os.scandir(path) as entries:
        return all(entry.name == ROOT_FOLDER for entry in entries)


def refuse_twins(found: Sequence[Root]) -> list[Root]:
    """Return the roots with every second one of an id away: a copy, or another view of the same folder."""
    first: Mapping[str, bytes] = {root.id: root.path for root in reversed(found) if root.id and not root.away}
    return [
        replace(
            root,
            away=_("it carries the marker of `{other}`: a copy of it, or the same folder once more").format(
                other=safe(first[root.id])
            ),
            twin=first[root.id],
        )
        if root.id and not root.away and first[root.id] != root.path
        else root
        for root in found
    ]
