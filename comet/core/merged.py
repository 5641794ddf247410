"""The nouns of merging tags, frozen: what the tracks of a group say, what that becomes, and what somebody settled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

PICTURE: Final = "picture "
"""A field that begins like this is a kind of picture (`core.acts.KINDS` behind it), and its values are hashes."""


class Agreement(StrEnum):
    """How the tracks of a group agree about a field."""

    SAME = "same"
    """Nothing comes to the keeper: all that say something say this, or only the keeper does."""
    ADDED = "added"
    """The keeper gets what only other tracks have."""
    ALIKE = "alike"
    """They differ only in spelling, precision or damaged letters; the better form is proposed."""
    CONFLICT = "conflict"
    """One value is right at most, and they have several: somebody has to look, though one is proposed."""
    OWN = "own"
    """It belongs to each file, by its sound or its release, and is not merged; it is listed, so nothing goes unseen."""


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a field."""

    text: str
    sources: tuple[int, ...]
    """Indices of the group's tracks that have it, spelt like this."""


@dataclass(frozen=True, slots=True)
class Row:
    """One field over all tracks of a group."""

    field: str
    agreement: Agreement
    values: tuple[Value, ...]
    """Every value in every spelling: what is proposed first, then the keeper's, then those that most tracks have."""
    merged: tuple[str, ...]
    """What is proposed; empty where nothing is to be written."""


@dataclass(frozen=True, slots=True)
class Merge:
    """The tags of a group's tracks as one set."""

    rows: tuple[Row, ...]
    """In the order in which they are read: title, artist, album..., then by name, pictures last."""
    pictures: Mapping[str, str] = field(default_factory=dict)
    """How each picture looks, in words, by its hash."""
    unread: Mapping[int, str] = field(default_factory=dict)
    """Indices of tracks whose tags cannot be read or are not there to be read, each with the reason as a sentence."""
    strangers: frozenset[int] = frozenset()
    """Indices of tracks that get the release that is shown in place of their own: more tracks call them otherwise."""

    @property
    def conflicts(self) -> tuple[Row, ...]:
        """The fields that somebody has to look at."""
        return tuple(row for row in self.rows if row.agreement is Agreement.CONFLICT)


@dataclass(frozen=True, slots=True)
class Settled:
    """What somebody settled about the tags of a group; nothing of it leaves everything as it is proposed."""

    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Values by field, as chosen or typed, in place of those that are proposed; without values the field goes."""
    own: bool = False
    """Each file keeps its own tags."""
    all_files: bool = False
    """The files that go get the merged tags too, before they go."""

    def open(self, merge: Merge) -> tuple[Row, ...]:
        """Return the conflicts that were not settled."""
        return () if self.own else tuple(row for row in merge.conflicts if row.field not in self.fields)


AS_PROPOSED: Final = Settled()
"""Nobody has settled anything."""
