"""The hazards of research on duplicate cleaners: what the world does to the files while Comet is about to move them.

In each the files concerned stay and the others go, so none is passed by doing nothing; and nothing that was there is
missing afterwards. Those that need a mount make it in a namespace of their own and are left out where that is not
allowed; `view`, which needs none, holds the same rule everywhere. The one with FUSE needs `bindfs` and is slow:
`pytest -m slow tests/campaign/test_hazards.py`.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from comet.collection.opened import opened
from comet.core import profiles
from comet.core.acts import Do, Step
from comet.core.errors import SettingsError
from comet.core.model import Identity
from comet.core.places import places
from tests.campaign import worlds
from tests.campaign.before import (
    contents,
    deleted,
    edited,
    linked,
    nothing,
    one_file,
    piped,
    pointed,
    read_only,
    retimed,
    root_pointed,
    swapped,
    write_plan,
)
from tests.campaign.forks import Ended
from tests.campaign.protocol import LOSERS, ROOTS, TRACKS, A, Arena
from tests.campaign.sweep import Campaign, campaign

FAULTS, WORLDS = "tests.campaign.faults:", "tests.campaign.worlds:"
FIRST, SECOND = {"listed", "purged"}, {"across", "deep"}


@pytest.fixture(scope="module")
def here() -> Iterator[Campaign]:
    """A campaign."""
    with campaign() as made:
        yield made


@dataclass(frozen=True)
class Hazard:
    """What happens before the work and within it, and which files must stay for it."""

    stays: set[str]
    before: Callable[[Arena], None] = nothing
    during: str = ""


HAZARDS = {
    "none, the control": Hazard(set()),
    "root through a link": Hazard(set(), root_pointed),
    "keeper deleted": Hazard(FIRST, deleted("keep 1")),
    "keeper deleted at the move": Hazard({"purged"}, during="keeper_deleted_at_move"),
    "keeper rewritten, time kept": Hazard(SECOND, edited("keep 2")),
    "keeper rewritten": Hazard(SECOND, retimed("keep 2")),
    "keeper rewritten at the move": Hazard(SECOND, during="keeper_rewritten_at_move"),
    "keeper a link to the loser": Hazard(FIRST, pointed("keep 1", "purged")),
    "keeper a pipe": Hazard(SECOND, piped("keep 2")),
    "loser edited, time kept": Hazard({"purged"}, edited("purged")),
    "loser edited": Hazard({"purged"}, retimed("purged")),
    "loser edited after hearing": Hazard({"deep"}, during="loser_edited_after_hearing"),
    "loser replaced at the move": Hazard({"deep"}, during="loser_replaced_at_move"),
    "loser a link to the keeper": Hazard({"across"}, pointed("across", "keep 2")),
    "loser a pipe": Hazard({"listed"}, piped("listed")),
    "loser has two names": Hazard({"listed"}, linked("listed")),
    "loser is the keeper": Hazard({"purged"}, one_file("purged", "keep 1")),
    "folder swapped for a link": Hazard({"listed"}, swapped("listed")),
    "folder read-only": Hazard({"listed"}, read_only, "nobody"),
    "no move within the disk": Hazard({"deep"}, during="exdev"),
}


def kind(path: bytes) -> int:
    """Return what stands at a path, 0 for nothing."""
    return os.lstat(path).st_mode if os.path.lexists(path) else 0


def endured(here: Campaign, hazard: Hazard, *plant: str) -> Ended:
    """Apply the plan in a hazard, and find that exactly what must stays, as it is, and nothing is missing."""
    arena = here.template.copied("hazard")
    hazard.before(arena)
    was = contents(arena)
    places = {name: kind(arena.path(name)) for name in hazard.stays}
    worlds_of = [WORLDS + hazard.during] if hazard.during else []
    ended = here.run(arena, WORLDS + "apply", [FAULTS + name for name in plant] + worlds_of)
    assert ended.code == 0, ended.error
    assert set(ended.value) == set(LOSERS) - hazard.stays, "another file went, or one did not"
    assert not was - contents(arena), "something is lost"
    assert places == {name: kind(arena.path(name)) for name in places}, "what stays is not in its place"
    return ended


@pytest.mark.parametrize("name", HAZARDS)
def test_what_is_not_as_it_was_stays(here: Campaign, name: str) -> None:
    """Only the files that the hazard is about stay where they are, and no content is gone."""
    endured(here, HAZARDS[name])


TEETH = [
    ("keeper deleted at the move", "keeper_unseen"),
    ("keeper deleted at the move", "left_in_quarantine"),
    ("keeper rewritten at the move", "keeper_unseen"),
    ("keeper rewritten, time kept", "unheard"),
    ("loser edited, time kept", "unheard"),
    ("loser edited after hearing", "unheard"),
    ("loser replaced at the move", "moved_unseen"),
    ("loser is the keeper", "unlinked"),
]


@pytest.mark.parametrize(("name", "fault"), TEETH)
def test_a_fault_is_caught_in_a_hazard(here: Campaign, name: str, fault: str) -> None:
    """The test above has teeth: without the step of the protocol that it is about, a file goes that must not."""
    with pytest.raises(AssertionError, match=r"another file went|what stays is not in its place"):
        endured(here, HAZARDS[name], fault)


def test_a_root_that_is_given_twice_counts_once(here: Campaign, monkeypatch: pytest.MonkeyPatch) -> None:
    """Through a link it is no setting; as a mount or a copy it carries the same marker, and is not acted on."""
    arena = here.template.copied("twice")
    one, link, view = (os.fsdecode(os.path.join(arena.folder, name)) for name in (ROOTS[A], b"link", b"view"))
    os.symlink(one, link)
    shutil.copytree(one, view)
    monkeypatch.setenv("COMET_HOME", os.path.join(os.fsdecode(arena.folder), "home"))
    with pytest.raises(SettingsError, match="folders apart from each other"):
        profiles.unnamed(places(), [one, link])
    with opened(profiles.unnamed(places(), [one, view]), places(), create=True) as collection:
        assert [root.path for root in collection.roots() if not root.away] == [os.fsencode(one)]


# another view of the keeper's folder: no number of the system's tells


def viewed(here: Campaign, world: str, *plant: str) -> tuple[Arena, Ended]:
    """Apply a plan that removes a file in favour of itself, seen through `view`."""
    arena = here.template.copied("viewed")
    os.mkdir(os.path.join(arena.root(A), worlds.VIEW))
    step = arena.only(Do.REMOVE).steps[LOSERS.index("listed")]
    name = os.path.basename(step.file.path)
    seen = Identity(A, os.path.join(worlds.VIEW, name), step.file.size, step.file.mtime_ns, step.file.audio)
    write_plan(arena, [Step(Do.REMOVE, seen, "", "", step.file)])
    plants = [WORLDS + world, *(FAULTS + each for each in plant)]
    ended = here.run(arena, WORLDS + "apply_and_purge", plants)
    if "NoMountsError" in ended.error:
        pytest.skip("mounts are not permitted here")
    assert ended.code == 0, ended.error
    return arena, ended


def kept_in_view(here: Campaign, world: str, *plant: str) -> None:
    """Find that a file which is its own keeper stays in its place."""
    arena, _ended = viewed(here, world, *plant)
    assert os.path.isfile(arena.path("listed")), "the only file went away"


VIEWS = ["second_view", "bind_mount", pytest.param("bindfs", marks=pytest.mark.slow)]


@pytest.mark.parametrize("world", VIEWS)
@pytest.mark.parametrize("plant", [(), ("unprobed",), ("keeper_unseen",)], ids=["whole", "unprobed", "unseen"])
def test_a_file_is_never_removed_for_itself(here: Campaign, world: str, plant: tuple[str, ...]) -> None:
    """Seen through another mount it is known by a probe, and by a look at the keeper after the move: each is enough."""
    if world == "bindfs" and not shutil.which("bindfs"):
        pytest.skip("bindfs is not installed")
    kept_in_view(here, world, *plant)


@pytest.mark.parametrize("world", ["second_view", pytest.param("bindfs", marks=pytest.mark.slow)])
def test_a_view_takes_both_layers_to_get_through(here: Campaign, world: str) -> None:
    """The test above has teeth: without both layers the file goes, and even then no purge deletes it."""
    if world == "bindfs" and not shutil.which("bindfs"):
        pytest.skip("bindfs is not installed")
    with pytest.raises(AssertionError, match="the only file went away"):
        kept_in_view(here, world, "unprobed", "keeper_unseen")
    arena, _ended = viewed(here, world, "unprobed", "keeper_unseen")
    assert here.before.files[TRACKS["listed"].at][0] in contents(arena)
    arena, _ended = viewed(here, world, "unprobed", "keeper_unseen", "purge_unwitnessed")
    assert here.before.files[TRACKS["listed"].at][0] not in contents(arena)


def test_a_bind_mount_has_two_layers_more(here: Campaign) -> None:
    """Device and inode are enough there, and without them the system, which moves nothing from one mount to another."""
    kept_in_view(here, "bind_mount", "unprobed", "keeper_unseen")
    kept_in_view(here, "bind_mount", "unprobed", "unlinked")
