"""`comet plan`: what applying would do, as JSON to read, edit and apply later."""

from __future__ import annotations

import argparse
import json
import os
from typing import Any

from comet.cli import acting, console, context, options, out
from comet.core import answers, plans
from comet.core.errors import UsageError
from comet.core.job import Job
from comet.core.text import _, _n, safe


def run(arguments: argparse.Namespace) -> int:
    """Write the plan."""
    here = context.of(arguments)
    if (arguments.keep or arguments.tag) and not arguments.group:
        raise UsageError(_("--keep and --tag need a group"), hint=_("name it with --group ID"))
    typed = options.tags(arguments.tag)

    def work(job: Job) -> dict[str, Any]:
        from comet import changes  # noqa: PLC0415 - arrays and all
        from comet.cli import settling  # noqa: PLC0415 - likewise
        from comet.collection import merging  # noqa: PLC0415 - likewise

        with here.collection() as collection:
            found = acting.proposals(collection, job)
            if arguments.group:
                wanted = [acting.chosen(collection, found, arguments.group, arguments.keep)]
                settled = merging.with_fields(collection, wanted[0], typed)
                merged = iter([merging.of(collection, wanted[0], settled, job)])
            else:
                wanted = [each for each in found if answers.takes_part(each, clean_only=arguments.clean_only)]
                merged = merging.each(collection, wanted, job=job)
            acting.warn_holes(collection, wanted)
            conflicts = settling.Conflicts(leave=arguments.clean_only and not arguments.group)
            made = changes.plan(collection, conflicts.through(merged))
            conflicts.tell()
            roots = {root.id: os.fsdecode(root.path) for root in collection.scanned_roots()}
            return plans.plan_json(made, roots)

    plan = console.asked(work)
    text = json.dumps(plan, indent=1)
    if arguments.out:
        _write(arguments.out, text + "\n")
        steps = _n("{n} step", "{n} steps", len(plan["steps"]))
        out.note(_("{steps} in `{file}`").format(steps=steps, file=safe(arguments.out)))
        out.next_step(_("`{command}` does them").format(command=here.next("apply", arguments.out)))
    else:
        print(text)
    return 0


def _write(name: str, text: str) -> None:
    """Write into the file itself, not beside it and over it: it may be a device, or a link; but over no other file."""
    try:
        if os.path.isfile(name) and os.path.getsize(name):
            with open(name, "rb") as stream:
                plans.parse(stream.read(), name)
    except UsageError as error:
        raise UsageError(
            _("`{file}` is there already, and is no plan").format(file=safe(name)), hint=_("name another file")
        ) from error
    except OSError:
        pass  # what cannot be read cannot be written either, and that is told below
    try:
        with open(name, "w", encoding="ascii") as stream:
            stream.write(text)
    except OSError as error:
        raise UsageError(
            _("plan `{name}` cannot be written: {why}").format(name=safe(name), why=error.strerror),
            hint=_("name a file in a folder that is there and that you may write"),
        ) from error
