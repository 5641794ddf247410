"""What the real service does, found out on the user's own account with a few questions.

The report tells nothing of the user: no name, no title, no number of a track, no link.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Final

from comet import __version__
from comet.backup.model import Header, Item, Listed, Media
from comet.backup.service import SKEWED, Expired, Refused, Service
from comet.backup.stream import Body
from comet.core.errors import CometError, SignInError, WaitError
from comet.core.text import _, _n

MOST: Final = 10
"""Questions that are asked in all, those to other hosts too."""

_TRIED: Final = 3  # tracks that are tried until one can be had
_PART: Final = 1000  # byte from which a part of a file is asked for
_OTHER: Final = '"comet-doctor"'  # the tag of no file


@dataclass(frozen=True, slots=True)
class Finding:
    """One answer of the report."""

    point: str
    """What was looked at, in one word that does not change."""
    text: str
    good: bool | None
    """It is as Comet counts on it; None where that cannot be told."""


def examine(token: str, pace: float, check: Callable[[], None]) -> Iterator[Finding]:
    """Yield what is found out, with at most `MOST` questions.

    Raises:
        SignInError: the service does not know the token.
        ServiceError: it cannot be reached at all.
        Stopped: somebody asked to stop.
    """
    begun = time.monotonic()
    yield Finding("versions", f"comet {__version__}, yandex-music {version('yandex-music')}", None)
    with Service(token, pace=pace, check=check) as service:
        service.transport.most = MOST
        account = service.account()
        text = _("with Plus, region {region}") if account.plus else _("without Plus, region {region}")
        yield Finding("account", text.format(region=account.region), account.plus)
        yield _clock(service)
        items: list[Item] = []
        for step in (_likes, _playlists, _media):
            try:
                yield from step(service, items)
            except (SignInError, WaitError) as error:
                yield Finding(step.__name__.strip("_"), str(error), good=False)
                break
            except CometError as error:
                yield Finding(step.__name__.strip("_"), str(error), good=False)
        yield _limits(service, time.monotonic() - begun)


def _clock(service: Service) -> Finding:
    skew = service.transport.skew
    if skew is None:
        return Finding("clock", _("the service does not say what time it is"), None)
    good = abs(skew) < SKEWED
    return Finding("clock", _("this clock is {seconds:+.0f} s off the service's").format(seconds=skew), good)


def _likes(service: Service, items: list[Item]) -> Iterator[Finding]:
    """Ask for the likes twice, the second time whether they changed."""
    first = service.likes()
    if first is None:
        return
    items += first.items
    again = service.likes(first.header.revision)
    text = _n("{n} like", "{n} likes", len(first.items))
    told = _("{likes}, at revision {revision}").format(likes=text, revision=first.header.revision)
    yield Finding("likes", told, None)
    yield Finding(
        "unchanged",
        _("likes that did not change are not sent again")
        if again is None
        else _("likes that did not change are sent again, at revision {revision}").format(
            revision=again.header.revision
        ),
        again is None,
    )


def _playlists(service: Service, items: list[Item]) -> Iterator[Finding]:
    """Ask for the playlists, and for one of them whole."""
    headers = service.headers()
    told = ", ".join(f"{each.count}@{each.revision}" for each in headers[:20])
    yield Finding("playlists", _("tracks@revision of each: {list}").format(list=told or "-"), None)
    largest = max(headers, key=lambda each: each.count, default=None)
    if largest is not None:
        listed = service.listed(largest)
        items += listed.items
        yield _compared(largest, listed)


def _compared(header: Header, listed: Listed) -> Finding:
    return Finding(
        "revisions",
        _("the largest says {count} tracks at revision {revision} in the list, and has {has} at {itself}").format(
            count=header.count, revision=header.revision, has=len(listed.items), itself=listed.header.revision
        ),
        listed.complete and header.revision == listed.header.revision,
    )


def _media(service: Service, items: Sequence[Item]) -> Iterator[Finding]:
    """Ask for the sound of a track, a part of it, and a part of a file that it is not."""
    media = None
    for item in [each for each in items if each.track.isdecimal()][:_TRIED]:
        try:
            media = service.media(item.track, "lossless")
            break
        except Refused as error:
            yield Finding("refused", f"{error.reason}: {error}", None)
    if media is None:
        yield Finding("media", _("no track was found whose sound could be asked for"), good=False)
        return
    text = _("{codec}, {bitrate} kbit/s, as the newer question has it: {quality}")
    if service.older:
        text = _("{codec}, {bitrate} kbit/s, by the older question; the newer one: {why}")
    told = text.format(codec=media.codec, bitrate=media.bitrate or "-", quality=media.quality, why=service.older)
    yield Finding("lossless", told, media.codec.startswith("flac"))
    if media.preview:
        yield Finding("preview", _("30 seconds of it only"), good=False)
    yield from _parts(service, media)


def _parts(service: Service, media: Media) -> Iterator[Finding]:
    asked = time.monotonic()
    try:
        with service.body(media.url, _PART) as body:
            etag = body.etag
            yield Finding("ranges", _part(body), body.start == _PART)
        if etag and not etag.startswith("W/"):
            with service.body(media.url, _PART, _OTHER) as body:
                good = body.start == 0
            text = _("a file that changed is sent whole") if good else _("a file that changed is sent in part")
            yield Finding("changed", text, good)
    except Expired:
        yield Finding(
            "links", _("a link was good for less than {seconds:.0f} s").format(seconds=_since(asked)), good=False
        )


def _part(body: Body) -> str:
    """Return how a part of a file was sent."""
    etag = _("no tag") if not body.etag else _("a weak tag") if body.etag.startswith("W/") else _("a strong tag")
    length = _("its length is said") if body.total is not None else _("its length is not said")
    way = _("a part of a file can be had") if body.start == _PART else _("a file can be had only whole")
    return f"{way}; {etag}; {length}; {body.type or '-'}"


def _since(before: float) -> float:
    return time.monotonic() - before + 1


def _limits(service: Service, seconds: float) -> Finding:
    asked = service.requests + service.transport.others
    text = _("{count} questions in {seconds:.0f} s; asked to wait {refused} times; answers of an unknown form: {list}")
    unknown = ", ".join(sorted(each.rpartition(".")[2] for each in service.unknown)) or "-"
    told = text.format(count=asked, seconds=seconds, refused=service.patience.refused, list=unknown)
    return Finding("limits", told, not service.patience.refused)
