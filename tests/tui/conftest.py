"""A collection whose state is made by hand: a real cache and real result files, and no waiting.

Most files are names only; those of `real` lie on the disk and hold sound, so that they can be moved and put back.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

import mutagen
import numpy as np
import pytest
from numpy.typing import NDArray

from comet.act import vault
from comet.collection.opened import Collection, opened
from comet.compare import chunks
from comet.compare.chunks import Chunk
from comet.core import profiles
from comet.core.model import Audio, File, Relation, Root, Verdict
from comet.core.places import Places, marker, places
from comet.judge import relation
from comet.listen import audio as listening
from comet_tui.app import CometApp
from comet_tui.session import Session
from tests.factories import tune, write
from tests.tui.ptys import Terminal

FLAC, MP3 = ("flac", "flac", True, 900_000), ("mp3", "mp3", False, 320_000)


@dataclass
class Made:
    """A profile `music` in a home of its own."""

    home: Places
    music: Path
    audios: int = 0
    verdicts: list[Verdict] = field(default_factory=list)

    def session(self) -> Session:
        """Return what the application asks."""
        return Session(self.home)

    def app(self, clock: Callable[[], float] | None = None) -> CometApp:
        """Return the application, in which so much time passes between two keys that no key is taken for a held one."""
        return CometApp(self.session(), clock or itertools.count(step=1.0).__next__)

    def profile(self, more: str = "") -> None:
        """Write profiles.ini."""
        self.music.mkdir(exist_ok=True)
        os.makedirs(self.home.config, exist_ok=True)
        Path(self.home.profiles_ini).write_text(f"[music]\nroots = {self.music}\n{more}", encoding="utf-8")

    def no_profile(self, folder: Path | None = None) -> None:
        """Let nothing be set up, but perhaps one folder be looked at."""
        Path(self.home.profiles_ini).unlink()
        if folder:
            state = Path(self.home.profile("-"))
            state.mkdir(parents=True)
            (state / "folders.json").write_text(json.dumps([str(folder)]), encoding="ascii")

    def file(
        self, name: bytes, size: int = 10_000_000, kind: tuple[str, str, bool, int] = MP3, of: int = 0,
        words: NDArray[np.uint32] | None = None,
    ) -> int:  # fmt: skip
        """Store a file and return the serial number of its audio, a new one or `of` another file; its `words`."""
        codec, container, lossless, bitrate = kind
        serial = of or self.audios + 1
        self.audios = max(self.audios, serial)
        audio = Audio(
            f"b3:{serial:032x}", codec, container, 44_100, 2, 16, bitrate, lossless, 205.0, 205.0, 0.0, 0.0, 0, 1600
        )  # fmt: skip
        words = np.random.default_rng(serial).integers(0, 2**32, 1600, np.uint32) if words is None else words
        with self._opened() as collection:
            collection.cache.see_root(self._root)
            collection.cache.store(File(self._root.id, name, size, 1), audio, words, collection.made)
        return serial

    def copies(self, *groups: Sequence[bytes]) -> None:
        """Store groups of files, each of one audio, the first of them the largest."""
        with self._opened() as collection:
            collection.cache.see_root(self._root)
            for names in groups:
                self.audios += 1
                digest = f"b3:{self.audios:032x}"
                audio = Audio(digest, "flac", "flac", 44_100, 2, 16, 900_000, True, 205.0, 205.0, 0.0, 0.0, 0, 1600)
                words = np.random.default_rng(self.audios).integers(0, 2**32, 1600, np.uint32)
                for at, name in enumerate(names):
                    file = File(self._root.id, name, 9_000_000 if at else 50_000_000, 1)
                    collection.cache.store(file, audio, words, collection.made)

    def track(self, name: str, sound: Path, *, of: int = 0, fields: dict[str, str] | None = None) -> int:
        """Store a file that holds sound, with tags or none, and return the serial number of its audio, as `file`."""
        path = self.music / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(sound, path)
        if fields:
            tag(path, fields)
        vault.mark(os.fsencode(self.music))
        info, digest = path.stat(), listening.identify(os.fsencode(path))
        codec, container, lossless, bitrate = FLAC if path.suffix == ".flac" else MP3
        audio = Audio(digest, codec, container, 44_100, 2, 16, bitrate, lossless, 9.0, 9.0, 0.0, 0.0, 0, 1600)
        serial = of or self.audios + 1
        self.audios = max(self.audios, serial)
        words = np.random.default_rng(serial).integers(0, 2**32, 1600, np.uint32)
        with self._opened() as collection:
            collection.cache.see_root(self._root)
            file = File(self._root.id, os.fsencode(name), info.st_size, info.st_mtime_ns)
            collection.cache.store(file, audio, words, collection.made)
        return serial

    def there(self) -> dict[str, str]:
        """Return what lies under the root folder, but for what is Comet's own: path and hash of the content."""
        return _content(self.music, inside=False)

    def held(self) -> dict[str, str]:
        """Return what lies in quarantine: name and hash of the content."""
        return {os.path.basename(name): text for name, text in _content(self.music, inside=True).items()}

    def pair(self, i: int, j: int, *, clear: bool = True, similarity: float = 0.98) -> None:
        """Let two audios be the same recording."""
        self.verdicts.append(
            Verdict(i, j, Relation.SAME, clear, 0, "", 0, 1600, similarity, 1 - similarity, 0.0, 0.0)
        )  # fmt: skip

    def correlated(self, judged: int | None = None) -> None:
        """Write the result file over all audios, and the verdicts or only the first ones."""
        i, j = np.array([[v.i, v.j] for v in self.verdicts], np.int64).reshape(-1, 2).T
        full = np.ones(len(i))
        records = chunks.record(i, j, full, full * 1600, full * 0.02, full * 60, full < 0)
        chunk = Chunk(((1, self.audios + 1),), records, self.audios)
        with self._opened() as collection:
            chunks.write(collection.results, chunk, cache=collection.cache.id, settings=collection.compared)
        self.judge(judged)

    def judge(self, judged: int | None = None) -> None:
        """Write the verdicts or only the first ones."""
        with self._opened() as collection:
            collection.cache.store_verdicts(self.verdicts[:judged], relation.RULE)

    @property
    def _root(self) -> Root:
        return Root(marker(os.fsencode(self.music)) or "root", os.fsencode(self.music))

    def _opened(self) -> AbstractContextManager[Collection]:
        return opened(profiles.load(self.home, "music"), self.home, create=True)


def tag(path: Path, fields: dict[str, str]) -> None:
    """Let a file have these tags."""
    file = mutagen.File(path, easy=True)
    if file.tags is None:
        file.add_tags()
    for name, value in fields.items():
        file[name] = [value]
    file.save()


def _content(top: Path, *, inside: bool) -> dict[str, str]:
    """Return path and hash of the files in quarantine, or of those outside Comet's own folder."""
    found = {}
    for path in sorted(top.rglob("*")):
        name = path.relative_to(top).as_posix()
        if path.is_file() and (name.startswith(".comet/quarantine") if inside else not name.startswith(".comet")):
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


@pytest.fixture(scope="session")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return files with sound: three recordings, each in two or three forms."""
    folder = tmp_path_factory.mktemp("sounds")
    found = {}
    for recording, seconds, forms in (
        ("a", 3.0, ("flac", "mp3", "ogg")),
        ("b", 2.0, ("flac", "mp3")),
        ("c", 1.0, ("flac", "mp3")),
    ):
        for form in forms:
            path = folder / f"{recording}.{form}"
            write(path, tune(ord(recording), seconds))
            found[path.name] = path
    return found


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Made:
    """Return a profile of which nothing is known yet."""
    monkeypatch.setenv("COMET_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LANGUAGE", "C")
    for name in ("COMET_YM_BASE_URL", "COMET_YM_OAUTH_URL"):  # whatever key is pressed, nobody is asked
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("COMET_YM_TOKEN", "COMET_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)
    found = Made(places(), tmp_path / "music")
    found.profile()
    return found


@pytest.fixture
def collection(made: Made) -> Made:
    """Return a profile with two groups: three tracks of which one is to check, and two with one left over beside."""
    roads = made.file(b"Albums/Dummy/08 Roads.flac", 36_100_000, FLAC)
    copy = made.file(b"Downloads/Roads (1).mp3", 12_200_000)
    old = made.file(b"old-ipod/F12/QXTA.mp3", 4_900_000)
    tear = made.file("Альбомы/Слеза.flac".encode(), 30_000_000, FLAC)
    made.file(b"Backup/tear.flac", 9_000_000, FLAC, of=tear)
    radio = made.file(b"Radio/teardrop (radio).mp3", 5_000_000)
    extra = made.file(b"Radio/teardrop (extra).mp3", 4_000_000)
    made.file(b"Albums/Alone.ogg", 3_000_000)
    made.pair(roads, copy)
    made.pair(roads, old, clear=False, similarity=0.91)
    made.pair(copy, old)
    made.pair(tear, radio)
    made.pair(radio, extra, clear=False, similarity=0.9)
    made.correlated()
    return made


@pytest.fixture
def real(made: Made, sounds: dict[str, Path]) -> Made:
    """Return a profile with three groups of real files: `a` three times, `b` and `c` twice."""
    serials = {name: made.track(f"{Path(name).suffix[1:]}/{name}", path) for name, path in sounds.items()}
    made.pair(serials["a.flac"], serials["a.mp3"])
    made.pair(serials["a.flac"], serials["a.ogg"])
    made.pair(serials["a.mp3"], serials["a.ogg"])
    made.pair(serials["b.flac"], serials["b.mp3"])
    made.pair(serials["c.flac"], serials["c.mp3"])
    made.correlated()
    return made


@pytest.fixture
def tagged(made: Made, sounds: dict[str, Path]) -> Made:
    """Return a profile with three groups: one with two conflicts and something to add, a clean one, one with a third.

    Of `a` the keeper is the FLAC; its MP3 differs in date and title and has another genre and a mood.
    """
    keeper = {"title": "Roads", "artist": "Portishead", "date": "1994", "genre": "Trip-Hop"}
    tagged = {
        "a.flac": keeper,
        "a.mp3": {**keeper, "title": "Wandering Star", "date": "1995", "genre": "Electronic", "mood": "calm"},
        "b.flac": {"title": "Glory Box", "artist": "Portishead"},
        "b.mp3": {"title": "Glory Box", "artist": "Portishead", "genre": "Trip-Hop"},
        "c.flac": {"title": "Numb"},
        "c.mp3": {"title": "Sour Times"},
    }
    serials = {
        name: made.track(f"{Path(name).suffix[1:]}/{name}", sounds[name], fields=fields)
        for name, fields in tagged.items()
    }
    for each in "abc":
        made.pair(serials[f"{each}.flac"], serials[f"{each}.mp3"])
    made.correlated()
    return made


@pytest.fixture
def terminal() -> Iterator[Callable[..., Terminal]]:
    """Return what starts the application on a terminal of its own."""
    opened = []

    def start(*arguments: str, **more: str) -> Terminal:
        opened.append(Terminal(list(arguments), **more))
        return opened[-1]

    yield start
    for each in opened:
        each.close()
