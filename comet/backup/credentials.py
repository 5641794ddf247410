"""Tokens: where they are found, how they are kept, and whose account a profile belongs to.

A token is never in an ini file, in an argument, nor under a root folder. What binds a profile to its account is no
secret, and stays in the profile's state when somebody signs out.
"""

from __future__ import annotations

import json
import os
import shlex
import stat
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from comet.backup import redact
from comet.backup.model import Account
from comet.core import ini
from comet.core.errors import CometError, SettingsError, SignInError, UsageError
from comet.core.places import Places
from comet.core.text import _, safe

TOKEN: Final = "COMET_YM_TOKEN"  # noqa: S105 - its name
"""Environment variable with a token; it beats all else."""

TOKEN_FILE: Final = "COMET_TOKEN_FILE"  # noqa: S105 - its name
"""Environment variable with the path of a file that has a token in its first line; it beats what Comet keeps."""

STORES: Final = ("file", "keyring")
"""Where Comet keeps a token: in a file of its own, or in the keyring of the desktop session."""

_SERVICE: Final = "comet-music"
"""What the keyring calls Comet."""

_MOST: Final = 1 << 16
"""Bytes of a file of tokens at most."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the service gave for an account."""

    access: str = field(repr=False)
    refresh: str = field(default="", repr=False)
    """Gets a new pair when the old one runs out; empty where there is none."""
    expires: int = 0
    """Seconds since 1970, 0 where unknown."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Tokens, and where they are from."""

    tokens: Tokens
    source: str
    """For a person: a path, the name of a variable, the keyring."""
    store: str = ""
    """One of `STORES` where Comet keeps them itself, else empty."""

    @property
    def days(self) -> float | None:
        """Days that the token is still good, None where unknown."""
        return (self.tokens.expires - time.time()) / 86400 if self.tokens.expires else None


def load(profile: str, here: Places, environment: Mapping[str, str] = os.environ) -> Credentials:
    """Return the tokens of a profile.

    Raises:
        SignInError: there are none.
        SettingsError: they lie where others can read them, or cannot be read.
    """
    if environment.get(TOKEN):
        return Credentials(Tokens(_token(environment[TOKEN], TOKEN)), TOKEN)
    if name := environment.get(TOKEN_FILE):
        return Credentials(Tokens(_token(_read_given(name), safe(name))), f"{TOKEN_FILE} ({safe(name)})")
    kept = _kept(profile, here)
    if kept is None:
        raise SignInError(
            _("nobody has signed in to Yandex Music for the profile `{profile}`").format(profile=safe(profile)),
            hint=_("`comet backup login` signs in"),
        )
    store, source = "file", file(profile, here)
    if kept.get("store") == "keyring":
        store, source = "keyring", _("the keyring")
        kept |= _parsed(_keyring().get_password(_SERVICE, profile) or "") or {}
    access, refresh = _string(kept, "access_token"), _string(kept, "refresh_token")
    redact.keep(refresh)
    return Credentials(Tokens(_token(access, source), refresh, _number(kept, "expires_at")), source, store)


def refuse(store: str) -> None:
    """Refuse a store that cannot be used, before somebody signs in for nothing.

    Raises:
        UsageError: the keyring was chosen, and there is none.
    """
    if store == "keyring":
        _keyring().get_password(_SERVICE, "")


def save(profile: str, here: Places, tokens: Tokens, store: str = "file") -> str:
    """Keep tokens for a profile, and return where; those of before are replaced in one step.

    Raises:
        UsageError: the keyring was chosen, and there is none.
        SettingsError: the file cannot be written.
    """
    secret = {"access_token": tokens.access, "refresh_token": tokens.refresh}
    kept: dict[str, Any] = {"store": store, "expires_at": tokens.expires}
    path = file(profile, here)
    if store == "keyring":
        _keyring().set_password(_SERVICE, profile, json.dumps(secret))
        ini.write(path, json.dumps(kept) + "\n")
        return _("the keyring")
    before = _store(profile, here)
    ini.write(path, json.dumps(kept | secret) + "\n")
    if before == "keyring":
        _keyring().delete_password(_SERVICE, profile)
    _check(os.stat(os.path.dirname(path)), os.path.dirname(path), "700")
    return path


def remove(profile: str, here: Places) -> bool:
    """Forget the tokens of a profile; return whether there were any."""
    store = _store(profile, here)
    if store == "keyring":
        _keyring().delete_password(_SERVICE, profile)
    if store:
        os.unlink(file(profile, here))
    return bool(store)


def _store(profile: str, here: Places) -> str:
    """Return where Comet keeps a profile's tokens, empty where it has none; whatever is wrong with the file."""
    try:
        kept = _kept(profile, here)
    except SettingsError:
        return "file"
    return "" if kept is None else _string(kept, "store") or "file"


def file(profile: str, here: Places) -> str:
    """Return where Comet keeps a profile's tokens."""
    return os.path.join(here.config, "credentials", f"{profile}.json")


def bound(profile: str, here: Places) -> Account | None:
    """Return the account that a profile belongs to, None before the first use."""
    try:
        with open(_binding(profile, here), "rb") as stream:
            kept = _parsed(stream.read(_MOST))
    except FileNotFoundError:
        return None
    if not kept or not _string(kept, "uid"):
        raise SettingsError(
            _("`{path}` does not say whose account it is").format(path=safe(_binding(profile, here))),
            hint=_("remove it: the next run writes it again, for the account that is signed in then"),
        )
    return Account(_string(kept, "uid"), _string(kept, "login"), plus=True)


def bind(profile: str, here: Places, account: Account) -> None:
    """Bind a profile to an account on the first use; afterwards look whether it is still that one.

    Raises:
        CometError: the profile belongs to another account.
    """
    before = bound(profile, here)
    if before is None:
        ini.write(_binding(profile, here), json.dumps({"uid": account.uid, "login": account.login}) + "\n")
    elif before.uid != account.uid:
        raise CometError(
            _("the profile `{profile}` belongs to the account `{login}`, and this token to another one").format(
                profile=safe(profile), login=safe(before.login or before.uid)
            ),
            hint=_("sign in as that one, or give the other account a profile of its own"),
        )


def _binding(profile: str, here: Places) -> str:
    return os.path.join(here.profile(profile), "account.json")


def _kept(profile: str, here: Places) -> dict[str, Any] | None:
    """Return what the profile's file of tokens says, None where there is none."""
    path = file(profile, here)
    try:
        folder = os.stat(os.path.dirname(path))
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    with os.fdopen(handle, "rb") as stream:
        _check(folder, os.path.dirname(path), "700")
        _check(os.fstat(handle), path, "600")
        text = stream.read(_MOST)
    kept = _parsed(text)
    if kept is None:
        raise SettingsError(
            _("`{path}` is no file of tokens").format(path=safe(path)), hint=_("`comet backup login` writes a new one")
        )
    return kept


def _read_given(path: str) -> str:
    """Return the first line of the file that the user named.

    Below `/run` the system says who may read it: systemd's credentials and the secrets of containers lie there.
    """
    try:
        with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as stream:
            if not os.path.realpath(path).startswith("/run/"):
                _check(os.fstat(stream.fileno()), path, "600")
            return stream.read(_MOST).partition(b"\n")[0].decode("utf-8", "replace")
    except OSError as error:
        raise SettingsError(
            _("`{path}` cannot be read: {reason}").format(path=safe(path), reason=error.strerror),
            hint=_("{name} says that the token is in it").format(name=TOKEN_FILE),
        ) from error


def _check(status: os.stat_result, path: str, mode: str) -> None:
    """Refuse what others could read, or put something else in the place of."""
    if status.st_mode & 0o077:
        raise SettingsError(
            _("others may read `{path}`, which holds a token or leads to one").format(path=safe(path)),
            hint=f"chmod {mode} {safe(shlex.quote(path))}",
        )
    if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
        raise SettingsError(_("`{path}` is no file").format(path=safe(path)))


def _token(text: str, source: str) -> str:
    """Return a token, which has to be one that a header of HTTP can hold."""
    token = text.strip()
    if not token or len(token) > 4096 or not token.isascii() or not token.isprintable() or " " in token:
        raise SettingsError(
            _("there is no token in {source}").format(source=source), hint=_("`comet backup login` signs in")
        )
    redact.keep(token)
    return token


def _keyring() -> Any:  # noqa: ANN401 - a module that need not be installed
    try:
        import keyring  # noqa: PLC0415 - only for those who chose it
        import keyring.errors  # noqa: PLC0415 - likewise
    except ImportError as error:
        raise UsageError(
            _("the keyring cannot be used: its package is not installed"),
            hint=_("`pip install 'comet-music[keyring]'`, or sign in without --store keyring"),
        ) from error
    return _Keyring(keyring, keyring.errors)


class _Keyring:
    """The keyring of the session, its errors turned into Comet's own."""

    def __init__(self, module: Any, errors: Any) -> None:  # noqa: ANN401 - as above
        self._module, self._errors = module, errors

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - as above
        asked = getattr(self._module, name)

        def call(*arguments: str) -> Any:  # noqa: ANN401 - as above
            try:
                return asked(*arguments)
            except self._errors.KeyringError as error:
                raise UsageError(
                    _("the keyring cannot be used: {reason}").format(reason=redact.clean(safe(str(error)))),
                    hint=_("it needs an unlocked desktop session: a timer at night has none"),
                ) from None

        return call


def _parsed(text: str | bytes) -> dict[str, Any] | None:
    """Return an object of JSON, None where it is none."""
    try:
        kept = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return kept if isinstance(kept, dict) else None


def _string(kept: Mapping[str, Any], key: str) -> str:
    value = kept.get(key)
    return value if isinstance(value, str) else ""


def _number(kept: Mapping[str, Any], key: str) -> int:
    value = kept.get(key)
    return value if isinstance(value, int) else 0
