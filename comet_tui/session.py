"""What the screens ask for, and what they let be done: one profile, opened anew for each question.

Every question may take seconds and belongs into a thread. The rooms that answer load arrays and more, so they are
imported when somebody asks, not before the first screen is painted.
"""

from __future__ import annotations

import asyncio
import os
import shlex
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from comet import jobs, setup
from comet.core import start as starting
from comet.core.errors import CometError, LockedError, UsageError
from comet.core.job import Job
from comet.core.merged import Settled
from comet.core.model import Choice, Decision, Group, Proposal
from comet.core.places import Places
from comet.core.profiles import UNNAMED, Profile
from comet.core.text import _, safe
from comet.jobs import JobState
from comet_tui import found, profiles, reading
from comet_tui.acts import Act
from comet_tui.background import processes
from comet_tui.covered import Covered
from comet_tui.found import Found, Looked, Pair
from comet_tui.profiles import Listing

if TYPE_CHECKING:
    from comet.changes import Outcome
    from comet.collection.aligned import Pairing
    from comet.collection.history import Held, Run
    from comet.collection.merging import Merged
    from comet.collection.opened import Collection
    from comet.collection.state import State


@dataclass(frozen=True, slots=True)
class Stored:
    """What lies in quarantine, and what was done when."""

    profile: Profile
    held: list[Held]
    runs: list[Run]
    spared: list[str]
    """Paths of what was written beside a file and stays there, for it may be nowhere else."""


class Session:
    """One run of the application."""

    def __init__(
        self, places: Places, name: str | None = None, file: str | None = None, typed: Sequence[str] = ()
    ) -> None:
        self._places = places
        self._name = name
        self._file = file
        self._typed = typed
        self._ended: frozenset[str] | None = None
        """The jobs of this profile that had ended when somebody looked last."""
        self.profile_name = name or ""
        """Empty until it is known."""
        self.roots: tuple[str, ...] = ()
        """Its root folders."""
        self.reading = 0
        """Counts up when everything is to be read again."""
        self.acts = 0
        """Counts up with each change that was made from here."""
        self.covered: list[Covered] = []
        """What was done with covers from here and not undone, that done last at the end."""
        self.turn = asyncio.Lock()
        """Held while something is changed: one act after the other, in the order in which they were wished for."""

    def _words(self, verb: str, name: str | None) -> list[str]:
        """Return the words after `comet` that do `verb` for a profile, with the settings of this run."""
        words = [verb]
        words += ["--profile", name] if name else []
        words += ["--profiles", self._file] if self._file else []
        return words + [word for setting in self._typed for word in ("--set", setting)]

    def command(self, verb: str) -> str:
        """Return the command line that does `verb` for this profile."""
        return shlex.join(["comet", *self._words(verb, self._name)])

    def choose(self) -> Profile:
        """Return the profile as it stands now: the one that was named, the default one, or where only that is, `-`.

        Raises:
            UsageError: there is none, or it is not clear which.
            SettingsError: main.ini or the profile is wrong.
        """
        profile = setup.chosen(self._places, self._name, self._file, self._typed)
        self.profile_name, self.roots = profile.name, profile.roots
        if self._ended is None:
            self.notice()
        return profile

    def switch(self, name: str) -> None:
        """Work with another profile from now on; its jobs and those of the one before go on as they are.

        Raises:
            CometError: as `choose`; the profile stays the one that it was.
        """
        setup.chosen(self._places, name, self._file, self._typed)
        self._name = self.profile_name = name
        self._ended = None
        self.reading += 1

    def profiles(self) -> Listing:
        """Return all profiles.

        Raises:
            SettingsError: their file cannot be read.
        """
        with suppress(CometError):  # which one is in use is part of the answer, and that none is no error here
            self.choose()
        return profiles.listing(self._places, self._file, self._typed)

    def check_name(self, name: str) -> None:
        """Refuse a name that a new profile cannot have.

        Raises:
            UsageError: there is one already, or it cannot be called that.
        """
        profiles.check_new(setup.listed(self._places, self._file), name)

    def add(self, name: str, folder: str) -> str:
        """Add a profile with one root folder; return what became of the folder's marker, as a sentence.

        Raises:
            UsageError: its name or folder cannot be.
        """
        return profiles.add(self._places, self._file, name, folder)

    def review(self) -> Found:
        """Bring what was interrupted to an end, and return the groups with what is proposed for each.

        Raises:
            CometError: as `choose`, and where nothing is known yet.
        """
        with self.opened(profile := self.choose()) as collection:
            if not found.many(collection):
                return found.of(collection)
        return reading.read(profile, self._places)

    def state(self) -> State:
        """Return the state of the collection.

        Raises:
            CometError: as `choose`, and where nothing is known yet.
        """
        from comet.collection import state  # noqa: PLC0415 - see above

        with self.opened(self.choose()) as collection:
            return state.of(collection)

    def quarantine(self) -> Stored:
        """Return what is held, oldest first, and the runs, newest first.

        Raises:
            CometError: as `choose`, and where nothing is known yet.
        """
        from comet.collection.history import held, runs, spared  # noqa: PLC0415 - see above

        with self.opened(self.choose()) as collection:
            return Stored(collection.profile, held(collection), runs(collection), spared(collection))

    def undo_run(self, profile: Profile, run: int) -> Outcome | None:
        """Take back what can be taken back of a run; with more than one group it is started as a job, without outcome.

        Raises:
            CometError: nothing was put back.
        """
        from comet.collection import history  # noqa: PLC0415 - see above

        with self.opened(profile) as collection:
            entries = history.undoable(collection, run)
        if len({entry.before.group for entry in entries}) > 1:
            self.start(profile, "undo", str(run), "--yes")
            return None
        return self.undo_entries(profile, [entry.id for entry in entries])

    def looked(self, profile: Profile, proposal: Proposal, settled: Settled, *, chosen: bool) -> Looked:
        """Return what is to be known of a group before it is confirmed, tags and all, for which files may be read.

        Raises:
            CometError: it cannot be said.
        """
        with self.opened(profile) as collection:
            processes()
            return found.looked(collection, proposal, settled, chosen=chosen)

    def confirm(self, profile: Profile, merged: Merged, before: Decision | None, *, touched: bool) -> Act:
        """Write the tags of a group and move what goes into quarantine, and record it where that decides the group.

        Raises:
            CometError: nothing was changed, or a disk is full or broken and the journal says what was.
        """
        from comet import changes  # noqa: PLC0415 - see above

        with self.opened(profile) as collection:
            plan = changes.plan(collection, [merged])
            processes()
            outcome = changes.apply(collection, plan, Job()) if plan.steps else None
            after = changes.confirmed(collection, merged.proposal, outcome, merged.settled, touched=touched)
            return Act(outcome, before, after or before)

    def decide(self, profile: Profile, group: Group, before: Decision | None, choice: Choice | None) -> Act:
        """Record what somebody decided about a group, or with None that nothing is decided any more.

        Raises:
            CometError: it could not be recorded.
        """
        from comet.collection import decisions  # noqa: PLC0415 - see above

        with self.opened(profile) as collection:
            if choice:
                return Act(before=before, after=decisions.decide(collection, group, choice))
            if before:
                decisions.forget(collection, before.id)
            return Act(before=before)

    def undo(self, profile: Profile, act: Act) -> Act:
        """Take an act back: its files, and if all of them are in their places again the decision.

        Raises:
            CometError: nothing was put back.
        """
        from comet.collection import decisions  # noqa: PLC0415 - see above

        entries = [entry.id for entry in act.outcome.done] if act.outcome else []
        outcome = self.undo_entries(profile, entries) if entries else None
        now = act.after
        if act.before != act.after and not (outcome and outcome.failed):
            with self.opened(profile) as collection:
                if act.after and not outcome:  # else it was forgotten with the run, and what was before counts again
                    decisions.forget(collection, act.after.id)
                now = act.before
        return Act(outcome, act.after, now)

    def folders(self) -> tuple[Profile, list[Pair]]:
        """Return the pairs of folders that hold the same tracks, those that free most first, and whose they are.

        Raises:
            CometError: as `choose`, and where nothing is known yet.
        """
        with self.opened(self.choose()) as collection:
            return collection.profile, found.folders(collection)

    def keep_folder(self, profile: Profile, pair: Pair) -> int:
        """Start the job that keeps one folder over others, and return the number of the last run before it.

        Raises:
            LockedError: another job of this profile runs.
        """
        with self.opened(profile) as collection:
            last = found.last_run(collection)
        over = [word for name in pair.over for word in ("--over", name)]
        self.start(profile, "folders", "--keep", pair.keep, *over, "--yes", alone=True)
        return last

    def undo_since(self, profile: Profile, run: int) -> bool:
        """Take back what the first run after this one moved; return False where there is nothing of it.

        Raises:
            CometError: nothing was put back.
        """
        with self.opened(profile) as collection:
            following = found.following_run(collection, run)
        if following:
            self.undo_run(profile, following)
        return bool(following)

    def answer(self, verb: str, *more: str) -> str:
        """Return what `comet VERB` prints for this profile, asked in a process of its own.

        Raises:
            UsageError: it did not answer; why, in its words.
        """
        words = starting.command("comet", *self._words(verb, self._name), *more)
        env = starting.environment(PYTHONIOENCODING="utf-8")
        run = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, check=False, env=env)
        if run.returncode:
            error = _("error: {message}").format(message="")  # behind what it had to say on its way
            message, _break, hint = run.stderr.decode("utf-8", "replace").rpartition(error)[2].strip().partition("\n")
            raise UsageError(message, hint=hint.partition(": ")[2])
        return run.stdout.decode("utf-8", "replace")

    def set(self, key: str, text: str, name: str = "") -> str:
        """Let a value of a profile, that in use or another, be another one; return the file where it stands.

        Raises:
            CometError: that cannot be its value, or the file cannot be read or written.
        """
        file = setup.keep(self._places, name or self.choose().name, self._file, key, text)
        self.reading += 1
        return file

    def rewrite(self, text: str, before: str) -> None:
        """Let the file of profiles be another text, if it still is the one that was read `before`.

        Raises:
            CometError: it is not, or something in the other is wrong; it stays as it is.
        """
        setup.rewrite(self._places, self._file, text, before)
        self.reading += 1

    def make_default(self, name: str) -> None:
        """Let a profile be the one that is meant where none is named.

        Raises:
            SettingsError: their file cannot be read.
        """
        self._name = self._name or self.profile_name or None  # what is in use stays it
        setup.make_default(self._places, self._file, name)
        self.reading += 1

    def aligned(self, one: str, other: str) -> Pairing:
        """Return two files of the collection, laid along each other.

        Raises:
            CometError: it cannot be said.
        """
        from comet.collection import aligned  # noqa: PLC0415 - see above

        with self.opened(self.choose()) as collection:
            return aligned.of(collection, one, other)

    def undo_entries(self, profile: Profile, entries: Sequence[int]) -> Outcome:
        """Take back what some journal entries tell of.

        Raises:
            CometError: nothing was put back.
        """
        from comet import changes  # noqa: PLC0415 - see above

        with self.opened(profile) as collection:
            processes()
            return changes.undo(collection, entries, Job())

    def job(self) -> JobState | None:
        """Return the job of this profile that runs, else the one that ran last."""
        found = self._jobs()
        return next((job for job in found if job.runs), found[0] if found else None)

    def all_jobs(self) -> list[JobState]:
        """Return the jobs of all profiles, newest first."""
        names = sorted(os.listdir(self._places.state)) if os.path.isdir(self._places.state) else []
        return jobs.listed(*map(self._places.profile, names))

    def notice(self) -> None:
        """Let everything be read again if a job of this profile has ended since somebody looked last."""
        if not self.profile_name:
            return
        before, self._ended = self._ended, frozenset(job.id for job in self._jobs() if not job.runs)
        if before is not None and self._ended - before:
            self.reading += 1

    def log(self, job: JobState) -> list[str]:
        """Return what a job without a terminal has printed, the last lines of it."""
        with suppress(OSError), open(os.path.join(job.folder, "log"), "rb") as stream:
            stream.seek(max(0, os.fstat(stream.fileno()).st_size - 20_000))  # bytes that are shown
            return stream.read().decode("utf-8", "replace").splitlines()
        return []

    def start(self, profile: Profile, verb: str, *more: str, alone: bool = False) -> str:
        """Start `comet VERB` for a profile as a job of its own, and return its folder.

        Raises:
            LockedError: a job of this profile runs, and this one has to be `alone`.
        """
        running = next((job for job in self._jobs() if job.runs), None)
        if alone and running:
            raise LockedError(
                _("job `{id}` of this profile runs: comet {command}").format(
                    id=safe(running.id), command=safe(running.command)
                ),
                hint=_("wait for it, or stop it with s"),
            )
        # by name, for another one may be the default by now
        words = self._words(verb, profile.name if profile.name != UNNAMED else self._name)
        return jobs.start(self._places.profile(profile.name), [*words, *more])

    def _jobs(self) -> list[JobState]:
        return jobs.listed(self._places.profile(self.profile_name)) if self.profile_name else []

    @contextmanager
    def opened(self, profile: Profile) -> Iterator[Collection]:
        """Open the collection of a profile."""
        from comet.collection.opened import opened  # noqa: PLC0415 - see above

        with opened(profile, self._places) as collection:
            yield collection
