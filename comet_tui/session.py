"""What the screens ask for: one profile, opened anew for each question.

Every question may take seconds and belongs into a thread. The rooms that answer load arrays and more, so they are
imported when somebody asks, not before the first screen is painted.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from comet import setup
from comet.core.model import Group, Track
from comet.core.places import Places
from comet.core.profiles import Profile

if TYPE_CHECKING:
    from comet.collection.opened import Collection
    from comet.collection.state import State


@dataclass(frozen=True, slots=True)
class Found:
    """The groups, and what stands beside them."""

    groups: list[Group]
    outside: Mapping[int, Track]
    """A file of each audio that is left over beside a group, by serial number."""
    unjudged: int = 0
    """Pairs that may belong to a group, but whose relation is not known yet."""


class Session:
    """One run of the application."""

    def __init__(
        self, places: Places, name: str | None = None, file: str | None = None, typed: Sequence[str] = ()
    ) -> None:
        self._places = places
        self._name = name
        self._file = file
        self._typed = typed
        self.profile_name = name or ""
        """Empty until it is known."""
        self.reading = 0
        """Counts up when everything is to be read again."""

    def command(self, verb: str) -> str:
        """Return the command line that does `verb` for this profile, with the settings of this run."""
        words = ["comet", verb]
        words += ["--profile", self._name] if self._name else []
        words += ["--profiles", self._file] if self._file else []
        words += [word for setting in self._typed for word in ("--set", setting)]
        return shlex.join(words)

    def choose(self) -> Profile:
        """Return the profile as it stands now: the one that was named, the default one, or where only that is, `-`.

        Raises:
            UsageError: there is none, or it is not clear which.
            SettingsError: main.ini or the profile is wrong.
        """
        profile = setup.chosen(self._places, self._name, self._file, self._typed)
        self.profile_name = profile.name
        return profile

    def groups(self) -> Found:
        """Return the groups, largest saving first.

        Raises:
            CometError: as `choose`, and where nothing is known yet.
        """
        from comet.collection import groups, state  # noqa: PLC0415 - see above

        with self._opened() as collection:
            found = groups.of(collection)
            return Found(found, _outside(collection, found), state.unjudged(collection))

    def state(self) -> State:
        """Return the state of the collection.

        Raises:
            CometError: as `choose`, and where nothing is known yet.
        """
        from comet.collection import state  # noqa: PLC0415 - see above

        with self._opened() as collection:
            return state.of(collection)

    @contextmanager
    def _opened(self) -> Iterator[Collection]:
        from comet.collection.opened import opened  # noqa: PLC0415 - see above

        with opened(self.choose(), self._places) as collection:
            yield collection


def _outside(collection: Collection, groups: list[Group]) -> dict[int, Track]:
    """Return a file of each audio that is left over; the collection's tracks are read only where that needs them."""
    serials = {serial for group in groups for match in group.left_over for serial in (match.pair.i, match.pair.j)}
    found = {track.audio.serial: track for group in groups for track in group.tracks if track.audio.serial in serials}
    if serials - found.keys():
        for track in collection.cache.tracks(collection.scanned_roots()):
            if track.audio.serial in serials:
                found.setdefault(track.audio.serial, track)
    return found
