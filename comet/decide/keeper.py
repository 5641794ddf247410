"""Which track of a group stays, and why.

The group's tracks hold the same music, so what is left to weigh is whether there is a file at all, whose folder it lies
in and how well it is stored. The order: a file, folder, lossless, length, bitrate, sample rate, size, path. Each step
keeps the best and hands only these on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

from comet.core.model import Track
from comet.core.text import _, clock, size

EQUAL_LENGTH: Final = 1.0
"""Seconds: encoders pad and cut by some hundredths, and that makes no track the longer one."""


Role = Callable[[Track], int]
"""How a track's folder counts: 1 for one that is never changed, -1 for one whose tracks lose, else 0."""


def ordinary(_track: Track) -> int:
    """Let every folder count the same."""
    return 0


class _Step(NamedTuple):
    keep: Callable[[list[Track]], list[Track]]
    """The best of those that are left."""
    why: Callable[[Track], str]
    """The reason for one of the best, where another one is not."""


def choose(tracks: Sequence[Track], role: Role = ordinary) -> int:
    """Return the index of the track to keep; the same track whatever the order.

    Raises:
        ValueError: `tracks` is empty.
    """
    if not tracks:
        raise ValueError("nothing to choose from")
    *_before, (_step, left) = _narrowed(tracks, role)
    return list(tracks).index(left[0])


def reasons(tracks: Sequence[Track], keeper: int, role: Role = ordinary) -> list[str]:
    """Return why a track stays, weightiest first, as short sentences.

    Only what set it apart is named: a step at which another track fell behind it. For a track that somebody chose
    against the order, what speaks for it until it falls behind itself, so perhaps nothing.

    Args:
        tracks: the group's tracks.
        keeper: index of the track that stays.
        role: how their folders count.
    """
    stays, found, before = tracks[keeper], [], len(tracks)
    for step, left in _narrowed(tracks, role):
        if stays not in left:
            break
        if len(left) < before:
            found.append(step.why(stays))
        before = len(left)
    return found


def _narrowed(tracks: Sequence[Track], role: Role) -> Iterator[tuple[_Step, list[Track]]]:
    """Yield each step with the tracks that it leaves."""
    left = list(tracks)
    folder = _Step(
        _best(role),
        lambda track: _("in a reference folder") if role(track) > 0 else _("the others lie in an incoming folder"),
    )
    for step in (_THERE, folder, *_STEPS):
        left = step.keep(left)
        yield step, left


def _best(value: Callable[[Track], float], slack: float = 0.0) -> Callable[[list[Track]], list[Track]]:
    def keep(left: list[Track]) -> list[Track]:
        least = max(map(value, left)) - slack
        return [track for track in left if value(track) >= least]

    return keep


def _first(left: list[Track]) -> list[Track]:
    return [min(left, key=lambda track: (track.path, track.file.root))]


_THERE: Final = _Step(
    _best(lambda t: not t.imported), lambda _track: _("the others are imported fingerprints, without a file")
)

_STEPS: Final = (
    _Step(_best(lambda t: t.audio.lossless), lambda _track: _("lossless")),
    _Step(
        _best(lambda t: t.audio.audible, EQUAL_LENGTH),  # silence at the ends is no music that another one lacks
        lambda t: _("longest: {length} to be heard").format(length=clock(t.audio.audible)),
    ),
    _Step(
        _best(lambda t: t.audio.bitrate),
        lambda t: _("highest bitrate: {rate} kbit/s").format(rate=round(t.audio.bitrate / 1000)),
    ),
    _Step(
        _best(lambda t: t.audio.sample_rate),
        lambda t: _("highest sample rate: {rate:g} kHz").format(rate=t.audio.sample_rate / 1000),
    ),
    _Step(_best(lambda t: t.file.size), lambda t: _("largest file: {size}").format(size=size(t.file.size))),
    _Step(_first, lambda _track: _("otherwise alike, first by path")),
)
