"""Tags are written where everything is against it: what went wrong beside the file never takes its place."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.campaign.invariants import check
from tests.campaign.protocol import TAGGED, TRACKS, Arena, tagged
from tests.campaign.sweep import KILLED, RECOVER, Campaign, campaign

FAULTS, WORLDS = "tests.campaign.faults:", "tests.campaign.writing:"


@pytest.fixture(scope="module")
def here() -> Iterator[Campaign]:
    """A campaign."""
    with campaign() as made:
        yield made


def old(here: Campaign) -> bytes:
    """Return what was in the file that gets new tags."""
    return here.before.files[TRACKS[TAGGED].at][0]


def written(here: Campaign, *plant: str) -> tuple[Arena, list[str], bytes]:
    """Write tags with what is planted; return the arena, what the journal says against it, and what is in the file."""
    arena = here.template.copied("written")
    ended = here.run(arena, WORLDS + "tag", plant)
    assert ended.code == 0, ended.error
    with open(arena.path(TAGGED), "rb") as stream:
        return arena, ended.value, stream.read()


def test_tags_are_written_as_mutagen_writes_them(here: Campaign) -> None:
    """Without anything in the way the file is, to the byte, what a writer in place makes of it."""
    arena, told, content = written(here)
    assert (told, content) == ([""], tagged(old(here)))
    check(here.before, arena)


@pytest.mark.parametrize(
    ("world", "told", "fault"),
    [
        ("lying_disk", "reads back differently", "unread"),
        ("damaging_editor", "its sound would not be the same", "read_and_not_heard"),
    ],
)
def test_a_wrong_content_never_takes_the_place_of_a_file(here: Campaign, world: str, told: str, fault: str) -> None:
    """It is read back and heard before; without that it does."""
    arena, (refused,), content = written(here, WORLDS + world)
    assert told in refused
    assert content == old(here)
    check(here.before, arena)
    arena, *_more = written(here, WORLDS + world, FAULTS + fault)
    with pytest.raises(AssertionError, match="I1: keep 1 is torn"):
        check(here.before, arena)


@pytest.mark.parametrize(
    ("world", "fault"), [("edited_before_the_swap", "swapped_unseen"), ("edited_at_the_swap", "retired_unseen")]
)
def test_what_somebody_has_just_written_stays(here: Campaign, world: str, fault: str) -> None:
    """A file that was changed while its new content was made is not the one that was read; unseen, it would be lost.

    Until the very last instant, where the file system can let two files change places.
    """
    arena, (refused,), content = written(here, WORLDS + world)
    assert "it was changed meanwhile" in refused
    assert content not in (old(here), tagged(old(here)))
    assert litter(arena) == []
    _arena, (refused,), content = written(here, WORLDS + world, FAULTS + fault)
    assert (refused, content) == ("", tagged(old(here)))


def test_a_link_that_somebody_has_just_made_stays(here: Campaign) -> None:
    """What is no file is not the one that was read either."""
    arena = here.template.copied("written")
    ended = here.run(arena, WORLDS + "tag", [WORLDS + "linked_at_the_swap"])
    assert "it was changed meanwhile" in ended.value[0]
    assert os.readlink(arena.path(TAGGED)) == b"elsewhere"
    assert litter(arena) == []


def test_what_somebody_has_just_written_comes_back_after_a_kill(here: Campaign) -> None:
    """Recovery too looks at what lies beside a file that has its new content, before it takes that away."""
    world = [WORLDS + "edited_at_the_swap"]
    _arena, _refused, theirs = written(here, *world)
    calls = here.run(here.template.copied("written"), WORLDS + "tag", world).points
    first = calls.index("fsync", calls.index("exchange")) + 1

    def killed(at: int, *plant: str) -> bytes:
        arena = here.template.copied("written")
        assert here.run(arena, WORLDS + "tag", world, ("kill", at, 0)).code == KILLED
        assert here.run(arena, RECOVER, plant).value == 1
        assert litter(arena) == []
        with open(arena.path(TAGGED), "rb") as stream:
            return stream.read()

    assert [at for at in range(first, len(calls) + 1) if killed(at) != theirs] == []
    assert killed(first, FAULTS + "retired_unseen") == tagged(old(here))


def litter(arena: Arena) -> list[bytes]:
    """Return what of Comet's own lies beside the file."""
    return [name for name in os.listdir(os.path.dirname(arena.path(TAGGED))) if name.startswith(b".comet-")]


def test_a_file_is_not_open_when_its_place_is_taken(here: Campaign) -> None:
    """Some network file systems would not have it."""
    assert written(here, WORLDS + "open_is_busy")[1] == [""]
    assert "busy" in written(here, WORLDS + "open_is_busy", FAULTS + "kept_open")[1][0]
