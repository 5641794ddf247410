"""Sign-in by a code that is typed elsewhere: the code, the token that is waited for, and its renewal."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from tests.service.asked import Answer, Asked, plain
from tests.service.catalogue import UID

if TYPE_CHECKING:
    from tests.service.server import Service


def code(service: Service, asked: Asked) -> Answer:
    """Give out a code for a device."""
    if not asked.argument("client_id"):
        return _error("invalid_client")
    name = secrets.token_hex(16)
    life = service.settings["code_life"]
    service.codes[name] = {"until": service.now() + life, "state": "pending", "polls": 0}
    made = {"device_code": name, "user_code": "dfk3-mqw7", "verification_url": "https://ya.ru/device"}
    return plain(made | {"interval": service.settings["interval"], "expires_in": life})


def token(service: Service, asked: Asked) -> Answer:
    """Give out tokens for a code that was confirmed, or for a refresh token."""
    if not asked.argument("client_id") or not asked.argument("client_secret"):
        return _error("invalid_client")
    grant, name = asked.argument("grant_type"), asked.argument("code")
    if grant == "refresh_token":
        uid = service.refresh.pop(asked.argument("refresh_token"), None)
        return _error("invalid_grant") if uid is None else _issue(service, uid)
    wrong = _waiting(service, service.codes.get(name, {})) if grant == "device_code" else "unsupported_grant_type"
    if wrong:
        return _error(wrong)
    del service.codes[name]
    return _issue(service, UID)


ROUTES: Final[tuple[tuple[str, str, Callable[..., Answer]], ...]] = (
    ("POST", r"/device/code", code),
    ("POST", r"/token", token),
)


def _waiting(service: Service, code: dict[str, Any]) -> str:
    """Return why there is no token for a code yet, empty if there is one."""
    if not code:
        return "invalid_grant"
    code["polls"] += 1
    if 0 < service.settings["confirm_after"] < code["polls"]:
        code["state"] = "confirmed"
    if service.now() > code["until"]:
        return "expired_token"
    return {"pending": "authorization_pending", "denied": "access_denied"}.get(code["state"], "")


def _issue(service: Service, uid: int) -> Answer:
    access, refresh = f"y0_test{secrets.token_hex(24)}", f"1:test{secrets.token_hex(24)}"
    service.tokens[access] = uid
    service.refresh[refresh] = uid
    made = {"access_token": access, "refresh_token": refresh, "token_type": "bearer"}
    return plain(made | {"expires_in": service.settings["token_life"]})


def _error(name: str) -> Answer:
    return plain({"error": name, "error_description": name.replace("_", " ")}, 400)
