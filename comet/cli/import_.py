"""`comet import FILE...`: fingerprints without their audio, and old results beside what Comet finds."""

from __future__ import annotations

import argparse
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from comet.cli import console, context, main, out
from comet.cli.context import Context
from comet.core.errors import FileError, UsageError
from comet.core.job import Job
from comet.core.text import _, _n, grouped, safe

if TYPE_CHECKING:
    from comet.collection.imported import Beside
    from comet.exchange import Came

_SHOWN = 20
"""Old pairs of one file that are shown; there can be millions of them."""


def run(arguments: argparse.Namespace) -> int:
    """Import files, or forget what was imported."""
    if bool(arguments.files) == arguments.forget:
        raise UsageError(
            _("files and --forget cannot be combined") if arguments.forget else _("no file is named"),
            hint=_("name files with fingerprints or old results, or give --forget alone"),
        )
    here = context.of(arguments)
    if arguments.detach:
        return console.detach(here)
    if arguments.forget:
        return _forget(here)
    found: list[tuple[Came, list[str]] | FileError] = []
    with suppress(FileError):  # told below, in its turn; it ends the job, which else would call itself done
        console.run(here, lambda job: _take_all(here, job, found))
    for came in found:
        if isinstance(came, FileError):
            main.tell(str(came), came.hint)
        elif arguments.json:
            out.dump(_json(came[0]))
        else:
            _show(*came)
    brought = [came[0] for came in found if not isinstance(came, FileError)]
    _what_next(here, brought)
    strict = arguments.strict and any(came.skipped or came.ended for came in brought)
    return FileError.exit_code if strict or len(brought) < len(found) else 0


def _take_all(here: Context, job: Job, found: list[tuple[Came, list[str]] | FileError]) -> None:
    """Import the files that were named, and add what became of each; raise the first error when all were tried."""
    found.extend(_take(here, name, job) for name in dict.fromkeys(here.arguments.files))
    for came in found:
        if isinstance(came, FileError):
            raise came


def _what_next(here: Context, brought: list[Came]) -> None:
    """Say what is still to be compared, and how."""
    left = any(came.left for came in brought)
    if left:
        out.warn(_("not everything was compared yet: what was not found may be found then"))
    elif not all(came.complete for came in brought):
        out.warn(
            _("an index chose which pairs to compare: a few of those that were not found may be there all the same")
        )
        out.next_step(_("`{command}` compares all pairs").format(command=here.next("correlate", "--exact")))
    if left or any(came.stored.new or came.stored.changed for came in brought):
        out.next_step(_("`{command}` compares everything with everything").format(command=here.next("correlate")))


def _forget(here: Context) -> int:
    def work(job: Job) -> int:
        from comet import exchange  # noqa: PLC0415 - arrays and all

        with here.collection(create=True) as collection:
            return exchange.forget(collection, job)

    count = console.run(here, work)
    if here.arguments.json:
        out.dump({"forgotten": count})
    else:
        print(_n("{n} imported fingerprint forgotten", "{n} imported fingerprints forgotten", count))
    return 0


def _take(here: Context, name: str, job: Job) -> tuple[Came, list[str]] | FileError:
    """Import one file; return what it brought and the first of its old pairs that Comet sees otherwise."""
    from comet import exchange, pipeline  # noqa: PLC0415 - arrays and all

    lines: list[str] = []

    def tell(found: Beside) -> None:
        if here.arguments.json:
            out.dump(_beside_json(found))
        elif not found.confirmed and len(lines) < _SHOWN:
            lines.append(_line(found))

    try:
        with here.collection(create=True) as collection:
            if exchange.holds_pairs(name, job):
                pipeline.judge(collection, job)
            return exchange.take(collection, name, job, tell), lines
    except FileError as error:
        return error


def _json(came: Came) -> dict[str, Any]:
    """Return what a file brought as JSON; these keys are a contract."""
    return {
        "file": came.path,
        "kind": came.kind.value,
        "new": came.stored.new,
        "changed": came.stored.changed,
        "unchanged": came.stored.unchanged,
        "confirmed": came.confirmed,
        "otherwise": came.otherwise,
        "missed": came.missed,
        "complete": came.complete,
        "skipped": [
            {"reason": reason, "count": count, "first": came.first[reason]} for reason, count in came.skipped.items()
        ],
        "ended": {"entry": came.ended.number, "reason": came.ended.reason} if came.ended else None,
    }


def _beside_json(found: Beside) -> dict[str, Any]:
    """Return an old pair as JSON; these keys are a contract too."""
    old = found.old
    return {
        "entry": old.number,
        "a": old.a,
        "b": old.b,
        "correlation": old.correlation,
        "offset": old.offset,
        "relation": found.relation.value if found.relation else None,
        "evidence": found.evidence,
    }


def _line(found: Beside) -> str:
    old = found.old
    word = {
        "contains": _("one contains the other"),
        "shares": _("they share a part"),
        "variant": _("variants of each other"),
    }.get(found.relation.value if found.relation else "", _("not found"))
    return _("{word}, correlation was {correlation:g}: {a}, {b}").format(
        word=word, correlation=old.correlation, a=safe(old.a), b=safe(old.b)
    )


def _show(came: Came, lines: list[str]) -> None:
    if came.kind == "pairs":
        seen = came.confirmed + came.otherwise + came.missed
        print(
            _("`{file}`: {pairs}, {confirmed} the same for Comet too, {otherwise} something else, {missed} not found")
            .format(
                file=safe(came.path),
                pairs=_n("{n} old pair", "{n} old pairs", seen),
                confirmed=grouped(came.confirmed),
                otherwise=grouped(came.otherwise),
                missed=grouped(came.missed),
            )
        )  # fmt: skip
    else:
        stored = came.stored
        print(
            _("`{file}`: {fingerprints}: {new} new, {changed} changed, {unchanged} unchanged").format(
                file=safe(came.path),
                fingerprints=_n("{n} fingerprint", "{n} fingerprints", stored.new + stored.changed + stored.unchanged),
                new=grouped(stored.new),
                changed=grouped(stored.changed),
                unchanged=grouped(stored.unchanged),
            )
        )
    for line in lines:
        print(f"  {line}")
    if more := came.otherwise + came.missed - len(lines):
        print("  " + _("and {n} more, which `--json` tells").format(n=grouped(more)))
    _show_lost(came)


def _show_lost(came: Came) -> None:
    """Say what of a file was not taken in."""
    for reason, count in came.skipped.items():
        print(
            "  "
            + _("{entries} passed over, the first is number {first}: {reason}").format(
                entries=_n("{n} entry", "{n} entries", count), first=grouped(came.first[reason]), reason=reason
            )
        )
    if came.ended:
        print(
            "  "
            + _("reading ended at entry {n}, nothing from there on is taken in: {reason}").format(
                n=grouped(came.ended.number), reason=came.ended.reason
            )
        )
