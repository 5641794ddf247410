"""`comet decide`: decide about a group without changing anything yet."""

from __future__ import annotations

import argparse

from comet.cli import acting, console, context, decisions, options, out
from comet.core.errors import UsageError
from comet.core.job import Job
from comet.core.model import Choice, Decision
from comet.core.text import _


def run(arguments: argparse.Namespace) -> int:
    """Remember a decision."""
    if arguments.tag and not arguments.keep:
        raise UsageError(_("--tag needs --keep"), hint=_("name the track that stays, which gets these tags"))
    here = context.of(arguments)

    def work(job: Job) -> Decision:
        from comet.collection import decisions as known  # noqa: PLC0415 - arrays and all
        from comet.collection import groups, merging  # noqa: PLC0415 - likewise

        with here.collection() as collection:
            proposal = groups.find(acting.proposals(collection, job), arguments.group)
            if arguments.keep:
                kept = acting.tracks(proposal, arguments.keep)
                settled = merging.with_fields(collection, proposal, options.tags(arguments.tag))
                return known.decide(collection, proposal.group, Choice.KEEP, kept, tags=settled)
            choice = Choice.APART if arguments.apart else Choice.SKIP
            return known.decide(collection, proposal.group, choice)

    made = console.quietly(work)
    if arguments.json:
        out.dump(decisions.as_json(made))
        return 0
    print(decisions.sentence(made))
    out.next_step(_("`{forget}` takes it back").format(forget=here.next("decisions", "--forget", str(made.id))))
    return 0
