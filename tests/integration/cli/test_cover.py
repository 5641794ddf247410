"""`comet cover` and `comet covers`: whole albums in one run, taken back to the last byte; nothing unasked."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from mutagen.flac import FLAC
from PIL import Image, ImageFilter

from comet.core.text import safe
from comet.listen import audio
from tests.factories import tune, write
from tests.integration.cli.conftest import Shell
from tests.integration.cli.test_tags import state
from tests.integration.handmade import encode
from tests.integration.test_covers import full, seen
from tests.integration.test_tags import FORMS
from tests.unit.tags.pictured import saved


def drawn(path: Path, width: int = 900, height: int = 900, border: int = 0) -> Path:
    """Write a picture, in the form that its name says, with a black border."""
    image = Image.effect_noise((max(1, width // 8), max(1, height // 8)), 90).resize((width, height)).convert("RGB")
    framed = Image.new("RGB", (width + 2 * border, height + 2 * border))
    framed.paste(image.filter(ImageFilter.UnsharpMask()), (border, border))
    framed.save(path)
    return path


def fronts(user: Shell, *paths: object) -> list[tuple[int, int]]:
    """Return width and height of the covers of files, as they are shown."""
    return [(each["width"], each["height"]) for each in user.lines("cover", *paths, "--show")]


@pytest.fixture
def album(tmp_path: Path) -> Path:
    """A folder that Comet has never seen, with three tracks and something else."""
    folder = tmp_path / "album"
    folder.mkdir()
    one = write(folder / "1.flac", tune(7, 6.0))
    shutil.copy(os.fsdecode(one), folder / "2.flac")
    write(folder / "3.mp3", tune(8, 6.0))
    (folder / "notes.txt").write_text("nothing")
    return folder


@pytest.mark.parametrize("names", [["flac", "mp3", "m4a"], pytest.param([*FORMS], marks=pytest.mark.slow)])
def test_an_album_of_every_format_in_one_run(comet: Shell, tmp_path: Path, names: list[str]) -> None:
    """With no profile and no question: FFmpeg reads it, the sound is what it was, one undo brings back every byte."""
    folder = tmp_path / "album"
    folder.mkdir()
    files = [encode(folder / f"{name}.{name}", tune(1, 1.0), FORMS[name]) for name in names]
    files.append(Path(shutil.copy(files[0], folder / f"again{files[0].suffix}")))
    before, sounds = [state(path) for path in files], [audio.identify(os.fsencode(path)) for path in files]
    done = comet("cover", folder, "--image", drawn(tmp_path / "scan.png", 1800, 2000), "--square", "--max", 900)
    assert done.stdout == f"cover embedded in {len(names) + 1} files\n"
    first = f"cover: 900 x 900 pixels, {done.stderr.partition('pixels, ')[2].partition(',')[0]}, from 1,800 x 1,800 of "
    assert first + f"`{tmp_path}/scan.png` (cut at 0,100, divided by 2)\n" in done.stderr
    assert "next: run 1: `comet undo 1` takes it back\n" in done.stderr
    assert {seen(path) for path in files} == {("mjpeg", 900, 900)}
    assert [audio.identify(os.fsencode(path)) for path in files] == sounds
    again = comet("cover", folder, "--image", tmp_path / "scan.png", "--square", "--max", 900, "--dry-run")
    assert (again.stdout, "it would be embedded in 0 files" in again.stderr) == ("", True)
    comet("undo", "1", "--yes")
    assert [state(path) for path in files] == before


def test_a_dry_run_writes_nothing(comet: Shell, album: Path) -> None:
    """No file, no marker, no state of a profile: what would be done is said, and what came out of the picture."""
    picture = drawn(album.parent / "scan.png")
    before = {path: path.read_bytes() for path in album.parent.rglob("*") if path.is_file()}
    done = comet("cover", album, "--image", picture, "--folder-picture", "--dry-run")
    assert done.stdout.split() == [str(album / name) for name in ("1.flac", "2.flac", "3.mp3", "folder.jpg")]
    assert "it would be embedded in 3 files, and put into 1 folder; nothing was written\n" in done.stderr
    (found,) = comet.lines("cover", album, "--image", picture, "--dry-run")
    assert (len(found["files"]), found["placed"]) == (3, [])
    assert {key: found["cover"][key] for key in ("width", "height", "region", "factor")} == {
        "width": 900, "height": 900, "region": [0, 0, 900, 900], "factor": 1,
    }  # fmt: skip
    assert {path: path.read_bytes() for path in album.parent.rglob("*") if path.is_file()} == before
    assert not comet.home.exists()


def test_where_no_factor_fits_it_is_said(comet: Shell, album: Path) -> None:
    """With the size that can be had, and exit code 2; nothing is enlarged unless that is asked for."""
    odd, small = drawn(album.parent / "odd.png", 1300, 1300), drawn(album.parent / "small.png", 300, 240)
    done = comet("cover", album, "--image", odd, "--min", 1000, "--max", 1200, code=2)
    assert "no whole number divides 1,300 x 1,300 pixels so that both sides are between 1,000 and 1,200" in done.stderr
    assert "hint: --exact makes it 1,200 x 1,200\n" in done.stderr
    done = comet("cover", album, "--image", small, code=2)
    assert "it has 300 x 240 pixels, and no side may be below 600" in done.stderr
    assert "hint: --exact takes it as it is, --enlarge makes it larger\n" in done.stderr
    done = comet("cover", album, "--image", small, "--size", 500, code=2)
    assert "it has 300 x 240 pixels, and 500 would enlarge it" in done.stderr

    def size(picture: Path, *words: object) -> tuple[int, int, float]:
        (found,) = comet.lines("cover", album, "--image", picture, *words, "--dry-run")
        return found["cover"]["width"], found["cover"]["height"], found["cover"]["factor"]

    assert size(odd, "--min", 1000, "--max", 1200, "--exact") == (1200, 1200, 1300 / 1200)
    assert size(odd, "--size", 500) == (500, 500, 2.6)
    assert size(small, "--exact") == (300, 240, 1)
    assert size(small, "--enlarge") == (750, 600, 0.4)
    assert size(small, "--set", "covers.least=200") == (300, 240, 1)


def test_what_is_taken_of_the_picture(comet: Shell, album: Path) -> None:
    """What was typed, the centred square, what is inside a border, and the square of that; one of its pages."""
    picture, file = drawn(album.parent / "scan.png", 900, 700, border=50), album / "1.flac"
    pages = [Image.open(picture), Image.new("RGB", (640, 640), "red")]
    pages[0].save(album.parent / "pages.tif", save_all=True, append_images=pages[1:])

    def region(*words: object, image: Path = picture) -> list[int]:
        (found,) = comet.lines("cover", file, "--image", image, "--dry-run", "--min", 1, *words)
        taken: list[int] = found["cover"]["region"]
        return taken

    assert region("--crop", "10,20,600,400") == [10, 20, 600, 400]
    assert region("--square") == [100, 0, 800, 800]
    assert region("--trim") == [50, 50, 900, 700]
    assert region("--trim", "--square") == [150, 50, 700, 700]
    assert region("--page", 2, image=album.parent / "pages.tif") == [0, 0, 640, 640]
    outside = comet("cover", file, "--image", picture, "--crop", "900,700,200,200", code=2)
    assert "900,700,200,200 does not lie within its 1,000 x 800 pixels" in outside.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--image", "x.png", "--crop", "1,1,9,9", "--square"), "--crop and --square cannot be combined"),
        (("--image", "x.png", "--size", "9", "--max", "9"), "--size and --max cannot be combined"),
        (("--image", "x.png", "--min", "9", "--max", "8"), "--min is more than --max"),
        (("--image", "x.png", "--crop", "1,1,9"), "invalid region (like 100,50,600,600) value"),
        (("--image", "x.png", "--size", "0"), "invalid number of pixels (1 to 10000) value"),
        (("--image", "x.png", "--quality", "96"), "invalid quality (1 to 95) value"),
        (("--image", "x.png", "--show"), "not allowed with argument"),
        (("--show", "--missing"), "--missing is for --image only"),
        (("--extract", "out.jpg", "--page", "2"), "--page is for --image only"),
        ((), "one of the arguments --image --show --extract is required"),
    ],
)
def test_what_cannot_be_meant(comet: Shell, album: Path, words: tuple[str, ...], told: str) -> None:
    """Is refused before any file is looked at."""
    assert told in comet("cover", album, *words, code=2).stderr


def test_files_that_cannot_be_meant(comet: Shell, album: Path) -> None:
    """None at all, a folder without music, a picture that is none or is not there, and a folder that can be no root."""
    picture = drawn(album.parent / "scan.png")
    assert "no file is named" in comet("cover", "--image", picture, code=2).stderr
    assert "there is no music directly in" in comet("cover", album.parent, "--image", picture, code=2).stderr
    assert "nor music with this picture in it" in comet("cover", album, "--image", album / "notes.txt", code=3).stderr
    assert "there is no picture in it" in comet("cover", album, "--image", album / "3.mp3", code=3).stderr
    assert "No such file" in comet("cover", album, "--image", album / "none.png", code=3).stderr
    two = album.parent / "two\nlines"
    two.mkdir()
    shutil.copy(album / "1.flac", two)
    refused = comet("cover", two, "--image", picture, code=2).stderr
    assert ("must be whole paths" in refused, "picture front" in refused) == (True, False)


def test_a_cover_is_shown_and_taken_out(comet: Shell, album: Path) -> None:
    """As it is, byte for byte, never over another file; on a full disk nothing is left of it."""
    picture, out = drawn(album.parent / "scan.png", 900, 800), album.parent / "out.jpg"
    assert "there is no picture in it" in comet("cover", album / "1.flac", "--show").stderr
    assert comet("cover", album / "1.flac", "--image", picture).stdout == "cover embedded in 1 file\n"
    shown = comet("cover", album / "1.flac", "--show").stdout
    assert shown.startswith(f"file   {album}/1.flac\ncover  JPEG, 900 x 800 pixels, ")
    comet("cover", album / "1.flac", "--extract", out)
    with Image.open(out) as image:
        assert (image.format, image.size) == ("JPEG", (900, 800))
    assert out.read_bytes() in (album / "1.flac").read_bytes()
    before = (album / "notes.txt").read_bytes()
    assert "is there already" in comet("cover", album / "1.flac", "--extract", album / "notes.txt", code=2).stderr
    assert (album / "notes.txt").read_bytes() == before
    with full(1000):
        done = comet("cover", album / "1.flac", "--extract", out.with_name("more.jpg"), code=2)
    assert "more.jpg` cannot be written: File too large" in done.stderr
    assert not out.with_name("more.jpg").exists()


def test_a_cover_is_given_to_others(comet: Shell, album: Path) -> None:
    """Music is a picture too, whose cover goes into others as it is; what has one can be left alone."""
    other = drawn(album.parent / "other.png")
    comet("cover", album / "1.flac", "--image", drawn(album.parent / "scan.png", 900, 800))
    before = (album / "1.flac").read_bytes()
    assert comet("cover", album, "--image", other, "--missing").stdout == "cover embedded in 2 files\n"
    assert (album / "1.flac").read_bytes() == before
    assert comet("cover", album, "--image", album / "1.flac").stdout == "cover embedded in 2 files\n"
    assert fronts(comet, album) == [(900, 800)] * 3
    assert len({FLAC(album / name).pictures[0].data for name in ("1.flac", "2.flac")}) == 1
    assert "nothing to do" in comet("cover", album, "--image", other, "--missing").stderr


def test_the_picture_of_the_folder(comet: Shell, album: Path) -> None:
    """It is put there too, and one that was there comes back, whatever letters its name has."""
    old = saved(Image.new("RGB", (9, 9)), "JPEG")
    (album / "Folder.JPG").write_bytes(old)
    picture = drawn(album.parent / "scan.png")
    done = comet("cover", album, "--image", picture, "--folder-picture")
    assert done.stdout == "cover embedded in 3 files, 1 file written as `folder.jpg`\n"
    assert sorted(path.name for path in album.glob("*.[jJ]*")) == ["Folder.JPG"]
    assert (album / "Folder.JPG").read_bytes() in (album / "1.flac").read_bytes()
    comet("undo", "--yes")
    assert (album / "Folder.JPG").read_bytes() == old


def test_the_picture_of_the_folder_where_it_is_set(comet: Shell, album: Path) -> None:
    """It is put there also where the files have it already; where it cannot be, the others still get theirs."""
    (album / "Folder.JPG").mkdir()
    picture = drawn(album.parent / "scan.png")
    done = comet("cover", album, "--image", picture, "--folder-picture")
    assert done.stdout == "cover embedded in 3 files, 0 files written as `folder.jpg`\n"
    assert done.stderr.count("Folder.JPG`: it is no regular file\n") == 1
    (album / "Folder.JPG").rmdir()
    done = comet("cover", album, "--image", picture, "--set", "covers.folder_picture=1")
    assert done.stdout == "cover embedded in 0 files, 1 file written as `folder.jpg`\n"
    assert (album / "folder.jpg").read_bytes() in (album / "1.flac").read_bytes()
    assert "nothing to do" in comet("cover", album, "--image", picture, "--set", "covers.folder_picture=1").stderr


def test_what_cannot_hold_one_is_named(comet: Shell, album: Path) -> None:
    """And the others get it; with --strict that is an error."""
    (album / "4.mp3").write_text("no music")
    done = comet("cover", album, "--image", drawn(album.parent / "scan.png"), "--strict", code=3)
    assert done.stdout == "cover embedded in 3 files\n"
    assert "4.mp3`: it is no music file whose tags Comet knows" in done.stderr


def test_a_group_gets_a_cover(user: Shell, songs: Path, tmp_path: Path) -> None:
    """All its files, whatever their format, in one run of the profile; and which albums lack one is listed."""
    (groups,) = user.lines("groups")
    (group,) = [each for each in groups if any("one.flac" in track["path"] for track in each["tracks"])]
    assert "no cover" in user("covers").stdout
    done = user("cover", "--group", group["group"], "--image", drawn(tmp_path / "scan.png"))
    assert done.stdout == "cover embedded in 2 files\n"
    assert fronts(user, songs / "one.flac", songs / "Один.mp3") == [(900, 900)] * 2
    (found,) = user.lines("covers")
    assert found["why"] == ["no cover in 5 of 7 files"]
    assert "no group" in user("cover", "--group", "zzz", "--image", tmp_path / "scan.png", code=2).stderr


def test_albums_are_listed(user: Shell, songs: Path) -> None:
    """What is the matter, in how many files, and whose album it is, safe to show; as JSON with all that there is."""
    odd = songs / "odd" / "a.flac"
    odd.parent.mkdir()
    write(odd, tune(9, 1.0))
    file = FLAC(odd)
    file.update({"album": "A", "artist": "evil \x1b[2J"})
    file.save()
    user("scan")
    found: list[dict[str, Any]] = user.lines("covers")
    assert [(each["why"], each["lacking"], len(each["files"])) for each in found] == [
        (["no cover"], 7, 7), (["no cover"], 1, 1),
    ]  # fmt: skip
    assert (found[1]["artist"], found[1]["files"]) == ("evil \x1b[2J", [str(odd)])
    shown = user("covers")
    assert safe("evil \x1b[2J - A") in shown.stdout
    assert "\x1b" not in shown.stdout
    assert "2 albums without a good cover" in shown.stderr
    assert "and 1 more" in user("covers", "--limit", 1).stderr


@pytest.mark.slow
def test_a_terminal_shows_the_picture(comet: Shell, album: Path) -> None:
    """In half blocks and colours below its words."""
    shown = comet.typed("cover", drawn(album.parent / "scan.png"), "--show", columns=40).end()[1]
    assert "900 x 900 pixels" in shown
    assert shown.count("▀") > 200
    assert "\x1b[" in shown
