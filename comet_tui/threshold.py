"""What the screen of the line asks: `comet threshold`, in a process of its own, for judging pairs takes memory."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from comet_tui.session import Session

NEAREST = 20
"""Pairs on either side of the line."""


@dataclass(frozen=True, slots=True)
class Step:
    """What the collection looks like under one line."""

    accepted: float
    """False pairs that are accepted in the whole collection."""
    evidence: float
    evidence_sloped: float
    similarity: float
    expected_false: float
    floored: bool
    """The line cannot be lower than what was kept."""
    pairs: int
    groups: int
    saving: int
    """Bytes."""


@dataclass(frozen=True, slots=True)
class Near:
    """A pair that is near the line."""

    a: str
    b: str
    similarity: float
    evidence: float
    expected_false: float
    sloped: bool
    above: bool
    """It counts."""


@dataclass(frozen=True, slots=True)
class Line:
    """The line seen whole."""

    now: Step
    steps: tuple[Step, ...]
    """Strictest first; `now` is among them."""
    near: tuple[Near, ...]
    """The surest first."""
    audios: int
    doubt: str
    shape: Mapping[str, Any]
    """What random pairs show, as the command line tells it: `sampled`, `q99` and `fall`, each of both forms."""


def of(session: Session, accepted: float | None = None) -> Line:
    """Return the line of the profile, or the one of so many accepted false pairs.

    Raises:
        CometError: nothing is known yet.
    """
    words = [] if accepted is None else ["--accept", f"{accepted:g}"]
    found = json.loads(session.answer("threshold", "--json", "--near", str(NEAREST), *words))
    steps = tuple(_step(each) for each in found["steps"])
    near = [_near(each, above=True) for each in reversed(found["above"])]
    near += [_near(each, above=False) for each in found["below"]]
    shape = {key: found[key] for key in ("sampled", "q99", "fall")}
    return Line(_step(found), steps, tuple(near), found["audios"], found["doubt"], shape)


def drawn(line: Line, step: Step, width: int, *, ascii_only: bool) -> list[str]:
    """Return random pairs by their evidence, with the line of a step; nothing where none were compared yet."""
    from comet.collection import charts  # noqa: PLC0415 - arrays and all
    from comet.collection.threshold import Form  # noqa: PLC0415 - likewise
    from comet.core.sampled import Tail  # noqa: PLC0415 - likewise

    sampled, q99, fall = (line.shape[key] for key in ("sampled", "q99", "fall"))
    if not sampled:
        return []
    flat, sloped = (
        Form(tuple(sampled[form]), Tail(q99[form], fall[form]), at)
        for form, at in (("flat", step.evidence), ("sloped", step.evidence_sloped))
    )
    return list(charts.letters(charts.charts((flat, sloped)), width, ascii_only=ascii_only))


def keep(session: Session, accepted: float) -> str:
    """Let the profile accept so many false pairs from now on; return the file where that stands.

    Raises:
        UsageError: the profile has no section of its own that could say so.
        SettingsError: its file cannot be read.
    """
    return session.set("judge.false_pairs", f"{accepted:g}")


def _step(found: Mapping[str, Any]) -> Step:
    return Step(**{name: found[name] for name in Step.__dataclass_fields__})


def _near(found: Mapping[str, Any], *, above: bool) -> Near:
    names = ("a", "b", "similarity", "evidence", "expected_false", "sloped")
    return Near(**{name: found[name] for name in names}, above=above)
