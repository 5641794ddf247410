"""Fingerprints without their audio: they take part in all that is compared, and no file is ever touched for them."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from comet import changes, exchange, gate, pipeline, scanning
from comet.collection import decisions, groups, imported, merging, pairs, state
from comet.collection.opened import exclusive
from comet.compare import tiers
from comet.compare.imports import Kind
from comet.core.acts import Plan
from comet.core.errors import FileError, LockedError, Stopped, UsageError
from comet.core.job import Control, Event, Job, Progress
from comet.core.model import Choice, Relation, Stage, identity
from comet.exchange import Came
from comet.gate import Is
from comet.library.imported import Stored
from tests.factories import tune, write
from tests.integration.conftest import Bench
from tests.integration.owning import NAMES, Owner


def take(owner: Owner, path: Path, job: Job | None = None) -> Came:
    """Import a file."""
    with owner.opened() as collection:
        return exchange.take(collection, str(path), job or Job(), lambda _found: None)


def export(owner: Owner) -> Path:
    """Export all fingerprints."""
    with owner.opened() as collection:
        exchange.export(collection, str(owner.tmp / "all.npz"), Job())
    return owner.tmp / "all.npz"


def renamed(owner: Owner, *names: str) -> Path:
    """Return the fingerprints of these files as those of a NAS; half a second of another sound makes them others."""
    with np.load(export(owner)) as found:
        rows = [row for row, path in enumerate(found["paths"]) if os.path.basename(path).decode() in names]
        words = [np.r_[np.uint32([7, 7]), found["words"][slice(*found["offsets"][row : row + 2])]] for row in rows]
        paths = [b"nas/" + os.path.basename(found["paths"][row]) for row in rows]
    offsets = np.cumsum([0, *map(len, words)])
    np.savez(owner.tmp / "nas.npz", words=np.concatenate(words), offsets=offsets, paths=np.array(paths))
    return owner.tmp / "nas.npz"


def correlate(owner: Owner) -> None:
    """Compare and judge."""
    with owner.opened() as collection:
        pipeline.correlate(collection, Job())
        pipeline.judge(collection, Job())


@pytest.fixture
def mixed(owner: Owner) -> Owner:
    """Return somebody whose collection has imported fingerprints of its recordings as well."""
    take(owner, renamed(owner, "one.flac", "one.mp3", "alone.flac"))
    correlate(owner)
    return owner


def test_what_is_exported_gives_the_same_pairs(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another machine that has the fingerprints alone finds what this one finds, under the same paths."""
    path = export(owner)
    with owner.opened() as collection:
        here = {(p.a.path, p.b.path): (p.relation, p.similarity) for p in pairs.of_files(collection)}
    monkeypatch.setenv("COMET_HOME", str(owner.tmp / "other"))
    other = replace(owner, profile={"roots": ()})
    with other.opened(create=True) as collection:
        came = exchange.take(collection, str(path), Job(), lambda _found: None)
        assert (came.kind, came.stored) == (Kind.ARCHIVE, Stored(new=6))
        pipeline.correlate(collection, Job())
        pipeline.judge(collection, Job())
        found = {(p.a.path, p.b.path): (p.relation, p.similarity) for p in pairs.of_files(collection)}
        assert len(groups.of(collection)) == 2
        assert changes.plan(collection, merging.each(collection, groups.proposals(collection))).steps == ()
    assert found == here
    assert len(here) == 4


def test_imported_fingerprints_are_in_groups_and_never_in_plans(mixed: Owner) -> None:
    """They join the recordings that they are of; the keeper is a file, and the plan is that without them."""
    found = mixed.groups()
    assert found["nas/one.flac nas/one.mp3 one.flac one.mp3 one.ogg"][0].split()[0] == "one.flac"
    assert found["alone.flac nas/alone.flac"][0] == "alone.flac"
    plan = mixed.plan()
    assert sorted(step.file.path for step in plan.steps) == [b"list.m3u", b"one.mp3", b"one.ogg", b"two.mp3"]
    assert {step.file.root for step in plan.steps} == {step.keeper.root for step in plan.steps if step.keeper}
    assert (len(mixed.apply(plan).failed), mixed.names()) == (0, ["alone.flac", "list.m3u", "one.flac", "two copy.mp3"])


def test_no_file_goes_for_an_imported_keeper(mixed: Owner) -> None:
    """Not by a decision, and not by a plan that somebody has edited; nor can it go itself."""
    with mixed.opened() as collection:
        found = groups.proposals(collection)
        (proposed,) = [
            each for each in found if [t.imported for t in each.group.tracks] in ([True, False], [False, True])
        ]
        some = proposed.group
        foreign = int(some.tracks[1].imported)
        one, other = identity(some.tracks[foreign]), identity(some.tracks[1 - foreign])
        with pytest.raises(UsageError, match="cannot stay"):
            decisions.decide(collection, some, Choice.KEEP, [foreign])
        with pytest.raises(UsageError, match="cannot stay"):
            groups.keeping(collection, proposed, [foreign])
        assert decisions.decide(collection, some, Choice.KEEP, [0, 1]).keep == (other,)
        (step, *_more) = changes.plan(collection, merging.each(collection, groups.proposals(collection))).steps
        for goes, stays in ((other, one), (one, other)):
            edited = Plan("-", 0.0, (replace(step, file=goes, keeper=stays),))
            outcome = changes.apply(collection, edited, Job())
            assert outcome.done == ()
            assert "imported fingerprint" in outcome.failed[0].error
    assert mixed.names() == NAMES


def test_a_scan_leaves_them_alone(mixed: Owner) -> None:
    """They are not files that went away, and are not counted as scanned; another scan compares nothing again."""
    assert mixed.scan() == 6
    with mixed.opened() as collection:
        assert scanning.scan_roots(collection, Job()).roots[0].listing.gone == 0
        told = state.of(collection)
        assert (told.taking.files, told.by_codec["imported"], told.pairs.done) == (9, 3, told.pairs.all)


def test_again_changes_nothing_and_forget_takes_all_away(mixed: Owner) -> None:
    """What was compared stays compared; afterwards the collection is as it was before."""
    assert take(mixed, mixed.tmp / "nas.npz").stored == Stored(unchanged=3)
    with mixed.opened() as collection:
        progress = state.progress(collection)
        assert progress.done == progress.all
        assert exchange.forget(collection, Job()) == 3
        assert exchange.forget(collection, Job()) == 0
        assert state.progress(collection).done == state.progress(collection).all
    assert set(mixed.groups()) == {"one.flac one.mp3 one.ogg", "two copy.mp3 two.mp3"}


def test_an_imported_fingerprint_holds_no_new_file(mixed: Owner, tmp_path: Path) -> None:
    """`check` is asked before a file is deleted, and there is nothing behind a fingerprint."""
    take(mixed, renamed(mixed, "alone.flac"))
    (mixed.music / "alone.flac").unlink()
    write(tmp_path / "new.mp3", tune(3, 20))
    mixed.scan()
    with mixed.opened() as collection:
        (checked,) = gate.check(collection, [str(tmp_path / "new.mp3")], Job()).files
    assert checked.state is Is.NEW


def test_of_a_damaged_archive_nothing_is_stored(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    """A checksum is known at the end only, and no fingerprint may be wrong until then."""
    monkeypatch.setattr(exchange, "_BATCH", 2)
    words = np.arange(500, dtype=np.uint32)
    path = owner.tmp / "bad.npz"
    np.savez(path, words=words, offsets=np.arange(6) * 100, paths=np.array(list("abcde")))
    whole = path.read_bytes()
    at = whole.index(words[450:460].tobytes())
    path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
    with pytest.raises(FileError, match="`words` is damaged"):
        take(owner, path)
    with owner.opened() as collection:
        assert not any(imported.track(collection, name) for name in "abcde")


def test_a_file_that_breaks_off_keeps_what_was_whole(owner: Owner) -> None:
    """JSON is stored up to there, and it is told at which entry reading ended."""
    path = owner.tmp / "cut"
    path.write_text('{"fingerprint": [1, 2, 3]}\n{"fingerprint": [1, 2')
    came = take(owner, path)
    assert (came.stored, came.ended and came.ended.number, dict(came.skipped)) == (Stored(new=1), 2, {})


def test_of_one_name_the_first_counts(owner: Owner) -> None:
    """The others are told, and another import of the same file changes nothing."""
    path = owner.tmp / "twice"
    path.write_text("".join(f'{{"path": "{name}", "fingerprint": [{n}, 2, 3]}}\n' for n, name in enumerate("aba")))
    came = take(owner, path)
    assert (came.stored, dict(came.first)) == (Stored(new=2), {"an entry before it has the same name": 3})
    assert take(owner, path).stored == Stored(unchanged=2)


def test_a_stop_keeps_what_is_stored(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    """Progress comes after each piece, and a wish to stop is heard there."""
    monkeypatch.setattr(exchange, "_BATCH", 2)
    words = np.arange(500, dtype=np.uint32)
    np.savez(owner.tmp / "x", words=words, offsets=np.arange(6) * 100, paths=np.array(list("abcde")))

    def stop(event: Event) -> None:
        if isinstance(event, Progress) and event.stage is Stage.IMPORT and event.done:
            job.stop()

    job = Job(stop, every=0)
    with pytest.raises(Stopped):
        take(owner, owner.tmp / "x.npz", job)
    with owner.opened() as collection:
        assert [imported.track(collection, name) is not None for name in "abc"] == [True, True, False]


def test_it_writes_only_while_nobody_else_does(owner: Owner) -> None:
    """A scan, a run of correlate and an import of one profile wait for each other."""
    path = export(owner)
    with owner.opened() as collection, exclusive(collection), owner.opened() as other:
        for work in (
            lambda: exchange.take(other, str(path), Job(), lambda _found: None),
            lambda: exchange.forget(other, Job()),
            lambda: exchange.export(other, str(path), Job()),
        ):
            with pytest.raises(LockedError):
                work()


def test_an_export_that_fails_leaves_the_old_file(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is put in its place when it is whole, and no part of it is left behind."""
    path = export(owner)
    before = path.read_bytes()
    job = Job()
    job.stop()
    with owner.opened() as collection:
        with pytest.raises(Stopped):
            exchange.export(collection, str(path), job)
        monkeypatch.setattr("comet.compare.archive.write", lambda *_a: (_ for _ in ()).throw(Stopped))
        with pytest.raises(Stopped):
            exchange.export(collection, str(path), Job())
        with pytest.raises(FileError, match="No such file"):
            exchange.export(collection, str(owner.tmp / "none/x.npz"), Job())
    assert path.read_bytes() == before
    assert list(owner.tmp.glob("*.part")) == []


def test_old_pairs_are_held_against_what_comet_finds(owner: Owner) -> None:
    """Confirmed, called something else, or not found; what says nothing is counted with its reason; nothing stays."""
    write(owner.music / "half.flac", tune(1, 10))
    owner.full()
    names = ["one.flac one.mp3", "two.mp3 two copy.mp3", "one.flac half.flac", "one.flac two.mp3", "one.flac gone.mp3"]
    old = [
        {"file1": str(owner.music / a), "file2": str(owner.music / b), "correlation": 0.5}
        for a, b in (name.replace("two copy", "two_copy").split() for name in names)
    ]
    old[1]["file2"] = str(owner.music / "two copy.mp3")
    path = owner.tmp / "old"
    path.write_text(json.dumps([*old, {"file1": "a", "file2": "a", "correlation": 1}]))
    found: list[imported.Beside] = []
    with owner.opened() as collection:
        assert exchange.holds_pairs(str(path), Job())
        before = [pair.evidence for pair in pairs.of_files(collection)]
        came = exchange.take(collection, str(path), Job(), found.append)
        assert [pair.evidence for pair in pairs.of_files(collection)] == before
    assert (came.confirmed, came.otherwise, came.missed, came.complete) == (2, 1, 1, True)
    assert [each.relation for each in found] == [Relation.SAME, Relation.SAME, Relation.CONTAINS, None]
    assert dict(came.first) == {
        "it names a file that this profile does not know": 5,
        "it names the same file twice": 6,
    }


def test_before_everything_is_compared_nothing_is_called_missing_for_good(owner: Owner) -> None:
    """It is said that what was not found may still be."""
    write(owner.music / "new.flac", tune(8, 20))
    owner.scan()
    path = owner.tmp / "old"
    path.write_text(json.dumps({"a": str(owner.music / "new.flac"), "b": str(owner.music / "one.flac"), "score": 1}))
    came = take(owner, path)
    assert (came.missed, came.complete, came.left) == (1, False, True)


def test_what_an_index_did_not_propose_is_told(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is left to be compared then, and yet not all pairs were: only comparing all of them exactly is more."""
    path = owner.tmp / "old"
    path.write_text(json.dumps({"a": str(owner.music / "alone.flac"), "b": str(owner.music / "one.flac"), "score": 1}))
    monkeypatch.setattr(tiers, "EXACT", 1)
    monkeypatch.setattr(tiers, "FEW", 0)
    with owner.opened() as collection:
        shutil.rmtree(collection.results)
        pipeline.find(collection, Job())
    came = take(owner, path)
    assert (came.missed, came.complete, came.left) == (1, False, False)
    with owner.opened() as collection:
        pipeline.find(collection, Job(), exact=True)
    assert take(owner, path).complete


def test_an_export_writes_over_nothing_else(bench: Bench, tmp_path: Path) -> None:
    """A file that holds no fingerprints is refused and stays; an older export is replaced, whole or not at all."""
    write(bench.music / "one.flac", tune(1, 20))
    bench.scan()
    music, out = bench.music / "one.flac", tmp_path / "out.npz"
    before = music.read_bytes()
    with bench.opened() as collection:
        for name in (str(music), str(tmp_path)):
            with pytest.raises(UsageError):
                exchange.export(collection, name, Job())
        assert music.read_bytes() == before
        for _again in range(2):
            assert exchange.export(collection, str(out), Job()) == 1
        whole = out.read_bytes()
        with pytest.raises(Stopped):
            exchange.export(collection, str(out), Job(control=lambda: Control(stop=True)))
    assert out.read_bytes() == whole
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".comet-")] == []
