"""`comet selftest`: Comet is killed on the user's own file system, and what is not whole then is told."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from comet import selftest
from tests.integration.cli.conftest import Shell


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a song, and a test that is soon over."""
    monkeypatch.setattr(selftest, "KILLS", 2)
    (tmp_path / "own").mkdir()
    (tmp_path / "own/mine.mp3").write_bytes(b"mine")
    return tmp_path / "own"


def test_every_file_is_whole_after_each_kill(user: Shell, folder: Path) -> None:
    """Real processes are killed; what this file system can do stands above; nothing is left behind."""
    done = user("selftest", folder)
    lines = done.stdout.splitlines()
    assert lines[0] == str(folder)
    assert any(line.split() == ["yes", "moving", *line.split()[2:]] for line in lines)
    assert lines[-1] == (
        "  killed 2 times while it changed files: every file was whole each time, and undone to the last byte"
    )
    assert os.listdir(folder) == ["mine.mp3"]
    assert (folder / "mine.mp3").read_bytes() == b"mine"


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda music: (music / "b.mp3").write_bytes(b"torn"), "`b.mp3` is not what it was"),
        (lambda music: (music / "copy of a.flac").unlink(missing_ok=True), "`copy of a.flac` is not what it was"),
        (lambda music: os.utime(music / "all.m3u", (1, 1)), "`all.m3u` is not what it was"),
        (lambda music: (music / ".comet-left").touch(), "`.comet-left` was left behind"),
    ],
)
def test_what_is_lost_is_told(
    user: Shell, folder: Path, monkeypatch: pytest.MonkeyPatch, spoil: object, told: str
) -> None:
    """The exit code is 1 then; a file system that breaks its word in the middle."""
    monkeypatch.setattr(selftest, "_run", lambda music, *_more: spoil(Path(os.fsdecode(music))))  # type: ignore[operator]
    done = user("selftest", folder, code=1)
    assert told in done.stdout
    assert "NOT all was as it has to be" in done.stdout


def test_a_process_that_changes_nothing_is_an_error(user: Shell, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that tests nothing must not end well."""
    monkeypatch.setattr(selftest.start, "command", lambda *_words: ["sh", "-c", "echo no such thing >&2; exit 1"])
    assert "nothing can be changed there: no such thing" in user("selftest", folder, code=3).stderr


def test_a_folder_that_is_not_there(user: Shell, tmp_path: Path) -> None:
    """It is named."""
    assert "none` is not there" in user("selftest", tmp_path / "none", code=2).stderr
