"""How much evidence is enough."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from comet.core.sampled import Sampled, Tail
from comet.judge.threshold import (
    FLAT,
    FLOOR,
    SLOPED,
    Null,
    among,
    comparisons,
    doubt,
    expected_false,
    learn,
    lines,
    outdated,
    p_value,
    quantile,
    similarity,
)

NULLS = st.builds(
    lambda flat, sloped: Null(Tail(flat, FLAT.fall), Tail(sloped, SLOPED.fall)),
    st.floats(4.0, 5.6),
    st.floats(4.4, 6.6),
)


def unrelated(count: int, q99: float, fall: float, more: tuple[float, ...] = ()) -> np.ndarray:
    """Return a histogram of pairs with a tail of this form, beginning at the median, and of some `more`."""
    z = q99 - fall * math.log(100) + fall * -np.log((np.arange(count) + 0.5) / count)
    bins = (np.concatenate([z, np.array(more)]) * 16).astype(int)
    return np.bincount(np.clip(bins, 0, 255), minlength=256).astype(np.int64)


def sampled(
    count: int, flat: float = 4.4, sloped: float = 5.3, more: tuple[float, ...] = (), audios: int = 1000
) -> Sampled:
    """Return what random pairs showed."""
    return Sampled(audios, unrelated(count, flat, 0.7, more), unrelated(count, sloped, 0.7, more))


@pytest.mark.parametrize("tail", [FLAT, SLOPED, Tail(5.2, 0.6)])
def test_one_percent_at_q99(tail: Tail) -> None:
    """By definition 1 % of unrelated pairs lie above q99, and 1/e of those one fall further on."""
    assert p_value(tail.q99, tail) == pytest.approx(0.01)
    assert p_value(tail.q99 + tail.fall, tail) == pytest.approx(0.01 / math.e)


@pytest.mark.parametrize(
    ("audios", "flat", "sloped"), [(1000, 12.9, 13.9), (10_000, 16.1, 17.1), (100_000, 19.3, 20.3), (10**6, 22.5, 23.5)]
)
def test_published_lines(audios: int, flat: float, sloped: float) -> None:
    """The lines for 0.1 false pairs are those of the tables that were measured, each 0.4 higher: half for each form."""
    assert tuple(lines(audios)) == pytest.approx((flat, sloped), abs=0.06)


def test_byte_copies_are_no_chance() -> None:
    """Infinite evidence leaves nothing to chance, however large the collection."""
    assert p_value(math.inf) == 0
    assert expected_false(math.inf, 10**12) == 0


def test_never_below_what_was_kept() -> None:
    """However small the collection or generous the user, the lines stay at the floor of correlating."""
    assert [lines(n) for n in (0, 1, 2, 5)] == [FLOOR] * 4
    assert lines(1000, 1e9) == FLOOR
    assert p_value(FLOOR.flat, FLAT) == pytest.approx(p_value(FLOOR.sloped, SLOPED), rel=0.02)


@pytest.mark.parametrize("accepted", [0.0, -1.0, math.nan])
def test_no_line_excludes_chance(accepted: float) -> None:
    """Zero false pairs, or fewer, cannot be asked for."""
    with pytest.raises(ValueError, match="above 0"):
        lines(1000, accepted)


@given(st.integers(100, 10**6), st.floats(1e-6, 100.0), NULLS)
def test_lines_expect_what_was_accepted(audios: int, accepted: float, null: Null) -> None:
    """Both forms together expect what was accepted, half each, or less where the floor holds one of them."""
    drawn = lines(audios, accepted, null)
    assert among(audios, drawn, null) <= accepted * 1.001
    for z, low, tail in zip(drawn, FLOOR, null, strict=True):
        assert z == low or comparisons(audios) * p_value(z, tail) == pytest.approx(accepted / 2)


@given(st.integers(100, 10**6), st.floats(1e-6, 100.0), NULLS)
def test_a_pair_at_the_line_expects_what_was_accepted(audios: int, accepted: float, null: Null) -> None:
    """The number that stands at a pair is what a line through it would let in, whichever form it has."""
    for z, low, tail in zip(lines(audios, accepted, null), FLOOR, null, strict=True):
        assert z == low or expected_false(z, comparisons(audios), tail) == pytest.approx(accepted)


@given(st.floats(-1e6, 1e6), st.floats(0, 1e3), st.integers(0, 10**6), st.sampled_from([FLAT, SLOPED]))
def test_more_evidence_less_chance(evidence: float, more: float, audios: int, tail: Tail) -> None:
    """Probability and expectation fall with evidence and stay within 0 to 1 and 0 to the number of pairs."""
    assert 0 <= p_value(evidence + more, tail) <= p_value(evidence, tail) <= 1
    assert 0 <= expected_false(evidence, comparisons(audios), tail) <= comparisons(audios)


def test_the_quantile_is_even_within_a_bin() -> None:
    """A hundred pairs of which one lies in the middle of the range above 4: half of a bin counts half."""
    counts = np.zeros(256, np.int64)
    counts[16], counts[64] = 98, 2
    assert quantile(counts) == pytest.approx(4 + 0.5 / 16)
    counts[16], counts[64] = 100, 0
    assert quantile(counts) == pytest.approx(1 + 0.99 / 16)


def test_learning_outweighs_the_prior_slowly() -> None:
    """Nothing sampled is the prior, 5 000 pairs are half of the way, a million nearly all of it."""
    assert learn(None) == Null(FLAT, SLOPED)
    assert learn(sampled(0)) == Null(FLAT, SLOPED)
    half, all_ = learn(sampled(5_000)), learn(sampled(1_000_000))
    assert (half.flat.q99, half.sloped.q99) == pytest.approx((4.6, 5.55), abs=0.02)
    assert (all_.flat.q99, all_.sloped.q99) == pytest.approx((4.4, 5.3), abs=0.02)
    assert (half.flat.fall, half.sloped.fall) == (0.70, 0.70)


@pytest.mark.parametrize("share", [0.005, 0.02, 0.2])
def test_pairs_that_belong_together_do_not_count(share: float) -> None:
    """True pairs among the random ones hardly move the line, even where they are far more than one percent."""
    copies = tuple(np.linspace(9.5, 60, round(20_000 * share)).tolist())
    clean, mixed = (tuple(lines(1000, 0.1, learn(sampled(20_000, more=more)))) for more in ((), copies))
    assert mixed == pytest.approx(clean, abs=0.05)
    assert quantile(sampled(20_000, more=copies).flat) > quantile(sampled(20_000).flat) + 0.2


def test_what_is_left_out_follows_from_what_was_learned() -> None:
    """Where unrelated pairs have less than is usual, copies are told from them lower down than the prior would."""
    copies = (8.45,) * 100
    clean, mixed = (learn(sampled(20_000, flat=4.0, more=more)).flat.q99 for more in ((), copies))
    assert mixed == pytest.approx(clean, abs=0.02)


@given(st.lists(st.integers(0, 400), min_size=256, max_size=256))
def test_learning_ends_on_anything(counts: list[int]) -> None:
    """Whatever the histogram, q99 lies between the prior and the largest evidence there is."""
    found = np.array(counts, np.int64)
    learnt = learn(Sampled(300, found, found[::-1]))
    assert 0 <= learnt.flat.q99 <= 16
    assert 0 <= learnt.sloped.q99 <= 16


def test_pairs_are_drawn_anew_after_a_tenth() -> None:
    """A tenth of the audios may come or go before what was learned is old."""
    assert outdated(None, 0)
    assert not outdated(sampled(1, audios=100), 110)
    assert not outdated(sampled(1, audios=100), 90)
    assert outdated(sampled(1, audios=100), 111)
    assert outdated(sampled(1, audios=100), 89)
    assert outdated(sampled(1, audios=0), 1)


def test_doubts() -> None:
    """Too few audios, or unrelated pairs unlike those of other collections in one form, make the number a guess."""
    usual = sampled(20_000)
    assert [doubt(usual, n) for n in (99, 100)] == ["few", ""]
    assert doubt(None, 1000) == "unlearned"
    assert [doubt(sampled(20_000, flat=q), 1000) for q in (3.9, 4.1, 5.5, 5.7)] == ["odd", "", "", "odd"]
    assert [doubt(sampled(20_000, sloped=q), 1000) for q in (4.3, 4.5, 6.5, 6.7)] == ["odd", "", "", "odd"]


def test_similarity_of_the_line() -> None:
    """Evidence over more words stands for less similarity; nothing is more alike than alike."""
    assert similarity(0.0, 900) == 0.5
    assert 0.5 < similarity(14.0, 900) < similarity(14.0, 225) < 1.0
    assert similarity(60.0, 40) == 1.0


@pytest.mark.parametrize(("fall", "odd"), [(0.5, ""), (0.65, ""), (0.9, "odd"), (1.2, "odd")])
def test_a_tail_that_is_too_heavy_is_odd(fall: float, odd: str) -> None:
    """The line counts on a fall of 0.7: where unrelated pairs fall off more slowly, it lets in more than it says."""
    counts = unrelated(20_000, 5.0, fall, ())
    assert doubt(Sampled(3000, counts, sampled(20_000).sloped), 3000) == odd


@pytest.mark.parametrize(("apart", "odd"), [(40, ""), (200, "odd")])
def test_more_apart_than_copies_explain_is_odd(apart: int, odd: str) -> None:
    """Six copies of each of 3 000 tracks may be; thirty are loops or drones, of which others lie below the line."""
    found = sampled(20_000, more=(20.0,) * apart)
    assert doubt(found, 3000) == odd
