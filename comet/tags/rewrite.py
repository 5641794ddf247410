"""What a file would be with other tags, found out in memory and read back before anybody writes it."""

from __future__ import annotations

import os
import struct
from collections.abc import Mapping
from typing import Any, Final

import mutagen
from mutagen import asf, id3
from mutagen.apev2 import APEv2

from comet.core import pieces
from comet.core.acts import Content
from comet.core.errors import DecodeError, RefusedError
from comet.core.text import _, safe
from comet.tags import codec, pictures, writing
from comet.tags.draft import Draft
from comet.tags.editing import Edited
from comet.tags.fields import TOGETHER, Change, Collected, Tags, changed
from comet.tags.pictures import Pictures

_ASF_HEADER: Final = 30
"""Bytes before the first object in the header of ASF."""
_ASF_PROPERTIES: Final = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")

_SEPARATE: Final = {"v23_sep": None}
"""Several values stand one after the other with a zero between them in ID3v2.3 too, where no version allows for more
than one; the slash that others put there cuts names like AC/DC."""


def edit(
    path: bytes, change: Change, wished: Mapping[str, Content | None] | None = None, *, only_look: bool = False
) -> Edited:
    """Return what a file would be with its tags changed so, and these pictures; with `only_look` without its pieces.

    Raises:
        ReadError: it cannot be read.
        DecodeError: its tags are damaged.
        RefusedError: files of its kind have no tags or can hold nothing of this, a picture cannot be used, or something
            else in the file would change.
    """
    values = _as_read(change)
    with codec.opened(path) as stream:
        source = stream.fileno()
        draft = Draft(source, path)
        file = codec.loaded(draft)
        before = codec.of(file, draft)
        given = pictures.read(pictures.missing(before, wished or {}))
        wanted = _together(before, values)
        if file is not None and changed(before.fields, wanted) == before.fields and not given:
            return Edited(path, before, before)
        for options in _options(file):
            draft = _drafted(source, path, wanted, given, options)
            after = codec.of(codec.loaded(draft), draft)
            lost = {**_lost(wanted, after), **pictures.lost(after, given)}
            harmed = _harmed(before, after, wanted, given)
            if not lost and not harmed:
                break
        if harmed:
            told = _("writing its tags would change `{name}` too, which nobody asked for")
            raise RefusedError(os.fsdecode(path), told.format(name=safe(harmed[0])))
        asked = {**values, **{pictures.name(kind): (each.mime,) if each else () for kind, each in given.items()}}
        if all(lost.get(name) == each for name, each in asked.items()):
            told = _("its format cannot hold {values}")
            named = ", ".join(f"{name} {' / '.join(each)}" for name, each in lost.items())
            raise RefusedError(os.fsdecode(path), told.format(values=safe(named)))
        if only_look or (after.fields, after.pictures) == (before.fields, before.pictures):
            return Edited(path, before, after, lost)  # what can be held may be there already
        return _proved(Edited(path, before, after, lost), draft, source)


def _as_read(change: Change) -> Change:
    """Return a change with its values as they will be read: no blanks around them, `3/12` of a number split."""
    values = Collected()
    for name, each in change.items():
        values.add(name, each)
    return {**dict.fromkeys(change, ()), **values.done()}


def _together(before: Tags, change: Change) -> Change:
    """Return a change with what stands in one place with it, as it is now."""
    more = {
        other: before.fields.get(other, ())
        for pair in TOGETHER
        for field, other in (pair, pair[::-1])
        if field in change and other not in change
    }
    return {**change, **more}


def _options(file: mutagen.FileType | None) -> list[dict[str, Any]]:
    """Return how tags may be saved, in the order in which it is tried.

    ID3v2.3 stays that, since some players read no other, unless it cannot hold what is wanted.
    """
    tags: Any = file.tags if file is not None else None
    if isinstance(tags, APEv2):
        return [{}]
    if isinstance(tags, id3.ID3):
        older = [{"v2_version": 3, **_SEPARATE, "padding": _padding}] if tags.version < (2, 4, 0) else []
        return [*older, {"v2_version": 4, "padding": _padding}]
    return [{"padding": _padding}]


def _padding(info: Any) -> int:  # noqa: ANN401 - mutagen's
    """Return how much room is left behind tags: what there is, so that nothing behind it moves, or some."""
    return int(info.padding if info.padding >= 0 else info.get_default_padding())


def _drafted(source: int, path: bytes, wanted: Change, given: Pictures, options: Mapping[str, Any]) -> Draft:
    draft = Draft(source, path)
    file = codec.loaded(draft)
    refused = RefusedError(os.fsdecode(path), _("files of its format hold no tags that Comet can write"))
    if file is None:
        raise refused
    if file.tags is None:
        try:
            file.add_tags()
        except (mutagen.MutagenError, NotImplementedError) as error:
            raise refused from error
    writing.put(file, wanted)
    pictures.put(file, given)
    tags: Any = file.tags
    if options.get("v2_version") == 3:
        tags.update_to_v23()
    draft.seek(0)
    file.save(draft, **options)
    if isinstance(tags, asf.ASFTags):
        _say_size(draft)
    return draft


def _say_size(draft: Draft) -> None:
    """Let an ASF file say how many bytes it has, which mutagen leaves as it was: players guess its length otherwise.

    The header is a list of objects, each a GUID and its size; the file's size stands 40 bytes into the one of
    properties (Advanced Systems Format Specification, 3.1 and 3.2).
    """
    at, end = _ASF_HEADER, struct.unpack("<16xQ", _at(draft, 0, 24))[0]
    while at + 48 <= end:
        kind, size = struct.unpack("<16sQ", _at(draft, at, 24))
        if kind == _ASF_PROPERTIES:
            draft.seek(at + 40)
            draft.write(struct.pack("<Q", draft.size))
            return
        at += max(size, 24)


def _at(draft: Draft, start: int, count: int) -> bytes:
    draft.seek(start)
    return draft.read(count)


def _lost(wanted: Change, after: Tags) -> dict[str, tuple[str, ...]]:
    there = {name: set(after.fields.get(name, ())) for name in wanted}
    lost = {name: tuple(value for value in values if value not in there[name]) for name, values in wanted.items()}
    return {name: values for name, values in lost.items() if values}


def _harmed(before: Tags, after: Tags, wanted: Change, given: Pictures) -> list[str]:
    """Return what else would change: then this kind of file is not understood well enough, and is left alone."""
    fields = before.fields.keys() | after.fields.keys()
    harmed = [name for name in fields if name not in wanted and before.fields.get(name) != after.fields.get(name)]
    kept = [sorted((each for each in tags.pictures if each.kind not in given), key=repr) for tags in (before, after)]
    if kept[0] != kept[1]:
        harmed.append(_("pictures"))
    if before.rest != after.rest:
        harmed += set(before.other) ^ set(after.other) or {*after.other}
    return sorted(harmed)


def _proved(edited: Edited, draft: Draft, source: int) -> Edited:
    """Return what was edited with its pieces, and with those that bring every byte back, which is tried here.

    Raises:
        DecodeError: they would not.
    """
    made, size = draft.pieces, os.fstat(source).st_size
    back = pieces.reverse(made, source, size)
    old = pieces.digest(pieces.blocks([pieces.Kept(0, size)], source))
    if pieces.digest(pieces.blocks(list(pieces.through(back, made)), source)) != old:
        raise DecodeError(os.fsdecode(edited.path), _("changing its tags could not be undone"))
    new = pieces.digest(pieces.blocks(made, source))
    return Edited(
        edited.path, edited.before, edited.after, edited.lost, tuple(made), tuple(back), old_hash=old, new_hash=new
    )
