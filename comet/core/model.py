"""The nouns that travel along Comet's line, frozen.

    roots -> files -> audio -> fingerprints -> pairs -> verdicts -> groups -> decisions -> plan -> journal entries

From the groups on a file is what it was when somebody decided (`Identity`). Units: bytes, seconds, offsets and overlaps
in *words* (sub-fingerprints, `SECONDS_PER_WORD` each), if no name says otherwise. Paths are bytes, not always UTF-8.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final, TypeAlias

from comet.core.merged import Settled

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Words: TypeAlias = "NDArray[np.uint32]"
"""Sub-fingerprints, shape (n,); a name in quotes, because whoever only prints help needs no numpy."""

SECONDS_PER_WORD: Final = 4096 / 3 / 11025
"""One sub-fingerprint per 0.1238 s: a third of a 4096-sample frame at 11 025 Hz."""


@dataclass(frozen=True, slots=True)
class Root:
    """A folder of music with a marker `.comet/root`, or without one where it cannot be written."""

    id: str
    path: bytes
    away: str = ""
    """Why it cannot be looked at now (missing, empty, another marker), as a sentence; empty where it is there."""
    twin: bytes = b""
    """Path of the root that carries the same id, where that is why it is away."""


IMPORTED: Final = Root("imported", b"")
"""What files without a folder of music belong to: of them there is a fingerprint from elsewhere, and nothing else."""


@dataclass(frozen=True, slots=True)
class File:
    """A regular file under a root, as the walk saw it."""

    root: str
    path: bytes
    """Relative to the root."""
    size: int
    mtime_ns: int
    inode: str = ""
    """`device:inode` where the file has several names, else empty. A hint that is good for one run only."""


@dataclass(frozen=True, slots=True)
class Audio:
    """What is known of an encoded audio stream; byte copies, moved and retagged files share one."""

    hash: str
    """`b3:` and 32 hex digits: BLAKE3-128 over the payload of the stream's packets."""
    codec: str
    container: str
    sample_rate: int
    channels: int
    bits: int
    """Bits a sample of a lossless codec, else 0."""
    bitrate: int
    """Bits a second: the packets' bytes over their length."""
    lossless: bool
    duration: float
    """Seconds that were decoded."""
    claimed: float
    """Seconds that the container claims, 0 where it claims none."""
    sound_start: float
    """Seconds before the first sound above -60 dBFS."""
    sound_end: float
    """Seconds after the last sound above -60 dBFS."""
    decode_errors: int
    """Packets that the decoder refused."""
    words: int = 0
    """Number of sub-fingerprints; 0 where the track is too short or silent to be recognised."""
    serial: int = 0
    """Permanent number in this cache, from 1; 0 while it is not stored."""

    @property
    def audible(self) -> float:
        """Seconds from the first sound above -60 dBFS to the last one."""
        return max(0.0, self.duration - self.sound_start - self.sound_end)


@dataclass(frozen=True, slots=True, eq=False)
class Fingerprint:
    """A fingerprint on its way into a collection or out of one, without its audio."""

    path: bytes
    """What it is known by there: most often the path of a file, which need not be there."""
    words: Words
    duration: float
    """Seconds of the whole track, which may be longer than its words."""
    sound_start: float = 0.0
    """Seconds before the first sound above -60 dBFS, 0 where nobody says."""
    sound_end: float = 0.0
    """Seconds after the last one."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """One entry of a file from elsewhere that was passed over."""

    number: int
    """Which one, from 1; where each stands on a line of its own, that line."""
    reason: str
    """As a sentence."""


class Stage(StrEnum):
    """Where along the line something happens."""

    WALK = "walk"
    SCAN = "scan"
    SAMPLE = "sample"
    CORRELATE = "correlate"
    JUDGE = "judge"
    FOLDERS = "folders"
    IMPORT = "import"
    EXPORT = "export"
    APPLY = "apply"
    UNDO = "undo"
    PURGE = "purge"
    BENCH = "bench"
    SELFTEST = "selftest"
    TAGS = "tags"
    MERGE = "merge"
    LISTS = "lists"
    DESCRIBE = "describe"
    BACKUP = "backup"
    VERIFY = "verify"


@dataclass(frozen=True, slots=True)
class Problem:
    """One file that could not be used; the run goes on without it."""

    stage: Stage
    path: bytes
    """Absolute."""
    error: str
    """A sentence without the path."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two audios whose fingerprints agree more than chance explains, `i < j` (serial numbers).

    b (that is j) starts at a + `offset` words; `error` is the bit error rate over the informative overlap.
    """

    i: int
    j: int
    offset: int
    overlap: int
    error: float
    evidence: float
    sloped: bool = False
    """The evidence was found along a slope, that is at another speed."""

    @property
    def similarity(self) -> float:
        """1 - bit error rate, 0.5 is chance."""
        return 1.0 - self.error


class Relation(StrEnum):
    """What the aligned profile of two whole tracks shows."""

    SAME = "same"
    CONTAINS = "contains"
    SHARES = "shares"
    VARIANT = "variant"


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch that two audios have in common, in seconds."""

    i: float
    """Where it begins in i."""
    j: float
    """Where it begins in j."""
    seconds: float
    """How long it is in i."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How two audios that belong together are related, from their whole fingerprints."""

    i: int
    j: int
    relation: Relation
    clear: bool
    """Of a *same*: clear (no doubt anywhere along the tracks), or to check."""
    holder: int
    """Of a *contains*: the serial number of the audio that holds the other one; else 0."""
    how: str
    """Of a *variant*: `speed`, `cut` or `altered`; else empty."""
    offset: int
    overlap: int
    similarity: float
    """Over the informative overlap of the whole tracks."""
    worst: float
    """Largest bit error rate of any 1.5 s of the overlap."""
    missing_i: float
    """Audible seconds of i outside the overlap at the worse end, that is what j lacks."""
    missing_j: float
    speed: float = 0.0
    """Percent by which j plays faster than i; 0 where both play at one speed."""
    parts: tuple[Part, ...] = ()
    """What they have in common, in the order of i; one part where it is in one piece."""
    doubt: str = ""
    """Of a *same* that is to check: `differs`, `levels` or `limited`; else empty."""


@dataclass(frozen=True, slots=True)
class Match:
    """A pair of audios with what was made of it, as groups and faces need it."""

    pair: Pair
    verdict: Verdict
    p_value: float
    expected_false: float


@dataclass(frozen=True, slots=True)
class Track:
    """A file together with the audio that it holds."""

    file: File
    audio: Audio
    root: bytes
    """Path of the file's root."""

    @property
    def path(self) -> str:
        """Absolute path, bytes that are not UTF-8 as lone surrogates."""
        return os.fsdecode(self.absolute)

    @property
    def absolute(self) -> bytes:
        """The same as it is."""
        return os.path.join(self.root, self.file.path)

    @property
    def imported(self) -> bool:
        """It is a fingerprint from elsewhere: there is no file that could stay, go or be read."""
        return self.file.root == IMPORTED.id


@dataclass(frozen=True, slots=True)
class Group:
    """Tracks that are pairwise the same recording, the longest first, then that of the highest bitrate."""

    id: str
    tracks: tuple[Track, ...]
    keeper: int
    """Index in `tracks` of the proposed keeper."""
    saving: int
    """Bytes: the sum of the files' sizes minus the largest; several names of one file count once."""
    clear: bool
    """No pair inside needs a second look."""
    matches: tuple[Match, ...]
    """The pairs of different audios inside."""
    left_over: tuple[Match, ...]
    """Same pairs between a member and an audio outside: shown beside the group, never removable through it."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a file lies, wherever its root is mounted."""

    root: str
    """Root id."""
    path: bytes
    """Relative to the root."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A file as it was when something was decided about it; it is changed only if it is still the same."""

    root: str
    path: bytes
    """Relative to the root."""
    size: int
    mtime_ns: int
    audio: str
    """Audio hash, empty for a file that is not music."""

    @property
    def place(self) -> Place:
        """Where it lies."""
        return Place(self.root, self.path)


def identity(track: Track) -> Identity:
    """Return a track as a decision speaks of it."""
    file = track.file
    return Identity(file.root, file.path, file.size, file.mtime_ns, track.audio.hash)


class Choice(StrEnum):
    """What somebody decided about a group."""

    KEEP = "keep"
    """These stay, all others go."""
    APART = "apart"
    """They are no duplicates of each other."""
    SKIP = "skip"
    """Not now."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What somebody decided, remembered by audio hash: moving, renaming and retagging leave it as it is."""

    id: int
    choice: Choice
    members: tuple[str, ...]
    """Audio hash of each file that the group had, sorted; a hash stands there once for each of its files."""
    keep: tuple[Identity, ...]
    """Of a *keep*: the files that stay, the one that the others are compared with first."""
    made: float
    """Seconds since 1970."""
    tags: Settled | None = None
    """What was settled about their tags; None where nobody has looked at these."""


class Standing(StrEnum):
    """How far a group has come in the review."""

    OPEN = "open"
    SKIPPED = "skipped"
    """Left for later; it stays in the list, and nothing is done with it unless it is named."""
    SETTLED = "settled"
    """Decided and done: all that are left were chosen to stay. It opens again when a new member appears."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A group with what would become of its tracks."""

    group: Group
    keep: tuple[int, ...]
    """Indices of the tracks that stay, by choice or until somebody chooses, the keeper first; never empty."""
    barred: Mapping[int, str]
    """Indices of the tracks that cannot be removed, chosen or not, each with the reason as a sentence."""
    standing: Standing
    decision: Decision | None = None
    """What the proposal comes from; None where nobody decided, and the keeper was chosen by quality."""
    doubtful: Mapping[int, str] = field(default_factory=dict)
    """Tracks that stay until somebody chooses, for they are to check: `doubt` of the verdict against the keeper."""
    whole: Mapping[int, str] = field(default_factory=dict)
    """Tracks that stay likewise, for an album would have a hole without them: the reason as a sentence."""
    albums: str = ""
    """Which albums its tracks are on, as a sentence, where these are several."""
    reopened: bool = False
    """Somebody decided about it before others came into the group; what was to stay then is among `keep`."""
    because: str = ""
    """Why the keeper stays where its own worth did not decide, as a sentence."""

    @property
    def remove(self) -> tuple[int, ...]:
        """Indices of the tracks that would go."""
        stays = {*self.keep, *self.barred}
        return tuple(at for at in range(len(self.group.tracks)) if at not in stays)

    @property
    def frees(self) -> int:
        """Bytes that would be held in quarantine, and free after a purge."""
        return sum(self.group.tracks[at].file.size for at in self.remove)
