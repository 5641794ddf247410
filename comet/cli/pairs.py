"""`comet pairs`: the pairs of files that belong together, how sure that is, and how they are related."""

from __future__ import annotations

import argparse
import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from comet.cli import console, context, out
from comet.core.errors import UsageError
from comet.core.job import Job
from comet.core.model import Relation
from comet.core.text import _, _n, clock, grouped, safe

if TYPE_CHECKING:
    from comet.collection.pairs import FilePair
    from comet.core.model import Track


SURE: Final = 0.1
"""Seconds of a cut that is told: a place is known to a word, its length to a fraction of one."""

IMAGE: Final = 3
"""Tracks that one file contains, at places that do not overlap, from which on it is told to be an album image."""


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

    found = console.asked(work)
    shown = found[: arguments.limit or None]
    if arguments.json:
        whole = images(found)
        for pair in shown:
            out.dump({**out.pair(pair), "image": whole.get(holder(pair).path, 0) if pair.holder else 0})
        return 0
    for line in table(shown, out.width()):
        print(line)
    for path, count in images(found).items():
        text = _("`{path}` contains {n} tracks one after the other, as an album image does")
        whole_text = text.format(path=safe(path), n=count)
        print(*out.wrapped(whole_text, out.width()), sep="\n")
    total = _n("{n} pair of files", "{n} pairs of files", len(found))
    if len(shown) < len(found):
        total = _("{shown} of {all} pairs of files shown").format(shown=grouped(len(shown)), all=grouped(len(found)))
    print(*out.wrapped(total, out.width()), sep="\n")
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
    lines = out.fitted([head, *rows], width, right=(1, 2, 3, 4), leave=(2, 3, 1, 4)) if rows else []
    for at, line in enumerate(lines):
        yield line
        if at:
            for track in (found[at - 1].a, found[at - 1].b):
                path = safe(track.path)
                yield f"  {out.shortened(path, width and width - 3)}"


def word(pair: FilePair, this: str = "") -> str:
    """Return the relation of a pair in a few words; as seen from the file at `this` path, if one is given."""
    if pair.relation is Relation.SAME:
        return _("same") if pair.clear else _("same, to check: {doubt}").format(doubt=doubt(pair.doubt))
    if pair.relation is Relation.CONTAINS:
        outer = holder(pair)
        inner = pair.b if outer is pair.a else pair.a
        text = {
            outer.path: _("it contains the other at {place}"),
            inner.path: _("the other contains it at {place}"),
        }.get(this) or (_("first contains second at {place}"), _("second contains first at {place}"))[
            pair.holder == "b"
        ]
        return text.format(place=clock(place(pair)))
    if pair.relation is Relation.SHARES:
        return shared(pair)
    if pair.how == "speed":
        return faster(pair, this)
    if pair.how == "cut":
        return _("variant: {what}").format(what=cuts(pair))
    return _("variant: {how}").format(how=_("altered"))


def holder(pair: FilePair) -> Track:
    """Return the file of a *contains* that holds the other one."""
    return pair.a if pair.holder == "a" else pair.b


def images(found: Iterable[FilePair]) -> dict[str, int]:
    """Return the files that contain at least `IMAGE` tracks at places that do not overlap, with how many, by path."""
    inside: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for pair in found:
        if pair.relation is Relation.CONTAINS:
            begins = place(pair)
            inside[holder(pair).path].append((begins + pair.overlap, begins))
    counts = {path: _apart(places) for path, places in sorted(inside.items())}
    return {path: count for path, count in counts.items() if count >= IMAGE}


def _apart(places: list[tuple[float, float]]) -> int:
    """Return how many of these (end, beginning) fit beside each other: always the one that ends first."""
    count, free = 0, 0.0
    for end, begins in sorted(places):
        if begins >= free - 1.0:  # an end is known to a second: a word sees 2.6 s
            count, free = count + 1, end
    return count


def doubt(why: str) -> str:
    """Return why a same is to check."""
    return {
        "levels": _("levels differ"),
        "limited": _("not listened to the end"),
    }.get(why, _("a part differs"))


def place(pair: FilePair) -> float:
    """Return where in the longer one of a *contains* the other one begins, seconds."""
    return max(0.0, pair.offset if pair.holder == "a" else -pair.offset)


def shared(pair: FilePair) -> str:
    """Return what two files have in common, and where."""
    if len(pair.parts) != 1:
        count = len(pair.parts)
        return _n("shares {n} part", "shares {n} parts", count) if count else _("shares a part")
    (part,) = pair.parts
    return _("shares {length} at {a} and {b}").format(length=clock(part.seconds), a=clock(part.i), b=clock(part.j))


def faster(pair: FilePair, this: str = "") -> str:
    """Return which file plays how much faster; below 0.1 % no figure is sure."""
    if round(abs(pair.speed), 1) < 0.1:
        return _("variant: another speed")
    # The slower one may be told of as well: what is said of b in percent of a is not what is said of a.
    other = pair.a if this and this == pair.b.path else pair.b
    speed = pair.speed if other is pair.b else 100 * (1 / (1 + pair.speed / 100) - 1)
    which = _("the other one") if this else _("second")
    text = _("variant: {which} {percent:.1f} % faster") if speed > 0 else _("variant: {which} {percent:.1f} % slower")
    return text.format(which=which, percent=abs(speed))


def cuts(pair: FilePair, names: tuple[str, str] | None = None) -> str:
    """Return what is missing in one of two files that are otherwise one, and where in the other one it is.

    Args:
        pair: the two.
        names: what they are called; first and second, where nothing else is said.
    """
    first, second = names or (_("first"), _("second"))
    told = []
    for before, after in itertools.pairwise(pair.parts):
        gap = (after.i - before.i - before.seconds, after.j - before.j - before.seconds)
        more = gap[0] - gap[1]
        if abs(more) < SURE:
            continue
        at = before.i + before.seconds if more > 0 else before.j + before.seconds
        name = second if more > 0 else first
        told.append(_("{name} lacks {s:.1f} s at {place}").format(name=name, s=abs(more), place=clock(at)))
    return ", ".join(told) or _("cut")


def evidence(pair: FilePair) -> str:
    """Return the evidence of a pair; two files of one audio need none."""
    return _("one audio") if pair.evidence is None else f"{pair.evidence:.1f}"
