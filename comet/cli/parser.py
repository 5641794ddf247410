"""What can be typed. All of it is read for `--version` and `--help`, so nothing heavy is imported here."""

from __future__ import annotations

import argparse
import shutil
from argparse import SUPPRESS
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, NoReturn

from comet import __version__
from comet.core.errors import UsageError
from comet.core.text import _, safe

TYPED = "typed_{depth}"
"""Where `--set` goes: a list of its own for each level at which it can be typed."""

DEPTHS = 3

_FLAGS = {
    "-i": "info",
    "--info": "info",
    "-s": "scan",
    "--scan": "scan",
    "-c": "correlate",
    "--correlate": "correlate",
    "-f": "full",
    "--full": "full",
    "-p": "pair",
    "--pair": "pair",
}
_WITH_VALUE = ("--profile", "--profiles", "--set")


class Parser(argparse.ArgumentParser):
    """A parser whose help is drawn by rich, and whose mistakes are Comet's."""

    def __init__(self, **kwargs: Any) -> None:  # noqa: ANN401 - whatever argparse takes
        super().__init__(**{"allow_abbrev": False, **kwargs})

    def format_help(self) -> str:
        """Return the help; the library that colours it is imported only now."""
        from rich_argparse import RichHelpFormatter  # noqa: PLC0415

        class Formatter(RichHelpFormatter):
            text_markup = False
            help_markup = False

        width = shutil.get_terminal_size().columns
        self.formatter_class = lambda prog: Formatter(prog, max_help_position=26, width=max(40, min(width, 110)) - 2)
        return super().format_help()

    def error(self, message: str) -> NoReturn:
        """Raise what argparse would print.

        Raises:
            UsageError: always.
        """
        raise UsageError(safe(message), hint=_("`{command} --help` shows what can be typed").format(command=self.prog))


class Command(NamedTuple):
    """A command as it is typed and declared."""

    name: str
    flag: str
    """How the flag of the same meaning is typed."""
    help: str
    declare: Callable[[Parser], None]


def parser() -> Parser:
    """Return the parser of `comet`."""
    top = Parser(
        prog="comet",
        description=_("Finds the same recording in a music collection by its sound."),
        epilog=_("`comet -f DIR` needs no set-up. `comet COMMAND --help` tells more of a command."),
    )
    top.add_argument("-V", "--version", action="version", version=f"comet {__version__}")
    _common(top, 0)
    below = top.add_subparsers(prog="comet", dest="command", metavar=_("COMMAND"), title=_("commands"))
    for command in commands():
        flag = _(" (or `comet {flag}`)").format(flag=command.flag) if command.flag else ""
        added = below.add_parser(command.name, help=command.help + flag, description=command.help)
        command.declare(added)
        _common(added, 1)
    return top


def spelled_out(words: Sequence[str]) -> list[str]:
    """Return what was typed with a leading flag such as `-f` as the command that it stands for.

    Raises:
        UsageError: two such flags.
    """
    rest = iter(range(len(words)))
    for at in rest:
        word, equals, value = words[at].partition("=")
        if not word.startswith("-") or word in ("-", "--"):
            break
        if word in _FLAGS:
            after = list(words[at + 1 :])
            if any(other in _FLAGS for other in after[: after.index("--") if "--" in after else None]):
                raise UsageError(
                    _("only one of `-i`, `-s`, `-c`, `-f`, `-p` at a time"),
                    hint=_("`comet -f` scans, correlates and shows the groups"),
                )
            return [*words[:at], _FLAGS[word], *([value] if equals else []), *after]
        if word in _WITH_VALUE and not equals:
            next(rest, None)
    return list(words)


def typed(arguments: argparse.Namespace) -> list[str]:
    """Return every `--set`, in the order in which they count."""
    return [text for depth in range(DEPTHS) for text in getattr(arguments, TYPED.format(depth=depth), [])]


def _common(added: argparse.ArgumentParser, depth: int) -> None:
    """Add what every command takes, before and after its name."""
    group = added.add_argument_group(_("everywhere"))
    add = group.add_argument
    add("--profile", metavar=_("NAME"), default=SUPPRESS if depth else None, help=_("the profile to work on"))
    add(
        "--profiles",
        metavar=_("FILE"),
        default=SUPPRESS if depth else None,
        help=_("another profiles.ini, for this call"),
    )
    add("--json", action="store_true", default=SUPPRESS if depth else False, help=_("results as JSON"))
    add(
        "--set",
        metavar=_("SECTION.KEY=VALUE"),
        dest=TYPED.format(depth=depth),
        action="append",
        default=SUPPRESS,
        help=_("a setting for this call, may be given more than once"),
    )


def _folders(added: argparse.ArgumentParser) -> None:
    added.add_argument(
        "folders", metavar=_("DIR"), nargs="*", help=_("folders to look at without any set-up, instead of a profile")
    )


def _detach(added: argparse.ArgumentParser) -> None:
    added.add_argument(
        "--detach", action="store_true", help=_("go on in the background, also when this terminal is closed")
    )


def _strict(added: argparse.ArgumentParser) -> None:
    added.add_argument(
        "--strict", action="store_true", help=_("exit with 3 if a file could not be used or a folder is away")
    )


def _limit(added: argparse.ArgumentParser) -> None:
    added.add_argument("--limit", metavar="N", type=_count, default=0, help=_("show the first N only"))


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        raise ValueError
    return number


_count.__name__ = "number"  # argparse names it in its message


def _info(added: Parser) -> None:
    added.add_argument("file", metavar=_("FILE"), nargs="?", help=_("tell all that is known of this file"))


def _scan(added: Parser) -> None:
    _folders(added)
    _detach(added)
    _strict(added)


def _correlate(added: Parser) -> None:
    _detach(added)
    _strict(added)


def _full(added: Parser) -> None:
    _scan(added)
    _limit(added)


def _relations(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _pairs(added: Parser) -> None:
    added.add_argument(
        "--relation",
        metavar=_("LIST"),
        type=_relations,
        default=[],
        help=_("only these, with commas between: same, contains, shares, variant"),
    )
    _limit(added)


def _pair(added: Parser) -> None:
    added.add_argument("a", metavar="A", help=_("a file; it need not have been scanned"))
    added.add_argument("b", metavar="B", help=_("another one"))


def _root(added: argparse.ArgumentParser) -> None:
    added.add_argument(
        "--root",
        metavar=_("DIR"),
        action="append",
        default=[],
        help=_("a folder of music, may be given more than once"),
    )


def _setup(added: Parser) -> None:
    _root(added)
    added.add_argument("--yes", action="store_true", help=_("ask nothing"))
    added.add_argument("--no-compile", action="store_true", help=_("leave compiling to the first scan"))


def _profiles(added: Parser) -> None:
    below = added.add_subparsers(prog="comet profiles", dest="action", metavar=_("ACTION"), title=_("actions"))
    actions = (
        ("list", _("show all profiles; so it does without an action")),
        ("show", _("show every value of a profile, with the file and line it comes from")),
        ("add", _("add a profile")),
        ("default", _("choose the profile that is used when none is named")),
        ("validate", _("check main.ini and all profiles, and name every mistake")),
    )
    for name, text in actions:
        action = below.add_parser(name, help=text, description=text)
        if name in ("show", "add", "default"):
            action.add_argument("name", metavar=_("NAME"), nargs="?" if name == "show" else None)
        if name == "add":
            _root(action)
        _common(action, 2)


def _demo(added: Parser) -> None:
    added.add_argument(
        "folder", metavar=_("DIR"), nargs="?", help=_("where to put it; without it, beside Comet's state")
    )


def _jobs(added: Parser) -> None:
    added.add_argument(
        "id", metavar="ID", nargs="?", help=_("the job, or the beginning of its id; `last` is the newest")
    )
    group = added.add_mutually_exclusive_group()
    group.add_argument("--watch", action="store_true", help=_("show its progress until it ends"))
    group.add_argument("--stop", action="store_true", help=_("end it after the unit in hand; what is done is kept"))
    group.add_argument("--pause", action="store_true", help=_("let it wait"))
    group.add_argument("--resume", action="store_true", help=_("let it go on"))


def commands() -> tuple[Command, ...]:
    """Return all commands in the order of the help."""
    return (
        Command("full", "-f", _("scan, correlate, and show the groups"), _full),
        Command("scan", "-s", _("look at the music and listen to what is new"), _scan),
        Command("correlate", "-c", _("compare everything with everything, from where it was left"), _correlate),
        Command("groups", "", _("show the tracks that are the same recording, largest saving first"), _limit),
        Command("pairs", "", _("show the pairs of tracks that belong together, and how"), _pairs),
        Command("pair", "-p A B", _("compare two files"), _pair),
        Command("info", "-i", _("tell the state of the collection, or all that is known of a file"), _info),
        Command("problems", "", _("show the files that could not be used, and why"), _nothing),
        Command("setup", "", _("choose folders and write the settings"), _setup),
        Command("profiles", "", _("list, show, add and check profiles"), _profiles),
        Command("jobs", "", _("show, watch and steer long jobs"), _jobs),
        Command("demo", "", _("make a small library of music to try Comet on"), _demo),
        Command("doctor", "", _("tell what is missing and how to get it"), _nothing),
    )


def _nothing(_added: Parser) -> None:
    """Declare no option: the command has none of its own."""
