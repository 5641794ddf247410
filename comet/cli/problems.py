"""`comet problems`: the files and folders that could not be used, and why."""

from __future__ import annotations

import argparse
import os

from comet.cli import context, out
from comet.core.text import _, _n, safe


def run(arguments: argparse.Namespace) -> int:
    """Show every file that could not be used."""
    from comet.collection import state  # noqa: PLC0415 - arrays and all

    here = context.of(arguments)
    bad = 0
    with here.collection() as collection:
        for problem in state.problems(collection):
            bad += 1
            if arguments.json:
                out.dump({"path": os.fsdecode(problem.path), "stage": problem.stage.value, "error": problem.error})
            else:
                print(_("`{path}`: {reason}").format(path=safe(problem.path), reason=safe(problem.error)))
        away = [root for root in collection.roots() if root.away]
    if not arguments.json:
        out.note(_n("{n} problem", "{n} problems", bad))
    out.warn_away(away)
    return 0
