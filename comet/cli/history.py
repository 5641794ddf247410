"""`comet history`: what was applied, undone and purged."""

from __future__ import annotations

import argparse
import time
from dataclasses import asdict

from comet.cli import acting, context, out
from comet.core.acts import Entry, Kind, State
from comet.core.errors import UsageError
from comet.core.text import _, _n, safe, size


def run(arguments: argparse.Namespace) -> int:
    """Show the runs, or the steps of one."""
    from comet.collection import history  # noqa: PLC0415 - arrays and all

    here = context.of(arguments)
    with here.collection(journal=True) as collection:
        if arguments.run is not None:
            return _steps(arguments, history.entries(collection, arguments.run))
        runs = history.runs(collection)
    shown = runs[: arguments.limit or None]
    if arguments.json:
        for each in shown:
            out.dump(asdict(each))
        return 0
    rows = [
        [
            f"{each.id}",
            kind(each.kind),
            when(each.made),
            _counts(each.done, each.undone, each.failed, each.purged),
            _("{size} held").format(size=size(each.size)) if each.size else "",
        ]
        for each in shown
    ]
    for line in out.table(rows, right=(0,)):
        print(line)
    if not runs:
        out.note(_("nothing was applied yet"))
    elif any(each.undoable for each in runs):
        out.next_step(_("`{command}` takes one back").format(command=here.next("undo", "RUN")))
    return 0


def when(moment: float) -> str:
    """Return a moment for a person."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(moment))


def kind(word: str) -> str:
    """Return what a run was, for a person."""
    return {"apply": _("applied"), "undo": _("undone"), "purge": _("purged")}.get(word, word)


def _counts(done: int, undone: int, failed: int, purged: int) -> str:
    parts = [_n("{n} step done", "{n} steps done", done)] if done else []
    parts += [_("{n} taken back").format(n=undone)] if undone else []
    parts += [_("{n} purged").format(n=purged)] if purged else []
    parts += [_("{n} refused").format(n=failed)] if failed else []
    return ", ".join(parts) or _("nothing")


def _steps(arguments: argparse.Namespace, entries: list[Entry]) -> int:
    if not entries:
        raise UsageError(
            _("the journal has no run {id}").format(id=arguments.run), hint=_("`comet history` lists what was done")
        )
    shown = entries[: arguments.limit or None]
    if arguments.json:
        for entry in shown:
            out.dump(acting.entry_json(entry))
        return 0
    for line in out.table([_row(entry) for entry in shown]):
        print(line)
    return 0


def _row(entry: Entry) -> list[str]:
    word = {
        Kind.REMOVE: _("removed"),
        Kind.REPOINT: _("playlist changed"),
        Kind.WRITE_TAGS: _("tags written"),
        Kind.PLACE: _("put in place"),
        Kind.UNDO: _("taken back"),
        Kind.PURGE: _("deleted"),
    }[entry.kind]
    state = {
        State.INTENDED: _("interrupted, or under way"),
        State.DONE: "",
        State.UNDONE: _("taken back since"),
        State.FAILED: _("not done: {why}").format(why=safe(entry.error)),
    }[entry.state]
    if entry.state is State.FAILED:
        word = "-"
    return [f"{entry.run}.{entry.step}", word, size(entry.before.file.size), safe(entry.before.file.path), state]
