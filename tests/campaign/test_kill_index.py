"""`kill -9` of a real process at random moments, from its start to its end, in a collection that the index is made for.

Fifty times; then one run to the end finds the same pairs as a run that nobody killed. `COMET_FINGERPRINTS=FILE.npz`
takes another collection, as `comet import` does; `COMET_SEED=N` other moments.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from comet.compare import tiers
from comet.compare.chunks import RECORD, key
from tests.campaign.test_kill import TOP

KILLS = 50
TRACKS = tiers.EXACT + 1000


def fingerprints(path: Path) -> Path:
    """Write tracks, of which one in ten is another one with a tenth of its bits changed."""
    rng = np.random.default_rng(1)
    tracks = [rng.integers(0, 2**32, 300, dtype=np.uint32).repeat(3)[:400] for _track in range(TRACKS)]
    for copy in range(0, TRACKS, 10):
        noise = rng.random((400, 32)) < 0.1
        tracks[copy] = tracks[rng.integers(TRACKS)] ^ np.packbits(noise, axis=1).view(np.uint32)[:, 0]
    paths = np.array([f"{track}.mp3".encode() for track in range(TRACKS)])
    np.savez(path, words=np.concatenate(tracks), offsets=np.arange(TRACKS + 1) * 400, paths=paths)
    return path


def start(home: Path, *words: str) -> subprocess.Popen[bytes]:
    """Start the command line in a process group of its own."""
    env = {key: text for key, text in os.environ.items() if key != "COMET_JOB"}
    env |= {"COMET_HOME": str(home), "PYTHONPATH": str(TOP), "COLUMNS": "200"}
    command = [sys.executable, "-m", "comet", *words]
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)


def run(home: Path, *words: str) -> None:
    """Run to the end."""
    with start(home, *words) as process:
        _out, errors = process.communicate()
    assert process.returncode == 0, errors.decode()[-2000:]


def results(home: Path) -> dict[str, np.ndarray]:
    """Return the records of each result file, by name; one that is not whole yet has none."""
    files = sorted(home.glob("state/*/results/*.comet"))
    return {file.name: np.frombuffer(file.read_bytes()[4096:], RECORD) for file in files}


def found(home: Path) -> np.ndarray:
    """Return the pairs that all files have together."""
    return np.unique(key(np.concatenate(list(results(home).values()))))


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_fifty_kills_change_nothing(tmp_path: Path) -> None:
    """Each loses only what was not written yet, wherever it hits: loading, the index, a file half written, judging.

    Whenever a run gets to its end all pairs are there, and the next one begins anew.
    """
    path = os.environ.get("COMET_FINGERPRINTS") or str(fingerprints(tmp_path / "tracks.npz"))
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    for home in (whole, killed):
        run(home, "setup", "--profile", "k", "--yes", "--no-compile")
        run(home, "import", path)
    run(whole, "correlate")  # whatever has to be compiled is
    shutil.rmtree(next(whole.glob("state/*/results")))
    began = time.monotonic()
    run(whole, "correlate")
    lasts, every = time.monotonic() - began, found(whole)
    assert len(every)
    rng = random.Random(int(os.environ.get("COMET_SEED", "1")))  # noqa: S311 - moments
    kills = 0
    while kills < KILLS:
        before = results(killed)
        with start(killed, "correlate") as process:
            try:
                process.wait(rng.uniform(0.0, lasts))
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                kills += 1
            process.communicate()
        after = results(killed)
        assert all(np.array_equal(after[name], records) for name, records in before.items() if len(records))
        if process.returncode != -signal.SIGKILL:
            assert np.array_equal(found(killed), every)
            shutil.rmtree(next(killed.glob("state/*/results")))
    run(killed, "correlate")
    assert np.array_equal(found(killed), every)
