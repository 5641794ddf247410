"""Fields into the tags of an open file, each kind of tag in its own words. Nothing but the fields named is touched.

What a kind of tag cannot hold is not written, and is found out by reading what was (`rewrite`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import mutagen
from mutagen import apev2, asf, mp4, ogg
from mutagen import id3 as frames

from comet.tags.codec import FREE, UFID, field_of_ape, field_of_asf, fields_of_frame, fields_of_mp4
from comet.tags.fields import NUMBERED, ROLES, VORBIS, Change, named

_ID3, _MP4, _APE, _ASF = (named(kind) for kind in ("id3", "mp4", "ape", "asf"))
_ITUNES: Final = "----:com.apple.iTunes:"
_NUMBERS: Final = {"TRCK", "TPOS", "MVIN", "Track", "Disc", "trkn", "disk", "WM/TrackNumber", "WM/PartOfSet"}
"""What holds `3/12`, the number and how many there are."""
_UTF8: Final = 3
_NO_LANGUAGE: Final = 3 * "X"  # so ID3 calls a language that is not known

_SEGMENT: Final = 255
"""Bytes of a packet for each byte of a page's table, which has at most as many (RFC 3533, section 6)."""

_Values = Sequence[str]

_id3: Any = frames
_mp4: Any = mp4
_apev2: Any = apev2
_ogg: Any = ogg


def put(file: mutagen.FileType, change: Change) -> None:
    """Let the tags of an open file, which it has, have these values; fields that cannot be called so there are left."""
    tags: Any = file.tags
    if isinstance(tags, frames.ID3):
        _put_id3(tags, change)
    elif isinstance(tags, mp4.MP4Tags):
        _put_mp4(tags, _called(change, lambda name: max(name) <= "\xff"))  # as mutagen writes the names of atoms
    elif isinstance(tags, apev2.APEv2):
        named = _called(change, apev2.is_valid_apev2_key)
        _put_listed(tags, named, _APE, field_of_ape, _text_of_ape)
    elif isinstance(tags, asf.ASFTags):
        _put_listed(tags, change, _ASF, field_of_asf, list)
    else:
        _put_vorbis(tags, _called(change, lambda name: all(" " <= each <= "}" and each != "=" for each in name)))


def _called(change: Change, fits: Callable[[str], bool]) -> Change:
    """Return a change without the fields whose names a kind of tag cannot have."""
    return {field: values for field, values in change.items() if fits(field)}


def _numbers(change: Change, names: dict[str, str]) -> Iterable[tuple[str, str, str]]:
    """Yield where a number and how many there are stand together, and both; they change together (`rewrite.edit`)."""
    for field, total in NUMBERED.items():
        if field in change and (name := names.get(field, "")) in _NUMBERS:
            yield name, "".join(change[field][:1]), "".join(change.get(total, ())[:1])


def _joined(number: str, total: str) -> list[str]:
    return [f"{number}/{total}"] if total else [number] if number else []


def _apart(change: Change, names: dict[str, str]) -> Iterable[tuple[str, _Values]]:
    """Yield the fields that stand for themselves."""
    together = {f for field, total in NUMBERED.items() if names.get(field) in _NUMBERS for f in (field, total)}
    yield from ((field, values) for field, values in change.items() if field not in together)


def _put_id3(tags: Any, change: Change) -> None:  # noqa: ANN401 - mutagen's tags have no types
    gone = _drop_frames(tags, change)
    for name, number, total in _numbers(change, _ID3):
        for text in _joined(number, total):
            tags.add(getattr(_id3, name)(_UTF8, [text]))
    people = [[role, person] for role, field in ROLES.items() for person in change.get(field, ())]
    if people:
        tags.add(_id3.TIPL(_UTF8, [*(tags["TIPL"].people if "TIPL" in tags else []), *people]))
    played = {each: int(change[each][0]) for each in ("rating", "playcount") if _whole(change.get(each, ()))}
    if played:
        email = next((frame.email for frame in gone if frame.FrameID == "POPM"), "")
        count = {"count": played["playcount"]} if "playcount" in played else {}
        tags.add(_id3.POPM(email, min(255, played.get("rating", 0)), **count))
    for field, values in _apart(change, _ID3):
        if values and field not in {*ROLES.values(), "rating", "playcount"}:
            for frame in _frames(field, list(values), gone):
                tags.add(frame)


def _drop_frames(tags: Any, change: Change) -> list[Any]:  # noqa: ANN401 - likewise
    """Take the frames of fields away and return them; of those that name people only the roles that change."""
    totals = {field for field, total in NUMBERED.items() if total in change}
    gone = []
    for key, frame in list(tags.items()):
        fields = {field for field, _values in fields_of_frame(frame)}
        if not fields & (change.keys() | totals):
            continue
        if isinstance(frame, _id3.PairedTextFrame) and fields - change.keys():
            frame.people = [[role, who] for role, who in frame.people if ROLES.get(role.lower(), role) not in change]
            continue
        gone.append(frame)
        del tags[key]
    return gone


def _frames(field: str, values: list[str], gone: Sequence[Any]) -> Iterable[Any]:
    """Yield the frames that a field becomes; language and spelling are those of the frames that are `gone`."""
    kind, _colon, about = field.partition(":")
    language = next((frame.lang for frame in gone if hasattr(frame, "lang")), _NO_LANGUAGE)
    about = next((f.desc for f in gone if hasattr(f, "desc") and f.desc.lower() == about), about)
    if kind == "comment":
        yield _id3.COMM(_UTF8, language, about, values)
    elif kind == "lyrics":
        yield _id3.USLT(_UTF8, language, about, "\n\n".join(values))
    elif kind == "ufid" or field == "musicbrainz_recordingid":
        yield _id3.UFID(about or UFID, values[0].encode("ascii", "replace"))
    elif field == "website":
        yield from (_id3.WOAR(value) for value in values if max(value) <= "\xff")  # Latin-1 is all that it may hold
    elif field == "performer":
        yield _id3.TMCL(_UTF8, [_role(value) for value in values])
    else:
        name = _ID3.get(field, field.upper())
        frame = _id3.Frames.get(name)
        if frame and issubclass(frame, _id3.TextFrame) and name != "TXXX":
            yield frame(_UTF8, values)
        else:
            spelt = next((f.desc for f in gone if f.FrameID == "TXXX" and f.desc.lower() == field), field.upper())
            yield _id3.TXXX(_UTF8, name.removeprefix("TXXX:") if field in _ID3 else spelt, values)


def _whole(values: _Values) -> bool:
    """Tell whether the first of some values is a number; what is none is not written, and is found to be missing."""
    return values[:1] != () and values[0].isdecimal()


def _role(value: str) -> list[str]:
    """Take `Person (role)` apart, as ID3 has it the other way round."""
    person, bracket, role = value.rstrip(")").rpartition(" (") if value.endswith(")") else ("", "", "")
    return [role, person] if bracket else ["", value]


def _put_mp4(tags: Any, change: Change) -> None:  # noqa: ANN401 - likewise
    for name in list(tags):
        if fields_of_mp4(name) & change.keys():
            del tags[name]
    for name, number, total in _numbers(change, _MP4):
        if number or total:
            tags[name] = [tuple(int(each) if each.isdecimal() else 0 for each in (number, total))]
    for field, values in _apart(change, _MP4):
        name = _MP4.get(field, f"{FREE}{field.upper()}")
        whole = [int(value) for value in values if value.isdecimal()]
        if not values:
            continue
        if name in {"tmpo", "\xa9mvi", "\xa9mvc"} and len(whole) == len(values):
            tags[name] = whole
        elif name == "cpil":
            tags[name] = values[0] != "0"
        elif name.startswith(FREE) or name in {"tmpo", "\xa9mvi", "\xa9mvc"}:
            free = name.removeprefix(FREE) if name.startswith(FREE) else field.upper()
            tags[_ITUNES + free] = [_mp4.MP4FreeForm(value.encode()) for value in values]
        else:
            tags[name] = list(values)


def _put_listed(
    tags: Any,  # noqa: ANN401 - likewise
    change: Change,
    names: dict[str, str],
    field_of: Callable[[str], str],
    made: Callable[[_Values], Any],
) -> None:
    totals = {field for field, total in NUMBERED.items() if total in change}
    spelt = {}
    for name in list(tags.keys()):
        if (field := field_of(name)) in change or field in totals:
            spelt[field] = name
            del tags[name]
    for name, number, total in _numbers(change, names):
        if texts := _joined(number, total):
            tags[name] = made(texts)
    for field, values in _apart(change, names):
        if values:
            tags[names.get(field) or spelt.get(field, field.upper())] = made(values)


def _text_of_ape(values: _Values) -> Any:  # noqa: ANN401 - likewise
    return _apev2.APETextValue("\0".join(values), apev2.TEXT)


def _put_vorbis(tags: Any, change: Change) -> None:  # noqa: ANN401 - likewise
    for name in {key.lower() for key, _value in tags}:
        if VORBIS.get(name, name) in change:
            del tags[name]
    written = {field: name for name, field in VORBIS.items() if name not in {"year", "initialkey"}}
    for field, values in change.items():
        if values:
            tags[written.get(field, field).upper()] = list(values)


def _pages(packets: Iterable[bytes], sequence: int = 0, rooms: Iterable[int] = ()) -> list[Any]:
    """Return packets as pages of Ogg that are numbered from `sequence` on.

    mutagen's own way copies what is left of a packet for each page of 4 kB: a picture of 16 MB took half a minute.

    Args:
        packets: In order.
        sequence: Number of the first page.
        rooms: How many segments there are in the first pages; all others are as full as may be.
    """
    pages: list[Any] = []
    given, room = iter(rooms), 0
    for packet in packets:
        at, left = 0, len(packet) // _SEGMENT + 1  # the last segment is shorter, and may be empty
        while left:
            if not room:
                page, room = _ogg.OggPage(), next(given, _SEGMENT)
                page.sequence, page.continued = sequence + len(pages), at > 0
                pages.append(page)
            taken = min(left, room)
            page.packets.append(packet[at : at + taken * _SEGMENT])
            at, left, room = at + taken * _SEGMENT, left - taken, room - taken
            page.complete = not left
            if left and len(page.packets) == 1:
                page.position = -1  # no packet ends on it
    return pages


def _pages_like(packets: Sequence[bytes], old: Sequence[Any]) -> list[Any]:
    """Return packets as about as many pages as the `old` ones, best as full as those, so that little behind changes."""
    rooms = [sum(len(each) // _SEGMENT + 1 for each in page.packets) - (not page.complete) for page in old]
    made = [_pages(packets, old[0].sequence, some) for some in (filter(None, rooms), ())]
    return min(made, key=lambda pages: abs(len(pages) - len(old)))


_ogg.OggPage.from_packets = staticmethod(_pages)
_ogg.OggPage._from_packets_try_preserve = staticmethod(_pages_like)  # noqa: SLF001 - by which it exchanges comments
