"""`comet bench`: how fast Comet is on this machine, and what its results take, beside other ways."""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from comet.cli import console, context, out
from comet.cli.context import Context
from comet.cli.parser import typed
from comet.core import places, profiles
from comet.core.errors import NotScannedError, UsageError
from comet.core.job import Job
from comet.core.text import _, _n, clock, grouped, safe, size

if TYPE_CHECKING:
    from comet.bench import Compared, Listened, Records
    from comet.collection.opened import Collection

_PARTS = ("records", "pairs", "files")


def run(arguments: argparse.Namespace) -> int:
    """Measure what was asked for; each part is told as soon as it is known."""
    for name in arguments.parts:
        if name not in _PARTS:
            raise UsageError(
                _("`{name}` is nothing that can be measured").format(name=safe(name)),
                hint=_("there are: {names}").format(names=", ".join(_PARTS)),
            )
    here = _context(arguments)
    found: dict[str, Any] = {}
    with _folder(arguments.folder) as folder:
        for part in _PARTS:
            if arguments.parts and part not in arguments.parts:
                continue
            found[part], lines = _measured(part, arguments, here, folder)
            if not arguments.json:
                print(*lines, sep="\n", flush=True)
    if arguments.json:
        out.dump(found)
    return 0


def _context(arguments: argparse.Namespace) -> Context | None:
    """Return the profile that is meant, None where that is not clear: what is measured is made up then."""
    try:
        return context.of(arguments)
    except UsageError:
        if arguments.profile is not None or arguments.profiles:
            raise
        return None


@contextmanager
def _folder(named: str | None) -> Iterator[str]:
    """Yield where files may be put: in the folder that was named, else in one of its own in Comet's cache."""
    if named is None:
        cache = places.places().cache
        places.make_private(cache)
        with tempfile.TemporaryDirectory(dir=cache, prefix="bench-") as folder:
            yield folder
        return
    if not (os.path.isdir(named) and os.access(named, os.W_OK)):
        raise UsageError(
            _("`{path}` is no folder that can be written").format(path=safe(named)), hint=_("name another one")
        )
    yield os.path.abspath(named)


def _measured(
    part: str, arguments: argparse.Namespace, here: Context | None, folder: str
) -> tuple[dict[str, Any], list[str]]:
    """Measure a part; return it as JSON, whose keys are a contract, and as lines."""
    from comet import bench  # noqa: PLC0415 - arrays and all

    def work(job: Job) -> tuple[dict[str, Any], list[str]]:
        if part == "records":
            loaded = bench.records(arguments.records, folder, job)
            return asdict(loaded), _loaded(loaded)
        with _collection(here) as collection:
            if part == "pairs":
                compared = bench.pairs(collection, job)
                return asdict(compared), _compared(compared)
            return _listened(arguments, collection, folder, job)

    return console.quietly(work)


@contextmanager
def _collection(here: Context | None) -> Iterator[Collection | None]:
    """Open the collection, if there is one that was ever scanned or imported."""
    with ExitStack() as stack:
        collection = None
        if here is not None and os.path.isdir(here.state):  # opening it could make a cache
            with suppress(NotScannedError):
                collection = stack.enter_context(here.collection())
        yield collection


def _listened(
    arguments: argparse.Namespace, collection: Collection | None, folder: str, job: Job
) -> tuple[dict[str, Any], list[str]]:
    """Listen to files of the collection, or to those of the demo."""
    from comet import bench, demo  # noqa: PLC0415 - the encoder too

    own = [] if collection is None else bench.first(collection)
    settings = (
        collection.profile.settings if collection else profiles.unnamed(places.places(), [], typed(arguments)).settings
    )
    with tempfile.TemporaryDirectory(dir=folder, prefix=".comet-") as made:
        found = bench.files(own or [os.fsencode(path) for path in demo.make(made)], settings, job)
    return {"made_up": not own, **asdict(found)}, _heard(found, made_up=not own)


def _loaded(found: Records) -> list[str]:
    rows = [["", _("in the file"), _("in memory"), _("at most"), _("seconds"), _("runs")]]
    for each in found.loaded:
        sizes = [f"{value:.1f}" for value in (each.file, each.kept, each.peak)]
        rows.append([each.way, *sizes, f"{each.seconds:.2f}", str(each.runs)])
    lines = [_("{records} loaded, bytes a record").format(records=_n("{n} record", "{n} records", found.count))]
    lines += [f"  {line}" for line in out.table(rows, right=(1, 2, 3, 4, 5))]
    return [*lines, *(_("  {way} is not installed here").format(way=way) for way in found.absent)]


def _compared(found: Compared) -> list[str]:
    kind = _("{n} made-up tracks compared") if found.made_up else _("{n} tracks of the collection compared")
    return [
        _("{kind}, {words:.0f} words each on average").format(
            kind=kind.format(n=grouped(found.tracks)), words=found.words
        ),
        _("  {one:,.0f} pairs a second with one core, {all:,.0f} with {cores}").format(
            one=found.pairs_core, all=found.pairs_all, cores=found.cores
        ),
        _("  {words:.2f} G words a second and core, {share:.0%} of the {limit:.2f} G that it can count").format(
            words=found.words_core / 1e9, limit=found.limit / 1e9, share=found.words_core / found.limit
        ),
    ]


def _heard(found: Listened, *, made_up: bool) -> list[str]:
    kind = _("{files} of the demo listened to") if made_up else _("{files} of the collection listened to")
    lines = [
        _("{kind}, {size}, {music} of music").format(
            kind=kind.format(files=_n("{n} file", "{n} files", found.files)),
            size=size(found.size),
            music=clock(found.music),
        ),
        _("  {rate:.1f} files a second, {times:,.0f} times as fast as they play").format(
            rate=found.files / found.seconds, times=found.music / found.seconds
        ),
    ]
    return lines + [_("  {bad} of them cannot be used").format(bad=found.bad)] * bool(found.bad)
