"""The power goes at every call that changes something: what was not synced is gone, and nothing else.

On ext4 and XFS in a file, with the journal on the same disk and on another one; needs root, and is slow but for one:
`pytest -m slow tests/campaign/test_power.py`.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.campaign.power import KINDS, Disk, NoDiskError
from tests.campaign.sweep import KILLED, WORK, Campaign, campaign

CUT, FAULTS = "tests.campaign.power:cut", "tests.campaign.faults:"
Made = Callable[..., Disk]


@pytest.fixture(scope="module")
def here() -> Iterator[Campaign]:
    """A campaign."""
    with campaign() as made:
        yield made


@pytest.fixture
def disk(here: Campaign) -> Iterator[Made]:
    """Return what makes a disk with an arena."""
    folder = Path(tempfile.mkdtemp(prefix="comet-power-", dir=Path(here.template.folder.decode()).parent))

    def made(kind: str, *, apart: bool) -> Disk:
        found = Disk(folder / f"{kind} {apart}", kind, apart)
        try:
            found.make(here.template)
        except NoDiskError as error:
            pytest.skip(f"no disk can be made here: {error}")
        return found

    yield made
    shutil.rmtree(folder)


def wrong(here: Campaign, disk: Disk, points: Sequence[int], *plant: str) -> list[str]:
    """Cut the power at each of these calls; return what does not hold when it is back."""
    found = []
    for at in points:
        with disk.fresh():
            ended = here.run(disk.arena, WORK, [CUT, *plant], ("kill", at, 0))
        assert ended.code == KILLED or plant, ended.error
        with disk.again():
            try:
                here.recovered(disk.arena, plant, 0, litter=1)
                here.goes_on(disk.arena, plant, 0)
            except AssertionError as error:
                found.append(f"at {at} ({here.clean.points[at - 1]}): {error}")
    return found


def test_a_power_cut_where_most_is_at_stake_loses_nothing(here: Campaign, disk: Made) -> None:
    """Right after the journal, on another disk, says that a file was replaced; unsynced, it is lost."""
    made, replaced = disk("ext4", apart=True), here.after_calls("exchange")[0]
    told = next(at for at in here.after_calls("COMMIT") if at > replaced)
    assert wrong(here, made, [told]) == []
    assert any("keep 1" in each for each in wrong(here, made, [told], FAULTS + "temp_unsynced"))


@pytest.mark.slow
@pytest.mark.timeout(86400)
@pytest.mark.parametrize("apart", [False, True], ids=["same", "other"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_power_cut_at_every_call_loses_nothing(here: Campaign, disk: Made, kind: str, *, apart: bool) -> None:
    """Whichever call was the last."""
    assert wrong(here, disk(kind, apart=apart), here.points()) == []


@pytest.mark.slow
@pytest.mark.timeout(86400)
@pytest.mark.parametrize("fault", ["unsynced", "temp_unsynced"])
def test_what_is_not_synced_is_lost(here: Campaign, disk: Made, fault: str) -> None:
    """The test above has teeth: without syncing names, or contents, some cut does harm."""
    made = disk("ext4", apart=True)
    points = here.likely([FAULTS + fault], "COMMIT")
    assert next((told for at in points for told in wrong(here, made, [at], FAULTS + fault)), "")
