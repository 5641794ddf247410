"""`comet pairs`: the pairs of files that belong together, how sure that is, and how they are related."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from comet.cli import console, context, out
from comet.cli.view import shortened
from comet.core.errors import UsageError
from comet.core.job import Job
from comet.core.model import Relation
from comet.core.text import _, _n, clock, safe

if TYPE_CHECKING:
    from comet.collection.pairs import FilePair


def run(arguments: argparse.Namespace) -> int:
    """Show the pairs."""
    here = context.of(arguments)
    wanted = set(map(_relation, arguments.relation))

    def work(job: Job) -> list[FilePair]:
        from comet import pipeline  # noqa: PLC0415 - arrays and all
        from comet.collection import pairs  # noqa: PLC0415 - likewise

        with here.collection() as collection:
            pipeline.judge(collection, job)  # the line may have been moved since
            return [pair for pair in pairs.of_files(collection) if not wanted or pair.relation in wanted]

    found = console.quietly(work)
    shown = found[: arguments.limit or None]
    if arguments.json:
        for pair in shown:
            out.dump(out.pair(pair))
        return 0
    for line in table(shown, out.width()):
        print(line)
    if len(shown) < len(found):
        print(_("{shown} of {all} pairs shown").format(shown=f"{len(shown):,}", all=f"{len(found):,}"))
    else:
        print(_n("{n} pair", "{n} pairs", len(found)))
    return 0


def _relation(text: str) -> Relation:
    try:
        return Relation(text)
    except ValueError:
        raise UsageError(
            _("`{text}` is no relation").format(text=safe(text)),
            hint=_("there are: {relations}").format(relations=", ".join(Relation)),
        ) from None


def table(found: list[FilePair], width: int) -> Iterator[str]:
    """Yield a line a pair with its figures, and below it a line for each of its files."""
    rows = [
        [word(pair), f"{pair.similarity:.3f}", f"{pair.offset:+.1f} s", clock(pair.overlap), evidence(pair)]
        for pair in found
    ]
    head = [_("relation"), _("similarity"), _("offset"), _("overlap"), _("evidence")]
    lines = out.table([head, *rows], right=(1, 2, 3, 4)) if rows else []
    for at, line in enumerate(lines):
        yield line
        if at:
            for track in (found[at - 1].a, found[at - 1].b):
                path = safe(track.path)
                yield f"  {shortened(path, width - 3) if width else path}"


def word(pair: FilePair, this: str = "") -> str:
    """Return the relation of a pair in a few words; as seen from the file at `this` path, if one is given."""
    if pair.relation is Relation.SAME:
        return _("same") if pair.clear else _("same, to check")
    if pair.relation is Relation.CONTAINS:
        if this:
            holder = pair.a if pair.holder == "a" else pair.b
            return _("it contains the other") if holder.path == this else _("the other contains it")
        return _("first contains second") if pair.holder == "a" else _("second contains first")
    if pair.relation is Relation.SHARES:
        return _("shares a part")
    how = {"speed": _("another speed"), "cut": _("cut"), "altered": _("altered")}.get(pair.how, "")
    return _("variant: {how}").format(how=how) if how else _("variant")


def evidence(pair: FilePair) -> str:
    """Return the evidence of a pair; two files of one audio need none."""
    return _("one audio") if pair.evidence is None else f"{pair.evidence:.1f}"
