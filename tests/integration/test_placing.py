"""Files that were made elsewhere are put below a root, never over what is there, and taken back to the last byte."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from comet.act import posix, recovery, vault
from comet.core import pieces, plans
from comet.core.acts import Content, Do, Entry, Kind, Plan, State, Step
from comet.core.errors import NoSpaceError, UsageError
from comet.core.model import Identity
from tests.unit.act.made import Yard, remove, retag, sound, yard

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
        ("link/folder.jpg", "a file or a link stands where its folder should be"),
        ("album/folder.jpg/x.jpg", "a file or a link stands where its folder should be"),
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


Crash = Callable[[str, bool, Callable[[], object]], None]


@pytest.fixture
def crash(monkeypatch: pytest.MonkeyPatch) -> Crash:
    """Return what lets Comet die before or after a function of the vault, while something is done."""

    def crash(function: str, after: bool, act: Callable[[], object]) -> None:  # noqa: FBT001 - of the test
        real = getattr(vault, function)

        def dies(*given: object, **more: object) -> None:
            if after:
                real(*given, **more)
            raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr(vault, function, dies)
            with pytest.raises(KeyboardInterrupt):
                act()

    return crash


@pytest.mark.parametrize("function", ["stage", "quarantine", "finish"])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_recovery_ends_what_was_interrupted(made: Yard, crash: Crash, function: str, *, after: bool) -> None:
    """Either the old file is there or the new one, the journal knows, and nothing is left behind."""
    before = tree(made)
    crash(function, after, lambda: made.apply(place(made, "album/folder.jpg", replaces=OLD)))
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
def test_recovery_ends_an_undoing(made: Yard, crash: Crash, function: str, *, after: bool) -> None:
    """Nothing was moved, or all is as it was before the file was placed."""
    before, (entry,) = tree(made), made.apply(place(made, "album/folder.jpg", replaces=OLD))
    crash(function, after, lambda: made.undo(entry))
    (settled,) = recovery.recover(made.ground)
    if settled.state is State.FAILED:
        assert (function, after) == ("quarantine", False)
        assert made.undo(entry)[0].state is State.DONE
    assert tree(made) == before
    assert made.held() == [NEW]


TAKEN = "something else was put in its place meanwhile; what was there before stays in quarantine"


@pytest.mark.parametrize("undone", [False, True], ids=["placing", "undoing"])
def test_a_place_that_somebody_took_meanwhile_keeps_nothing_open(made: Yard, crash: Crash, *, undone: bool) -> None:
    """It is told, all that is held is listed, and as soon as the place is free what was there comes back."""
    before, step = tree(made), place(made, "album/folder.jpg", replaces=OLD)
    if undone:
        (entry,) = made.apply(step)
        crash("quarantine", True, lambda: made.undo(entry))
    else:
        crash("quarantine", True, lambda: made.apply(step))
    made.file("album/folder.jpg", b"mine")
    (settled,) = recovery.recover(made.ground)
    assert (settled.state, settled.error) == (State.DONE, TAKEN)
    assert made.journal.pending() == []
    assert listed(made) == made.held() == ([NEW, OLD] if undone else [OLD])
    (placing,) = made.journal.undoable()
    assert made.undo(placing)[0].state is State.FAILED
    (made.music / "album/folder.jpg").unlink()
    assert only(made.undo(placing)) == (Kind.UNDO, State.DONE, "")
    assert tree(made) == before
    assert listed(made) == made.held() == ([NEW] if undone else [])


def listed(made: Yard) -> list[bytes]:
    """Return what the journal says is held, by content."""
    found = made.journal.held()
    assert made.journal.held_size() == (len(found), sum(each.moved.size for each in found))
    return sorted((made.music / each.held).read_bytes() for each in found)


def test_what_is_held_for_a_placing_is_listed_and_purged(made: Yard) -> None:
    """What was replaced, while what replaced it is there; what was taken back; and nothing comes back from there."""
    contents = [OLD, b"1", b"22"]
    first, second = (
        made.apply(place(made, "album/folder.jpg", new, replaces=old))[0] for old, new in itertools.pairwise(contents)
    )
    assert listed(made) == [b"1", OLD]
    made.undo(second)
    assert listed(made) == [b"22", OLD]
    assert sum(row["size"] for row in made.journal.runs()) == len(b"22" + OLD)
    made.file("album/folder.jpg", b"mine")
    (refused,) = made.purge(first)
    assert refused.error == "it stays in quarantine: what was put in its place is gone or was changed"
    made.file("album/folder.jpg", b"1")
    purged = made.purge(*made.journal.held())
    assert [(each.state, each.error, each.before.file.size) for each in purged] == [
        (State.DONE, "", len(OLD)), (State.DONE, "", 2),
    ]  # fmt: skip
    assert listed(made) == made.held() == []
    assert not any((made.music / ".comet/quarantine").iterdir())
    assert made.journal.undoable() == []
    assert only(made.undo(first))[1:] == (State.FAILED, "there is nothing to undo any more")


def test_what_was_changed_in_quarantine_stays_there(made: Yard) -> None:
    """Somebody has looked at it since, and may want it."""
    (entry,) = made.apply(place(made, "album/folder.jpg", replaces=OLD))
    (made.music / entry.held).write_bytes(b"other")
    (refused,) = made.purge(entry)
    assert refused.error == "it stays in quarantine: it was changed there"
    assert made.held() == [b"other"]


def test_music_that_replaced_other_music_may_have_other_tags_by_now(made: Yard) -> None:
    """The old file is purged as long as the new one sounds as it did; not for one that sounds otherwise."""
    step = place(made, "album/a.mp3", b"better", b"sound|title=Old", sound(b"better"))
    (entry,) = made.apply(step)
    made.apply(retag(made.now("album/a.mp3"), title="New"))
    path = made.music / "album/a.mp3"
    data, mtime_ns = path.read_bytes(), path.stat().st_mtime_ns
    path.write_bytes(b"b" * len(data))
    os.utime(path, ns=(mtime_ns, mtime_ns))
    assert "its sound is not the one" in made.purge(entry)[0].error
    path.write_bytes(data)
    os.utime(path, ns=(mtime_ns, mtime_ns))
    assert only(made.purge(entry)) == (Kind.PURGE, State.DONE, "")
    assert made.held() == []


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_recovery_ends_a_purging(made: Yard, crash: Crash, *, after: bool) -> None:
    """It is gone or it is held, and the journal says which."""
    (entry,) = made.apply(place(made, "album/folder.jpg", replaces=OLD))
    crash("purge", after, lambda: made.purge(entry))
    (settled,) = recovery.recover(made.ground)
    assert settled.state is (State.DONE if after else State.FAILED)
    assert listed(made) == made.held() == ([] if after else [OLD])


def test_what_replaces_a_file_has_its_mode_and_attributes(made: Yard) -> None:
    """Who may read the old one may read the new one, and nobody else."""
    path = made.music / "album/folder.jpg"
    path.chmod(0o604)
    try:
        os.setxattr(path, "user.mood", b"calm")
    except OSError:
        pytest.skip("no attributes here")
    made.apply(place(made, "album/folder.jpg", replaces=OLD))
    assert (path.stat().st_mode & 0o777, os.getxattr(path, "user.mood")) == (0o604, b"calm")
