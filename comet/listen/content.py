"""What a file is by its first bytes; its name only decides how much is said about a file that is no audio."""

from __future__ import annotations

import errno
import os
import re
import stat
from typing import Final

from comet.core.errors import DecodeError
from comet.core.text import _


class NotMusic(Exception):  # noqa: N818 - nothing went wrong: a library holds more than music
    """This is no audio file and does not claim to be one: ignore it without a word."""


EXTENSIONS: Final = frozenset(
    b"3ga aa3 aac ac3 adts aif aifc aiff alac amr ape au bwf caf dff dsf dts dtshd eac3 flac loas m4a m4b m4r mka "
    b"mlp mp+ mp1 mp2 mp3 mpa mpc mpga mpp oga ogg oma opus ra rf64 shn snd spx tak thd tta voc w64 wav wave weba "
    b"wma wv".split()
)
"""Without the dot. A file of another name is listened to as well if its content is audio."""

_AT_START: Final = {
    b"ID3": "id3",
    b"fLaC": "flac",
    b"OggS": "ogg",
    b"riff\x2e\x91\xcf\x11": "w64",
    b"\x30\x26\xb2\x75\x8e\x66\xcf\x11": "asf",
    b"MAC ": "ape",
    b"wvpk": "wavpack",
    b"TTA1": "tta",
    b"MPCK": "musepack",
    b"MP+": "musepack",
    b"DSD ": "dsf",
    b"caff": "caf",
    b"\x1a\x45\xdf\xa3": "matroska",
    b".snd": "au",
    b"#!AMR": "amr",
    b"tBaK": "tak",
    b"ajkg": "shorten",
    b"Creative Voice File": "voc",
    b"\x7f\xfe\x80\x01": "dts",
    b".ra\xfd": "real",
    b".RMF": "real",
}
_FURTHER_IN: Final = (
    (4, b"ftyp", "mp4"),
    (8, b"WAVE", "wave"),
    (8, b"AIFF", "aiff"),
    (8, b"AIFC", "aiff"),
    (12, b"DSD ", "dff"),
)
_TAGGED_IN_FRONT: Final = ("ape", "musepack")  # formats that FFmpeg does not find behind an ID3 tag
_FORMS: Final = {"wave": (b"RIFF", b"RF64", b"BW64"), "aiff": (b"FORM",), "dff": (b"FRM8",)}
_BITRATES: Final = {
    # (MPEG 1, layer): kbit/s of the indices 1 to 14 (ISO 11172-3, 13818-3)
    (True, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES: Final = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
_HEAD: Final = 1 << 16
_JUNK: Final = 1 << 20  # how far the first MPEG frame is looked for behind junk
_TAG: Final = 1 << 24  # likewise behind an ID3 tag that lies about its length: a cover may stand in between
_LYRICS: Final = 5_120  # the longest Lyrics3 tag of the first version
_SAME: Final = b"\xff\xfe\x0c\x00"  # bits of a header that all frames of a stream share: sync, version, layer, rate


def candidate(descriptor: int, path: bytes) -> tuple[str, int]:
    """Return the kind of audio that the content shows, and the bytes of junk before its first frame.

    Raises:
        DecodeError: the name claims audio, the content is something else.
        NotMusic: neither name nor content claims audio.
    """
    info = os.fstat(descriptor)
    name = os.fsdecode(path)
    if not stat.S_ISREG(info.st_mode):
        raise NotMusic
    head = os.pread(descriptor, _HEAD, 0)
    shown = kind(head)
    if not shown and not named(path):
        raise NotMusic
    if not head:
        raise DecodeError(name, _("the file is empty"))
    if _hollow(descriptor, info):
        raise DecodeError(name, _("nearly all of it is a hole: it has not been downloaded yet, or was never written"))
    if shown == "id3" and (behind := kind(os.pread(descriptor, 16, id3_end(head)))) in _TAGGED_IN_FRONT:
        return behind, id3_end(head)
    if shown == "id3" and id3_end(head) >= info.st_size:
        start = mpeg_start(os.pread(descriptor, _TAG, 0), 10)
        return ("mpeg", start) if start > 0 else (shown, 0)
    if not shown:
        start = mpeg_start(os.pread(descriptor, _JUNK, 0))
        if start >= 0:
            return "mpeg", start
        if what := other(head):
            raise DecodeError(name, what)
    return shown, 0


def _hollow(descriptor: int, info: os.stat_result) -> bool:
    """Return whether less than a tenth of a file was ever written.

    Few blocks alone prove nothing: a file system that compresses, or that keeps small files in its inodes, or that
    does not count, shows few as well. So the map of holes must say the same.
    """
    if not hasattr(os, "SEEK_DATA") or info.st_size < _HEAD or info.st_blocks * 512 * 10 >= info.st_size:
        return False
    data = at = 0
    try:
        while at < info.st_size:
            start = os.lseek(descriptor, at, os.SEEK_DATA)
            at = os.lseek(descriptor, start, os.SEEK_HOLE)
            data += at - start
    except OSError as error:
        if error.errno != errno.ENXIO:  # that is: no data behind this place
            return False
    finally:
        os.lseek(descriptor, 0, os.SEEK_SET)
    return data * 10 < info.st_size


def named(path: bytes) -> bool:
    """Return whether the name claims audio."""
    return os.path.splitext(path)[1][1:].lower() in EXTENSIONS


def kind(head: bytes) -> str:
    """Return the name of the audio format that a file beginning with `head` (64 kB are plenty) shows, or ``."""
    for magic, name in _AT_START.items():
        if head.startswith(magic):
            return name
    for at, magic, name in _FURTHER_IN:
        if head.startswith(magic, at) and (name not in _FORMS or head.startswith(_FORMS[name])):
            return name
    if mpeg_run(head, 0, 2):
        return "mpeg"
    if _adts_length(head, 0) and _adts_length(head, _adts_length(head, 0)):
        return "adts"
    return "ac3" if head.startswith(b"\x0b\x77") and len(head) > 5 and head[5] >> 3 <= 16 else ""


def mpeg_length(data: bytes, at: int) -> int:
    """Return the bytes of the MPEG audio frame whose header stands at `at`, 0 if there is none."""
    if len(data) < at + 4 or data[at] != 0xFF or data[at + 1] & 0xE0 != 0xE0:
        return 0
    version, layer = data[at + 1] >> 3 & 3, 4 - (data[at + 1] >> 1 & 3)
    bitrate, rate, padding = data[at + 2] >> 4, data[at + 2] >> 2 & 3, data[at + 2] >> 1 & 1
    if version == 1 or layer == 4 or bitrate in (0, 15) or rate == 3:
        return 0
    bits = 1000 * _BITRATES[version == 3, layer][bitrate - 1]
    hertz = _RATES[version][rate]
    if layer == 1:
        return (12 * bits // hertz + padding) * 4
    samples = 576 if layer == 3 and version != 3 else 1152
    return samples // 8 * bits // hertz + padding


def mpeg_run(data: bytes, at: int, count: int) -> bool:
    """Return whether `count` MPEG audio frames of one stream follow each other from `at`."""
    first = data[at : at + 4]
    for _number in range(count):
        length = mpeg_length(data, at)
        if not length or any((a ^ b) & mask for a, b, mask in zip(first, data[at : at + 4], _SAME, strict=True)):
            return False
        at += length
    return True


def mpeg_start(data: bytes, at: int = 0) -> int:
    """Return where the first run of four MPEG audio frames begins, -1 if there is none.

    Four headers in a row, each where the one before says, do not happen by chance in junk of any length.
    """
    while (at := data.find(b"\xff", at)) >= 0:
        if mpeg_run(data, at, 4):
            return at
        at += 1
    return -1


def id3_end(head: bytes) -> int:
    """Return where the ID3v2 tag at the beginning ends by its own claim (four times 7 bits, plus header and footer)."""
    if len(head) < 10 or not head.startswith(b"ID3"):
        return 0
    size = 0
    for byte in head[6:10]:
        size = size << 7 | byte & 0x7F
    return size + (20 if head[5] & 0x10 else 10)


def sound_end(descriptor: int) -> int:
    """Return where the tags at the end of a file begin: APEv2, ID3v1, or one before the other; else its length."""
    end = os.fstat(descriptor).st_size
    for _tag in range(2):
        end = _before_tag(descriptor, end)
    return end


def lyrics_start(descriptor: int) -> int:
    """Return where a Lyrics3 tag begins behind the sound of an MP3, before up to three of ID3v1 and APEv2; 0 for none.

    That is `LYRICSBEGIN`, fields, six digits that say how long both are, `LYRICS200`; of the first version up to 5 100
    letters and `LYRICSEND` (https://id3.org/Lyrics3v2, https://id3.org/Lyrics3).
    """
    end = os.fstat(descriptor).st_size
    for _tag in range(4):
        tail = os.pread(descriptor, _LYRICS, max(0, end - _LYRICS))
        begin = -1
        if tail.endswith(b"LYRICS200") and tail[-15:-9].isdigit():
            begin = end - 15 - int(tail[-15:-9])
        elif tail.endswith(b"LYRICSEND"):
            begin = end - len(tail) + tail.rfind(b"LYRICSBEGIN")
        if begin > 0 and os.pread(descriptor, 11, begin) == b"LYRICSBEGIN":
            return begin
        end = _before_tag(descriptor, end)
    return 0


def _before_tag(descriptor: int, end: int) -> int:
    """Return where the ID3v1 or APEv2 tag begins that ends at `end`, else that."""
    tail = os.pread(descriptor, 128, max(0, end - 128))
    if tail.startswith(b"TAG"):
        return end - 128
    if tail[-32:].startswith(b"APETAGEX"):  # the footer: version, size without the header, items, flags
        length, flags = int.from_bytes(tail[-20:-16], "little"), int.from_bytes(tail[-12:-8], "little")
        return max(0, end - length - (32 if flags >> 31 else 0))
    return end


def other(head: bytes) -> str:
    """Return a sentence that says what this is if it is surely no audio, else ``."""
    start = head[:1024].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for magics, what in _others():
        if start.startswith(magics) or head.startswith(magics):
            return what
    if head.startswith(b"RIFF") and head[8:12] == b"AVI ":
        return _("it is a video, not audio")
    if head and not head.strip(b"\0"):
        return _("it begins with nothing but zero bytes: perhaps a download that never arrived")
    return _("it is text, not audio") if _is_text(head[:4096]) else ""


def _others() -> tuple[tuple[tuple[bytes, ...], str], ...]:
    """Return beginnings, lower case where letters of either case will do, and what a file is that begins so."""
    return (
        ((b"#extm3u", b"[playlist]", b"ffconcat", b"#ext-x-", b"<asx"), _("it is a playlist, not audio")),
        ((b"<!doctype html", b"<html", b"<head", b"<body"), _("it is a web page, not audio")),
        ((b"\xff\xd8\xff",), _("it is a JPEG picture, not audio")),
        ((b"\x89PNG",), _("it is a PNG picture, not audio")),
        ((b"GIF8",), _("it is a GIF picture, not audio")),
        ((b"\0\5\x16\7",), _("it is an AppleDouble file, which macOS writes beside the real one, not audio")),
        ((b"PK\3\4", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b"), _("it is an archive, not audio")),
        ((b"\x7fELF", b"MZ"), _("it is a program, not audio")),
        ((b"%PDF",), _("it is a PDF document, not audio")),
    )


def _is_text(head: bytes) -> bool:
    """Return whether this reads as text: a mark of UTF-16, or hardly any control characters."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) and len(head) % 2 == 0 and b"\n" in head:
        return True
    controls = sum(byte < 32 and byte not in b"\t\n\r\f\x1b" for byte in head)
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        # a character cut in two at the end says nothing; other bytes above 127 are common in old 8-bit text only
        whole = error.start >= len(head) - 3
        return controls == 0 and (whole or sum(byte > 127 for byte in head) < len(head) / 3)
    return controls * 50 <= len(head)


def _adts_length(data: bytes, at: int) -> int:
    """Return the bytes of the ADTS frame (raw AAC, ISO 13818-7) at `at`, 0 if there is none."""
    if len(data) < at + 6 or data[at] != 0xFF or data[at + 1] & 0xF6 != 0xF0 or data[at + 2] >> 2 & 15 > 12:
        return 0
    length = (data[at + 3] & 3) << 11 | data[at + 4] << 3 | data[at + 5] >> 5
    return length if length > 7 else 0


def lossless(codec: str, profile: str, *, claimed: bool) -> bool:
    """Return whether a codec keeps every bit; `claimed` is what FFmpeg says of it."""
    if codec == "dts":  # one name for the lossy core and for what keeps the rest
        return profile.startswith("DTS-HD MA")
    return claimed or codec.startswith("dsd_")  # a DSD file is what the studio made


def bits(codec: str, header: bytes, form: str) -> int:
    """Return the bits a sample of a lossless stream.

    Decoders give 24 bits in 32, so the codec's own header is asked first.

    Args:
        codec: FFmpeg's name.
        header: The codec's header outside the packets.
        form: FFmpeg's name of the format of decoded samples.
    """
    if codec.startswith("dsd_"):
        return 1
    if codec == "flac" and len(header) >= 14:  # STREAMINFO (RFC 9639, 8.2)
        return ((header[12] & 1) << 4 | header[13] >> 4) + 1
    if codec == "alac" and len(header) >= 18:  # box length, name, version, frame length, compatible version, depth
        return header[17]
    if found := re.match(r"pcm_[suf](\d+)", codec):
        return int(found[1])
    return {"u8": 8, "s16": 16, "s32": 24, "flt": 32, "dbl": 64}.get(form.removesuffix("p"), 0)
