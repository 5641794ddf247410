"""How large a cover comes out: whole numbers first, an exact size where that is asked for, never larger unawares."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comet.core.covers import Form, Region, is_square, reduced
from comet.core.errors import NoFactorError
from comet.core.sections import CoversSettings

SIDES = st.integers(1, 20_000)


@given(SIDES, SIDES, st.integers(0, 1500), st.integers(0, 1500))
def test_a_whole_number_brings_both_sides_between(width: int, height: int, least: int, more: int) -> None:
    """The smallest that does; where none does, no other one would have, and it is said what can be had."""
    most = least + more
    fits = [
        by
        for by in range(1, max(width, height) + 1)
        if min(width, height) // by >= max(least, 1) and max(width, height) <= by * (most or max(width, height))
    ]
    if fits:
        found = reduced(width, height, Form(least=least, most=most))
        assert (found.squares(Region(0, 0, width, height)) is not None, found.factor) == (True, fits[0])
        assert (found.width, found.height) == (width // fits[0], height // fits[0])
    else:
        with pytest.raises(NoFactorError) as caught:
            reduced(width, height, Form(least=least, most=most))
        nearest = caught.value.nearest
        assert max(nearest) == min(max(width, height), most or max(width, height))
        assert reduced(width, height, Form(least=least, most=most, exact=True))[:2] == nearest


@given(SIDES, SIDES, st.integers(1, 10_000))
def test_an_exact_size_is_that_of_the_longer_side(width: int, height: int, size: int) -> None:
    """The other one keeps the proportion to half a pixel; a smaller picture is enlarged only where that is asked."""
    longer = max(width, height)
    if size > longer:
        with pytest.raises(NoFactorError) as caught:
            reduced(width, height, Form(size=size))
        assert (caught.value.nearest, caught.value.enlarges) == ((width, height), True)
        assert reduced(width, height, Form(size=size, exact=True)) == (width, height, 1)
    found = reduced(width, height, Form(size=size, enlarge=True))
    assert max(found.width, found.height) == size
    assert abs(min(found.width, found.height) - max(1, min(width, height) * size / longer)) <= 0.5
    assert found.factor == longer / size
    if taken := found.squares(Region(0, 0, width, height)):
        assert (taken.width, taken.height) == (found.width * found.factor, found.height * found.factor)
        assert (taken.width <= width, taken.height <= height) == (True, True)


@pytest.mark.parametrize(
    ("sides", "form", "wanted"),
    [
        ((3000, 3000), Form(least=600, most=1200), (1000, 1000, 3)),
        ((1300, 1300), Form(least=1000, most=1200), "no whole number divides"),
        ((1300, 1300), Form(least=1000, most=1200, exact=True), (1200, 1200, 1300 / 1200)),
        ((500, 400), Form(least=600, most=1200), "no side may be below 600"),
        ((500, 400), Form(least=600, most=1200, enlarge=True), (750, 600, 500 / 750)),
        ((5000, 700), Form(least=600, most=1200), "its sides are too different"),
        ((700, 700), Form(least=600), (700, 700, 1)),
        ((7001, 7000), Form(most=1000), (875, 875, 8)),
    ],
)
def test_what_comes_out(sides: tuple[int, int], form: Form, wanted: object) -> None:
    """Of sizes that there are; where nothing fits, the sentence says which rule stands in the way."""
    if isinstance(wanted, str):
        with pytest.raises(NoFactorError, match=wanted):
            reduced(*sides, form)
    else:
        assert reduced(*sides, form) == wanted


def test_settings_that_contradict_each_other_still_make_a_good_cover() -> None:
    """Where `most` is below `least`, the latter is meant: a smaller one would be a poor cover."""
    form = Form.of(CoversSettings(least=600, most=500, quality=80, subsampling="4:2:0"))
    assert form == Form(least=600, most=600, quality=80, subsampling="4:2:0")


def test_a_square_is_in_the_middle() -> None:
    """Also of a region that lies anywhere, and a hundredth more or less is still one."""
    assert Region(10, 20, 41, 30).squared == Region(15, 20, 30, 30)
    assert (is_square(1000, 991), is_square(1000, 980)) == (True, False)
