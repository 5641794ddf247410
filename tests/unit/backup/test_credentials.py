"""Where tokens are found and kept, and whose account a profile belongs to."""

from __future__ import annotations

import os
import stat
import sys
import time
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from comet.backup import credentials
from comet.backup.credentials import Tokens
from comet.backup.model import Account
from comet.core.errors import CometError, SettingsError, SignInError, UsageError
from comet.core.places import Places

MILA, EGOR = Account("77", "mila", plus=True), Account("88", "egor", plus=True)
TOKENS = Tokens("y0_access-of-mila", "1:refresh-of-mila", int(time.time()) + 86400 * 40)


@pytest.fixture
def here(tmp_path: Path) -> Places:
    """Return the folders of a user who has none yet."""
    return Places(str(tmp_path / "home"), str(tmp_path / "home/state"), str(tmp_path / "cache"))


def kept(here: Places) -> Path:
    """Return the file of the profile's tokens."""
    return Path(credentials.file("music", here))


def test_what_was_kept_is_found_again(here: Places) -> None:
    """Tokens, when they end and where they are from; nobody else can read the file or its folder."""
    path = credentials.save("music", here, TOKENS)
    found = credentials.load("music", here, {})
    assert (found.tokens, found.source, found.store) == (TOKENS, path, "file")
    assert found.days == pytest.approx(40, abs=0.1)
    assert stat.S_IMODE(kept(here).stat().st_mode) == 0o600
    assert stat.S_IMODE(kept(here).parent.stat().st_mode) == 0o700
    assert TOKENS.access not in repr(found)
    assert TOKENS.refresh not in repr(found)


def test_without_a_token_one_is_told_to_sign_in(here: Places) -> None:
    """The exit code is that of signing in."""
    with pytest.raises(SignInError, match="nobody has signed in"):
        credentials.load("music", here, {})


def test_the_environment_beats_a_file_that_beats_what_is_kept(here: Places, tmp_path: Path) -> None:
    """COMET_YM_TOKEN, then COMET_TOKEN_FILE, then Comet's own."""
    credentials.save("music", here, TOKENS)
    given = tmp_path / "token"
    given.touch(0o600)
    given.write_text("y0_of-the-file\nanything\n")
    both = {"COMET_YM_TOKEN": " y0_of-the-variable\n", "COMET_TOKEN_FILE": str(given)}
    assert credentials.load("music", here, both).tokens.access == "y0_of-the-variable"
    del both["COMET_YM_TOKEN"]
    found = credentials.load("music", here, both)
    assert (found.tokens.access, found.store) == ("y0_of-the-file", "")
    assert str(given) in found.source


@pytest.mark.parametrize(
    ("which", "mode", "line"), [("file", 0o640, "600"), ("folder", 0o755, "700"), ("given", 0o604, "600")]
)
def test_what_others_can_read_is_refused_with_the_line_that_mends_it(
    here: Places, tmp_path: Path, which: str, mode: int, line: str
) -> None:
    """A file or folder with wider rights than its owner's is not read."""
    credentials.save("music", here, TOKENS)
    given = tmp_path / "a token"
    given.write_text("y0_given")
    path = {"file": kept(here), "folder": kept(here).parent, "given": given}[which]
    path.chmod(mode)
    with pytest.raises(SettingsError) as caught:
        credentials.load("music", here, {"COMET_TOKEN_FILE": str(given)} if which == "given" else {})
    assert caught.value.hint.startswith(f"chmod {line} ")
    os.system(caught.value.hint)  # noqa: S605 - a line that a person is to copy
    credentials.load("music", here, {"COMET_TOKEN_FILE": str(given)} if which == "given" else {})


def test_a_link_in_place_of_the_file_is_not_followed(here: Places, tmp_path: Path) -> None:
    """Whoever can put a link there cannot have another file read."""
    credentials.save("music", here, TOKENS)
    kept(here).rename(tmp_path / "elsewhere")
    kept(here).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic"):
        credentials.load("music", here, {})


@pytest.mark.parametrize("text", ["", " \n", "two words", "\u0442oken", "line\x1b[1m", "x" * 5000])
def test_what_is_no_token_is_not_sent(here: Places, text: str) -> None:
    """A header of HTTP holds a line of ASCII without spaces; the text is not repeated in the message."""
    with pytest.raises(CometError) as caught:
        credentials.load("music", here, {"COMET_YM_TOKEN": text})
    assert not text.strip() or text not in str(caught.value)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"access_token": 5}'])
def test_a_damaged_file_says_what_to_do(here: Places, text: str) -> None:
    """It is no bug of Comet, and signing in writes it anew."""
    credentials.save("music", here, TOKENS)
    kept(here).write_text(text)
    with pytest.raises(SettingsError) as caught:
        credentials.load("music", here, {})
    assert "comet backup login" in caught.value.hint


def test_signing_out_forgets_the_token_and_not_the_account(here: Places) -> None:
    """The database still is that account's."""
    credentials.save("music", here, TOKENS)
    credentials.bind("music", here, MILA)
    assert credentials.remove("music", here)
    assert not credentials.remove("music", here)
    assert not kept(here).exists()
    with pytest.raises(SignInError):
        credentials.load("music", here, {})
    bound = credentials.bound("music", here)
    assert bound is not None
    assert bound.uid == "77"


def test_a_profile_belongs_to_its_first_account(here: Places) -> None:
    """Another account's token is refused, by name; another profile takes it."""
    credentials.bind("music", here, MILA)
    credentials.bind("music", here, MILA)
    with pytest.raises(CometError, match="belongs to the account `mila`") as caught:
        credentials.bind("music", here, EGOR)
    assert caught.value.exit_code == 1
    credentials.bind("other", here, EGOR)


@pytest.mark.parametrize("text", ["", "[]", "{}", "{"])
def test_a_damaged_binding_is_not_taken_for_none(here: Places, text: str) -> None:
    """Else the next account would take the profile over."""
    credentials.bind("music", here, MILA)
    (Path(here.profile("music")) / "account.json").write_text(text)
    with pytest.raises(SettingsError, match="does not say whose"):
        credentials.bind("music", here, EGOR)


class FakeKeyring(ModuleType):
    """A keyring in memory: no desktop session is there when tests run."""

    KeyringError = type("KeyringError", (Exception,), {})

    def __init__(self) -> None:
        super().__init__("keyring")
        self.secrets: dict[tuple[str, str], str] = {}
        self.errors = SimpleNamespace(KeyringError=self.KeyringError)

    def get_password(self, service: str, name: str) -> str | None:
        """Return a secret."""
        return self.secrets.get((service, name))

    def set_password(self, service: str, name: str, secret: str) -> None:
        """Keep one, of one profile alone."""
        if name == "locked":
            raise self.KeyringError("locked")
        self.secrets[service, name] = secret

    def delete_password(self, service: str, name: str) -> None:
        """Forget one."""
        del self.secrets[service, name]


def test_a_keyring_holds_the_secrets_only_if_chosen(here: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file then says no more than that; without the package, or while it is locked, it is said."""
    with monkeypatch.context() as missing:
        missing.setitem(sys.modules, "keyring", None)
        with pytest.raises(UsageError, match="not installed"):
            credentials.save("music", here, TOKENS, "keyring")
    ring = FakeKeyring()
    monkeypatch.setitem(sys.modules, "keyring", ring)
    monkeypatch.setitem(sys.modules, "keyring.errors", ring.errors)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="locked"):
        credentials.save("locked", here, TOKENS, "keyring")
    credentials.save("music", here, TOKENS, "keyring")
    assert TOKENS.access not in kept(here).read_text()
    found = credentials.load("music", here, {})
    assert (found.tokens, found.store) == (TOKENS, "keyring")
    credentials.save("music", here, TOKENS)
    assert ring.secrets == {}
    assert credentials.load("music", here, {}).store == "file"
    credentials.save("music", here, TOKENS, "keyring")
    credentials.remove("music", here)
    assert ring.secrets == {}
