"""When two spellings are one value, and which of them is the better one. Pure.

Alike are capitals and small letters, composed and decomposed, full and half width ones, letters with and without marks
(е and ё, o and ö, but not и and й), any punctuation and blanks but those between digits, `feat.` and `featuring`, `&`
and `and`, `The Beatles`, `Beatles, The` and `Beatles`, and a text whose letters were damaged beside what it was. What
is written in another alphabet is another value.
"""

# ruff: noqa: RUF001, RUF002 - letters of other alphabets are what this is about

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Final, NamedTuple

from comet.decide.mojibake import LONGEST, readings, repaired

_ARTICLES: Final = frozenset(
    {"the", "a", "an", "der", "die", "das", "le", "la", "les", "los", "las", "el", "il", "lo", "os", "as"}
)
"""What stands behind a comma where a list is in order of the alphabet."""
_THE: Final = re.compile(r"the\s+(?=\w)", re.IGNORECASE)
_GUEST: Final = re.compile(r"\b(?:featuring|feat|ft)\b", re.IGNORECASE)
_BETWEEN: Final = re.compile(r"(?<=\d)[\W_]+(?=\d)")
_MINUS: Final = re.compile(r"^[-\u2010-\u2015](?=\d)")
_OWN_LETTERS: Final = {"и\u0306": "й", "у\u0306": "ў", "і\u0308": "ї", "И\u0306": "Й", "У\u0306": "Ў", "І\u0308": "Ї"}
"""Letters whose mark makes them others."""
_NO_LETTERS: Final = ("Cc", "Cf", "Cs", "P", "Sk", "Z")
_SHOUTED: Final = re.compile(r"[^\W\d_]{5}")
"""ABBA and AC/DC are names, YESTERDAY is shouted."""
_ODD: Final = re.compile(r"[_\u0300-\u036f\uff01-\uff5e\ufffd\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]|[^\S\r\n]{2}")
"""What a better spelling has not: two blanks or what stands for one, a mark on its own, full width, no letters."""
_ALPHABETS: Final = tuple(
    map(
        frozenset,
        (
            "àâçéèêëîïôùûüÿñ", "äöüéèà", "áéíóúüñ", "àáâãçéêíóôõúü", "àèéìíîòóùú", "àçèéíïòóúü", "äëïöüéèêóôá",
            "åäöéüàáè", "åéèêóòôäöü", "áéíóúýöðåü", "äöüõšž", "āčēģīķļņšūž", "ąčęėįšųūž", "áčďéěíňóřšťúůýž",
            "áäčďéíĺľňóôŕšťúýž", "ąćęńóśźż", "áéíóöőúüű", "ăâîșțşţ", "çğıöşüâîûİ", "čćšžđ", "çë", "ċġżàèìòù",
            "âêîôûŵŷáéíóúẃýàèìòùẁỳäëïöüẅÿ", "áéíóúàèìòù", "ĉĝĥĵŝŭ", "āēīōūâêîôûéè", "āēīōūǖáéíóúǘǎěǐǒǔǚàèìòùǜü",
            "āīūṛṝḷṅñṭḍṇśṣṃḥṁ", "āīūḏḍḥṣṭẓḫġṯžš", "ёйїў", "άέήίόύώϊϋΐΰ",
            "ăâêôơưàảãáạằẳẵắặầẩẫấậèẻẽéẹềểễếệìỉĩíịòỏõóọồổỗốộờởỡớợùủũúụừửữứựỳỷỹýỵ",
        ),
    )
)  # fmt: skip
"""Letters with marks that one language has, or one way to write it: those of Fréémán, Várioüš are none of any."""
_TWICE: Final = re.compile(r"áá|íí|óó|úú|ýý|(?=.*[áíóúýöőűř])éé")
"""What no language has, for a long vowel does not meet itself; "créé" is French, which has none of the others."""


class _Letters(dict[int, str]):
    """What each character counts for when texts are compared, found out when it is met."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        plain = char if char.lower() in _OWN_LETTERS.values() else unicodedata.normalize("NFKD", char)
        found = "".join(each for each in plain.casefold() if not _silent(each))
        if code <= 0xFFFF:  # letters beyond are rare, and there are a million of them
            self[code] = found
        return found


def _silent(char: str) -> bool:
    return unicodedata.category(char).startswith(_NO_LETTERS) or "\u0300" <= char <= "\u036f"


_LETTERS: Final = _Letters({ord("&"): "and"})


def folded(text: str) -> str:
    """Return what all spellings of a value have in common; never empty where the text is not."""
    return text if len(text) > LONGEST else _folded(text)


@lru_cache(maxsize=4096)  # a quarter of merging: of a group each value is asked for some ten times
def _folded(text: str) -> str:
    head, _comma, article = text.rpartition(",")
    if article.strip().casefold() in _ARTICLES and head:
        text = f"{article.strip()} {head}"
    text = text[found.end() :] if (found := _THE.match(text)) else text
    text = _GUEST.sub("feat", _MINUS.sub("\u2212", _BETWEEN.sub(_gap, text)))
    if not text.isascii():
        for pair, letter in _OWN_LETTERS.items():
            text = text.replace(pair, letter)
    return text.translate(_LETTERS) or " ".join(text.split()) or text


def _gap(between: re.Match[str]) -> str:
    """Return what stands for something between digits: 1.5 is neither 15 nor 1 5."""
    return "|" if between[0].strip() else "\u00a6"


def alike(texts: Iterable[str]) -> dict[str, str]:
    """Return what each text counts as: texts that are one value count as the same.

    A text that may be a damaged form of another one, though nothing about itself shows it, counts as that one.
    """
    found = {text: folded(repaired(text)) for text in texts}
    known = frozenset(found.values())
    for text in [] if len(known) == 1 else [text for text in found if not text.isascii()]:
        fitting = (key for key in map(folded, readings(text)) if key in known)
        found[text] = next(fitting, found[text])
    return found


class Worth(NamedTuple):
    """How good a spelling is beside others of the same value; a greater one is better."""

    whole: bool
    """No letter of it is damaged, and none is in a form of its own."""
    in_order: bool
    """The article stands in front; in names to sort by, behind."""
    cased: bool
    """Neither shouted nor all in small letters."""
    marks: int
    """Letters with marks, for who left these out left something out; -1 where a word has them as no language does."""


def worth(text: str, *, sorting: bool = False) -> Worth:
    """Return how good a spelling is.

    Args:
        text: the spelling.
        sorting: it is there to sort by.
    """
    behind = text.rpartition(",")[2].strip().casefold() in _ARTICLES
    shouted = text.isupper() and _SHOUTED.search(text) is not None
    cased = not (shouted or text.islower())
    if text.isascii():
        return Worth(not _ODD.search(text), behind == sorting, cased, 0)
    return Worth(not _ODD.search(text), behind == sorting, cased, _marks(text))


def _marks(text: str) -> int:
    """Return how many letters have marks, -1 where some word has them as no language does."""
    found = 0
    for word in re.findall(r"[^\W\d_]+", unicodedata.normalize("NFC", text).lower()) if len(text) <= LONGEST else ():
        marked = {char for char in word if unicodedata.decomposition(char)[:1] not in {"", "<"}}
        latin = "a" <= unicodedata.normalize("NFD", min(marked, default=""))[:1] <= "z"
        if latin and (_TWICE.search(word) or not any(marked <= letters for letters in _ALPHABETS)):
            return -1
        found += sum(char in marked for char in word)
    return found
