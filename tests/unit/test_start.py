"""The script that runs Comet from a bare checkout."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[2] / "start.py"


@pytest.fixture
def start(tmp_path: Path) -> ModuleType:
    """Load the script as if the checkout were an empty folder; what is installed there is this Python."""
    (tmp_path / "start.py").write_text(SCRIPT.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text("[project]\n", encoding="utf-8")
    spec = importlib.util.spec_from_file_location("start", tmp_path / "start.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Made:
    """What was installed, instead of installing it."""

    def __init__(self, start: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
        self.environments = 0
        self.packages: list[tuple[str, ...]] = []
        self._start = start
        monkeypatch.setattr(start, "make_environment", self.environment)
        monkeypatch.setattr(start, "fetch", lambda _python, *packages: self.packages.append(packages))

    def environment(self) -> None:
        """Stand in for `make_environment`."""
        self.environments += 1
        self._start.BIN.mkdir(parents=True, exist_ok=True)
        if not self._start.PYTHON.exists():
            self._start.PYTHON.symlink_to(sys.executable)


@pytest.fixture
def made(start: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Made:
    """Install nothing, and note what would be."""
    return Made(start, monkeypatch)


def test_installs_once(start: ModuleType, made: Made) -> None:
    """The second run starts at once."""
    start.install(test=False)
    start.install(test=False)
    assert (made.environments, len(made.packages)) == (1, 1)


def test_installs_test_tools_only_when_asked(start: ModuleType, made: Made) -> None:
    """Running needs no test tools; with them there, running installs nothing."""
    start.install(test=False)
    start.install(test=True)
    start.install(test=False)
    assert [package[-1] for package in made.packages] == [str(start.HERE), f"{start.HERE}[test]"]


def test_installs_again_when_the_project_changed(start: ModuleType, made: Made) -> None:
    """A new dependency arrives, in the environment that is there."""
    start.install(test=False)
    (start.HERE / "pyproject.toml").write_text("[project]\ndependencies = []\n", encoding="utf-8")
    start.install(test=False)
    assert (made.environments, len(made.packages)) == (1, 2)


@pytest.mark.parametrize("key", ["python", "place"])
def test_makes_a_new_environment_when_python_or_the_folder_changed(start: ModuleType, made: Made, key: str) -> None:
    """An environment knows its Python and its own path; with either gone it is worth nothing."""
    start.install(test=False)
    stamp = json.loads(start.STAMP.read_text(encoding="utf-8"))
    start.STAMP.write_text(json.dumps({**stamp, key: "another"}), encoding="utf-8")
    start.install(test=False)
    assert made.environments == 2


def test_an_installation_that_failed_is_tried_again(
    start: ModuleType, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half an environment is never taken for a whole one."""
    whole = start.fetch

    def fail(*_words: str) -> None:
        raise start.StartError("no network")

    monkeypatch.setattr(start, "fetch", fail)
    with pytest.raises(start.StartError):
        start.install(test=False)
    monkeypatch.setattr(start, "fetch", whole)
    start.install(test=False)
    assert len(made.packages) == 1


def test_a_new_environment_keeps_what_comet_found(start: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """State and demo library outlive it; what was installed goes."""
    for name in ("home", "demo", "python/lib"):
        (start.HOME / name).mkdir(parents=True)
    monkeypatch.setattr(start, "quiet", lambda *_command: (True, ""))
    start.make_environment()
    assert {path.name for path in start.HOME.iterdir()} == {"home", "demo"}


def test_without_pip_it_says_how_to_get_it(
    start: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One sentence and a hint, no traceback."""
    monkeypatch.setattr(start, "quiet", lambda *_command: (False, "No module named pip"))
    monkeypatch.setattr(sys, "argv", ["start.py"])
    assert start.main() == 1
    error = capsys.readouterr().err
    assert "no pip" in error
    assert "hint: `apt install python3-pip`" in error


def test_without_a_network_it_shows_what_pip_said(
    start: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The end of pip's own words, then ours."""
    monkeypatch.setattr(start, "make_environment", lambda: None)
    monkeypatch.setattr(start, "quiet", lambda *_command: (False, "Network is unreachable"))
    monkeypatch.setattr(sys, "argv", ["start.py"])
    assert start.main() == 1
    error = capsys.readouterr().err
    assert (
        error.index("Network is unreachable")
        < error.index("pip could not install")
        < error.index("hint: is the network")
    )


def test_an_old_python_is_refused(
    start: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before anything is made."""
    monkeypatch.setattr(sys, "version_info", (3, 10, 1))
    monkeypatch.setattr(sys, "argv", ["start.py"])
    assert start.main() == 1
    assert "needs Python 3.11" in capsys.readouterr().err
    assert not start.HOME.exists()


def test_every_check_runs_although_one_fails(
    start: ModuleType, made: Made, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """All that is wrong is told at once, the exit code says that something is, and tests begin with all compiled."""
    made.environment()
    for program, line in {"one": "exit 0", "two": "exit 3", "three": "test -e compiled"}.items():
        (start.BIN / program).write_text(f"#!/bin/sh\n{line}\n", encoding="utf-8")
        (start.BIN / program).chmod(0o755)
    monkeypatch.setattr(start, "CHECKS", {"a": ("one",), "b": ("two", "-x"), "tests": ("three",)})
    monkeypatch.setattr(start, "KERNELS", "import pathlib, time; time.sleep(0.2); pathlib.Path('compiled').touch()")
    assert start.check() == 1
    error = capsys.readouterr().err
    assert "tests: passed" in error
    assert error.endswith("failed: b\n")


def test_comet_works_in_a_home_of_its_own(start: ModuleType, made: Made, tmp_path: Path) -> None:
    """Nothing outside the checkout is read or written, and what is typed after `--` reaches Comet as it is."""
    made.environment()
    program = start.BIN / "comet"
    program.write_text(f'#!/bin/sh\necho "$COMET_HOME" "$@" > {tmp_path}/said\nexit 7\n', encoding="utf-8")
    program.chmod(0o755)
    assert start.comet("groups", "--json") == 7
    assert (tmp_path / "said").read_text(encoding="utf-8") == f"{start.HOME / 'home'} groups --json\n"


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
def test_ctrl_c_is_left_to_comet(start: ModuleType, made: Made, tmp_path: Path) -> None:
    """Comet ends after the unit in hand; the script neither kills it nor leaves before it."""
    made.environment()
    program, ready = start.BIN / "comet", tmp_path / "ready"
    program.write_text(
        f"#!{sys.executable}\nimport pathlib, signal, sys, time\n"
        "def end(*_):\n    time.sleep(1); sys.exit(42)\n"
        f"signal.signal(signal.SIGINT, end)\npathlib.Path({str(ready)!r}).touch()\ntime.sleep(30)\n",
        encoding="utf-8",
    )
    program.chmod(0o755)
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import start; sys.exit(start.comet())"
    run = subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
    limit = time.monotonic() + 20
    while not ready.exists() and time.monotonic() < limit:
        time.sleep(0.02)
    os.killpg(run.pid, signal.SIGINT)
    assert run.wait(timeout=20) == 42
