"""The vault: files are moved and replaced in one step, never through a link, and never over another file."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from comet.act import aliases, posix, vault
from comet.act.posix import Seen
from comet.core.errors import FileError, LockedError, RefusedError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a root folder."""
    (tmp_path / "music").mkdir()
    return tmp_path / "music"


# moving a file into quarantine and back


def moved(root: Path, path: str = "a/b/song.mp3", run: str = "j-1") -> bytes:
    """Write a file, move it into quarantine and return where it is held."""
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_bytes(b"sound")
    top, name = os.fsencode(root), os.fsencode(path)
    held = vault.held_at(top, name, run)
    vault.quarantine(top, name, held, posix.look(top, name))
    return held


def test_a_file_is_held_under_its_own_path(root: Path) -> None:
    """Found by eye, in a folder for the run, that nobody else reads; content, time and mode are as they were."""
    (root / "a").mkdir()
    (root / "a/song.mp3").write_bytes(b"sound")
    (root / "a/song.mp3").chmod(0o640)
    os.utime(root / "a/song.mp3", ns=(1_000_000_007, 2_000_000_009))
    before = (root / "a/song.mp3").stat()
    held = moved(root, "b.mp3")
    assert held == b".comet/quarantine/j-1/b.mp3"
    held = vault.held_at(os.fsencode(root), b"a/song.mp3", "j-1")
    vault.quarantine(os.fsencode(root), b"a/song.mp3", held, posix.look(os.fsencode(root), b"a/song.mp3"))
    after = (root / ".comet/quarantine/j-1/a/song.mp3").stat()
    assert (after.st_ino, after.st_mode, after.st_mtime_ns) == (before.st_ino, before.st_mode, before.st_mtime_ns)
    assert stat.S_IMODE((root / ".comet/quarantine").stat().st_mode) == 0o700
    assert (root / "a").is_dir()


def test_a_file_is_held_on_its_own_file_system(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the top of a disk that is mounted inside the root, for there it can be moved without being copied."""
    (root / "disk/a").mkdir(parents=True)
    (root / "disk/a/x.mp3").touch()
    monkeypatch.setattr(posix, "topmost", lambda _top, parts, _device: parts.index(b"disk") + 1)
    assert vault.held_at(os.fsencode(root), b"disk/a/x.mp3", "j-1") == b"disk/.comet/quarantine/j-1/a/x.mp3"
    with pytest.raises(FileError, match="it is gone"):
        vault.held_at(os.fsencode(root), b"disk/none.mp3", "j-1")


def test_a_file_comes_back_to_a_folder_that_is_gone(root: Path) -> None:
    """It is made again, and of the quarantine no empty folder is left over."""
    held = moved(root)
    other = moved(root, "other.mp3")
    (root / "a/b").rmdir()
    (root / "a").rmdir()
    vault.restore(os.fsencode(root), held, b"a/b/song.mp3")
    assert (root / "a/b/song.mp3").read_bytes() == b"sound"
    assert sorted(os.listdir(root / ".comet/quarantine/j-1")) == ["other.mp3"]
    vault.restore(os.fsencode(root), other, b"other.mp3")
    assert os.listdir(root / ".comet/quarantine") == []


@pytest.mark.parametrize("kind", ["file", "folder", "broken link"])
def test_nothing_that_came_meanwhile_is_overwritten(root: Path, kind: str) -> None:
    """Not on the way back, and not on the way in."""
    held = moved(root)
    place = root / "a/b/song.mp3"
    {"file": lambda: place.write_bytes(b"new"), "folder": place.mkdir, "broken link": lambda: place.symlink_to("no")}[
        kind
    ]()
    with pytest.raises(RefusedError, match="something else is in its place by now") as caught:
        vault.restore(os.fsencode(root), held, b"a/b/song.mp3")
    assert caught.value.path == str(place)
    assert (root / os.fsdecode(held)).read_bytes() == b"sound"
    if kind == "file":
        with pytest.raises(RefusedError, match="something else is in its place"):
            vault.quarantine(os.fsencode(root), b"a/b/song.mp3", held, posix.look(os.fsencode(root), b"a/b/song.mp3"))
        assert place.read_bytes() == b"new"
        assert (root / os.fsdecode(held)).read_bytes() == b"sound"


def test_another_file_that_was_put_there_goes_back_at_once(root: Path) -> None:
    """What was moved is looked at again: if it is not what was meant, it stands where it stood."""
    (root / "song.mp3").write_bytes(b"meant")
    seen = posix.look(os.fsencode(root), b"song.mp3")
    (root / "other").write_bytes(b"other")
    (root / "other").rename(root / "song.mp3")
    with pytest.raises(RefusedError, match="another file was put in its place"):
        vault.quarantine(os.fsencode(root), b"song.mp3", b".comet/quarantine/j-1/song.mp3", seen)
    assert (root / "song.mp3").read_bytes() == b"other"


@pytest.mark.parametrize("link", [".comet", ".comet/quarantine", "a"])
def test_nothing_is_moved_through_a_link(root: Path, tmp_path: Path, link: str) -> None:
    """Whoever can write to the music puts no link between a file and its quarantine."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/song.mp3").write_bytes(b"theirs")
    (root / link).parent.mkdir(exist_ok=True)
    (root / link).symlink_to(tmp_path / "elsewhere")
    if link != "a":
        (root / "a").mkdir()
        (root / "a/song.mp3").write_bytes(b"sound")
    seen = posix.look(os.fsencode(tmp_path / "elsewhere"), b"song.mp3")
    with pytest.raises(FileError, match="a file or a link stands where its folder should be"):
        vault.quarantine(os.fsencode(root), b"a/song.mp3", b".comet/quarantine/j-1/a/song.mp3", seen)
    assert os.listdir(tmp_path / "elsewhere") == ["song.mp3"]


def test_a_purge_deletes_one_file_and_empty_folders(root: Path) -> None:
    """Only of the quarantine, and only where nothing else is left."""
    held, other = moved(root), moved(root, "a/other.mp3")
    vault.purge(os.fsencode(root), held)
    assert sorted(os.listdir(root / ".comet/quarantine/j-1/a")) == ["other.mp3"]
    with pytest.raises(FileError, match="it is gone"):
        vault.purge(os.fsencode(root), held)
    vault.purge(os.fsencode(root), other)
    assert os.listdir(root / ".comet/quarantine") == []
    assert (root / "a").is_dir()


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_not_taken_for_the_file(root: Path, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    """It goes through as what it is, for it ends the whole run."""

    def full(*_arguments: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(posix, "rename_new", full)
    with pytest.raises(OSError) as caught:  # noqa: PT011 - the number is looked at
        moved(root)
    assert caught.value.errno == code
    assert (root / "a/b/song.mp3").exists()


# locks


def test_a_root_is_locked_for_one_at_a_time(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second one waits, then says who holds it; where the file system knows no locks, the local one has to do."""
    monkeypatch.setattr(vault, "PATIENCE", 0.05)
    top = os.fsencode(root)
    with vault.locked(top), pytest.raises(LockedError, match="another process changes files in"), vault.locked(top):
        pass
    with vault.locked(os.fsencode(root)):
        pass

    def refused(*_arguments: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("fcntl.flock", refused)
    with vault.locked(os.fsencode(root)):
        pass


# playlists


def replaced(root: Path, content: bytes = b"new", mtime_ns: int = 0, seen: Seen | None = None) -> None:
    """Let the file `l.m3u` have another content."""
    top = os.fsencode(root)
    vault.beside(top, b"l.m3u", [content], b".comet-t", mtime_ns)
    vault.replace(top, b"l.m3u", b".comet-t", seen or posix.look(top, b"l.m3u"), posix.digest_of(top, b"l.m3u"))


def test_a_file_keeps_mode_and_attributes_when_it_is_replaced(root: Path) -> None:
    """In one step, with nothing beside it afterwards; its time is set where one is given."""
    (root / "l.m3u").write_bytes(b"old")
    (root / "l.m3u").chmod(0o640)
    try:
        os.setxattr(root / "l.m3u", "user.mood", b"calm")
    except OSError:
        pytest.skip("no attributes here")
    replaced(root, mtime_ns=1_500_000_000_000_000_123)
    assert (root / "l.m3u").read_bytes() == b"new"
    assert stat.S_IMODE((root / "l.m3u").stat().st_mode) == 0o640
    assert os.getxattr(root / "l.m3u", "user.mood") == b"calm"
    assert (root / "l.m3u").stat().st_mtime_ns == 1_500_000_000_000_000_123
    assert os.listdir(root) == ["l.m3u"]


def test_a_file_that_was_changed_meanwhile_is_not_replaced(root: Path) -> None:
    """The temp stays: recovery decides about it, and takes away that one and no other."""
    (root / "l.m3u").write_bytes(b"old")
    seen = posix.look(os.fsencode(root), b"l.m3u")
    (root / "l.m3u").write_bytes(b"newer")
    with pytest.raises(RefusedError, match="it was changed meanwhile"):
        replaced(root, seen=seen)
    assert (root / "l.m3u").read_bytes() == b"newer"
    assert (root / ".comet-t").read_bytes() == b"new"
    (root / ".comet-mine").touch()
    (root / ".comet-probe-1").touch()
    vault.sweep(os.fsencode(root), b"", b".comet-t")
    vault.sweep(os.fsencode(root), b"none", b".comet-t")
    assert sorted(os.listdir(root)) == [".comet-mine", "l.m3u"]


def test_a_temp_is_finished_only_where_nothing_is(root: Path) -> None:
    """It takes the place of a file that is missing, never that of one that is there."""
    (root / ".comet-t").write_bytes(b"new")
    (root / "l.m3u").write_bytes(b"old")
    with pytest.raises(RefusedError, match="something else is in its place"):
        vault.finish(os.fsencode(root), b"l.m3u", b".comet-t")
    (root / "l.m3u").unlink()
    vault.finish(os.fsencode(root), b"l.m3u", b".comet-t")
    assert (root / "l.m3u").read_bytes() == b"new"


# one file seen twice


def test_one_folder_seen_through_two_mounts_is_found_out(root: Path, tmp_path: Path) -> None:
    """Whichever of the two is asked; two real folders are none, and nothing is left in either."""
    (tmp_path / "view").symlink_to(root)
    for path in ("a/x.mp3", "b/y.mp3"):
        (root / path).parent.mkdir()
        (root / path).touch()
    here, view = os.fsencode(root), os.fsencode(tmp_path / "view")
    with pytest.raises(RefusedError, match="are one, seen through two mounts"):
        aliases.refuse(here, b"a/x.mp3", view, b"a/x.mp3")
    with pytest.raises(RefusedError, match="are one, seen through two mounts"):
        aliases.refuse(view, b"a/x.mp3", here, b"a/z.mp3")
    aliases.refuse(here, b"a/x.mp3", here, b"a/z.mp3")
    aliases.refuse(here, b"a/x.mp3", view, b"b/y.mp3")
    assert sorted(os.listdir(root / "a") + os.listdir(root / "b")) == ["x.mp3", "y.mp3"]


@pytest.mark.parametrize("code", [errno.EROFS, errno.EACCES, errno.EIO])
@pytest.mark.parametrize("which", ["its own folder", "the keeper's folder"])
def test_where_no_probe_can_be_made(root: Path, monkeypatch: pytest.MonkeyPatch, which: str, code: int) -> None:
    """A keeper on a read-only disk is fine, for the file's own folder tells; what else fails is an error."""
    for folder in ("a", "b"):
        (root / folder).mkdir()
    real, blocked = aliases._shows, b"a" if which == "its own folder" else b"b"

    def shows(made_in: tuple[bytes, bytes], looked_for_in: tuple[bytes, bytes]) -> bool:
        if made_in[1] == blocked:
            raise OSError(code, os.strerror(code))
        return real(made_in, looked_for_in)

    monkeypatch.setattr(aliases, "_shows", shows)
    top = os.fsencode(root)
    if which == "the keeper's folder" and code != errno.EIO:
        aliases.refuse(top, b"a/x.mp3", top, b"b/y.mp3")
    else:
        with pytest.raises(FileError, match=os.strerror(code)):
            aliases.refuse(top, b"a/x.mp3", top, b"b/y.mp3")
