"""Which files of the collection hold a recording that came from elsewhere. Only asks: nothing is stored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from comet.collection import pairs
from comet.collection.opened import Collection
from comet.compare import extent
from comet.core.job import Job
from comet.core.model import SECONDS_PER_WORD, Audio, Pair, Relation, Stage, Track, Words
from comet.core.words import informative
from comet.judge import threshold
from comet.judge.relation import Whole


@dataclass(frozen=True, slots=True)
class Sound:
    """A recording that is asked for: its whole fingerprint, and what judging has to know beside it."""

    words: Words
    """Shape (n,), uint32."""
    duration: float
    """Seconds, as all that follow."""
    sound_start: float = 0.0
    """Before its first sound."""
    sound_end: float = 0.0
    """After its last one."""
    hash: str = ""
    """Audio hash, empty where it is not known."""
    envelope: bytes = b""
    """Level of each second (`core.measures.Quality`), empty where it is not known."""


@dataclass(frozen=True, slots=True)
class Owner:
    """A file that belongs to a sound that was asked for, and how."""

    track: Track
    relation: Relation
    clear: bool
    holder: str
    """Of a *contains*: `old` if this file contains the sound, `new` if the sound contains this file; else empty."""
    how: str
    """Of a *variant*: `speed`, `cut` or `altered`; else empty."""
    similarity: float
    offset: float
    """Seconds by which the sound starts after this file does."""
    overlap: float
    """Seconds."""
    evidence: float | None
    """None where the file holds the very audio."""
    p_value: float
    """Probability that an unrelated recording shows at least this much evidence."""
    expected_false: float
    """How many of all that it was compared with would do so if none were related."""


def owned(collection: Collection, sounds: Sequence[Sound], job: Job) -> list[list[Owner]]:
    """Return for each sound the files of the collection that belong to it: those of its very audio, then by evidence.

    Every sound is compared with every audio that can be compared, at every offset. Those whose evidence reaches the
    line that holds for this collection are judged on whole fingerprints.

    Args:
        collection: Scanned; it need not be correlated.
        sounds: Those that are not `recognisable` can only have owners of their very audio.
        job: Hears how far it is.

    Raises:
        Stopped: the job was asked to.
    """
    from comet.compare import search  # noqa: PLC0415 - compiled kernels are needed only here

    serials, line = collection.comparable(), pairs.line(collection)
    with job.stage(Stage.CORRELATE, len(serials) * len(sounds)) as advance:
        found = search.search(
            collection.cache.words(serials),
            [sound.words for sound in sounds],
            floors=(line.evidence, line.sloped),
            tails=line.null,
            seconds=collection.profile.settings.correlate.sample,
            advance=advance,
        )
    roots = {root.id: root.path for root in collection.scanned_roots()}
    owners = []
    for sound, some in zip(sounds, found, strict=True):
        known = collection.cache.audio(sound.hash) if sound.hash else None
        mine = [copy(track) for track in _files(collection, roots, known)] if known else []
        wholes = pairs.wholes(collection, [pair.i for pair in some])
        for pair in some:
            whole = wholes.get(pair.i)
            if whole and whole.audio.hash != sound.hash:
                tracks = _files(collection, roots, whole.audio)
                mine += related(pair, whole, sound, tracks, line.audios, line.null)
        owners.append(mine)
    return owners


def among(collection: Collection, words: Sequence[Words], job: Job) -> list[list[Pair]]:
    """Compare fingerprints with each other, each pair once, and return for each its pairs with those before it.

    Single ones are compared with their neighbours, then twos with twos, fours with fours: so most of the work is in
    large pieces, which are shared among the cores.

    Args:
        collection: Its line is the least evidence of a pair.
        words: Whole fingerprints, each of shape (n,), uint32.
        job: Hears how far it is.

    Returns:
        Pairs with `i` the place of the earlier one in `words`, surest first.

    Raises:
        Stopped: the job was asked to.
    """
    from comet.compare import search  # noqa: PLC0415 - compiled kernels are needed only here

    found: list[list[Pair]] = [[] for _words in words]
    line, seconds = pairs.line(collection), collection.profile.settings.correlate.sample
    floors = line.evidence, line.sloped
    size = 1
    with job.stage(Stage.CORRELATE, len(words) * (len(words) - 1) // 2) as advance:
        while size < len(words):
            for middle in range(size, len(words), 2 * size):
                before = [(at, words[at]) for at in range(middle - size, middle)]
                wanted = words[middle : middle + size]
                some = search.search(before, wanted, floors=floors, tails=line.null, seconds=seconds, advance=advance)
                for at, more in enumerate(some, middle):
                    found[at] += more
            size *= 2
    return [sorted(some, key=lambda pair: (-pair.evidence, pair.i)) for some in found]


def _files(collection: Collection, roots: Mapping[str, bytes], audio: Audio) -> list[Track]:
    """Return the files under the profile's roots that hold an audio."""
    files = collection.cache.holding(audio.hash)
    return [Track(file, audio, roots[file.root]) for file in files if file.root in roots]


def recognisable(words: Words, seconds: float) -> bool:
    """Tell whether so much of a fingerprint's first `seconds` carries evidence that it can be compared at all."""
    return int(informative(extent.opening(words, seconds)).sum()) >= extent.MINIMUM


def copy(track: Track) -> Owner:
    """Return a file that holds the very audio."""
    return Owner(
        track, Relation.SAME, clear=True, holder="", how="", similarity=1.0, offset=0.0, overlap=track.audio.duration,
        evidence=None, p_value=0.0, expected_false=0.0,
    )  # fmt: skip


def related(
    pair: Pair,
    known: Whole,
    sound: Sound,
    tracks: Iterable[Track],
    audios: int,
    null: threshold.Null,
) -> Iterator[Owner]:
    """Judge a pair on whole fingerprints, and yield each of the `tracks` that hold the known audio.

    Args:
        pair: As `compare.search` found it.
        known: The known one.
        sound: The one that was asked for.
        tracks: Files that hold the audio.
        audios: How many the sound was compared with.
        null: Of the collection.
    """
    verdict = pairs.related(known, Whole(_audio(sound, pair.j), sound.words, sound.envelope))
    holder = "" if not verdict.holder else "new" if verdict.holder == pair.j else "old"
    tail = null.tail(sloped=pair.sloped)
    p_value = threshold.p_value(pair.evidence, tail)
    expected = threshold.expected_false(pair.evidence, audios, tail)
    for track in tracks:
        yield Owner(
            track,
            verdict.relation,
            verdict.clear,
            holder,
            verdict.how,
            verdict.similarity,
            verdict.offset * SECONDS_PER_WORD + 0.0,
            verdict.overlap * SECONDS_PER_WORD,
            pair.evidence,
            p_value,
            expected,
        )


def _audio(sound: Sound, serial: int) -> Audio:
    """Return a sound as judging takes it; what that does not ask for is left empty."""
    return Audio(
        hash=sound.hash, codec="", container="", sample_rate=0, channels=0, bits=0, bitrate=0, lossless=False,
        duration=sound.duration, claimed=0.0, sound_start=sound.sound_start, sound_end=sound.sound_end,
        decode_errors=0, words=len(sound.words), serial=serial,
    )  # fmt: skip
