"""Words to people: translation of Comet's own sentences, and text from outside made safe to draw."""

from __future__ import annotations

import gettext
import os
import unicodedata
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from comet.core.job import Listing

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_KEEP = frozenset({"\u200c", "\u200d", "\u00ad"})  # joiners that scripts need; soft hyphen


@cache
def _catalogue() -> gettext.NullTranslations:
    return gettext.translation("comet", Path(__file__).parent.parent / "locale", fallback=True)


def _(sentence: str) -> str:
    """Return `sentence` in the user's language."""
    return _catalogue().gettext(sentence)


def _n(one: str, many: str, count: int) -> str:
    """Return the form of a sentence that fits `count`, with `{n}` filled in."""
    return _catalogue().ngettext(one, many, count).format(n=f"{count:,}")


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
    for unit in ("B", "kB", "MB", "GB"):
        if abs(value) < 1000:
            return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


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
    return ", ".join(text.format(n=f"{count:,}") for text, count in counts if count)
