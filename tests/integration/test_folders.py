"""What lies in which folder: reference folders are never changed, incoming ones lose, links and hard links are seen."""

from __future__ import annotations

import os

from comet import changes
from comet.collection import groups
from comet.core.acts import Do
from comet.core.job import Job
from tests.integration.owning import Owner


def test_a_reference_folder_is_never_changed(owner: Owner) -> None:
    """Nor a playlist in it; its track stays whatever the quality, and also where a link leads to it."""
    (owner.music / "ref").mkdir()
    for name in ("one.ogg", "list.m3u"):
        (owner.music / name).rename(owner.music / "ref" / name)
    (owner.music / "ref/list.m3u").write_bytes(b"../one.mp3\n")
    (owner.tmp / "link").symlink_to(owner.music / "ref")
    owner.profile["reference"] = (str(owner.tmp / "link"),)
    owner.scan()
    plan = owner.plan()
    assert {step.keeper.path for step in plan.steps if step.keeper} == {b"ref/one.ogg", b"two copy.mp3"}
    assert all(step.do is Do.REMOVE for step in plan.steps)
    owner.profile.clear()
    before = owner.plan()
    owner.profile["reference"] = (str(owner.music / "ref"),)
    failed = {entry.before.file.path: entry.error for entry in owner.apply(before).failed}
    assert failed[b"ref/one.ogg"] == "it lies in a reference folder, where nothing is changed"
    assert failed[b"ref/list.m3u"] == "it lies in a reference folder, where nothing is changed"


def test_a_reference_folder_is_protected_even_before_a_scan(owner: Owner) -> None:
    """A plan for byte copies needs no verdict, so an empty cache must not open what the profile closes."""
    (owner.music / "z").mkdir()
    (owner.music / "two.mp3").rename(owner.music / "z/two.mp3")
    owner.scan()
    plan = owner.plan()
    assert b"z/two.mp3" in {step.file.path for step in plan.steps}
    owner.profile["reference"] = (str(owner.music / "z"),)
    owner.forget()
    with owner.opened(create=True) as collection:
        outcome = changes.apply(collection, plan, Job())
    assert outcome.done == ()
    assert (owner.music / "z/two.mp3").exists()


def test_incoming_loses(owner: Owner) -> None:
    """Against everything that is elsewhere."""
    (owner.music / "new").mkdir()
    (owner.music / "one.flac").rename(owner.music / "new/one.flac")
    owner.profile["incoming"] = (str(owner.music / "new"),)
    owner.scan()
    assert owner.groups()["new/one.flac one.mp3 one.ogg"][0] == "one.mp3"


def test_hard_links_are_said_before_and_not_removed(owner: Owner) -> None:
    """With the other name."""
    (owner.music / "two.mp3").unlink()
    os.link(owner.music / "two copy.mp3", owner.music / "two.mp3")
    owner.scan()
    with owner.opened() as collection:
        (proposal,) = [each for each in groups.proposals(collection) if len(each.group.tracks) == 2]
        reasons = {proposal.group.tracks[at].file.path: why for at, why in proposal.barred.items()}
    other = owner.music / "two copy.mp3"
    assert reasons[b"two.mp3"] == f"it has another name as a hard link (`{other}`): nothing would be freed"
    assert set(reasons) == {b"two.mp3", b"two copy.mp3"}
    assert b"two.mp3" not in {step.file.path for step in owner.plan().steps}
