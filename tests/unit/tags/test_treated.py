"""What is made of pictures of every kind, against what Pillow alone makes of them."""

from __future__ import annotations

import io
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageOps

from comet.core.acts import Content
from comet.core.covers import Form, Look, Preview, Reduced, Region, Suggestion, reduced
from comet.core.errors import DecodeError, RefusedError
from comet.tags import decoded, treated
from comet.tags.shaping import Answer, Shape, Task
from tests.unit.tags.pictured import (
    card,
    claimed,
    claimed_webp,
    content,
    deep_png,
    deep_tiff,
    keyed_png,
    profile,
    saved,
)

WHITE = (255, 255, 255)
CARD = card()


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    """Nothing is known of the pictures of another test."""
    decoded.last.clear()
    yield
    decoded.last.clear()


def ask(picture: Content, ask: str, *more: object, page: int = 0) -> Any:  # noqa: ANN401 - by what is asked
    """Return what the worker would say."""
    answer = treated.work(Task(picture, page, ask, more))
    if answer.error is not None:
        raise answer.error(os.fsdecode(picture.path), answer.reason, hint=answer.hint)
    return answer.value


def seen(picture: Content, page: int = 0) -> np.ndarray[Any, Any]:
    """Return its points as they are drawn, shape (height, width, 3)."""
    found: Preview = ask(picture, "preview", 10**6, 10**6, page=page)
    return np.frombuffer(found.rgb, np.uint8).reshape(found.height, found.width, 3)


def traits(picture: Content) -> set[str]:
    """Return what was treated on purpose."""
    found: Look = ask(picture, "look")
    return set(found.traits)


def made(picture: Content, region: Region, factor: int = 1, quality: int = 90, subsampling: str = "4:4:4") -> bytes:
    """Return the JPEG of a region, divided by a whole number."""
    size = Reduced(region.width // factor, region.height // factor, factor)
    data: bytes = ask(picture, "make", Shape(region, size, Form(quality=quality, subsampling=subsampling)))
    return data


def jpeg(image: Image.Image, *, progressive: bool = False) -> bytes:
    """Return a JPEG by Pillow."""
    return saved(image, "JPEG", quality=90, subsampling="4:4:4", optimize=True, progressive=progressive)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG"])
def test_a_crop_is_exact_to_the_pixel(tmp_path: Path, kind: str, orientation: int) -> None:
    """However EXIF says that it lies: the same bytes as Pillow makes of the upright one, also when it is divided."""
    exif = Image.Exif()
    exif[0x112] = orientation
    data = saved(CARD, kind, exif=exif)
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        upright = ImageOps.exif_transpose(image)
    picture = content(tmp_path, data)
    assert (seen(picture) == np.asarray(upright)).all()
    assert ("turned" in traits(picture)) == (orientation > 1)
    for region, by in ((Region(7, 5, 41, 33), 1), (Region(3, 2, 48, 54), 3), (Region(0, 0, *upright.size), 2)):
        part = upright.crop((region.x, region.y, region.x + region.width, region.y + region.height))
        wanted = part.crop((0, 0, part.width // by * by, part.height // by * by)).reduce(by)
        assert made(picture, region, by) == jpeg(wanted)


def test_bands_do_not_show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture is treated band by band: however high these are, the same comes out."""
    picture = content(tmp_path, saved(CARD, "PNG"))
    region = Region(1, 1, 88, 57)
    whole = [made(picture, region, by) for by in (1, 2, 3)]
    monkeypatch.setattr(treated, "_BAND", 200)
    assert [made(picture, region, by) for by in (1, 2, 3)] == whole


def test_cmyk_without_a_profile(tmp_path: Path) -> None:
    """Of TIFF and of JPEG, which Adobe turns round: cyan is cyan, and no ink is white."""
    ink = Image.new("CMYK", (64, 64), (255, 0, 0, 0))
    ink.paste((0, 0, 0, 0), (32, 0, 64, 64))
    for kind in ("TIFF", "JPEG"):
        picture = content(tmp_path, saved(ink, kind), kind)
        found = seen(picture)
        assert np.abs(found[8, 8].astype(int) - (0, 255, 255)).max() < 4
        assert np.abs(found[8, 50].astype(int) - WHITE).max() < 4
        assert traits(picture) == {"CMYK"}


@pytest.mark.parametrize("kind", ["TIFF", "JPEG"])
def test_cmyk_with_a_profile(tmp_path: Path, kind: str) -> None:
    """Its colours are those of the profile, which here says that cyan is a middle grey and paper is white."""
    said = profile("CMYK", lambda c, m, y, k: (255 - 127 * max(c, m, y, k), 128, 128))
    ink = Image.new("CMYK", (64, 64), (255, 0, 0, 0))
    picture = content(tmp_path, saved(ink, kind, icc_profile=said))
    found = seen(picture)[8, 8].astype(int)
    assert np.abs(found - 119).max() <= 3  # L* = 50
    assert traits(picture) == {"CMYK", "colour profile"}


@pytest.mark.parametrize(("mode", "space"), [("RGB", "RGB "), ("RGBA", "RGB "), ("P", "RGB "), ("L", "GRAY")])
def test_a_profile_is_brought_to_srgb(tmp_path: Path, mode: str, space: str) -> None:
    """Of colours, of a palette, of greys, and under what is transparent; here it says that black is a middle grey.

    What it is called counts for nothing.
    """
    said = profile(space, lambda *corner: (128 + 127 * min(corner), 128, 128), b"linear sRGB")
    picture = content(tmp_path, saved(Image.new("RGB", (8, 8)).convert(mode), "PNG", icc_profile=said))
    assert np.abs(seen(picture)[4, 4].astype(int) - 119).max() <= 3
    assert "colour profile" in traits(picture)


def test_srgb_stays_as_it_is(tmp_path: Path) -> None:
    """Its own profile changes no point, and there is nothing to tell of it."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    picture = content(tmp_path, saved(CARD, "PNG", icc_profile=srgb))
    assert (seen(picture) == np.asarray(CARD)).all()
    assert traits(picture) == set()


@pytest.mark.parametrize("data", [b"nonsense", profile("CMYK", lambda *_inks: (0, 128, 128))])
def test_a_profile_that_does_not_fit_is_none(tmp_path: Path, data: bytes) -> None:
    """Damaged, or of another kind of colours: the picture is as if there were none, and that is told."""
    picture = content(tmp_path, saved(CARD, "PNG", icc_profile=data))
    assert (seen(picture) == np.asarray(CARD)).all()
    assert traits(picture) == {"damaged colour profile"}


def test_what_is_transparent_is_white(tmp_path: Path) -> None:
    """By an alpha channel, of colours and of greys, and half of it half; by a palette; by one colour, however deep."""
    clear = Image.new("RGBA", (8, 8), (200, 0, 0, 0))
    clear.paste((200, 0, 0, 255), (0, 0, 4, 8))
    clear.putpixel((7, 7), (200, 0, 0, 128))
    grey = Image.new("LA", (8, 8), (100, 0))
    listed = Image.new("P", (8, 8), 1)
    listed.putpalette([1, 2, 3, 200, 0, 0])
    files = {
        "rgba": saved(clear, "PNG"), "webp": saved(clear, "WEBP", lossless=True, exact=True),
        "grey": saved(grey, "PNG"), "palette": saved(listed, "PNG", transparency=1),
        "gif": saved(listed, "GIF", transparency=1),
        "one": saved(Image.new("RGB", (8, 8), (200, 0, 0)), "PNG", transparency=(200, 0, 0)),
        "bit": keyed_png(1, [1], b"\x0f"), "two": keyed_png(2, [1], b"\0\x55"),
        "four": keyed_png(4, [5], b"\0\0\x55\x55"),
        "sixteen": keyed_png(16, [0x1234], b"\0\0" * 4 + b"\x12\x34" * 4),
        "deep": keyed_png(16, [0xFF00, 0x1200, 0x3400], bytes(24) + b"\xff\0\x12\0\x34\0" * 4),
        "tiff": saved(grey, "TIFF").replace(struct.pack("<HHIH", 338, 3, 1, 2), struct.pack("<HHIH", 338, 3, 1, 1)),
    }  # fmt: skip
    found = {name: content(tmp_path, data, name) for name, data in files.items()}
    for name in ("rgba", "webp"):
        points = seen(found[name])
        assert points[2, 2].tolist() == [200, 0, 0]
        assert np.abs(points[7, 7].astype(int) - (227, 127, 127)).max() <= 1
    for name, picture in found.items():
        assert seen(picture)[1, 6].tolist() == [*WHITE], name
        assert "transparent" in traits(picture)
    for name in ("bit", "two", "four", "sixteen", "deep"):
        assert seen(found[name])[1, 1].max() == 0, name


def test_sixteen_bits_are_scaled(tmp_path: Path) -> None:
    """Greys and colours, as PNG and TIFF, and numbers of other sizes: a middle one is a middle grey, not white."""
    grey = Image.fromarray(np.full((4, 4), 0x8080, np.uint16))
    deep = [[(0x8080, 0x4040, 0xFFFF)] * 4] * 4
    files = {
        "png": saved(grey, "PNG"), "tiff": saved(grey, "TIFF"),
        "one": saved(Image.fromarray(np.linspace(0, 1, 256, dtype=np.float32).reshape(16, 16)), "TIFF"),
        "many": saved(Image.fromarray(np.linspace(0, 65535, 256).astype(np.int32).reshape(16, 16)), "TIFF"),
        "rgb png": deep_png(deep), "rgb tiff": deep_tiff(deep),
    }  # fmt: skip
    found = {name: seen(content(tmp_path, data, name)) for name, data in files.items()}
    assert {tuple(found[name][2, 2]) for name in ("png", "tiff")} == {(128, 128, 128)}
    assert {tuple(found[name][2, 2]) for name in ("rgb png", "rgb tiff")} == {(128, 64, 255)}
    for name in ("one", "many"):
        assert np.abs(found[name][..., 0].ravel().astype(int) - np.arange(256)).max() <= 1
    for name in ("png", "tiff", "rgb png", "rgb tiff"):
        assert "16 bit" in traits(content(tmp_path, files[name]))


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "LAB", "YCbCr"])
def test_every_kind_of_points(tmp_path: Path, mode: str) -> None:
    """Bits, greys, palettes and colours that are told otherwise look as they did."""
    how = {"compression": "group4"} if mode == "1" else {}
    image = Image.new("RGB", (32, 32), (255, 255, 255))
    image.paste((0, 0, 0), (0, 0, 16, 32))
    if mode == "LAB":
        srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
        image = ImageCms.profileToProfile(image, srgb, lab, outputMode="LAB")  # type: ignore[assignment]
    else:
        image = image.convert(mode)
    found = seen(content(tmp_path, saved(image, "TIFF", **how)))
    assert found[16, 4].max() <= 2
    assert found[16, 28].min() >= 253


def test_points_that_cannot_be_drawn_are_damage() -> None:
    """Whatever Pillow raises as they are drawn is an answer, and no error of the program."""
    with Image.open(io.BytesIO(saved(CARD, "BMP")[:-999])) as image:  # its points are not read yet
        picture = decoded.Drawable(image, Look("BMP", *CARD.size, 1, 0), 1, None)
        with pytest.raises(DecodeError, match="it is damaged, or not complete"):
            treated._cut(picture, picture.whole)


def test_a_page_is_picked(tmp_path: Path) -> None:
    """Of a TIFF, a GIF, a WebP and an MPO; how many there are is said; one that is not there is refused."""
    pages = [Image.new("RGB", (32, 32 + 8 * at), (at * 100, 0, 0)) for at in range(3)]
    alike = [each.resize((32, 32)) for each in pages]
    for kind in ("TIFF", "GIF", "WEBP", "MPO"):
        many = pages if kind == "TIFF" else alike
        data = saved(many[0], kind, save_all=True, append_images=many[1:], lossless=True)
        picture = content(tmp_path, data, kind)
        for at in (2, 0, 1):
            found = seen(picture, at)
            assert np.abs(found[8, 8].astype(int) - (at * 100, 0, 0)).max() <= 2
            assert found.shape[:2] == (many[at].height, 32)
        assert ask(picture, "look", page=1).pages == 3
        with pytest.raises(RefusedError, match="there is no page 4; it has 3"):
            ask(picture, "look", page=3)


def test_what_comes_out_is_baseline_and_bare(tmp_path: Path) -> None:
    """Of a progressive JPEG with EXIF and a comment: colours as it was asked for, and nothing but the picture."""
    data = saved(CARD, "JPEG", progressive=True, comment=b"secret", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0", quality=100)
    picture = content(tmp_path, data)
    assert traits(picture) == {"progressive"}
    for subsampling, sampling in (("4:4:4", (1, 1)), ("4:2:2", (2, 1)), ("4:2:0", (2, 2))):
        with Image.open(io.BytesIO(made(picture, Region(0, 0, 90, 60), subsampling=subsampling))) as image:
            assert image.layer[0][1:3] == sampling  # type: ignore[attr-defined]
            assert image.info.keys() == {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    sizes = [len(made(picture, Region(0, 0, 90, 60), quality=quality)) for quality in (30, 60, 90)]
    assert sizes == sorted(sizes)


def test_what_was_made_so_stays_as_it_is(tmp_path: Path) -> None:
    """It would lose a little each time; of another quality or kind, a part of it, or with more in it, it is new."""
    data, all_of_it = jpeg(CARD), Region(0, 0, 90, 60)
    picture = content(tmp_path, data)
    assert made(picture, all_of_it) == data
    assert made(picture, all_of_it, quality=80) != data
    assert made(picture, all_of_it, subsampling="4:2:0") != data
    assert len(made(picture, Region(0, 0, 90, 59))) != len(data)
    exif = Image.Exif()
    exif[0x10E] = "where I live"
    other = content(tmp_path, saved(CARD, "JPEG", quality=90, subsampling="4:4:4", exif=exif), "other")
    assert b"where I live" not in made(other, all_of_it)
    behind = made(content(tmp_path, data + b"where I live\xff\xd9", "behind"), all_of_it)
    assert b"where I live" not in behind
    steps = made(content(tmp_path, jpeg(CARD, progressive=True), "steps"), all_of_it)
    for each in (behind, steps):
        with Image.open(io.BytesIO(each)) as image:
            assert (image.size, "progressive" in image.info) == (CARD.size, False)
    with pytest.raises(DecodeError, match="damaged, or not complete"):
        made(content(tmp_path, data[:-400]), all_of_it)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP", "GIF", "BMP"])
def test_half_a_picture_is_none(tmp_path: Path, kind: str) -> None:
    """It is damaged or not complete, and nothing is made of it."""
    data = saved(CARD, kind)
    picture = content(tmp_path, data[: len(data) * 2 // 3])
    with pytest.raises(DecodeError, match="it is damaged, or not complete"):
        seen(picture)


@pytest.mark.parametrize("data", [claimed(100_000, 100_000), claimed(2**31 - 1, 1)], ids=["square", "line"])
def test_what_takes_too_much_is_refused_by_its_header(tmp_path: Path, data: bytes) -> None:
    """With how large it is and what to do about it, before anything is decoded."""
    picture = content(tmp_path, data)
    with pytest.raises(RefusedError, match=r"pixels it takes .* of memory") as caught:
        seen(picture)
    assert caught.value.hint
    assert ask(picture, "look").width >= 20_000


@pytest.mark.parametrize("kind", [b"VP8X", b"VP8L", b"VP8 "])
def test_a_large_webp_is_refused_by_its_header(tmp_path: Path, kind: bytes) -> None:
    """It is not called damaged: opening it would already take the memory."""
    with pytest.raises(RefusedError, match=r"of 16,000 x 16,000 pixels it takes 4\.1 GB of memory"):
        ask(content(tmp_path, claimed_webp(kind, 16_000)), "look")


def test_what_is_made_needs_memory_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A size for which none is left beside the picture is refused before it is drawn, a smaller one is made."""
    picture = content(tmp_path, saved(Image.new("RGB", (400, 400), "white"), "PNG"))
    monkeypatch.setattr(decoded, "BUDGET", 4 * 400 * 400 + 150_000)
    for side in (100, 90, 43):  # divided by 4, resampled, likewise
        size = reduced(400, 400, Form(size=side))
        with Image.open(io.BytesIO(ask(picture, "make", Shape(Region(0, 0, 400, 400), size, Form())))) as image:
            assert image.size == (side, side)
    for size in (Reduced(110, 110, 400 / 110), Reduced(130, 130, 400 / 130), Reduced(200, 200, 2)):
        with pytest.raises(RefusedError, match=r"of 400 x 400 pixels it (takes|leaves no) .*memory"):
            ask(picture, "make", Shape(Region(0, 0, 400, 400), size, Form()))


@pytest.mark.parametrize(("sides", "wanted"), [((1000, 667), 500), ((640, 427), 320), ((1000, 1), 100)])
def test_no_point_is_made_of_what_is_not_there(tmp_path: Path, sides: tuple[int, int], wanted: int) -> None:
    """Where the shorter side is no multiple of the factor: below the region is another picture, or nothing."""
    image = Image.new("RGB", (sides[0], sides[1] + 5))
    image.paste(WHITE, (0, 0, *sides))
    for each in (image, image.crop((0, 0, *sides))):
        picture = content(tmp_path, saved(each, "PNG"))
        size = reduced(*sides, Form(size=wanted))
        with Image.open(io.BytesIO(ask(picture, "make", Shape(Region(0, 0, *sides), size, Form())))) as found:
            assert np.asarray(found).min() == 255


def test_a_large_jpeg_is_divided_while_it_is_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it would not fit into memory, and never by more than it is to be divided anyway; it looks the same."""
    image = card(900, 600)
    picture = content(tmp_path, saved(image, "JPEG", quality=95))
    region, wanted = Region(60, 90, 480, 320), image.crop((60, 90, 540, 410)).reduce(4)
    whole = made(picture, region, 4)
    monkeypatch.setattr(decoded, "BUDGET", 2 * 900 * 600)
    decoded.last.clear()
    divided = made(picture, region, 4)
    assert divided != whole
    with Image.open(io.BytesIO(divided)) as found:
        assert found.size == wanted.size
        assert np.abs(np.asarray(found).astype(int) - np.asarray(wanted)).mean() < 6
    with pytest.raises(RefusedError, match="of memory"):
        made(picture, Region(60, 90, 100, 100), 1)
    monkeypatch.setattr(decoded, "BUDGET", 10_000)
    with pytest.raises(RefusedError, match="of memory"):
        ask(picture, "preview", 10, 10)


def test_what_no_tag_can_hold_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A JPEG that would be larger than a FLAC file can hold, and a cover of too many pixels."""
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 256, (200, 200, 3), np.uint8))
    picture = content(tmp_path, saved(noise, "PNG"))
    monkeypatch.setattr(treated, "LARGEST", 70_000)
    with pytest.raises(RefusedError, match="no FLAC file can hold"):
        made(picture, Region(0, 0, 200, 200), quality=95)
    assert len(made(picture, Region(0, 0, 200, 200), quality=30)) < 70_000
    with pytest.raises(RefusedError, match="more than a cover can have"):
        ask(picture, "make", Shape(Region(0, 0, 200, 200), Reduced(9000, 9000, 1 / 45), Form()))


@pytest.mark.parametrize("colour", [(0, 0, 0), (250, 250, 250), (90, 20, 20)])
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_uniform_borders_are_found(tmp_path: Path, kind: str, colour: tuple[int, int, int]) -> None:
    """To the pixel, with dust on them, each side by its own width; and the centred square of what is left."""
    image = Image.new("RGB", (400, 300), colour)
    image.paste(Image.effect_noise((320, 240), 90).convert("RGB"), (24, 40))
    image.putpixel((200, 3), (255, 0, 255))
    picture = content(tmp_path, saved(image, kind, quality=95))
    trimmed, square = ask(picture, "suggest")
    for found, wanted in ((trimmed.region, Region(24, 40, 320, 240)), (square.region, Region(64, 40, 240, 240))):
        ends = [(each.x, each.y, each.x + each.width, each.y + each.height) for each in (found, wanted)]
        assert np.abs(np.subtract(*ends)).max() <= (0 if kind == "PNG" else 3)


def test_nothing_is_suggested_where_there_is_nothing_to_gain(tmp_path: Path) -> None:
    """A square without a border, one colour, and a small or a narrow thing on a wide ground, which is meant so."""
    noise = Image.effect_noise((100, 100), 90)
    small = Image.new("L", (100, 100))
    small.paste(noise.resize((20, 20)), (40, 40))
    narrow = Image.new("L", (100, 100))
    narrow.paste(noise.resize((20, 100)), (40, 0))
    for image in (noise, Image.new("L", (100, 100)), small, narrow):
        assert ask(content(tmp_path, saved(image, "PNG")), "suggest") == ()
    wide = ask(content(tmp_path, saved(Image.effect_noise((100, 60), 90), "PNG")), "suggest")
    assert wide == (Suggestion(Region(20, 0, 60, 60), "centred square"),)


def test_a_preview_fits(tmp_path: Path) -> None:
    """Into what there is, both ways, in its proportion; it is never made larger."""
    picture = content(tmp_path, saved(CARD, "PNG"))
    for width, height, wanted in ((45, 99, (45, 30)), (99, 20, (30, 20)), (1, 1, (1, 1)), (500, 500, (90, 60))):
        found: Preview = ask(picture, "preview", width, height)
        assert (found.width, found.height, len(found.rgb)) == (*wanted, 3 * wanted[0] * wanted[1])


def test_what_is_no_picture_or_another_one(tmp_path: Path) -> None:
    """Text, nothing, and a file that was changed since: each with its reason."""
    for data in (b"text", b""):
        with pytest.raises(RefusedError, match="it is no JPEG, PNG"):
            ask(content(tmp_path, data), "look")
    picture = content(tmp_path, saved(CARD, "PNG"))
    content(tmp_path, saved(CARD, "GIF"))
    with pytest.raises(RefusedError, match="changed since"):
        ask(picture, "look")


@given(
    st.sampled_from(["JPEG", "PNG", "TIFF", "WEBP", "GIF", "BMP"]),
    st.lists(st.tuples(st.integers(0, 900), st.integers(0, 255)), max_size=8),
    st.integers(0, 400),
)
def test_damage_is_an_answer(
    tmp_path_factory: pytest.TempPathFactory, kind: str, damage: list[tuple[int, int]], cut: int
) -> None:
    """Whatever bytes a picture has: it is drawn, or there is a sentence that says why not."""
    data = bytearray(DAMAGED[kind])
    for at, byte in damage:
        data[at % len(data)] = byte
    picture = content(tmp_path_factory.getbasetemp(), bytes(data[: len(data) - cut]), "damaged")
    answer: Answer = treated.work(Task(picture, 0, "make", (Shape(Region(1, 1, 8, 8), Reduced(4, 4, 2), Form()),)))
    assert (answer.value is None) == bool(answer.reason)
    assert struct.unpack(">H", (answer.value or b"\xff\xd8")[:2]) == (0xFFD8,)


DAMAGED = {kind: saved(card(16, 16), kind) for kind in ("JPEG", "PNG", "TIFF", "WEBP", "GIF", "BMP")}
