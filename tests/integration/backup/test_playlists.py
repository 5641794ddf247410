"""Playlists as files: they are Comet's own until somebody else writes them, whenever a pass is killed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from comet.act import staging
from comet.backup import playlists, sync
from comet.backup.database import Records
from comet.backup.model import LIKES, Header, Item, Listed, Remote
from comet.collection.opened import Collection, opened
from comet.core import profiles
from comet.core.model import Root
from comet.core.places import places


class Killed(BaseException):
    """The process is no more."""


class Lists:
    """Playlists that are known, and their files."""

    def __init__(self, collection: Collection, known: Records, root: Root) -> None:
        self.collection, self.known, self.root = collection, known, root
        self.folder = Path(collection.profile.roots[0], "Playlists")

    def name(self, key: str, title: str, *tracks: str) -> None:
        """Let there be a playlist of that title with these tracks."""
        items = tuple(Item(track) for track in tracks)
        self.known.listed(Listed(Header(key, "", "1", key, title, len(items), 1), items))
        self.known.describe(items, [Remote(track, track) for track in tracks], int(time.time()))

    def write(self) -> tuple[int, tuple[str, ...]]:
        """Write them."""
        return playlists.write(self.collection, self.known, self.root)

    def read(self) -> dict[str, list[str]]:
        """Return the titles of the tracks of each file."""
        found = {path.name: path.read_text("utf-8").splitlines()[2:] for path in self.folder.iterdir()}
        return {name: [line.split()[-1] for line in lines] for name, lines in found.items()}


@pytest.fixture
def lists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lists]:
    """Return none yet, over an empty library."""
    monkeypatch.setenv("COMET_HOME", str(tmp_path / "home"))
    (tmp_path / "music").mkdir()
    profile = profiles.unnamed(places(), [str(tmp_path / "music")], ())
    with opened(profile, places(), create=True) as collection, sync.records(collection) as known:
        yield Lists(collection, known, sync.library(collection, known))


@pytest.mark.parametrize("after", [True, False], ids=["written", "not written"])
def test_a_list_is_comets_own_after_a_kill(lists: Lists, monkeypatch: pytest.MonkeyPatch, *, after: bool) -> None:
    """Whether its file was there by then or not, the next pass writes it."""
    lists.name(LIKES, "Likes", "a")
    assert lists.write() == (1, ())
    real = staging.keep_list

    def killed(*given: Any) -> None:  # noqa: ANN401 - as what it stands for
        if after:
            real(*given)
        raise Killed

    lists.name(LIKES, "Likes", "a", "b")
    with monkeypatch.context() as patched:
        patched.setattr(staging, "keep_list", killed)
        with pytest.raises(Killed):
            lists.write()
    lists.name(LIKES, "Likes", "a", "b", "c")
    assert lists.write() == (1, ())
    assert lists.read() == {"Likes.m3u8": ["a", "b", "c"]}
    assert lists.write() == (0, ())


def test_a_list_that_somebody_wrote_is_left_until_it_is_as_it_was(lists: Lists) -> None:
    """Each pass says so; what Comet wrote before it knows again."""
    lists.name(LIKES, "Likes", "a")
    lists.write()
    path = lists.folder / "Likes.m3u8"
    before = path.read_bytes()
    path.write_bytes(b"mine")
    lists.name(LIKES, "Likes", "b")
    for _pass in range(2):
        written, (problem,) = lists.write()
        assert (written, "somebody else" in problem, path.read_bytes()) == (0, True, b"mine")
    path.write_bytes(before)
    assert lists.write() == (1, ())
    assert lists.read() == {"Likes.m3u8": ["b"]}


def test_lists_that_get_one_title_have_a_file_each(lists: Lists) -> None:
    """Neither is taken for somebody else's; that of a playlist that is gone is no other's."""
    lists.name("1", "Old", "a")
    lists.name("2", "Mix", "b")
    lists.name("3", "Gone", "c")
    lists.write()
    lists.name("1", "Mix", "a")
    for _list in range(2):
        lists.known.met(["1", "2"])
    lists.name("0", "Gone", "d")
    lists.write()
    assert lists.write() == (0, ())
    assert {name: lists.read()[name] for name in lists.read() if name != "Old.m3u8"} == {
        "Mix.m3u8": ["a"], "Mix (2).m3u8": ["b"], "Gone.m3u8": ["c"], "Gone (0).m3u8": ["d"],
    }  # fmt: skip


def test_a_file_in_the_place_of_the_folder_is_told(lists: Lists) -> None:
    """It ends no pass."""
    lists.folder.write_text("mine")
    lists.name(LIKES, "Likes", "a")
    written, problems = lists.write()
    assert (written, len(problems), lists.folder.read_text()) == (0, 1, "mine")
