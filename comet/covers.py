"""Covers: pictures that are near, what is made of one, and the plan that embeds it."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from comet import tagging
from comet.collection import tagged
from comet.collection.opened import Collection
from comet.core import pieces
from comet.core.acts import KINDS, Content, Do, Plan, Step
from comet.core.covers import Form, Look, Made, Offer, Region, reduced, sides
from comet.core.errors import CometError, FileError, NoSpaceError, ReadError, UsageError
from comet.core.model import Identity
from comet.core.places import make_private, only_mine
from comet.core.text import _, _n, safe
from comet.listen.content import named
from comet.tags.shaping import Shape, Shaper

PICTURES: Final = (
    b".jpg",
    b".jpeg",
    b".jpe",
    b".jfif",
    b".png",
    b".tif",
    b".tiff",
    b".webp",
    b".gif",
    b".bmp",
    b".mpo",
)
"""What names of picture files end in."""
FOLDER: Final = b"folder.jpg"
"""What players look for in a folder."""
_NAMES: Final = (b"cover", b"front", b"folder", b"album")
"""What a picture of the front is mostly called."""
_KEPT: Final = 86400.0
"""Seconds for which a cover that was made is kept: a plan may name it."""


class Studio(Shaper):
    """Looks at pictures and makes covers of them, which lie in files of their own until they are embedded.

    Args:
        folder: Of a profile's state; covers that are made lie in `covers` in it.
    """

    def __init__(self, folder: str) -> None:
        super().__init__()
        self._folder = os.path.join(folder, "covers")

    def cover(self, content: Content, page: int, form: Form) -> Made:
        """Return a cover that is made of a picture, and lies in a file of its own.

        Raises as of `Shaper`, and:
            NoFactorError: no whole number makes it as large as it shall be.
            UsageError: its region is not inside the picture, or it cannot be written.
            NoSpaceError: likewise, for the disk is full.
        """
        look = self.look(content, page)
        region = form.region or Region(0, 0, look.width, look.height)
        if not inside(region, look):
            told = _("{region} does not lie within its {sides} pixels")
            what = f"{region.x},{region.y},{region.width},{region.height}"
            told = told.format(region=what, sides=sides(look.width, look.height))
            raise UsageError(_("`{path}`: {reason}").format(path=safe(content.path), reason=told))
        size = reduced(region.width, region.height, form)
        data = self.make(content, page, Shape(region, size, form))
        taken = size.squares(region) or region
        return Made(self._staged(data), size.width, size.height, len(data), taken, size.factor)

    def _staged(self, data: bytes) -> Content:
        """Write a cover into a file of its name, and forget those of long ago."""
        name = pieces.digest([data])
        path = os.path.join(self._folder, f"{name}.jpg")
        temp = f"{path}.{secrets.token_hex(4)}"
        try:
            make_private(self._folder)
            with open(temp, "xb", opener=only_mine) as stream:
                stream.write(data)
            os.replace(temp, path)
        except OSError as error:
            with contextlib.suppress(OSError):
                os.unlink(temp)
            raise _unwritten(self._folder, error) from error
        with contextlib.suppress(OSError), os.scandir(self._folder) as entries:
            for entry in entries:
                with contextlib.suppress(OSError):  # another one forgets them too
                    if entry.stat().st_mtime < time.time() - _KEPT:
                        os.unlink(entry.path)
        return Content(os.fsencode(path), name)


def _unwritten(folder: str, error: OSError) -> CometError:
    """Return why a cover could not be written into a folder."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return NoSpaceError(
            _("no space is left in `{folder}`").format(folder=safe(folder)), hint=_("make room there and try again")
        )
    told = _("the cover cannot be written into `{folder}`: {why}")
    return UsageError(told.format(folder=safe(folder), why=error.strerror or error))


def inside(region: Region, look: Look) -> bool:
    """Tell whether a region lies within a picture, and is any."""
    ends = region.x + region.width <= look.width and region.y + region.height <= look.height
    return min(region.x, region.y) >= 0 and min(region.width, region.height) > 0 and ends


def offers(collection: Collection, paths: Sequence[bytes]) -> list[Offer]:
    """Return the pictures that are near some files: in their folders, and in their tags, each once.

    The largest come first, of those as large as each other the one that is called like a front cover. What cannot be
    used is left out.
    """
    found: dict[str, Offer] = {}
    with Studio(collection.folder) as studio:
        for each, label in (*_beside(studio, paths), *_embedded(paths)):
            with contextlib.suppress(FileError):  # it is offered to nobody
                if each.hash not in found:
                    found[each.hash] = Offer(each, label, studio.look(each))
    return sorted(found.values(), key=lambda offer: offer.look.width * offer.look.height, reverse=True)


def _beside(studio: Studio, paths: Iterable[bytes]) -> Iterator[tuple[Content, str]]:
    """Yield the picture files in the folders of files, those first that are called like a front cover."""
    for folder in dict.fromkeys(os.path.dirname(path) for path in paths):
        for path in picture_files(folder):
            with contextlib.suppress(FileError):
                yield studio.find(path), safe(os.path.basename(path))


def music(folder: bytes) -> list[bytes]:
    """Return the paths of the files directly in a folder whose names claim that they are music.

    Raises:
        ReadError: the folder cannot be read.
    """
    try:
        paths = [os.path.join(folder, name) for name in sorted(os.listdir(folder))]
    except OSError as error:
        raise ReadError(os.fsdecode(folder), error.strerror or str(error)) from error
    return [path for path in paths if named(path) and os.path.isfile(path)]


def picture_files(folder: bytes) -> list[bytes]:
    """Return the paths of picture files in a folder, those first that are called like a front cover."""
    with contextlib.suppress(OSError):
        names = [name for name in os.listdir(folder) if name.lower().endswith(PICTURES)]
        names.sort(key=lambda name: (not name.lower().startswith(_NAMES), name))
        return [os.path.join(folder, name) for name in names if os.path.isfile(os.path.join(folder, name))]
    return []


def _embedded(paths: Sequence[bytes]) -> Iterator[tuple[Content, str]]:
    """Yield each picture in the tags of files once, with a name that says in how many it is."""
    first: dict[str, tuple[bytes, int]] = {}
    holding: dict[str, int] = {}
    for path, each in tagged.of_all(paths).items():
        for picture in each.tags.pictures if each.tags else ():
            first.setdefault(picture.hash, (path, picture.kind))
            holding[picture.hash] = holding.get(picture.hash, 0) + 1
    for name, (path, kind) in first.items():
        called = KINDS[kind] if kind < len(KINDS) else KINDS[0]
        told = _("{kind} of `{path}`").format(kind=called, path=safe(os.path.basename(path)))
        if more := holding[name] - 1:
            told += _n(" and {n} more", " and {n} more", more)
        yield Content(path, name), told


def plan(
    collection: Collection, paths: Sequence[bytes], made: Made, *, folder_picture: bool = False
) -> tuple[Plan, list[FileError]]:
    """Return the plan that embeds a cover in files as their front cover, and puts it beside them where that is wished.

    And why some of them are left out, as of `tagging.plan`.
    """
    plan, refused = tagging.plan(collection, paths, {}, {"front": made.content})
    steps = [replace(step, why=_("its cover was chosen")) for step in plan.steps]
    if folder_picture:
        steps += _placings(collection, plan, made, refused)
    return replace(plan, steps=tuple(steps)), refused


def _placings(collection: Collection, plan: Plan, made: Made, refused: list[FileError]) -> Iterator[Step]:
    """Yield a step for each folder that does not have this picture yet; one that it has is replaced.

    Where it cannot be, that is added to what is `refused`.
    """
    roots = {root.id: root.path for root in collection.acted_roots()}
    folders = dict.fromkeys((step.file.root, os.path.dirname(step.file.path)) for step in plan.steps)
    for root, folder in folders:
        try:
            name, old = folder_picture(os.path.join(roots[root], folder))
        except FileError as error:
            refused.append(error)
            continue
        if old != made.content.hash:
            file = Identity(root, os.path.join(folder, name), made.bytes, 0, "")
            why = _("the cover of its folder was chosen")
            yield Step(Do.PLACE, file, "", why, staged=made.content, replaces=old)


def lacking_picture(paths: Iterable[bytes], wanted: str) -> tuple[list[bytes], list[FileError]]:
    """Return where a picture would be put in the folders of files: in those that do not have it, by its hash.

    And in which of them it cannot be, and why.
    """
    found: list[bytes] = []
    refused: list[FileError] = []
    for folder in dict.fromkeys(os.path.dirname(path) for path in paths):
        try:
            name, old = folder_picture(folder)
        except FileError as error:
            refused.append(error)
        else:
            found += [os.path.join(folder, name)] if old != wanted else []
    return found, refused


def folder_picture(folder: bytes) -> tuple[bytes, str]:
    """Return what the picture of a folder is called, and its hash, empty where there is none.

    Raises:
        ReadError: what is called so cannot be read, or is no file.
    """
    with contextlib.suppress(OSError):
        for name in sorted(os.listdir(folder)):
            if name.lower() == FOLDER:
                return name, tagging.content(os.path.join(folder, name)).hash
    return FOLDER, ""
