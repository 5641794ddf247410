"""Applying a plan, undoing it, purging: what the faces and the pipeline may ask to have done under a root.

Theorem to keep: nothing that Comet has seen is destroyed unless, at that moment, a distinct survivor was opened and
read again. So a file is removed by moving it into quarantine, after it and its keeper were read whole, and only a
purge deletes, after the keeper was read once more. Each step stands in the journal before it is taken.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, Final, TypeVar

from comet.act import aliases, posix, recovery, vault
from comet.act.ground import Ground, Hearing, reason, refuse_full
from comet.act.placing import Placer
from comet.act.posix import Seen
from comet.act.recovery import recover
from comet.act.rewriting import Rewriter
from comet.core.acts import Do, Entry, Kind, Plan, State, Step
from comet.core.errors import FileError, RefusedError
from comet.core.job import Job
from comet.core.model import Identity, Place, Stage
from comet.core.text import _
from comet.core.times import same_time

__all__ = ["apply", "is_copy", "mark_root", "purge", "recover", "undo", "unmarked"]

_T = TypeVar("_T")

_BATCH: Final = 64
"""Steps whose files are read before the first of them is taken, so that several processes can read."""


def mark_root(root: bytes, identity: str = "") -> str:
    """Return the id of a root folder's marker, made where there is none; empty where it cannot be written."""
    try:
        return vault.mark(root, identity)
    except FileError:
        return ""  # a read-only root is scanned all the same, only never acted on


def unmarked(root: bytes) -> str:
    """Return why a root folder that has no marker can get none now, as a sentence; empty where it has one since."""
    try:
        vault.mark(root)
    except FileError as error:
        return error.reason
    return ""


def is_copy(one: bytes, other: bytes) -> bool:
    """Tell whether two root folders with the same marker are a folder and its copy, not two views of one."""
    try:
        return not vault.same_folder(one, other)
    except FileError:
        return False  # where it cannot be found out, it is left alone


def apply(ground: Ground, plan: Plan, job: Job) -> int:
    """Take the steps of a plan and return the run's number; what became of each stands in the journal.

    Raises:
        Stopped: somebody asked; the steps that were taken stay taken.
        LockedError: another process changes files for longer than a step takes.
        NoSpaceError: a disk is full.
        BrokenError: a file is neither in its place nor in quarantine.
    """
    run = _Run(ground, "apply", plan)
    keepers = {step.keeper.place for step in plan.steps if step.keeper is not None}
    with job.stage(Stage.APPLY, len(plan.steps)) as advance:
        for batch in _batches(plan.steps):
            run.hearing.hear(file for step in batch for file in _files(step))
            for step in batch:
                if step.do is Do.REMOVE:
                    run.remove(step, keepers)
                else:
                    run.write(step)
                advance(1, os.fsdecode(step.file.path))
    return run.id


def undo(ground: Ground, entries: Iterable[int], job: Job) -> int:
    """Undo entries, the newest first, and return the run's number; raises as `apply`, and UsageError for a wrong id."""
    found = [ground.journal.entry(number) for number in sorted(set(entries), reverse=True)]
    run = _Run(ground, "undo")
    with job.stage(Stage.UNDO, len(found)) as advance:
        for entry in found:
            run.undo(entry)
            advance(1, os.fsdecode(entry.before.file.path))
    return run.id


def purge(ground: Ground, entries: Iterable[int], job: Job) -> int:
    """Delete files that are held, each after what was kept in its place has been read again; raises as `undo`."""
    found = [ground.journal.entry(number) for number in sorted(set(entries))]
    run = _Run(ground, "purge")
    with job.stage(Stage.PURGE, len(found)) as advance:
        for batch in _batches(found):
            run.hearing.hear(keeper for entry in batch for keeper in islice(ground.kept(entry.before), 1))
            for entry in batch:
                run.purge(entry)
                advance(1, os.fsdecode(entry.before.file.path))
    return run.id


def _batches(items: Sequence[_T]) -> Iterator[list[_T]]:
    rest = iter(items)
    while batch := list(islice(rest, _BATCH)):
        yield batch


def _files(step: Step) -> list[Identity]:
    heard = step.file if step.file.audio and step.do is not Do.PLACE else None
    return [file for file in (heard, step.keeper) if file is not None]


class _Run:
    """One run: each method takes one step and writes down what became of it."""

    def __init__(self, ground: Ground, kind: str, plan: Plan | None = None) -> None:
        self._ground = ground
        self._journal = ground.journal
        self.hearing = Hearing(ground)
        self.id = self._journal.begin(kind, plan)
        ground.began(self.id)
        self._number = 0
        self._untagged: set[str] = set()
        """Groups whose tags could not be written: those of a file that went would be nowhere else."""
        self._rewriter = Rewriter(ground, self.hearing, self._intend)
        self._placer = Placer(ground, self.hearing, self._intend)

    def remove(self, step: Step, keepers: set[Place]) -> None:
        """Move a file into quarantine; `keepers` are the files that the plan says stay."""
        if self._journal.holds(step.file) and not self._put_back(step.file):
            return  # an earlier run of the same plan came so far
        root = b""
        try:
            root = self._ground.root(step.file)
            with self._ground.locked(root):
                seen, kept = self._checked(step, keepers)
                held = vault.held_at(root, step.file.path, self._journal.folder(self.id))
                if vault.holds(root, held):  # of another journal with the same id: an old copy was put back
                    raise RefusedError(os.fsdecode(step.file.path), _("another file is held in its name already"))
                entry = self._intend(Kind.REMOVE, step, after={"held": os.fsdecode(held)})
                try:
                    self._move(root, step, held, seen, kept)
                except (FileError, OSError) as error:
                    recovery.take_back(self._ground, root, entry, reason(error))
                    refuse_full(error, os.path.join(root, step.file.path))
                else:
                    self._journal.settle(entry.id, State.DONE)
        except (FileError, OSError) as error:
            self._refuse(Kind.REMOVE, step, reason(error))
            refuse_full(error, os.path.join(root, step.file.path))

    def _put_back(self, file: Identity) -> bool:
        """Tell whether somebody has put a copy of a file that is held in its place."""
        root = self._ground.roots.get(file.root)
        try:
            return root is not None and posix.exists(root, file.path)
        except OSError:
            return False

    def _checked(self, step: Step, keepers: set[Place]) -> tuple[Seen, Seen]:
        """Return how the file and its keeper stand, both as they were when this was decided."""
        file, keeper = step.file, step.keeper
        name = os.fsdecode(file.path)
        if keeper is None:
            raise RefusedError(name, _("the plan names no file to keep in its place"))
        if step.group in self._untagged:
            raise RefusedError(name, _("the tags of its group could not be written, so it stays"))
        if file.place in keepers:
            raise RefusedError(name, _("the same plan keeps it in place of another file"))
        if self._ground.protected(file.place):
            raise RefusedError(name, _("it lies in a reference folder, where nothing is changed"))
        if differ := self._ground.differ(file.audio, keeper.audio):
            raise RefusedError(name, differ)
        self._refuse_relied_on(file, keeper)
        try:
            kept = self.hearing.of(keeper)
        except FileError as error:
            told = _("the file to keep, `{path}`: {why}")
            raise RefusedError(name, told.format(path=os.fsdecode(keeper.path), why=error.reason)) from error
        seen = self.hearing.of(file)
        if (seen.device, seen.inode) == (kept.device, kept.inode):
            raise RefusedError(name, _("it and the file to keep are one file"))
        if seen.links > 1:
            raise RefusedError(name, _("it has {n} names (hard links), so nothing would be freed").format(n=seen.links))
        return seen, kept

    def _refuse_relied_on(self, file: Identity, keeper: Identity) -> None:
        """Refuse to remove what another file was removed for, if the new keeper is not the same as that one too."""
        for entry in self._journal.relying(file):
            if self._ground.differ(entry.before.file.audio, keeper.audio):
                told = _("it was kept in place of `{path}`, and the file to keep now is not the same recording as that")
                raise RefusedError(os.fsdecode(file.path), told.format(path=os.fsdecode(entry.before.file.path)))

    def _move(self, root: bytes, step: Step, held: bytes, seen: Seen, kept: Seen) -> None:
        file, keeper = step.file, step.keeper
        assert keeper is not None  # noqa: S101 - `_checked` has refused it
        keeper_root = self._ground.root(keeper)
        if seen.size == kept.size:  # else they cannot be one file seen twice
            aliases.refuse(root, file.path, keeper_root, keeper.path)
        vault.quarantine(root, file.path, held, seen)
        try:
            same = posix.look(keeper_root, keeper.path) == kept
        except OSError:
            same = False
        if not same:
            raise RefusedError(
                os.fsdecode(file.path),
                _("the file to keep went away or changed as this one was moved; it was put back"),
            )

    def write(self, step: Step) -> None:
        """Give a playlist or a track another content, or place a file."""
        kind, take = {
            Do.REPOINT: (Kind.REPOINT, self._rewriter.repoint),
            Do.WRITE_TAGS: (Kind.WRITE_TAGS, self._tag),
            Do.EMBED: (Kind.WRITE_TAGS, self._tag),
            Do.PLACE: (Kind.PLACE, self._placer.place),
        }[step.do]
        try:
            take(step)
        except (FileError, OSError) as error:
            self._refuse(kind, step, reason(error))
            refuse_full(error, os.path.join(self._ground.roots.get(step.file.root, b""), step.file.path))

    def _tag(self, step: Step) -> None:
        written = False
        try:
            written = self._rewriter.tags(step)
        finally:
            if step.group and not written:
                self._untagged.add(step.group)

    def undo(self, entry: Entry) -> None:
        """Take back what an entry did."""
        step = entry.before
        if not self._journal.can_undo(entry.id):
            self._refuse(Kind.UNDO, step, _("there is nothing to undo any more"), entry.id)
            return
        try:
            root = self._ground.root(step.file)
            if entry.kind is not Kind.REMOVE:
                (self._placer if entry.kind is Kind.PLACE else self._rewriter).undo(entry)
                return
            with self._ground.locked(root):
                held = entry.after["held"]
                undoing = self._intend(Kind.UNDO, step, after={"held": held}, of=entry.id)
                try:
                    vault.restore(root, os.fsencode(held), step.file.path)
                    seen = posix.look(root, step.file.path)
                except (FileError, OSError) as error:
                    recovery.settle_undo(self._ground, root, undoing, reason(error))
                    refuse_full(error, os.path.join(root, step.file.path))
                else:
                    was = self._journal.now(step.file)  # tags may have been written into it before it went
                    same = seen.size == was.size and same_time(was.mtime_ns, seen.mtime_ns)
                    changed = _("it was changed while it was held, and is back as it was there")
                    self._journal.settle(undoing.id, State.DONE, "" if same else changed)
        except (FileError, OSError) as error:
            self._refuse(Kind.UNDO, step, reason(error), entry.id)

    def purge(self, entry: Entry) -> None:
        """Delete a file that is held, if what was kept in its place can be read."""
        step = replace(entry.before, file=entry.moved)
        try:
            root = self._ground.root(step.file)
            with self._ground.locked(root):  # another process may have put it back until now
                if not self._journal.is_held(entry.id):
                    raise RefusedError(os.fsdecode(step.file.path), _("it does not lie in quarantine"))
                held = os.fsencode(entry.held)
                if not vault.holds(root, held):
                    raise RefusedError(os.fsdecode(step.file.path), _("it is not in quarantine; was it moved by hand?"))
                purging = self._intend(Kind.PURGE, step, after={"held": entry.held}, of=entry.id)
                try:
                    if entry.kind is Kind.REMOVE:
                        self._witness(root, held, step)
                    else:
                        self._placer.witness(root, entry)
                    vault.purge(root, held)
                except (FileError, OSError) as error:
                    recovery.settle_purge(self._ground, root, purging, reason(error))
                else:
                    self._journal.settle(purging.id, State.DONE)
        except (FileError, OSError) as error:
            self._refuse(Kind.PURGE, step, reason(error), entry.id)

    def _witness(self, root: bytes, held: bytes, step: Step) -> None:
        """Read what was kept in place of a file that is held.

        Raises:
            RefusedError: nothing that was can be found, or it is this very file.
        """
        name = os.fsdecode(step.file.path)
        reason = _("what was kept in its place was removed too, for what is not the same recording as this")
        mine = posix.look(root, held)
        if mine.size != step.file.size or not same_time(step.file.mtime_ns, mine.mtime_ns):
            raise RefusedError(name, _("it stays in quarantine: it was changed there"))
        for keeper in self._ground.kept(step):
            try:
                seen = self.hearing.of(keeper)
                keeper_root = self._ground.root(keeper)
                if (seen.device, seen.inode) == (mine.device, mine.inode):
                    raise RefusedError(name, _("it and the file that was kept are one file"))
                if seen.size == mine.size:
                    aliases.refuse(root, held, keeper_root, keeper.path)
            except FileError as error:
                reason = _("what was kept in its place, `{path}`: {why}").format(
                    path=os.fsdecode(keeper.path), why=error.reason
                )
            else:
                return
        raise RefusedError(name, _("it stays in quarantine: {reason}").format(reason=reason))

    def _intend(self, kind: Kind, step: Step, **more: Any) -> Entry:  # noqa: ANN401 - what the journal takes
        self._number += 1
        return self._journal.entry(self._journal.intend(self.id, self._number, kind, step, **more))

    def _refuse(self, kind: Kind, step: Step, reason: str, of: int = 0) -> None:
        self._number += 1
        self._journal.intend(self.id, self._number, kind, step, refused=reason, of=of)
