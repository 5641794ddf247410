"""Bringing to an end what was begun: after a crash, or after a step that failed half way.

The disk is read first, and nothing is guessed: where it cannot be read, an entry stays `intended` and is looked at
again the next time.
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress

from comet.act import posix, vault
from comet.act.ground import Ground, Hearing
from comet.core.acts import Do, Entry, Kind, State
from comet.core.errors import BrokenError, FileError, LockedError, RefusedError
from comet.core.text import _, safe


def recover(ground: Ground) -> list[Entry]:
    """Settle every entry that was begun and not ended, and return them as they are now.

    An entry whose process is alive is left to it: that holds the lock. One whose root is away waits until it is back.
    """
    settled = []
    for entry in ground.journal.pending():
        try:
            root = ground.root(entry.before.file)
            with ground.locked(root):
                if ground.journal.entry(entry.id).state is State.INTENDED:
                    _settle(ground, root, entry)
                    settled.append(ground.journal.entry(entry.id))
        except (FileError, LockedError, OSError):
            continue
    return settled


def _settle(ground: Ground, root: bytes, entry: Entry) -> None:
    _sweep(ground, root, entry)
    if entry.kind is Kind.PLACE:
        settle_placing(ground, root, entry, _("it was interrupted"))
    elif entry.before.do is Do.PLACE:
        settle_withdrawal(ground, root, entry, _("it was interrupted before the file was moved away"))
    elif "temp" in entry.after:
        settle_rewriting(ground, root, entry, _("it was interrupted"))
    elif entry.kind is Kind.REMOVE:
        _settle_removal(ground, root, entry)
    elif entry.kind is Kind.UNDO:
        settle_undo(ground, root, entry, _("it was interrupted before the file was moved back"))
    else:
        settle_purge(ground, root, entry, _("it was interrupted before it was deleted"))


def _sweep(ground: Ground, root: bytes, entry: Entry) -> None:
    """Take away the probes that a crash may have left."""
    step = entry.before
    made = {(root, os.path.dirname(step.file.path))}
    if entry.kind is Kind.PURGE:
        made.add((root, os.path.dirname(os.fsencode(entry.after["held"]))))
    keepers = [*([step.keeper] if step.keeper else []), *(ground.kept(step) if entry.kind is Kind.PURGE else [])]
    made.update((ground.roots[each.root], os.path.dirname(each.path)) for each in keepers if each.root in ground.roots)
    for top, folder in made:
        with suppress(FileError):  # what cannot be swept is litter, and must not keep the entry open
            vault.sweep(top, folder)


def _end(ground: Ground, entry: Entry, error: str = "") -> None:
    ground.journal.settle(entry.id, State.FAILED if error else State.DONE, error)


def _settle_removal(ground: Ground, root: bytes, entry: Entry) -> None:
    """A file that was moved stays held if its keeper is what it was, else it is put back."""
    step = entry.before
    if not vault.holds(root, os.fsencode(entry.after["held"])):
        take_back(ground, root, entry, _("it was interrupted before the file was moved"))
        return
    try:
        if step.keeper is None:
            raise RefusedError(os.fsdecode(step.file.path), _("its keeper is not known"))
        Hearing(ground).of(step.keeper)
    except FileError as error:
        take_back(ground, root, entry, _("the file to keep could not be read again: {why}").format(why=error.reason))
    else:
        _end(ground, entry)


def take_back(ground: Ground, root: bytes, entry: Entry, reason: str) -> None:
    """Put the file of a removal that failed for this `reason` back, if it was moved, and write down what came of it.

    Raises:
        BrokenError: it is neither at its place nor in quarantine.
        FileError: it cannot be put back; the entry stays as it is.
    """
    path, held = entry.before.file.path, os.fsencode(entry.after["held"])
    there, kept = posix.exists(root, path), vault.holds(root, held)
    if kept and there:  # somebody has put another file in its place: the one that is held must not be lost sight of
        ground.journal.settle(entry.id, State.DONE, reason)
        return
    if kept:
        vault.restore(root, held, path)
    elif not there:
        error = _("it is neither in its place nor in quarantine")
        ground.journal.settle(entry.id, State.FAILED, error)
        raise BrokenError(
            _("`{path}`: {error}").format(path=safe(os.path.join(root, path)), error=error),
            hint=_("it should lie in `{place}`; was it moved by somebody else?").format(
                place=safe(os.path.join(root, held))
            ),
        )
    _end(ground, entry, reason)


def settle_undo(ground: Ground, root: bytes, entry: Entry, reason: str) -> None:
    """Find out whether a file was moved back and write it down; if it was not, it was for this `reason`.

    Raises:
        OSError: that cannot be told; the entry stays as it is.
    """
    held = os.fsencode(entry.after["held"])
    there, kept = posix.exists(root, entry.before.file.path), vault.holds(root, held)
    if there and not kept:
        _end(ground, entry)
    elif kept:
        _end(ground, entry, reason)
    else:
        _end(ground, entry, _("it is neither in its place nor in quarantine"))


def settle_purge(ground: Ground, root: bytes, entry: Entry, reason: str) -> None:
    """Find out whether a file was deleted and write it down; raises as `settle_undo`."""
    _end(ground, entry, reason if vault.holds(root, os.fsencode(entry.after["held"])) else "")


def settle_rewriting(ground: Ground, root: bytes, entry: Entry, reason: str) -> None:
    """Find out whether a file got its new content, bring that to its end, and write it down.

    Raises:
        OSError: it cannot be read; the entry stays as it is, and so does its temp.
    """
    path, temp = entry.before.file.path, os.fsencode(entry.after["temp"])
    folder = os.path.dirname(path)
    beside = os.path.join(folder, temp)
    if not posix.exists(root, path) and posix.exists(root, beside):
        # a network file system had moved the old one away when it failed to move the new one in
        if posix.digest_of(root, beside) != entry.after["hash"]:
            _end(ground, entry, _("it is gone, and what was to take its place is not whole"))
            return
        vault.finish(root, path, temp)
    now = _digest_at(root, path)
    vault.sweep(root, folder, temp)
    _end(ground, entry, "" if now == entry.after["hash"] else reason)


def settle_placing(ground: Ground, root: bytes, entry: Entry, reason: str) -> None:
    """Find out whether a file was put in its place, bring back what it was to replace if not, and write it down.

    Raises:
        FileError, OSError: that cannot be told or done; the entry stays as it is.
    """
    path, after = entry.before.file.path, entry.after
    placed = _digest_at(root, path) == after["hash"]
    vault.sweep(root, os.path.dirname(path), os.fsencode(after["temp"]))
    if not placed:
        _before_placing(root, entry)
    _end(ground, entry, "" if placed else reason)


def settle_withdrawal(ground: Ground, root: bytes, entry: Entry, reason: str) -> None:
    """Find out whether a file that was placed is held, bring back what was there before if so; as `settle_placing`."""
    withdrawn = "withdrawn" not in entry.after or vault.holds(root, os.fsencode(entry.after["withdrawn"]))
    if withdrawn:
        _before_placing(root, entry)
    _end(ground, entry, "" if withdrawn else reason)


def _before_placing(root: bytes, entry: Entry) -> None:
    """Bring back what was replaced, and take away folders that were made, where there is any of it."""
    path, after = entry.before.file.path, entry.after
    if "replaced" in after and vault.holds(root, replaced := os.fsencode(after["replaced"])):
        vault.restore(root, replaced, path)
    if "made" in after:
        vault.prune(root, os.path.dirname(path), os.path.dirname(os.fsencode(after["made"])))


def _digest_at(root: bytes, path: bytes) -> str:
    """Return what a content is recognised by, empty where something else stands in its place, or nothing."""
    try:
        return posix.digest_of(root, path) if posix.exists(root, path) else ""
    except OSError as error:
        if error.errno not in (errno.ELOOP, errno.EINVAL):
            raise
        return ""
