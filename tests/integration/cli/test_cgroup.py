"""Correlating in a container that may take so much memory: the system's own control group, no number in a setting."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.cli.conftest import Shell
from tests.integration.cli.test_memory import made

pytestmark = pytest.mark.slow

NEW = Path("/sys/fs/cgroup/cgroup.controllers")
FILES = ("memory.max", "memory.peak", "memory.events") if NEW.exists() else (
    "memory.limit_in_bytes", "memory.max_usage_in_bytes", "memory.oom_control"
)  # fmt: skip


@pytest.fixture
def group() -> Iterator[Callable[[int], Path]]:
    """Return what makes a control group below our own that may take so many bytes; only root may."""
    made: list[Path] = []

    def make(size: int) -> Path:
        version, controller = ("", "/sys/fs/cgroup") if NEW.exists() else ("memory", "/sys/fs/cgroup/memory")
        lines = Path("/proc/self/cgroup").read_text(encoding="ascii").splitlines()
        own = next(line.split(":", 2)[2] for line in lines if version in line.split(":")[1].split(","))
        folder = Path(controller, own.lstrip("/"), f"comet-test-{os.getpid()}")
        try:
            folder.mkdir()
            (folder / FILES[0]).write_text(str(size), encoding="ascii")
        except OSError as error:
            pytest.skip(f"no control group can be made here: {error}")
        made.append(folder)
        return folder

    yield make
    for folder in made:
        with contextlib.suppress(OSError):
            folder.rmdir()


def inside(group: Path, comet: Shell, *words: str) -> subprocess.CompletedProcess[str]:
    """Run `comet` in a control group."""
    command = ["sh", "-c", f'echo $$ > {group}/cgroup.procs && exec "$@"', "sh", sys.executable, "-m", "comet", *words]
    return subprocess.run(command, env=comet.env, capture_output=True, text=True, timeout=220, check=False)


@pytest.mark.parametrize("megabytes", [512, 1024, 4096])
def test_a_container_is_enough(comet: Shell, tmp_path: Path, group: Callable[[int], Path], megabytes: int) -> None:
    """Nothing is killed, all is compared, and the group never holds more than it may, with no limit in the settings."""
    here = group(megabytes << 20)
    done = inside(here, made(comet, tmp_path, 1200, 300), "correlate")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("719,400 of 719,400 pairs compared")
    assert int((here / FILES[1]).read_text(encoding="ascii")) <= megabytes << 20
    told = dict(line.split() for line in (here / FILES[2]).read_text(encoding="ascii").splitlines())
    assert told.get("oom_kill") == "0"


def test_too_small_a_container_is_refused_in_words(comet: Shell, tmp_path: Path, group: Callable[[int], Path]) -> None:
    """256 MB are not enough for the compiled loops: that is said before the system kills anything."""
    here = group(256 << 20)
    done = inside(here, made(comet, tmp_path, 200, 150), "correlate")
    assert done.returncode == 1
    assert "are left" in done.stderr
    assert "Traceback" not in done.stderr
