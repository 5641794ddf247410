"""Threats to the writing of tags: one file by two roads, disks that are read-only, full or away, clocks, another Comet.

Those that need a mount make it in a namespace of their own and are left out where that is not allowed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest

from tests.campaign.before import replan_tags
from tests.campaign.forks import Ended
from tests.campaign.invariants import check
from tests.campaign.protocol import TAGGED, TRACKS, A, Arena, look, tagged
from tests.campaign.sweep import Campaign, campaign

THREATS, WRITING = "tests.campaign.threats:", "tests.campaign.writing:"


@pytest.fixture(scope="module")
def here() -> Iterator[Campaign]:
    """A campaign."""
    with campaign() as made:
        yield made


def old(here: Campaign) -> bytes:
    """Return what was in the file that gets new tags."""
    return here.before.files[TRACKS[TAGGED].at][0]


def content(arena: Arena) -> bytes:
    """Return what is in it now."""
    with open(arena.path(TAGGED), "rb") as stream:
        return stream.read()


def ran(
    here: Campaign, what: str, *plant: str, before: Callable[[Arena], object] = lambda _arena: None
) -> tuple[Arena, Ended]:
    """Run something in an arena of its own."""
    arena = here.template.copied("threat")
    before(arena)
    ended = here.run(arena, what, plant)
    if "NoMountsError" in ended.error:
        pytest.skip("mounts are not permitted here")
    assert ended.code == 0, ended.error
    return arena, ended


# one file by two roads


def test_a_folder_that_is_mounted_twice_shows_one_new_file(here: Campaign) -> None:
    """Both roads lead to the folder in which the file's place was taken."""
    told, one, other = ran(here, THREATS + "folder_bound")[1].value
    assert (told, one, other) == ([""], tagged(old(here)).decode("latin-1"), one)


def test_a_file_that_is_mounted_elsewhere_is_lost_by_neither_road(here: Campaign) -> None:
    """No number tells such a mount; the other road shows the old file until it is mounted again."""
    told, one, other = ran(here, THREATS + "bound_elsewhere")[1].value
    assert told == [""]
    assert (one, other) == (tagged(old(here)).decode("latin-1"), old(here).decode("latin-1"))


def test_what_another_file_is_mounted_at_is_refused(here: Campaign) -> None:
    """Nothing takes the place of a mount; both are as they were, and nothing lies beside."""
    arena, ended = ran(here, THREATS + "bound_here")
    (told,), one, other = ended.value
    assert "busy" in told
    assert one == other == old(here).decode("latin-1")
    assert not [name for name in os.listdir(os.path.dirname(arena.path(TAGGED))) if name.startswith(b".comet-")]


@pytest.mark.parametrize(
    ("world", "told"),
    [
        (lambda path: os.link(path, path + b".link"), "it has 2 names (hard links), which would part"),
        (lambda path: (os.rename(path, path + b".real"), os.symlink(path + b".real", path)), "symbolic links"),
    ],
    ids=["hard link", "link"],
)
def test_a_file_with_two_names_is_refused(here: Campaign, world: Callable[[bytes], object], told: str) -> None:
    """Hard links would part, and nothing is changed through a link: each shows the old file still."""
    arena, ended = ran(here, WRITING + "tag", before=lambda arena: world(arena.path(TAGGED)))
    assert told in ended.value[0]
    assert content(arena) == old(here)


# disks


def test_a_root_that_can_only_be_read_is_left_alone(here: Campaign) -> None:
    """The reason is told, and nothing was begun."""
    arena, ended = ran(here, THREATS + "read_only")
    assert "Read-only file system" in ended.value[0]
    assert check(here.before, arena).files[TRACKS[TAGGED].at][0] == old(here)


def test_a_disk_without_room_for_the_new_file_ends_the_run(here: Campaign) -> None:
    """The old one is whole, nothing lies beside it, and with room the same plan goes on."""
    found = ran(here, THREATS + "full")[1].value
    assert "no space left" in found["error"]
    assert (found["same"], found["then"], found["new"]) == (True, [""], True)
    assert found["left"] == ["one.flac", "other.txt"]


@pytest.mark.parametrize("empty", [False, True], ids=["gone", "empty mount point"])
def test_a_root_that_went_away_after_planning_is_not_made_anew(here: Campaign, *, empty: bool) -> None:
    """An empty folder in its place is not it; back again, the same plan goes on."""
    away = b"away"

    def taken(arena: Arena) -> None:
        os.rename(arena.root(A), os.path.join(arena.folder, away))
        if empty:
            os.mkdir(arena.root(A))

    arena, ended = ran(here, WRITING + "tag", before=taken)
    assert "away" in ended.value[0] or "is gone or another one" in ended.value[0]
    assert not empty or os.listdir(arena.root(A)) == []
    if empty:
        os.rmdir(arena.root(A))
    assert not os.path.exists(arena.root(A))
    os.rename(os.path.join(arena.folder, away), arena.root(A))
    assert here.run(arena, WRITING + "tag").value == [""]
    assert content(arena) == tagged(old(here))


# others at work


def test_tags_and_removals_do_not_meet(here: Campaign) -> None:
    """Another Comet that removes files for the one whose tags are written waits, and is told; no file is moved."""
    arena, ended = ran(here, WRITING + "tag", THREATS + "applied_meanwhile")
    assert ended.value == [""]
    with open(os.path.join(arena.state, "beside"), encoding="ascii") as stream:
        assert stream.read() == "LockedError"
    assert {entry["kind"] for entry in look(arena).entries if entry["state"] == "done"} == {"write_tags"}
    check(here.before, arena)


# clocks


TIMES = {"1970": 0, "before 1970": -86_400_000_000_000, "2100": 4_102_444_800_000_000_000}


@pytest.mark.parametrize("clock", [(), (THREATS + "clock_set_back",)], ids=["now", "set back"])
@pytest.mark.parametrize("time", TIMES.values(), ids=TIMES)
def test_any_time_comes_back(here: Campaign, time: int, clock: tuple[str, ...]) -> None:
    """A file of 1970, or of next century, has a later time with its new tags, and its own after undoing."""

    def timed(arena: Arena) -> None:
        os.utime(arena.path(TAGGED), ns=(time, time))
        replan_tags(arena)

    arena, ended = ran(here, WRITING + "tag", *clock, before=timed)
    assert ended.value == [""]
    assert os.stat(arena.path(TAGGED)).st_mtime_ns > time
    assert here.run(arena, THREATS + "untag", clock).value == [""]
    assert (os.stat(arena.path(TAGGED)).st_mtime_ns, content(arena)) == (time, old(here))
