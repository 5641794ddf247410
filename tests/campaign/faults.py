"""Planted faults: the production code made wrong in a child, so that the campaign and the hazards can show their teeth.

Each is a function that `forks` runs in a child before the work.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from typing import Any

from comet.act import aliases, posix, recovery, rewriting, vault
from comet.act.actions import _Run
from comet.act.ground import Ground, Hearing
from comet.act.journal import Journal
from comet.act.placing import Placer
from comet.act.posix import Seen
from comet.act.rewriting import Rewriter
from comet.core.acts import Entry, Kind, State, Step
from comet.core.database import Connection, Database
from comet.core.errors import FileError
from comet.core.model import Identity


def journal_late(_folder: str, *kinds: Kind) -> None:
    """A step (of some kinds, else any) is written down when it is done, and not before."""
    late: list[Any] = []
    settle, at_once = Journal.settle, _Run._intend

    def intend(run: _Run, kind: Kind, step: Step, **more: Any) -> Entry:  # noqa: ANN401 - what the journal takes
        if kind not in (kinds or Kind):
            return at_once(run, kind, step, **more)
        late[:] = [run.id, run._number, kind, step, more]
        return Entry(-1, run.id, 1, kind, State.INTENDED, step, more["after"], more.get("reverse", {}))

    def settled(journal: Journal, entry: int, *given: Any, **more: Any) -> None:  # noqa: ANN401
        number = journal.intend(*late[:4], **late[4]) if entry == -1 else entry
        settle(journal, number, *given, **more)

    _Run._intend, Journal.settle = intend, settled


def tags_journaled_late(folder: str) -> None:
    """Likewise, but only tags."""
    journal_late(folder, Kind.WRITE_TAGS)


def irreversible(_folder: str) -> None:
    """What takes new tags back does not stand in the journal."""
    intend = _Run._intend

    def intended(run: _Run, kind: Kind, step: Step, **more: Any) -> Entry:  # noqa: ANN401 - what the journal takes
        if kind is Kind.WRITE_TAGS:
            more["reverse"] = {**more["reverse"], "pieces": []}
        return intend(run, kind, step, **more)

    _Run._intend = intended


def journal_at_the_end(_folder: str) -> None:
    """Nothing of a run is on the disk before the run has ended."""
    close = Database.close

    @contextmanager
    def transaction(database: Database) -> Iterator[Connection]:
        if not database._db.in_transaction:
            database._db.execute("BEGIN IMMEDIATE")
        yield database._db

    def closed(database: Database) -> None:
        if database._db.in_transaction:
            database._db.execute("COMMIT")
        close(database)

    Database.transaction, Database.close = transaction, closed


def copied(_folder: str) -> None:
    """A move is a copy and a deletion."""

    def copy(old_folder: int, old: bytes, new_folder: int, new: bytes) -> None:
        source = os.open(old, os.O_RDONLY, dir_fd=old_folder)
        status = os.fstat(source)
        target = os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, status.st_mode & 0o777, dir_fd=new_folder)
        posix.write(target, os.read(source, status.st_size))
        os.fchmod(target, status.st_mode & 0o777)
        os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))
        os.close(target)
        os.close(source)
        os.unlink(old, dir_fd=old_folder)

    posix.rename_new = copy


def replacing(_folder: str) -> None:
    """A move takes the place of what is there."""
    posix.rename_new = lambda a, old, b, new: os.rename(old, new, src_dir_fd=a, dst_dir_fd=b)


def moved_unseen(_folder: str) -> None:
    """Nobody looks which file it was that was moved."""

    def quarantine(root: bytes, path: bytes, held: bytes, _expected: Seen) -> None:
        above, name = os.path.split(path)
        where, kept = os.path.split(held)
        with posix.folder(root, above) as source, posix.made_folder(root, where, 0o700) as target:
            posix.rename_new(source, name, target, kept)

    vault.quarantine = quarantine


_OVER = b"dup/cover.jpg"


def placed_over(_folder: str) -> None:
    """What a placed file replaces is not held: its place is taken."""
    finish, quarantine = vault.finish, vault.quarantine
    vault.quarantine = lambda root, path, *given: path == _OVER or quarantine(root, path, *given)

    def finished(root: bytes, path: bytes, temp: bytes) -> None:
        if path != _OVER:
            return finish(root, path, temp)
        with posix.folder(root, os.path.dirname(path)) as inside:
            return os.rename(temp, os.path.basename(path), src_dir_fd=inside, dst_dir_fd=inside)

    vault.finish = finished


def stage_unsynced(_folder: str) -> None:
    """What is written beside where a file is to stand is left to the system to write some time."""
    written = vault._written

    def unsynced(*given: Any) -> None:  # noqa: ANN401 - as it is
        sync, os.fsync = os.fsync, lambda _handle: None
        try:
            written(*given)
        finally:
            os.fsync = sync

    vault._written = unsynced


def guessing_placed(_folder: str) -> None:
    """Recovery takes for placed what was about to be."""
    recovery.settle_placing = lambda ground, root, entry, _reason: recovery._end(ground, root, entry)


def guessing_withdrawn(_folder: str) -> None:
    """What was interrupted while a placed file was taken back is taken for not taken back."""
    settle = recovery.settle_withdrawal

    def guess(ground: Ground, root: bytes, entry: Entry, reason: str) -> None:
        if reason:
            recovery._end(ground, root, entry, reason)
        else:
            settle(ground, root, entry, reason)

    recovery.settle_withdrawal = guess


def placing_half_undone(_folder: str) -> None:
    """What a placing has moved away and made stays so when it is taken back."""
    recovery._before_placing = lambda *_given: True


def untouched_unread(_folder: str) -> None:
    """A placed file is taken back whatever is in it by now."""
    Placer._refuse_touched = lambda *_given: None


def keeper_unseen(_folder: str) -> None:
    """Nobody looks at the keeper once more after the move."""

    def move(run: _Run, root: bytes, step: Step, held: bytes, seen: Seen, kept: Seen) -> None:
        if seen.size == kept.size:
            aliases.refuse(root, step.file.path, run._ground.root(step.keeper), step.keeper.path)
        vault.quarantine(root, step.file.path, held, seen)

    _Run._move = move


def unprobed(_folder: str) -> None:
    """Nobody tries whether two folders are one."""
    aliases.refuse = lambda *_paths: None


def unheard(_folder: str) -> None:
    """A file is taken for what it was by its size and time alone."""
    Hearing.of = lambda hearing, file: hearing.look(file)


def unlinked(_folder: str) -> None:
    """A file is taken for another one than its keeper, whatever the system's numbers say."""
    look, number = Hearing.look, iter(range(1 << 20, 1 << 30))

    def other(hearing: Hearing, file: Identity) -> Seen:
        return look(hearing, file)._replace(inode=next(number), links=1)

    Hearing.look, Hearing.of = other, other
    moved_unseen(_folder)
    keeper_unseen(_folder)


def purge_told_first(_folder: str) -> None:
    """A purge is written down as done before it is."""
    intend = _Run._intend

    def intended(run: _Run, kind: Kind, step: Step, **more: Any) -> Entry:  # noqa: ANN401 - what the journal takes
        entry = intend(run, kind, step, **more)
        if kind is Kind.PURGE:
            run._journal.settle(entry.id, State.DONE)
        return entry

    _Run._intend = intended


def purge_unwitnessed(_folder: str) -> None:
    """A purge reads nothing before it deletes."""
    _Run._witness = lambda *_given: None


def guessing(_folder: str) -> None:
    """Recovery takes what was begun for done."""
    recovery._settle_removal = recovery._end


def guessing_undo(_folder: str) -> None:
    """What failed while it was undone is taken for not undone."""
    recovery.settle_undo = recovery._end


def guessing_purge(_folder: str) -> None:
    """What failed while it was deleted is taken for not deleted."""
    recovery.settle_purge = recovery._end


def left_in_quarantine(_folder: str) -> None:
    """A removal that failed is not put back."""

    def take_back(ground: Ground, _root: bytes, entry: Entry, reason: str) -> None:
        ground.journal.settle(entry.id, State.FAILED, reason)

    recovery.take_back = take_back


def written_in_place(_folder: str) -> None:
    """A file is written over."""

    def replace(root: bytes, path: bytes, temp: bytes, *_given: object) -> None:
        with posix.folder(root, os.path.dirname(path)) as inside:
            source = os.open(temp, os.O_RDONLY, dir_fd=inside)
            handle = os.open(os.path.basename(path), os.O_CREAT | os.O_WRONLY | os.O_TRUNC, dir_fd=inside)
            posix.write(handle, os.read(source, os.fstat(source).st_size))
            os.utime(handle, ns=(0, os.fstat(source).st_mtime_ns))
            os.close(handle)
            os.close(source)
            os.unlink(temp, dir_fd=inside)

    vault.replace = replace


def temp_unsynced(_folder: str) -> None:
    """What is written beside a file is left to the system to write some time."""
    beside = vault.beside

    def written(*given: Any) -> None:  # noqa: ANN401 - as it is, here and below
        sync, os.fsync = os.fsync, lambda _handle: None
        try:
            beside(*given)
        finally:
            os.fsync = sync

    vault.beside = written


def temp_removed(_folder: str) -> None:
    """What is written beside a file is taken away where it cannot take its place."""
    replace = vault.replace

    def replaced(root: bytes, path: bytes, temp: bytes, *given: Any) -> None:  # noqa: ANN401 - as it is
        try:
            replace(root, path, temp, *given)
        except FileError:
            vault.sweep(root, os.path.dirname(path), temp)
            raise

    vault.replace = replaced


def kept_open(_folder: str) -> None:
    """A file is open while another one takes its place."""
    replace = vault.replace

    def replaced(root: bytes, path: bytes, *given: Any) -> None:  # noqa: ANN401
        with open(os.path.join(root, path), "rb"):
            replace(root, path, *given)

    vault.replace = replaced


def swapped_unseen(_folder: str) -> None:
    """Nobody looks which file it is whose place is taken, and which it was."""

    def replace(root: bytes, path: bytes, temp: bytes, *_given: object) -> None:
        above, name = os.path.split(path)
        with posix.folder(root, above) as inside:
            os.replace(temp, name, src_dir_fd=inside, dst_dir_fd=inside)
            posix.sync(inside)

    vault.replace = replace


def retired_unseen(_folder: str) -> None:
    """Nobody looks which file it was whose place was taken."""

    def retire(root: bytes, path: bytes, temp: bytes, _old_hash: str) -> None:
        vault.sweep(root, os.path.dirname(path), temp)

    vault.retire = retire


def unread(_folder: str) -> None:
    """What was written is not read back."""
    Rewriter._verify = lambda _writer, root, _step, beside, _expected: posix.look(root, beside)


def read_and_not_heard(_folder: str) -> None:
    """What was written is read back, and its sound is not compared."""
    verify = Rewriter._verify

    def verified(writer: Rewriter, root: bytes, step: Step, *given: Any) -> Seen:  # noqa: ANN401
        return verify(writer, root, replace(step, file=replace(step.file, audio="")), *given)

    Rewriter._verify = verified


def untimed(_folder: str) -> None:
    """A file that is written has the time that the system gives it."""
    beside = vault.beside
    vault.beside = lambda root, path, pieces, temp, _mtime_ns: beside(root, path, pieces, temp)


def time_not_restored(_folder: str) -> None:
    """Likewise, but only one that gets its old content back."""
    made = rewriting._Made
    rewriting._Made = lambda *given: made(*(given if given[4] else given[:5]))


def untidy(_folder: str) -> None:
    """Recovery leaves empty folders in quarantine."""
    vault.tidy = lambda *_given: None


def undressed(_folder: str) -> None:
    """What is placed over a file has the mode that new files have."""
    stage = vault.stage
    vault.stage = lambda *given, **_over: stage(*given)


def time_as_told(_folder: str) -> None:
    """The time of a file that was written is taken for the one that it was given."""
    verify, utime, told = Rewriter._verify, os.utime, [0]

    def set_time(handle: int, *, ns: tuple[int, int]) -> None:
        told[0] = ns[1]
        utime(handle, ns=ns)

    def verified(*given: Any) -> Seen:  # noqa: ANN401 - as it is
        return verify(*given)._replace(mtime_ns=told[0])

    os.utime, Rewriter._verify = set_time, verified


def unswept(_folder: str) -> None:
    """Recovery leaves probes and temps where they are."""
    vault.sweep = lambda *_names: None


def stuck(_folder: str) -> None:
    """A folder that is gone keeps recovery from going on."""
    sweep = vault.sweep

    def strict(root: bytes, folder: bytes, *names: bytes) -> None:
        if not os.path.isdir(os.path.join(root, folder)):
            raise FileError(os.fsdecode(folder), "it is gone")
        sweep(root, folder, *names)

    vault.sweep = strict
    recovery._sweep = lambda _ground, root, entry: strict(root, os.path.dirname(entry.before.file.path))


def unlocked(_folder: str) -> None:
    """Nothing keeps another process from changing the same files."""
    Ground.locked = lambda *_given: nullcontext()


def unsynced(_folder: str) -> None:
    """Names are left to the system to write some time."""
    posix.sync = lambda _folder: None
