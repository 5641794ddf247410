"""`comet export FILE`: the fingerprints of a profile in a file, to be imported elsewhere."""

from __future__ import annotations

import argparse

from comet.cli import console, context, out
from comet.core.job import Job
from comet.core.text import _, _n, safe


def run(arguments: argparse.Namespace) -> int:
    """Write the fingerprints."""
    here = context.of(arguments)
    if arguments.detach:
        return console.detach(here)

    def work(job: Job) -> int:
        from comet import exchange  # noqa: PLC0415 - arrays and all

        with here.collection() as collection:
            return exchange.export(collection, arguments.file, job)

    count = console.run(here, work)
    if arguments.json:
        out.dump({"file": arguments.file, "fingerprints": count})
    else:
        fingerprints = _n("{n} fingerprint", "{n} fingerprints", count)
        print(_("{fingerprints} in `{file}`").format(fingerprints=fingerprints, file=safe(arguments.file)))
    return 0
