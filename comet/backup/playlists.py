"""Playlists as files (M3U8): relative paths in the service's order, and what is missing as comments in its place.

They are written in one step and only where something is otherwise, so that nothing is copied anew by whoever watches.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from comet.act import staging
from comet.backup import naming
from comet.backup.database import Playlist, Records
from comet.backup.model import HERE, Copy, Remote
from comet.collection.opened import Collection
from comet.core import pieces
from comet.core.errors import FileError
from comet.core.model import Place, Root
from comet.core.text import _, safe

MISSING: Final = "#COMET-MISSING:"
_ENDING: Final = ".m3u8"


@dataclass(frozen=True, slots=True)
class Missing:
    """A track that is not here."""

    remote: Remote
    copy: Copy
    lists: tuple[str, ...] = ()
    """Titles of the playlists that name it."""


def write(collection: Collection, known: Records, root: Root) -> tuple[int, tuple[str, ...]]:
    """Write the playlists that are otherwise than their files; return how many, and sentences about what went wrong.

    The file of one that is gone from the service stays as it is. One that got another title gets another file, and the
    old one stays: somebody may have pointed a player at it.
    """
    paths = roots(collection)
    folder = os.fsencode(os.path.join(*(naming.name(part) for part in _parts(collection))))
    written, problems = 0, []
    lists = known.playlists()
    used = {naming.folded(each.m3u) for each in lists if _stays(each)}
    with suppress(FileError):  # of which each list tells
        if not collection.journal.pending():
            staging.sweep_lists(root.path, folder)
    for each in lists:
        if _stays(each):
            continue
        path = _path(each, folder, used)
        content = text(known, each, os.path.join(root.path, folder), paths)
        before = each.m3u_hash if path == each.m3u else ""
        if (new := pieces.digest([content])) != before:  # if it is killed here, both are its own
            known.wrote(each.header.key, path, f"{new} {before}".strip())
        own = {digest for one in lists if one.m3u == path for digest in one.m3u_hash.split()}
        own |= {*collection.journal.rewritten(Place(root.id, path))}
        try:
            staging.keep_list(root.path, path, content, own)
        except FileError as error:
            known.wrote(each.header.key, each.m3u, each.m3u_hash)
            problems.append(_("playlist `{path}`: {why}").format(path=safe(error.path), why=error.reason))
            continue
        written += new != before
        if new != before:
            known.wrote(each.header.key, path, new)
    return written, tuple(problems)


def _stays(each: Playlist) -> bool:
    """Tell whether the file of a playlist stays as it is."""
    return each.gone or not each.fetched


def _parts(collection: Collection) -> list[str]:
    parts = collection.profile.settings.backup.playlists.split("/")
    return [part for part in parts if part not in ("", ".", "..")] or ["Playlists"]


def _path(each: Playlist, folder: bytes, used: set[str]) -> bytes:
    """Return the path of a playlist's file; of two with one title the second has its number behind it."""
    title = each.header.title or each.header.key
    wanted = os.path.join(folder, os.fsencode(naming.name(title, _ENDING)))
    path = naming.free(wanted, each.header.kind or each.header.key, lambda path: naming.folded(path) in used)
    used.add(naming.folded(path))
    return path


def roots(collection: Collection) -> dict[str, bytes]:
    """Return the paths of root folders by id."""
    return {root.id: root.path for root in collection.scanned_roots()}


def text(known: Records, each: Playlist, folder: bytes, paths: Mapping[str, bytes]) -> bytes:
    """Return a playlist as it stands in a file in a folder, which has an absolute path."""
    lines = [b"#EXTM3U", f"#PLAYLIST:{_line(each.header.title)}".encode()]
    for remote, copy in known.lines(each.header.key):
        lines += _entry(remote, copy, folder, paths)
    return b"\n".join(lines) + b"\n"


def _entry(remote: Remote, copy: Copy, folder: bytes, paths: Mapping[str, bytes]) -> list[bytes]:
    called = _line(f"{', '.join(remote.artists)} - {naming.title(remote)}" if remote.artists else naming.title(remote))
    if copy.state in HERE and copy.root in paths:
        path = os.path.relpath(os.path.join(paths[copy.root], copy.path), folder)
        if not set(path) & set(b"\r\n"):
            path = b"./" + path if path.startswith(b"#") or path[:1].isspace() else path
            return [f"#EXTINF:{round(remote.seconds) or -1},{called}".encode(), path]
    return [f"{MISSING}{_line(remote.id)} {copy.reason or copy.state} {called}".encode()]


def _line(text: str) -> str:
    """Return a text from outside as a part of one line."""
    return " ".join(text.encode("utf-8", "replace").decode().split())


def missing(known: Records) -> list[Missing]:
    """Return the tracks that playlists name and that are not here, with why."""
    found: dict[str, tuple[Remote, Copy, list[str]]] = {}
    for each in known.playlists():
        for remote, copy in known.lines(each.header.key) if not each.gone else ():
            if copy.state not in HERE:
                found.setdefault(remote.id, (remote, copy, []))[2].append(each.header.title)
    return [Missing(remote, copy, tuple(dict.fromkeys(titles))) for remote, copy, titles in found.values()]


def digest(path: bytes) -> str:
    """Return what a file is recognised by (`core.pieces.digest`), empty where there is none to be read."""
    try:
        with open(path, "rb") as stream:
            kept = pieces.Kept(0, os.fstat(stream.fileno()).st_size)
            return pieces.digest(pieces.blocks([kept], stream.fileno()))
    except OSError:
        return ""
