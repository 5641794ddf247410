"""Covers: chosen, cut by hand, embedded and taken back, with real pictures and real files."""

from __future__ import annotations

import io
import os
import shutil
import threading
from dataclasses import replace
from pathlib import Path

import mutagen
import pytest
from mutagen.flac import FLAC
from PIL import Image, ImageDraw
from textual._compositor import ChopsUpdate
from textual.app import App
from textual.pilot import Pilot

from comet.core.acts import Content
from comet.core.covers import Preview, Region
from comet.covers import Studio
from comet.listen import audio as listening
from comet_tui import covers as tui
from comet_tui.covered import Covered
from comet_tui.painted import Changed
from comet_tui.screens.covers import CoversScreen
from comet_tui.screens.crop import CropScreen
from comet_tui.screens.picker import PickerScreen
from comet_tui.widgets.picture import Picture
from tests.factories import tune, write
from tests.tui.conftest import Made
from tests.tui.looks import Clock, joined_text, seen, settled, text, until

FILES = 14


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody moves here while something is waited for."""
    for screen in ("crop", "picker"):
        monkeypatch.setattr(f"comet_tui.screens.{screen}._REST", 0.02)


def card(path: Path, width: int, height: int, **more: object) -> None:
    """Draw a picture with a border of paper: no part of it looks like another."""
    picture = Image.linear_gradient("L").resize((width, height)).convert("RGB")
    draw = ImageDraw.Draw(picture)
    draw.ellipse((width // 4, height // 5, width // 2, height // 2), fill=(220, 40, 30))
    draw.rectangle((width // 2, height // 2, width - 40, height - 40), fill=(20, 120, 220))
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path, **more)


@pytest.fixture(scope="module")
def tracks(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Return files with a moment of music, no two of them alike."""
    folder = tmp_path_factory.mktemp("tracks")
    paths = [folder / f"{at}.flac" for at in range(FILES + 2)]
    for at, path in enumerate(paths):
        write(path, tune(at, 0.3))
    return paths


@pytest.fixture
def albums(made: Made, tracks: list[Path]) -> Made:
    """Return a profile with an album of two files beside a scan, and one of two with a small cover."""
    return filled(made, tracks, 2)


def filled(made: Made, tracks: list[Path], files: int) -> Made:
    """Store an album of so many files beside a scan, and one of two with a small cover."""
    for at in range(files):
        name = f"Dummy/{at + 1:02} song.flac"
        made.track(name, tracks[at], fields={"title": str(at), "album": "Dummy", "artist": "Portishead"})
    card(made.music / "Dummy/scan.png", 1300, 1000)
    card(made.music.parent / "small.jpg", 300, 300)
    for at in (1, 2):
        sound = made.music.parent / "small.flac"
        shutil.copyfile(tracks[FILES + at - 1], sound)
        file = FLAC(sound)
        small = mutagen.flac.Picture()
        small.data, small.type, small.mime = (made.music.parent / "small.jpg").read_bytes(), 3, "image/jpeg"
        file.add_picture(small)
        file.save()
        made.track(f"Third/0{at}.flac", sound, fields={"album": "Third", "artist": "Portishead"})
    made.correlated()
    return made


def front(path: Path) -> tuple[int, int] | None:
    """Return how large the front cover of a file is, by another program's eyes; None where there is none."""
    pictures = [each for each in FLAC(path).pictures if each.type == 3]
    return Image.open(io.BytesIO(pictures[0].data)).size if pictures else None


def crop(pilot: Pilot[None]) -> CropScreen:
    """Return the screen on which a cover is cut."""
    assert isinstance(pilot.app.screen, CropScreen)
    return pilot.app.screen


async def to(pilot: Pilot[None], kind: type) -> None:
    """Wait until a screen is there and has read what it shows."""
    await until(pilot, lambda: isinstance(pilot.app.screen, kind))
    await settled(pilot)


async def ready(pilot: Pilot[None]) -> None:
    """Wait until the bytes of the cover stand on the screen."""
    await to(pilot, CropScreen)
    await until(pilot, lambda: crop(pilot)._made is not None)
    await seen(pilot, "B")


async def covers(pilot: Pilot[None]) -> CoversScreen:
    """Go to the list of albums."""
    await settled(pilot)
    await pilot.press("4")
    await to(pilot, CoversScreen)
    assert isinstance(pilot.app.screen, CoversScreen)
    return pilot.app.screen


async def cut(pilot: Pilot[None]) -> CoversScreen:
    """Go to where the first picture is cut that is near the first album."""
    screen = await covers(pilot)
    await pilot.press("enter")
    await to(pilot, PickerScreen)
    await pilot.press("enter")
    await ready(pilot)
    return screen


async def done(pilot: Pilot[None]) -> None:
    """Wait until what was confirmed is done."""
    session = pilot.app.session  # type: ignore[attr-defined]
    await until(pilot, lambda: not session.turn.locked() and not pilot.app.workers)
    await settled(pilot)


@pytest.mark.parametrize("count", [3, pytest.param(FILES, marks=pytest.mark.slow)])
async def test_an_album_takes_three_keys(made: Made, tracks: list[Path], count: int) -> None:
    """Which picture, which part of it, and Enter: all files have it, their sound is as it was, and u takes it back."""
    albums = filled(made, tracks, count)
    before = albums.there()
    files = sorted((albums.music / "Dummy").glob("*.flac"))
    sound = [listening.identify(os.fsencode(path)) for path in files]
    async with albums.app().run_test(size=(80, 24)) as pilot:
        await covers(pilot)
        await seen(pilot, "2 albums left", "Portishead - Dummy", "no cover", f"{count} files", "small: 300 x 300")
        keys = []

        async def press(key: str) -> None:
            keys.append(key)
            await pilot.press(key)

        await press("enter")
        await to(pilot, PickerScreen)
        await seen(pilot, "1 picture near", "scan.png")
        await press("enter")
        await ready(pilot)
        await seen(pilot, "1,000 x 1,000", f"for {count} files")
        await press("enter")
        await to(pilot, CoversScreen)
        await done(pilot)
        await seen(pilot, "✓ done", "1 album left", f"✓ cover: {count} files written", "2 files small")
        assert len(keys) == 3
        assert [front(path) for path in files] == [(1000, 1000)] * count
        assert [listening.identify(os.fsencode(path)) for path in files] == sound
        await pilot.press("u")
        await done(pilot)
        await seen(pilot, "the cover is taken back", "2 albums left")
    assert albums.there() == before


async def test_what_is_moved_is_what_comes_out(albums: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a key, and by each of two drags from the same cell; and nothing is sent but the cells that have changed."""
    sent: list[type] = []
    monkeypatch.setattr(App, "_display", lambda _app, _screen, renderable: sent.append(type(renderable)))
    async with albums.app().run_test(size=(80, 24)) as pilot:
        await cut(pilot)
        await pilot.press("e", "ctrl+u", *"100 100 700 700", "enter")
        sent.clear()
        await pilot.press("l")
        await pilot.pause()
        assert (Changed in sent, ChopsUpdate in sent) == (True, False)
        where = crop(pilot).query_one(Picture).region.offset
        found = [crop(pilot)._cut.region.x]
        for _time in range(2):
            await pilot.mouse_down(offset=(where.x + 15, where.y + 8))
            await pilot.hover(offset=(where.x + 18, where.y + 8))
            await pilot.mouse_up(offset=(where.x + 18, where.y + 8))
            found.append(crop(pilot)._cut.region.x)
        assert found[0] < found[1] < found[2]


async def test_a_page_counts_once_it_is_shown(albums: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until then the one before is cut; one that is damaged is refused, and the one before stays."""
    for old in (albums.music / "Dummy").glob("scan.*"):
        old.unlink()
    pages = [Image.new("RGB", (side, side), "red") for side in (700, 640, 660)]
    scan = albums.music / "Dummy/scan.tif"
    pages[0].save(scan, save_all=True, append_images=pages[1:], compression="tiff_lzw")
    with Image.open(scan) as image:
        image.seek(2)
        at = image.tag_v2[273][0]  # type: ignore[attr-defined]
    data = bytearray(scan.read_bytes())
    data[at : at + 99] = b"\xff" * 99
    scan.write_bytes(data)
    gate, preview = threading.Event(), Studio.preview

    def late(studio: Studio, content: Content, page: int, width: int, height: int) -> Preview:
        assert not page or gate.wait(30)
        return preview(studio, content, page, width, height)

    monkeypatch.setattr(Studio, "preview", late)
    async with albums.app().run_test(size=(80, 24)) as pilot:
        await cut(pilot)
        await pilot.press("p", "H")
        await seen(pilot, "reading …", "page 1 / 3", "frame 683 x 683")
        gate.set()
        await ready(pilot)
        await seen(pilot, "page 2 / 3", "frame 640 x 640")
        await pilot.press("p")
        await seen(pilot, "it is damaged", "page 2 / 3")
        await ready(pilot)
        assert (crop(pilot)._page, crop(pilot)._cut.region) == (1, Region(0, 0, 640, 640))


async def test_what_is_done_goes_on_where_one_leaves(albums: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    """The list may be read again, and another screen be there by then; where nothing is undone that is not said."""
    before, gate, undo = albums.there(), threading.Event(), tui.undo
    async with albums.app().run_test(size=(80, 24)) as pilot:
        session = pilot.app.session  # type: ignore[attr-defined]
        screen = await cut(pilot)
        screen._albums = [replace(each, lacking=9) for each in screen._albums]  # as after it was read again
        await pilot.press("enter")
        await to(pilot, CoversScreen)
        await done(pilot)
        await seen(pilot, "✓ cover: 2 files written")
        (covered,) = session.covered
        monkeypatch.setattr(tui, "undo", lambda *given: gate.wait(30) and undo(*given))
        await pilot.press("k", "enter")
        await to(pilot, PickerScreen)
        await pilot.press("u", "escape")
        await until(pilot, lambda: pilot.app.screen is screen)
        assert session.turn.locked()
        gate.set()
        await done(pilot)
        await seen(pilot, "the cover is taken back", "2 albums left")
        assert (albums.there(), session.covered) == (before, [])
        session.covered.append(Covered(covered.profile, covered.paths, covered.made, folder_picture=False))
        await pilot.press("u")
        await done(pilot)
        await seen(pilot, "! there is nothing to undo any more")
        assert session.covered == []


async def test_a_cover_that_cannot_be_written_is_told(albums: Made) -> None:
    """As all that is the matter with a picture: the application goes on."""
    state = Path(albums.home.profile("music"))
    (state / "covers").write_text("in the way")
    async with albums.app().run_test(size=(80, 24)) as pilot:
        await covers(pilot)
        await pilot.press("enter")
        await to(pilot, PickerScreen)
        await pilot.press("enter")
        await seen(pilot, "! the cover cannot be written into")


def test_a_link_that_leads_nowhere_is_left_out(tmp_path: Path) -> None:
    """What else is in its folder is listed."""
    (tmp_path / "cover.jpg").symlink_to("nowhere.jpg")
    (tmp_path / "scan.png").touch()
    (tmp_path / "scans").mkdir()
    assert [each.name for each in tui.listed(os.fsencode(tmp_path))] == ["scans", "scan.png"]


@pytest.mark.slow
async def test_what_is_typed_and_moved_is_what_is_embedded(albums: Made) -> None:
    """The frame is kept in pixels of the picture, by numbers and by keys, Russian ones too; folder.jpg goes with it."""
    before = albums.there()
    async with albums.app().run_test(size=(80, 24)) as pilot:
        await covers(pilot)
        await pilot.press("c")
        await to(pilot, PickerScreen)
        await pilot.press("enter")
        await ready(pilot)
        await pilot.press("e", "ctrl+u", *"100 50 700 701", "enter")
        assert crop(pilot)._cut.region == Region(100, 50, 700, 701)
        await seen(pilot, "shape any", "frame 700 x 701", "cover 700 x 701")
        await pilot.press("full_stop", "д", "j", "shift+right", "K")
        assert crop(pilot)._cut.region == Region(101, 51, 701, 700)
        await pilot.press("s", "s")  # square, and any again: its largest square
        assert crop(pilot)._cut.region == Region(101, 51, 700, 700)
        await pilot.press("a", *"16:9", "enter")
        assert crop(pilot)._cut.region == Region(101, 204, 700, 394)
        await seen(pilot, "no size fits", "n takes 700 x 394")
        await pilot.press("e", "ctrl+u", *"0 0 9999 1", "enter")
        await seen(pilot, "is not inside the picture of 1,300 x 1,000")
        await pilot.press("e", "ctrl+u", *"10 20 1280 960", "enter", "f")
        await seen(pilot, "folder.jpg too", "for 2 files", "no whole number divides", "n takes 1,200 x 900")
        await pilot.press("o", *"800", "enter")
        await ready(pilot)
        await seen(pilot, "cover 800 x 600 ÷ 1.6")
        await pilot.press("enter")
        await to(pilot, CoversScreen)
        await done(pilot)
        assert front(albums.music / "Dummy/01 song.flac") == (800, 600)
        with Image.open(albums.music / "Dummy/folder.jpg") as placed:
            assert placed.size == (800, 600)
        await pilot.press("u")
        await done(pilot)
    assert albums.there() == before


@pytest.mark.slow
async def test_a_small_picture_is_never_enlarged_unasked(albums: Made) -> None:
    """Where no size fits it says so, Enter does nothing, and only the key that is named takes the nearest size."""
    before = albums.there()
    async with albums.app().run_test(size=(80, 24)) as pilot:
        screen = await covers(pilot)
        await pilot.press("j", "enter")
        await to(pilot, PickerScreen)
        await seen(pilot, "300 x 300", "front of `01")
        await pilot.press("enter")
        await to(pilot, CropScreen)
        await seen(pilot, "no size fits", "no side may be below 600")
        await pilot.press("enter", "enter")
        await pilot.press("n")
        await ready(pilot)
        await seen(pilot, "cover 300 x 300")
        await pilot.press("H")  # another size: it has to be asked for again
        await seen(pilot, "no size fits")
        await pilot.press("n")
        await ready(pilot)
        assert albums.there() == before
        await pilot.press("enter")
        await to(pilot, CoversScreen)
        await done(pilot)
        assert screen._done(screen._albums[1])
        assert max(front(albums.music / "Third/02.flac") or (0,)) < 300


@pytest.mark.slow
async def test_a_picture_is_found_in_any_folder_and_by_any_path(albums: Made, tmp_path: Path) -> None:
    """With keys through folders, or typed; what is no picture is told, with the key that helps."""
    card(tmp_path / "elsewhere/scans/front.tiff", 900, 700, save_all=True, append_images=[Image.new("RGB", (640, 620))])
    (tmp_path / "elsewhere/scans/broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no picture")
    async with albums.app().run_test(size=(80, 24)) as pilot:
        await covers(pilot)
        await pilot.press("j", "enter")
        await to(pilot, PickerScreen)
        await pilot.press("tab")
        await seen(pilot, "music/Third")
        await pilot.press("h")
        await seen(pilot, "▸ Third/")
        await pilot.press("k", "l")
        await seen(pilot, "scan.png")
        await pilot.press("e", "ctrl+u", *str(tmp_path / "elsewhere/scans"), "enter")
        await seen(pilot, "broken.jpg", "front.tiff")
        await seen(pilot, "! `")
        await pilot.press("enter")
        await to(pilot, CropScreen)
        await seen(pilot, "Esc leads back to the other pictures")
        await pilot.press("enter", "escape", "j")
        await seen(pilot, "900 x 700", "TIFF")
        await pilot.press("enter")
        await ready(pilot)
        await seen(pilot, "page 1 / 2")
        await pilot.press("p")
        await seen(pilot, "page 2 / 2", "frame 620 x 620")
        await pilot.press("escape", "tab", "e", "ctrl+u", *str(tmp_path / "no such"), "enter")
        await to(pilot, CropScreen)
        await seen(pilot, "No such file")
        await pilot.press("escape", "escape")
        await to(pilot, CoversScreen)


@pytest.mark.slow
async def test_only_what_stays_gets_a_cover_from_the_review(tagged: Made) -> None:
    """`c` is about the tracks that stay; the others are left as they are, and the review reads the group again."""
    card(tagged.music / "flac/cover.png", 700, 700)
    async with tagged.app().run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("c")
        await to(pilot, PickerScreen)
        await seen(pilot, "cover of a.flac", "cover.png")
        await pilot.press("enter")
        await ready(pilot)
        await seen(pilot, "for 1 file")
        there = tagged.there()
        await pilot.press("enter")
        await done(pilot)
        await seen(pilot, "3 Review", "✓ cover: 1 file written")
        changed = {name for name, content in tagged.there().items() if there[name] != content}
        assert len(changed) == 1
        await pilot.press("c")
        await to(pilot, PickerScreen)
        await pilot.press("u")
        await done(pilot)
        assert tagged.there() == there


async def test_an_enter_that_was_held_or_typed_ahead_embeds_nothing(albums: Made) -> None:
    """What comes out has to be on the screen for a moment, and a key that is held down counts once."""
    clock, before = Clock(), albums.there()
    async with albums.app(clock).run_test(size=(80, 24)) as pilot:
        await covers(pilot)
        await pilot.press("enter")
        await to(pilot, PickerScreen)
        await pilot.press("enter", "enter", "enter")
        await ready(pilot)
        await pilot.press("enter")
        clock.now += 0.2
        await pilot.press("enter")
        clock.now += 0.2
        await pilot.press("enter")
        assert crop(pilot)
        assert albums.there() == before
        clock.now += 1.0
        await pilot.press("l")
        await pilot.press("enter")  # what comes out of this frame was never seen
        assert crop(pilot)
    assert albums.there() == before


@pytest.mark.slow
async def test_suggestions_the_mouse_and_the_window(albums: Made) -> None:
    """The key `t` goes through what may be meant; a drag moves the frame or draws one; a window changes none of it."""
    border = Image.new("RGB", (1300, 1000), "magenta")
    border.paste(Image.open(albums.music / "Dummy/scan.png").resize((1000, 800)), (150, 100))
    border.save(albums.music / "Dummy/scan.png")
    async with albums.app().run_test(size=(80, 24)) as pilot:
        await covers(pilot)
        await pilot.press("enter")
        await to(pilot, PickerScreen)
        await pilot.press("enter")
        await ready(pilot)
        await until(pilot, lambda: bool(crop(pilot)._cut.suggestions))
        await pilot.press("t")
        await seen(pilot, "1 of ")
        assert crop(pilot)._cut.region == Region(150, 100, 1000, 800)
        await pilot.press("t")
        square = crop(pilot)._cut.region
        assert (square.width, square.height) == (800, 800)
        for size in ((1, 1), (5, 2), (30, 5), (300, 100), (120, 40)):
            await pilot.resize_terminal(*size)
            await settled(pilot)
        assert crop(pilot)._cut.region == square
        where = crop(pilot).query_one(Picture).region.offset
        before = crop(pilot)._cut.region
        middle = (where.x + 30, where.y + 14)
        await pilot.mouse_down(offset=middle)
        await pilot.hover(offset=(middle[0] + 2, middle[1]))
        await pilot.mouse_up(offset=(middle[0] + 2, middle[1]))
        moved = crop(pilot)._cut.region
        assert (moved.x > before.x, moved.y, moved.width) == (True, before.y, before.width)
        await pilot.mouse_down(offset=where)
        await pilot.hover(offset=(where.x + 5, where.y + 5))
        await pilot.mouse_up(offset=(where.x + 5, where.y + 5))
        assert (crop(pilot)._cut.region.x, crop(pilot)._cut.region.y) < (30, 30)


@pytest.mark.slow
@pytest.mark.parametrize("size", [(60, 16), (40, 12)])
async def test_small_windows_show_what_comes_out(albums: Made, size: tuple[int, int]) -> None:
    """Picture, frame and cover are on the screen together, and so is the key that shows all others."""
    async with albums.app().run_test(size=size) as pilot:
        await covers(pilot)
        await pilot.press("enter")
        await to(pilot, PickerScreen)
        await pilot.press("enter")
        await ready(pilot)
        await seen(pilot, "1,000 x 1,000", "┌", "? keys")


@pytest.mark.slow
async def test_empty_and_unknown_say_what_to_do(made: Made, tracks: list[Path]) -> None:
    """Where nothing is known, no album lacks a cover, or no picture is near, a key is named that helps."""
    async with made.app().run_test(size=(80, 24)) as pilot:
        await covers(pilot)
        await seen(pilot, "nothing is known of profile `music` yet", "2 shows what to do next")
        made.track("One/a.flac", tracks[0], fields={"album": "One"})
        made.correlated()
        await pilot.press("r")
        await settled(pilot)
        await seen(pilot, "1 album left")
        await pilot.press("slash", *"nowhere", "enter")
        await seen(pilot, "no album has `nowhere`")
        await pilot.press("u")
        await seen(pilot, "no cover was embedded from here")
        await pilot.press("enter")
        await to(pilot, PickerScreen)
        await seen(pilot, "no picture is near: h shows the folder, e types a path")
        await pilot.press("h")
        await seen(pilot, "music/One")
        assert "Traceback" not in text(pilot.app)
        assert "no picture is near" not in joined_text(pilot.app)
