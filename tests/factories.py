"""Things to test with, made on the spot: sound and the files that hold it."""

from __future__ import annotations

import functools
import hashlib
import io
import os
from fractions import Fraction
from typing import TYPE_CHECKING

import av
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Sound = NDArray[np.float32]

RATE = 44_100
FORMATS = {
    "mp3": ("mp3", "libmp3lame"),
    "flac": ("flac", "flac"),
    "ogg": ("ogg", "vorbis"),
    "opus": ("opus", "libopus"),
    "m4a": ("ipod", "aac"),
    "alac": ("ipod", "alac"),
    "wav": ("wav", "pcm_s16le"),
    "wav24": ("wav", "pcm_s24le"),
    "wav8": ("wav", "pcm_u8"),
    "float": ("wav", "pcm_f32le"),
    "aiff": ("aiff", "pcm_s16be"),
    "flac24": ("flac", "flac"),
    "wv": ("wv", "wavpack"),
    "tta": ("tta", "tta"),
    "wma": ("asf", "wmav2"),
    "aac": ("adts", "aac"),
    "ac3": ("ac3", "ac3"),
    "mka": ("matroska", "flac"),
    "mp2": ("mp2", "mp2"),
    "au": ("au", "pcm_s16be"),
    "caf": ("caf", "alac"),
}
"""Name of a kind of file: (FFmpeg's muxer, FFmpeg's encoder)."""


@functools.lru_cache(maxsize=32)
def tune(seed: int, seconds: float, *, rate: int = RATE) -> Sound:
    """Return a melody over chords with a beat, drawn from `seed`.

    Two seeds are two recordings; one seed is the same recording at any length and nearly so at any rate.

    Returns:
        Shape (samples,), mono, within -0.9 to 0.9; read-only, for it is made once and given to all that ask again.
    """
    rng = np.random.default_rng(seed)
    beat = 60.0 / rng.uniform(80, 160)
    scale = 2.0 ** ((rng.integers(0, 12) + np.array([0, 2, 3, 5, 7, 8, 10])) / 12)
    time = np.arange(round(seconds * rate), dtype=np.float64) / rate
    sound = np.zeros(len(time))
    at = 0.0
    while at < seconds:
        length = beat * float(rng.choice([0.5, 1.0, 1.0, 2.0]))
        notes = 220.0 * scale[rng.integers(0, 7, 3)] * 2.0 ** rng.integers(-1, 2, 3)
        strength = rng.uniform(0.3, 1.0, 3)
        part = slice(round(at * rate), round((at + length) * rate))
        here = time[part] - at
        for note, loud in zip(notes, strength, strict=True):
            for harmonic in (1, 2, 3):
                phase = 2 * np.pi * note * harmonic * here
                sound[part] += loud / harmonic**1.5 * np.sin(phase) * np.exp(-here / (2 * beat))
        sound[part] += 0.2 * rng.standard_normal() * np.sin(2 * np.pi * 60 * here) * np.exp(-here * 20)
        at += length
    made = np.asarray(0.9 / 4.6 * sound, dtype=np.float32)
    made.flags.writeable = False
    return made


def tone(seconds: float, frequency: float = 440.0, *, level: float = -6.0, rate: int = RATE) -> Sound:
    """Return a sine of `frequency` Hz whose peak is at `level` dBFS; shape (samples,), mono."""
    time = np.arange(round(seconds * rate), dtype=np.float64) / rate
    return np.asarray(10 ** (level / 20) * np.sin(2 * np.pi * frequency * time), dtype=np.float32)


def silence(seconds: float, *, rate: int = RATE) -> Sound:
    """Return digital silence; shape (samples,), mono."""
    return np.zeros(round(seconds * rate), dtype=np.float32)


def write(
    path: str | bytes | os.PathLike[str],
    sound: Sound,
    kind: str = "",
    *,
    rate: int = RATE,
    bitrate: int = 0,
    layout: str = "stereo",
) -> bytes:
    """Encode `sound` into the file `path` and return the path as bytes.

    Args:
        path: Any name; it decides nothing but, without `kind`, the kind.
        sound: Shape (samples,): every channel gets it; or (channels, samples).
        kind: A key of `FORMATS`; without it the extension of `path`.
        rate: Samples a second of `sound` and of the file (Opus always has 48 000).
        bitrate: Bits a second, 0 for what the encoder likes.
        layout: FFmpeg's name of the channel layout.
    """
    name = os.fsencode(path)
    kind = kind or os.fsdecode(name).rpartition(".")[2].lower()
    samples = np.ascontiguousarray(np.broadcast_to(sound, (av.AudioLayout(layout).nb_channels, sound.shape[-1])))
    form = (kind, rate, bitrate, layout)
    key = (hashlib.blake2b(samples.data).digest(), *form)
    if key not in _ENCODED:
        _ENCODED[key] = _encoded(np.asarray(samples, np.float32), *form)
    with open(name, "wb") as file:
        file.write(_ENCODED[key])
    return name


_ENCODED: dict[tuple[bytes, str, int, int, str], bytes] = {}
"""What was encoded already, for most tests want the same few sounds, and an encoder takes most of their time."""


def _encoded(samples: Sound, kind: str, rate: int, bitrate: int, layout: str) -> bytes:
    muxer, encoder = FORMATS[kind]
    file = io.BytesIO()
    with av.open(file, "w", format=muxer) as container:
        stream = container.add_stream(encoder, rate=48_000 if encoder == "libopus" else rate)
        assert isinstance(stream, av.AudioStream)
        stream.layout = layout
        # FFmpeg's own Vorbis encoder asks to be called experimental; 24 bits go in as 32, so they must be said
        stream.codec_context.options = {"strict": "experimental"} | _bits(kind)
        stream.codec_context.format = _sample_format(encoder, kind)
        if bitrate or encoder == "wmav2":
            stream.bit_rate = bitrate or 128_000
        for start in range(0, samples.shape[1], 4096):
            block = np.ascontiguousarray(samples[:, start : start + 4096])
            frame = av.AudioFrame.from_ndarray(block, format="fltp", layout=layout)
            frame.sample_rate = rate
            frame.pts = start
            frame.time_base = Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()


def _sample_format(encoder: str, kind: str) -> str:
    formats = [f.name for f in av.codec.Codec(encoder, "w").audio_formats or []]
    wanted = ("s32", "s32p") if kind.endswith("24") else ("s16", "s16p")
    return next((name for name in wanted if name in formats), formats[0])


def _bits(kind: str) -> dict[str, str]:
    return {"bits_per_raw_sample": "24"} if kind.endswith("24") else {}
