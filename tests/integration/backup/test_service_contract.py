"""The unmodified client reads all that the test service has: what Comet relies on, and how the service behaves."""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import time
from collections.abc import Mapping
from typing import Any

import av
import pytest
import requests
from PIL import Image
from yandex_music import Client, exceptions
from yandex_music.utils.request import Request

from tests.service import catalogue
from tests.service.client import client, get, media, trusted
from tests.service.running import Running

FLAC, MP4, FRAGMENTED, MP3, AAC = "30000001", "30000002", "30000003", "30000004", "30000005"


@pytest.fixture
def service(music_service: Running, monkeypatch: pytest.MonkeyPatch) -> Running:
    """Return the service, whose authority this process trusts."""
    return trusted(music_service, monkeypatch)


@pytest.mark.parametrize("secure", [False, True])
def test_whose_token_it_is(service: Running, *, secure: bool) -> None:
    """The account is known by its token, with and without TLS."""
    me = client(service, secure=secure).me
    assert me
    assert me.account
    assert me.plus
    assert (me.account.uid, me.account.login, me.plus.has_plus) == (catalogue.UID, "mila", True)


def test_nobodys_token(service: Running) -> None:
    """Without a token the client starts and knows no account; with a wrong one it does not start."""
    assert client(service, None).account_uid is None
    with pytest.raises(exceptions.UnauthorizedError, match="session-expired"):
        client(service, "wrong")


def test_another_accounts_token(service: Running) -> None:
    """Another account has another uid, no subscription and nothing in it, and may not read the first one's."""
    other = client(service, service.OTHER_TOKEN)
    assert other.account_uid == catalogue.OTHER
    assert other.users_playlists_list() == []
    with pytest.raises(exceptions.UnauthorizedError):
        other.users_playlists(1001, catalogue.UID)


def test_playlists(service: Running) -> None:
    """A list has no tracks in it; each playlist can be read by kind, by its other name, and several at once."""
    mila = client(service)
    headers = mila.users_playlists_list()
    assert [len(one.tracks) for one in headers] == [0, 0, 0]
    assert [one.kind for one in headers] == mila.users_playlists_kinds() == [1001, 1002, 1003]
    for header in headers:
        by_kind, by_name = mila.users_playlists(header.kind), mila.playlist(header.playlist_uuid)
        assert len(by_kind.tracks) == header.track_count
        assert [one.track_id for one in by_kind.tracks] == [one.track_id for one in by_name.tracks]
    assert [one.kind for one in mila.users_playlists([1003, 1001])] == [1003, 1001]
    assert len({one.id for header in headers for one in mila.users_playlists(header.kind).tracks}) == 25


def test_short_and_full_lines(service: Running) -> None:
    """One playlist describes its tracks on the spot, others do not; an upload has no album."""
    full, short = (client(service).users_playlists(kind).tracks for kind in (1001, 1002))
    assert full[0].track.title == "Night Trains"
    assert {one.track for one in short} == {None}
    assert [one.track_id for one in full if one.album_id is None] == [catalogue.UPLOAD]


def test_likes(service: Running) -> None:
    """Likes are told with a revision, and no more than that nothing changed until something does."""
    mila = client(service)
    likes = mila.users_likes_tracks()
    assert [one.track_id for one in likes][:2] == ["30000012:504", "30000001:501"]
    assert mila.users_likes_tracks(if_modified_since_revision=likes.revision) is None
    service.edit("remove", track="30000012")
    assert len(mila.users_likes_tracks(if_modified_since_revision=likes.revision)) == len(likes) - 1


def test_edits_between_runs(service: Running) -> None:
    """What the owner edits is told with a new revision; a playlist may say that it has more than it has."""
    mila = client(service)
    before = mila.users_playlists(1003)
    service.edit("add", playlist="1003", track="30000009", at=0)
    service.edit("rename", playlist="1003", title="Road 2")
    service.edit("count", playlist="1003", count=99)
    after = mila.users_playlists(1003)
    assert (after.title, after.track_count, after.revision) == ("Road 2", 99, before.revision + 3)
    assert [one.track_id for one in after.tracks][:2] == ["30000009:502", before.tracks[0].track_id]
    service.edit("delete", playlist="1003")
    with pytest.raises(exceptions.NotFoundError):
        mila.users_playlists(1003)


def test_tracks(service: Running) -> None:
    """Tracks are described in the order of their ids, the album that was asked for first; removed ones are absent."""
    ids = ["30000001:503", catalogue.GONE, catalogue.UPLOAD, catalogue.NO_RIGHTS, "30000008"]
    found = client(service).tracks(ids)
    assert [one.id for one in found] == ["30000001", catalogue.UPLOAD, catalogue.NO_RIGHTS, "30000008"]
    assert [album.id for album in found[0].albums] == [503, 501]
    assert [one.available for one in found] == [True, True, False, True]
    assert (found[1].albums, found[1].isrc, found[2].error) == ([], None, "no-rights")
    assert (found[3].title, found[3].isrc, found[3].duration_ms) == ("Ночные поезда", "ZZLOO0000008", 5910)
    assert found[3].r128.tp < 0
    assert found[3].lyrics_info.has_available_sync_lyrics


def test_limits_of_a_batch(service: Running) -> None:
    """One bad id spoils a batch, and so does one id too many."""
    mila = client(service)
    with pytest.raises(exceptions.BadRequestError, match="validate"):
        mila.tracks(["30000001", "none"])
    with pytest.raises(exceptions.NetworkError, match="too-many"):
        mila.tracks(["30000001"] * 251)
    assert len(mila.tracks(["30000001"] * 250)) == 250


@pytest.mark.parametrize(
    ("track", "codec", "container"),
    [
        (FLAC, "flac", "flac"),
        (MP4, "flac-mp4", "mp4"),
        (FRAGMENTED, "flac-mp4", "mp4"),
        (MP3, "mp3", "mp3"),
        (AAC, "aac-mp4", "mp4"),
        (catalogue.UPLOAD, "mp3", "mp3"),
    ],
)
def test_sound(service: Running, track: str, codec: str, container: str) -> None:
    """Each form comes whole, and is as long as the service says."""
    mila = client(service)
    info = mila.tracks_file_info(track).download_info
    assert (info.codec, info.transport, info.key) == (codec, "raw", None)
    sound = info.download_bytes()
    assert sound == service.sound(track)
    with av.open(io.BytesIO(sound)) as opened:
        assert container in opened.format.name
        samples = sum(frame.samples for frame in opened.decode(audio=0))
    assert samples / 44_100 == pytest.approx(mila.tracks(track)[0].duration_ms / 1000, abs=0.08)


def test_lesser_forms(service: Running) -> None:
    """The service chooses among the codecs that were asked for, by quality."""
    mila = client(service)
    asked = [("lossless", None), ("hq", None), ("lossless", ["mp3"]), ("lossless", ["aac-mp4"])]
    assert [mila.tracks_file_info(FLAC, *one).download_info.codec for one in asked[:3]] == ["flac", "mp3", "mp3"]
    with pytest.raises(exceptions.NotFoundError):
        mila.tracks_file_info(FLAC, *asked[3])


def test_the_older_way(service: Running) -> None:
    """Sound can be had in three steps too: forms, XML, an address that is derived from it and ends after a minute."""
    low, high = sorted(client(service).tracks_download_info(MP3), key=lambda one: one.bitrate_in_kbps)
    assert (low.bitrate_in_kbps, high.codec, high.preview) == (64, "mp3", False)
    link = high.get_direct_link()
    assert get(link).content == service.sound(MP3)
    assert get(link.replace("/get-mp3/", "/get-mp3/0")).status_code == 403
    service.set(clock=61)
    assert get(link).status_code == 410


def test_links_end(service: Running) -> None:
    """An address of a sound is good for a minute by the service's clock."""
    url = media(service, FLAC)
    assert get(url).ok
    service.set(clock=61)
    assert get(url).status_code == 410


def test_signatures(service: Running) -> None:
    """Whoever signs wrongly, for another client or by a clock that is off is refused; the client signs rightly."""
    ask = {
        "ts": str(int(time.time())),
        "trackId": MP3,
        "quality": "lossless",
        "codecs": "mp3,flac",
        "transports": "raw",
    }
    message = ask["ts"] + MP3 + "losslessmp3flacraw"
    digest = hmac.new(b"kzqU4XhfCaY6B6JTHODeq5", message.encode(), hashlib.sha256).digest()
    sign = base64.b64encode(digest).decode()[:-1]
    headers = {"Authorization": f"OAuth {service.token}"}
    desktop = {"X-Yandex-Music-Client": "YandexMusicDesktopAppWindows/5.95.0"}

    def status(sign: str, **more: str) -> int:
        url = f"{service.http}/get-file-info"
        return requests.get(url, ask | {"sign": sign}, headers=headers | more, timeout=5).status_code

    assert (status(sign, **desktop), status(sign), status("x" + sign[1:], **desktop)) == (200, 403, 403)
    service.set(clock=300)
    assert status(sign, **desktop) == 403
    with pytest.raises(exceptions.UnauthorizedError, match="Invalid Sign"):
        client(service).tracks_lyrics(FLAC)


def test_what_cannot_be_had(service: Running) -> None:
    """Removed, without rights, not in this country, a preview only: each is told in its own way."""
    mila = client(service)
    with pytest.raises(exceptions.NotFoundError):
        mila.tracks_file_info(catalogue.GONE)
    with pytest.raises(exceptions.UnauthorizedError, match="no-rights"):
        mila.tracks_file_info(catalogue.NO_RIGHTS)
    with pytest.raises(exceptions.NetworkError, match="451"):
        mila.tracks_file_info(catalogue.GEO)
    assert mila.tracks_download_info(catalogue.PREVIEW)[0].preview
    assert get(media(service, catalogue.PREVIEW)).content == service.sound(catalogue.PREVIEW, "mp3-preview")


def test_covers(service: Running) -> None:
    """Covers come over TLS in the size that was asked for, as JPEG or PNG, and some tracks have none."""
    mila = client(service)
    found = {one.id: one for one in mila.tracks([FLAC, "30000008", "30000017"])}
    for track, kind in ((FLAC, "JPEG"), ("30000008", "PNG")):
        picture = Image.open(io.BytesIO(found[track].download_cover_bytes("400x400")))
        assert (picture.format, picture.size) == (kind, (400, 400))
    assert Image.open(io.BytesIO(found[FLAC].download_cover_bytes("orig"))).width == 1200
    assert found["30000017"].cover_uri is None


def test_lyrics(service: Running) -> None:
    """Lyrics come as text or with times; where there are none it is said."""
    mila = client(service)
    assert mila.tracks_lyrics(FLAC).fetch_lyrics().startswith("Строка 1")
    assert mila.tracks_lyrics(FLAC, "LRC").fetch_lyrics().startswith("[00:00.50] Строка 1")
    with pytest.raises(exceptions.NotFoundError):
        mila.tracks_lyrics(FRAGMENTED, "LRC")


def test_sign_in(service: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """A code is waited for until it is confirmed elsewhere; the token that comes then opens the account."""
    monkeypatch.setattr("yandex_music._client.device_auth._OAUTH_BASE_URL", service.https)
    nobody = Client(base_url=service.http)
    code = nobody.request_device_code()
    assert nobody.poll_device_token(code.device_code) is None
    service.tell("sign-in", state="confirmed")
    token = nobody.poll_device_token(code.device_code)
    assert client(service, token.access_token).account_uid == catalogue.UID
    with pytest.raises(exceptions.DeviceAuthError, match="invalid_grant"):
        nobody.poll_device_token(code.device_code)


def test_sign_in_denied_or_late(service: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """A code that somebody denied, or that nobody confirmed in time, gives no token."""
    monkeypatch.setattr("yandex_music._client.device_auth._OAUTH_BASE_URL", service.https)
    nobody = Client(base_url=service.http)
    code = nobody.request_device_code()
    service.set(clock=code.expires_in + 1)
    with pytest.raises(exceptions.DeviceAuthError, match="expired_token"):
        nobody.poll_device_token(code.device_code)
    service.set(clock=0)
    service.tell("sign-in", state="denied")
    with pytest.raises(exceptions.DeviceAuthError, match="access_denied"):
        nobody.poll_device_token(code.device_code)


def test_renewal(service: Running) -> None:
    """A refresh token gives a new pair once."""
    service.set(confirm_after=1)
    ask = {"client_id": "i", "client_secret": "s"}
    code = requests.post(f"{service.http}/device/code", ask, timeout=5).json()["device_code"]
    ask |= {"grant_type": "device_code", "code": code}
    first, second = (requests.post(f"{service.http}/token", ask, timeout=5) for _ in range(2))
    assert (first.status_code, first.json()["error"]) == (400, "authorization_pending")
    ask |= {"grant_type": "refresh_token", "refresh_token": second.json()["refresh_token"]}
    third, fourth = (requests.post(f"{service.http}/token", ask, timeout=5) for _ in range(2))
    assert third.json()["access_token"] != second.json()["access_token"]
    assert (fourth.status_code, fourth.json()["error"]) == (400, "invalid_grant")


def test_a_request_of_ones_own(service: Running) -> None:
    """A subclass of the client's Request sees GET and POST, with headers merged, and returns the answer's bytes."""
    seen: list[tuple[str, str, Mapping[str, str], Any]] = []

    class Own(Request):
        def _request_wrapper(self, *args: str, **kwargs: Any) -> bytes:  # noqa: ANN401 - as it is there
            answer = super()._request_wrapper(*args, **kwargs)
            seen.append((args[0], args[1].removeprefix(service.http), kwargs.get("headers", {}), answer))
            return answer

    mila = Client(service.token, base_url=service.http, request=Own()).init()
    mila.tracks([FLAC])
    info = mila.tracks_file_info(FLAC)
    assert info.download_info.download_bytes() == seen[-1][3] == service.sound(FLAC)
    paths = [(method, path.partition("/media/")[0]) for method, path, _, _ in seen]
    assert paths == [("GET", "/account/status"), ("POST", "/tracks"), ("GET", "/get-file-info"), ("GET", "")]
    assert all(one[2]["Authorization"] == f"OAuth {service.token}" for one in seen[:3])
    assert "Authorization" not in seen[3][2]
    assert [one[2]["X-Yandex-Music-Client"].partition("/")[0] for one in seen[1:3]] == [
        "YandexMusicAndroid",
        "YandexMusicDesktopAppWindows",
    ]
    assert all(isinstance(one[3], bytes) for one in seen)


def test_what_was_asked_is_known(service: Running) -> None:
    """The log tells path, headers, track, status and bytes of each request; the client sends no token for sound."""
    client(service).tracks_file_info(FLAC).download_info.download_bytes()
    status, info, sound = service.log()
    assert [one["path"] for one in (status, info)] == ["/account/status", "/get-file-info"]
    assert [one["track"] for one in (status, info, sound)] == ["", FLAC, FLAC]
    assert info["headers"]["authorization"] == f"OAuth {service.token}"
    assert (sound["status"], sound["sent"]) == (200, len(service.sound(FLAC)))
    assert "authorization" not in sound["headers"]
    assert service.sent() == {FLAC: [len(service.sound(FLAC))]}


def test_parts(service: Running) -> None:
    """A part of a sound can be asked for, if it is still the same one; not beyond its end."""
    url, sound = media(service, FLAC), service.sound(FLAC)
    whole = get(url)
    part = get(url, Range="bytes=1000-", If_Range=whole.headers["ETag"])
    assert (part.status_code, part.content) == (206, sound[1000:])
    assert part.headers["Content-Range"] == f"bytes 1000-{len(sound) - 1}/{len(sound)}"
    assert get(url, Range="bytes=1000-1999").content == sound[1000:2000]
    assert get(url, Range="bytes=1000-", If_Range='"another"').content == sound
    beyond = get(url, Range=f"bytes={len(sound)}-")
    assert (beyond.status_code, beyond.headers["Content-Range"]) == (416, f"bytes */{len(sound)}")


def test_without_parts(service: Running) -> None:
    """Where no parts are to be had the whole comes; what tells one state from another can be weak, new or missing."""
    url, sound = media(service, FLAC), service.sound(FLAC)
    service.fault("unranged", count=1)
    service.fault("shifted", skip=1, count=1)
    unranged, shifted = (get(url, Range="bytes=1000-") for _ in range(2))
    assert (unranged.status_code, unranged.content) == (200, sound)
    assert (shifted.headers["Content-Range"].partition("-")[0], shifted.content) == ("bytes 1100", sound[1100:])
    service.set(ranges=False, etag="none")
    whole = get(url, Range="bytes=1000-")
    assert (whole.status_code, whole.content, "ETag" in whole.headers) == (200, sound, False)
    service.set(etag="weak")
    assert get(url).headers["ETag"].startswith("W/")
    service.set(ranges=True, etag="changing")
    changed = get(url, Range="bytes=1000-", If_Range=get(url).headers["ETag"])
    assert (changed.status_code, changed.content) == (200, sound)


def test_very_many_likes(service: Running) -> None:
    """As many likes as are wanted are described, though they have no sound."""
    service.reset(likes=20_000)
    mila = client(service)
    likes = mila.users_likes_tracks()
    assert len(likes) == len(catalogue.LIKES) + 20_000
    found = mila.tracks(likes.tracks_ids[-100:])
    assert [one.title for one in found] == [f"Liked {index}" for index in range(19_900, 20_000)]
    with pytest.raises(exceptions.NotFoundError):
        mila.tracks_file_info(found[0].id)
    service.edit("track", track="many", fields={"available": False})
    assert [one.available for one in mila.tracks([FLAC, found[0].id])] == [True, False]


def test_only_who_trusts_its_authority_speaks_tls(service: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its certificate is of an authority of its own, which nobody trusts unless told."""
    assert get(f"{service.https}/account/status").ok
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)
    with pytest.raises(requests.exceptions.SSLError):
        get(f"{service.https}/account/status")
