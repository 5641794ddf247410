"""A file is what its content says."""

from __future__ import annotations

import os

import numpy as np
import pytest

from comet.listen import content
from tests.factories import FORMATS, tune, write

KINDS = {"ogg": "ogg", "opus": "ogg", "m4a": "mp4", "alac": "mp4", "wv": "wavpack", "wma": "asf", "aac": "adts"}
KINDS |= {"mka": "matroska", "mp2": "mpeg", "float": "wave", "wav": "wave", "wav8": "wave", "wav24": "wave"}
KINDS |= {"mp3": "id3", "flac24": "flac"}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_known_by_its_first_bytes(name: str, tmp_path: object) -> None:
    """What an encoder wrote is recognised without its name."""
    with open(write(f"{tmp_path}/file", tune(1, 1), name), "rb") as file:
        assert content.kind(file.read(1 << 16)) == KINDS.get(name, name)


def test_an_mpeg_stream_needs_two_frames(tmp_path: object) -> None:
    """A bare MPEG stream is recognised by a second header where the first one says, not by a sync word alone."""
    with open(write(f"{tmp_path}/a.mp2", tune(1, 1)), "rb") as file:
        stream = file.read()
    length = content.mpeg_length(stream, 0)
    assert content.kind(stream) == "mpeg"
    assert content.kind(stream[:length] + b"\0" * 1000) == ""
    assert content.kind(stream[:length] + b"\xff\xfb" + stream[length + 2 :]) == "", "another layer"


@pytest.mark.parametrize("rate", [44_100, 22_050, 8000])
def test_all_versions_of_mpeg_are_known(rate: int, tmp_path: object) -> None:
    """The length of a frame is right in MPEG 1, 2 and 2.5 alike."""
    with open(write(f"{tmp_path}/a.mp3", tune(1, 2, rate=rate), rate=rate), "rb") as file:
        stream = file.read()
    assert content.kind(stream[content.id3_end(stream) :]) == "mpeg"


def test_few_blocks_alone_prove_no_hole(tmp_path: object) -> None:
    """A file system that compresses or does not count says few blocks; the map of holes decides, and nothing moves."""
    with open(f"{tmp_path}/a", "wb+") as file:
        file.write(bytes(1 << 20))
        file.flush()
        info = list(os.stat(file.name))
        few = os.stat_result([*info, *[0] * 6, 4096, 0, 0])
        assert (few.st_blocks, few.st_size) == (0, 1 << 20)
        os.lseek(file.fileno(), 0, os.SEEK_SET)
        assert not content._hollow(file.fileno(), few)
        assert os.lseek(file.fileno(), 0, os.SEEK_CUR) == 0


def test_the_first_frame_is_found_behind_junk(tmp_path: object) -> None:
    """Four frames in a row are found wherever they begin; random bytes hold none."""
    with open(write(f"{tmp_path}/a.mp2", tune(1, 1)), "rb") as file:
        stream = file.read()
    junk = np.random.default_rng(5).bytes(300_000)
    assert content.mpeg_start(junk) == -1
    assert content.mpeg_start(junk + stream) == len(junk)
    assert content.mpeg_start(b"\xff" * 5000) == -1


@pytest.mark.parametrize(
    ("head", "what"),
    [
        (b"#EXTM3U\na.mp3\n", "playlist"),
        (b"\xef\xbb\xbf\n#extm3u\na.mp3\n", "playlist"),
        (b"ffconcat version 1.0\nfile a.mp3\n", "playlist"),
        (b"<!DOCTYPE HTML><p>404", "web page"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "JPEG picture"),
        (b"\x89PNG\r\n", "PNG picture"),
        (b"\0\5\x16\7\0\2\0\0Mac OS X", "AppleDouble"),
        (b"PK\3\4", "archive"),
        (b"%PDF-1.4", "PDF"),
        (b"RIFF\0\0\0\0AVI LIST", "video"),
        (b"\0" * 5000, "zero bytes"),
        ("Слова песни\n".encode(), "text"),
        ("Слова песни\n".encode("cp1251"), ""),
        ("words\n".encode("utf-16"), "text"),
        (bytes(range(256)), ""),
    ],
)
def test_what_is_surely_no_audio_is_named(head: bytes, what: str) -> None:
    """A file that is something else is called what it is; a file that may be anything is not."""
    said = content.other(head)
    assert what in said
    assert bool(what) == bool(said)


def test_the_end_of_a_tag() -> None:
    """Four times seven bits, plus the header, plus a footer where the flag says so."""
    assert content.id3_end(b"ID3\4\0\0\0\0\2\1") == 10 + 257
    assert content.id3_end(b"ID3\4\0\x10\0\0\2\1") == 20 + 257
    assert content.id3_end(b"TAG") == 0


@pytest.mark.parametrize(
    ("path", "named"),
    [(b"a.mp3", True), (b"a.FLAC", True), (b"\xff.Ogg", True), (b"a", False), (b".mp3", False), (b"a.jpg", False)],
)
def test_names(path: bytes, named: bool) -> None:  # noqa: FBT001
    """A name claims audio by its extension, in any case."""
    assert content.named(path) is named


@pytest.mark.parametrize(
    ("codec", "header", "form", "bits"),
    [
        ("pcm_s24le", b"", "s32", 24),
        ("pcm_u8", b"", "u8", 8),
        ("wavpack", b"", "s32p", 24),
        ("wavpack", b"", "fltp", 32),
        ("dsd_lsbf", b"", "fltp", 1),
        ("flac", bytes.fromhex("10001000 000000 000000 0ac442f0 00000000"), "s16", 16),
        ("flac", bytes.fromhex("10001000 000000 000000 0ac44370 00000000"), "s32", 24),
    ],
)
def test_bits(codec: str, header: bytes, form: str, bits: int) -> None:
    """The bits a sample are those that the codec's own header says, not those of the decoder's output."""
    assert content.bits(codec, header, form) == bits


@pytest.mark.parametrize(
    ("codec", "profile", "claimed", "lossless"),
    [
        ("flac", "", True, True),
        ("mp3", "", False, False),
        ("dts", "DTS", True, False),
        ("dts", "DTS-HD MA", True, True),
        ("dsd_msbf", "", False, True),
    ],
)
def test_lossless(codec: str, profile: str, claimed: bool, lossless: bool) -> None:  # noqa: FBT001
    """A codec that has both kinds is judged by its profile."""
    assert content.lossless(codec, profile, claimed=claimed) is lossless
