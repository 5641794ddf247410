"""`comet bench` as a person types it and as a script asks it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from comet import bench
from comet.cli import bench as face
from tests.integration.cli.conftest import Shell


@pytest.fixture
def nobody(comet: Shell, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """Return a user who has nothing set up, and little time."""
    monkeypatch.setattr(bench, "_ROUNDS", 1)
    return comet


def test_records_are_a_table_without_any_set_up(nobody: Shell) -> None:
    """A row for each way, Comet's first, bytes a record; its cache is as it was then."""
    done = nobody("bench", "records", "--records", "2k")
    head, _titles, ours, plain, *_others = done.stdout.splitlines()
    assert head == "2,000 records loaded, bytes a record"
    assert ours.split()[:2] == ["comet", "18.0"]
    assert plain.split()[0] == "json"
    assert list((nobody.home / "cache").glob("bench*")) == []


def test_two_at_a_time_have_folders_of_their_own(nobody: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """So the one that ends first takes nothing away from the other."""
    monkeypatch.setenv("COMET_HOME", str(nobody.home))
    with face._folder(None) as other:
        with face._folder(None) as ended:
            assert os.path.dirname(ended) == os.path.dirname(other)
        assert os.listdir(os.path.dirname(other)) == [os.path.basename(other)]
    assert os.listdir(os.path.dirname(other)) == []


def test_what_is_wrong_is_refused(nobody: Shell, tmp_path: Path) -> None:
    """An unknown part, a number that is none, a folder that is none, more than fits."""
    assert "there are: records, pairs, files" in nobody("bench", "all", code=2).stderr
    for number in ("0", "-1", "M", "1.5M"):
        assert "invalid number" in nobody("bench", "--records", number, code=2).stderr
    assert "is no folder" in nobody("bench", "--folder", tmp_path / "none", code=2).stderr
    assert "ask for fewer" in nobody("bench", "records", "--records", "1000000M", "--folder", tmp_path, code=1).stderr
    assert nobody("bench", "records", "--profile", "nobody", code=2)
    assert [name for name in os.listdir(tmp_path) if name != "home"] == []


def test_the_collection_is_measured_where_there_is_one(user: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own fingerprints and its own files; the keys are a promise."""
    monkeypatch.setattr(bench, "_MOMENT", 0.05)
    (found,) = user.lines("bench", "pairs", "files")
    assert list(found) == ["pairs", "files"]
    assert list(found["pairs"]) == [
        "made_up",
        "tracks",
        "words",
        "cores",
        "pairs_core",
        "pairs_all",
        "words_core",
        "limit",
    ]
    assert list(found["files"]) == ["made_up", "files", "bad", "size", "music", "seconds"]
    assert not found["pairs"]["made_up"]
    assert not found["files"]["made_up"]
    assert (found["files"]["files"], found["files"]["bad"]) == (7, 0)
    assert found["files"]["music"] == pytest.approx(7 * 20, abs=1)
