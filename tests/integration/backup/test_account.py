"""`comet backup login|status|doctor|logout`, as they are typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from comet.backup import qr
from tests.integration.backup import asking
from tests.integration.cli.conftest import Shell
from tests.service.running import Running


@pytest.fixture
def there(music_service: Running, monkeypatch: pytest.MonkeyPatch) -> Running:
    """Return the test service, which this process asks."""
    return asking.at(music_service, monkeypatch)


@pytest.fixture
def mila(tmp_path: Path, there: Running) -> Shell:
    """Return somebody with a profile and no token."""
    made = Shell(tmp_path / "home")
    (tmp_path / "home").mkdir()
    (tmp_path / "music").mkdir()
    (tmp_path / "home" / "profiles.ini").write_text(f"[music]\nroots = {tmp_path / 'music'}\n")
    return made


def test_signing_in_and_out(mila: Shell, there: Running) -> None:
    """Without a sign-in each says so; a code and an address, a token in a file, a report, and it is forgotten again."""
    for action in ("status", "doctor", "run"):
        assert "hint: `comet backup login` signs in" in mila("backup", action, code=12).stderr
    there.set(confirm_after=1)
    done = mila("backup", "login")
    assert "https://ya.ru/device" in done.stdout
    assert "    dfk3-mqw7\n" in done.stdout
    assert "signed in as mila" in done.stdout
    assert "█" not in done.stdout  # a pipe has no camera before it
    kept = mila.home / "credentials/music.json"
    assert str(kept) in done.stdout
    token = json.loads(kept.read_text())["access_token"]
    status = mila("backup", "status")
    assert "365 days" in status.stdout or "364 days" in status.stdout
    told = json.loads(mila("backup", "status", "--json").stdout)
    assert (told["login"], told["uid"], told["plus"], told["source"]) == ("mila", "77001001", True, str(kept))
    report = mila("backup", "doctor")
    assert [line.split()[:2] for line in report.stdout.splitlines() if "lossless" in line] == [["+", "lossless"]]
    assert "mila" not in report.stdout
    out = mila("backup", "logout")
    assert "signed out" in out.stdout
    assert not kept.exists()
    assert "nobody was signed in" in mila("backup", "logout").stdout
    everything = "".join(each.stdout + each.stderr for each in (done, status, report, out))
    assert token not in everything
    assert token not in (mila.home / "state/music/account.json").read_text()


def test_a_token_from_standard_input(mila: Shell, there: Running) -> None:
    """For scripts; what is no token, unknown, or another account's is refused and not kept."""
    kept = mila.home / "credentials/music.json"
    for feed, code in (("\n", 2), ("two words\n", 2), ("y0_nobody\n", 12)):
        mila("backup", "login", "--stdin", feed=feed, code=code)
        assert not kept.exists()
    done = json.loads(mila("backup", "login", "--stdin", "--json", feed=there.token + "\n").stdout)
    assert (done["login"], done["kept"]) == ("mila", str(kept))
    before = kept.read_bytes()
    refused = mila("backup", "login", "--stdin", feed=there.OTHER_TOKEN + "\n", code=1)
    assert "belongs to the account `mila`" in refused.stderr
    assert kept.read_bytes() == before
    mila.environment["COMET_YM_TOKEN"] = there.OTHER_TOKEN
    assert "belongs to the account `mila`" in mila("backup", "status", code=1).stderr
    assert "COMET_YM_TOKEN is still set" in mila("backup", "logout").stderr


def test_an_account_that_does_not_pay(mila: Shell, there: Running) -> None:
    """Signing in works and warns; the status has the exit code of a timer that is to ring."""
    there.edit("plus", plus=False)
    assert "no Plus" in mila("backup", "login", "--stdin", feed=there.token).stderr
    assert "no: nothing can be backed up" in mila("backup", "status", code=12).stdout


def test_a_sign_in_that_ends_soon_is_warned_of(mila: Shell, there: Running) -> None:
    """For 30 days, in which a run renews it where it can."""
    there.set(confirm_after=1, token_life=20 * 86400)
    mila("backup", "login")
    assert "the sign-in ends in 20 days" in mila("backup", "status").stderr


def test_the_code_comes_as_json_before_it_is_waited_for(mila: Shell, there: Running) -> None:
    """Another program shows it: two lines, the code first."""
    there.set(confirm_after=1)
    code, done = map(json.loads, mila("backup", "login", "--json").stdout.splitlines())
    assert code == {"code": "dfk3-mqw7", "address": "https://ya.ru/device", "seconds": 300.0}
    assert done["login"] == "mila"


def test_an_address_as_squares() -> None:
    """It is as high as half of its width, with a light border that a camera needs."""
    lines = qr.lines("https://ya.ru/device")
    assert {len(line) for line in lines} == {29}
    assert len(lines) == 15
    assert lines[0] == "█" * 29
    assert all(line[:2] + line[-2:] == "████" for line in lines[:-1])
