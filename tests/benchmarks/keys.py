"""How many keys a review takes, counted in tmux: `python -m tests.benchmarks.keys`.

First groups of 2 to 12 copies in all formats, with up to three conflicts in their tags, are reviewed at two sizes of
the terminal as a person would: who reads what is on the screen, lets Enter bring the tracks that are not, turns a value
that is wrong, confirms. What stands there is then held against the files, and `u` takes all of it back, to the byte.
Then many groups of two in albums are finished in each of five ways. Seconds are those of the machine, a person's own
not counted.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from comet.core import pieces
from comet.core.acts import Content
from comet.tags import codec, rewrite
from comet.tags.fields import Change
from tests.factories import tune, write
from tests.integration.test_pictures import FRONT
from tests.tui.ptys import TOP, Tmux

KINDS = (
    ("flac", 0), ("mp3", 320_000), ("ogg", 0), ("m4a", 256_000), ("opus", 128_000), ("mp3", 192_000),
    ("wma", 128_000), ("wv", 0), ("m4a", 128_000), ("mp3", 128_000), ("opus", 96_000), ("aiff", 0),
)  # fmt: skip
"""What the copies of a group are: the first two of them in a group of two, all in one of twelve."""
FIELDS = ("title", "artist", "date")
CONFLICTS = dict(zip(range(2, 13), (0, 1, 2, 0, 3, 1, 0, 2, 3, 0, 1), strict=True))
"""How many of the fields are in conflict in the group of each size; in a third of the groups none."""
ALBUM = 10
RULE = "keep lossless"
_READ = 0.8
"""Seconds before a key: the application wants a group to be on the screen for 0.4 s."""
_PATIENCE = 600.0

_LEFT = re.compile(r"([0-9,]+) groups? left")
_OPEN = re.compile(r"Tags after the merge · ([0-9]+) conflict")
_TRACK = re.compile(r"[\u203a ] *([0-9]+) ([●○■?]) \w+ .*?(copies [0-9]+/\S+)")
_VALUE = re.compile(r"\u203a[!✓✎] (\w+) +◂(.*?)▸")
_PAIRS = re.compile(r"[0-9]+ pairs? of folders|no two folders")
_GOES = re.compile(r"[1-9][0-9,]* files? go ")
_NEWER = "newer: r"
_IN_TAGS = "l value"
"""Stands in the line of keys while the tags have them."""


@dataclass
class Person:
    """Somebody who reads what is on the screen before each key."""

    tmux: Tmux
    keys: int = 0

    def press(self, *keys: str) -> None:
        """Press keys, and count them."""
        self.keys += len(keys)
        self.tmux.press(*keys)

    def read(self, ready: Callable[[str], bool] = lambda _shown: True) -> str:
        """Return the screen as soon as it is as wanted and does not change any more."""
        end, before = time.monotonic() + _PATIENCE, ""
        while not ready(shown := self.tmux.run("capture-pane", "-p")) or shown != before:
            if time.monotonic() > end:
                raise TimeoutError(shown)
            before = shown
            time.sleep(0.1)
        return shown

    def confirm(self, right: Mapping[str, str]) -> tuple[int, dict[int, tuple[str, bool]]]:
        """Confirm the group on the screen, and turn values of conflicts that are not as they are `right`.

        Return how many keys brought tracks only that had not been on the screen, and all tracks that were there.
        """
        shown = self.read(_tagged)
        before, brought, seen = left(shown), 0, _tracks(shown)
        while left(shown) == before:
            value = _VALUE.search(shown) if _IN_TAGS in shown else None
            if value and right.get(value[1], value[2]) != value[2]:
                self._change("l", shown, _VALUE.findall)
            else:
                self._change("Enter", shown, lambda now: (_state(now), _tracks(now)))
            now = self.read(_tagged)
            if left(now) == before:
                brought += _state(now) == _state(shown)
                seen |= _tracks(now)
            shown = now
        return brought, seen

    def _change(self, key: str, shown: str, what: Callable[[str], object]) -> None:
        """Press a key that changes something, and wait for that."""
        time.sleep(_READ)
        self.press(key)
        self.read(lambda now: what(now) != what(shown))


def left(shown: str) -> int:
    """Return how many groups are left, as the screen says."""
    found = _LEFT.search(shown)
    return int(found[1].replace(",", "")) if found else -1


def _state(shown: str) -> tuple[int, list[str], list[tuple[str, str]], bool]:
    return left(shown), _OPEN.findall(shown), _VALUE.findall(shown), _IN_TAGS in shown


def _tagged(shown: str) -> bool:
    """Tell whether the tags of the group are there, or no group is."""
    return left(shown) == 0 or (left(shown) > 0 and "Tags" in shown and "reading" not in shown)


@dataclass
class Reviewed:
    """What one group took."""

    size: int
    at_once: int
    """Tracks that were on the screen with the group."""
    looked: int = 0
    """Keys that brought the others."""
    keys: int = 0
    """Keys to decide."""
    stays: dict[str, bool] = field(default_factory=dict)
    """What the screen said of each track, by path."""


def review(person: Person, size: int) -> Reviewed:
    """Confirm the group that is on the screen, after all of its tracks were there."""
    shown = person.read(lambda now: _tagged(now) and f"· {size} tracks ·" in now)
    before = person.keys
    looked, seen = person.confirm(truth(size))
    return Reviewed(size, len(_tracks(shown)), looked, person.keys - before - looked, dict(seen.values()))


def _tracks(shown: str) -> dict[int, tuple[str, bool]]:
    """Return the tracks that are on the screen by their numbers: path, and whether it stays."""
    return {int(number): (path, mark != "○") for number, mark, path in _TRACK.findall(shown)}


def truth(size: int) -> dict[str, str]:
    """Return what is right of the group of this size."""
    return dict(zip(FIELDS, (f"Song {size:02}", f"Singer {size:02}", str(1980 + size)), strict=True))


def make_sizes(folder: Path) -> None:
    """Write one group of each size, every copy into a folder of its own.

    Of a field in conflict one copy has another value; in the second such field that one is right, against all others.
    """
    folder.mkdir(parents=True)
    cover = folder.with_suffix(".jpg")
    cover.write_bytes(FRONT)
    front = {"front": Content(os.fsencode(cover), pieces.digest([FRONT]))}
    for size, conflicts in CONFLICTS.items():
        for at, (kind, bitrate) in enumerate(KINDS[:size]):
            path = folder / f"copies {at + 1:02}" / f"{size:02}.{kind}"
            path.parent.mkdir(parents=True, exist_ok=True)
            write(path, tune(size, 10.0), kind, bitrate=bitrate)
            fields = truth(size)
            for number, name in enumerate(FIELDS[:conflicts]):
                if (at == 1) != (number == 1):
                    fields[name] = str(1900 + size) if name == "date" else f"Wrong {name}"
            more = {"genre": "Trip-Hop", "composer": "Somebody"} if at == size - 1 and size % 2 else {}
            _tag(path, fields | more, front if at == 1 and size % 3 == 0 else {})


def make_many(folder: Path, groups: int) -> None:
    """Write albums of FLAC files, and an Opus copy of each: of seven albums in ten in a backup, the others in a heap.

    One title in ten is another one in the copy.
    """
    for number in range(groups):
        album, at = divmod(number, ALBUM)
        copy = f"Heap/{number:04}.opus" if album % 10 >= 7 else f"Backup/Album {album:02}/{at:02}.opus"
        for name in (f"Library/Album {album:02}/{at:02}.flac", copy):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            write(path, tune(1000 + number, 8.0), layout="mono")
            title = f"Other {number:04}" if path.suffix == ".opus" and at == 3 else f"Song {number:04}"
            _tag(path, {"title": title, "artist": "Band", "album": f"Album {album:02}", "tracknumber": str(at + 1)}, {})


def _tag(path: Path, fields: Mapping[str, str], pictures: Mapping[str, Content]) -> None:
    change: Change = {name: (value,) for name, value in fields.items()}
    edited = rewrite.edit(os.fsencode(path), change, pictures)
    with open(path, "rb") as stream:
        new = b"".join(pieces.blocks(edited.pieces, stream.fileno()))
    path.write_bytes(new)


@dataclass(frozen=True)
class World:
    """A collection with a home of its own."""

    folder: Path

    @property
    def music(self) -> Path:
        """The root folder."""
        return self.folder / "music"

    @property
    def environment(self) -> dict[str, str]:
        """What Comet is to find there."""
        return {"COMET_HOME": str(self.folder / "home"), "LANGUAGE": "C", "PYTHONPATH": str(TOP)}

    def comet(self, *words: str) -> float:
        """Let Comet do something, and return how many seconds that took."""
        begun = time.monotonic()
        command = [sys.executable, "-P", "-m", "comet", *words]
        subprocess.run(command, env={**os.environ, **self.environment}, check=True, capture_output=True)
        return time.monotonic() - begun

    def known(self) -> dict[str, tuple[bytes, int, int]]:
        """Return content, time and mode of every file that is not Comet's own, by path."""
        found = {}
        for path in self.music.rglob("*"):
            name, info = path.relative_to(self.music).as_posix(), path.stat()
            if path.is_file() and not name.startswith(".comet"):
                found[name] = path.read_bytes(), info.st_mtime_ns, info.st_mode
        return found

    def found(self) -> None:
        """Set it up, scan and correlate it."""
        self.comet("setup", "--root", str(self.music), "--yes")
        self.comet("scan")
        self.comet("correlate")


def sizes(world: World, columns: int, lines: int) -> Iterator[str]:
    """Review one group of each size, yield the table, and take everything back."""
    before = world.known()
    with Tmux(world.environment, columns, lines) as tmux:
        person = Person(tmux)
        found = [review(person, size) for size in sorted(CONFLICTS, reverse=True)]
        person.read(lambda shown: "moving" not in shown)
        _until(lambda: len(world.known()) == sum(sum(each.stays.values()) for each in found))
        wrong = [each.size for each in found if not as_shown(world, each)]
        reviewed, person.keys = person.keys, 0
        for back in range(1, len(found) + 1):
            person.press("u")
            person.read(lambda shown, back=back: left(shown) == back)  # type: ignore[misc]
    _until(lambda: world.known() == before)
    yield f"{columns} x {lines}; not as shown: {wrong or 'none'}"
    yield f"{'copies':>6} {'on the screen':>14} {'keys to see all':>16} {'conflicts':>10} {'keys':>5}"
    for each in reversed(found):
        yield f"{each.size:>6} {each.at_once:>14} {each.looked:>16} {CONFLICTS[each.size]:>10} {each.keys:>5}"
    yield f"{reviewed} keys for all; {person.keys} took all back, every byte and time"


def as_shown(world: World, group: Reviewed) -> bool:
    """Tell whether of a group is there what the screen said, with the tags that are right and all that was added."""
    for name, stays in group.stays.items():
        if (world.music / name).exists() != stays:
            return False
        tags = codec.read(os.fsencode(world.music / name)) if stays else None
        if tags is None:
            continue
        if any(tags.fields.get(each) != (value,) for each, value in truth(group.size).items()):
            return False
        if bool(group.size % 2) != ("composer" in tags.fields) or bool(group.size % 3 == 0) != bool(tags.pictures):
            return False
    return len(group.stays) == group.size


def _until(done: Callable[[], bool]) -> None:
    end = time.monotonic() + _PATIENCE
    while not done():
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(0.3)


def one_by_one(person: Person, _world: World) -> None:
    """Leave all to confirming group by group."""
    person.read(_tagged)


def by_folders(person: Person, _world: World) -> None:
    """Keep one folder over the other wherever something goes by that, each when the job before has ended."""
    person.read(_tagged)
    person.press("F")
    while _GOES.search(person.read(lambda now: bool(_PAIRS.search(now)))):
        time.sleep(_READ)
        person.press("Enter")
        person.read(lambda now: "a job moves" in now)
        person.read(lambda now: "a job has ended" in now)
    person.press("Escape")


def after_job(person: Person, groups: int) -> None:
    """Wait until a job has done something to the groups, and show that."""
    shown = person.read(lambda now: left(now) != groups or _NEWER in now)
    if left(shown) == groups:
        person.press("r")
        person.read(lambda now: left(now) != groups)


def by_rule(person: Person, _world: World) -> None:
    """Let a rule decide, after its effect was shown, and wait for the job."""
    groups = left(person.read(_tagged))
    person.press("R")
    person.read(lambda now: "Enter shows" in now)
    person.press(*("Space" if letter == " " else letter for letter in RULE), "Enter")
    person.read(lambda now: "Enter does this" in now)
    time.sleep(_READ)
    person.press("Enter")
    person.read(lambda now: "a job does it" in now)
    person.press("Escape")
    after_job(person, groups)


def many(world: World, groups: int, each: int) -> Iterator[str]:
    """Finish groups of two in each way, of what is left `each` one by one; yield how, and take it back each time."""
    before = world.known()
    yield f"{f'{groups} groups of two':<40} {'keys':>12} {'seconds':>8} {'groups left':>12} {f'keys for {each}':>15}"
    for words in (("review", "--rule", RULE, "--yes"), ("apply", "--all", "--yes")):
        seconds, typed = world.comet(*words), shlex.join(("comet", *words))
        yield f"{typed:<40} {len(typed) + 1:>12} {seconds:>8.0f} {len(world.known()) - groups:>12}"
        taken_back(world, before)
    for way in (by_folders, by_rule, one_by_one):
        with Tmux(world.environment) as tmux:
            person, begun = Person(tmux), time.monotonic()
            person.read(_tagged)
            way(person, world)
            shown = person.read(lambda now, way=way: _tagged(now) and (way is one_by_one or left(now) < groups))  # type: ignore[misc]
            keys, seconds, rest = person.keys, time.monotonic() - begun, left(shown)
            for _group in range(min(rest, each)):
                person.confirm({})
        yield f"{way.__name__:<40} {keys:>12} {seconds:>8.0f} {rest:>12} {person.keys - keys:>15}"
        taken_back(world, before)


def taken_back(world: World, before: Mapping[str, object]) -> None:
    """Take everything back, and see that every byte and time is as it was."""
    world.comet("undo", "--all", "--yes")
    if world.known() != before:
        raise AssertionError("not everything is as it was")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--groups", type=int, default=1000, help="of two copies, in the second part (1000); 0: none")
    parser.add_argument("--each", type=int, default=40, help="of these confirmed one by one (40)")
    parser.add_argument("--many-only", action="store_true", help="the second part alone")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ.setdefault("NUMBA_CACHE_DIR", os.path.join(folder, "kernels"))
        for columns, lines in () if options.many_only else ((80, 24), (120, 40)):
            world = World(Path(folder) / str(columns))
            make_sizes(world.music)
            world.found()
            for line in sizes(world, columns, lines):
                sys.stdout.write(f"{line}\n")
        if options.groups:
            world = World(Path(folder) / "many")
            make_many(world.music, options.groups)
            world.found()
            for line in many(world, options.groups, options.each):
                sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
