"""The nouns of covers, frozen: pictures, the part of one that is taken, and what is made of it.

Regions are in pixels of the picture as it is seen, that is upright (EXIF orientation applied), from its upper left
corner. What a picture is known by is `core.acts.Content`: a picture file, or music with that picture in its tags.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import NamedTuple

from comet.core.acts import Content
from comet.core.errors import NoFactorError
from comet.core.sections import CoversSettings
from comet.core.text import _, grouped


@dataclass(frozen=True, slots=True)
class Region:
    """A part of a picture, in its pixels."""

    x: int
    y: int
    width: int
    height: int

    @property
    def squared(self) -> Region:
        """The largest square in its middle."""
        side = min(self.width, self.height)
        return Region(self.x + (self.width - side) // 2, self.y + (self.height - side) // 2, side, side)


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
    enlarge: bool = False
    """It may be made larger than it is."""
    quality: int = 90
    """Of JPEG, 1 to 95."""
    subsampling: str = "4:4:4"
    """Of JPEG: `4:4:4`, `4:2:2` or `4:2:0`."""

    @classmethod
    def of(cls, own: CoversSettings) -> Form:
        """Return what settings say of it; no cover is smaller than a good one."""
        return cls(
            least=own.least, most=max(own.least, own.most), quality=own.quality, subsampling=own.subsampling
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Look:
    """What a picture is."""

    format: str
    """As Pillow calls it: JPEG, PNG, TIFF, WEBP, GIF, BMP, MPO (several JPEG in one)."""
    width: int
    """Pixels, upright."""
    height: int
    pages: int
    bytes: int
    """Of the file, or of the picture in the tag."""
    traits: tuple[str, ...] = ()
    """What is treated on purpose, as words: `16 bit`, `CMYK`, `transparent`, `turned`, `colour profile` and so on."""

    @property
    def square(self) -> bool:
        """Its sides are alike, but for a hundredth that scanning or cutting left."""
        return is_square(self.width, self.height)


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


@dataclass(frozen=True, slots=True)
class Offer:
    """A picture that lies near."""

    content: Content
    label: str
    """Its name, or in which files it is and as what, made safe."""
    look: Look


class Reduced(NamedTuple):
    """How large a region comes out."""

    width: int
    height: int
    factor: float
    """By what both sides are divided; below 1 it is enlarged."""

    def squares(self, region: Region) -> Region | None:
        """Return what of a region each point is the mean of a whole square of; None where it has to be resampled."""
        width, height = int(self.width * self.factor), int(self.height * self.factor)
        fits = self.factor == int(self.factor) and width <= region.width and height <= region.height
        return replace(region, width=width, height=height) if fits else None


def is_square(width: int, height: int) -> bool:
    """Tell whether two sides are alike, but for a hundredth."""
    return abs(width - height) * 100 <= max(width, height)


def reduced(width: int, height: int, form: Form) -> Reduced:
    """Return how large a region of these sides comes out in a form.

    The smallest whole number that brings both sides to `form.most` or below is the factor, which keeps most of it; what
    does not fill a whole square at the right and lower edge is left out.

    Raises:
        NoFactorError: that leaves a side below `form.least`, or it would have to be enlarged.
    """
    longer = max(width, height)
    if form.size:
        if form.size > longer and not (form.exact or form.enlarge):
            told = _("it has {is_} pixels, and {wanted} would enlarge it")
            told = told.format(is_=sides(width, height), wanted=grouped(form.size))
            raise NoFactorError(told, nearest=(width, height), enlarges=True)
        return _fitted(width, height, form.size if form.enlarge else min(form.size, longer))
    most = form.most or longer
    factor = max(1, -(-longer // most))
    if min(width, height) // factor >= max(1, form.least):
        return Reduced(width // factor, height // factor, factor)
    return _nearest(width, height, form, most)


def _nearest(width: int, height: int, form: Form, most: int) -> Reduced:
    """Return the nearest size that fits where no whole number does, or raise it as of `reduced`."""
    longer, shorter = max(width, height), min(width, height)
    nearest = _fitted(width, height, min(longer, most))
    small = longer <= most
    if small and form.enlarge:
        nearest = _fitted(width, height, min(most, math.ceil(form.least * longer / shorter)) if form.most else longer)
    if form.exact or (small and form.enlarge):
        return nearest
    between = {"least": grouped(form.least), "most": grouped(most), "is_": sides(width, height)}
    if small:
        told = _("it has {is_} pixels, and no side may be below {least}")
    elif min(nearest[:2]) < form.least:
        told = _("its sides are too different: of {is_} pixels no size is between {least} and {most} both ways")
    else:
        told = _("no whole number divides {is_} pixels so that both sides are between {least} and {most}")
    raise NoFactorError(told.format(**between), nearest=nearest[:2], enlarges=small)


def _fitted(width: int, height: int, longest: int) -> Reduced:
    """Return the size whose longer side is `longest` pixels."""
    longer = max(width, height)
    small = max(1, (2 * min(width, height) * longest + longer) // (2 * longer))
    wide, high = (longest, small) if width >= height else (small, longest)
    return Reduced(wide, high, longer / longest)


def sides(width: int, height: int) -> str:
    """Return a size in pixels for a person."""
    return _("{width} x {height}").format(width=grouped(width), height=grouped(height))
