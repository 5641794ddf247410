"""Covers: pictures that are near, what is made of one, and the plan that embeds it."""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final, Self

from comet import tagging
from comet.collection import tagged
from comet.collection.opened import Collection
from comet.core import covers, pieces
from comet.core.acts import KINDS, Content, Do, Plan, Step
from comet.core.covers import Form, Look, Made, Offer, Preview, Region, Suggestion
from comet.core.errors import DecodeError, FileError, ReadError, RefusedError
from comet.core.model import Identity
from comet.core.places import make_private, only_mine
from comet.core.text import _, _n, safe
from comet.listen.content import named
from comet.tags.shaping import Shape, Shaper

reduced = covers.reduced
content = tagging.content

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
_KEPT: Final = 30 * 86400.0
"""Seconds for which a cover that was made is kept: a plan may name it."""


class Studio:
    """Looks at pictures and makes covers of them, in one worker process. Use it as a context manager, from any thread.

    Its methods raise ReadError, DecodeError or RefusedError, which name the picture and say what is the matter.

    Args:
        folder: Of a profile's state; covers that are made lie in `covers` in it.
    """

    def __init__(self, folder: str) -> None:
        self._folder = os.path.join(folder, "covers")
        self._shaper = Shaper()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._shaper.__exit__()

    def look(self, content: Content, page: int = 0) -> Look:
        """Return what a picture is, by its header."""
        return self._shaper.look(content, page)

    def preview(self, content: Content, page: int, width: int, height: int) -> Preview:
        """Return it as large as fits into so many pixels, but no larger than it is."""
        return self._shaper.preview(content, page, width, height)

    def suggest(self, content: Content, page: int = 0) -> tuple[Suggestion, ...]:
        """Return regions that may be meant: without uniform borders, and the centred square of that."""
        return self._shaper.suggest(content, page)

    def trimmed(self, content: Content, page: int = 0) -> Region:
        """Return the region without uniform borders, all of it where there are none."""
        return self._shaper.trimmed(content, page)

    def find(self, path: bytes) -> Content:
        """Return a picture file as it is now, or the front cover in music, or else the first picture that is in it."""
        return self._shaper.find(path)

    def extract(self, content: Content) -> bytes:
        """Return a picture byte for byte."""
        return self._shaper.extract(content)

    def make(self, content: Content, page: int, form: Form) -> Made:
        """Return a cover that is made of a picture, and lies in a file of its own.

        Raises:
            NoFactorError: no whole number makes it as large as it shall be.
        """
        look = self._shaper.look(content, page)
        region = form.region or Region(0, 0, look.width, look.height)
        if not inside(region, look):
            told = _("{region} does not lie within its {sides} pixels")
            what = f"{region.x},{region.y},{region.width},{region.height}"
            raise RefusedError(
                os.fsdecode(content.path), told.format(region=what, sides=covers.sides(look.width, look.height))
            )
        size = reduced(region.width, region.height, form)
        data = self._shaper.make(content, page, Shape(region, size, form))
        if size.whole:
            region = replace(region, width=int(size.width * size.factor), height=int(size.height * size.factor))
        return Made(self._staged(data), size.width, size.height, len(data), region, size.factor)

    def _staged(self, data: bytes) -> Content:
        """Write a cover into a file of its name, and forget those of long ago."""
        make_private(self._folder)
        name = pieces.digest([data])
        path = os.path.join(self._folder, f"{name}.jpg")
        temp = f"{path}.{secrets.token_hex(4)}"
        with open(temp, "xb", opener=only_mine) as stream:
            stream.write(data)
        os.replace(temp, path)
        with os.scandir(self._folder) as entries:
            for entry in entries:
                with contextlib.suppress(OSError):  # another one forgets them too
                    if entry.stat().st_mtime < time.time() - _KEPT:
                        os.unlink(entry.path)
        return Content(os.fsencode(path), name)


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
        for each, label in (*_beside(paths), *_embedded(paths)):
            with contextlib.suppress(FileError):  # it is offered to nobody
                if each.hash not in found:
                    found[each.hash] = Offer(each, label, studio.look(each))
    return sorted(found.values(), key=lambda offer: offer.look.width * offer.look.height, reverse=True)


def _beside(paths: Iterable[bytes]) -> Iterator[tuple[Content, str]]:
    """Yield the picture files in the folders of files, those first that are called like a front cover."""
    for folder in dict.fromkeys(os.path.dirname(path) for path in paths):
        for path in picture_files(folder):
            with contextlib.suppress(FileError):
                yield content(path), safe(os.path.basename(path))


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


def front(path: bytes) -> Content | None:
    """Return the front cover in the tags of music, or else the first picture in them, as it is named; None without any.

    Raises:
        DecodeError: its tags cannot be read.
    """
    found = tagged.of(path)
    if found.tags is None:
        raise DecodeError(os.fsdecode(path), found.error)
    pictures = found.tags.pictures
    held = next((each for each in pictures if each.kind == KINDS.index("front")), next(iter(pictures), None))
    return Content(path, held.hash) if held else None


def plan(
    collection: Collection, paths: Sequence[bytes], made: Made, *, folder_picture: bool = False
) -> tuple[Plan, list[FileError]]:
    """Return the plan that embeds a cover in files as their front cover, and puts it beside them where that is wished.

    And why some of them are left out, as of `tagging.plan`.
    """
    plan, refused = tagging.plan(collection, paths, {}, {"front": made.content})
    steps = [replace(step, why=_("its cover was chosen")) for step in plan.steps]
    if folder_picture:
        steps += _placings(collection, plan, made)
    return replace(plan, steps=tuple(steps)), refused


def _placings(collection: Collection, plan: Plan, made: Made) -> Iterator[Step]:
    """Yield a step for each folder that does not have this picture yet; one that it has is replaced."""
    roots = {root.id: root.path for root in collection.acted_roots()}
    folders = dict.fromkeys((step.file.root, os.path.dirname(step.file.path)) for step in plan.steps)
    for root, folder in folders:
        name, old = folder_picture(os.path.join(roots[root], folder))
        if old != made.content.hash:
            file = Identity(root, os.path.join(folder, name), made.bytes, 0, "")
            why = _("the cover of its folder was chosen")
            yield Step(Do.PLACE, file, "", why, staged=made.content, replaces=old)


def lacking_picture(paths: Iterable[bytes], wanted: str) -> list[bytes]:
    """Return where a picture would be put in the folders of files: in those that do not have it, by its hash."""
    folders = dict.fromkeys(os.path.dirname(path) for path in paths)
    found = [(folder, *folder_picture(folder)) for folder in folders]
    return [os.path.join(folder, name) for folder, name, old in found if old != wanted]


def folder_picture(folder: bytes) -> tuple[bytes, str]:
    """Return what the picture of a folder is called, and its hash, empty where there is none."""
    with contextlib.suppress(OSError):
        for name in sorted(os.listdir(folder)):
            if name.lower() == FOLDER:
                return name, content(os.path.join(folder, name)).hash
    return FOLDER, ""
