"""From groups to files that moved, and back: plans, quarantine and decisions over real music and a real cache."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import pytest

from comet import changes, scanning
from comet.collection import decisions, groups, history
from comet.core.acts import Do, Kind, State
from comet.core.errors import NotScannedError, Stopped, UsageError
from comet.core.job import Job
from comet.core.model import Choice, Standing
from tests.factories import tune, write
from tests.integration.owning import LIST, NAMES, ONE, TWO, Owner


def test_the_whole_way_there_and_back(owner: Owner) -> None:
    """Plan, apply, undo: groups shrink at once without a scan, come back the same, and so does every byte."""
    before = {name: (owner.music / name).read_bytes() for name in NAMES}
    groups_before = owner.groups()
    assert groups_before == {ONE: ("one.flac", Standing.OPEN), TWO: ("two copy.mp3", Standing.OPEN)}
    outcome = owner.apply()
    assert (len(outcome.done), outcome.failed, outcome.warnings) == (4, (), ())
    assert owner.names() == ["alone.flac", "list.m3u", "one.flac", "two copy.mp3"]
    assert (owner.music / "list.m3u").read_bytes() == b"#EXTM3U\none.flac\nalone.flac\n"
    assert owner.groups() == {}
    assert owner.scan() == 3
    assert owner.groups() == {}
    assert len(owner.undo().done) == 4
    assert owner.groups() == groups_before
    assert {name: (owner.music / name).read_bytes() for name in NAMES} == before
    assert owner.scan() == 6
    assert owner.groups() == groups_before


def test_a_scan_does_not_see_the_quarantine(owner: Owner) -> None:
    """What is held is no file of the collection, and costs a scan nothing."""
    owner.apply()
    assert len(list((owner.music / ".comet/quarantine").rglob("*.mp3"))) == 2
    with owner.opened() as collection:
        scanned = scanning.scan_roots(collection, Job())
    assert (scanned.files, scanned.decoded, scanned.problems) == (3, 0, 0)


def test_a_plan_names_what_goes_what_stays_and_what_follows(owner: Owner) -> None:
    """Removals first, then the playlists; it changes nothing."""
    plan = owner.plan()
    assert plan.profile == "-"
    assert [(step.do, step.file.path) for step in plan.steps] == [
        (Do.REMOVE, b"two.mp3"), (Do.REMOVE, b"one.mp3"), (Do.REMOVE, b"one.ogg"), (Do.REPOINT, b"list.m3u"),
    ] or sorted(step.file.path for step in plan.steps) == [b"list.m3u", b"one.mp3", b"one.ogg", b"two.mp3"]  # fmt: skip
    assert plan.steps[-1].do is Do.REPOINT
    assert {step.keeper.path for step in plan.steps if step.keeper} == {b"one.flac", b"two copy.mp3"}
    assert owner.names() == NAMES


def test_a_plan_of_last_week_does_what_still_holds(owner: Owner) -> None:
    """A file that was changed since is left alone, with the reason; the others go."""
    plan = owner.plan()
    with (owner.music / "one.ogg").open("ab") as stream:
        stream.write(b"tags")
    outcome = owner.apply(plan)
    (failed,) = outcome.failed
    assert (failed.before.file.path, failed.error) == (b"one.ogg", "it was changed since this was decided")
    assert len(outcome.done) == 3
    assert "one.ogg" in owner.names()


def test_a_plan_of_another_profile_is_refused(owner: Owner) -> None:
    """With how to apply it."""
    plan = replace(owner.plan(), profile="other")
    with pytest.raises(UsageError, match="this plan is for profile `other`") as caught:
        owner.apply(plan)
    assert caught.value.hint == "apply it with --profile other"
    assert owner.names() == NAMES


def test_a_read_only_profile_only_plans(owner: Owner) -> None:
    """Applying, undoing and purging are refused before anything begins; settling does nothing."""
    owner.apply()
    owner.profile["read_only"] = True
    for act in (owner.apply, owner.undo, owner.purge):
        with pytest.raises(UsageError, match="is read-only: nothing of it is changed"):
            act()
    with owner.opened() as collection:
        assert changes.settle(collection) == []
        assert len(history.runs(collection)) == 1
    assert owner.plan().steps == ()


def test_the_cache_may_be_deleted_between_apply_and_undo(owner: Owner) -> None:
    """The journal knows all that is needed: even before a scan, and the groups come back with one."""
    before = owner.groups()
    owner.apply()
    owner.forget()
    with pytest.raises(NotScannedError):
        owner.groups()
    owner.profile["after_apply"] = f"tee {owner.tmp}/told"
    with owner.opened(create=True) as collection:
        found = [entry.id for entry in history.last(collection)]
        assert len(changes.undo(collection, found, Job()).done) == 4
    told = json.loads((owner.tmp / "told").read_text())
    assert {each["path"] for each in told["restored"]} == {
        str(owner.music / n) for n in ("one.mp3", "one.ogg", "two.mp3")
    }
    assert owner.names() == NAMES
    owner.full()
    assert owner.groups() == before


def test_decisions_outlive_the_cache(owner: Owner) -> None:
    """And every rename: they speak of sound."""
    owner.decide("one.mp3", Choice.KEEP, "one.ogg")
    owner.decide("two.mp3", Choice.SKIP)
    owner.forget()
    (owner.music / "one.ogg").rename(owner.music / "renamed.ogg")
    owner.full()
    assert owner.groups() == {
        "one.flac one.mp3 renamed.ogg": ("renamed.ogg", Standing.OPEN),
        TWO: ("two copy.mp3", Standing.SKIPPED),
    }


def test_a_group_is_settled_after_what_was_decided_is_done_until_a_new_member_comes(owner: Owner) -> None:
    """Kept are two of three; a further copy opens the group again, and these are proposed to stay."""
    owner.decide("one.mp3", Choice.KEEP, "one.flac", "one.mp3")
    assert owner.groups()[ONE] == ("one.flac one.mp3", Standing.OPEN)
    owner.apply()
    assert owner.groups() == {"one.flac one.mp3": ("one.flac one.mp3", Standing.SETTLED)}
    assert owner.plan().steps == ()
    shutil.copy(owner.music / "one.mp3", owner.music / "again.mp3")
    owner.scan()
    assert owner.groups() == {"again.mp3 one.flac one.mp3": ("one.flac one.mp3", Standing.OPEN)}


def test_what_is_apart_is_in_no_group_together(owner: Owner) -> None:
    """It cannot be removed for each other either, not even by a plan made before; taken back, all is as it was."""
    plan = owner.plan()
    owner.decide("one.mp3", Choice.APART)
    assert owner.groups() == {TWO: ("two copy.mp3", Standing.OPEN)}
    failed = {entry.before.file.path: entry.error for entry in owner.apply(plan).failed}
    assert failed[b"one.mp3"] == failed[b"one.ogg"] == ("it was decided that it and the file to keep are no duplicates")
    assert failed[b"list.m3u"] == "the file that it names was not removed"
    with owner.opened() as collection:
        decisions.forget(collection, decisions.listed(collection)[0].id)
    assert set(owner.groups()) == {ONE}


def test_a_choice_is_made_once_for_each_file(owner: Owner) -> None:
    """A file that is named twice keeps one, not also its byte copy."""
    with owner.opened() as collection:
        (proposed,) = [each for each in groups.proposals(collection) if len(each.group.tracks) == 2]
        decisions.decide(collection, proposed.group, Choice.KEEP, [0, 0])
        assert groups.proposal(collection, proposed).keep == (0,)
        with pytest.raises(UsageError, match="one track of a group must stay"):
            decisions.decide(collection, proposed.group, Choice.KEEP, [])


def test_purging_ends_the_way_back(owner: Owner) -> None:
    """Every keeper is read again; then nothing is held, and the playlists stay as they are."""
    owner.apply()
    outcome = owner.purge()
    assert ({entry.kind for entry in outcome.done}, outcome.failed) == ({Kind.PURGE}, ())
    with owner.opened() as collection:
        assert history.held(collection) == []
        assert history.undoable(collection) == []
        assert [(run.kind, run.done, run.purged) for run in history.runs(collection)] == [
            ("purge", 3, 0),
            ("apply", 4, 3),
        ]
    assert not list((owner.music / ".comet/quarantine").rglob("*.*"))


def test_a_keeper_that_was_renamed_is_a_witness_after_a_scan(owner: Owner) -> None:
    """Before it nobody knows where it is, and nothing is deleted."""
    owner.apply()
    (owner.music / "one.flac").rename(owner.music / "new name.flac")
    outcome = owner.purge()
    assert {entry.before.file.path for entry in outcome.failed} == {b"one.mp3", b"one.ogg"}
    assert "`one.flac`: it is gone" in outcome.failed[0].error
    owner.scan()
    assert owner.purge().failed == ()


def test_the_users_command_is_told(owner: Owner) -> None:
    """After apply, undo and purge, with paths of now; after a run that did nothing it is not run."""
    script = owner.tmp / "tell"
    script.write_text(f'#!/bin/sh\ncat >> "{owner.tmp}/told"\n')
    script.chmod(0o700)
    owner.profile["after_apply"] = str(script)
    plan = owner.plan()
    owner.apply(plan)
    owner.apply(plan)
    owner.undo()
    owner.apply()
    owner.purge()
    applied, undone, _again, purged = [json.loads(line) for line in (owner.tmp / "told").read_text().splitlines()]
    assert set(applied) == {"version", "profile", "event", "run", "removed", "restored", "changed"}
    assert (applied["event"], applied["profile"], applied["run"]) == ("apply", "-", 1)
    removed = {each["path"]: each for each in applied["removed"]}
    mp3 = removed[str(owner.music / "one.mp3")]
    assert mp3["keeper"] == str(owner.music / "one.flac")
    assert mp3["held"].startswith(str(owner.music / ".comet/quarantine"))
    assert applied["changed"] == [{"path": str(owner.music / "list.m3u")}]
    assert undone["event"] == "undo"
    assert {each["path"] for each in undone["restored"]} == set(removed)
    assert undone["changed"] == applied["changed"]
    assert (purged["event"], {each["held"] for each in purged["removed"]}) == ("purge", {""})


def test_a_command_that_fails_is_a_warning(owner: Owner) -> None:
    """What was done is done."""
    owner.profile["after_apply"] = "false"
    (warning,) = owner.apply().warnings
    assert warning == "the command after_apply: `false` ended with exit code 1"
    assert len(owner.names()) == 4


def test_what_a_crash_left_open_is_settled_first(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next command finds the file in quarantine, and so do the groups."""

    class Crash(BaseException):
        """The power fails."""

    def crash(*_arguments: object) -> None:
        raise Crash

    plan = owner.plan()
    with monkeypatch.context() as patched:
        patched.setattr("comet.act.journal.Journal.settle", crash)
        with pytest.raises(Crash):
            owner.apply(plan)
    with owner.opened() as collection:
        (entry,) = changes.settle(collection)
        assert entry.state is State.DONE
        assert changes.settle(collection) == []
    assert owner.scan() == 5
    owner.apply(plan)
    assert owner.groups() == {}


def test_a_crash_needs_no_other_command_in_between(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    """Applied again at once, the plan goes on from what was moved: nothing of it is refused."""
    plan = owner.plan()
    with monkeypatch.context() as patched:
        patched.setattr("comet.act.journal.Journal.settle", lambda *_arguments: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            owner.apply(plan)
    outcome = owner.apply(plan)
    assert (len(outcome.done), outcome.failed) == (3, ())
    assert len(owner.names()) == 4


def test_a_cache_that_missed_a_change_catches_up(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the process died before it told the cache, the next opening reads the journal."""
    with monkeypatch.context() as patched:
        patched.setattr("comet.changes.opened.follow", lambda *_arguments: None)
        owner.apply()
    assert owner.groups() == {}


def test_a_removal_is_undone_with_the_playlists_that_followed_it(owner: Owner) -> None:
    """Whoever names the one step means both; a playlist alone can be turned back as well."""
    done = {entry.before.file.path: entry for entry in owner.apply().done}
    outcome = owner.undo(done[b"one.mp3"].id)
    assert [entry.before.file.path for entry in outcome.done] == [b"list.m3u", b"one.mp3"]
    assert (owner.music / "list.m3u").read_bytes() == LIST
    again = {entry.before.file.path: entry for entry in owner.apply().done}
    assert [entry.before.file.path for entry in owner.undo(again[b"list.m3u"].id).done] == [b"list.m3u"]
    assert "one.mp3" not in owner.names()


def test_two_processes_see_each_others_changes(owner: Owner) -> None:
    """A collection that is open while another process applies knows it at its next opening, without a scan."""
    with owner.opened() as collection:
        assert len(groups.proposals(collection)) == 2
        owner.apply()
    assert owner.groups() == {}


def test_a_new_playlist_that_names_another_file_is_left_alone(owner: Owner) -> None:
    """A song was put where a removed file was: a later plan does not let what names it name the keeper."""
    owner.apply()
    write(owner.music / "one.mp3", tune(99, 20))
    (owner.music / "new.m3u").write_bytes(b"one.mp3\n")
    (owner.music / "late.m3u").write_bytes(b"one.ogg\n")
    owner.scan()
    assert [step.file.path for step in owner.plan().steps] == [b"late.m3u"]


def test_the_users_command_is_told_of_a_run_that_was_stopped(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was done before the stop is done, and told."""
    told: list[object] = []
    monkeypatch.setattr("comet.changes.hook.run", lambda _command, event: told.append(event) or "")
    plan, job = owner.plan(), Job(every=0.0)
    job.report = lambda event: job.stop() if getattr(event, "done", 0) == 1 else None
    with owner.opened() as collection:
        profile = replace(collection.profile, after_apply="true")
        with pytest.raises(Stopped):
            changes.apply(replace(collection, profile=profile), plan, job)
    (event,) = told
    assert len(event["removed"]) == 1  # type: ignore[index]
