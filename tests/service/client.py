"""The client as it comes, and anybody else, asking the service from this process."""

from __future__ import annotations

import pytest
import requests
from yandex_music import Client

from tests.service.running import Running


def trusted(service: Running, monkeypatch: pytest.MonkeyPatch) -> Running:
    """Let this process trust the service's authority, and know its address."""
    for name, text in service.environment().items():
        monkeypatch.setenv(name, text)
    return service


def client(service: Running, token: str | None = "", *, secure: bool = False) -> Client:
    """Return the client as it comes, signed in."""
    address = service.https if secure else service.http
    return Client(service.token if token == "" else token, base_url=address).init()


def media(service: Running, track: str, *, secure: bool = False) -> str:
    """Return the address of a track's sound."""
    info = client(service, secure=secure).tracks_file_info(track)
    assert info
    assert info.download_info
    return info.download_info.url


def get(url: str, **headers: str) -> requests.Response:
    """Ask for an address as anybody would."""
    return requests.get(url, headers={name.replace("_", "-"): text for name, text in headers.items()}, timeout=5)
