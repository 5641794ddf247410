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
            token = secrets.token_hex(8)
            temp = b".comet-" + token.encode() + os.path.splitext(path)[1]
            after = {"hash": step.staged.hash, "temp": os.fsdecode(temp)}
            if there:
                after["replaced"] = os.fsdecode(self._held_at(root, path, token))
            if made := posix.missing(root, os.path.dirname(path)):
                after["made"] = os.fsdecode(made)
            entry = self._intend(Kind.PLACE, step, after=after)
            try:
                vault.stage(root, path, step.staged.path, temp, step.file.mtime_ns)
                self._verify(root, step, os.path.join(os.path.dirname(path), temp), step.staged.hash)
                if seen is not None:
                    vault.quarantine(root, path, os.fsencode(after["replaced"]), seen)
                vault.finish(root, path, temp)
            except (FileError, OSError) as error:
                recovery.settle_placing(self._ground, root, entry, reason(error))
                refuse_full(error, root)
            else:
                self._journal.settle(entry.id, State.DONE)
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
                after["withdrawn"] = os.fsdecode(self._held_at(root, path, secrets.token_hex(8)))
            undoing = self._intend(Kind.UNDO, entry.before, after=after, of=entry.id)
            try:
                if seen is not None:
                    vault.quarantine(root, path, os.fsencode(after["withdrawn"]), seen)
                recovery.settle_withdrawal(self._ground, root, undoing, "")
            except (FileError, OSError) as error:
                recovery.settle_withdrawal(self._ground, root, undoing, reason(error))
                refuse_full(error, root)
            self._hearing.forget(entry.before.file.place)

    def _refuse_touched(self, root: bytes, entry: Entry) -> None:
        """Refuse to move a file away that is not any more what was placed."""
        if posix.digest_of(root, path := entry.before.file.path) != entry.after["hash"]:
            raise RefusedError(os.fsdecode(os.path.join(root, path)), _("it was changed since it was put there"))

    def _held_at(self, root: bytes, path: bytes, token: str) -> bytes:
        """Return where a file would be held: one run may place, replace and withdraw at one path."""
        return vault.held_at(root, path, f"{self._journal.id}-{token}")


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
