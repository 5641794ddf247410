"""Setting up by keyboard, by pipe and without questions; profiles shown and checked."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.cli.conftest import Shell


def test_two_enters_make_a_profile_with_no_music(comet: Shell) -> None:
    """From a pipe as from a keyboard."""
    done = comet("setup", "--no-compile", feed="\n\n")
    assert "no music" in done.stdout
    assert (comet.home / "main.ini").exists()
    assert comet.lines("profiles")[0][0]["roots"] == []


def test_an_input_that_ends_sets_nothing_up(comet: Shell) -> None:
    """Run by mistake without a keyboard, it does not make an empty profile."""
    comet("setup", "--no-compile", code=2)
    assert not (comet.home / "profiles.ini").exists()


def test_folders_are_asked_for_again_with_the_reason(comet: Shell, music: Path) -> None:
    """A slip costs one line."""
    (music / "in").mkdir()
    done = comet("setup", "--no-compile", feed=f"/none\n{music}\n{music}/in\n\n")
    assert "`/none` is not there" in done.stderr
    assert "which is a root already" in done.stderr
    assert comet.lines("profiles")[0][0]["roots"] == [str(music)]


def test_setup_adds_folders_and_keeps_what_is_there(comet: Shell, music: Path, tmp_path: Path) -> None:
    """Twice is the same as once."""
    (tmp_path / "more").mkdir()
    words = ("setup", "--profile", "p", "--yes", "--no-compile", "--root")
    comet(*words, music)
    comet.home.joinpath("main.ini").write_text("[scan]\nworkers = 1\n")
    comet(*words, tmp_path / "more")
    before = comet.home.joinpath("profiles.ini").read_text()
    comet(*words, tmp_path / "more", "--root", music)
    assert comet.home.joinpath("profiles.ini").read_text() == before
    assert comet.home.joinpath("main.ini").read_text() == "[scan]\nworkers = 1\n"
    assert comet.lines("profiles")[0][0]["roots"] == [str(music), str(tmp_path / "more")]


def test_setup_makes_nothing_where_a_folder_is_wrong(comet: Shell, music: Path) -> None:
    """All folders are looked at before anything is written."""
    comet("setup", "--profile", "p", "--root", music, "--root", "/none", "--yes", code=2)
    assert not comet.home.exists()
    assert not (music / ".comet").exists()


def test_setup_on_a_keyboard(comet: Shell, music: Path) -> None:
    """TAB completes a folder, an empty line ends."""
    (music.parent / "music for cars").mkdir()
    (music.parent / "music for nobody").touch()
    terminal = comet.typed("setup", "--no-compile")
    terminal.wait("folder 1:")
    terminal.type(f"{music.parent}/music f\t\n")
    terminal.wait("folder 2:")
    terminal.type("\n")
    code, text = terminal.end()
    assert code == 0, text
    assert comet.lines("profiles")[0][0]["roots"] == [f"{music.parent}/music for cars"]


def test_a_copy_of_a_root_is_asked_about(comet: Shell, music: Path, tmp_path: Path) -> None:
    """With its marker it would be taken for the same one."""
    (tmp_path / "copy").mkdir()
    comet("setup", "--profile", "p", "--root", music, "--yes", "--no-compile")
    (tmp_path / "copy/.comet").mkdir()
    (tmp_path / "copy/.comet/root").write_bytes((music / ".comet/root").read_bytes())
    no = comet("setup", "--profile", "p", "--no-compile", feed=f"{tmp_path}/copy\nn\n\n")
    assert "is left out" in no.stderr
    yes = comet("setup", "--profile", "p", "--no-compile", feed=f"{tmp_path}/copy\ny\n\n")
    assert "a marker of its own now" in yes.stdout
    assert (tmp_path / "copy/.comet/root").read_bytes() != (music / ".comet/root").read_bytes()


@pytest.mark.parametrize("home", ["/proc/nope", "/etc/passwd"])
def test_a_home_that_cannot_be_written_is_no_bug(comet: Shell, music: Path, home: str) -> None:
    """It is named, with what to set."""
    comet.environment["COMET_HOME"] = home
    for words in (("setup", "--yes", "--no-compile"), ("scan", music)):
        done = comet(*words, code=2)
        assert home in done.stderr
        assert "COMET_HOME" in done.stderr
        assert "bug" not in done.stderr


def test_read_only_profile_marks_nothing(comet: Shell, music: Path) -> None:
    """`read_only` means that nothing is written under a root, not even a marker, by setup or by a scan."""
    comet.home.mkdir()
    (comet.home / "profiles.ini").write_text("[p]\nread_only = yes\nroots =\n")
    comet("setup", "--profile", "p", "--root", music, "--yes", "--no-compile")
    (music / "page.mp3").write_text("no music")
    comet("scan", "--profile", "p")
    assert not (music / ".comet").exists()


def test_profiles_are_listed_shown_added_chosen_and_validated(comet: Shell, music: Path, tmp_path: Path) -> None:
    """Each value with the file and line it comes from."""
    comet("profiles", "add", "a", "--root", music)
    (tmp_path / "b").mkdir()
    comet("profiles", "add", "b", "--root", tmp_path / "b")
    assert "already" in comet("profiles", "add", "b", code=2).stderr
    assert [entry["default"] for entry in comet.lines("profiles", "list")[0]] == [True, False]
    comet("profiles", "default", "b")
    assert [entry["default"] for entry in comet.lines("profiles")[0]] == [False, True]
    comet("profiles", "default", "c", code=2)
    (shown,) = comet.lines("profiles", "show", "a", "--set", "correlate.sample=60")
    assert shown["values"]["roots"] == {"value": [str(music)], "file": str(comet.home / "profiles.ini"), "line": 2}
    assert shown["values"]["correlate.sample"]["value"] == 60
    text = comet("profiles", "show", "a").stdout
    assert f"`{comet.home}/main.ini` line" in text
    assert "built-in" in text
    comet("profiles", "validate")


def test_validate_names_every_mistake(comet: Shell) -> None:
    """Of main.ini and of all profiles at once, each with its line."""
    comet.home.mkdir()
    (comet.home / "main.ini").write_text("[scan]\nworkers = many\nspeed = 1\n")
    (comet.home / "profiles.ini").write_text("[a]\nroot = /x\nnonsense\n[b]\ncorrelate.span = -1\n")
    done = comet("profiles", "validate", code=2)
    assert [line for line in done.stdout.splitlines() if "line" in line] == [
        line for line in done.stdout.splitlines() if not line.startswith("hint")
    ]
    for place in ("[scan] line 2", "[scan] line 3", "[a] line 2", "[a] line 3", "[b] line 5"):
        assert place in done.stdout
    assert len(comet.lines("profiles", "validate", code=2)[0]) == 5


def test_a_bad_profile_leaves_the_others_alone(full: Shell) -> None:
    """Only the one that is wrong does not work."""
    with open(full.home / "profiles.ini", "a", encoding="utf-8") as stream:
        stream.write("[bad]\nnonsense\n")
    full("groups", "--profile", "p")
    assert "[bad] line" in full("groups", "--profile", "bad", code=2).stderr
