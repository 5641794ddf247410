"""`comet undo`: take back what was applied."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from comet.cli import acting, console, out
from comet.cli.context import Context
from comet.core.acts import Entry
from comet.core.errors import UsageError
from comet.core.job import Job
from comet.core.text import _, _n, safe

if TYPE_CHECKING:
    from comet.changes import Outcome


def run(arguments: argparse.Namespace) -> int:
    """Undo what was named."""
    here = acting.begin(arguments)
    if arguments.detach:
        return acting.detach(here)
    entries = _entries(here)
    if not entries:
        return acting.nothing(arguments, _("nothing to undo"))
    if arguments.id is None and not arguments.all:
        out.note(_("the last run that can be undone is {run}").format(run=entries[0].run))
    question = _("take back {n}?").format(n=_n("{n} change", "{n} changes", len(entries)))
    if not arguments.yes:
        for entry in entries[: acting.SHOWN]:
            out.note(f"  {safe(entry.before.file.path)}")
        if not acting.confirmed(question, yes=False):
            return acting.nothing(arguments, _("nothing was changed"))

    def act(job: Job, cut: Callable[[Outcome], None]) -> Outcome:
        from comet import changes  # noqa: PLC0415 - arrays and all

        with here.collection(journal=True) as collection:
            return changes.undo(collection, [entry.id for entry in entries], job, cut)

    def tell(outcome: Outcome) -> int:
        dos = {entry.before.do for entry in entries}
        words = _("{files} moved back"), _("tags of {files} taken back"), _("{files} taken out of place again")
        return acting.show(here, outcome, acting.account(outcome, dos, *words) + acting.refused(outcome))

    many = len({entry.before.group for entry in entries}) > 1
    return tell(acting.carried_out(partial(console.run, here) if many else console.quietly, act, tell))


def _entries(here: Context) -> list[Entry]:
    """Return what the command line names, as far as it can still be undone."""
    from comet import changes  # noqa: PLC0415 - arrays and all
    from comet.collection import history  # noqa: PLC0415 - likewise

    arguments = here.arguments
    with here.collection(journal=True) as collection:
        acting.warn_settled(changes.settle(collection))
        if arguments.all:
            return history.undoable(collection)
        if arguments.id is None:
            return history.last(collection)
        run, _dot, step = arguments.id.partition(".")
        if not _is_number(run) or (_dot and not _is_number(step)):
            raise UsageError(
                _("`{id}` is no run and no step").format(id=safe(arguments.id)),
                hint=_("`comet history` lists the runs, `comet history RUN` its steps"),
            )
        entries = history.entries(collection, int(run))
        if not entries or (step and int(step) not in {entry.step for entry in entries}):
            raise UsageError(
                _("the journal has no run or step `{id}`").format(id=safe(arguments.id)),
                hint=_("`comet history` lists the runs, `comet history RUN` its steps"),
            )
        undoable = history.undoable(collection, int(run))
        return [entry for entry in undoable if not step or entry.step == int(step)]


def _is_number(text: str) -> bool:
    return text.isdecimal() and len(text) < 19  # no database counts further
