"""A walk through the groups: what is chosen in each, what became of it, and where to go next."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import overload

from comet.core import answers
from comet.core.acts import Kind
from comet.core.merged import AS_PROPOSED, Settled
from comet.core.model import Decision, Proposal, Standing
from comet_tui.acts import Act
from comet_tui.found import Found
from comet_tui.listed import Listed, around, listed

_AT_HAND = 32
"""Groups of which what was looked at last stays in memory."""


class Fate(Enum):
    """What became of a group since the list was read."""

    OPEN = auto()
    WAITING = auto()
    """It was confirmed, or an act is being taken back, and that is not done yet."""
    HELD = auto()
    """Its other tracks lie in quarantine."""
    KEPT = auto()
    """All its tracks stay, and that was recorded."""
    APART = auto()
    """They are no duplicates of each other."""
    SKIPPED = auto()
    FAILED = auto()
    """Nothing was moved, or not everything."""


@dataclass(slots=True, eq=False)
class Item:
    """A group in the list."""

    number: int
    """Of all that were read, or behind these."""
    proposed: Proposal
    """As it was read."""
    proposal: Proposal
    """With what was chosen here."""
    fate: Fate
    decision: Decision | None
    """The one that holds now."""
    name: str = ""
    """Artist and title as its keeper has them, not yet safe; empty where they are not known."""
    default: Settled = AS_PROPOSED
    """What is settled about its tags where nobody settles anything."""
    edits: list[Settled] = field(default_factory=list)
    """What was settled about them here, step by step."""
    act: Act | None = None
    """What was done last."""
    reason: str = ""
    """Why it failed, as a sentence that is safe to show."""
    frees: int = field(init=False)
    """Bytes that would be moved, kept here because a long list adds them up with every key."""

    def __post_init__(self) -> None:
        self.frees = self.proposal.frees

    @property
    def read(self) -> bool:
        """It is as it was read: nothing was chosen, settled or done here."""
        same = self.proposal == self.proposed and not (self.edits or self.act or self.reason)
        return same and self.fate is _fate(self.proposed) and self.decision == self.proposed.decision

    @property
    def chosen(self) -> bool:
        """Somebody chose otherwise than was proposed."""
        return set(self.proposal.keep) != set(self.proposed.keep)

    @property
    def touched(self) -> bool:
        """Somebody decided something about it here."""
        return answers.touched(self.proposal, chosen=self.chosen, settled=self.settled != self.default)

    @property
    def settled(self) -> Settled:
        """What is settled about its tags now."""
        return self.edits[-1] if self.edits else self.default

    @property
    def asks(self) -> bool:
        """It can be confirmed: nothing was done with it, or it failed as a whole."""
        return self.fate in (Fate.OPEN, Fate.SKIPPED) or (self.fate is Fate.FAILED and not moved(self.act)[0])

    def toggle(self, at: int) -> bool:
        """Let a track stay or go; return False where it is the last that stays."""
        old = self.proposal.keep
        keep = [each for each in old if each != at] if at in old else sorted([*old, at])
        if not keep:
            return False
        first = self.proposed.keep[0]
        if first in keep:  # the one that was chosen by quality is what the others are compared with
            keep = [first, *(each for each in keep if each != first)]
        self.proposal = replace(self.proposal, keep=tuple(keep))
        self.frees = self.proposal.frees
        return True

    def settle(self, settled: Settled) -> None:
        """Settle something about its tags."""
        if settled != self.settled:
            self.edits.append(settled)

    def restore(self) -> None:
        """Go back to what was proposed."""
        self.choose(self.proposed, self.edits)

    def choose(self, proposal: Proposal, edits: Sequence[Settled]) -> None:
        """Choose what was chosen before, tracks and tags."""
        self.proposal, self.edits = proposal, list(edits)
        self.frees = self.proposal.frees


@dataclass(slots=True, eq=False)
class Step:
    """Something that was done with a group here."""

    item: Item
    before: Fate
    fate: Fate
    """What was to become of it."""
    proposal: Proposal
    """What was chosen then."""
    edits: tuple[Settled, ...] = ()
    """What was settled about its tags then."""
    act: Act | None = None
    """None while it is under way, and where it failed as a whole."""


def moved(act: Act | None) -> tuple[int, int]:
    """Return how many files an act has moved into quarantine, and their bytes."""
    done = act.outcome.done if act and act.outcome else ()
    sizes = [entry.before.file.size for entry in done if entry.kind is Kind.REMOVE]
    return len(sizes), sum(sizes)


def written(act: Act | None) -> int:
    """Return of how many files an act has written the tags."""
    done = act.outcome.done if act and act.outcome else ()
    return sum(entry.kind is Kind.WRITE_TAGS for entry in done)


class Items(Sequence[Item]):
    """All groups of a walk by their places, made when they are looked at: of a million, 50 can be seen.

    What is no longer as it was read stays, and so does what was looked at last.
    """

    def __init__(self, read: Listed, default: Settled = AS_PROPOSED) -> None:
        """Take what was read, and what is settled about tags where nobody settles anything."""
        self.listed = read
        self._default = default
        self._order: range | array[int] = range(len(read))
        """Numbers of the groups in the order in which they are shown."""
        self._stays: dict[int, Item] = {}
        """By number."""
        self._at_hand: dict[int, Item] = {}
        """That looked at last at the end."""

    def __len__(self) -> int:
        return len(self._order)

    @overload
    def __getitem__(self, at: int) -> Item: ...
    @overload
    def __getitem__(self, at: slice) -> list[Item]: ...
    def __getitem__(self, at: int | slice) -> Item | list[Item]:
        """Return a group to do something with; no other one is made for it later."""
        if isinstance(at, slice):
            return [self[each] for each in range(*at.indices(len(self)))]
        item = self.seen(at)
        if item.number not in self._stays:
            self._at_hand.pop(item.number, None)
            self._at_hand[item.number] = item
            if len(self._at_hand) > _AT_HAND:
                oldest = self._at_hand.pop(next(iter(self._at_hand)))
                if not oldest.read:
                    self._stays[oldest.number] = oldest
        return item

    def __contains__(self, item: object) -> bool:
        return isinstance(item, Item) and self._known(item.number) is item

    def index(self, item: Item, *_between: int) -> int:
        """Return where a group stands.

        Raises:
            ValueError: it is none of these.
        """
        if item not in self:
            raise ValueError(item)
        return self.place(item.number)

    def seen(self, at: int) -> Item:
        """Return a group to look at."""
        number = self._order[at]
        return self._known(number) or self._made(number)

    def at_hand(self) -> list[Item]:
        """Return those that are not as they were read, and those looked at last."""
        return [*self._stays.values(), *self._at_hand.values()]

    def more(self) -> list[Item]:
        """Return those that were not read with the others."""
        return [item for number, item in self._stays.items() if number >= len(self.listed)]

    def keep(self, item: Item) -> None:
        """Let a group be no other one from now on."""
        self._at_hand.pop(item.number, None)
        self._stays[item.number] = item

    def add(self, item: Item) -> None:
        """Put a group that is not among those that were read into its place, by what it saves."""
        item.number = len(self._order)
        self._stays[item.number] = item
        if isinstance(self._order, range):
            self._order = array("I", self._order)
        place = bisect_left(range(len(self)), _place(item), key=lambda at: _place(self.seen(at)))
        self._order.insert(place, item.number)

    def number(self, at: int) -> int:
        """Return the number of the last of the groups that were read up to a place, -1 where there is none."""
        return next((self._order[each] for each in range(at, -1, -1) if self._order[each] < len(self.listed)), -1)

    def place(self, number: int) -> int:
        """Return where the group of this number stands."""
        return self._order.index(number)

    def fate(self, at: int) -> Fate:
        """Return what became of a group, without making it."""
        known = self._known(self._order[at])
        return known.fate if known else Fate.SKIPPED if self.listed.skipped[self._order[at]] else Fate.OPEN

    def _known(self, number: int) -> Item | None:
        return self._stays.get(number) or self._at_hand.get(number)

    def _made(self, number: int) -> Item:
        proposal, name = self.listed.record(number)
        tags = proposal.decision.tags if proposal.decision else None
        fate, decision = _fate(proposal), proposal.decision
        return Item(number, proposal, proposal, fate, decision, name, tags or self._default)


@dataclass
class Walk:
    """All groups that were read."""

    items: Items = field(default_factory=lambda: Items(listed([], {})))
    held: int = 0
    """Bytes in quarantine."""
    steps: list[Step] = field(default_factory=list)
    """What was done here and not undone, that done last at the end."""
    back: list[Step] = field(default_factory=list)
    """What was undone here and not done again, that undone last at the end."""

    @classmethod
    def of(cls, found: Found) -> Walk:
        """Begin with what was read."""
        return cls(Items(found.proposals, found.settled), found.held)

    def left(self) -> tuple[int, int]:
        """Return how many groups are open, and the bytes that would be moved if all were confirmed."""
        count, size = self.items.listed.open
        for item in self.items.at_hand():
            read = item.number < len(self.items.listed) and not self.items.listed.skipped[item.number]
            now = item.fate is Fate.OPEN
            count += now - read
            size += now * item.frees - read * item.proposed.frees
        return count, size

    def next_open(self, after: int) -> int:
        """Return the index of the next open group, behind the last one from the beginning; none left: where it was."""
        return next((at for at in around(len(self.items), after) if self.items.fate(at) is Fate.OPEN), after)

    def match(self, word: str, after: int, step: int) -> int | None:
        """Return the index of the next group, or with -1 the one before, that has a word in its name or its paths."""
        items, wanted = self.items, word.casefold()
        here = items.number(after)
        passed = step > 0 or here < 0 or items.place(here) != after
        number = items.listed.match(wanted, here + passed, step)
        places = [items.place(number)] if number is not None else []
        for item in items.more():
            texts = (item.name, *(track.path for track in item.proposal.group.tracks))
            places += [items.index(item)] if any(wanted in text.casefold() for text in texts) else []
        return min(places, key=lambda at: (step * (at - after) - 1) % len(items), default=None)

    def begin(self, item: Item, fate: Fate) -> Step:
        """Note that something is to be done with a group."""
        self.items.keep(item)
        step = Step(item, item.fate, fate, item.proposal, tuple(item.edits))
        self.back = [each for each in self.back if each.item is not item]
        item.fate = Fate.WAITING
        self.steps.append(step)
        return step

    def end(self, step: Step, act: Act, fate: Fate, failure: str) -> None:
        """Note what was done; with a `failure` not everything was."""
        step.act = step.item.act = act
        step.item.decision = act.after
        step.item.fate, step.item.reason = (Fate.FAILED if failure else fate), failure
        self.held += moved(act)[1]

    def fail(self, step: Step, failure: str) -> None:
        """Note that nothing was done, and why."""
        step.item.fate, step.item.reason = Fate.FAILED, failure
        if step in self.steps:
            self.steps.remove(step)

    def undone(self, step: Step, act: Act, failure: str) -> None:
        """Note what was taken back of a step by an act; with a `failure` not everything was."""
        back = {entry.of for entry in act.outcome.done} if act.outcome else set()
        done = step.act.outcome.done if step.act and step.act.outcome else ()
        self.held -= sum(entry.before.file.size for entry in done if entry.kind is Kind.REMOVE and entry.id in back)
        step.item.decision = act.after
        step.item.fate, step.item.reason = (Fate.FAILED if failure else step.before), failure
        if not failure:
            step.item.act = None
            self.back.append(step)


def _fate(proposal: Proposal) -> Fate:
    return Fate.SKIPPED if proposal.standing is Standing.SKIPPED else Fate.OPEN


def _place(item: Item) -> tuple[int, str]:
    return -item.proposal.group.saving, item.proposal.group.id
