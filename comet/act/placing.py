"""Putting a file that was made elsewhere where none is, or in place of one that is named by its content, and back.

It is written beside its place, read back, and moved there without ever taking the place of another one. What it is to
replace is moved into quarantine before; taken back, it lies there itself, and the old one is where it was.
"""

from __future__ import annotations

import os
import secrets

from comet.act import posix, recovery, vault
from comet.act.ground import reason, refuse_full
from comet.act.rewriting import Writer
from comet.core.acts import Content, Entry, Kind, State, Step
from comet.core.errors import FileError, RefusedError
from comet.core.text import _, safe


class Placer(Writer):
    """One run's way to place files; each method takes one step. FileError and OSError say why it was not taken."""

    def place(self, step: Step) -> None:
        """Put a file where the step says; where that content is already nothing is done."""
        root, path = self._ground.root(step.file), step.file.path
        name = os.fsdecode(os.path.join(root, path))
        if step.staged is None:
            raise RefusedError(name, _("the plan does not say what is to be put there"))
        self._refuse_protected(step.file, name)
        with self._ground.locked(root):
            there = posix.digest_of(root, path) if posix.exists(root, path) else ""
            if there == step.staged.hash:
                return  # an earlier run of the same plan came so far
            if there and there != step.replaces:
                raise RefusedError(name, _("something else is in its place by now; move that away first"))
            _refuse_changed(step.staged, name)
            seen = posix.look(root, path) if there else None
            temp = posix.temp_for(path)
            new = os.path.join(os.path.dirname(path), temp)
            after = {"hash": step.staged.hash, "temp": os.fsdecode(temp)}
            if seen is not None:
                after |= {"replaced": self._held_at(root, path), "held_size": str(seen.size)}
            if made := posix.missing(root, os.path.dirname(path)):
                after["made"] = os.fsdecode(made)
            entry = self._intend(Kind.PLACE, step, after=after)
            try:
                vault.stage(root, path, step.staged.path, temp, step.file.mtime_ns, over=seen is not None)
                placed = self._verify(root, step, new, step.staged.hash)
                if seen is not None:
                    vault.quarantine(root, path, os.fsencode(after["replaced"]), seen)
                vault.finish(root, path, temp)
            except (FileError, OSError) as error:
                recovery.settle_placing(self._ground, root, entry, reason(error))
                refuse_full(error, os.path.join(root, path))
            else:
                self._journal.settle(entry.id, State.DONE, after=recovery.became(placed))
            self._hearing.forget(step.file.place)

    def undo(self, entry: Entry) -> None:
        """Move a file that was placed into quarantine, and what it replaced back."""
        root, path = self._ground.root(entry.before.file), entry.before.file.path
        name = os.fsdecode(os.path.join(root, path))
        self._refuse_protected(entry.before.file, name)
        with self._ground.locked(root):
            after = {key: entry.after[key] for key in ("hash", "replaced", "made") if key in entry.after}
            seen = posix.look(root, path) if posix.exists(root, path) else None
            if seen is not None:
                self._refuse_touched(root, entry)
                after |= {"withdrawn": self._held_at(root, path), "held_size": str(seen.size)}
            undoing = self._intend(Kind.UNDO, entry.before, after=after, of=entry.id)
            try:
                if seen is not None:
                    vault.quarantine(root, path, os.fsencode(after["withdrawn"]), seen)
                recovery.settle_withdrawal(self._ground, root, undoing, "")
            except (FileError, OSError) as error:
                recovery.settle_withdrawal(self._ground, root, undoing, reason(error))
                refuse_full(error, os.path.join(root, path))
            self._hearing.forget(entry.before.file.place)

    def witness(self, root: bytes, entry: Entry) -> None:
        """Read a file that is held for a placing, and what stands in its place: only then may it be purged.

        What was replaced goes while what replaced it is there, or what replaced that. What was taken back came from
        elsewhere, and nothing stands for it: it has to be what it was.

        Raises:
            RefusedError: it is not so.
        """
        name = os.fsdecode(os.path.join(root, path := entry.before.file.path))
        mine = entry.before.replaces if entry.kind is Kind.PLACE else entry.after["hash"]
        if posix.digest_of(root, os.fsencode(entry.held)) != mine:
            raise RefusedError(name, _("it stays in quarantine: it was changed there"))
        if entry.kind is not Kind.PLACE:
            return
        last = self._journal.placed(entry.before.file.place)
        if last.before.file.audio:
            self._hearing.of(last.before.file)  # by its sound, for its tags may have been written since
        elif (there := posix.known(root, path)) is None or there[1] != last.after["hash"]:
            raise RefusedError(name, _("it stays in quarantine: what was put in its place is gone or was changed"))

    def _refuse_touched(self, root: bytes, entry: Entry) -> None:
        """Refuse to move a file away that is not any more what was placed."""
        if posix.digest_of(root, path := entry.before.file.path) != entry.after["hash"]:
            raise RefusedError(os.fsdecode(os.path.join(root, path)), _("it was changed since it was put there"))

    def _held_at(self, root: bytes, path: bytes) -> str:
        """Return where a file would be held: one run may place, replace and withdraw at one path."""
        return os.fsdecode(vault.held_at(root, path, f"{self._journal.id}-{secrets.token_hex(8)}"))


def _refuse_changed(staged: Content, name: str) -> None:
    """Refuse to place what is not what it was when this was planned."""
    told = _("what is to be put there, `{path}`: {why}")
    try:
        found = posix.digest_of(*os.path.split(staged.path))
    except OSError as error:
        raise RefusedError(name, told.format(path=safe(staged.path), why=posix.why(error))) from error
    if found != staged.hash:
        why = _("it was changed since this was planned")
        raise RefusedError(name, told.format(path=safe(staged.path), why=why))
