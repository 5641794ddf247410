"""Rules in words: which of a group's tracks may be the keeper, before their own worth decides. Pure.

A small closed language, in English whatever language Comet speaks. Each rule narrows what the one before it left, and
leaves everything where it would leave nothing: so a track always stays, whatever the rules are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from comet.core.errors import UsageError
from comet.core.model import Place, Track
from comet.core.text import _, safe
from comet.decide.keeper import EQUAL_LENGTH, Step, best

Inside: TypeAlias = Callable[[str], Callable[[Place], bool]]
"""From a folder as it was typed to a test whether a file lies below it."""

NEVER: Final = "never from"
KEEP: Final = "keep from"
REMOVE: Final = "remove from"
PREFER: Final = "prefer"
MOST_TAGS: Final = "keep with most tags"

CODECS: Final = {
    "aac": "aac", "alac": "alac", "ape": "ape", "flac": "flac", "mp3": "mp3", "musepack": "musepack", "opus": "opus",
    "tta": "tta", "vorbis": "vorbis", "wav": "pcm", "wavpack": "wavpack", "wma": "wma",
}  # fmt: skip
"""What can be preferred, each with how FFmpeg's name for its codec begins."""

_WORTH: Final[dict[str, Callable[[Track], float]]] = {
    "keep lossless": lambda track: track.audio.lossless,
    "keep longest": lambda track: track.audio.audible,
    "keep highest bitrate": lambda track: track.audio.bitrate,
    "keep largest": lambda track: track.file.size,
    "keep oldest": lambda track: -track.file.mtime_ns,
    "keep newest": lambda track: track.file.mtime_ns,
}

_RULE: Final = re.compile(r'(?:"[^"\n]*"|[^;\n])+')
"""One rule: up to `;` or the end of the line, but not inside of quotation marks."""

_FOLDER: Final = re.compile(r"(keep|remove|never)\s+from\s+(.+)", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule."""

    words: str
    """One of those that are known; with `prefer` and those that end in `from`, something belongs to it."""
    what: str = ""
    """A codec, or a folder as it was typed."""

    @property
    def folder(self) -> str:
        """The folder that it speaks of; empty where it speaks of none."""
        return self.what if self.words in (KEEP, REMOVE, NEVER) else ""

    def __str__(self) -> str:
        return f"{self.words} {self.what}".rstrip()


def parse(text: str) -> tuple[Rule, ...]:
    """Return the rules in a text, with `;` or line ends between them, the weightiest first.

    Raises:
        UsageError: one is none that is known; the hint lists these.
    """
    return tuple(_rule(typed.strip()) for typed in _RULE.findall(text) if typed.strip())


def _rule(typed: str) -> Rule:
    if found := _FOLDER.fullmatch(typed):
        name = found[2].strip()
        return Rule(f"{found[1].lower()} from", name[1:-1] if re.fullmatch('"[^"]+"', name) else name)
    words = " ".join(typed.lower().split())
    if words in _WORTH or words == MOST_TAGS:
        return Rule(words)
    verb, _space, codec = words.partition(" ")
    if verb == PREFER and codec in CODECS:
        return Rule(verb, codec)
    known = [*_WORTH, MOST_TAGS, *(f"{words} DIR" for words in (KEEP, REMOVE, NEVER)), f"{PREFER} CODEC"]
    raise UsageError(
        _("`{typed}` is no rule").format(typed=safe(typed)),
        hint=_("known are: {rules}; CODEC is one of {codecs}").format(rules="; ".join(known), codecs=", ".join(CODECS)),
    )


def steps(rules: Sequence[Rule], inside: Inside, tags: Callable[[Track], int]) -> tuple[Step, ...]:
    """Return rules as steps of choosing a keeper, one for each.

    Args:
        rules: the weightiest first.
        inside: what lies below a folder.
        tags: how many fields a track's tags have.
    """
    return tuple(_step(rule, inside, tags) for rule in rules)


def _step(rule: Rule, inside: Inside, tags: Callable[[Track], int]) -> Step:
    def why(_track: Track) -> str:
        return _("the rule `{rule}`").format(rule=safe(str(rule)))

    slack = EQUAL_LENGTH if rule.words == "keep longest" else 0  # whole, for times in ns are more than a float holds
    return Step(best(_worth(rule, inside, tags), slack), why)


def _worth(rule: Rule, inside: Inside, tags: Callable[[Track], int]) -> Callable[[Track], float]:
    """Return how much a rule thinks of a track."""
    if rule.folder:
        below = inside(rule.folder)
        sign = -1 if rule.words == REMOVE else 1  # what never goes stays anyhow, so it is the keeper before others
        return lambda track: sign * below(Place(track.file.root, track.file.path))
    if rule.words == PREFER:
        return lambda track: track.audio.codec.startswith(CODECS[rule.what])
    return tags if rule.words == MOST_TAGS else _WORTH[rule.words]


def barred(rules: Sequence[Rule], inside: Inside) -> Callable[[Track], str]:
    """Return what says why a rule lets nobody remove a track; empty where none does."""
    tests = [(rule, inside(rule.folder)) for rule in rules if rule.words == NEVER]

    def why(track: Track) -> str:
        place = Place(track.file.root, track.file.path)
        rule = next((rule for rule, below in tests if below(place)), None)
        return _("the rule `{rule}`").format(rule=safe(str(rule))) if rule else ""

    return why
