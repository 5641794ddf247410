"""The demo library, found by the program as it is typed: what is promised is what is shown."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from comet import demo

Comet = Callable[..., "subprocess.CompletedProcess[str]"]
SCANNED = {"files", "decoded", "unchanged", "moved", "recognised", "problems"}
CORRELATED = {"pairs_done", "pairs_all", "units", "recall"}


@pytest.fixture(scope="module")
def library(demonstrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the library."""
    return Path(shutil.copytree(demonstrated, tmp_path_factory.mktemp("demo") / "library"))


@pytest.fixture(scope="module")
def comet(library: Path) -> Comet:
    """Call the program in a home of its own."""
    env = {**os.environ, "COMET_HOME": str(library.parent / "home")}

    def call(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "comet", *words], capture_output=True, text=True, check=False, env=env, timeout=200
        )

    return call


@pytest.fixture(scope="module")
def full(comet: Comet, library: Path) -> list[Any]:
    """Find the duplicates once and return what was printed, line by line."""
    run = comet("-f", str(library), "--json")
    assert run.returncode == 0, run.stderr
    return [json.loads(line) for line in run.stdout.splitlines()]


def stems(paths: list[str]) -> set[str]:
    """Return the names of files."""
    return {Path(path).name for path in paths}


def test_the_two_groups_of_the_demo_are_found(full: list[Any]) -> None:
    """Four copies of one tune, three of another, and nothing else."""
    groups = [stems([track["path"] for track in group["tracks"]]) for group in full[-1]]
    trains = {"01 Night Trains.flac", "night_trains_128.mp3", "track07.ogg", "Ночные поезда.m4a"}
    assert groups == [trains, {"02 Paper Boats.mp3", "02 Paper Boats (1).mp3", "paper-boats.opus"}]


def test_the_best_copy_is_kept(full: list[Any]) -> None:
    """The lossless one stays where there is one."""
    kept = [Path(track["path"]).name for track in full[-1][0]["tracks"] if track["keep"]]
    assert kept == ["01 Night Trains.flac"]


def test_full_says_what_it_did(full: list[Any]) -> None:
    """Scanned and correlated lines have the keys that scripts rely on, and every pair was compared."""
    assert full[0].keys() >= SCANNED
    assert full[1].keys() >= CORRELATED
    assert full[0]["files"] == 16
    assert full[1]["pairs_done"] == full[1]["pairs_all"] > 0


@pytest.mark.parametrize(
    ("relation", "names"),
    [
        ("contains", {"03 Harbour Lights.flac", "harbour lights (preview).mp3"}),
        ("variant", {"04 Clockwork.ogg", "clockwork (radio).mp3"}),
        ("shares", {"05 Snowfall.flac", "snowfall.mp3"}),
    ],
)
def test_what_is_not_the_same_is_named(
    full: list[Any], comet: Comet, library: Path, relation: str, names: set[str]
) -> None:
    """The traps are found, and each is called what it is."""
    assert full
    run = comet("pairs", "--json", "--relation", relation)
    pairs = [json.loads(line) for line in run.stdout.splitlines()]
    assert [stems([pair["a"], pair["b"]]) for pair in pairs] == [names]


def test_the_broken_file_is_told_and_silence_is_not_one(full: list[Any], comet: Comet) -> None:
    """A file that cannot be used is no failure and no secret; one that is only silent can be used."""
    assert full
    problems = [json.loads(line) for line in comet("problems", "--json").stdout.splitlines()]
    assert stems([problem["path"] for problem in problems]) == {"lanterns (incomplete).m4a"}


def test_a_second_run_listens_to_nothing(full: list[Any], comet: Comet, library: Path) -> None:
    """Only what changed may cost time."""
    assert full
    lines = [json.loads(line) for line in comet("-f", str(library), "--json").stdout.splitlines()]
    assert lines[0]["decoded"] == 0
    assert lines[0]["unchanged"] == 16
    assert lines[-1] == full[-1]


def test_no_file_was_changed(full: list[Any], library: Path) -> None:
    """Finding only reads: under the root there is nothing new but Comet's own marker."""
    assert full
    extra = {path.relative_to(library).as_posix() for path in library.rglob("*") if path.is_file()}
    extra -= {path.relative_to(library).as_posix() for path in demo.make(str(library))}
    assert extra == {".comet/root"}
