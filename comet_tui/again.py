"""What stays of a walk through the groups when they are read again: what was chosen, settled and done in it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from comet.core.model import Proposal
from comet_tui.found import Found
from comet_tui.walk import Fate, Item, Items, Step, Walk


def carried(before: Walk, found: Found) -> Walk:
    """Return the groups that were found, as far as they are the same as before with all that was done in them here.

    Groups that were done here and are none any more stay in their places, so that they can still be undone.
    """
    walk = Walk.of(found)
    for old in before.items.at_hand():
        number = found.proposals.find(old.proposal.group.id)
        if number is not None and old.asks and _alike(old.proposed, found.proposals[number]):
            walk.items.keep(_renewed(old, walk.items[number]))
    for old in {id(step.item): step.item for step in before.steps}.values():
        if found.proposals.find(old.proposal.group.id) is None:
            walk.items.add(old)
    for step in before.steps:
        _follow(step, walk, found)
    walk.steps = [step for step in before.steps if step.item in walk.items]
    return walk


def _follow(step: Step, walk: Walk, found: Found) -> None:
    """Let what was done in part of a group, which is another one by that, be undone from the one that it is now."""
    old, number = step.item, found.proposals.find(step.item.proposal.group.id)
    if number is not None and old not in walk.items and old.fate is Fate.FAILED:
        step.item = walk.items[number]
        step.item.fate, step.item.act, step.item.reason = old.fate, old.act, old.reason
        walk.items.keep(step.item)


def stays(before: Walk, item: Item, found: Found) -> bool:
    """Tell whether a group is among those that were found as it was before, or was done here."""
    number = found.proposals.find(item.proposal.group.id)
    if number is None:
        return any(step.item is item for step in before.steps)
    return item.asks and _alike(item.proposed, found.proposals[number])


def found_again(before: Iterable[Item], now: Items) -> int:
    """Return the index of the first of the groups `before` of which a track is in one `now`, 0 where there is none."""
    more = {track.path: item for item in now.more() for track in item.proposal.group.tracks}
    for track in (track for item in before for track in item.proposal.group.tracks):
        number = more[track.path].number if track.path in more else now.listed.holding(track.path)
        if number is not None:
            return now.place(number)
    return 0


def _alike(one: Proposal, other: Proposal) -> bool:
    return one.group.tracks == other.group.tracks and one.keep == other.keep


def _renewed(old: Item, new: Item) -> Item:
    """Return the group as it was, with what is known of it now."""
    old.number = new.number
    old.proposal = replace(new.proposal, keep=old.proposal.keep) if old.chosen else new.proposal
    old.frees, old.proposed, old.reason = old.proposal.frees, new.proposed, ""
    old.fate, old.decision, old.name, old.default = new.fate, new.decision, new.name, new.default
    return old
