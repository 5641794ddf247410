"""The door to AcoustID: the fingerprint that is sent, and every kind of answer, over real HTTP."""

from __future__ import annotations

import importlib
import json
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import ModuleType

import acoustid
import numpy as np
import pytest

from comet.core.compressed import decode, encode
from comet.core.errors import CometError, DecodeError, ServiceError, SettingsError, WaitError
from comet.listen import identify
from comet.listen.chroma import RATE, Chroma
from comet.listen.identify import Recording
from tests.factories import silence, tune
from tests.loopback import Service, found, service

_INTERVAL = acoustid.REQUEST_INTERVAL
_WORDS = np.arange(1 << 20, 1 << 30, 1 << 20, dtype=np.uint32)


@pytest.fixture
def chromaprint() -> ModuleType:
    """Return the binding of libchromaprint that pyacoustid brings, where the library is installed."""
    pytest.importorskip("chromaprint", reason="libchromaprint is not installed", exc_type=ImportError)
    return importlib.import_module("chromaprint")


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no proxy of the machine stand between a test and its own service, which need not be spared."""
    monkeypatch.setattr(acoustid, "REQUEST_INTERVAL", 0)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def there() -> Iterator[Service]:
    """Run a service."""
    with service() as made:
        yield made


def ask(url: str, duration: float = 200.9) -> list[Recording]:
    """Ask what some fingerprint is."""
    return identify.ask(url, "k3y", "song.mp3", _WORDS, duration)


@pytest.mark.parametrize("seed", range(3))
def test_the_fingerprint_is_that_of_the_library(chromaprint: ModuleType, seed: int) -> None:
    """The same sound gives the fingerprint that every other program sends to AcoustID."""
    sound = np.concatenate((tune(seed, 40, rate=RATE), silence(5, rate=RATE), tune(seed + 9, 20, rate=RATE)))
    samples = np.asarray(sound * 32767, np.int16)
    theirs = chromaprint.Fingerprinter()
    theirs.start(RATE, 1)
    theirs.feed(samples.tobytes())
    ours = Chroma()
    ours.feed(samples)
    words = ours.finish()
    assert len(set(words.tolist())) > 100
    assert encode(words).encode() == theirs.finish()


def test_what_is_sent(there: Service) -> None:
    """One question has the key, the whole seconds, the fingerprint, and what is to be told."""
    there.reply(found())
    ask(there.url)
    assert there.paths == ["/v2/lookup"]
    (form,) = there.forms
    assert decode(form.pop("fingerprint")).tolist() == _WORDS.tolist()
    assert form == {"client": "k3y", "duration": "200", "format": "json", "meta": "recordings releasegroups compress"}


def test_what_comes_back(there: Service) -> None:
    """A recording has its score, its names and both ids; nothing known is nothing."""
    there.reply(found())
    there.reply({"status": "ok", "results": []})
    assert ask(there.url) == [Recording(0.98, "Northern Lights", "Anna", "Winter", "recording-id", "acoust-id")]
    assert ask(there.url) == []


def test_the_best_comes_first() -> None:
    """By score, and of one score those with a title; artists are joined, an album beats singles and compilations."""
    groups = [
        {"type": "Single", "title": "One"},
        {"type": "Album", "secondarytypes": ["Compilation"], "title": "Hits"},
        {"type": "Album", "title": "Winter"},
    ]
    artists = [{"name": "Anna", "joinphrase": " & "}, {"name": "Ben"}]
    named = {"id": "r2", "title": "Lights", "artists": artists, "releasegroups": groups}
    results = [
        {"id": "a1", "score": 0.5},
        {"id": "a2", "score": 0.9, "recordings": [{"id": "r1"}, named]},
    ]
    assert identify.recordings(results) == [
        Recording(0.9, "Lights", "Anna & Ben", "Winter", "r2", "a2"),
        Recording(0.9, "", "", "", "r1", "a2"),
        Recording(0.5, "", "", "", "", "a1"),
    ]


@pytest.mark.parametrize(
    "results",
    [[None], [[]], [{"score": "much", "recordings": 5}], [{"recordings": [{"title": 1, "artists": {}}, "x"]}]],
    ids=json.dumps,
)
def test_what_has_no_right_form_is_passed_over(results: list[object]) -> None:
    """Whatever a service sends, there is no more of it than what can be shown."""
    assert {(each.score, each.title, each.artist) for each in identify.recordings(results)} <= {(0.0, "", "")}


def test_a_score_is_a_share() -> None:
    """A number that is none stays within 0 and 1."""
    results = json.loads('[{"score": NaN}, {"score": 1e999}, {"score": -5}, {"score": 1}]')
    assert [each.score for each in identify.recordings(results)] == [1.0, 1.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("code", "kind"), [(4, SettingsError), (3, DecodeError), (8, DecodeError), (14, WaitError), (5, ServiceError)]
)
def test_an_error_of_the_service_becomes_one_of_ours(there: Service, code: int, kind: type[CometError]) -> None:
    """Wrong key, a fingerprint that it does not take, too many questions, trouble of its own."""
    there.error(code, "no \x1b[2J")
    with pytest.raises(kind) as caught:
        ask(there.url)
    assert type(caught.value) is kind
    assert "\x1b" not in str(caught.value)
    assert "k3y" not in str(caught.value) + caught.value.hint


@pytest.mark.parametrize("status", [429, 503])
def test_how_long_to_wait_is_in_the_reply(there: Service, status: int) -> None:
    """As seconds or as a date, with or without JSON; a date that has passed is now, and nonsense is not said."""
    date = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    told = {"7": 7.0, date: 3600.0, "Thu, 01 Jan 1970 00:00:00 GMT": 0.0, "soon": None}
    told["Mon, 01 Jan 99999999999 00:00:00 GMT"] = None
    for text in told:
        there.reply(b"<html>slow down", status, Retry_After=text)
    for seconds in told.values():
        with pytest.raises(WaitError) as caught:
            ask(there.url)
        assert caught.value.seconds == (seconds if seconds is None else pytest.approx(seconds, abs=120))


def test_a_reply_of_before_says_nothing_of_now(there: Service) -> None:
    """The wait of one question is not that of the next one."""
    there.error(14, status=429, Retry_After="9")
    there.error(14, status=200)
    for seconds in (9.0, None):
        with pytest.raises(WaitError) as caught:
            ask(there.url)
        assert caught.value.seconds == seconds


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"<html>", 500, "HTTP status 500"),
        (b"<html>", 503, "HTTP status 503"),
        (b"[]", 200, "HTTP status 200"),
        (b'{"status": "ok"}', 200, "HTTP status 200"),
        (b'{"status": "error", "error": "down"}', 200, "HTTP status 200"),
        (b"[" * 100_000, 200, "HTTP status 200"),
        (b"\xff\xfe", 200, "HTTP status 200"),
    ],
    ids=range(7),
)
def test_an_answer_that_is_none_is_said(there: Service, body: bytes, status: int, words: str) -> None:
    """Pages of other servers, broken JSON and JSON of something else end in one sentence."""
    there.reply(body, status)
    with pytest.raises(ServiceError, match=f"of no use: {words}") as caught:
        ask(there.url)
    assert "identify.url" in caught.value.hint


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(there: Service, status: int) -> None:
    """The key goes to the address of the settings and to no other, whatever that says; nor does it show the other."""
    with service() as other:
        other.reply(found())
        for target in (f"{other.url}lookup?client=k3y", "http://[/", "caf\xe9", ""):
            there.replies.clear()
            there.reply(found(), status, Location=target)
            with pytest.raises(ServiceError, match="refers to another address, which is not followed") as caught:
                ask(there.url)
            assert "k3y" not in str(caught.value) + caught.value.hint
            assert "identify.url" in caught.value.hint
        assert other.paths == []
    assert len(there.paths) == 4


def test_an_answer_that_breaks_off_is_said(there: Service) -> None:
    """A connection that is lost in mid-answer is no answer."""
    there.reply(b'{"status": "ok"', Content_Length="500")
    with pytest.raises(ServiceError, match="cannot be reached"):
        ask(there.url)


def test_nobody_there_is_said(monkeypatch: pytest.MonkeyPatch, there: Service) -> None:
    """Nobody listening, no such name, no encryption, and somebody who does not answer."""
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        port = deaf.getsockname()[1]
        monkeypatch.setattr(identify, "_TIMEOUT", (1.0, 0.1))
        with pytest.raises(ServiceError, match="it does not answer"):
            ask(f"http://127.0.0.1:{port}/")
    for url, words in (
        (f"http://127.0.0.1:{port}/", "no connection"),
        ("http://acoustid.invalid/v2/", "no connection"),
        (there.url.replace("http:", "https:"), "no safe connection"),
    ):
        with pytest.raises(ServiceError, match=words) as caught:
            ask(url)
        assert "nothing was lost" in caught.value.hint


def test_a_proxy_is_used(monkeypatch: pytest.MonkeyPatch, there: Service) -> None:
    """What the environment says of proxies holds, and one that refuses is named."""
    there.reply(found())
    monkeypatch.setenv("HTTP_PROXY", there.url)
    assert ask("http://acoustid.invalid/v2/")
    assert there.paths == ["http://acoustid.invalid/v2/lookup"]
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with pytest.raises(ServiceError, match="the proxy does not let it through"):
        ask("http://acoustid.invalid/v2/")


def test_no_second_has_more_than_three_questions(monkeypatch: pytest.MonkeyPatch, there: Service) -> None:
    """Between the first and the fourth question lies more than a second, whatever the machine does."""
    monkeypatch.setattr(acoustid, "REQUEST_INTERVAL", _INTERVAL)
    there.reply(found())
    begun = time.time()
    for _times in range(4):
        ask(there.url)
    assert time.time() - begun > 1
