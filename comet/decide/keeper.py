"""Which track of a group stays, and why.

The group's tracks hold the same music, so what is left to weigh is whether there is a file at all, whose folder it lies
in, and how much of the sound each has kept: `Step` by step the best are kept, and only these handed on. Bits and rates
say what a file takes; whether it is worth that the sound tells (`decide.sound`), where it was measured.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple, TypeAlias

from comet.core.measures import Quality
from comet.core.model import Track
from comet.core.text import _, _n, clock, safe, size
from comet.decide import sound

EQUAL_LENGTH: Final = 0.9
"""Seconds: encoders pad and cut by some hundredths, and that makes no track the longer one; trims begin at 1 s."""
_LOST: Final = 0.04
"""Seconds that damaged packets leave out, at least: one of them holds .02 to .1. Whole files last .01 less than they
claim, Opus .006."""
_ABOUT: Final = 0.8
"""Share of the highest worth from which on files are about as good: the next lower rate that is in use is below it."""
_PADDED: Final = 1.0
"""Seconds of silence that nobody put in."""

Role: TypeAlias = Callable[[Track], int]
"""How a track's folder counts: 1 for one that is never changed, -1 for one whose tracks lose, else 0."""
Heard: TypeAlias = Mapping[int, Quality]
"""What was measured on audios, by serial number; of what is not in it only the figures of its stream are known."""
UNHEARD: Final[Heard] = MappingProxyType({})


def ordinary(_track: Track) -> int:
    """Let every folder count the same."""
    return 0


def _none(_track: Track, _keeper: Track) -> str:
    return ""


class Step(NamedTuple):
    """One thing that is weighed: it keeps the best and hands only these on."""

    keep: Callable[[list[Track]], list[Track]]
    """The best of those that are left."""
    why: Callable[[Track], str]
    """The reason for one of the best, where another one is not."""
    lacks: Callable[[Track, Track], str] = _none
    """What one that is not lacks, and which one of the best has it; empty where the reason for that one says it all."""


def choose(tracks: Sequence[Track], role: Role = ordinary, rules: Sequence[Step] = (), heard: Heard = UNHEARD) -> int:
    """Return the index of the track to keep; the same track whatever the order.

    Args:
        tracks: the group's tracks.
        role: how their folders count.
        rules: what counts after their folders and before their own worth.
        heard: what was measured on their audios.

    Raises:
        ValueError: `tracks` is empty.
    """
    if not tracks:
        raise ValueError("nothing to choose from")
    left = list(tracks)
    for _step, left in narrowed(tracks, role, rules, heard):  # noqa: B007 - the last one counts
        pass
    return next(at for at, track in enumerate(tracks) if track is left[0])


def reasons(
    tracks: Sequence[Track], keeper: int, role: Role = ordinary, rules: Sequence[Step] = (), heard: Heard = UNHEARD
) -> list[str]:
    """Return why a track stays, weightiest first, as short sentences.

    Only what set it apart is named: a step at which another track fell behind it. For a track that somebody chose
    against the order, what speaks for it until it falls behind itself, so perhaps nothing.

    Args:
        tracks: the group's tracks.
        keeper: index of the track that stays.
        role: how their folders count.
        rules: as for `choose`.
        heard: likewise.
    """
    stays = tracks[keeper]
    return [step.why(stays) for step, _fell in _fallen(tracks, stays, role, rules, heard)]


def against(
    tracks: Sequence[Track], keeper: int, role: Role = ordinary, rules: Sequence[Step] = (), heard: Heard = UNHEARD
) -> dict[int, str]:
    """Return what speaks against each of the other tracks, as a short sentence by index; arguments as for `reasons`.

    Against those that are no worse than a track that somebody chose, nothing does.
    """
    stays = tracks[keeper]
    return {
        at: step.lacks(track, stays)
        or _("`{keeper}` goes before it: {why}").format(keeper=safe(stays.path), why=step.why(stays))
        for step, fell in _fallen(tracks, stays, role, rules, heard)
        for at, track in enumerate(tracks)
        if track in fell
    }


def of_kind(role: Role = ordinary, rules: Sequence[Step] = (), heard: Heard = UNHEARD) -> tuple[Step, ...]:
    """Return the steps that leave the files that all rules keep and that are as good in kind as any."""
    return (*_before(role), *rules, *_kinds(heard))


def of_worth(role: Role = ordinary, rules: Sequence[Step] = (), heard: Heard = UNHEARD) -> tuple[Step, ...]:
    """Return the steps that leave what only `TIES` tell from the one to keep."""
    return (*of_kind(role, rules, heard), *_grades(heard))


def left(tracks: Sequence[Track], steps: Iterable[Step]) -> list[int]:
    """Return the indices of the tracks that steps leave."""
    found = list(tracks)
    for step in steps:
        found = step.keep(found)
        if len(found) == 1:
            break
    stays = set(map(id, found))
    return [at for at, track in enumerate(tracks) if id(track) in stays]


def narrowed(
    tracks: Sequence[Track], role: Role, rules: Sequence[Step], heard: Heard = UNHEARD
) -> Iterator[tuple[Step, list[Track]]]:
    """Yield each step with the tracks that it leaves, until one is left."""
    left = list(tracks)
    for step in _steps(role, rules, heard) if len(left) > 1 else ():
        left = step.keep(left)
        yield step, left
        if len(left) == 1:
            return


def _steps(role: Role, rules: Sequence[Step], heard: Heard) -> Iterator[Step]:
    """Yield everything that is weighed, made when its turn comes: most groups are decided by little of it."""
    yield from _before(role)
    yield from rules
    yield from _kinds(heard)
    yield from _grades(heard)
    yield from TIES


def _fallen(
    tracks: Sequence[Track], stays: Track, role: Role, rules: Sequence[Step], heard: Heard
) -> Iterator[tuple[Step, list[Track]]]:
    """Yield each step at which some tracks fall behind the one that stays, with these."""
    before = list(tracks)
    for step, left in narrowed(tracks, role, rules, heard):
        if stays not in left:
            return
        if len(left) < len(before):
            yield step, [track for track in before if track not in left]
        before = left


def best(value: Callable[[Track], float], slack: float = 0) -> Callable[[list[Track]], list[Track]]:
    """Return what keeps the tracks that have the highest value, or by at most `slack` a lower one."""

    def keep(left: list[Track]) -> list[Track]:
        values = [value(track) for track in left]
        least = max(values) - slack
        return [track for track, mine in zip(left, values, strict=True) if mine >= least]

    return keep


def _before(role: Role) -> tuple[Step, ...]:
    """Return what counts before everything else: that there is a file, and where it lies."""
    return (
        Step(best(lambda t: not t.imported), lambda _track: _("the others are imported fingerprints, without a file")),
        Step(
            best(role),
            lambda track: _("in a reference folder") if role(track) > 0 else _("the others lie in an incoming folder"),
        ),
    )


def _kinds(heard: Heard) -> tuple[Step, ...]:
    """Return what tells a track that lacks something from a whole one."""
    return (
        Step(
            lambda left: _whole(left, heard),
            lambda t: _("longest: {length} to be heard").format(length=clock(_audible(t, heard))),
            lambda t, keeper: _("cut: {length} to be heard, {more:.1f} s less than of `{keeper}`").format(
                length=clock(_audible(t, heard)),
                more=_audible(keeper, heard) - _audible(t, heard),
                keeper=_name(keeper),
            ),
        ),
        Step(best(lambda t: not _damage(t)), lambda _track: _("undamaged"), lambda t, _keeper: _damage(t)),
        Step(
            lambda left: _sources(left, heard),
            lambda _track: _("what another one was made from"),
            lambda t, keeper: (
                _("decoded from a lossy file{like}, for it has the same samples: there is nothing more in it")
                if t.audio.lossless
                else _("made again from a lossy file{like}: there is nothing more in it")
            ).format(like=_(" like `{keeper}`").format(keeper=_name(keeper)) if not keeper.audio.lossless else ""),
        ),
        Step(
            lambda left: _lossless(left, heard),
            lambda _track: _("lossless"),
            lambda t, keeper: (
                _narrower(t, keeper, heard)
                or _("lossy: {format}, and `{keeper}` is lossless").format(format=_stream(t), keeper=_name(keeper))
            ),
        ),
    )


def _grades(heard: Heard) -> tuple[Step, ...]:
    """Return what weighs tracks that are all there, and all lossless or all lossy."""

    def narrower(track: Track, keeper: Track) -> str:
        return _narrower(track, keeper, heard) or _(
            "keeps less of the sound: {format}, and `{keeper}` is {other}"
        ).format(format=_stream(track), keeper=_name(keeper), other=_stream(keeper))

    return (
        Step(
            best(lambda t: min(t.audio.channels, 2)),
            lambda _track: _("stereo"),
            lambda _track, _keeper: _("one channel only"),
        ),
        Step(
            lambda left: _richest(left, heard, _ABOUT),
            lambda t: _("keeps most of the sound: {format}").format(format=_stream(t)),
            narrower,
        ),
        Step(
            lambda left: _clean(left, heard, sound.clips),
            lambda _track: _("not clipped"),
            lambda t, _keeper: _("clipped: {n:.2g} % of its samples").format(n=100 * heard[t.audio.serial].clipped),
        ),
        Step(
            lambda left: _clean(left, heard, sound.noisier),
            lambda _track: _("without noise"),
            lambda _track, keeper: _("there is noise that `{keeper}` has not").format(keeper=_name(keeper)),
        ),
        Step(
            lambda left: _richest(left, heard, 1.0),
            lambda t: _("highest bitrate: {rate} kbit/s").format(rate=round(t.audio.bitrate / 1000)),
            narrower,
        ),
        *_figures(heard),
    )


def _figures(heard: Heard) -> tuple[Step, ...]:
    """Return what tracks are told apart by whose sound tells nothing."""

    def silence(track: Track) -> float:
        return track.audio.duration - track.audio.audible

    return (
        Step(
            best(lambda t: _held(t, heard)[1]),
            lambda t: _("most bits a sample: {bits}").format(bits=_held(t, heard)[1]),
            lambda t, _keeper: _("fewer bits a sample: {bits}").format(bits=_held(t, heard)[1]),
        ),
        Step(
            best(lambda t: _held(t, heard)[0], sound.DISC[1] - sound.DISC[0]),
            lambda t: _("highest sample rate: {rate:g} kHz").format(rate=t.audio.sample_rate / 1000),
            lambda t, _keeper: _("lower sample rate: {rate:g} kHz").format(rate=t.audio.sample_rate / 1000),
        ),
        Step(
            best(lambda t: (t.audio.sample_rate, t.audio.bits) == _held(t, heard)),
            lambda _track: _("all that its figures claim is in it"),
            lambda t, _keeper: _blown_up(*_held(t, heard)),
        ),
        Step(
            best(lambda t: -silence(t), _PADDED),
            lambda _track: _("no silence before or after it"),
            lambda t, _keeper: _("{length:.0f} s of silence before and after it").format(length=silence(t)),
        ),
    )


TIES: Final = (
    Step(
        best(lambda t: t.file.size),
        lambda t: _("largest file: {size}").format(size=size(t.file.size)),
        lambda t, _keeper: _("smaller: {size}").format(size=size(t.file.size)),
    ),
    Step(
        lambda left: [min(left, key=lambda t: (t.path, t.file.root))],
        lambda _track: _("otherwise alike, first by path"),
    ),
)
"""What decides where nothing speaks for one track more than for another, so that it is always the same one."""


def _whole(left: list[Track], heard: Heard) -> list[Track]:
    """Keep those that lack nothing at their ends; where one sounds on for noise only, the others lack nothing."""
    if max(t.audio.audible for t in left) - min(t.audio.audible for t in left) <= EQUAL_LENGTH:
        return left
    known = heard if all(track.audio.serial in heard for track in left) else UNHEARD
    least = max(_audible(track, known) for track in _clean(left, known, sound.noisier)) - EQUAL_LENGTH
    return [track for track in left if _audible(track, known) >= least]


def _audible(track: Track, heard: Heard) -> float:
    return sound.audible(track.audio, heard.get(track.audio.serial))


def _damage(track: Track) -> str:
    """Return what is damaged, empty where nothing is known to be."""
    audio = track.audio
    if audio.decode_errors:
        return _n("damaged: {n} piece cannot be decoded", "damaged: {n} pieces cannot be decoded", audio.decode_errors)
    if audio.claimed - audio.duration > _LOST:
        return _("damaged: {lost:.2g} s are missing").format(lost=audio.claimed - audio.duration)
    return ""


def _sources(left: list[Track], heard: Heard) -> list[Track]:
    """Keep those that were made from none of the others."""

    def made(one: Track, other: Track) -> bool:
        mine, yours = heard.get(one.audio.serial), heard.get(other.audio.serial)
        return mine is not None and yours is not None and sound.made_from(one.audio, mine, other.audio, yours)

    lossy = [track for track in left if not track.audio.lossless]
    return [track for track in left if not any(made(track, other) for other in lossy if other is not track)]


def _missing(track: Track, others: Sequence[Track], heard: Heard) -> float:
    """Return the Hz from which on a track has nothing where another one has music, 0 where it lacks nothing."""
    mine = heard.get(track.audio.serial)
    known = ((o.audio, heard.get(o.audio.serial)) for o in others if o is not track) if mine else ()
    music = ((yours, audio.codec) for audio, yours in known if yours and not sound.rough(audio, yours))
    return min((found for each in music if mine and (found := sound.missing(mine, *each))), default=0.0)


def _lossless(left: list[Track], heard: Heard) -> list[Track]:
    """Keep those that are lossless and lack nothing that another one has; all where there are none."""
    return [t for t in left if t.audio.lossless and not _missing(t, left, heard)] or left


def _richest(left: list[Track], heard: Heard, share: float) -> list[Track]:
    """Keep those that are worth about as much as the best one: what lacks sound is worth what keeps the rest of it."""
    rated, top = [], 0.0
    for track in sorted(left, key=lambda each: -sound.worth(each.audio)):
        if (worth := sound.worth(track.audio)) < share * top:
            break
        lacks = _missing(track, left, heard)
        rated.append((track, min(worth, sound.enough(lacks) if lacks else math.inf)))
        top = max(top, rated[-1][1])
    return [track for track, worth in rated if worth >= share * top]


def _clean(left: list[Track], heard: Heard, worse: Callable[[Quality, Quality], bool]) -> list[Track]:
    """Keep those that are not worse than another one in what was put into their sound."""
    known = [heard.get(track.audio.serial) for track in left]
    good = [
        t
        for t, mine in zip(left, known, strict=True)
        if not (mine and any(o and o is not mine and worse(mine, o) for o in known))
    ]
    return good or left


def _held(track: Track, heard: Heard) -> tuple[int, int]:
    return sound.held(track.audio, heard.get(track.audio.serial))


def _blown_up(rate: int, bits: int) -> str:
    text = _("blown up: no more than {rate:g} kHz and {bits} bits a sample are in it")
    return text.format(rate=rate / 1000, bits=bits)


def _narrower(track: Track, keeper: Track, heard: Heard) -> str:
    """Return what a track lacks that it should have by its bits, and the keeper has, in words; else nothing."""
    lacks = _missing(track, [keeper], heard)
    if not lacks or sound.enough(lacks) >= _ABOUT * sound.worth(track.audio):
        return ""
    text = _("transcoded: nothing above {low:g} kHz, where `{keeper}` has music up to {high:g} kHz")
    high = min(sound.reaches(heard[keeper.audio.serial]), keeper.audio.sample_rate / 2)
    return text.format(low=lacks / 1000, keeper=_name(keeper), high=high / 1000)


def _stream(track: Track) -> str:
    return _("{codec} of {rate} kbit/s").format(codec=track.audio.codec, rate=round(track.audio.bitrate / 1000))


def _name(track: Track) -> str:
    return safe(track.file.path.rpartition(b"/")[2])
