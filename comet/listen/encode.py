"""Sound into a file: for the demo library and for tests, which need music that nobody owns; and FLAC out of MP4."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, BinaryIO, Final, cast

import av
import numpy as np
from av.audio.frame import AudioFrame

from comet.core.errors import DecodeError
from comet.core.text import _
from comet.listen import audio

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from numpy.typing import NDArray

ENCODERS: Final = {
    "aac": ("aac", "ipod"),
    "alac": ("alac", "ipod"),
    "flac": ("flac", "flac"),
    "mp3": ("libmp3lame", "mp3"),
    "opus": ("libopus", "ogg"),
    "vorbis": ("vorbis", "ogg"),
    "wav": ("pcm_s16le", "wav"),
}
"""Name of a codec here: name of FFmpeg's encoder, name of its container."""


def write(
    path: str,
    samples: NDArray[Any],
    rate: int,
    codec: str,
    bitrate: int = 0,
    tags: Mapping[str, str] | None = None,
) -> None:
    """Encode sound to `path`, replacing what is there; equal arguments make equal bytes.

    Args:
        path: file to write; its name need not fit the codec.
        samples: shape (n,) or (n, channels), floats in -1..1, or int16; Vorbis takes two channels only.
        rate: samples a second; Opus takes 48 000 only.
        codec: a key of `ENCODERS`.
        bitrate: bits a second, 0 for the encoder's own choice.
        tags: names as FFmpeg has them (`title`, `artist`, `album`).
    """
    encoder, container = ENCODERS[codec]
    block = np.ascontiguousarray(samples.reshape(len(samples), -1))
    if block.dtype != np.int16:
        block = np.rint(np.clip(block, -1, 1) * 32767).astype(np.int16)
    layout = {1: "mono", 2: "stereo"}[block.shape[1]]
    with av.open(path, "w", format=container, options={"fflags": "+bitexact"}) as out:
        # FFmpeg's own Vorbis encoder calls itself experimental, and is the only one in PyAV's wheels
        stream = cast("AudioStream", out.add_stream(encoder, rate=rate, options={"strict": "-2"}, layout=layout))
        if bitrate:
            stream.bit_rate = bitrate
        for where in (out.metadata, stream.metadata):
            where.update(tags or {})
        for start in range(0, len(block), rate):
            frame = AudioFrame.from_ndarray(block[start : start + rate].reshape(1, -1), format="s16", layout=layout)
            frame.sample_rate = rate
            frame.pts = start
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))


def flac(path: bytes, target: BinaryIO) -> str:
    """Encode the sound of a lossless file as a FLAC file, and return what its samples are recognised by (`samples`).

    Its packets alone would not do: taken out of an MP4 in fragments they make a file that says nothing of its length,
    and has no sum of its samples by which damage is found.

    Raises:
        DecodeError: it cannot be decoded whole, or in a form that FLAC has not.
    """
    told = hashlib.blake2b(digest_size=16)
    with av.open(target, "w", format="flac") as out:
        stream: AudioStream | None = None
        for frame in _frames(path):
            if stream is None:
                stream = out.add_stream("flac", rate=frame.sample_rate, layout=frame.layout.name)
                stream.format = frame.format.name.removesuffix("p")
                stream.codec_context.options = {"compression_level": "5"}
            told.update(_interleaved(frame))
            frame.pts = None
            out.mux(stream.encode(frame))
        if stream is None:
            raise DecodeError(os.fsdecode(path), _("there is no sound in it"))
        out.mux(stream.encode(None))
    return told.hexdigest()


def samples(path: bytes) -> str:
    """Return what the decoded samples of a file are recognised by, as they are in its own form.

    Raises:
        DecodeError: it cannot be decoded whole.
    """
    told = hashlib.blake2b(digest_size=16)
    for frame in _frames(path):
        told.update(_interleaved(frame))
    return told.hexdigest()


def intact(path: bytes) -> bool:
    """Tell whether the samples of a FLAC file are those that it was made of, by the sum that it holds of them.

    Of one that holds none it is believed (RFC 9639, 8.2). FFmpeg passes over damaged frames without a word.

    Raises:
        DecodeError: it cannot be decoded whole.
    """
    told, bits = hashlib.md5(usedforsecurity=False), 0
    try:
        with audio.opened(path) as source:
            about = bytes(source.stream.codec_context.extradata or b"")
            bits = ((about[12] & 1) << 4 | about[13] >> 4) + 1
            if not any(wanted := about[18:34]):
                return True
            for frame in source.container.decode(source.stream):
                told.update(_packed(frame, bits))
    except (av.error.FFmpegError, audio.NotMusic) as error:
        raise DecodeError(os.fsdecode(path), _("it cannot be decoded whole")) from error
    return told.digest() == wanted


def _packed(frame: AudioFrame, bits: int) -> bytes:
    """Return the samples of a frame as FLAC adds them up: little endian, as few bytes each as `bits` need."""
    read = frame.to_ndarray()
    block = np.ascontiguousarray(read.T if frame.format.is_planar else read)
    shifted = (block.astype("<i4") >> (block.dtype.itemsize * 8 - bits)).reshape(-1, 1)
    return shifted.view(np.uint8)[:, : (bits + 7) // 8].tobytes()


def _frames(path: bytes) -> Iterator[AudioFrame]:
    try:
        with audio.opened(path) as source:
            yield from source.container.decode(source.stream)
    except (av.error.FFmpegError, audio.NotMusic) as error:
        raise DecodeError(os.fsdecode(path), _("it cannot be decoded whole")) from error


def _interleaved(frame: AudioFrame) -> bytes:
    """Return the samples of a frame, channel by channel for each moment."""
    block = frame.to_ndarray()
    return np.ascontiguousarray(block.T if frame.format.is_planar else block).tobytes()
