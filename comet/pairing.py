"""Two files compared with each other, scanned or not. Only asks."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from comet.collection import pairs
from comet.collection.pairs import FilePair, Line
from comet.compare import extent
from comet.core.errors import FileError
from comet.core.job import Job
from comet.core.model import File, Pair, Track
from comet.core.sections import Settings
from comet.core.text import _, safe
from comet.judge import threshold
from comet.judge.relation import Whole, strip
from comet.library import scan
from comet.listen.fingerprint import hear

if TYPE_CHECKING:
    from comet.core.model import Audio, Words

_TELLING: Final = 1.0
"""Percent of speed from which on pitch and tempo can be told apart: of 80 copies at 1 to 4 % 79 were told rightly, of
those at 0.7 % all with their pitch moved, but only one of ten with their tempo alone."""
_PITCH: Final = 1.1
"""Evidence of a pair after the faster file was slowed down and lowered, over that before: 1.5 to 4 where its pitch had
moved too, 0.6 to 0.9 where only its tempo had."""


_ALONE: Final = Line(2, 0.0, *threshold.FLOOR, 0.0, threshold.Null(), "")
"""What two files alone are held against: the lowest line of any collection."""


def compare(a: str, b: str, settings: Settings, line: Line = _ALONE) -> tuple[FilePair, bool, list[float | None]]:
    """Listen to two files and compare them; return the pair, whether it reaches the line, and how they differ.

    What their relation would be is only worth something if it does. How they differ is the bit error rate of each word
    (`SECONDS_PER_WORD`) of the pair's first file, None where the other one has nothing to it. Of two speeds b is
    listened to once more at the speed of a, which tells whether its pitch has moved with its tempo.

    Raises:
        FileError: one of them cannot be used.
    """
    from comet.compare import sample  # noqa: PLC0415 - compiled kernels are needed only here

    files = [_file(name) for name in (a, b)]
    (track_a, one), (track_b, other) = _heard(files, settings)
    if one.audio.hash == other.audio.hash:
        shown = pairs.copies(track_a, track_b, as_given=True)
        return shown, True, strip(one.words, other.words, shown.parts, shown.speed)

    def aligned(words: Words) -> sample.Best:
        first, second = (extent.opening(each, settings.correlate.sample) for each in (one.words, words))
        return sample.best(first, second, threshold.Null())

    found = aligned(other.words)
    pair = Pair(1, 2, found.offset, found.overlap, found.error, found.evidence, found.slope != 0)
    match = pairs.match(pair, pairs.related(one, other), line)
    shown = pairs.file_pair(match, track_a, track_b, as_given=True)
    counts = line.reached(pair)
    if counts and shown.how == "speed" and abs(shown.speed) >= _TELLING:
        ((_track, slowed),) = _heard(files[1:], settings, shown.speed)
        shown = replace(shown, pitch=aligned(slowed.words).evidence > _PITCH * found.evidence)
    return shown, counts, strip(one.words, other.words, shown.parts, shown.speed)


def _file(name: str) -> tuple[bytes, File]:
    path = os.path.abspath(os.fsencode(name))
    try:
        return path, scan.file_at(path)
    except OSError as error:
        raise FileError(safe(name), error.strerror or str(error)) from error


def _heard(files: list[tuple[bytes, File]], settings: Settings, speed: float = 0.0) -> list[tuple[Track, Whole]]:
    heard_all = hear(dict(files), settings, Job(), speed=speed)
    found: dict[bytes, tuple[Track, Whole]] = {}
    for serial, (path, file) in enumerate(dict(files).items(), 1):
        heard = heard_all[path]
        if heard.audio is None or heard.words is None or heard.error:
            raise FileError(safe(path), heard.error or _("it is not music"))
        audio: Audio = replace(heard.audio, serial=serial)
        whole = Whole(audio, heard.words, heard.quality.envelope if heard.quality else b"")
        found[path] = Track(file, audio, os.path.dirname(path)), whole
    return [found[path] for path, _file in files]
