"""Which spellings are one value, and which of them is the better one."""

# ruff: noqa: RUF001 - letters of other alphabets are what this is about

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comet.decide.mojibake import LONGEST
from comet.decide.spelling import alike, folded, worth


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Björk", "BJO\u0308RK"), ("Björk", "Bjork"), ("Ёлка", "ЕЛКА"), ("Мой", "МОИ\u0306"),
        ("The Beatles", "Beatles, The"), ("the Beatles", "Beatles"), ("The The", "The, The"),
        ("Die Ärzte", "Ärzte, Die"), ("A feat. B", "a ft b"), ("A (featuring B)", "A Feat. B"), ("It’s", "It's"),
        ("Ｆｕｌｌ　Ｗｉｄｔｈ", "Full Width"), ("ﾊﾟﾝｸ", "パンク"),
        ("AC/DC", "ACDC"), ("R.E.M.", "REM"), ("Hip-Hop", "hip hop"),
        ("A – B", "A - B"), ("a_b", "A B"), ("Simon & Garfunkel", "Simon and Garfunkel"), ("Straße", "STRASSE"),
        ("Êèíî", "Кино"), ("ÐšÐ¸Ð½Ð¾", "КИНО"), ("BjÃ¶rk", "Björk"), ("ÄÄÒ", "ДДТ"),
        ("ëÉÎÏ", "Кино"), ("1.5", "1,5\u200b"),
    ],
)  # fmt: skip
def test_spellings_of_one_value(one: str, other: str) -> None:
    """Both count as the same, whichever comes first."""
    for pair in ((one, other), (other, one)):
        assert len(set(alike(pair).values())) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Splin", "Сплин"), ("й", "и"), ("їжа", "іжа"), ("が", "か"), ("1.5", "15"), ("1 5", "15"),
        ("-7 dB", "7 dB"), ("+", "-"),
        ("!!!", "..."), ("?", "!"), ("Yesterday", "Yesterday (Live)"), ("128.4", "1284"), ("Theme", "me"),
        ("The", "Beatles"), ("C", "C++"), ("♥", "♦"),
        ("2001-05-03", "2001-05-30"),
    ],
)  # fmt: skip
def test_different_values(one: str, other: str) -> None:
    """What is written in another alphabet, in other digits or with other signs is another value."""
    assert len(set(alike((one, other)).values())) == 2


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ("Björk", "Bjo\u0308rk"), ("Björk", "Bjork"), ("Всё", "Все"), ("Yesterday", "YESTERDAY"),
        ("Yesterday", "yesterday"),
        ("The Beatles", "Beatles, The"), ("A B", "A_B"), ("A B", "A  B"), ("Full", "Ｆｕｌｌ"), ("Full", "Fu\x02ll"),
        ("Freeman", "Fréémán"), ("Various", "Várioüš"), ("créée", "creee"), ("Dvořák", "Dvorak"), ("Hồng", "Hong"),
    ],
)  # fmt: skip
def test_the_better_spelling(better: str, worse: str) -> None:
    """Whole letters, one blank, the article in front, capitals where they belong, marks such as go together."""
    assert worth(better) > worth(worse)


def test_names_are_left_in_capitals() -> None:
    """What is as short as ABBA may be one, and to sort by, the article stands behind."""
    assert worth("ABBA")[:3] == worth("Abba")[:3]
    assert worth("Beatles, The", sorting=True) > worth("The Beatles", sorting=True)


@given(st.text(min_size=1), st.text(min_size=1))
def test_any_texts_count_as_something(one: str, other: str) -> None:
    """Control characters, lone surrogates and signs alone are values too, and the order says nothing."""
    assert folded(one)
    assert alike((one, other)) == alike((other, one))
    assert alike((one,))[one] == alike((one, one + " "))[one]


@given(st.text(min_size=1, max_size=30).filter(str.strip))
def test_case_and_blanks_say_nothing(text: str) -> None:
    """In any script that has them."""
    assert folded(f" {text} ") == folded(text)
    assert folded(text.upper().lower()) == folded(text.upper())


def test_what_nobody_reads_costs_nothing() -> None:
    """A text longer than an opera is compared as it stands."""
    text = "Ла " * LONGEST
    assert folded(text) == text
    assert folded(text[:300]) == "ла" * 100
