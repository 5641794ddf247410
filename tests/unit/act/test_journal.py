"""The journal: what was done and decided, in order, durable, and what of it can still be taken back."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from comet.act.journal import Journal, path_of
from comet.core.acts import Do, Kind, Plan, State, Step
from comet.core.errors import UsageError
from comet.core.model import Choice, Identity, Place

KEEPER = Identity("r", b"keep.flac", 9, 7, "b3:k")
LIST = Identity("r", b"list.m3u", 20, 8, "")
FAR = 10**12
"""A number that nothing has."""


def file(name: bytes = b"f.mp3") -> Identity:
    """Return a file that goes."""
    return Identity("r", name, 3, 5, "b3:f")


def remove(name: bytes = b"f.mp3") -> Step:
    """Return the step that removes it."""
    return Step(Do.REMOVE, file(name), "cafe", "because", KEEPER)


REPOINT = Step(Do.REPOINT, LIST, "cafe", "named", old=file().place, new=KEEPER.place)


@pytest.fixture
def path(tmp_path: Path) -> str:
    """Return where a journal lies."""
    return path_of(str(tmp_path / "state"))


@pytest.fixture
def journal(path: str) -> Iterator[Journal]:
    """Return an empty journal."""
    made = Journal(path)
    yield made
    made.close()


def done(journal: Journal, run: int, step: Step, number: int = 1, of: int = 0) -> int:
    """Take a step and return its entry."""
    kind = Kind(step.do.value)
    after = {"held": "x"} if kind is Kind.REMOVE else {"hash": "h", "temp": "t"}
    entry = journal.intend(run, number, kind, step, after=after, of=of)
    journal.settle(entry, State.DONE)
    return entry


def later(journal: Journal, kind: Kind, of: int, state: State = State.DONE) -> int:
    """Undo or purge an entry, in a run of its own."""
    entry = journal.intend(journal.begin(kind.value), 1, kind, journal.entry(of).before, of=of)
    journal.settle(entry, state)
    return entry


def test_an_entry_is_read_back_as_it_was_written(journal: Journal) -> None:
    """Any name, what is after and what reverses it; another process sees it at once."""
    step = remove(b"caf\xe9\n\xff.mp3")
    run = journal.begin("apply", Plan("p", 1.0, (step,)))
    number = journal.intend(run, 3, Kind.REMOVE, step, after={"held": "\udcff"}, reverse={"lines": [[0, "a", "b"]]})
    other = Journal(journal._db.path)
    entry = other.entry(number)
    other.close()
    assert (entry.run, entry.step, entry.kind, entry.state) == (run, 3, Kind.REMOVE, State.INTENDED)
    assert entry.before == step
    assert (entry.after, entry.reverse) == ({"held": "\udcff"}, {"lines": [[0, "a", "b"]]})
    assert (entry.of, entry.error) == (0, "")
    assert journal.pending() == [entry]
    assert journal.entries(run) == [entry]


def test_what_is_written_is_on_the_disk(journal: Journal, path: str) -> None:
    """Each transaction is synced before the next thing happens, and only its owner may read it."""
    assert journal._db.row("PRAGMA synchronous")[0] == 2  # type: ignore[index]
    assert Path(path).stat().st_mode & 0o777 == 0o600


def test_an_entry_ends_done_or_failed(journal: Journal) -> None:
    """With the reason; then it is pending no more."""
    run = journal.begin("apply")
    good, bad = (journal.intend(run, n, Kind.REMOVE, remove(), after={"held": "x"}) for n in (1, 2))
    journal.settle(good, State.DONE)
    journal.settle(bad, State.FAILED, "it is gone")
    refused = journal.intend(run, 3, Kind.REMOVE, remove(), refused="it was changed")
    assert journal.pending() == []
    assert [(entry.state, entry.error) for entry in journal.entries(run)] == [
        (State.DONE, ""),
        (State.FAILED, "it is gone"),
        (State.FAILED, "it was changed"),
    ]
    assert [entry.id for entry in journal.held()] == [good]
    assert [entry.id for entry in journal.undoable()] == [good]
    assert not journal.can_undo(refused)


def test_an_undo_that_is_done_undoes_its_entry(journal: Journal) -> None:
    """One that failed leaves it as it is; both happen in one transaction."""
    removal = done(journal, journal.begin("apply"), remove())
    later(journal, Kind.UNDO, removal, State.FAILED)
    assert journal.entry(removal).state is State.DONE
    assert journal.can_undo(removal)
    undo = later(journal, Kind.UNDO, removal)
    assert journal.entry(removal).state is State.UNDONE
    assert journal.held() == []
    assert not journal.can_undo(removal)
    assert not journal.can_undo(undo)


def test_what_is_purged_cannot_be_undone(journal: Journal) -> None:
    """Nor can a playlist that was changed for it; a purge that failed changes nothing."""
    run = journal.begin("apply")
    removal = done(journal, run, remove())
    change = done(journal, run, REPOINT, 2, removal)
    later(journal, Kind.PURGE, removal, State.FAILED)
    assert [entry.id for entry in journal.undoable(run)] == [removal, change]
    assert [entry.id for entry in journal.following(removal)] == [change]
    later(journal, Kind.PURGE, removal)
    assert journal.undoable() == []
    assert journal.following(removal) == []
    assert journal.held() == []
    assert not journal.holds(file())
    assert journal.removal(file().place) is None
    assert journal.purged() == {run: 1}


def test_what_is_held_is_known_by_place_and_by_identity(journal: Journal) -> None:
    """The newest removal from a place is where the file lies; a file of the same name that is another one is not."""
    first, second = (done(journal, journal.begin("apply"), remove()) for _time in range(2))
    assert first != second
    found = journal.removal(file().place)
    assert found is not None
    assert found.id == second
    assert journal.removal(Place("other root", b"f.mp3")) is None
    assert journal.holds(file())
    assert not journal.holds(Identity("r", b"f.mp3", 3, 6, "b3:f"))
    assert not journal.holds(Identity("s", b"f.mp3", 3, 5, "b3:f"))


def test_runs_are_counted(journal: Journal) -> None:
    """Newest first, with what is done, undone, failed, undoable and held; an empty one too."""
    run = journal.begin("apply")
    ids = [done(journal, run, remove(name), number) for number, name in enumerate((b"a", b"b"), 1)]
    journal.intend(run, 3, Kind.REMOVE, remove(), refused="no")
    later(journal, Kind.UNDO, ids[0])
    empty = journal.begin("purge")
    found = [tuple(row)[:2] + tuple(row)[3:] for row in journal.runs()]
    size = remove().file.size
    assert found == [
        (empty, "purge", 0, 0, 0, 0, 0),
        (run + 1, "undo", 1, 0, 0, 0, 0),
        (run, "apply", 1, 1, 1, 1, size),
    ]
    assert journal.last_undoable() == run
    assert journal.held_size() == (1, size)


def test_changes_are_told_once(journal: Journal) -> None:
    """Whoever asks with the number of last time gets what has changed since, each entry once and as it is now."""
    start, found = journal.changed_since(0)
    assert found == []
    removal = done(journal, journal.begin("apply"), remove())
    newest, found = journal.changed_since(start)
    assert [(entry.id, entry.state) for entry in found] == [(removal, State.DONE)]
    assert newest > start
    assert journal.changed_since(newest) == (newest, [])
    undo = later(journal, Kind.UNDO, removal)
    assert {entry.id for entry in journal.changed_since(newest)[1]} == {removal, undo}
    assert {entry.id for entry in journal.changed_since(start)[1]} == {removal, undo}
    assert journal.changed_since(FAR)[1] == []


def test_the_clock_decides_nothing(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set back by years, the last run is still the last one."""
    first = done(journal, journal.begin("apply"), remove())
    monkeypatch.setattr("time.time", lambda: 5.0)
    second = done(journal, journal.begin("apply"), remove())
    found = journal.removal(file().place)
    assert found is not None
    assert found.id == second
    assert [entry.id for entry in journal.held()] == [first, second]
    assert [row["id"] for row in journal.runs()] == [2, 1]


def test_two_journals_have_two_folders_in_one_quarantine(journal: Journal, tmp_path: Path) -> None:
    """Profiles that share a root do not mix what they hold; a journal keeps its id."""
    other = Journal(str(tmp_path / "other/journal.sqlite"))
    again = Journal(journal._db.path)
    assert journal.folder(1) != other.folder(1)
    assert journal.folder(1) != journal.folder(2)
    assert again.folder(1) == journal.folder(1)
    other.close()
    again.close()


def test_a_number_that_is_not_there_is_said(journal: Journal) -> None:
    """An entry or a decision, with where to look."""
    with pytest.raises(UsageError, match="no entry 7"):
        journal.entry(7)
    with pytest.raises(UsageError, match="no decision 7"):
        journal.forget(7)
    assert journal.entries(7) == []


# decisions


def test_a_decision_stands_beside_an_earlier_one_about_the_same_files(journal: Journal) -> None:
    """So that forgetting it brings that one back; the order of the members is one. Numbers are never used again."""
    first = journal.decide(Choice.SKIP, ["b", "a"], [])
    assert first.members == ("a", "b")
    other = journal.decide(Choice.APART, ["a", "c"], [])
    second = journal.decide(Choice.KEEP, ["a", "b"], [KEEPER, file(b"\xff")])
    assert journal.decisions() == [first, other, second]
    assert second.keep == (KEEPER, file(b"\xff"))
    journal.forget(second.id)
    assert journal.decisions() == [first, other]
    assert journal.decide(Choice.SKIP, ["a", "b"], []).id > second.id
    copies = journal.decide(Choice.SKIP, ["a", "a", "b"], [])
    assert copies.members == ("a", "a", "b")
    assert len(journal.decisions()) == 4


def test_what_is_asked_often_is_found_by_an_index(journal: Journal) -> None:
    """A journal of years is not gone through for each file of a plan."""
    for method, values in (
        (journal.holds, (file(),)),
        (journal.removal, (file().place,)),
        (journal.following, (1,)),
        (journal.can_undo, (1,)),
        (journal.entries, (1,)),
        (journal.changed_since, (0,)),
        (journal.pending, ()),
    ):
        asked: list[str] = []
        done(journal, journal.begin("apply"), remove())
        journal._db._db.set_trace_callback(asked.append)
        method(*values)  # type: ignore[operator]
        journal._db._db.set_trace_callback(None)
        (sql,) = [each for each in asked if "FROM entries" in each]
        plan = [row["detail"] for row in journal._db._db.execute(f"EXPLAIN QUERY PLAN {sql}")]
        assert not any(line.startswith("SCAN entries") for line in plan), (method, plan)


def test_nobody_can_have_an_entry_without_a_run(journal: Journal) -> None:
    """A broken reference is refused by the database itself."""
    with pytest.raises(Exception, match="FOREIGN KEY") as caught:
        journal.intend(99, 1, Kind.REMOVE, remove())
    assert isinstance(caught.value.__cause__, sqlite3.IntegrityError)
