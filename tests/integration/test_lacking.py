"""Albums that lack a cover or have a poor one: what is the matter with each, and which of them count."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from mutagen.flac import FLAC, Picture

from comet.collection import covers
from comet.collection.opened import opened
from comet.core import profiles
from comet.core.acts import KINDS
from comet.core.errors import NotScannedError
from comet.core.job import Job
from comet.core.places import places
from tests.factories import tune, write
from tests.tui.conftest import Made
from tests.unit.tags.pictured import card, saved

Front = tuple[int, int] | bytes | None
"""A picture of this size, or these bytes in its place, or none."""


def album(made: Made, name: str, *fronts: Front, kind: str = "front") -> None:
    """Store an album of short files with these pictures."""
    for at, front in enumerate(fronts):
        sound = Path(os.fsdecode(write(made.music.parent / "sound.flac", tune(made.audios, 0.2))))
        file = FLAC(sound)
        file.update({"album": name, "artist": "A"})
        if front is not None:
            picture = Picture()
            picture.data = front if isinstance(front, bytes) else saved(card(*front), "JPEG", quality=20)
            picture.type, picture.mime = KINDS.index(kind), "image/jpeg"
            file.add_picture(picture)
        file.save()
        made.track(f"{name}/{at}.flac", sound)


def lacking(made: Made) -> list[tuple[str, Sequence[str], int]]:
    """Return folder, what is the matter, and how many lack one, as it is listed."""
    with opened(profiles.load(made.home, "music"), made.home) as collection:
        found = covers.lacking(collection, Job())
    return [(os.path.basename(os.fsdecode(each.folder)), each.why, each.lacking) for each in found]


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Made:
    """A profile of which nothing is known yet."""
    monkeypatch.setenv("COMET_HOME", str(tmp_path / "home"))
    made = Made(places(), tmp_path / "music")
    made.profile()
    return made


def test_albums_are_listed_by_what_is_the_matter(made: Made) -> None:
    """The worst first: none, some, damaged, too small, not square, several; neither good ones nor reference folders."""
    good, other = (600, 600), (640, 636)
    album(made, "good", good, good)
    album(made, "unsaid", good, kind="other")
    album(made, "several", good, other)
    album(made, "wide", (700, 600))
    album(made, "small", good, (599, 600))
    album(made, "damaged", good, b"\xff\xd8\xff")
    album(made, "some", good, None, None)
    album(made, "none", None)
    album(made, "back", good, kind="back")
    wanted = [
        ("back", ("no cover",), 1), ("none", ("no cover",), 1), ("some", ("no cover in 2 of 3 files",), 2),
        ("damaged", ("damaged in 1 of 2 files", "2 different ones"), 0),
        ("small", ("small: 599 x 600", "2 different ones"), 0), ("wide", ("not square: 700 x 600",), 0),
        ("several", ("2 different ones",), 0),
    ]  # fmt: skip
    assert lacking(made) == wanted
    made.profile(f"reference = {made.music}/none\n")
    assert lacking(made) == [each for each in wanted if each[0] != "none"]


def test_of_nothing_nothing_is_said(made: Made) -> None:
    """No cover is good where no file is known."""
    with (
        opened(profiles.load(made.home, "music"), made.home, create=True) as collection,
        pytest.raises(NotScannedError),
    ):
        covers.lacking(collection, Job())
