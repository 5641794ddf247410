"""What acting stands on: where the roots are, what the journal knows, and files that are read again before they go."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from comet.act import posix, vault
from comet.act.journal import Journal
from comet.act.posix import Seen
from comet.core import locks
from comet.core.acts import Content, Step
from comet.core.errors import FileError, NoSpaceError, RefusedError
from comet.core.model import File, Identity, Place
from comet.core.places import marker
from comet.core.text import _, safe
from comet.core.times import same_time
from comet.tags.editing import Edited
from comet.tags.fields import Change

Hear = Callable[[Sequence[tuple[File, bytes]]], Iterator[tuple[bytes, str, str]]]
"""Reads files (each with its absolute path) whole and yields for each its path, its audio hash, or else why not."""


Edit = Callable[[bytes, Change, Mapping[str, Content | None]], Edited]
"""Finds out what a file with an absolute path would be with other tags and pictures."""


def reason(error: Exception) -> str:
    """Return why something was not done to a file, as the end of a sentence."""
    if isinstance(error, FileError):
        return error.reason
    return posix.why(error) if isinstance(error, OSError) else str(error)


def refuse_full(error: Exception, path: bytes) -> None:
    """End the run where the disk of the file at an absolute path is full: no other step would fare better."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        raise NoSpaceError(
            _("no space left on the disk of `{path}`").format(path=safe(path)),
            hint=_("free some and run the same again; even moving within a disk needs a little room for folder names"),
        ) from error


def _nobody(_told: object) -> None:
    """Hear of what nobody waits for."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What acting stands on."""

    journal: Journal
    roots: Mapping[str, bytes]
    """Root folders that are there, by id."""
    away: Mapping[str, str]
    """Why a root cannot be acted on, by id, as a sentence."""
    protected: Callable[[Place], bool]
    """Whether a file lies in a reference folder, where nothing is ever changed."""
    differ: Callable[[str, str], str]
    """Why two audios, by their hashes, are not the same recording, as a sentence; empty where they are."""
    elsewhere: Callable[[str], Iterable[Identity]]
    """Files that are known to hold an audio."""
    hear: Hear
    edit: Edit
    lock: str
    """A lock file on a local disk, for roots on file systems that know no locks."""
    keep_time: bool = False
    """A file's time stays when its tags are written."""
    began: Callable[[int], None] = _nobody
    """Hears the number of a run when it begins."""
    misheard: Callable[[File], None] = _nobody
    """Hears of a file, as it stands, whose sound is not the one that is known of it."""

    def root(self, file: Identity) -> bytes:
        """Return the path of a file's root, as it is needed to change something there.

        Raises:
            RefusedError: it is away, or is not the folder that it was.
        """
        name = os.fsdecode(file.path)
        found = self.roots.get(file.root)
        if found is None:
            raise RefusedError(name, self.away.get(file.root, _("its root folder is not one of this profile's")))
        if marker(found) != file.root:
            raise RefusedError(name, _("the marker `.comet/root` of its root folder is gone or another one"))
        return found

    def path(self, file: Identity) -> bytes:
        """Return where a file lies now; raises as `root`."""
        return os.path.join(self.root(file), file.path)

    def kept(self, step: Step) -> Iterator[Identity]:
        """Yield what may prove that the music of a removed file is still there: its keeper, or the keeper of that.

        Each where it was and wherever else its sound is. The keeper's keeper is one only if it is the same recording
        as the file itself: same is not transitive.
        """
        keeper, met = step.keeper, set()
        while keeper is not None and keeper.place not in met and not self.differ(step.file.audio, keeper.audio):
            met.add(keeper.place)
            yield keeper
            yield from self.elsewhere(keeper.audio)
            removal = self.journal.removal(keeper.place, keeper.audio)
            keeper = removal.before.keeper if removal is not None else None

    @contextmanager
    def locked(self, root: bytes) -> Iterator[None]:
        """Hold what keeps other processes from changing files of a root.

        Raises:
            LockedError: another process does, and goes on for longer than a step takes.
        """
        what = _("another process changes files of this profile")
        with locks.hold(self.lock, what, patience=vault.PATIENCE), vault.locked(root):
            yield


class Hearing:
    """Files that are about to be acted on, read whole once: one counts as heard only as long as nobody touches it."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._found: dict[Identity, tuple[Seen, str, str] | FileError] = {}

    def hear(self, files: Iterable[Identity]) -> None:
        """Read those of the files that were not read before."""
        wanted: dict[bytes, tuple[Identity, Seen]] = {}
        for file in files:
            if file in self._found:
                continue
            try:
                seen = self.look(file)
            except FileError as error:
                self._found[file] = error
            else:
                wanted[self._ground.path(file)] = file, seen
        asked = [(File(file.root, file.path, seen.size, seen.mtime_ns), path) for path, (file, seen) in wanted.items()]
        for path, audio, reason in self._ground.hear(asked) if asked else ():
            file, seen = wanted[path]
            self._found[file] = seen, audio, reason

    def forget(self, place: Place) -> None:
        """Let a file be read anew that was changed."""
        self._found = {file: found for file, found in self._found.items() if file.place != place}

    def of(self, file: Identity) -> Seen:
        """Return how a file stands that is the one that was decided about, by its sound and to this moment.

        Raises:
            FileError: it is not; the reason says in what way.
        """
        self.hear([file])
        found = self._found[file]
        name = os.fsdecode(os.path.join(self._ground.root(file), file.path))
        if isinstance(found, FileError):
            raise found
        seen, audio, error = found
        if error:
            raise RefusedError(name, error)
        if audio != file.audio:
            self._ground.misheard(File(file.root, file.path, seen.size, seen.mtime_ns))
            told = _(
                "its sound is not the one that was decided about, though size and time are: it was edited, or an older"
                " Comet heard it otherwise; `comet scan` hears it again"
            )
            raise RefusedError(name, told)
        if self.look(file) != seen:
            raise RefusedError(name, _("it was changed a moment ago"))
        return seen

    def look(self, file: Identity) -> Seen:
        """Return how a file stands that is as it was by its size and time, or as Comet left it; raises as `of`."""
        root = self._ground.root(file)
        name = os.fsdecode(os.path.join(root, file.path))
        try:
            seen = posix.look(root, file.path)
        except FileNotFoundError as error:
            raise RefusedError(name, _("it is gone")) from error
        except OSError as error:
            raise RefusedError(name, _("it cannot be opened: {why}").format(why=error.strerror)) from error
        if not any(_is(seen, each) for each in (file, self._ground.journal.now(file))):
            raise RefusedError(name, _("it was changed since this was decided"))
        return seen

    def stands(self, file: Identity) -> Identity:
        """Return a file as Comet left it since, or as it was, where somebody has put it back from a backup."""
        try:
            seen = posix.look(self._ground.root(file), file.path)
        except OSError:
            return file  # which is told when it is looked at
        return file if _is(seen, file) else self._ground.journal.now(file)


def _is(seen: Seen, file: Identity) -> bool:
    """Tell whether a file stands as it was by its size and time."""
    return seen.size == file.size and same_time(file.mtime_ns, seen.mtime_ns)
