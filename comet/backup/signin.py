"""Signing in by a code that is typed elsewhere (OAuth's device flow, RFC 8628), and staying signed in.

The code and the address are shown by a face, which may be on a machine without a browser.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final, Self

from yandex_music import Client
from yandex_music._client.device_auth import _DEFAULT_CLIENT_ID, _DEFAULT_CLIENT_SECRET, _OAUTH_BASE_URL
from yandex_music.exceptions import DeviceAuthError

from comet.backup import credentials, redact
from comet.backup.credentials import Credentials, Tokens
from comet.backup.model import Account
from comet.backup.patience import Patience, unheard
from comet.backup.service import Service, asked, useless
from comet.backup.transport import Status, Transport
from comet.core.errors import CometError, SignInError
from comet.core.places import Places
from comet.core.profiles import Profile
from comet.core.text import _, safe

RENEW: Final = 30.0
"""Days before the end at which a new token is asked for, or the user is told."""

_PACE: Final = 3.0
_SLOWER: Final = 5.0  # seconds that are added where the service asks for it (RFC 8628, 3.5)


@dataclass(frozen=True, slots=True)
class Code:
    """What the user types, and where."""

    code: str
    address: str
    seconds: float
    """How long it is good."""
    interval: float
    """Seconds between two questions whether it was typed."""
    device: str = field(repr=False)
    """What is asked with."""


class SignIn:
    """One signing in: `begin`, show the code, `wait`. Ends connections at the end of `with`."""

    def __init__(self, check: Callable[[], None]) -> None:
        self._patience = Patience(check)
        self._transport = Transport(self._patience, _PACE)
        self._client = Client(None, self._transport.base_url, self._transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._transport.close()

    def begin(self) -> Code:
        """Ask for a code.

        Raises:
            ServiceError: the service cannot be reached, or its answer is of no use.
        """
        with asked():
            found = self._client.request_device_code(device_name=f"Comet ({safe(socket.gethostname())[:40]})")
            redact.keep(found.device_code)
            seconds, interval = float(found.expires_in or 300), float(found.interval or 5)
            return Code(found.user_code.strip(), found.verification_url, seconds, interval, found.device_code.strip())

    def wait(self, code: Code) -> Tokens:
        """Wait until the code was typed.

        Raises:
            SignInError: it was refused, or nobody typed it in time.
            ServiceError: as `begin`.
            Stopped: somebody asked to stop.
        """
        interval, until = code.interval, time.monotonic() + code.seconds
        while time.monotonic() < until:
            self._patience.sleep(interval)
            with asked():
                try:
                    found = self._client.poll_device_token(code.device)
                except (DeviceAuthError, Status) as error:
                    if "slow_down" not in str(error):
                        raise _refused(str(error)) from None
                    interval, found = interval + _SLOWER, None
            if found is not None:
                return _tokens(found.access_token, found.refresh_token, found.expires_in)
        raise _refused("expired_token")

    def renew(self, old: Tokens) -> Tokens:
        """Return a new pair for an old one.

        Raises:
            SignInError: the service does not know the old one.
            ServiceError: as `begin`.
        """
        form = {"grant_type": "refresh_token", "refresh_token": old.refresh}
        form |= {"client_id": _DEFAULT_CLIENT_ID, "client_secret": _DEFAULT_CLIENT_SECRET}
        try:
            with asked(400, 401, 403):
                found: Any = self._transport.post(f"{_OAUTH_BASE_URL}/token", form)
        except Status as error:
            raise _refused(str(error)) from None
        if not isinstance(found, dict):
            raise useless()
        new = _tokens(*(found.get(key) for key in ("access_token", "refresh_token", "expires_in")))
        return new if new.refresh else Tokens(new.access, old.refresh, new.expires)


def opened(
    profile: Profile, here: Places, check: Callable[[], None], notice: Callable[[str], None] = unheard
) -> tuple[Service, Account]:
    """Return the service for the account of a profile, and that account; close the service afterwards.

    A token near its end is renewed; the old one is kept until the new one works. The first use binds the profile to
    the account.

    Args:
        profile: Whose tokens, and how often may be asked.
        here: Where they lie.
        check: Raises `Stopped`.
        notice: Told a sentence of what goes on.

    Raises:
        SignInError: nobody is signed in, or the account does not pay.
        CometError: the profile belongs to another account.
        ServiceError: the service cannot be reached.
    """
    found = credentials.load(profile.name, here)
    service, account = _try(found.tokens, profile, check, notice)
    try:
        credentials.bind(profile.name, here, account)
        if found.days is not None and found.days < RENEW:
            renewed = _renewed(profile, here, found, account, check, notice)
            if renewed is not None:
                service.transport.close()
                service = renewed
        _pays(account)
    except BaseException:
        service.transport.close()
        raise
    return service, account


def keep(profile: str, here: Places, tokens: Tokens, store: str, check: Callable[[], None]) -> tuple[Account, str]:
    """Keep tokens that were given, once the service knows them; return the account, and where they are kept.

    Raises:
        SignInError: it does not know them.
        CometError: the profile belongs to another account.
    """
    with Service(tokens.access, pace=_PACE, check=check) as service:
        account = service.account()
    credentials.bind(profile, here, account)
    return account, credentials.save(profile, here, tokens, store)


def _pays(account: Account) -> None:
    if not account.plus:
        raise SignInError(
            _("the account `{login}` has no Plus: the service gives 30 seconds of each track").format(
                login=safe(account.login)
            ),
            hint=_("nothing was changed; it goes on when there is a subscription again"),
        )


def _try(
    tokens: Tokens, profile: Profile, check: Callable[[], None], notice: Callable[[str], None]
) -> tuple[Service, Account]:
    """Return the service and the account behind a token."""
    service = Service(tokens.access, pace=profile.settings.backup.pace, check=check, notice=notice)
    try:
        return service, service.account()
    except BaseException:
        service.transport.close()
        raise


def _renewed(
    profile: Profile,
    here: Places,
    found: Credentials,
    account: Account,
    check: Callable[[], None],
    notice: Callable[[str], None],
) -> Service | None:
    """Return the service with a new token, None where the old one has to do: then the user is told."""
    reason = _("it cannot be renewed")
    if found.store and found.tokens.refresh:
        try:
            with SignIn(check) as signing:
                new = signing.renew(found.tokens)
            # The old refresh token is spent. The old token still is good, whatever becomes of the new one.
            old = replace(found.tokens, refresh=new.refresh)
            credentials.save(profile.name, here, old, found.store)
            service, known = _try(new, profile, check, notice)
            if known.uid == account.uid:
                credentials.save(profile.name, here, new, found.store)
                return service
            service.transport.close()
        except CometError as error:
            reason = str(error)
    notice(
        _("the sign-in ends in {days:.0f} days, and {reason}: `comet backup login` makes a new one").format(
            days=max(0.0, found.days or 0), reason=reason
        )
    )
    return None


def _tokens(access: object, refresh: object, seconds: object) -> Tokens:
    if not isinstance(access, str) or not access:
        raise useless()
    new = Tokens(access, refresh if isinstance(refresh, str) else "")
    redact.keep(new.access, new.refresh)
    return Tokens(new.access, new.refresh, int(time.time() + seconds) if isinstance(seconds, int) else 0)


def _refused(name: str) -> SignInError:
    """Return the error that OAuth's name of it means."""
    if "expired_token" in name:
        reason = _("nobody typed the code in time")
    elif "access_denied" in name:
        reason = _("it was refused there")
    else:
        reason = safe(redact.clean(name))
    return SignInError(
        _("the sign-in to Yandex did not succeed: {reason}").format(reason=reason),
        hint=_("`comet backup login` begins anew"),
    )
