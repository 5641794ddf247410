"""Bringing to an end what was begun: after a crash, or after a step that failed half way.

The disk is read first, and nothing is guessed: where it cannot be read, an entry stays `intended` and is looked at
again the next time.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress

from comet.act import posix, vault
from comet.act.ground import Ground, Hearing
from comet.act.posix import Seen
from comet.core.acts import Content, Do, Entry, Kind, State
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
    if entry.kind is Kind.PURGE:
        settle_purge(ground, root, entry, _("it was interrupted before it was deleted"))
    elif entry.kind is Kind.PLACE:
        settle_placing(ground, root, entry, _("it was interrupted"))
    elif entry.before.do is Do.PLACE:
        settle_withdrawal(ground, root, entry, _("it was interrupted before the file was moved away"))
    elif "temp" in entry.after:
        settle_rewriting(ground, root, entry, _("it was interrupted"))
    elif entry.kind is Kind.REMOVE:
        _settle_removal(ground, root, entry)
    else:
        settle_undo(ground, root, entry, _("it was interrupted before the file was moved back"))


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


def _end(ground: Ground, root: bytes, entry: Entry, error: str = "", after: Mapping[str, str] | None = None) -> None:
    """Write down how an entry ended, after the folders in quarantine are gone that nothing came into or is left in."""
    for key in ("held", "replaced", "withdrawn"):
        if key in entry.after:
            vault.tidy(root, os.fsencode(entry.after[key]))
    ground.journal.settle(entry.id, State.FAILED if error else State.DONE, error, after)


def became(seen: Seen) -> dict[str, str]:
    """Return how a file that was written or placed stands, as its entry says it: its time may have been rounded."""
    return {"size": str(seen.size), "mtime_ns": str(seen.mtime_ns)}


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
        _end(ground, root, entry)


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
    _end(ground, root, entry, reason)


def settle_undo(ground: Ground, root: bytes, entry: Entry, reason: str) -> None:
    """Find out whether a file was moved back and write it down; if it was not, it was for this `reason`.

    Raises:
        OSError: that cannot be told; the entry stays as it is.
    """
    held = os.fsencode(entry.after["held"])
    there, kept = posix.exists(root, entry.before.file.path), vault.holds(root, held)
    if there and not kept:
        _end(ground, root, entry)
    else:
        _end(ground, root, entry, reason if kept else _("it is neither in its place nor in quarantine"))


def settle_purge(ground: Ground, root: bytes, entry: Entry, reason: str) -> None:
    """Find out whether a file was deleted and write it down; raises as `settle_undo`."""
    _end(ground, root, entry, reason if vault.holds(root, os.fsencode(entry.after["held"])) else "")


def settle_rewriting(ground: Ground, root: bytes, entry: Entry, reason: str) -> None:
    """Find out whether a file got its new content, bring that to its end, and write it down.

    After an exchange the temp is what the file was. Where somebody has written into the file since, so that neither
    content stands there, it stays, and the entry names it.

    Raises:
        FileError, OSError: that cannot be told or done; the entry stays as it is, and so does its temp.
    """
    path, temp = entry.before.file.path, os.fsencode(entry.after["temp"])
    old_hash, new_hash = str(entry.reverse["hash"]), entry.after["hash"]
    beside = os.path.join(os.path.dirname(path), temp)
    if not posix.exists(root, path) and posix.exists(root, beside):
        # a network file system had moved the old one away when it failed to move the new one in
        if posix.digest_of(root, beside) not in (new_hash, old_hash):
            _end(ground, root, entry, _("it is gone, and what was to take its place is not whole"))
            return
        vault.finish(root, path, temp)
    seen = _now(root, path, new_hash)
    try:
        if seen is not None:
            vault.retire(root, path, temp, old_hash)
    except RefusedError as error:
        seen, reason = None, error.reason
    spare = seen is not None or _now(root, path, old_hash) is not None or _now(root, beside, new_hash) is not None
    reason += _swept(root, beside, spare=spare)
    _end(ground, root, entry, reason if seen is None else "", became(seen) if seen is not None else None)


def settle_placing(ground: Ground, root: bytes, entry: Entry, reason: str) -> None:
    """Find out whether a file was put in its place, bring back what it was to replace if not, and write it down.

    Where it was not, and is no longer where it came from either, the temp that holds it stays, and the entry names it.

    Raises:
        FileError, OSError: that cannot be told or done; the entry stays as it is.
    """
    path, after = entry.before.file.path, entry.after
    beside = os.path.join(os.path.dirname(path), os.fsencode(after["temp"]))
    seen = _now(root, path, after["hash"])
    spare = seen is not None or _still(entry.before.staged) or _now(root, beside, after["hash"]) is None
    note = _swept(root, beside, spare=spare)
    if seen is not None:
        _end(ground, root, entry, after=became(seen))
    elif _before_placing(root, entry):
        _end(ground, root, entry, reason + note)
    else:
        ground.journal.settle(entry.id, State.DONE, _taken() + note)


def settle_withdrawal(ground: Ground, root: bytes, entry: Entry, reason: str) -> None:
    """Find out whether a file that was placed is held, bring back what was there before if so; as `settle_placing`."""
    if "withdrawn" in entry.after and not vault.holds(root, os.fsencode(entry.after["withdrawn"])):
        _end(ground, root, entry, reason)
    elif _before_placing(root, entry):
        _end(ground, root, entry)
    else:  # the placing can be undone once more, when its place is free
        ground.journal.settle(entry.id, State.DONE, _taken(), undone=False)


def _before_placing(root: bytes, entry: Entry) -> bool:
    """Bring back what was replaced, and take away folders that were made, where there is any of it.

    Return False where somebody has put another file in its place: what is held must not be lost sight of.
    """
    path, after = entry.before.file.path, entry.after
    if "replaced" in after and vault.holds(root, replaced := os.fsencode(after["replaced"])):
        if posix.exists(root, path):
            return False
        vault.restore(root, replaced, path)
    if "made" in after:
        vault.prune(root, os.path.dirname(path), os.path.dirname(os.fsencode(after["made"])))
    return True


def _now(root: bytes, path: bytes, wanted: str) -> Seen | None:
    """Return how a file stands that has the content that is `wanted`, None where there is none such."""
    found = posix.known(root, path)
    return found[0] if found is not None and found[1] == wanted else None


def _swept(root: bytes, beside: bytes, *, spare: bool) -> str:
    """Take away a temp that can be spared; of one that cannot, return what is to be added to the reason."""
    if spare or not posix.exists(root, beside):
        vault.sweep(root, *os.path.split(beside))
        return ""
    told = _("what lies in `{temp}` stays there, for it may be nowhere else")
    return "; " + told.format(temp=safe(os.path.join(root, beside)))


def _still(staged: Content | None) -> bool:
    """Tell whether what was to be placed is where it came from."""
    try:
        return staged is not None and posix.digest_of(*os.path.split(staged.path)) == staged.hash
    except OSError:
        return False


def _taken() -> str:
    return _("something else was put in its place meanwhile; what was there before stays in quarantine")
