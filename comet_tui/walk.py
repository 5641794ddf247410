"""A walk through the groups: what is chosen in each, what became of it, and where to go next."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum, auto

from comet.core.acts import Kind
from comet.core.merged import AS_PROPOSED, Settled
from comet.core.model import Decision, Proposal, Standing
from comet_tui.found import Found
from comet_tui.session import Act


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
    def chosen(self) -> bool:
        """Somebody chose otherwise than was proposed."""
        return set(self.proposal.keep) != set(self.proposed.keep)

    @property
    def touched(self) -> bool:
        """Somebody decided something about it; by settling tags nobody has decided about what stays only till then."""
        waits = self.proposal.doubtful or self.proposal.whole
        return self.chosen or (self.settled != self.default and not waits)

    @property
    def settles(self) -> bool:
        """Confirming it is a decision: somebody took one, or every track stays and none is to check."""
        return self.touched or not (self.proposal.remove or self.proposal.doubtful)

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
        self.proposal = self.proposed
        self.frees = self.proposal.frees


@dataclass(slots=True, eq=False)
class Step:
    """Something that was done with a group here."""

    item: Item
    before: Fate
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


@dataclass
class Walk:
    """All groups that were read."""

    items: list[Item] = field(default_factory=list)
    held: int = 0
    """Bytes in quarantine."""
    steps: list[Step] = field(default_factory=list)
    """What was done here and not undone, that done last at the end."""

    @classmethod
    def of(cls, found: Found) -> Walk:
        """Begin with what was read."""
        walk = cls(held=found.held)
        for each in found.proposals:
            fate = Fate.SKIPPED if each.standing is Standing.SKIPPED else Fate.OPEN
            tags = each.decision.tags if each.decision else None
            name = found.names.get(each.group.id, "")
            walk.items.append(Item(each, each, fate, each.decision, name, tags or found.settled))
        return walk

    def left(self) -> tuple[int, int]:
        """Return how many groups are open, and the bytes that would be moved if all were confirmed."""
        sizes = [item.frees for item in self.items if item.fate is Fate.OPEN]
        return len(sizes), sum(sizes)

    def next_open(self, after: int) -> int:
        """Return the index of the next open group, behind the last one from the beginning; none left: where it was."""
        order = [*range(after + 1, len(self.items)), *range(after)]
        return next((at for at in order if self.items[at].fate is Fate.OPEN), after)

    def begin(self, item: Item) -> Step:
        """Note that something is to be done with a group."""
        step = Step(item, item.fate)
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
