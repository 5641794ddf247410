"""Pictures of every kind for tests, and what Pillow alone makes of them."""

from __future__ import annotations

import io
import os
import struct
import zlib
from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path

import numpy as np
from PIL import Image

from comet.core import pieces
from comet.core.acts import Content

Image.init()


def card(width: int = 90, height: int = 60) -> Image.Image:
    """Return a test card: no two of its corners, edges and lines are alike, and it has hard edges and soft ones."""
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    points = np.stack([x * 255 // width, y * 255 // height, (x // 7 + y // 5) % 2 * 200], axis=2)
    return Image.fromarray(points.astype(np.uint8))


def saved(image: Image.Image, kind: str, **how: object) -> bytes:
    """Return a picture as a file."""
    out = io.BytesIO()
    image.save(out, kind, **how)
    return out.getvalue()


def content(folder: Path, data: bytes, name: str = "picture") -> Content:
    """Write a picture and return it as a plan names it."""
    path = folder / name
    path.write_bytes(data)
    return Content(os.fsencode(path), pieces.digest([data]))


def deep_png(points: Sequence[Sequence[Sequence[int]]]) -> bytes:
    """Return a PNG with 16 bits a channel, which Pillow cannot write: rows of points of three numbers."""
    rows = b"".join(b"\0" + b"".join(struct.pack(">3H", *point) for point in row) for row in points)
    head = struct.pack(">IIBBBBB", len(points[0]), len(points), 16, 2, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def keyed_png(bits: int, key: Sequence[int], row: bytes) -> bytes:
    """Return a PNG of 8 x 8 points of so many bits, all rows alike, of which one colour, or grey, is transparent."""
    head = struct.pack(">IIBBBBB", 8, 8, bits, 2 if len(key) == 3 else 0, 0, 0, 0)
    parts = (
        (b"IHDR", head), (b"tRNS", struct.pack(f">{len(key)}H", *key)), (b"IDAT", zlib.compress((b"\0" + row) * 8)),
        (b"IEND", b""),
    )  # fmt: skip
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def claimed_webp(kind: bytes, side: int) -> bytes:
    """Return the header of a WebP of one of its three kinds that claims so many pixels each way."""
    claims = {
        b"VP8X": b"\0\0\0\0" + 2 * struct.pack("<I", side - 1)[:3],
        b"VP8L": b"\x2f" + struct.pack("<I", (side - 1) | (side - 1) << 14) + bytes(5),
        b"VP8 ": b"\x10\0\0\x9d\x01\x2a" + 2 * struct.pack("<H", side),
    }
    body = b"WEBP" + kind + struct.pack("<I", 10) + claims[kind]
    return b"RIFF" + struct.pack("<I", len(body)) + body


def deep_tiff(points: Sequence[Sequence[Sequence[int]]]) -> bytes:
    """Return such a TIFF."""
    data = b"".join(struct.pack("<3H", *point) for row in points for point in row)
    width, height, at = len(points[0]), len(points), 8 + len(data)
    tags = [
        (256, 3, 1, width), (257, 3, 1, height), (258, 3, 3, at), (259, 3, 1, 1), (262, 3, 1, 2), (273, 4, 1, 8),
        (277, 3, 1, 3), (278, 3, 1, height), (279, 4, 1, len(data)), (284, 3, 1, 1),
    ]  # fmt: skip
    listed = struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", *tag) for tag in tags) + bytes(4)
    return struct.pack("<2sHI", b"II", 42, at + 6) + data + struct.pack("<3H", 16, 16, 16) + listed


def chunk(name: bytes, data: bytes) -> bytes:
    """Return a chunk of PNG."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def claimed(width: int, height: int) -> bytes:
    """Return a PNG of a hundred bytes that claims so many pixels."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(b"\0")), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def profile(space: str, lab: Callable[..., tuple[int, int, int]], words: bytes = b"a test") -> bytes:
    """Return an ICC profile (v2, one table): `lab` gives L, a and b, 0 to 255, of each corner of a colour space."""
    count = {"GRAY": 1, "RGB ": 3, "CMYK": 4}[space]
    table = bytes(value for corner in product((0, 1), repeat=count) for value in lab(*corner))
    one = [struct.pack(">i", 65536 * (at % 4 == 0)) for at in range(9)]
    lut = b"mft1" + bytes(4) + bytes([count, 3, 2, 0]) + b"".join(one)
    lut += bytes(range(256)) * count + table + bytes(range(256)) * 3
    white = b"XYZ " + bytes(4) + struct.pack(">3i", 63190, 65536, 54061)
    desc = b"desc" + bytes(4) + struct.pack(">I", len(words) + 1) + words + bytes(80)
    blocks = {b"A2B0": lut, b"wtpt": white, b"desc": desc}
    at, body, listed = 128 + 4 + 12 * len(blocks), b"", b""
    for name, block in blocks.items():
        padded = block + bytes(-len(block) % 4)
        listed += name + struct.pack(">II", at + len(body), len(block))
        body += padded
    kind = b"prtr" if space == "CMYK" else b"scnr"
    head = struct.pack(">I4sI4s4s4s", at + len(body), b"    ", 0x02400000, kind, space.encode(), b"Lab ")
    head += bytes(12) + b"acsp" + bytes(28) + struct.pack(">3i", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + struct.pack(">I", len(blocks)) + listed + body
