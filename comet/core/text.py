"""Words to people: translation of Comet's own sentences, and text from outside made safe to draw."""

from __future__ import annotations

import gettext
import os
import unicodedata
from functools import cache
from typing import TYPE_CHECKING, Final

from comet.core import early

if TYPE_CHECKING:
    from comet.core.job import Listing

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_KEEP = frozenset({"\u200c", "\u200d", "\u00ad"})  # joiners that scripts need; soft hyphen


LOCALE: Final = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "locale")
"""The catalogues of sentences, a folder a language."""


@cache
def language() -> str:
    """Return the language that was chosen, by `COMET_LANGUAGE` or in `main.ini`; empty for that of the locale."""
    return os.environ.get("COMET_LANGUAGE") or early.ui("language")


@cache
def _catalogue() -> gettext.NullTranslations:
    chosen = [language()] if language() else None
    return gettext.translation("comet", LOCALE, chosen, fallback=True)


def _(sentence: str) -> str:
    """Return `sentence` in the user's language."""
    return _catalogue().gettext(sentence)


def N_(sentence: str) -> str:  # noqa: N802 - as everybody calls it who translates
    """Mark a sentence that is shown in the user's language later, by `_`."""
    return sentence


def _n(one: str, many: str, count: int) -> str:
    """Return the form of a sentence that fits `count`, with `{n}` filled in."""
    return _catalogue().ngettext(one, many, count).format(n=grouped(count))


def safe(text: str | bytes) -> str:
    r"""Return text from outside (paths, tags) so that no terminal obeys it.

    Control characters, bidirectional overrides, lone surrogates (bytes that are not UTF-8) and unassigned
    characters become visible escapes such as `\x1b` or `\u202e`; everything else stays.
    """
    if isinstance(text, bytes):
        text = os.fsdecode(text)
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c in _KEEP or unicodedata.category(c) not in _HIDDEN else _escape(c) for c in text)


def _escape(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(char) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")


def size(count: int) -> str:
    """Return a number of bytes for a person, in powers of 1000: `1.4 GB`."""
    value = float(count)
    for unit in (_("B"), _("kB"), _("MB"), _("GB")):
        if abs(value) < 999.5:  # else it would be rounded to 1000
            return f"{value:.0f} {unit}" if unit == _("B") or value >= 100 else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} {_('TB')}"


def grouped(count: int) -> str:
    """Return a number for a person, its thousands set apart as the language does it: `12,345`."""
    return f"{count:,}".replace(",", _("1,000")[1:-3])


def clock(seconds: float) -> str:
    """Return a length for a person: `3:25`, `1:02:03`."""
    whole = round(seconds)
    hours, rest = divmod(abs(whole), 3600)
    sign = "-" if whole < 0 else ""
    return f"{sign}{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{sign}{rest // 60}:{rest % 60:02}"


def counted(found: Listing) -> str:
    """Return what a look at a root found for a person: `3 new, 1 gone`; empty where nothing differs."""
    counts = [
        (_("{n} added") if found.again else _("{n} new"), found.new),
        (_("{n} changed"), found.changed),
        (_("{n} gone"), found.gone),
        (_("{n} once more"), found.stale),
    ]
    return ", ".join(text.format(n=grouped(count)) for text, count in counts if count)
