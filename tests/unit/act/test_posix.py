"""What the system is asked for: no link is followed below a root, and nothing is ever overwritten."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from comet.act import posix
from comet.core.pieces import Kept, digest


@pytest.fixture
def top(tmp_path: Path) -> bytes:
    """Return a root with a folder, a file in it, and links to both."""
    (tmp_path / "top/a/b").mkdir(parents=True)
    (tmp_path / "top/a/b/file").write_bytes(b"content")
    (tmp_path / "top/a/away").symlink_to(tmp_path / "outside")
    (tmp_path / "top/a/link").symlink_to("b/file")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/file").write_bytes(b"mine")
    return os.fsencode(tmp_path / "top")


@pytest.fixture
def handles() -> Iterator[None]:
    """Check that no descriptor stays open."""
    before = len(os.listdir("/proc/self/fd"))
    yield
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.fixture(params=["renameat2", "no renameat2", "unknown to the file system"])
def renaming(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Be on a system that can move without replacing, and on ones that cannot."""
    if request.param != "renameat2":
        code = errno.ENOSYS if request.param == "no renameat2" else errno.EINVAL
        monkeypatch.setattr(posix, "_renameat2", lambda *_arguments: code)


@pytest.mark.usefixtures("handles")
def test_a_folder_is_opened_step_by_step(top: bytes) -> None:
    """The descriptor is that of the folder, the top itself where no path is given."""
    for path in (b"", b"a", b"a/b"):
        with posix.folder(top, path) as handle:
            assert os.fstat(handle).st_ino == os.stat(os.path.join(top, path)).st_ino


@pytest.mark.usefixtures("handles")
@pytest.mark.parametrize("path", [b"a/away", b"a/away/file", b"a/link", b"a/b/file", b"none", b"a/none/b"])
def test_no_link_leads_into_a_folder(top: bytes, path: bytes) -> None:
    """Neither the last part nor one before it may be a link, a file, or not there; nothing is left open."""
    with pytest.raises(OSError) as caught, posix.folder(top, path):  # noqa: PT011 - the number is looked at below
        pass
    assert caught.value.errno in (errno.ELOOP, errno.ENOTDIR, errno.ENOENT)


def test_the_top_itself_may_be_a_link(top: bytes, tmp_path: Path) -> None:
    """Where the user says the music is, there it is."""
    (tmp_path / "view").symlink_to(os.fsdecode(top))
    assert posix.look(os.fsencode(tmp_path / "view"), b"a/b/file").size == 7


@pytest.mark.usefixtures("handles")
def test_a_folder_is_made_where_it_is_missing(top: bytes, tmp_path: Path) -> None:
    """With the mode that is asked for; one that is there stays as it is, and no link is gone through."""
    os.chmod(os.path.join(top, b"a"), 0o700)
    with posix.made_folder(top, b"a/new/er", 0o750) as handle:
        assert os.fstat(handle).st_ino == os.stat(top + b"/a/new/er").st_ino
    assert [stat.S_IMODE(os.stat(top + name).st_mode) for name in (b"/a", b"/a/new", b"/a/new/er")] == [
        0o700,
        0o750,
        0o750,
    ]
    with pytest.raises(OSError, match=r"Not a directory|symbolic"), posix.made_folder(top, b"a/away/x", 0o700):
        pass
    assert os.listdir(tmp_path / "outside") == ["file"]


def test_how_a_file_stands(top: bytes) -> None:
    """Two looks are equal as long as nobody touches it, and differ when anything about it did."""
    seen = posix.look(top, b"a/b/file")
    assert (seen.size, seen.links) == (7, 1)
    assert posix.look(top, b"a/b/file") == seen
    os.link(top + b"/a/b/file", top + b"/other name")
    linked = posix.look(top, b"a/b/file")
    assert linked.links == 2
    assert linked.inode == seen.inode
    assert linked != seen


@pytest.mark.usefixtures("handles")
@pytest.mark.parametrize(
    ("path", "code"), [(b"a/b", errno.EINVAL), (b"a/link", errno.ELOOP), (b"pipe", errno.EINVAL), (b"x", errno.ENOENT)]
)
def test_what_is_no_file_is_not_looked_at(top: bytes, path: bytes, code: int) -> None:
    """A folder, a link, a pipe that would wait for ever: each says what it is."""
    os.mkfifo(top + b"/pipe")
    for ask in (lambda: posix.look(top, path), lambda: posix.content(top, path, 100)):
        with pytest.raises(OSError) as caught:  # noqa: PT011 - the number is looked at
            ask()
        assert caught.value.errno == code


@pytest.mark.usefixtures("handles")
def test_content_is_read_up_to_a_limit(top: bytes) -> None:
    """All of it or nothing."""
    assert posix.content(top, b"a/b/file", 7) == b"content"
    with pytest.raises(OSError, match="too large"):
        posix.content(top, b"a/b/file", 6)


@pytest.mark.usefixtures("renaming", "handles")
def test_a_move_takes_nobodys_place(top: bytes) -> None:
    """On any system: what is there stays, be it a file, a folder or a broken link, and so does what was to be moved."""
    with posix.folder(top, b"a/b") as source, posix.folder(top) as target:
        os.symlink("nowhere", b"broken", dir_fd=target)
        (Path(os.fsdecode(top)) / "taken").write_bytes(b"other")
        for name in (b"taken", b"a", b"broken"):
            with pytest.raises(FileExistsError):
                posix.rename_new(source, b"file", target, name)
        posix.rename_new(source, b"file", target, b"free")
        with pytest.raises(FileNotFoundError):
            posix.rename_new(source, b"file", target, b"free too")
    assert Path(os.fsdecode(top + b"/free")).read_bytes() == b"content"
    assert Path(os.fsdecode(top + b"/taken")).read_bytes() == b"other"
    assert os.readlink(top + b"/broken") == b"nowhere"


@pytest.mark.usefixtures("renaming", "handles")
def test_two_files_change_places(top: bytes) -> None:
    """Where the file system can; elsewhere the first one takes the place of the other. Either way nothing is torn."""
    able = posix._renameat2(-1, b"", -1, b"", posix.EXCHANGE) not in (errno.ENOSYS, errno.EINVAL)
    (Path(os.fsdecode(top)) / "a/b/new").write_bytes(b"new")
    with posix.folder(top, b"a/b") as inside:
        posix.exchange(inside, b"new", b"file")
        assert sorted(os.listdir(inside)) == (["file", "new"] if able else ["file"])
        with pytest.raises(FileNotFoundError):
            posix.exchange(inside, b"none", b"file")
    assert (Path(os.fsdecode(top)) / "a/b/file").read_bytes() == b"new"
    assert not able or (Path(os.fsdecode(top)) / "a/b/new").read_bytes() == b"content"


def test_a_move_to_another_file_system_is_refused(top: bytes) -> None:
    """It is never copied and deleted instead."""
    elsewhere = "/dev/shm"  # noqa: S108 - only its device is of interest
    if not os.path.isdir(elsewhere) or os.stat(elsewhere).st_dev == os.stat(top).st_dev:
        pytest.skip("no second file system here")
    with (
        posix.folder(top, b"a/b") as source,
        posix.folder(os.fsencode(elsewhere)) as target,
        pytest.raises(OSError, match="cross-device"),
    ):
        posix.rename_new(source, b"file", target, b"comet-test-file")
    assert os.path.exists(top + b"/a/b/file")


def test_an_error_of_the_move_is_not_taken_for_a_missing_call(top: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system knows the call and refuses, nothing else is tried."""
    monkeypatch.setattr(posix, "_renameat2", lambda *_arguments: errno.EACCES)
    with posix.folder(top, b"a/b") as source, posix.folder(top) as target, pytest.raises(PermissionError):
        posix.rename_new(source, b"file", target, b"free")
    assert os.path.exists(top + b"/a/b/file")


def test_all_is_written_however_little_goes_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A system may write less than it was given."""
    write = os.write
    monkeypatch.setattr(os, "write", lambda handle, rest: write(handle, bytes(rest)[:3]))
    handle = os.open(tmp_path / "new", os.O_CREAT | os.O_WRONLY)
    posix.write(handle, b"0123456789")
    os.close(handle)
    assert (tmp_path / "new").read_bytes() == b"0123456789"


@pytest.mark.parametrize("most", [0, 3, 100])
def test_pieces_are_poured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """What is kept comes from the other file, whether the system copies it by itself, in parts, or not at all."""
    copy = os.copy_file_range

    def some(source: int, target: int, count: int, start: int) -> int:
        if not most:
            raise OSError(errno.ENOTSUP, "")
        return copy(source, target, min(count, most), start)

    monkeypatch.setattr(os, "copy_file_range", some)
    (tmp_path / "old").write_bytes(b"0123456789")
    source, handle = os.open(tmp_path / "old", os.O_RDONLY), os.open(tmp_path / "new", os.O_CREAT | os.O_WRONLY)
    posix.pour(handle, [b"ab", Kept(4, 5), b"", Kept(0, 2)], source)
    os.close(handle)
    os.close(source)
    assert (tmp_path / "new").read_bytes() == b"ab4567801"
    assert posix.digest_of(os.fsencode(tmp_path), b"new") == digest([b"ab4567801"])


def test_a_folder_that_cannot_be_synced_is_synced_with_all(top: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some FUSE file systems know no such call; what a disk refuses for another reason is an error."""
    codes, synced = [errno.EINVAL, errno.EIO], []

    def fsync(_handle: int) -> None:
        raise OSError(codes.pop(0), "")

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "sync", lambda: synced.append(1))
    with posix.folder(top) as handle:
        posix.sync(handle)
        assert synced == [1]
        with pytest.raises(OSError, match="5"):
            posix.sync(handle)
    assert synced == [1]


def test_a_new_file_is_dressed_like_the_old_one(tmp_path: Path) -> None:
    """Mode and attributes go over; nothing does through a link."""
    (tmp_path / "old").write_bytes(b"")
    (tmp_path / "old").chmod(0o640)
    try:
        os.setxattr(tmp_path / "old", "user.mood", b"calm")
    except OSError:
        pytest.skip("no attributes here")
    (tmp_path / "link").symlink_to("old")
    handle = os.open(tmp_path / "new", os.O_CREAT | os.O_WRONLY, 0o600)
    try:
        with posix.folder(os.fsencode(tmp_path)) as inside:
            with pytest.raises(OSError, match="symbolic"):
                posix.opened(inside, b"link")
            model = posix.opened(inside, b"old")
            posix.dress(handle, model)
            os.close(model)
    finally:
        os.close(handle)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o640
    assert os.getxattr(tmp_path / "new", "user.mood") == b"calm"


def test_whether_something_is_there(top: bytes) -> None:
    """A broken link is something; what cannot be told is an error, a missing root most of all."""
    os.symlink("nowhere", top + b"/broken")
    assert posix.exists(top, b"a/b/file")
    assert posix.exists(top, b"a/b")
    assert posix.exists(top, b"broken")
    assert not posix.exists(top, b"none")
    assert not posix.exists(top, b"a/none/x")
    with pytest.raises(NotADirectoryError):
        posix.exists(top, b"a/b/file/x")
    with pytest.raises(FileNotFoundError):
        posix.exists(top + b"-unmounted", b"a/b/file")


def test_the_topmost_folder_of_a_files_own_file_system(top: bytes) -> None:
    """It is the root where all is on one; else the folder below the last that is on another one."""
    device = os.stat(top).st_dev
    assert posix.topmost(top, [b"a", b"b"], device) == 0
    assert posix.topmost(top, [], device) == 0
    if not os.path.isdir("/dev/shm") or os.stat("/dev/shm").st_dev == os.stat("/dev").st_dev:  # noqa: S108
        pytest.skip("no second file system here")
    assert posix.topmost(b"/dev", [b"shm"], os.stat("/dev/shm").st_dev) == 1  # noqa: S108


def test_a_new_file_has_no_attributes_that_the_old_one_had_not(tmp_path: Path) -> None:
    """What a folder gives to new files, an access list say, may let others in."""
    model, new = tmp_path / "model", tmp_path / "new"
    for path in (model, new):
        path.touch()
    os.setxattr(model, "user.wanted", b"1")
    os.setxattr(new, "user.given", b"1")
    with model.open("rb") as old, new.open("r+b") as handle:
        posix.dress(handle.fileno(), old.fileno())
    assert os.listxattr(new) == os.listxattr(model)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be others")
@pytest.mark.parametrize(("uid", "gid", "kept"), [(1002, 2000, True), (1001, 2000, False), (1002, 2001, False)])
def test_a_file_of_somebody_else_is_not_replaced_by_ones_own(tmp_path: Path, uid: int, gid: int, *, kept: bool) -> None:
    """Its owner could not read it any more; a group that one is in can be given."""
    model, new = tmp_path / "model", tmp_path / "new"
    for path in (model, new):
        path.touch()
    os.chown(model, uid, gid)
    os.chown(new, 1002, 1002)
    with model.open("rb") as old, new.open("r+b") as handle:
        before = os.getgroups()
        os.setgroups([2000])
        os.seteuid(1002)
        try:
            with nullcontext() if kept else pytest.raises(OSError, match="belongs to another user or group"):
                posix.dress(handle.fileno(), old.fileno())
        finally:
            os.seteuid(0)
            os.setgroups(before)
    assert (new.stat().st_uid, new.stat().st_gid) == (1002, 2000 if gid == 2000 else 1002)
