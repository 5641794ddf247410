"""The door to Pillow: how large a picture is, by its header.

Nothing is decoded, so a header that claims a billion pixels costs nothing. Pictures are untrusted: as all of tags they
are looked at in worker processes only (`comet.tags.reading`).
"""

from __future__ import annotations

import io
import logging
import struct
import warnings
from typing import Final

FORMATS: Final = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF")
"""Kinds of pictures that are written into tags (`pictures`); Pillow would try forty more."""


def pixels(data: bytes) -> tuple[int, int]:
    """Return width and height of a picture; 0 and 0 where its header is none, damaged or claims too much."""
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415 - half a second, and most files have no picture

    logging.getLogger("PIL").setLevel(logging.CRITICAL)  # it complains of damage on standard error
    damaged = (UnidentifiedImageError, OSError, ValueError, TypeError, SyntaxError, struct.error, IndexError, KeyError)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of damaged metadata
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
                return picture.size
        except (*damaged, OverflowError, Image.DecompressionBombError, Image.DecompressionBombWarning):
            return 0, 0
