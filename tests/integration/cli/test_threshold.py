"""`comet threshold` as a person types it and as a script reads it."""

from __future__ import annotations

import json
from pathlib import Path

from tests.factories import tune, write
from tests.integration.cli.conftest import Shell


def test_a_person_sees_the_line(full: Shell) -> None:
    """Where the line is, the picture, a row for each number of false pairs, the doubt; nothing is wider than 80."""
    done = full("threshold", "--profile", "p")
    rows = done.stdout.splitlines()
    assert rows[0] == "3 tracks: line at 6.5, at another speed 7.5; 0.0053 false pairs expected"
    assert "random pairs by evidence" in done.stdout
    steps = [row.lstrip("> ").split()[:2] for row in rows if "=6.5" in row]  # three pairs: all of them at the floor
    assert steps == [[accepted, "=6.5"] for accepted in ("0.01", "0.1", "0.3", "1", "3", "10", "30", "100")]
    assert max(map(len, rows)) <= 80
    assert len(rows) <= 24
    assert "warning: so few tracks" in done.stderr


def test_json_is_for_scripts(full: Shell) -> None:
    """The keys are a contract; the pairs on either side of the line come as those of `comet pairs`."""
    (found,) = full.lines("threshold", "--profile", "p", "--near", "2")
    step = "accepted evidence evidence_sloped similarity expected_false floored pairs groups saving"
    assert list(found) == [*step.split(), "audios", "doubt", "q99", "fall", "sampled", "steps", "above", "below"]
    assert [each["accepted"] for each in found["steps"]] == [0.01, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0]
    assert all(list(each) == step.split() for each in found["steps"])
    assert (found["audios"], found["doubt"], found["pairs"], found["groups"]) == (3, "few", 1, 1)
    assert sum(found["sampled"]["flat"]) == 3
    (above,) = found["above"]
    (pair,) = full.lines("pairs", "--profile", "p")
    assert above == {key: pair[key] for key in above}
    assert pair["sloped"] is False
    assert found["expected_false"] <= 0.1


def test_a_line_can_be_tried(full: Shell) -> None:
    """`--accept` shows another line, says how to keep it, and changes nothing."""
    before = full("threshold", "--profile", "p").stdout
    done = full("threshold", "--profile", "p", "--accept", "0.00001")
    assert [row.split()[1] for row in done.stdout.splitlines() if row.startswith(">")] == ["1e-05"]
    assert "next: `judge.false_pairs = 1e-05` in profile `p`" in done.stderr
    assert done.stdout.splitlines()[0] != before.splitlines()[0]
    assert full("threshold", "--profile", "p").stdout == before
    (kept,) = full.lines("threshold", "--profile", "p", "--set", "judge.false_pairs=1e-05")
    (tried,) = full.lines("threshold", "--profile", "p", "--accept", "1e-05")
    assert kept == tried
    for wrong in ("0", "-1", "nan", "1e400", "many"):
        told = full("threshold", "--profile", "p", f"--accept={wrong}", code=2).stderr
        assert "1e-09 to 1e+06" in told


def test_a_picture_for_a_browser(full: Shell, tmp_path: Path) -> None:
    """`--svg` writes it, over an older one too, but over no other file and into no missing folder."""
    file = tmp_path / "line.svg"
    for _time in range(2):
        assert f"picture in `{file}`" in full("threshold", "--profile", "p", "--svg", file).stderr
        assert file.read_text("utf-8").startswith("<svg ")
    other = tmp_path / "song.txt"
    other.write_text("words")
    assert "is no picture" in full("threshold", "--profile", "p", "--svg", other, code=2).stderr
    assert other.read_text() == "words"
    assert "cannot be written" in full("threshold", "--profile", "p", "--svg", tmp_path / "no/line.svg", code=2).stderr


def test_what_was_not_correlated_has_no_picture(comet: Shell, tmp_path: Path) -> None:
    """Before random pairs were compared the line is the one known before, and it is said how to learn it."""
    (tmp_path / "music").mkdir()
    write(tmp_path / "music/one.flac", tune(1, 20))
    comet("setup", "--profile", "p", "--root", tmp_path / "music", "--yes", "--no-compile")
    comet("scan", "--profile", "p")
    done = comet("threshold", "--profile", "p")
    assert "log scale" not in done.stdout
    assert "`comet correlate --profile p` compares random pairs" in done.stderr
    assert json.loads(comet("threshold", "--profile", "p", "--json").stdout)["sampled"] is None
