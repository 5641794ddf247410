"""What the relation rule says of known changes: `python -m tests.benchmarks.bench_relation FOLDER`.

Tracks of 130 s and more, one folder after the other, are changed with FFmpeg in each of the ways below, and each change
is judged against the untouched track and against an mp3 of 64 kbit/s of it, as the whole line would (120 s decide
whether there is a relation at all). The table has one line a change; the first half of the tracks and the second half
are counted apart, so that what was chosen on one can be seen on the other. `--keep DIR` stores what was listened to, so
that the rule can be tried again without listening.
"""

from __future__ import annotations

import argparse
import os
import pickle
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from comet.collection import pairs
from comet.compare import extent, sample
from comet.core.model import Relation
from comet.judge import threshold
from comet.judge.relation import Whole
from comet.listen import audio

if TYPE_CHECKING:
    from comet.core.model import Verdict
    from comet.listen.audio import Listened

ENDINGS = (".mp3", ".flac", ".ogg", ".opus", ".m4a", ".wav")
SHORTEST, LONGEST = 130.0, 140.0
"""Seconds of a track that is taken, and how much of it."""
LEAST = 500_000
"""Bytes of a file that is asked how long it is."""
_FFMPEG = ("ffmpeg", "-v", "error", "-y", "-nostdin")
_SPOKEN = "The moon rises slowly over the quiet river and nobody remembers the name of the song we sang all night. "


@dataclass(frozen=True)
class Change:
    """A way to change a track, and what it should be called then."""

    name: str
    expected: str
    """Relation, or `how` of a variant; several with `|`; `not same` for anything else."""
    filters: str = "anull"
    """Of FFmpeg, with {h} for the middle, {l} the length, {a} and {b} the middle three quarters, all in seconds, and
    what is added, taken away or multiplied behind it."""
    encoder: tuple[str, ...] = ("-c:a", "pcm_s16le", ".wav")
    """Options, and the ending of the file."""
    graph: str = ""
    """Instead of filters: a graph from `[0:a]` the track, `[1:a]` another tune, `[2:a]` speech, to `[o]`."""


def _overlay(what: int, decibels: int, start: str = "{a}", stop: str = "{b}") -> str:
    voice = "aresample=44100,aformat=channel_layouts=stereo"
    gain = f"volume={{g{what}}}dB,volume={decibels}dB"
    mute = f"volume=0:enable='not(between(t,{start},{stop}))':eval=frame"
    return f"[{what}:a]{voice},{gain},{mute},apad[v];[0:a][v]amix=inputs=2:duration=first:normalize=0[o]"


def _joined(*pieces: str) -> str:
    """Return a graph that plays pieces, each (input, from, to), one after the other."""
    cut = "".join(f"[{p.split()[0]}:a]atrim={p.split()[1]}:{p.split()[2]}[p{n}];" for n, p in enumerate(pieces))
    return cut + "".join(f"[p{n}]" for n in range(len(pieces))) + f"concat=n={len(pieces)}:v=0:a=1[o]"


def _noise(decibels: int) -> str:
    made = f"anoisesrc=r=44100:c=white:d={{l}}:seed=1,volume={decibels}dB,volume={{n}}dB[n]"
    return f"{made};[0:a][n]amix=inputs=2:duration=first:normalize=0[o]"


def _muted(seconds: float) -> str:
    return f"volume=0:enable='between(t,{{h}},{{h+{seconds}}})'"


def _dropped(seconds: float) -> str:
    return f"aselect=not(between(t\\,{{h}}\\,{{h+{seconds}}}))"


def _mp3(kilobits: int) -> tuple[str, ...]:
    return ("-b:a", f"{kilobits}k", ".mp3")


def _opus(kilobits: int) -> tuple[str, ...]:
    return ("-c:a", "libopus", "-b:a", f"{kilobits}k", ".opus")


CHANGES = (
    *(Change(f"mp3 {rate}", "same", encoder=_mp3(rate)) for rate in (128, 64, 32)),
    *(Change(f"opus {rate}", "same", encoder=_opus(rate)) for rate in (32, 16)),
    Change("untouched", "same"),
    Change("mono", "same", "aformat=channel_layouts=mono"),
    Change("gain -9 dB", "same", "volume=-9dB"),
    Change("gain -24 dB", "same", "volume=-24dB"),
    Change("clipped 6 dB", "same", "volume=6dB,aformat=sample_fmts=s16"),
    Change("low-pass 8 kHz", "same", "lowpass=f=8000"),
    Change("fades 3 + 8 s", "same", "afade=t=in:d=3,afade=t=out:st={l-8}:d=8"),
    Change("silence 2 s before", "same", "adelay=2000:all=1"),
    Change("silence 3 s after", "same", "apad=pad_dur=3"),
    Change("noise -30 dB", "same", graph=_noise(-30)),
    Change("noise -20 dB", "same|altered", graph=_noise(-20)),
    Change("compressor", "same|altered", "acompressor=threshold=.05:ratio=6:makeup=4"),
    Change("high-pass 120 Hz", "same|altered", "highpass=f=120"),
    Change("high-pass 300 Hz", "altered|shares", "highpass=f=300"),
    Change("equaliser +-9 dB", "altered|same", "equalizer=f=100:t=q:w=1:g=9,equalizer=f=3000:t=q:w=1:g=-9"),
    Change("dropout 1 s", "not same", _muted(1)),
    Change("dropout 0.5 s", "not same", _muted(0.5)),
    Change("muted 3 s", "not same", _muted(3)),
    Change("muted 8 s", "not same", _muted(8)),
    Change("replaced 3 s", "not same", graph=_joined("0 0 {h}", "1 {h} {h+3}", "0 {h+3} {l}")),
    *(Change(f"cut out {s} s", "cut|shares", _dropped(s)) for s in (0.3, 1, 3, 10, 30)),
    Change("put in 5 s", "cut|shares", graph=_joined("0 0 {h}", "1 {h} {h+5}", "0 {h} {l}")),
    *(Change(f"start -{s} s", "contains|same", f"atrim=start={s}") for s in (0.3, 0.6)),
    *(Change(f"start -{s} s", "contains", f"atrim=start={s}") for s in (1.2, 3)),
    *(Change(f"end -{s} s", "contains|same", f"atrim=end={{l-{s}}}") for s in (0.3, 0.6)),
    *(Change(f"end -{s} s", "contains", f"atrim=end={{l-{s}}}") for s in (1.2, 3)),
    Change("a tenth off", "contains", "atrim=end={l*.9}"),
    Change("8 s off each end", "contains", "atrim=start=8:end={l-8}"),
    *(
        Change(f"speed {s:+} %", "speed", f"asetrate={round(44100 * (1 + s / 100))},aresample=44100")
        for s in (0.2, 0.5, 1, 2, 3, 4, -2, -4)
    ),
    *(Change(f"tempo {s:+} %", "speed", f"atempo={1 + s / 100}") for s in (0.5, 1, 2, 4, -2, -4)),
    Change("tune over it -6 dB", "not same", graph=_overlay(1, -6)),
    Change("tune over it -12 dB", "not same", graph=_overlay(1, -12)),
    Change("voice over it -6 dB", "not same", graph=_overlay(2, -6)),
    Change("voice over it -12 dB", "not same", graph=_overlay(2, -12)),
    Change("looped", "contains", graph=_joined("0 0 {l}", "0 0 {l}")),
    Change("medley", "shares", graph=_joined("0 0 {h}", "1 0 {h}")),
    Change("other intro 10 s", "contains", graph=_joined("1 0 10", "0 0 {l}")),
)  # fmt: skip


def run(*words: object) -> bytes:
    """Run a program and return what it writes."""
    return subprocess.run([str(word) for word in words], check=True, capture_output=True).stdout


def chosen(folder: str, count: int) -> list[str]:
    """Return files that are long enough, at most one more of each folder than of any other."""
    by_folder: dict[str, list[str]] = {}
    for top, _folders, names in sorted(os.walk(folder)):
        part = os.path.relpath(top, folder).split(os.sep)[0]
        by_folder.setdefault(part, []).extend(os.path.join(top, n) for n in names if n.lower().endswith(ENDINGS))
    # An order that has nothing to do with names, and is the same each time.
    left = [sorted(files, key=lambda path: zlib.crc32(path.encode())) for _part, files in sorted(by_folder.items())]
    found: list[str] = []
    while len(found) < count and any(left):
        for files in left:
            while files and len(found) < count:
                if _seconds(path := files.pop()) >= SHORTEST:
                    found.append(path)
                    break
    return found


def _seconds(path: str) -> float:
    """Return how long a file is, 0 where FFmpeg cannot tell."""
    if os.path.getsize(path) < LEAST:
        return 0.0
    asked = ["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", path]
    told = subprocess.run(asked, check=False, capture_output=True, text=True).stdout.strip()
    return float(told) if told and told != "N/A" else 0.0


def _loudness(path: str) -> float:
    """Return the level of a file, dBFS (RMS)."""
    told = subprocess.run(
        ["ffmpeg", "-nostdin", "-i", path, "-af", "volumedetect", "-f", "null", "-"],
        check=True, capture_output=True, text=True,
    ).stderr  # fmt: skip
    return float(told.split("mean_volume:")[1].split()[0])


def heard(names: tuple[str, str], speech: str) -> dict[str, Listened]:
    """Return what each change of a track sounds like; `names` are the track and another tune."""
    with tempfile.TemporaryDirectory() as folder:
        track, tune = (os.path.join(folder, name) for name in ("track.wav", "tune.wav"))
        for name, path in zip(names, (track, tune), strict=True):
            run(*_FFMPEG, "-t", LONGEST, "-i", name, "-map", "0:a:0", "-ac", 2, "-ar", 44100, path)
        length = (os.path.getsize(track) - 44) / 4 / 44100
        loud = _loudness(track)
        values = {
            "l": length, "h": length / 2, "a": length / 8, "b": length * 7 / 8, "n": loud + 4.8,
            "g1": loud - _loudness(tune), "g2": loud - _loudness(speech) if speech else 0,
        }  # fmt: skip
        found = {}
        for change in CHANGES:
            if "[2:a]" in change.graph and not speech:
                continue
            path = os.path.join(folder, "changed" + change.encoder[-1])
            run(*_FFMPEG, *_inputs(change, track, tune, speech), *_how(change, values), *change.encoder[:-1], path)
            found[change.name] = audio.listen(os.fsencode(path))
        return found


def _inputs(change: Change, track: str, tune: str, speech: str) -> Iterator[str]:
    """Yield the files that a change is made from, all up to the last one that it names."""
    last = max(number for number in range(3) if not number or f"[{number}:a]" in change.graph)
    for path in (track, tune, speech)[: last + 1]:
        yield from ("-i", path)


def _how(change: Change, values: dict[str, float]) -> list[str]:
    def filled(text: str) -> str:
        return re.sub(r"\{(\w+)(?:([-+*])([\d.]+))?\}", told, text)

    def told(place: re.Match[str]) -> str:
        value, sign, amount = values[place[1]], place[2] or "+", float(place[3] or 0)
        return f"{value * amount if sign == '*' else value - amount if sign == '-' else value + amount:.3f}"

    if change.graph:
        return ["-filter_complex", filled(change.graph), "-map", "[o]"]
    return ["-map", "0:a", "-af", filled(change.filters)]


def _work(kept: str, names: tuple[str, str], speech: str) -> dict[str, Listened]:
    """Return what `heard` does, from `kept` where it was stored there."""
    path = os.path.join(kept, f"{zlib.crc32(names[0].encode()):08x}.pickle") if kept else ""
    if path and os.path.exists(path):
        with open(path, "rb") as file:
            return pickle.load(file)  # type: ignore[no-any-return]  # noqa: S301 - written by the lines below
    found = heard(names, speech)
    if path:
        with open(path, "wb") as file:
            pickle.dump(found, file)
    return found


def listened(names: list[str], kept: str) -> Iterator[dict[str, Listened]]:
    """Yield what each track's changes sound like, two tracks at a time."""
    with tempfile.TemporaryDirectory() as folder, ProcessPoolExecutor(2) as pool:
        speech = os.path.join(folder, "speech.wav") if shutil.which("espeak-ng") else ""
        if speech:
            run("espeak-ng", "-w", speech, "-s", 140, _SPOKEN * 30)
        others = [names[(at + 5) % len(names)] for at in range(len(names))]
        for at, found in enumerate(pool.map(partial(_work, kept, speech=speech), zip(names, others, strict=True)), 1):
            sys.stderr.write(f"\r{at} of {len(names)} tracks ")
            yield found


def judged(one: Listened, other: Listened) -> Verdict | None:
    """Return the verdict over two recordings, None where the evidence of their starts is too weak."""
    found = sample.best(*(extent.opening(each.words, 120.0) for each in (one, other)), tails=threshold.Null())
    if found.evidence < (threshold.FLOOR.sloped if found.slope else threshold.FLOOR.flat):
        return None
    first, second = (
        Whole(replace(each.audio, serial=serial), each.words, each.quality.envelope)
        for serial, each in enumerate((one, other), 1)
    )
    return pairs.related(first, second)


def _said(verdict: Verdict | None) -> str:
    if verdict is None:
        return "not found"
    if verdict.relation is Relation.SAME and not verdict.clear:
        return "to check"
    return verdict.how or verdict.relation.value


def _measure(change: Change, verdict: Verdict) -> str:
    """Return what was measured beside the relation: percent of a speed, seconds of a cut."""
    if verdict.how == "speed":
        return f"{verdict.speed:.2f} %"
    if verdict.how == "cut" and len(verdict.parts) == 2:
        before, after = verdict.parts
        return f"{(after.i - before.i) - (after.j - before.j):.2f} s"
    return f"{max(verdict.missing_i, verdict.missing_j):.1f} s" if "contains" in change.expected else ""


COLUMNS = ("same", "to check", "altered", "speed", "cut", "contains", "shares", "not found")


def report(tracks: Iterable[dict[str, Listened]], count: int) -> Iterator[str]:
    """Yield the table: how often each change was called what, in the first and in the second half of the tracks."""
    halves: tuple[dict[str, Counter[str]], ...] = ({}, {})
    measured: dict[str, list[str]] = {}
    for number, track in enumerate(tracks):
        for change in CHANGES:
            for reference in ("untouched", "mp3 64"):
                if change.name in track and change.name != reference:
                    verdict = judged(track[reference], track[change.name])
                    halves[2 * number >= count].setdefault(change.name, Counter())[_said(verdict)] += 1
                    if verdict and (told := _measure(change, verdict)):
                        measured.setdefault(change.name, []).append(told)
    yield (
        f"{'change':22}{'expected':18}"
        + "".join(f"{name:>11}" for name in COLUMNS)
        + "   measured: least, median, most"
    )
    for change in CHANGES:
        one, other = (half.get(change.name, Counter()) for half in halves)
        cells = "".join(f"{f'{one[name]} {other[name]}' if one[name] or other[name] else '':>11}" for name in COLUMNS)
        yield f"{change.name:22}{change.expected:18}{cells}   {_middle(measured.get(change.name, []))}"


def _middle(told: list[str]) -> str:
    values = sorted((float(text.split()[0]), text) for text in told)
    if not values:
        return ""
    return ", ".join(text for _value, text in (values[0], statistics.median_low(values), values[-1]))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", help="music, in a folder for each source")
    parser.add_argument("--tracks", type=int, default=16, help="how many tracks are taken (16)")
    parser.add_argument("--keep", default="", metavar="DIR", help="store what was listened to, or take it")
    arguments = parser.parse_args()
    names = chosen(arguments.folder, arguments.tracks)
    for line in report(listened(names, arguments.keep), len(names)):
        sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
