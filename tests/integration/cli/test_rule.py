"""`comet review --rule` and `review.rules`: the effect is shown before anything is done, and is done as one run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.integration.cli.conftest import EVIL, Shell
from tests.integration.cli.test_review import ALL, group, names


def test_the_effect_is_shown_and_nothing_done(user: Shell, songs: Path) -> None:
    """By count and size, rule by rule; then how to go on."""
    done = user("review", "--rule", "keep from /; prefer mp3; keep lossless")
    lines = done.stdout.splitlines()
    assert lines[:3] == [
        "`keep from /`: narrowed the choice in 0 groups, changed the keeper of 0",
        "`prefer mp3`: narrowed the choice in 1 group, changed the keeper of 1",
        "`keep lossless`: narrowed the choice in 1 group, changed the keeper of 0",
    ]
    gone = sum((songs / name).stat().st_size for name in ("one.flac", EVIL, "two.mp3"))
    assert lines[3].startswith("of 3 groups would go: 3 files (")
    assert "--rule 'keep from /; prefer mp3; keep lossless' --yes` does it; nothing was changed" in done.stderr
    assert names(songs) == ALL
    (effect,) = user.lines("review", "--rule", "prefer mp3")
    assert effect == {
        "rules": [{"rule": "prefer mp3", "groups": 1, "changed": 1}],
        "groups": 3,
        "files": 3,
        "bytes": gone,
        "check": 0,
        "conflicts": 0,
        "whole": 0,
        "holes": [],
    }


def test_it_is_done_as_one_run(user: Shell, songs: Path) -> None:
    """With --yes, and undone as one; the reason in the journal names the rule."""
    text = user("review", "--rule", "prefer mp3", "--yes").stdout
    assert "3 files (917 kB) moved into quarantine" in text
    assert "Один.mp3" in names(songs)
    assert "one.flac" not in names(songs)
    assert any("the rule `prefer mp3`" in each["why"] for each in user.lines("history", "1"))
    user("undo", "--last", "--yes")
    assert names(songs) == ALL
    first, second = user.lines("review", "--rule", "prefer mp3", "--yes")
    assert (first["files"], second["files"]) == (3, 3)


def test_on_a_terminal_it_asks(user: Shell, songs: Path) -> None:
    """After the effect was shown."""
    terminal = user.typed("review", "--rule", "prefer mp3")
    terminal.wait("changed the keeper of 1")
    terminal.wait("into quarantine? [y/N]")
    terminal.type("y\n")
    code, _text = terminal.end()
    assert code == 0
    assert "one.flac" not in names(songs)


def test_rules_of_the_profile_always_count(user: Shell, songs: Path) -> None:
    """In every command, and `comet why` names the one that decided."""
    (ini,) = user.home.rglob("profiles.ini")
    ini.write_text(ini.read_text() + f"review.rules = never from {songs}/none; prefer mp3\n")
    assert "the rule `prefer mp3`" in user("why", group(user, "one.flac")).stdout
    user("apply", "--all", "--yes")
    assert "one.flac" not in names(songs)


def test_never_from_a_folder(user: Shell, songs: Path) -> None:
    """Its tracks stay, with the rule as the reason, also where they were left out by a weightier rule."""
    (songs / "reference").mkdir()
    os.rename(songs / "Один.mp3", songs / "reference/Один.mp3")
    user("scan")
    rule = f"keep lossless; never from {songs}/reference"
    (effect,) = user.lines("review", "--rule", rule)
    assert effect["files"] == 2
    (found,) = user.lines("groups", "--set", f"review.rules={rule}")
    barred = [track["barred"] for each in found for track in each["tracks"] if "barred" in track]
    assert barred == [f"the rule `never from {songs}/reference`"]


def test_what_is_no_rule(user: Shell, songs: Path) -> None:
    """Typed or in a file: what was written, where, and what is known."""
    told = user("review", "--rule", "keep louder", code=2).stderr
    assert "error: `keep louder` is no rule" in told
    assert "keep with most tags" in told
    assert "which rules?" in user("review", "--rule", " ", code=2).stderr
    assert "which rules?" in user("review", "--rule", ";;;", "--yes", code=2).stderr
    assert "`/nowhere` of the rule `keep from /nowhere` lies in no root" in (
        user("review", "--rule", "keep from /nowhere", code=2).stderr
    )
    (ini,) = user.home.rglob("profiles.ini")
    ini.write_text(ini.read_text() + "review.rules = keep louder\n")
    line = len(ini.read_text().splitlines())
    assert f"`{ini}` [p] line {line}: `review.rules`: `keep louder` is no rule" in user("groups", code=2).stderr
    assert user.lines("review", "--rule", "keep lossless")[0]["groups"] == 3


@pytest.mark.parametrize("rule", ["keep with most tags", "keep oldest", "keep newest", "keep largest"])
def test_every_rule_runs(user: Shell, rule: str) -> None:
    """Over real files."""
    (effect,) = user.lines("review", "--rule", rule)
    assert effect["groups"] == 3
