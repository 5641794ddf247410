"""From words to a relation; words as in music but made up (real audio: tests/integration)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comet.core.model import SECONDS_PER_WORD, Audio, Relation, Verdict, Words
from comet.core.words import informative
from comet.judge.relation import _vertex, relate
from tests.unit.judge.made import SILENCE, audio, music, noisy, silence

A = music(1, 940)
B = music(2, 940)


def judge(a: Words, b: Words, offset: int = 0, *, first: Audio | None = None, second: Audio | None = None) -> Verdict:
    """Relate two tracks of these words, ordinary ones unless told."""
    return relate(first or audio(1, a), second or audio(2, b), a, b, offset)


def mirrored(verdict: Verdict) -> Verdict:
    """Return what the verdict must be with i and j exchanged."""
    return replace(
        verdict,
        i=verdict.j,
        j=verdict.i,
        offset=-verdict.offset,
        missing_i=verdict.missing_j,
        missing_j=verdict.missing_i,
    )


def test_copy_is_clearly_same() -> None:
    """A copy with few wrong bits everywhere is the same, clearly, with nothing missing."""
    verdict = judge(A, noisy(A, 0.02))
    assert (verdict.relation, verdict.clear, verdict.how, verdict.holder) == (Relation.SAME, True, "", 0)
    assert verdict.similarity == pytest.approx(0.98, abs=0.005)
    assert (verdict.overlap, verdict.missing_i, verdict.missing_j) == (940, 0, 0)


def test_doubtful_copy_is_to_check() -> None:
    """A copy whose worst 1.5 s lie between the two lines is the same, to check."""
    verdict = judge(A, noisy(A, 0.09))
    assert (verdict.relation, verdict.clear) == (Relation.SAME, False)
    assert 0.12 < verdict.worst <= 0.20


@pytest.mark.parametrize("seconds", [1.5, 3, 10])
def test_other_music_inside_is_altered(seconds: float) -> None:
    """Something else for 1.5 s or more in the middle is never the same."""
    stop = 400 + round(seconds / SECONDS_PER_WORD)
    verdict = judge(A, np.concatenate([A[:400], B[400:stop], A[stop:]]))
    assert (verdict.relation, verdict.how, verdict.clear) == (Relation.VARIANT, "altered", False)


def test_filter_over_everything_is_altered() -> None:
    """Wrong bits everywhere beyond the line: the same piece that sounds different."""
    verdict = judge(A, noisy(A, 0.22))
    assert (verdict.relation, verdict.how) == (Relation.VARIANT, "altered")


def test_common_intro_is_shared() -> None:
    """The same 20 s and then different music: they share a part."""
    assert judge(A, np.concatenate([A[:162], B[162:]])).relation is Relation.SHARES


def test_quote_elsewhere_is_shared() -> None:
    """20 s of one inside the other, at another place: they share a part."""
    quote = np.concatenate([B[:200], A[500:662], B[362:]])
    assert judge(A, quote, 300).relation is Relation.SHARES


def test_opposite_cuts_share() -> None:
    """One lacks its beginning, the other its end: neither contains the other."""
    verdict = judge(A[80:], A[:-80], -80)
    assert verdict.relation is Relation.SHARES
    assert (verdict.missing_i, verdict.missing_j) == pytest.approx((9.9, 9.9), abs=0.05)


@pytest.mark.parametrize(
    ("start", "stop", "missing"),
    [(0, 470, 58.2), (202, 940, 25.0), (100, 800, 17.3), (0, 930, 1.24)],
    ids=["first half only", "starts 25 s late", "both ends cut", "1.2 s cut off the end"],
)
def test_part_is_contained(start: int, stop: int, missing: float) -> None:
    """A track that lies inside another one is contained by it, and the worse end says how much is missing."""
    verdict = judge(A, A[start:stop], start)
    assert (verdict.relation, verdict.holder) == (Relation.CONTAINS, 1)
    assert (verdict.missing_i, verdict.missing_j) == pytest.approx((missing, 0), abs=0.05)


def test_looped_contains() -> None:
    """A track that plays twice contains the one that plays once."""
    verdict = judge(A, np.concatenate([A, A]))
    assert (verdict.relation, verdict.holder) == (Relation.CONTAINS, 2)


def test_half_a_second_is_not_missed() -> None:
    """Up to 0.5 s of music missing at an end, an encoder's padding, leaves it the same."""
    assert judge(A, A[:-4]).relation is Relation.SAME
    assert judge(A, A[:-5]).relation is Relation.CONTAINS


@pytest.mark.parametrize("speed", [1.005, 0.99])
def test_other_speed(speed: float) -> None:
    """Words that drift steadily: another speed, never the same."""
    verdict = judge(A, music(1, 940, speed=speed))
    assert (verdict.relation, verdict.how, verdict.clear) == (Relation.VARIANT, "speed", False)


def test_offsets_between_words() -> None:
    """The lowest point of the parabola through three error rates is found between the words; none at an edge."""
    rates = np.array([1.3, 0.3, -0.7]) ** 2
    assert _vertex(rates, 1) == pytest.approx(0.3)
    assert _vertex(rates, 2) == 0
    assert _vertex(np.array([0.2, 0.1, np.inf]), 1) == 0


def test_cut_inside() -> None:
    """A second cut out two thirds through: the ends stand at different offsets, the middle with one of them."""
    verdict = judge(A, np.concatenate([A[:620], A[628:]]))
    assert (verdict.relation, verdict.how) == (Relation.VARIANT, "cut")


def test_silence_before_is_no_music() -> None:
    """30 s of silence before the music: the same, since the decoder says that nothing audible is missing."""
    padded = np.concatenate([silence(243), A])
    quiet = audio(2, padded, sound_start=243 * SECONDS_PER_WORD)
    assert judge(A, padded, -243, second=quiet).relation is Relation.SAME
    assert judge(A, padded, -243).relation is Relation.CONTAINS


def test_music_against_silence_is_missing() -> None:
    """A minute of digital silence where the other one plays: the other one contains it."""
    muted = np.concatenate([A[:300], silence(300), A[600:]])
    verdict = judge(A, muted)
    assert (verdict.relation, verdict.holder) == (Relation.CONTAINS, 1)


def test_silence_says_nothing() -> None:
    """A minute of silence in both does not make the music after it alike."""
    verdict = judge(np.concatenate([silence(485), A[485:]]), np.concatenate([silence(485), B[485:]]))
    assert verdict.relation is Relation.SHARES
    assert verdict.similarity == pytest.approx(0.5, abs=0.03)


def test_drone_says_nothing() -> None:
    """Runs of 16 equal words and silence are missing, shorter runs are not."""
    words = np.concatenate([A[:5], np.full(16, 7), A[5:9], np.full(15, 8), [SILENCE]]).astype(np.uint32)
    assert np.flatnonzero(~informative(words)).tolist() == [*range(5, 21), 40]


def test_different_drones_speak_against_same() -> None:
    """Two drones that differ carry no evidence for a pair, but what holds them is not the same."""
    one, other = (np.concatenate([A[:800], np.full(140, word, np.uint32)]) for word in (0x0F0F0F0F, 0x33333333))
    assert judge(one, one).clear is True
    assert judge(one, other).relation is Relation.VARIANT


def test_limited_fingerprint_is_never_clear() -> None:
    """Where the words stop before the track does, a same is to check: nobody looked at the rest."""
    longer = audio(2, A, duration=300.0)
    first = audio(1, A, duration=300.0)
    assert judge(A, A, first=first, second=longer).clear is False
    assert judge(A, A, first=first, second=longer).relation is Relation.SAME
    assert judge(A, A).clear is True


def test_limited_fingerprint_knows_its_length() -> None:
    """Words limited to the same 120 s do not hide that one track goes on for 10 s more."""
    verdict = judge(A, A, first=audio(1, A, duration=300.0), second=audio(2, A, duration=310.0))
    assert (verdict.relation, verdict.holder) == (Relation.CONTAINS, 2)
    assert verdict.missing_j == pytest.approx(10.0)


def test_serial_numbers_do_not_matter() -> None:
    """Which audio was found first changes nothing but the numbers in the verdict."""
    first, second = audio(1, A), audio(2, A)
    changed = music(1, 940, speed=1.002)
    one = relate(first, second, A, changed, 0)
    other = relate(replace(first, serial=9), second, A, changed, 0)
    assert replace(other, i=1) == one


def test_no_overlap_is_no_same() -> None:
    """Tracks that do not touch at an offset share nothing that could be called same."""
    assert judge(A, A, 5000).relation is Relation.SHARES
    assert judge(A[:0], A[:0]).relation is Relation.SHARES


@st.composite
def edited(draw: st.DrawFn) -> Words:
    """Draw a track put together from pieces of two others, silence and drones, perhaps with noise or faster."""
    base = draw(st.sampled_from([A, music(1, 940, speed=1.01), B]))
    pieces = [base[: draw(st.integers(0, 940))]]
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, 900))
        source = draw(st.sampled_from([A, B, silence(940), np.full(940, 5, np.uint32)]))
        pieces.append(source[start : start + draw(st.integers(1, 400))])
    return noisy(np.concatenate(pieces), draw(st.sampled_from([0.0, 0.05, 0.1, 0.2])))


@given(
    edited(),
    edited(),
    st.integers(-1000, 1000) | st.integers(-3, 3),
    st.floats(0, 5),
    st.floats(0, 5),
    st.sampled_from([0.0, 30.0]),
)
@settings(max_examples=200, deadline=None)
def test_same_from_both_sides(
    a: Words, b: Words, offset: int, quiet_start: float, quiet_end: float, unseen: float
) -> None:
    """Whatever the tracks, exchanging them mirrors the verdict, and every figure stays in its range."""
    first = audio(1, a, sound_start=quiet_start)
    second = audio(2, b, sound_end=quiet_end)
    first = replace(first, duration=first.duration + unseen)
    verdict = relate(first, second, a, b, offset)
    assert relate(second, first, b, a, -offset) == mirrored(verdict)
    assert 0 <= verdict.similarity <= 1
    assert 0 <= verdict.worst <= 1
    assert min(verdict.missing_i, verdict.missing_j) >= 0
    assert (verdict.relation is Relation.CONTAINS) == (verdict.holder != 0)
    assert (verdict.relation is Relation.VARIANT) == (verdict.how != "")
    assert verdict.clear is False or (verdict.relation is Relation.SAME and verdict.worst <= 0.12)
