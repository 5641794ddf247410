"""Staging: what is on its way into a root, and playlists that are Comet's own."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import pytest

from comet.act import vault
from comet.act.staging import Staging, keep_list, sweep_lists
from comet.core import pieces
from comet.core.errors import FileError, RefusedError


@pytest.fixture
def root(tmp_path: Path) -> bytes:
    """Return a root with its marker."""
    (tmp_path / "music").mkdir()
    vault.mark(found := os.fsencode(tmp_path / "music"))
    return found


def test_what_came_is_gone_on_with(root: bytes) -> None:
    """From any byte on; what lay behind that is not part of it."""
    staging = Staging(root, "mine")
    for start, block in ((0, b"abcdef"), (6, b"gh"), (3, b"X")):
        with staging.append(b"a.part", start) as write:
            write(block)
    assert Path(os.fsdecode(staging.path(b"a.part"))).read_bytes() == b"abcX"
    staging.seal(b"a.part", b"a.raw")
    assert (staging.names(), staging.size(b"a.raw"), staging.size(b"a.part")) == ([b"a.raw"], 4, 0)
    assert staging.digest(b"a.raw") == pieces.digest([b"abcX"])
    staging.drop(b"a.raw", b"was never there")
    assert staging.names() == []


def test_each_owner_has_a_folder_of_its_own(root: bytes) -> None:
    """Two profiles may share a root: neither sees nor drops what the other one waits for."""
    mine, other = Staging(root, "mine"), Staging(root, "other")
    mine.write(b"a.raw", b"abc")
    other.drop(*other.names(), b"a.raw")
    assert (mine.names(), other.names()) == ([b"a.raw"], [])


def test_what_was_written_before_an_error_stays(root: bytes) -> None:
    """It is good, and the next attempt goes on from there."""
    staging = Staging(root, "mine")
    with suppress(RuntimeError), staging.append(b"a.part", 0) as write:
        write(b"abc")
        raise RuntimeError
    assert staging.size(b"a.part") == 3


def test_nothing_is_written_through_a_link(root: bytes, tmp_path: Path) -> None:
    """Neither where the folder is one, nor the file in it."""
    staging = Staging(root, "mine")
    staging.write(b"x", b"")
    (tmp_path / "outside").write_bytes(b"mine")
    os.symlink(tmp_path / "outside", os.fsdecode(staging.path(b"a.part")))
    with pytest.raises(FileError), staging.append(b"a.part", 0) as write:
        write(b"bad")
    assert (tmp_path / "outside").read_bytes() == b"mine"
    staging.drop(b"a.part", b"x")
    os.removedirs(staging.path(b""))
    (tmp_path / "elsewhere").mkdir()
    os.symlink(tmp_path / "elsewhere", os.path.join(root, b".comet/staging"))
    with pytest.raises(FileError):
        staging.write(b"a", b"bad")
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_list_is_written_anew_only_where_it_is_otherwise(root: bytes) -> None:
    """In folders that are made for it; the same content leaves its time as it is."""
    path = Path(os.fsdecode(root)) / "Playlists/a.m3u8"
    first = keep_list(root, b"Playlists/a.m3u8", b"one", {""})
    assert path.read_bytes() == b"one"
    os.utime(path, ns=(1, 1))
    assert keep_list(root, b"Playlists/a.m3u8", b"one", {""}) == first
    assert path.stat().st_mtime_ns == 1
    assert keep_list(root, b"Playlists/a.m3u8", b"two", {first}) == pieces.digest([b"two"])
    assert path.read_bytes() == b"two"
    assert sorted(os.listdir(path.parent)) == ["a.m3u8"]
    assert Staging(root, "mine").names() == []


@pytest.mark.parametrize("theirs", [b"by hand", None], ids=["a file", "a link"])
def test_a_list_of_somebody_else_is_left(root: bytes, tmp_path: Path, theirs: bytes | None) -> None:
    """Also one that was Comet's and was changed since."""
    path = Path(os.fsdecode(root)) / "a.m3u8"
    if theirs:
        path.write_bytes(theirs)
    else:
        path.symlink_to(tmp_path / "nowhere")
    with pytest.raises(RefusedError, match="somebody else"):
        keep_list(root, b"a.m3u8", b"new", {pieces.digest([b"old"])})
    assert path.is_symlink() if theirs is None else path.read_bytes() == theirs


def test_what_a_crash_left_beside_lists_goes(root: bytes) -> None:
    """Only what is called as Comet calls it, and where there is no folder yet nothing happens."""
    sweep_lists(root, b"Playlists")
    keep_list(root, b"Playlists/a.m3u8", b"one", {""})
    folder = Path(os.fsdecode(root)) / "Playlists"
    for name in (".comet-0123456789abcdef.m3u8", ".comet-0123456789abcdef.mp3", ".comet-mine.m3u8"):
        (folder / name).touch()
    sweep_lists(root, b"Playlists")
    assert sorted(os.listdir(folder)) == [".comet-0123456789abcdef.mp3", ".comet-mine.m3u8", "a.m3u8"]
