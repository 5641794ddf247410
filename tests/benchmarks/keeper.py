"""How often the better one of two files of known order is kept: `python -m tests.benchmarks.keeper FOLDER`.

The first half minute of each track is made into a lossless original, and that with FFmpeg into lossy copies,
transcodes of these, cut, clipped, noisy, damaged, padded ones and more (`VERSIONS`). Of each pair in `PAIRS` the first
one is better, for the second one was made from it or with more loss. A pair is wrong where the second one is kept, and
undecided where only size or path tell them apart. Tracks whose own spectrum ends in a cliff are passed over, for they
were lossy before, and so are those that begin with silence. `--keep DIR` stores what was listened to, so that the order
can be tried again without listening.
"""

from __future__ import annotations

import argparse
import os
import pickle
import subprocess
import sys
import tempfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from comet.core.model import File, Track
from comet.decide import keeper
from comet.listen import audio
from tests.benchmarks.bench_relation import run

if TYPE_CHECKING:
    from comet.core.measures import Quality
    from comet.listen.audio import Listened

SECONDS = 30
"""Of each track."""
CLIFF, SILENT = 20_000, 0.5
"""Hz and seconds: what ends lower was lossy before, and what begins later shows no cut."""
SAID = ("right", "wrong", "undecided")
Found: TypeAlias = "dict[str, tuple[Listened, int]]"
"""What each version sounds like, and its bytes."""
_FFMPEG = ("ffmpeg", "-v", "error", "-y", "-nostdin")
_FLAC = (".flac", "-sample_fmt", "s16")


@dataclass(frozen=True)
class Version:
    """A way to make a file."""

    name: str
    encoder: tuple[str, ...]
    """The ending of the file, and FFmpeg's options."""
    of: str = "original"
    """The version that it is made from."""
    filters: str = "anull"
    """Of FFmpeg, with {up} for the dB by which the original may rise, and {rms} for its level."""
    damaged: bool = False
    """Some bytes in the middle are overwritten."""


LOSSY = (
    *(Version(f"mp3 {rate}", (".mp3", "-b:a", f"{rate}k")) for rate in (64, 128, 192, 320)),
    Version("mp3 V0", (".mp3", "-q:a", "0")),
    *(Version(f"aac {rate}", (".m4a", "-b:a", f"{rate}k")) for rate in (96, 128, 256)),
    *(Version(f"vorbis q{q}", (".ogg", "-c:a", "libvorbis", "-q:a", str(q))) for q in (3, 5, 8)),
    *(Version(f"opus {rate}", (".opus", "-c:a", "libopus", "-b:a", f"{rate}k")) for rate in (64, 128, 192)),
)
NEAR = (
    Version("vorbis q10", (".ogg", "-c:a", "libvorbis", "-q:a", "10")),
    Version("opus 448", (".opus", "-c:a", "libopus", "-b:a", "448k")),
    Version("aac 448", (".m4a", "-b:a", "448k")),
    Version("mp2 384", (".mp2", "-b:a", "384k")),
    Version("ac3 640", (".ac3", "-b:a", "640k")),
    Version("wma 320", (".wma", "-c:a", "wmav2", "-b:a", "320k")),
    Version("adpcm", (".wav", "-c:a", "adpcm_ima_wav")),
)
"""Lossy copies of such rates that hardly anything is lost."""
# Of these there is no lossless version.
_ALONE = ("mp3 64", "aac 96", "vorbis q3", "opus 64", "opus 192")
_NOISE = "anoisesrc=r=44100:c=white:d=30:seed=1,volume={rms}dB[n];[0:a][n]amix=inputs=2:duration=first:normalize=0"
_CLIPPED = "volume={up}dB,volume=6dB,aformat=sample_fmts=s16"
_MP3_320 = (".mp3", "-b:a", "320k")

VERSIONS = (
    Version("original", _FLAC),
    *LOSSY,
    *(Version(f"flac of {each.name}", _FLAC, each.name) for each in LOSSY if each.name not in _ALONE),
    Version("flac of mp3 192, moved and quieter", _FLAC, "mp3 192", "adelay=26:all=1,volume=-1.3dB"),
    Version("flac of aac 256, moved and quieter", _FLAC, "aac 256", "adelay=48:all=1,volume=-1.3dB"),
    Version("flac of mp3 320, dithered", _FLAC, "mp3 320", "aresample=osf=s16:dither_method=triangular"),
    Version("flac of mp3 320, 24 bits", (".flac", "-sample_fmt", "s32"), "mp3 320"),
    Version("flac of mp3 320, at 48 kHz", (*_FLAC, "-ar", "48000"), "mp3 320"),
    Version("flac of opus 192, at 44 kHz", (*_FLAC, "-ar", "44100"), "opus 192"),
    Version("flac of mp3 V0, cut by samples", _FLAC, "mp3 V0", "atrim=start_sample=1105"),
    *NEAR,
    Version("flac of vorbis q10", _FLAC, "vorbis q10"),
    Version("mp3 320 of mp3 128", _MP3_320, "mp3 128"),
    Version("mp3 320 of aac 128", _MP3_320, "aac 128"),
    Version("aac 256 of mp3 128", (".m4a", "-b:a", "256k"), "mp3 128"),
    *(Version(f"start -{s} s", _FLAC, filters=f"atrim=start={s}") for s in ("1.5", "5")),
    *(Version(f"end -{s} s", _FLAC, filters=f"atrim=end={30 - s}") for s in (1.5, 5)),
    Version("start -5 s, as much silence after", _FLAC, filters="atrim=start=5,apad=pad_dur=5"),
    Version("mp3 320, end -5 s", _MP3_320, filters="atrim=end=25"),
    Version("clipped", _FLAC, filters=_CLIPPED),
    Version("clipped mp3 320", _MP3_320, "clipped"),
    Version("noise", _FLAC, filters=_NOISE),
    Version("noise mp3 320", _MP3_320, "noise"),
    Version("at 22 kHz", _FLAC, filters="aresample=22050,aresample=44100"),
    Version("at 32 kHz", _FLAC, filters="aresample=32000,aresample=44100"),
    Version("at 22 kHz, left so", (*_FLAC, "-ar", "22050")),
    Version("up to 96 kHz", (".flac", "-sample_fmt", "s32", "-ar", "96000")),
    Version("8 bits", (".wav", "-c:a", "pcm_u8")),
    Version("8 bits in 16", _FLAC, "8 bits"),
    Version("mono", (*_FLAC, "-ac", "1")),
    Version("mono mp3 320", (*_MP3_320, "-ac", "1")),
    Version("4 s of silence before", _FLAC, filters="adelay=4000:all=1"),
    Version("4 s of silence after", _FLAC, filters="apad=pad_dur=4"),
    Version("mp3 192, silence after", (".mp3", "-b:a", "192k"), filters="apad=pad_dur=4"),
    Version("damaged", _FLAC, damaged=True),
    Version("damaged mp3 320", _MP3_320, damaged=True),
    Version("damaged vorbis q5", (".ogg", "-c:a", "libvorbis", "-q:a", "5"), damaged=True),
)


def _make(version: Version, folder: str, source: str, values: dict[str, float]) -> str:
    """Make a version of a track and return its path."""
    path = os.path.join(folder, version.name.replace(" ", "_") + version.encoder[0])
    filters = version.filters.format(**values)
    how = ("-filter_complex", filters + "[o]", "-map", "[o]") if "[" in filters else ("-map", "0:a", "-af", filters)
    run(*_FFMPEG, "-i", source, *how, *version.encoder[1:], path)
    if version.damaged:
        _damage(path)
    return path


def _damage(path: str) -> None:
    """Overwrite some bytes at three places of a file."""
    with open(path, "r+b") as file:
        for part in (3, 5, 7):
            file.seek(os.path.getsize(path) * part // 10)
            file.write(bytes(range(256)) * 2)


def _measured(path: str) -> dict[str, float]:
    told = subprocess.run(
        ["ffmpeg", "-nostdin", "-i", path, "-af", "volumedetect", "-f", "null", "-"],
        check=True, capture_output=True, text=True,
    ).stderr  # fmt: skip
    mean, peak = (float(told.split(f"{what}_volume:")[1].split()[0]) for what in ("mean", "max"))
    return {"up": -peak, "rms": mean - 30 + 4.8}


def heard(name: str) -> Found:
    """Return what each version of a track sounds like, and its bytes."""
    with tempfile.TemporaryDirectory() as folder:
        source = os.path.join(folder, "source.wav")
        run(*_FFMPEG, "-t", SECONDS, "-i", name, "-map", "0:a:0", "-ac", 2, "-ar", 44100, source)
        values, paths, found = _measured(source), {"original": source}, {}
        for version in VERSIONS:
            path = paths[version.name] = _make(version, folder, paths[version.of], values)
            found[version.name] = audio.listen(os.fsencode(path)), os.path.getsize(path)
        return found


def _work(kept: str, name: str) -> Found:
    """Return what `heard` does, from `kept` where it was stored there."""
    path = os.path.join(kept, f"{zlib.crc32(name.encode()):08x}.pickle") if kept else ""
    if path and os.path.exists(path):
        with open(path, "rb") as file:
            return pickle.load(file)  # type: ignore[no-any-return]  # noqa: S301 - written by the lines below
    found = heard(name)
    if path:
        with open(path, "wb") as file:
            pickle.dump(found, file)
    return found


def _fit(found: Found) -> bool:
    """Tell whether a track shows what is lost of it: it ends in no cliff below 20 kHz and does not begin silent."""
    listened, _size = found["original"]
    return not 0 < listened.quality.cutoff < CLIFF and listened.audio.sound_start < SILENT


PAIRS = (
    *(("original over lossy", "original", each.name) for each in (*LOSSY, *NEAR)),
    *(("original over transcode", "original", v.name) for v in VERSIONS if v.name.startswith("flac of")),
    *(
        ("lossy over flac of it" + (", at another rate" if " kHz" in v.name else ""), v.of, v.name)
        for v in VERSIONS
        if v.name.startswith("flac of")
    ),
    *(
        ("lossy over flac of less", one, f"flac of {other}")
        for one, other in (
            ("mp3 192", "mp3 128"), ("mp3 320", "mp3 128"), ("mp3 V0", "mp3 128"), ("aac 256", "mp3 128"),
            ("vorbis q8", "mp3 192"), ("opus 192", "mp3 128"), ("mp3 320", "aac 128"), ("mp3 320", "mp3 192"),
        )
    ),
    *(
        ("higher rate of one codec", one, other)
        for one, other in (
            ("mp3 320", "mp3 192"), ("mp3 320", "mp3 128"), ("mp3 192", "mp3 128"), ("mp3 128", "mp3 64"),
            ("mp3 V0", "mp3 128"), ("aac 256", "aac 128"), ("aac 128", "aac 96"), ("vorbis q8", "vorbis q5"),
            ("vorbis q5", "vorbis q3"), ("opus 192", "opus 128"), ("opus 128", "opus 64"),
        )
    ),
    *(
        ("lossy over encoded again", one, other)
        for one, other in (
            ("mp3 128", "mp3 320 of mp3 128"), ("aac 128", "mp3 320 of aac 128"), ("mp3 128", "aac 256 of mp3 128"),
            ("mp3 192", "mp3 320 of mp3 128"), ("mp3 192", "aac 256 of mp3 128"), ("original", "mp3 320 of mp3 128"),
        )
    ),
    *(("whole over cut", "original", v.name) for v in VERSIONS if v.name.startswith(("start", "end"))),
    *(("lossy whole over lossless cut", "mp3 128", v.name) for v in VERSIONS if v.name.startswith(("start", "end"))),
    ("whole over cut", "mp3 320", "mp3 320, end -5 s"),
    ("whole over cut", "mp3 192", "mp3 320, end -5 s"),
    ("clean over clipped", "original", "clipped"),
    ("clean over clipped", "mp3 320", "clipped mp3 320"),
    ("clean over noise", "original", "noise"),
    ("clean over noise", "mp3 320", "noise mp3 320"),
    ("16 bits over 8", "original", "8 bits"),
    ("16 bits over 8", "original", "8 bits in 16"),
    *(("full over lower rate", "original", each) for each in ("at 22 kHz", "at 32 kHz", "at 22 kHz, left so")),
    ("as it was over more samples", "original", "up to 96 kHz"),
    ("stereo over mono", "original", "mono"),
    ("stereo over mono", "mp3 320", "mono mp3 320"),
    ("no silence over silence", "original", "4 s of silence before"),
    ("no silence over silence", "original", "4 s of silence after"),
    ("no silence over silence", "mp3 192", "mp3 192, silence after"),
    ("lossless with silence over lossy", "4 s of silence after", "mp3 320"),
    ("undamaged over damaged", "original", "damaged"),
    ("undamaged over damaged", "mp3 320", "damaged mp3 320"),
    ("undamaged over damaged", "vorbis q5", "damaged vorbis q5"),
    ("lossy undamaged over lossless damaged", "mp3 192", "damaged"),
)  # fmt: skip
"""Kind, the better version, the worse one."""


def _heard(found: Found, *names: str) -> tuple[list[Track], dict[int, Quality]]:
    """Return versions as a collection knows them."""
    tracks, qualities = [], {}
    for serial, name in enumerate(names, 1):
        listened, size = found[name]
        tracks.append(Track(File("", name.encode(), size, 0), replace(listened.audio, serial=serial), b""))
        qualities[serial] = listened.quality
    return tracks, qualities


def _why(found: Found, better: str, worse: str) -> str:
    tracks, qualities = _heard(found, better, worse)
    return "; ".join(keeper.reasons(tracks, 1, heard=qualities))


def told(found: Found, better: str, worse: str) -> str:
    """Return what is said of two versions: right, wrong, or undecided."""
    tracks, qualities = _heard(found, better, worse)
    weighed = list(keeper.narrowed(tracks, keeper.ordinary, (), qualities))
    if any(step in keeper.TIES for step, _left in weighed):
        return "undecided"
    return "right" if weighed[-1][1] == tracks[:1] else "wrong"


def report(tracks: Iterable[tuple[str, Found]]) -> Iterator[str]:
    """Yield the table by kind, and each pair that is wrong."""
    counts: dict[str, Counter[str]] = {}
    wrong = []
    for name, found in tracks:
        for kind, better, worse in PAIRS:
            what = told(found, better, worse)
            counts.setdefault(kind, Counter())[what] += 1
            counts.setdefault("all", Counter())[what] += 1
            if what == "wrong":
                wrong.append(f"{kind}: {worse} instead of {better}: {name}: {_why(found, better, worse)}")
    yield f"{'':40}" + "".join(f"{what:>11}" for what in SAID)
    for kind in sorted(counts, key=lambda each: each == "all"):
        yield f"{kind:40}" + "".join(f"{counts[kind][what]:>11}" for what in SAID)
    yield from wrong


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", help="music, lossless or the best there is")
    parser.add_argument("--tracks", type=int, default=40, help="how many tracks are taken (40)")
    parser.add_argument("--keep", default="", metavar="DIR", help="store what was listened to, or take it")
    arguments = parser.parse_args()
    paths = [os.path.join(top, name) for top, _folders, names in os.walk(arguments.folder) for name in names]
    names = sorted(paths, key=lambda path: zlib.crc32(path.encode()))[: arguments.tracks]  # no order of names
    with ProcessPoolExecutor(2) as pool:
        listened = zip(names, pool.map(partial(_work, arguments.keep), names), strict=True)
        taken = [(os.path.basename(name), found) for name, found in listened if _fit(found)]
    sys.stdout.write(f"{len(taken)} of {len(names)} tracks; the others end in a cliff or begin with silence\n")
    for line in report(taken):
        sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
