"""A crash at every call that changes something: what was to happen is whole or undone, and the work can go on.

Every call is killed at by default, and recovery where most is at stake. The errors of a system at every call, told
before or after it was done, and a kill at every call of every recovery are slow:
`pytest -m slow tests/campaign/test_protocol.py`.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator

import pytest

from tests.campaign.protocol import A, look
from tests.campaign.sweep import KILLED, RECOVER, WORK, Campaign, campaign, errors, kills

FAULTS, WORLDS, WRITING = "tests.campaign.faults:", "tests.campaign.worlds:", "tests.campaign.writing:"
UNABLE = [WRITING + "no_exchange"]
ERRORS = (errno.ENOSPC, errno.EIO, errno.EACCES, errno.ESTALE)


@pytest.fixture(scope="module")
def here() -> Iterator[Campaign]:
    """A campaign."""
    with campaign() as made:
        yield made


def test_a_kill_at_every_call_loses_nothing(here: Campaign) -> None:
    """Whichever call is the last one, recovery finds a sound disk, and the work comes to the same end."""
    points = _once(here.clean.points)
    assert len(points) > 170
    assert here.sweep(kills(points)) == []


def _once(points: list[str]) -> list[int]:
    """Return the numbers of the calls, those by which each step takes the locks only of the first one."""
    locking = ("open lock", "mkdir .comet")
    return [at for at, label in enumerate(points, 1) if label not in locking or label not in points[: at - 1]]


@pytest.mark.slow
def test_a_kill_of_the_recovery_loses_nothing(here: Campaign) -> None:
    """Recovery may be killed as well, wherever a file was moved, replaced or deleted just before."""
    removed, over, undone, withdrawn = (here.after_calls("renameat2")[at] for at in (slice(4), 5, 7, 8))
    points = [*removed, over, undone, withdrawn, *here.after_calls("exchange", "unlink .comet-", "unlink", "write")]
    assert here.sweep_recovery(points) == []
    assert len(here.recoveries) > 80


@pytest.mark.parametrize("lost", ["keep 1", "keep 2"])
def test_a_kill_while_files_are_put_back_loses_nothing(here: Campaign, lost: str) -> None:
    """Where the keeper is away when recovery looks, the file is put back, whatever happens meanwhile."""
    first, *_more, last = here.after_calls("renameat2")[:4]
    assert here.sweep_recovery([first if lost == "keep 1" else last], lost) == []


def test_a_folder_that_is_gone_keeps_nothing_open(here: Campaign) -> None:
    """The folder that the last file was moved out of may be deleted before Comet runs again."""
    for plant, open_entries in ([], 0), ([FAULTS + "stuck"], 1):
        arena = here.template.copied("gone")
        assert here.run(arena, WORK, seam=("kill", here.after_calls("renameat2")[1], 0)).code == KILLED
        os.rmdir(os.path.dirname(arena.path("purged")))
        assert here.run(arena, RECOVER, plant).code == 0
        assert sum(entry["state"] == "intended" for entry in look(arena).entries) == open_entries


CAUGHT = [
    ("journal_late", "renameat2", "I6: the journal says held|I8: empty folders"),
    ("journal_at_the_end", "renameat2", "I6: the journal does not know how keep 1 is"),
    ("copied", "unlink", "I2: listed is in 2 places"),
    ("purge_told_first", "unlink", "I2: purged is in 1 places, purged: True"),
    ("guessing", "renameat2", "I2: listed|I6: the journal says held"),
    ("written_in_place", "half a write", "I1: keep 1 is torn"),
    ("unswept", "open .comet-", "I8: litter"),
    ("tags_journaled_late", "exchange", "I6: the journal does not know how keep 1 is|I8: litter"),
    ("irreversible", "mkdir quarantine", "I7: the journal does not bring keep 1 back"),
    ("untimed", "exchange", "I1: keep 1 has a wrong time"),
    ("time_not_restored", "unlink", "I1: keep 1 has a wrong time"),
    ("untidy", "mkdir quarantine", "I8: empty folders in quarantine"),
]
"""Fault, the call beside which the work is killed first, and what is found then."""


@pytest.mark.parametrize(("fault", "label", "check"), CAUGHT, ids=[fault for fault, *_more in CAUGHT])
def test_a_fault_in_the_protocol_is_caught(here: Campaign, fault: str, label: str, check: str) -> None:
    """The tests above have teeth: with a step of the protocol left out, a kill somewhere breaks what must hold."""
    plant = [FAULTS + fault]
    assert here.first(kills(here.likely(plant, label)), plant).partition("): ")[2].startswith(tuple(check.split("|")))


@pytest.mark.parametrize(
    ("fault", "move", "check"),
    [
        ("placed_over", -1, "I6: the journal does not know how"),
        ("undressed", 6, "I9: b'M\\xc3\\xbcsik/dup/cover.jpg' has another mode or other attributes"),
        ("guessing_placed", 5, "I9: b'M\\xc3\\xbcsik/dup/cover.jpg' is not what it was"),
        ("placing_half_undone", 5, "I9: b'M\\xc3\\xbcsik/dup/cover.jpg' is not what it was"),
        ("guessing_withdrawn", 8, "I9: b'M\\xc3\\xbcsik/dup/cover.jpg' is not what it was"),
    ],
)
def test_a_fault_in_placing_is_caught(here: Campaign, fault: str, move: int, check: str) -> None:
    """Likewise, with a kill after the move that it is about; of the first one, without any."""
    at = here.after_calls("renameat2")[move] if move > 0 else 1 << 20
    assert f"): {check}" in here.first(kills([at]), [FAULTS + fault])


def test_names_are_on_the_disk_before_the_journal_says_so(here: Campaign) -> None:
    """Each move has both folders synced before it is written down as done, and is written down as begun before."""
    move, placed = ["renameat2", "fsync", "fsync"], ["renameat2", "fsync"]
    moves = [*4 * [move], placed, [*move, *placed], placed, move, [*move, *move], move, move]
    assert _moves(here.clean.points) == [["COMMIT", *each, "COMMIT"] for each in moves]
    unsynced = here.run(here.template.copied("planted"), WORK, [FAULTS + "unsynced"])
    assert not any("fsync" in each for each in _moves(unsynced.points))


def test_contents_are_on_the_disk_before_they_take_a_place(here: Campaign) -> None:
    """What is written beside a file is synced before it is moved there, the folder before what it was is deleted."""
    whole = ["COMMIT", "open .comet-", "fsync", "exchange", "fsync", "unlink .comet-", "fsync", "COMMIT"]
    assert _writes(here.clean.points) == [whole] * 4
    unsynced = here.run(here.template.copied("planted"), WORK, [FAULTS + "temp_unsynced"])
    assert [each[1:] for each in _writes(unsynced.points)] == [[*whole[:2], *whole[3:]]] * 4


def test_what_is_placed_is_on_the_disk_before_it_is_there(here: Campaign) -> None:
    """It is synced before anything is moved for it."""
    assert _after_times(here.clean.points) == {"fsync"}
    unsynced = here.run(here.template.copied("planted"), WORK, [FAULTS + "stage_unsynced"])
    assert "fsync" not in _after_times(unsynced.points)


def _after_times(points: list[str]) -> set[str]:
    """Return what comes after the time of a content is set: that is the last thing but one that is done to it."""
    return {points[at + 1] for at, label in enumerate(points) if label == "utime"}


def test_a_placed_file_that_somebody_has_changed_stays(here: Campaign) -> None:
    """Undoing leaves it where it is; without a look at it, it would be moved away."""
    for plant, left in ([], b"mine"), ([FAULTS + "untouched_unread"], b"jpg"):
        arena = here.template.copied("touched")
        assert here.run(arena, WORLDS + "place").value == ["", ""]
        path = os.path.join(arena.root(A), b"dup/cover.jpg")
        with open(path, "wb") as stream:
            stream.write(b"mine")
        here.run(arena, WORLDS + "withdraw", plant)
        with open(path, "rb") as stream:
            assert stream.read() == left


def _writes(points: list[str]) -> list[list[str]]:
    """Return, for each content that took a place, what of writing, syncing and writing down came around that."""
    wanted = ("COMMIT", "open .comet-", "fsync", "exchange", "unlink .comet-")
    told = [label for label in points if label in wanted]
    return [told[at - 3 : at + 5] for at, label in enumerate(told) if label == "exchange"]


def test_a_file_that_is_gone_when_it_cannot_be_replaced_is_made_whole(here: Campaign) -> None:
    """A network file system may move the old one away, and fail; then only what was written beside it is left."""
    seams = [("lose", at, errno.EIO) for at in _replacing(here)]
    assert len(seams) == 4
    assert here.sweep(seams, UNABLE) == []
    assert "I1: keep 1 is gone" in here.first(seams, [*UNABLE, FAULTS + "temp_removed"])


def test_a_kill_where_files_cannot_change_places_loses_nothing(here: Campaign) -> None:
    """There the new content takes the place of the old one, and nothing is left to delete."""
    assert here.sweep(kills([at + after for at in _replacing(here) for after in range(3)]), UNABLE) == []


def _replacing(here: Campaign) -> list[int]:
    """Return the numbers of the calls that replace a file, where files cannot change places."""
    points = here.run(here.template.copied("planted"), WORK, UNABLE).points
    return [at for at, label in enumerate(points, 1) if label == "replace .comet-"]


def test_a_time_that_the_disk_rounds_is_known(here: Campaign) -> None:
    """What the disk keeps of a time is what the journal knows: the file is a keeper still, and can be taken back."""
    coarse = [WRITING + "coarse"]
    ended = here.run(here.template.copied("coarse"), WORK, coarse)
    assert ended.code == 0, ended.error
    ended = here.run(here.template.copied("coarse"), WORK, [*coarse, FAULTS + "time_as_told"])
    assert "it was changed since this was decided" in ended.error


def _moves(points: list[str]) -> list[list[str]]:
    """Return, for each move, what of moving, syncing and writing down came from the entry before to the one after."""
    told = [label for label in points if label in ("COMMIT", "renameat2", "fsync")]
    found = []
    for at, label in enumerate(told):
        if label == "renameat2":
            begun = max(number for number in range(at) if told[number] == "COMMIT")
            ended = told.index("COMMIT", at)
            found.append(["COMMIT", *told[at:ended], "COMMIT"] if begun < at else told[at:ended])
    return found


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("mode", ["fail", "late"])
@pytest.mark.parametrize("code", ERRORS, ids=errno.errorcode.get)
def test_an_error_at_every_call_loses_nothing(here: Campaign, code: int, mode: str) -> None:
    """Likewise where a call fails, and where it is done and told as failed.

    But for rights and attributes that may not be set, without which a file does (FAT knows none), and for folders that
    nothing is in any more: one that the disk would not delete stays.
    """
    harmless = {"rmdir"} | ({"fchmod", "setxattr"} if code == errno.EACCES else set())
    passed = {at for at, label in enumerate(here.clean.points, 1) if label in harmless}
    seams = list(errors([at for at in here.points() if at not in passed], [code], mode))
    assert len(seams) > 190
    assert here.sweep(seams) == []


def test_a_full_disk_ends_the_run(here: Campaign) -> None:
    """No other step would fare better, so it is told as that and not as a problem of one file."""
    for label in ("open probe-", "mkdir quarantine", "write", "setxattr", "copy_file_range"):
        at = here.clean.points.index(label) + 1
        ended = here.run(here.template.copied("full"), WORK, seam=("fail", at, errno.ENOSPC))
        assert "NoSpaceError: no space left" in ended.error


def test_an_error_that_recovery_guesses_about_is_caught(here: Campaign) -> None:
    """The test above has teeth: what was done and told as failed is found out only by a look at the disk."""
    move = here.after_calls("renameat2")[7] - 1
    deleted = here.after_calls("unlink")[0] - 1
    assert here.sweep([("late", at, errno.EIO) for at in (move, deleted)]) == []
    assert "I6: the journal says held" in here.first([("late", move, errno.EIO)], [FAULTS + "guessing_undo"])
    assert "I2: purged is in 0 places" in here.first([("late", deleted, errno.EIO)], [FAULTS + "guessing_purge"])


@pytest.mark.slow
def test_a_kill_while_the_locks_are_taken_loses_nothing(here: Campaign) -> None:
    """Likewise at the calls that the first test passes over."""
    points = set(here.points()) - set(_once(here.clean.points))
    assert here.sweep(kills(sorted(points))) == []


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_kill_at_every_call_of_every_recovery_loses_nothing(here: Campaign) -> None:
    """Two crashes in a row, at any two calls."""
    assert here.sweep_recovery(here.points()) == []
    assert len(here.recoveries) > 700
