"""How the last pass ended, whatever ended it, and the user's command that is told when that changes.

A pass that nobody is signed in for never gets as far as the database of the backup, so that it stands beside that.
"""

from __future__ import annotations

import json
import os
import time
from contextlib import closing
from dataclasses import asdict, dataclass
from typing import Final

from comet.act import hook
from comet.backup import database
from comet.backup.database import Records
from comet.backup.model import HERE, State
from comet.core import ini
from comet.core.errors import LockedError, Stopped
from comet.core.profiles import Profile
from comet.core.text import _

_NONE: Final = (LockedError.exit_code, Stopped.exit_code)
"""Exit codes of what was no pass: another one runs, or somebody stopped it. What was before counts on."""

_LIMIT: Final = 60.0
"""Seconds that the user's command may take."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a pass ended."""

    exit: int
    at: float
    """Seconds since 1970."""
    error: str = ""
    """Why, as a sentence; empty where all went well."""


def last(folder: str) -> Ended | None:
    """Return how the last pass of the profile with this state folder ended, None where there was none."""
    try:
        with open(_path(folder), encoding="utf-8") as stream:
            return Ended(**json.load(stream))
    except (OSError, ValueError, TypeError):
        return None


def note(profile: Profile, folder: str, ended: Ended, began: float) -> str:
    """Keep how a pass ended, and tell the user's command if that is otherwise than before.

    Args:
        profile: Its setting `backup.on_change` is that command.
        folder: The profile's state folder.
        ended: How it ended.
        began: When it began, in seconds since 1970.

    Returns:
        What went wrong with the command as a sentence, mostly nothing.
    """
    if ended.exit in _NONE:
        return ""
    before = last(folder)
    ini.write(_path(folder), json.dumps(asdict(ended)))
    previous = before.exit if before else 0
    command = profile.settings.backup.on_change
    if ended.exit == previous or not command:
        return ""
    new, missing = _counts(folder, began)
    told = {"exit": ended.exit, "previous": previous, "new": new, "missing": missing}
    variables = {f"COMET_{name.upper()}": str(value) for name, value in told.items()}
    event = {"version": 1, "profile": profile.name, "event": "backup", **told, "error": ended.error}
    error = hook.run(command, event, timeout=_LIMIT, variables=variables)
    return _("the command backup.on_change: {error}").format(error=error) if error else ""


def odd(folder: str, began: float) -> list[str]:
    """Return what went wrong beside the tracks in the pass that began then and not in the one before, as sentences."""
    path = database.path_of(folder)
    if not os.path.exists(path):
        return []
    with closing(Records(path)) as known:
        now, before = (*known.runs(2), None, None)[:2]
    if now is None or now.started < int(began):
        return []
    told = before.summary.get("problems", ()) if before else ()
    return [each for each in now.summary.get("problems", ()) if each not in told]


def _counts(folder: str, began: float) -> tuple[int, int]:
    """Return how many tracks the pass has brought, and how many there are that are not here."""
    path = database.path_of(folder)
    if not os.path.exists(path):
        return 0, 0
    with closing(Records(path)) as known:
        run = next(iter(known.runs()), None)
        new = run.summary.get("new", 0) if run and run.started >= int(began) else 0
        counts = known.counts()
    return new, sum(counts.values()) - sum(counts[state] for state in (*HERE, State.IGNORED))


def _path(folder: str) -> str:
    return os.path.join(folder, "backup.ended.json")


def now(code: int, error: str = "") -> Ended:
    """Return that a pass ends now."""
    return Ended(code, time.time(), error)
