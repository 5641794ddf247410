"""Tracks that are pairwise the same recording, found by complete linkage.

Same is not transitive: a is a copy of b, b of c, and a and c differ by just too much. So a group is joined only where
every cross pair is a same pair; a chain never becomes one group, and what it leaves over is shown beside the groups.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from hashlib import blake2b
from typing import NamedTuple

import numpy as np

from comet.core.model import Group, Match, Relation, Track


class _Links(NamedTuple):
    """The same pairs of audios that have files, strongest first: three lists of one length."""

    matches: list[Match]
    a: list[int]
    """Place of one audio in the sorted list of hashes."""
    b: list[int]
    """Place of the other one."""


def group(tracks: Iterable[Track], matches: Iterable[Match], keeper: Callable[[tuple[Track, ...]], int]) -> list[Group]:
    """Return the groups of a collection, largest saving first, ties by id; the order of the input does not matter.

    The two clusters whose weakest pair has the most evidence are joined first, ties by audio hash, and only where
    every pair across is a same pair. Files of one audio are always together. Each same pair of two audios is inside
    exactly one group, or left over beside each group that it touches.

    Args:
        tracks: every file that may be in a group, once, with its audio.
        matches: the pairs above the threshold; only those called same count. One with an audio that has no
            file among `tracks` is not about this collection and is passed over, as is an audio paired with itself.
        keeper: the proposed keeper's index among the tracks of a group, in the order in which the group lists them.
    """
    members, cluster, links = _clusters(tracks, matches)
    inside: dict[int, list[Match]] = defaultdict(list)
    beside: dict[int, list[Match]] = defaultdict(list)
    for match, a, b in zip(*links, strict=True):
        if cluster[a] == cluster[b]:
            inside[cluster[a]].append(match)
        else:
            beside[cluster[a]].append(match)
            beside[cluster[b]].append(match)
    groups = [_group(m, inside[c], beside[c], keeper) for c, m in members.items() if len(m) > 1]
    return sorted(groups, key=lambda g: (-g.saving, g.id))


def savings(tracks: Iterable[Track], matches: Iterable[Match]) -> list[int]:
    """Return the saving of each group that `group` would return, in any order."""
    members, _cluster, _links = _clusters(tracks, matches)
    return [saving(some) for some in members.values() if len(some) > 1]


def saving(tracks: Iterable[Track]) -> int:
    """Return the bytes that come back if only the largest file stays; several names of one file count once."""
    sizes = {track.file.inode or (track.file.root, track.file.path): track.file.size for track in tracks}
    return sum(sizes.values()) - max(sizes.values(), default=0)


def group_id(tracks: Iterable[Track]) -> str:
    """Return what names a group: 16 hex digits of BLAKE2b over its sorted members (audio hash, root id, path).

    Any change of the members changes it, so that a decision about a group that is no longer there is refused.
    """
    members = sorted((track.audio.hash, track.file.root, track.file.path) for track in tracks)
    digest = blake2b(digest_size=8)
    for audio, root, path in members:
        for part in (audio.encode(), root.encode(), path):
            digest.update(len(part).to_bytes(4, "big") + part)
    return digest.hexdigest()


def _clusters(tracks: Iterable[Track], matches: Iterable[Match]) -> tuple[dict[int, list[Track]], list[int], _Links]:
    """Return the tracks of each cluster by its number, the cluster of each place of the links, and the links."""
    files: dict[str, list[Track]] = defaultdict(list)
    for track in tracks:
        files[track.audio.hash].append(track)
    hashes = sorted(files)
    links = _sorted_links(files, hashes, matches)
    cluster = _linkage(len(hashes), links)
    members: dict[int, list[Track]] = defaultdict(list)
    for place, audio in enumerate(hashes):
        members[cluster[place]] += files[audio]
    return members, cluster, links


def _sorted_links(files: dict[str, list[Track]], hashes: Sequence[str], matches: Iterable[Match]) -> _Links:
    """Return the same pairs between `files`, strongest first, ties by audio hashes; none twice."""
    place = {track.audio.serial: number for number, audio in enumerate(hashes) for track in files[audio]}
    same = [match for match in matches if match.verdict.relation is Relation.SAME]
    evidence = np.array([match.pair.evidence for match in same], np.float64)
    chance = np.array([match.p_value for match in same], np.float64)  # which means the same in both forms of evidence
    one = np.array([place.get(match.pair.i, -1) for match in same], np.int64)
    other = np.array([place.get(match.pair.j, -1) for match in same], np.int64)
    a, b = np.minimum(one, other), np.maximum(one, other)
    order = np.lexsort((b, a, -evidence, chance))
    order = order[((a >= 0) & (a < b))[order]]
    # A pair counted twice would join clusters that are not pairwise same.
    _, first = np.unique((a * len(hashes) + b)[order], return_index=True)
    order = order[np.sort(first)]
    return _Links([same[n] for n in order.tolist()], a[order].tolist(), b[order].tolist())


def _linkage(count: int, links: _Links) -> list[int]:
    """Return the cluster of each of `count` audios, complete linkage over links sorted by falling evidence.

    The weakest of the pairs between two clusters is the last of them to come along. So two clusters are joined the
    moment the number of pairs seen between them is the product of their sizes; nothing with a stronger weakest pair
    can still be apart then, and no join completes another one. That is what a heap of cluster pairs would do, in
    one pass: about as many steps as there are links.
    """
    cluster = list(range(count))
    members = [[n] for n in range(count)]
    seen: list[dict[int, int]] = [{} for _ in range(count)]
    for a, b in zip(links.a, links.b, strict=True):
        one, other = cluster[a], cluster[b]
        if one == other:
            continue
        seen[one][other] = seen[other][one] = seen[one].get(other, 0) + 1
        if seen[one][other] == len(members[one]) * len(members[other]):
            _join(one, other, cluster, members, seen)
    return cluster


def _join(one: int, other: int, cluster: list[int], members: list[list[int]], seen: list[dict[int, int]]) -> None:
    """Put the cluster with fewer neighbours into the other one."""
    stays, goes = (one, other) if len(seen[one]) >= len(seen[other]) else (other, one)
    for member in members[goes]:
        cluster[member] = stays
    members[stays] += members[goes]
    del seen[stays][goes], seen[goes][stays]
    for neighbour, pairs in seen[goes].items():
        del seen[neighbour][goes]
        seen[stays][neighbour] = seen[neighbour][stays] = seen[stays].get(neighbour, 0) + pairs
    members[goes], seen[goes] = [], {}


def _group(
    members: Iterable[Track],
    inside: Iterable[Match],
    beside: Iterable[Match],
    keeper: Callable[[tuple[Track, ...]], int],
) -> Group:
    tracks = tuple(sorted(members, key=_place))
    matches = tuple(inside)
    return Group(
        id=group_id(tracks),
        tracks=tracks,
        keeper=keeper(tracks),
        saving=saving(tracks),
        clear=all(match.verdict.clear for match in matches),
        matches=matches,
        left_over=tuple(beside),
    )


def _place(track: Track) -> tuple[int, int, str, str]:
    """Longest first by whole seconds, as lengths are shown, then the higher bitrate, then by path."""
    return -round(track.audio.duration), -track.audio.bitrate, track.path, track.file.root
