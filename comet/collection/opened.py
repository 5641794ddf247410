"""A profile opened for asking."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

from comet.act.journal import Journal
from comet.act.journal import path_of as book_of
from comet.compare import extent
from comet.core import locks
from comet.core.acts import Kind, State
from comet.core.errors import NotScannedError
from comet.core.model import IMPORTED, SECONDS_PER_WORD, Root
from comet.core.places import Places
from comet.core.profiles import UNNAMED, Profile
from comet.core.text import _, safe
from comet.library import cache, roots
from comet.library.cache import Cache
from comet.library.tags import TagCache
from comet.library.tags import path_of as tags_of


@dataclass(frozen=True, slots=True)
class Collection:
    """A profile with its cache, its journal and the tags that were read."""

    profile: Profile
    folder: str
    """Where its state lies."""
    cache: Cache
    journal: Journal
    tags: TagCache

    @property
    def made(self) -> str:
        """How fingerprints are made: those that were made otherwise are not compared."""
        return f"chromaprint-2 {self.profile.settings.fingerprint.length:g}"

    @property
    def results(self) -> str:
        """The folder of the result files."""
        return os.path.join(self.folder, "results")

    @property
    def compared(self) -> dict[str, str | float]:
        """The settings that result files depend on; span in words, 0 for any offset."""
        correlate = self.profile.settings.correlate
        span = round(correlate.span / SECONDS_PER_WORD)
        return {
            "rule": extent.RULE,
            "fingerprint": self.made,
            "sample": correlate.sample,
            "span": span,
            "minimum": extent.MINIMUM,
        }

    def comparable(self) -> list[int]:
        """Return the serial numbers, ascending, of audios that can be compared and that a file of `sources` holds."""
        alive = self.cache.alive([root.id for root in self.sources()])
        return [serial for serial, _words in self.cache.comparable(self.made, extent.MINIMUM) if serial in alive]

    def roots(self) -> list[Root]:
        """Return the profile's root folders as they stand; ids are empty for those that were never scanned."""
        return self._looked_at([os.fsencode(name) for name in self.profile.roots])

    def acted_roots(self) -> list[Root]:
        """Return the root folders in which something may be to be taken back, as they stand.

        Without a profile these are all that are known: each command names one of its own.
        """
        paths = [os.fsencode(name) for name in self.profile.roots]
        known = self.cache.roots() if self.profile.name == UNNAMED else {}
        return self._looked_at([*paths, *(path for path in known if path not in paths)])

    def _looked_at(self, paths: list[bytes]) -> list[Root]:
        known = self.cache.roots()
        found = []
        for path in paths:
            identity = known.get(path, "")
            found.append(roots.look(path, identity, had_files=bool(identity) and self.cache.has_files(identity)))
        return roots.refuse_twins(found)

    def scanned_roots(self) -> list[Root]:
        """Return those roots of the profile whose files are known, without looking at the disk."""
        known = self.cache.roots()
        paths = [os.fsencode(name) for name in self.profile.roots]
        return [Root(known[path], path) for path in paths if path in known]

    def sources(self) -> list[Root]:
        """Return where all that is compared comes from: the scanned roots, and what was imported.

        Of what was imported there are no files: whatever looks at some, or changes some, asks for `scanned_roots`.
        """
        return [*self.scanned_roots(), IMPORTED]


@contextmanager
def opened(profile: Profile, places: Places, *, create: bool = False, journal: bool = False) -> Iterator[Collection]:
    """Open a profile's collection; with `create`, or where it has no music, its cache is made if there is none.

    With `journal` it is made too where there is a journal: what was done can be asked for and undone without a cache.

    Raises:
        NotScannedError: nothing is known of it yet.
        DatabaseError: its cache or its journal cannot be opened.
    """
    folder = places.profile(profile.name)
    path = cache.path_of(folder)
    create = create or (journal and os.path.exists(book_of(folder)))
    if profile.roots and not create and not os.path.exists(path):
        raise NotScannedError(
            _("nothing is known of profile `{name}` yet").format(name=safe(profile.name)),
            hint=_("run `comet scan` first"),
        )
    with (
        closing(Cache(path)) as known,
        closing(Journal(book_of(folder))) as book,
        closing(TagCache(tags_of(folder))) as tags,
    ):
        follow(known, book)
        yield Collection(profile, folder, known, book, tags)


@contextmanager
def exclusive(collection: Collection) -> Iterator[None]:
    """Hold the profile's cache for as long as a job writes results into it.

    Raises:
        LockedError: another job does.
    """
    what = _("another job works on profile `{name}`").format(name=safe(collection.profile.name))
    with locks.hold(os.path.join(collection.folder, "cache.lock"), what):
        yield


def follow(known: Cache, book: Journal) -> None:
    """Let the cache know which files the journal has moved or changed since it last asked, without a look at the disk.

    What was undone is gone through from the last to the first, so that each finds what the one before it left.
    """
    newest, entries = book.changed_since(before := known.followed(book.id))
    if newest != before:
        # a step that was refused has no place in quarantine: nothing was moved, and nothing moved back
        moved = [entry for entry in entries if entry.kind is Kind.REMOVE and "held" in entry.after]
        ended = [entry for entry in moved if entry.state is not State.INTENDED]
        found = [(entry.before.file, entry.before.file, entry.state is not State.DONE) for entry in ended]
        written = [entry for entry in entries if entry.kind is Kind.WRITE_TAGS]
        found += [(each.before.file, each.became, True) for each in written if each.state is State.DONE]
        found += [(each.became, each.before.file, True) for each in written[::-1] if each.state is State.UNDONE]
        known.follow(book.id, newest, found)
