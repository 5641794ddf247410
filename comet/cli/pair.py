"""`comet pair A B`: compare two files, scanned or not."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from comet.cli import console, context, out, pairs
from comet.cli.context import Context
from comet.cli.parser import typed
from comet.collection import strip
from comet.collection.strip import Aligned
from comet.core import places, profiles
from comet.core.errors import NotScannedError, UsageError
from comet.core.job import Job
from comet.core.model import Relation
from comet.core.text import _, clock, safe

if TYPE_CHECKING:
    from comet.collection.pairs import FilePair, Line


def run(arguments: argparse.Namespace) -> int:
    """Compare two files and say what they are to each other."""
    for name in (arguments.a, arguments.b):
        if not os.path.isfile(name):
            raise UsageError(
                _("`{path}` is not a file").format(path=safe(name))
                if os.path.exists(name)
                else _("`{path}` is not there").format(path=safe(name)),
                hint=_("name two files of music"),
            )
    here = context.of(arguments) if arguments.profile is not None or arguments.profiles else None
    settings = (here.profile if here else profiles.unnamed(places.places(), [], typed(arguments))).settings

    def work(_job: Job) -> tuple[Line | None, FilePair, bool, list[float | None]]:
        from comet import pairing  # noqa: PLC0415 - arrays and all

        line = _line(here) if here else None
        return line, *pairing.compare(arguments.a, arguments.b, settings, *([line] if line else []))

    line, found, related, errors = console.quietly(work, _("listening to both files"))
    if arguments.json:
        unrelated: dict[str, object] = {"relation": None, "clear": False, "holder": "", "how": ""}
        unrelated |= {"speed": 0.0, "parts": [], "doubt": ""}
        out.dump({**out.pair(found), "pitch": found.pitch, **({} if related else unrelated)})
        return 0
    for text in told(found, errors, line, related=related):
        print(text)
    return 0


def _line(here: Context) -> Line | None:
    """Return the line of the profile's collection, None where nothing is known of it yet."""
    from comet.collection import pairs as known  # noqa: PLC0415 - arrays and all

    try:
        with here.collection() as collection:
            return known.line(collection)
    except NotScannedError:
        return None


def told(found: FilePair, errors: list[float | None], line: Line | None, *, related: bool) -> Iterator[str]:
    """Yield what was found out about two files: figures, what they are to each other, and where they differ."""
    yield from out.facts(
        {
            "A": safe(found.a.path),
            "B": safe(found.b.path),
            _("similarity"): f"{found.similarity:.3f}" + _(" (0.5 is chance, 1 is alike)"),
            _("offset"): _offset(found.offset),
            _("overlap"): clock(found.overlap),
            _("evidence"): pairs.evidence(found) + ("" if related else _under(found, line)),
            _("verdict"): verdict(found, related=related),
        },
        out.width(),
    )
    if related:
        yield from parts(found)
        two = Aligned(found.a.audio, found.b.audio, found.offset, found.speed, found.parts, errors)
        yield from strip.drawn(two, out.width() or 80)


def _under(found: FilePair, line: Line | None) -> str:
    """Return why the evidence of a pair does not count: the line, the lowest of any where none is given, and chance."""
    from comet.collection import threshold  # noqa: PLC0415 - arrays and all

    if found.overlap < threshold.LEAST:
        return _(", not counted: less than {seconds:.0f} s of sound overlaps").format(seconds=threshold.LEAST)
    text = _(", under the line of {line:.1f} of this collection, so not counted; by chance {p:.1e} (p-value)")
    if line is None:
        text = _(", under the line of {line:.1f}, the lowest there is, so not counted; by chance {p:.1e} (p-value)")
    flat, sloped = (line.evidence, line.sloped) if line else threshold.LOWEST
    return text.format(line=sloped if found.sloped else flat, p=found.p_value)


def _offset(seconds: float) -> str:
    if abs(seconds) < 0.05:
        return _("0 s: both start together")
    return (_("{s:+.2f} s: B starts later") if seconds > 0 else _("{s:+.2f} s: B starts earlier")).format(s=seconds)


def verdict(found: FilePair, *, related: bool) -> str:
    """Return what two files are to each other, as a sentence."""
    if not related and not found.overlap:
        return _("nothing can be told: one of them is silent, or they are too short to be compared by their sound")
    if not related:
        return _("no relation was found between them")
    if found.evidence is None:
        return _("they hold the same encoded audio")
    if found.relation is Relation.VARIANT:
        return {
            "speed": _("they are one recording at two speeds: {what}").format(what=_speed(found)),
            "cut": _("they are one recording, cut differently: {what}").format(what=pairs.cuts(found, ("A", "B"))),
        }.get(found.how, _("they are one recording, altered in one of them"))
    check = _("they are the same recording, to check: {doubt}").format(doubt=pairs.doubt(found.doubt))
    place = clock(pairs.place(found))
    return {
        Relation.SAME: _("they are the same recording") if found.clear else check,
        Relation.CONTAINS: _("A contains all of B, at {place}, and more").format(place=place)
        if found.holder == "a"
        else _("B contains all of A, at {place}, and more").format(place=place),
        Relation.SHARES: _("they share a part and differ in the rest"),
    }[found.relation]


def _speed(found: FilePair) -> str:
    if round(abs(found.speed), 1) < 0.1:
        return _("by less than 0.1 %")
    text = _("B is {percent:.1f} % faster") if found.speed > 0 else _("B is {percent:.1f} % slower")
    if found.pitch is not None:
        kept, moved = _("{what}, at the same pitch"), _("{what}, and its pitch has moved as much")
        text = (moved if found.pitch else kept).format(what=text)
    return text.format(percent=abs(found.speed))


def parts(found: FilePair) -> Iterator[str]:
    """Yield what two files have in common, a line for each part."""
    for part in found.parts:
        yield _("{length} in common, at {a} in A and at {b} in B").format(
            length=clock(part.seconds), a=clock(part.i), b=clock(part.j)
        )
