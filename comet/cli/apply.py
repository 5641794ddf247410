"""`comet apply`: move the duplicates of a plan, of one group or of all into quarantine."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from comet.cli import acting, console, out, pairs
from comet.cli.context import Context
from comet.core import plans
from comet.core.acts import Plan
from comet.core.errors import UsageError
from comet.core.job import Job
from comet.core.model import Choice, Proposal
from comet.core.text import _, _n, safe

if TYPE_CHECKING:
    from comet.changes import Outcome


def run(arguments: argparse.Namespace) -> int:
    """Apply what was named."""
    if not (arguments.plan or arguments.group or arguments.all):
        raise UsageError(
            _("what shall be applied?"),
            hint=_("`comet apply --all` takes every group, --group ID one; `comet plan` writes a plan to read first"),
        )
    if arguments.keep and not arguments.group:
        raise UsageError(_("--keep needs a group"), hint=_("name it with --group ID"))
    if arguments.plan == "-" and arguments.detach:
        raise UsageError(_("a plan from standard input cannot go into the background"), hint=_("write it into a file"))
    read = _read(arguments) if arguments.plan else None
    here = acting.begin(arguments)
    if arguments.detach:
        return acting.detach(here)
    plan, chosen = (read, None) if read else console.asked(lambda job: _plan(here, job))
    if plan.steps and not arguments.yes:
        acting.show_steps(here, plan)
        if not acting.confirmed(acting.question(plan), yes=False):
            out.note(_("nothing was changed"))
            return 0
    if not plan.steps:
        _remember(here, chosen, 0)
        return acting.nothing(here, _("nothing to do"))
    return _apply(here, plan, chosen)


def _remember(here: Context, chosen: Proposal | None, run: int) -> None:
    """Remember which tracks were chosen to stay: what is left of the group is reviewed then, until it is undone."""
    from comet.collection import decisions  # noqa: PLC0415 - arrays and all

    if chosen is not None:
        with here.collection() as collection:
            decisions.decide(collection, chosen.group, Choice.KEEP, chosen.keep, run)


def _read(arguments: argparse.Namespace) -> Plan:
    """Return the plan that was named; its profile is meant where none was typed."""
    try:
        if arguments.plan == "-":
            text = sys.stdin.buffer.read()
        else:
            with open(arguments.plan, "rb") as stream:
                text = stream.read()
    except OSError as error:
        raise UsageError(
            _("plan `{name}` cannot be read: {why}").format(name=safe(arguments.plan), why=error.strerror),
            hint=_("`comet plan --out FILE` writes one"),
        ) from error
    plan = plans.parse(text, arguments.plan)
    if arguments.profile is None:
        arguments.profile = plan.profile
    return plan


def _plan(here: Context, job: Job) -> tuple[Plan, Proposal | None]:
    """Return the plan for what was typed, and where tracks to keep were typed, the group with these."""
    from comet import changes  # noqa: PLC0415 - arrays and all

    arguments = here.arguments
    with here.collection() as collection:
        found = acting.proposals(collection, job)
        if arguments.group:
            wanted = [acting.chosen(collection, found, arguments.group, arguments.keep)]
        else:
            wanted = [each for each in found if acting.is_open(each, clean_only=arguments.clean_only)]
        if doubtful := [(each, at) for each in wanted for at in each.doubtful]:
            out.warn(
                _("{tracks} to check and stay until you decide; `{command}` shows them").format(
                    tracks=_n("{n} track is", "{n} tracks are", len(doubtful)), command=here.next("review")
                )
            )
            for proposal, at in doubtful:
                path, why = safe(proposal.group.tracks[at].path), pairs.doubt(proposal.doubtful[at])
                out.note(_("  stays: `{path}` ({why})").format(path=path, why=why))
        return changes.plan(collection, wanted), wanted[0] if arguments.keep else None


def _apply(here: Context, plan: Plan, chosen: Proposal | None) -> int:
    def work(job: Job) -> Outcome:
        from comet import changes  # noqa: PLC0415 - arrays and all

        with here.collection() as collection:
            return changes.apply(collection, plan, job)

    groups = {step.group for step in plan.steps}
    outcome = console.run(here, work) if len(groups) > 1 else console.quietly(work)
    _remember(here, chosen, outcome.run)
    before = len(plan.steps) - len(outcome.done) - len(outcome.failed)
    sentence = _("{done}{before}{refused}").format(
        done=acting.account(
            outcome, _("{files} moved into quarantine"), _("tags of {files} written"), _("{files} put in place")
        ),
        before=_("; {n} done by an earlier run").format(n=f"{before:,}") if before else "",
        refused=acting.refused(outcome),
    )
    code = acting.show(here, outcome, sentence)
    if outcome.done:
        out.next_step(
            _("`{undo}` takes it back; the space is free only after `{purge}`").format(
                undo=here.next("undo", str(outcome.run)), purge=here.next("purge", str(outcome.run))
            )
        )
    return code
