"""`comet apply`: move the duplicates of a plan, of one group or of all into quarantine."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from comet.cli import acting, console, options, out, pairs
from comet.cli.context import Context
from comet.core import answers, plans
from comet.core.acts import Plan
from comet.core.errors import UsageError
from comet.core.job import Job
from comet.core.text import _, _n, grouped, safe

if TYPE_CHECKING:
    from comet.changes import Outcome
    from comet.collection.merging import Merged


def run(arguments: argparse.Namespace) -> int:
    """Apply what was named."""
    if not (arguments.plan or arguments.group or arguments.all):
        raise UsageError(
            _("what shall be applied?"),
            hint=_("`comet apply --all` takes every group, --group ID one; `comet plan` writes a plan to read first"),
        )
    if (arguments.keep or arguments.tag) and not arguments.group:
        raise UsageError(_("--keep and --tag need a group"), hint=_("name it with --group ID"))
    if arguments.plan == "-" and arguments.detach:
        raise UsageError(_("a plan from standard input cannot go into the background"), hint=_("write it into a file"))
    read = _read(arguments) if arguments.plan else None
    here = acting.begin(arguments)
    if arguments.detach:
        return acting.detach(here)
    plan, named, conflicts = (read, None, []) if read else console.asked(lambda job: _plan(here, job))
    return finish(here, plan, named, conflicts)


def finish(here: Context, plan: Plan, named: Merged | None = None, conflicts: Sequence[dict[str, Any]] = ()) -> int:
    """Ask whether to apply a plan, do it, and return the exit code.

    Args:
        here: the context of a command with `--yes` and `--strict`.
        plan: what would be done; where that is nothing, nobody is asked.
        named: the one group that it is about, where one was named: what is done with it is remembered.
        conflicts: those in tags that it settles, as JSON.

    Raises:
        UsageError: nobody can be asked.
    """
    if plan.steps and not here.arguments.yes:
        acting.show_steps(here, plan)
        if not acting.confirmed(acting.question(plan), yes=False):
            return acting.nothing(here.arguments, _("nothing was changed"))
    if not plan.steps:
        _remember(here, named, None)
        return acting.nothing(here.arguments, _("nothing to do"))
    return _apply(here, plan, named, conflicts)


def _remember(here: Context, named: Merged | None, outcome: Outcome | None) -> None:
    """Remember that one group was confirmed: what is left of it is reviewed then, until it is undone."""
    from comet import changes  # noqa: PLC0415 - arrays and all

    if named is not None:
        chosen, settled = bool(here.arguments.keep), bool(here.arguments.tag)
        touched = answers.touched(named.proposal, chosen=chosen, settled=settled)
        with here.collection() as collection:
            changes.confirmed(collection, named.proposal, outcome, named.settled, touched=touched)


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


def _plan(here: Context, job: Job) -> tuple[Plan, Merged | None, list[dict[str, Any]]]:
    """Return the plan for what was typed, the group where one was named, and the conflicts that it settles."""
    from comet import changes  # noqa: PLC0415 - arrays and all
    from comet.cli import settling  # noqa: PLC0415 - likewise
    from comet.collection import merging  # noqa: PLC0415 - likewise

    arguments = here.arguments
    typed = options.tags(arguments.tag)
    with here.collection() as collection:
        found = acting.proposals(collection, job)
        if arguments.group:
            wanted = [acting.chosen(collection, found, arguments.group, arguments.keep)]
        else:
            wanted = [each for each in found if answers.takes_part(each, clean_only=arguments.clean_only)]
        if doubtful := [(each, at) for each in wanted for at in each.doubtful]:
            out.warn(
                _("{tracks} to check and stay until you decide; `{command}` shows them").format(
                    tracks=_n("{n} track is", "{n} tracks are", len(doubtful)), command=here.next("review")
                )
            )
            for proposal, at in doubtful:
                path, why = safe(proposal.group.tracks[at].path), pairs.doubt(proposal.doubtful[at])
                out.note(_("  stays: `{path}` ({why})").format(path=path, why=why))
        acting.warn_holes(collection, wanted)
        conflicts = settling.Conflicts(leave=arguments.clean_only and not arguments.group)
        if arguments.group:
            named = merging.of(collection, wanted[0], merging.with_fields(collection, wanted[0], typed), job)
            plan = changes.plan(collection, conflicts.through([named]))
        else:
            named = None
            plan = changes.plan(collection, conflicts.through(merging.each(collection, wanted, job=job)))
        conflicts.tell()
        return plan, named, conflicts.found


def _apply(here: Context, plan: Plan, named: Merged | None, conflicts: Sequence[dict[str, Any]]) -> int:
    def act(job: Job, cut: Callable[[Outcome], None]) -> Outcome:
        from comet import changes  # noqa: PLC0415 - arrays and all

        with here.collection() as collection:
            return changes.apply(collection, plan, job, cut)

    groups = {step.group for step in plan.steps}
    run = partial(console.run, here) if len(groups) > 1 else console.quietly
    outcome = acting.carried_out(run, act, lambda cut: _tell(here, plan, cut, 0, conflicts))
    _remember(here, named, outcome)
    return _tell(here, plan, outcome, len(plan.steps) - len(outcome.done) - len(outcome.failed), conflicts)


def _tell(here: Context, plan: Plan, outcome: Outcome, before: int, conflicts: Sequence[dict[str, Any]]) -> int:
    """Print what came of a run, of whose steps so many were done `before`, and return the exit code."""
    sentence = _("{done}{before}{refused}").format(
        done=acting.account(
            outcome,
            {step.do for step in plan.steps},
            _("{files} moved into quarantine"),
            _("tags of {files} written"),
            _("{files} put in place"),
        ),
        before=_("; {n} done by an earlier run").format(n=grouped(before)) if before else "",
        refused=acting.refused(outcome),
    )
    code = acting.show(here, outcome, sentence, conflicts=conflicts)
    if outcome.done:
        told = _("`{undo}` takes it back").format(undo=here.next("undo", str(outcome.run)))
        if any(entry.held for entry in outcome.done):
            told += _("; the space is free only after `{purge}`").format(purge=here.next("purge", str(outcome.run)))
        out.next_step(told)
    return code
