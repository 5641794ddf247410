"""No secret gets anywhere but where it has to: not into a log at DEBUG, an error, a traceback, or a report."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Iterator
from io import StringIO

import pytest

from comet.backup import doctor
from comet.backup.model import Remote
from comet.backup.service import Service
from comet.backup.signin import SignIn
from comet.core.errors import CometError
from tests.integration.backup import asking
from tests.service.running import MEDIA, Running

FLAC, MP3 = "30000001", "30000004"


@pytest.fixture
def there(music_service: Running, monkeypatch: pytest.MonkeyPatch) -> Running:
    """Return the test service, which this process asks."""
    return asking.at(music_service, monkeypatch)


@pytest.fixture
def written() -> Iterator[StringIO]:
    """Return what every logger writes at DEBUG while a test runs, as anybody might who looks for a fault."""
    stream = StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(name)s %(message)s"))
    loggers = [logging.getLogger(name) for name in ("", "yandex_music", "urllib3", "requests")]
    before = [each.level for each in loggers]
    for each in loggers:
        each.setLevel(logging.DEBUG)
    loggers[0].addHandler(handler)
    yield stream
    loggers[0].removeHandler(handler)
    for each, level in zip(loggers, before, strict=True):
        each.setLevel(level)


def test_nothing_secret_is_logged_or_told(there: Running, written: StringIO) -> None:
    """Tokens, codes, links and signatures of a sign-in, of sound in both ways, and of what fails on the way."""
    there.set(confirm_after=2)
    secrets, told = set(), []
    with SignIn(asking.never) as signing:
        code = signing.begin()
        tokens = signing.renew(signing.wait(code))
        told.append(f"{code!r} {tokens!r}")
    secrets |= {code.device, tokens.access, tokens.refresh}
    with Service(tokens.access, pace=20, check=asking.never) as service:
        service.lyrics(Remote(FLAC, "", lyrics=True, synced=True))
        media = service.media(FLAC, "lossless")
        there.fault("status", "^/get-file-info", status=403)
        older = service.media(MP3, "lossless")
        told.append(f"{media!r} {older!r} {service!r} {service.transport!r}")
        for fault in ("reset", "html", "captcha"):
            there.clear()
            there.fault(fault, MEDIA, at=0)
            for url in (media.url, older.url):
                try:
                    with service.body(url) as body:
                        list(body)
                except CometError as error:
                    told.append("".join(traceback.format_exception(error)) + error.hint)
    for each in there.log():
        secrets |= set(
            each["path"].split("/")[2:] if each["path"].startswith(("/media", "/get-mp3", "/download")) else ()
        )
        secrets |= {part.partition("=")[2] for part in each["query"].split("&") if part.startswith("sign")}
    secrets = {each for each in secrets if len(each) > 9}
    assert len(secrets) > 8
    log = written.getvalue()
    assert log.count("Entering") > 5  # it did log, all of it
    assert "urllib3" in log
    everything = log + "\n".join(told)
    assert [secret for secret in secrets if secret in everything] == []
    assert "robot" not in everything


def test_the_doctor_asks_ten_times_and_tells_nothing_of_the_user(there: Running) -> None:
    """What research left open is answered; the report can be shown to anybody."""
    since = there.last()
    found = {each.point: each for each in doctor.examine(there.token, 20, asking.never)}
    assert len(there.log(since)) <= doctor.MOST
    assert {"account", "clock", "lossless", "limits", "ranges", "changed", "unchanged", "revisions"} <= set(found)
    assert [each.point for each in found.values() if each.good is False] == []
    report = json.dumps([(each.point, each.text) for each in found.values()], ensure_ascii=False)
    private = [there.token, "mila", "77001001", "Дорога", "Night", FLAC, "127.0.0.1"]
    assert [each for each in private if each in report] == []


def test_the_doctor_says_what_is_otherwise(there: Running) -> None:
    """No parts of files, no lossless files, lists that disagree: each is a line, and none ends the report."""
    there.set(ranges=False, etag="weak")
    there.edit("count", playlist="1001", count=40)
    there.fault("status", "^/get-file-info", status=403)
    there.fault("status", "/likes/tracks", status=500)
    since = there.last()
    found = {each.point: each for each in doctor.examine(there.token, 20, asking.never)}
    assert len(there.log(since)) <= doctor.MOST
    assert {each.point for each in found.values() if each.good is False} >= {"likes", "revisions"}
    there.clear()
    there.fault("status", "^/get-file-info", status=403)
    found = {each.point: each for each in doctor.examine(there.token, 20, asking.never)}
    assert {each.point for each in found.values() if each.good is False} >= {"lossless", "ranges"}
    assert "older" in found["lossless"].text
