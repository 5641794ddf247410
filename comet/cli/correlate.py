"""`comet correlate`: compare everything with everything, from where it was left."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import TYPE_CHECKING

from comet.cli import console, context, out
from comet.cli.context import Context
from comet.core.errors import FileError
from comet.core.job import Job
from comet.core.model import Root
from comet.core.text import _

if TYPE_CHECKING:
    from comet.pipeline import Correlated


@dataclass(frozen=True, slots=True)
class Done:
    """What correlating did, and what it was done without."""

    pairs: Correlated
    away: list[Root]
    problems: bool


def run(arguments: argparse.Namespace) -> int:
    """Correlate the profile."""
    here = context.of(arguments)
    with here.collection():
        pass  # says that nothing is known yet before a job is begun
    if arguments.detach:
        return console.detach(here)
    done = console.run(here, lambda job: correlate(here, job))
    if arguments.json:
        show_json(done.pairs)
    else:
        print(summary(done.pairs))
    away = out.warn_away(done.away)
    if not arguments.json:
        out.next_step(_("`{command}` shows what is there more than once").format(command=here.next("groups")))
    return FileError.exit_code if arguments.strict and (done.problems or away) else 0


def correlate(here: Context, job: Job) -> Done:
    """Correlate and judge in the thread that works."""
    from comet import pipeline  # noqa: PLC0415 - arrays and all
    from comet.collection import state  # noqa: PLC0415 - likewise

    with here.collection() as collection:
        done = pipeline.find(collection, job, exact=here.arguments.exact, address=here.arguments.cluster)
        away = [root for root in collection.roots() if root.away]
        return Done(done, away, any(True for _problem in state.problems(collection)))


def show_json(done: Correlated) -> None:
    """Print the counts; these keys are a contract."""
    out.dump({"pairs_done": done.pairs_done, "pairs_all": done.pairs_all, "units": done.units, "recall": done.recall})


def summary(done: Correlated) -> str:
    """Return the counts as a sentence."""
    counts = _("{done} of {all} pairs compared").format(done=f"{done.pairs_done:,}", all=f"{done.pairs_all:,}")
    if done.recall is None:
        return _("{counts}, at the offsets within `correlate.span` only").format(counts=counts)
    return _("{counts}, recall {recall:.1%}").format(counts=counts, recall=done.recall)
