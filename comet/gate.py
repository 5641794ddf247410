"""Files beside the collection: two of them compared, or new ones with all that the collection has."""

from __future__ import annotations

import os
from dataclasses import replace

from comet.collection import pairs
from comet.collection.pairs import FilePair
from comet.compare import extent
from comet.core.errors import FileError
from comet.core.model import Match, Pair, Track, Words
from comet.core.settings import Settings
from comet.core.text import _, safe
from comet.judge import threshold
from comet.library import scan


def compare_files(a: str, b: str, settings: Settings) -> tuple[FilePair, bool]:
    """Listen to two files and compare them; return the pair and whether its evidence counts.

    What their relation would be is only worth something if it does.

    Raises:
        FileError: one of them cannot be used.
    """
    from comet.compare import sample  # noqa: PLC0415 - compiled kernels are needed only here

    (track_a, words_a), (track_b, words_b) = _heard(a, b, settings)
    if track_a.audio.hash == track_b.audio.hash:
        return pairs.copies(track_a, track_b), True
    found = sample.best(
        extent.opening(words_a, settings.correlate.sample), extent.opening(words_b, settings.correlate.sample)
    )
    pair = Pair(1, 2, found.offset, found.overlap, found.error, found.evidence)
    verdict = pairs.related(track_a.audio, track_b.audio, words_a, words_b)
    p_value = threshold.p_value(pair.evidence)
    match = Match(pair, verdict, p_value, threshold.expected_false(pair.evidence, 2))
    return pairs.file_pair(match, track_a, track_b), pair.evidence >= threshold.FLOOR


def _heard(a: str, b: str, settings: Settings) -> list[tuple[Track, Words]]:
    from comet.listen.fingerprint import Wanted, limits, listen_all  # noqa: PLC0415 - the decoder is needed only here

    wanted = []
    for name in (a, b):
        path = os.path.abspath(os.fsencode(name))
        try:
            wanted.append(Wanted(scan.file_at(path), path, identify_first=False))
        except OSError as error:
            raise FileError(safe(name), error.strerror or str(error)) from error
    found: dict[bytes, tuple[Track, Words]] = {}
    for heard in listen_all(wanted, lambda _hash: False, **limits(settings)):
        path = heard.wanted.path
        if heard.audio is None or heard.words is None or heard.error:
            raise FileError(safe(path), heard.error or _("it is not music"))
        serial = 1 if path == wanted[0].path else 2
        audio = replace(heard.audio, serial=serial)
        found[path] = Track(heard.wanted.file, audio, os.path.dirname(path)), heard.words
    return [found[item.path] for item in wanted]
