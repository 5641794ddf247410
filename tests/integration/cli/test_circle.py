"""From groups to quarantine, to deletion or back: what is asked, what is printed, and how it ends."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from tests.integration.cli.conftest import EVIL, Shell

ALL = sorted([EVIL, "alone.flac", "list.m3u", "one.flac", "three.flac", "two copy.mp3", "two.mp3", "Один.mp3"])
GOES = {EVIL, "two.mp3", "Один.mp3"}


def names(songs: Path) -> list[str]:
    """Return the files that lie where the user left them."""
    return sorted(name for name in os.listdir(songs) if name != ".comet")


def group(user: Shell, member: str) -> str:
    """Return the id of the group that a file is in."""
    (found,) = user.lines("groups")
    return next(each["group"] for each in found if any(Path(t["path"]).name == member for t in each["tracks"]))


def applied(user: Shell) -> dict[str, Any]:
    """Apply all groups, and return what was told."""
    (told,) = user.lines("apply", "--all", "--yes")
    assert told["files"] == 3
    return told  # type: ignore[no-any-return]


# plan and apply


def test_a_plan_is_json_that_can_be_applied_later(user: Shell, songs: Path) -> None:
    """On standard output and in a file it is the same; applied, it does what it says, and once."""
    shown = user.outside("plan").stdout
    assert shown.isascii()
    plan = json.loads(shown)
    assert {Path(step["file"]["path"]).name for step in plan["steps"] if step["do"] == "remove"} == GOES
    assert plan["roots"].popitem()[1] == str(songs)
    written = user("plan", "--out", songs.parent / "plan.json")
    assert written.stdout == ""
    assert "4 steps in" in written.stderr
    assert "next: `comet apply" in written.stderr
    assert json.loads((songs.parent / "plan.json").read_text())["steps"] == plan["steps"]
    assert names(songs) == ALL
    told = user.outside("apply", songs.parent / "plan.json", "--yes")
    assert told.stdout.startswith("3 files (")
    assert told.stdout.endswith(" moved into quarantine, 1 playlist changed\n")
    undo, purge = "comet undo 1 --profile p", "comet purge 1 --profile p"
    assert f"next: `{undo}` takes it back; the space is free only after `{purge}`" in told.stderr
    assert names(songs) == sorted(set(ALL) - GOES)
    assert (songs / "list.m3u").read_text() == "one.flac\n"
    again = user.outside("apply", "-", "--yes", "--strict", feed=shown)
    assert again.stdout == "0 files (0 B) moved into quarantine; 4 done by an earlier run\n"
    assert user("groups").stdout.startswith("no groups")


def test_a_plan_goes_where_it_is_told(user: Shell, songs: Path) -> None:
    """A bare name is in this folder, a device is no file to be replaced, and a place that cannot be written says so."""
    here = os.getcwd()
    os.chdir(songs.parent)
    try:
        user("plan", "--out", "plan.json")
    finally:
        os.chdir(here)
    assert json.loads((songs.parent / "plan.json").read_text())["profile"] == "p"
    user("plan", "--out", "/dev/null")
    assert not os.path.isfile("/dev/null")
    for bad in (songs, songs / "none/plan.json", ""):
        done = user("plan", "--out", bad, code=2) if bad else user("plan", "--out=/", code=2)
        assert "cannot be written: " in done.stderr
    assert not (songs / "none").exists()


def test_one_group_with_another_keeper(user: Shell, songs: Path) -> None:
    """The choice is remembered; a path that is no track of it, a group that is none, and a keeper alone are refused."""
    one = group(user, "one.flac")
    told = user("apply", "--group", one[:6], "--keep", songs / "Один.mp3", "--yes")
    assert "1 file" in told.stdout
    assert "one.flac" not in names(songs)
    assert "of 2 files keep `Один.mp3`" in user("decisions").stdout
    user("undo", "--yes")
    assert user("decisions").stderr == "nothing was decided yet\n"  # as if it had never been
    user("apply", "--group", one, "--keep", songs / "Один.mp3", "--yes")
    three = group(user, "three.flac")
    assert "is no track of group" in user("apply", "--group", three, "--keep", songs / "alone.flac", code=2).stderr
    assert "there is no group" in user("apply", "--group", one, "--yes", code=2).stderr
    assert "--keep and --tag need a group" in user("apply", "--all", "--keep", "x", "--yes", code=2).stderr
    assert "--keep and --tag need a group" in user("plan", "--keep", "x", code=2).stderr


def test_a_group_that_was_named_is_decided(user: Shell, songs: Path) -> None:
    """What stayed stays when a byte copy joins it, whatever its path; what is done with all groups decides none."""
    user("apply", "--group", group(user, "one.flac"), "--yes")
    user("apply", "--all", "--yes")
    assert [each["choice"] for each in user.lines("decisions")] == ["keep"]
    for name in ("one.flac", "three.flac"):
        shutil.copyfile(songs / name, songs / f"a {name}")
    user("full")
    found = {frozenset(Path(t["path"]).name for t in g["tracks"]): g for g in user.lines("groups")[0]}
    stays = {
        name: next(Path(t["path"]).name for t in found[frozenset({name, f"a {name}"})]["tracks"] if t["keep"])
        for name in ("one.flac", "three.flac")
    }
    assert stays == {"one.flac": "one.flac", "three.flac": "a three.flac"}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "what shall be applied?"),
        (("--all", "--group", "x"), "not allowed with"),
        (("--all", "--detach"), "--detach needs --yes"),
        (("none.json",), "plan `none.json` cannot be read: No such file or directory"),
        (("/",), "plan `/` cannot be read: Is a directory"),
    ],
)
def test_what_cannot_be_applied_is_a_sentence(user: Shell, songs: Path, words: tuple[str, ...], sentence: str) -> None:
    """Exit 2, and nothing was changed."""
    assert sentence in user("apply", *words, code=2).stderr
    assert names(songs) == ALL


def test_a_plan_that_was_edited_wrongly_is_a_sentence(user: Shell, songs: Path) -> None:
    """It names the place; so does a plan of a profile that is not there, or another one."""
    plan = json.loads(user("plan").stdout)
    plan["steps"][0]["file"]["path"] = "../x\x1b[2J"
    done = user("apply", "-", "--yes", feed=json.dumps(plan), code=2)
    assert "error: plan `-` at `steps[0].file.path`: expected a path below its root" in done.stderr
    plan = {**json.loads(user("plan").stdout), "profile": "q"}
    assert "q" in user("apply", "-", "--yes", feed=json.dumps(plan), code=2).stderr
    done = user("apply", "-", "--yes", "--profile", "p", feed=json.dumps(plan), code=2)
    assert "this plan is for profile `q`" in done.stderr
    assert names(songs) == ALL


def test_nothing_is_changed_without_a_yes(user: Shell, songs: Path) -> None:
    """Without a terminal nobody can be asked, and that is an error, not a no."""
    done = user("apply", "--all", code=2)
    assert "nobody can be asked, for standard input is no terminal" in done.stderr
    assert "hint: add --yes" in done.stderr
    assert "\x1b" not in done.stderr
    assert r"evil \x1b[2J\n\u202e.ogg" in done.stderr
    assert names(songs) == ALL
    applied(user)
    for command in ("undo", "purge"):
        assert "nobody can be asked" in user(command, code=2).stderr
    assert len(names(songs)) == 5


def test_a_yes_is_typed(user: Shell, songs: Path) -> None:
    """Enter alone and anything else is a no; the question says how many files, how much, and which lists."""
    for typed, count in (("\n", 8), ("yo\n", 8), ("Y\n", 5)):
        terminal = user.typed("apply", "--all")
        terminal.wait("move 3 files (")
        terminal.wait("into quarantine, and change 1 line of playlists? [y/N]")
        terminal.type(typed)
        code, text = terminal.end()
        assert code == 0, text
        assert ("nothing was changed" in text) is (count == 8)
        assert len(names(songs)) == count
    terminal = user.typed("undo")
    terminal.wait("take back 4 changes? [y/N]")
    terminal.type("yes\n")
    assert terminal.end()[0] == 0
    assert names(songs) == ALL


def test_a_file_that_changed_is_refused(user: Shell, songs: Path) -> None:
    """Exit 0 with the reason, 3 with --strict; the others go."""
    plan = user("plan").stdout
    with (songs / "Один.mp3").open("ab") as stream:
        stream.write(b"tag")
    done = user("apply", "-", "--yes", "--strict", feed=plan, code=3)
    assert done.stdout.endswith(" moved into quarantine; 2 left as they are\n")
    assert "`Один.mp3`: it was changed since this was decided" in done.stderr
    assert "`list.m3u`: the file that it names was not removed" in done.stderr
    (told,) = [json.loads(user("apply", "-", "--yes", "--json", feed=plan).stdout)]
    assert [(each["path"], each["state"]) for each in told["refused"]] == [
        ("Один.mp3", "failed"),
        ("list.m3u", "failed"),
    ]
    assert (told["files"], told["playlists"]) == (0, 0)


def test_a_read_only_profile_plans_and_changes_nothing(user: Shell, songs: Path) -> None:
    """Exit 2."""
    (ini,) = user.home.rglob("profiles.ini")
    ini.write_text(ini.read_text() + "read_only = yes\n")
    assert json.loads(user("plan").stdout)["steps"]
    assert "is read-only: nothing of it is changed" in user("apply", "--all", "--yes", code=2).stderr
    assert names(songs) == ALL


def test_applying_goes_on_in_the_background(user: Shell, songs: Path) -> None:
    """As a job that can be watched."""
    name = user("apply", "--all", "--yes", "--detach").stdout.strip()
    user("jobs", name, "--watch")
    for _try in range(200):
        if len(names(songs)) == 5 and user("history").stdout:
            break
        time.sleep(0.05)
    assert len(names(songs)) == 5


def test_the_users_own_command_is_told(user: Shell, songs: Path) -> None:
    """And what goes wrong with it is a warning: exit 0, with --strict 3."""
    (ini,) = user.home.rglob("profiles.ini")
    ini.write_text(ini.read_text() + f"after_apply = tee {songs.parent}/told\n")
    applied(user)
    assert json.loads((songs.parent / "told").read_text())["event"] == "apply"
    ini.write_text(ini.read_text().replace("tee", "false"))
    done = user("undo", "--yes", "--strict", code=3)
    assert "warning: the command after_apply: `false " in done.stderr
    assert names(songs) == ALL


# undo and history


def test_undo_takes_back_a_run_a_step_or_all(user: Shell, songs: Path) -> None:
    """Named by numbers that the history shows; what is taken back already is nothing to do."""
    applied(user)
    number = {Path(entry["path"]).name: entry["id"] for entry in user.lines("history", "1")}
    assert user("undo", number[EVIL], "--yes").stdout.startswith("1 file ")
    assert EVIL in names(songs)
    assert user("undo", number[EVIL], "--yes").stderr == "nothing to undo\n"
    user("apply", "--group", group(user, EVIL), "--yes")
    assert user("undo", "--last", "--yes").stdout.startswith("1 file ")
    assert "two.mp3" not in names(songs)
    (told,) = user.lines("undo", "--all", "--yes")
    assert (told["files"], told["playlists"], told["refused"]) == (2, 1, [])
    assert names(songs) == ALL
    runs = user.lines("history")
    assert [run["kind"] for run in runs] == ["undo", "undo", "apply", "undo", "apply"]
    assert [(run["done"], run["undone"]) for run in runs if run["kind"] == "apply"] == [(0, 1), (0, 4)]


def test_undo_leaves_what_is_in_the_way(user: Shell, songs: Path) -> None:
    """The reason is told; exit 3 with --strict."""
    applied(user)
    (songs / "two.mp3").write_bytes(b"new")
    done = user.outside("undo", "--yes", "--strict", code=3)
    assert done.stdout.startswith("2 files (")
    assert "`two.mp3`: something else is in its place by now; move that away first" in done.stderr
    assert (songs / "two.mp3").read_bytes() == b"new"
    assert len(user.lines("quarantine")) == 1


WRONG: list[tuple[str, ...]] = [
    *(("undo", word) for word in ("x", "7", "1.", "1.x", "1.9", "-3", "", "9" * 30, "9" * 5000, "1." + "9" * 30)),
    *(("history", word) for word in ("7", "x", "-1", "9" * 30, "--limit=-1")),
    *(("purge", f"--older-than={word}") for word in ("soon", "-1d", "nan", "d", "")),
    *(("decisions", "--forget", word) for word in ("7", "x", "9" * 30)),
    ("undo", "1", "--last"),
    ("undo", "--detach"),
    ("purge", "x"),
    ("purge", "9" * 30),
    ("purge", "--yes"),
    ("purge", "--detach"),
]


def test_a_number_or_age_that_is_none_is_a_sentence(user: Shell) -> None:
    """Exit 2 with a hint; never a bug."""
    for words in WRONG:
        done = user(*words, code=2)
        assert done.stdout == "", words
        assert done.stderr.startswith("error: "), words
        assert "hint: " in done.stderr, words


def test_history_and_quarantine_say_what_was_done(user: Shell, songs: Path) -> None:
    """In lines for people, safe to show, and in lines of JSON; the newest first, --limit cuts."""
    assert user("history").stderr == "nothing was applied yet\n"
    assert user("quarantine").stdout == "nothing is held in quarantine\n"
    applied(user)
    user("undo", "1.1", "--yes")
    newest, first = user("history").stdout.splitlines()
    assert newest.split()[:2] == ["2", "undone"]
    assert "3 steps done, 1 taken back" in first or "2 steps done, 2 taken back" in first
    steps = user.outside("history", "1").stdout
    assert "\x1b" not in steps
    assert r"evil \x1b[2J\n\u202e.ogg" in steps
    assert len(steps.splitlines()) == 4
    assert "taken back since" in steps
    assert len(user.lines("history", "--limit", "1")) == 1
    entries = user.lines("history", "1")
    assert [entry["id"] for entry in entries] == ["1.1", "1.2", "1.3", "1.4"]
    assert {entry["state"] for entry in entries} == {"done", "undone"}
    held = user.lines("quarantine")
    assert {Path(each["path"]).name for each in held} < GOES
    assert all(os.path.exists(each["held"]) and each["there"] for each in held)
    shown = user.outside("quarantine")
    assert "2 files held in quarantine" in shown.stdout
    assert "that space is not free before a purge" in shown.stdout
    assert "next: `comet undo ID`" in shown.stderr
    Path(held[0]["held"]).unlink()
    assert "(not there)" in user("quarantine").stdout
    (state,) = user.lines("info")
    assert state["held"] == 2


# purge


def test_purging_asks_for_the_number_of_files(user: Shell, songs: Path) -> None:
    """A y is not enough, nor a wrong number; the right one deletes, and then nothing can be undone."""
    applied(user)
    for typed, left in (("y\n", 3), ("2\n", 3), ("3\n", 0)):
        terminal = user.typed("purge")
        terminal.wait("this deletes 3 files (")
        terminal.wait("for ever; type the number of files to do it:")
        terminal.type(typed)
        code, text = terminal.end()
        assert code == 0, text
        assert ("nothing was deleted" in text) is bool(left)
        assert len(user.lines("quarantine")) == left
    assert user("undo", "--yes").stderr == "nothing to undo\n"
    assert user("purge", "--yes", "1").stderr == "nothing of that is held in quarantine\n"
    assert len(names(songs)) == 5


def test_purging_without_a_question_needs_a_run_or_an_age(user: Shell, songs: Path) -> None:
    """What is younger stays; a file without a witness stays too, with the reason, exit 3 with --strict."""
    applied(user)
    assert "--yes needs to know what may be deleted" in user("purge", "--yes", code=2).stderr
    assert user("purge", "--older-than", "1h", "--yes").stderr == "nothing of that is held in quarantine\n"
    (songs / "one.flac").unlink()
    done = user.outside("purge", "--older-than", "0", "--yes", "--strict", code=3)
    assert done.stdout.startswith("2 files (")
    assert "deleted; 1 left as they are" in done.stdout
    assert "it stays in quarantine: what was kept in its place, `one.flac`: it is gone" in done.stderr
    (held,) = user.lines("quarantine")
    assert Path(held["path"]).name == "Один.mp3"
    assert "1 file" in user("undo", "1", "--yes").stdout


def test_ctrl_c_while_it_asks_changes_nothing(user: Shell, songs: Path) -> None:
    """Exit 130."""
    terminal = user.typed("apply", "--all")
    terminal.wait("[y/N]")
    asleep = 0
    while asleep < 5:  # a signal that comes just before it begins to read would be seen only at the next key
        time.sleep(0.02)
        asleep = (
            asleep + 1 if Path(f"/proc/{terminal.pid}/stat").read_text().rpartition(")")[2].split()[0] == "S" else 0
        )
    os.kill(terminal.pid, signal.SIGINT)
    assert terminal.end()[0] == 130
    assert names(songs) == ALL
