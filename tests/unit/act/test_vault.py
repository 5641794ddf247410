"""The vault: a marker is written where it belongs and nowhere else, once, on any file system."""

from __future__ import annotations

import errno
import os
import stat
import threading
from pathlib import Path

import pytest

from comet.act import vault
from comet.core.errors import FileError
from comet.core.places import marker


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a root folder."""
    (tmp_path / "music").mkdir()
    return tmp_path / "music"


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    """Return a file of the user's that somebody wants to be overwritten."""
    (tmp_path / "victim").write_text("mine")
    return tmp_path / "victim"


@pytest.fixture(params=["links", "no links"])
def linking(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Be on a file system with hard links, and on one without, such as exFAT."""

    def refused(*_arguments: object, **_options: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    if request.param == "no links":
        monkeypatch.setattr(os, "link", refused)


def names(root: Path) -> list[str]:
    """Return what lies in the folder `.comet` of a root."""
    return sorted(os.listdir(root / ".comet"))


@pytest.mark.usefixtures("linking")
def test_a_marker_holds_an_id_for_everybody_to_read(root: Path) -> None:
    """Another user of the same music knows it by the same id; nothing is left beside it."""
    identity = vault.mark(os.fsencode(root))
    assert len(identity) == 16
    assert (root / ".comet/root").read_text() == identity + "\n"
    assert stat.S_IMODE((root / ".comet/root").stat().st_mode) == 0o644
    assert names(root) == ["root"]
    assert vault.mark(os.fsencode(root)) == identity


@pytest.mark.usefixtures("linking")
def test_a_marker_can_be_given_another_id(root: Path) -> None:
    """A copy of a root gets one of its own, in any letters."""
    vault.mark(os.fsencode(root))
    assert vault.mark(os.fsencode(root), "ключ") == "ключ"
    assert marker(os.fsencode(root)) == "ключ"
    assert names(root) == ["root"]


@pytest.mark.parametrize("identity", ["", "0123456789abcdef"])
@pytest.mark.parametrize("name", ["root.new", "root"])
def test_no_file_of_the_users_is_written_through_a_link(root: Path, victim: Path, name: str, identity: str) -> None:
    """A link in the place of a file that Comet would write is not followed, and stays."""
    (root / ".comet").mkdir()
    (root / ".comet" / name).symlink_to(victim)
    if name == "root":
        with pytest.raises(FileError, match="is a link"):
            vault.mark(os.fsencode(root), identity)
    else:
        vault.mark(os.fsencode(root), identity)
    assert victim.read_text() == "mine"
    assert (root / ".comet" / name).is_symlink()


@pytest.mark.parametrize("identity", ["", "0123456789abcdef"])
@pytest.mark.parametrize("kind", ["link", "broken link", "file"])
def test_a_folder_that_is_none_is_refused(root: Path, tmp_path: Path, kind: str, identity: str) -> None:
    """Nothing is made where a link leads, and the reason is said."""
    elsewhere = tmp_path / "elsewhere"
    if kind == "file":
        (root / ".comet").write_text("mine")
    else:
        (root / ".comet").symlink_to(elsewhere)
    if kind == "link":
        elsewhere.mkdir()
        (elsewhere / "root").write_text("other\n")
    with pytest.raises(FileError, match="not a folder" if kind == "file" else "is a link") as caught:
        vault.mark(os.fsencode(root), identity)
    assert caught.value.path == str(root)
    assert marker(os.fsencode(root)) == ""
    assert not elsewhere.exists() or os.listdir(elsewhere) == ["root"]
    with pytest.raises(FileError):
        vault.same_folder(os.fsencode(root), os.fsencode(tmp_path))
    with pytest.raises(FileError):
        vault.same_folder(os.fsencode(tmp_path), os.fsencode(root))
    assert not elsewhere.exists() or os.listdir(elsewhere) == ["root"]


@pytest.mark.usefixtures("linking")
def test_the_first_of_two_markers_counts(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who comes second, having seen none, returns the id that is there."""
    path = os.fsencode(root)
    looked: list[str] = []

    def late(_root: bytes) -> str:
        if not looked:
            looked.append("")
            looked.append(vault.mark(path))
        return ""

    monkeypatch.setattr(vault, "marker", late)
    assert vault.mark(path) == looked[1]
    assert marker(path) == looked[1]
    assert names(root) == ["root"]


@pytest.mark.usefixtures("linking")
def test_many_at_once_agree(root: Path) -> None:
    """Each returns the one id that is there in the end."""
    barrier = threading.Barrier(8)
    found: list[str] = []

    def first() -> None:
        barrier.wait()
        found.append(vault.mark(os.fsencode(root)))

    threads = [threading.Thread(target=first) for _number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [marker(os.fsencode(root))] * 8
    assert names(root) == ["root"]


@pytest.mark.usefixtures("linking")
def test_a_marker_that_was_begun_and_never_written_is_written(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the power failed in between, an empty file is no id for ever."""
    monkeypatch.setattr(vault, "_PATIENCE", 0.05)
    (root / ".comet").mkdir()
    (root / ".comet/root").touch()
    assert marker(os.fsencode(root)) == ""
    identity = vault.mark(os.fsencode(root))
    assert marker(os.fsencode(root)) == identity != ""
    assert names(root) == ["root"]


def test_a_disk_that_fills_up_leaves_the_old_marker(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing beside it."""
    identity = vault.mark(os.fsencode(root))

    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FileError, match="cannot be marked: No space left"):
        vault.mark(os.fsencode(root), "other")
    assert marker(os.fsencode(root)) == identity
    assert names(root) == ["root"]


def test_a_probe_is_seen_in_a_view_and_not_in_a_copy(root: Path, tmp_path: Path) -> None:
    """Nothing is left of it."""
    (tmp_path / "copy").mkdir()
    (tmp_path / "view").symlink_to(root)
    assert vault.same_folder(os.fsencode(root), os.fsencode(tmp_path / "view"))
    assert not vault.same_folder(os.fsencode(root), os.fsencode(tmp_path / "copy"))
    assert names(root) == names(tmp_path / "copy") == []
