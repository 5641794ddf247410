"""The nouns of acting, frozen: what is planned, and what was done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from comet.core.model import Identity, Place


class Do(StrEnum):
    """What a step of a plan does."""

    REMOVE = "remove"
    """Move a file into quarantine."""
    REPOINT = "repoint_playlist"
    """Let a playlist name the keeper in place of a removed file."""
    WRITE_TAGS = "write_tags"
    """Let a file have other tags, and other pictures where it says so."""
    EMBED = "embed_cover"
    """Let a file have other pictures."""
    PLACE = "place"
    """Put a file that was made elsewhere where there is none, or in place of one that is named by its content."""


KINDS: Final = (
    "other", "icon", "other icon", "front", "back", "leaflet", "media", "lead artist", "artist", "conductor", "band",
    "composer", "lyricist", "recording location", "during recording", "during performance", "video capture", "fish",
    "illustration", "band logotype", "publisher logotype",
)  # fmt: skip
"""What kinds of pictures are called, by their number in ID3 and FLAC (ID3v2.4.0, section 4.14)."""


@dataclass(frozen=True, slots=True)
class Content:
    """A file that lies anywhere on this machine, and what must be in it when it is read."""

    path: bytes
    """Absolute."""
    hash: str
    """`core.pieces.digest` of it."""


@dataclass(frozen=True, slots=True)
class Step:
    """One change to one file."""

    do: Do
    file: Identity
    group: str
    """Id that the group had when the plan was made."""
    why: str
    """A sentence."""
    keeper: Identity | None = None
    """Of a *remove*: the file that stays and is the same recording."""
    old: Place | None = None
    """Of a *repoint_playlist*: the file that it names."""
    new: Place | None = None
    """The file that it shall name."""
    tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Of a *write_tags*: the values that fields shall have, by name; without any, a field is taken away."""
    pictures: Mapping[str, Content | None] = field(default_factory=dict)
    """Of an *embed_cover* or a *write_tags*: the picture that the file shall have of each of these `KINDS`, or none."""
    sources: tuple[Identity, ...] = ()
    """Of a *write_tags*: the other files whose tags went into it; where one of them is changed since, it is left."""
    staged: Content | None = None
    """Of a *place*: what is put there; `file` says where, and what it will be: its size, its sound where it is music,
    its time where that is not 0."""
    replaces: str = ""
    """Of a *place*: what must be in the file that is there (`core.pieces.digest`); empty where none may be."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps that can be read, edited, kept and applied later."""

    profile: str
    made: float
    """Seconds since 1970."""
    steps: tuple[Step, ...]


class Kind(StrEnum):
    """What a journal entry tells of."""

    REMOVE = "remove"
    REPOINT = "repoint_playlist"
    WRITE_TAGS = "write_tags"
    """Pictures among them."""
    PLACE = "place"
    UNDO = "undo"
    PURGE = "purge"


class State(StrEnum):
    """How far a journal entry has come."""

    INTENDED = "intended"
    """Written before anything was touched; found after a crash, recovery looks at the disk and decides."""
    DONE = "done"
    UNDONE = "undone"
    FAILED = "failed"
    """Nothing was changed, or it was taken back at once; the error says why."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the journal: a step that was taken, or the undoing or purging of one."""

    id: int
    run: int
    step: int
    """Number within the run, from 1."""
    kind: Kind
    state: State
    before: Step
    """The step, with the identities that held when it began."""
    after: Mapping[str, str] = field(default_factory=dict)
    """Where things are since, paths being below the root: `held`; of a file that was written or placed `hash` and
    `temp`, and when that is done its `size` and `mtime_ns`, as the file system keeps them; of one that was placed where
    what it `replaced` is held, the topmost folder that was `made` for it, and when it is taken back, where it goes
    (`withdrawn`); of these two also the bytes that are held so (`held_size`)."""
    reverse: Mapping[str, object] = field(default_factory=dict)
    """What undoes it, where that does not follow from `before` and `after`: the `hash` and `mtime_ns` of a
    file that was written, and its `pieces` (`core.pieces`), or a playlist's `lines`."""
    of: int = 0
    """The entry that this one undoes or purges, or the removal that a playlist was changed for."""
    error: str = ""
    made: float = 0.0
    """Seconds since 1970, for people: order follows from `id` alone."""

    @property
    def held(self) -> str:
        """Where what it moved into quarantine lies, below the root; empty where it moved nothing there."""
        where = {Kind.REMOVE: "held", Kind.PLACE: "replaced", Kind.UNDO: "withdrawn"}
        return self.after.get(where.get(self.kind, ""), "")

    @property
    def moved(self) -> Identity:
        """The file that it moved into quarantine; nobody knows how one sounds that another one replaced."""
        file = self.before.file
        size = int(self.after.get("held_size", file.size))
        return replace(file, size=size, audio="" if self.kind is Kind.PLACE else file.audio)

    @property
    def became(self) -> Identity:
        """The file as it is since, where other tags were written into it, or it was placed."""
        if "mtime_ns" not in self.after:
            return self.before.file
        return replace(self.before.file, size=int(self.after["size"]), mtime_ns=int(self.after["mtime_ns"]))
