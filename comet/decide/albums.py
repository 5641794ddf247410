"""Albums: what is one, which of two may go as a whole, and what stays so that none is left with a hole. Pure.

A key names a file or a folder: root id, and path below the root. An album is told from its tags and its folder; what
is on it counts by recording: of two files of one recording in its folder one may go.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple, TypeAlias

from comet.core.model import Group, Proposal, Standing, Track
from comet.core.text import _, safe
from comet.decide.proposal import doubtful

Key: TypeAlias = tuple[str, bytes]
Fit: TypeAlias = Callable[[Group], Collection[int]]
"""The indices of those tracks of a group that may be its keeper for an album's sake: none of them lacks music, or is
worse in kind, and no rule speaks against it."""
Peers: TypeAlias = Fit
"""Likewise of those that are worth as much as the keeper, so that only size or path tell them apart."""
Choose: TypeAlias = Callable[[Sequence[Track]], int]

LEAST: Final = 2
"""Files of one title that are an album; a single track in a folder of its own cannot get a hole."""

ARTISTS: Final = 3
"""Artists that a compilation has at least; two may be one, spelt in two ways."""


class Row(NamedTuple):
    """What a file says of its album; empty texts where it says nothing."""

    root: str
    path: bytes
    album: str
    artist: str
    total: str
    """How many tracks the album has."""


@dataclass(frozen=True, slots=True, eq=False)
class Album:
    """Most of a folder's files, under one title."""

    key: Key
    """Of the folder."""
    title: str
    files: int
    total: int
    """Tracks that it says it has, 0 where it does not."""
    mixed: bool
    """It has several artists, none of them most of it."""

    @property
    def words(self) -> str:
        """The album in a sentence."""
        told = _('the compilation "{title}"') if self.mixed else _('the album "{title}"')
        return told.format(title=safe(self.title))


class Hole(NamedTuple):
    """An album that would lose some of its tracks, but not all."""

    album: Album
    left: int
    """Tracks that it would have left."""
    total: int
    """Tracks that it says it has, or has now where that is more."""

    @property
    def words(self) -> str:
        """What would be left, as a sentence."""
        told = _('removing leaves "{title}" {left} of {total}')
        return told.format(title=safe(self.album.title), left=self.left, total=self.total)


def folder(key: Key) -> Key:
    """Return the folder of a file, or of a folder the one above it; that of a root itself is itself."""
    return key[0], key[1].rpartition(b"/")[0]


def key(track: Track) -> Key:
    """Return what names a track's file."""
    return track.file.root, track.file.path


def find(rows: Iterable[Row], wanted: Collection[Key]) -> dict[Key, Album]:
    """Return the album of each file that is on one.

    A folder's album is the title that more than half of its files have, spelt alike, and two of them at least; a folder
    with many titles, like one for downloads, has none.

    Args:
        rows: every file of the collection, also those whose tags say nothing.
        wanted: the folders that matter.
    """
    folders: dict[Key, list[Row]] = defaultdict(list)
    for row in rows:
        if (at := folder((row.root, row.path))) in wanted:
            folders[at].append(row)
    found = {}
    for at, some in folders.items():
        ((title, count),) = Counter(row.album for row in some).most_common(1)
        if title and count >= LEAST and 2 * count > len(some):
            on = [row for row in some if row.album == title]
            artists = Counter(row.artist for row in on)
            total = max(int(row.total) if row.total.isdecimal() and len(row.total) < 5 else 0 for row in on)
            mixed = len(artists) >= ARTISTS and 2 * max(artists.values()) <= count
            found.update(dict.fromkeys(((row.root, row.path) for row in on), Album(at, title, count, total, mixed)))
    return found


class Shelf:
    """Proposals, and which of their tracks are on which album."""

    def __init__(self, proposals: Iterable[Proposal], albums: Mapping[Key, Album]) -> None:
        """Take proposals, which may be replaced by others for the same tracks, and the albums from `find`."""
        self.proposals = list(proposals)
        self.on: list[dict[Album, list[int]]] = []
        """By proposal: the indices of its tracks that are on an album."""
        self.places: dict[Album, list[int]] = defaultdict(list)
        """The proposals that each album has a track in."""
        self.twice: Counter[Album] = Counter()
        """Files of an album beside another one of the same recording."""
        for number, proposal in enumerate(self.proposals):
            on: dict[Album, list[int]] = {}
            for at, track in enumerate(proposal.group.tracks):
                if album := albums.get(key(track)):
                    on.setdefault(album, []).append(at)
            for album, tracks in on.items():
                self.places[album].append(number)
                if len(tracks) > 1:
                    self.twice[album] += len(tracks) - 1
            self.on.append(on)

    def tracks(self, number: int) -> Iterator[tuple[int, Track]]:
        """Yield the tracks of a proposal with their indices."""
        return enumerate(self.proposals[number].group.tracks)

    def recordings(self, album: Album) -> int:
        """Return how many recordings an album has."""
        return album.files - self.twice[album]

    def undecided(self, number: int) -> bool:
        """Tell whether nobody has said anything about a proposal's group."""
        proposal = self.proposals[number]
        return proposal.decision is None and proposal.standing is Standing.OPEN

    def lost(self, *, later: bool = False) -> dict[Album, list[int]]:
        """Return the proposals by which each album would lose a recording: all but what was left for later, or that."""
        found: dict[Album, list[int]] = defaultdict(list)
        for number, on in enumerate(self.on):
            if on and (self.proposals[number].standing is Standing.SKIPPED) is later:
                gone = set(self.proposals[number].remove)
                left = {folder(key(track)) for at, track in self.tracks(number) if at not in gone}
                for album in on:
                    if album.key not in left:
                        found[album].append(number)
        return found


def holes(shelf: Shelf) -> list[Hole]:
    """Return the albums that would lose some of their recordings, but not all, in order of their folders."""
    lost = {album: len(some) for album, some in shelf.lost().items() if len(some) < shelf.recordings(album)}
    return [_hole(shelf, album, lost[album]) for album in sorted(lost, key=lambda each: each.key)]


def _hole(shelf: Shelf, album: Album, lost: int) -> Hole:
    there = shelf.recordings(album)
    return Hole(album, there - lost, max(there, album.total))


class Instead(NamedTuple):
    """A keeper in place of the one whose own worth made it that."""

    keeper: int
    """Index of the track."""
    why: str
    """As a sentence."""


def keepers(shelf: Shelf, fit: Fit, peers: Peers, choose: Choose) -> dict[int, Instead]:
    """Return which track shall be the keeper in place of the one that is the best by itself, by number of the proposal.

    Of files that are worth the same one on an album is kept before a loose one. And where one folder has all that is on
    an album, and is no smaller an album itself or has more of the tracks that are kept anyway, its tracks are kept in
    place of these, so that the other album goes as a whole.

    Args:
        shelf: what would become of the groups.
        fit: which tracks of a group may be its keeper.
        peers: which are worth as much as any.
        choose: index of the best among several tracks.
    """
    seats = _Seats(shelf, fit, choose)
    better = {
        number: at for number, on in enumerate(shelf.on) if on and (at := _peer(shelf, number, peers)) is not None
    }
    found = {number: Instead(at, _("it is on an album")) for number, at in better.items()}
    gone: set[Album] = set()
    heirs: dict[int, set[_Seat]] = defaultdict(set)
    leaving = [album for album in shelf.places if seats.may_leave(album)]
    for album in sorted(leaving, key=lambda each: (shelf.recordings(each), each.key)):
        heir = seats.heir(album, gone)
        if heir is not None:
            gone.add(album)
            for number in shelf.places[album]:
                heirs[number].add(heir)
    for number, some in heirs.items():
        first = shelf.proposals[number].group.keeper
        if any(first in shelf.on[number].get(album, ()) for album in gone & shelf.on[number].keys()):
            at = seats.best(number, [seats.of(number)[seat] for seat in some - gone])
            found[number] = Instead(at, _("its folder has all of an album that goes"))
    return {number: each for number, each in found.items() if each.keeper != shelf.proposals[number].group.keeper}


def _peer(shelf: Shelf, number: int, peers: Peers) -> int | None:
    """Return a track on an album that is worth as much as a loose keeper; None where there is none."""
    proposal = shelf.proposals[number]
    tracks, first = proposal.group.tracks, proposal.group.keeper
    on = {at for some in shelf.on[number].values() for at in some}
    if first in on or first in proposal.barred or not shelf.undecided(number):
        return None
    return min(on.intersection(peers(proposal.group)), key=lambda at: key(tracks[at]), default=None)


_Seat: TypeAlias = Album | Key
"""An album, or a folder for what lies in it and is on none."""


class _Seats:
    """Who may be the keeper of each group: for each album and folder the best of its tracks."""

    def __init__(self, shelf: Shelf, fit: Fit, choose: Choose) -> None:
        self._shelf = shelf
        self._fit = fit
        self._choose = choose
        self._there: dict[int, dict[_Seat, list[int]]] = {}
        self._known: dict[int, dict[_Seat, int]] = {}

    def there(self, number: int) -> dict[_Seat, list[int]]:
        """Return the tracks of a group by album and folder, whatever they are worth."""
        if number not in self._there:
            album = {at: album for album, some in self._shelf.on[number].items() for at in some}
            found: dict[_Seat, list[int]] = {}
            for at, track in self._shelf.tracks(number):
                found.setdefault(album.get(at) or folder(key(track)), []).append(at)
            self._there[number] = found
        return self._there[number]

    def of(self, number: int) -> dict[_Seat, int]:
        """Return the best track of each album and folder that may be the keeper of a group."""
        if number not in self._known:
            fit = set(self._fit(self._shelf.proposals[number].group))
            fitting = {seat: [at for at in some if at in fit] for seat, some in self.there(number).items()}
            self._known[number] = {seat: self.best(number, some) for seat, some in fitting.items() if some}
        return self._known[number]

    def best(self, number: int, some: Sequence[int]) -> int:
        """Return the best of some tracks of a group by their own worth."""
        group = self._shelf.proposals[number].group
        if group.keeper in some or len(some) == 1:
            return group.keeper if group.keeper in some else some[0]
        return some[self._choose([group.tracks[at] for at in some])]

    def may_leave(self, album: Album) -> bool:
        """Tell whether each track of an album is in a group that nobody has decided about, and none is barred."""
        places = self._shelf.places[album]
        if len(places) != self._shelf.recordings(album):
            return False
        return all(
            self._shelf.undecided(number)
            and len(self._shelf.proposals[number].group.tracks) > len(self._shelf.on[number][album])
            and not self._shelf.proposals[number].barred.keys() & self._shelf.on[number][album]
            for number in places
        )

    def heir(self, album: Album, gone: Collection[_Seat]) -> _Seat | None:
        """Return the album or folder that has all of an album and may be kept in its place; None where none may."""
        places = sorted(self._shelf.places[album], key=lambda number: len(self._shelf.proposals[number].group.tracks))
        common = [seat for seat in self.there(places[0]) if seat is not album and seat not in gone]
        for number in places:
            common = [seat for seat in common if seat in self.there(number)]
        for number in places if common else ():  # what a track is worth takes longer to tell than where it lies
            common = [seat for seat in common if seat in self.of(number) and self._clear(number, album, seat)]
        claims = {seat: claim for seat in common if (claim := self._claim(album, seat))}
        return max(claims, key=claims.__getitem__, default=None)

    def _clear(self, number: int, album: Album, seat: _Seat) -> bool:
        """Tell whether an album's tracks are clearly the same as the track that would be kept in their place."""
        group = self._shelf.proposals[number].group
        return group.clear or not doubtful(replace(group, keeper=self.of(number)[seat])).keys() & set(
            self._shelf.on[number][album]
        )

    def _claim(self, album: Album, seat: _Seat) -> tuple[int, int, int, Key] | None:
        """Return how much speaks for keeping this one and not the album, the weightiest first; None for too little."""
        votes = sum(1 if self._wins(number, seat, album) else -1 for number in self._shelf.places[album])
        if not isinstance(seat, Album):
            return (0, 0, votes, seat) if votes > 0 else None
        more = self._shelf.recordings(seat) - self._shelf.recordings(album)
        return (1, more, votes, seat.key) if (more, votes, album.key) > (0, 0, seat.key) else None

    def _wins(self, number: int, seat: _Seat, album: Album) -> bool:
        """Tell whether of two tracks of a group the first one's is the better one."""
        mine = self.of(number)[seat]
        theirs = self.of(number).get(album)
        return theirs is None or self.best(number, [mine, theirs]) == mine


def whole(shelf: Shelf) -> list[Proposal]:
    """Return proposals by which no album gets a hole through what nobody has decided.

    An album may lose all of its recordings where some one folder keeps all of them; otherwise what would go stays.
    """
    stays: dict[int, dict[int, str]] = defaultdict(dict)
    by_holes = sorted(shelf.lost().items(), key=lambda each: (len(each[1]) == shelf.recordings(each[0]), each[0].key))
    for album, lost in by_holes:  # what stays of these may be what lets the others go
        if len(lost) == shelf.recordings(album) and _kept_together(shelf, lost, stays):
            continue
        why = _why(shelf, album, len(lost))
        for number in filter(shelf.undecided, lost):
            stays[number][shelf.on[number][album][0]] = why  # the best known of them
    for album, later in shelf.lost(later=True).items():  # each of these goes alone, when somebody names it
        for number in later:
            stays[number][shelf.on[number][album][0]] = _why(shelf, album, 1)
    found = []
    for number, proposal in enumerate(shelf.proposals):
        some, told = stays.get(number, {}), _told(shelf.on[number])
        changed = replace(proposal, keep=(*proposal.keep, *some), whole=some, albums=told) if some or told else proposal
        found.append(changed)
    return found


def _why(shelf: Shelf, album: Album, lost: int) -> str:
    hole = _hole(shelf, album, lost)
    if not hole.left:
        return _("it is on {album}, which no other folder has as a whole").format(album=album.words)
    return _("it is on {album}, which would have {left} of {total} tracks left").format(
        album=album.words, left=hole.left, total=hole.total
    )


def _kept_together(shelf: Shelf, numbers: Iterable[int], stays: Mapping[int, Collection[int]]) -> bool:
    """Tell whether some one folder has a track that stays in each of these groups."""
    common: set[Key] | None = None
    for number in numbers:
        gone = set(shelf.proposals[number].remove).difference(stays.get(number, ()))
        here = {folder(key(track)) for at, track in shelf.tracks(number) if at not in gone}
        common = here if common is None else common & here
    return bool(common)


def _told(on: Mapping[Album, Sequence[int]]) -> str:
    """Return which albums the tracks of a group are on, as a sentence; empty where these are not several."""
    if len(on) < 2 or len({album.title for album in on}) < 2:
        return ""
    words = list(dict.fromkeys(album.words for album in sorted(on, key=lambda each: (each.mixed, each.title))))
    return _("the same recording on {first} and on {others}").format(first=words[0], others=", ".join(words[1:]))


def folders(proposals: Iterable[Proposal]) -> Iterator[Key]:
    """Yield the folders that tracks of some groups lie in."""
    for proposal in proposals:
        for track in proposal.group.tracks:
            yield folder(key(track))
