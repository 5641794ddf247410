"""What the screens of covers ask: which albums lack one, which pictures are near, how one looks, what is made of it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from comet.core.acts import Content
from comet.core.covers import Offer
from comet.core.errors import ReadError, UsageError
from comet.core.job import Job
from comet.core.profiles import Profile
from comet.core.text import _, safe
from comet_tui.background import processes
from comet_tui.covered import Covered, Fate
from comet_tui.session import Session

if TYPE_CHECKING:
    from comet.collection.covers import Album
    from comet.covers import Studio

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Lacking:
    """The albums that lack a cover, or have a poor one."""

    profile: Profile
    albums: tuple[Album, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """Something in a folder."""

    path: bytes
    folder: bool
    bytes: int = 0

    @property
    def name(self) -> str:
        """Its name, safe to show."""
        return safe(os.path.basename(self.path))


@dataclass(frozen=True, slots=True)
class Near:
    """The pictures near some files."""

    profile: Profile
    offers: tuple[Offer, ...]


def lacking(session: Session) -> Lacking:
    """Return the albums that lack a cover or have a poor one, the worst first.

    Raises:
        CometError: as `Session.choose`, and where nothing is known yet.
    """
    from comet.collection import covers  # noqa: PLC0415 - loaded when somebody goes there

    with session.opened(session.choose()) as collection:
        processes()
        return Lacking(collection.profile, tuple(covers.lacking(collection, Job())))


def listed(folder: bytes) -> list[Entry]:
    """Return the folders and the pictures in a folder, each by its name; hidden ones are left out.

    Raises:
        ReadError: it cannot be listed.
    """
    from comet.covers import PICTURES  # noqa: PLC0415 - loaded when somebody goes there

    found = []
    try:
        with os.scandir(folder) as inside:
            for each in inside:
                if each.name.startswith(b"."):
                    continue
                with suppress(OSError):  # a link that leads nowhere
                    if each.is_dir():
                        found.append(Entry(each.path, folder=True))
                    elif each.name.lower().endswith(PICTURES):
                        found.append(Entry(each.path, folder=False, bytes=each.stat().st_size))
    except OSError as error:
        raise ReadError(os.fsdecode(folder), error.strerror or str(error)) from error
    return sorted(found, key=lambda each: (not each.folder, each.path.lower()))


def embed(session: Session, covered: Covered) -> None:
    """Write a cover into its files, and note in it what became of that.

    Raises:
        CometError: nothing was changed, or a disk is full or broken and the journal says what was.
    """
    from comet import changes, covers  # noqa: PLC0415 - loaded when something is to be done

    with session.opened(covered.profile) as collection:
        processes()
        plan, refused = covers.plan(
            collection, covered.paths, covered.made, folder_picture=covered.folder_picture
        )  # fmt: skip
        outcome = changes.apply(collection, plan, Job()) if plan.steps else None
    told = [safe(str(error)) for error in refused]
    if outcome:
        told += [safe(entry.error) for entry in outcome.failed] + list(map(safe, outcome.warnings))
        covered.end(outcome, tuple(told))
    else:
        covered.fail("; ".join(told) or _("nothing is to be written: the files have this cover already"))


def undo(session: Session, covered: Covered) -> None:
    """Take back what was done with a cover.

    Raises:
        CometError: nothing was put back.
    """
    outcome = session.undo_entries(covered.profile, covered.entries) if covered.entries else None
    if outcome and outcome.failed:
        covered.fail(*(safe(entry.error) for entry in outcome.failed))
    elif outcome and outcome.done:
        covered.fate = Fate.UNDONE
    else:  # it was taken back elsewhere, or never done
        covered.outcome = None
        covered.fail(_("there is nothing to undo any more"))


class Desk:
    """Where pictures are looked at: one question at a time, answered by a process that may be lost to a bad picture."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._turn = threading.Lock()
        self._open = ExitStack()
        self._studio: Studio | None = None
        self._closed = False

    def near(self, paths: Sequence[bytes]) -> Near:
        """Return the pictures in the folders of files and in their tags, the largest first.

        Raises:
            CometError: it cannot be said.
        """
        from comet import covers  # noqa: PLC0415 - loaded when somebody goes there

        with self._session.opened(self._session.choose()) as collection:
            processes()
            return Near(collection.profile, tuple(covers.offers(collection, paths)))

    def close(self) -> None:
        """End; whoever asks after that gets no answer."""
        with self._turn:
            self._closed = True
            self._open.close()

    def ask(self, question: Callable[[Studio], T]) -> T:
        """Return what looking at pictures brings.

        Raises:
            CometError: as `Studio`, and once this was closed.
        """
        with self._turn:
            if self._closed:
                raise UsageError(_("nobody looks any more"))
            if self._studio is None:
                from comet.covers import Studio  # noqa: PLC0415 - loaded when somebody goes there

                processes()
                with self._session.opened(self._session.choose()) as collection:
                    folder = collection.folder
                self._studio = self._open.enter_context(Studio(folder))
            return question(self._studio)

    def find(self, source: Content | bytes) -> Content:
        """Return a picture by its path as it is now, or the front cover in the tags of music; what is known stays.

        Raises:
            CometError: it cannot be read, or there is none in it.
        """
        return source if isinstance(source, Content) else self.ask(lambda studio: studio.find(source))
