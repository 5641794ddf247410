"""Merged tags as a text and back: what nobody changes comes back as it was, and each mistake has its line."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comet.collection import edited
from comet.core.errors import UsageError
from comet.core.merged import Agreement, Merge, Row, Settled, Value
from comet.core.text import safe

FRONT, OTHER = "aa" * 32, "ab" * 32
LYRICS = "Oh, can't anybody see\r\n\r\nWe've got"
MERGE = Merge(
    (
        Row("title", Agreement.ALIKE, (Value("Roads", (0,)), Value("roads", (1,))), ("Roads",)),
        Row("artist", Agreement.SAME, (Value("Portishead", (0, 1)),), ("Portishead",)),
        Row("date", Agreement.CONFLICT, (Value("1994", (0,)), Value("1995", (1,))), ("1994",)),
        Row("genre", Agreement.ADDED, (Value("Trip-Hop", (0,)), Value("Electronic", (1,))), ("Trip-Hop", "Electronic")),
        Row("lyrics", Agreement.ADDED, (Value(LYRICS, (1,)),), (LYRICS,)),
        Row("encoder", Agreement.OWN, (Value("LAME", (1,)),), ()),
        Row("picture front", Agreement.ALIKE, (Value(FRONT, (0,)), Value(OTHER, (1,))), (FRONT,)),
    ),
    {FRONT: "1400x1400 JPEG, 212 kB", OTHER: "600x600 PNG, 480 kB"},
)  # fmt: skip
NOTHING = Settled()


def changed(old: str, new: str, settled: Settled = NOTHING) -> Settled:
    """Return what comes of it when somebody puts `new` in place of `old`."""
    text = edited.text(MERGE, settled)
    assert text.count(old) == 1, text
    return edited.parse(text.replace(old, new), MERGE)


def test_the_text_shows_values_and_where_they_come_from() -> None:
    """A value has a line, several lines of it begin with a sign, and above stand the spellings with their tracks."""
    lines = edited.text(MERGE, NOTHING).splitlines()
    at = lines.index("title: Roads")
    assert lines[at - 1] == "# ←1 Roads  ←2 roads"
    assert lines[lines.index("artist: Portishead") - 1] == ""
    assert lines[lines.index("genre: Trip-Hop") + 1] == "genre: Electronic"
    at = lines.index("lyrics: Oh, can't anybody see")
    assert lines[at + 1 : at + 3] == ["|", "| We've got"]
    at = lines.index(f"picture front: {FRONT[:8]}")
    assert lines[at - 1] == "# ←1 aaaaaaaa 1400x1400 JPEG, 212 kB  ←2 abababab 600x600 PNG, 480 kB"
    assert lines[-1] == "# each file keeps its own: encoder"


def test_a_conflict_stays_open_until_a_value_is_chosen() -> None:
    """Its values are there with a sign before each; without it, it is settled, though it is the one proposed."""
    assert "\n#date: 1994\n# ←2 1995\n#date: 1995\n" in edited.text(MERGE, NOTHING)
    assert edited.parse(edited.text(MERGE, NOTHING), MERGE) == NOTHING
    assert changed("#date: 1994", "date: 1994") == Settled({"date": ("1994",)})
    assert changed("#date: 1994", "date: 1996-01") == Settled({"date": ("1996-01",)})
    assert changed("#date: 1994", "date:") == Settled({"date": ()})
    settled = Settled({"date": ("1995",)})
    assert edited.parse(edited.text(MERGE, settled), MERGE) == settled
    assert changed("date: 1995\n", "", settled) == NOTHING


def test_what_is_changed_is_settled() -> None:
    """Values are replaced, added and taken away; a field can be new, and a picture is meant by its first digits."""
    assert changed("title: Roads", "title: Roads (live)") == Settled({"title": ("Roads (live)",)})
    assert changed("genre: Electronic", "genre: Electronic\ngenre: Rock") == Settled(
        {"genre": ("Trip-Hop", "Electronic", "Rock")}
    )
    assert changed("genre: Electronic\n", "") == Settled({"genre": ("Trip-Hop",)})
    assert changed("artist: Portishead\n", "") == Settled({"artist": ()})
    assert changed("artist: Portishead", "artist:") == Settled({"artist": ()})
    assert changed("artist: Portishead", "artist: Portishead\nMood : calm") == Settled({"mood": ("calm",)})
    assert changed("front: aaaaaaaa", "front: ab") == Settled({"picture front": (OTHER,)})
    assert changed("| We've got", "| We've lost") == Settled({"lyrics": ("Oh, can't anybody see\n\nWe've lost",)})
    assert changed("genre: Trip-Hop\ngenre: Electronic", "genre: Electronic\ngenre: Trip-Hop\ngenre: Trip-Hop") == (
        Settled({"genre": ("Electronic", "Trip-Hop")})
    )


def test_what_an_editor_does_to_the_ends_of_lines_changes_nothing() -> None:
    """Blanks there, CRLF and no last end of line leave every value as it is, even one with other ends of lines."""
    text = edited.text(MERGE, NOTHING)
    assert edited.parse(text.replace("\n", "  \r\n").rstrip(), MERGE) == NOTHING


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("title: Roads", "title", "line 7: `title` is no `field: value`"),
        ("title: Roads", "=: Roads", "line 7: `=` is no field of tags"),
        ("title: Roads", "encoder: me", "line 7: `encoder` belongs to each file"),
        ("title: Roads", "title: Roads\\q", r"line 7: `\\q` means nothing"),
        ("title: Roads", "title: Roads\\", r"line 7: `\\` means nothing"),
        ("title: Roads", "title: \\ud800", "line 7: no tag can hold"),
        ("title: Roads", "title: a\n|\\u0000", "line 7: no tag can hold"),
        ("front: aaaaaaaa", "front: a", "line 27: `a` is none of the pictures"),
        ("front: aaaaaaaa", "front: aa\npicture front: ab", "line 28: a file has one picture of a kind"),
        ("front: aaaaaaaa", "back: aaaaaaaa", "line 27: `picture back` is no field"),
    ],
)
def test_a_mistake_is_told_with_its_line(old: str, new: str, message: str) -> None:
    """What cannot be meant is refused, and nothing is guessed."""
    with pytest.raises(UsageError, match=message):
        changed(old, new)


def test_a_line_that_goes_on_with_nothing_is_a_mistake() -> None:
    """`|` needs a value above."""
    with pytest.raises(UsageError, match="line 2: there is no value above"):
        edited.parse("# only this\n| and that", MERGE)


NAMES = st.text(st.characters(codec=None), min_size=1, max_size=12).map(str.strip).filter(bool)
VALUES = st.text(st.characters(codec=None) | st.sampled_from("\\;|#:\n\r\t\x1b\u202e"), max_size=40).map(
    lambda value: value.replace("\0", "").strip()
)


@given(
    st.dictionaries(
        NAMES,
        st.lists(VALUES.filter(bool), min_size=1, max_size=3, unique_by=edited._trimmed),
        max_size=5,
    )
)
def test_any_value_survives_and_nothing_of_it_reaches_a_terminal(found: dict[str, list[str]]) -> None:
    """Names and values of any kind come back as they were, and every line can be shown as it is."""
    rows = [
        Row(name, Agreement.SAME, tuple(Value(value, (0,)) for value in values), tuple(values))
        for name, values in found.items()
    ]
    text = edited.text(Merge(tuple(rows)), NOTHING)
    assert all(safe(line) == line for line in text.split("\n"))
    assert edited.parse(text, Merge(tuple(rows))) == NOTHING


@given(st.lists(VALUES, max_size=4))
def test_one_line_holds_all_values_of_a_field(values: list[str]) -> None:
    """What is written in one line is read as the same values, without those that are empty or there twice."""
    usable = [value for value in values if not any("\ud800" <= each <= "\udfff" for each in value)]
    text = edited.line(usable)
    assert safe(text) == text
    plain = [value.replace("\r\n", "\n").replace("\r", "\n") for value in usable]
    assert edited.values(text) == tuple(dict.fromkeys(value for value in plain if value.strip()))


def test_a_long_text_takes_no_long_time() -> None:
    """A megabyte of lyrics and ten thousand values are written and read in a moment."""
    lyrics = "\\ and a line of a song\n" * 40_000
    many = tuple(f"value {number}" for number in range(10_000))
    merge = Merge(
        (
            Row("lyrics", Agreement.SAME, (Value(lyrics, (0,)),), (lyrics,)),
            Row("genre", Agreement.SAME, tuple(Value(each, (0,)) for each in many), many),
        )
    )
    began = time.process_time()
    assert edited.parse(edited.text(merge, NOTHING), merge) == NOTHING
    assert time.process_time() - began < 10


def script(folder: Path, words: str) -> str:
    """Return an editor that does something to its file."""
    path = folder / "my editor"
    path.write_text(f"#!/bin/sh\n{words}\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return f"'{path}' -x"


def test_the_editor_of_the_user_gets_the_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What EDITOR names, with its options, gets a file that only its owner can read, and what it saved comes back."""
    monkeypatch.delenv("VISUAL", raising=False)
    seen = tmp_path / "seen"
    monkeypatch.setenv("EDITOR", script(tmp_path, f'stat -c "%a" "$(dirname "$2")" > {seen}; echo "more: ё" >> "$2"'))
    assert edited.by_hand("title: Roads\n") == "title: Roads\nmore: ё\n"
    assert seen.read_text(encoding="ascii").strip() == "700"


@pytest.mark.parametrize(
    ("words", "message"),
    [("exit 3", "ended with 3"), ('rm "$2"', "cannot be used")],
)
def test_an_editor_that_fails_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str, message: str
) -> None:
    """An exit code or no file is a sentence."""
    monkeypatch.setenv("VISUAL", script(tmp_path, words))
    with pytest.raises(UsageError, match=message):
        edited.by_hand("title: Roads\n")


def test_bytes_that_are_no_text_come_back_as_they_were(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder's name may be anything: its bytes go through the editor, and those that it saved are there too."""
    monkeypatch.setenv("VISUAL", script(tmp_path, 'printf "/\\376\\n" >> "$2"'))
    assert edited.by_hand("roots = /\udcff\n") == "roots = /\udcff\n/\udcfe\n"


def test_without_an_editor_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that is not there, that is none, or nothing at all is a sentence with what to do."""
    for name in ("VISUAL", "EDITOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", os.devnull)
    with pytest.raises(UsageError, match="there is no editor"):
        edited.by_hand("")
    monkeypatch.setenv("EDITOR", "no-such-editor")
    with pytest.raises(UsageError, match="`no-such-editor` cannot be used"):
        edited.by_hand("")
    monkeypatch.setenv("EDITOR", "'half")
    with pytest.raises(UsageError, match="EDITOR is no command"):
        edited.by_hand("")
