"""Folders that count for more or less than others: reference folders, incoming ones, and those that rules name."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence

from comet.collection.opened import Collection
from comet.core.model import Place, Root, Track
from comet.decide.keeper import Role, ordinary


def role(collection: Collection) -> Role:
    """Return how the folder of a track counts in the profile."""
    profile, roots = collection.profile, collection.scanned_roots()
    if not (profile.reference or profile.incoming):
        return ordinary
    reference, incoming = inside(roots, profile.reference), inside(roots, profile.incoming)

    def counts(track: Track) -> int:
        place = Place(track.file.root, track.file.path)
        return 1 if reference(place) else -1 if incoming(place) else 0

    return counts


def protected(collection: Collection, roots: Iterable[Root]) -> Callable[[Place], bool]:
    """Return a test whether a file of these roots lies in a reference folder."""
    return inside(roots, collection.profile.reference)


def astray(collection: Collection) -> list[str]:
    """Return the reference folders that lie in no root, and so protect nothing: most likely they are misspelt."""
    folders = collection.profile.reference
    return [name for name in folders if not os.path.isdir(name) or outside(collection, name)]


def outside(collection: Collection, folder: str) -> bool:
    """Tell whether a folder lies in no root of the profile, nor any root in it."""
    real = _real(folder)
    return not any(real.startswith(top) or top.startswith(real) for top in map(_real, collection.profile.roots))


def _real(folder: str) -> bytes:
    return os.path.join(os.path.realpath(os.fsencode(folder)), b"")


def inside(roots: Iterable[Root], folders: Sequence[str]) -> Callable[[Place], bool]:
    """Return a test whether a file lies in one of these folders, by whatever links they and the roots are reached."""
    below: dict[str, tuple[bytes, ...]] = {}
    for root in roots:
        top = _real(os.fsdecode(root.path))
        for folder in map(_real, folders):
            if folder.startswith(top):
                below[root.id] = (*below.get(root.id, ()), folder[len(top) :])
            elif top.startswith(folder):
                below[root.id] = (b"",)
    return lambda place: place.path.startswith(below.get(place.root, ()))
