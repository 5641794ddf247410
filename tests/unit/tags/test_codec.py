"""Tags of every format, as one model."""

from __future__ import annotations

import base64
import os
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mutagen
import pytest
from mutagen import apev2, asf, flac, id3, mp4

from comet.core.errors import DecodeError, ReadError
from comet.core.pieces import digest
from comet.tags import codec, reading
from comet.tags.fields import Collected, Picture, Tags
from tests.factories import tune, write

TITLE, ARTISTS = "Ёлка / \u65e5", ("Первый", "Second; not two")
PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
RECORDING, RELEASE = "aa-bb", "cc-dd"
NO_MUSIC = "it is no music file whose tags Comet knows"


def _id3(tags: Any) -> None:  # noqa: ANN401 - mutagen has no types
    for frame in (
        id3.TIT2(3, [TITLE]),
        id3.TPE1(3, list(ARTISTS)),
        id3.TRCK(3, ["3/12"]),
        id3.TXXX(3, "My Own", ["x"]),
        id3.UFID("http://musicbrainz.org", RECORDING.encode()),
        id3.TXXX(3, "MusicBrainz Release Track Id", [RELEASE]),
        id3.APIC(3, "image/png", 3, "front", PNG),
    ):
        tags.add(frame)


def _vorbis(tags: Any) -> None:  # noqa: ANN401 - likewise
    tags["TITLE"], tags["ARTIST"], tags["TRACKNUMBER"], tags["TRACKTOTAL"] = TITLE, list(ARTISTS), "3", "12"
    tags["My Own"], tags["MUSICBRAINZ_TRACKID"], tags["MUSICBRAINZ_RELEASETRACKID"] = "x", RECORDING, RELEASE
    picture = flac.Picture()
    picture.type, picture.mime, picture.desc, picture.data = 3, "image/png", "front", PNG
    tags["METADATA_BLOCK_PICTURE"] = base64.b64encode(picture.write()).decode()


def _mp4(tags: Any) -> None:  # noqa: ANN401 - likewise
    tags["\xa9nam"], tags["\xa9ART"], tags["trkn"] = [TITLE], list(ARTISTS), [(3, 12)]
    for name, text in (("My Own", "x"), ("MusicBrainz Track Id", RECORDING), ("MusicBrainz Release Track Id", RELEASE)):
        tags[f"----:com.apple.iTunes:{name}"] = mp4.MP4FreeForm(text.encode())
    tags["covr"] = [mp4.MP4Cover(PNG, mp4.MP4Cover.FORMAT_PNG)]


def _ape(tags: Any) -> None:  # noqa: ANN401 - likewise
    tags["Title"], tags["Artist"], tags["Track"], tags["My Own"] = TITLE, list(ARTISTS), "3/12", "x"
    tags["MUSICBRAINZ_TRACKID"], tags["MUSICBRAINZ_RELEASETRACKID"] = RECORDING, RELEASE
    tags["Cover Art (Front)"] = apev2.APEValue(b"front\0" + PNG, apev2.BINARY)


def _asf(tags: Any) -> None:  # noqa: ANN401 - likewise
    tags["Title"], tags["Author"], tags["WM/TrackNumber"], tags["My Own"] = TITLE, list(ARTISTS), "3/12", "x"
    tags["MusicBrainz/Track Id"], tags["MusicBrainz/Release Track Id"] = RECORDING, RELEASE
    texts = "image/png\0front\0".encode("utf-16-le")
    tags["WM/Picture"] = asf.ASFByteArrayAttribute(b"\3" + len(PNG).to_bytes(4, "little") + texts + PNG)


TAGGERS: dict[str, Callable[[Any], None]] = {
    **dict.fromkeys(("mp3", "wav", "aiff", "tta"), _id3),
    **dict.fromkeys(("flac", "ogg", "opus"), _vorbis),
    **dict.fromkeys(("m4a", "alac"), _mp4),
    "wv": _ape,
    "wma": _asf,
}


def tagged(path: Path, tag: Callable[[Any], None]) -> bytes:
    """Make a file with tags and return its path."""
    write(path, tune(1, 1))
    file = mutagen.File(path)
    assert file is not None
    if file.tags is None:
        file.add_tags()
    tag(file.tags)
    file.save()
    return os.fsencode(path)


@pytest.mark.parametrize("kind", TAGGERS)
def test_every_format_says_the_same(kind: str, tmp_path: Path) -> None:
    """Title, several artists, numbers, a custom field, the ids that changed places, and the front cover."""
    found = codec.read(tagged(tmp_path / f"a.{kind}", TAGGERS[kind]))
    assert {name: found.fields.get(name) for name in ("title", "artist", "tracknumber", "totaltracks", "my own")} == {
        "title": (TITLE,),
        "artist": ARTISTS,
        "tracknumber": ("3",),
        "totaltracks": ("12",),
        "my own": ("x",),
    }
    assert found.fields["musicbrainz_recordingid"] == (RECORDING,)
    assert found.fields["musicbrainz_trackid"] == (RELEASE,)
    description = "" if kind in {"m4a", "alac"} else "front"
    assert found.pictures == (Picture(3, "image/png", description, len(PNG), digest([PNG])),)
    assert found.other == (("APEv2",) if kind == "tta" else ())  # in which FFmpeg says that it made it


def test_what_id3_has_of_its_own(tmp_path: Path) -> None:
    """People by what they did, comments and lyrics by their description, ratings; what has no place is named."""

    def tag(tags: Any) -> None:  # noqa: ANN401 - likewise
        for frame in (
            id3.TIPL(3, [["producer", "P"], ["mix", "M"]]),
            id3.TMCL(3, [["viola", "V"]]),
            id3.COMM(3, "eng", "", ["plain"]),
            id3.COMM(3, "eng", "told", ["more"]),
            id3.USLT(3, "eng", "", "la\nla"),
            id3.POPM(email="a@b", rating=196, count=7),
            id3.TCON(3, ["(17)"]),
            id3.PRIV("owner", b"x"),
            id3.UFID("http://other", b"id"),
        ):
            tags.add(frame)

    found = codec.read(tagged(tmp_path / "a.mp3", tag))
    assert found.fields["producer"] == ("P",)
    assert found.fields["mixer"] == ("M",)
    assert found.fields["performer"] == ("V (viola)",)
    assert (found.fields["comment"], found.fields["comment:told"]) == (("plain",), ("more",))
    assert found.fields["lyrics"] == ("la\nla",)
    assert (found.fields["rating"], found.fields["playcount"]) == (("196",), ("7",))
    assert found.fields["genre"] == ("Rock",)
    assert found.fields["ufid:http://other"] == ("id",)
    assert [name.partition(":")[0] for name in found.other] == ["PRIV"]


def test_no_tags_and_no_music_are_no_error(tmp_path: Path) -> None:
    """A bare file and one that is none have no tags; what cannot be read says so."""
    write(tmp_path / "bare.wav", tune(1, 1))
    (tmp_path / "text.txt").write_text("words")
    for name in ("bare.wav", "text.txt"):
        assert codec.read(os.fsencode(tmp_path / name)) == Tags()
    os.mkfifo(tmp_path / "pipe.mp3")
    with pytest.raises(ReadError, match="no regular file"):
        codec.read(os.fsencode(tmp_path / "pipe.mp3"))
    with pytest.raises(ReadError, match="No such file"):
        codec.read(os.fsencode(tmp_path / "gone.mp3"))


@pytest.mark.parametrize("kind", TAGGERS)
def test_damage_is_an_error_of_the_file(kind: str, tmp_path: Path) -> None:
    """Wherever a file is cut or filled with zeros, tags come back or the file is refused; nothing else is raised."""
    path = Path(os.fsdecode(tagged(tmp_path / f"a.{kind}", TAGGERS[kind])))
    whole = path.read_bytes()
    refused: list[str] = []
    for at in range(0, min(len(whole), 1_500), 7):
        for damaged in (
            whole[:at],
            whole[:at] + bytes(24) + whole[at + 24 :],
            whole[:at] + b"\xff" * 4 + whole[at + 4 :],
        ):
            path.write_bytes(damaged)
            try:
                assert isinstance(codec.read(os.fsencode(path)), Tags)
            except DecodeError as error:
                refused.append(error.reason)
    assert set(refused) - {NO_MUSIC} == {"its tags are damaged"}


@pytest.mark.parametrize(("name", "content"), [("a.mp3", b"words"), ("a.flac", b"words"), ("a.wav", b""),
                                               ("a.mp3", bytes(5000))])  # fmt: skip
def test_what_is_music_by_its_name_only_is_called_that(tmp_path: Path, name: str, content: bytes) -> None:
    """Text, nothing, zeros: no tags are damaged there, for there are none."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DecodeError, match=NO_MUSIC):
        codec.read(os.fsencode(tmp_path / name))


@pytest.mark.parametrize("beside", [False, True])
def test_an_ape_tag_of_an_mp3_is_shown_apart(tmp_path: Path, *, beside: bool) -> None:
    """With ID3 beside it or without; a damaged one is no reason to refuse the file."""
    path = tmp_path / "a.mp3"
    write(path, tune(1, 1))
    id3.delete(path)
    if beside:
        id3.ID3().save(path)
    tags: Any = apev2.APEv2()  # type: ignore[no-untyped-call]
    _ape(tags)
    tags.save(path)
    found = codec.read(os.fsencode(path))
    assert found.ape == {"title": (TITLE,), "artist": ARTISTS, "tracknumber": ("3",), "totaltracks": ("12",),
                         "my own": ("x",), "musicbrainz_recordingid": (RECORDING,),
                         "musicbrainz_trackid": (RELEASE,)}  # fmt: skip
    assert (found.fields, found.pictures, found.other) == ({}, (), ("APEv2",))
    path.write_bytes(path.read_bytes().replace(b"Title\0", b"\xff\xff\xff\xff\xff\0"))
    assert codec.read(os.fsencode(path)) == Tags()


def test_workers_read_within_limits(tmp_path: Path) -> None:
    """Each path comes back once: with tags, or with the reason; a tag that unpacks to too much costs itself."""
    good = tagged(tmp_path / "good.mp3", _id3)
    bomb = tagged(tmp_path / "bomb.mp3", lambda tags: tags.add(id3.TIT2(3, ["x"])))
    (tmp_path / "bomb.mp3").write_bytes(_bomb())
    gone = os.fsencode(tmp_path / "gone.mp3")
    found = {each.path: each for each in reading.read_all([good, bomb, gone], workers=2)}
    assert set(found) == {good, bomb, gone}
    tags = found[good].tags
    assert tags is not None
    assert tags.fields["title"] == (TITLE,)
    assert (found[bomb].tags, "memory" in found[bomb].error) == (None, True)
    assert "No such file" in found[gone].error


def _bomb() -> bytes:
    """Return an ID3v2.4 tag of less than a megabyte with a compressed frame that unpacks to 768."""
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(bytes(1 << 24)) for _block in range(48)) + packer.flush()

    def synchsafe(number: int) -> bytes:
        return bytes(number >> shift & 127 for shift in (21, 14, 7, 0))

    frame = b"TIT2" + synchsafe(len(packed) + 4) + b"\0\x09" + synchsafe(1 << 27) + packed
    return b"ID3\4\0\0" + synchsafe(len(frame)) + frame


def test_values_are_there_once_and_never_empty() -> None:
    """Empty ones, zeros behind a text and repetitions are left out; a number without a total has none."""
    found = Collected()
    found.add("artist", ["a", "", "a\0", " b "])
    found.add("tracknumber", ["/"])
    found.add("discnumber", ["1/"])
    assert found.done() == {"artist": ("a", "b"), "discnumber": ("1",)}
