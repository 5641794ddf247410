"""A profile over a folder of music that a test makes, and the whole line run over it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from comet import pipeline, scanning
from comet.collection import groups, pairs
from comet.collection.opened import Collection, opened
from comet.collection.pairs import FilePair
from comet.core import profiles
from comet.core.job import Job
from comet.core.model import Group, Problem
from comet.core.places import places
from comet.pipeline import Correlated
from comet.scanning import Scanned
from tests.integration.owning import Owner, furnish


@dataclass
class Bench:
    """One profile, its music folder, and what its runs said."""

    music: Path
    settings: tuple[str, ...] = ()

    @contextmanager
    def opened(self) -> Iterator[Collection]:
        """Open the collection as a fresh process would."""
        profile = profiles.unnamed(places(), [str(self.music)], self.settings)
        with opened(profile, places(), create=True) as collection:
            yield collection

    def scan(self) -> Scanned:
        """Scan once."""
        with self.opened() as collection:
            return scanning.scan_roots(collection, Job())

    def problems(self) -> dict[str, str]:
        """Scan once and return the problems that were reported, by path below the music folder."""
        found: list[Problem] = []
        job = Job(lambda event: found.append(event) if isinstance(event, Problem) else None)
        with self.opened() as collection:
            scanning.scan_roots(collection, job)
        return {os.path.relpath(os.fsdecode(p.path), self.music): p.error for p in found}

    def correlate(self, *, exact: bool = False) -> Correlated:
        """Correlate and judge."""
        with self.opened() as collection:
            return pipeline.find(collection, Job(), exact=exact)

    def groups(self) -> list[set[str]]:
        """Return the names of the files of each group."""
        with self.opened() as collection:
            return [{os.path.basename(track.path) for track in group.tracks} for group in groups.of(collection)]

    def full(self) -> tuple[list[FilePair], list[Group]]:
        """Scan, correlate and judge; return pairs and groups."""
        with self.opened() as collection:
            scanning.scan_roots(collection, Job())
            pipeline.correlate(collection, Job())
            pipeline.judge(collection, Job())
            return list(pairs.of_files(collection)), groups.of(collection)


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A bench with an empty music folder and a home of its own."""
    monkeypatch.setenv("COMET_HOME", str(tmp_path / "home"))
    (tmp_path / "music").mkdir()
    return Bench(tmp_path / "music")


@pytest.fixture(scope="session")
def owned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with music and a home in which it is scanned, compared and judged."""
    tmp = tmp_path_factory.mktemp("owned")
    furnish(tmp / "music")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("COMET_HOME", str(tmp / "home"))
        Owner(tmp).full()
    return tmp


@pytest.fixture
def owner(owned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Owner:
    """Return somebody with a copy of that, moved to a place of its own."""
    monkeypatch.setenv("COMET_HOME", str(tmp_path / "home"))
    for name in ("music", "home"):
        shutil.copytree(owned / name, tmp_path / name)
    made = Owner(tmp_path)
    assert made.scan() == 6
    return made


Related = Callable[[str, str], str]
