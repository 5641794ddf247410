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
from comet.core.text import _, _n, grouped

ENOUGH = 0.99
"""Recall below which it is told how to find the rest: correlating makes more tables of its index until it is there."""

if TYPE_CHECKING:
    from comet.collection.state import Taking
    from comet.pipeline import Correlated


@dataclass(frozen=True, slots=True)
class Done:
    """What correlating did, and what it was done without."""

    pairs: Correlated
    taking: Taking
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
        print(taking(done.taking))
    away = out.warn_away(done.away)
    warn_missed(here, done.pairs.recall)
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
        return Done(done, state.taking(collection), away, any(True for _problem in state.problems(collection)))


def warn_missed(here: Context, recall: float | None) -> None:
    """Warn of pairs that an index has missed, where they are more than a few, and say what finds them."""
    if recall is not None and recall < ENOUGH:
        out.warn(_("the index has found {recall:.1%} of the pairs that count").format(recall=recall))
        out.next_step(_("`{command}` compares all pairs").format(command=here.next("correlate", "--exact")))


def show_json(done: Correlated) -> None:
    """Print the counts; these keys are a contract."""
    out.dump({"pairs_done": done.pairs_done, "pairs_all": done.pairs_all, "units": done.units, "recall": done.recall})


def taking(found: Taking) -> str:
    """Return how many files take part in comparing, and why others do not, as a sentence."""
    reasons = [
        _n("{n} cannot be used", "{n} cannot be used", found.unusable) if found.unusable else "",
        _n("{n} is too short or silent", "{n} are too short or silent", found.short) if found.short else "",
        _n("{n} has to be scanned again", "{n} have to be scanned again", found.outdated) if found.outdated else "",
    ]
    text = _("{compared} of {files} take part").format(
        compared=grouped(found.compared), files=_n("{n} file", "{n} files", found.files)
    )
    if found.audios < found.compared:
        text = _("{text}, as {audios}").format(text=text, audios=_n("{n} audio", "{n} audios", found.audios))
    why = ", ".join(filter(None, reasons))
    return _("{text}; {why}").format(text=text, why=why) if why else text


def summary(done: Correlated) -> str:
    """Return the counts as a sentence."""
    counts = _("{done} of {all} pairs compared").format(done=grouped(done.pairs_done), all=grouped(done.pairs_all))
    if done.recall is None:
        return _("{counts}, at the offsets within `correlate.span` only").format(counts=counts)
    return _("{counts}, recall {recall:.1%}").format(counts=counts, recall=done.recall)
