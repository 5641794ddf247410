"""The kernels against their definition, word by word."""

from __future__ import annotations

import platform
from pathlib import Path

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comet.compare import candidates, kernels, limit, postings, ready, slopes
from comet.compare.extent import HOUR, LONG, opening
from comet.compare.sample import align, prepare
from comet.core.words import SILENCE, informative
from tests import naive_compare as naive
from tests.unit.compare.words import TAILS, flat, tracks


@given(tracks(), tracks(), st.sampled_from([1, 10, 40]), st.sampled_from([0, 1, 7, 23, 200]))
@settings(max_examples=400)
def test_equals_definition(a: np.ndarray, b: np.ndarray, minimum: int, span: int) -> None:
    """Offset, overlap, error and evidence are those of the definition, with everything that may be missing."""
    found = flat(a, b, minimum, span)
    curve = naive.curve(a, b, minimum, span)
    if not curve:
        assert found == (0, 0, 0.5, 0.0, 0.0)
        return
    assert found.evidence == pytest.approx(max(curve.values()), abs=2e-5)
    assert found.evidence == pytest.approx(curve[found.offset], abs=2e-5)
    overlap, error = naive.at(a, b, found.offset)
    assert (found.overlap, found.error) == (overlap, pytest.approx(error))


@given(tracks(), tracks(), st.sampled_from([0, 25]))
@settings(max_examples=300)
def test_mirror(a: np.ndarray, b: np.ndarray, span: int) -> None:
    """The other way round it is the same evidence to the last bit, at the opposite offset (of equals, at its equal)."""
    one, two = flat(a, b, 5, span), flat(b, a, 5, span)
    assert one.evidence == two.evidence
    assert abs(one.offset) == abs(two.offset)
    if one.offset != -two.offset:
        curve = naive.curve(a, b, 5, span)
        assert curve[one.offset] == pytest.approx(curve[-two.offset], abs=2e-5)


@pytest.mark.parametrize(("a", "b"), [(0, 40), (1, 1), (39, 39), (39, 500), (40, 39)])
def test_too_short(a: int, b: int) -> None:
    """Less than 40 words in common say nothing."""
    rng = np.random.default_rng(1)
    words = rng.integers(0, 2**32, 500, dtype=np.uint32)
    assert flat(words[:a], words[:b]) == (0, 0, 0.5, 0.0, 0.0)


def test_all_missing() -> None:
    """Silence and frozen tracks are like nothing, not even themselves."""
    silence = np.full(300, SILENCE, np.uint32)
    assert flat(silence, silence).overlap == 0
    assert flat(np.full(300, 7, np.uint32), np.full(300, 7, np.uint32)).overlap == 0


def test_tie_is_broken_towards_zero() -> None:
    """Of offsets with equal evidence the nearest to 0 is taken, then the smaller."""
    rng = np.random.default_rng(2)
    song = rng.integers(0, 2**32, 50, dtype=np.uint32)
    gap = np.full(60, SILENCE, np.uint32)
    assert flat(np.concatenate([song, gap, song]), song).offset == 0
    assert flat(np.concatenate([song, gap, song]), np.concatenate([gap, song])).offset == 50
    assert flat(np.concatenate([song, gap, gap[:50], song]), np.concatenate([gap, gap[:20], song])).offset == -80


@given(st.lists(st.tuples(st.sampled_from([SILENCE, 1, 2]), st.integers(1, 20)), max_size=8))
def test_informative(runs: list[tuple[int, int]]) -> None:
    """Silence and rows of 16 or more equal words are missing, rows of 15 are not."""
    words = np.array([value for value, count in runs for _ in range(count)], np.uint32)
    assert informative(words).tolist() == naive.informative(words).tolist()


@given(st.lists(tracks(), max_size=6))
@settings(max_examples=100)
def test_tracks_are_made_ready(made: list[np.ndarray]) -> None:
    """Missing words are 0, runs are where the others stand together, means are theirs; each track for itself."""
    sample = prepare(enumerate(made))
    for at, words in enumerate(made):
        good = naive.informative(words)
        assert sample.words[sample.offsets[at] : sample.offsets[at + 1]].tolist() == (words * good).tolist()
        runs = sample.runs[sample.run_offsets[at] : sample.run_offsets[at + 1]].tolist()
        edges = np.flatnonzero(np.diff(good, prepend=False, append=False))
        assert runs == edges.reshape(-1, 2).tolist()
        assert sample.means[at].tolist() == naive.means(words)
    assert sample.longest == max(map(len, made), default=0)


def test_opening() -> None:
    """120 s are 969 words; over 15 minutes the whole track enters, up to an hour."""
    words = np.zeros(40_000, np.uint32)
    assert len(opening(words[:5000])) == 969
    assert len(opening(words[:LONG])) == 969
    assert len(opening(words[: LONG + 1])) == LONG + 1
    assert len(opening(words)) == HOUR == 29_070
    assert len(opening(words[:500])) == 500
    assert len(opening(words[:900], seconds=60)) == 484


def test_hour_fits() -> None:
    """Two hours of noise that agree at the far end are aligned, and offset and evidence fit a record."""
    rng = np.random.default_rng(3)
    a = rng.integers(0, 2**32, HOUR, dtype=np.uint32)
    b = np.concatenate([a[-60:], rng.integers(0, 2**32, HOUR, dtype=np.uint32)])
    found = align(a, b, TAILS)
    assert found.offset == HOUR - 60
    same = align(a, a, TAILS)
    assert (same.offset, same.overlap, same.error) == (0, HOUR, 0.0)
    assert same.evidence * 32 < 65534


_OPTIONS = {"nogil": True, "boundscheck": False, "error_model": "numpy"}


def _all_kernels() -> dict[str, numba.core.dispatcher.Dispatcher]:
    rooms = (candidates, kernels, limit, postings, ready, slopes)
    every = [value for room in rooms for value in vars(room).values()]
    found = [value for value in every if isinstance(value, numba.core.dispatcher.Dispatcher)]
    return {f"{kernel.py_func.__module__}.{kernel.py_func.__name__}": kernel for kernel in found}


def test_every_kernel_lets_threads_run() -> None:
    """Every kernel releases the lock, is kept on disk, and was compiled for stated types only."""
    found = _all_kernels()
    assert {
        f"comet.compare.{name}" for name in ("kernels.pairs", "limit.count", "postings.count", "ready.tracks")
    } <= set(found)
    for kernel in found.values():
        assert kernel.targetoptions["nogil"]
        assert kernel._cache.__class__.__name__ != "NullCache"
        assert len(kernel.signatures) == 1
        assert not kernel._can_compile


def test_population_count_is_a_vector() -> None:
    """Where the processor counts the bits of a vector of words at once, the kernel does."""
    info = Path("/proc/cpuinfo")
    if platform.machine() != "x86_64" or not info.exists() or "avx512_vpopcntdq" not in info.read_text():
        pytest.skip("this processor has no vector population count")
    fresh = numba.njit("void(uint32[::1], uint32[::1], int64, int64, uint32[::1])", **_OPTIONS)(
        kernels.agreement.py_func
    )
    assert "vpopcntd" in fresh.inspect_asm(fresh.signatures[0])
