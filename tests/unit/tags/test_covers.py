"""How large pictures are: by their headers, whatever these claim."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from comet.tags.covers import FORMATS, pixels


def drawn(kind: str) -> bytes:
    """Return a picture of 33 x 44 points."""
    out = io.BytesIO()
    Image.new("RGB", (33, 44)).save(out, kind)
    return out.getvalue()


DRAWN = {kind: drawn(kind) for kind in FORMATS}


@pytest.mark.parametrize("kind", FORMATS)
def test_width_and_height_of_each_kind(kind: str) -> None:
    """As every kind that is written into tags has them in its header, of which nothing else is needed."""
    assert pixels(DRAWN[kind]) == (33, 44)
    if kind in {"JPEG", "PNG", "GIF"}:
        assert pixels(DRAWN[kind][: len(DRAWN[kind]) - 10]) == (33, 44)


def test_what_claims_too_much_is_none() -> None:
    """A billion points in a hundred bytes, and a kind that nobody writes."""
    head = b"IHDR" + struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    ends = [struct.pack(">I", len(part) - 4) + part + struct.pack(">I", zlib.crc32(part)) for part in (head, b"IEND")]
    assert pixels(b"\x89PNG\r\n\x1a\n" + b"".join(ends)) == (0, 0)
    assert pixels(b"P6 33 44 255 " + bytes(33 * 44 * 3)) == (0, 0)
    assert pixels(b"") == (0, 0)


@given(st.sampled_from(FORMATS), st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=8))
def test_damage_is_no_error(kind: str, damage: list[tuple[int, int]]) -> None:
    """Any bytes of a picture may be others."""
    data = bytearray(DRAWN[kind])
    for at, byte in damage:
        data[at % len(data)] = byte
    width, height = pixels(bytes(data))
    assert width >= 0 <= height
