"""Giving a file another content: a playlist other lines, a track other tags. One way for all, and the same way back.

The new content is written beside the file and read back: it has to be what was meant, and to sound as the file did.
Then it takes the file's place in one step. What brings every byte back stands in the journal before anything is made.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from comet.act import playlists, posix, recovery, vault
from comet.act.ground import Ground, Hearing, reason, refuse_full
from comet.act.posix import Seen
from comet.core import pieces
from comet.core.acts import Entry, Kind, State, Step
from comet.core.errors import FileError, RefusedError
from comet.core.model import File, Identity
from comet.core.pieces import Piece
from comet.core.text import _, safe

_LATER: Final = 2_000_000_000
"""Nanoseconds by which a new time is later than the old one where the clock is slow: FAT counts in such steps."""

_Lines = list[tuple[int, bytes, bytes]]
"""Changed lines of a playlist: number, old, new."""
_LineChange = Callable[[bytes, bytes], "tuple[bytes, _Lines] | None"]


@dataclass(frozen=True, slots=True)
class _Made:
    """What a file shall become."""

    seen: Seen
    """How it stands, of which this was made."""
    pieces: Sequence[Piece]
    """The new content, told by the old one."""
    old_hash: str
    new_hash: str
    reverse: Mapping[str, object]
    """What takes it back, beside the old hash and time."""
    mtime_ns: int | None = None
    """None leaves it to the system."""
    note: str = ""
    """What is to be said of it though it is done."""


class Writer:
    """What all that is written by one run has in common."""

    def __init__(self, ground: Ground, hearing: Hearing, intend: Callable[..., Entry]) -> None:
        self._ground = ground
        self._journal = ground.journal
        self._hearing = hearing
        self._intend = intend

    def _refuse_protected(self, file: Identity, name: str) -> None:
        if self._ground.protected(file.place):
            raise RefusedError(name, _("it lies in a reference folder, where nothing is changed"))

    def _verify(self, root: bytes, step: Step, beside: bytes, expected: str) -> Seen:
        """Read what was written, and return how it stands: it must be what was meant, and sound as the step says.

        Raises:
            RefusedError: it is not, or does not.
        """
        name = os.fsdecode(os.path.join(root, step.file.path))
        seen = posix.look(root, beside)
        if posix.digest_of(root, beside) != expected:
            raise RefusedError(name, _("what was written beside it reads back differently; is the disk all right?"))
        if not step.file.audio:
            return seen  # a playlist, a picture
        file = File(step.file.root, beside, seen.size, seen.mtime_ns)
        for _path, audio, error in self._ground.hear([(file, os.path.join(root, beside))]):
            if audio != step.file.audio:
                raise RefusedError(name, error or _("its sound would not be the same"))
        return seen


class Rewriter(Writer):
    """One run's way to write; each method takes one step. FileError and OSError say why it was not taken."""

    def tags(self, step: Step) -> bool:
        """Let a track have other tags or pictures, and tell whether it has; where it has already nothing is done."""
        step = replace(step, file=self._hearing.stands(step.file))

        def make(root: bytes) -> _Made | None:
            seen = self._hearing.of(step.file)
            path = os.path.join(root, step.file.path)
            edited = self._ground.edit(path, step.tags, step.pictures)
            if edited.error:
                raise RefusedError(os.fsdecode(path), edited.error)
            if not edited.pieces:
                return None
            self._refuse_changed(step, os.fsdecode(path))
            note = _("its format cannot hold all values of {fields}").format(fields=safe(", ".join(edited.lost)))
            return _Made(
                seen, edited.pieces, edited.old_hash, edited.new_hash, {"pieces": pieces.as_json(edited.reverse)},
                seen.mtime_ns if self._ground.keep_time else _now(seen), note if edited.lost else "",
            )  # fmt: skip

        return self._replace(Kind.WRITE_TAGS, step, make)

    def _refuse_changed(self, step: Step, name: str) -> None:
        """Refuse to write tags that came from a file which says something else by now, but not one that went since."""
        for source in step.sources:
            try:
                if self._journal.removal(source.place, source.audio) is None:
                    self._hearing.look(source)
            except FileError as error:
                told = _("its tags would come from `{path}` too: {why}")
                raise RefusedError(name, told.format(path=os.fsdecode(source.path), why=error.reason)) from error

    def repoint(self, step: Step) -> None:
        """Let a playlist name the keeper of a file that is held."""
        removal = self._journal.removal(step.old) if step.old is not None else None
        name = os.fsdecode(step.file.path)
        if not playlists.is_playlist(step.file.path):
            raise RefusedError(name, _("it is no playlist"))
        if step.old is None or step.new is None or removal is None:
            raise RefusedError(name, _("the file that it names was not removed"))
        if any(entry.before.file.place == step.file.place for entry in self._journal.following(removal.id)):
            return  # an earlier run of the same plan came so far
        old, new = (self._ground.roots.get(place.root) for place in (step.old, step.new))
        if old is None or new is None:
            raise RefusedError(name, _("the root folder of a file that it names is away"))
        if os.path.lexists(os.path.join(old, step.old.path)):
            raise RefusedError(name, _("the file that it names is there"))
        paths = os.path.join(old, step.old.path), os.path.join(new, step.new.path)

        def change(content: bytes, folder: bytes) -> tuple[bytes, _Lines] | None:
            lines = playlists.repointed(content, folder, *paths)
            return (playlists.with_lines(content, lines), lines) if lines else None

        self._relist(Kind.REPOINT, step, change, removal)

    def undo(self, entry: Entry) -> None:
        """Bring back what a file held before an entry."""
        before: Any = entry.reverse
        if entry.kind is Kind.REPOINT:
            lines = [(number, old.encode("latin-1"), new.encode("latin-1")) for number, old, new in before["lines"]]

            def change(content: bytes, _folder: bytes) -> tuple[bytes, _Lines] | None:
                found = playlists.without_lines(content, lines)
                return None if found is None else (found, [])

            self._relist(Kind.UNDO, entry.before, change, entry)
            return

        def make(root: bytes) -> _Made | None:
            path = entry.before.file.path
            seen, now = posix.look(root, path), posix.digest_of(root, path)
            if now != entry.after["hash"]:
                raise RefusedError(os.fsdecode(path), _("it was changed since its tags were written"))
            back = pieces.from_json(before["pieces"])
            return _Made(seen, back, now, before["hash"], {}, before["mtime_ns"])

        self._replace(Kind.UNDO, entry.before, make, entry.id)

    def _relist(self, kind: Kind, step: Step, change: _LineChange, of: Entry) -> None:
        """Let `change(content, folder)` make the new content of a playlist and the lines that it changed."""

        def make(root: bytes) -> _Made:
            path = step.file.path
            full = os.path.join(root, path)
            seen, content = posix.look(root, path), posix.content(root, path, playlists.MOST)
            changed = change(content, os.path.dirname(full))
            if changed is None:
                raise RefusedError(os.fsdecode(full), _("it does not say any more what is to be changed"))
            new, lines = changed
            told = [[number, old.decode("latin-1"), line.decode("latin-1")] for number, old, line in lines]
            before: Any = of.reverse
            old_hash, new_hash = pieces.digest([content]), pieces.digest([new])
            mtime_ns = before["mtime_ns"] if before.get("hash") == new_hash else None
            return _Made(seen, (new,), old_hash, new_hash, {"lines": told}, mtime_ns)

        self._replace(kind, step, make, of.id)

    def _replace(self, kind: Kind, step: Step, make: Callable[[bytes], _Made | None], of: int = 0) -> bool:
        """Let a file have the content that `make(root)` tells, and return whether it has."""
        root, path = self._ground.root(step.file), step.file.path
        name = os.fsdecode(os.path.join(root, path))
        self._refuse_protected(step.file, name)
        with self._ground.locked(root):
            made = make(root)
            if made is None:
                return True
            if made.seen.links > 1:
                told = _("it has {n} names (hard links), which would part")
                raise RefusedError(name, told.format(n=made.seen.links))
            temp = posix.temp_for(path)
            new = os.path.join(os.path.dirname(path), temp)
            after = {"hash": made.new_hash, "temp": os.fsdecode(temp)}
            reverse = {"hash": made.old_hash, "mtime_ns": made.seen.mtime_ns, **made.reverse}
            written = self._intend(kind, step, after=after, reverse=reverse, of=of)
            try:
                vault.beside(root, path, made.pieces, temp, made.mtime_ns)
                seen = self._verify(root, step, new, made.new_hash)
                vault.replace(root, path, temp, made.seen, made.old_hash)
            except (FileError, OSError) as error:
                recovery.settle_rewriting(self._ground, root, written, reason(error))
                refuse_full(error, os.path.join(root, path))
                done = self._journal.entry(written.id).state is State.DONE
            else:
                self._journal.settle(written.id, State.DONE, made.note, recovery.became(seen))
                done = True
            self._hearing.forget(step.file.place)
            return done


def _now(seen: Seen) -> int:
    """Return a time for a file that is changed, which is later than its own: that is how servers notice."""
    now = time.time_ns()
    return now if now > seen.mtime_ns else seen.mtime_ns + _LATER
