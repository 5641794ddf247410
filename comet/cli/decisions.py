"""`comet decisions`: list what was decided, or take it back."""

from __future__ import annotations

import argparse
import os
from typing import Any

from comet.cli import context, out
from comet.cli.history import when
from comet.core import plans
from comet.core.model import Choice, Decision
from comet.core.text import _, _n, safe


def run(arguments: argparse.Namespace) -> int:
    """List or forget."""
    from comet.collection import decisions  # noqa: PLC0415 - arrays and all

    here = context.of(arguments)
    with here.collection() as collection:
        if arguments.forget is not None:
            decisions.forget(collection, arguments.forget)
        found = decisions.listed(collection)
    if arguments.json:
        for decision in found:
            out.dump(as_json(decision))
    elif arguments.forget is not None:
        print(_("decision {id} is taken back").format(id=arguments.forget))
    else:
        for line in out.table([[f"{each.id}", when(each.made), sentence(each)] for each in found], right=(0,)):
            print(line)
        if not found:
            out.note(_("nothing was decided yet"))
    return 0


def sentence(decision: Decision) -> str:
    """Return a decision as a sentence."""
    files = _n("{n} file", "{n} files", len(decision.members))
    if decision.choice is Choice.KEEP:
        kept = ", ".join(f"`{safe(os.fsdecode(each.path))}`" for each in decision.keep)
        sentence = _("of {files} keep {kept}").format(files=files, kept=kept)
        fields = ", ".join(map(safe, decision.tags.fields)) if decision.tags else ""
        return sentence + (_(", with tags settled: {fields}").format(fields=fields) if fields else "")
    if decision.choice is Choice.APART:
        return _("{files} are no duplicates of each other").format(files=files)
    return _("{files} are left for later").format(files=files)


def as_json(decision: Decision) -> dict[str, Any]:
    """Return a decision as JSON."""
    return {
        "id": decision.id,
        "choice": decision.choice.value,
        "members": list(decision.members),
        "keep": [plans.identity_json(each) for each in decision.keep],
        "made": decision.made,
        "tags": plans.settled_json(decision.tags) if decision.tags else None,
    }
