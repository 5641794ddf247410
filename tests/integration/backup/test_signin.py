"""Signing in by a code, staying signed in, and whose account a profile belongs to."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from comet.backup import credentials, qr, signin
from comet.backup.credentials import Tokens
from comet.backup.signin import SignIn
from comet.core.errors import CometError, ServiceError, SignInError, Stopped
from comet.core.places import Places
from comet.core.profiles import Profile
from tests.integration.backup import asking
from tests.service.running import Running

MUSIC = Profile("music")
DAY = 86400
STATUS = r"^/account/status$"


@pytest.fixture
def there(music_service: Running, monkeypatch: pytest.MonkeyPatch) -> Running:
    """Return the test service, which this process asks."""
    return asking.at(music_service, monkeypatch)


@pytest.fixture
def signing(there: Running) -> Iterator[SignIn]:
    """Return one signing in."""
    with SignIn(asking.never) as made:
        yield made


@pytest.fixture
def here(tmp_path: Path) -> Places:
    """Return the folders of a user who has none yet."""
    return Places(str(tmp_path / "home"), str(tmp_path / "home/state"), str(tmp_path / "cache"))


def signed_in(there: Running, signing: SignIn, days: int = 365) -> Tokens:
    """Return tokens that the service gave for so many days."""
    there.set(confirm_after=1, token_life=days * DAY)
    return signing.wait(signing.begin())


def opened(here: Places) -> tuple[str, list[str]]:
    """Return the login that a run would work for, and what the user is told."""
    told: list[str] = []
    service, account = signin.opened(MUSIC, here, asking.never, told.append)
    with service:
        service.headers()
    return account.login, told


def test_a_code_is_waited_for_until_it_was_typed(there: Running, signing: SignIn) -> None:
    """It is polled for, and gives a pair of tokens with their end; the address is one for a phone's camera."""
    there.set(confirm_after=3)
    code = signing.begin()
    assert code.code == "dfk3-mqw7"
    assert code.device not in repr(code)
    tokens = signing.wait(code)
    assert tokens.access.startswith("y0_")
    assert tokens.refresh
    assert tokens.expires == pytest.approx(time.time() + 365 * DAY, abs=60)
    assert [each["path"] for each in there.log() if each["path"] == "/token"] == ["/token"] * 4
    assert len({len(line) for line in qr.lines(code.address)}) == 1


@pytest.mark.parametrize(
    ("how", "text"), [("denied", "refused there"), ("late", "nobody typed"), ("gone", "invalid_grant")]
)
def test_a_code_that_is_not_confirmed_says_why(there: Running, signing: SignIn, how: str, text: str) -> None:
    """Refused, run out, or unknown: each ends with the exit code of signing in."""
    code = signing.begin()
    if how == "denied":
        there.tell("sign-in", state="denied")
    elif how == "late":
        code = replace(code, seconds=0.3)
    else:
        code = replace(code, device="0" * 32)
    with pytest.raises(SignInError, match=text):
        signing.wait(code)


def test_waiting_for_a_code_can_be_given_up(there: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C need not wait for the code to run out."""
    monkeypatch.delenv("COMET_YM_HASTE")
    wish = threading.Event()

    def check() -> None:
        if wish.is_set():
            raise Stopped

    with SignIn(check) as signing:
        code = signing.begin()
        wish.set()
        with pytest.raises(Stopped):
            signing.wait(code)


def test_a_token_is_kept_once_the_service_knows_it(there: Running, signing: SignIn, here: Places) -> None:
    """One that it does not know is not; the first one binds the profile to its account."""
    with pytest.raises(SignInError):
        signin.keep("music", here, Tokens("y0_made-up"), "file", asking.never)
    assert not Path(credentials.file("music", here)).exists()
    account, where = signin.keep("music", here, signed_in(there, signing), "file", asking.never)
    assert (account.login, where) == ("mila", credentials.file("music", here))
    assert opened(here) == ("mila", [])


def test_the_first_run_binds_a_profile_and_another_account_is_refused(
    there: Running, here: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So it is with a token from the environment; nothing is asked for another account."""
    monkeypatch.setenv("COMET_YM_TOKEN", there.token)
    assert opened(here) == ("mila", [])
    monkeypatch.setenv("COMET_YM_TOKEN", there.OTHER_TOKEN)
    since = there.last()
    with pytest.raises(CometError, match="belongs to the account `mila`"):
        opened(here)
    assert [each["path"] for each in there.log(since)] == ["/account/status"]
    with pytest.raises(CometError, match="belongs to the account `mila`"):
        signin.keep("music", here, Tokens(there.OTHER_TOKEN), "file", asking.never)
    assert not Path(credentials.file("music", here)).exists()


def test_an_account_that_does_not_pay_is_told_before_anything_is_fetched(
    there: Running, here: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else 30 seconds of each track would be saved."""
    monkeypatch.setenv("COMET_YM_TOKEN", there.token)
    there.edit("plus", plus=False)
    with pytest.raises(SignInError, match="no Plus"):
        opened(here)


def test_a_token_near_its_end_is_renewed(there: Running, signing: SignIn, here: Places) -> None:
    """In its last 30 days the next run makes a new pair, and works with that; before it does not."""
    old = signed_in(there, signing, 40)
    credentials.save("music", here, old)
    assert opened(here) == ("mila", [])
    assert credentials.load("music", here, {}).tokens == old
    credentials.save("music", here, replace(old, expires=int(time.time()) + 20 * DAY))
    there.set(token_life=365 * DAY)
    assert opened(here) == ("mila", [])
    new = credentials.load("music", here, {})
    assert new.tokens.access != old.access
    assert new.days == pytest.approx(365, abs=1)
    assert there.log()[-1]["headers"]["authorization"] == f"OAuth {new.tokens.access}"


@pytest.mark.parametrize(
    ("fault", "spent"),
    [
        ({"kind": "status", "path": "^/token$", "status": 500}, False),
        ({"kind": "status", "path": "^/token$", "status": 400}, False),
        ({"kind": "status", "path": STATUS, "status": 401, "skip": 1}, True),
        ({"kind": "status", "path": STATUS, "status": 500, "skip": 1}, True),
    ],
    ids=str,
)
def test_the_old_token_is_kept_until_the_new_one_works(
    there: Running,
    signing: SignIn,
    here: Places,
    fault: dict[str, object],
    spent: bool,  # noqa: FBT001 - a row of the table
) -> None:
    """Whatever fails, the run goes on with the old one and the user is told; a new refresh token is not lost."""
    old = replace(signed_in(there, signing), expires=int(time.time()) + 5 * DAY)
    credentials.save("music", here, old)
    there.tell("fault", **fault)
    login, told = opened(here)
    assert login == "mila"
    assert len(told) == 1
    assert "5 days" in told[0]
    now = credentials.load("music", here, {}).tokens
    assert now.access == old.access
    assert (now.refresh != old.refresh) == spent


def test_a_service_that_cannot_be_reached_is_no_bad_sign_in(there: Running, signing: SignIn) -> None:
    """It has another exit code: to sign in again would not help."""
    there.fault("status", "^/device/code$", status=500)
    with pytest.raises(ServiceError) as caught:
        signing.begin()
    assert caught.value.exit_code == 3
