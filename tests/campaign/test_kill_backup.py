"""`kill -9` in the middle of a backup: nothing is lost, nothing is downloaded twice, and the next pass goes on."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from comet.backup.model import State
from comet.listen import audio
from tests.campaign.backing_up import POINTS
from tests.integration.backup import asking
from tests.integration.backup.backed import Library
from tests.service.running import Running

TOP = Path(__file__).parents[2]
SLACK = 256_000
"""Bytes that may be sent once more for each kill: what sat in the buffers of sockets."""
HAVE = 21
RANDOM = 20


@pytest.fixture
def library(music_service: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Library:
    """Return an empty library."""
    monkeypatch.setenv("COMET_HOME", str(tmp_path / "home"))
    asking.at(music_service, monkeypatch)
    monkeypatch.setenv("COMET_YM_TOKEN", music_service.token)
    (tmp_path / "music").mkdir()
    return Library(tmp_path / "music", music_service)


def child(library: Library, point: str = "", number: int = 1, seconds: float | None = None) -> int:
    """Make a pass in a child; return how it ended. After `seconds` it is killed from outside."""
    command = [sys.executable, "-P", "-m", "tests.campaign.backing_up", str(library.music), point, str(number)]
    env = os.environ | {"PYTHONPATH": str(TOP)}
    with subprocess.Popen(command, env=env, cwd=TOP, stdout=subprocess.PIPE) as process:
        try:
            process.wait(seconds or 200)
        except subprocess.TimeoutExpired:
            process.kill()
            assert seconds
        return process.wait()


def check(library: Library) -> None:
    """What is called done is there, whole; the library holds nothing that the backup does not know."""
    with closing(sqlite3.connect(Path(os.environ["COMET_HOME"]) / "state/-/backup.sqlite")) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    copies = library.copies()
    for copy in copies.values():
        if copy.state is State.DONE:
            assert audio.identify(os.fsencode(library.path(copy))) == copy.audio
    placed = {str(library.path(copy)) for copy in copies.values() if copy.state in (State.DONE, State.PLACING)}
    music = {str(path) for path in library.files().values() if path.suffix != ".m3u8"}
    assert {path for path in music if "/.comet-" not in path} <= placed


def end(library: Library, kills: int) -> None:
    """Let it come to its end, and look at what there is and what it cost."""
    assert child(library) == 0
    check(library)
    copies = library.copies()
    assert sum(copy.state is State.DONE for copy in copies.values()) == HAVE
    assert library.staged() == []
    assert not [name for name in library.files() if "/.comet-" in f"/{name}"]
    log = [each for each in library.service.log() if each["path"].startswith(("/media/", "/get-mp3/"))]
    over = 0
    for track, copy in copies.items():
        if copy.state is State.DONE:
            sent = sum(each["sent"] for each in log if each["track"] == track)
            over += sent - len(library.service.sound(track))
    assert over <= SLACK * kills
    done = library.run()
    assert (done.requests, done.new, done.written) == (3, 0, 0)


@pytest.mark.slow
@pytest.mark.parametrize("point", POINTS)
def test_a_pass_that_is_killed_at_a_point_goes_on(library: Library, point: str) -> None:
    """Wherever it is between two steps: at the first of its kind, and at the third in the pass after."""
    kills = 0
    for number in (1, 3):
        if child(library, point, number) == -signal.SIGKILL:
            kills += 1
        check(library)
    assert kills
    end(library, kills)


@pytest.mark.slow
def test_passes_that_are_killed_at_any_moment_come_to_an_end(library: Library) -> None:
    """Twenty kills at random moments, on a slow line so that most of them hit a download."""
    library.service.fault("slow", path=r"^/(media|get-mp3)/", rate=400_000)
    draw = random.Random(int(os.environ.get("COMET_SEED", "7")))  # noqa: S311 - no secret
    kills = 0
    for _kill in range(RANDOM):
        kills += child(library, seconds=draw.uniform(1.5, 6)) == -signal.SIGKILL
        if (Path(os.environ["COMET_HOME"]) / "state/-/backup.sqlite").exists():
            check(library)
    library.service.clear()
    assert kills
    end(library, kills)
