"""Decisions: what somebody said about groups, remembered until it is taken back."""

from __future__ import annotations

from collections.abc import Sequence

from comet.collection.opened import Collection
from comet.core.errors import UsageError
from comet.core.merged import Settled
from comet.core.model import Choice, Decision, Group, Track, identity
from comet.core.text import _
from comet.decide.proposal import Decisions


def listed(collection: Collection) -> list[Decision]:
    """Return what was decided, oldest first; of several decisions about the same tracks the last one, which counts."""
    latest = {each.members: each for each in collection.journal.decisions()}
    return sorted(latest.values(), key=lambda each: each.id)


def decide(
    collection: Collection,
    group: Group,
    choice: Choice,
    keep: Sequence[int] = (),
    run: int = 0,
    tags: Settled | None = None,
) -> Decision:
    """Remember what somebody decided about a group; nothing is changed on the disk by that.

    Args:
        collection: the collection.
        group: the group as it stands.
        choice: what was decided.
        keep: of a *keep*, the indices of the tracks that stay; what was imported among them stays anyhow.
        run: the run that was confirmed with it; undoing that takes the decision back too.
        tags: of a *keep*, what was settled about their tags.

    Raises:
        UsageError: none is to be kept, or nothing that is a file.
    """
    if choice is Choice.KEEP and not keep:
        raise UsageError(_("one track of a group must stay"), hint=_("name it with --keep PATH"))
    members = [track.audio.hash for track in group.tracks]
    kept = [identity(group.tracks[at]) for at in files(group, keep)]
    return collection.journal.decide(choice, members, kept, run, tags)


def files(group: Group, keep: Sequence[int]) -> list[int]:
    """Return those of the tracks that are to stay, by index, of which there is a file, each once.

    Raises:
        UsageError: some are to stay, but there is no file among them.
    """
    found = [at for at in dict.fromkeys(keep) if not group.tracks[at].imported]
    if keep and not found:
        raise UsageError(
            _("an imported fingerprint cannot stay in place of a file: there is nothing behind it"),
            hint=_("keep a file of the group, or decide that they are no duplicates"),
        )
    return found


def apart(collection: Collection, one: Track, other: Track) -> bool:
    """Tell whether two tracks were decided to be no duplicates."""
    pair = frozenset((one.audio.hash, other.audio.hash))
    return pair in Decisions(collection.journal.decisions()).apart


def forget(collection: Collection, decision: int) -> None:
    """Take a decision back: its group is as it was before.

    Raises:
        UsageError: there is none of this number.
    """
    collection.journal.forget(decision)
