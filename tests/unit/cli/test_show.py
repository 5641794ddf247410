"""What is printed of groups and pairs: readable in 80 columns, whole in a pipe, nothing by colour alone."""

from __future__ import annotations

import argparse
import io
import json
import math
import os
import sys
from dataclasses import replace

import pytest

from comet.cli import correlate, groups, out, pair, pairs
from comet.cli.context import Context
from comet.cli.groups import Found
from comet.collection import strip
from comet.collection.pairs import FilePair, Line
from comet.collection.state import Taking
from comet.collection.strip import Aligned
from comet.core.model import SECONDS_PER_WORD, Audio, File, Group, Part, Proposal, Relation, Standing, Track
from comet.core.places import Places
from comet.core.profiles import Profile
from comet.judge import threshold


def track(name: bytes, serial: int = 1, size: int = 5_000_000, codec: str = "mp3") -> Track:
    """Return a file of 3:25 under `/music`."""
    audio = Audio(
        f"b3:{serial:032x}", codec, codec, 44100, 2, 0, 192_000, codec == "flac", 205.4, 205.0, 0.0, 0.0, 0, 1600
    )  # fmt: skip
    return Track(File("root", name, size, 1), audio, b"/music")


def related(a: Track, b: Track, **other: object) -> FilePair:
    """Return a pair of files that are the same, unless `other` says otherwise."""
    values = {
        "similarity": 0.98, "offset": 0.5, "overlap": 200.0, "relation": Relation.SAME, "clear": True, "holder": "",
        "how": "", "evidence": 40.0, "p_value": 1e-20, "expected_false": 1e-9,
    }  # fmt: skip
    return FilePair(a, b, **{**values, **other})  # type: ignore[arg-type]


LONG = track(b"Artist with a rather long name/Album with an even longer name than that (remastered)/01 Song.mp3")
FLAC = track(b"b.flac", 2, 30_000_000, "flac")
OUTSIDE = track(b"c.ogg", 3, codec="vorbis")


def found(*, clear: bool = False, left_over: bool = True, count: int = 1) -> Found:
    """Return groups to show."""
    made = [
        proposed(Group(f"{number:016x}", (FLAC, LONG), 0, 5_000_000, clear, (), ()))
        for number in range(0xABCDEF, 0xABCDEF + count)
    ]
    beside = {each.group.id: [related(LONG, OUTSIDE, clear=False)] if left_over else [] for each in made}
    return Found(made, beside, 3, 0.04, 3, 3, [])


def proposed(group: Group, **other: object) -> Proposal:
    """Return a group of which the first track stays, unless `other` says otherwise."""
    return Proposal(**{"group": group, "keep": (0,), "barred": {}, "standing": Standing.OPEN, **other})  # type: ignore[arg-type]


def context(*, as_json: bool = False, limit: int = 0) -> Context:
    """Return what was typed."""
    arguments = argparse.Namespace(json=as_json, limit=limit, profile="p", profiles=None)
    return Context(arguments, Places("/c", "/s", "/k"), Profile("p"), "/s/p")


def test_a_pipe_gets_whole_paths(capsys: pytest.CaptureFixture[str]) -> None:
    """What is cut cannot be searched for."""
    groups.show(context(), found())
    assert LONG.path in capsys.readouterr().out


def test_a_terminal_of_80_columns_is_enough() -> None:
    """Every line fits, and the end of a path is still there."""
    lines = list(groups._table(found(), 1, 80))
    assert max(map(len, lines)) <= 80
    assert any(line.endswith("Song.mp3") and "…" in line for line in lines)


@pytest.mark.parametrize("columns", [12, 20, 30, 40])
def test_a_narrow_terminal_is_readable(columns: int) -> None:
    """Lesser columns go, then the path is cut, then a row is text of several lines: nothing is wider than it may be."""
    shown = found(left_over=True)
    tables = [
        groups._table(shown, 1, columns),
        pairs.table([related(LONG, FLAC), related(LONG, OUTSIDE, clear=False, doubt="levels")], columns),
        out.facts({"fingerprint": "1,600 words, 3:18 of sound", "file": LONG.path}, columns),
    ]
    for table in tables:
        text = "\n".join(table)
        assert max(map(len, text.splitlines())) <= columns
        assert "keep" in text or "same" in text or "fingerprint" in text
    assert "Song.mp3" in "\n".join(groups._table(shown, 1, 30))


def test_a_terminal_that_lacks_letters_gets_dots(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is cut is marked by letters that every terminal has."""
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), "ascii"))
    assert "\n".join(groups._table(found(), 1, 80)).isascii()


def test_keeper_and_doubt_are_words(capsys: pytest.CaptureFixture[str]) -> None:
    """Without colours it says the same."""
    groups.show(context(), found())
    text = capsys.readouterr().out
    (keep,) = [line for line in text.splitlines() if line.strip().startswith("keep")]
    assert keep.endswith("/music/b.flac")
    assert "to check" in next(line for line in text.splitlines() if line.startswith("1. group 00000000:"))
    groups.show(context(), found(clear=True, left_over=False))
    assert "to check" not in capsys.readouterr().out


def test_what_stays_without_being_kept_and_what_was_reviewed_are_words(capsys: pytest.CaptureFixture[str]) -> None:
    """A track that cannot be removed says so in the table and why in JSON; a group tells how far the review is."""
    group = Group("ab" * 8, (FLAC, LONG), 0, 5_000_000, True, (), ())
    for standing, words in ((Standing.SKIPPED, "left for later"), (Standing.SETTLED, "reviewed: all of them stay")):
        shown = Found(
            [proposed(group, barred={1: "it lies there"}, standing=standing)], {group.id: []}, 2, 0.0, 1, 1, []
        )
        groups.show(context(), shown)
        lines = capsys.readouterr().out.splitlines()
        assert lines[1].endswith(words)
        assert lines[3].split()[0] == "stays"
        groups.show(context(as_json=True), shown)
        (told,) = json.loads(capsys.readouterr().out)
        assert told["standing"] == standing.value
        assert [track.get("barred") for track in told["tracks"]] == [None, "it lies there"]


def test_a_left_over_pair_stands_beside_its_group(capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is the same as one of them but not as all is not lost."""
    groups.show(context(), found())
    assert "beside: same as some, not as all: /music/c.ogg  to check" in capsys.readouterr().out


def test_totals_and_doubt_of_the_whole_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    """How much comes back, and how many of the pairs may be wrong."""
    groups.show(context(limit=1), found(count=2))
    text = capsys.readouterr()
    assert "1 of 2 groups shown" in text.out
    assert "2 groups with 2 files beside the keepers, saving 10.0 MB" in text.out
    assert "expected false pairs in the whole collection: 0.04" in text.out
    assert "next: `comet pairs --profile p`" in text.err


def test_no_groups_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing found is an answer too."""
    groups.show(context(), found(count=0))
    assert capsys.readouterr().out == "no groups: among 3 files none is there more than once\n"


def test_incomplete_comparing_is_never_silent(capsys: pytest.CaptureFixture[str]) -> None:
    """No groups after half of the work are not no groups."""
    half = found(count=0)
    groups.show(context(), Found(half.groups, half.left_over, 3, 0.0, 1, 3, []))
    assert "only 1 of 3 pairs were compared" in capsys.readouterr().err


@pytest.mark.parametrize(("recall", "lines"), [(None, 0), (1.0, 0), (0.996, 1), (0.97, 2)])
def test_what_the_index_has_missed_is_told(
    capsys: pytest.CaptureFixture[str], recall: float | None, lines: int
) -> None:
    """Wherever it has missed some; where it is more than a hundredth, with the command that finds the rest."""
    groups.show(context(), replace(found(), recall=recall))
    text = capsys.readouterr()
    told = ["recall of the index" in text.out, "`comet correlate --exact --profile p`" in text.err]
    assert told == [lines > 0, lines > 1]


@pytest.mark.parametrize(
    ("taking", "text"),
    [
        (Taking(3, 3, 3, 0, 0, 0), "3 of 3 files take part"),
        (Taking(5, 3, 2, 1, 1, 0), "3 of 5 files take part, as 2 audios; 1 cannot be used, 1 is too short or silent"),
        (Taking(5, 3, 3, 0, 0, 2), "3 of 5 files take part; 2 have to be scanned again"),
    ],
)
def test_files_that_do_not_take_part_are_told_with_the_reason(taking: Taking, text: str) -> None:
    """So that the counts of scanning and of comparing can be held against each other."""
    assert correlate.taking(taking) == text


def test_groups_as_json_are_one_array(capsys: pytest.CaptureFixture[str]) -> None:
    """One line, all keys of the contract, left-over pairs as pairs."""
    groups.show(context(as_json=True), found(count=2))
    text = capsys.readouterr().out
    assert text.count("\n") == 1
    both = json.loads(text)
    assert len(both) == 2
    group = both[0]
    assert {"group", "saving", "frees", "clear", "standing", "albums", "tracks", "left_over"} == set(group)
    assert group["standing"] == "open"
    assert [t["keep"] for t in group["tracks"]] == [True, False]
    assert {"path", "size", "duration", "bitrate", "codec", "keep", "sample_rate", "channels", "lossless"} <= set(
        group["tracks"][0]
    )
    assert group["left_over"][0]["b"] == "/music/c.ogg"
    groups.show(context(as_json=True), found(count=0))
    assert json.loads(capsys.readouterr().out) == []


def test_a_name_that_is_not_utf8_survives_json(capsys: pytest.CaptureFixture[str]) -> None:
    """ASCII, and the bytes can be had back."""
    out.dump(out.pair(related(track(b"caf\xe9.mp3"), track(b"\xd0\xb6.mp3"))))
    text = capsys.readouterr().out
    assert text.isascii()
    assert os.fsencode(json.loads(text)["a"]) == b"/music/caf\xe9.mp3"


def test_a_hostile_name_is_harmless_in_a_table() -> None:
    """No name colours, clears or turns round the terminal."""
    bad = related(track(b"\x1b[2J\n.mp3"), track("\u202e3pm.mp3".encode()))
    text = "\n".join(pairs.table([bad], 0))
    group = Group("0" * 16, (bad.a, bad.b), 0, 1, True, (), ())
    text += "\n" + "\n".join(groups._table(Found([proposed(group)], {group.id: [bad]}, 2, 0.0, 1, 1, []), 1, 0))
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert len(text.splitlines()) == 9


def test_pairs_have_the_keys_of_the_contract() -> None:
    """Others read them."""
    keys = "a b similarity offset overlap relation evidence p_value expected_false sloped clear holder how"
    assert list(out.pair(related(LONG, FLAC))) == [*keys.split(), "speed", "parts", "doubt"]


@pytest.mark.parametrize(
    ("how", "word", "sentence"),
    [
        ({}, "same", "they are the same recording"),
        ({"clear": False, "doubt": "levels"}, "same, to check: levels differ", "to check: levels differ"),
        ({"clear": False, "doubt": "differs"}, "same, to check: a part differs", "to check: a part differs"),
        ({"clear": False, "doubt": "limited"}, "same, to check: not listened to the end", "not listened to the end"),
        ({"evidence": None}, "same", "the same encoded audio"),
        (
            {"relation": Relation.CONTAINS, "holder": "a", "offset": 62.2},
            "first contains second at 1:02",
            "A contains all of B, at 1:02",
        ),
        (
            {"relation": Relation.CONTAINS, "holder": "b", "offset": -5.0},
            "second contains first at 0:05",
            "B contains all of A, at 0:05",
        ),
        ({"relation": Relation.SHARES, "parts": (Part(70, 3, 31.8),)}, "shares 0:32 at 1:10 and 0:03", "share a part"),
        ({"relation": Relation.SHARES, "parts": (Part(0, 3, 9), Part(20, 40, 9))}, "shares 2 parts", "share a part"),
        ({"relation": Relation.SHARES}, "shares a part", "share a part"),
        ({"relation": Relation.VARIANT, "how": "speed", "speed": 2.04}, "variant: second 2.0 % faster", "2.0 % faster"),
        ({"relation": Relation.VARIANT, "how": "speed", "speed": -0.5}, "variant: second 0.5 % slower", "0.5 % slower"),
        ({"relation": Relation.VARIANT, "how": "speed", "speed": 0.04}, "variant: another speed", "less than 0.1 %"),
        (
            {"relation": Relation.VARIANT, "how": "cut", "parts": (Part(0, 0, 70), Part(73, 70, 60))},
            "variant: second lacks 3.0 s at 1:10",
            "cut differently: B lacks 3.0 s at 1:10",
        ),
        (
            {"relation": Relation.VARIANT, "how": "cut", "parts": (Part(0, 5, 70), Part(70, 80, 60))},
            "variant: first lacks 5.0 s at 1:15",
            "A lacks 5.0 s at 1:15",
        ),
        ({"relation": Relation.VARIANT, "how": "altered"}, "variant: altered", "altered"),
    ],
)
def test_each_relation_has_its_words(how: dict[str, object], word: str, sentence: str) -> None:
    """What was found is said, not coloured."""
    shown = related(LONG, FLAC, **how)
    assert pairs.word(shown) == word
    assert sentence in pair.verdict(shown, related=True)
    assert pair.verdict(shown, related=False) == "no relation was found between them"


def test_the_line_that_a_pair_is_held_against_is_told() -> None:
    """The lowest of any collection where none is given, else that of the profile's own."""
    below = related(LONG, FLAC, evidence=7.0)
    line = Line(1000, 0.1, 8.9, 9.9, 0.1, threshold.Null(), "")
    alone, within = ("\n".join(pair.told(below, [], each, related=False)) for each in (None, line))
    assert "under the line of 6.5, the lowest there is" in alone
    assert "under the line of 8.9 of this collection" in within


def test_a_relation_is_told_from_the_side_of_a_file() -> None:
    """Of a file that is asked for, the other one is told of: longer, shorter, faster or slower than it."""
    held = related(LONG, FLAC, relation=Relation.CONTAINS, holder="a", offset=62.0)
    assert pairs.word(held, LONG.path) == "it contains the other at 1:02"
    assert pairs.word(held, FLAC.path) == "the other contains it at 1:02"
    faster = related(LONG, FLAC, relation=Relation.VARIANT, how="speed", speed=4.0)
    assert pairs.word(faster, LONG.path) == "variant: the other one 4.0 % faster"
    assert pairs.word(faster, FLAC.path) == "variant: the other one 3.8 % slower"


def laid(pair: FilePair, errors: list[float | None]) -> Aligned:
    """Return a pair as it is drawn."""
    return Aligned(pair.a.audio, pair.b.audio, pair.offset, pair.speed, pair.parts, errors)


def test_strip_shows_where_two_files_differ() -> None:
    """Ends that one of them lacks, a stretch that differs and silence stand where they are, above the time."""
    one, other = track(b"a.mp3"), track(b"b.mp3")
    one, other = (replace(each, audio=replace(each.audio, duration=100.0)) for each in (one, other))
    words = round(100 / SECONDS_PER_WORD)
    errors: list[float | None] = [0.01] * words
    errors[: words // 5] = [None] * (words // 5)
    errors[words // 2 : words * 6 // 10] = [0.49] * (words * 6 // 10 - words // 2)
    errors[words * 8 // 10 : words * 9 // 10] = [math.nan] * (words * 9 // 10 - words * 8 // 10)
    drawn, axis, *_legend = strip.drawn(laid(related(one, other, offset=20.0), errors), 60)
    assert drawn == "A" * 10 + "▁" * 15 + "█" * 5 + "▁" * 10 + "." * 5 + "▁" * 5 + "B" * 10
    assert axis == "'0:00          '0:30          '1:00          '1:30"


def test_strip_draws_a_cut_and_silence_at_their_place() -> None:
    """What the first file lacks stands where it is missing, and silence before the other begins is no sound of it."""
    one, other = track(b"a.mp3"), track(b"b.mp3")
    one = replace(one, audio=replace(one.audio, duration=60.0))
    other = replace(other, audio=replace(other.audio, duration=90.0, sound_start=10.0))
    parts = (Part(0.0, 10.0, 30.0), Part(30.0, 60.0, 30.0))
    errors: list[float | None] = [0.01] * round(60 / SECONDS_PER_WORD)
    drawn, axis, *_legend = strip.drawn(laid(related(one, other, offset=-10.0, parts=parts), errors), 45)
    assert drawn == "." * 5 + "▁" * 15 + "B" * 10 + "▁" * 15
    assert axis == "     '0:00                    '0:30"


def test_a_narrow_table_leaves_out_columns_before_it_cuts_text() -> None:
    """A terminal of any width holds it; where nothing may be cut everything is there."""
    rows = [["what they are to each other", "0.98", "1:00"], ["same", "0.5", "2:00"]]
    assert out.fitted(rows, 0, leave=(1,)) == out.table(rows)
    assert max(map(len, out.fitted(rows, 35, leave=(1,)))) == 33
    narrow = out.fitted(rows, 24, leave=(1,))
    assert max(map(len, narrow)) <= 24
    assert "…" in narrow[0]


@pytest.mark.parametrize("offset", [-250.0, -3.0, 0.0, 0.5, 4000.0])
@pytest.mark.parametrize("width", [40, 80, 200])
def test_strip_fits_the_terminal(offset: float, width: int) -> None:
    """No line is wider than the terminal, however the files lie and however short the overlap is."""
    shown = related(LONG, FLAC, offset=offset, speed=-3.0)
    lines = list(strip.drawn(laid(shown, [0.1] * 1000), width))
    assert max(map(len, lines)) <= max(width, 70)
    assert len(lines[0]) <= width


def test_an_album_image_is_told() -> None:
    """Three tracks at places that do not overlap make their holder an album image; the same place thrice does not."""
    inner = [track(f"{n}.mp3".encode(), n + 10) for n in range(4)]
    at = [related(LONG, each, relation=Relation.CONTAINS, holder="a", offset=200.0 * n) for n, each in enumerate(inner)]
    assert pairs.images(at) == {LONG.path: 4}
    assert pairs.images(at[:2]) == {}
    assert pairs.images([at[0]] * 3) == {}
