"""The sound of the service's tracks, music that nobody owns, encoded as everything that the real one serves; covers.

Equal arguments make equal bytes.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import numpy as np
from PIL import Image, ImageDraw

from tests import factories

if TYPE_CHECKING:
    from tests.service.catalogue import Song

    Sound = factories.Sound

FORMS = {
    "flac": ("flac", "flac", {}, 0),
    "flac-mp4": ("mp4", "flac", {}, 0),
    "flac-mp4-fragmented": ("mp4", "flac", {"movflags": "frag_keyframe+empty_moov+default_base_moof"}, 0),
    "aac-mp4": ("mp4", "aac", {}, 256_000),
    "mp3": ("mp3", "libmp3lame", {"write_xing": "1"}, 320_000),
    "mp3-low": ("mp3", "libmp3lame", {"write_xing": "1"}, 64_000),
}
"""Name of a form: FFmpeg's muxer, its encoder, options of the muxer, bits a second."""

_QUICK = {"strict": "-2", "compression_level": "9"}
"""Options of the encoders: FLAC in MP4 calls itself experimental, and LAME takes most of the time there is."""

PREVIEW = 30.0
"""Seconds that an account that does not pay hears; of a track that is shorter its first half."""


def record(folder: Path, song: Song) -> tuple[str, dict[str, Any]]:
    """Write the files of a song into `folder`, one for each form and for its preview, and return what they are.

    Returns:
        Its id, and: `ms`, `i` (LUFS), `tp` (dBTP) and `files`, their names by form.
    """
    sound = factories.tune(song.seed, song.seconds)
    short = sound[: round((PREVIEW if song.seconds > PREVIEW else song.seconds / 2) * factories.RATE)]
    files = {}
    for form in song.forms:
        for ending, part in (("", sound), ("-preview", short)):
            files[form + ending] = f"{song.id}-{form}{ending}"
            (folder / files[form + ending]).write_bytes(encoded(part, form))
    loud, peak = _loudness(sound)
    return song.id, {"ms": round(song.seconds * 1000), "i": loud, "tp": peak, "files": files}


def encoded(sound: Sound, form: str) -> bytes:
    """Return the bytes of a file; `sound`: shape (samples,), mono, floats within -1 to 1, `factories.RATE` a second."""
    muxer, encoder, options, bitrate = FORMS[form]
    file = io.BytesIO()
    with av.open(file, "w", format=muxer, options={"fflags": "+bitexact", **options}) as out:
        stream = out.add_stream(encoder, rate=factories.RATE, options=_QUICK, layout="stereo")
        assert isinstance(stream, av.AudioStream)
        if bitrate:
            stream.bit_rate = bitrate
        for frame in _frames(sound):
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return file.getvalue()


def _frames(sound: Sound) -> Iterable[av.AudioFrame]:
    samples = np.rint(sound * 32767).astype(np.int16).repeat(2)
    for start in range(0, len(sound), factories.RATE):
        block = samples[2 * start : 2 * (start + factories.RATE)].reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block), format="s16", layout="stereo")
        frame.sample_rate = factories.RATE
        frame.pts = start
        frame.time_base = Fraction(1, factories.RATE)
        yield frame


def _loudness(sound: Sound) -> tuple[float, float]:
    """Return LUFS and dBTP as FFmpeg's own meter has them, which is another one than Comet's."""
    graph = av.filter.Graph()
    source = graph.add_abuffer(
        sample_rate=factories.RATE, format="s16", layout="stereo", time_base=Fraction(1, factories.RATE)
    )
    meter, sink = graph.add("ebur128", "metadata=1:peak=true"), graph.add("abuffersink")
    source.link_to(meter)
    meter.link_to(sink)
    graph.configure()
    for frame in _frames(sound):
        source.push(frame)
    source.push(None)
    last: dict[str, str] = {}
    while True:
        try:
            last = dict(sink.pull().metadata) or last
        except (av.error.EOFError, av.error.BlockingIOError):
            break
    peak = max(float(last[f"lavfi.r128.true_peaks_ch{side}"]) for side in (0, 1))
    return round(float(last["lavfi.r128.I"]), 2), round(20 * float(np.log10(peak)), 2)


def cover(seed: int, kind: str, pixels: int) -> bytes:
    """Return a picture of `pixels` by `pixels`, as `jpeg` or `png`; another seed is another picture."""
    random = np.random.default_rng(seed)
    picture = Image.new("RGB", (pixels, pixels), tuple(random.integers(0, 256, 3)))
    draw = ImageDraw.Draw(picture)
    for _ in range(9):
        left, top, width, height = random.uniform(0, 0.7, 4) * pixels
        draw.rectangle((left, top, left + width, top + height), tuple(random.integers(0, 256, 3)))
    file = io.BytesIO()
    picture.save(file, kind.upper())
    return file.getvalue()
