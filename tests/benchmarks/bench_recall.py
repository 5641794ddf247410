"""Recall by kind of change, and other rules beside it: `python -m tests.benchmarks.bench_recall POOL COPIES FOLDER...`.

POOL.npz is a pool of unrelated tracks; the folders hold the sound of some of them, as for `tests.benchmarks.pool`.
COPIES.npz keeps the fingerprints of the changed copies and is made if it does not exist, of `TRACKS` tracks of two
minutes and more, taken from all packages in turn. FFmpeg changes them.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import wave
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from comet.compare.sample import evidence
from comet.judge.threshold import Lines, Null, lines
from tests.benchmarks.bench_calibration import compare, copies, learned
from tests.benchmarks.peers import RULES, Rule
from tests.benchmarks.pool import NICE, Pool, files, hear, load, save

if TYPE_CHECKING:
    from comet.core.model import Words

TRACKS: Final = 72
LONG: Final = 120.0
"""Seconds that a track has to have."""
COLLECTIONS: Final = (465, 10_000, 100_000)
"""Tracks of the collections whose line is drawn."""
ACCEPTED: Final = 0.1
"""False pairs accepted in each."""
NULLS: Final = 100_000
"""Unrelated pairs that the rules are counted on."""
_LENGTH: Final = "131"  # seconds of a copy: what is compared, and enough that a shorter one still has it
_RATE: Final = 22050  # of the copies that no codec makes: twice what a fingerprint hears


def _speed(percent: float) -> str:
    return f"asetrate={round(_RATE * (1 + percent / 100))},aresample={_RATE}"


CODECS: Final = {
    "mp3 128": ("-b:a", "128k", ".mp3"),
    "mp3 64": ("-b:a", "64k", ".mp3"),
    "aac 96": ("-c:a", "aac", "-b:a", "96k", ".m4a"),
    "opus 48": ("-c:a", "libopus", "-b:a", "48k", ".opus"),
    "vorbis q0": ("-c:a", "libvorbis", "-q:a", "0", ".ogg"),
    "start 3 s later, mp3 64": ("-ss", "3.05", "-b:a", "64k", ".mp3"),
}
"""Options of FFmpeg, and the name's ending; made from stereo."""
FILTERS: Final = {
    "gain -12 dB": "volume=-12dB",
    "clipping +12 dB": "volume=12dB",
    "resampled to 8 kHz": f"aresample=8000,aresample={_RATE}",
    "start 0.3 s later": "atrim=0.3,asetpts=PTS-STARTPTS",
    "start 2.7 s later": "atrim=2.7,asetpts=PTS-STARTPTS",
    "start 8 s later": "atrim=8.03,asetpts=PTS-STARTPTS",
    "5 s of silence before": "adelay=5021:all=1",
    "bass +8, treble -8 dB": "bass=g=8,treble=g=-8",
    "strong equaliser": "bass=g=-12:f=200,equalizer=f=1000:t=o:w=1:g=9,treble=g=6",
    "high-pass 250 Hz": "highpass=f=250",
    "telephone band": f"highpass=f=300,lowpass=f=3400,aresample=8000,aresample={_RATE}",
    "echo": "aecho=0.8:0.7:60|130:0.5|0.3",
    "compressor": "acompressor=threshold=0.05:ratio=8,dynaudnorm",
    **{f"speed {p:+g} %": _speed(p) for p in (0.3, 1, -1, 2, -2, 3, -3, 4, -4)},
    **{f"tempo {p:+g} %": f"atempo={1 + p / 100}" for p in (1, -1, 2, -2, 3, -3, 4, -4)},
}
"""Filters of FFmpeg; made from one channel."""
NOISES: Final = (20, 10, 3)
"""dB that the music is above white noise."""
ORIGINAL: Final = "original"
EASY: Final = (*CODECS, "gain -12 dB", "start 0.3 s later", "start 2.7 s later", "start 8 s later")
"""What happens to music without anybody's will; the rest is hard."""


def ffmpeg(*arguments: str) -> None:
    """Run FFmpeg, or fail."""
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-nostdin", "-threads", "1", *arguments], check=True)


def changed(path: str) -> list[tuple[str, Words, float]]:
    """Return name, words and seconds of all copies of a track that can be listened to, the original first."""
    with tempfile.TemporaryDirectory() as folder:
        stereo, mono = os.path.join(folder, "stereo.wav"), os.path.join(folder, "mono.wav")
        ffmpeg("-i", path, "-t", _LENGTH, "-ac", "2", "-ar", "44100", stereo, "-t", _LENGTH, "-ac", "1",
               "-ar", str(_RATE), mono)  # fmt: skip
        made = {ORIGINAL: path, "one channel": mono}
        for name, (*options, ending) in CODECS.items():
            made[name] = os.path.join(folder, f"codec{len(made)}{ending}")
            ffmpeg("-i", stereo, *options, made[name])
        several: list[str] = []
        for name, chain in FILTERS.items():
            made[name] = os.path.join(folder, f"filter{len(made)}.wav")
            several += ["-af", chain, made[name]]
        ffmpeg("-i", mono, *several)
        for name, sound in drawn(mono).items():
            made[name] = os.path.join(folder, f"drawn{len(made)}.wav")
            _write(made[name], sound)
        heard = ((name, hear(copy)) for name, copy in made.items())
        return [(name, *sound) for name, sound in heard if sound]


def drawn(path: str) -> dict[str, NDArray[np.float64]]:
    """Return the copies that FFmpeg has no filter for: with noise, and 60 % of the track before other sound."""
    with wave.open(path) as file:
        sound = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float64)
    rms = float(np.sqrt((sound**2).mean()))
    noise = np.random.default_rng(1).standard_normal(len(sound)) * rms
    kept = len(sound) * 6 // 10
    made = {f"noise {level} dB below": sound + noise * 10 ** (-level / 20) for level in NOISES}
    return {**made, "60 %, then other sound": np.concatenate([sound[:kept], sound[kept:][::-1]])}


def _write(path: str, sound: NDArray[np.float64]) -> None:
    quiet = sound * min(1.0, 32000 / max(1.0, float(np.abs(sound).max())))
    with wave.open(path, "wb") as file:
        file.setparams((1, 2, _RATE, 0, "NONE", ""))
        file.writeframes(quiet.astype("<i2").tobytes())


def chosen(pool: Pool, folders: Sequence[str]) -> list[tuple[str, str, str]]:
    """Return package, name and path of `TRACKS` long tracks that can be heard, from all packages in turn."""
    paths = {file[:3]: file[3] for folder in folders for file in files(folder)}
    waiting: dict[str, list[tuple[str, str, str]]] = {}
    for t in np.random.default_rng(1).permutation(len(pool)):
        key = (str(pool.kinds[t]), str(pool.packages[t]), str(pool.names[t]))
        if pool.durations[t] >= LONG and key in paths:
            waiting.setdefault(key[1], []).append((key[1], key[2], paths[key]))
    turns = [track for turn in range(TRACKS) for _, of in sorted(waiting.items()) for track in of[turn : turn + 1]]
    return turns[:TRACKS]


def make(pool: Pool, folders: Sequence[str]) -> Pool:
    """Return all copies of the chosen tracks; their kind is the change."""
    tracks = chosen(pool, folders)
    with ProcessPoolExecutor(initializer=os.nice, initargs=(NICE,)) as workers:
        heard = list(workers.map(changed, [path for *_, path in tracks]))
    rows = [
        (words, kind, package, name, seconds)
        for (package, name, _), copies_ in zip(tracks, heard, strict=True)
        for kind, words, seconds in copies_
    ]
    words, kinds, packages, names, seconds = zip(*rows, strict=True)
    return Pool(list(words), np.array(kinds), np.array(packages), np.array(names), np.array(seconds))


class Scored(NamedTuple):
    """Pairs, and what every rule says of them; arrays of one length."""

    flat: NDArray[np.float64]
    sloped: NDArray[np.float64]
    rules: dict[str, NDArray[np.float64]]
    """By the function that scores."""

    def above(self, drawn_: Lines) -> NDArray[np.bool_]:
        """Say which pairs Comet takes."""
        return (self.flat >= drawn_.flat) | (self.sloped >= drawn_.sloped)

    def taken(self, rule: Rule) -> NDArray[np.bool_]:
        """Say which pairs another program takes."""
        return self.rules[rule.score.__name__] > rule.line


def _score(pair: tuple[Words, Words]) -> list[float]:
    return [score(*pair) for score in dict.fromkeys(rule.score for rule in RULES)]


def score(pairs: Sequence[tuple[Words, Words]], flat: NDArray[np.float64], sloped: NDArray[np.float64]) -> Scored:
    """Add what the other programs say."""
    with ProcessPoolExecutor(initializer=os.nice, initargs=(NICE,)) as workers:
        table = np.array(list(workers.map(_score, pairs, chunksize=500)))
    names = dict.fromkeys(rule.score.__name__ for rule in RULES)
    return Scored(flat, sloped, dict(zip(names, table.T, strict=True)))


def true_pairs(made: Pool) -> tuple[Scored, NDArray[np.str_]]:
    """Return what is said of each original with each of its copies, and the change."""
    origin = {(made.packages[t], made.names[t]): t for t in np.flatnonzero(made.kinds == ORIGINAL)}
    copy = np.flatnonzero(made.kinds != ORIGINAL)
    first = np.array([origin[made.packages[t], made.names[t]] for t in copy])
    found = evidence(made.sample(), np.stack([first, copy], 1))
    return score([(made.words[i], made.words[j]) for i, j in zip(first, copy, strict=True)], *found), made.kinds[copy]


def false_pairs(pool: Pool) -> tuple[Scored, Null]:
    """Return what is said of unrelated pairs, and the tails learned from them."""
    found = compare(pool, pool.unrelated(NULLS))
    found = found.only(~copies(found))
    pairs = [(pool.words[i], pool.words[j]) for i, j in found.pairs]
    return score(pairs, found.flat, found.sloped), learned(found, len(pool))


def by_kind(true: Scored, kinds: NDArray[np.str_], null: Null) -> Iterator[str]:
    """Yield recall by kind of change."""
    drawn_ = [lines(size, ACCEPTED, null) for size in COLLECTIONS]
    columns = [true.above(at) for at in drawn_] + [true.taken(rule) for rule in RULES]
    head = " ".join(f"{size:7d}" for size in COLLECTIONS) + " " + " ".join(f"{r.name[:12]:>12}" for r in RULES)
    yield f"{'change':26}   n  flat z median, lowest  sloped     {head}\n"
    names = dict.fromkeys(kinds.tolist())
    easy = np.isin(kinds, EASY)
    for name, here in [*((n, kinds == n) for n in names), ("easy", easy), ("hard", ~easy), ("all", easy | ~easy)]:
        z = " ".join(f"{np.median(form[here]):6.1f} {form[here].min():5.1f}" for form in true[:2])
        found = [f"{column[here].mean():.3f}" for column in columns]
        wide = " ".join(f"{x:>7}" for x in found[:3]) + " " + " ".join(f"{x:>12}" for x in found[3:])
        yield f"{name:26} {int(here.sum()):4d}  {z}  {wide}\n"


def trade(true: Scored, false: Scored, null: Null) -> Iterator[str]:
    """Yield what each rule finds at what number of false pairs."""
    total = len(false.flat)
    yield "Comet: tracks, expected false pairs in all, lines, recall; counted among the unrelated, of how many\n"
    for size in COLLECTIONS:
        for expected in (1.0, 0.1, 0.01):
            at = lines(size, expected, null)
            count = int(false.above(at).sum())
            shown = f"{at.flat:6.2f} {at.sloped:6.2f} {true.above(at).mean():.4f} {count:4d} of {total}"
            yield f"  {size:7d} {expected:5g} {shown}\n"
    yield "other rules at their line: recall, false of so many, so in a collection of each size\n"
    for rule in RULES:
        share = false.taken(rule).mean()
        scaled = " ".join(f"{share * size * (size - 1) / 2:10.1f}" for size in COLLECTIONS)
        counted = f"{int(false.taken(rule).sum()):4d} of {total}"
        yield f"  {rule.name:20} {true.taken(rule).mean():.4f} {counted} {scaled}\n"
    yield "recall where so many of the unrelated pairs pass (the score that does it)\n"
    scores = {"Comet, flat": (true.flat, false.flat), "Comet, sloped": (true.sloped, false.sloped)}
    scores |= {name: (true.rules[name], false.rules[name]) for name in true.rules}
    for name, (yes, no) in scores.items():
        edges = [(count, float(np.sort(no)[-count - 1])) for count in (1000, 100, 10, 1, 0)]
        yield f"  {name:14} " + ", ".join(f"{c}: {(yes > e).mean():.4f} ({e:.2f})" for c, e in edges) + "\n"


def main() -> None:
    """Print the figures."""
    if len(sys.argv) < 3:
        sys.exit("usage: python -m tests.benchmarks.bench_recall POOL.npz COPIES.npz FOLDER...")
    pool = load(sys.argv[1])
    if not os.path.exists(sys.argv[2]):
        save(sys.argv[2], make(pool, sys.argv[3:]))
    true, kinds = true_pairs(load(sys.argv[2]))
    false, null = false_pairs(pool)
    sys.stdout.write(f"q99 learned: {null.flat.q99:.2f} flat, {null.sloped.q99:.2f} sloped\n")
    sys.stdout.writelines(by_kind(true, kinds, null))
    sys.stdout.writelines(trade(true, false, null))


if __name__ == "__main__":
    main()
