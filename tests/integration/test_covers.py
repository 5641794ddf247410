"""Covers of every kind of picture, in files of every format, read by another program; damage and memory."""

from __future__ import annotations

import errno
import io
import os
import resource
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from comet import covers, setup
from comet.collection import opened
from comet.core.covers import Form, Made, Region
from comet.core.errors import FileError, NoSpaceError, RefusedError, UsageError
from comet.core.places import Places
from comet.covers import Studio
from comet.listen import audio
from comet.tagging import content
from comet.tags import rewrite
from tests.factories import tune
from tests.integration.handmade import encode
from tests.integration.test_pictures import write
from tests.integration.test_tags import FORMS, copy
from tests.unit.tags.pictured import card, claimed, deep_png, deep_tiff, profile, saved
from tests.unit.tags.pictured import content as placed

MOST = 512 << 20
"""Bytes that the worker may have in memory."""


def kinds() -> dict[str, bytes]:
    """Return a picture of 360 x 240 pixels of every kind that is treated on purpose."""
    seen = card(360, 240)
    turned = Image.Exif()
    turned[0x112] = 6
    deep = (np.asarray(seen).astype(int) * 257).tolist()
    grey = Image.fromarray(np.asarray(seen.convert("L")).astype(np.uint16) * 257)
    inks = profile("CMYK", lambda c, m, y, k: (255 - 63 * (c + m + y + k), 128, 128))
    pages = {"save_all": True, "append_images": [seen.transpose(Image.Transpose.ROTATE_180)]}
    return {
        "jpeg": saved(seen, "JPEG"), "progressive": saved(seen, "JPEG", progressive=True),
        "turned": saved(seen.transpose(Image.Transpose.ROTATE_90), "JPEG", exif=turned),
        "cmyk jpeg": saved(seen.convert("CMYK"), "JPEG"), "cmyk tiff": saved(seen.convert("CMYK"), "TIFF"),
        "cmyk profile": saved(seen.convert("CMYK"), "TIFF", icc_profile=inks), "png": saved(seen, "PNG"),
        "alpha": saved(seen.convert("RGBA"), "PNG"), "palette": saved(seen.quantize(16), "PNG", transparency=3),
        "grey 16": saved(grey, "PNG"), "grey 16 tiff": saved(grey, "TIFF"), "rgb 16": deep_png(deep),
        "rgb 16 tiff": deep_tiff(deep), "pages": saved(seen, "TIFF", **pages), "mpo": saved(seen, "MPO", **pages),
        "lzw": saved(seen, "TIFF", compression="tiff_lzw"), "webp": saved(seen, "WEBP"),
        "gif": saved(seen.quantize(64), "GIF"), "bmp": saved(seen, "BMP"),
        "bits": saved(seen.convert("1"), "TIFF", compression="group4"),
    }  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a short file of every format."""
    folder = tmp_path_factory.mktemp("formats")
    for name, form in FORMS.items():
        encode(folder / f"x.{name}", tune(1, 1.0), form)
    return folder


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """A studio for all quick tests: one worker that outlives all that it is given."""
    with Studio(str(tmp_path_factory.mktemp("state"))) as found:
        yield found


def seen(path: Path) -> tuple[str, int, int]:
    """Return codec and size of the picture in a file as FFmpeg sees it, which knows no ID3v2 in TTA."""
    if path.suffix == ".tta":
        data = path.read_bytes()
        with Image.open(io.BytesIO(data[data.index(b"\xff\xd8\xff") :])) as image:
            return "mjpeg" if image.format == "JPEG" else "", image.width, image.height
    with av.open(str(path)) as container:
        (stream,) = container.streams.video
        return stream.codec_context.name, stream.codec_context.width, stream.codec_context.height


def probed(path: Path) -> str:
    """Return the same as ffprobe says it."""
    if path.suffix == ".tta":
        return ",".join(map(str, seen(path)))
    asked = ["ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", "stream=codec_name,width,height"]
    command = [*asked, "-of", "csv=p=0", str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip().strip(",")


def embedded(studio: Studio, picture: bytes, path: Path) -> Made:
    """Make a cover of a picture, embed it, and find that every byte could be taken back."""
    beside = path.with_name("picture")
    beside.write_bytes(picture)
    cover = studio.cover(content(os.fsencode(beside)), 0, Form(least=100, most=200))
    assert (cover.width, cover.height, cover.factor) == (180, 120, 2)
    assert write(path, {"front": cover.content}).lost == {}
    return cover


def test_each_kind_of_picture_in_each_format(studio: Studio, made: Path, tmp_path: Path) -> None:
    """Each kind in one format and each format with one kind: FFmpeg reads a JPEG of the right size."""
    names = list(FORMS)
    for at, (kind, picture) in enumerate(kinds().items()):
        path = copy(made, names[at % len(names)], tmp_path)
        embedded(studio, picture, path)
        assert seen(path) == ("mjpeg", 180, 120), (kind, path.name)


@pytest.mark.slow
@pytest.mark.parametrize("name", FORMS)
def test_every_kind_of_picture_in_every_format(made: Path, tmp_path: Path, name: str) -> None:
    """Likewise each with each; the sound is what it was, and to embed it again is no work."""
    with Studio(str(tmp_path / "state")) as studio:
        for kind, picture in kinds().items():
            path = copy(made, name, tmp_path)
            sound = audio.identify(os.fsencode(path))
            cover = embedded(studio, picture, path)
            assert probed(path) == "mjpeg,180,120", kind
            assert audio.identify(os.fsencode(path)) == sound
            assert rewrite.edit(os.fsencode(path), {}, {"front": cover.content}).pieces == ()


def peak(studio: Studio) -> int:
    """Return the most bytes that the worker has had in memory so far."""
    (worker,) = studio._pool._workers
    with open(f"/proc/{worker.process.pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) << 10 for line in status if line.startswith("VmHWM"))


def fuzzed(count: int) -> list[bytes]:
    """Return damaged pictures: bytes are others, parts are gone, doubled or exchanged, and sizes claim anything."""
    rng, found = np.random.default_rng(11), []
    whole = list(kinds().values())
    for at in range(count):
        data = bytearray(whole[at % len(whole)])
        for _blow in range(rng.integers(1, 12)):
            start, length = int(rng.integers(0, len(data))), int(rng.choice([1, 1, 2, 4, 64]))
            how = rng.integers(0, 4)
            if how == 0:
                data[start : start + length] = rng.bytes(length)
            elif how == 1:
                data[start : start + length] = bytes(rng.choice([0, 255], length).astype(np.uint8))
            elif how == 2:  # where headers stand
                data[start % 64 : start % 64 + 4] = rng.bytes(4)
            elif rng.integers(0, 6) == 0:
                del data[start:]
            if not data:
                break
        found.append(bytes(data))
    return found


def endured(studio: Studio, folder: Path, pictures: list[bytes]) -> tuple[int, int]:
    """Ask all that can be asked of pictures, and return how many were drawn and how many refused with a sentence."""
    drawn = refused = 0
    told: set[str] = set()
    for data in pictures:
        (folder / "picture").write_bytes(data)
        picture = content(os.fsencode(folder / "picture"))
        asked: tuple[Callable[[], object], ...] = (
            lambda: studio.look(picture),  # noqa: B023 - asked at once
            lambda: studio.preview(picture, 0, 80, 80),  # noqa: B023
            lambda: studio.suggest(picture),  # noqa: B023
            lambda: studio.cover(picture, 0, Form(most=100, exact=True)),  # noqa: B023
        )
        for question in asked:
            try:
                question()
                drawn += 1
            except FileError as error:
                told.add(error.reason)
                refused += 1
    assert all(told)
    assert not any(word in each for each in told for word in ("internal error", "tried twice"))
    assert peak(studio) < MOST
    return drawn, refused


def test_fifty_damaged_pictures(studio: Studio, tmp_path: Path) -> None:
    """Each is drawn, or there is a sentence that says why not; the worker lives on, with little memory."""
    drawn, refused = endured(studio, tmp_path, fuzzed(50))
    assert min(drawn, refused) > 20


@pytest.mark.slow
def test_five_hundred_damaged_pictures(tmp_path: Path) -> None:
    """Likewise."""
    with Studio(str(tmp_path / "state")) as studio:
        drawn, refused = endured(studio, tmp_path, fuzzed(500))
        assert min(drawn, refused) > 200


def test_a_bomb_takes_no_memory(studio: Studio, tmp_path: Path) -> None:
    """Ten billion pixels are refused by the header that claims them, 2 GB that shall follow are not waited for."""
    (tmp_path / "picture").write_bytes(claimed(100_000, 100_000))
    picture = content(os.fsencode(tmp_path / "picture"))
    studio.look(picture)
    (worker,), before = studio._pool._workers, peak(studio)
    with pytest.raises(RefusedError, match=r"of 100,000 x 100,000 pixels it takes 40\.0 GB"):
        studio.preview(picture, 0, 10, 10)
    lying = bytearray(saved(card(), "PNG"))
    at = lying.index(b"IDAT")
    lying[at - 4 : at] = b"\x7f\0\0\0"
    (tmp_path / "picture").write_bytes(lying)
    assert studio.preview(content(os.fsencode(tmp_path / "picture")), 0, 10, 10).width == 10
    assert peak(studio) - before < 10 << 20
    assert studio._pool._workers == [worker]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["JPEG", "PROGRESSIVE", "PNG", "TIFF", "WEBP"])
def test_the_largest_picture_that_is_taken(tmp_path: Path, kind: str) -> None:
    """As much as may be is decoded, drawn and made into a cover within the memory that there is; more is refused."""
    how = {"progressive": True} if kind == "PROGRESSIVE" else {"compression": "tiff_lzw"} if kind == "TIFF" else {}
    side = {"PROGRESSIVE": 6300, "WEBP": 5000, "TIFF": 7500}.get(kind, 10_000)
    image = Image.effect_noise((500, 500), 50).convert("RGB").resize((side, side))
    (tmp_path / "picture").write_bytes(saved(image, "JPEG" if kind == "PROGRESSIVE" else kind, **how))
    del image
    picture = content(os.fsencode(tmp_path / "picture"))
    with Studio(str(tmp_path / "state")) as studio:
        assert studio.preview(picture, 0, 100, 100).width == 100
        assert studio.cover(picture, 0, Form(least=600, most=1200)).factor >= 5
        for size in (side * 2 // 3, side // 2, side // 5):
            with suppress(RefusedError):  # and nothing else
                assert studio.cover(picture, 0, Form(size=size)).factor >= 1.5
        assert peak(studio) < MOST


def test_pictures_that_are_near_are_offered(studio: Studio, made: Path, tmp_path: Path) -> None:
    """Those in the folder and those in tags, each once with how many have it, the largest first; damage is not."""
    files = [copy(made, name, tmp_path) for name in ("flac", "mp3", "opus")]
    sides = {"a.png": 40, "Cover.PNG": 50, "scan.tif": 60}
    for name, side in sides.items():
        card(side, side).save(tmp_path / name)
    (tmp_path / "same.png").write_bytes((tmp_path / "a.png").read_bytes())
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    (tmp_path / "notes.txt").write_text("nothing")
    (tmp_path / "folder.jpg").mkdir()
    (tmp_path / "elsewhere").mkdir()
    large, small = (saved(card(side, side), "JPEG") for side in (90, 30))
    for path in files[:2]:
        write(path, {"front": placed(tmp_path / "elsewhere", large, "large")})
    write(files[2], {"back": placed(tmp_path / "elsewhere", small, "small")})
    places = Places(str(tmp_path / "home"), str(tmp_path / "home"), str(tmp_path / "home"))
    with opened.opened(setup.unnamed(places, [str(tmp_path)]), places, create=True) as collection:
        found = covers.offers(collection, [os.fsencode(path) for path in files])
    assert [(each.label, each.look.width) for each in found] == [
        ("front of `x.flac` and 1 more", 90), ("scan.tif", 60), ("Cover.PNG", 50), ("a.png", 40),
        ("back of `x.opus`", 30),
    ]  # fmt: skip
    assert found[0].content == studio.find(os.fsencode(files[0]))


@contextmanager
def full(size: int) -> Iterator[None]:
    """Let no file become larger than so many bytes, which looks like a full disk but for the number of the error."""
    before, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_a_cover_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of it is left, and the sentence names the folder; a region outside the picture is told likewise."""
    (tmp_path / "picture").write_bytes(saved(card(), "PNG"))
    picture = content(os.fsencode(tmp_path / "picture"))
    with Studio(str(tmp_path / "state")) as studio:
        with pytest.raises(UsageError, match="85,0,9,9 does not lie within its 90 x 60 pixels"):
            studio.cover(picture, 0, Form(Region(85, 0, 9, 9)))
        with full(100), pytest.raises(UsageError, match=f"written into `{tmp_path}/state/covers`: File too large"):
            studio.cover(picture, 0, Form())
        assert os.listdir(tmp_path / "state/covers") == []
        monkeypatch.setattr(covers.errno, "EDQUOT", errno.EFBIG)  # only a full disk has the other number
        with full(100), pytest.raises(NoSpaceError, match=f"no space is left in `{tmp_path}/state/covers`"):
            studio.cover(picture, 0, Form())


def test_a_cover_is_kept_for_whoever_made_the_plan(tmp_path: Path) -> None:
    """Under its hash, for its owner only; what is older than a day goes."""
    (tmp_path / "picture").write_bytes(saved(card(), "PNG"))
    with Studio(str(tmp_path / "state")) as studio:
        old, new = (studio.cover(content(os.fsencode(tmp_path / "picture")), 0, Form(size=size)) for size in (50, 40))
        assert os.stat(old.content.path).st_mode & 0o777 == 0o600
        os.utime(old.content.path, (time.time() - 90_000,) * 2)
        again = studio.cover(content(os.fsencode(tmp_path / "picture")), 0, Form(size=40))
    assert (again, os.listdir(tmp_path / "state/covers")) == (new, [os.path.basename(os.fsdecode(new.content.path))])
    assert content(new.content.path) == new.content
