"""The neutral model of tags: fields by MusicBrainz Picard's names, with any number of values each.

The table says how a field is called in each kind of tag. In Vorbis comments it is the name itself, but for the few that
`VORBIS` lists; a name that no table knows is a custom field, under its own name in small letters.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that lies in a tag."""

    kind: int
    """As ID3 and FLAC number them; 3 is the front cover."""
    mime: str
    description: str
    size: int
    """Bytes."""
    hash: str = ""
    """`core.pieces.digest` of them."""
    width: int = 0
    """Pixels, as its header says; 0 where that says nothing, for then no program shows it."""
    height: int = 0


LARGEST: Final = 16_000_000
"""Bytes of a picture: FLAC counts those of a block, with what is told of the picture, up to 16 777 215."""


@dataclass(frozen=True, slots=True)
class Chapter:
    """Where a part of a file begins."""

    start: float
    """Seconds."""
    title: str


@dataclass(frozen=True, slots=True)
class Tags:
    """All that the tags of a file hold."""

    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Values by name, in the order in which they stand there; none is there twice."""
    pictures: tuple[Picture, ...] = ()
    other: tuple[str, ...] = ()
    """Names, in their own format, of what the model has no place for."""
    rest: str = ""
    """`core.pieces.digest` of what those hold; empty where there are none."""
    chapters: tuple[Chapter, ...] = ()
    """In order of time; they stand in `fields` or `other` too, as their format has them."""
    ape: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Fields of an APEv2 tag behind the sound of an MP3 or TTA, beside ID3: only shown; it stands in `other` too."""
    container: str = ""
    """Of the file, as of `core.model.Audio`, where somebody who knows it asks what can be `held`; else empty."""


Change = Mapping[str, tuple[str, ...]]
"""Values that fields shall have, by name; a field without values is taken away, one that is not named stays."""


@dataclass(frozen=True, slots=True)
class Names:
    """How one field is called in each kind of tag; empty where Picard has no name for it there."""

    field: str
    id3: str = ""
    """A text frame, or the description of a user's one behind `TXXX:`."""
    mp4: str = ""
    """An atom, or the name of a free one behind `----:`."""
    ape: str = ""
    asf: str = ""


_TABLE: Final = (
    Names("title", "TIT2", "\xa9nam", "Title", "Title"),
    Names("artist", "TPE1", "\xa9ART", "Artist", "Author"),
    Names("album", "TALB", "\xa9alb", "Album", "WM/AlbumTitle"),
    Names("albumartist", "TPE2", "aART", "Album Artist", "WM/AlbumArtist"),
    Names("date", "TDRC", "\xa9day", "Year", "WM/Year"),
    Names("originaldate", "TDOR", "", "", "WM/OriginalReleaseTime"),
    Names("releasedate", "TDRL"),
    Names("genre", "TCON", "\xa9gen", "Genre", "WM/Genre"),
    Names("composer", "TCOM", "\xa9wrt", "Composer", "WM/Composer"),
    Names("lyricist", "TEXT", "----:LYRICIST", "Lyricist", "WM/Writer"),
    Names("conductor", "TPE3", "----:CONDUCTOR", "Conductor", "WM/Conductor"),
    Names("remixer", "TPE4", "----:REMIXER", "MixArtist", "WM/ModifiedBy"),
    Names("producer", asf="WM/Producer"),
    Names("engineer", asf="WM/Engineer"),
    Names("mixer", asf="WM/Mixer"),
    Names("djmixer", asf="WM/DJMixer"),
    Names("arranger", asf="WM/Arranger"),
    Names("grouping", "TIT1", "\xa9grp", "Grouping", "WM/ContentGroupDescription"),
    Names("subtitle", "TIT3", "----:SUBTITLE", "Subtitle", "WM/SubTitle"),
    Names("discsubtitle", "TSST", "----:DISCSUBTITLE", "DiscSubtitle", "WM/SetSubTitle"),
    Names("work", "TXXX:WORK", "\xa9wrk", "WORK", "WM/Work"),
    Names("movementnumber", "MVIN", "\xa9mvi"),
    Names("movementtotal", "", "\xa9mvc"),
    Names("movement", "MVNM", "\xa9mvn", "MOVEMENTNAME"),
    Names("label", "TPUB", "----:LABEL", "Label", "WM/Publisher"),
    Names("catalognumber", "TXXX:CATALOGNUMBER", "----:CATALOGNUMBER", "CatalogNumber", "WM/CatalogNo"),
    Names("barcode", "TXXX:BARCODE", "----:BARCODE", "Barcode", "WM/Barcode"),
    Names("isrc", "TSRC", "----:ISRC", "ISRC", "WM/ISRC"),
    Names("copyright", "TCOP", "cprt", "Copyright", "Copyright"),
    Names("media", "TMED", "----:MEDIA", "Media", "WM/Media"),
    Names("language", "TLAN", "----:LANGUAGE", "Language", "WM/Language"),
    Names("mood", "TMOO", "----:MOOD", "Mood", "WM/Mood"),
    Names("bpm", "TBPM", "tmpo", "BPM", "WM/BeatsPerMinute"),
    Names("key", "TKEY", "----:initialkey", "KEY", "WM/InitialKey"),
    Names("compilation", "TCMP", "cpil", "Compilation", "WM/IsCompilation"),
    Names("encodedby", "TENC", "\xa9too", "EncodedBy", "WM/EncodedBy"),
    Names("encodersettings", "TSSE", "", "EncoderSettings", "WM/EncodingSettings"),
    Names("originalalbum", "TOAL", "", "", "WM/OriginalAlbumTitle"),
    Names("originalartist", "TOPE", "", "Original Artist", "WM/OriginalArtist"),
    Names("titlesort", "TSOT", "sonm", "TITLESORT", "WM/TitleSortOrder"),
    Names("artistsort", "TSOP", "soar", "ARTISTSORT", "WM/ArtistSortOrder"),
    Names("albumsort", "TSOA", "soal", "ALBUMSORT", "WM/AlbumSortOrder"),
    Names("albumartistsort", "TSO2", "soaa", "ALBUMARTISTSORT", "WM/AlbumArtistSortOrder"),
    Names("composersort", "TSOC", "soco", "COMPOSERSORT", "WM/ComposerSortOrder"),
    Names("comment", "", "\xa9cmt", "Comment", "Description"),
    Names("lyrics", "", "\xa9lyr", "Lyrics", "WM/Lyrics"),
    Names("tracknumber", "TRCK", "trkn", "Track", "WM/TrackNumber"),
    Names("discnumber", "TPOS", "disk", "Disc", "WM/PartOfSet"),
    Names(
        "musicbrainz_recordingid", "UFID", "----:MusicBrainz Track Id", "MUSICBRAINZ_TRACKID", "MusicBrainz/Track Id"
    ),
    Names(
        "musicbrainz_trackid",
        "TXXX:MusicBrainz Release Track Id",
        "----:MusicBrainz Release Track Id",
        "MUSICBRAINZ_RELEASETRACKID",
        "MusicBrainz/Release Track Id",
    ),
    *(
        Names(f"musicbrainz_{short}id", f"TXXX:{words}", f"----:{words}", f"MUSICBRAINZ_{short.upper()}ID", spelt)
        for short, words, spelt in (
            ("album", "MusicBrainz Album Id", "MusicBrainz/Album Id"),
            ("artist", "MusicBrainz Artist Id", "MusicBrainz/Artist Id"),
            ("albumartist", "MusicBrainz Album Artist Id", "MusicBrainz/Album Artist Id"),
            ("releasegroup", "MusicBrainz Release Group Id", "MusicBrainz/Release Group Id"),
            ("work", "MusicBrainz Work Id", "MusicBrainz/Work Id"),
        )
    ),
    Names("acoustid_id", "TXXX:Acoustid Id", "----:Acoustid Id", "ACOUSTID_ID", "Acoustid/Id"),
    Names(
        "acoustid_fingerprint",
        "TXXX:Acoustid Fingerprint",
        "----:Acoustid Fingerprint",
        "ACOUSTID_FINGERPRINT",
        "Acoustid/Fingerprint",
    ),
)

VORBIS: Final = {
    "musicbrainz_trackid": "musicbrainz_recordingid",  # the names changed places when tracks became recordings
    "musicbrainz_releasetrackid": "musicbrainz_trackid",
    "tracktotal": "totaltracks",
    "disctotal": "totaldiscs",
    "initialkey": "key",
    "year": "date",
}
"""What Vorbis comments call otherwise, in small letters."""

ROLES: Final = {
    "producer": "producer",
    "engineer": "engineer",
    "arranger": "arranger",
    "mix": "mixer",
    "dj-mix": "djmixer",
}
"""What ID3 calls those who took part in the studio, in the one frame for all of them."""

NUMBERED: Final = {"tracknumber": "totaltracks", "discnumber": "totaldiscs", "movementnumber": "movementtotal"}
"""Where `3/12` is a number and how many there are: the second one's field."""


def known(kind: str) -> dict[str, str]:
    """Return field by name in one kind of tag (`id3`, `mp4`, `ape`, `asf`); in small letters, which mean the same."""
    return {getattr(names, kind).lower(): names.field for names in _TABLE if getattr(names, kind)}


def named(kind: str) -> dict[str, str]:
    """Return the name of each field in one kind of tag, as it is written."""
    return {names.field: name for names in _TABLE if (name := getattr(names, kind))}


TOGETHER: Final = (*NUMBERED.items(), ("rating", "playcount"))
"""Fields that stand in one place in some kinds of tag: where one changes, the other is written too."""


def changed(fields: Mapping[str, tuple[str, ...]], change: Change) -> dict[str, tuple[str, ...]]:
    """Return what fields are after a change, in no order that means anything."""
    found = {**fields, **change}
    return {name: values for name, values in found.items() if values}


_ID3: Final = {"mp3", "wav", "aiff", "tta", "aac"}
"""Containers whose tags are ID3."""
_POPM: Final = 255
"""The highest rating of ID3."""
_WORD: Final = 65_535
"""The highest number that MP4 has room for."""


def held(container: str, name: str, values: tuple[str, ...]) -> tuple[str, ...]:
    """Return what a file would have of the values of a field if they were written, as far as its format alone says it.

    Of a picture the values are MIME types.
    """
    numbers = {*NUMBERED, *NUMBERED.values()}
    if container in _ID3:
        if name in {"rating", "playcount"}:
            return tuple(each for each in values[:1] if each.isdecimal() and (name != "rating" or int(each) <= _POPM))
        return values[:1] if name in {*numbers, "musicbrainz_recordingid"} or name.startswith("ufid:") else values
    if container != "mp4":
        return values
    if name.startswith("picture "):
        return values if name == "picture front" and {*values} <= {"image/jpeg", "image/png"} else ()
    if name in numbers:
        return tuple(str(int(each)) for each in values[:1] if each.isdecimal() and 0 < int(each) <= _WORD)
    return tuple("0" if each == "0" else "1" for each in values[:1]) if name == "compilation" else values


class Collected:
    """Values that are put together field by field."""

    def __init__(self) -> None:
        self._fields: dict[str, list[str]] = {}

    def add(self, name: str, values: Iterable[object]) -> None:
        """Add values, but those that are empty or there already; `3/12` of a number is split."""
        for value in values:
            text = str(value).replace("\0", " ").strip()
            if name in NUMBERED and "/" in text:
                text, _slash, total = (part.strip() for part in text.partition("/"))
                self.add(NUMBERED[name], [total])
            if text and text not in (there := self._fields.setdefault(name, [])):
                there.append(text)

    def done(self) -> dict[str, tuple[str, ...]]:
        """Return what there is."""
        return dict(self._items())

    def _items(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        for name, values in self._fields.items():
            if values:
                yield name, tuple(values)
