"""Tracks into groups: complete linkage, nothing lost, whatever the order."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comet.core.model import Group, Match, Relation, Track
from comet.judge.groups import group, group_id, saving
from tests.unit.judge.made import match, track

if TYPE_CHECKING:
    from collections.abc import Sequence


def first(_tracks: tuple[Track, ...]) -> int:
    """Keep the first track."""
    return 0


def members(groups: list[Group]) -> list[list[int]]:
    """Return the serial numbers of each group's audios."""
    return sorted(sorted({t.audio.serial for t in g.tracks}) for g in groups)


def linked_slowly(count: int, evidence: dict[tuple[int, int], float]) -> list[list[int]]:
    """Return the clusters of complete linkage over serials 1..count by looking at every pair of clusters each time."""
    clusters = [[n] for n in range(1, count + 1)]

    def weakest(one: list[int], other: list[int]) -> float:
        return min(evidence.get((min(x, y), max(x, y)), -1.0) for x in one for y in other)

    while len(clusters) > 1:
        one, other = max(itertools.combinations(clusters, 2), key=lambda two: weakest(*two))
        if weakest(one, other) < 0:
            break
        clusters = [c for c in clusters if c not in (one, other)] + [sorted(one + other)]
    return sorted(c for c in clusters if len(c) > 1)


def test_pairwise_same_is_one_group() -> None:
    """Three audios, each the same as each: one group with its three pairs."""
    (found,) = group([track(1), track(2), track(3)], [match(1, 2), match(2, 3), match(1, 3)], first)
    assert members([found]) == [[1, 2, 3]]
    assert (len(found.matches), found.left_over, found.clear) == (3, (), True)


def test_chain_is_cut_at_its_weaker_link() -> None:
    """a-b and b-c without a-c: the stronger pair is the group, the other pair is shown beside it."""
    weak, strong = match(1, 2, 20.0), match(2, 3, 30.0)
    (found,) = group([track(1), track(2), track(3)], [weak, strong], first)
    assert members([found]) == [[2, 3]]
    assert (found.matches, found.left_over) == ((strong,), (weak,))


def test_left_over_is_shown_beside_both() -> None:
    """A same pair between two groups is shown beside each of them."""
    bridge = match(2, 3, 20.0)
    both = group([track(n) for n in range(1, 5)], [match(1, 2), match(3, 4), bridge], first)
    assert [g.left_over for g in both] == [(bridge,), (bridge,)]


def test_files_of_one_audio_need_no_match() -> None:
    """Byte copies and retagged files are together even with no pair at all, and without a doubt."""
    (found,) = group([track(1, "a.mp3"), track(1, "b.mp3"), track(2)], [], first)
    assert [t.path for t in found.tracks] == ["/music/a.mp3", "/music/b.mp3"]
    assert (found.matches, found.clear) == ((), True)


def test_files_of_one_audio_stay_together() -> None:
    """All files of an audio follow it into its group."""
    (found,) = group([track(1, "a.mp3"), track(2), track(1, "b.mp3")], [match(1, 2)], first)
    assert len(found.tracks) == 3


def test_only_same_counts() -> None:
    """Pairs of any other relation join nothing and are not left over."""
    others = [match(1, 2, relation=r) for r in Relation if r is not Relation.SAME]
    assert group([track(1), track(2)], others, first) == []


def test_pair_without_a_file_is_passed_over() -> None:
    """A pair with an audio that has no file here is not about this collection; nor is an audio paired with itself."""
    strangers = [match(1, 3), match(0, 2), match(2, 2)]
    assert group([track(1), track(2)], strangers, first) == []
    (found,) = group([track(1), track(2)], [match(1, 2), *strangers], first)
    assert (len(found.matches), found.left_over) == (1, ())


def test_pair_given_twice_joins_nothing_more() -> None:
    """A pair that comes twice does not stand for the pair that is missing."""
    found = group([track(n) for n in (1, 2, 3)], [match(1, 2), match(1, 3), match(1, 3, 49.0)], first)
    assert members(found) == [[1, 2]]


def test_one_doubt_makes_a_group_to_check() -> None:
    """One pair to check inside makes the whole group to check, one beside it does not."""
    tracks = [track(n) for n in (1, 2, 3)]
    assert group(tracks, [match(1, 2, clear=False)], first)[0].clear is False
    assert group(tracks, [match(1, 2), match(2, 3, 20.0, clear=False)], first)[0].clear is True


def test_saving_is_all_but_the_largest() -> None:
    """What comes back is the sum of the sizes without the largest; groups with more come first."""
    tracks = [track(1, size=50), track(2, size=70), track(3, size=900), track(4, size=100), track(4, "x", size=60)]
    found = group(tracks, [match(1, 2), match(3, 4)], first)
    assert [g.saving for g in found] == [160, 50]


def test_names_of_one_file_count_once() -> None:
    """Hard-linked names save nothing: the file counts once."""
    tracks = [track(1, "a", size=70, inode="1:2"), track(1, "b", size=70, inode="1:2"), track(2, size=50)]
    assert saving(tracks) == 50
    assert saving(tracks[:2]) == 0


def test_tracks_by_length_bitrate_path() -> None:
    """Inside a group the longest comes first, then the higher bitrate, then by path."""
    tracks = [
        track(1, "c", duration=200.0, bitrate=320_000),
        track(2, "b", duration=210.0, bitrate=128_000),
        track(3, "e", duration=200.0, bitrate=128_000),
        track(3, "d", duration=200.0, bitrate=128_000),
    ]
    (found,) = group(tracks, [match(1, 2), match(2, 3), match(1, 3)], first)
    assert [t.file.path for t in found.tracks] == [b"b", b"c", b"d", b"e"]


def test_keeper_is_asked_with_the_sorted_tracks() -> None:
    """The keeper is chosen among the tracks in the order in which the group lists them."""
    asked: list[tuple[Track, ...]] = []

    def second(tracks: tuple[Track, ...]) -> int:
        asked.append(tracks)
        return 1

    (found,) = group([track(2), track(1, duration=900.0)], [match(1, 2)], second)
    assert found.keeper == 1
    assert asked == [found.tracks]


@pytest.mark.parametrize("change", [{"root": "other"}, {"path": b"elsewhere"}])
def test_id_names_the_members(change: dict[str, object]) -> None:
    """The id does not depend on order or size, and changes with audio, root and path of any member."""
    one, other = track(1), track(2)
    name = group_id([one, other])
    assert len(name) >= 12
    assert group_id([replace(other, file=replace(other.file, size=7)), one]) == name
    assert group_id([one, replace(other, file=replace(other.file, **change))]) != name  # type: ignore[arg-type]
    assert group_id([one, replace(other, audio=replace(other.audio, hash="b3:0"))]) != name


def test_id_keeps_fields_apart() -> None:
    """What ends one field and begins the next is not confused."""
    assert group_id([track(1, "c", root="ab")]) != group_id([track(1, "bc", root="a")])


@st.composite
def collections(draw: st.DrawFn) -> tuple[list[Track], list[Match]]:
    """Draw up to 9 audios with one to three files each, and same pairs between some, often of equal evidence."""
    count = draw(st.integers(0, 9))
    tracks = [track(n, f"{n}-{k}", size=n) for n in range(1, count + 1) for k in range(draw(st.integers(1, 3)))]
    pairs = list(itertools.combinations(range(1, count + 1), 2))
    some = draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else []
    evidence = st.sampled_from([10.0, 20.0]) | st.floats(10, 99)
    return tracks, [match(i, j, draw(evidence), clear=draw(st.booleans())) for i, j in some]


def check_nothing_lost(groups: Sequence[Group], matches: Sequence[Match]) -> None:
    """Hold that each same pair is inside one group, or beside each one that it touches and inside none."""
    inside = Counter(id(m) for g in groups for m in g.matches)
    beside = Counter(id(m) for g in groups for m in g.left_over)
    for m in matches:
        touched = sum(bool({t.audio.serial for t in g.tracks} & {m.pair.i, m.pair.j}) for g in groups)
        assert (inside[id(m)], beside[id(m)]) in {(1, 0), (0, touched)}
        assert touched > 0
    assert set(inside) | set(beside) <= {id(m) for m in matches}


@given(collections())
def test_nothing_is_lost(collection: tuple[list[Track], list[Match]]) -> None:
    """Each same pair is inside one group or beside those it touches; members are pairwise same; no file is in two."""
    tracks, matches = collection
    groups = group(tracks, matches, first)
    check_nothing_lost(groups, matches)
    same = {(m.pair.i, m.pair.j) for m in matches}
    for g in groups:
        serials = sorted({t.audio.serial for t in g.tracks})
        assert set(itertools.combinations(serials, 2)) <= same
        assert len(g.matches) == len(serials) * (len(serials) - 1) // 2
    assert max(Counter(t.path for g in groups for t in g.tracks).values(), default=1) == 1
    copies = Counter(t.audio.serial for t in tracks)
    grouped = Counter(t.audio.serial for g in groups for t in g.tracks)
    assert all(grouped[serial] == files for serial, files in copies.items() if files > 1)


@given(collections(), st.randoms(use_true_random=False))
def test_order_does_not_matter(collection: tuple[list[Track], list[Match]], chance: object) -> None:
    """However tracks and pairs are shuffled, the groups are equal, in the same order."""
    tracks, matches = collection
    groups = group(tracks, matches, first)
    shuffled, mixed = tracks.copy(), matches.copy()
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    assert group(shuffled, mixed, first) == groups
    assert [(-g.saving, g.id) for g in groups] == sorted((-g.saving, g.id) for g in groups)


@given(st.integers(1, 9), st.data())
def test_clusters_are_those_of_the_slow_way(count: int, data: st.DataObject) -> None:
    """One pass over the sorted pairs finds what looking at every pair of clusters finds."""
    pairs = list(itertools.combinations(range(1, count + 1), 2))
    strength = data.draw(st.permutations(range(len(pairs))))
    evidence = {pair: 10.0 + s for pair, s in zip(pairs, strength, strict=True) if data.draw(st.integers(0, 3))}
    found = group([track(n) for n in range(1, count + 1)], [match(i, j, z) for (i, j), z in evidence.items()], first)
    assert members(found) == linked_slowly(count, evidence)


def _reachable(start: set[int], matches: Sequence[Match]) -> set[int]:
    """Return the audios that same pairs lead to from those of `start`."""
    found = set(start)
    while more := {x for m in matches for x in (m.pair.i, m.pair.j) if {m.pair.i, m.pair.j} & found} - found:
        found |= more
    return found


@given(collections(), st.data())
def test_added_track_leaves_strangers_alone(collection: tuple[list[Track], list[Match]], data: st.DataObject) -> None:
    """A track that is added changes no group that no same pair leads to from it."""
    tracks, matches = collection
    serials = sorted({t.audio.serial for t in tracks})
    beside = data.draw(st.lists(st.sampled_from(serials), unique=True)) if serials else []
    more = [match(serial, 50, data.draw(st.floats(10, 99))) for serial in beside]
    touched = _reachable({50}, [*matches, *more])
    before, after = group(tracks, matches, first), group([*tracks, track(50)], [*matches, *more], first)

    def strangers(groups: list[Group]) -> list[Group]:
        return [g for g in groups if not {t.audio.serial for t in g.tracks} & touched]

    assert strangers(after) == strangers(before)


@given(st.integers(2, 8), st.data())
def test_pairwise_same_stays_together(count: int, data: st.DataObject) -> None:
    """Tracks that are pairwise the same are one group whatever the evidence: one more only makes it larger."""
    pairs = itertools.combinations(range(1, count + 1), 2)
    matches = [match(i, j, data.draw(st.floats(10, 99))) for i, j in pairs]
    (found,) = group([track(n) for n in range(1, count + 1)], matches, first)
    assert members([found]) == [list(range(1, count + 1))]
