"""Options that several commands have, and how their values are read."""

from __future__ import annotations

import argparse
from collections.abc import Iterable

from comet.cli.parser import TYPED
from comet.cli.parser import memory as size
from comet.core.errors import UsageError
from comet.core.text import _, safe


def folders(added: argparse.ArgumentParser) -> None:
    """Let folders be looked at without any set-up."""
    added.add_argument(
        "folders", metavar=_("DIR"), nargs="*", help=_("folders to look at without any set-up, instead of a profile")
    )


def detach(added: argparse.ArgumentParser) -> None:
    """Let it go on in the background."""
    added.add_argument(
        "--detach", action="store_true", help=_("go on in the background, also when this terminal is closed")
    )


def strict(added: argparse.ArgumentParser) -> None:
    """Let files that cannot be used be an error."""
    added.add_argument(
        "--strict", action="store_true", help=_("exit with 3 if a file could not be used or a folder is away")
    )


def limit(added: argparse.ArgumentParser) -> None:
    """Let only the first ones be shown."""
    added.add_argument("--limit", metavar="N", type=count, default=0, help=_("show the first N only"))


_MANY = 1 << 63
"""No database counts so far."""


def count(text: str) -> int:
    """Return a number that a database can count to."""
    number = int(text)
    if not 0 <= number < _MANY:
        raise ValueError
    return number


def yes(added: argparse.ArgumentParser, help: str) -> None:  # noqa: A002 - argparse's word
    """Let nobody be asked."""
    added.add_argument("--yes", action="store_true", help=help)


def clean_only(added: argparse.ArgumentParser) -> None:
    """Let groups that are to check be left."""
    added.add_argument("--clean-only", action="store_true", help=_("leave the groups that are to check"))


def keep(added: argparse.ArgumentParser, help: str) -> None:  # noqa: A002 - likewise
    """Let the tracks that stay be named."""
    added.add_argument("--keep", metavar=_("PATH"), action="append", default=[], help=help)


def tag(added: argparse.ArgumentParser) -> None:
    """Let tags of a group be named."""
    added.add_argument(
        "--tag",
        metavar=_("FIELD=VALUE"),
        action="append",
        default=[],
        help=_("what the files of the group that stay shall have there; twice for two values, without one it goes"),
    )


def tags(typed: Iterable[str], option: str = "--tag") -> dict[str, tuple[str, ...]]:
    """Return what was typed as `FIELD=VALUE`: a field that is there twice has two values, one without any goes.

    Raises:
        UsageError: it is no such thing.
    """
    from comet.core.plans import field_usable  # noqa: PLC0415 - whoever only prints help needs no JSON

    found: dict[str, tuple[str, ...]] = {}
    for each in typed:
        name, equals, value = each.partition("=")
        field = name.strip().lower()
        if not equals or not field_usable(field):
            raise UsageError(
                _("`{typed}` is no FIELD=VALUE").format(typed=safe(each)),
                hint=_("like `{option} artist=Кино {option} genre=Rock`; `comet tags FILE` shows the fields").format(
                    option=option
                ),
            )
        found[field] = (*found.get(field, ()), *([value] if value.strip() else []))
    return found


def exact(added: argparse.ArgumentParser) -> None:
    """Let all pairs be compared."""
    added.add_argument(
        "--exact",
        action="store_true",
        help=_("compare all pairs, also in a large collection, where otherwise an index proposes those worth it"),
    )


def cluster(added: argparse.ArgumentParser) -> None:
    """Let other machines compare."""
    added.add_argument(
        "--cluster",
        metavar=_("ADDRESS"),
        default="",
        help=_("compare on the workers of a Dask cluster, whose scheduler is there: `tcp://host:8786`"),
    )


def memory(added: argparse.ArgumentParser) -> None:
    """Let the memory be limited."""
    added.add_argument(
        "--memory",
        metavar=_("SIZE"),
        dest=TYPED.format(depth=1),  # it is that setting
        action="append",
        type=size,
        default=argparse.SUPPRESS,
        help=_("take no more than this in all while correlating, like 512M or 2G: `correlate.memory` for this call"),
    )


def relations(text: str) -> list[str]:
    """Return words between commas."""
    return [word.strip() for word in text.split(",") if word.strip()]


def accepted(text: str) -> float:
    """Return how many false pairs are accepted."""
    number = float(text)
    if not 1e-9 <= number <= 1e6:  # as the setting, and as the message says
        raise ValueError
    return number


def root(added: argparse.ArgumentParser) -> None:
    """Let folders of music be named."""
    added.add_argument(
        "--root",
        metavar=_("DIR"),
        action="append",
        default=[],
        help=_("a folder of music, may be given more than once"),
    )
