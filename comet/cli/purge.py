"""`comet purge`: delete what lies in quarantine, the one thing that cannot be undone."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from comet.cli import acting, console, out
from comet.cli.context import Context
from comet.cli.quarantine import total
from comet.core.acts import Do
from comet.core.errors import UsageError
from comet.core.job import Job
from comet.core.text import _, _n, size

if TYPE_CHECKING:
    from comet.changes import Outcome
    from comet.collection.history import Held


def run(arguments: argparse.Namespace) -> int:
    """Delete what was named, or all that is held."""
    here = acting.begin(arguments)
    if arguments.yes and not arguments.run and arguments.older_than is None:
        raise UsageError(
            _("--yes needs to know what may be deleted"),
            hint=_("name runs, or an age: `comet purge --older-than 30d --yes`; `comet quarantine` lists what is held"),
        )
    if arguments.detach:
        return acting.detach(here)
    found = _found(here)
    if not found:
        return acting.nothing(arguments, _("nothing of that is held in quarantine"))
    if not arguments.yes and not _typed(found):
        return acting.nothing(arguments, _("nothing was deleted"))

    def act(job: Job, cut: Callable[[Outcome], None]) -> Outcome:
        from comet import changes  # noqa: PLC0415 - arrays and all

        with here.collection(journal=True) as collection:
            return changes.purge(collection, [each.entry.id for each in found], job, cut)

    def tell(outcome: Outcome) -> int:
        told = acting.account(outcome, {Do.REMOVE}, _("{files} deleted")) + acting.refused(outcome)
        return acting.show(here, outcome, told)

    return tell(acting.carried_out(partial(console.run, here), act, tell))


def _found(here: Context) -> list[Held]:
    from comet import changes  # noqa: PLC0415 - arrays and all
    from comet.collection import history  # noqa: PLC0415 - likewise

    arguments, now = here.arguments, time.time()
    with here.collection(journal=True) as collection:
        acting.warn_settled(changes.settle(collection))
        return [
            each
            for each in history.held(collection)
            if (not arguments.run or each.entry.run in arguments.run)
            and (arguments.older_than is None or now - each.made >= arguments.older_than)
        ]


def _typed(found: list[Held]) -> bool:
    """Ask for the number of files, which nobody types by accident."""
    out.note(total(found, time.time()))
    question = _("this deletes {files} ({size}) for ever; type the number of files to do it: ").format(
        files=_n("{n} file", "{n} files", len(found)), size=size(sum(each.size for each in found))
    )
    return acting.answer(question) == str(len(found))
