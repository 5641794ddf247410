"""Correlating under limits that the system really keeps, and with memory that is given and taken meanwhile."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.integration.cli.conftest import Shell

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="these limits are kept only there")


def made(comet: Shell, folder: Path, tracks: int, words: int) -> Shell:
    """Return the user with so many random fingerprints, of which the second is a copy of the first one."""
    made = np.random.default_rng(1).integers(0, 1 << 32, (tracks, words), dtype=np.uint32)
    made[1] = made[0] ^ 1
    np.savez(
        folder / "all.npz",
        words=made.ravel(),
        offsets=np.arange(tracks + 1) * words,
        paths=np.array([f"{n}.mp3" for n in range(tracks)]),
    )
    comet("setup", "--profile", "p", "--yes", "--no-compile")
    comet("import", folder / "all.npz")
    return comet


def limited(comet: Shell, kind: str, size: int) -> subprocess.CompletedProcess[str]:
    """Correlate under `ulimit KIND`, MB."""
    command = ["sh", "-c", f'ulimit {kind} {size << 10} && exec "$@"', "sh", sys.executable, "-m", "comet", "correlate"]
    return subprocess.run(command, env=comet.env, capture_output=True, text=True, timeout=200, check=False)


def test_too_small_a_limit_is_refused(comet: Shell, tmp_path: Path) -> None:
    """Before any work, in words: not by the loader of libraries, not by the compiler, not by the system."""
    done = limited(made(comet, tmp_path, 3, 60), "-v", 256)
    assert (done.returncode, done.stdout) == (1, "")
    assert "of address space (`ulimit -v`), and" in done.stderr
    assert "Traceback" not in done.stderr
    assert "3 pairs compared" not in comet("info").stdout


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "size"), [("-v", 512), ("-d", 256)])
def test_a_small_limit_is_refused(comet: Shell, tmp_path: Path, kind: str, size: int) -> None:
    """Also where the kernels would fit if they were compiled, for a part of them may not be."""
    done = limited(made(comet, tmp_path, 200, 150), kind, size)
    assert done.returncode == 1
    assert "are left" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "size"), [("-v", 1024), ("-v", 4096), ("-d", 512), ("-d", 1024), ("-d", 4096)])
def test_a_limit_is_kept(comet: Shell, tmp_path: Path, kind: str, size: int) -> None:
    """Of address space or of pages of its own: all is compared, and nothing is killed."""
    done = limited(made(comet, tmp_path, 200, 150), kind, size)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("19,900 of 19,900 pairs compared")


@pytest.mark.slow
def test_no_more_than_is_allowed(comet: Shell, tmp_path: Path) -> None:
    """What the process takes at most stays below what was allowed; less than it has to take is refused."""
    made(comet, tmp_path, 600, 150)
    told = comet("correlate", "--memory", "64M", code=1).stderr
    assert "64 MB are allowed\nhint: allow more with `--memory`" in told
    code = (
        "import resource, sys; from comet.cli.main import main; code = main(['correlate', '--memory', '288M'])\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10, code)"
    )
    done = subprocess.run([sys.executable, "-c", code], env=comet.env, capture_output=True, text=True, check=True)
    peak, ended = map(int, done.stdout.splitlines()[-1].split())
    assert (ended, peak < 1.05 * 288e6) == (0, True)


@pytest.fixture
def running(comet: Shell, tmp_path: Path) -> Iterator[Shell]:
    """Return a user who correlates in the background, for a minute or so."""
    made(comet, tmp_path, 4000, 250)
    comet("correlate", "--detach", "--set", "correlate.write_every=3600")
    yield comet
    for job in comet.lines("jobs"):
        if job["state"] == "running":
            os.kill(job["pid"], signal.SIGKILL)


def until(comet: Shell, fits: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Wait until what the job tells of its memory fits, and return it."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        (job,) = comet.lines("jobs", "last")
        assert job["state"] == "running"
        if job["memory"] and fits(job["memory"]):
            return dict(job["memory"])
        time.sleep(0.1)
    raise AssertionError(job)


@pytest.mark.slow
def test_memory_is_given_and_taken_meanwhile(running: Shell) -> None:
    """A wish ends the chunk in hand at its next row; the next one keeps to it, and the job says so."""
    free = until(running, lambda told: told["chunk"] > 1000)
    least = math.ceil(free["least"] / 1e6)
    assert f"{least}M is the least" in running("jobs", "last", "--memory", f"{least - 1}M", code=2).stderr
    less = least + 40
    assert "at most from the next unit on" in running("jobs", "last", "--memory", f"{less}M").stdout
    taken = until(running, lambda told: told["chunk"] < 200)
    assert taken["limit"] <= less * 1_000_000 + (8 << 20)
    running("jobs", "last", "--memory", f"{least}M")
    until(running, lambda told: told["chunk"] < taken["chunk"] // 4)
    running("jobs", "last", "--memory", f"{less}M")
    taken = until(running, lambda told: told["limit"] > taken["limit"] - (8 << 20))
    assert "has chunks 0.5 times as long" in running("jobs", "last", "--chunk", "half").stdout
    until(running, lambda told: told["chunk"] == taken["chunk"] // 2)
    running("jobs", "last", "--chunk", "double")
    until(running, lambda told: abs(told["chunk"] - taken["chunk"]) <= 1)
    running("jobs", "last", "--memory", "auto")
    until(running, lambda told: told["chunk"] > 1000)
    running("jobs", "last", "--stop")
