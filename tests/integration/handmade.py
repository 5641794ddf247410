"""Audio files of every kind: by PyAV, by the ffmpeg that is installed, and by hand where nobody has an encoder."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import av
import numpy as np
import pytest

from tests.factories import RATE

if TYPE_CHECKING:
    from tests.factories import Sound

DSD: int = 64 * RATE
"""Bits a second of a channel of DSD."""


@dataclass(frozen=True)
class Form:
    """How a file is encoded."""

    muxer: str
    """FFmpeg's name."""
    encoder: str
    """FFmpeg's name; where PyAV lacks it, the program `ffmpeg` is asked."""
    rate: int = RATE
    layout: str = "stereo"
    bitrate: int = 0
    format: str = "s16"
    """Of the samples, as FFmpeg names it; where the encoder takes it neither packed nor planar, its first one."""


def encode(path: Path, sound: Sound, form: Form) -> Path:
    """Encode `sound`, shape (samples,) or (channels, samples), at `form.rate`; skips the test without an encoder."""
    channels = av.AudioLayout(form.layout).nb_channels
    samples = np.ascontiguousarray(np.broadcast_to(sound, (channels, sound.shape[-1])), dtype=np.float32)
    try:
        codec = av.codec.Codec(form.encoder, "w")
    except av.codec.codec.UnknownCodecError:
        _encode_outside(path, samples, form)
        return path
    with av.open(str(path), "w", format=form.muxer) as container:
        stream = container.add_stream(form.encoder, rate=form.rate, options={"strict": "experimental"})
        assert isinstance(stream, av.AudioStream)
        stream.layout = form.layout
        formats = [each.name for each in codec.audio_formats or []]
        stream.format = next((name for name in (form.format, form.format + "p") if name in formats), formats[0])
        if form.bitrate:
            stream.bit_rate = form.bitrate
        for start in range(0, samples.shape[1], 4096):
            # one plane for all channels: PyAV miscounts eight of them
            block = np.ascontiguousarray(samples[:, start : start + 4096].T).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(block, format="flt", layout=form.layout)
            frame.sample_rate, frame.pts, frame.time_base = form.rate, start, Fraction(1, form.rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def _encode_outside(path: Path, samples: Sound, form: Form) -> None:
    given = ["-f", "f32le", "-ar", form.rate, "-ac", len(samples), "-channel_layout", form.layout, "-i", "pipe:"]
    options = ["-c:a", form.encoder, "-strict", "experimental", "-f", form.muxer]
    options += ["-b:a", form.bitrate] if form.bitrate else []
    ffmpeg(*given, *options, path, feed=np.ascontiguousarray(samples.T).tobytes())


def ffmpeg(*words: object, feed: bytes = b"") -> None:
    """Run ffmpeg; skips the test where it is not installed, or lacks the encoder."""
    program = shutil.which("ffmpeg")
    if program is None:
        pytest.skip("ffmpeg is not installed")
    command = [program, "-nostdin", "-v", "error", "-y", *map(str, words)]
    done = subprocess.run(command, input=feed, capture_output=True, check=False)
    if b"Unknown encoder" in done.stderr:
        pytest.skip(done.stderr.decode().strip())
    assert done.returncode == 0, done.stderr.decode()


def tool(*words: object) -> None:
    """Run another program; skips the test where it is not installed."""
    if shutil.which(str(words[0])) is None:
        pytest.skip(f"{words[0]} is not installed")
    done = subprocess.run([str(word) for word in words], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode(errors="replace") + done.stdout.decode(errors="replace")


def remux(source: Path, path: Path, muxer: str) -> Path:
    """Put the packets of one file into another container."""
    with av.open(str(source)) as old, av.open(str(path), "w", format=muxer) as new:
        stream = new.add_stream_from_template(old.streams.audio[0])
        for packet in old.demux(audio=0):
            if packet.size:
                packet.stream = stream
                new.mux(packet)
    return path


def delta_sigma(sound: Sound, *, msb_first: bool) -> bytes:
    """Return one channel as DSD: a bit for each of 64 times as many samples, eight of them a byte.

    Modulation of the first order: the bits are the steps of the rounded integral of the sound.
    """
    wide = np.interp(np.arange(len(sound) * 64) / 64, np.arange(len(sound)), sound.astype(np.float64))
    bits = np.diff(np.floor(np.cumsum((wide + 1) / 2)), prepend=0).astype(np.uint8)
    return np.packbits(bits, bitorder="big" if msb_first else "little").tobytes()


def dsf(path: Path, sound: Sound) -> Path:
    """Write a stereo DSF file (Sony, DSF File Format Specification 1.01) of `sound`, shape (samples,), at 44.1 kHz."""
    block = 4096
    data = delta_sigma(sound, msb_first=False)
    padded = data + bytes(-len(data) % block)
    body = b"".join(2 * padded[at : at + block] for at in range(0, len(padded), block))
    form = struct.pack("<4sQ6IQ2I", b"fmt ", 52, 1, 0, 2, 2, DSD, 1, len(data) * 8, block, 0)
    sounding = struct.pack("<4sQ", b"data", 12 + len(body)) + body
    path.write_bytes(struct.pack("<4s3Q", b"DSD ", 28, 28 + len(form) + len(sounding), 0) + form + sounding)
    return path


def dff(path: Path, sound: Sound) -> Path:
    """Write a stereo DSDIFF file (Philips, DSDIFF 1.5) of `sound`, shape (samples,), at 44.1 kHz."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">4sQ", name, len(body)) + body + bytes(len(body) % 2)

    data = np.frombuffer(delta_sigma(sound, msb_first=True), np.uint8)
    properties = chunk(b"FS  ", struct.pack(">I", DSD)) + chunk(b"CHNL", struct.pack(">H", 2) + b"SLFTSRGT")
    properties += chunk(b"CMPR", b"DSD \x0enot compressed\0")
    body = chunk(b"FVER", b"\1\5\0\0") + chunk(b"PROP", b"SND " + properties)
    path.write_bytes(chunk(b"FRM8", b"DSD " + body + chunk(b"DSD ", np.repeat(data, 2).tobytes())))
    return path


def ape(path: Path, frames: int = 8) -> Path:
    """Write a Monkey's Audio file (version 3.98) of `frames` times 0.84 s that say that they are silent.

    Nobody packages an encoder, and a frame of silence needs none: a checksum, the flags of silence, and bytes that no
    decoder looks at.
    """
    blocks = 73_728 // 2
    rng = np.random.default_rng(5)
    bodies = [struct.pack("<2I", 0x8000_0000, 3) + rng.bytes(400) for _number in range(frames)]
    start = 52 + 24 + 4 * frames
    seek = [start + sum(map(len, bodies[:number])) for number in range(frames)]
    data = b"".join(bodies)
    path.write_bytes(
        struct.pack("<4s2H6I", b"MAC ", 3980, 0, 52, 24, 4 * frames, 0, len(data), 0)
        + struct.pack("<I16s", 0, bytes(16))
        + struct.pack("<2H3I2HI", 2000, 0x20, blocks, blocks, frames, 16, 2, RATE)
        + struct.pack(f"<{frames}I", *seek)
        + data
    )
    return path


def mpc(path: Path, sound: Sound) -> Path:
    """Encode `sound`, shape (samples,), at 44.1 kHz as Musepack; skips the test without `mpcenc`."""
    wav = encode(path.with_suffix(".before.wav"), sound, Form("wav", "pcm_s16le"))
    tool("mpcenc", "--silent", "--overwrite", wav, path)
    os.unlink(wav)
    return path


def film(path: Path, sound: Sound, muxer: str, encoder: str, frames: int) -> Path:
    """Write moving pictures, `frames` of them in a second, and AAC of `sound`, shape (samples,), at 44.1 kHz."""
    with av.open(str(path), "w", format=muxer) as container:
        video = container.add_stream(encoder, rate=25)
        audio = container.add_stream("aac", rate=RATE)
        assert isinstance(video, av.VideoStream)
        assert isinstance(audio, av.AudioStream)
        video.width, video.height, audio.layout = 64, 64, "mono"
        video.pix_fmt = "yuvj420p" if encoder == "mjpeg" else "yuv420p"
        for number in range(frames):
            picture = np.full((64, 64, 3), number * 9 % 256, np.uint8)
            container.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        frame = av.AudioFrame.from_ndarray(sound[None, :], format="flt", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, 0, Fraction(1, RATE)
        container.mux(audio.encode(frame))
        container.mux([*video.encode(None), *audio.encode(None)])
    return path
