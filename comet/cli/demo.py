"""`comet demo`: a small library of music to try Comet on."""

from __future__ import annotations

import argparse
import os
import shlex

from comet.cli import out
from comet.core import places
from comet.core.errors import UsageError
from comet.core.text import _, _n, safe

_FOLDER = "_demo"
"""Beside the profiles' states; no profile can be called that."""


def run(arguments: argparse.Namespace) -> int:
    """Make the library and say what is in it."""
    from comet import demo  # noqa: PLC0415 - it needs an encoder

    folder = os.path.abspath(os.path.expanduser(arguments.folder or os.path.join(places.places().state, _FOLDER)))
    if os.path.lexists(folder) and not os.path.isdir(folder):
        raise UsageError(_("`{path}` is not a folder").format(path=safe(folder)), hint=_("name another one"))
    try:
        os.makedirs(folder, exist_ok=True)
        files = demo.make(folder)
    except PermissionError as error:
        raise UsageError(
            _("`{path}` cannot be written: {reason}").format(path=safe(folder), reason=error.strerror),
            hint=_("`comet demo DIR` puts it elsewhere"),
        ) from error
    if arguments.json:
        out.dump({"folder": folder, "files": [str(file) for file in files]})
        return 0
    print(_("{files} in `{path}`").format(files=_n("{n} file", "{n} files", len(files)), path=safe(folder)))
    for line in demo.explain():
        print(f"  {line}")
    command = safe(shlex.join(["comet", "-f", folder]))
    out.next_step(_("`{command}` finds the duplicates in it").format(command=command))
    return 0
