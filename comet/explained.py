"""What the parameters of matching are worth: what each one costs, what it wins, and which of them are no settings.

The figures are measured on real music by a benchmark, which writes them to `sensitivity.json` beside this module.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib import resources
from typing import Any

from comet.core.text import _, grouped


@dataclass(frozen=True, slots=True)
class Measured:
    """One value of a parameter, and what it did."""

    value: str
    cost: float
    """Microseconds that comparing a pair took, on one core of the machine that measured."""
    q99: float
    """99 % point of the evidence of unrelated pairs."""
    easy: float
    """Share of the copies that are found in a collection of 100 000 tracks: other codecs, gain, silence, a shift."""
    hard: float
    """Likewise: filtered, noisy, a little faster."""
    chosen: bool
    """It is what Comet does where nothing else is said."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of matching."""

    name: str
    setting: str
    """`section.key`; empty where it is none."""
    what: str
    advice: str
    """What to set it to and when; of one that is no setting, why not."""
    measured: tuple[Measured, ...] = ()


def parameters() -> tuple[Parameter, ...]:
    """Return all of them."""
    figures = _figures()
    return tuple(replace(each, measured=figures.get(each.name, ())) for each in (*_compared(), *_judged()))


def basis() -> str:
    """Return in a sentence what the figures were measured on."""
    about = _read()["about"]
    return _(
        "measured on {tracks} real tracks, {copies} copies of them made in {kinds} ways and {pairs} pairs of unrelated "
        "music; each line has the threshold that it needs for 0.1 false pairs among 100 000 tracks"
    ).format(**{name: grouped(number) for name, number in about.items()})


def _read() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(resources.files("comet").joinpath("sensitivity.json").read_text("utf-8"))
    return found


def _figures() -> dict[str, tuple[Measured, ...]]:
    tables = _read()["measured"]
    return {name: tuple(Measured(**row) for row in rows) for name, rows in tables.items()}


def _compared() -> Iterator[Parameter]:
    """Yield those of comparing, without their figures."""
    yield Parameter(
        "sample time",
        "correlate.sample",
        _("how much of each track's start is compared with all others; the relation is always judged on whole tracks"),
        _("leave it, or take 60 s where time counts; what two tracks share only after it is not found"),
    )
    yield Parameter(
        "span",
        "correlate.span",
        _("the largest shift that is tried between two tracks"),
        _(
            "leave it at 0, which tries every shift; 20 s are enough for copies that begin with other silence or a "
            "moment later, but a track inside a longer one is lost"
        ),
    )
    yield Parameter(
        "step",
        "",
        _("every how manyth shift is tried; one is 0.124 s"),
        _("no setting: all shifts are compared in one pass, so leaving some out saves nothing, and loses some copies"),
    )
    yield Parameter(
        "minimum overlap",
        "",
        _("how much sound has to stand against each other at a shift"),
        _(
            "no setting: the evidence takes the length into account by itself, so that the threshold hardly moves; 5 s "
            "are about the least that can reach it"
        ),
    )


def _judged() -> Iterator[Parameter]:
    """Yield those of listening and judging."""
    yield Parameter(
        "fingerprint length",
        "fingerprint.length",
        _("how much of each track is listened to"),
        _(
            "leave it at 0, the whole track: else what is missing or different behind it cannot be seen, no pair is "
            "clear, and nothing is proposed for removal"
        ),
    )
    yield Parameter(
        "false pairs",
        "judge.false_pairs",
        _("how many false pairs you accept in the whole collection; the threshold follows from it"),
        _("the only one to think about; `comet threshold` shows what another number would change"),
    )
    yield Parameter(
        "similarity",
        "",
        _("the share of the bits that agree"),
        _(
            "no setting: unrelated tracks reach 0.65 over two minutes and 0.81 over five seconds, so no number is "
            "right for both; the evidence means the same for all"
        ),
    )
