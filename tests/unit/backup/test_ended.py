"""How the last pass ended, and the user's command that is told when that changes."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest

from comet.backup import database, ended
from comet.backup.database import Records
from comet.backup.model import LIKES, Copy, Header, Item, Listed, State
from comet.core.profiles import Profile
from comet.core.settings import Settings


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    """Return a profile whose command writes down what it was told."""
    script = tmp_path / "told.sh"
    script.write_text(
        f'#!/bin/sh\ncat > {tmp_path}/event\n'
        f'echo "$COMET_EXIT $COMET_PREVIOUS $COMET_NEW $COMET_MISSING [$COMET_YM_TOKEN]" >> {tmp_path}/told\n'
    )  # fmt: skip
    script.chmod(0o700)
    settings = Settings()
    return Profile("music", settings=replace(settings, backup=replace(settings.backup, on_change=str(script))))


def told(tmp_path: Path) -> list[str]:
    """Return what it wrote."""
    path = tmp_path / "told"
    return path.read_text().splitlines() if path.exists() else []


def test_the_command_is_told_only_of_a_change(tmp_path: Path, profile: Profile) -> None:
    """All is well at first, so that only another end is told; and then again only what is otherwise."""
    for code in (0, 0, 12, 12, 3, 0):
        assert ended.note(profile, str(tmp_path), ended.now(code, "why"), time.time()) == ""
    assert [line.split()[:2] for line in told(tmp_path)] == [["12", "0"], ["3", "12"], ["0", "3"]]
    assert json.loads((tmp_path / "event").read_text())["previous"] == 3


def test_what_was_no_pass_changes_nothing(tmp_path: Path, profile: Profile) -> None:
    """Another pass that ran, and one that somebody stopped, are not how a pass ended."""
    for code in (3, 11, 130, 3):
        ended.note(profile, str(tmp_path), ended.now(code), time.time())
    assert len(told(tmp_path)) == 1
    found = ended.last(str(tmp_path))
    assert found
    assert found.exit == 3


def test_it_is_told_how_many_are_new_and_missing(
    tmp_path: Path, profile: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counts are those of the pass and of all that playlists name; no token is handed on."""
    monkeypatch.setenv("COMET_YM_TOKEN", "y0_secret")
    known = Records(database.path_of(str(tmp_path)))
    items = tuple(Item(str(each)) for each in range(5))
    known.listed(Listed(Header(LIKES, "", "1", "", "", 5, 1), items))
    for track, state in enumerate((State.DONE, State.OWNED, State.IGNORED, State.UNAVAILABLE)):
        known.put(Copy(str(track), state))
    began = time.time()
    known.end(known.begin(), 3, {"new": 7})
    known.close()
    ended.note(profile, str(tmp_path), ended.now(3), began)
    ended.note(profile, str(tmp_path), ended.now(12), began + 60)
    assert told(tmp_path) == ["3 0 7 2 []", "12 3 0 2 []"]


def test_a_command_that_fails_is_a_sentence(tmp_path: Path, profile: Profile) -> None:
    """It never ends the pass; how that ended is kept all the same."""
    settings = replace(profile.settings, backup=replace(profile.settings.backup, on_change="/no/such"))
    wrong = ended.note(replace(profile, settings=settings), str(tmp_path), ended.now(12), time.time())
    assert "backup.on_change" in wrong
    assert ended.last(str(tmp_path)) is not None


def test_what_cannot_be_read_is_no_end(tmp_path: Path) -> None:
    """A file that somebody spoiled is as if there was none."""
    (tmp_path / "backup.ended.json").write_text('{"exit": 3, "when": 1}')
    assert ended.last(str(tmp_path)) is None
