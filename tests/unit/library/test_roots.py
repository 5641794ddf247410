"""Roots: a folder that cannot be recognised is away, never empty."""

import os
from pathlib import Path

import pytest

from comet.act import vault
from comet.core.errors import FileError
from comet.core.model import Root
from comet.library import roots


def _music(folder: Path) -> bytes:
    folder.mkdir(parents=True)
    (folder / "a.mp3").write_bytes(b"x")
    return os.fsencode(folder)


def test_new_folder_is_there_without_an_id(tmp_path: Path) -> None:
    """A folder that was never seen has no id and is not away."""
    assert roots.look(_music(tmp_path / "m"), "", had_files=False) == Root("", os.fsencode(tmp_path / "m"))


def test_marked_folder_keeps_its_id(tmp_path: Path) -> None:
    """The marker that is there is adopted."""
    path = _music(tmp_path / "m")
    identity = vault.mark(path)
    assert vault.mark(path) == identity
    assert roots.look(path, "", had_files=False) == Root(identity, path)


@pytest.mark.parametrize("harm", ["missing", "file", "empty", "marker", "other"])
def test_folder_that_cannot_be_recognised_is_away(tmp_path: Path, harm: str) -> None:
    """Missing, no folder, empty, without its marker or with another one: away, under the id that it had."""
    folder = tmp_path / "m"
    path = _music(folder)
    identity = vault.mark(path)
    if harm == "other":
        vault.mark(path, "other")
    if harm == "empty":
        (folder / "a.mp3").unlink()
    if harm == "marker":
        (folder / ".comet/root").unlink()
    if harm in ("missing", "file"):
        folder.rename(tmp_path / "gone")
    if harm == "file":
        folder.write_bytes(b"")
    found = roots.look(path, identity, had_files=True)
    assert found.away
    assert found.id == identity


def test_empty_new_folder_is_away(tmp_path: Path) -> None:
    """An empty folder may be a mount point, so it is not marked."""
    (tmp_path / "m").mkdir()
    assert roots.look(os.fsencode(tmp_path / "m"), "", had_files=False).away


def test_unmarked_root_that_was_seen_is_there(tmp_path: Path) -> None:
    """A read-only root goes by the id of its path."""
    path = _music(tmp_path / "m")
    known = roots.id_of_path(path)
    assert roots.look(path, known, had_files=True) == Root(known, path)


def test_second_root_with_the_same_id_is_away(tmp_path: Path) -> None:
    """A copied marker, or a second view of a folder, never counts as two collections."""
    one, other = Root("x", b"/a"), Root("x", b"/b")
    first, second = roots.refuse_twins([one, other])
    assert first == one
    assert "/a" in second.away


def test_root_that_moved_is_no_copy(tmp_path: Path) -> None:
    """The old path that is missing does not claim the id of the new one."""
    old, new = Root("x", b"/a", "it is missing"), Root("x", b"/b")
    assert roots.refuse_twins([old, new]) == [old, new]


def test_same_folder_is_seen_through_a_link(tmp_path: Path) -> None:
    """Two names of one folder are told from a copy by what is made in one and seen in the other."""
    one = _music(tmp_path / "m")
    copy = _music(tmp_path / "copy")
    (tmp_path / "view").symlink_to(tmp_path / "m")
    assert vault.same_folder(one, os.fsencode(tmp_path / "view"))
    assert not vault.same_folder(one, copy)
    assert os.listdir(os.path.join(one, b".comet")) == []


def test_mark_of_a_folder_that_cannot_be_written_is_an_error() -> None:
    """The error names the folder."""
    with pytest.raises(FileError, match="/proc/1"):
        vault.mark(b"/proc/1")


@pytest.mark.parametrize(
    "name", [b".comet", b"@eaDir", b"#recycle", b".Trash-1000", b".snapshots", b".comet-x7", b"LOST+FOUND"]
)
def test_what_a_nas_adds_is_skipped(name: bytes) -> None:
    """Folders of a NAS, trashes and Comet's own are never looked at, in any spelling."""
    assert roots.skipped(name)


def test_music_is_not_skipped() -> None:
    """A name that only looks alike is walked."""
    assert not roots.skipped(b"Comet")
    assert not roots.skipped(b"snapshots of love")
