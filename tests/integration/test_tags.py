"""Tags of every format, written as `comet tags` writes them and read back by Comet and by another program."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import av
import mutagen
import pytest
from mutagen import id3
from mutagen.flac import FLAC

from comet.core import pieces
from comet.core.errors import RefusedError
from comet.listen import audio
from comet.tags import codec, rewrite
from comet.tags.editing import Edited
from comet.tags.fields import Change
from tests.factories import tune
from tests.integration.editors import PNG
from tests.integration.handmade import Form, encode

FORMS = {
    "mp3": Form("mp3", "libmp3lame"),
    "flac": Form("flac", "flac"),
    "ogg": Form("ogg", "libvorbis"),
    "opus": Form("ogg", "libopus", 48_000),
    "spx": Form("ogg", "libspeex", 16_000, "mono"),
    "oga": Form("oga", "flac"),
    "m4a": Form("ipod", "aac"),
    "alac.m4a": Form("ipod", "alac"),
    "wma": Form("asf", "wmav2", bitrate=128_000),
    "wav": Form("wav", "pcm_s16le"),
    "aiff": Form("aiff", "pcm_s16be"),
    "wv": Form("wv", "wavpack"),
    "tta": Form("tta", "tta"),
}

ALL: Change = {
    "title": ("Тихо",), "artist": ("AC/DC", "Кино"), "album": ("Ы",), "albumartist": ("X", "Y"), "mood": ("sad",),
    "date": ("1987-05-02",), "originaldate": ("1986-01-01",), "genre": ("Rock", "Post-Punk"), "composer": ("C",),
    "tracknumber": ("3",), "totaltracks": ("12",), "discnumber": ("1",), "totaldiscs": ("2",), "movement": ("Allegro",),
    "movementnumber": ("2",), "movementtotal": ("4",), "bpm": ("128.5",), "key": ("Am",), "compilation": ("1",),
    "comment": ("hello\nworld",), "comment:extra": ("more",), "lyrics": ("la la\nlá",), "rating": ("196",),
    "playcount": ("17",), "producer": ("P1", "P2"), "mixer": ("M",), "djmixer": ("DJ",), "engineer": ("E",),
    "arranger": ("A",), "performer": ("Ann (guitar)", "Bob"), "website": ("http://x.y/",), "isrc": ("RU123",),
    "label": ("L",), "musicbrainz_recordingid": ("11111111-1111-1111-1111-111111111111",),
    "musicbrainz_trackid": ("22222222",), "musicbrainz_albumid": ("33",), "musicbrainz_artistid": ("a", "b"),
    "acoustid_id": ("id",), "replaygain_track_gain": ("-7.03 dB",), "my field": ("one", "two"), "work": ("W",),
    "conductor": ("Co",), "remixer": ("R",), "titlesort": ("T",), "artistsort": ("S",), "language": ("rus",),
    "media": ("CD",), "copyright": ("(c)",), "encodedby": ("me",), "subtitle": ("st",), "discsubtitle": ("ds",),
    "grouping": ("g",), "lyricist": ("Ly",), "catalognumber": ("cat",), "barcode": ("123",), "asin": ("B00",),
}  # fmt: skip
"""A value, or several, of each field that Picard knows, and some of nobody's."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a short file of every format."""
    folder = tmp_path_factory.mktemp("formats")
    for name, form in FORMS.items():
        encode(folder / f"x.{name}", tune(1, 2.0), form)
    return folder


def write(path: Path, change: Change) -> Edited:
    """Write tags as `act` would, without its care."""
    edited = rewrite.edit(os.fsencode(path), change)
    source = os.open(path, os.O_RDONLY)
    new = b"".join(pieces.blocks(edited.pieces, source))
    os.close(source)
    if edited.pieces:
        path.write_bytes(new)
    return edited


def copy(made: Path, name: str, folder: Path) -> Path:
    """Return a copy of a file that may be changed."""
    path = folder / f"x.{name}"
    path.write_bytes((made / f"x.{name}").read_bytes())
    return path


@pytest.mark.parametrize("name", FORMS)
def test_every_field_goes_in_and_out_again(made: Path, tmp_path: Path, name: str) -> None:
    """All values come back, nothing is lost, the sound stays; taken away, the file has what it had."""
    path = copy(made, name, tmp_path)
    before, sound = codec.read(os.fsencode(path)), audio.identify(os.fsencode(path))
    edited = write(path, ALL)
    assert edited.lost == {}
    after = codec.read(os.fsencode(path))
    assert {field: set(values) for field, values in after.fields.items() if field in ALL} == {
        field: set(values) for field, values in ALL.items()
    }
    assert after == edited.after
    assert audio.identify(os.fsencode(path)) == sound
    assert rewrite.edit(os.fsencode(path), ALL).pieces == ()
    write(path, dict.fromkeys(ALL, ()))
    bare = {field: values for field, values in before.fields.items() if field not in ALL}
    assert codec.read(os.fsencode(path)).fields == bare
    assert audio.identify(os.fsencode(path)) == sound


@pytest.mark.parametrize("name", FORMS)
def test_undo_brings_back_every_byte(made: Path, tmp_path: Path, name: str) -> None:
    """However often and however much was written; what was written is a small part of the file."""
    path = copy(made, name, tmp_path)
    states, edits = [path.read_bytes()], []
    for change in ({"title": ("a",)}, ALL, {"comment": ("c" * 100_000,)}, dict.fromkeys(ALL, ()), {"title": ("z",)}):
        edits.append(write(path, change))
        states.append(path.read_bytes())
    for edited in reversed(edits):
        assert path.read_bytes() == states.pop()
        source = os.open(path, os.O_RDONLY)
        old = b"".join(pieces.blocks(edited.reverse, source))
        os.close(source)
        path.write_bytes(old)
    assert path.read_bytes() == states.pop()


@pytest.mark.parametrize("name", sorted(FORMS.keys() - {"tta"}))
def test_another_program_reads_what_was_written(made: Path, tmp_path: Path, name: str) -> None:
    """FFmpeg, which knows no ID3v2 in TTA, sees title, album, year and number, and what has no name of its own."""
    path = copy(made, name, tmp_path)
    write(path, {field: ALL[field] for field in ("title", "album", "date", "tracknumber", "my field")})
    with av.open(str(path)) as container:
        told = {**container.metadata, **container.streams.audio[0].metadata}
    tags = {key.lower(): value for key, value in told.items()}
    assert (tags["title"], tags["album"]) == ("Тихо", "Ы")
    assert tags.get("track", tags.get("tracknumber")) == "3"
    year = tags.get("date") or tags.get("year") or tags.get("wm/year") or ""
    assert year.startswith("1987")
    assert "one" in tags["my field"]


@pytest.mark.parametrize("name", FORMS)
def test_one_field_changes_and_no_other(made: Path, tmp_path: Path, name: str) -> None:
    """Also where it shares its place with another one: 3 of 12 becomes 4 of 12, a rating keeps its count of plays."""
    path = copy(made, name, tmp_path)
    write(path, ALL)
    before = codec.read(os.fsencode(path))
    write(path, {"tracknumber": ("4",), "rating": ("64",), "mixer": ()})
    after = codec.read(os.fsencode(path))
    changed = {
        field
        for field in before.fields.keys() | after.fields.keys()
        if before.fields.get(field) != after.fields.get(field)
    }
    assert changed == {"tracknumber", "rating", "mixer"}
    assert after.fields["tracknumber"] == ("4",)


def test_what_comet_does_not_understand_stays(made: Path, tmp_path: Path) -> None:
    """Private frames, timed lyrics, chapters, a picture, the language of a comment, an old ID3v1 tag: as they were."""
    path = copy(made, "mp3", tmp_path)
    tags = id3.ID3()
    tags.add(id3.PRIV("me", b"\x00secret"))
    tags.add(id3.SYLT(3, "rus", 2, 1, "", [("la", 0), ("lo", 500)]))
    tags.add(id3.CHAP("c1", 0, 500, 0, 0, [id3.TIT2(3, ["Part"])]))
    tags.add(id3.APIC(0, "image/png", 3, "front", PNG))
    tags.add(id3.COMM(3, "rus", "", ["старый"]))
    tags.add(id3.TIT2(3, ["Old"]))
    tags.save(path, v1=2)
    write(path, {"title": ("New",), "comment": ("новый",)})
    found = id3.ID3(path)
    assert found["PRIV:me:\x00secret"].data == b"\x00secret"
    assert found.getall("SYLT")[0].text == [("la", 0), ("lo", 500)]
    assert found["CHAP:c1"].sub_frames["TIT2"].text == ["Part"]
    assert found["APIC:front"].data == PNG
    assert found["COMM::rus"].text == ["новый"]
    assert b"TAGNew" in path.read_bytes()[-128:]


@pytest.mark.parametrize(
    ("harm", "name"),
    [
        (lambda tags: setattr(tags["PRIV:me:secret"], "data", b"Secret"), "PRIV:me"),
        (lambda tags: tags.delall("TXXX"), "mine"),
        (lambda tags: setattr(tags["APIC:"], "data", PNG + b"x"), "pictures"),
    ],
)
def test_what_would_change_more_is_refused(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, harm: Callable[[id3.ID3], object], name: str
) -> None:
    """Also where only what a private frame holds would, or a picture of the same kind."""
    path = copy(made, "mp3", tmp_path)
    tags = id3.ID3()
    for frame in (id3.PRIV("me", b"secret"), id3.TXXX(3, "MINE", ["x"]), id3.APIC(0, "image/png", 3, "", PNG)):
        tags.add(frame)
    tags.save(path)
    real = rewrite.writing.put

    def put(file: mutagen.FileType, change: Change) -> None:
        real(file, change)
        harm(file.tags)

    assert rewrite.edit(os.fsencode(path), {"title": ("New",)}).pieces
    monkeypatch.setattr(rewrite.writing, "put", put)
    with pytest.raises(RefusedError, match=f"would change `{name}` too"):
        rewrite.edit(os.fsencode(path), {"title": ("New",)})


def test_a_frame_that_nobody_knows_stays_in_its_version(made: Path, tmp_path: Path) -> None:
    """ID3v2.3 with a frame of a program's own: it is written as 2.3, and refused where that would lose the frame."""
    path = copy(made, "mp3", tmp_path)
    frame = b"XABC" + (5).to_bytes(4, "big") + b"\0\0" + b"hello"
    head = b"ID3\3\0\0" + bytes([0, 0, 0, len(frame)])
    path.write_bytes(head + frame + path.read_bytes()[id3.ID3(path).size :])
    write(path, {"title": ("New",)})
    assert b"XABC" in path.read_bytes()
    with pytest.raises(RefusedError, match="would change `XABC` too"):
        rewrite.edit(os.fsencode(path), {"originaldate": ("1986-05-02",)})


def test_a_version_that_players_know_stays(made: Path, tmp_path: Path) -> None:
    """ID3v2.3 stays that, until something is wanted that only 2.4 can hold."""
    path = copy(made, "mp3", tmp_path)
    tags = id3.ID3()
    tags.add(id3.TIT2(1, ["Old"]))
    tags.save(path, v2_version=3)
    write(path, {"artist": ("a", "AC/DC"), "date": ("1987-05-02",)})
    assert id3.ID3(path).version == (2, 3, 0)
    assert codec.read(os.fsencode(path)).fields["artist"] == ("a", "AC/DC")
    assert "TYER" in id3.ID3(path, translate=False)
    write(path, {"originaldate": ("1986-05-02",)})
    assert id3.ID3(path).version == (2, 4, 0)
    assert codec.read(os.fsencode(path)).fields["date"] == ("1987-05-02",)


def test_pictures_and_padding_of_flac_stay(made: Path, tmp_path: Path) -> None:
    """What fits into the padding changes the file's head only."""
    path = copy(made, "flac", tmp_path)
    file = FLAC(path)
    picture = mutagen.flac.Picture()
    picture.type, picture.mime, picture.data = 3, "image/png", PNG
    file.add_picture(picture)
    file.save(padding=lambda _info: 20_000)
    size = path.stat().st_size
    edited = write(path, {"title": ("New",)})
    assert path.stat().st_size == size
    assert sum(len(piece) for piece in edited.pieces if isinstance(piece, bytes)) < 25_000
    assert FLAC(path).pictures[0].data == PNG


@pytest.mark.parametrize(
    ("name", "change", "lost"),
    [
        ("mp3", {"date": ("around 1987",), "title": ("T",)}, {"date"}),
        ("mp3", {"musicbrainz_recordingid": ("a", "b")}, {"musicbrainz_recordingid"}),
        ("m4a", {"tracknumber": ("A1",), "title": ("T",)}, {"tracknumber"}),
        ("flac", {"date": ("around 1987",), "tracknumber": ("A1",)}, set()),
    ],
)
def test_what_a_format_cannot_hold_is_known_before(
    made: Path, tmp_path: Path, name: str, change: Change, lost: set[str]
) -> None:
    """It is read from what would be written."""
    assert rewrite.edit(os.fsencode(copy(made, name, tmp_path)), change).lost.keys() == lost


@pytest.mark.parametrize("form", [Form("adts", "aac"), Form("matroska", "flac"), Form("au", "pcm_s16be")])
def test_a_format_without_tags_is_refused(tmp_path: Path, form: Form) -> None:
    """The file is as it was."""
    path = tmp_path / "x"
    encode(path, tune(1, 2.0), form)
    before = path.read_bytes()
    with pytest.raises(RefusedError, match="hold no tags that Comet can write"):
        rewrite.edit(os.fsencode(path), {"title": ("x",)})
    assert path.read_bytes() == before


def test_what_no_frame_can_hold_is_told(made: Path, tmp_path: Path) -> None:
    """A rating that is no number, an address in other letters: written is the rest, and the tags are not damaged."""
    edited = write(copy(made, "mp3", tmp_path), {"rating": ("good",), "website": ("http://кино",), "title": ("T",)})
    assert edited.lost == {"rating": ("good",), "website": ("http://кино",)}
    assert edited.after.fields["title"] == ("T",)


def test_values_are_meant_as_they_are_read(made: Path, tmp_path: Path) -> None:
    """Blanks around a value say nothing, and `3/12` is a number and how many there are."""
    edited = write(copy(made, "flac", tmp_path), {"title": (" T ",), "tracknumber": ("3/12",)})
    assert (edited.lost, edited.after.fields["title"]) == ({}, ("T",))
    assert (edited.after.fields["tracknumber"], edited.after.fields["totaltracks"]) == (("3",), ("12",))


ODD: Change = {"настроение": ("грусть",), "a=b": ("c",), "mood": ("blue",)}
"""Names that some kinds of tags cannot have, and one that all can."""


@pytest.mark.parametrize(
    ("name", "lost"),
    [
        ("mp3", set()), ("wma", set()), ("wav", set()), ("m4a", {"настроение"}), ("wv", {"настроение"}),
        ("flac", {"настроение", "a=b"}), ("opus", {"настроение", "a=b"}),
    ],
)  # fmt: skip
def test_a_name_that_a_format_cannot_have_is_told(made: Path, tmp_path: Path, name: str, lost: set[str]) -> None:
    """What can be called so is written, the rest is lost and said so; writing the same again changes nothing more."""
    path = copy(made, name, tmp_path)
    assert write(path, ODD).lost.keys() == lost
    held = codec.read(os.fsencode(path)).fields
    assert {field: held.get(field) for field in ODD} == {f: None if f in lost else v for f, v in ODD.items()}
    assert rewrite.edit(os.fsencode(path), ODD).pieces == ()


def test_a_description_keeps_its_letters(made: Path, tmp_path: Path) -> None:
    """A field is called in small letters, as in tags that know no others; the frame stays as somebody called it."""
    path = copy(made, "mp3", tmp_path)
    tags = id3.ID3(path)
    tags.add(id3.COMM(3, "eng", "ID3v1 Comment", ["old"]))
    tags.save(path)
    assert codec.read(os.fsencode(path)).fields["comment:id3v1 comment"] == ("old",)
    write(path, {"comment:id3v1 comment": ("new",)})
    (frame,) = [each for each in id3.ID3(path).getall("COMM") if each.desc]
    assert (frame.desc, frame.text, frame.lang) == ("ID3v1 Comment", ["new"], "eng")
