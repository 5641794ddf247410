"""Folders that hold the same tracks: which are told as a pair, which is kept, and what of them stays as it is."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

from comet.core.model import Choice, Decision, Group, Proposal, Standing, Track
from comet.decide import albums, folders, keeper
from comet.decide.folders import FolderPair, Weigher
from comet.decide.proposal import Decisions, propose
from tests.unit.decide.test_albums import KIND, ROOT, group, known, pairs, rows
from tests.unit.judge.made import match, track


def proposals(*groups: Group) -> list[Proposal]:
    """Return what becomes of groups about which nobody has decided anything."""
    return [propose(each, Decisions([]), {}, keeper.choose) for each in groups]


def top(name: str) -> tuple[str, bytes]:
    """Return a folder of the root."""
    return ROOT, name.encode()


def weigher(files: dict[str, int], **titles: list[str]) -> Weigher:
    """Return one that knows how many files lie in folders, and the albums in them."""
    counts = {top(name): count for name, count in files.items()}
    return Weigher(counts, known(rows(**titles)), keeper.choose, lambda each: keeper.left(each.tracks, KIND))


def named(found: dict[tuple[tuple[str, bytes], tuple[str, bytes]], list[int]]) -> dict[str, int]:
    """Return how many groups pairs of folders share."""
    return {f"{one[1].decode()} {other[1].decode()}": len(numbers) for (one, other), numbers in found.items()}


def gone(pair: FolderPair) -> list[str]:
    """Return the files that go."""
    return [each.group.tracks[at].file.path.decode() for each in pair.proposals for at in each.remove]


def test_pairs_of_folders() -> None:
    """Two groups are worth one answer; one is not, nor two files in one folder, nor what is decided."""
    found = proposals(*pairs("a", "b", 2), *pairs("c", "d", 1), group(track(90, "e/1.mp3"), track(91, "e/2.mp3")))
    assert named(folders.shared(found)) == {"a b": 2}
    found[0] = replace(found[0], standing=Standing.SETTLED)
    assert named(folders.shared(found)) == {}


def test_what_was_chosen_to_stay_is_no_matter_of_folders() -> None:
    """A group that was decided about before others came into it is left to somebody who looks."""
    found = [replace(each, reopened=True) for each in proposals(*pairs("a", "b", 3))]
    assert named(folders.shared(found)) == {}
    pair = weigher({"a": 3, "b": 3}).kept(found, top("a"), (top("b"),))
    assert (gone(pair), len(pair.decided)) == ([], 3)


def test_what_lies_below_counts_as_it_does_when_one_is_kept() -> None:
    """A pair is weighed with all that both hold however deep, so that the list says what keeping one of them does."""
    found = proposals(*pairs("a", "b", 2), *(replace(each, id=f"x{each.id}") for each in pairs("a/new", "b", 1)))
    ((tops, numbers),) = folders.shared(found).items()
    assert numbers == [0, 1, 2]
    made = weigher({"a": 3, "b": 3})
    listed = made.better([found[at] for at in numbers], tops)
    assert listed == made.kept(found, listed.keep, listed.over)
    assert listed.files == 3


def test_discs_are_one_pair() -> None:
    """Folders of one name below the same two are told as these two, however deep the first fork lies."""
    discs = [*pairs("x/A/CD1", "y/old/A/CD1", 1), *pairs("x/A/CD2", "y/old/A/CD2", 1)]
    assert named(folders.shared(proposals(*discs))) == {"x/A y/old/A": 2}
    more = pairs("x/B/CD1", "y/old/B/CD1", 2)
    assert named(folders.shared(proposals(*discs, *more))) == {"x y/old": 4}
    assert named(folders.shared(proposals(*more))) == {"x/B/CD1 y/old/B/CD1": 2}
    other = [*pairs("x/A", "y/B", 2), *pairs("x/C", "y/D", 2)]
    assert named(folders.shared(proposals(*other))) == {"x/A y/B": 2, "x/C y/D": 2}


def test_a_track_in_many_folders_is_paired_with_the_keeper() -> None:
    """And with no other one, so that it makes no pairs by the thousand."""
    many = [group(*(track(100 * n + i, f"{i:02}/{n}.mp3") for i in range(40))) for n in (1, 2)]
    assert set(named(folders.shared(proposals(*many)))) == {f"00 {i:02}" for i in range(1, 40)}


def test_one_is_kept_over_the_other() -> None:
    """All of the other's tracks go, whichever is better; what lies elsewhere or is alone stays and is told."""
    some = [*pairs("a", "b", 2, bitrate=320_000), group(*(track(80 + i, f"{n}/9.mp3") for i, n in enumerate("abc")))]
    made = weigher({"a": 5, "b": 4})
    pair = made.kept(proposals(*some), top("a"), (top("b"),))
    assert gone(pair) == ["b/1.mp3", "b/2.mp3", "b/9.mp3"]
    assert (pair.files, pair.size) == (3, 3000)
    assert (pair.lacks, pair.lacked, pair.elsewhere, pair.check, pair.decided, pair.worse) == (1, 2, 1, 0, (), 0)
    assert all(each.group.tracks[each.keep[0]].file.path.startswith(b"a/") for each in pair.proposals)


def test_which_one_is_kept() -> None:
    """None that is worse in kind or leaves a hole; one that has all of the other; else the one with more keepers."""
    some = proposals(*pairs("a", "b", 2, bitrate=320_000))
    for tops in permutations((top("a"), top("b"))):
        assert weigher({"a": 2, "b": 2}).better(some, tops).keep == top("b")
        assert weigher({"a": 3, "b": 2}).better(some, tops).keep == top("a")
        assert weigher({"a": 3, "b": 2}, b=["B"] * 2).better(some, tops).keep == top("a")
        assert weigher({"a": 3, "b": 3}, b=["B"] * 3, a=["x"] * 9).better(some, tops).holes != ()
        lossless = proposals(*pairs("a", "b", 2, lossless=True))
        assert weigher({"a": 3, "b": 2}).better(lossless, tops).keep == top("b")
        album = weigher({"a": 9, "b": 9}, a=["A"] * 9).better(some, tops)
        assert (album.keep, album.holes) == (top("a"), ())


def test_holes_are_told() -> None:
    """Whoever keeps a folder over an album hears what is left of that."""
    pair = weigher({"a": 5, "b": 5}, b=["Dummy"] * 5).kept(proposals(*pairs("a", "b", 2)), top("a"), (top("b"),))
    assert [hole.words for hole in pair.holes] == ['removing leaves "Dummy" 3 of 11']


def test_what_stays_whatever_is_said() -> None:
    """Tracks to check, barred ones, and groups that were decided about."""
    doubt, bar, done = pairs("a", "b", 3)
    doubt = replace(doubt, clear=False, matches=(match(2, 3, clear=False),))
    decision = Decision(1, Choice.KEEP, (), (), 0.0)
    found = [
        *proposals(doubt),
        propose(bar, Decisions([]), {1: "no"}, keeper.choose),
        replace(*proposals(done), decision=decision),
    ]
    pair = weigher({"a": 3, "b": 3}).kept(found, top("a"), (top("b"),))
    assert gone(pair) == []
    assert (pair.check, pair.barred, pair.lacks) == (1, 1, 0)
    assert pair.decided == (found[2],)
    assert pair.proposals[0].keep == (0, 1)


def test_a_folder_in_the_other_one() -> None:
    """A track belongs to the deeper of the two; each can be kept over the other."""
    some = proposals(*pairs("a", "a/new", 2))
    made = weigher({"a": 7, "a/new": 3, "": 9})
    pair = made.kept(some, top("a"), (top("a/new"),))
    assert gone(pair) == ["a/new/1.mp3", "a/new/2.mp3"]
    assert (pair.lacks, pair.lacked) == (1, 2)
    assert gone(made.kept(some, top("a/new"), (top("a"),))) == ["a/1.mp3", "a/2.mp3"]
    assert gone(made.kept(some, top(""), (top("a/new"),))) == ["a/new/1.mp3", "a/new/2.mp3"]


def test_several_go_for_one() -> None:
    """Where folders that go lie in the one that is kept, none of them is kept for another one's sake."""
    both = group(track(1, "m/a/1.mp3"), track(2, "m/b/1.mp3"))
    three = group(track(3, "m/a/2.mp3"), track(4, "m/b/2.mp3"), track(5, "m/2.mp3"))
    pair = weigher({"m": 5, "m/a": 2, "m/b": 2}).kept(proposals(both, three), top("m"), (top("m/a"), top("m/b")))
    assert gone(pair) == ["m/a/2.mp3", "m/b/2.mp3"]
    assert (pair.lacks, pair.lacked) == (2, 0)


def test_how_many_files_lie_below_a_folder() -> None:
    """However deep; a name that only begins alike is another folder."""
    files = [(ROOT, path) for path in (b"a/1", b"a/b/2", b"ab/3", b"4")]
    wanted = [top("a"), top("a/b"), top("ab"), top(""), ("other", b"")]
    assert list(folders.counts(files, wanted).values()) == [2, 1, 1, 4, 0]
    assert [folders.below((ROOT, b"ab/3"), each) for each in wanted] == [False, False, True, True, False]


def test_an_imported_fingerprint_lies_in_no_folder() -> None:
    """There is nothing to keep."""
    foreign: list[Track] = [
        replace(each, file=replace(each.file, root="imported")) for each in (track(50, "b/1.mp3"), track(51, "b/2.mp3"))
    ]
    found = proposals(*(group(track(n, f"a/{n}.mp3"), each) for n, each in enumerate(foreign)))
    assert folders.shared(found) == {}
    assert albums.key(foreign[0]) == ("imported", b"b/1.mp3")
