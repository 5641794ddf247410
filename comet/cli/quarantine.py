"""`comet quarantine`: what was removed and still lies under the roots."""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING, Any

from comet.cli import context, out
from comet.core.acts import Kind
from comet.core.text import _, _n, safe, size

if TYPE_CHECKING:
    from comet.collection.history import Held


def run(arguments: argparse.Namespace) -> int:
    """Show what is held."""
    from comet.collection import history  # noqa: PLC0415 - arrays and all

    here = context.of(arguments)
    with here.collection(journal=True) as collection:
        found = history.held(collection)
        full, share = history.fullest(collection)
        spared = history.spared(collection)
    for path in spared:
        out.warn(
            _("left after a crash, for it may be nowhere else: `{path}`; compare it with the file beside it").format(
                path=safe(path)
            )
        )
    if arguments.json:
        for each in found:
            out.dump(_json(each))
        return 0
    now = time.time()
    rows = [
        [
            f"{each.entry.run}.{each.entry.step}",
            size(each.size),
            age(now - each.made),
            safe(each.path) + _how(each) + ("" if each.there else _(" (not there)")),
        ]
        for each in found
    ]
    for line, each in zip(out.table(rows, right=(0, 1, 2)), found, strict=True):
        print(line)
        print(_("    lies in {place}").format(place=safe(each.place)))
    print(total(found, now))
    if found and share > history.FULL:
        out.warn(_("the disk of `{root}` is {share:.0%} full").format(root=safe(full), share=share))
    if found:
        out.next_step(
            _("`{undo}` takes one back, `{purge}` deletes what is old").format(
                undo=here.next("undo", "ID"), purge=here.next("purge", "--older-than", "30d")
            )
        )
    return 0


def _how(each: Held) -> str:
    """Return how a file came into quarantine that was not removed for another one."""
    return {Kind.PLACE: _(" (replaced)"), Kind.UNDO: _(" (was put in place, and taken back)")}.get(each.entry.kind, "")


def total(found: list[Held], now: float) -> str:
    """Return how much is held, as a sentence."""
    if not found:
        return _("nothing is held in quarantine")
    return _("{files} held in quarantine, {size}, the oldest for {age}; that space is not free before a purge").format(
        files=_n("{n} file", "{n} files", len(found)),
        size=size(sum(each.size for each in found)),
        age=age(now - min(each.made for each in found)),
    )


def age(seconds: float) -> str:
    """Return an age for a person."""
    seconds = max(0.0, seconds)  # the clock may have been set back
    if seconds < 3600:
        return _n("{n} minute", "{n} minutes", round(seconds / 60))
    if seconds < 2 * 86400:
        return _n("{n} hour", "{n} hours", round(seconds / 3600))
    return _n("{n} day", "{n} days", int(seconds / 86400))


def _json(each: Held) -> dict[str, Any]:
    return {
        "id": f"{each.entry.run}.{each.entry.step}",
        "kind": each.entry.kind.value,
        "path": each.path,
        "held": each.place,
        "size": each.size,
        "made": each.made,
        "keeper": each.keeper,
        "group": each.entry.before.group,
        "there": each.there,
    }
