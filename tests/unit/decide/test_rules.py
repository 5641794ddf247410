"""Rules in words: read as they are meant, refused where they are not known, and never against every track."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comet.core.errors import UsageError
from comet.core.model import File, Place, Track
from comet.decide import keeper, rules
from comet.decide.rules import Rule
from tests.unit.judge.made import track

FLAC = track(1, "new/a.flac", lossless=True, codec="flac", bitrate=700_000, duration=200.0)
MP3 = track(2, "albums/b.mp3", bitrate=320_000, duration=200.0, size=9000)
LONG = track(3, "reference/c.ogg", codec="vorbis", bitrate=96_000, duration=210.0)
ALL = [FLAC, MP3, LONG]


def inside(folder: str) -> Callable[[Place], bool]:
    """Return a test whether a file lies in a folder of the root."""
    return lambda place: place.path.startswith(f"{folder}/".encode())


def kept(text: str, tracks: list[Track] = ALL) -> Track:
    """Return the keeper by rules."""
    steps = rules.steps(rules.parse(text), inside, lambda each: each.audio.serial % 3)
    return tracks[keeper.choose(tracks, rules=steps)]


@pytest.mark.parametrize(
    ("text", "best"),
    [
        ("keep lossless", FLAC),
        ("keep longest", LONG),
        ("keep highest bitrate", FLAC),
        ("keep largest", MP3),
        ("keep with most tags", MP3),
        ("prefer vorbis", LONG),
        ("prefer mp3", MP3),
        ("keep from albums", MP3),
        ("remove from new; remove from albums", LONG),
        ("never from reference", LONG),
        ("keep lossless; never from reference", FLAC),
        ("never from reference; keep lossless", LONG),
        ("keep from nowhere; prefer alac; keep from albums", MP3),
    ],
)
def test_what_each_rule_keeps(text: str, best: Track) -> None:
    """The weightiest comes first; one that fits no track changes nothing."""
    assert kept(text) == best


def test_times() -> None:
    """The oldest and the newest are told by the files' own times, to the last nanosecond."""
    old, new = (
        Track(File(each.file.root, each.file.path, 1000, time), each.audio, each.root)
        for each, time in ((MP3, 1_764_000_000_000_000_001), (FLAC, 1_764_000_000_000_000_002))
    )
    assert kept("keep oldest", [old, new]) == old
    assert kept("keep newest", [old, new]) == new


def test_a_second_makes_no_track_longer() -> None:
    """As where no rule says anything."""
    near = track(4, "d.mp3", duration=210.5, bitrate=64_000)
    assert kept("keep longest", [near, LONG]) == LONG


def test_how_rules_are_written() -> None:
    """Separated by `;` or lines, in any case and spacing; a folder may have spaces, and in quotation marks a `;`."""
    text = '  KEEP   Lossless ;;\nnever FROM /My Music/a b ; remove from "/x; y"\nprefer FLAC;'
    assert rules.parse(text) == (
        Rule("keep lossless"),
        Rule("never from", "/My Music/a b"),
        Rule("remove from", "/x; y"),
        Rule("prefer", "flac"),
    )
    assert rules.parse(" ;\n") == ()
    assert [str(rule) for rule in rules.parse(text)][1:3] == ["never from /My Music/a b", "remove from /x; y"]


@pytest.mark.parametrize("typed", ["keep", "keep losless", "prefer", "prefer best", "never", "never from", "a\x1b[2J"])
def test_what_is_no_rule(typed: str) -> None:
    """Is named, without letting a terminal obey it, and what is known is said."""
    with pytest.raises(UsageError) as caught:
        rules.parse(f"keep longest; {typed}")
    assert str(caught.value).startswith("`")
    assert str(caught.value).endswith("` is no rule")
    assert "\x1b" not in str(caught.value)
    assert "keep with most tags; keep from DIR; remove from DIR; never from DIR; prefer CODEC" in caught.value.hint
    assert "flac" in caught.value.hint


def test_never_bars_and_says_which_rule() -> None:
    """What lies elsewhere may go, and so may all where no rule says never."""
    why = rules.barred(rules.parse("keep from new; never from reference"), inside)
    assert [why(each) for each in ALL] == ["", "", "the rule `never from reference`"]
    assert not any(map(rules.barred(rules.parse("keep from reference"), inside), ALL))


def test_the_rule_is_the_reason() -> None:
    """It is named where others fell behind it, before what else speaks for the keeper."""
    steps = rules.steps(rules.parse("prefer alac; keep from albums"), inside, lambda _track: 0)
    assert keeper.reasons(ALL, 1, rules=steps) == ["the rule `keep from albums`"]


words = st.sampled_from(
    [*rules._WORTH, rules.MOST_TAGS, "prefer flac", "prefer mp3"]
    + [f"{verb} from {folder}" for verb in ("keep", "remove", "never") for folder in ("new", "albums", "reference")]
)


@given(st.lists(words, max_size=6), st.lists(st.sampled_from(ALL), min_size=1, max_size=3, unique=True))
def test_one_track_stays_and_the_order_of_tracks_counts_for_nothing(some: list[str], tracks: list[Track]) -> None:
    """Whatever the rules; what they read as is what they were."""
    text = "; ".join(some)
    assert len({kept(text, list(order)).file.path for order in permutations(tracks)}) == 1
    assert "; ".join(map(str, rules.parse(text))) == text
