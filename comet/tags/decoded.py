"""The other door to Pillow: a picture opened, refused where it takes too much, and decoded, in a worker process.

What is decoded stays as it is, upside down and in its own colours (`treated` draws it), so that a picture takes hardly
more memory than its own points. The last one is kept for what is asked of it next.
"""

from __future__ import annotations

import contextlib
import io
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

from PIL import ExifTags, Image, ImageChops, ImageCms, UnidentifiedImageError
from PIL.Image import Transpose
from PIL.TiffImagePlugin import BITSPERSAMPLE, ROWSPERSTRIP, TILELENGTH, TILEWIDTH

from comet.core.acts import Content
from comet.core.covers import Look, Region, sides
from comet.core.errors import DecodeError, RefusedError
from comet.core.pieces import Kept, blocks, digest
from comet.core.text import N_, _, grouped, safe, size
from comet.tags import codec
from comet.tags.covers import FORMATS
from comet.tags.pictures import mime_of
from comet.tags.shaping import MEMORY

BUDGET: Final = MEMORY - (24 << 20)
"""Bytes that a picture may take: libraries and bands take the rest."""
_LONGEST: Final = 1 << 30
"""Bytes of a file that is read."""
_DAMAGED: Final = (
    OSError, ValueError, TypeError, SyntaxError, struct.error, IndexError, KeyError, EOFError,
    OverflowError, AttributeError, ZeroDivisionError, AssertionError, ImageCms.PyCMSError,
)  # fmt: skip
"""What Pillow raises on damage: its own errors, and those that it did not foresee."""
_SCALES: Final = (1, 2, 4, 8)
"""By what the decoder of JPEG can divide while it decodes."""
TURNS: Final = {
    2: Transpose.FLIP_LEFT_RIGHT, 3: Transpose.ROTATE_180, 4: Transpose.FLIP_TOP_BOTTOM, 5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270, 7: Transpose.TRANSVERSE, 8: Transpose.ROTATE_90,
}  # fmt: skip
"""What makes a picture upright, by its EXIF orientation."""
LYING: Final = (5, 6, 7, 8)
"""Orientations of which width and height change places."""
NONE: Final = N_("it is no JPEG, PNG, GIF, WebP, BMP or TIFF, nor music with this picture in it")
_ALIKE: Final = 3
"""By so much of 255 a colour may become another one where a profile is sRGB after all: tables are rounded."""
SMALLER: Final = N_("make it smaller in another program first")
_FRAMES: Final = 16
"""Bytes a point where frames are drawn over each other: the points, the last frame, the one before, and a copy."""
_KEYS: Final = {"L;2": (3, 85), "L;4": (15, 17)}
"""The largest grey of those of few bits, and by what they are multiplied while they are decoded."""


@dataclass(slots=True)
class Drawable:
    """A picture that is decoded, or of which only the header is read."""

    image: Image.Image
    look: Look
    orientation: int
    transform: Any
    """To sRGB; None where there is nothing to do."""
    scale: int = 1
    """By what it was divided while it was decoded."""
    held: int = 0
    """Bytes of a file that is held in memory: it was in a tag."""
    top: float = 0.0
    """What is white, where a point is a number that is larger than a byte."""

    @property
    def taken(self) -> int:
        """Bytes that its decoded points take, and the file that is held."""
        return _stored(self.image) * self.image.width * self.image.height + self.held

    @property
    def whole(self) -> Region:
        """All of it, in its pixels."""
        return Region(0, 0, self.look.width, self.look.height)


last: dict[tuple[Content, int], Drawable] = {}


class _Bounded(io.BufferedReader):
    """A file of which no more is read than there is, whatever a picture claims: room is made for that before."""

    def read(self, size: int | None = -1, /) -> bytes:
        left = max(0, os.fstat(self.fileno()).st_size - self.tell())
        return super().read(left if size is None or size < 0 else min(size, left))


@contextlib.contextmanager
def source(content: Content) -> Iterator[tuple[BinaryIO, int]]:
    """Open a picture file, or the picture in music, and yield it with its length in bytes."""
    with codec.opened(content.path) as stream:
        if not mime_of(stream.read(16)):
            data = codec.picture(content.path, content.hash)
            if not data:
                raise refused(_(NONE))
            yield io.BytesIO(data), len(data)
            return
        count = length(stream)
        if digest(blocks([Kept(0, count)], stream.fileno())) != content.hash:
            raise refused(_("it was changed since it was looked at"))
        with _Bounded(io.FileIO(stream.fileno(), closefd=False)) as bounded:
            bounded.seek(0)
            yield bounded, count


def length(stream: BinaryIO) -> int:
    """Return the length of a picture file in bytes, which is not too much."""
    count = stream.seek(0, io.SEEK_END)
    if count > _LONGEST:
        told = _("it takes {size}, and no more than {most} of a picture are read")
        raise refused(told.format(size=size(count), most=size(_LONGEST)), _(SMALLER))
    return count


@contextlib.contextmanager
def guarded() -> Iterator[None]:
    """Let what Pillow raises inside be damage."""
    try:
        yield
    except UnidentifiedImageError as error:
        raise DecodeError("", _("it is damaged: its header cannot be read")) from error
    except _DAMAGED as error:
        told = _("it is damaged, or not complete: {why}")
        raise DecodeError("", told.format(why=safe(str(error) or type(error).__name__))) from error


@contextlib.contextmanager
def opened(content: Content, page: int) -> Iterator[Drawable]:
    """Open a picture at one of its pages; what Pillow raises inside is damage."""
    with source(content) as (stream, count), guarded():
        _refuse_large_webp(stream, count)
        with Image.open(stream, formats=FORMATS) as image:
            pages = int(getattr(image, "n_frames", 1))
            if not 0 <= page < pages:
                told = _("there is no page {page}; it has {pages}")
                raise refused(told.format(page=grouped(page + 1), pages=grouped(pages)))
            image.seek(page)
            picture = _described(image, pages, count)
            picture.held = count if isinstance(stream, io.BytesIO) or image.format == "WEBP" else 0
            yield picture


def _refuse_large_webp(stream: BinaryIO, count: int) -> None:
    """Refuse a WebP by its header: room for its points is made as soon as it is opened."""
    head = stream.read(30)
    stream.seek(0)
    if head[:4] + head[8:12] != b"RIFFWEBP":
        return
    if head[12:16] == b"VP8X":
        width, height = (int.from_bytes(head[at : at + 3], "little") + 1 for at in (24, 27))
    elif head[12:16] == b"VP8L":
        both = int.from_bytes(head[21:25], "little")
        width, height = (both & 0x3FFF) + 1, (both >> 14 & 0x3FFF) + 1
    else:
        width, height = (int.from_bytes(head[at : at + 2], "little") & 0x3FFF for at in (26, 28))
    if (needed := _FRAMES * width * height + count) > BUDGET:
        raise _too_large(width, height, needed)


def _described(image: Image.Image, pages: int, count: int) -> Drawable:
    """Return what the header says."""
    orientation = _orientation(image)
    width, height = image.size[::-1] if orientation in LYING and image.format != "TIFF" else image.size
    if not (width and height):
        raise ValueError(_("it has no pixels"))
    transform, profile = _to_srgb(image)
    how: Any = getattr(image, "tile", ())
    tile = str(how[0][3]) if how else ""  # how it is decoded: `RGB;16B`
    if image.format == "PNG":
        _key(image, tile)
    traits = {
        _("16 bit"): ";16" in tile or image.mode.startswith("I;16"),
        _("floating point"): image.mode == "F",
        "CMYK": image.mode == "CMYK",
        _("grey"): image.mode in {"1", "L", "LA", "I", "F"} or image.mode.startswith("I;16"),
        _("palette"): image.mode in {"P", "PA"},
        _("transparent"): image.mode in {"RGBA", "LA", "PA", "RGBa", "La"} or "transparency" in image.info,
        _("turned"): orientation in TURNS,
        _("progressive"): "progressive" in image.info,
        profile: bool(profile),
    }
    told = tuple(name for name, there in traits.items() if there)
    look = Look(image.format or "", width, height, pages, count, told)
    return Drawable(image, look, 1 if image.format == "TIFF" else orientation, transform)


def _key(image: Image.Image, tile: str) -> None:
    """Let the colour that is transparent be told as its points are: they become bytes while they are decoded."""
    key = image.info.get("transparency")
    if tile in _KEYS and key is not None:
        most, by = _KEYS[tile]
        image.info["transparency"] = (key & most) * by
    elif tile == "RGB;16B" and key is not None:
        image.info["transparency"] = tuple(value >> 8 for value in key)


def _orientation(image: Image.Image) -> int:
    try:
        exif = Image.Image.getexif(image)  # that of PNG would decode it for what may stand behind the points
        return int(exif.get(ExifTags.Base.Orientation, 1))
    except _DAMAGED:  # of EXIF nothing else matters
        return 1


def _to_srgb(image: Image.Image) -> tuple[Any, str]:
    """Return what brings a picture to sRGB, None where there is nothing to do, and what is to be said of it."""
    data = image.info.get("icc_profile")
    srgb = ImageCms.createProfile("sRGB")
    try:
        if image.mode == "LAB":
            return ImageCms.buildTransform(ImageCms.createProfile("LAB"), srgb, "LAB", "RGB"), "LAB"
        if not data:
            return None, ""
        profile = ImageCms.ImageCmsProfile(io.BytesIO(data))
        space = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}[profile.profile.xcolor_space.strip()]
        if (space == "CMYK") != (image.mode == "CMYK") or (space == "L" and _coloured(image)):
            raise ValueError(space)
        intent, flags = ImageCms.Intent.RELATIVE_COLORIMETRIC, ImageCms.Flags.BLACKPOINTCOMPENSATION
        found = ImageCms.buildTransform(profile, srgb, space, "RGB", intent, flags)
        return (None, "") if space == "RGB" and _alike(found) else (found, _("colour profile"))
    except _DAMAGED:
        return None, _("damaged colour profile")


def _alike(transform: Any) -> bool:  # noqa: ANN401 - Pillow's
    """Tell whether colours stay what they are: a profile may be called sRGB and be linear."""
    one = Image.linear_gradient("L")
    card = Image.merge("RGB", [one, one.transpose(Transpose.ROTATE_90), one.transpose(Transpose.ROTATE_180)])
    found: Any = ImageCms.applyTransform(card, transform)
    extremes: Any = ImageChops.difference(card, found).getextrema()
    return all(most <= _ALIKE for _least, most in extremes)


def _coloured(image: Image.Image) -> bool:
    return image.mode in {"P", "PA"} or image.mode.startswith(("RGB", "YC"))


def of(content: Content, page: int, factor: float = 1, beside: int = 0) -> Drawable:
    """Return a picture with its points: the one of before, or anew.

    One that would take too much is divided while it is decoded, if its kind can be, by no more than it will be divided.
    What is made of it takes as many bytes as `beside`.
    """
    found = last.get((content, page))
    if found is None or found.scale > max(1, factor) or found.taken + beside > BUDGET:
        last.clear()
        with opened(content, page) as found:
            found.scale = _scale(found, factor, beside)
            if found.scale > 1:
                width, height = found.image.size
                found.image.draft(None, (max(1, width // found.scale), max(1, height // found.scale)))
            found.image.load()
            if _framed(found.image):
                found.image, found.held = found.image.copy(), 0  # its decoder holds several
            if found.image.mode in {"I", "F"}:
                most = float(found.image.getextrema()[1])  # type: ignore[arg-type]
                steps = (1.0, 255.0, 65535.0) if found.image.mode == "F" else (255.0, 65535.0)
                found.top = next((step for step in steps if most <= step), most)
        last[content, page] = found
    return found


def _scale(picture: Drawable, factor: float, beside: int) -> int:
    """Return by what a picture has to be divided while it is decoded; refuse one that takes too much all the same."""
    for scale in _SCALES if picture.image.format == "JPEG" else _SCALES[:1]:
        needed = max(memory(picture, scale), picture.taken // scale**2 + beside)
        if needed <= BUDGET and scale <= max(1, factor):
            return scale
    needed = max(memory(picture, 1), picture.taken + beside)
    raise _too_large(picture.look.width, picture.look.height, needed)


def _too_large(width: int, height: int, needed: int) -> RefusedError:
    told = _("of {sides} pixels it takes {needed} of memory, and a picture may take {most}")
    told = told.format(sides=sides(width, height), needed=size(needed), most=size(BUDGET))
    return refused(told, _(SMALLER))


def memory(picture: Drawable, scale: int) -> int:
    """Return the bytes that decoding a picture takes at most, by its header."""
    image = picture.image
    stored = _stored(image)
    beside = 0.0  # bytes a point, whatever the scale
    if "progressive" in image.info:
        beside = 2 * len(image.getbands())
    elif _framed(image):
        beside = _FRAMES - 4
    elif image.format == "TIFF":
        turned = 2 if _orientation(image) in TURNS else 1
        return image.width * image.height * stored * turned + _compressed(picture)
    return int(image.width * image.height * (stored / scale**2 + beside)) + picture.held


def _stored(image: Image.Image) -> int:
    """Return the bytes that a decoded point takes."""
    return 1 if image.mode in {"1", "L", "P"} else 2 if image.mode.startswith("I;16") else 4


def _framed(image: Image.Image) -> bool:
    """Tell whether a picture is drawn frame over frame."""
    return image.format == "WEBP" or (image.tell() > 0 and image.format != "TIFF")


def refused(why: str, hint: str = "") -> RefusedError:
    """Return why a picture is not used; whoever asked knows which one it is."""
    return RefusedError("", why, hint=hint)


def _compressed(picture: Drawable) -> int:
    """Return what a compressed TIFF takes beside its points: the file, and a strip that is decoded at once."""
    image: Any = picture.image
    if image.info.get("compression") == "raw":
        return 0
    tags = image.tag_v2
    columns = int(tags.get(TILEWIDTH, image.width))
    rows = min(int(image.height), int(tags.get(TILELENGTH) or tags.get(ROWSPERSTRIP, image.height)))
    bits = int(sum(tags.get(BITSPERSAMPLE, (8,))))
    return picture.look.bytes + columns * rows * bits // 8
