"""How what is typed is read. All of it is read for `--version` and `--help`, so nothing heavy is imported here."""

from __future__ import annotations

import argparse
import re
import shutil
from argparse import SUPPRESS
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, NoReturn

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

_THOUSANDS = {"k": 1_000, "M": 1_000_000}
_AGES = {"h": 3600.0, "d": 86400.0, "w": 7 * 86400.0}
_MOST = 1 << 40
"""Of anything that is asked for at once."""
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?([MGT])(i?)B?", re.IGNORECASE)
_POWERS = {"M": 2, "G": 3, "T": 4}
_LARGEST = 1_000_000_000
"""MB of memory: 1000 TB, more than any machine has."""


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


def many(text: str) -> int:
    """Return a number, at least 1, that may be typed as `500k` or `10M`.

    Raises:
        ValueError: it is none.
    """
    number = int(text[:-1]) * _THOUSANDS[text[-1]] if text[-1:] in _THOUSANDS else int(text)
    if not 0 < number < _MOST:
        raise ValueError
    return number


many.__name__ = "number (like 500k or 10M)"  # argparse names it in its message


def megabytes(text: str) -> int:
    """Return the number of MB in a size that is typed as `512M`, `2.5GB` or, in powers of 1024, `2GiB`.

    Raises:
        ArgumentTypeError: it is none.
    """
    if found := _SIZE.fullmatch(text):
        power = _POWERS[found[2].upper()]
        number = float(found[1]) * (1024 if found[3] else 1000) ** power / 1e6
        if 1 <= number <= _LARGEST:
            return int(number)
    raise argparse.ArgumentTypeError(
        _("`{text}` is no size: a number and M, G or T, like 512M or 2.5G, from 1M to 1000T").format(text=text)
    )


def memory(text: str) -> str:
    """Return a size as it sets `correlate.memory`."""
    return f"correlate.memory={megabytes(text)}"


def allowed(text: str) -> int:
    """Return the bytes of a size, 0 for `auto`."""
    return 0 if text == "auto" else megabytes(text) * 1_000_000


def age(text: str) -> float:
    """Return the seconds of an age that is typed as `30d`, `2w`, `12h`, or in days.

    Raises:
        ValueError: it is none.
    """
    unit = _AGES.get(text[-1:], 0.0)
    seconds = float(text[:-1]) * unit if unit else float(text) * _AGES["d"]
    if not seconds >= 0:
        raise ValueError
    return seconds


age.__name__ = "age"  # likewise


def common(added: argparse.ArgumentParser, depth: int) -> None:
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
