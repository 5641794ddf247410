"""The door to mutagen: a file's tags, of any format, as the neutral model has them.

Tags are untrusted: a picture may claim 4 GB, a frame may unpack to more. So this runs in worker processes with limits
(`comet.tags.reading`), and no other process loads it.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
import stat
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO, Final

import mutagen
from mutagen import apev2, asf, flac, id3, mp4

from comet.core.acts import KINDS
from comet.core.errors import DecodeError, ReadError
from comet.core.pieces import digest
from comet.core.text import _
from comet.tags.covers import pixels
from comet.tags.draft import Draft
from comet.tags.fields import NUMBERED, ROLES, VORBIS, Chapter, Collected, Picture, Tags, known

_ID3, _MP4, _APE, _ASF = (known(kind) for kind in ("id3", "mp4", "ape", "asf"))
FREE: Final = "----:"
UFID: Final = "http://musicbrainz.org"
FRONT: Final = KINDS.index("front")
"""The kind of all pictures of MP4, which knows no other."""
_COVER: Final = "cover art ("
_CHAPTER: Final = re.compile(r"chapter(\d{3})")
_TIME: Final = re.compile(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)")
_PNG: Final = b"\x89PNG"
_DAMAGED: Final = (
    mutagen.MutagenError,
    ValueError,
    struct.error,
    IndexError,
    KeyError,
    TypeError,
    EOFError,
    OverflowError,
)
"""What mutagen raises on damage: its own errors, and those that it did not foresee."""


def read(path: bytes) -> Tags:
    """Return the tags of a file; none where it has none, or is of a kind that has none.

    Raises:
        ReadError: it cannot be read.
        DecodeError: its tags are damaged.
    """
    with opened(path) as stream:
        draft = Draft(stream.fileno(), path)
        return of(loaded(draft), draft)


def picture(path: bytes, wanted: str) -> bytes:
    """Return the picture of this hash (`core.pieces.digest`) in the tags of a file, empty where there is none of it.

    Raises as `read`.
    """
    with opened(path) as stream:
        draft = Draft(stream.fileno(), path)
        file = loaded(draft)
        found = _Reader(file, draft) if file is not None else None
        return found.pictures().get(wanted, b"") if found else b""


def loaded(draft: Draft) -> mutagen.FileType | None:
    """Return what mutagen makes of a file, which gets no more bytes of it than there are, whatever a tag claims.

    Raises:
        DecodeError: nothing but its name says that it is music.
    """
    try:
        return _loaded(draft)
    except _DAMAGED:
        name, draft.name = draft.name, b""
        if _loaded(draft) is None:
            raise DecodeError(os.fsdecode(name), _("it is no music file whose tags Comet knows")) from None
        raise


def _loaded(draft: Draft) -> mutagen.FileType | None:
    draft.seek(0)
    found: mutagen.FileType | None = mutagen.File(draft)
    return found


def of(file: mutagen.FileType | None, draft: Draft) -> Tags:
    """Return the tags of an open file that was `loaded` from a draft."""
    return _Reader(file, draft).read() if file is not None else Tags()


@contextmanager
def opened(path: bytes) -> Iterator[BinaryIO]:
    """Open a regular file; raises as `read`, for what happens to it inside too."""
    name = os.fsdecode(path)
    try:
        # without O_NONBLOCK, opening a pipe waits for somebody to write into it
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
        with open(path, "rb", opener=lambda name, _flags: os.open(name, flags)) as stream:
            if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                raise ReadError(name, _("it is no regular file"))
            yield stream
    except OSError as error:
        raise ReadError(name, _("it cannot be read: {why}").format(why=error.strerror or error)) from error
    except _DAMAGED as error:
        raise DecodeError(name, _("its tags are damaged")) from error


class _Reader:
    """Takes the tags of one open file apart."""

    def __init__(self, file: mutagen.FileType, draft: Draft) -> None:
        self._file = file
        self._draft = draft
        self._fields = Collected()
        self._pictures: list[Picture] = []
        self._data: list[bytes] = []
        self._other: dict[str, list[str]] = {}
        self._chapters: list[Chapter] = []

    def read(self) -> Tags:
        tags: Any = self._file.tags
        if isinstance(tags, id3.ID3):
            self._id3(tags)
        elif isinstance(tags, mp4.MP4Tags):
            self._mp4(tags)
        elif isinstance(tags, apev2.APEv2):
            self._ape(tags)
        elif isinstance(tags, asf.ASFTags):
            self._asf(tags)
        elif tags is not None:
            self._vorbis(tags)
        ape = self._beside() if isinstance(self._file, id3.ID3FileType) else {}
        for picture in getattr(self._file, "pictures", ()):
            self._picture(picture.type, picture.mime, picture.desc, picture.data)
        held = "\n".join(sorted(each for values in self._other.values() for each in values))
        rest = digest([held.encode("utf-8", "surrogatepass")]) if held else ""
        fields = self._fields.done()
        chapters = [*self._chapters, *_chapters_of(fields)]
        chapters.sort(key=lambda chapter: chapter.start)
        return Tags(fields, tuple(self._pictures), tuple(self._other), rest, tuple(chapters), ape)

    def pictures(self) -> dict[str, bytes]:
        """Return what its pictures hold, by their hashes."""
        hashes = [each.hash for each in self.read().pictures]
        return dict(zip(hashes, self._data, strict=True))

    def _beside(self) -> dict[str, tuple[str, ...]]:
        """Return the fields of an APEv2 tag that stands beside ID3; nobody writes it, and it is no reason to refuse."""
        self._draft.seek(0)
        try:
            found: Any = apev2.APEv2(self._draft)  # type: ignore[no-untyped-call]
        except _DAMAGED:
            return {}
        fields = Collected()
        for name, value in found.items():
            if isinstance(value, apev2.APETextValue):
                fields.add(field_of_ape(name), list(value))
        if found:
            self._unknown("APEv2", list(found.items()))
        return fields.done()

    def _unknown(self, name: str, content: object) -> None:
        """Note what the model has no place for, and what it holds: mutagen shows all of that."""
        self._other.setdefault(name, []).append(repr(content))

    def _picture(self, kind: int, mime: str, description: str, data: bytes) -> None:
        self._pictures.append(Picture(int(kind), mime, description, len(data), digest([bytes(data)]), *pixels(data)))
        self._data.append(bytes(data))

    def _id3(self, tags: Any) -> None:  # noqa: ANN401 - mutagen's frames have no types
        for frame in tags.values():
            if frame.FrameID == "APIC":
                self._picture(frame.type, frame.mime, frame.desc, frame.data)
            elif found := list(fields_of_frame(frame)):
                for name, values in found:
                    self._fields.add(name, values)
            else:
                if frame.FrameID == "CHAP":
                    title = " ".join(text for each in frame.sub_frames.getall("TIT2") for text in each.text)
                    self._chapters.append(Chapter(frame.start_time / 1000, title))
                owner = getattr(frame, "owner", "") or getattr(frame, "desc", "")
                self._unknown(f"{frame.FrameID}:{owner}" if owner else frame.FrameID, frame)
        for raw in tags.unknown_frames:
            self._unknown(raw[:4].decode("latin-1").rstrip("\0"), raw)

    def _mp4(self, tags: Any) -> None:  # noqa: ANN401 - likewise
        for name, values in tags.items():
            field = _MP4.get(name.lower())
            if name == "covr":
                for cover in values:
                    mime = "image/png" if cover.imageformat == mp4.MP4Cover.FORMAT_PNG else "image/jpeg"
                    self._picture(FRONT, mime, "", cover)
            elif name.startswith(FREE):
                self._free(name, values)
            elif name in {"trkn", "disk"} and field:
                self._fields.add(field, (f"{number or ''}/{total or ''}" for number, total in values))
            elif field:
                several = values if isinstance(values, list) else [values]
                self._fields.add(field, (int(v) if isinstance(v, bool) else v for v in several))
            else:
                self._unknown(name, values)
        for each in getattr(self._file, "chapters", None) or ():
            self._chapters.append(Chapter(each.start, each.title))
            self._unknown("chpl", self._chapters[-1])

    def _free(self, name: str, values: Iterable[bytes]) -> None:
        try:
            texts = [bytes(value).decode("utf-8") for value in values]
        except UnicodeDecodeError:
            self._unknown(name, values)
        else:
            self._fields.add(field_of_free(name), texts)

    def _ape(self, tags: Any) -> None:  # noqa: ANN401 - likewise
        for name, value in tags.items():
            kind = kind_of_ape(name)
            if isinstance(value, apev2.APEBinaryValue) and kind is not None:
                title, _zero, data = bytes(value.value or b"").partition(b"\0")
                mime = "image/png" if data.startswith(_PNG) else "image/jpeg"
                self._picture(kind, mime, title.decode("utf-8", "replace"), data)
            elif isinstance(value, apev2.APETextValue):
                self._fields.add(field_of_ape(name), list(value))
            else:
                self._unknown(name, value)

    def _asf(self, tags: Any) -> None:  # noqa: ANN401 - likewise
        for name, value in tags:
            if name == "WM/Picture":
                self._asf_picture(bytes(value.value))
            elif isinstance(value.value, bytes):
                self._unknown(name, value)
            else:
                text = int(value.value) if isinstance(value.value, bool) else value.value
                self._fields.add(field_of_asf(name), [text])

    def _asf_picture(self, data: bytes) -> None:
        """Take a picture apart: kind, size, MIME type and description as UTF-16 that ends in a zero each, the data."""
        kind, size = struct.unpack_from("<BI", data)
        mime, description, rest = _texts(data[5:])
        self._picture(kind, mime, description, rest[:size])

    def _vorbis(self, tags: Iterable[tuple[str, str]]) -> None:
        for name, text in tags:
            small = name.lower()
            if small == "metadata_block_picture":
                picture = picture_of_vorbis(text)
                if picture is None:
                    self._unknown(name, text)
                else:
                    self._picture(picture.type, picture.mime, picture.desc, picture.data)
            else:
                self._fields.add(VORBIS.get(small, small), [text])


def field_of_free(name: str) -> str:
    """Return which field a free atom of MP4 holds; it is called `----:`, who made it up, `:` and a name."""
    short = name.split(":", 2)[2].lower()
    return _MP4.get(f"{FREE}{short}", VORBIS.get(short, short))


def fields_of_mp4(name: str) -> set[str]:
    """Return which fields an atom of MP4 holds."""
    if name.startswith(FREE):
        return {field_of_free(name)}
    field = _MP4.get(name.lower())
    return {field, NUMBERED.get(field, field)} if field else set()


def kind_of_ape(name: str) -> int | None:
    """Return of which kind the picture is that an item of APE may hold."""
    small = name.lower()
    kind = small.removeprefix(_COVER).removesuffix(")")
    return (KINDS.index(kind) if kind in KINDS else 0) if small.startswith(_COVER) else None


def picture_of_vorbis(text: str) -> flac.Picture | None:
    """Return the picture that a comment holds as text, if it is one."""
    try:
        return flac.Picture(base64.b64decode(text))  # type: ignore[no-untyped-call]
    except (binascii.Error, *_DAMAGED):
        return None


def _chapters_of(fields: Mapping[str, tuple[str, ...]]) -> Iterator[Chapter]:
    """Yield the chapters of Vorbis comments: a time in `chapter001`, a title in `chapter001name`."""
    for name, (time, *_more) in fields.items():
        found = _TIME.fullmatch(time) if _CHAPTER.fullmatch(name) else None
        if found:
            hours, minutes, seconds = map(float, found.groups())
            yield Chapter(3600 * hours + 60 * minutes + seconds, " ".join(fields.get(f"{name}name", ())))


def field_of_ape(name: str) -> str:
    """Return which field an item of APE holds."""
    return _APE.get(name.lower(), VORBIS.get(name.lower(), name.lower()))


def field_of_asf(name: str) -> str:
    """Return which field an attribute of ASF holds."""
    return _ASF.get(name.lower(), name.lower())


_Found = Iterable[tuple[str, Iterable[object]]]
"""Fields and their values."""


def _text(frame: Any) -> _Found:  # noqa: ANN401 - likewise, as in all that follow
    yield _ID3.get(frame.FrameID.lower(), frame.FrameID.lower()), frame.text


def _custom(frame: Any) -> _Found:  # noqa: ANN401
    small = frame.desc.lower()
    yield _ID3.get(f"txxx:{small}", small or "txxx"), frame.text


def _described(name: str) -> Callable[[Any], _Found]:
    """Return what takes a frame of which there may be several, told apart by their descriptions."""

    def take(frame: Any) -> _Found:  # noqa: ANN401
        yield f"{name}:{frame.desc.lower()}" if frame.desc else name, [frame.text] if name == "lyrics" else frame.text

    return take


def _people(frame: Any) -> _Found:  # noqa: ANN401
    """Take those who took part: roles of the studio are fields, what somebody played stands behind the name."""
    for role, person in frame.people:
        if frame.FrameID == "TMCL":
            yield "performer", [f"{person} ({role})" if role else person]
        else:
            yield ROLES.get(role.lower(), role.lower()) or "performer", [person]


def _played(frame: Any) -> _Found:  # noqa: ANN401
    if frame.FrameID == "POPM":
        yield "rating", [frame.rating]
    yield "playcount", [getattr(frame, "count", 0) or ""]


def _unique(frame: Any) -> _Found:  # noqa: ANN401
    name = "musicbrainz_recordingid" if frame.owner == UFID else f"ufid:{frame.owner}"
    yield name, [frame.data.decode("ascii", "replace")]


_FRAMES: Final[dict[str, Callable[[Any], _Found]]] = {
    "TXXX": _custom,
    "TCON": lambda frame: [("genre", frame.genres)],
    "TIPL": _people,
    "TMCL": _people,
    "IPLS": _people,
    "COMM": _described("comment"),
    "USLT": _described("lyrics"),
    "UFID": _unique,
    "POPM": _played,
    "PCNT": _played,
    "WOAR": lambda frame: [("website", [frame.url])],
}
"""Frames that are more than text under a name of their own."""


def fields_of_frame(frame: Any) -> _Found:  # noqa: ANN401
    """Yield the fields that a frame of ID3 holds, with their values."""
    take = _FRAMES.get(frame.FrameID) or (_text if isinstance(frame, id3.TextFrame) else None)
    return take(frame) if take else ()


def _texts(data: bytes) -> tuple[str, str, bytes]:
    """Return two texts in UTF-16 that end in a zero each, and what follows."""
    texts = []
    for _number in range(2):
        end = next((at for at in range(0, len(data) - 1, 2) if data[at : at + 2] == b"\0\0"), len(data))
        texts.append(data[:end].decode("utf-16-le", "replace"))
        data = data[end + 2 :]
    return texts[0], texts[1], data
