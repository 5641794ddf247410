"""Pictures into the tags of an open file, each kind of tag in its own way. Those of other kinds are not touched.

What a kind of tag cannot hold is not written, and is found out by reading what was (`rewrite`).
"""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from itertools import chain, count
from typing import Any, Final, NamedTuple

import mutagen
from mutagen import apev2, asf, flac, mp4
from mutagen import id3 as frames

from comet.core.acts import KINDS, Content
from comet.core.errors import FileError, RefusedError
from comet.core.pieces import digest
from comet.core.text import _, safe
from comet.tags.codec import FRONT, kind_of_ape, opened, picture, picture_of_vorbis
from comet.tags.fields import LARGEST, Tags

_STARTS: Final = {
    b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png", b"GIF8": "image/gif", b"BM": "image/bmp",
    b"II*\0": "image/tiff", b"MM\0*": "image/tiff",
}  # fmt: skip

_id3: Any = frames
_flac: Any = flac
_apev2: Any = apev2
_asf: Any = asf


class Given(NamedTuple):
    """A picture that a file shall have."""

    kind: int
    mime: str
    data: bytes
    hash: str
    """`core.pieces.digest` of the data."""


Pictures = Mapping[int, Given | None]
"""The picture that a file shall have of each of these kinds, or none."""


def read(wanted: Mapping[str, Content | None]) -> Pictures:
    """Return the pictures that a step names.

    Raises:
        RefusedError: one cannot be read, is not what it was, or is none that a tag can hold.
    """
    return {
        KINDS.index(kind): None if each is None else _given(KINDS.index(kind), each) for kind, each in wanted.items()
    }


def _given(kind: int, content: Content) -> Given:
    name = os.fsdecode(content.path)
    try:
        with opened(content.path) as stream:
            data = stream.read(LARGEST + 1)
        if not (mime := mime_of(data)):
            data = picture(content.path, content.hash)
            mime = mime_of(data)
        if len(data) > LARGEST:
            told = _("it is larger than {most} MB, and no FLAC file can hold that; make it smaller")
            raise RefusedError(name, told.format(most=LARGEST // 10**6))
        if not mime:
            raise RefusedError(name, _("it is no JPEG, PNG, GIF, WebP, BMP or TIFF, nor music with this picture in it"))
        if digest([data]) != content.hash:
            raise RefusedError(name, _("it was changed since this was planned"))
        return Given(kind, mime, data, content.hash)
    except FileError as error:
        told = _("the picture `{path}`: {why}")
        raise RefusedError(name, told.format(path=safe(name), why=error.reason)) from error


def mime_of(data: bytes) -> str:
    """Return the kind of file that a picture is, by how it begins; empty for what is none."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return next((mime for start, mime in _STARTS.items() if data.startswith(start)), "")


def missing(tags: Tags, wanted: Mapping[str, Content | None]) -> dict[str, Content | None]:
    """Return those of the wanted pictures that tags do not hold yet as the only one of their kind."""
    found = {kind: [each.hash for each in tags.pictures if each.kind == KINDS.index(kind)] for kind in wanted}
    return {kind: each for kind, each in wanted.items() if found[kind] != ([each.hash] if each else [])}


def lost(tags: Tags, pictures: Pictures) -> dict[str, tuple[str, ...]]:
    """Return which pictures tags that they were written into do not hold: the MIME type by name."""
    held = {(each.kind, each.hash) for each in tags.pictures}
    given = [each for each in pictures.values() if each and (each.kind, each.hash) not in held]
    return {name(each.kind): (each.mime,) for each in given}


def name(kind: int) -> str:
    """Return what the pictures of a kind are called among fields."""
    return f"picture {KINDS[kind]}"


def put(file: mutagen.FileType, pictures: Pictures) -> None:
    """Let the tags of an open file, which it has, hold these pictures."""
    tags: Any = file.tags
    given = [each for each in pictures.values() if each]
    if isinstance(tags, frames.ID3):
        _put_id3(tags, pictures, given)
    elif isinstance(tags, mp4.MP4Tags):
        _put_mp4(tags, pictures)
    elif isinstance(tags, apev2.APEv2):
        _put_ape(tags, pictures, given)
    elif isinstance(tags, asf.ASFTags):
        _put_asf(tags, pictures, given)
    else:
        _put_vorbis(file, pictures, given)


def _put_id3(tags: Any, pictures: Pictures, given: list[Given]) -> None:  # noqa: ANN401 - mutagen's have no types
    for key in [key for key, frame in tags.items() if frame.FrameID == "APIC" and frame.type in pictures]:
        del tags[key]
    for kind, mime, data, _hash in given:
        names = chain(["", KINDS[kind]], (f"{KINDS[kind]} {n}" for n in count(2)))
        about = next(each for each in names if f"APIC:{each}" not in tags)  # no two may have the same description
        tags.add(_id3.APIC(0, mime, kind, about, data))


def _put_mp4(tags: Any, pictures: Pictures) -> None:  # noqa: ANN401 - likewise
    """Write the front cover: there is no other kind, and none but JPEG and PNG."""
    formats = {"image/jpeg": mp4.MP4Cover.FORMAT_JPEG, "image/png": mp4.MP4Cover.FORMAT_PNG}
    if FRONT not in pictures:
        return
    front = pictures[FRONT]
    if front is None:
        tags.pop("covr", None)
    elif front.mime in formats:
        tags["covr"] = [mp4.MP4Cover(front.data, formats[front.mime])]  # type: ignore[no-untyped-call]


def _put_ape(tags: Any, pictures: Pictures, given: list[Given]) -> None:  # noqa: ANN401 - likewise
    for key in [key for key in tags if kind_of_ape(key) in pictures]:
        del tags[key]
    for kind, mime, data, _hash in given:
        title = f"{KINDS[kind]}.{mime.partition('/')[2]}".encode()
        tags[f"Cover Art ({KINDS[kind].title()})"] = _apev2.APEValue(title + b"\0" + data, apev2.BINARY)


def _put_asf(tags: Any, pictures: Pictures, given: list[Given]) -> None:  # noqa: ANN401 - likewise
    kept = [value for value in tags.get("WM/Picture", []) if bytes(value.value)[0] not in pictures]
    for kind, mime, data, _hash in given:
        head = bytes([kind]) + len(data).to_bytes(4, "little") + f"{mime}\0\0".encode("utf-16-le")
        kept.append(_asf.ASFByteArrayAttribute(head + data))
    tags["WM/Picture"] = kept


def _put_vorbis(file: Any, pictures: Pictures, given: list[Given]) -> None:  # noqa: ANN401 - likewise
    """Write pictures as blocks of FLAC; where there are none, in Ogg, such a block as text is a comment."""
    block, key = isinstance(file, flac.FLAC), "metadata_block_picture"
    texts = [text for text in file.tags.get(key, []) if getattr(picture_of_vorbis(text), "type", None) not in pictures]
    made = [_block(each) for each in given]
    if block:
        made = [*(each for each in file.pictures if each.type not in pictures), *made]
        file.clear_pictures()
        for each in made:
            file.add_picture(each)
    else:
        texts += [base64.b64encode(each.write()).decode("ascii") for each in made]
    if texts or key in file.tags:
        file.tags[key] = texts


def _block(given: Given) -> Any:  # noqa: ANN401 - likewise
    """Return a picture as FLAC has it; how large it is and its colours are left out, as it may (RFC 9639, 8.8)."""
    made = _flac.Picture()
    made.type, made.mime, made.data = given.kind, given.mime, given.data
    return made
