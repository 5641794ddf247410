"""`comet backup` as it is typed: what is missing and why, what somebody decides about it, exit codes."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from comet.cli.main import main
from tests.integration.backup.backed import Library

GONE = "30000022"


@pytest.fixture
def typed(
    empty: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Library:
    """Return a library with a profile, into which one pass over a track that is gone was made."""
    monkeypatch.setenv("COMET_YM_TOKEN", empty.service.token)
    (tmp_path / "home").mkdir()
    (tmp_path / "home/profiles.ini").write_text(f"[music]\nroots = {empty.music}\n", encoding="utf-8")
    empty.service.edit("add", track=GONE)
    assert main(["backup", "run", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["unavailable"], told["have"], told["requests"], told["exit"]) == (1, 0, 4, 0)
    return empty


def test_what_is_missing_is_told_in_every_form(typed: Library, capsys: pytest.CaptureFixture[str]) -> None:
    """To a person, as JSON, as a table and as a playlist of comments."""
    forms = {}
    for form in ("", "--json", "--csv", "--m3u"):
        assert main(["backup", "missing", *filter(None, [form])]) == 0
        forms[form] = capsys.readouterr().out
    assert forms[""].split()[:2] == [GONE, "removed"]
    told = json.loads(forms["--json"])
    assert (told["id"], told["reason"], told["playlists"]) == (GONE, "removed", ["Likes"])
    (row,) = csv.DictReader(io.StringIO(forms["--csv"]))
    assert (row["id"], row["state"], row["playlists"]) == (GONE, "unavailable", "Likes")
    assert forms["--m3u"].splitlines()[1].startswith(f"#COMET-MISSING:{GONE} removed")


def test_somebody_decides_about_a_track(typed: Library, capsys: pytest.CaptureFixture[str]) -> None:
    """One that is ignored is asked for no more, until it is to be tried again; one that nobody knows is refused."""
    since = typed.service.last()
    assert main(["backup", "ignore", GONE]) == 0
    assert main(["backup", "run"]) == 0
    assert main(["backup", "retry"]) == 0  # what is ignored has to be named
    assert main(["backup", "run"]) == 0
    assert [each["path"] for each in typed.service.log(since) if each["path"] == "/tracks"] == []
    assert main(["backup", "retry", GONE]) == 0
    assert main(["backup", "run"]) == 0
    assert [each["path"] for each in typed.service.log(since) if each["path"] == "/tracks"] == ["/tracks"]
    assert main(["backup", "ignore", "no such"]) == 2
    assert "there is no track `no such`" in capsys.readouterr().err


def test_playlists_are_listed_and_verified(typed: Library, capsys: pytest.CaptureFixture[str]) -> None:
    """With how much of each is here, and where its file is."""
    assert main(["backup", "playlists", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["title"], told["tracks"], told["here"], told["unavailable"]) == ("Likes", 1, 0, 1)
    assert (typed.music / told["file"]).is_file()
    assert main(["backup", "verify"]) == 0


def test_an_account_that_does_not_pay_gets_nothing(typed: Library, capsys: pytest.CaptureFixture[str]) -> None:
    """Before a track is asked for: 30 seconds of each would be all there is."""
    typed.service.edit("plus", plus=False)
    assert main(["backup", "run"]) == 12
    assert "no Plus" in capsys.readouterr().err


@pytest.mark.parametrize("action", ["run", "missing", "verify"])
def test_a_read_only_profile_is_looked_at_and_left(typed: Library, tmp_path: Path, action: str) -> None:
    """What only asks is answered, and no pass is made."""
    with open(tmp_path / "home/profiles.ini", "a", encoding="utf-8") as stream:
        stream.write("read_only = yes\n")
    assert main(["backup", action]) == (2 if action == "run" else 0)
