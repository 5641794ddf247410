"""A small library of music that nobody owns, to see Comet at work: six tunes, synthesised here, in many copies.

Everything that a collection holds is in it once: other formats, other names, a cut copy, a faster one, two tunes
with one intro, a silent file and a broken one. The same call makes the same sound on every machine.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from comet.core.text import _
from comet.listen.encode import write

RATE: Final = 48_000
"""Samples a second: the only rate that every encoder here takes."""

Sound = NDArray[np.float32]
"""Shape (n, 2), floats in -1..1."""

Channel = NDArray[np.float32]
"""Shape (n,)."""

_MAJOR: Final = (0, 2, 4, 5, 7, 9, 11)
_MINOR: Final = (0, 2, 3, 5, 7, 8, 10)


@dataclass(frozen=True, slots=True)
class Tune:
    """A piece of music as its recipe."""

    title: str
    key: int
    """MIDI number of the tonic, in the octave of the chords."""
    scale: tuple[int, ...]
    beats_a_minute: float
    chords: tuple[int, ...]
    """One step of the scale a bar, over and over; long, so that a tune is not like itself later on."""
    bars: int
    seed: int
    """Of the melody, the strum and the drums."""
    bright: float
    """How slowly the overtones fall off: 0.3 is a flute, 0.7 a harpsichord."""

    def pitch(self, step: int) -> int:
        """Return the MIDI number of a step of the scale, counted from the tonic."""
        octave, place = divmod(int(step), 7)
        return self.key + 12 * octave + self.scale[place]


NIGHT_TRAINS: Final = Tune("Night Trains", 57, _MINOR, 118, (0, 5, 2, 6, 3, 0, 4, 1, 5), 18, 1, 0.55)
PAPER_BOATS: Final = Tune("Paper Boats", 48, _MAJOR, 92, (0, 4, 5, 3, 1, 4, 2), 13, 2, 0.40)
HARBOUR_LIGHTS: Final = Tune("Harbour Lights", 54, _MAJOR, 104, (3, 0, 1, 5, 3, 4, 6, 2, 0), 17, 3, 0.65)
CLOCKWORK: Final = Tune("Clockwork", 52, _MINOR, 138, (0, 3, 4, 5, 1, 6, 2, 0, 5, 3), 20, 4, 0.50)
SNOWFALL: Final = Tune("Snowfall", 55, _MAJOR, 84, (0, 2, 5, 1, 4, 3), 12, 5, 0.35)
LANTERNS: Final = Tune("Lanterns", 50, _MINOR, 126, (0, 3, 6, 2, 5, 1, 4, 0), 16, 6, 0.60)
INTRO_SECONDS: Final = 10


def _note(midi: float, seconds: float, bright: float) -> Channel:
    """Return one plucked note: overtones, the higher the softer and the shorter."""
    t = np.arange(int(seconds * RATE), dtype=np.float32) / np.float32(RATE)
    turn = 2 * np.pi * 440.0 * 2.0 ** ((midi - 69) / 12) * t
    fall = bright * np.exp(-t * np.float32(0.9 / seconds))
    # sin(k x) from the two before it: one sine a note and not one an overtone
    before, wave, twice = np.zeros_like(t), np.sin(turn), 2 * np.cos(turn)
    sound, loud = wave.copy(), fall.copy()
    for _overtone in range(5):
        before, wave = wave, twice * wave - before
        sound += loud * wave
        loud *= fall
    edges = np.minimum(1, t * 200) * np.minimum(1, (np.float32(seconds) - t) * 50)
    return np.asarray(sound * edges, np.float32)


def _put(track: Channel, seconds: float, wave: Channel, loud: float) -> None:
    start = int(seconds * RATE)
    part = track[start : start + len(wave)]
    part += loud * wave[: len(part)]


def _chords(tune: Tune, track: Channel, random: np.random.Generator) -> None:
    """Add one chord a bar, broken into its notes in a new order each time, over a bass note."""
    beat = 60 / tune.beats_a_minute
    for bar in range(tune.bars):
        step = tune.chords[bar % len(tune.chords)]
        for number, third in enumerate(random.permutation((0, 2, 4, 7))):
            _put(track, (4 * bar + number) * beat, _note(tune.pitch(step + third), 1.6 * beat, tune.bright), 0.25)
        _put(track, 4 * bar * beat, _note(tune.pitch(step) - 12, 3.8 * beat, 0.3), 0.25)


def _melody(tune: Tune, track: Channel, random: np.random.Generator) -> None:
    """Add a walk along the scale, in half and whole beats with rests."""
    beat = 60 / tune.beats_a_minute
    at, step = 0.0, 7
    while at < 4 * tune.bars - 1.5:
        length = float(random.choice((0.5, 1.0, 1.0, 1.5)))
        step = int(np.clip(step + random.integers(-4, 5), 4, 16))
        if random.random() < 0.9:
            _put(track, at * beat, _note(tune.pitch(step), length * beat, tune.bright), 0.4)
        at += length


def _drums(tune: Tune, track: Channel, random: np.random.Generator) -> None:
    """Add a low knock on most beats and noise between them."""
    beat = 60 / tune.beats_a_minute
    t = np.arange(RATE // 8) / RATE
    knock = (np.sin(2 * np.pi * 40 * t * (1 + np.exp(-t * 40))) * np.exp(-t * 30)).astype(np.float32)
    hiss = (random.standard_normal(len(t)) * np.exp(-t * 60)).astype(np.float32)
    for number in range(4 * tune.bars):
        if random.random() < 0.8:
            _put(track, number * beat, knock, 0.3)
        _put(track, (number + 0.5) * beat, hiss, 0.05 + 0.05 * float(random.random()))


@cache
def play(tune: Tune) -> Sound:
    """Return the sound of a tune; it is not to be changed."""
    random = np.random.default_rng(tune.seed)
    length = int(4 * tune.bars * 60 / tune.beats_a_minute * RATE)
    chords, melody = np.zeros(length, np.float32), np.zeros(length, np.float32)
    _chords(tune, chords, random)
    _drums(tune, chords, random)
    _melody(tune, melody, random)
    both = np.stack((chords + 0.8 * melody, chords + 1.2 * melody), axis=1)
    sound: Sound = (0.8 * both / np.abs(both).max()).astype(np.float32)
    sound.setflags(write=False)
    return sound


def _half(tune: Tune) -> Sound:
    sound = play(tune)
    return sound[: len(sound) // 2]


def _faster(tune: Tune, ratio: float) -> Sound:
    sound = play(tune)
    at = np.arange(0, len(sound) - 1, ratio)
    return np.stack([np.interp(at, np.arange(len(sound)), sound[:, side]) for side in (0, 1)], axis=1).astype(
        np.float32
    )


def _same_intro(tune: Tune, other: Tune) -> Sound:
    """Return the beginning of one tune, then another one that is in no other file."""
    cut = INTRO_SECONDS * RATE
    return np.concatenate((play(tune)[:cut], play(other)[cut:]))


_THAW: Final = Tune("Thaw", 50, _MINOR, 96, (0, 4, 3, 6, 2), 13, 7, 0.5)
"""What `_same_intro` goes on with."""


def _silence() -> Sound:
    return np.zeros((20 * RATE, 2), np.float32)


@dataclass(frozen=True, slots=True)
class _Copy:
    """One file of the demo library."""

    path: str
    codec: str
    bitrate: int
    sound: Callable[[], Sound]
    title: str = ""
    artist: str = ""
    album: str = ""

    def write(self, path: str) -> None:
        tags = {"title": self.title, "artist": self.artist, "album": self.album}
        write(path, self.sound(), RATE, self.codec, self.bitrate, {name: text for name, text in tags.items() if text})


def _on_album(number: int, tune: Tune, codec: str, bitrate: int = 0) -> _Copy:
    ending = {"vorbis": "ogg", "aac": "m4a"}.get(codec, codec)
    path = f"Albums/Small Hours/{number:02} {tune.title}.{ending}"
    return _Copy(path, codec, bitrate, partial(play, tune), tune.title, "The Examples", "Small Hours")


_FILES: Final = (
    _on_album(1, NIGHT_TRAINS, "flac"),
    _on_album(2, PAPER_BOATS, "mp3", 192_000),
    _on_album(3, HARBOUR_LIGHTS, "flac"),
    _on_album(4, CLOCKWORK, "vorbis", 128_000),
    _on_album(5, SNOWFALL, "flac"),
    _on_album(6, LANTERNS, "aac", 128_000),
    _Copy(
        "Downloads/night_trains_128.mp3", "mp3", 128_000, partial(play, NIGHT_TRAINS), "night trains", "Examples, The"
    ),
    _Copy("Downloads/track07.ogg", "vorbis", 112_000, partial(play, NIGHT_TRAINS)),
    _Copy("Downloads/harbour lights (preview).mp3", "mp3", 128_000, partial(_half, HARBOUR_LIGHTS), "Preview"),
    _Copy("Downloads/clockwork (radio).mp3", "mp3", 128_000, partial(_faster, CLOCKWORK, 1.02), "Clockwork"),
    _Copy("Downloads/snowfall.mp3", "mp3", 128_000, partial(_same_intro, SNOWFALL, _THAW), "Snowfall"),
    _Copy("Phone/paper-boats.opus", "opus", 64_000, partial(play, PAPER_BOATS), "Paper Boats", "The Examples"),
    _Copy("Phone/Recording 0001.flac", "flac", 0, _silence),
    _Copy("Телефон/Ночные поезда.m4a", "aac", 96_000, partial(play, NIGHT_TRAINS), "Ночные поезда", "Примеры"),
)
_BYTE_COPY: Final = (_FILES[1].path, "Backup/Small Hours/02 Paper Boats (1).mp3")
_BROKEN: Final = (_FILES[5].path, "Downloads/lanterns (incomplete).m4a")
"""A download that ended early: M4A keeps its table of contents at the end, so nothing of it can be read."""


def make(folder: bytes | str) -> list[Path]:
    """Write the demo library into a folder and return its files; a file that is there already is left as it is."""
    top = Path(os.fsdecode(folder))
    with ThreadPoolExecutor() as pool:  # encoders leave Python's lock alone
        paths = list(pool.map(lambda copy: _once(top / copy.path, copy.write), _FILES))
    source, target = (top / name for name in _BYTE_COPY)
    paths.append(_once(target, lambda path: shutil.copyfile(source, path)))
    whole, broken = (top / name for name in _BROKEN)
    paths.append(_once(broken, lambda path: Path(path).write_bytes(whole.read_bytes()[:200_000])))
    return sorted(paths)


def _once(path: Path, fill: Callable[[str], Any]) -> Path:
    """Make a file whole or not at all, and never over another one."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        half = path.with_name(f".comet-{path.name}")
        fill(str(half))
        half.rename(path)
    return path


def explain() -> list[str]:
    """Return what should be found in the demo library and what should not, one sentence a line."""
    return [
        _("found: `Night Trains` four times, in four formats and under other names, one of them Cyrillic"),
        _("found: `Paper Boats` three times, one of them the same bytes"),
        _("told apart: a preview is the first half of `Harbour Lights`, so the whole one *contains* it"),
        _("told apart: another `Clockwork` runs 2 % faster, so it is a *variant*"),
        _("told apart: another `Snowfall` has its first ten seconds only, so the two *share* a part"),
        _("not found: `Lanterns` is there once, and its other file is an incomplete download that cannot be read"),
        _("not found: a silent recording has nothing that could be recognised"),
    ]
