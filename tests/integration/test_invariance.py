"""The audio hash is that of the sound: no tag editor changes it, one other byte of any packet does, in every format."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import av
import pytest

from comet.listen import audio
from tests.factories import tune, write
from tests.integration import editors, handmade
from tests.integration.editors import LONG, Edit, id3v2
from tests.integration.handmade import Form

SOUND = tune(7, 4)
FACTORY = ("mp3", "flac", "ogg", "opus", "m4a", "alac", "wav", "aiff", "wma", "wv", "tta", "mka", "aac", "mp2")


def _by_factory(path: Path) -> None:
    write(path, SOUND)


def _webm(path: Path) -> None:
    write(opus := path.with_suffix(".opus"), SOUND)
    handmade.remux(opus, path, "webm")


def _bare_mp3(path: Path) -> None:
    """An MP3 without tag and without the frame that tells the length: the first byte is of sound."""
    write(path, SOUND)
    with av.open(str(path)) as container:
        first = next(container.demux(audio=0)).pos
    assert first
    path.write_bytes(path.read_bytes()[first:])


MADE: dict[str, Callable[[Path], object]] = {
    **dict.fromkeys(FACTORY, _by_factory),
    "bare.mp3": _bare_mp3,
    "mpc": lambda path: handmade.mpc(path, SOUND),
    "spx": lambda path: handmade.encode(path, tune(7, 4, rate=16_000), Form("ogg", "libspeex", 16_000, "mono")),
    "oga": lambda path: handmade.encode(path, SOUND, Form("oga", "flac")),
    "webm": _webm,
    "dsf": lambda path: handmade.dsf(path, SOUND[:44_100]),
    "dff": lambda path: handmade.dff(path, SOUND[:44_100]),
    "ape": handmade.ape,
}
"""Kind of a file, as its name ends: what makes one."""

_FFMPEG: tuple[Edit, ...] = (editors.ffmpeg_tags, editors.ffmpeg_bare)
_COVERED: tuple[Edit, ...] = (editors.ffmpeg_tags, editors.ffmpeg_cover, editors.ffmpeg_bare)
_ID3: tuple[Edit, ...] = (id3v2(3), id3v2(4), id3v2(4, LONG), editors.no_id3)
_FRONT: tuple[Edit, ...] = (*_ID3, id3v2(3, v1=True), editors.second_id3)
_ENDS: tuple[Edit, ...] = (editors.ape, id3v2(4, v1=True), editors.no_ape, editors.lyrics3)
_APE: tuple[Edit, ...] = (editors.ape, editors.no_ape)
_COMMENTS: tuple[Edit, ...] = (editors.comments, editors.no_tags)

EDITS: list[tuple[str, str, tuple[Edit, ...]]] = [
    ("mp3 bare.mp3 mp2 aac", "ID3", _FRONT),
    ("mp3 bare.mp3", "tags at the end", _ENDS),
    ("mp3 bare.mp3 mp2", "Lyrics3", (editors.lyrics3, editors.ape, id3v2(4, v1=True))),
    ("mp3 bare.mp3 mp2", "Lyrics3 of the first version", (editors.lyrics3_first, editors.ape)),
    ("mp3 bare.mp3", "id3v2", (editors.id3v2_program, editors.id3v2_bare)),
    ("mp3 bare.mp3", "eyeD3", (editors.eyed3,)),
    ("wav aiff dsf", "ID3 inside", _ID3),
    ("wav", "RIFF INFO", (editors.riff_info,)),
    ("flac ogg opus oga spx", "comments", _COMMENTS),
    ("flac", "ID3 in front", (id3v2(3),)),
    ("flac", "metaflac", (editors.metaflac, editors.metaflac_bare)),
    ("ogg", "vorbiscomment", (editors.vorbiscomment,)),
    ("opus", "opustags", (editors.opustags,)),
    ("m4a alac", "atoms", (editors.atoms, editors.no_tags)),
    ("m4a alac", "AtomicParsley", (editors.atomicparsley,)),
    ("wma", "attributes", (editors.attributes, editors.no_tags)),
    ("wv mpc tta ape", "APEv2", _APE),
    ("tta", "ID3", _ID3),
    ("ape mpc", "ID3 in front", (id3v2(3),)),
    ("wv", "wvtag", (editors.wvtag,)),
    ("mka webm", "mkvpropedit", (editors.mkvpropedit,)),
    ("mp3 bare.mp3 flac m4a alac aiff wma", "ffmpeg, with a cover", _COVERED),
    ("ogg opus oga spx wav wv tta mka webm aac", "ffmpeg", _FFMPEG),
]
"""Kinds of files, what edits them, and the edits one after the other."""


def _cases() -> Iterator[object]:
    for kinds, name, edits in EDITS:
        for kind in kinds.split():
            yield pytest.param(kind, edits, id=f"{kind}-{name}")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Path], Path]:
    """Return what gives a copy of a file of a kind, in a folder."""
    folder = tmp_path_factory.mktemp("made")

    def copy(kind: str, into: Path) -> Path:
        kept = folder / f"tune.{kind}"
        if not kept.exists():
            MADE[kind](kept)
        return Path(shutil.copy(kept, into / kept.name))

    return copy


def _hash(path: Path) -> str:
    return audio.identify(os.fsencode(path))


@pytest.mark.parametrize(("kind", "edits"), list(_cases()))
def test_no_edit_of_the_tags_changes_the_hash(
    kind: str, edits: tuple[Edit, ...], made: Callable[[str, Path], Path], tmp_path: Path
) -> None:
    """Tags and covers of every sort, huge ones, and their removal leave the hash of the sound alone."""
    path = made(kind, tmp_path)
    before = _hash(path)
    for edit in edits:
        bytes_before = path.read_bytes()
        edit(path)
        assert path.read_bytes() != bytes_before
        assert _hash(path) == before
    assert audio.listen(os.fsencode(path)).audio.hash == before


def _payloads(path: Path) -> Iterator[int]:
    """Yield where the middle of each packet lies in the file.

    A packet's position is that of its page or block, so its bytes are looked for from there on.
    """
    data = path.read_bytes()
    with closing(av.open(str(path))) as container:
        for packet in container.demux(audio=0):
            body = bytes(packet)
            middle = len(body) // 2
            found = data.find(body[middle : middle + 24], max(0, packet.pos or 0)) if body else -1
            if found >= 0:
                yield found


@pytest.mark.parametrize("kind", MADE)
def test_one_other_byte_of_a_packet_is_another_hash(
    kind: str, made: Callable[[str, Path], Path], tmp_path: Path
) -> None:
    """First, last and some packets between: whichever byte of the sound differs, the hash does."""
    path = made(kind, tmp_path)
    before, data = _hash(path), bytearray(path.read_bytes())
    packets = list(_payloads(path))
    assert len(packets) >= 3
    for place in {*packets[:: max(1, len(packets) // 8)], packets[-1]}:
        data[place] ^= 0x10
        path.write_bytes(data)
        assert _hash(path) != before
        data[place] ^= 0x10
    path.write_bytes(data)
    assert _hash(path) == before
