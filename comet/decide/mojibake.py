"""Letters that somebody read in another encoding than they were written in, and what they were.

UTF-8 that was read as Windows-1252 ("BjÃ¶rk"), as Latin-1 or as Windows-1251 ("РљРёРЅРѕ"), and Russian letters of
Windows-1251 ("Êèíî"), KOI8-R or DOS that were read as Latin ones. Two questions: what could a text have been
(`readings`), which means something where another file says just that, and what was it surely (`repaired`), which has to
stand alone. Pure.
"""

# ruff: noqa: RUF001 - letters of other alphabets are what this is about

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final


def _bytes_of(encoding: str) -> dict[int, int]:
    """Return which byte each character was read from; bytes that mean nothing were kept as they are, as browsers do."""
    found = {byte: bytes([byte]).decode(encoding, "ignore") for byte in range(0x80, 0x100)}
    return {ord(char): byte for byte, char in found.items() if char}


_LATIN, _RUSSIAN = _bytes_of("cp1252"), _bytes_of("cp1251")
LONGEST: Final = 20_000
"""Characters of a text that is looked at: lyrics of an opera fit in, and a tag may be made to hold 100 MB."""
_UTF8: Final = (_LATIN, _RUSSIAN)
"""What UTF-8 was read as."""
_ONE_BYTE: Final = ("cp1251", "koi8-r", "cp866")
"""What was read as Latin letters."""

_ALPHABET: Final = frozenset("абвгдежзийклмнопрстуфхцчшщъыьэюяёіїєґў")
_VOWELS: Final = "аеёиоуыэюяіїє"
_WORD: Final = re.compile(r"[^\W\d_]+")
_UNSPEAKABLE: Final = re.compile(
    f"^[ъьы]|[^{_VOWELS}]й(?!о)|[{_VOWELS}йъь][ъь]|[^{_VOWELS}]{{6}}|^[{_VOWELS}]+$|^[^{_VOWELS}]+$"
)
"""What no word of three letters and more has in Russian, Ukrainian or Belarusian: a sign or a short i behind the wrong
letter, six consonants in a row, nothing but vowels or consonants. Of the 146 098 words of a Russian dictionary 70 have
it, nearly all of them abbreviations; of the same in KOI8-R, read as Windows-1251, 58 %."""
_COMMON: Final = re.compile(
    "(?="
    "а[бвгдежзийклмнпрстфхцчшщю]|б[аеилору]|в[аезиклнорсушыя]|г[аеилнору]|д[авеинорсуы]|"
    "е[бвгджзйклмнопрстхцчш]|ж[адеин]|з[авдеимноруы]|и[абвгдезйклмнопрстфхцчя]|йс|к[аилорсту]|"
    "л[аеиклоуыьюяё]|м[аеиноуы]|н[агдеикностуцыья]|о[бвгдежзийклмнопрстфхчш]|п[аеилоруы]|р[агдеикмностуыяё]|"
    "с[авеиклмнопстуыья]|т[авеикнорсуыья]|у[бвгдежклмнпрстхчшю]|ф[аеио]|х[аило]|ц[аеи]|ч[аеикну]|ш[аеиь]|"
    "щ[аеи]|ы[вйкпрст]|ь[енс]|ю[тщ]|я[внтщю]|ё[нрт]"
    ")"
)
"""The 300 commonest pairs of letters, 93% of all in that dictionary. A text without capitals that could be
Windows-1251 and KOI8-R has more of them in what it is; of single words 0.4 % have fewer, and 1 % as many."""
_SHORT: Final = 4
"""Letters of a text in which one pair more says too little: 3 % of such words would become another one."""
_NORDIC: Final = frozenset("едцжшья")
"""What the letters in which German and Nordic alphabets end would be: "ÅÄÖ", "ÆØÅ", "äöüß" stand alone now and then."""

_SENTENCE: Final = frozenset("‚„…‹›‘’“”•–—™«»©®ŠšŒœŽžŸ")
"""What stands beside a letter in honest text too: "CAFÉ…" is not UTF-8, though its last two bytes could be."""

_SCRIPTS: Final = re.compile(
    "(?P<latin>[A-Za-z\xaa\xba\xc0-\xd6\xd8-\xf6\xf8-\u017f\u01a0\u01a1\u01af\u01b0\u0218-\u021b\u0300-\u030c\u0327\u0328\u1e00-\u1eff])"
    "|(?P<greek>[\u0370-\u03ff])|(?P<cyrillic>[\u0400-\u045f\u0490-\u04ff])|(?P<armenian>[\u0530-\u058f])"
    "|(?P<hebrew>[\u0590-\u05ff])|(?P<arabic>[\u0600-\u06ff])|(?P<thai>[\u0e00-\u0e7f])|(?P<georgian>[\u10a0-\u10ff])"
    "|(?P<east>[\u3005-\u30ff\u3400-\u9fff\uac00-\ud7af])"
    "|(?P<sign>[\x20-\x40\\[-`{-~\xa0-\xa9\xab-\xb9\xbb-\xbf\xd7\xf7\n\r\t\u2010-\u205e\u20a0-\u20bf\u2100-\u214f"
    "\u2190-\u21ff\u2600-\u27bf\u3000-\u3004\uff00-\uffef\U0001f300-\U0001faff])"
)
"""Characters that tags are written in, by script; those of phonetics or of dead languages come of a wrong guess."""


def repaired(text: str) -> str:
    """Return what a text surely was before it was read wrongly, be it several times; itself where nothing is sure."""
    better = text if text.isascii() else next(_sure(text), text)
    return text if better == text else repaired(better)


def readings(text: str) -> tuple[str, ...]:
    """Return what a text could have been before it was read wrongly, likeliest first; nothing of it is sure."""
    return tuple(dict.fromkeys((*(found for _table, found in _as_utf8(text)), *_as_russian(text).values())))


def _sure(text: str) -> Iterator[str]:
    for table, found in _as_utf8(text):
        if (_unmistakable(text, found) if table is _LATIN else _speakable(found)) and _plausible(repaired(found)):
            yield found
    russian = {encoding: found for encoding, found in _as_russian(text).items() if _speakable(found)}
    windows, unix = russian.get("cp1251", ""), russian.get("koi8-r", "")
    more, needed = _common(windows) - _common(unix), 1 if len(text) > _SHORT else 2
    if windows and (not unix or more >= needed):
        yield windows
    elif unix and (not windows or more <= -needed) and len(max(_WORD.findall(unix), key=len)) > 3:
        yield unix


def _as_utf8(text: str) -> Iterator[tuple[dict[int, int], str]]:
    """Yield what a text is as UTF-8, with what it was read as; it always has fewer letters, so this comes to an end."""
    if not text.isascii() and len(text) <= LONGEST:
        for table in _UTF8:
            try:
                yield table, text.translate(table).encode("latin-1").decode("utf-8")
            except UnicodeError:
                continue


def _as_russian(text: str) -> dict[str, str]:
    """Return what a text of Latin letters is in Russian ones, by encoding, where each word has letters of one kind."""
    try:
        data = b"" if text.isascii() or len(text) > LONGEST else text.translate(_LATIN).encode("latin-1")
    except UnicodeError:
        return {}
    found = {}
    for encoding in _ONE_BYTE if data else ():
        read = data.decode(encoding, "replace")
        words = [word for word in _WORD.findall(read) if not word.isascii()]
        if words and all(set(word.lower()) <= _ALPHABET and _cased(word) for word in words):
            found[encoding] = read
    return found


def _cased(word: str) -> bool:
    return word.islower() or word.isupper() or word[1:].islower()


def _speakable(text: str) -> bool:
    """Tell whether the Russian words of a text could be some; in capitals, some may stand for others."""
    words = [word for word in _WORD.findall(text) if len(word) > 2 and not word.isascii()]
    lower = [word.lower() for word in words]
    if not words or _NORDIC.issuperset("".join(lower)) or not _ALPHABET.issuperset("".join(lower)):
        return False
    wrong = [word for word in words if _UNSPEAKABLE.search(word.lower())]
    return len(wrong) < len(words) and all(map(str.isupper, wrong))


def _common(text: str) -> int:
    return len(_COMMON.findall(text.lower()))


def _plausible(text: str) -> bool:
    """Tell whether all characters are such as tags are written in, and each word is in one script."""
    before = "sign"
    for char in text:
        match = _SCRIPTS.match(char)
        kind = match.lastgroup if match else None
        if kind is None or (kind != before and "sign" not in (kind, before)):
            return False
        before = kind
    return True


def _unmistakable(text: str, found: str) -> bool:
    """Tell whether some character that was several bytes cannot be honest letters beside a sign.

    Args:
        text: as it was read, a character a byte.
        found: what it is as UTF-8.
    """
    at = 0
    for char in found:
        end = at + len(char.encode("utf-8"))
        before, after = text[max(0, at - 1) : at], text[end : end + 1]
        follows = after.islower() or (before.isalpha() and after.isalpha() and text[end - 1] not in "–—")
        if end - at > 1 and (
            not _SENTENCE.issuperset(text[at + 1 : end]) or (end - at == 2 and (before.islower() or follows))
        ):
            return True
        at = end
    return False
