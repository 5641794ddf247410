"""Folders that hold the same tracks, two at a time: one answer for all that they share. Pure.

Folders below each other count too: a track belongs to the deepest of them that it lies in. Where two folders hold the
same in several folders of one name, as albums of several discs do, they are told as one pair.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import combinations
from typing import Final, NamedTuple

from comet.core.model import Proposal, Standing
from comet.core.text import _
from comet.decide import albums
from comet.decide.albums import Album, Choose, Fit, Hole, Key, Shelf, folder, key
from comet.decide.proposal import doubtful

LEAST: Final = 2
"""Groups that two folders share, from which on one answer for them is less than an answer each."""

MANY: Final = 24
"""Folders of one group beyond which only the keeper's is paired with each: these are 276 pairs, and a jingle that lies
in a thousand folders would make half a million."""


@dataclass(frozen=True, slots=True)
class FolderPair:
    """What would become of all that two folders share if one of them was kept."""

    keep: Key
    over: tuple[Key, ...]
    """The other one, whose tracks go; where somebody named several, these."""
    proposals: tuple[Proposal, ...]
    """The groups that both have a track of and that nobody has decided about; nothing goes but what lies in `over`."""
    decided: tuple[Proposal, ...]
    """Groups that both have a track of, but about which something was decided: they are left as they are."""
    lacks: int
    """Files of `over` that `keep` has no track for; they stay."""
    lacked: int
    """Files of `keep` that `over` has no track for."""
    elsewhere: int
    """Tracks of these groups that lie in neither folder, and stay."""
    worse: int
    """Groups in which the track that is kept lacks something that another one has, or is worse in kind."""
    holes: tuple[Hole, ...]
    """Albums that would lose some of their tracks, but not all."""

    @property
    def size(self) -> int:
        """Bytes of what goes."""
        return sum(each.frees for each in self.proposals)

    @property
    def files(self) -> int:
        """How many files go."""
        return sum(len(each.remove) for each in self.proposals)

    @property
    def check(self) -> int:
        """Tracks of `over` that are to check, and stay."""
        return sum(len(each.doubtful) for each in self.proposals)

    @property
    def barred(self) -> int:
        """Tracks of `over` that cannot be removed."""
        return sum(
            side(key(each.group.tracks[at]), (self.keep, *self.over)) in self.over
            for each in self.proposals
            for at in each.barred
        )


def below(file: Key, top: Key) -> bool:
    """Tell whether a file or folder lies in a folder, however deep, or is it."""
    root, path = top
    return file[0] == root and (not path or file[1] == path or file[1].startswith(path + b"/"))


def side(file: Key, tops: Iterable[Key]) -> Key | None:
    """Return the deepest of some folders that a file lies in."""
    return max((top for top in tops if below(file, top)), key=lambda top: len(top[1]), default=None)


def counts(files: Iterable[Key], wanted: Iterable[Key]) -> dict[Key, int]:
    """Return how many files lie in each of some folders, however deep."""
    found = dict.fromkeys(wanted, 0)
    direct = Counter(map(folder, files))
    for at, many in direct.items():
        for above in _upwards(at):
            if above in found:
                found[above] += many
    return found


def _upwards(at: Key) -> Iterator[Key]:
    """Yield a folder and those above it, up to the root."""
    yield at
    while at[1]:
        at = folder(at)
        yield at


def shared(proposals: Sequence[Proposal]) -> dict[tuple[Key, Key], list[int]]:
    """Return the pairs of folders that share enough to be asked about, with the numbers of all groups of both."""
    found: dict[tuple[Key, Key], list[int]] = defaultdict(list)
    for number, proposal in enumerate(proposals):
        tracks = proposal.group.tracks
        tops = sorted({folder(key(track)) for track in tracks if not track.imported})
        first = folder(key(tracks[proposal.keep[0]]))
        about = (
            combinations(tops, 2) if len(tops) <= MANY else ((min(first, t), max(first, t)) for t in tops if t != first)
        )
        for pair in about:
            found[pair].append(number)
    waits = [_open(proposal) for proposal in proposals]
    told = [pair for pair, some in _folded(found).items() if sum(waits[number] for number in some) >= LEAST]
    held = _held(proposals, {top for pair in told for top in pair})
    return {(one, other): sorted(held[one] & held[other]) for one, other in told}


def _held(proposals: Iterable[Proposal], tops: Iterable[Key]) -> dict[Key, set[int]]:
    """Return the numbers of the groups that each of some folders has a track of, however deep."""
    found: dict[Key, set[int]] = {top: set() for top in tops}
    for number, proposal in enumerate(proposals):
        for at in {folder(key(track)) for track in proposal.group.tracks}:
            for above in _upwards(at):
                if above in found:
                    found[above].add(number)
    return found


def _open(proposal: Proposal) -> bool:
    """Tell whether nobody has decided about a group."""
    return proposal.decision is None and proposal.standing is Standing.OPEN and not proposal.reopened


def _folded(found: Mapping[tuple[Key, Key], Iterable[int]]) -> dict[tuple[Key, Key], list[int]]:
    """Return pairs of folders, and in place of several of one name below the same two folders these two."""
    levels: dict[int, dict[tuple[Key, Key], list[_Lifted]]] = defaultdict(lambda: defaultdict(list))
    for pair, numbers in found.items():
        levels[_depth(pair)][pair].append(_Lifted(pair, set(numbers)))
    folded = {}
    for depth in range(max(levels, default=0), -1, -1):
        for pair, lifted in levels.pop(depth, {}).items():
            joined = lifted[0] if len(lifted) == 1 else _Lifted(pair, set().union(*(each.numbers for each in lifted)))
            above = (folder(pair[0]), folder(pair[1]))
            if _name(pair[0]) == _name(pair[1]) != b"" and above[0] != above[1]:
                levels[_depth(above)][min(above, above[::-1])].append(joined)
            else:
                folded[joined.pair] = sorted(joined.numbers)
    return folded


class _Lifted(NamedTuple):
    """A pair of folders that is told as such, on its way up to where another one of the same name joins it."""

    pair: tuple[Key, Key]
    numbers: set[int]


def _name(top: Key) -> bytes:
    return top[1].rpartition(b"/")[2]


def _depth(pair: tuple[Key, Key]) -> int:
    return sum(top[1].count(b"/") + bool(top[1]) for top in pair)


@dataclass(frozen=True, slots=True)
class Weigher:
    """Weighs folders against each other."""

    files: Mapping[Key, int]
    """How many files lie in each folder that is asked about, however deep."""
    albums: Mapping[Key, Album]
    """From `albums.find`."""
    choose: Choose
    """Index of the best among several tracks."""
    fit: Fit
    """Which tracks of a group may be its keeper."""

    def better(self, proposals: Sequence[Proposal], tops: tuple[Key, Key]) -> FolderPair:
        """Return what would become of two folders if the one was kept that speaks more for itself.

        That is the one that is worse in fewer groups, that leaves holes in fewer albums, that has all of the other one,
        or in which more keepers lie.

        Args:
            proposals: all groups that both have a track of are among them.
            tops: the folders.
        """
        both = (self.kept(proposals, tops[0], tops[1:]), self.kept(proposals, tops[1], tops[:1]))
        shared = {each.group.id for each in both[0].proposals}
        first = (each.group.tracks[each.keep[0]] for each in proposals if each.group.id in shared)
        votes = Counter(side(key(track), tops) for track in first)
        return min(both, key=lambda pair: (pair.worse, len(pair.holes), pair.lacks > 0, -votes[pair.keep], pair.keep))

    def kept(self, proposals: Iterable[Proposal], keep: Key, over: tuple[Key, ...]) -> FolderPair:
        """Return what would become of folders if one of them was kept over the others; `proposals` as above."""
        found, decided, elsewhere, inside = [], [], 0, Counter[Key | None]()
        lies = cache(lambda at: side(at, (keep, *over)))
        for proposal in proposals:
            sides = [lies(folder(key(track))) for track in proposal.group.tracks]
            if keep not in sides or not any(top in sides for top in over):
                continue
            inside.update(sides)
            if _open(proposal):
                found.append(self._answered(proposal, sides, keep, over))
                elsewhere += sides.count(None)
            else:
                decided.append(proposal)
        holes = tuple(albums.holes(Shelf(found, self.albums)))
        beside = {top: self._within(top, (keep, *over)) - inside[top] for top in (keep, *over)}
        lacks = sum(beside[top] for top in over)
        worse = sum(each.group.keeper not in self.fit(each.group) for each in found)
        return FolderPair(keep, over, tuple(found), tuple(decided), lacks, beside[keep], elsewhere, worse, holes)

    def _within(self, top: Key, tops: Iterable[Key]) -> int:
        """Return how many files lie in a folder, and in none of some others inside of it."""
        inner = [other for other in tops if other != top and below(other, top)]
        outermost = [one for one in inner if not any(one != other and below(one, other) for other in inner)]
        return self.files[top] - sum(self.files[other] for other in outermost)

    def _answered(self, proposal: Proposal, sides: Sequence[Key | None], keep: Key, over: tuple[Key, ...]) -> Proposal:
        """Return what becomes of a group of which one folder's tracks are kept over another's."""
        tracks, first = proposal.group.tracks, proposal.group.keeper
        mine = [at for at, here in enumerate(sides) if here == keep]
        if first not in mine:
            first = mine[self.choose([tracks[at] for at in mine])]
        group = replace(proposal.group, keeper=first)
        doubts = {at: why for at, why in doubtful(group).items() if sides[at] in over}
        stays = [at for at, here in enumerate(sides) if at != first and (here not in over or at in doubts)]
        because = _("its folder is kept")
        return Proposal(group, (first, *stays), proposal.barred, Standing.OPEN, doubtful=doubts, because=because)
