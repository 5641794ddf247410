"""A review while others work on the same files: whatever they change, Comet makes no recording vanish."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import mutagen
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from comet import changes
from comet.collection import decisions, groups, history, merging
from comet.core.errors import CometError
from comet.core.job import Job
from comet.core.merged import Settled
from comet.core.model import Choice, Proposal, Standing
from comet.listen import audio
from tests.factories import tune, write
from tests.integration.owning import Owner

Heard = Counter[str]
"""How many files hold each audio, by its hash."""

_BASE: list[Path] = []
"""A folder with `music` and the `home` of somebody who has looked for duplicates in it; made once."""


@pytest.fixture(scope="module", autouse=True)
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Make the collection that every run begins with: three recordings, two of them several times, with tags."""
    top = tmp_path_factory.mktemp("base")
    (top / "music").mkdir()
    for name in ("one.flac", "one.mp3", "one.ogg", "two.mp3", "two.flac", "alone.flac"):
        path = top / "music" / name
        write(path, tune("ota".index(name[0]), 12))
        tags = mutagen.File(path, easy=True)
        if tags.tags is None:
            tags.add_tags()
        tags.update({"title": name.split(".")[0], "artist": "Кино", "date": "1987" if "flac" in name else "1988"})
        tags.save()
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("COMET_HOME", str(top / "home"))
        Owner(top).full()
        _BASE.append(top)
        yield
    _BASE.clear()


class Review(RuleBasedStateMachine):
    """Somebody who reviews, and the others."""

    def __init__(self) -> None:
        super().__init__()
        self.top = Path(tempfile.mkdtemp(prefix="hostile-"))
        self.found: list[Proposal] = []
        """What was seen when somebody looked last: since then all may be otherwise."""
        self.foreign: set[str] = set()
        """Names that others have touched."""

    @initialize()
    def begin(self) -> None:
        """Copy the collection and see it where it is now."""
        for name in ("music", "home"):
            shutil.copytree(_BASE[0] / name, self.top / name)
        os.environ["COMET_HOME"] = str(self.top / "home")
        self.owner = Owner(self.top)
        self.owner.scan()
        self.begun = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in self.songs()}
        self.model = self.heard()
        self.recording = {audio.identify(os.fsencode(path)): path.name[:3] for path in self.songs()}
        self.look()

    def songs(self) -> list[Path]:
        """Return the files of music that lie where they are looked for."""
        return sorted(path for path in (self.top / "music").iterdir() if path.is_file())

    def heard(self) -> Heard:
        """Return what all files hold, those in quarantine among them."""
        kept = [path for path in (self.top / "music/.comet").rglob("*") if path.suffix in (".flac", ".mp3", ".ogg")]
        return Counter(audio.identify(os.fsencode(path)) for path in [*self.songs(), *kept])

    def there(self) -> set[str]:
        """Return which recordings have a file in its place, by their sound."""
        return {self.recording[audio.identify(os.fsencode(path))] for path in self.songs()}

    # who reviews

    @rule()
    def look(self) -> None:
        """Ask for the groups."""
        with self.owner.opened() as collection:
            self.found = groups.proposals(collection)

    @rule()
    def scan(self) -> None:
        """Scan, correlate and judge."""
        self.owner.full()

    @precondition(lambda self: self.found)
    @rule(data=st.data(), choice=st.sampled_from(list(Choice)))
    def decide(self, data: st.DataObject, choice: Choice) -> None:
        """Decide about a group as it was seen."""
        proposal = data.draw(st.sampled_from(self.found))
        keep = data.draw(st.sets(st.integers(0, len(proposal.group.tracks) - 1), min_size=1))
        with self.owner.opened() as collection:
            decisions.decide(collection, proposal.group, choice, sorted(keep) if choice is Choice.KEEP else ())

    @precondition(lambda self: self.found)
    @rule(data=st.data(), own=st.booleans(), all_files=st.booleans(), date=st.sampled_from(["", "1987", "Год"]))
    def confirm(self, data: st.DataObject, own: bool, all_files: bool, date: str) -> None:  # noqa: FBT001
        """Confirm a group as it was seen, with tags settled in some way."""
        proposal = data.draw(st.sampled_from(self.found))
        settled = Settled({"date": (date,)} if date else {}, own, all_files)
        before = self.there()
        with self.owner.opened() as collection:
            merged = merging.of(collection, proposal, settled)
            plan = changes.plan(collection, [merged])
            outcome = changes.apply(collection, plan, Job()) if plan.steps else None
            keep, run = proposal.keep, outcome.run if outcome else 0
            decisions.decide(collection, proposal.group, Choice.KEEP, keep, run, settled)
        assert self.there() == before

    @rule(some=st.booleans())
    def undo(self, some: bool) -> None:  # noqa: FBT001
        """Take back the last run, or all there is."""
        with self.owner.opened() as collection:
            entries = history.last(collection) if some else collection.journal.undoable()
            before = self.there()
            if entries:
                changes.undo(collection, [entry.id for entry in entries], Job())
        assert self.there() >= before

    # the others

    @precondition(lambda self: self.songs())
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        """Somebody deletes a file."""
        path = self.chosen(data)
        self.model -= Counter([audio.identify(os.fsencode(path))])
        path.unlink()

    @precondition(lambda self: self.songs())
    @rule(data=st.data())
    def retag(self, data: st.DataObject) -> None:
        """Somebody writes tags in place."""
        path = self.chosen(data)
        tags = mutagen.File(path, easy=True)
        tags["title"] = f"{len(self.foreign)} {path.stat().st_mtime_ns}"
        tags.save()

    @precondition(lambda self: self.songs())
    @rule(data=st.data(), name=st.sampled_from(["moved", "again"]))
    def move(self, data: st.DataObject, name: str) -> None:
        """Somebody renames a file, or copies it, where there is none of that name."""
        path = self.chosen(data)
        new = path.with_name(f"{path.name[:3]} {name}{path.suffix}")
        self.foreign.add(new.name)
        if new.exists():
            return
        if name == "moved":
            path.rename(new)
        else:
            shutil.copy2(path, new)
            self.model += Counter([audio.identify(os.fsencode(new))])

    @precondition(lambda self: len(self.songs()) > 1)
    @rule(data=st.data())
    def exchange(self, data: st.DataObject) -> None:
        """Somebody puts another recording in the place of a file of its kind, with its time."""
        path = self.chosen(data)
        other = data.draw(st.sampled_from(self.songs()))
        if other.suffix != path.suffix:
            return
        time = path.stat().st_mtime_ns
        self.model -= Counter([audio.identify(os.fsencode(path))])
        shutil.copy2(other, self.top / "x")
        (self.top / "x").replace(path)
        os.utime(path, ns=(time, time))
        self.model += Counter([audio.identify(os.fsencode(path))])

    def chosen(self, data: st.DataObject) -> Path:
        """Return a file that others touch now."""
        path: Path = data.draw(st.sampled_from(self.songs()))
        self.foreign.add(path.name)
        return path

    # what holds

    @invariant()
    def nothing_vanishes(self) -> None:
        """Every file that nobody else has deleted is there, in its place or held, and sounds as it did."""
        if hasattr(self, "model"):
            assert self.heard() == self.model

    @invariant()
    def decisions_hold(self) -> None:
        """Whoever asks gets groups that keep a file each, and no litter lies about."""
        if hasattr(self, "model"):
            assert not list((self.top / "music").rglob(".comet-*"))
            with self.owner.opened() as collection:
                for proposal in groups.proposals(collection):
                    assert proposal.keep
                    assert not set(proposal.remove) & {*proposal.keep, *proposal.barred}
                    assert proposal.standing is not Standing.SETTLED or not proposal.remove

    def teardown(self) -> None:
        """Take all back: what nobody else has touched is as it was, byte by byte."""
        if hasattr(self, "begun"):
            self.undo(some=False)
            for name, (content, time) in self.begun.items():
                path = self.top / "music" / name
                if name not in self.foreign:
                    assert path.read_bytes() == content, name
                    assert path.stat().st_mtime_ns == time, name
        shutil.rmtree(self.top)


_MACHINE = settings(
    max_examples=5, stateful_step_count=8, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True
)


def test_a_review_in_a_hostile_world() -> None:
    """Forty steps in any order."""
    run_machine(_MACHINE)


@pytest.mark.slow
def test_a_long_review_in_a_hostile_world() -> None:
    """Two thousand steps."""
    run_machine(settings(_MACHINE, max_examples=100, stateful_step_count=20))


def run_machine(how: settings) -> None:
    """Run the machine; an error of Comet's is no answer that it may give here."""
    from hypothesis.stateful import run_state_machine_as_test  # noqa: PLC0415 - beside its only use

    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("COMET_HOME", os.environ.get("COMET_HOME", ""))
        try:
            run_state_machine_as_test(Review, settings=how)
        except CometError as error:
            raise AssertionError(str(error)) from error
