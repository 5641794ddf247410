"""Pictures in files of every format, embedded as `comet tags --picture` does it, and read by another program."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import av
import numpy as np
import pytest
from mutagen import id3

from comet.core import pieces
from comet.core.acts import KINDS, Content
from comet.core.errors import RefusedError
from comet.listen import audio
from comet.tags import codec, rewrite
from comet.tags import pictures as embedding
from comet.tags.editing import Edited
from comet.tags.fields import LARGEST, Change, Chapter
from tests.factories import tune
from tests.integration.editors import PNG
from tests.integration.handmade import encode, ffmpeg
from tests.integration.test_tags import ALL, FORMS, copy

GIF = b"GIF89a\1\0\1\0\0\0\0;"
ONLY_FRONT = {"m4a", "alac.m4a"}
"""Formats with one kind of picture."""
Wanted = Mapping[str, Content | None]


def jpeg(seed: int) -> bytes:
    """Return a JPEG of 64 x 64 points of noise."""
    codec_context = av.CodecContext.create("mjpeg", "w")
    assert isinstance(codec_context, av.VideoCodecContext)
    codec_context.width = codec_context.height = 64
    codec_context.pix_fmt, codec_context.time_base = "yuvj420p", 1  # type: ignore[assignment]
    points = np.random.default_rng(seed).integers(0, 256, (64, 64, 3), np.uint8)
    frame = av.VideoFrame.from_ndarray(points, format="rgb24")
    packets = [*codec_context.encode(frame.reformat(format="yuvj420p")), *codec_context.encode(None)]
    return b"".join(bytes(packet) for packet in packets)


FRONT, BACK = jpeg(1), jpeg(2)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a short file of every format."""
    folder = tmp_path_factory.mktemp("formats")
    for name, form in FORMS.items():
        encode(folder / f"x.{name}", tune(1, 1.0), form)
    return folder


def content(path: Path, data: bytes) -> Content:
    """Write a picture and return it as a plan names it."""
    path.write_bytes(data)
    return Content(os.fsencode(path), pieces.digest([data]))


@pytest.fixture
def covers(tmp_path: Path) -> dict[str, Content]:
    """Pictures beside the files."""
    found = {"front": FRONT, "back": BACK, "png": PNG, "gif": GIF}
    return {name: content(tmp_path / name, data) for name, data in found.items()}


def write(path: Path, wanted: Wanted, change: Change | None = None) -> Edited:
    """Write pictures as `act` would, without its care; and find that they would all be taken back."""
    old = path.read_bytes()
    edited = rewrite.edit(os.fsencode(path), change or {}, wanted)
    for told in (edited.pieces, edited.reverse) if edited.pieces else ():
        with open(path, "rb") as stream:
            new = b"".join(pieces.blocks(told, stream.fileno()))
        path.write_bytes(new)
        if told is edited.pieces:
            after = new
    assert path.read_bytes() == old
    path.write_bytes(after if edited.pieces else old)
    return edited


def held(path: Path) -> dict[str, tuple[str, str]]:
    """Return MIME type and digest of the pictures in a file, by kind."""
    found = codec.read(os.fsencode(path)).pictures
    assert len({each.kind for each in found}) == len(found)
    return {KINDS[each.kind]: (each.mime, each.hash) for each in found}


@pytest.mark.parametrize("name", FORMS)
def test_pictures_go_in_and_out_again(made: Path, tmp_path: Path, covers: dict[str, Content], name: str) -> None:
    """Each of its kind, one exchanged, one taken away; the sound, the tags and every byte that is taken back stay."""
    path = copy(made, name, tmp_path)
    sound = audio.identify(os.fsencode(path))
    write(path, {}, {field: ALL[field] for field in ("title", "artist", "my field")})
    fields = codec.read(os.fsencode(path)).fields
    edited = write(path, {"front": covers["front"], "back": covers["back"]})
    kinds = {"front"} if name in ONLY_FRONT else {"front", "back"}
    assert edited.lost == ({"picture back": ("image/jpeg",)} if name in ONLY_FRONT else {})
    assert held(path) == {kind: ("image/jpeg", covers[kind].hash) for kind in kinds}
    assert rewrite.edit(os.fsencode(path), {}, {"front": covers["front"]}).pieces == ()
    write(path, {"front": covers["png"]})
    assert held(path) == {kind: ("image/jpeg", covers[kind].hash) for kind in kinds} | {
        "front": ("image/png", covers["png"].hash)
    }
    assert codec.read(os.fsencode(path)).fields == fields
    write(path, dict.fromkeys(kinds))
    assert held(path) == {}
    assert codec.read(os.fsencode(path)).fields == fields
    assert audio.identify(os.fsencode(path)) == sound


@pytest.mark.parametrize("name", sorted(FORMS.keys() - {"tta"}))
def test_another_program_sees_the_picture(made: Path, tmp_path: Path, covers: dict[str, Content], name: str) -> None:
    """FFmpeg, which knows no ID3v2 in TTA, shows it as a stream, byte by byte what was given."""
    path = copy(made, name, tmp_path)
    write(path, {"front": covers["front"]})
    with av.open(str(path)) as container:
        (shown,) = [bytes(packet) for packet in container.demux(container.streams.video) if packet.size]
    assert shown.rstrip(b"\0") == FRONT.rstrip(b"\0")


@pytest.mark.parametrize("name", ["mp3", "flac", "opus", "wv", "wma"])
def test_every_kind_has_its_place(made: Path, tmp_path: Path, covers: dict[str, Content], name: str) -> None:
    """All 21 in one file; one of them is exchanged, and the others stay."""
    path = copy(made, name, tmp_path)
    write(path, {kind: content(tmp_path / kind, jpeg(at)) for at, kind in enumerate(KINDS)})
    before = held(path)
    assert len(before) == len(KINDS)
    assert write(path, {"band": covers["png"]}).lost == {}
    assert held(path) == before | {"band": ("image/png", covers["png"].hash)}


def test_id3_stays_in_its_version(made: Path, tmp_path: Path, covers: dict[str, Content]) -> None:
    """2.3 as well as 2.4, with an ID3v1 tag behind."""
    for version in (3, 4):
        path = copy(made, "mp3", tmp_path)
        tags = id3.ID3()
        tags.add(id3.TIT2(3, ["Old"]))
        tags.save(path, v2_version=version, v1=2)
        write(path, {"front": covers["front"], "media": covers["png"]})
        assert id3.ID3(path).version == (2, version, 0)
        assert [each.data for each in id3.ID3(path).getall("APIC") if each.type == 3] == [FRONT]


def test_pictures_and_tags_in_one_go(made: Path, tmp_path: Path, covers: dict[str, Content]) -> None:
    """What no player shows in MP4 is not written and told; the title is written all the same."""
    path = copy(made, "m4a", tmp_path)
    edited = write(path, {"front": covers["gif"]}, {"title": ("New",)})
    assert edited.lost == {"picture front": ("image/gif",)}
    assert (edited.after.fields["title"], held(path)) == (("New",), {})


@pytest.mark.parametrize(
    ("name", "change", "told"),
    [("m4a", {}, "picture front image/gif"), ("mp3", {"rating": ("loud",)}, "rating loud")],
)
def test_a_file_that_can_hold_nothing_of_it_is_left_alone(
    made: Path, tmp_path: Path, covers: dict[str, Content], name: str, change: Change, told: str
) -> None:
    """And it is said what that is."""
    path = copy(made, name, tmp_path)
    with pytest.raises(RefusedError, match=f"its format cannot hold {told}"):
        rewrite.edit(os.fsencode(path), change, {} if change else {"front": covers["gif"]})


def test_what_is_no_picture_any_more_is_refused(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Text, nothing, a picture that was changed or went away, and one that no FLAC can hold."""
    path = os.fsencode(copy(made, "mp3", tmp_path))
    for data in (b"text", b""):
        with pytest.raises(RefusedError, match="it is no JPEG, PNG"):
            rewrite.edit(path, {}, {"front": content(tmp_path / "a", data)})
    changed = content(tmp_path / "a", FRONT)
    (tmp_path / "a").write_bytes(BACK)
    with pytest.raises(RefusedError, match="it was changed since this was planned"):
        rewrite.edit(path, {}, {"front": changed})
    (tmp_path / "a").unlink()
    with pytest.raises(RefusedError, match=r"the picture `.*`: it cannot be read"):
        rewrite.edit(path, {}, {"front": changed})
    monkeypatch.setattr(embedding, "LARGEST", 1000)
    with pytest.raises(RefusedError, match="larger than"):
        rewrite.edit(path, {}, {"front": content(tmp_path / "a", FRONT)})


@pytest.mark.slow
@pytest.mark.parametrize("name", ["flac", "opus", "mp3", "m4a", "wma", "wv"])
def test_the_largest_picture_fits(made: Path, tmp_path: Path, name: str) -> None:
    """What Comet takes at most is what every format can hold."""
    path = copy(made, name, tmp_path)
    large = content(tmp_path / "large", FRONT + bytes(LARGEST - len(FRONT)))
    assert write(path, {"front": large}).lost == {}
    assert held(path) == {"front": ("image/jpeg", large.hash)}


def test_a_large_picture_makes_no_file_longer(made: Path, tmp_path: Path) -> None:
    """ASF says how many bytes it has; where that is untrue, players guess its length from them."""
    path = copy(made, "wma", tmp_path)
    with av.open(str(path)) as file:
        before = file.duration
    write(path, {"front": content(tmp_path / "large", FRONT + bytes(400_000))})
    with av.open(str(path)) as file:
        assert file.duration == before


def test_chapters_are_shown(made: Path, tmp_path: Path) -> None:
    """Of ID3, of Vorbis comments and of MP4: where each begins, and its title; writing leaves them as they are."""
    wanted = (Chapter(0.0, "One"), Chapter(0.5, "Two"))
    mp3, ogg, m4a = (copy(made, name, tmp_path) for name in ("mp3", "ogg", "m4a"))
    tags = id3.ID3()
    for at, each in enumerate(wanted[::-1]):
        tags.add(id3.CHAP(f"c{at}", int(each.start * 1000), 900, 0, 0, [id3.TIT2(3, [each.title])]))
    tags.save(mp3)
    write(ogg, {}, {"chapter000": ("00:00:00.000",), "chapter000name": ("One",), "chapter001": ("00:00:00.5",),
                    "chapter001name": ("Two",), "chapter002": ("nonsense",)})  # fmt: skip
    about = "".join(
        f"[CHAPTER]\nTIMEBASE=1/1000\nSTART={int(each.start * 1000)}\nEND=900\ntitle={each.title}\n" for each in wanted
    )
    (tmp_path / "about").write_text(";FFMETADATA1\n" + about)
    ffmpeg("-i", m4a, "-i", tmp_path / "about", "-map_chapters", 1, "-c", "copy", "-f", "ipod", tmp_path / "c.m4a")
    for path in (mp3, ogg, tmp_path / "c.m4a"):
        assert codec.read(os.fsencode(path)).chapters == wanted
        write(path, {}, {"title": ("New",)})
        assert codec.read(os.fsencode(path)).chapters == wanted


def test_a_number_that_a_tag_claims_takes_no_memory(made: Path, tmp_path: Path) -> None:
    """Where it says that a text of 4 GB follows, no more is read than there is, and the tags are damaged."""
    path = copy(made, "flac", tmp_path)
    write(path, {}, {"title": ("a",)})
    data = path.read_bytes()
    at = data.index(b"TITLE=a") - 8
    path.write_bytes(data[:at] + b"\1\0\0\0\xff\xff\xff\xff" + data[at + 8 :])
    with pytest.raises(codec.DecodeError, match="its tags are damaged"):
        codec.read(os.fsencode(path))


@pytest.mark.parametrize("name", sorted(FORMS.keys() - ONLY_FRONT))
def test_a_picture_comes_out_of_other_music(made: Path, tmp_path: Path, covers: dict[str, Content], name: str) -> None:
    """A plan may name a file with the picture in its tags; where that has gone, whoever has the picture needs none."""
    (tmp_path / "from").mkdir()
    source = copy(made, name, tmp_path / "from")
    write(source, {"front": covers["front"], "back": covers["back"]})
    path = copy(made, "flac", tmp_path)
    lies = Content(os.fsencode(source), covers["front"].hash)
    write(path, {"front": lies})
    assert held(path) == {"front": ("image/jpeg", covers["front"].hash)}
    source.unlink()
    assert write(path, {"front": lies}).pieces == ()
    with pytest.raises(RefusedError, match="cannot be read"):
        write(path, {"band": lies})


def test_music_without_the_picture_is_named(made: Path, tmp_path: Path, covers: dict[str, Content]) -> None:
    """A file of music that does not hold this picture is no picture, and what was in it before is none either."""
    source, path = copy(made, "mp3", tmp_path), copy(made, "flac", tmp_path)
    for wanted in (covers["front"].hash, covers["back"].hash):
        with pytest.raises(RefusedError, match="nor music with this picture in it"):
            write(path, {"front": Content(os.fsencode(source), wanted)})
        write(source, {"front": covers["front"]})
        source.touch()
        write(source, {"front": None})
