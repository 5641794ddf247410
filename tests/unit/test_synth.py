"""Collections for benchmarks: what is promised of the file and of the copies in it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from comet.compare.sample import evidence, prepare
from tests.benchmarks import synth
from tests.benchmarks.bench_recall import ORIGINAL
from tests.benchmarks.notes import Notes, Rows, save

CHANGES = ("", "", ORIGINAL, "twice as loud", "half a second later", ORIGINAL, "twice as loud", "half a second later")
FAMILIES = (-1, -1, 0, 0, 0, 1, 1, 1)


@pytest.fixture
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Notes of two tracks and of two with copies, and blocks of 20 tracks, 5 of them copied."""
    draw = np.random.default_rng(1)
    sounds: list[Rows] = []
    for change in CHANGES:
        if change in {"", ORIGINAL}:
            held = draw.exponential(size=(300, 12)).repeat(4, 0).astype(np.float32)  # half a second each
        sounds.append({"twice as loud": 4 * held, "half a second later": held[4:]}.get(change, held))
    offsets = np.cumsum([0, *map(len, sounds)], dtype=np.int64)
    save(str(tmp_path / "notes.npz"), Notes(np.concatenate(sounds), offsets, np.array(CHANGES), np.array(FAMILIES)))
    monkeypatch.setattr(synth, "BLOCK", 20)
    monkeypatch.setattr(synth, "COPIED", 5)
    return str(tmp_path / "notes.npz")


def test_a_track_is_the_same_in_a_collection_of_any_size(notes: str, tmp_path: Path) -> None:
    """The seed and its number say what a track is, not how many there are."""
    for count in (25, 50):
        synth.write(notes, count, str(tmp_path / f"{count}.npz"))
    few, many = np.load(tmp_path / "25.npz"), np.load(tmp_path / "50.npz")
    assert len(many["paths"]) == len(set(many["paths"].tolist())) == 50
    assert many["offsets"][-1] == len(many["words"])
    assert many["words"].dtype == np.uint32
    for name, count in (("paths", 25), ("offsets", 26), ("words", few["offsets"][-1])):
        assert np.array_equal(few[name], many[name][:count])
        assert len(few[name]) == count


def test_what_has_one_name_up_to_the_dot_belongs_together(notes: str, tmp_path: Path) -> None:
    """A copy agrees with its original more than any other two tracks do."""
    synth.write(notes, 20, str(tmp_path / "out.npz"))
    made = np.load(tmp_path / "out.npz")
    names = [path.decode().split(".")[0] for path in made["paths"]]
    sample = prepare(enumerate(np.split(made["words"], made["offsets"][1:-1])))
    pairs = np.stack(np.triu_indices(20, 1), 1)
    flat, _sloped = evidence(sample, pairs)
    same = np.array([names[i] == names[j] for i, j in pairs])
    assert same.sum() == 5
    assert flat[same].min() > max(30, flat[~same].max())
