"""`comet check FILE...`: what of new files the collection already has; its exit code is for scripts."""

from __future__ import annotations

import argparse
import os
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from comet.cli import console, context, out
from comet.core.errors import FileError, NotScannedError, UsageError
from comet.core.job import Job
from comet.core.model import Relation
from comet.core.text import _, _n, clock, grouped, safe

if TYPE_CHECKING:
    from comet.collection.owned import Owner
    from comet.gate import Answer, Checked, Held

THERE: Final = 10
"""Exit code if the collection has at least one of the files."""

_OTHERS: Final = 5
"""Recordings that are not the same, but related, that are shown of a file."""


def run(arguments: argparse.Namespace) -> int:
    """Listen to the files and say what the collection has of them."""
    if "" in arguments.files:  # an empty variable in a script
        raise UsageError(_("the name of a file is empty"), hint=_("name files of music, or folders"))
    here = context.of(arguments)
    if not here.profile.roots:  # opening it would make a cache
        raise NotScannedError(
            _("profile `{name}` has no root folder, so there is no collection").format(name=safe(here.profile.name)),
            hint=_("`comet setup` adds folders, `comet scan` looks at them"),
        )

    def work(job: Job) -> Answer:
        from comet import gate  # noqa: PLC0415 - arrays and all

        with here.collection() as collection:
            return gate.check(collection, arguments.files, job)

    answer = console.quietly(work)
    for file in answer.files:
        if arguments.json:
            out.dump(_json(file))
        else:
            print("\n".join(_lines(file)))
    if not arguments.json:
        print(_summary(answer))
    for gap in answer.gaps:
        out.warn(gap)
    if answer.gaps:
        out.next_step(_("`{command}` brings the collection up to date").format(command=here.next("scan")))
    states = {file.state.value for file in answer.files}
    return THERE if "there" in states else FileError.exit_code if "unusable" in states or answer.gaps else 0


def _json(file: Checked) -> dict[str, Any]:
    return {
        "path": os.fsdecode(file.path),
        "state": file.state.value,
        "holders": [_held_json(held) for held in file.held],
        "given": [_held_json(held) for held in file.given],
        "error": file.error,
    }


def _held_json(held: Held) -> dict[str, Any]:
    owner = held.owner
    return {
        "path": owner.track.path,
        "relation": owner.relation.value,
        "clear": owner.clear,
        "holder": owner.holder,
        "how": owner.how,
        "similarity": owner.similarity,
        "offset": owner.offset,
        "overlap": owner.overlap,
        "evidence": owner.evidence,
        "p_value": owner.p_value,
        "expected_false": owner.expected_false,
        "better": held.better or None,
        "why": list(held.why),
    }


def _lines(file: Checked) -> Iterator[str]:
    """Yield a file with its state, and below it what it belongs to."""
    yield f"{_word(file.state.value)}: {safe(file.path)}" + (f": {safe(file.error)}" if file.error else "")
    same = sum(held.owner.relation is Relation.SAME for held in file.held)  # they come first
    for held in file.held[: same + _OTHERS]:
        yield f"  {_relation(held.owner)}: {safe(held.owner.track.path)}"
        yield f"    {_figures(held.owner)}"
        if held.better:
            yield f"    {_better(held)}"
    if more := len(file.held[same + _OTHERS :]):
        yield _("  and {n} more, which `--json` tells").format(n=more)
    for held in file.given:
        yield _("  the same as {path}, given before; {better}").format(
            path=safe(held.owner.track.path), better=_better(held)
        )


def _word(state: str) -> str:
    return {
        "there": _("there"),
        "contained": _("contained"),
        "contains": _("contains"),
        "related": _("related"),
        "new": _("new"),
        "unusable": _("unusable"),
    }[state]


def _relation(owner: Owner) -> str:
    if owner.relation is Relation.SAME:
        return _("same") if owner.clear else _("same, to check")
    if owner.relation is Relation.CONTAINS:
        return _("contained in") if owner.holder == "old" else _("contains")
    if owner.relation is Relation.SHARES:
        return _("shares a part with")
    return {"speed": _("another speed of"), "cut": _("another cut of")}.get(owner.how, _("altered from"))


def _figures(owner: Owner) -> str:
    if owner.evidence is None:
        return _("one audio, byte by byte")
    return _(
        "similarity {similarity:.3f}, starts {offset:+.1f} s, overlap {overlap}, evidence {evidence:.1f}, "
        "by chance {expected:.1g}"
    ).format(
        similarity=owner.similarity,
        offset=owner.offset,
        overlap=clock(owner.overlap),
        evidence=owner.evidence,
        expected=owner.expected_false,
    )


def _better(held: Held) -> str:
    why = ", ".join(map(safe, held.why))
    return {
        "new": _("the new one is better: {why}").format(why=why),
        "old": _("the new one is worse, the other is better: {why}").format(why=why),
        "equal": _("neither is better"),
    }[held.better]


def _summary(answer: Answer) -> str:
    counted = Counter(_word(file.state.value) for file in answer.files)
    files = _n("{n} file", "{n} files", len(answer.files))
    return files + (": " if counted else "") + ", ".join(f"{grouped(count)} {word}" for word, count in counted.items())
