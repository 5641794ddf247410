"""Applying a plan: a file goes only while it and its keeper are, at that moment, what somebody decided about."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from comet.act import actions, posix, vault
from comet.core.acts import Do, Entry, Kind, Plan, State
from comet.core.errors import NoSpaceError, Stopped
from comet.core.job import Control, Event, Job, Progress
from comet.core.model import Identity, Place, Stage
from tests.unit.act.made import Yard, remove, repoint, retag, sound, yard


@pytest.fixture
def made(tmp_path: Path) -> Yard:
    """Return a yard with a keeper and a file to remove."""
    found = yard(tmp_path)
    found.file("keep.flac", b"keeper")
    found.file("a/go.mp3", b"loser")
    return found


def refused(entries: list[Entry]) -> list[str]:
    """Return why the steps were refused; nothing else may have happened."""
    assert {entry.state for entry in entries} == {State.FAILED}
    return [entry.error for entry in entries]


def test_a_duplicate_is_moved_and_written_down(made: Yard) -> None:
    """The keeper is not touched; both were read whole; the journal says where the file is now."""
    go, keep = made.now("a/go.mp3"), made.now("keep.flac")
    before = os.stat(made.music / "keep.flac")
    (entry,) = made.apply(remove(go, keep))
    assert (entry.kind, entry.state, entry.error) == (Kind.REMOVE, State.DONE, "")
    assert entry.before == remove(go, keep)
    assert (made.music / entry.after["held"]).read_bytes() == b"loser"
    assert made.names() == ["keep.flac"]
    assert os.stat(made.music / "keep.flac") == replace_atime(before, made.music / "keep.flac")
    assert sorted(made.heard) == [os.fsencode(made.music / name) for name in ("a/go.mp3", "keep.flac")]


def replace_atime(before: os.stat_result, path: Path) -> os.stat_result:
    """Return what a file's status must be: reading it may have changed when it was read last, and nothing else."""
    now = os.stat(path)
    assert (now.st_mtime_ns, now.st_ctime_ns, now.st_ino) == (before.st_mtime_ns, before.st_ctime_ns, before.st_ino)
    return now


Spoil = Callable[[Yard], None]


def same_time(made: Yard, name: str, content: bytes) -> None:
    """Change a file and set its time back, as some tools do."""
    before = os.stat(made.music / name)
    (made.music / name).write_bytes(content)
    os.utime(made.music / name, ns=(before.st_atime_ns, before.st_mtime_ns))


def exchange_marker(made: Yard) -> None:
    """Let another disk be mounted there."""
    (made.music / ".comet/root").write_text("another\n")


def take_root_away(made: Yard) -> None:
    """Unmount it."""
    made.ground = replace(
        made.ground,
        roots={name: path for name, path in made.ground.roots.items() if name != "music"},
        away={"music": "its root folder is away: it is missing"},
    )


REASONS: list[tuple[Spoil, str]] = [
    (
        lambda m: m.file("keep.flac", b"other!") and None,
        "the file to keep, `keep.flac`: it was changed since this was decided",
    ),
    (
        lambda m: same_time(m, "keep.flac", b"other!"),
        "the file to keep, `keep.flac`: its sound is not the one that was decided about",
    ),
    (lambda m: (m.music / "keep.flac").unlink(), "the file to keep, `keep.flac`: it is gone"),
    (lambda m: m.file("a/go.mp3", b"better") and None, "it was changed since this was decided"),
    (lambda m: same_time(m, "a/go.mp3", b"other"), "its sound is not the one that was decided about"),
    (lambda m: (m.music / "a/go.mp3").unlink(), "it is gone"),
    (lambda m: os.link(m.music / "a/go.mp3", m.music / "x"), "it has 2 names (hard links), so nothing would be freed"),
    (lambda m: m.protected.add(b"a/"), "it lies in a reference folder, where nothing is changed"),
    (lambda m: m.different.add(frozenset((sound(b"keeper"), sound(b"loser")))), "they differ"),
    (take_root_away, "its root folder is away: it is missing"),
    (exchange_marker, "the marker `.comet/root` of its root folder is gone or another one"),
    (
        lambda m: (m.music / "a").rename(m.music / "b").with_name("a").symlink_to("b"),
        "it cannot be opened",
    ),
]


@pytest.mark.parametrize(
    ("spoil", "reason"), REASONS, ids=[reason[:40] + str(n) for n, (_s, reason) in enumerate(REASONS)]
)
def test_what_is_not_as_it_was_decided_is_left_alone(made: Yard, spoil: Spoil, reason: str) -> None:
    """The step is refused with the reason in the journal, nothing is moved, and the next step is taken."""
    step = remove(made.now("a/go.mp3"), made.now("keep.flac"))
    other = made.root("other")
    fine = remove(made.file("y", b"y", "other"), made.file("x", b"x", "other"), "another group")
    spoil(made)
    before = made.names()
    failed, done = made.apply(step, fine)
    assert failed.state is State.FAILED
    assert failed.error.startswith(reason)
    assert done.state is State.DONE
    assert made.names() == before
    assert made.held() == []
    assert sorted(path.name for path in other.iterdir()) == [".comet", "x"]


def test_a_link_to_the_keeper_is_not_a_duplicate(made: Yard) -> None:
    """Two names of one file are one file."""
    keep = made.now("keep.flac")
    os.link(made.music / "keep.flac", made.music / "name.flac")
    assert refused(made.apply(remove(made.now("name.flac"), keep))) == ["it and the file to keep are one file"]
    assert len(made.names()) == 3


def test_one_file_seen_through_two_mounts_is_not_a_duplicate(made: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where device and inode do not tell, as through FUSE."""
    made.file("keep.flac", b"loser|tags")
    (made.music / "a/go.mp3").write_bytes(b"loser|gats")
    view = made.tmp / "view"
    view.symlink_to(made.music)
    made.ground = replace(made.ground, roots={**made.ground.roots, "view": os.fsencode(view)})
    (made.music / ".comet/root").write_text("music\n")
    monkeypatch.setattr("comet.act.ground.marker", lambda root: os.path.basename(root).decode())
    keep = replace(made.now("a/go.mp3"), root="view")
    looked = actions.posix.look

    def through_fuse(top: bytes, path: bytes) -> object:
        seen = looked(top, path)
        return seen._replace(inode=seen.inode + 1) if top.endswith(b"view") else seen

    monkeypatch.setattr(actions.posix, "look", through_fuse)
    (error,) = refused(made.apply(remove(made.now("a/go.mp3"), keep)))
    assert error == "its folder and that of the file to keep are one, seen through two mounts"
    assert made.names() == ["a/go.mp3", "keep.flac"]


def test_a_plan_does_not_remove_what_it_keeps(made: Yard) -> None:
    """Whichever step comes first, edited by hand or not; of a circle nothing goes."""
    a, b, c = made.now("a/go.mp3"), made.now("keep.flac"), made.file("c", b"c")
    first, second = made.apply(remove(a, b), remove(b, c))
    assert (first.state, second.state) == (State.DONE, State.FAILED)
    assert second.error == "the same plan keeps it in place of another file"
    made.undo(first)
    assert set(refused(made.apply(remove(a, b), remove(b, a)))) == {"the same plan keeps it in place of another file"}
    assert refused(made.apply(remove(a, a))) == ["the same plan keeps it in place of another file"]


def test_a_keeper_that_went_in_an_earlier_run_keeps_nothing(made: Yard) -> None:
    """Two plans, each right when it was made, cannot empty a group together."""
    a, b = made.now("a/go.mp3"), made.now("keep.flac")
    made.apply(remove(a, b))
    assert refused(made.apply(remove(b, a))) == ["the file to keep, `a/go.mp3`: it is gone"]
    assert made.names() == ["keep.flac"]


def test_a_keeper_that_changes_as_the_file_goes_brings_it_back(made: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is opened once more after the move."""
    step = remove(made.now("a/go.mp3"), made.now("keep.flac"))
    moving = vault.quarantine

    def meanwhile(*arguments: object) -> None:
        moving(*arguments)  # type: ignore[arg-type]
        (made.music / "keep.flac").unlink()

    monkeypatch.setattr(vault, "quarantine", meanwhile)
    (error,) = refused(made.apply(step))
    assert error == "the file to keep went away or changed as this one was moved; it was put back"
    assert made.names() == ["a/go.mp3"]
    assert made.held() == []
    assert made.journal.undoable() == []


def test_a_plan_that_is_applied_again_does_the_rest(made: Yard) -> None:
    """What is done already is passed over in silence, what was refused is tried again."""
    keep = made.now("keep.flac")
    steps = [remove(made.now("a/go.mp3"), keep), remove(made.file("late.mp3", b"loser|2"), keep)]
    (made.music / "late.mp3").rename(made.tmp / "late.mp3")
    done, failed = made.apply(*steps)
    assert (done.state, failed.state) == (State.DONE, State.FAILED)
    (made.tmp / "late.mp3").rename(made.music / "late.mp3")
    (entry,) = made.apply(*steps)
    assert (entry.before, entry.state) == (steps[1], State.DONE)
    assert made.apply(*steps) == []
    assert len(made.held()) == 2


def test_a_copy_that_was_put_back_by_hand_goes_again(made: Yard) -> None:
    """From a backup, with its old time: it is there, so it is a duplicate, and both can be had back one by one."""
    step = remove(made.now("a/go.mp3"), made.now("keep.flac"))
    (first,) = made.apply(step)
    (made.music / "a/go.mp3").write_bytes(b"loser")
    os.utime(made.music / "a/go.mp3", ns=(0, step.file.mtime_ns))
    (second,) = made.apply(step)
    assert second.state is State.DONE
    assert made.held() == [b"loser", b"loser"]
    assert made.names() == ["keep.flac"]
    assert [entry.state for entry in made.undo(second)] == [State.DONE]
    assert [entry.state for entry in made.undo(first)] == [State.FAILED]


def test_a_keeper_is_read_once_for_all_its_duplicates(made: Yard) -> None:
    """Reading is what takes long."""
    keep = made.now("keep.flac")
    steps = [remove(made.file(f"{n}.mp3", b"%d" % n), keep) for n in range(actions._BATCH + 3)]
    assert {entry.state for entry in made.apply(*steps)} == {State.DONE}
    assert made.heard.count(os.fsencode(made.music / "keep.flac")) == 1
    assert len(made.heard) == len(steps) + 1


def test_a_full_disk_ends_the_run(made: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    """No other step would fare better; what was moved stays moved, and the file at hand is where it was."""
    keep, moving = made.now("keep.flac"), vault.quarantine
    steps = [remove(made.file(name, name.encode()), keep) for name in ("1", "2", "3")]

    def full(root: bytes, path: bytes, *rest: object) -> None:
        if path == b"2":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        moving(root, path, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(vault, "quarantine", full)
    with pytest.raises(NoSpaceError, match=r"no space left on the disk of `.*/2`"):
        made.apply(*steps)
    assert [entry.state for entry in made.journal.entries(1)] == [State.DONE, State.FAILED]
    assert made.names() == ["2", "3", "a/go.mp3", "keep.flac"]
    assert made.journal.pending() == []


def test_a_wish_to_stop_is_heard_between_two_steps(made: Yard) -> None:
    """What is done is in the journal, the rest is untouched; progress tells of each file."""
    keep, told = made.now("keep.flac"), []
    steps = [remove(made.file(name, name.encode()), keep) for name in ("1", "2", "3")]

    def report(event: Event) -> None:
        told.append(event)

    job = Job(report, control=lambda: Control(stop=bool(made.journal.held())), every=0.0)
    with pytest.raises(Stopped):
        actions.apply(made.ground, Plan("p", 1.0, tuple(steps)), job)
    assert [entry.state for entry in made.journal.entries(1)] == [State.DONE]
    assert made.names() == ["2", "3", "a/go.mp3", "keep.flac"]
    assert {event.stage for event in told if isinstance(event, Progress)} == {Stage.APPLY}


def test_a_step_that_nobody_understands_any_more_is_refused(made: Yard) -> None:
    """A playlist line is changed only for a file that was removed, and only in a playlist."""
    lists = made.file("l.m3u", b"a/go.mp3\nx\n")
    go, keep = made.now("a/go.mp3"), made.now("keep.flac")
    assert refused(made.apply(repoint(lists, go, keep))) == ["the file that it names was not removed"]
    book = made.file("notes.txt", b"a/go.mp3\nx\n")
    _removed, entry = made.apply(remove(go, keep), repoint(book, go, keep))
    assert (entry.state, entry.error) == (State.FAILED, "it is no playlist")
    assert (made.music / "notes.txt").read_bytes() == b"a/go.mp3\nx\n"
    away = Place("unknown", b"keep.flac")
    assert refused(made.apply(repoint(lists, go, away))) == ["the root folder of a file that it names is away"]


def test_names_of_any_bytes_go_and_come_back(made: Yard) -> None:
    """Line breaks, escape sequences, no encoding at all, and as long as a name may be."""
    keep = made.now("keep.flac")
    names = [b"caf\xe9\n\x1b[2J.mp3", b"\xff" * 255, b"-rf ~;.mp3", b"  "]
    steps = [remove(made.file(b"d\xfe/" + name, b"%d" % n), keep) for n, name in enumerate(names)]
    entries = made.apply(*steps)
    assert {entry.state for entry in entries} == {State.DONE}
    assert not os.listdir(os.fsencode(made.music) + b"/d\xfe")
    made.undo(*entries)
    assert sorted(os.listdir(os.fsencode(made.music) + b"/d\xfe")) == sorted(names)


def test_a_refusal_may_name_a_file_of_any_bytes(made: Yard) -> None:
    """The reason is a text that a database and a terminal can take."""
    keep = made.file(b"caf\xe9\x1b.flac", b"k")
    os.unlink(os.fsencode(made.music) + b"/" + keep.path)
    step = remove(made.now("a/go.mp3"), keep)
    assert refused(made.apply(step)) == [r"the file to keep, `caf\xe9\x1b.flac`: it is gone"]


def test_nothing_is_begun_that_stands_not_in_the_journal(made: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it cannot be written down, no file is moved."""

    def broken(*_arguments: object, **_more: object) -> int:
        raise NoSpaceError("no space left for the journal")

    step: Identity = made.now("a/go.mp3")
    monkeypatch.setattr(made.journal, "intend", broken)
    with pytest.raises(NoSpaceError, match="for the journal"):
        made.apply(remove(step, made.now("keep.flac")))
    assert made.names() == ["a/go.mp3", "keep.flac"]


def refusing(made: Yard, _monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing can be written into the keeper's tags."""
    made.file("keep.flac", b"keeper|!")


def failing(_made: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk does not let the new content take the keeper's place."""

    def exchange(*_given: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(posix, "exchange", exchange)


@pytest.mark.parametrize("spoil", [refusing, failing])
@pytest.mark.parametrize("tell", [{"tags": {"title": ("Merged",)}}, {"do": Do.EMBED, "pictures": {"front": None}}])
def test_a_file_stays_where_the_tags_of_its_group_could_not_be_written(
    made: Yard,
    monkeypatch: pytest.MonkeyPatch,
    spoil: Callable[[Yard, pytest.MonkeyPatch], None],
    tell: Mapping[str, Any],
) -> None:
    """What only its own tags say would go with it; files of other groups go, and so does it when they are written."""
    made.file("keep.flac", b"keeper|title=Own")
    other, kept = made.file("b/go.mp3", b"another loser"), made.file("b/keep.flac", b"another keeper")
    with monkeypatch.context() as patched:
        spoil(made, patched)
        go, keep = made.now("a/go.mp3"), made.now("keep.flac")
        written = replace(retag(keep), group="g", **tell)
        tagged, stays, gone = made.apply(written, remove(go, keep), remove(other, kept, "h"))
    assert (tagged.kind, tagged.state) == (Kind.WRITE_TAGS, State.FAILED)
    assert (stays.state, stays.error) == (State.FAILED, "the tags of its group could not be written, so it stays")
    assert (gone.state, made.held()) == (State.DONE, [b"another loser"])
    keep = made.file("keep.flac", b"keeper|title=Own")
    entries = made.apply(replace(written, file=keep), remove(go, keep))
    assert [(entry.state, entry.error) for entry in entries] == [(State.DONE, "")] * 2


def test_tags_that_were_typed_belong_to_no_group(made: Yard) -> None:
    """Where those cannot be written, that keeps no file of another step."""
    keep = made.file("keep.flac", b"keeper|!")
    tagged, gone = made.apply(retag(keep, title="Typed"), remove(made.now("a/go.mp3"), keep, ""))
    assert (tagged.state, gone.state) == (State.FAILED, State.DONE)
