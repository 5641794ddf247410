"""`comet check` as a person types it and as a script asks it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.factories import tune, write
from tests.integration.cli.conftest import EVIL, Shell


@pytest.fixture
def new(tmp_path: Path) -> Path:
    """Return a folder for files that are to be checked."""
    (tmp_path / "new").mkdir()
    return tmp_path / "new"


@pytest.mark.slow
def test_exit_codes_are_for_scripts(user: Shell, songs: Path, new: Path) -> None:
    """0 is new, 10 is there, 3 could not be compared; there counts more than that, and nonsense is 2."""
    write(new / "new.mp3", tune(9, 20))
    write(new / "old.mp3", tune(4, 20))
    (new / "bad.flac").write_bytes(b"fLaC" + bytes(5000))
    user.outside("check", new / "new.mp3", code=0)
    user.outside("check", new / "old.mp3", code=10)
    user("check", new / "bad.flac", code=3)
    assert "unusable: " in user("check", new / "none.mp3", new / "new.mp3", code=3).stdout
    user("check", new, code=10)
    user("check", code=2)
    done = user("check", "", code=2)
    assert done.stderr.startswith("error: the name of a file is empty\nhint: ")


def test_a_person_reads_what_is_there_and_which_is_better(user: Shell, songs: Path, new: Path) -> None:
    """A line a file, below it what it belongs to, at the end how many of each; no name is drawn raw."""
    write(new / "a.mp3", tune(4, 20))
    write(new / "b.flac", tune(3, 20))
    shutil.copy(new / "b.flac", new / "c\x1b[2J.flac")
    done = user("check", new / "a.mp3", new, code=10)
    assert done.stdout.splitlines()[0] == f"there: {new}/a.mp3"
    assert f"  same: {songs}/alone.flac\n    similarity 0.9" in done.stdout
    assert "\n    the new one is worse, the other is better: lossless\n" in done.stdout
    assert "\n    the new one is better: lossless\n" in done.stdout
    assert f"\n  the same as {new}/b.flac, given before; neither is better\n" in done.stdout
    assert done.stdout.endswith("\n3 files: 3 there\n")
    assert "\x1b" not in done.stdout
    assert EVIL not in done.stdout


def test_json_has_a_line_a_file(user: Shell, songs: Path, new: Path) -> None:
    """The keys are a promise."""
    write(new / "a.mp3", tune(4, 20))
    write(new / "b.mp3", tune(4, 20)[: 12 * 44_100])
    (new / "bad.flac").write_bytes(b"fLaC" + bytes(5000))
    first, second, bad = user.lines("check", new, code=10)
    assert list(first) == ["path", "state", "holders", "given", "error"]
    assert (first["path"], first["state"], first["given"], first["error"]) == (f"{new}/a.mp3", "there", [], "")
    (held,) = first["holders"]
    promised = [
        "path",
        "relation",
        "clear",
        "holder",
        "how",
        "similarity",
        "offset",
        "overlap",
        "evidence",
        "p_value",
        "expected_false",
        "better",
        "why",
    ]
    assert set(promised) <= set(held)
    assert (held["holder"], held["how"]) == ("", "")
    assert (held["path"], held["relation"], held["better"]) == (f"{songs}/alone.flac", "same", "old")
    assert held["why"] == ["lossless"]
    assert (second["state"], second["holders"][0]["holder"], second["holders"][0]["better"]) == (
        "contained",
        "old",
        None,
    )
    assert (bad["state"], bad["holders"]) == ("unusable", [])
    assert bad["error"]


def test_without_a_scan_it_says_what_to_do(comet: Shell, new: Path, tmp_path: Path) -> None:
    """Nothing known is not nothing there, and asking makes no state."""
    write(new / "a.mp3", tune(1, 20))
    assert "hint: run `comet setup`" in comet("check", new, code=2).stderr
    comet("setup", "--profile", "p", "--root", new, "--yes", "--no-compile")
    before = sorted(os.walk(comet.home))
    done = comet("check", new, code=2)
    assert "hint: run `comet scan` first" in done.stderr
    assert sorted(os.walk(comet.home)) == before
    (ini,) = comet.home.rglob("profiles.ini")
    ini.write_text("[p]\nroots =\n")
    assert "hint: `comet setup` adds folders, " in comet("check", new, code=2).stderr
    assert sorted(os.walk(comet.home)) == before


def test_an_old_scan_is_told(user: Shell, songs: Path, new: Path) -> None:
    """What of the collection could not be asked makes the answer incomplete: a warning, what to do, and 3."""
    write(new / "a.mp3", tune(4, 20))
    write(songs / "alone.flac", tune(5, 25))
    done = user("check", new, code=3)
    assert f"warning: `{songs}/alone.flac` does not count: it has changed since it was scanned\n" in done.stderr
    assert (
        "next: `comet scan --profile p` brings the collection up to date"
        in user("check", "--profile", "p", new, code=3).stderr
    )
    user("scan")
    user("check", new, code=0)
