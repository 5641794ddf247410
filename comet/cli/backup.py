"""`comet backup`: a copy of a Yandex Music collection in the library; what it has, what is missing, and why."""

from __future__ import annotations

import argparse
import csv
import importlib
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from comet.cli import backup_schedule, console, context, out
from comet.cli.context import Context
from comet.core.errors import FileError
from comet.core.job import Job
from comet.core.text import _, _n, grouped, safe, size

if TYPE_CHECKING:
    from comet.backup.database import Records
    from comet.backup.playlists import Missing
    from comet.backup.sync import Summary
    from comet.collection.opened import Collection

_ACCOUNT = ("login", "status", "logout", "doctor")


def run(arguments: argparse.Namespace) -> int:
    """Do one of its actions."""
    if arguments.action in _ACCOUNT:
        account = importlib.import_module("comet.cli.backup_account")
        code: int = getattr(account, arguments.action)(arguments)
        return code
    action: Callable[[Context], int] = {
        "run": lambda here: backup_schedule.passes(here, _run), "schedule": backup_schedule.schedule,
        "missing": _missing, "playlists": _playlists, "verify": _verify, "retry": _retry, "ignore": _ignore,
    }[arguments.action]  # fmt: skip
    return action(context.of(arguments))


def _run(here: Context) -> int:
    arguments = here.arguments
    if arguments.detach:
        return console.detach(here)
    done = console.run(here, lambda job: _pass(here, job))
    if arguments.json:
        out.dump(asdict(done) | {"exit": done.exit_code})
    else:
        print(summary(done))
        for problem in done.problems:
            out.warn(problem)
        if done.missing:
            out.next_step(
                _("`{command}` shows what is missing, and why").format(command=here.next("backup", "missing"))
            )
    return done.exit_code


def _pass(here: Context, job: Job) -> Summary:
    """Make one pass in the thread that works."""
    from comet.backup import signin, sync  # noqa: PLC0415 - arrays and all
    from comet.collection.opened import exclusive  # noqa: PLC0415 - likewise

    with here.collection(create=True) as collection, exclusive(collection):
        sync.refuse(collection)
        service, _account = signin.opened(here.profile, here.places, job.check, out.warn)
        with service:
            return sync.run(collection, service, job, most=here.arguments.most)


def summary(done: Summary) -> str:
    """Return what a pass did as sentences."""
    told = _("{new} fetched ({size}), {owned} known already, {have} here in all, {missing} missing").format(
        new=_n("{n} track", "{n} tracks", done.new),
        size=size(done.size),
        owned=grouped(done.owned),
        have=grouped(done.have),
        missing=grouped(done.missing),
    )
    if done.left:
        told += "\n" + _n("{n} track is left for the next run", "{n} tracks are left for the next run", done.left)
    return told


@contextmanager
def _opened(here: Context) -> Iterator[tuple[Collection, Records]]:
    from comet.backup import sync  # noqa: PLC0415 - arrays and all

    with here.collection(create=True) as collection, sync.records(collection) as known:
        yield collection, known


def _missing(here: Context) -> int:
    from comet.backup import playlists  # noqa: PLC0415 - arrays and all

    with _opened(here) as (_collection, known):
        found = sorted(
            playlists.missing(known), key=lambda each: (each.copy.state, each.copy.reason or "", _name(each))
        )
        for problem in (problem for run in known.runs() for problem in run.summary.get("problems", ())):
            out.warn(problem)
    if here.arguments.json:
        for each in found:
            out.dump(_json(each))
    elif here.arguments.csv:
        writer = csv.DictWriter(sys.stdout, list(_json(found[0])) if found else ["id"], lineterminator="\n")
        writer.writeheader()
        writer.writerows(
            {name: safe(str(value)) for name, value in (_json(each) | {"playlists": "; ".join(each.lists)}).items()}
            for each in found
        )
    elif here.arguments.m3u:
        print("#EXTM3U")
        for each in found:
            print(
                f"{playlists.MISSING}{safe(each.remote.id)} {each.copy.reason or each.copy.state} {safe(_name(each))}"
            )
    else:
        rows = [
            [safe(each.remote.id), each.copy.reason or each.copy.state, safe(_name(each)), each.copy.error]
            for each in found
        ]
        for line in out.table(rows):
            print(line)
    return 0


def _name(each: Missing) -> str:
    artists = ", ".join(each.remote.artists)
    return f"{artists} - {each.remote.title}" if artists else each.remote.title


def _json(each: Missing) -> dict[str, Any]:
    return {
        "id": each.remote.id,
        "title": each.remote.title,
        "artists": ", ".join(each.remote.artists),
        "album": each.remote.album,
        "state": each.copy.state.value,
        "reason": each.copy.reason.value if each.copy.reason else "",
        "error": each.copy.error,
        "tries": each.copy.tries,
        "next_try": each.copy.next_try,
        "playlists": list(each.lists),
    }


def _playlists(here: Context) -> int:
    from comet.backup import database  # noqa: PLC0415 - help must not wait for it
    from comet.backup.overview import Overview  # noqa: PLC0415 - likewise

    with closing(Overview(database.path_of(here.state))) as known:
        found = known.counted()
    rows = []
    for each in found:
        told = {"key": each.playlist.header.key, "title": each.playlist.header.title, "tracks": each.tracks}
        told |= {"here": each.here, "unavailable": each.unavailable, "gone": each.playlist.gone}
        told |= {"file": os.fsdecode(each.playlist.m3u)}
        if here.arguments.json:
            out.dump(told)
        gone = _("gone from the service") if each.playlist.gone else ""
        rows.append([safe(each.playlist.header.title), f"{each.here}/{each.tracks}", safe(each.playlist.m3u), gone])
    if not here.arguments.json:
        for line in out.table(rows, right=[1]):
            print(line)
    return 0


def _verify(here: Context) -> int:
    from comet.backup import verify  # noqa: PLC0415 - arrays and all

    def work(job: Job) -> tuple[list[verify.Verified], int]:
        with _opened(here) as (collection, known):
            found = verify.verify(collection, known, job, full=here.arguments.full)
            return found, verify.again(known, found) if here.arguments.again else 0

    found, again = console.quietly(work, _("looking at every file"))
    bad = [each for each in found if each.state not in (verify.Is.THERE, verify.Is.MOVED)]
    if here.arguments.json:
        for each in found:
            told = {"id": each.copy.track, "path": os.fsdecode(each.path), "state": each.state.value}
            out.dump(told | {"suspect": each.copy.suspect})
    else:
        odd = [each for each in found if each in bad or each.copy.suspect]
        for line in out.table([[each.state, safe(each.path), each.copy.track, each.copy.suspect] for each in odd]):
            print(line)
        print(_("{n}, {bad} not as they should be").format(n=_n("{n} file", "{n} files", len(found)), bad=len(bad)))
        if again:
            print(_n("the next run fetches {n} track again", "the next run fetches {n} tracks again", again))
    return FileError.exit_code if bad else 0


def _retry(here: Context) -> int:
    from comet.backup import verify  # noqa: PLC0415 - arrays and all

    with _opened(here) as (_collection, known):
        count = verify.retry(known, here.arguments.tracks)
    print(_n("the next run asks for {n} track again", "the next run asks for {n} tracks again", count))
    return 0


def _ignore(here: Context) -> int:
    from comet.backup import verify  # noqa: PLC0415 - arrays and all

    with _opened(here) as (_collection, known):
        count = verify.ignore(known, here.arguments.tracks)
    print(_n("{n} track is asked for no more", "{n} tracks are asked for no more", count))
    return 0
