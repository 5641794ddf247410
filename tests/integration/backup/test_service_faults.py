"""What goes wrong at the test service comes to the unmodified client, and to anybody, as it would from the real one."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
import requests
from yandex_music import exceptions

from tests.service.client import client, get, media, trusted
from tests.service.running import API, MEDIA, Running

FLAC, MP4, FRAGMENTED, MP3, AAC = "30000001", "30000002", "30000003", "30000004", "30000005"
BLOCK = 4000


@pytest.fixture
def service(music_service: Running, monkeypatch: pytest.MonkeyPatch) -> Running:
    """Return the service, whose authority this process trusts."""
    return trusted(music_service, monkeypatch)


@pytest.mark.parametrize(
    ("fault", "error", "message"),
    [
        ({"kind": "status", "status": 401}, exceptions.UnauthorizedError, "session-expired"),
        ({"kind": "status", "status": 403}, exceptions.UnauthorizedError, "not-allowed"),
        ({"kind": "status", "status": 404}, exceptions.NotFoundError, "not-found"),
        ({"kind": "status", "status": 400}, exceptions.BadRequestError, "validate"),
        ({"kind": "status", "status": 413}, exceptions.NetworkError, "too-many"),
        ({"kind": "status", "status": 429, "retry_after": 7}, exceptions.NetworkError, r"\(429\)"),
        ({"kind": "status", "status": 451}, exceptions.NetworkError, r"\(451\)"),
        ({"kind": "status", "status": 500}, exceptions.NetworkError, r"\(500\)"),
        ({"kind": "status", "status": 502}, exceptions.NetworkError, "Bad Gateway"),
        ({"kind": "captcha"}, exceptions.NetworkError, r"\(429\).*smart-captcha"),
        ({"kind": "captcha", "status": 200}, exceptions.YandexMusicError, "Invalid server response"),
        ({"kind": "html"}, exceptions.YandexMusicError, "Invalid server response"),
        ({"kind": "reset", "at": 0}, exceptions.NetworkError, "aborted"),
        ({"kind": "reset"}, exceptions.NetworkError, "reset by peer"),
        ({"kind": "cut"}, exceptions.NetworkError, "IncompleteRead"),
        ({"kind": "cut", "bare": True}, exceptions.YandexMusicError, "Invalid server response"),
    ],
)
def test_faults_of_answers(service: Running, fault: dict[str, Any], error: type[Exception], message: str) -> None:
    """A fault comes to the client as the error that it is, when and as often as it should, and is gone."""
    mila = client(service)
    service.fault(path=API, skip=1, count=2, **fault)
    assert mila.users_playlists_kinds()
    for _ in range(2):
        with pytest.raises(error, match=message):
            mila.users_playlists_kinds()
    assert mila.users_playlists_kinds()
    kinds = [one["faults"] for one in service.log()]
    assert kinds[-4:] == [[], [fault["kind"]], [fault["kind"]], []]


def test_waiting_is_asked_for(service: Running) -> None:
    """A refusal for being too fast says how long to wait; a captcha does not, and shows how it is known."""
    service.fault("status", status=429, retry_after=7, count=1)
    assert get(f"{service.http}/account/status").headers["Retry-After"] == "7"
    service.fault("redirect", to="/showcaptcha", count=1)
    away = requests.get(f"{service.http}/account/status", timeout=5, allow_redirects=False)
    assert (away.status_code, away.headers["Location"]) == (302, "/showcaptcha")
    service.fault("captcha")
    page = get(f"{service.http}/account/status")
    assert (page.status_code, page.headers["Content-Type"]) == (429, "text/html; charset=utf-8")
    assert all(mark in page.text for mark in ("smart-captcha", "captcha_smart", "about-429.html", "showcaptcha"))


@pytest.mark.parametrize(
    ("fault", "read"),
    [
        ({"kind": "cut", "bare": True, "at": BLOCK}, lambda sound: sound[:BLOCK]),
        ({"kind": "short", "at": BLOCK}, lambda sound: sound[:BLOCK]),
        ({"kind": "bare"}, lambda sound: sound),
        ({"kind": "flip", "at": 9}, lambda sound: sound[:9] + bytes(255 - one for one in sound[9:25]) + sound[25:]),
        ({"kind": "zeros", "at": BLOCK}, lambda sound: sound[:BLOCK] + bytes(BLOCK) + sound[2 * BLOCK :]),
        ({"kind": "extra"}, lambda sound: sound + bytes(range(250)) * 16),
        ({"kind": "slow", "rate": 2_000_000}, lambda sound: sound),
        ({"kind": "late", "seconds": 0.1}, lambda sound: sound),
    ],
)
def test_faults_that_nobody_is_told_of(service: Running, fault: dict[str, Any], read: Callable[[bytes], bytes]) -> None:
    """What is short, long, changed or slow is a success to the client: only what was read tells."""
    url = media(service, FLAC)
    service.fault(path=MEDIA, track=FLAC, **fault)
    begun = time.monotonic()
    answer = get(url)
    assert answer.ok
    assert answer.content == read(service.sound(FLAC))
    least = {"slow": len(answer.content) / 2_000_000, "late": 0.1}.get(fault["kind"], 0)
    assert time.monotonic() - begun >= least
    assert get(media(service, MP3)).content == service.sound(MP3)


@pytest.mark.parametrize("secure", [False, True])
@pytest.mark.parametrize(
    ("kind", "message"), [("reset", "reset by peer|IncompleteRead"), ("stall", "timed out"), ("cut", "IncompleteRead")]
)
def test_a_body_that_stops(service: Running, kind: str, message: str, *, secure: bool) -> None:
    """A body ends in its middle as it should, and what was sent until then is counted."""
    url = media(service, FLAC, secure=secure)
    service.fault(kind, path=MEDIA, at=BLOCK)
    with pytest.raises(requests.RequestException, match=message):
        requests.get(url, timeout=0.3)
    assert service.log()[-1]["sent"] == BLOCK


def test_continuing_after_resets(service: Running) -> None:
    """A fault that counts bytes counts those of each answer, so that parts bring a body home."""
    url, got = media(service, FLAC), b""
    service.fault("reset", path=MEDIA, at=len(service.sound(FLAC)) // 3, count=3)
    for _ in range(9):
        try:
            with requests.get(url, headers={"Range": f"bytes={len(got)}-"}, stream=True, timeout=5) as answer:
                for block in answer.iter_content(1024):
                    got += block
        except requests.exceptions.RequestException:
            continue
        break
    assert got == service.sound(FLAC)
    asked = [one for one in service.log() if one["path"].startswith("/media/")]
    assert len(asked) >= 4
    assert sum(one["sent"] for one in asked) < len(got) * 1.5


def test_faults_of_one_track(service: Running) -> None:
    """A fault can be for one track: in a batch, on the newer way alone, or as other sound than there is."""
    mila = client(service)
    service.fault("status", "^/tracks$", FLAC, status=400)
    service.fault("status", "^/get-file-info", MP4, status=403)
    service.fault("encrypted", track=FRAGMENTED)
    service.fault("preview", track=AAC)
    with pytest.raises(exceptions.BadRequestError):
        mila.tracks([MP3, f"{FLAC}:501"])
    assert mila.tracks([MP3])
    with pytest.raises(exceptions.UnauthorizedError):
        mila.tracks_file_info(MP4)
    assert mila.tracks_download_info(MP4)
    hidden = mila.tracks_file_info(FRAGMENTED).download_info
    assert (hidden.transport, bool(hidden.key)) == ("encraw", True)
    assert get(hidden.url).content != service.sound(FRAGMENTED)
    assert get(media(service, AAC)).content == service.sound(AAC, "aac-mp4-preview")
    assert get(media(service, MP3)).content == service.sound(MP3)


def test_an_account_that_does_not_pay(service: Running) -> None:
    """Without a subscription the account says so, and every sound is a preview."""
    service.edit("plus", plus=False)
    mila = client(service)
    assert not mila.me.plus.has_plus
    assert mila.tracks_download_info(FLAC)[0].preview
    assert get(media(service, FLAC)).content == service.sound(FLAC, "flac-preview")


def test_a_playlist_that_vanishes(service: Running) -> None:
    """A playlist can be listed and then be gone by both its names; a list can be empty."""
    mila = client(service)
    name = mila.users_playlists_list()[1].playlist_uuid
    service.fault("status", rf"/playlists/1002$|/playlist/{name}$", status=404)
    assert len(mila.users_playlists_list()) == 3
    for ask in (lambda: mila.users_playlists(1002), lambda: mila.playlist(name)):
        with pytest.raises(exceptions.NotFoundError):
            ask()
    service.fault("result", "/playlists/list$", result=[])
    assert mila.users_playlists_list() == []
