"""A library that an account of the test service is backed up into, in this process."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from comet.backup import sync
from comet.backup.database import Records
from comet.backup.model import Copy
from comet.backup.sync import Summary
from comet.collection.opened import Collection, exclusive, opened
from comet.core import profiles
from comet.core.job import Job
from comet.core.places import places
from tests.integration.backup import asking
from tests.service.running import MEDIA, Running


@dataclass
class Library:
    """One root folder; COMET_HOME says where its state is."""

    music: Path
    service: Running
    settings: tuple[str, ...] = ()

    @contextmanager
    def opened(self) -> Iterator[Collection]:
        """Open the collection as a fresh process would."""
        profile = profiles.unnamed(places(), [str(self.music)], self.settings)
        with opened(profile, places(), create=True) as collection:
            yield collection

    @contextmanager
    def known(self) -> Iterator[tuple[Collection, Records]]:
        """Open what is known of the backup."""
        with self.opened() as collection, sync.records(collection) as known:
            yield collection, known

    def run(self, most: int = 0, job: Job | None = None) -> Summary:
        """Make one pass."""
        with self.opened() as collection, exclusive(collection), asking.made(self.service) as service:
            sync.refuse(collection)
            service.account()
            return sync.run(collection, service, job or Job(), most=most)

    def copies(self) -> dict[str, Copy]:
        """Return what became of each track."""
        with self.known() as (_collection, known):
            return {copy.track: copy for copy in known.copies()}

    def files(self) -> dict[str, Path]:
        """Return all files but Comet's own, by their path below the root."""
        found = [path for path in self.music.rglob("*") if path.is_file() and ".comet" not in path.parts]
        return {str(path.relative_to(self.music)): path for path in found}

    def path(self, copy: Copy) -> Path:
        """Return where a copy lies."""
        return self.music / os.fsdecode(copy.path)

    def asked(self, since: int = 0) -> list[str]:
        """Return the tracks whose sound was asked for, in order."""
        return [each["track"] for each in self.service.log(since) if each["path"].startswith(("/media/", "/get-mp3/"))]

    def staged(self) -> list[str]:
        """Return what lies in staging."""
        return sorted(path.name for path in (self.music / ".comet/staging").rglob("*") if path.is_file())


__all__ = ["MEDIA", "Library"]
