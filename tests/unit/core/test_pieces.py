"""Contents told by pieces of another file: they are that content, they are taken back, and JSON keeps them."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comet.core.pieces import Kept, Piece, as_json, blocks, digest, from_json, length, reverse, through

MEGABYTE = 1 << 20


@contextmanager
def stored(content: bytes) -> Iterator[int]:
    """Yield the descriptor of a file with this content."""
    with tempfile.TemporaryFile() as stream:
        stream.write(content)
        stream.flush()
        yield stream.fileno()


def made(pieces: Sequence[Piece], content: bytes) -> bytes:
    """Return what pieces of a content stand for, as `blocks` reads it."""
    with stored(content) as source:
        return b"".join(blocks(pieces, source))


def plain(pieces: Sequence[Piece], content: bytes) -> bytes:
    """Return the same by cutting."""
    return b"".join(
        content[piece.start : piece.start + piece.size] if isinstance(piece, Kept) else piece for piece in pieces
    )


def told_by(content: bytes) -> st.SearchStrategy[list[Piece]]:
    """Return pieces of a content: kept ones anywhere, in any order, twice, beside and across each other, and new."""
    ends = st.lists(st.integers(0, len(content)), min_size=2, max_size=2).map(sorted)
    kept = ends.map(lambda pair: Kept(pair[0], pair[1] - pair[0]))
    return st.lists(kept | st.binary(max_size=20), max_size=8)


contents = st.binary(max_size=200)
both = contents.flatmap(lambda content: st.tuples(st.just(content), told_by(content)))


@given(both)
def test_pieces_are_a_content_and_are_taken_back(given_: tuple[bytes, list[Piece]]) -> None:
    """However the old file was cut and turned, every byte of it comes back out of the new one."""
    old, pieces = given_
    new = made(pieces, old)
    assert new == plain(pieces, old)
    assert len(new) == sum(map(length, pieces))
    with stored(old) as source:
        back = reverse(pieces, source, len(old))
    assert made(back, new) == old
    assert made(list(through(back, pieces)), old) == old


@given(both.flatmap(lambda pair: st.tuples(st.just(pair), told_by(plain(pair[1], pair[0])))))
def test_pieces_of_pieces_are_pieces(given_: tuple[tuple[bytes, list[Piece]], list[Piece]]) -> None:
    """What is told by a content that is told itself needs that content nowhere."""
    (old, inner), outer = given_
    assert plain(list(through(outer, inner)), old) == plain(outer, plain(inner, old))


@given(both)
def test_what_is_taken_back_holds_no_more_than_is_gone(given_: tuple[bytes, list[Piece]]) -> None:
    """The journal keeps the bytes that the new file lacks, and no other one."""
    old, pieces = given_
    there = set[int]().union(*(range(each.start, each.start + each.size) for each in pieces if isinstance(each, Kept)))
    with stored(old) as source:
        back = reverse(pieces, source, len(old))
    assert sum(len(piece) for piece in back if isinstance(piece, bytes)) == len(old) - len(there)


@given(both)
def test_the_journal_keeps_pieces(given_: tuple[bytes, list[Piece]]) -> None:
    """They go through JSON as they are, in ASCII."""
    text = json.dumps(as_json(given_[1]))
    assert text.isascii()
    assert from_json(json.loads(text)) == given_[1]


@given(contents, st.lists(st.integers(0, 200)))
def test_a_content_is_recognised_however_it_comes(content: bytes, cuts: list[int]) -> None:
    """The digest knows nothing of blocks, and one byte more makes another one."""
    edges = [0, *sorted(cuts), len(content)]
    parts = [content[start:end] for start, end in pairwise(edges)]
    assert digest(parts) == digest([content]) != digest([content, b"\0"])


def test_a_large_piece_comes_in_blocks() -> None:
    """No file has to fit into memory."""
    with stored(bytes(3 * MEGABYTE)) as source:
        found = [len(block) for block in blocks([Kept(5, 2 * MEGABYTE + 7), b"end"], source)]
    assert found == [MEGABYTE, MEGABYTE, 7, 3]


def test_a_file_that_was_cut_is_not_read_as_zeros() -> None:
    """Where a piece is not there any more there is no content."""
    with stored(b"abc") as source, pytest.raises(OSError, match="shorter"):
        list(blocks([Kept(1, 3)], source))
