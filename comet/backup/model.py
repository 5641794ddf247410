"""The nouns of backing up, frozen: what the service has, what became of it here, and why something is missing.

What the service says, local copies and history are separate things. Ids are text: the user's own uploads have no
numbers. A track is known by its id without an album, for it stands in playlists with several.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

LIKES: Final = "likes"
"""Key of what the account likes, beside its playlists."""


@dataclass(frozen=True, slots=True)
class Account:
    """Whose music it is."""

    uid: str
    login: str
    plus: bool
    """It pays: without that the service gives 30 seconds of each track."""
    region: int = 0


@dataclass(frozen=True, slots=True)
class Header:
    """A playlist without its tracks."""

    key: str
    """`UID:KIND`, or `LIKES`."""
    uuid: str
    owner: str
    """Uid."""
    kind: str
    title: str
    count: int
    """Tracks that it has by its own account."""
    revision: int
    available: bool = True


@dataclass(frozen=True, slots=True)
class Item:
    """A line of a playlist."""

    track: str
    """Id of the track, without album."""
    album: str = ""
    added: str = ""
    """When, as the service writes it (ISO 8601)."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A playlist with its lines, in the service's order."""

    header: Header
    items: tuple[Item, ...]

    @property
    def complete(self) -> bool:
        """It has as many tracks as it says: one with fewer only adds."""
        return len(self.items) >= self.header.count


@dataclass(frozen=True, slots=True)
class Remote:
    """A track as the service describes it; what it does not say is empty or 0."""

    id: str
    title: str
    artists: tuple[str, ...] = ()
    version: str = ""
    album: str = ""
    album_id: str = ""
    album_artists: tuple[str, ...] = ()
    year: int = 0
    released: str = ""
    """Date, ISO 8601."""
    genre: str = ""
    labels: tuple[str, ...] = ()
    disc: int = 0
    number: int = 0
    total: int = 0
    """Tracks of the album."""
    seconds: float = 0.0
    isrc: str = ""
    explicit: bool = False
    cover: str = ""
    """Address of its cover without a scheme, with `%%` for the size."""
    lyrics: bool = False
    synced: bool = False
    """Its lyrics have times."""
    upload: bool = False
    """The user's own."""
    available: bool = True
    error: str = ""
    """Why it is not available, in the service's word."""
    meta: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """All that was said, as JSON."""


@dataclass(frozen=True, slots=True)
class Media:
    """Where the sound of a track can be had now."""

    url: str = field(repr=False)
    """Secret and short-lived: never stored nor logged."""
    codec: str
    """`flac`, `flac-mp4`, `aac-mp4`, `he-aac-mp4`, `aac`, `he-aac` or `mp3`."""
    bitrate: int
    """Kilobits a second, 0 where unknown."""
    quality: str = ""
    preview: bool = False
    """30 seconds only."""


class Reason(StrEnum):
    """Why a track is not there."""

    REMOVED = "removed"
    """The service does not know it any more."""
    NO_RIGHTS = "no_rights"
    GEO = "geo"
    """Not in this country (451)."""
    NOT_ALLOWED = "not_allowed"
    """Refused for this track or this kind of program (403)."""
    ENCRYPTED = "encrypted"
    """Only over an encrypted transport, which is not decrypted."""
    PREVIEW = "preview"
    SHORT = "short"
    """Less than it should have."""
    CONTENT = "content"
    """The answer was no music."""
    DECODE = "decode"
    """It cannot be decoded whole."""
    NETWORK = "network"
    TAGGING = "tagging"
    PLACING = "placing"


class State(StrEnum):
    """How far the local copy of a track has come."""

    WANT = "want"
    FETCHING = "fetching"
    FETCHED = "fetched"
    """Its sound lies in staging, whole and checked."""
    PLACING = "placing"
    """It is about to be moved to its path; after a crash a look at the disk decides."""
    DONE = "done"
    OWNED = "owned"
    """The library had it already: it is linked, not doubled."""
    FAILED = "failed"
    UNAVAILABLE = "unavailable"
    IGNORED = "ignored"
    """The user wants no copy."""


HERE: Final = (State.DONE, State.OWNED)
"""The library has it."""


@dataclass(frozen=True, slots=True)
class Copy:
    """What became of a track here."""

    track: str
    state: State
    root: str = ""
    """Of a *placing*, *done* or *owned* one: id of the root folder that has it."""
    path: bytes = b""
    """Below that root."""
    codec: str = ""
    size: int = 0
    audio: str = ""
    """Hash of its encoded sound, as `core.model.Audio.hash`."""
    reason: Reason | None = None
    error: str = ""
    """As a sentence."""
    tries: int = 0
    next_try: int = 0
    """Seconds since 1970, 0 for at once."""
    suspect: str = ""
    """What is odd about the service's own file, as a sentence."""


@dataclass(frozen=True, slots=True)
class Task:
    """A lossless file in staging that shall be a FLAC file, or is one."""

    root: bytes
    owner: str
    name: bytes
    made: bytes = b""
    """Name of the one that is made of it; empty where it came as one."""
