"""Tags are written where everything is against it: what went wrong beside the file never takes its place."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.campaign.invariants import check
from tests.campaign.protocol import TAGGED, TRACKS, Arena, tagged
from tests.campaign.sweep import Campaign, campaign

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


def test_what_somebody_has_just_written_stays(here: Campaign) -> None:
    """A file that was changed while its new content was made is not the one that was read; unseen, it would be lost."""
    _arena, (refused,), content = written(here, WORLDS + "edited_before_the_swap")
    assert "it was changed meanwhile" in refused
    assert content not in (old(here), tagged(old(here)))
    _arena, (refused,), content = written(here, WORLDS + "edited_before_the_swap", FAULTS + "swapped_unseen")
    assert (refused, content) == ("", tagged(old(here)))


def test_a_file_is_not_open_when_its_place_is_taken(here: Campaign) -> None:
    """Some network file systems would not have it."""
    assert written(here, WORLDS + "open_is_busy")[1] == [""]
    assert "busy" in written(here, WORLDS + "open_is_busy", FAULTS + "kept_open")[1][0]
