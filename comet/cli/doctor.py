"""`comet doctor`: what is missing on this machine and how to get it."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from comet import doctor
from comet.cli import out
from comet.core import places
from comet.core.text import _, safe
from comet.doctor import Standing


def run(arguments: argparse.Namespace) -> int:
    """Look at the machine; the exit code says whether the main job can run."""
    found = list(doctor.examine(places.places()))
    able = all(finding.standing is not Standing.MISSING for finding in found)
    if arguments.json:
        out.dump({"able": able, "findings": [asdict(finding) for finding in found]})
        return 0 if able else 1
    words = {Standing.OK: _("ok"), Standing.NOTE: _("note"), Standing.MISSING: _("MISSING")}
    rows = [[words[finding.standing], finding.name, safe(finding.text)] for finding in found]
    for line, finding in zip(out.table(rows), found, strict=True):
        print(line)
        if finding.hint:
            print(_("  hint: {hint}").format(hint=safe(finding.hint)))
    print(_("the main job can run") if able else _("the main job cannot run"))
    return 0 if able else 1
