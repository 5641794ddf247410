"""Which track stays, and why."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comet.core.model import IMPORTED, File, Track
from comet.decide.keeper import choose, reasons
from tests.unit.judge.made import track

LOSSLESS = track(1, lossless=True, duration=100.0, bitrate=1)
LONGER = track(2, duration=202.0, bitrate=1)
RICHER = track(3, duration=200.5, bitrate=320_000)
FINER = track(4, duration=200.5, bitrate=192_000, sample_rate=48_000)
LARGER = track(5, duration=200.5, bitrate=192_000, size=2000)
PLAIN = track(6, duration=200.5, bitrate=192_000)
ORDER = [LOSSLESS, LONGER, RICHER, FINER, LARGER, PLAIN]


@pytest.mark.parametrize(("better", "worse"), list(itertools.combinations(ORDER, 2)))
def test_order_of_weights(better: Track, worse: Track) -> None:
    """Lossless beats length beats bitrate beats sample rate beats size, from either side."""
    assert choose([better, worse]) == 0
    assert choose([worse, better]) == 1


def test_a_second_is_no_difference() -> None:
    """Lengths within one second of the longest are equal: the bitrate decides; silence at the ends is no length."""
    assert choose([track(1, duration=200.0, bitrate=320_000), track(2, duration=201.0, bitrate=128_000)]) == 0
    assert choose([track(1, duration=200.0, bitrate=320_000), track(2, duration=201.1, bitrate=128_000)]) == 1
    padded = track(2, duration=206.0, sound_start=6.0, bitrate=128_000)
    assert choose([track(1, duration=200.0, bitrate=320_000), padded]) == 0


def test_path_settles_the_rest() -> None:
    """Of tracks that are alike the first by path stays."""
    tracks = [track(1, "b.mp3"), track(1, "a.mp3"), track(1, "c.mp3")]
    assert choose(tracks) == 1
    assert reasons(tracks, 1) == ["otherwise alike, first by path"]


def test_nothing_to_choose_from() -> None:
    """Without tracks there is no keeper."""
    with pytest.raises(ValueError, match="nothing"):
        choose([])


def test_reasons_name_what_set_it_apart() -> None:
    """Each step at which others fell behind gives a sentence, and no other step does."""
    tracks = [
        track(1, lossless=True, duration=215.0, bitrate=900_000, sample_rate=96_000, size=24_000_000),
        track(2, lossless=True, duration=215.4, bitrate=900_000, size=24_000_000),
        track(3, duration=215.0, bitrate=320_000),
    ]
    assert reasons(tracks, 0) == ["lossless", "highest sample rate: 96 kHz"]


def test_reasons_in_figures() -> None:
    """Lengths, bitrates and sizes are told as people read them."""
    best = track(1, duration=250.0, bitrate=320_000, size=9_100_000)
    rivals = [
        track(2, duration=240.0, bitrate=320_000, size=9_100_000),
        track(3, duration=250.0, bitrate=128_000, size=9_100_000),
        track(4, duration=250.0, bitrate=320_000, size=9_000_000),
    ]
    assert reasons([best, *rivals], 0) == [
        "longest: 4:10 to be heard",
        "highest bitrate: 320 kbit/s",
        "largest file: 9.1 MB",
    ]


def test_keeper_against_the_order_gets_only_true_reasons() -> None:
    """A track chosen by hand is praised for nothing after the step at which it falls behind."""
    assert reasons([RICHER, LONGER, LOSSLESS], 1) == []
    assert reasons([LONGER, LOSSLESS, track(7, lossless=True, duration=100.0, bitrate=5)], 1) == ["lossless"]


def test_alone_needs_no_reason() -> None:
    """A single track stays without a reason."""
    assert choose([PLAIN]) == 0
    assert reasons([PLAIN], 0) == []


REFERENCE = track(8, "reference/x.mp3", duration=10.0, bitrate=8000, size=1)
INCOMING = track(9, "incoming/x.flac", lossless=True, duration=900.0, bitrate=1_000_000, size=9_000_000)


def role(found: Track) -> int:
    """Let the folder decide how a track counts."""
    return {b"reference": 1, b"incoming": -1}.get(found.file.path.partition(b"/")[0], 0)


def test_the_folder_outweighs_everything() -> None:
    """The worst track of a reference folder stays before the best one elsewhere, and incoming loses to all."""
    for one, other in itertools.permutations([REFERENCE, PLAIN, INCOMING], 2):
        better = max(one, other, key=role)
        assert choose([one, other], role) == [one, other].index(better)
    assert choose([REFERENCE, INCOMING]) == 1


def test_between_tracks_of_like_folders_quality_decides() -> None:
    """Two references, or two that just came in, are weighed as always."""
    finer = track(10, "reference/y.mp3", duration=10.0, bitrate=9000)
    assert choose([REFERENCE, finer, LOSSLESS], role) == 1
    other = track(11, "incoming/y.mp3", duration=900.0)
    assert choose([other, INCOMING], role) == 1


def test_the_folder_is_the_first_reason_where_it_told_them_apart() -> None:
    """And no reason where all lie in folders that count the same."""
    assert reasons([REFERENCE, LOSSLESS], 0, role) == ["in a reference folder"]
    assert reasons([INCOMING, PLAIN], 1, role) == ["the others lie in an incoming folder"]
    assert reasons([LOSSLESS, PLAIN, INCOMING], 0, role) == ["the others lie in an incoming folder", "lossless"]
    assert reasons([LOSSLESS, PLAIN], 0, role) == ["lossless"]
    assert reasons([REFERENCE, LOSSLESS], 1, role) == []


@st.composite
def tracks(draw: st.DrawFn) -> list[Track]:
    """Draw tracks that differ little."""
    return [
        track(
            n,
            size=draw(st.integers(1, 2)),
            lossless=draw(st.booleans()),
            duration=200 + draw(st.sampled_from([0.0, 0.7, 1.4])),
            bitrate=draw(st.integers(1, 2)),
            sample_rate=draw(st.sampled_from([44100, 48000])),
        )
        for n in range(1, draw(st.integers(2, 6)))
    ]


@given(tracks(), st.randoms(use_true_random=False))
def test_same_keeper_in_any_order(some: list[Track], chance: object) -> None:
    """The same track is chosen, for the same reasons, whatever the order; among several there is a reason."""
    mixed = some.copy()
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    one, other = choose(some), choose(mixed)
    assert some[one] == mixed[other]
    assert reasons(some, one) == reasons(mixed, other)
    assert len(some) == 1 or reasons(some, one)


def test_a_file_beats_an_imported_fingerprint() -> None:
    """Whatever else speaks for it, from either side: of what was imported there is nothing to keep."""
    better = replace(track(1, lossless=True, duration=900.0), file=File(IMPORTED.id, b"a", 0, 0), root=b"")
    assert choose([better, PLAIN]) == 1
    assert choose([PLAIN, better], lambda each: 1 if each.imported else -1) == 0
    assert reasons([better, PLAIN], 1) == ["the others are imported fingerprints, without a file"]
