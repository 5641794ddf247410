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


def file(text: str) -> str:
    """Return a name that was typed; an empty one, as of a variable in a script, would mean the folder one is in."""
    if not text:
        raise argparse.ArgumentTypeError(_("the name of a file is empty"))
    return text


def region(text: str) -> tuple[int, int, int, int]:
    """Return a region that is typed as `X,Y,W,H`, in pixels.

    Raises:
        ValueError: it is none.
    """
    x, y, width, height = map(int, text.split(","))
    if min(x, y) < 0 or min(width, height) < 1:
        raise ValueError
    return x, y, width, height


region.__name__ = "region (like 100,50,600,600)"  # argparse names it in its message


def side(text: str) -> int:
    """Return a number of pixels that a side can have."""
    return _within(text, 10_000)


side.__name__ = "number of pixels (1 to 10000)"  # likewise


def quality(text: str) -> int:
    """Return a quality of JPEG."""
    return _within(text, 95)


quality.__name__ = "quality (1 to 95)"  # likewise


def page(text: str) -> int:
    """Return the number of a page."""
    return _within(text, 1_000_000)


page.__name__ = "number of a page (from 1)"  # likewise


def _within(text: str, most: int) -> int:
    number = int(text)
    if not 1 <= number <= most:
        raise ValueError
    return number


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


def again(added: argparse.ArgumentParser) -> None:
    """Let passes of a backup go on by themselves, and be silent."""
    added.add_argument(
        "--every",
        metavar=_("TIME"),
        type=interval,
        help=_("make a pass as often as that, like 6h or 90m, until it is stopped; for where no clock starts them"),
    )
    added.add_argument(
        "--quiet",
        action="store_true",
        help=_("say nothing unless it ends with another code than 0, 11, 13 and 130; the log is kept beside the state"),
    )


def timetable(added: argparse.ArgumentParser) -> None:
    """Let it be said which clock starts passes, and when."""
    which = added.add_mutually_exclusive_group()
    which.add_argument("--systemd", action="store_true", help=_("units for systemd"))
    which.add_argument("--cron", action="store_true", help=_("a line for cron"))
    which.add_argument("--print", action="store_true", help=_("what this machine has; so it is without an option"))
    added.add_argument("--user", action="store_true", help=_("for the systemd of this user, which needs no root"))
    added.add_argument("--at", metavar="HH:MM", type=moment, help=_("when; without it, some time after three"))
    added.add_argument("--install", action="store_true", help=_("write it where it belongs, and start it"))


_SPANS = {"m": 60.0, "h": 3600.0, "d": 86400.0}


def interval(text: str) -> float:
    """Return the seconds of an interval that is typed as `90m`, `6h` or `1d`: from 15 minutes to 30 days."""
    seconds = float(text[:-1]) * _SPANS.get(text[-1:], 0.0)
    if not 900 <= seconds <= 30 * 86400:
        raise ValueError
    return seconds


interval.__name__ = "interval (15m to 30d)"  # argparse names it in its message


def moment(text: str) -> tuple[int, int]:
    """Return hour and minute of a time of day."""
    hour, minute = map(int, text.split(":"))
    if not (0 <= hour < 24 and 0 <= minute < 60):
        raise ValueError
    return hour, minute


moment.__name__ = "time of day (like 3:30)"  # likewise
