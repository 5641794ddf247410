"""`comet full`: scan, correlate, and show the groups."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from comet.cli import console, context, correlate, groups, out, scan
from comet.cli.correlate import Done
from comet.core.errors import FileError
from comet.core.job import Job

if TYPE_CHECKING:
    from comet.scanning import Scanned


def run(arguments: argparse.Namespace) -> int:
    """Do all that finds duplicates, one after the other."""
    here = context.of(arguments)
    scan.prepare(here)
    if arguments.detach:
        return console.detach(here)

    def work(job: Job) -> tuple[Scanned, Done, groups.Found]:
        scanned = scan.scan(here, job)
        done = correlate.correlate(here, job)
        with here.collection() as collection:
            return scanned, done, groups.find(collection)

    scanned, done, found = console.run(here, work)
    if arguments.json:
        scan.show_json(scanned)
        correlate.show_json(done.pairs)
    else:
        out.note(scan.summary(scanned))
        out.note(correlate.summary(done.pairs))
        out.note(correlate.taking(done.taking))
    groups.show(here, found)
    away = out.warn_away(scanned.away)
    return FileError.exit_code if arguments.strict and (scanned.problems or away) else 0
