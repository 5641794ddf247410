"""The only door to FFmpeg (through `av`) and to BLAKE3: from a path to hash, fingerprint and what is known of it.

The file is opened here, once, and FFmpeg is given its descriptor instead of its name: a name may hold anything, a pipe
cannot block, and a playlist cannot make FFmpeg open another file or an address, since it may open descriptors only.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

import av
import av.logging
from av.audio.stream import AudioStream
from blake3 import blake3

from comet.core.errors import BrokenError, DecodeError, ReadError
from comet.core.measures import Loudness, Quality
from comet.core.model import Audio
from comet.core.text import _
from comet.listen import content
from comet.listen.content import NotMusic
from comet.listen.ear import Ear

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.container import InputContainer
    from av.packet import Packet

    from comet.core.model import Words

__all__ = ["Listened", "NotMusic", "Source", "identify", "listen", "opened"]

av.logging.set_level(av.logging.PANIC)  # its complaints about damaged files belong on nobody's screen

_FORMATS: Final = (
    "aac,ac3,aiff,amr,ape,asf,au,caf,dsf,dts,dtshd,eac3,flac,iff,loas,matroska,mlp,mov,mp3,mpc,mpc8,ogg,oma,rm,shn,tak,"
    "truehd,tta,voc,w64,wav,wv,xwma"
)
_UNCLAIMED: Final = frozenset({"aac", "ac3", "eac3", "dts", "dtshd", "loas", "amr"})  # raw streams, length only guessed
_PICTURES: Final = frozenset({"mjpeg", "png", "bmp", "gif", "webp", "tiff"})
_BROKEN: Final = (av.error.FFmpegError, OSError, EOFError)
_READ_ON: Final = 1 << 18
_XING: Final = 2881  # bytes of the longest MPEG frame, and so of the one that holds the length
_CONTAINERS: Final = {"mov,mp4,m4a,3gp,3g2,mj2": "mp4", "matroska,webm": "matroska", "adts": "aac"}


@dataclass(frozen=True, slots=True)
class Source:
    """A file that is open, and its best audio stream."""

    path: str
    descriptor: int
    container: InputContainer
    stream: AudioStream
    kind: str


def identify(path: bytes) -> str:
    """Return the audio hash of a file without decoding it.

    That is `b3:` and the first 128 bits of BLAKE3 over the payloads of the best audio stream's packets: tags, covers
    and padding are no part of it.

    Raises:
        DecodeError: it claims to be audio, but cannot be read.
        NotMusic: it is no audio file.
    """
    digest = blake3()
    with opened(path) as source:
        packets = 0
        for _packet in _packets(source, digest, []):
            packets += 1
        if not packets:
            raise DecodeError(source.path, _("there is no sound in it"))
    return _text(digest)


@dataclass(frozen=True, slots=True)
class Listened:
    """What one reading of a file told."""

    audio: Audio
    words: Words
    """Sub-fingerprints, shape (n,), uint32. There are none where the sound is too short (under 2.73 s) or silent from
    start to end; a silent audio has `sound_start` = `duration` and `sound_end` = 0."""
    quality: Quality
    loudness: Loudness | None
    """None where it was not asked for."""


def listen(path: bytes, length: float = 0.0, *, loudness: bool = False, speed: float = 0.0) -> Listened:
    """Read a file once and return what is known of its sound.

    Args:
        path: The file; its name decides nothing.
        length: Seconds from the beginning that are decoded, 0 for all. With a length the hash is still that of all
            packets; the duration is then taken from their time stamps, and `sound_end` is 0 where the end was not
            heard.
        loudness: It is measured too, which takes the whole track whatever the length.
        speed: Percent by which it is fingerprinted as if played slower, and lower; what is told of it besides holds
            for such a track.

    Raises:
        DecodeError: it claims to be audio, but hardly anything or nothing of it can be decoded.
        NotMusic: it is no audio file.
    """
    digest = blake3()
    with opened(path) as source:
        ear = Ear(length, loudness=loudness, speed=speed)
        tally = _Tally()
        ends: list[BaseException] = []
        decode = source.stream.codec_context.decode
        for packet in _packets(source, digest, ends):
            tally.note(packet)
            if not ear.complete:
                _decode(decode, packet, ear, tally)
        if not ear.complete:
            _decode(decode, None, ear, tally)
        ear.finish()
        tally.refused += len(ends)
        _check(source, tally, ear)
        words = ear.sound.words()
        audio = _audio(source, _text(digest), tally, ear, len(words))
        return Listened(audio, words, ear.quality(), ear.loudness())


def _text(digest: blake3) -> str:
    return f"b3:{digest.hexdigest(length=16)}"


@contextmanager
def opened(path: bytes) -> Iterator[Source]:
    """Open a file and find its audio stream; raises as `identify`."""
    name = os.fsdecode(path)
    try:
        # without O_NONBLOCK, opening a pipe waits for somebody to write into it
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    except OSError as error:
        if error.errno == errno.ENXIO:  # a socket
            raise NotMusic from error
        raise ReadError(name, _why(error)) from error
    try:
        try:
            kind, start = content.candidate(descriptor, path)
        except OSError as error:
            raise ReadError(name, _why(error)) from error
        with _container(descriptor, name, kind, start) as container:
            yield Source(name, descriptor, container, _stream(container, path), kind)
    finally:
        os.close(descriptor)


@contextmanager
def _container(descriptor: int, name: str, kind: str, start: int) -> Iterator[InputContainer]:
    """Let FFmpeg open the descriptor, which it may use up; raises as `identify`."""
    # FFmpeg takes the tags behind Monkey's Audio, and Lyrics3 behind MP3, for a part of the last packet
    ends = {"ape": content.sound_end, "mpeg": content.lyrics_start, "id3": content.lyrics_start}
    end = ends[kind](descriptor) if kind in ends else 0
    part = f"subfile,,start,0,end,{end},,:" if end else ""
    options = {
        "fd": str(descriptor),
        "protocol_whitelist": "fd,subfile" if part else "fd",
        "format_whitelist": _FORMATS,
        "skip_initial_bytes": str(start),
    }
    form = "mp3" if kind == "mpeg" else None
    try:
        container = av.open(f"{part}fd:", "r", format=form, container_options=options, metadata_errors="ignore")
    except _BROKEN as error:
        if isinstance(error, MemoryError):
            raise
        if kind == "ac3" and not content.named(os.fsencode(name)):  # two bytes of magic are weak
            raise NotMusic from error
        raise DecodeError(name, _reason(kind)) from error
    with container:
        yield container


def _stream(container: InputContainer, path: bytes) -> AudioStream:
    """Return the best audio stream of a container that holds no film."""
    still = av.stream.Disposition.attached_pic | av.stream.Disposition.still_image
    for video in container.streams.video:
        codec = video.codec_context.name if video.codec_context else ""
        if not video.disposition & still and codec not in _PICTURES:
            raise NotMusic
    stream = container.streams.best("audio")
    if not isinstance(stream, AudioStream):
        if content.named(path):
            raise DecodeError(os.fsdecode(path), _("there is no audio stream in it"))
        raise NotMusic
    if stream.codec_context is None:
        raise DecodeError(os.fsdecode(path), _("its codec is unknown or protected"))
    stream.codec_context.thread_count = 1  # more threads hang on some damaged files; the files are the parallel work
    return stream


def _reason(kind: str) -> str:
    if kind == "mp4":
        return _("damaged or cut short: its index (moov) cannot be read")
    return _("damaged: its header cannot be read") if kind else _("no audio can be found in it")


def _why(error: OSError) -> str:
    return _("it cannot be read: {why}").format(why=os.strerror(error.errno or errno.EIO))


def _packets(source: Source, digest: blake3, ends: list[BaseException]) -> Iterator[Packet[Any]]:
    """Yield the packets that hold something and add them to the digest.

    An empty packet in mid-stream would drain the decoder for good. An error of the demuxer ends the stream and is added
    to `ends`. What lies behind it is unknown then (FFmpeg stops at a chained Ogg of another format), so the whole file
    is added to the digest: such an audio is the same as that of a byte copy, and of no other file.

    Raises:
        DecodeError: the file could not be read to the end, which says nothing of what is in it.
    """
    packets = source.container.demux(source.stream)
    try:
        while (packet := next(packets, None)) is not None:
            if packet.size:
                digest.update(packet)
                yield packet
    except _BROKEN as error:
        if isinstance(error, MemoryError):
            raise
        ends.append(error)
    try:
        # FFmpeg takes a read error for the end of the file. The descriptors share their position, so what made it
        # stop is found by reading on from there.
        os.pread(source.descriptor, _READ_ON, os.lseek(source.descriptor, 0, os.SEEK_CUR))
        position = 0
        while ends and (block := os.pread(source.descriptor, _READ_ON, position)):
            digest.update(block)
            position += len(block)
    except OSError as error:
        raise ReadError(source.path, _why(error)) from error


def _decode(
    decode: Callable[[Packet[Any] | None], list[AudioFrame]], packet: Packet[Any] | None, ear: Ear, tally: _Tally
) -> None:
    """Decode one packet, or drain the decoder, and let the ear hear the frames."""
    try:
        for frame in decode(packet):
            ear.hear(frame)
    except _BROKEN as error:  # not InvalidData alone: decoders report damage as lack of permission, or as unfinished
        if isinstance(error, MemoryError):
            raise
        if packet is not None:
            tally.refused += 1
            tally.refused_bytes += packet.size
    else:
        tally.decoded += packet is not None


class _Tally:
    """What the packets say, added up."""

    def __init__(self) -> None:
        self.packets = 0
        self.bytes = 0
        self.decoded = 0
        self.refused = 0
        self.refused_bytes = 0
        self.position = -1
        """Of the first packet in the file."""
        self._first: int | None = None
        self._last = 0

    def note(self, packet: Packet[Any]) -> None:
        """Count a packet."""
        self.packets += 1
        self.bytes += packet.size
        if self.packets == 1 and packet.pos is not None:
            self.position = packet.pos
        if (at := packet.pts) is not None:
            if self._first is None or at < self._first:
                self._first = at
            self._last = max(self._last, at)

    def span(self, unit: Fraction | None) -> float:
        """Seconds between the first and the last time stamp."""
        return float((self._last - (self._first or 0)) * (unit or 0))


def _check(source: Source, tally: _Tally, ear: Ear) -> None:
    """Refuse what is no more than noise found in junk.

    A real file with real damage has many good packets between the bad ones: 25 holes of 300 bytes spoil 46 of 940
    packets of an MP3. Missing halves, tails of zero bytes and junk in front are one bad packet of any size, and a
    tenth of the sound is enough to know a track by. Junk with false sync words is the reverse: next to every packet is
    bad, or most bytes lie between the few that happen to look right.

    Raises:
        DecodeError: nothing, or hardly anything, could be decoded.
    """
    if not tally.packets:
        raise DecodeError(source.path, _("there is no sound in it"))
    if ear.first is None:
        raise DecodeError(source.path, _("damaged before the first sound"))
    heard = tally.bytes - tally.refused_bytes
    if tally.refused > tally.decoded or (not ear.sound.complete and heard * 10 < tally.bytes):
        raise DecodeError(source.path, _("damaged: hardly anything in it can be decoded"))


def _audio(source: Source, digest: str, tally: _Tally, ear: Ear, words: int) -> Audio:
    """Put together what is known; `ear` has heard something."""
    context, frame = source.stream.codec_context, ear.first
    if frame is None:
        raise BrokenError(_("nothing was heard of a file that passed the check"))
    duration = ear.duration
    if ear.sound.complete:
        duration = max(duration, tally.span(source.stream.time_base))
    start, end = ear.sound.quiet(duration)
    codec = context.codec.canonical_name
    lossless = content.lossless(codec, context.profile or "", claimed=context.codec.lossless)
    return Audio(
        hash=digest,
        codec=codec,
        container=_CONTAINERS.get(source.container.format.name, source.container.format.name),
        sample_rate=frame.sample_rate,
        channels=frame.layout.nb_channels,
        bits=content.bits(codec, bytes(context.extradata or b""), frame.format.name) if lossless else 0,
        bitrate=round((tally.bytes - tally.refused_bytes) * 8 / duration) if duration else 0,
        lossless=lossless,
        duration=duration,
        claimed=_claimed(source, tally),
        sound_start=start,
        sound_end=end,
        decode_errors=tally.refused,
        words=words,
    )


def _claimed(source: Source, tally: _Tally) -> float:
    """Return the seconds that the container claims, 0 where FFmpeg would only guess them from the bytes."""
    name, stream = source.container.format.name, source.stream
    if name in _UNCLAIMED:
        return 0.0
    if name == "mp3":
        first = max(0, tally.position - _XING)
        before = os.pread(source.descriptor, tally.position - first, first) if tally.position > 0 else b""
        if not any(mark in before for mark in (b"Xing", b"Info", b"VBRI")):
            return 0.0
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return max(0.0, (source.container.duration or 0) / 1e6)
