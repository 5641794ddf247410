"""What would become of a group: from what was decided about it, or else from the quality of its tracks. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations

from comet.core.model import Choice, Decision, Group, Identity, Proposal, Standing, Track, identity
from comet.core.text import _


class Decisions:
    """What was decided so far, by the audios that it is about."""

    def __init__(self, decisions: Iterable[Decision]) -> None:
        latest = {each.members: each for each in sorted(decisions, key=lambda each: each.id)}
        self._by_audio: dict[str, list[Decision]] = defaultdict(list)
        self.apart: set[frozenset[str]] = set()
        """Pairs of audio hashes that are no duplicates."""
        for decision in latest.values():
            members = sorted(set(decision.members))
            for audio in members:
                self._by_audio[audio].append(decision)
            if decision.choice is Choice.APART:
                self.apart.update(map(frozenset, combinations(members, 2)))

    def about(self, group: Group) -> Decision | None:
        """Return the last decision about a group.

        One counts as long as the group has no member that it did not have then; that some have gone, were renamed or
        retagged changes nothing.
        """
        members = Counter(track.audio.hash for track in group.tracks)
        candidates = self._by_audio.get(group.tracks[0].audio.hash, [])
        fitting = [each for each in candidates if members <= Counter(each.members)]
        return max(fitting, key=lambda each: each.id, default=None)

    def joined(self, group: Group) -> list[int]:
        """Return the indices of the tracks that were decided to stay before others came into their group.

        For each audio the last decision about it counts. A track about which there is none is new; the one that quality
        chose is among them where it is new. Empty where nothing was decided to stay.
        """
        last = {
            audio: max(found, key=lambda each: each.id)
            for audio in dict.fromkeys(track.audio.hash for track in group.tracks)
            if (found := self._by_audio.get(audio))
        }
        stays = set()
        for decision in {each.id: each for each in last.values()}.values():
            chosen = _chosen(group, decision.keep) if decision.choice is Choice.KEEP else _twice(group, decision)
            stays |= {at for at in chosen if last.get(group.tracks[at].audio.hash) is decision}
        if stays and group.tracks[group.keeper].audio.hash not in last:
            stays.add(group.keeper)
        return sorted(stays)


def propose(
    group: Group,
    decisions: Decisions,
    barred: Mapping[int, str],
    choose: Callable[[Sequence[Track]], int],
) -> Proposal:
    """Return what would become of a group.

    Args:
        group: with the keeper that was chosen by quality.
        decisions: what was decided.
        barred: indices of tracks that cannot be removed, each with the reason.
        choose: the keeper's index among several tracks that stay.
    """
    decision = decisions.about(group)
    keep, standing, because = [group.keeper], Standing.OPEN, ""
    reopened = False
    if decision is not None and decision.choice is Choice.SKIP:
        standing = Standing.SKIPPED
    elif decision is not None and decision.choice is Choice.APART:
        keep, standing = list(range(len(group.tracks))), Standing.SETTLED
    elif decision is not None and (chosen := _chosen(group, decision.keep)):
        keep = chosen
        if len({*keep, *barred}) == len(group.tracks):
            standing = Standing.SETTLED
    else:
        decision = None
        if before := decisions.joined(group):
            keep, reopened, because = before, True, _("it was decided to stay, before others came into the group")
    first = keep.pop(choose([group.tracks[at] for at in keep]) if len(keep) > 1 else 0)
    looked = decision is not None and decision.choice is not Choice.SKIP
    doubts = {} if looked else {at: why for at, why in doubtful(replace(group, keeper=first)).items() if at not in keep}
    stays = (first, *keep, *doubts)
    return Proposal(group, stays, barred, standing, decision, doubts, because=because, reopened=reopened)


def doubtful(group: Group) -> dict[int, str]:
    """Return the tracks that are not clearly the same as the keeper, each with the reason.

    Files of the keeper's own audio are; where no verdict is at hand, nothing is clear.
    """
    first = group.tracks[group.keeper].audio.serial
    verdicts = {frozenset((each.verdict.i, each.verdict.j)): each.verdict for each in group.matches}
    found = {}
    for at, track in enumerate(group.tracks):
        verdict = verdicts.get(frozenset((first, track.audio.serial)))
        if track.audio.serial != first and not track.imported and not (verdict and verdict.clear):
            found[at] = verdict.doubt if verdict else ""
    return found


def _chosen(group: Group, keep: Sequence[Identity]) -> list[int]:
    """Return the indices of the tracks that were chosen: each where it was, else another file of its audio.

    What was imported is no file, and nothing goes for its sake.
    """
    left = {at: identity(track) for at, track in enumerate(group.tracks) if not track.imported}
    files = list(left)

    def take(fits: Callable[[Identity], bool]) -> bool:
        at = next((at for at, there in left.items() if fits(there)), None)
        if at is not None:
            del left[at]
        return at is not None

    moved = [each for each in keep if not take(lambda there, each=each: _same_place(there, each))]  # type: ignore[misc]
    for each in moved:
        take(lambda there, each=each: there.audio == each.audio)  # type: ignore[misc]
    return [at for at in files if at not in left]


def _twice(group: Group, decision: Decision) -> list[int]:
    """Return the indices of the files of one audio of which some were decided to be no duplicates of each other."""
    several = {audio for audio, files in Counter(decision.members).items() if files > 1}
    apart = decision.choice is Choice.APART
    return [at for at, track in enumerate(group.tracks) if apart and track.audio.hash in several]


def _same_place(one: Identity, other: Identity) -> bool:
    return one.audio == other.audio and one.place == other.place
