"""`comet review --rule`: what rules would do, shown before it is done."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from comet.cli import acting, apply, console, context, out
from comet.cli.context import Context
from comet.core import answers
from comet.core.acts import Do, Plan
from comet.core.errors import UsageError
from comet.core.job import Job
from comet.core.model import Proposal, Standing
from comet.core.text import _, _n, grouped, safe, size

if TYPE_CHECKING:
    from comet.collection.merging import Merged
    from comet.collection.ruled import Effect


@dataclass(slots=True)
class Shown:
    """What rules would do."""

    plan: Plan
    effects: list[Effect]
    groups: int
    """Open groups of which something would go."""
    check: int
    """Open groups that are left, for something of them is to check."""
    conflicts: int
    """Likewise, for their tags say different things."""
    whole: int
    """Groups of which a track stays for its album's sake."""
    holes: list[str]
    """Albums that would lose some of their tracks, as sentences."""


def run(arguments: argparse.Namespace) -> int:
    """Show the effect of rules, and apply it where that is wished."""
    if not arguments.rule.strip("; \n\t"):
        raise UsageError(_("which rules?"), hint=_("`comet review --rule 'keep lossless'`, for example"))
    here = _with_rules(context.of(arguments))
    shown = console.asked(lambda job: _shown(here, job))
    if arguments.json:
        out.dump(as_json(shown))
    else:
        for line in _told(shown):
            print(line)
    if arguments.yes or (sys.stdin.isatty() and not arguments.json):
        return apply.finish(here, shown.plan)
    if shown.plan.steps:
        again = here.next("review", "--rule", arguments.rule, "--yes")
        out.next_step(_("`{command}` does it; nothing was changed").format(command=again))
    return 0


def _with_rules(here: Context) -> Context:
    """Return the context with the rules that were typed in place of those of the profile."""
    profile, settings = here.profile, here.profile.settings
    review = replace(settings.review, rules=here.arguments.rule)
    sources = {name: value for name, value in profile.sources.items() if name != "review.rules"}
    return replace(here, profile=replace(profile, settings=replace(settings, review=review), sources=sources))


def _shown(here: Context, job: Job) -> Shown:
    from comet import changes  # noqa: PLC0415 - arrays and all
    from comet.cli import settling  # noqa: PLC0415 - likewise
    from comet.collection import groups, merging, ruled  # noqa: PLC0415 - likewise

    conflicts = settling.Conflicts(leave=True)
    with here.collection() as collection:
        found = acting.proposals(collection, job)
        waits = [each for each in found if answers.waits(each)]
        clean = [each for each in waits if each.group.clear and each.remove]
        settled: list[Proposal] = []
        merged = conflicts.through(merging.each(collection, clean, job=job))
        return Shown(
            changes.plan(collection, _noted(merged, settled)),
            ruled.effects(collection, found),
            len(settled),
            sum(not each.group.clear for each in waits),
            conflicts.left,
            sum(bool(each.whole) and each.standing is Standing.OPEN for each in found),
            [hole.words for hole in groups.holes(collection, settled)],
        )


def _noted(merged: Iterator[Merged], proposals: list[Proposal]) -> Iterator[Merged]:
    """Yield groups with their tags, of which there may be too many to keep, and keep what would become of them."""
    for each in merged:
        proposals.append(each.proposal)
        yield each


def _told(shown: Shown) -> Iterator[str]:
    for each in shown.effects:
        yield _("`{rule}`: narrowed the choice in {groups}, changed the keeper of {changed}").format(
            rule=safe(str(each.rule)),
            groups=_n("{n} group", "{n} groups", each.groups),
            changed=grouped(each.changed),
        )
    gone = [step for step in shown.plan.steps if step.do is Do.REMOVE]
    yield _("of {groups} would go: {files} ({size})").format(
        groups=_n("{n} group", "{n} groups", shown.groups),
        files=_n("{n} file", "{n} files", len(gone)),
        size=size(sum(step.file.size for step in gone)),
    )
    left = (
        (shown.check, _("left, for something of them is to check: {groups}")),
        (shown.conflicts, _("left, for their tags have conflicts: {groups}")),
        (shown.whole, _("with a track that stays for its album's sake: {groups}")),
    )
    for count, sentence in left:
        if count:
            yield sentence.format(groups=_n("{n} group", "{n} groups", count))
    yield from shown.holes


def as_json(shown: Shown) -> dict[str, Any]:
    """Return what rules would do as JSON."""
    gone = [step for step in shown.plan.steps if step.do is Do.REMOVE]
    return {
        "rules": [{"rule": str(each.rule), "groups": each.groups, "changed": each.changed} for each in shown.effects],
        "groups": shown.groups,
        "files": len(gone),
        "bytes": sum(step.file.size for step in gone),
        "check": shown.check,
        "conflicts": shown.conflicts,
        "whole": shown.whole,
        "holes": shown.holes,
    }
