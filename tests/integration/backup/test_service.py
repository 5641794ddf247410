"""What the service has, as Comet's nouns: every field, every fallback, and answers of no known form."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from comet.backup.model import LIKES, Account, Item, Listed, Reason, Remote
from comet.backup.service import Refused, Service
from comet.core.errors import ServiceError, SignInError
from tests.integration.backup import asking
from tests.service.catalogue import UPLOAD
from tests.service.running import Running

FLAC, MP3, PREVIEW = "30000001", "30000004", "30000025"
REMOVED, NO_RIGHTS, GEO = "30000022", "30000023", "30000024"
NEW, OLD = r"^/get-file-info", r"/download-info"


@pytest.fixture
def there(music_service: Running, monkeypatch: pytest.MonkeyPatch) -> Running:
    """Return the test service, which this process asks."""
    return asking.at(music_service, monkeypatch)


@pytest.fixture
def service(there: Running) -> Iterator[Service]:
    """Return Comet's side."""
    with asking.made(there) as made:
        yield made


def liked(service: Service, revision: int = 0) -> Listed:
    """Return the likes, which are there."""
    found = service.likes(revision)
    assert found
    return found


def described(service: Service, *ids: str) -> dict[str, Remote]:
    """Return tracks by their ids."""
    found = service.tracks([Item(*each.partition(":")[::2]) for each in ids])
    return {remote.id: remote for batch in found for remote in batch}


def test_the_account_says_who_it_is_and_whether_it_pays(there: Running, service: Service) -> None:
    """Without a token the service answers all the same, with nobody's account: that is no success."""
    assert service.account() == Account("77001001", "mila", plus=True, region=225)
    there.edit("plus", plus=False)
    assert not service.account().plus
    with Service("", pace=20, check=asking.never) as nobody, pytest.raises(SignInError):
        nobody.account()


def test_playlists_and_likes_come_in_the_service_s_order(there: Running, service: Service) -> None:
    """Headers have no tracks; each playlist is as long as it says, and the likes are one of them."""
    headers = service.headers()
    assert [(each.key, each.title, each.count) for each in headers] == [
        ("77001001:1001", "Дорога", 13),
        ("77001001:1002", "Echo / echo", 12),
        ("77001001:1003", "Road", 5),
    ]
    for header in headers:
        listed = service.listed(header)
        assert listed.header == header
        assert listed.complete
    likes = liked(service)
    assert (likes.header.key, likes.header.count, len(likes.items)) == (LIKES, 6, 6)
    assert likes.items[0] == Item("30000012", "504", "2021-01-01T12:30:00+00:00")
    assert service.likes(likes.header.revision) is None


def test_an_idle_pass_takes_three_questions(service: Service) -> None:
    """Account, playlists, likes that did not change."""
    revision = liked(service).header.revision
    before = service.requests
    service.account()
    service.headers()
    service.likes(revision)
    assert service.requests - before == 3


def test_a_playlist_is_found_under_its_newer_address(there: Running, service: Service) -> None:
    """Where the older one leads nowhere the other one has the same tracks."""
    header = service.headers()[0]
    before = service.listed(header)
    there.fault("status", r"/playlists/1001$", status=404)
    assert service.listed(header) == before


@pytest.mark.parametrize("status", [403, 404, 451])
def test_a_playlist_that_went_away_takes_nothing_with_it(there: Running, service: Service, status: int) -> None:
    """It is not available and not complete, so that nobody takes its tracks for removed."""
    header = service.headers()[0]
    there.fault("status", r"/playlists?/(1001|[\w-]{36})$", status=status)
    found = service.listed(header)
    assert (found.items, found.header.available, found.complete) == ((), False, False)


def test_a_track_has_every_field_that_was_said(service: Service) -> None:
    """Of its albums the one that the list names; what nobody said is empty; all of it stays as JSON."""
    found = described(service, f"{FLAC}:501", "30000010:502")
    one = found[FLAC]
    assert (one.title, one.artists, one.album, one.album_id) == (
        "Night Trains",
        ("The Examples",),
        "Small Hours",
        "501",
    )
    assert (one.year, one.released, one.genre, one.labels) == (
        2019, "2019-03-08", "indie", ("Loopback Records", "Второй лейбл"),
    )  # fmt: skip
    assert (one.total, one.disc >= 1, one.number >= 1, one.available, one.upload) == (9, True, True, True, False)
    assert one.isrc.startswith("ZZLOO")
    assert (one.lyrics, one.synced) == (True, True)
    assert 1 < one.seconds < 60
    assert one.meta["r128"]["i"] < 0
    assert found["30000010"].album == "Тёплый снег"
    other = next(each for each in ("501", "503") if each != one.album_id)
    assert described(service, f"30000003:{other}")  # an album that it may not be on is no error


def test_an_upload_has_little_and_is_known_as_one(service: Service) -> None:
    """Its id is no number, it has no lyrics and no cover, and it can be had."""
    one = described(service, UPLOAD)[UPLOAD]
    assert one.upload
    assert one.available
    assert service.cover(one, 400) == b""
    assert service.lyrics(one) == ("", False)
    assert service.media(UPLOAD, "lossless").codec == "mp3"


def test_batches_are_halved_until_the_service_takes_them(there: Running, service: Service) -> None:
    """Where it takes no more than three at once, or one id is none, all others come."""
    ids = [f"300000{number:02}" for number in range(1, 21)]
    there.set(batch=3)
    assert list(described(service, *ids)) == ids
    there.set(batch=250)
    assert list(described(service, *ids[:7], "not an id", *ids[7:])) == ids
    assert REMOVED not in described(service, REMOVED, FLAC)


def test_a_hundred_are_asked_for_at_once(there: Running, service: Service) -> None:
    """250 tracks take three questions, and one that stands in several lists is asked for once."""
    items = [Item(str(30100000 + number)) for number in range(250)]
    since = there.last()
    assert [len(batch) for batch in service.tracks([*items, *items])] == [0, 0, 0]
    assert len([each for each in there.log(since) if each["path"] == "/tracks"]) == 3


def test_the_older_way_serves_where_the_newer_is_refused(there: Running, service: Service) -> None:
    """MP3 instead of nothing; so too where the newer one has encrypted files only."""
    assert service.media(FLAC, "lossless").codec == "flac"
    assert service.older == ""
    for fault in ({"kind": "status", "status": 403}, {"kind": "encrypted"}):
        there.clear()
        there.fault(path=NEW, **fault)
        found = service.media(FLAC, "lossless")
        assert (found.codec, found.bitrate, found.preview) == ("mp3", 320, False)
        with service.body(found.url) as body:
            assert b"".join(body) == there.sound(FLAC, "mp3")
        assert service.older


@pytest.mark.parametrize(
    ("track", "faults", "reason"),
    [
        (REMOVED, [], Reason.REMOVED),
        (NO_RIGHTS, [], Reason.NO_RIGHTS),
        (GEO, [], Reason.GEO),
        (FLAC, [("status", NEW, 403), ("status", OLD, 403)], Reason.NOT_ALLOWED),
        (FLAC, [("encrypted", NEW, 0), ("status", OLD, 403)], Reason.ENCRYPTED),
        (FLAC, [("status", NEW, 404)], Reason.REMOVED),
        (FLAC, [("status", NEW, 451)], Reason.GEO),
    ],
)
def test_a_track_that_cannot_be_had_says_why(
    there: Running, service: Service, track: str, faults: list[tuple[str, str, int]], reason: Reason
) -> None:
    """It is one track's matter: the run goes on."""
    for kind, path, status in faults:
        there.fault(kind, path, status=status)
    with pytest.raises(Refused) as caught:
        service.media(track, "lossless")
    assert caught.value.reason is reason


def test_a_wrong_clock_ends_the_run_instead_of_giving_poor_files(there: Running, service: Service) -> None:
    """Signatures are refused then, which the older way would hide; a refused one alone is like any refusal."""
    there.set(clock=-300)
    with pytest.raises(ServiceError, match=r"clock is \+30[01] s off"):
        service.media(FLAC, "lossless")
    there.set(clock=0, skew=-1)
    assert service.media(FLAC, "lossless").codec == "mp3"
    assert "Invalid Sign" in service.older


def test_thirty_seconds_are_known_where_the_service_says_so(there: Running, service: Service) -> None:
    """The older way says it; of the newer one it is seen by the length."""
    there.fault("status", NEW, status=403)
    assert service.media(PREVIEW, "lossless").preview


def test_a_lower_quality_is_had_where_it_is_wished(there: Running, service: Service) -> None:
    """`nq` takes less than the best, in both ways of asking."""
    assert service.media(FLAC, "hq").codec == "mp3"
    there.fault("status", NEW, status=403)
    assert service.media(MP3, "nq").bitrate <= 192 < service.media(MP3, "hq").bitrate


def test_lyrics_come_with_times_where_there_are_any(service: Service) -> None:
    """And without where they are not wished, or not there."""
    found = described(service, FLAC, "30000004")
    text, synced = service.lyrics(found[FLAC])
    assert synced
    assert text.startswith("[00:")
    text, synced = service.lyrics(found[FLAC], synced=False)
    assert not synced
    assert "Строка" in text
    assert service.lyrics(found["30000004"]) == ("", False)


def test_a_cover_comes_in_the_size_that_was_asked_for(there: Running, service: Service) -> None:
    """As the service has it; one that is not there is none."""
    one = described(service, FLAC)[FLAC]
    assert service.cover(one, 400)[:3] == b"\xff\xd8\xff"
    assert service.cover(one, 5000) == b""


JUNK: list[Any] = [
    None,
    [],
    {},
    "text",
    7,
    [None],
    [{}],
    ["x"],
    [[]],
    {"a": {}},
    {"library": 3},
    {"library": {"tracks": 5}},
]
JUNK += [
    {"downloadInfo": 4},
    {"downloadInfo": {"url": 5, "urls": 6}},
    [{"id": {}}],
    [{"id": "1", "albums": 4, "artists": [1]}],
]
JUNK += [{"account": {"uid": []}}, {"kind": [], "tracks": [4]}, [{"kind": 5, "owner": 3, "trackCount": "many"}]]


@pytest.mark.parametrize("number", range(len(JUNK)))
def test_an_answer_of_another_form_is_no_bug(there: Running, service: Service, number: int) -> None:
    """Whatever JSON comes, it is used, or an error of Comet's own: never one of Python's."""
    assert service.uid
    header = service.headers()[0]
    asked: list[Callable[[], Any]] = [
        service.account,
        service.headers,
        service.likes,
        lambda: service.listed(header),
        lambda: described(service, FLAC),
        lambda: service.media(FLAC, "lossless"),
        lambda: service.lyrics(Remote(FLAC, "", lyrics=True, synced=True)),
    ]
    there.fault("result", result=JUNK[number])
    for ask in asked:
        with suppress(ServiceError, Refused):
            ask()
