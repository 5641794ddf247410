"""The door to requests: how the service is asked, under the library and for what the library must not fetch.

The library's own transport tells 401 from 403 by nothing but a text, drops `Retry-After`, opens a connection each
time, and takes any page for audio. This one is put in its place. The token goes to the address of the interface and to
no other; no answer's body gets into an error.
"""

from __future__ import annotations

import ipaddress
import json
import os
import ssl
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from yandex_music._client.device_auth import _OAUTH_BASE_URL
from yandex_music.exceptions import BadRequestError, NetworkError
from yandex_music.utils.request import Request

from comet.backup import redact, stream
from comet.backup.patience import Patience
from comet.core.errors import ServiceError, SettingsError, SignInError
from comet.core.text import _, safe

API: Final = "https://api.music.yandex.net"
TRIES: Final = 5
"""How often is asked before a failure that may pass counts."""

_CONNECT, _READ = 10.0, 20.0  # seconds to connect, and between two bytes
_LEAST = 2.0  # seconds of both that are left where tests are in haste
_MOST: Final = 64 << 20  # bytes of an answer
_LONGEST: Final = 300.0  # seconds that an answer which is no file takes
_PAGE: Final = 64 << 10  # bytes of a page that are looked at
_REDIRECTS: Final = 5
_DIRECT: Final[dict[str, Any]] = {
    "http": None,
    "all": None,
}  # of this machine alone: a proxy would read the token, or ask itself
_CHUNK: Final = 64 << 10
_CAPTCHA: Final = (b"smart-captcha", b"smartcaptcha", b"captcha_smart", b"about-429.html", b"showcaptcha")
_DETAILED: Final = ("/get-file-info", "/tracks")  # what the service counts more strictly
_PRIVATE: Final = ("Authorization", "X-Yandex-Music-Client")


class Status(NetworkError):  # noqa: N818 - as HTTP calls it
    """The service refused one question; `name` is the short name that it gave the reason."""

    def __init__(self, code: int, name: str = "", text: str = "") -> None:
        super().__init__(f"{name} {text}".strip() or f"HTTP {code}")
        self.code = code
        self.name = name


class BadStatus(Status, BadRequestError):  # noqa: N818 - likewise
    """It did not like the form of the question (400): the library looks for its own class."""


class _BusyError(Exception):
    """The service refused to be asked so often; `seconds` is how long it wants to be left alone, None if unsaid."""

    def __init__(self, seconds: float | None) -> None:
        super().__init__()
        self.seconds = seconds


class _AgainError(Exception):
    """A failure that will pass; its text says what it was."""


class Transport(Request):
    """What the library asks with, in its stead; also for what is asked without it (`stream`, `fetch`)."""

    def __init__(self, patience: Patience, pace: float, *, base_url: str = "", oauth_url: str = "") -> None:
        super().__init__()
        self.base_url = address(base_url or os.environ.get("COMET_YM_BASE_URL") or API, "COMET_YM_BASE_URL")
        self._oauth = address(
            oauth_url or os.environ.get("COMET_YM_OAUTH_URL") or _OAUTH_BASE_URL, "COMET_YM_OAUTH_URL"
        )
        self._patience, self._pace = patience, pace
        if not _is_here(urlsplit(self.base_url).hostname or ""):
            patience.haste = 1.0  # tests alone are in haste
        self._session = _session()
        self.requests = 0
        """Questions to the interface so far, those that were repeated too."""
        self.others = 0
        """To all other addresses."""
        self.most = 0
        """Questions that may be asked in all, 0 for any number."""
        self.skew: float | None = None
        """Seconds that this machine's clock is ahead of the service's."""

    def close(self) -> None:
        """Close all connections."""
        self._session.close()

    def secure(self, place: str) -> str:
        """Return the address of what the service names without a scheme."""
        base, url = urlsplit(self.base_url), f"https://{place}"
        if _is_safe(url) and _is_here(urlsplit(url).hostname or "") and urlsplit(url).port == base.port:
            return f"{base.scheme}://{place}"
        return url

    def _request_wrapper(self, *args: Any, **kwargs: Any) -> bytes:  # noqa: ANN401 - the library's own
        """Ask what the library asks; return the whole body."""
        kwargs = self._prepare_kwargs(kwargs)
        method, url = args
        if url.startswith(_OAUTH_BASE_URL):
            url = self._oauth + url.removeprefix(_OAUTH_BASE_URL)
        more = {name: kwargs[name] for name in ("params", "data") if kwargs.get(name) is not None}
        _response, body = self._ask(method, url, dict(kwargs["headers"]), whole=_MOST, **more)
        return body

    def fetch(self, url: str, most: int) -> bytes:
        """Return what stands at an address that is not of the interface; `most` bytes at most."""
        _response, body = self._ask("GET", url, {}, whole=most)
        return body

    def stream(self, url: str, start: int = 0, etag: str = "") -> stream.Body:
        """Return the bytes of a file from `start` on, all of it if the file is another one than `etag` says."""
        headers = {"Accept-Encoding": "identity"}
        if start:
            headers["Range"] = f"bytes={start}-"
            if etag and not etag.startswith("W/"):  # a weak one says nothing of the bytes (RFC 9110, 13.1.5)
                headers["If-Range"] = etag
        response, _nothing = self._ask("GET", url, headers, whole=0)
        body = stream.Body(response, self._patience)
        if start and response.status_code != 200 and body.start != start:  # another part, or it became shorter
            response.close()
            return self.stream(url)
        return body

    def _ask(
        self,
        method: str,
        url: str,
        headers: dict[str, str],
        *,
        whole: int,
        **more: Any,  # noqa: ANN401 - of requests
    ) -> tuple[requests.Response, bytes]:
        """Return an answer with its body, or where `whole` is 0 one whose body is still to come.

        Raises:
            Status: the service refused this question.
            SignInError: it does not know the token.
            WaitError: it asked to wait, for too long or too often.
            ServiceError: it cannot be reached, or its answer is of no use.
            Stopped: somebody asked to stop.
        """
        failures = 0
        while True:
            self._patience.turn(self._families(_checked(url)))
            try:
                response = self._send(method, url, headers, **more)
                return response, self._judged(response, whole)
            except _BusyError as busy:
                self._patience.refuse(self._family(url), busy.seconds)
                continue
            except _AgainError as error:
                reason = str(error)
            except stream.BROKEN as error:
                reason = stream.reason(error)
            failures += 1
            if failures >= TRIES:
                raise _unreachable(url, reason)
            self._patience.back_off(failures)

    def _send(self, method: str, url: str, headers: dict[str, str], **more: Any) -> requests.Response:  # noqa: ANN401
        """Ask, and go where the answer refers to; not from the interface, where the token is."""
        haste = self._patience.haste
        for _hop in range(_REDIRECTS):
            mine = _origin(_checked(url)) == _origin(self.base_url)
            if self.most and self.requests + self.others >= self.most:
                raise ServiceError(_("no more is asked than {count} times").format(count=self.most))
            sent = {name: headers[name] for name in headers if mine or name not in _PRIVATE}
            self.requests, self.others = self.requests + mine, self.others + (not mine)
            timeout = (max(_LEAST, _CONNECT / haste), max(_LEAST, _READ / haste))
            direct = {**_DIRECT} if urlsplit(url).scheme == "http" else None
            response = self._session.request(
                method, url, headers=sent, timeout=timeout, stream=True, allow_redirects=False, proxies=direct, **more
            )
            if not response.is_redirect or _is_captcha(response.headers["Location"].encode()):
                return response
            response.close()
            if mine or url.startswith(self._oauth):
                break
            try:
                url, more = urljoin(url, response.headers["Location"]), {}
            except ValueError:
                break
            headers = {name: headers[name] for name in headers if name not in _PRIVATE}
        raise ServiceError(
            _("Yandex Music refers to another address, which is not followed"),
            hint=_("update Comet if it stays so: the service may have moved"),
        )

    def _judged(self, response: requests.Response, whole: int) -> bytes:
        """Return the body of an answer, at most `whole` bytes; with 0 it is left to be read. Raises as `_ask` does."""
        code, page = response.status_code, response.headers.get("Content-Type", "").startswith("text/html")
        try:
            self._look_at_the_clock(response)
            kept = 200 <= code < 300 or (code == 416 and "Range" in response.request.headers)
            if kept and not whole and not page:
                return b""
            most = whole if kept and whole else _PAGE
            body = _read(response, most, self._patience, strict=kept and whole > 0 and not page)
            captcha = response.is_redirect or (
                (page or not kept or body[:200].lstrip()[:1] == b"<") and _is_captcha(body)
            )
            if captcha or code == 429 or (code == 503 and "Retry-After" in response.headers):
                raise _BusyError(_wait(response.headers))  # noqa: TRY301 - what is open is closed below
            if kept and whole and not page:
                return body
            if code >= 500 or code == 408:
                raise _AgainError(_("HTTP status {status}").format(status=code))  # noqa: TRY301 - likewise
            if code == 401 and "Authorization" in response.request.headers:
                raise unknown()  # noqa: TRY301 - likewise
            raise _status(code, body)  # noqa: TRY301 - likewise
        except BaseException:
            response.close()
            raise

    def _look_at_the_clock(self, response: requests.Response) -> None:
        try:
            self.skew = time.time() - parsedate_to_datetime(response.headers["Date"]).timestamp()
        except (KeyError, ValueError, OverflowError):
            return

    def _family(self, url: str) -> str:
        """Return the family of an address by which the service counts refusals."""
        parts = urlsplit(url)
        return f"{parts.netloc}/{parts.path.split('/')[1]}" if url.startswith(self.base_url) else parts.netloc

    def _families(self, url: str) -> Mapping[str, float]:
        """Return the families of an address by which Comet counts, each with the seconds between two questions."""
        if not url.startswith(self.base_url):
            return {urlsplit(url).netloc: 1 / self._pace}
        every = {"api": 1 / self._pace}
        return (
            every | {"detailed": 1.5 / self._pace} if url.removeprefix(self.base_url).startswith(_DETAILED) else every
        )


def address(url: str, name: str) -> str:
    """Return an address of the service that `name` sets, without a slash at its end.

    Raises:
        SettingsError: the token would go over the network in clear.
    """
    if not _is_safe(url):
        raise SettingsError(
            _("{name} is no address that a token may go to").format(name=name),
            hint=_("it begins with https://; http:// only leads to this machine"),
        )
    return url.rstrip("/")


def unknown() -> SignInError:
    """Return the error that the token is none that the service knows."""
    return SignInError(
        _("Yandex Music does not know who asks: the sign-in is no longer good"), hint=_("`comet backup login` signs in")
    )


def _session() -> requests.Session:
    session = _Session()
    session.auth = lambda request: request  # else one from ~/.netrc would take the token's place
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
        _look_at_authorities(name, os.environ.get(name, ""))
    # Requests looks at REQUESTS_CA_BUNDLE alone, which a machine may have for all its programs: both are trusted.
    if (authority := os.environ.get("SSL_CERT_FILE")) and os.path.isfile(authority):
        session.verify = authority
        session.mount("https://", _Trusting())
    return session


def _look_at_authorities(name: str, path: str) -> None:
    """Refuse a file of authorities that cannot be used, which would look like a service that cannot be reached."""
    try:
        if path and not os.path.isdir(path):
            ssl.create_default_context(cafile=path)
    except OSError as error:  # of which ssl's are
        raise SettingsError(
            _("`{path}` has no authorities to trust: {reason}").format(path=safe(path), reason=error.strerror or error),
            hint=_("{name} names it").format(name=name),
        ) from None


class _Session(requests.Session):
    """Follows nothing: requests would read all of a redirect, and its address, before it lets one look at it."""

    def get_redirect_target(self, _resp: requests.Response) -> None:
        """Return no address, whatever was answered."""


class _Trusting(HTTPAdapter):
    """Trusts the authorities of SSL_CERT_FILE too, beside those that requests names."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - the library's own
        """Begin with them; those of requests are added for each connection."""
        kwargs["ssl_context"] = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])
        super().init_poolmanager(*args, **kwargs)


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc


def _is_safe(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host = (parts.port != 0 and parts.hostname) or ""  # a port that is no number raises
    except ValueError:
        return False
    return (bool(host) and parts.scheme == "https") or (parts.scheme == "http" and _is_here(host))


def _is_here(host: str) -> bool:
    """Tell whether a host is this machine, over its own loopback."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _checked(url: str) -> str:
    if not _is_safe(url):
        raise ServiceError(_("Yandex Music named an address that is not safe, which is not followed"))
    return url


def _is_captcha(text: bytes) -> bool:
    return any(mark in text.lower() for mark in _CAPTCHA)


def _read(response: requests.Response, most: int, patience: Patience, *, strict: bool) -> bytes:
    """Return the body of an answer; of one that is longer than `most` the beginning, or if `strict` an error."""
    body, until = bytearray(), time.monotonic() + _LONGEST
    while chunk := response.raw.read1(_CHUNK, decode_content=True):
        patience.sleep(0)
        if time.monotonic() > until:
            raise _AgainError(_("it does not answer"))
        body += chunk
        if len(body) > most:
            if strict:
                raise ServiceError(_("Yandex Music gave an answer that is longer than any should be"))
            break
    return bytes(body)


def _wait(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that an answer asks to wait, None where it does not say (RFC 9110, 10.2.3)."""
    text = headers.get("Retry-After", "").strip()
    if text.isdecimal():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None


def _status(code: int, body: bytes) -> Status:
    """Return the refusal of one question; of its body the name of the reason alone is kept, and a line of text."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        answer = None
    answer = answer if isinstance(answer, dict) else {}
    told = answer["result"] if isinstance(answer.get("result"), dict) else answer
    error = told.get("error")
    name, text = (
        (error.get("name"), error.get("message"))
        if isinstance(error, dict)
        else (error, told.get("error_description") or told.get("errorDescription"))
    )
    kind = BadStatus if code == 400 else Status
    return kind(code, *(redact.clean(safe(each)) if isinstance(each, str) else "" for each in (name, text)))


def _unreachable(url: str, reason: str) -> ServiceError:
    return ServiceError(
        _("Yandex Music at `{host}` cannot be reached: {reason}").format(
            host=safe(urlsplit(url).netloc), reason=reason
        ),
        hint=_("nothing was lost: try the same again when there is a connection"),
    )
