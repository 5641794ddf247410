"""Somebody with a profile over a small collection, and what they do with it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from comet import changes, pipeline, scanning
from comet.changes import Outcome
from comet.collection import decisions, groups, history, merging
from comet.collection.opened import Collection, opened
from comet.core import profiles
from comet.core.acts import Plan
from comet.core.job import Job
from comet.core.model import Choice, Standing
from comet.core.places import places
from comet.library import cache
from tests.factories import tune, write

ONE, TWO = "one.flac one.mp3 one.ogg", "two copy.mp3 two.mp3"
NAMES = ["alone.flac", "list.m3u", "one.flac", "one.mp3", "one.ogg", "two copy.mp3", "two.mp3"]
LIST = b"#EXTM3U\none.mp3\nalone.flac\n"


@dataclass
class Owner:
    """Somebody with a profile over a small collection; every question is asked as a fresh process would."""

    tmp: Path
    profile: dict[str, Any] = field(default_factory=dict)

    @property
    def music(self) -> Path:
        """Return the root folder."""
        return self.tmp / "music"

    @contextmanager
    def opened(self, *, create: bool = False) -> Iterator[Collection]:
        """Open the collection."""
        profile = replace(profiles.unnamed(places(), [str(self.music)]), **self.profile)
        with opened(profile, places(), create=create) as collection:
            yield collection

    def scan(self) -> int:
        """Scan, and return how many files there are."""
        with self.opened(create=True) as collection:
            return scanning.scan_roots(collection, Job()).files

    def full(self) -> None:
        """Scan, correlate and judge."""
        self.scan()
        with self.opened() as collection:
            pipeline.correlate(collection, Job())
            pipeline.judge(collection, Job())

    def groups(self) -> dict[str, tuple[str, Standing]]:
        """Return who stays in each group, with the group's standing, by all names of the group; nothing is scanned."""
        with self.opened() as collection:
            return {
                " ".join(sorted(track.file.path.decode() for track in each.group.tracks)): (
                    " ".join(sorted(each.group.tracks[at].file.path.decode() for at in each.keep)),
                    each.standing,
                )
                for each in groups.proposals(collection)
            }

    def plan(self) -> Plan:
        """Plan for all groups."""
        with self.opened() as collection:
            return changes.plan(collection, merging.each(collection, groups.proposals(collection)))

    def apply(self, plan: Plan | None = None) -> Outcome:
        """Apply a plan, or one for all groups."""
        wanted = plan or self.plan()
        with self.opened() as collection:
            return changes.apply(collection, wanted, Job())

    def undo(self, *entries: int) -> Outcome:
        """Undo these entries, or the last run."""
        with self.opened() as collection:
            found = entries or [entry.id for entry in history.last(collection)]
            return changes.undo(collection, found, Job())

    def purge(self) -> Outcome:
        """Purge all that is held."""
        with self.opened() as collection:
            return changes.purge(collection, [each.entry.id for each in history.held(collection)], Job())

    def decide(self, member: str, choice: Choice, *keep: str) -> None:
        """Decide about the group that a file is in."""
        with self.opened() as collection:
            found = [each.group for each in groups.proposals(collection)]
            (group,) = [each for each in found if member.encode() in {track.file.path for track in each.tracks}]
            chosen = [at for at, track in enumerate(group.tracks) if track.file.path.decode() in keep]
            decisions.decide(collection, group, choice, chosen)

    def names(self) -> list[str]:
        """Return what lies in the root where it is looked for."""
        return sorted(name for name in os.listdir(self.music) if name != ".comet")

    def forget(self) -> None:
        """Delete the cache and the results, as the docs say one may."""
        with self.opened() as collection:
            path, results = cache.path_of(collection.folder), collection.results
        for name in (path, f"{path}-wal", f"{path}-shm"):
            Path(name).unlink(missing_ok=True)
        shutil.rmtree(results)


def furnish(music: Path) -> None:
    """Make a recording in three formats, one in two byte copies, one that is alone, and a playlist."""
    music.mkdir()
    for kind in ("flac", "mp3", "ogg"):
        write(music / f"one.{kind}", tune(1, 20))
    write(music / "two.mp3", tune(2, 20))
    shutil.copy(music / "two.mp3", music / "two copy.mp3")
    write(music / "alone.flac", tune(3, 20))
    (music / "list.m3u").write_bytes(LIST)
