"""Pictures of every screen as text, kept in `shots/`: `python -m tests.tui.shots --update` makes all of them anew.

One process shows one language, for sentences get theirs while modules are loaded; whoever wants both starts two.
A picture is its lines, then where they are bold, reversed or coloured: `row: style from-to`; `--svg DIR` draws it.
"""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import itertools
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from textual.pilot import Pilot

    from comet_tui.app import CometApp
    from tests.tui.conftest import Made

HERE = Path(__file__).parent / "shots"
LANGUAGES = ("en", "ru")
SIZES = ("80x24", "60x16", "120x40")
NOW = 1_750_000_000.0
"""Seconds since 1970: all that is shown happened then."""

SCREENS: dict[str, tuple[tuple[str, ...], str]] = {
    "1 profiles": (("1",), ""),
    "1 profiles, a value typed": (("1", "tab", "j", "j", "j", "j", "e"), ""),
    "2 scan": (("2",), "wait"),
    "3 review": (("3", *"KKKK"), ""),
    "3 review, the tags": (("3", "t"), ""),
    "3 review, its keys": (("3", "question_mark"), ""),
    "3 review, a key is looked for": (("3", "colon", *"u"), ""),
    "3 review, two tracks": (("3", *"JJ", "v"), ""),
    "3 review, folders": (("3", "F"), ""),
    "3 review, a rule": (("3", "R", *"keep", "space", *"lossless", "enter"), "busy"),
    "4 covers": (("4",), ""),
    "4 covers, pictures": (("4", "enter"), "picture"),
    "4 covers, one is cut": (("4", "enter", "enter"), "cover"),
    "5 threshold": (("5",), ""),
    "6 memory": (("6",), "wait"),
    "7 backup": (("7",), ""),
    "7 backup, why a track is missing": (("7", "tab"), ""),
    "8 quarantine": (("8",), ""),
    "9 jobs": (("9",), ""),
    "9 jobs, one of them": (("9", "enter"), ""),
}
"""What is pressed to get there, from the review."""


def world(made: Made, sounds: Path) -> None:
    """Fill a profile: groups with tags, with letters of two cells and such that stand on others, one to be checked."""
    from PIL import Image  # noqa: PLC0415 - with the rest

    from comet import changes  # noqa: PLC0415 - sentences get their language before
    from comet.collection import groups, merging  # noqa: PLC0415
    from comet.core.job import Job  # noqa: PLC0415
    from comet.core.model import Part  # noqa: PLC0415
    from tests.factories import tune, write  # noqa: PLC0415
    from tests.tui.conftest import FLAC  # noqa: PLC0415

    for name in ("a.flac", "a.mp3", "b.flac", "b.mp3", "c.flac", "c.mp3"):
        write(sounds / name, tune(ord(name[0]), "_cba".index(name[0])))
        os.truncate(sounds / name, 10_000_000 if "flac" in name else 4_000_000)  # whatever the encoder makes of it
    tagged = {"title": "Roads", "artist": "Portishead", "date": "1994", "genre": "Trip-Hop"}
    folder, japan, old = (
        "Музыка/Portishead — Dummy (1994)",
        "坂本龍一/音楽図鑑",
        "old-ipod/Cafe\N{COMBINING ACUTE ACCENT}",
    )
    files = [  # of which recording, where, its tags
        ("a.flac", f"{folder}/08 Roads.flac", tagged),
        ("a.mp3", "Downloads/Roads (1).mp3", {**tagged, "title": "Roads (live)", "date": "1995", "mood": "calm"}),
        (
            "b.flac",
            f"{japan}/Merry Christmas Mr. Lawrence 戦場のメリークリスマス.flac",
            {"title": "戦場のメリークリスマス"},
        ),
        ("b.mp3", f"{old}/Merry Christmas.mp3", {"title": "Merry Christmas", "artist": "坂本龍一"}),
        ("c.flac", f"{folder}/01 Mysterons.flac", {"title": "Mysterons", "artist": "Portishead"}),
        ("c.mp3", "Downloads/Mysterons.mp3", {"title": "Mysterons", "artist": "Portishead"}),
    ]
    serials = {kind: made.track(name, sounds / kind, fields=fields) for kind, name, fields in files}
    for name in (folder, "Downloads"):
        card = Image.new("RGB", (1_600, 1_200), (32, 64, 160))
        card.paste((232, 200, 40), (400, 300, 900, 800))
        card.paste((200, 40, 40), (800, 600, 1_300, 1_000))
        card.save(made.music / name / "scan.png")
    made.pair(serials["a.flac"], serials["a.mp3"], similarity=0.97)
    made.pair(serials["b.flac"], serials["b.mp3"], clear=False, similarity=0.9)
    made.pair(serials["c.flac"], serials["c.mp3"])
    for number, kind in enumerate("xyz"):
        one, other = alike(number)
        name = f"{folder}/0{number + 5} {kind}.flac".encode()
        better = made.file(name, 3_000_000 - 100_000 * number, FLAC, words=one)
        worse = made.file(f"Backup/Dummy/{kind}.mp3".encode(), 1_000_000 - 100_000 * number, words=other)
        made.pair(better, worse)
        parts = (Part(0.0, 12.5, 60.0), Part(66.0, 78.5, 119.0))
        made.verdicts[-1] = replace(made.verdicts[-1], offset=-101, overlap=1_450, parts=parts)
    made.correlated()
    with made._opened() as opened:  # one group is done: something is held
        done = [each for each in groups.proposals(opened) if b"Mysterons" in each.group.tracks[0].file.path]
        changes.apply(opened, changes.plan(opened, merging.each(opened, done)), Job())
    Path(made.home.profiles_ini).write_text(
        f"[music]\nroots = {made.music}\n\n[радио]\nroots = {made.music}\njudge.false_pairs = 0.5\n\n"
        "[comet]\ndefault = music\n",
        encoding="utf-8",
    )


def backup(made: Made) -> None:
    """Let an account be backed up, but for what the service does not give, what failed and what nobody wants."""
    from comet.backup import credentials, database, ended  # noqa: PLC0415 - sentences get their language before
    from comet.backup import model as nouns  # noqa: PLC0415

    folder, later = made.home.profile("music"), int(NOW) + 3 * 86_400
    credentials.save("music", made.home, credentials.Tokens("y0_none"))
    credentials.bind("music", made.home, nouns.Account("77", "mila", plus=True))
    items = [nouns.Item(str(44_100 + number)) for number in range(40)]
    known = database.Records(database.path_of(folder))
    for key, title, mine in (
        (nouns.LIKES, "", items),
        ("77:3", "Дорога домой", items[:9]),
        ("77:4", "音楽", items[9:]),
    ):
        known.listed(nouns.Listed(nouns.Header(key, "", "77", "", title, len(mine), 1), tuple(mine)))
    tracks = [nouns.Remote(item.track, f"Песня {number}", ("Кино",)) for number, item in enumerate(items)]
    known.describe(items, tracks, int(NOW))
    for at, item in enumerate(items[:-6]):
        geo = nouns.Copy(item.track, nouns.State.UNAVAILABLE, reason=nouns.Reason.GEO, tries=2, next_try=later)
        known.put(nouns.Copy(item.track, nouns.State.DONE) if at % 8 else geo)
    known.put(nouns.Copy(items[-1].track, nouns.State.IGNORED))
    known.end(known.begin(), 3, {"new": 12})
    known.close()
    ended.note(made.session().choose(), folder, ended.now(3), NOW)


def alike(seed: int) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Return the words of an audio, and the same 101 words later, some bits of them wrong and many in the middle."""
    draw = np.random.default_rng(seed)
    words = draw.integers(0, 2**32, 1_600, np.uint32)
    wrong = np.where(np.arange(1_600) // 200 == 5, 9, 1)
    noise = [sum(1 << int(bit) for bit in draw.choice(32, count, replace=False)) for count in wrong]
    return words, np.roll(words ^ np.array(noise, np.uint32), 101)


def at_work(made: Made) -> ExitStack:
    """Let a job be at work, as another process would, and return what ends it."""
    from comet import jobs  # noqa: PLC0415 - sentences get their language before
    from comet.core.job import Memory, Progress  # noqa: PLC0415
    from comet.core.model import Problem, Stage  # noqa: PLC0415

    os.environ[jobs.ID_VARIABLE] = "20250615-150640-77"
    work = ExitStack()
    record = work.enter_context(jobs.recorded(made.home.profile("music"), "full --profile music"))
    record.report(Progress(Stage.SCAN, str(made.music), 12_345, 12_345, finished=True))
    record.report(Problem(Stage.SCAN, os.fsencode(made.music / "кот.mp3"), "no music"))
    record.report(Progress(Stage.CORRELATE, "", 0, 12_345))
    time.time = lambda: NOW
    record.report(Progress(Stage.CORRELATE, "", 5_000, 12_345, "12345"))
    record.report(Memory(3_000_000_000, 1_200_000_000, 4_096, 500_000_000, 300_000, 7_345))
    return work


def picture(app: CometApp) -> Iterator[str]:
    """Yield the lines of the screen, then where they have a style."""
    strips = app.screen._compositor.render_strips()
    yield from (strip.text.rstrip() for strip in strips)
    for number, strip in enumerate(strips):
        at, found = 0, []
        for segment in strip:
            style, end = segment.style, at + segment.cell_length
            if style:
                words = [word for word in ("bold", "dim", "reverse", "underline") if getattr(style, word)]
                words += [style.color.name] if style.color and not style.color.is_default else []
                words += [f"on {style.bgcolor.name}"] if style.bgcolor and not style.bgcolor.is_default else []
                found.append((" ".join(words), at, end))
            at = end
        runs: list[tuple[str, int, int]] = []
        for words, begin, end in found:
            if runs and runs[-1][0] == words and runs[-1][2] == begin:
                runs[-1] = (words, runs[-1][1], end)
            elif words:
                runs.append((words, begin, end))
        if runs:
            yield f"{number}: " + ", ".join(f"{words} {begin}-{end}" for words, begin, end in runs)


async def shown(made: Made, columns: int, lines: int, svg: Path | None) -> list[str]:
    """Return every screen in one size."""
    from comet_tui.app import CometApp  # noqa: PLC0415 - sentences get their language before

    found = []
    app = CometApp(made.session(), itertools.count(step=1.0).__next__)
    async with app.run_test(size=(columns, lines)) as pilot:
        for key in ("3", *"JJJJ", "r"):  # the tags of all groups are known then
            await _ready(pilot, "")
            await pilot.press(key)
        for name, (keys, waits) in SCREENS.items():
            await _ready(pilot, "")
            *first, last = keys
            await pilot.press(*first)
            if waits == "cover":
                await _ready(pilot, "picture")  # there is nothing to take before
            await pilot.press(last)
            await _ready(pilot, waits)
            found += [f"== {name}", *picture(app)]
            if svg:
                (svg / f"{name.replace(' ', '-')}.svg").write_text(app.export_screenshot(), encoding="utf-8")
            while len(app.screen_stack) > 1:
                app.pop_screen()
            await pilot.press("escape", "escape", "3")
    return found


async def _ready(pilot: Pilot[None], waits: str) -> None:
    """Wait until nothing is read any more, and where a job is looked at until that was done."""
    from comet_tui.widgets.picture import Picture  # noqa: PLC0415 - sentences get their language before
    from tests.tui.looks import settled, until  # noqa: PLC0415 - sentences get their language before

    await settled(pilot)
    if waits == "wait":
        await until(pilot, lambda: "▶" in str(pilot.app.screen.query_one("#job").render()))
    screen = pilot.app.screen
    if waits in ("picture", "cover"):
        await until(pilot, lambda: screen.query_one(Picture)._preview is not None)
    if waits == "cover":
        await until(pilot, lambda: bool(screen._made and screen.query_one(Picture)._dark))
    await pilot.pause(0.05)
    await settled(pilot)


def main() -> int:
    """Print the pictures of one language, or make all of them anew."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", nargs="*", default=list(SIZES), metavar="COLUMNSxLINES")
    parser.add_argument("--update", action="store_true", help="in every language and size, into the folder `shots`")
    parser.add_argument("--svg", type=Path, metavar="DIR", help="draw them there as SVG too")
    asked = parser.parse_args()
    if asked.update:
        for language, mono in (*((each, False) for each in LANGUAGES), ("en", True)):
            for size in SIZES[:1] if mono else SIZES:
                text = taken(language, size, mono=mono)
                (HERE / f"{language}-{size}{'-mono' * mono}.txt").write_text(text, encoding="utf-8")
        return 0
    language = os.environ["COMET_LANGUAGE"]
    top = Path(f"/tmp/comet-shots-{language}")  # noqa: S108 - its length is part of the pictures; nobody else may own it
    with open(f"{top}.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        shutil.rmtree(top, ignore_errors=True)
        top.mkdir(mode=0o700)
        try:
            sys.stdout.write("\n".join(_pictures(top, asked.sizes, asked.svg)) + "\n")
        finally:
            shutil.rmtree(top)
    return 0


def taken(language: str, *sizes: str, mono: bool = False) -> str:
    """Return the pictures of a language, taken in a process of its own."""
    env = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "SSH_CONNECTION", "LANGUAGE")}
    env |= {"COMET_LANGUAGE": language, "TZ": "UTC", "COMET_HOME": f"/tmp/comet-shots-{language}/home"}  # noqa: S108
    env |= {"NO_COLOR": "1"} if mono else {}
    words = [sys.executable, "-m", "tests.tui.shots", *sizes]
    return subprocess.run(words, env=env, cwd=HERE.parents[2], stdout=subprocess.PIPE, check=True).stdout.decode(
        "utf-8"
    )


def _pictures(top: Path, sizes: list[str], svg: Path | None) -> Iterator[str]:
    from comet.collection import machine  # noqa: PLC0415 - sentences get their language before
    from comet.core.places import places  # noqa: PLC0415
    from tests.tui.conftest import Made  # noqa: PLC0415

    time.time = lambda: NOW - 754.0  # what is shown must not depend on when and where that is done
    machine.now = lambda: machine.Machine(16_000_000_000, 9_000_000_000)
    made = Made(places(), top / "music")
    made.profile()
    (top / "sounds").mkdir()
    world(made, top / "sounds")
    backup(made)
    with at_work(made):
        for size in sizes:
            columns, lines = map(int, size.split("x"))
            folder = svg / size if svg else None
            if folder:
                folder.mkdir(parents=True, exist_ok=True)
            yield from map(_without_chance, asyncio.run(shown(made, columns, lines, folder)))


def _without_chance(line: str) -> str:
    """Return a line without the numbers that chance gives."""
    line = re.sub(r"pid \d+", "pid 77", line)
    return re.sub(r"(bytes|байты)( +)\d[\d.,]* (\S*[BБ])", r"\1\g<2>9 \3", line)  # as this JPEG encoder makes it


if __name__ == "__main__":
    sys.exit(main())
