"""Folders that hold the same tracks, asked about before the groups: one answer for all that two of them share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from comet import changes
from comet.changes import Outcome
from comet.cli import acting, console, settling
from comet.cli.context import Context
from comet.collection import folders, merging
from comet.core.acts import Plan
from comet.core.job import Job
from comet.core.text import _

_QUESTION = (
    "Enter does that for all of these, and they can be taken back together. Or: s leave these two folders, g go on to"
    " the groups, q quit"
)


@dataclass(frozen=True, slots=True)
class _Asked:
    key: tuple[object, ...]
    lines: list[str]
    plan: Plan
    conflicts: settling.Conflicts


def ask(here: Context, read: Callable[[], str | None], done: Callable[[Outcome], None]) -> bool:
    """Ask about each pair of folders, that which frees most first; return whether to go on to the groups.

    Args:
        here: the context.
        read: returns the next answer, None at the end of the input.
        done: hears of what was done.
    """
    left: set[tuple[object, ...]] = set()
    while (asked := console.asked(lambda job: _next(here, left, job))) is not None:
        print()
        for line in asked.lines:
            print(line)
        asked.conflicts.tell()
        print(_(_QUESTION))
        typed = read()
        while typed not in (None, "", "s", "g", "q"):
            print(_("that is no answer; {question}").format(question=_(_QUESTION)))
            typed = read()
        if typed in (None, "q"):
            return False
        if typed == "g":
            return True
        left.add(asked.key)
        if not typed:
            done(console.quietly(lambda job, plan=asked.plan: _apply(here, plan, job)))  # type: ignore[misc]
    return True


def _next(here: Context, left: set[tuple[object, ...]], job: Job) -> _Asked | None:
    """Return the pair that frees most of those that are not among the `left`, with the plan for it."""
    with here.collection() as collection:
        for pair in folders.pairs(collection, acting.proposals(collection, job)):
            key = (pair.keep, *pair.over)
            if key in left or not pair.size:
                continue
            conflicts = settling.Conflicts()
            merged = merging.each(collection, pair.proposals, job=job)
            plan = changes.plan(collection, conflicts.through(merged))
            return _Asked(key, list(folders.told(collection, pair)), plan, conflicts)
    return None


def _apply(here: Context, plan: Plan, job: Job) -> Outcome:
    with here.collection() as collection:
        return changes.apply(collection, plan, job)
