"""What can be typed: old flags are commands, common options stand anywhere, slips are Comet's errors."""

from __future__ import annotations

import argparse
import importlib

import pytest

from comet.cli.commands import commands, parser
from comet.cli.main import module
from comet.cli.parser import spelled_out, typed
from comet.core.errors import UsageError


def parse(line: str) -> argparse.Namespace:
    """Parse a command line."""
    return parser().parse_args(spelled_out(line.split()))


@pytest.mark.parametrize(
    ("line", "same"),
    [
        ("-i", "info"),
        ("--info x.mp3", "info x.mp3"),
        ("--info=x.mp3", "info x.mp3"),
        ("-s", "scan"),
        ("--scan --profile p", "scan --profile p"),
        ("-c --json", "correlate --json"),
        ("-f a b", "full a b"),
        ("--profile p -f", "--profile p full"),
        ("--profile=p --json --full", "--profile=p --json full"),
        ("-p a b", "pair a b"),
        ("--pair -- -a -b", "pair -- -a -b"),
    ],
)
def test_a_flag_of_the_original_tool_is_a_command(line: str, same: str) -> None:
    """Whoever typed `-f` before types it still, with the command's own options."""
    assert spelled_out(line.split()) == same.split()


@pytest.mark.parametrize("line", ["groups", "pair -p", "scan -- -f", "--profile -s", "-", "-- -f"])
def test_a_flag_further_on_is_left_alone(line: str) -> None:
    """Only what stands where a command would is one."""
    assert spelled_out(line.split()) == line.split()


def test_two_flags_are_refused() -> None:
    """`-s -c` does not silently do one of the two; the message says what does both."""
    with pytest.raises(UsageError) as caught:
        spelled_out(["-s", "-c"])
    assert "comet -f" in caught.value.hint


@pytest.mark.parametrize(
    "line", ["--profile p --json groups", "groups --profile p --json", "--json groups --profile p"]
)
def test_common_options_stand_before_and_after(line: str) -> None:
    """Nobody has to know where an option belongs."""
    found = parse(line)
    assert (found.command, found.profile, found.json) == ("groups", "p", True)


def test_settings_add_up_in_order() -> None:
    """Those after the command come last, so they win."""
    assert typed(parse("--set a=1 --set b=2 scan --set a=3")) == ["a=1", "b=2", "a=3"]
    assert typed(parse("scan")) == []
    assert typed(parse("--set a=1 profiles --set a=2 show --set a=3")) == ["a=1", "a=2", "a=3"]


def test_the_unnamed_profile_can_be_typed() -> None:
    """`--profile -` is no option."""
    assert parse("groups --profile -").profile == "-"


@pytest.mark.parametrize(
    "line", ["grups", "scan --bogus", "pair a", "groups --limit x", "groups --limit -1", "--js groups"]
)
def test_a_slip_is_a_usage_error_with_help(line: str) -> None:
    """Exit code 2, one sentence, and where to look."""
    with pytest.raises(UsageError) as caught:
        parse(line)
    assert caught.value.exit_code == 2
    assert "--help" in caught.value.hint


def test_a_slip_is_shown_safely() -> None:
    """What was typed cannot colour or clear the terminal through the message."""
    with pytest.raises(UsageError) as caught:
        parser().parse_args(["scan", "--x\x1b[2J\u202e"])
    assert "\x1b" not in str(caught.value)
    assert "\u202e" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "megabytes"),
    [("256M", 256), ("2G", 2000), ("2GB", 2000), ("2 gb", 2000), ("2.5G", 2500), ("2GiB", 2147), ("1T", 1_000_000)],
)
def test_a_size_is_read_in_the_units_that_sizes_are_told_in(text: str, megabytes: int) -> None:
    """Powers of 1000, unless it says otherwise; for one call and for a job that runs."""
    assert typed(parser().parse_args(["correlate", "--memory", text])) == [f"correlate.memory={megabytes}"]
    assert parser().parse_args(["jobs", "last", "--memory", text]).memory == megabytes * 1_000_000
    assert parse("jobs last --memory auto").memory == 0


@pytest.mark.parametrize("text", ["", "2", "M", "-1M", "0M", "0.5M", "1001T", "nanG", "1e3M", "2K", "2GG", "2\u0663G"])
def test_a_size_that_is_none_is_told_with_those_that_are(text: str) -> None:
    """What can be typed, and from where to where."""
    with pytest.raises(UsageError, match=r"like 512M or 2\.5G, from 1M to 1000T"):
        parser().parse_args(["correlate", f"--memory={text}"])


@pytest.mark.parametrize("command", [command.name for command in commands()])
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each has help that names its options, and a module that runs it."""
    with pytest.raises(SystemExit) as end:
        parser().parse_args([command, "--help"])
    assert end.value.code == 0
    assert f"comet {command}" in capsys.readouterr().out
    assert callable(importlib.import_module(module(command)).run)


@pytest.mark.parametrize("columns", ["40", "60", "200"])
def test_help_fits_the_terminal(
    columns: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also on a phone."""
    monkeypatch.setenv("COLUMNS", columns)
    parser().print_help()
    assert max(map(len, capsys.readouterr().out.splitlines())) <= min(int(columns), 110)
