"""The nouns of covers, frozen: pictures, the part of one that is taken, and what is made of it.

Regions are in pixels of the picture as it is seen, that is upright (EXIF orientation applied), from its upper left
corner. What a picture is known by is `core.acts.Content`: a picture file, or music with that picture in its tags.
"""

from __future__ import annotations

from dataclasses import dataclass

from comet.core.acts import Content


@dataclass(frozen=True, slots=True)
class Region:
    """A part of a picture, in its pixels."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Form:
    """What a cover shall be made like."""

    region: Region | None = None
    """What is taken of the picture; None for all of it."""
    size: int = 0
    """Pixels that the longer side shall have; 0 where `least` and `most` decide."""
    least: int = 0
    """Pixels that both sides shall have at least, after dividing them by a whole number; 0 for any."""
    most: int = 0
    """Pixels that both sides shall have at most; 0 for any."""
    exact: bool = False
    """Where no whole number fits between these two, the nearest size that does is taken."""
    quality: int = 90
    """Of JPEG, 1 to 95."""
    subsampling: str = "4:4:4"
    """Of JPEG: `4:4:4`, `4:2:2` or `4:2:0`."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a picture is."""

    format: str
    """As Pillow calls it: JPEG, PNG, TIFF, WEBP, GIF, BMP."""
    width: int
    """Pixels, upright."""
    height: int
    pages: int
    bytes: int
    """Of the file, or of the picture in the tag."""
    traits: tuple[str, ...] = ()
    """What was treated on purpose, as words: `16 bit`, `CMYK`, `transparent`, `turned`, `progressive`."""


@dataclass(frozen=True, slots=True)
class Preview:
    """A picture made small, for a screen."""

    width: int
    height: int
    rgb: bytes
    """Three bytes a pixel, line by line."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A region that may be meant."""

    region: Region
    why: str
    """As words: `without its border`, `centred square`."""


@dataclass(frozen=True, slots=True)
class Made:
    """A cover that was made: a JPEG in sRGB."""

    content: Content
    """Where it lies until it is embedded, and its hash."""
    width: int
    height: int
    bytes: int
    region: Region
    """What was taken of the picture."""
    factor: float
    """By what its sides were divided: a whole number, or not where an exact size was asked for."""
