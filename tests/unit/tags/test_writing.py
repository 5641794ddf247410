"""Ogg's pages, made here: mutagen's own way takes half a minute for a large picture."""

from __future__ import annotations

import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mutagen import ogg

from comet.tags import writing

FULL = 255 * 255
"""Bytes that a page holds at most."""

_ogg: Any = ogg
LENGTHS = st.one_of(st.integers(0, 600), st.sampled_from([255, 510, FULL - 1, FULL, FULL + 1, 3 * FULL]))


def packets(lengths: list[int]) -> list[bytes]:
    """Return packets that are told apart."""
    return [bytes([number + 1]) * length for number, length in enumerate(lengths)]


def written(pages: list[Any]) -> list[Any]:
    """Return pages as they are read from a file."""
    stream = io.BytesIO(b"".join(page.write() for page in pages))
    return [_ogg.OggPage(stream) for _page in pages]


@given(st.lists(LENGTHS, min_size=1, max_size=4), st.lists(LENGTHS, min_size=1, max_size=4))
def test_packets_are_the_same_in_any_pages(lengths: list[int], before: list[int]) -> None:
    """Written and read they are what they were, in the fewest pages, and in pages like those of other packets."""
    wanted = packets(lengths)
    for pages in (writing._pages(wanted, 3), writing._pages_like(wanted, writing._pages(packets(before), 3))):
        assert _ogg.OggPage.to_packets(written(pages), strict=True) == wanted
        assert [page.sequence for page in pages] == list(range(3, 3 + len(pages)))
    segments = sum(length // 255 + 1 for length in lengths)
    assert len(_ogg.OggPage.from_packets(wanted)) == -(-segments // 255)


@pytest.mark.parametrize("rooms", [(16,) * 20, (2, 17), (255, 1)])
def test_pages_stay_as_they_are_full(rooms: tuple[int, ...]) -> None:
    """Packets of the same lengths take pages of the same lengths, whoever made them; longer ones no fewer."""
    lengths = [sum(rooms) * 255 - 700, 300]
    old = writing._pages(packets(lengths), 1, rooms)
    same = _ogg.OggPage._from_packets_try_preserve([bytes(length) for length in lengths], old)
    assert [page.size for page in same] == [page.size for page in old]
    longer = writing._pages_like([bytes(sum(rooms) * 255), bytes(300)], old)
    assert abs(len(longer) - len(old)) <= 1


def test_what_fits_into_one_page_stays_in_one() -> None:
    """A comment that grows renumbers no page behind it, as long as a page can hold it."""
    old = writing._pages([bytes(300)])
    assert len(writing._pages_like([bytes(60_000)], old)) == 1
