"""`comet threshold`: the line on the evidence, what random pairs show, and what moving the line would do."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from comet.cli import console, context, out
from comet.cli import pairs as shown_pairs
from comet.cli.context import Context
from comet.core.errors import UsageError
from comet.core.job import Job
from comet.core.profiles import UNNAMED
from comet.core.text import _, _n, grouped, safe, size

if TYPE_CHECKING:
    from comet.collection.pairs import FilePair
    from comet.collection.threshold import Form, Step


@dataclass(frozen=True, slots=True)
class Seen:
    """What is shown of a line."""

    now: Step
    steps: list[Step]
    forms: tuple[Form, Form] | None
    above: list[FilePair]
    below: list[FilePair]


def run(arguments: argparse.Namespace) -> int:
    """Show the line."""
    here = context.of(arguments)
    seen = console.asked(lambda job: look(here, job))
    if arguments.svg:
        from comet.cli import picture  # noqa: PLC0415 - arrays and all
        from comet.collection import charts  # noqa: PLC0415 - likewise

        if not seen.forms:
            raise UsageError(
                _("there is nothing to draw yet"),
                hint=_("`{command}` compares random pairs").format(command=here.next("correlate")),
            )
        _write(arguments.svg, picture.svg(charts.charts(seen.forms), _headline(seen)))
        out.note(_("picture in `{file}`").format(file=safe(arguments.svg)))
    if arguments.json:
        out.dump(as_json(seen))
        return 0
    for line in table(seen, out.width()):
        print(line)
    reason = seen.now.line.doubt
    if reason:
        out.warn(doubt(reason))
    if seen.forms is None:
        out.next_step(_("`{command}` compares random pairs, from which the line is learned").format(
            command=here.next("correlate")
        ))  # fmt: skip
    if arguments.accept is not None:
        out.next_step(_keep(here, arguments.accept))
    return 0


def look(here: Context, job: Job) -> Seen:
    """Judge the pairs that any of the lines would let in, and look at the collection under each of them."""
    from comet import pipeline  # noqa: PLC0415 - arrays and all
    from comet.collection import threshold  # noqa: PLC0415 - likewise

    with here.collection() as opened:
        accept = here.arguments.accept
        collection = opened if accept is None else threshold.accepting(opened, accept)
        lowest = max(*threshold.STEPS, collection.profile.settings.judge.false_pairs)
        pipeline.judge(threshold.accepting(collection, lowest), job)
        near = threshold.nearest(collection, here.arguments.near)
        pipeline.judge(collection, job, [*near.above, *near.below])
        steps = threshold.steps(collection)
        now = next(each for each in steps if each.line.accepted == collection.profile.settings.judge.false_pairs)
        above, below = threshold.told(collection, near.above), threshold.told(collection, near.below)
        return Seen(now, steps, threshold.forms(collection), above, below)


def doubt(reason: str) -> str:
    """Return as a sentence why the expected number of false pairs may be wrong; see `Line.doubt`."""
    if reason == "few":
        return _("so few tracks do not tell how many false pairs to expect: the number is a guess")
    if reason == "unlearned":
        return _("the line is not learned from this collection yet: the number of false pairs is a guess")
    return _("random pairs are unusually alike or unlike here: the number of false pairs is a guess")


def table(seen: Seen, width: int) -> Iterator[str]:
    """Yield the lines for a person: the picture, the table of steps, and the pairs nearest to the line."""
    yield from out.wrapped(_headline(seen), width)
    if seen.forms:
        from comet.collection import charts  # noqa: PLC0415 - arrays and all

        yield ""
        ascii_only = not (sys.stdout.encoding or "").lower().startswith("utf")
        yield from charts.letters(charts.charts(seen.forms), width, ascii_only=ascii_only)
        yield from out.wrapped(_("random pairs by evidence, log scale; dots: what chance explains; ^ the line"), width)
    yield ""
    head = ["", _("accepted"), _("evidence"), _("other speed"), _("similarity"), _("pairs"), _("groups"), _("saving")]
    rows = [_row(each, now=each.line.accepted == seen.now.line.accepted) for each in seen.steps]
    yield from out.fitted([head, *rows], width, right=range(1, 8), leave=(4, 3))
    yield from out.wrapped(_("pairs of audios: files that hold one audio count once, in `comet pairs` each"), width)
    for lowest in [each.line.expected_false for each in seen.steps if each.floored][:1]:
        text = _("= the lowest line there can be, less was not kept: {count:.2g} false pairs expected")
        yield from out.wrapped(text.format(count=lowest), width)
    for title, found in ((_("just above the line"), seen.above), (_("just below it"), seen.below)):
        if found:
            yield ""
            yield from _near(title, found, width)


def _row(step: Step, *, now: bool) -> list[str]:
    line = step.line
    return [
        ">" if now else "",
        f"{line.accepted:g}",
        ("=" if step.floored else "") + f"{line.evidence:.1f}",
        f"{line.sloped:.1f}",
        f"{step.similarity:.3f}",
        grouped(step.pairs),
        grouped(step.groups),
        size(step.saving),
    ]


def _near(title: str, found: list[FilePair], width: int) -> Iterator[str]:
    head = [title, _("evidence"), _("chance"), _("false pairs"), _("similarity")]
    rows = [[shown_pairs.word(pair), shown_pairs.evidence(pair), *_figures(pair)] for pair in found]
    for pair, line in zip(
        [None, *found], out.fitted([head, *rows], width, right=range(1, 5), leave=(4, 3)), strict=True
    ):
        yield line
        for track in (pair.a, pair.b) if pair else ():
            path = safe(track.path)
            yield f"  {out.shortened(path, width and width - 3)}"


def _figures(pair: FilePair) -> list[str]:
    return [f"{pair.p_value:.1e}", f"{pair.expected_false:.2g}", f"{pair.similarity:.3f}"]


def _headline(seen: Seen) -> str:
    line = seen.now.line
    return _("{audios}: line at {flat:.1f}, at another speed {sloped:.1f}; {count:.2g} false pairs expected").format(
        audios=_n("{n} track", "{n} tracks", line.audios),
        flat=line.evidence,
        sloped=line.sloped,
        count=line.expected_false,
    )


def _keep(here: Context, accept: float) -> str:
    if here.profile.name == UNNAMED:
        kept = _("`false_pairs = {accept:g}` under `[judge]` in `{file}` keeps this line; nothing was changed")
        return kept.format(accept=accept, file=safe(here.places.main_ini))
    kept = _("`judge.false_pairs = {accept:g}` in profile `{name}` of `{file}` keeps this line; nothing was changed")
    file = here.arguments.profiles or here.places.profiles_ini
    return kept.format(accept=accept, name=safe(here.profile.name), file=safe(file))


def as_json(seen: Seen) -> dict[str, Any]:
    """Return all of it; these keys are a contract."""
    line = seen.now.line
    return {
        **_step(seen.now),
        "audios": line.audios,
        "doubt": line.doubt,
        "q99": {"flat": line.null.flat.q99, "sloped": line.null.sloped.q99},
        "fall": {"flat": line.null.flat.fall, "sloped": line.null.sloped.fall},
        "sampled": seen.forms and {"flat": seen.forms[0].counts, "sloped": seen.forms[1].counts},
        "steps": [_step(each) for each in seen.steps],
        "above": [out.pair(pair) for pair in seen.above],
        "below": [out.pair(pair) for pair in seen.below],
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "accepted": step.line.accepted,
        "evidence": step.line.evidence,
        "evidence_sloped": step.line.sloped,
        "similarity": step.similarity,
        "expected_false": step.line.expected_false,
        "floored": step.floored,
        "pairs": step.pairs,
        "groups": step.groups,
        "saving": step.saving,
    }


def _write(name: str, text: str) -> None:
    """Write the picture over an older one, but over no other file."""
    try:
        if os.path.isfile(name) and os.path.getsize(name):
            with open(name, "rb") as stream:
                if not stream.read(4).startswith(b"<svg"):
                    raise UsageError(
                        _("`{file}` is there already, and is no picture").format(file=safe(name)),
                        hint=_("name another file"),
                    )
        with open(name, "w", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        raise UsageError(
            _("picture `{name}` cannot be written: {why}").format(name=safe(name), why=error.strerror),
            hint=_("name a file in a folder that is there and that you may write"),
        ) from error
