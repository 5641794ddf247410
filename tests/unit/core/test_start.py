"""Another process of this program runs its own code, whatever lies in the folder where it was started."""

from __future__ import annotations

import os
import site
import subprocess
import sys
import time
from pathlib import Path

import pytest

from comet import doctor, jobs
from comet.cli import main as face
from comet.core import start
from comet.doctor import Standing

HOME = str(Path(start.__file__).parents[2])


@pytest.fixture
def trap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a folder of music with files named like modules; return the file that says that one was run."""
    sprung, folder = tmp_path / "sprung", tmp_path / "music"
    (folder / "comet_tui").mkdir(parents=True)
    for name in ("rich", "argparse", "numpy", "platformdirs", "json", "av", "comet_tui/__main__"):
        (folder / f"{name}.py").write_text(f"open({str(sprung)!r}, 'w').close()\n")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COMET_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("PYTHONPATH", raising=False)
    monkeypatch.delenv("PYTHONSAFEPATH", raising=False)
    return sprung


def test_the_trap_works(trap: Path) -> None:
    """Python alone runs what lies there."""
    subprocess.run([sys.executable, "-c", "import rich"], check=True)
    assert trap.exists()


def test_a_detached_job_runs_nothing_of_the_working_directory(trap: Path, tmp_path: Path) -> None:
    """It does its work all the same, and what it says is for nobody else to read."""
    log = Path(jobs.start(str(tmp_path / "state"), ["--version"]), "log")
    until = time.monotonic() + 60
    while not log.read_text() and time.monotonic() < until:
        time.sleep(0.05)
    assert log.read_text().startswith("comet ")
    assert not trap.exists()
    assert log.stat().st_mode & 0o077 == 0


def test_the_screen_runs_nothing_of_the_working_directory(trap: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`comet` alone on a terminal becomes the application that was installed."""
    said = []

    def execve(_program: str, command: list[str], environment: dict[str, str]) -> None:
        run = subprocess.run([*command, "--version"], env=environment, capture_output=True, text=True, check=True)
        said.append(run.stdout)

    monkeypatch.setattr(os, "execve", execve)
    for stream in (sys.stdin, sys.stdout):
        monkeypatch.setattr(stream, "isatty", lambda: True, raising=False)
    face.main([])
    assert said[0].startswith("comet-tui ")
    assert not trap.exists()


def test_the_doctor_runs_nothing_of_the_working_directory(trap: Path) -> None:
    """It says what it would say elsewhere."""
    assert doctor._main_job().standing is Standing.OK
    assert not trap.exists()


def paths() -> list[str]:
    """Return where another Python of this program looks first."""
    return [path for path in start.variables()["PYTHONPATH"].split(os.pathsep) if path]


def test_the_package_is_found_from_anywhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In a checkout that is installed nowhere, too; what the user has named stays."""
    monkeypatch.setattr(site, "getsitepackages", list)
    monkeypatch.setattr(site, "ENABLE_USER_SITE", False)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}/a")
    assert paths() == [HOME, f"{tmp_path}/a"]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths()))
    assert paths() == [HOME, f"{tmp_path}/a"]


def test_an_installed_package_is_not_named_once_more(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What lies beside it must not come before the standard library."""
    (tmp_path / "site").symlink_to(HOME)
    monkeypatch.setattr(site, "getsitepackages", lambda: [str(tmp_path / "site")])
    monkeypatch.delenv("PYTHONPATH", raising=False)
    assert paths() == []


def test_an_empty_entry_is_not_the_working_directory(
    monkeypatch: pytest.MonkeyPatch, trap: Path, tmp_path: Path
) -> None:
    """It comes from a variable that was put together from one that was not set."""
    monkeypatch.setenv("PYTHONPATH", f"{os.pathsep}{tmp_path}/a{os.pathsep}")
    assert "" not in start.variables()["PYTHONPATH"].split(os.pathsep)
    subprocess.run([sys.executable, "-c", "import rich"], check=True, env=start.environment())
    assert not trap.exists()
