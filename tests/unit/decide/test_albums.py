"""Albums stay whole: one may go for another that has all of it, and none is left with a hole that nobody has seen."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from comet.core.model import Choice, Decision, Group, Proposal, Standing, Track, identity
from comet.decide import albums, keeper
from comet.decide.albums import Album, Key, Row, Shelf
from comet.decide.proposal import Decisions, propose
from tests.unit.judge.made import match, track

ROOT = "r"
KIND, WORTH = keeper.of_kind(), keeper.of_worth()


def group(*tracks: Track) -> Group:
    """Return a group with the keeper that its worth chooses; all of it is clear."""
    serials = sorted({each.audio.serial for each in tracks})
    matches = tuple(match(i, j) for i, j in combinations(serials, 2))
    return Group("-".join(map(str, serials)), tracks, keeper.choose(tracks), 0, True, matches, ())


def rows(**folders: list[str]) -> list[Row]:
    """Return rows of folders: each name is a title of an album, and the files in it are `1.mp3`, `2.mp3`..."""
    return [
        Row(ROOT, f"{name}/{n}.mp3".encode(), title, "artist", "11")
        for name, titles in folders.items()
        for n, title in enumerate(titles, 1)
    ]


def known(some: list[Row]) -> dict[Key, Album]:
    """Return the albums of all folders."""
    return albums.find(some, {albums.folder((row.root, row.path)) for row in some})


def settled(
    groups: list[Group], found: dict[Key, Album], *decisions: Decision, barred: frozenset[Key] = frozenset()
) -> list[Proposal]:
    """Return what becomes of groups where albums stay whole."""
    made = Decisions(decisions)

    def bars(some: Group) -> dict[int, str]:
        return {at: "no" for at, each in enumerate(some.tracks) if albums.key(each) in barred}

    shelf = Shelf([propose(each, made, bars(each), keeper.choose) for each in groups], found)
    fit, peers = (lambda g: keeper.left(g.tracks, KIND)), (lambda g: keeper.left(g.tracks, WORTH))
    for number, instead in albums.keepers(shelf, fit, peers, keeper.choose).items():
        now = replace(groups[number], keeper=instead.keeper)
        shelf.proposals[number] = propose(now, made, bars(now), keeper.choose)
    return albums.whole(shelf)


def gone(proposals: list[Proposal]) -> list[str]:
    """Return the files that go."""
    return sorted(each.group.tracks[at].file.path.decode() for each in proposals for at in each.remove)


def pairs(a: str, b: str, count: int, **but: object) -> list[Group]:
    """Return a group for each of the first tracks of two folders, the second one's as `but` says."""
    return [
        group(track(2 * n, f"{a}/{n}.mp3"), track(2 * n + 1, f"{b}/{n}.mp3", **but))  # type: ignore[arg-type]
        for n in range(1, count + 1)
    ]


def test_what_an_album_is() -> None:
    """More than half of a folder's files and two at least, spelt alike; its size is what its tags say."""
    found = known(rows(a=["Dummy"] * 2 + [""], b=["Dummy"] * 2 + ["", "x"], c=["One"], d=["Dummy", "dummy"]))
    assert {path for _root, path in found} == {b"a/1.mp3", b"a/2.mp3"}
    album = found[ROOT, b"a/1.mp3"]
    assert (album.title, album.files, album.total, album.mixed) == ("Dummy", 2, 11, False)
    assert albums.find(rows(a=["Dummy"] * 2), set()) == {}


def test_a_compilation_has_several_artists() -> None:
    """Of three artists none has most; two may be one in two spellings. What is no number is no size."""
    some = [Row(ROOT, f"a/{n}.mp3".encode(), "Hits", f"artist {n}", total) for n, total in enumerate(("x", "", "²"))]
    (album, *_more) = known(some).values()
    assert (album.mixed, album.total) == (True, 0)
    (album, *_more) = known(some[:2]).values()
    assert not album.mixed


def test_the_whole_of_one_album_goes() -> None:
    """Where two have the same tracks all keepers lie in one, by the vote of what each track is worth by itself."""
    better = [group(track(2 * n, f"a/{n}.mp3"), track(2 * n + 1, f"b/{n}.mp3", bitrate=320_000)) for n in (1, 2)]
    worse = [group(track(6, "a/3.mp3"), track(7, "b/3.mp3", bitrate=128_000))]
    found = settled(better + worse, known(rows(a=["X"] * 3, b=["X"] * 3)))
    assert gone(found) == ["a/1.mp3", "a/2.mp3", "a/3.mp3"]
    assert all(not each.whole for each in found)


def test_the_larger_album_stays() -> None:
    """One that has all of another is kept, also where that one's tracks have more bits."""
    found = settled(pairs("a", "b", 3, bitrate=320_000), known(rows(a=["X"] * 4, b=["X"] * 3)))
    assert gone(found) == ["b/1.mp3", "b/2.mp3", "b/3.mp3"]


def test_no_album_goes_for_one_that_is_worse_in_kind() -> None:
    """A lossless album is not replaced by a lossy one, even if that has a track more: both stay."""
    found = settled(pairs("a", "b", 3, lossless=True), known(rows(a=["X"] * 4, b=["X"] * 3)))
    assert gone(found) == []
    assert [each.whole for each in found] == [{0: 'it is on the album "X", which would have 1 of 11 tracks left'}] * 3


def test_what_would_leave_a_hole_stays() -> None:
    """A better loose file is the keeper, and the album's track stays beside it, with the reason."""
    loose = group(track(1, "a/1.mp3"), track(2, "loose/x.mp3", bitrate=320_000), track(3, "loose/y.mp3"))
    (found,) = settled([loose], known(rows(a=["Dummy"] * 11)))
    assert (found.keep, found.remove) == ((1, 0), (2,))
    assert found.whole == {0: 'it is on the album "Dummy", which would have 10 of 11 tracks left'}
    assert albums.holes(Shelf([found], known(rows(a=["Dummy"] * 11)))) == []


def test_a_hole_is_told() -> None:
    """By whatever it comes: what would be left, and of how many."""
    proposal = propose(group(track(1, "a/1.mp3"), track(2, "x.mp3", bitrate=320_000)), Decisions([]), {}, keeper.choose)
    (hole,) = albums.holes(Shelf([proposal], known(rows(a=["Dummy\x1b"] * 3))))
    assert hole.words == 'removing leaves "Dummy\\x1b" 2 of 11'


def test_of_what_is_worth_the_same_the_one_on_an_album_is_kept() -> None:
    """Whichever is first by path or larger; the loose one goes, and the reason is told."""
    for loose in (track(1, "a loose.mp3"), track(2, "a loose.mp3", size=2000)):
        (found,) = settled([group(loose, track(1, "b/1.mp3"))], known(rows(b=["Dummy"] * 3)))
        assert gone([found]) == ["a loose.mp3"]


def test_an_album_goes_for_one_that_stays_whole_for_its_own_sake() -> None:
    """What the hole of the one keeps is there for the other."""
    one, two = pairs("a", "b", 2, bitrate=128_000)
    two = group(*two.tracks, track(9, "loose.mp3", bitrate=320_000))
    found = settled([one, two], known(rows(a=["X"] * 3, b=["X"] * 2)))
    assert gone(found) == ["b/1.mp3", "b/2.mp3"]
    assert found[1].whole.keys() == {0}


def test_a_copy_in_the_same_folder_is_no_hole() -> None:
    """Of two files of one recording in an album's folder one goes, whether that is on the album or not."""
    twice = group(track(1, "a/1.mp3"), track(2, "a/2.mp3", bitrate=320_000))
    assert gone(settled([twice], known(rows(a=["X"] * 5)))) == ["a/1.mp3"]
    beside = group(track(1, "a/1.mp3"), track(2, "a/6.mp3", bitrate=320_000))
    assert gone(settled([beside], known(rows(a=["X"] * 5 + [""])))) == ["a/1.mp3"]


def test_an_album_that_is_scattered_over_others_stays() -> None:
    """No other folder has all of it, so it would be gone although each of its tracks is somewhere."""
    one = group(track(1, "best/1.mp3"), track(2, "a/1.mp3", bitrate=320_000))
    other = group(track(3, "best/2.mp3"), track(4, "b/1.mp3", bitrate=320_000))
    found = settled([one, other], known(rows(best=["Best of"] * 2, a=["A"] * 5, b=["B"] * 5)))
    assert gone(found) == []
    assert found[0].whole == {0: 'it is on the album "Best of", which no other folder has as a whole'}
    assert found[0].albums == 'the same recording on the album "A" and on the album "Best of"'


def test_what_somebody_decided_is_done() -> None:
    """A hole of their making is theirs, and what is left for later counts as staying."""
    groups = pairs("a", "b", 2, bitrate=320_000)
    found = known(rows(a=["X"] * 2, b=["X"] * 2))
    hashes = tuple(sorted(each.audio.hash for each in groups[0].tracks))
    keep = Decision(1, Choice.KEEP, hashes, (identity(groups[0].tracks[0]),), 0.0)
    by_hand = settled(groups, found, keep)
    assert by_hand[0].remove == (1,)
    assert by_hand[1].remove == ()
    later = settled(groups, found, Decision(1, Choice.SKIP, hashes, (), 0.0))
    assert later[0].standing is Standing.SKIPPED
    assert gone(later) == []


def test_a_barred_track_keeps_its_album() -> None:
    """What cannot go as a whole does not go at all, and its tracks stay keepers where they are better."""
    bar = frozenset({(ROOT, b"b/1.mp3")})
    found = settled(pairs("a", "b", 2, bitrate=320_000), known(rows(a=["X"] * 3, b=["X"] * 2)), barred=bar)
    assert gone(found) == []
    assert [each.keep[0] for each in found] == [1, 1]


def test_to_check_keeps_the_album() -> None:
    """An album of which one track is not clearly the same as the other's does not go, and its tracks stay keepers."""
    first, second = pairs("a", "b", 2, bitrate=320_000)
    doubt = replace(first, clear=False, matches=(match(2, 3, clear=False),))
    found = settled([doubt, second], known(rows(a=["X"] * 3, b=["X"] * 2)))
    assert gone(found) == []
    assert [each.keep[0] for each in found] == [1, 1]


def test_of_three_alike_one_stays() -> None:
    """Two go, one after the other, and never for one that goes itself."""
    groups = [group(*(track(3 * n + i, f"{name}/{n}.mp3") for i, name in enumerate("abc"))) for n in (1, 2)]
    found = settled(groups, known(rows(a=["X"] * 2, b=["X"] * 2, c=["X"] * 2)))
    assert gone(found) == ["b/1.mp3", "b/2.mp3", "c/1.mp3", "c/2.mp3"]


def test_three_that_each_beat_another_one_do_not_all_go() -> None:
    """However the votes go round in a circle, one album stays whole."""
    worth = ((3, 2, 1), (1, 3, 2), (2, 1, 3))
    groups = [
        group(*(track(10 * n + i, f"{name}/{n}.mp3", bitrate=64_000 * worth[n - 1][i]) for i, name in enumerate("abc")))
        for n in (1, 2, 3)
    ]
    left = {f"{name}/{n}.mp3" for name in "abc" for n in (1, 2, 3)}
    left -= set(gone(settled(groups, known(rows(a=["X"] * 3, b=["X"] * 3, c=["X"] * 3)))))
    assert len(left) == len({path[0] for path in left}) * 3 == 3


def test_an_album_with_a_track_twice_goes_as_a_whole() -> None:
    """What counts are recordings, not files."""
    twice = group(track(1, "a/1.mp3"), track(2, "b/1.mp3"), track(3, "b/2.mp3"))
    found = settled([twice, group(track(4, "a/2.mp3"), track(5, "b/3.mp3"))], known(rows(a=["X"] * 2, b=["X"] * 3)))
    assert gone(found) == ["b/1.mp3", "b/2.mp3", "b/3.mp3"]


places = st.lists(
    st.lists(st.tuples(st.integers(0, 4), st.integers(1, 4), st.integers(0, 2)), min_size=2, max_size=5, unique=True),
    min_size=1,
    max_size=6,
)


@given(places, st.integers(0, 9))
def test_nothing_of_a_group_is_lost_and_no_album_gets_a_hole(made: list[list[tuple[int, int, int]]], turn: int) -> None:
    """Each group keeps a track; no album loses some recordings and not all; the order of groups changes nothing."""
    seen: set[tuple[int, int]] = set()
    groups, serial = [], 0
    for some in made:
        tracks = []
        for folder, n, worth in some:
            if (folder, n) not in seen:
                seen.add((folder, n))
                serial += 1
                tracks.append(track(serial, f"{folder}/{n}.mp3", bitrate=64_000 * (1 + worth), lossless=worth == 2))
        groups += [group(*tracks)] if len(tracks) > 1 else []
    found = known(rows(**{str(folder): [f"album {folder}"] * 4 for folder in range(4)}, **{"4": list("abcd")}))
    proposals = settled(groups, found)
    for proposal in proposals:
        assert proposal.keep
        assert not set(proposal.whole) & set(proposal.remove)
        assert sorted({*proposal.keep, *proposal.remove}) == list(range(len(proposal.group.tracks)))
    assert albums.holes(Shelf(proposals, found)) == []
    turned = groups[turn % (len(groups) or 1) :] + groups[: turn % (len(groups) or 1)]
    assert gone(settled(turned, found)) == gone(proposals)
    assert gone(settled(turned[::-1], found)) == gone(proposals)
