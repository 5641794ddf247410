"""How Comet asks the service: every refusal and fault has its answer, and the token goes nowhere else."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import certifi
import pytest

from comet.backup import stream, transport
from comet.backup.model import Reason, Remote
from comet.backup.patience import Patience
from comet.backup.service import Expired, Refused, Service
from comet.backup.stream import Interrupted
from comet.backup.transport import TRIES, Transport
from comet.core.errors import CometError, ServiceError, SettingsError, SignInError, Stopped, WaitError
from tests.integration.backup import asking
from tests.loopback import service as loopback
from tests.service.running import MEDIA, Running

FLAC, MP3 = "30000001", "30000004"
STATUS = r"^/account/status$"


@pytest.fixture
def there(music_service: Running, monkeypatch: pytest.MonkeyPatch) -> Running:
    """Return the test service, which this process asks."""
    return asking.at(music_service, monkeypatch)


@pytest.fixture
def service(there: Running) -> Iterator[Service]:
    """Return Comet's side."""
    with asking.made(there) as made:
        yield made


@pytest.mark.parametrize(
    ("fault", "error", "code", "asked"),
    [
        ({"kind": "status", "status": 401}, SignInError, 12, 1),
        ({"kind": "status", "status": 403}, SignInError, 12, 1),
        ({"kind": "status", "status": 451}, ServiceError, 3, 1),
        ({"kind": "status", "status": 400}, ServiceError, 3, 1),
        ({"kind": "status", "status": 404}, ServiceError, 3, 1),
        ({"kind": "status", "status": 429}, WaitError, 13, 4),
        ({"kind": "status", "status": 429, "retry_after": 3000}, WaitError, 13, 1),
        ({"kind": "status", "status": 503, "retry_after": 3000}, WaitError, 13, 1),
        ({"kind": "captcha"}, WaitError, 13, 4),
        ({"kind": "captcha", "status": 200}, WaitError, 13, 4),
        ({"kind": "captcha", "status": 403}, WaitError, 13, 4),
        ({"kind": "html"}, ServiceError, 3, 1),
        ({"kind": "html", "status": 502}, ServiceError, 3, TRIES),
        ({"kind": "status", "status": 500}, ServiceError, 3, TRIES),
        ({"kind": "reset", "at": 0}, ServiceError, 3, TRIES),
        ({"kind": "cut"}, ServiceError, 3, TRIES),
        ({"kind": "cut", "bare": True}, ServiceError, 3, 1),
    ],
    ids=str,
)
def test_what_does_not_pass_ends_the_run(
    there: Running, service: Service, fault: dict[str, Any], error: type[ServiceError], code: int, asked: int
) -> None:
    """Each has its own exit code after so many questions; what the error says holds neither page nor address."""
    there.fault(path=STATUS, **fault)
    with pytest.raises(ServiceError) as caught:
        service.account()
    assert (type(caught.value), caught.value.exit_code, service.requests) == (error, code, asked)
    text = "".join(traceback.format_exception(caught.value))
    assert "robot" not in text
    assert "account/status" not in text
    assert there.token not in text
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "status": 429},
        {"kind": "status", "status": 429, "retry_after": 1},
        {"kind": "captcha"},
        {"kind": "captcha", "status": 200},
        {"kind": "status", "status": 502},
        {"kind": "html", "status": 500},
        {"kind": "reset", "at": 0},
        {"kind": "reset"},
        {"kind": "cut"},
    ],
    ids=str,
)
def test_what_passes_is_asked_again(there: Running, service: Service, fault: dict[str, Any]) -> None:
    """Two of a kind are waited out, and the answer is the one that came then."""
    there.fault(path=STATUS, count=2, **fault)
    assert service.account().login == "mila"
    assert service.requests == 3


def test_a_refusal_says_how_long_to_wait(there: Running, service: Service) -> None:
    """The time that the service names stands in the error."""
    there.fault("status", STATUS, status=429, retry_after=3000)
    with pytest.raises(WaitError) as caught:
        service.account()
    assert caught.value.seconds == 3000


def test_a_wish_to_stop_ends_a_wait(there: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """A minute of waiting does not hold up Ctrl-C."""
    monkeypatch.delenv("COMET_YM_HASTE")
    asked = iter([False] * 4 + [True] * 9)

    def check() -> None:
        if next(asked):
            raise Stopped

    there.fault("status", STATUS, status=429)
    with Service(there.token, pace=20, check=check) as service, pytest.raises(Stopped):
        service.account()


@pytest.mark.parametrize("secure", [False, True])
def test_the_token_goes_to_the_interface_alone(
    music_service: Running, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, secure: bool
) -> None:
    """Sound, covers, lyrics and the older way's links get none, and nobody's ~/.netrc gets in its place."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    there = asking.at(music_service, monkeypatch, secure=secure)
    there.fault("status", "^/get-file-info", MP3, status=403)
    since = there.last()
    with asking.made(there) as service:
        remote = next(each for batch in service.tracks(service.likes().items) for each in batch if each.id == FLAC)  # type: ignore[union-attr]
        assert service.cover(remote, 400)
        assert service.lyrics(remote)[1]
        for track in (FLAC, MP3):
            with service.body(service.media(track, "lossless").url) as body:
                assert sum(map(len, body)) == body.total
    log = [each for each in there.log(since) if not each["path"].startswith("/_control")]
    mine = {each["path"].split("/")[1]: each["headers"].get("authorization", "") for each in log}
    others = {"media", "get-mp3", "download-info", "lyrics", "get-music-content"}
    assert others < set(mine)
    assert {name for name, sent in mine.items() if sent} == set(mine) - others
    assert {sent for sent in mine.values() if sent} == {f"OAuth {there.token}"}
    assert not [
        each for each in log if "x-yandex-music-client" in each["headers"] and each["path"].split("/")[1] in others
    ]


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"])
def test_an_own_authority_is_trusted(there: Running, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Either variable names it, whatever the other one has; without it there is no safe connection."""
    for each in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.setenv(each, certifi.where())
    monkeypatch.setattr(transport, "TRIES", 1)
    monkeypatch.setenv("COMET_YM_BASE_URL", there.https)
    with asking.made(there) as service, pytest.raises(ServiceError, match="no safe connection"):
        service.account()
    monkeypatch.setenv(name, there.ca)
    with asking.made(there) as service:
        assert service.account().login == "mila"
    monkeypatch.setenv(name, "/nowhere/authority.pem")
    with pytest.raises(SettingsError) as caught:
        asking.made(there)
    assert name in caught.value.hint


def test_no_redirect_takes_the_token_along(there: Running) -> None:
    """The interface is not followed elsewhere; another host is, and neither it nor the next one gets the token."""
    with loopback() as other, Service(there.token, pace=20, check=asking.never) as service:
        other.reply(b"", 302, Location=f"{there.http}/media/nothing")
        since = there.last()
        with pytest.raises(transport.Status, match="gone"):
            service.transport.get(other.url)  # as the library asks: with all headers that it has
        assert [("authorization" in each["headers"]) for each in there.log(since)] == [False]
        other.reply(b"", 302, Location="http://media.example.org/file")
        other.replies.popleft()
        with pytest.raises(ServiceError, match="not safe"):
            service.transport.get(other.url)
    with loopback() as other:
        other.reply(b"", 302, Location=f"{there.http}/account/status")
        base, since = other.url.replace("/v2/", ""), there.last()
        with Service(there.token, pace=20, check=asking.never, base_url=base) as service:
            with pytest.raises(ServiceError, match="another address"):
                service.account()
            assert service.requests == 1
            assert there.log(since) == []
            with pytest.raises(transport.Status, match="gone"):
                service.transport.get(f"{there.http}/media/nothing")
        assert [("authorization" in each["headers"]) for each in there.log(since)] == [False]


@pytest.mark.parametrize(
    "url", ["http://api.example.org", "ftp://127.0.0.1", "//x", "http://127.0.0.1.example.org", "https://"]
)
def test_a_token_is_not_sent_in_clear(url: str) -> None:
    """Only https, and http on this machine, may be where the service is."""
    with pytest.raises(SettingsError):
        Transport(Patience(asking.never), 3, base_url=url)


def test_nobody_is_in_haste_with_the_real_service(there: Running) -> None:
    """What makes tests fast does nothing where the service is not on this machine."""
    for url, haste in (("https://api.example.org", 1.0), (there.http, asking.HASTE)):
        patient = Patience(asking.never)
        Transport(patient, 3, base_url=url).close()
        assert patient.haste == haste


def test_what_has_no_scheme_is_asked_for_safely(service: Service) -> None:
    """With https, but where the service itself is on this machine without it, under the same port."""
    port = service.transport.base_url.rpartition(":")[2]
    places = (f"127.0.0.1:{port}/a", f"localhost:{port}/a", "127.0.0.1:1/a", f"example.org:{port}/a", "example.org/a")
    schemes = [service.transport.secure(place).removesuffix(place) for place in places]
    assert schemes == ["http://", "http://", "https://", "https://", "https://"]


def test_this_machine_is_asked_without_a_proxy(there: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would read the token, which goes in clear."""
    monkeypatch.delenv("NO_PROXY")
    with loopback() as proxy, asking.made(there) as service:
        for name in ("HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        assert service.account().login == "mila"


@pytest.mark.parametrize("to", ["https://[bad", "https://a b/", "//"])
def test_a_redirect_to_nowhere_is_an_answer_of_no_use(there: Running, service: Service, to: str) -> None:
    """It ends nothing but that question."""
    there.fault("redirect", MEDIA, to=to)
    with pytest.raises(CometError):
        service.body(f"{there.http}/media/x")


def test_an_unsafe_link_is_not_followed(service: Service) -> None:
    """A link that the service names is held to the same; so is one that is none."""
    for url in (
        "http://media.example.org/file",
        "https://host:port/file",
        "https://[/file",
        "file:///etc/passwd",
        "",
        "x",
    ):
        with pytest.raises(ServiceError, match="not safe"):
            service.body(url)
    for place in ("host:99999/%%", "[/%%", ":/%%"):
        with pytest.raises(ServiceError, match="not safe"):
            service.cover(Remote("1", "", cover=place), 400)
    assert service.transport.others == 0


def whole(service: Service, url: str, start: int = 0, etag: str = "") -> tuple[int, bytes]:
    """Return where a body begins, and all of it."""
    with service.body(url, start, etag) as body:
        return body.start, b"".join(body)


def test_a_file_goes_on_where_it_broke_off(there: Running, service: Service) -> None:
    """From a byte on if it is the same file, from the beginning if not, nothing more if all of it is there."""
    sound, url = there.sound(FLAC), service.media(FLAC, "lossless").url
    with service.body(url) as body:
        etag, total = body.etag, body.total
    assert total == len(sound)
    assert whole(service, url, 5000, etag) == (5000, sound[5000:])
    assert whole(service, url, 5000, '"another"') == (0, sound)
    assert whole(service, url, len(sound), etag) == (len(sound), b"")
    assert whole(service, url, len(sound) + 10, etag) == (0, sound)
    there.set(ranges=False)
    assert whole(service, url, 5000, etag) == (0, sound)


@pytest.mark.parametrize("fault", [{"kind": "reset"}, {"kind": "cut"}], ids=str)
def test_a_broken_line_is_no_end(there: Running, service: Service, fault: dict[str, Any]) -> None:
    """What came is kept, and that something is missing is said: never half a file for a whole one."""
    sound, url = there.sound(FLAC), service.media(FLAC, "lossless").url
    there.fault(path=MEDIA, count=1, at=50_000, **fault)
    chunks: list[bytes] = []
    with service.body(url) as body, pytest.raises(Interrupted):
        chunks.extend(body)
    came = b"".join(chunks)
    assert came == sound[: len(came)]
    assert came
    assert whole(service, url, len(came), body.etag) == (len(came), sound[len(came) :])


def test_a_line_that_stands_still_is_given_up(
    there: Running, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No byte for a while is a broken line, and not a wait for ever."""
    monkeypatch.setattr(transport, "_LEAST", 0.2)
    url = service.media(FLAC, "lossless").url
    there.fault("stall", MEDIA, at=1000, seconds=30)
    with service.body(url) as body, pytest.raises(Interrupted, match="does not answer"):
        list(body)


def test_an_answer_in_drops_holds_nobody_up(there: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is given up in the end, and Ctrl-C is heard long before."""
    there.fault("slow", STATUS, rate=2000)
    monkeypatch.setattr(transport, "TRIES", 1)
    monkeypatch.setattr(transport, "_LONGEST", 0.02)
    with asking.made(there) as service, pytest.raises(ServiceError, match="does not answer"):
        service.account()
    monkeypatch.setattr(transport, "_LONGEST", 300.0)
    asked = iter([False] * 2 + [True] * 9)

    def check() -> None:
        if next(asked):
            raise Stopped

    since = there.last()
    with Service(there.token, pace=20, check=check) as service, pytest.raises(Stopped):
        service.account()
    assert len(there.log(since)) == 1


def test_a_line_that_is_too_slow_is_given_up(there: Running, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """A byte now and then is not enough; a slow line alone is no reason, however long it takes."""
    monkeypatch.setattr(stream, "_LEAST", 0.2)
    url = service.media(FLAC, "lossless").url
    there.fault("slow", MEDIA, rate=400_000)
    assert whole(service, url)[1] == there.sound(FLAC)
    there.clear()
    monkeypatch.setattr(stream, "_SLOW", (10_000_000, 30.0))
    there.fault("slow", MEDIA, rate=200_000)
    with service.body(url) as body, pytest.raises(Interrupted, match="too slow"):
        list(body)


def test_a_body_of_unsaid_length_ends_where_it_ends(there: Running, service: Service) -> None:
    """Whoever reads it cannot know that it is whole: its total is not known either."""
    url = service.media(FLAC, "lossless").url
    there.fault("cut", MEDIA, at=1000, bare=True)
    with service.body(url) as body:
        assert (len(b"".join(body)), body.total) == (1000, None)


@pytest.mark.parametrize(
    ("fault", "error", "reason"),
    [
        ({"kind": "status", "status": 410}, Expired, None),
        ({"kind": "status", "status": 403}, Expired, None),
        ({"kind": "status", "status": 451}, Refused, Reason.GEO),
        ({"kind": "html"}, Refused, Reason.CONTENT),
        ({"kind": "status", "status": 500}, ServiceError, None),
        ({"kind": "captcha"}, WaitError, None),
        ({"kind": "captcha", "status": 200}, WaitError, None),
    ],
    ids=str,
)
def test_what_is_no_file_is_told_apart(
    there: Running, service: Service, fault: dict[str, Any], error: type[Exception], reason: Reason | None
) -> None:
    """A link that ran out, a track that is refused, a page in place of sound, a service that asks to wait."""
    url = service.media(FLAC, "lossless").url
    there.fault(path=MEDIA, **fault)
    with pytest.raises(Exception, match=r".") as caught:
        service.body(url)
    assert type(caught.value) is error
    assert getattr(caught.value, "reason", None) is reason


def test_a_captcha_before_a_file_is_waited_out(there: Running, service: Service) -> None:
    """It is recognised though its status says that all is well, and the file comes afterwards."""
    url = service.media(FLAC, "lossless").url
    there.fault("captcha", MEDIA, status=200, count=2)
    assert whole(service, url) == (0, there.sound(FLAC))
    assert service.patience.refused == 2


def test_the_clock_of_the_service_is_known(there: Running, service: Service) -> None:
    """Signatures need a right clock: how far this one is off is found out on the way."""
    service.account()
    assert service.transport.skew is not None
    assert abs(service.transport.skew) < 5
