"""Passes that nobody watches: they are silent, are logged, tell a change, and follow each other until a signal."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from comet.backup import ended
from comet.cli.main import main
from comet.core.locks import hold
from comet.core.places import places
from tests.integration.backup import asking
from tests.service.running import Running

LOG = 1_000_000


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, music_service: Running) -> Path:
    """Return the state folder of a profile that nobody is signed in for."""
    monkeypatch.setenv("COMET_HOME", str(tmp_path / "home"))
    asking.at(music_service, monkeypatch)
    monkeypatch.delenv("COMET_YM_TOKEN", raising=False)
    monkeypatch.delenv("COMET_TOKEN_FILE", raising=False)
    (tmp_path / "music").mkdir()
    (tmp_path / "home").mkdir()
    (tmp_path / "home/profiles.ini").write_text(f"[music]\nroots = {tmp_path / 'music'}\n")
    return Path(places().profile("music"))


def test_silence_is_kept_but_for_what_somebody_has_to_know(
    state: Path, music_service: Running, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """That nobody is signed in is said, that another pass runs is not; the log has both."""
    assert main(["backup", "run", "--quiet"]) == 12
    said = capfd.readouterr()
    assert "nobody has signed in" in said.err
    assert said.out == ""
    found = ended.last(str(state))
    assert found
    assert (found.exit, "nobody has signed in" in found.error) == (12, True)
    monkeypatch.setenv("COMET_YM_TOKEN", music_service.token)
    since = music_service.last()
    with hold(str(state / "cache.lock"), "busy"):
        assert main(["backup", "run", "--quiet"]) == 11
    assert capfd.readouterr() == ("", "")
    assert music_service.log(since) == []
    log = (state / "backup.log").read_text()
    assert log.count("--- ") == 2
    assert "another job works on profile" in log


def test_logs_are_rotated(state: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """At a megabyte another one is begun, and five are kept in all."""
    state.mkdir(parents=True)
    for name in ("backup.log", *(f"backup.log.{number}" for number in range(1, 5))):
        (state / name).write_text(name + "." * LOG)
    assert main(["backup", "run", "--quiet"]) == 12
    assert sorted(path.name for path in state.glob("backup.log*")) == [
        "backup.log", *(f"backup.log.{number}" for number in range(1, 5)),
    ]  # fmt: skip
    assert (state / "backup.log").stat().st_size < 10_000
    assert (state / "backup.log.1").read_text().startswith("backup.log.....")
    assert (state / "backup.log.4").read_text().startswith("backup.log.3")
    assert (state / "backup.log").stat().st_mode & 0o077 == 0


def test_what_cannot_be_is_refused(state: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Too often, into the background, or to be printed and installed at once: one is told, and nothing runs."""
    for words in (
        ["run", "--every", "5m"],
        ["run", "--every", "6h", "--detach"],
        ["schedule", "--print", "--install"],
        ["schedule", "--cron", "--user"],
        ["schedule", "--at", "25:00"],
    ):
        assert main(["backup", *words]) == 2
        assert capfd.readouterr().err.count("hint: ") == 1
    assert not (state / "jobs").exists()


def test_it_is_printed_and_nothing_is_written(state: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Without `--install` both forms are only shown."""
    assert main(["backup", "schedule", "--systemd", "--user"]) == 0
    told = capfd.readouterr()
    assert told.out.count("[Unit]") == 2
    assert "enable-linger" in told.err
    assert main(["backup", "schedule", "--cron", "--at", "4:30"]) == 0
    assert capfd.readouterr().out.splitlines()[1].startswith("30 4 * * * nice ")


@pytest.mark.slow
def test_pass_after_pass_ends_with_a_signal(state: Path) -> None:
    """Each pass is a whole Comet of its own; how it ended is told with when the next one is."""
    line = [sys.executable, "-m", "comet", "backup", "run", "--every", "6h"]
    with subprocess.Popen(line, stderr=subprocess.PIPE, text=True) as loop:
        assert loop.stderr
        said = [loop.stderr.readline()]
        while "the pass ended with" not in said[-1]:
            said.append(loop.stderr.readline())
            assert said[-1], said
        loop.terminate()
        assert loop.wait(20) == 130
    assert "with 12; the next one in " in said[-1]
    assert any("nobody has signed in" in each for each in said)
