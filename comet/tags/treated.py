"""What is asked of pictures (`shaping`), in a worker process: they are treated, drawn, and made into covers.

Bands of what was `decoded` are turned, brought to sRGB and put on white as they are drawn.
"""

from __future__ import annotations

import io
import logging
import math
import re
import warnings
from typing import Any, Final

import numpy as np
from PIL import Image, ImageCms, ImageFile
from PIL.Image import Resampling

from comet.core.acts import Content
from comet.core.covers import Form, Look, Preview, Region, Suggestion, reduced, sides
from comet.core.errors import DecodeError, FileError
from comet.core.pieces import Kept, blocks, digest
from comet.core.text import _, size
from comet.tags import codec, decoded
from comet.tags.draft import Draft
from comet.tags.fields import LARGEST
from comet.tags.pictures import mime_of
from comet.tags.shaping import Answer, Shape, Task

_BAND: Final = 1 << 20
"""Points that are treated at once."""
_GAP: Final = 3
"""A picture is reduced by whole numbers to so many times its size before it is resampled."""
_UNIFORM: Final = 24
"""A point of a border differs so much from the others at most, of 255: JPEG leaves traces."""
_SPECKS: Final = 0.02
"""Of a border's line so many points may be otherwise: dust."""
_MARKER: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
"""Where the coded points of a JPEG end."""


def work(task: Task) -> Answer:
    """Do what is asked of one picture. Errors of the file are part of the answer."""
    logging.getLogger("PIL").setLevel(logging.CRITICAL)  # it complains of damage on standard error
    before, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None  # `decoded` says what can be done about it
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of damaged metadata
            return Answer(_ASKED[task.ask](task.content, task.page, *task.more))
    except FileError as error:
        return Answer(error=type(error), reason=error.reason, hint=error.hint)
    except MemoryError:
        decoded.last.clear()
        raise
    finally:
        Image.MAX_IMAGE_PIXELS = before


def look(content: Content, page: int) -> Look:
    """Return what a picture is, by its header."""
    if picture := decoded.last.get((content, page)):
        return picture.look
    decoded.last.clear()  # some decoders take much as soon as they are opened
    with decoded.opened(content, page) as picture:
        return picture.look


def preview(content: Content, page: int, width: int, height: int) -> Preview:
    """Return a picture as large as fits into so many pixels."""
    what = look(content, page)
    fitting = min(1.0, width / what.width, height / what.height)
    longest = max(1, int(fitting * max(what.width, what.height) + 1e-9))
    wide, high, factor = reduced(what.width, what.height, Form(size=longest))
    picture = decoded.of(content, page, factor)
    return Preview(wide, high, _scaled(picture, picture.whole, wide, high).tobytes())


def suggest(content: Content, page: int) -> tuple[Suggestion, ...]:
    """Return regions that may be meant."""
    picture = decoded.of(content, page)
    inside = _without_border(picture)
    found = [Suggestion(inside, _("without its border"))] if inside != picture.whole else []
    if inside.width != inside.height:
        found.append(Suggestion(inside.squared, _("centred square")))
    return tuple(found)


def trimmed(content: Content, page: int) -> Region:
    """Return the region without uniform borders."""
    return _without_border(decoded.of(content, page))


def make(content: Content, page: int, shape: Shape) -> bytes:
    """Return a JPEG in sRGB."""
    region, (width, height, factor) = shape.region, shape.size
    if _encoding(width, height) > decoded.BUDGET:
        raise decoded.refused(_("{sides} pixels are more than a cover can have").format(sides=sides(width, height)))
    if kept := _kept(content, page, shape):
        return kept
    squares = shape.size.squares(region)
    picture = decoded.of(content, page, factor, (4 if squares else 12) * width * height)
    if squares and picture.scale == 1:
        image = _drawn(picture, squares, int(factor))
    else:
        image = _scaled(picture, region, width, height)
    if picture.taken + _encoding(width, height) > decoded.BUDGET:
        decoded.last.clear()
        del picture
    return _encoded(image, shape.form)


def _encoding(width: int, height: int) -> int:
    """Return the bytes that a cover takes until it is a JPEG: libjpeg keeps six a point to look for the best code."""
    return 11 * width * height


def _encoded(image: Image.Image, form: Form) -> bytes:
    """Return a picture as JPEG: baseline, since some players show no other."""
    out, before = io.BytesIO(), ImageFile.MAXBLOCK
    ImageFile.MAXBLOCK = LARGEST  # Pillow's own guess is too small for noise, and then it fails
    try:
        image.save(out, "JPEG", quality=form.quality, subsampling=form.subsampling, optimize=True)
    except OSError:  # it is larger than that
        out.seek(LARGEST + 1)
    finally:
        ImageFile.MAXBLOCK = before
    if out.tell() > LARGEST:
        told = _("as JPEG it takes more than {most}, and no FLAC file can hold that")
        raise decoded.refused(told.format(most=size(LARGEST)), _("choose a smaller size or a lower quality"))
    return out.getvalue()


def extract(content: Content, _page: int) -> bytes:
    """Return a picture byte for byte."""
    with decoded.source(content) as (stream, count):
        return stream.read(count)


def find(named: Content, _page: int) -> Content:
    """Return what a file holds: itself where it is a picture, or of music the front cover, or else the first one."""
    with codec.opened(named.path) as stream:
        if mime_of(stream.read(16)):
            count = decoded.length(stream)
            return Content(named.path, digest(blocks([Kept(0, count)], stream.fileno())))
        draft = Draft(stream.fileno(), named.path)
        try:
            file = codec.loaded(draft)
        except DecodeError:  # it is music by its name only
            file = None
        if file is None:
            raise decoded.refused(_(decoded.NONE))
        held = codec.of(file, draft).pictures
    if not held:
        raise decoded.refused(_("there is no picture in it"))
    front = next((each for each in held if each.kind == codec.FRONT), held[0])
    return Content(named.path, front.hash)


_ASKED: Final = {each.__name__: each for each in (look, preview, suggest, trimmed, make, find, extract)}


def _kept(content: Content, page: int, shape: Shape) -> bytes:
    """Return a picture as it is where making it anew could only lose: it is what is asked for, to the same tables.

    Empty where it is not: else it would lose a little each time that it goes from a file into another one.
    """
    if look(content, page).format != "JPEG":
        return b""
    with decoded.opened(content, page) as picture:
        image: Any = picture.image
        if (
            (shape.size.factor, shape.region) != (1, picture.whole)
            or picture.look.bytes > LARGEST
            or "progressive" in image.info
            or {name for name, _data in image.applist} - {"APP0", "APP14"}
        ):
            return b""
        out = io.BytesIO()
        Image.new("RGB", (16, 16)).save(out, "JPEG", quality=shape.form.quality, subsampling=shape.form.subsampling)
        with Image.open(out, formats=["JPEG"]) as opened:
            asked: Any = opened
            if (asked.quantization, asked.layer) != (image.quantization, image.layer):
                return b""
    decoded.of(content, page)  # what is damaged further in is not embedded
    data = extract(content, page)
    return data if _ends(data) else b""


def _ends(data: bytes) -> bool:
    """Tell whether a JPEG ends with its picture: telephones put places and films behind it."""
    at = 2
    while data[at : at + 1] == b"\xff":
        if data[at + 1 : at + 2] == b"\xd9":
            return at + 2 == len(data)
        points = data[at + 1 : at + 2] == b"\xda"
        at += 2 + int.from_bytes(data[at + 2 : at + 4])
        if points:
            found = _MARKER.search(data, at)
            at = found.start() if found else len(data)
    return False


@decoded.guarded()
def _cut(picture: decoded.Drawable, region: Region) -> Image.Image:
    """Return a part of a picture that was decoded, upright, as RGB on white; the region counts the decoded points."""
    width, height = picture.image.size
    left, upper, right, lower = region.x, region.y, region.x + region.width, region.y + region.height
    if picture.orientation in decoded.LYING:
        left, upper, right, lower = upper, left, lower, right
    if picture.orientation in {2, 3, 7, 8}:
        left, right = width - right, width - left
    if picture.orientation in {3, 4, 6, 7}:
        upper, lower = height - lower, height - upper
    part = picture.image.crop((left, upper, right, lower))
    if picture.orientation in decoded.TURNS:
        part = part.transpose(decoded.TURNS[picture.orientation])
    return _rgb(picture, part)


def _rgb(picture: decoded.Drawable, part: Image.Image) -> Image.Image:
    """Return a part of a picture in sRGB, put on white."""
    if part.mode.startswith("I;16"):
        key = part.info.pop("transparency", None)
        part = part.convert("I").point(lambda value: value * (1 / 257) + 0.5).convert("L")
        if key is not None:
            part.info["transparency"] = int(key * (1 / 257) + 0.5)
    elif part.mode in {"I", "F"}:
        by = 255 / picture.top if picture.top > 0 else 0.0
        part = part.point(lambda value: value * by + 0.5).convert("L")
    elif part.mode == "La":
        part = part.convert("LA")
    alpha = None
    if part.mode in {"RGBA", "LA", "PA", "RGBa", "La"} or "transparency" in part.info:
        part = part.convert("RGBA")
        alpha = part.getchannel("A")
    if picture.transform is not None:
        part = part.convert(picture.transform.input_mode)
        part = ImageCms.applyTransform(part, picture.transform) or part
    part = part.convert("RGB")
    if alpha is not None:
        white = Image.new("RGB", part.size, (255, 255, 255))
        white.paste(part, mask=alpha)
        part = white
    return part


def _drawn(picture: decoded.Drawable, region: Region, by: int) -> Image.Image:
    """Return a region of the decoded points, each square of `by` of them one; at the edges also what is left of one."""
    image = Image.new("RGB", (-(-region.width // by), -(-region.height // by)))
    rows = max(1, _BAND // region.width // by)
    for at in range(0, image.height, rows):
        height = min(rows * by, region.height - at * by)
        part = _cut(picture, Region(region.x, region.y + at * by, region.width, height))
        image.paste(part.reduce(by) if by > 1 else part, (0, at))
    return image


def _scaled(picture: decoded.Drawable, region: Region, width: int, height: int) -> Image.Image:
    """Return a region of a picture in any size."""
    wide, high = picture.image.size[::-1] if picture.orientation in decoded.LYING else picture.image.size
    left, upper = region.x / picture.scale, region.y / picture.scale
    right, lower = left + region.width / picture.scale, upper + region.height / picture.scale
    x, y = int(left), int(upper)
    inside = Region(x, y, min(wide, math.ceil(right)) - x, min(high, math.ceil(lower)) - y)
    by = _by(picture, inside, min((right - left) / width, (lower - upper) / height), width, height)
    part = _drawn(picture, inside, by)
    box = ((left - inside.x) / by, (upper - inside.y) / by, (right - inside.x) / by, (lower - inside.y) / by)
    box = (*box[:2], min(box[2], part.width), min(box[3], part.height))
    return part if (by, part.size) == (1, (width, height)) else part.resize((width, height), Resampling.LANCZOS, box)


def _by(picture: decoded.Drawable, inside: Region, ratio: float, width: int, height: int) -> int:
    """Return by what a region is divided before it is resampled, by a ratio in all: by more where memory is short.

    Raises:
        RefusedError: it is too short however much it is divided.
    """
    by = max(1, int(ratio / _GAP))
    if (inside.width, inside.height) == (width, height):
        return by  # it is resampled no more
    while True:
        high = -(-inside.height // by)
        beside = -(-inside.width // by) * high + width * high + width * height  # it is resampled line by line first
        if picture.taken + 4 * beside <= decoded.BUDGET:
            return by
        if by + 1 > ratio:
            told = _("of {sides} pixels it leaves no memory to make {wanted} of it")
            told = told.format(sides=sides(picture.look.width, picture.look.height), wanted=sides(width, height))
            raise decoded.refused(told, _(decoded.SMALLER))
        by += 1


def _without_border(picture: decoded.Drawable) -> Region:
    """Return the region without uniform lines at its edges; all of it where that would be most of it."""
    whole = picture.whole
    top = _border(picture, whole, along=False, back=False)
    low = _border(picture, whole, along=False, back=True) if top < whole.height else 0
    rows = Region(0, top, whole.width, whole.height - top - low)
    if 2 * rows.height < whole.height:
        return whole
    left = _border(picture, rows, along=True, back=False)
    right = _border(picture, rows, along=True, back=True) if left < whole.width else 0
    inside = Region(left, top, whole.width - left - right, rows.height)
    return whole if 2 * inside.width < whole.width else inside


def _border(picture: decoded.Drawable, region: Region, *, along: bool, back: bool) -> int:
    """Return how many lines from one edge on are uniform and alike; lines are columns where it goes `along`."""
    length = region.width if along else region.height
    step = max(1, _BAND // 4 // (region.height if along else region.width))
    colour = None
    for at in range(0, length, step):
        count = min(step, length - at)
        start = length - at - count if back else at
        part = (
            Region(region.x + start, region.y, count, region.height)
            if along
            else Region(region.x, region.y + start, region.width, count)
        )
        points = np.asarray(_cut(picture, part)).astype(np.int16)
        lines = points.swapaxes(0, 1) if along else points
        lines = lines[::-1] if back else lines
        if colour is None:
            colour = np.median(lines[0], axis=0)
        others = (np.abs(lines - colour).max(axis=2) > _UNIFORM).mean(axis=1) > _SPECKS
        if others.any():
            return at + int(others.argmax())
    return length
