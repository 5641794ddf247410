"""What becomes of a group: a decision holds through moves, new tags and a lost cache, and never reaches further."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comet.core.model import IMPORTED, Choice, Decision, File, Group, Proposal, Standing, Track, identity
from comet.decide import keeper
from comet.decide.proposal import Decisions, propose
from tests.unit.judge.made import match, track

BEST = track(1, "a.flac", size=3000, lossless=True)
MP3 = track(2, "b.mp3", size=2000, bitrate=320_000)
OGG = track(3, "c.ogg", size=1000)
COPY = track(1, "z/a copy.flac", size=3000, lossless=True)


def group(*tracks: Track) -> Group:
    """Return a group with the keeper that quality chooses; all of it is clear."""
    serials = sorted({each.audio.serial for each in tracks})
    matches = tuple(match(i, j) for i, j in combinations(serials, 2))
    return Group("g", tracks, keeper.choose(tracks), 0, True, matches, ())


def decided(number: int, choice: Choice, about: Group, *keep: Track) -> Decision:
    """Return a decision about all members of a group."""
    members = tuple(sorted(each.audio.hash for each in about.tracks))
    return Decision(number, choice, members, tuple(map(identity, keep)), 0.0)


def proposed(about: Group, *decisions: Decision, barred: dict[int, str] | None = None) -> Proposal:
    """Return what is proposed for a group."""
    return propose(about, Decisions(decisions), barred or {}, keeper.choose)


def shown(proposal: Proposal) -> tuple[tuple[int, ...], tuple[int, ...], Standing]:
    """Return who stays, who goes, and how far the review is."""
    return proposal.keep, proposal.remove, proposal.standing


ALL = group(BEST, MP3, OGG)


def test_without_a_decision_quality_chooses() -> None:
    """The group is open, all others go, and what that frees is told."""
    proposal = proposed(ALL)
    assert shown(proposal) == ((0,), (1, 2), Standing.OPEN)
    assert proposal.frees == 3000
    assert proposal.decision is None


def test_what_is_to_check_stays_until_somebody_decides() -> None:
    """Only a clear same of the keeper goes by itself; byte copies of the keeper are clear; a decision beats it."""
    tracks = (BEST, MP3, OGG, COPY)
    checked = match(1, 2, clear=False)
    checked = replace(checked, verdict=replace(checked.verdict, doubt="levels"))
    pairs = (checked, match(1, 3), match(2, 3, clear=False))
    some = Group("g", tracks, keeper.choose(tracks), 0, False, pairs, ())
    assert some.keeper == 0
    proposal = proposed(some)
    assert shown(proposal) == ((0, 1), (2, 3), Standing.OPEN)
    assert proposal.doubtful == {1: "levels"}
    later = proposed(some, decided(1, Choice.SKIP, some))
    assert shown(later) == ((0, 1), (2, 3), Standing.SKIPPED)
    by_hand = proposed(some, decided(1, Choice.KEEP, some, BEST))
    assert shown(by_hand) == ((0,), (1, 2, 3), Standing.OPEN)
    assert by_hand.doubtful == {}


def test_another_one_is_kept() -> None:
    """Whoever decides against the order has it their way."""
    decision = decided(1, Choice.KEEP, ALL, OGG)
    proposal = proposed(ALL, decision)
    assert shown(proposal) == ((2,), (0, 1), Standing.OPEN)
    assert proposal.decision == decision


def test_several_are_kept_the_best_of_them_first() -> None:
    """What goes is compared with that one; the order in which they were named does not count."""
    for keep in ((OGG, MP3), (MP3, OGG)):
        assert shown(proposed(ALL, decided(1, Choice.KEEP, ALL, *keep))) == ((1, 2), (0,), Standing.OPEN)


def test_all_are_kept() -> None:
    """Then there is nothing left to do."""
    assert shown(proposed(ALL, decided(1, Choice.KEEP, ALL, BEST, MP3, OGG)))[1:] == ((), Standing.SETTLED)


def test_apart_lets_all_stay() -> None:
    """Its pairs leave the groups; what is still together, such as byte copies, stays whole."""
    two = group(BEST, COPY)
    assert shown(proposed(two, decided(1, Choice.APART, two))) == ((0, 1), (), Standing.SETTLED)
    decisions = Decisions([decided(1, Choice.APART, ALL)])
    hashes = [each.audio.hash for each in ALL.tracks]
    assert decisions.apart == {frozenset((a, b)) for a in hashes for b in hashes if a != b}
    assert Decisions([decided(1, Choice.KEEP, ALL, BEST), decided(2, Choice.SKIP, ALL)]).apart == set()


def test_skip_leaves_the_proposal_and_marks_the_group() -> None:
    """It is what quality says, for whoever names the group."""
    assert shown(proposed(ALL, decided(1, Choice.SKIP, ALL))) == ((0,), (1, 2), Standing.SKIPPED)


@pytest.mark.parametrize("choice", list(Choice))
def test_a_new_member_opens_the_group_again(choice: Choice) -> None:
    """A decision speaks of the files that there were; also a further copy of one of them is new."""
    two = group(BEST, MP3)
    decision = decided(1, choice, two, *([MP3] if choice is Choice.KEEP else []))
    assert proposed(two, decision).decision == decision
    for more in (group(BEST, MP3, OGG), group(BEST, MP3, COPY)):
        proposal = proposed(more, decision)
        assert proposal.decision is None
        assert proposal.standing is Standing.OPEN


@pytest.mark.parametrize("choice", list(Choice))
def test_members_that_went_change_nothing(choice: Choice) -> None:
    """After the others were removed the group is settled, not new."""
    decision = decided(1, choice, ALL, *([MP3, OGG] if choice is Choice.KEEP else []))
    left = group(MP3, OGG)
    proposal = proposed(left, decision)
    assert proposal.decision == decision
    assert (proposal.standing is Standing.SKIPPED) is (choice is Choice.SKIP)
    assert (proposal.standing is Standing.SETTLED) is (choice is not Choice.SKIP)


def test_a_kept_file_may_be_moved_renamed_or_retagged() -> None:
    """It is found by its sound, wherever it lies."""
    decision = decided(1, Choice.KEEP, ALL, OGG)
    moved = track(3, "elsewhere/new name.ogg", size=1234, root="another root")
    assert shown(proposed(group(BEST, MP3, moved), decision)) == ((2,), (0, 1), Standing.OPEN)


def test_a_kept_file_that_is_gone_opens_the_group_again() -> None:
    """Nothing is removed for a file that is not there; quality chooses anew."""
    decision = decided(1, Choice.KEEP, ALL, OGG)
    proposal = proposed(group(BEST, MP3), decision)
    assert shown(proposal) == ((0,), (1,), Standing.OPEN)
    assert proposal.decision is None
    several = decided(1, Choice.KEEP, ALL, OGG, MP3)
    assert shown(proposed(group(BEST, MP3), several)) == ((1,), (0,), Standing.OPEN)


def test_of_byte_copies_that_one_stays_which_was_chosen() -> None:
    """One audio, two files: the place tells them apart, as long as there is a file in it."""
    both = group(BEST, COPY)
    assert shown(proposed(both, decided(1, Choice.KEEP, both, COPY))) == ((1,), (0,), Standing.OPEN)
    assert shown(proposed(both, decided(1, Choice.KEEP, both, BEST, COPY)))[1:] == ((), Standing.SETTLED)
    moved = track(1, "moved.flac", size=3000, lossless=True)
    left = group(BEST, moved)
    assert shown(proposed(left, decided(1, Choice.KEEP, both, BEST))) == ((0,), (1,), Standing.OPEN)
    away = group(track(1, "x.flac", lossless=True), track(1, "y.flac", lossless=True))
    keep, goes, _standing = shown(proposed(away, decided(1, Choice.KEEP, both, COPY)))
    assert (len(keep), len(goes)) == (1, 1)


def test_the_last_decision_counts() -> None:
    """By number, in whatever order they are read, also between different sets of members."""
    first, second = decided(1, Choice.APART, ALL), decided(2, Choice.KEEP, ALL, MP3)
    for order in ((first, second), (second, first)):
        assert proposed(ALL, *order).decision == second
    two = group(BEST, MP3)
    wider, narrow = decided(3, Choice.KEEP, ALL, BEST), decided(4, Choice.SKIP, two)
    assert proposed(two, wider, narrow).decision == narrow
    assert proposed(ALL, wider, narrow).decision == wider
    other = decided(9, Choice.SKIP, group(track(8), track(9)))
    assert proposed(two, wider, other).decision == wider


def test_what_cannot_be_removed_stays_with_its_reason() -> None:
    """Beside what is kept by choice; the reason is told also of a track that is kept anyway."""
    proposal = proposed(ALL, barred={0: "reference", 2: "hard link"})
    assert shown(proposal) == ((0,), (1,), Standing.OPEN)
    assert proposal.barred == {0: "reference", 2: "hard link"}
    assert proposal.frees == 2000
    decision = decided(1, Choice.KEEP, ALL, MP3)
    assert shown(proposed(ALL, decision, barred={0: "reference", 2: "hard link"})) == ((1,), (), Standing.SETTLED)


choices = st.lists(
    st.tuples(st.sampled_from(list(Choice)), st.sets(st.integers(0, 3), min_size=1), st.integers(0, 3)), max_size=6
)


@given(choices, st.sets(st.integers(0, 3), min_size=2), st.sets(st.integers(0, 3)))
def test_whatever_was_decided_one_track_stays(
    made: list[tuple[Choice, set[int], int]], some: set[int], bars: set[int]
) -> None:
    """Nobody is both kept and removed, none is lost, and what stays is never nothing."""
    tracks = (BEST, MP3, OGG, COPY)
    decisions = [
        decided(
            n, choice, group(*(tracks[at] for at in sorted(about))), *([tracks[keep]] if choice is Choice.KEEP else [])
        )
        for n, (choice, about, keep) in enumerate(made)
    ]
    about = group(*(tracks[at] for at in sorted(some)))
    proposal = proposed(about, *decisions, barred={at: "no" for at in bars if at < len(some)})
    stays = {*proposal.keep, *proposal.barred}
    assert sorted([*stays, *proposal.remove]) == list(range(len(about.tracks)))
    assert proposal.keep
    assert (proposal.standing is Standing.SETTLED) <= (not proposal.remove)


FOREIGN = replace(track(9, lossless=True), file=File(IMPORTED.id, b"x.flac", 0, 0), root=b"")


def test_nothing_goes_for_the_sake_of_an_imported_fingerprint() -> None:
    """Chosen alone it counts as not chosen; chosen beside a file it is that which stays; it never goes itself."""
    some = group(FOREIGN, MP3, OGG)
    barred = {0: "no file"}
    assert shown(proposed(some, barred=barred)) == ((1,), (2,), Standing.OPEN)
    alone = proposed(some, decided(1, Choice.KEEP, some, FOREIGN), barred=barred)
    assert (shown(alone), alone.decision) == (((1,), (2,), Standing.OPEN), None)
    both = proposed(some, decided(1, Choice.KEEP, some, FOREIGN, OGG), barred=barred)
    assert shown(both) == ((2,), (1,), Standing.OPEN)
    only = group(FOREIGN, MP3)
    assert shown(proposed(only, barred=barred)) == ((1,), (), Standing.OPEN)


def test_an_imported_fingerprint_that_is_to_check_asks_nothing() -> None:
    """There is nothing to decide about it, so it does not hold a group open."""
    tracks = (FOREIGN, MP3)
    some = Group("g", tracks, keeper.choose(tracks), 0, False, (match(9, 2, clear=False),), ())
    assert proposed(some, barred={0: "no file"}).doubtful == {}


# a track that came later


def test_what_was_decided_to_stay_stays_when_others_come() -> None:
    """The group is open, what was chosen is proposed to stay, and what is new and no better goes."""
    two = group(BEST, MP3)
    both = proposed(group(BEST, MP3, OGG), decided(1, Choice.KEEP, two, BEST, MP3))
    assert shown(both) == ((0, 1), (2,), Standing.OPEN)
    assert both.because == "it was decided to stay, before others came into the group"
    worse = proposed(group(BEST, MP3, OGG), decided(1, Choice.KEEP, two, MP3))
    assert shown(worse) == ((1,), (0, 2), Standing.OPEN)


def test_a_better_newcomer_stays_too() -> None:
    """Nobody has said that it should go, nor that what was chosen may: all of them wait for an answer."""
    decision = decided(1, Choice.KEEP, group(MP3, OGG), MP3, OGG)
    later = proposed(group(BEST, MP3, OGG), decision)
    assert shown(later) == ((0, 1, 2), (), Standing.OPEN)
    assert shown(proposed(group(BEST, MP3), decided(1, Choice.KEEP, group(MP3, OGG), MP3))) == (
        (0, 1),
        (),
        Standing.OPEN,
    )


def test_the_last_decision_about_each_track_counts_when_others_come() -> None:
    """Of two groups that became one both choices hold; one that was taken back by a later one does not."""
    one, other = group(BEST, MP3), group(OGG, track(4, "d.mp3"))
    made = (decided(1, Choice.KEEP, one, MP3), decided(2, Choice.KEEP, other, OGG))
    assert shown(proposed(group(BEST, MP3, OGG), *made)) == ((1, 2), (0,), Standing.OPEN)
    newer = decided(3, Choice.KEEP, group(MP3, OGG), OGG)
    assert shown(proposed(group(BEST, MP3, OGG), *made, newer)) == ((2,), (0, 1), Standing.OPEN)
    skipped = decided(4, Choice.SKIP, group(BEST, MP3))
    assert shown(proposed(group(BEST, MP3, OGG), decided(1, Choice.KEEP, one, MP3), skipped))[2] is Standing.OPEN


def test_copies_that_are_apart_stay_when_another_file_comes() -> None:
    """They are in one group for their sound alone; of other tracks of the decision nothing follows."""
    two = group(BEST, COPY)
    later = proposed(group(BEST, COPY, MP3), decided(1, Choice.APART, two))
    assert shown(later) == ((0, 1), (2,), Standing.OPEN)
    assert shown(proposed(group(BEST, MP3), decided(1, Choice.APART, group(BEST, OGG)))) == ((0,), (1,), Standing.OPEN)


def test_a_newcomer_that_is_to_check_stays() -> None:
    """Against what was chosen, for that is what it would go for."""
    tracks = (BEST, MP3, OGG)
    pairs = (match(1, 2), match(1, 3), match(2, 3, clear=False))
    some = Group("g", tracks, keeper.choose(tracks), 0, False, pairs, ())
    later = proposed(some, decided(1, Choice.KEEP, group(BEST, MP3), MP3))
    assert shown(later) == ((1, 2), (0,), Standing.OPEN)
    assert later.doubtful == {2: ""}
