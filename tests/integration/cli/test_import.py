"""`comet import` and `comet export`, as somebody types them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from tests.integration.cli.conftest import EVIL, Shell


def test_there_and_back(user: Shell, tmp_path: Path) -> None:
    """Fingerprints go out, and into a profile without music, where they are compared, explained and forgotten."""
    file = tmp_path / "all.npz"
    assert user("export", file).stdout == f"7 fingerprints in `{file}`\n"
    user("setup", "--profile", "q", "--yes", "--no-compile")
    (told,) = user.lines("import", file, "--profile", "q")
    assert (told["kind"], told["new"], told["unchanged"], told["skipped"]) == ("archive", 7, 0, [])
    again = user("import", file, "--profile", "q")
    assert "7 fingerprints: 0 new, 0 changed, 7 unchanged" in again.stdout
    assert "next:" not in again.stderr
    user("correlate", "--profile", "q")
    found = user.lines("pairs", "--profile", "q")
    assert {(pair["a"], pair["b"]) for pair in found} == {(pair["a"], pair["b"]) for pair in user.lines("pairs")}
    group = user("groups", "--profile", "q").stdout
    assert "imported" in group
    assert json.loads(user("plan", "--profile", "q").stdout)["steps"] == []
    name = next(pair["a"] for pair in found if EVIL not in pair["a"])
    assert "an imported fingerprint, without a file" in user("info", name, "--profile", "q").stdout
    assert "is an imported" in user("why", name, "--profile", "q").stdout
    assert user("import", "--forget", "--profile", "q").stdout == "7 imported fingerprints forgotten\n"
    assert user.lines("pairs", "--profile", "q") == []


def test_two_names_for_one_fingerprint(user: Shell, tmp_path: Path) -> None:
    """Nothing is said of bits of audio that nobody has."""
    words = np.random.default_rng(1).integers(0, 1 << 32, 200, dtype=np.uint32)
    np.savez(tmp_path / "x.npz", words=np.r_[words, words], offsets=[0, 200, 400], paths=np.array(["a", "b"]))
    user("import", tmp_path / "x.npz")
    assert "They are one fingerprint, word by word." in user("why", "a", "b").stdout


def test_what_fpcalc_prints(user: Shell, tmp_path: Path) -> None:
    """Entries that cannot be used are told with their number, and are a failure only for those who ask."""
    file = tmp_path / "prints"
    file.write_text('{"duration": 9.5, "fingerprint": [1, 2, 3]}\n{"duration": 9.5, "fingerprint": "AQ!!"}\n')
    first = user("import", file)
    assert "1 fingerprint: 1 new, 0 changed, 0 unchanged\n  1 entry passed over, the first is number 2" in first.stdout
    assert "comet correlate" in first.stderr
    user("import", file, "--strict", code=3)
    file.write_text('{"duration": 9.5, "fingerprint": [1, 2, 3]}\n{"duration": 1e400, "fingerprint": "AQ!!"}\n')
    told = user("import", file).stdout
    assert "  reading ended at entry 2, nothing from there on is taken in: it is cut off there, is no JSON" in told
    assert "passed over" not in told
    user("import", file, "--strict", code=3)
    (summary,) = user.lines("import", file)
    assert (summary["skipped"], summary["ended"]["entry"]) == ([], 2)
    assert user.lines("info", f"{file}:1")[0]["codec"] == "imported"


def test_old_results(user: Shell, songs: Path, tmp_path: Path) -> None:
    """What Comet sees otherwise is listed; names are made safe; as JSON every pair is told."""
    old = [
        {"file_a": str(songs / "one.flac"), "file_b": str(songs / "Один.mp3"), "correlation": 0.98, "offset": 3},
        {"file_a": str(songs / EVIL), "file_b": str(songs / "one.flac"), "correlation": 0.52},
        {"file_a": "gone", "file_b": "gone too", "correlation": 0.52},
    ]
    (tmp_path / "old.json").write_text(json.dumps(old))
    told = user("import", tmp_path / "old.json").stdout
    assert "2 old pairs, 1 the same for Comet too, 0 something else, 1 not found" in told
    assert "not found, correlation was 0.52: " in told
    assert "\x1b" not in told
    assert "1 entry passed over, the first is number 3: it names a file that this profile does not know" in told
    one, other, summary = user.lines("import", tmp_path / "old.json")
    assert (one["relation"], one["offset"], other["relation"], other["a"]) == ("same", 3, None, str(songs / EVIL))
    assert (summary["confirmed"], summary["missed"], summary["skipped"][0]["first"]) == (1, 1, 3)


def test_what_cannot_be_imported(user: Shell, tmp_path: Path) -> None:
    """One bad file does not keep the others out; nothing named, or too much, is a mistake."""
    (tmp_path / "good").write_text('{"duration": 9.5, "fingerprint": [1, 2, 3]}')
    (tmp_path / "bad").write_text("rubbish")
    done = user("import", tmp_path / "bad", tmp_path / "none", tmp_path / "good", code=3)
    assert "1 new" in done.stdout
    assert "it holds neither fingerprints nor pairs of files\nhint: " in done.stderr
    assert "No such file" in done.stderr
    assert [(job["state"], "neither" in job["error"]) for job in user.lines("jobs", "last")] == [("failed", True)]
    user("import", code=2)
    user("import", tmp_path / "good", "--forget", code=2)
    user("export", tmp_path / "none" / "x.npz", code=3)


def test_in_the_background(user: Shell, tmp_path: Path) -> None:
    """A large file goes on when the terminal is closed, as a job that can be watched."""
    (tmp_path / "good").write_text('{"duration": 9.5, "fingerprint": [1, 2, 3]}')
    job = user("import", tmp_path / "good", "--detach").stdout.strip()
    user("jobs", job, "--watch")
    assert user.lines("info", f"{tmp_path}/good:1")
