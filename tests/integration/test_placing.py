"""Files that were made elsewhere are put below a root, never over what is there, and taken back to the last byte."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from comet.act import posix, recovery, vault
from comet.core import pieces, plans
from comet.core.acts import Content, Do, Entry, Kind, Plan, State, Step
from comet.core.errors import NoSpaceError, UsageError
from comet.core.model import Identity
from tests.unit.act.made import Yard, remove, sound, yard

NEW, OLD = b"a new cover", b"an old cover"


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Yard]:
    """A yard with an album that has a cover."""
    found = yard(tmp_path)
    found.file("album/folder.jpg", OLD)
    found.file("album/a.mp3", b"sound|title=Old")
    yield found
    found.journal.close()


def staged(folder: Path, data: bytes) -> Content:
    """Write a file outside the root and return it as a plan names it."""
    path = folder / "staged"
    path.write_bytes(data)
    return Content(os.fsencode(path), pieces.digest([data]))


def place(made: Yard, path: str | bytes, data: bytes = NEW, replaces: bytes = b"", music: str = "") -> Step:
    """Return the step that places a file of this content."""
    file = Identity("music", os.fsencode(path), len(data), 0, music)
    old = pieces.digest([replaces]) if replaces else ""
    return Step(Do.PLACE, file, "", "why", staged=staged(made.tmp, data), replaces=old)


def tree(made: Yard) -> dict[str, tuple[bytes, int, int]]:
    """Return content, mode and time (ns) of all that is below the root; of folders only the mode."""
    found = {}
    for path in sorted(made.music.rglob("*")):
        status = path.stat()
        if ".comet" not in path.parts:
            content = path.read_bytes() if path.is_file() else b""
            found[str(path)] = content, status.st_mode, status.st_mtime_ns if path.is_file() else 0
    return found


def only(entries: list[Entry]) -> tuple[Kind, State, str]:
    """Return what the one entry says."""
    (entry,) = entries
    return entry.kind, entry.state, entry.error


def test_a_file_is_put_where_none_is(made: Yard) -> None:
    """In folders that are made for it; undone, these are gone and the file is held."""
    before = tree(made)
    mask = os.umask(0o027)
    try:
        (entry,) = made.apply(place(made, "Новый/\udcff/folder.jpg"))
    finally:
        os.umask(mask)
    path = made.music / "Новый/\udcff/folder.jpg"
    assert (entry.kind, entry.state, entry.error) == (Kind.PLACE, State.DONE, "")
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (NEW, 0o640)
    assert [each.id for each in made.journal.undoable()] == [entry.id]
    assert only(made.undo(entry)) == (Kind.UNDO, State.DONE, "")
    assert tree(made) == before
    assert made.held() == [NEW]
    assert made.journal.undoable() == []


def test_a_folder_that_others_use_by_now_stays(made: Yard) -> None:
    """Undone, what somebody has put beside the file is where it was."""
    (entry,) = made.apply(place(made, "new/deep/folder.jpg"))
    made.file("new/other.txt", b"other")
    made.undo(entry)
    assert made.names() == ["album/a.mp3", "album/folder.jpg", "new/other.txt"]
    assert not (made.music / "new/deep").exists()


def test_what_is_named_is_replaced_and_comes_back(made: Yard) -> None:
    """It is held meanwhile; every byte, mode and time of it is as it was."""
    (made.music / "album/folder.jpg").chmod(0o604)
    os.utime(made.music / "album/folder.jpg", ns=(1, 1_500_000_000_123_456_789))
    before = tree(made)
    (entry,) = made.apply(place(made, "album/folder.jpg", replaces=OLD))
    assert (entry.state, entry.error) == (State.DONE, "")
    assert (made.music / "album/folder.jpg").read_bytes() == NEW
    assert made.held() == [OLD]
    assert only(made.undo(entry)) == (Kind.UNDO, State.DONE, "")
    assert tree(made) == before
    assert made.held() == [NEW]


def test_one_place_three_times_and_all_undone_at_once(made: Yard) -> None:
    """Each replaces the one before; nothing is lost on the way, there or back."""
    before = tree(made)
    contents = [OLD, b"1", b"2", b"3"]
    entries = [
        made.apply(place(made, "album/folder.jpg", new, replaces=old))[0] for old, new in itertools.pairwise(contents)
    ]
    assert made.held() == [b"1", b"2", OLD]
    assert {each.state for each in made.undo(*entries)} == {State.DONE}
    assert tree(made) == before
    assert made.held() == [b"1", b"2", b"3"]


def test_a_plan_that_is_applied_again_does_nothing(made: Yard) -> None:
    """What is there already is no work."""
    step = place(made, "album/folder.jpg", replaces=OLD)
    made.apply(step)
    assert made.apply(step) == []


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("album/folder.jpg", "something else is in its place by now"),
        ("link/folder.jpg", "a link leads to it"),
        ("linked.jpg", "a link leads to it"),
        ("album/" + "x" * 300, "its name is longer"),
        ("reference/a.jpg", "reference folder"),
    ],
)
def test_what_would_harm_is_refused(made: Yard, path: str, told: str) -> None:
    """In a sentence; nothing is written, below the root or outside."""
    (made.tmp / "outside").mkdir()
    (made.music / "link").symlink_to(made.tmp / "outside")
    (made.music / "linked.jpg").symlink_to(made.tmp / "outside/x")
    made.protected.add(b"reference/")
    step = place(made, path)
    before = sorted(made.tmp.rglob("*"))
    (entry,) = made.apply(step)
    assert entry.state is State.FAILED
    assert told in entry.error
    assert [each for each in sorted(made.tmp.rglob("*")) if "lock" not in each.name] == [
        each for each in before if "lock" not in each.name
    ]


@pytest.mark.parametrize(
    "path", ["../out.jpg", "a/../../out.jpg", "/etc/out.jpg", "a//b", "a/./b", "a\0b", "", ".comet/root", "a/.comet-1"]
)
def test_a_plan_with_a_path_that_is_none_is_no_plan(made: Yard, path: str) -> None:
    """It is said where the mistake is before anything is done, whoever made the plan."""
    step = place(made, path)
    with pytest.raises(UsageError, match="expected a path below its root"):
        plans.parse(json.dumps(plans.plan_json(Plan("p", 1.0, (step,)))), "x")
    with pytest.raises(UsageError, match="expected a path below its root"):
        made.apply(place(made, "good.jpg"), step)
    assert made.names() == ["album/a.mp3", "album/folder.jpg"]
    assert list(made.journal.runs()) == []


def test_what_is_to_be_placed_must_be_what_was_planned(made: Yard) -> None:
    """Changed or gone since, or with another sound than the plan says: not placed."""
    step = place(made, "x.jpg")
    assert step.staged
    Path(os.fsdecode(step.staged.path)).write_bytes(b"other")
    assert "was changed since this was planned" in made.apply(step)[0].error
    Path(os.fsdecode(step.staged.path)).unlink()
    assert "`: it is gone" in made.apply(step)[0].error
    assert "its sound would not be the same" in made.apply(place(made, "x.mp3", music=sound(b"x")))[0].error
    assert made.names() == ["album/a.mp3", "album/folder.jpg"]
    assert made.apply(place(made, "x.mp3", b"sound|1", music=sound(b"sound")))[0].state is State.DONE


def test_what_replaces_another_one_must_replace_that(made: Yard) -> None:
    """A cover that somebody has changed since is not moved away."""
    step = place(made, "album/folder.jpg", replaces=OLD)
    made.file("album/folder.jpg", b"mine")
    assert "something else is in its place" in made.apply(step)[0].error
    assert (made.music / "album/folder.jpg").read_bytes() == b"mine"
    assert made.held() == []


def test_undo_leaves_alone_what_was_changed_since(made: Yard) -> None:
    """Where it is gone, what it replaced comes back all the same."""
    (entry,) = made.apply(place(made, "album/folder.jpg", replaces=OLD))
    made.file("album/folder.jpg", b"mine")
    (refused,) = made.undo(entry)
    assert (refused.state, refused.error) == (State.FAILED, "it was changed since it was put there")
    assert (made.music / "album/folder.jpg").read_bytes() == b"mine"
    (made.music / "album/folder.jpg").unlink()
    assert made.undo(entry)[0].state is State.DONE
    assert (made.music / "album/folder.jpg").read_bytes() == OLD


def test_a_file_may_be_removed_for_one_that_is_placed_in_the_same_plan(made: Yard) -> None:
    """The plan says which time the new one has, so it knows the keeper before that is there."""
    data, mtime_ns = b"sound|better", 1_500_000_000_000_000_000
    step = place(made, "new/better.flac", data, music=sound(data))
    step = replace(step, file=replace(step.file, mtime_ns=mtime_ns))
    entries = made.apply(step, remove(made.now("album/a.mp3"), step.file))
    assert [(each.kind, each.state, each.error) for each in entries] == [
        (Kind.PLACE, State.DONE, ""), (Kind.REMOVE, State.DONE, ""),
    ]  # fmt: skip
    assert (made.music / "new/better.flac").stat().st_mtime_ns == mtime_ns
    assert {each.state for each in made.undo(*entries)} == {State.DONE}
    assert made.names() == ["album/a.mp3", "album/folder.jpg"]


def test_a_full_disk_ends_the_run(made: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was there is there, folders that were made are gone."""
    before = tree(made)

    def full(*_given: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(posix, "pour", full)
    for path, replaces in ("album/folder.jpg", OLD), ("new/folder.jpg", b""):
        with pytest.raises(NoSpaceError):
            made.apply(place(made, path, replaces=replaces))
        assert tree(made) == before


@pytest.mark.parametrize("function", ["stage", "quarantine", "finish"])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_recovery_ends_what_was_interrupted(
    made: Yard,
    monkeypatch: pytest.MonkeyPatch,
    function: str,
    after: bool,  # noqa: FBT001 - of the test
) -> None:
    """Either the old file is there or the new one, the journal knows, and nothing is left behind."""
    before, real = tree(made), getattr(vault, function)

    def crash(*given: object) -> None:
        if after:
            real(*given)
        raise KeyboardInterrupt

    monkeypatch.setattr(vault, function, crash)
    with pytest.raises(KeyboardInterrupt):
        made.apply(place(made, "album/folder.jpg", replaces=OLD))
    monkeypatch.undo()
    (settled,) = recovery.recover(made.ground)
    placed = function == "finish" and after
    assert settled.state is (State.DONE if placed else State.FAILED)
    assert tree(made) == before or placed
    assert made.held() == ([OLD] if placed else [])
    if placed:
        made.undo(settled)
        assert tree(made) == before


@pytest.mark.parametrize("function", ["quarantine", "restore", "prune"])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_recovery_ends_an_undoing(
    made: Yard,
    monkeypatch: pytest.MonkeyPatch,
    function: str,
    after: bool,  # noqa: FBT001 - of the test
) -> None:
    """Nothing was moved, or all is as it was before the file was placed."""
    before, (entry,) = tree(made), made.apply(place(made, "album/folder.jpg", replaces=OLD))
    real = getattr(vault, function)

    def crash(*given: object) -> None:
        if after:
            real(*given)
        raise KeyboardInterrupt

    monkeypatch.setattr(vault, function, crash)
    with pytest.raises(KeyboardInterrupt):
        made.undo(entry)
    monkeypatch.undo()
    (settled,) = recovery.recover(made.ground)
    if settled.state is State.FAILED:
        assert (function, after) == ("quarantine", False)
        assert made.undo(entry)[0].state is State.DONE
    assert tree(made) == before
    assert made.held() == [NEW]
