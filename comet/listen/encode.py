"""Sound into a file: for the demo library and for tests, which need music that nobody owns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, cast

import av
import numpy as np
from av.audio.frame import AudioFrame

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
