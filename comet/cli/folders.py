"""`comet folders`: folders that hold the same tracks, and one answer for all that two of them share."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from comet.cli import acting, apply, console, context, out, pairs
from comet.cli.context import Context
from comet.core.acts import Plan
from comet.core.errors import UsageError
from comet.core.job import Job
from comet.core.text import _, grouped, safe, size

if TYPE_CHECKING:
    from comet.collection.opened import Collection
    from comet.decide.folders import FolderPair

_ROOM = 40
"""Columns that a folder gets at least."""


def run(arguments: argparse.Namespace) -> int:
    """List the pairs of folders, or keep one of them."""
    if not arguments.keep:
        if arguments.over or arguments.yes or arguments.detach:
            raise UsageError(_("which folder shall be kept?"), hint=_("name it with --keep DIR"))
        return _list(context.of(arguments))
    here = acting.begin(arguments)
    if arguments.detach:
        return acting.detach(here)
    plan, conflicts = console.asked(lambda job: _plan(here, job))
    return apply.finish(here, plan, conflicts=conflicts)


def _list(here: Context) -> int:
    def work(job: Job) -> list[dict[str, Any]]:
        from comet.collection import folders  # noqa: PLC0415 - arrays and all

        with here.collection() as collection:
            found = folders.pairs(collection, acting.proposals(collection, job), job)
            return [as_json(collection, pair) for pair in found[: here.arguments.limit or None]]

    found = console.asked(work)
    if here.arguments.json:
        out.dump(found)
        return 0
    if not found:
        print(_("no two folders hold several tracks of the same recordings"))
        return 0
    for line in _lines(found, out.width()):
        print(line)
    first = here.next("folders", "--keep", found[0]["keep"], "--over", found[0]["over"][0])
    out.next_step(_("`{command}` keeps one of the first two, after it has shown what goes").format(command=first))
    return 0


def _lines(found: list[dict[str, Any]], width: int) -> Iterator[str]:
    """Yield two lines a pair, one a folder, and below them what of it stays as it is."""
    rows = [["", _("tracks"), _("frees"), "", _("folder")]]
    for number, each in enumerate(found, 1):
        rows.append([f"{number}.", grouped(len(each["groups"])), size(each["bytes"]), _("keep"), safe(each["keep"])])
        rows += [["", "", "", _("over"), safe(top)] for top in each["over"]]
    lines = iter(out.fitted(rows, width, right=(0, 1, 2), leave=(2, 1), cut=4, least=_ROOM))
    yield next(lines)
    for each in found:
        for _folder in (each["keep"], *each["over"]):
            yield next(lines)
        for line in out.wrapped("; ".join(each["exceptions"]), width and width - 4):
            yield f"    {line}"


def as_json(collection: Collection, pair: FolderPair) -> dict[str, Any]:
    """Return a pair of folders as JSON."""
    from comet.collection import folders  # noqa: PLC0415 - arrays and all

    return {
        "keep": folders.path(collection, pair.keep),
        "over": [folders.path(collection, top) for top in pair.over],
        "groups": [each.group.id for each in pair.proposals],
        "files": pair.files,
        "bytes": pair.size,
        "lacks": pair.lacks,
        "lacked": pair.lacked,
        "check": pair.check,
        "barred": pair.barred,
        "decided": len(pair.decided),
        "elsewhere": pair.elsewhere,
        "worse": pair.worse,
        "holes": [hole.words for hole in pair.holes],
        "exceptions": list(folders.exceptions(pair)),
    }


def _plan(here: Context, job: Job) -> tuple[Plan, list[dict[str, Any]]]:
    """Return the plan that keeps the folder that was named, after it was said what stays, and the conflicts in tags."""
    from comet import changes  # noqa: PLC0415 - arrays and all
    from comet.cli import settling  # noqa: PLC0415 - likewise
    from comet.collection import folders, merging  # noqa: PLC0415 - likewise

    arguments = here.arguments
    with here.collection() as collection:
        pair = folders.kept(collection, acting.proposals(collection, job), arguments.keep, arguments.over)
        for line in folders.told(collection, pair):
            out.note(line)
        for track in folders.alone(collection, pair)[: acting.SHOWN]:
            out.note(_("  stays: `{path}`").format(path=safe(track.path)))
        for proposal in pair.proposals:
            for at, doubt in proposal.doubtful.items():
                path = safe(proposal.group.tracks[at].path)
                out.note(_("  stays: `{path}` ({why})").format(path=path, why=pairs.doubt(doubt)))
        conflicts = settling.Conflicts()
        plan = changes.plan(collection, conflicts.through(merging.each(collection, pair.proposals, job=job)))
        conflicts.tell()
        return plan, conflicts.found
