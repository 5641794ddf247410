"""A draft behaves as the file would, writes nothing, and tells what is kept of it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mutagen._util import delete_bytes, insert_bytes

from comet.core.pieces import Kept, Piece, blocks, reverse, through
from comet.tags.draft import Draft

MEGABYTE = 1 << 20
PLACES = st.integers(0, 700)


@contextmanager
def drafted(content: bytes) -> Iterator[tuple[Draft, FileIO]]:
    """Yield a draft of a file that can only be read, and a real file with the same content."""
    with tempfile.NamedTemporaryFile() as old, tempfile.TemporaryFile(buffering=0) as real:
        for stream in (old, real):
            stream.write(content)
            stream.flush()
        real.seek(0)
        source = os.open(old.name, os.O_RDONLY)
        try:
            yield Draft(source, b"x.mp3"), real
            assert os.pread(source, len(content) + 1, 0) == content
        finally:
            os.close(source)


def whole(draft: Draft) -> bytes:
    """Return all of a draft."""
    draft.seek(0)
    return draft.read()


def new_bytes(pieces: list[Piece]) -> int:
    """Return how many bytes stand in pieces themselves."""
    return sum(len(piece) for piece in pieces if isinstance(piece, bytes))


# what is done: each to the draft and to the real file, with what came of it


def _seek(file: Any, offset: int, whence: int) -> object:  # noqa: ANN401 - a draft or a file, as in all that follow
    try:
        return file.seek(offset, whence)
    except OSError:
        return "refused"


def _moved(file: Any, start: int, size: int, to: int) -> object:  # noqa: ANN401
    file.seek(start)
    taken = file.read(size)
    file.seek(to)
    return taken, file.write(taken)


def _patched(file: Any, start: int, size: int, at: int) -> object:  # noqa: ANN401
    file.seek(start)
    taken = bytearray(file.read(size))
    taken[at : at + 1] = b"!"
    file.seek(start)
    return file.write(taken)


steps = st.one_of(
    st.tuples(st.just(_seek), st.integers(-50, 700), st.sampled_from([os.SEEK_SET, os.SEEK_CUR, os.SEEK_END])),
    st.tuples(st.just(lambda file, size: file.read(size)), st.integers(-1, 300)),
    st.tuples(st.just(lambda file, data: file.write(data)), st.binary(max_size=100)),
    st.tuples(st.just(lambda file, size: file.truncate(size)), st.none() | PLACES),
    st.tuples(st.just(_moved), PLACES, st.integers(0, 300), PLACES),
    st.tuples(st.just(_patched), PLACES, st.integers(0, 300), st.integers(0, 299)),
)
olds = st.binary(max_size=200) | st.integers(200, 600).map(lambda size: bytes(at % 251 for at in range(size)))


@settings(max_examples=400)
@given(olds, st.lists(steps, max_size=20))
def test_a_draft_behaves_as_a_file(old: bytes, done: list[tuple[Any, ...]]) -> None:
    """Whatever is read, written, moved and cut: the same answers, the same content, and the way back."""
    with drafted(old) as (draft, real):
        for call, *given_ in done:
            assert call(draft, *given_) == call(real, *given_)
            assert (draft.tell(), draft.size) == (real.tell(), os.fstat(real.fileno()).st_size)
        pieces = draft.pieces
        assert whole(draft) == os.pread(real.fileno(), draft.size, 0)
        back = reverse(pieces, draft._source, len(old))
        assert b"".join(blocks(back, real.fileno())) == old
        assert b"".join(blocks(list(through(back, pieces)), draft._source)) == old


@given(olds, st.lists(steps, max_size=20))
def test_pieces_are_as_few_as_can_be(old: bytes, done: list[tuple[Any, ...]]) -> None:
    """None is empty, no two that are new stand side by side, and none goes on where the one before ended."""
    with drafted(old) as (draft, _real):
        for call, *given_ in done:
            call(draft, *given_)
        assert all(piece.size if isinstance(piece, Kept) else piece for piece in draft.pieces)
        for one, other in pairwise(draft.pieces):
            assert isinstance(one, Kept) or isinstance(other, Kept)
            assert not (isinstance(one, Kept) and isinstance(other, Kept) and one.start + one.size == other.start)


@pytest.mark.parametrize("change", [insert_bytes, delete_bytes])
def test_what_is_moved_is_not_held(change: Any) -> None:  # noqa: ANN401 - mutagen's
    """All behind a tag moves by a little; only what is new is in memory."""
    old = os.urandom(3 * MEGABYTE)
    with drafted(old) as (draft, real):
        for file in (draft, real):
            change(file, 5000, 100)
            file.seek(100)
            file.write(b"new")
        assert whole(draft) == os.pread(real.fileno(), draft.size, 0)
        assert new_bytes(draft.pieces) == 3
        assert len(draft.pieces) <= 4


def test_a_page_with_another_number_is_kept_but_for_that() -> None:
    """Ogg writes all pages anew whose number changes: what is the same in them is kept."""
    page = os.urandom(8192)
    with drafted(page) as (draft, _real):
        draft.write(page[:18] + b"\0\0\0\7sums" + page[26:])
        assert new_bytes(draft.pieces) == 26
        assert draft.size == len(page)


def test_what_its_owner_changes_later_stays_as_it_was_written() -> None:
    """A buffer may be used again."""
    with drafted(b"") as (draft, _real):
        draft.write(buffer := bytearray(b"one"))
        buffer[:] = b"two"
        assert whole(draft) == b"one"
