"""`comet scan`: look at every root and listen to what is new."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from comet import setup
from comet.cli import acting, console, context, out
from comet.cli.context import Context
from comet.core.errors import FileError
from comet.core.job import Job
from comet.core.text import _, _n, grouped

if TYPE_CHECKING:
    from comet.scanning import Scanned, ScannedRoot


def run(arguments: argparse.Namespace) -> int:
    """Scan the profile, or the folders that were named."""
    here = context.of(arguments)
    prepare(here)
    if arguments.detach:
        return console.detach(here)
    done = console.run(here, lambda job: scan(here, job))
    if arguments.json:
        show_json(done)
    else:
        print(summary(done))
    away = out.warn_away(done.away)
    if not arguments.json:
        steps(here, done)
    return FileError.exit_code if arguments.strict and (done.problems or away) else 0


def prepare(here: Context) -> None:
    """Remember the folders that were named, for the commands that come after."""
    if here.arguments.folders:
        setup.remember_folders(here.places, here.profile.roots)


def scan(here: Context, job: Job) -> Scanned:
    """Scan in the thread that works."""
    from comet import changes, scanning  # noqa: PLC0415 - arrays and all

    with here.collection(create=True) as collection:
        acting.warn_settled(changes.settle(collection))
        return scanning.scan_roots(collection, job, loudness=here.arguments.loudness)


def show_json(done: Scanned) -> None:
    """Print the counts, of all and of each root; these keys are a contract."""
    out.dump(
        {
            "files": done.files,
            "decoded": done.decoded,
            "unchanged": done.unchanged,
            "moved": done.moved,
            "recognised": done.recognised,
            "problems": done.problems,
            "roots": [_root_json(root) for root in done.roots],
        }
    )


def _root_json(done: ScannedRoot) -> dict[str, Any]:
    listing, since, order = done.listing, done.since, done.order
    return {
        "path": listing.root,
        "files": listing.files,
        "new": listing.new,
        "changed": listing.changed,
        "stale": listing.stale,
        "gone": listing.gone,
        "size": listing.size,
        "since": {"added": since.new, "changed": since.changed, "gone": since.gone, "away": since.away}
        if since
        else None,
        "unchanged": done.unchanged,
        "decoded": done.decoded,
        "moved": done.moved,
        "recognised": done.recognised,
        "order": {key: value for key, value in asdict(order).items() if key != "root"} if order else None,
    }


def summary(done: Scanned) -> str:
    """Return the counts as a sentence."""
    recognised = _(", {n} recognised without decoding").format(n=grouped(done.recognised)) if done.recognised else ""
    return _("{files}: {decoded} listened to, {unchanged} unchanged, {moved} moved{recognised}, {problems}").format(
        files=_n("{n} file", "{n} files", done.files),
        decoded=grouped(done.decoded),
        unchanged=grouped(done.unchanged),
        moved=grouped(done.moved),
        recognised=recognised,
        problems=_n("{n} problem", "{n} problems", done.problems),
    )


def steps(here: Context, done: Scanned) -> None:
    """Say what comes next."""
    if done.problems:
        out.next_step(_("`{command}` shows what could not be used, and why").format(command=here.next("problems")))
    if done.files:
        out.next_step(_("`{command}` compares everything with everything").format(command=here.next("correlate")))
