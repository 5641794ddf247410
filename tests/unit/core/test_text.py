"""Text: nothing from outside reaches a terminal as it is."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comet.core.text import clock, safe, size


@given(st.text() | st.binary())
def test_nothing_that_a_terminal_obeys_is_left(text: str | bytes) -> None:
    """Whatever a file is called, no control, format, surrogate or unassigned character comes through."""
    kept = {"\u200c", "\u200d", "\u00ad"}
    assert all(
        c in kept or unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"} for c in safe(text)
    )


@pytest.mark.parametrize("text", ["Ночные поезда", "坂本龍一", "a [bold]b[/] `c`", "naïve", "🎵"])
def test_ordinary_names_stay(text: str) -> None:
    """Letters of every script and signs of markup are only text."""
    assert safe(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31m", "\\x1b[31m"),
        ("a\nb\tc\r", "a\\nb\\tc\\r"),
        (b"caf\xe9", "caf\\xe9"),
        ("\u202egpj", "\\u202egpj"),
        ("\x9b1m", "\\x9b1m"),
    ],
)
def test_what_is_hidden_becomes_visible(text: str | bytes, shown: str) -> None:
    """An escape says which character stood there."""
    assert safe(text) == shown


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (12_345_678, "12.3 MB"),
        (123_456_789, "123 MB"),
        (10**13, "10.0 TB"),
    ],
)
def test_sizes_are_in_powers_of_1000(count: int, shown: str) -> None:
    """As disks are sold and file managers count."""
    assert size(count) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "0:00"), (59.6, "1:00"), (205, "3:25"), (3723, "1:02:03"), (-61, "-1:01")]
)
def test_lengths_are_shown_as_on_a_player(seconds: float, shown: str) -> None:
    """Minutes and seconds, hours where there are some."""
    assert clock(seconds) == shown
