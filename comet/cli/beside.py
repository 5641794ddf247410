"""Folders that hold the same tracks, asked about before the groups: one answer for all that two of them share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from comet import changes
from comet.changes import Outcome
from comet.cli import acting, console, settling
from comet.cli.context import Context
from comet.collection import folders, merging
from comet.core.acts import Plan
from comet.core.job import Job
from comet.core.model import Proposal
from comet.core.text import N_, _

if TYPE_CHECKING:
    from comet.decide.folders import FolderPair

_QUESTION = N_(
    "Enter does that for all of these, and they can be taken back together. Or: s leave these two folders, g go on to"
    " the groups, q quit"
)


@dataclass(frozen=True, slots=True)
class _Asked:
    plan: Plan
    conflicts: settling.Conflicts


def ask(here: Context, read: Callable[[], str | None], done: Callable[[Outcome], None]) -> Sequence[Proposal] | None:
    """Ask about each pair of folders, that which frees most first; return the groups as they are then, None to end.

    Args:
        here: the context.
        read: returns the next answer, None at the end of the input.
        done: hears of what was done.
    """
    met: set[object] = set()
    goes_on = False
    while True:
        found, pairs = console.asked(lambda job: _look(here, met, job, folders_too=not goes_on))  # noqa: B023
        changed: set[str] = set()
        for pair in pairs:
            groups = {each.group.id for each in pair.proposals}
            if groups & changed:
                continue  # it is not what it was: the next look finds out what is left of it
            met.add((pair.keep, pair.over))
            print()
            for line in console.asked(lambda job, pair=pair: _told(here, pair)):  # type: ignore[misc]  # noqa: ARG005
                print(line, flush=True)  # to merge the tags of thousands takes a while
            answer = _answer(console.asked(lambda job, pair=pair: _asked(here, pair, job)), read)  # type: ignore[misc]
            goes_on = answer is True
            if answer is False:
                return None
            if goes_on:
                break
            if answer is not None:
                done(console.quietly(lambda job, plan=answer: _apply(here, plan, job)))  # type: ignore[misc]
                changed |= groups
        if not changed:
            return found


def _answer(asked: _Asked, read: Callable[[], str | None]) -> Plan | bool | None:
    """Ask about two folders; return what is to be done, None for nothing, or whether to go on to the groups at once."""
    asked.conflicts.tell()
    print(acting.question(asked.plan))
    print(_(_QUESTION))
    while (typed := read()) is not None and (typed := typed.lower()) not in ("", "s", "g", "q"):
        print(_("that is no answer; {question}").format(question=_(_QUESTION)))
    if typed is None or typed in ("g", "q"):
        return typed == "g"
    return None if typed else asked.plan


def _look(
    here: Context, met: set[object], job: Job, *, folders_too: bool
) -> tuple[Sequence[Proposal], list[FolderPair]]:
    """Return what is proposed, and the pairs of folders that nobody was asked about yet and that free something."""
    with here.collection() as collection:
        found = acting.proposals(collection, job)
        pairs = folders.pairs(collection, found, job) if folders_too else []
        return found, [pair for pair in pairs if pair.size and (pair.keep, pair.over) not in met]


def _told(here: Context, pair: FolderPair) -> list[str]:
    with here.collection() as collection:
        return list(folders.told(collection, pair))


def _asked(here: Context, pair: FolderPair, job: Job) -> _Asked:
    with here.collection() as collection:
        conflicts = settling.Conflicts()
        plan = changes.plan(collection, conflicts.through(merging.each(collection, pair.proposals, job=job)))
        return _Asked(plan, conflicts)


def _apply(here: Context, plan: Plan, job: Job) -> Outcome:
    with here.collection() as collection:
        return changes.apply(collection, plan, job)
