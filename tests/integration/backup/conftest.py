"""An empty library, and an account of the test service that likes nothing until a test says what."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.backup import asking
from tests.integration.backup.backed import Library
from tests.service.catalogue import LIKES, PLAYLISTS
from tests.service.running import Running


@pytest.fixture
def empty(music_service: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Library:
    """Return an empty library; the account has no playlist and likes nothing."""
    monkeypatch.setenv("COMET_HOME", str(tmp_path / "home"))
    asking.at(music_service, monkeypatch)
    for kind in PLAYLISTS:
        music_service.edit("delete", playlist=str(kind))
    for track, _album in LIKES:
        music_service.edit("remove", track=track)
    (tmp_path / "music").mkdir()
    return Library(tmp_path / "music", music_service)
