"""The hazards of taking back and of deleting, and those of disks: exactly what cannot be done safely is not done.

Tests with a mount make it in a namespace of their own and are left out where that is not allowed; a disk that fills up
is tried without one as well.
"""

from __future__ import annotations

import errno
import os
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from comet.core.acts import Do
from tests.campaign.before import contents, deleted, edited, nothing, piped, pointed, root_pointed
from tests.campaign.forks import Ended
from tests.campaign.protocol import LOSERS, TRACKS, A, Arena, look
from tests.campaign.sweep import Campaign, campaign
from tests.campaign.worlds import aside

FAULTS, WORLDS = "tests.campaign.faults:", "tests.campaign.worlds:"
FIRST, SECOND = {"listed", "purged"}, {"across", "deep"}


@pytest.fixture(scope="module")
def here() -> Iterator[Campaign]:
    """A campaign."""
    with campaign() as made:
        yield made


# taking back and deleting


def held_all(here: Campaign) -> Arena:
    """Return an arena whose plan is applied."""
    arena = here.template.copied("held")
    assert here.run(arena, WORLDS + "apply").value == LOSERS
    return arena


def place(arena: Arena, name: str) -> bytes:
    """Return where a track is held."""
    track = TRACKS[name]
    [run] = os.listdir(quarantine := os.path.join(arena.root(track.root), b".comet/quarantine"))
    return os.path.join(quarantine, run, track.path)


def put(name: str) -> Callable[[Arena], None]:
    """Return a world where somebody has put another file in the place of a track."""

    def world(arena: Arena) -> None:
        with open(arena.path(name), "wb") as stream:
            stream.write(b"somebody else's")

    return world


def without_folder(arena: Arena) -> None:
    """The folder of a track is gone."""
    os.rmdir(os.path.dirname(arena.path("purged")))


def folder_elsewhere(arena: Arena) -> None:
    """The folder of a track is a link to another folder."""
    without_folder(arena)
    os.mkdir(target := aside(arena))
    os.symlink(target, os.path.dirname(arena.path("purged")))


BACK = {
    "none, the control": (nothing, set()),
    "something is in its place": (put("deep"), {"deep"}),
    "its folder is gone": (without_folder, set()),
    "its folder leads elsewhere": (folder_elsewhere, {"purged"}),
    "its root is reached through a link": (root_pointed, set()),
}


def taken_back(here: Campaign, name: str, *plant: str) -> None:
    """Undo all in a hazard; exactly what cannot be moved back is held still, and nothing is missing."""
    world, stays = BACK[name]
    arena = held_all(here)
    world(arena)
    was = contents(arena)
    ended = here.run(arena, WORLDS + "undo", [FAULTS + each for each in plant])
    assert ended.code == 0, ended.error
    assert set(ended.value) == stays, "another file went back, or one did not"
    assert not was - contents(arena), "something is lost"
    for each in set(LOSERS) - stays:
        assert os.stat(arena.path(each)).st_mtime_ns == here.before.files[TRACKS[each].at][2]


@pytest.mark.parametrize("name", BACK)
def test_nothing_is_put_in_the_place_of_another_file(here: Campaign, name: str) -> None:
    """What cannot be moved back safely stays in quarantine; all else goes back as it was."""
    taken_back(here, name)


def test_a_move_that_replaces_is_caught(here: Campaign) -> None:
    """The test above has teeth: a rename that takes the place of a file loses it."""
    with pytest.raises(AssertionError, match=r"another file went back|something is lost"):
        taken_back(here, "something is in its place", "replacing")


def held_edited(arena: Arena) -> None:
    """Somebody who had a file open has saved it where it is held."""
    with open(place(arena, "deep"), "ab") as stream:
        stream.write(b"the work of hours")


def keeper_is_held(arena: Arena) -> None:
    """The keeper is a second name of the file that is held."""
    os.rename(arena.path("keep 1"), aside(arena))
    os.link(place(arena, "purged"), arena.path("keep 1"))
    kept = arena.only(Do.REMOVE).steps[0].keeper
    assert kept is not None
    os.utime(arena.path("keep 1"), ns=(kept.mtime_ns, kept.mtime_ns))


ENDS = {
    "none, the control": (nothing, set()),
    "keeper deleted": (deleted("keep 1"), FIRST),
    "keeper edited, time kept": (edited("keep 2"), SECOND),
    "keeper a pipe": (piped("keep 2"), SECOND),
    "keeper a link": (pointed("keep 2", "keep 1"), SECOND),
    "edited while held": (held_edited, {"deep"}),
    "keeper is the file itself": (keeper_is_held, {"purged"}),
}


def purged(here: Campaign, name: str, *plant: str) -> None:
    """Purge all in a hazard; exactly what has no witness is held still, and the witnesses are what they were."""
    world, stays = ENDS[name]
    arena = held_all(here)
    world(arena)
    was = contents(arena)
    ended = here.run(arena, WORLDS + "purge", [FAULTS + each for each in plant])
    assert ended.code == 0, ended.error
    assert set(ended.value) == stays, "another file was deleted, or one was not"
    assert all(os.path.isfile(place(arena, each)) for each in stays), "something is lost"
    gone = [here.before.files[TRACKS[each].at][0] for each in LOSERS if each not in stays]
    assert not was - contents(arena) - Counter(gone), "something is lost"


@pytest.mark.parametrize("name", ENDS)
def test_nothing_is_deleted_without_a_witness(here: Campaign, name: str) -> None:
    """A purge reads the keeper again; what it cannot prove to be there still keeps the other file."""
    purged(here, name)


@pytest.mark.parametrize("name", ["keeper deleted", "keeper edited, time kept", "edited while held"])
def test_a_purge_that_reads_nothing_is_caught(here: Campaign, name: str) -> None:
    """The test above has teeth: without a witness the last copy is deleted."""
    with pytest.raises(AssertionError, match="another file was deleted"):
        purged(here, name, "purge_unwitnessed")


# other processes


def _entries(arena: Arena, kind: str) -> list[str]:
    return [entry["state"] for entry in look(arena).entries if entry["kind"] == kind]


def applied_twice(here: Campaign, *plant: str) -> str:
    """Apply a plan in two processes; return what the second one was told, after seeing that each file went once."""
    arena = here.template.copied("twice")
    was = contents(arena)
    ended = here.run(arena, WORLDS + "apply", [FAULTS + each for each in plant] + [WORLDS + "applied_twice"])
    assert ended.value == LOSERS, ended.error
    assert not was - contents(arena)
    assert _entries(arena, "remove") == ["done"] * len(LOSERS), "a file was moved twice, or it was tried"
    with open(os.path.join(arena.state, "beside"), encoding="ascii") as stream:
        return stream.read()


def test_only_one_process_changes_files(here: Campaign) -> None:
    """A second one that applies the same plan at the same time is told so; without a lock it gets in the way."""
    assert applied_twice(here) == "LockedError"
    with pytest.raises(AssertionError, match="a file was moved twice"):
        applied_twice(here, "unlocked")


def test_what_was_taken_back_meanwhile_is_not_purged(here: Campaign) -> None:
    """A purge looks into the journal when it has the lock, not before."""
    arena = held_all(here)
    ended = here.run(arena, WORLDS + "purge", [WORLDS + "undone_before_purge"])
    assert ended.value == [], ended.error
    assert _entries(arena, "purge") == ["failed"] * len(LOSERS)
    assert all(os.path.isfile(arena.path(name)) for name in LOSERS)


# the disk


def mounted(here: Campaign, what: str, *plant: str) -> Ended:
    """Run something in a child with mounts of its own."""
    ended = here.run(here.template.copied("mounted"), WORLDS + what, [WORLDS + each for each in plant])
    if "NoMountsError" in ended.error:
        pytest.skip("mounts are not permitted here")
    assert ended.code == 0, ended.error
    return ended


def test_a_mount_inside_a_root_has_its_own_quarantine(here: Campaign) -> None:
    """A file is held on its own file system, at the top of it, and comes back from there."""
    found = mounted(here, "inner_mount").value
    assert found == {"went": LOSERS, "inside": 1, "left": [], "back": True}


def test_what_cannot_be_moved_is_not_copied(here: Campaign) -> None:
    """A mount of the same file system, which no number tells, refuses the move: the file stays, the others go."""
    ended = mounted(here, "apply", "pooled")
    assert ended.value == [name for name in LOSERS if name != "deep"]
    assert os.path.isfile(Arena(os.path.join(os.path.dirname(here.template.folder), b"mounted")).path("deep"))


def test_a_full_disk_ends_the_run(here: Campaign) -> None:
    """Without room for the name of a folder the file stays, and with room the same plan goes on."""
    found = mounted(here, "full_disk").value
    assert found == {"full": [name for name in LOSERS if name != "deep"], "there": True, "then": LOSERS}


@pytest.mark.slow
def test_a_disk_that_fills_up_loses_nothing(here: Campaign) -> None:
    """Likewise wherever something is made or written; this needs no mount."""
    writes = ("mkdir", "mkdir quarantine", "open .comet-", "open probe-", "write", "half a write")
    points = [at - 1 for at in here.after_calls(*writes)]
    assert len(points) > 15
    assert here.sweep(("fail", at, errno.ENOSPC) for at in points) == []


def test_a_root_that_is_taken_away_in_the_middle_loses_nothing(here: Campaign) -> None:
    """What was begun waits until the root is back, and the same plan goes on then."""
    arena = here.template.copied("away")
    was = contents(arena)
    ended = here.run(arena, WORLDS + "apply", [WORLDS + "root_away_at_move"])
    assert ended.code == 0, ended.error
    assert not was - contents(arena)
    os.rename(os.path.join(arena.folder, b"away"), arena.root(A))
    assert here.run(arena, WORLDS + "apply").value == LOSERS
    assert not was - contents(arena)


def test_a_folder_that_is_swapped_at_the_move_loses_nothing(here: Campaign) -> None:
    """Comet moves the file that it has looked at, or none: never the one that the link leads to."""
    arena = here.template.copied("swapped")
    was = contents(arena)
    ended = here.run(arena, WORLDS + "apply", [WORLDS + "folder_swapped_at_move"])
    assert ended.code == 0, ended.error
    assert not was - contents(arena)
    with open(arena.path("listed"), "rb") as stream:
        assert stream.read() == b"somebody else's"
