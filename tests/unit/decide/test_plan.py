"""Proposals into steps: each names what goes, what stays for it, and why, in a sentence."""

from __future__ import annotations

from comet.core.acts import Do
from comet.core.merged import Settled
from comet.core.model import Choice, Decision, Group, Identity, Place, Proposal, Standing, Track, identity
from comet.decide.merge import merge
from comet.decide.plan import removals, repointings, writings
from comet.tags.fields import Tags
from tests.unit.judge.made import track

BEST = track(1, "a.flac", size=3000, lossless=True)
MP3 = track(2, "b.mp3", size=2000)
OGG = track(3, "c.ogg", size=1000)
GROUP = Group("cafe", (BEST, MP3, OGG), 0, 0, True, (), ())
BY_HAND = Decision(1, Choice.KEEP, (), (), 0.0)
LIST = Identity("r", b"list.m3u", 20, 8, "")


def proposal(
    *keep: int, group: Group = GROUP, barred: tuple[int, ...] = (), decision: Decision | None = None
) -> Proposal:
    """Return what is proposed for a group."""
    return Proposal(group, keep, dict.fromkeys(barred, "no"), Standing.OPEN, decision)


def test_each_track_that_goes_is_a_step() -> None:
    """With its identity, that of the keeper, the group, and the reason of the keeper."""
    steps = list(removals(proposal(0)))
    assert [step.file for step in steps] == [identity(MP3), identity(OGG)]
    assert {step.do for step in steps} == {Do.REMOVE}
    assert {step.keeper for step in steps} == {identity(BEST)}
    assert {step.group for step in steps} == {"cafe"}
    assert {step.why for step in steps} == {"the same recording as `a.flac`, which stays: lossless"}


def test_what_stays_is_no_step() -> None:
    """Kept by choice or because it cannot be removed; what goes is compared with the first that is kept."""
    assert [step.file for step in removals(proposal(1, 0))] == [identity(OGG)]
    assert [step.keeper for step in removals(proposal(1, 0))] == [identity(MP3)]
    assert [step.file for step in removals(proposal(0, barred=(1,)))] == [identity(OGG)]
    assert list(removals(proposal(0, 1, 2))) == []


def test_a_choice_by_hand_says_so() -> None:
    """No reason is made up for it."""
    steps = list(removals(proposal(2, decision=BY_HAND)))
    assert {step.why for step in steps} == {"the same recording as `c.ogg`, which stays: chosen by you"}


def test_a_group_that_was_only_left_for_later_keeps_its_reasons() -> None:
    """Nobody has chosen the keeper of it."""
    later = Decision(1, Choice.SKIP, (), (), 0.0)
    (first, _second) = removals(proposal(0, decision=later))
    assert first.why.endswith("which stays: lossless")


def test_the_folder_is_a_reason() -> None:
    """What role says of a folder comes first."""

    def role(found: Track) -> int:
        return 1 if found is BEST else 0

    assert next(removals(proposal(0), role)).why.endswith("which stays: in a reference folder")


def test_a_hostile_name_is_harmless_in_a_reason() -> None:
    """It is read in a terminal and in an editor."""
    evil = track(4, "\x1b[2J\n.flac", lossless=True)
    (step,) = removals(proposal(0, group=Group("g", (evil, MP3), 0, 0, True, (), ())))
    assert "\x1b" not in step.why
    assert "\n" not in step.why


def test_a_playlist_gets_a_step_for_each_file_that_it_names() -> None:
    """From the file that goes to the one that stays for it, in the order of the places."""
    by_place = {step.file.place: step for step in removals(proposal(0))}
    steps = list(repointings(LIST, [Place("r", b"c.ogg"), Place("r", b"b.mp3")], by_place))
    assert [(step.old, step.new) for step in steps] == [
        (Place("r", b"b.mp3"), Place("r", b"a.flac")),
        (Place("r", b"c.ogg"), Place("r", b"a.flac")),
    ]
    assert {(step.do, step.file, step.group, step.keeper) for step in steps} == {(Do.REPOINT, LIST, "cafe", None)}
    assert list(repointings(LIST, [], by_place)) == []


def test_a_chosen_picture_that_nobody_has_any_more_stops_nothing() -> None:
    """It was chosen, and then its file was changed: the rest of the tags is written, and other groups go on."""
    files = (Tags({"title": ("A",)}), Tags({"title": ("A",), "mood": ("blue",)}), None)
    settled = Settled({"picture front": ("0" * 32,)})
    made = merge(files, [0])
    (step,) = writings(proposal(0), made, settled, files)
    assert (step.tags, step.pictures) == ({"mood": ("blue",)}, {})
