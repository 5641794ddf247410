"""The compressed text form of a fingerprint: every bit of it, there and back, and what is none."""

from __future__ import annotations

import base64
import importlib
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
import pytest

from comet.core.compressed import decode, encode

if TYPE_CHECKING:
    from comet.core.model import Words

_RNG = np.random.default_rng(5)
_CASES = {
    "one": [0],
    "all bits": [0, 0xFFFFFFFF, 0, 0xFFFFFFFF],
    "far bits": [1 << 31, 0, 1, 1 << 31, 1 << 6, 1 << 7, 1 << 8],
    "steady": [0x12345678] * 50,
    "noise": _RNG.integers(0, 1 << 32, 999).tolist(),
    "few bits": (1 << _RNG.integers(0, 32, 500)).tolist(),
}


def words_of(values: list[int]) -> Words:
    """Return values as a fingerprint."""
    return np.array(values, np.uint32)


def decoded(text: str) -> list[int]:
    """Return the words of a text form; written from its description, a bit at a time."""
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    assert raw[0] == 1
    bits = "".join(f"{byte:08b}"[::-1] for byte in raw[4:])
    left, steps, at = int.from_bytes(raw[1:4], "big"), list[int](), 0
    while left:
        steps.append(int(bits[at : at + 3][::-1], 2))
        left -= not steps[-1]
        at += 3
    at = -(-at // 8) * 8
    words, word, place = [0], 0, -1
    for step in steps:
        if not step:
            words.append(words[-1] ^ word)
            word, place = 0, -1
            continue
        place += step
        if step == 7:
            place += int(bits[at : at + 5][::-1], 2)
            at += 5
        word |= 1 << place
    return words[1:]


@pytest.fixture
def chromaprint() -> ModuleType:
    """Return the binding of libchromaprint that pyacoustid brings, where the library is installed."""
    pytest.importorskip("chromaprint", reason="libchromaprint is not installed", exc_type=ImportError)
    return importlib.import_module("chromaprint")


@pytest.mark.parametrize("values", _CASES.values(), ids=_CASES)
def test_the_text_form_holds_every_bit(values: list[int]) -> None:
    """Who reads it by its description gets the same words back."""
    assert decoded(encode(words_of(values))) == values


@pytest.mark.parametrize("values", _CASES.values(), ids=_CASES)
def test_the_text_form_is_that_of_the_library(chromaprint: ModuleType, values: list[int]) -> None:
    """Byte for byte what libchromaprint makes of the same words, which it reads back too."""
    text = encode(words_of(values)).encode()
    assert text == chromaprint.encode_fingerprint(values, 1)
    assert chromaprint.decode_fingerprint(text) == (values, 1)


@pytest.mark.parametrize("values", [[], *_CASES.values()], ids=["none", *_CASES])
def test_the_text_form_is_read_back(values: list[int]) -> None:
    """The same words come out, of a type that can be stored."""
    words = decode(encode(words_of(values)))
    assert words.dtype == np.uint32
    assert words.tolist() == values


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "broken"),
        ("AQ!!", "broken"),
        ("ЖЖЖЖ", "broken"),
        (encode(words_of(_CASES["noise"]))[:-4], "broken"),
        (encode(words_of(_CASES["noise"]))[:300], "broken"),
        ("AQAAAQcf", "broken"),
        ("AA" + encode(words_of([1]))[2:], "another algorithm"),
    ],
    ids=["empty", "no base64", "no ascii", "rest cut off", "half", "bits beyond a word", "algorithm"],
)
def test_what_is_no_text_form_is_refused(text: str, reason: str) -> None:
    """Whatever is wrong with it, it is a sentence and never a crash or other words."""
    with pytest.raises(ValueError, match=reason):
        decode(text)
