"""`comet selftest`: what a file system can promise, and whether Comet loses nothing on it."""

from __future__ import annotations

import argparse
import os
from dataclasses import asdict
from functools import partial

from comet import selftest
from comet.cli import console, context, out
from comet.core.errors import UsageError
from comet.core.text import _, _n, safe


def run(arguments: argparse.Namespace) -> int:
    """Try it in each folder."""
    here = context.of(arguments)
    if not here.profile.roots:
        raise UsageError(_("the profile has no root folder"), hint=_("name a folder: `comet selftest DIR`"))
    code = 0
    for root in here.profile.roots:
        path = os.path.abspath(os.fsencode(root))
        found = console.quietly(partial(selftest.examine, path))
        code = 1 if found.killed.lost else code
        if arguments.json:
            out.dump({**asdict(found), "path": os.fsdecode(path)})
            continue
        print(safe(path))
        rows = [[_("yes") if each.able else _("no"), each.name, safe(each.text)] for each in found.findings]
        for line in out.table(rows):
            print(f"  {line}")
        kills = _n(
            "killed {n} time while it changed files", "killed {n} times while it changed files", found.killed.kills
        )
        print(_("  {kills}: {result}").format(kills=kills, result=_result(found)))
        for each in found.killed.lost:
            print(f"    {each}")
    return code


def _result(found: selftest.Tested) -> str:
    if found.killed.lost:
        return _("NOT all was as it has to be; do not let Comet change files here")
    return _("every file was whole each time, and undone to the last byte")
