"""The commands of the main line, as others build on them: what they print, and how they end."""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
import sys
from pathlib import Path

import mutagen
import pytest

from tests.factories import silence, tune, write
from tests.integration.cli.conftest import Shell

COMMANDS = ("groups", "pairs", "problems", "info", "scan", "correlate", "full", "profiles", "jobs")


@pytest.mark.parametrize("command", COMMANDS)
def test_without_set_up_each_command_answers_in_one_sentence(comet: Shell, command: str) -> None:
    """A new user is told the first step, exit 2, and nothing is made."""
    done = comet.outside(command, code=2)
    assert done.stdout == ""
    error, hint = done.stderr.splitlines()
    assert error == "error: there is no profile yet"
    assert hint.startswith("hint: run `comet setup`")
    assert not comet.home.exists()


def test_alone_in_a_pipe_it_shows_help(comet: Shell) -> None:
    """Only a terminal gets screens."""
    assert comet.outside().stdout.startswith("Usage: comet")


def test_the_line_works_without_any_set_up(comet: Shell, music: Path) -> None:
    """`comet -f DIR`, and the next command goes on with the same folder."""
    done = comet.outside("-f", music)
    assert "1 group with 1 file beside the keepers" in done.stdout
    assert "`comet pairs` shows" in done.stderr
    (group,) = comet.lines("groups")[0]
    assert {Path(t["path"]).name: t["keep"] for t in group["tracks"]} == {"one.flac": True, "Один.mp3": False}
    assert comet.lines("groups", "--profile", "-") == comet.lines("groups")
    assert len(comet.outside("problems").stdout.splitlines()) == 2
    assert "1 folder" not in comet("profiles", code=2).stderr


def test_a_profile_that_was_set_up_does_not_hide_the_unnamed_one(full: Shell, tmp_path: Path) -> None:
    """After `comet -f DIR` the next step that is printed works, whatever else is set up."""
    (tmp_path / "other").mkdir()
    write(tmp_path / "other/x.flac", tune(7, 20))
    write(tmp_path / "other/y.flac", tune(7, 20), bitrate=0)
    done = full("-f", tmp_path / "other")
    assert "`comet pairs --profile -`" in done.stderr
    assert {Path(p["a"]).parent.name for p in full.lines("pairs", "--profile", "-")} == {"other"}
    assert {Path(p["a"]).parent.name for p in full.lines("pairs")} == {"music"}


@pytest.mark.parametrize(("name", "word"), [("none", "is not there"), ("one.flac", "is not a folder")])
def test_a_folder_that_is_none_is_said(comet: Shell, music: Path, name: str, word: str) -> None:
    """A slip in a path is no empty collection."""
    done = comet("-f", music / name, code=2)
    assert word in done.stderr
    assert not comet.home.exists()


def test_the_last_line_of_scan_is_its_counts(comet: Shell, music: Path) -> None:
    """Exactly these keys; a second scan opens nothing; exit 0 although files are bad, 3 with --strict."""
    comet("setup", "--profile", "p", "--root", music, "--yes", "--no-compile")
    first = comet.lines("scan", "--profile", "p")[-1]
    (root,) = first.pop("roots")
    assert first == {"files": 5, "decoded": 3, "unchanged": 0, "moved": 0, "recognised": 0, "problems": 2}
    size = sum(path.stat().st_size for path in music.glob("[!.]*"))
    order = root.pop("order")
    assert root == {
        "path": str(music), "files": 5, "new": 5, "changed": 0, "stale": 0, "gone": 0, "size": size, "since": None,
        "unchanged": 0, "decoded": 3, "moved": 0, "recognised": 0,
    }  # fmt: skip
    assert (set(order), order["deviation"] <= 1.5) == (
        {"deviation", "runs_z", "by_extent", "by_inode", "by_path"}, True
    )  # fmt: skip
    again = comet.lines("scan")[-1]
    (root,) = again.pop("roots")
    assert again == {"files": 5, "decoded": 0, "unchanged": 5, "moved": 0, "recognised": 0, "problems": 2}
    assert (root["size"], root["unchanged"], root["order"]) == (0, 5, None)
    comet("scan", "--strict", code=3)


def test_the_last_line_of_correlate_is_its_counts(comet: Shell, music: Path) -> None:
    """Exactly these keys; done twice, nothing is left to do."""
    comet("scan", music)
    first = comet.lines("correlate")[-1]
    assert set(first) == {"pairs_done", "pairs_all", "units", "recall"}
    assert (first["pairs_done"], first["pairs_all"]) == (3, 3)
    assert comet.lines("correlate")[-1] == first
    told = comet("correlate", "--strict", code=3).stdout
    assert told.endswith("3 of 5 files take part; 2 cannot be used\n")


def test_full_as_json_is_both_counts_and_the_groups(comet: Shell, music: Path) -> None:
    """Three lines: scan, correlate, groups."""
    scanned, correlated, groups = comet.lines("-f", music)
    assert scanned["files"] == 5
    assert correlated["pairs_done"] == 3
    assert len(groups) == 1


def test_pairs_are_a_line_each_and_in_order(full: Shell, music: Path) -> None:
    """A < b, and --relation leaves out the others."""
    (pair,) = full.lines("pairs", "--relation", "same,contains")
    assert (pair["a"], pair["b"]) == (str(music / "one.flac"), str(music / "Один.mp3"))
    assert pair["a"] < pair["b"]
    assert pair["relation"] == "same"
    assert pair["evidence"] > 10
    assert full.lines("pairs", "--relation", "variant") == []
    assert "no relation" in full("pairs", "--relation", "similar", code=2).stderr


def test_byte_copies_have_no_evidence(comet: Shell, music: Path) -> None:
    """They need none: the encoded audio is one."""
    (music / "again.flac").write_bytes((music / "one.flac").read_bytes())
    comet("-f", music)
    (copy,) = [pair for pair in comet.lines("pairs") if pair["evidence"] is None]
    assert {Path(copy["a"]).name, Path(copy["b"]).name} == {"one.flac", "again.flac"}
    assert (copy["similarity"], copy["offset"]) == (1.0, 0.0)


def test_names_that_are_not_utf8_survive(comet: Shell, tmp_path: Path) -> None:
    """From the folder through cache and JSON back to the same bytes."""
    folder = os.fsencode(tmp_path) + b"/m\xff"
    os.mkdir(folder)
    for name in (b"caf\xe9.mp3", b"\xd0\xb6\n.mp3"):
        write(os.path.join(folder, name), tune(1, 20), "mp3")
    (tmp_path / "home").mkdir()
    comet.outside("-f", folder)
    (group,) = comet.lines("groups")[0]
    assert {os.fsencode(track["path"]) for track in group["tracks"]} == {
        os.path.join(folder, name) for name in (b"caf\xe9.mp3", b"\xd0\xb6\n.mp3")
    }
    assert "caf\\xe9.mp3" in comet.outside("groups").stdout
    assert json.loads(comet.outside("info", os.path.join(folder, b"caf\xe9.mp3"), "--json").stdout)["words"] > 0


def test_problems_are_told_with_the_reason(comet: Shell, music: Path) -> None:
    """One by one while scanning, and again when they are asked for."""
    told = comet("scan", music).stderr
    asked = comet.lines("problems")
    assert {Path(entry["path"]).name for entry in asked} == {"empty.mp3", "broken.flac"}
    assert all(set(entry) == {"path", "stage", "error"} for entry in asked)
    for entry in asked:
        assert f"`{entry['path']}`: {entry['error']}" in told


def test_a_root_that_is_away_is_a_warning(full: Shell, music: Path) -> None:
    """Nothing of it is forgotten; exit 0, with --strict 3."""
    before = full.lines("groups")
    music.rename(music.with_name("elsewhere"))
    assert "is away" in full("scan").stderr
    full("scan", "--strict", code=3)
    assert full.lines("groups") == before


def test_a_pair_is_compared_without_a_scan(comet: Shell, music: Path, tmp_path: Path) -> None:
    """A sentence, and the figures."""
    text = comet.outside("-p", music / "one.flac", music / "Один.mp3").stdout
    assert "they are the same recording" in text
    found = json.loads(comet("pair", music / "one.flac", os.fsencode(music) + b"/caf\xe9.mp3", "--json").stdout)
    assert found["relation"] is None
    assert 0.3 < found["similarity"] < 0.8
    assert "is not there" in comet("pair", music / "one.flac", tmp_path / "none", code=2).stderr
    comet("pair", music / "one.flac", music / "broken.flac", code=3)


def test_info_tells_the_state_and_a_file(full: Shell, music: Path) -> None:
    """Roots, formats, pairs, memory; of a file its sound, its pairs, its group, its problem."""
    (state,) = full.lines("info")
    assert (state["files"], state["problems"], state["groups"]) == (5, 2, 1)
    assert (state["pairs_done"], state["pairs_all"], state["recall"]) == (3, 3, 1.0)
    assert "3 of 3 compared, recall 100.0%" in full("info").stdout
    assert state["chunk"] > 0
    assert state["by_codec"]["mp3"] == 2
    assert str(music) in full("-i").stdout
    (known,) = full.lines("info", music / "one.flac")
    assert known["codec"] == "flac"
    assert len(known["pairs"]) == 1
    assert len(known["group"]["tracks"]) == 2
    assert known["duration"] - known["sound_end"] > 19
    assert "s to 19.99 s" in full("info", music / "one.flac").stdout
    assert known["quality"]["clipped"] == 0
    assert -40 < max(known["quality"]["levels"]) < 0
    assert len(known["quality"]["envelope"]) in (20, 21)
    assert known["loudness"] is None
    (bad,) = full.lines("info", music / "empty.mp3")
    assert "empty" in bad["problem"]
    assert "nothing is known" in full("info", "/etc/hostname", code=2).stderr


def test_info_shows_what_was_measured(full: Shell, music: Path) -> None:
    """Quality in words and two lines of bars, in letters that the terminal knows; loudness once it was asked for."""
    song = music / "one.flac"
    before = full("info", song).stdout
    assert "not measured: `comet scan --loudness`" in before
    assert "% of the samples clipped" in before
    assert re.search(r"spectrum +[ ▁▂▃▄▅▆▇█]{44} 0 to 22 kHz", before)
    assert re.search(r"envelope +[▁▂▃▄▅▆▇█]{20,21} 0:00 to 0:20", before)
    full.environment["PYTHONIOENCODING"] = "ascii"
    assert re.search(r"envelope +[.:=+*#@-]{20,21} 0:00 to 0:20", full.outside("info", song).stdout)
    del full.environment["PYTHONIOENCODING"]
    full("scan", "--loudness", "--profile", "p")
    (known,) = full.lines("info", song)
    loudness = known["loudness"]
    assert loudness["gain"] == pytest.approx(-18 - loudness["integrated"])
    assert 0 < loudness["peak"] <= loudness["true_peak"] < 2
    assert loudness["true_peak_db"] == pytest.approx(20 * math.log10(loudness["true_peak"]))
    words = full("info", song).stdout
    assert f"{loudness['integrated']:.2f} LUFS, ReplayGain {loudness['gain']:+.2f} dB" in words
    assert f"true peak {loudness['true_peak_db']:.2f} dBTP" in words
    assert full.lines("scan")[-1]["decoded"] == 0


def test_full_measures_loudness_too(comet: Shell, music: Path) -> None:
    """The whole line takes the option of its first part."""
    comet.lines("-f", music, "--loudness")
    assert comet.lines("scan", music, "--loudness")[-1]["decoded"] == 0
    assert comet.lines("info", music / "one.flac")[0]["loudness"]


def test_a_profile_with_no_music_says_why_it_cannot_scan(comet: Shell) -> None:
    """Everything else answers."""
    comet("setup", "--profile", "none", "--yes", "--no-compile")
    error = comet("scan", code=2).stderr
    assert "scanning is unavailable" in error
    assert "has no root folder" in error


def test_output_that_nobody_reads_is_no_error(full: Shell) -> None:
    """`comet pairs | head` ends quietly."""
    with subprocess.Popen(
        [sys.executable, "-m", "comet", "pairs", "--json"], env=full.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


def test_an_encoding_that_lacks_letters_ends_nothing(full: Shell) -> None:
    """On a terminal of another age names are shown as escapes."""
    full.environment["PYTHONIOENCODING"] = "latin-1"
    assert "\\u041e" in full.outside("groups").stdout


def test_silence_is_no_group(comet: Shell, tmp_path: Path) -> None:
    """Two silent files are not one recording; the table says so in a sentence."""
    (tmp_path / "m").mkdir()
    for name in ("a.flac", "b.wav"):
        write(tmp_path / "m" / name, silence(20))
    assert "no groups: among" in comet("-f", tmp_path / "m").stdout


def test_doctor_says_whether_the_main_job_can_run(comet: Shell) -> None:
    """Exit 0 if it can; 1 and what to do if it cannot."""
    (found,) = comet.lines("doctor")
    assert found["able"]
    names = {finding["name"] for finding in found["findings"]}
    assert {"Python", "numpy", "av", "fpcalc", "memory", "state", "terminal"} <= names
    (comet.home.parent / "file").touch()
    comet.home = comet.home.parent / "file"
    done = comet("doctor", code=1)
    assert "MISSING" in done.stdout
    assert "hint:" in done.stdout


def test_a_collection_that_was_not_scanned_has_a_state(comet: Shell) -> None:
    """Folders, memory and what cannot be done can be told before anything is known."""
    comet("setup", "--profile", "none", "--yes", "--no-compile")
    done = comet("info")
    assert "scanning is unavailable" in done.stdout
    assert "no root folder" in done.stdout
    assert comet.lines("info")[0]["files"] == 0
    assert comet.lines("groups") == [[]]


def test_alone_on_a_terminal_it_becomes_the_screens(comet: Shell) -> None:
    """Nothing has to be typed after `comet`."""
    terminal = comet.typed()
    terminal.wait("\x1b[?1049h")
    terminal.type("q")
    assert terminal.end()[0] == 0


def test_the_first_run_says_that_it_compiles(comet: Shell, music: Path, tmp_path: Path) -> None:
    """A silence of many seconds on a slow machine has a reason; later runs have none."""
    comet("full", music)  # whatever it says, they are compiled then
    assert "compiles some code" not in comet("full", music).stderr
    comet.environment["NUMBA_CACHE_DIR"] = str(tmp_path / "cold")
    assert "compiles some code" in comet("full", music).stderr


def test_a_file_tells_its_tags_as_they_are_now(full: Shell, music: Path) -> None:
    """What was written after the scan is told too; a file that went away says so and keeps the rest."""
    file = mutagen.File(music / "one.flac")
    assert file is not None
    file["title"], file["artist"], file["length"] = "Одна", ["A", "B"], "9:99"
    file.save()
    (found,) = full.lines("info", music / "one.flac")
    assert {name: found["tags"][name] for name in ("title", "artist")} == {"title": ["Одна"], "artist": ["A", "B"]}
    text = full("info", music / "one.flac").stdout
    assert re.search(r"^tag title +Одна$", text, re.MULTILINE)
    assert re.search(r"^tag artist +A / B$", text, re.MULTILINE)
    assert re.search(r"^length .*decoded", text, re.MULTILINE)  # a tag cannot pretend to be a fact
    (music / "one.flac").unlink()
    (found,) = full.lines("info", music / "one.flac")
    assert (found["tags"], found["codec"]) == (None, "flac")
