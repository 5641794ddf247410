"""Deciding on the command line: one question at a time, decisions without one, and the reasons in sentences."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.factories import tune, write
from tests.integration.cli.conftest import EVIL, Shell

ALL = sorted([EVIL, "alone.flac", "list.m3u", "one.flac", "three.flac", "two copy.mp3", "two.mp3", "Один.mp3"])


def names(songs: Path) -> list[str]:
    """Return the files that lie where the user left them."""
    return sorted(name for name in os.listdir(songs) if name != ".comet")


def group(user: Shell, member: str) -> str:
    """Return the id of the group that a file is in."""
    (found,) = user.lines("groups")
    return next(each["group"] for each in found if any(Path(t["path"]).name == member for t in each["tracks"]))


def order(user: Shell) -> list[set[str]]:
    """Return the names in each group, in the order in which a review asks."""
    (found,) = user.lines("groups")
    return [{Path(track["path"]).name for track in each["tracks"]} for each in found]


# review


def test_enter_does_what_is_proposed(user: Shell, songs: Path) -> None:
    """Group by group, largest saving first; at the end it says how much was moved, and next time nothing is left."""
    done = user.outside("review", "--plain", feed="\n\n\n")
    text = done.stdout
    assert "3 groups to review, " in text.splitlines()[0]
    assert [f"Group {n} of 3: 2 files, frees " in text for n in (1, 2, 3)] == [True] * 3
    assert "1 file (" in text
    assert "moved into quarantine, 1 playlist changed" in text
    assert text.splitlines()[-1].startswith("3 files moved into quarantine (")
    assert "\x1b" not in text + done.stderr
    assert r"evil \x1b[2J\n\u202e.ogg" in text
    assert len(names(songs)) == 5
    assert user("review", "--plain").stdout.startswith("0 groups to review, 0 B ")


def test_each_answer_does_what_it_says(user: Shell, songs: Path) -> None:
    """Numbers keep others, a and s remove nothing, and a second review asks only what is open."""
    first, second, third = order(user)
    text = user("review", "--plain", feed="2\na\ns\n").stdout
    assert "1 file (" in text
    assert "they are no duplicates" in text
    assert "left for later" in text
    gone = set(ALL) - set(names(songs))
    assert len(gone) == 1
    assert gone < first
    assert user("review", "--plain", feed="").stdout.startswith("0 groups to review")
    standing = {frozenset(Path(t["path"]).name for t in g["tracks"]): g["standing"] for g in user.lines("groups")[0]}
    apart = {} if second != {"two.mp3", "two copy.mp3"} else {frozenset(second): "settled"}
    assert standing == {**apart, frozenset(third): "skipped"}
    assert [each["choice"] for each in user.lines("decisions")] == ["keep", "apart", "skip"]


def test_an_answer_can_be_taken_back(user: Shell, songs: Path) -> None:
    """The last one first, with its decision, and the group is asked about again; before the first is nothing."""
    text = user("review", "--plain", feed="u\n2\ns\nu\nu\nu\nq\n").stdout
    assert text.count("nothing to undo") == 2
    assert text.count("Group 1 of 3") == 2
    assert text.count("Group 2 of 3") == 2
    assert "moved back" in text
    assert text.count("is taken back") == 1  # the choice goes with the undoing of what it did
    assert text.endswith("> 0 files moved into quarantine (0 B)\n")
    assert names(songs) == ALL
    assert user.lines("decisions") == []


def test_why_and_rubbish_ask_again(user: Shell, songs: Path) -> None:
    """The reasons, or what can be answered; nothing is changed by either."""
    rubbish = ["yes", "0", "3", "1 3", "1;2", "-1", "9" * 5000, "\x1b[2J", ",", "é"]
    text = user("review", "--plain", feed="w\n" + "\n".join(rubbish) + "\nq\n").stdout
    assert "is proposed as the keeper: " in text
    assert text.count("is no answer") == len(rubbish)
    assert text.count("hint: Enter, numbers from 1 to 2, or one of t, e, o, a, s, w, u, q") == len(rubbish)
    assert "\x1b" not in text
    assert names(songs) == ALL
    assert user.lines("decisions") == []


@pytest.mark.parametrize("feed", ["", "q\n", "2", b"\xff\xfe", "a"])
def test_the_end_of_the_input_is_no_answer(user: Shell, songs: Path, feed: str | bytes) -> None:
    """Neither is a line that was cut off by it; whoever quits has changed nothing."""
    text = user("review", "--plain", feed=feed).stdout
    assert text.endswith("0 files moved into quarantine (0 B)\n")
    assert names(songs) == ALL
    assert user.lines("decisions") == []


def test_all_numbers_keep_all(user: Shell, songs: Path) -> None:
    """That is a decision too; commas and spaces stand between them, and the same one twice counts once."""
    text = user("review", "--plain", feed="1, 2\n1 1\nq\n").stdout
    assert "all of them stay" in text
    assert len(names(songs)) == len(ALL) - 1


def test_a_pipe_needs_no_option(user: Shell, songs: Path) -> None:
    """Without a terminal the same questions are asked; JSON is for scripts, which plan and apply."""
    assert user("review", feed="q\n").stdout.startswith("3 groups to review")
    assert "a review has no JSON" in user("review", "--json", code=2).stderr


def test_a_terminal_that_cannot_draw_is_asked_by_line(user: Shell, songs: Path) -> None:
    """Also inside an editor or on a teletype: no screen is taken, no sequence is sent."""
    user.environment["TERM"] = "dumb"
    terminal = user.typed("review")
    terminal.wait("3 groups to review")
    terminal.wait("> ")
    terminal.type("q\n")
    code, text = terminal.end()
    assert code == 0
    assert "\x1b" not in text
    alone = user.typed()
    code, text = alone.end()
    assert (code, "Usage: comet" in text) == (0, True)


def test_what_is_refused_is_told_and_the_walk_goes_on(user: Shell, songs: Path) -> None:
    """A keeper that vanished meanwhile: the reason, and the next group."""
    (songs / "two copy.mp3").unlink()
    text = user("review", "--plain", feed="\n\n\n").stdout
    assert "`two.mp3`: the file to keep, `two copy.mp3`: it is gone" in text
    assert "; 1 left as they are" in text
    assert "two.mp3" in names(songs)
    assert text.splitlines()[-1].startswith("2 files moved into quarantine (")


# decide


def test_a_decision_is_remembered_and_taken_back(user: Shell, songs: Path) -> None:
    """Nothing is moved by it; it is a sentence, a line of JSON, and the plan follows it."""
    one = group(user, "one.flac")
    done = user.outside("decide", one, "--keep", songs / "Один.mp3")
    assert done.stdout == "of 2 files keep `Один.mp3`\n"
    assert "next: `comet decisions --forget 1`" in done.stderr
    assert names(songs) == ALL
    (made,) = user.lines("decisions")
    assert set(made) == {"id", "choice", "members", "keep", "made", "tags"}
    assert (made["choice"], len(made["members"])) == ("keep", 2)
    (info,) = user.lines("why", one)
    assert f"`{songs / 'Один.mp3'}` stays because you chose it." in info["why"]
    (again,) = user.lines("decide", one, "--apart")
    assert again["choice"] == "apart"
    assert "2 files are no duplicates of each other" in user("decisions").stdout
    assert "there is no group" in user("decide", one, "--skip", code=2).stderr
    assert user("decisions", "--forget", "2").stdout == "decision 2 is taken back\n"
    assert "keep `Один.mp3`" in user("decisions").stdout  # the one before counts again
    user("decisions", "--forget", "1")
    assert user("decisions").stderr == "nothing was decided yet\n"
    assert group(user, "one.flac") == one


def test_a_group_left_for_later_is_applied_only_by_name(user: Shell, songs: Path) -> None:
    """`--all` passes it over; in the table it says so."""
    one = group(user, "one.flac")
    user("decide", one, "--skip")
    assert "left for later" in user("groups").stdout
    (told,) = user.lines("apply", "--all", "--yes")
    assert told["files"] == 2
    assert "Один.mp3" in names(songs)
    (told,) = user.lines("apply", "--group", one, "--yes")
    assert told["files"] == 1


def test_what_cannot_be_decided_is_a_sentence(user: Shell, songs: Path) -> None:
    """Exit 2."""
    assert "there is no group `zz`" in user("decide", "zz", "--skip", code=2).stderr
    assert "required" in user("decide", "zz", code=2).stderr
    one = group(user, "one.flac")
    assert "is no track of group" in user("decide", one, "--keep", songs / "alone.flac", code=2).stderr
    assert user.lines("decisions") == []


# why


def test_why_two_files_a_group_or_a_file(user: Shell, songs: Path) -> None:
    """Figures and reasons in sentences; the keeper's reason is among them, whoever is asked about."""
    one, two = songs / "one.flac", songs / "Один.mp3"
    both = user.outside("why", one, two).stdout
    assert both.startswith("They are the same recording: they agree from start to end.\nOver 0:")
    assert "of the bits (chance: 50 %)" in both
    assert f"`{one}` is proposed as the keeper: lossless." in both
    assert user("why", two, one).stdout == both
    about = user("why", group(user, "one.flac")[:6]).stdout
    assert about.startswith("Group ")
    assert f"`{one}` is proposed as the keeper: lossless." in about
    assert user("why", two).stdout == about
    copies = user("why", songs / "two.mp3", songs / "two copy.mp3").stdout
    assert "They hold the same encoded audio, bit by bit" in copies
    assert "otherwise alike, first by path" in copies
    (told,) = user.lines("why", one, two)
    assert (told["a"], told["b"], told["group"]) == (str(one), str(two), group(user, "one.flac"))
    evil = user("why", songs / EVIL)
    assert "\x1b" not in evil.stdout
    assert r"\x1b[2J\n\u202e.ogg" in evil.stdout


def test_why_not(user: Shell, songs: Path) -> None:
    """No pair, no group, one file twice, nothing known: a sentence each, the last two exit 2."""
    one, alone = songs / "one.flac", songs / "alone.flac"
    assert "They are not known to belong together" in user("why", one, alone).stdout
    assert user("why", alone).stdout == f"`{alone}` is in no group.\n"
    assert "is one file, named twice" in user("why", one, one, code=2).stderr
    assert "is one file, named twice" in user("why", one, songs / ".." / "songs" / "one.flac", code=2).stderr
    write(songs / "new.flac", tune(9, 1))
    assert "nothing is known of" in user("why", songs / "new.flac", code=2).stderr
    assert "there is no group" in user("why", songs / "gone.flac", code=2).stderr
    user("decide", group(user, "one.flac"), "--apart")
    assert "You decided that they are no duplicates" in user("why", one, songs / "Один.mp3").stdout
