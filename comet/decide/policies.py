"""What becomes of a field's values: the way of each field, and how well the tracks of a group agree about it. Pure.

A way says three things. Which *camps* the tracks form: all of them one camp where a field may have many values, those
that say the same where it has one. What is *taken* of what the strongest camp says: all, the most precise, the longest,
the highest. And what that *covers*: what says no more than what was taken is not lost, and no conflict. It depends on
values, on how many tracks have them and on who is the keeper, never on the order of the tracks.

Comments and copyrights are many: none is lost, but for those that the longest one says too.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

from comet.core.merged import Agreement
from comet.decide.mojibake import repaired
from comet.decide.spelling import Worth, alike, folded, worth

Said: TypeAlias = Mapping[int, tuple[str, ...]]
"""The values of one field by track, in the order in which they stand there."""

Camp: TypeAlias = tuple[frozenset[int], frozenset[str]]
"""Tracks that say the same in a way, and the keys of what they say."""

Rank: TypeAlias = tuple[int, int, bool]
"""How much counts what some tracks say: how many of them have the title, how many they are, if the keeper is one."""

Covered: TypeAlias = Callable[[str], bool]
"""Whether the value with a key says no more than those that are there."""

_NOTHING: Final = frozenset(
    {
        "unknown", "unknownartist", "unknownalbum", "unknowntitle", "unknowngenre", "untitled", "notitle", "noartist",
        "noalbum", "nogenre", "none", "na", "null", "unbekannt", "unbekannterinterpret", "unbekanntesalbum", "inconnu",
        "artisteinconnu", "albuminconnu", "desconocido", "неизвестен", "неизвестно", "неизвестныйисполнитель",
        "неизвестныйартист", "неизвестныйальбом", "безназвания",
    }
)  # fmt: skip
_SEVERAL: Final = frozenset({"various", "variousartists", "разные", "разныеисполнители"})
"""Who nobody is, though many albums are by them."""
_NAMED: Final = 40
"""Characters of the longest value that stands for want of one."""
_NUMBERED: Final = re.compile(r"(?:audio)?(?:track|titel|spur|piste|pista|трек|дорожка)\W*\d*|\?[?\s]+|[-\s]*")
"""A title that a program made up, letters that were lost, and a dash for want of anything."""
_ZERO: Final = re.compile(r"[0\s/.-]+")

_NUMBER: Final = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,15})?")
_DATE: Final = re.compile(r"([0-9]{4})(?:[-./]?([0-9]{2})(?:[-./]?([0-9]{2}))?)?(?:[T ].*)?")
_DAY_FIRST: Final = re.compile(r"([0-9]{2})\.([0-9]{2})\.([0-9]{4})")
_YEAR: Final = re.compile(r"(?<![0-9])(?:1[0-9]|20)[0-9]{2}(?![0-9])")
_TIMED: Final = re.compile(r"\[\d+:\d\d(?:[.:]\d+)?\]")
_FEW: Final = 100
"""Texts that are looked for in the longest; nobody has more comments, and each costs its length and that one's."""


def number(text: str) -> float | None:
    """Return the number that a text is, None where it is none; with a comma it is one too."""
    return float(text.replace(",", ".")) if _NUMBER.fullmatch(text.replace(",", ".")) else None


def empty(name: str, text: str) -> bool:
    """Tell whether a value stands for want of one: `Track 01`, `Unknown Artist`, `????`, a zero as a number or date."""
    if len(text) > _NAMED:
        return False
    if of(name) in (_COUNTED, _DATED, _HIGHEST) and _ZERO.fullmatch(text):
        return True
    known = _NOTHING | _SEVERAL if name in _PERFORMERS else _NOTHING
    return folded(text) in known or _NUMBERED.fullmatch(text.casefold()) is not None


def unnamed(said: Said) -> frozenset[int]:
    """Return the tracks that are called `Track 15` alone: most likely for want of a name, but it may be one."""
    counted = {at: all(_NUMBERED.fullmatch(v.casefold()) and v[-1:].isdecimal() for v in said[at]) for at in said}
    return frozenset(at for at, alone in counted.items() if alone)


class Choice(NamedTuple):
    """What is proposed for a field."""

    merged: tuple[str, ...]
    agreement: Agreement


@dataclass(frozen=True, slots=True, eq=False)
class Policy:
    """The way of a kind of field."""

    camps: Callable[[_Field], Iterable[Camp]]
    take: Callable[[_Field, list[str]], list[str]]
    """What is taken of the keys of a camp, in their order."""
    covers: Callable[[Collection[str]], Covered]
    better: bool = False
    """What is taken is a better form of the keeper's value, not one beside it."""
    key: Callable[[str], str] = folded
    """What all spellings of a value have in common, where letters alone do not say it."""


class _Field:
    """One field as the tracks of a group have it.

    Args:
        name: what it is called.
        said: its values.
        keeper: the track that stays first, None where its tags take no part.
        right: tracks whose word counts more.
        strange: tracks of which nothing is taken; what they say is only held against that.
    """

    def __init__(
        self, name: str, said: Said, keeper: int | None, right: Collection[int] = (), strange: Collection[int] = ()
    ) -> None:
        self.name, self.keeper, self.policy, self.right = name, keeper, of(name), frozenset(right)
        self.said = _real(name, {at: each for at, each in said.items() if at not in strange})
        told = {**_real(name, said), **self.said}
        self.texts = dict.fromkeys(value for values in told.values() for value in values)
        self.key = keys(name, self.texts)
        every = {at: tuple(dict.fromkeys(self.key[text] for text in each)) for at, each in told.items()}
        self.keys = {at: every[at] for at in self.said}
        self.own = () if keeper is None else every.get(keeper, ())
        self.tracks: dict[str, set[int]] = defaultdict(set)
        self.forms: dict[str, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
        for at, values in self.said.items():
            for value in values:
                self.tracks[self.key[value]].add(at)
                for form in {value, repaired(value)}:
                    self.forms[self.key[value]][form].add(at)

    def rank(self, tracks: Iterable[int]) -> Rank:
        """Return how much counts what some tracks say."""
        found = set(tracks)
        return len(found & self.right), len(found), self.keeper in found

    def spelt(self, key: str) -> str:
        """Return the best spelling of a value: of several numbers or dates their key, which every format can hold."""
        forms = self.forms[key]
        if len(forms) > 1 and self.policy in (_COUNTED, _DATED) and key[0].isdecimal():
            return key
        undamaged = [form for form in forms if repaired(form) == form and self.policy.key(form) == key]
        sound = undamaged or list(forms)
        sorting = self.name.endswith("sort")

        def value(form: str) -> tuple[bool, Worth, Rank, str]:
            timed = _TIMED.search(form) is not None
            return timed, worth(form, sorting=sorting), self.rank(forms[form]), form

        return max(sound, key=value)

    def ordered(self, found: Iterable[str]) -> list[str]:
        """Return keys in the keeper's order, then those that stand in front in most tracks."""
        wanted = set(found)
        first = {key: at for at, key in enumerate(self.own)}
        place: dict[str, int] = {}
        for listed in self.keys.values():
            for at, key in enumerate(listed):
                place[key] = min(at, place.get(key, at))
        return sorted(wanted, key=lambda k: (first.get(k, len(first)), place[k], -len(self.tracks[k]), k))


def choose(
    name: str, said: Said, keeper: int | None, right: Collection[int] = (), strange: Collection[int] = ()
) -> Choice:
    """Return what is proposed for a field that at least one track has.

    Args:
        name: what it is called.
        said: its values by track, none of them without any.
        keeper: the track that stays first, None where its tags take no part.
        right: tracks whose word counts more: those that have the title, so that what is proposed goes together.
        strange: tracks that may have the tags of another recording: nothing of them is taken.
    """
    field = _Field(name, said, keeper, right, strange)
    policy = field.policy
    if not field.said:
        return Choice((), Agreement.OWN)
    offered = [(tracks, policy.take(field, field.ordered(found))) for tracks, found in policy.camps(field)]
    tracks, taken = max(offered, key=lambda each: _strength(field, *each))
    merged = tuple(map(field.spelt, taken))
    outvoted = len(tracks) < len(unnamed(said) - tracks)
    return Choice(merged, Agreement.CONFLICT if outvoted else _agreement(field, taken, merged))


def _real(name: str, said: Said) -> Said:
    """Return what is said without what stands for want of a value, where there is anything else."""
    return {at: some for at, each in said.items() if (some := tuple(v for v in each if not empty(name, v)))} or said


def keys(name: str, texts: Iterable[str]) -> dict[str, str]:
    """Return what each text counts as in a field: those that are one value there count as the same."""
    key = of(name).key
    return alike(texts) if key is folded else {text: key(repaired(text)) for text in texts}


def camps(name: str, said: Said) -> dict[int, frozenset[str]]:
    """Return what the camp of each track says of a field, by keys; who says only that it does not know is in none."""
    field = _Field(name, said, None)
    return {at: found for tracks, found in field.policy.camps(field) for at in tracks}


def uncovered(name: str, texts: Collection[str], kept: Collection[str]) -> list[str]:
    """Return those values of a field that say more than those that are kept, and are not there for want of one."""
    key = keys(name, {*texts, *kept})
    covered = of(name).covers([key[text] for text in kept])
    return [text for text in texts if not covered(key[text]) and not empty(name, text)]


def _strength(field: _Field, tracks: frozenset[int], taken: Iterable[str]) -> tuple[Rank, list[Worth], list[str]]:
    keys = sorted(taken)
    return field.rank(tracks), [worth(field.spelt(key)) for key in keys], keys


def _agreement(field: _Field, taken: list[str], merged: tuple[str, ...]) -> Agreement:
    if not all(map(field.policy.covers(taken), field.key.values())):
        return Agreement.CONFLICT
    if not field.own or (not field.policy.better and not all(map(field.policy.covers(field.own), taken))):
        return Agreement.ADDED
    return Agreement.SAME if field.texts.keys() <= set(merged) else Agreement.ALIKE


def _all(field: _Field) -> Iterable[Camp]:
    return [(frozenset(field.said), frozenset(field.tracks))]


def _each(field: _Field) -> Iterable[Camp]:
    """Those that say the same are a camp."""
    camps: dict[frozenset[str], set[int]] = defaultdict(set)
    for at, found in field.keys.items():
        camps[frozenset(found)].add(at)
    return ((frozenset(tracks), found) for found, tracks in camps.items())


def _linked(field: _Field) -> Iterable[Camp]:
    """Those that have a value in common are a camp, and who has one in common with any of them."""
    left = dict(field.keys)
    while left:
        tracks, reached = set(), [next(iter(left))]
        met: set[str] = set()
        while reached:
            at = reached.pop()
            if at in left:
                tracks.add(at)
                new = set(left.pop(at)) - met
                met |= new
                reached += [other for key in new for other in field.tracks[key]]
        yield frozenset(tracks), frozenset(met)


def _by_year(field: _Field) -> Iterable[Camp]:
    """Those that name a year are a camp; who names several is in each of theirs."""
    years: dict[str, set[str]] = defaultdict(set)
    for key in field.tracks:
        years[key[:4] if _DATE.fullmatch(key) else key].add(key)
    for keys in years.values():
        yield frozenset(at for key in keys for at in field.tracks[key]), frozenset(keys)


def _every(_field: _Field, found: list[str]) -> list[str]:
    return found


def _precise(field: _Field, found: list[str]) -> list[str]:
    """Take the date with most parts."""
    return [max(found, key=lambda key: (len(key), field.rank(field.tracks[key]), key))]


def _whole(_field: _Field, found: list[str]) -> list[str]:
    """Take all texts but those that are a part of the longest."""
    longest = max(found, key=lambda key: (len(key), key))
    return [key for key in found if key == longest or len(found) > _FEW or key not in longest]


def _fullest(field: _Field, found: list[str]) -> list[str]:
    """Take the lyrics with times, or else the longest."""

    def fullness(key: str) -> tuple[bool, int, Rank, str]:
        return any(map(_TIMED.search, field.forms[key])), len(key), field.rank(field.tracks[key]), key

    return [max(found, key=fullness)]


def _highest(field: _Field, found: list[str]) -> list[str]:
    return [max(found, key=lambda key: (number(key) or 0.0, field.rank(field.tracks[key]), key))]


def _equal(kept: Collection[str]) -> Covered:
    return frozenset(kept).__contains__


def _begun(kept: Collection[str]) -> Covered:
    """Return what covers a date that is less precise."""
    return lambda key: any(each.startswith(key) for each in kept)


def _part(kept: Collection[str]) -> Covered:
    """Return what covers equal texts, and parts of the longest."""
    known, longest = frozenset(kept), max(kept, key=len, default="")
    return lambda key: key in known or (len(known) <= _FEW and key in longest)


def _less(kept: Collection[str]) -> Covered:
    """Return what covers smaller numbers, and what is none but equal."""
    most = max((found for each in kept if (found := number(each)) is not None), default=-1.0)
    return lambda key: key in kept or (number(key) is not None and (number(key) or 0.0) <= most)


def _count(text: str) -> str:
    return str(int(text)) if _NUMBER.fullmatch(text) and text.isdecimal() else folded(text)


def _beats(text: str) -> str:
    """Return a tempo as a whole number, which is all that many programs can write."""
    found = number(text)
    return folded(text) if found is None else str(round(found))


def _iso(text: str) -> str:
    """Return a date as far as it says something: a year, a month, a day."""
    found = _DATE.fullmatch(text)
    parts = found.groups() if found else day.groups()[::-1] if (day := _DAY_FIRST.fullmatch(text)) else ()
    known = [part for part in parts if part and part.strip("0")]
    if not known or known[0] != parts[0]:
        year = _YEAR.search(text)
        return year[0] if year else folded(text)
    return "-".join(known)


def _sung(text: str) -> str:
    return folded(_TIMED.sub(" ", text))


_ONE: Final = Policy(_each, _every, _equal)
_NAMES: Final = Policy(_linked, _every, _equal)
_MANY: Final = Policy(_all, _every, _equal)
_COUNTED: Final = Policy(_each, _every, _equal, key=_count)
_TEMPO: Final = Policy(_each, _every, _equal, key=_beats)
_DATED: Final = Policy(_by_year, _precise, _begun, better=True, key=_iso)
_TEXT: Final = Policy(_all, _whole, _part)
_LYRICS: Final = Policy(_all, _fullest, _part, better=True, key=_sung)
_HIGHEST: Final = Policy(_all, _highest, _less, better=True, key=str.strip)

_PERFORMERS: Final = frozenset({"artist", "artists"})
_POLICIES: Final[dict[str, Policy]] = {
    **dict.fromkeys(("title", "titlesort", "subtitle", "albumsort", "discsubtitle", "originalalbum"), _ONE),
    **dict.fromkeys(("work", "movement", "key", "compilation", "media", "releasestatus", "script"), _ONE),
    **dict.fromkeys((*_PERFORMERS, "album", "albumartist", "albumartists", "artistsort", "albumartistsort"), _NAMES),
    **dict.fromkeys(("tracknumber", "totaltracks", "discnumber", "totaldiscs"), _COUNTED),
    **dict.fromkeys(("movementnumber", "movementtotal"), _COUNTED),
    **dict.fromkeys(("date", "originaldate", "originalyear", "releasedate"), _DATED),
    **dict.fromkeys(("comment", "description", "copyright"), _TEXT),
    **dict.fromkeys(("rating", "playcount"), _HIGHEST),
    "bpm": _TEMPO,
    "lyrics": _LYRICS,
}
"""Fields that are not simply all values that any track has; where a description follows a colon, what is before it."""


def of(name: str) -> Policy:
    """Return the way of a field."""
    return _POLICIES.get(name.partition(":")[0], _MANY)
