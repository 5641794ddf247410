"""Comet's side of the test service: a `Service` in this process, in a hurry."""

from __future__ import annotations

import pytest

from comet.backup.service import Service
from tests.service.running import Running

HASTE = 36_000.0
"""Ten hours of waiting take a second."""


def at(service: Running, monkeypatch: pytest.MonkeyPatch, *, secure: bool = False) -> Running:
    """Let this process ask the test service, and nobody else."""
    for name, text in service.environment(secure=secure, token=False).items():
        monkeypatch.setenv(name, text)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "COMET_YM_TOKEN", "COMET_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("COMET_YM_HASTE", str(HASTE))
    return service


def never() -> None:
    """Wish nothing."""


def made(service: Running) -> Service:
    """Return a service for the account that has the collection."""
    return Service(service.token, pace=20, check=never)
