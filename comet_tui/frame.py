"""The frame that somebody moves over a picture: a region in the picture's own pixels, and what keys make of it."""

from __future__ import annotations

import re
from dataclasses import replace

from comet.core.covers import Region, sides
from comet.core.errors import UsageError
from comet.core.text import _, safe

Shape = tuple[int, int] | None
"""Width to height, or None for any."""

SQUARE: Shape = (1, 1)
_MOST = 10_000
"""That a side of a ratio can be."""


def whole(width: int, height: int, shape: Shape) -> Region:
    """Return the largest region of a shape, in the middle of a picture of `width` x `height` pixels."""
    return shaped(Region(0, 0, width, height), shape)


def shaped(region: Region, shape: Shape) -> Region:
    """Return the largest part of a region that has a shape, in its middle."""
    if shape is None:
        return region
    wide, high = shape
    width = max(1, min(region.width, round(region.height * wide / high)))
    height = max(1, min(region.height, round(region.width * high / wide)))
    return Region(
        region.x + (region.width - width) // 2, region.y + (region.height - height) // 2, width, height
    )  # fmt: skip


def moved(region: Region, right: int, down: int, width: int, height: int) -> Region:
    """Return a region moved by so many pixels, as far as the picture goes."""
    x = max(0, min(region.x + right, width - region.width))
    y = max(0, min(region.y + down, height - region.height))
    return replace(region, x=x, y=y)


def sized(region: Region, wider: int, higher: int, shape: Shape, width: int, height: int) -> Region:
    """Return a region that is larger by so many pixels, its upper left corner staying; as far as the picture goes.

    Of a shape only one of both counts, and the other side follows.
    """
    most_wide, most_high = width - region.x, height - region.y
    if shape is None:
        return replace(
            region,
            width=max(1, min(region.width + wider, most_wide)),
            height=max(1, min(region.height + higher, most_high)),
        )
    wide, high = shape
    wanted = region.width + wider if wider else round((region.height + higher) * wide / high)
    fits = max(1, min(wanted, most_wide, most_high * wide // high))
    return replace(region, width=fits, height=max(1, min(most_high, round(fits * high / wide))))


def between(one: tuple[int, int], other: tuple[int, int], shape: Shape, width: int, height: int) -> Region:
    """Return the region between two points, in the shape; its corner stays at the first one."""
    x, y = min(one[0], other[0]), min(one[1], other[1])
    wide, high = abs(one[0] - other[0]) + 1, abs(one[1] - other[1]) + 1
    drawn = Region(x, y, min(wide, width - x), min(high, height - y))
    fits = shaped(drawn, shape)
    left = x if other[0] >= one[0] else x + drawn.width - fits.width
    top = y if other[1] >= one[1] else y + drawn.height - fits.height
    return replace(fits, x=left, y=top)


def typed(text: str, width: int, height: int) -> Region:
    """Return the region that four numbers tell: x, y, width and height.

    Raises:
        UsageError: they are no four numbers, or it is not inside the picture.
    """
    numbers = [int(each) for each in re.findall(r"\d{1,9}", text)]
    if len(numbers) != 4 or re.search(r"[^\d\s,x]", text):
        raise UsageError(_("`{text}` is no region: x y width height, in pixels").format(text=safe(text)))
    x, y, wide, high = numbers
    if not wide or not high or x + wide > width or y + high > height:
        told = _("{region} is not inside the picture of {sides}")
        raise UsageError(told.format(region=" ".join(map(str, numbers)), sides=sides(width, height)))
    return Region(x, y, wide, high)


def ratio(text: str) -> Shape:
    """Return the shape that is typed, such as 16:9; nothing is any.

    Raises:
        UsageError: it is no ratio.
    """
    if not text.strip():
        return None
    found = re.fullmatch(r"\s*(\d{1,5})\s*[:x/]\s*(\d{1,5})\s*", text)
    wide, high = (int(found[1]), int(found[2])) if found else (0, 0)
    if not (0 < wide <= _MOST and 0 < high <= _MOST):
        raise UsageError(_("`{text}` is no ratio: width and height, such as 16:9").format(text=safe(text)))
    return wide, high
