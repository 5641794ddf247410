"""`comet backup` as it is typed: what is missing and why, what somebody decides about it, exit codes."""

from __future__ import annotations

import csv
import io
import json
import time
from contextlib import closing
from pathlib import Path

import pytest

from comet.backup import database
from comet.backup.database import Records
from comet.backup.model import Copy, Item, Remote, State
from comet.cli.main import main
from comet.core.places import places
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


def state() -> str:
    """Return where the backup of that profile is known."""
    return database.path_of(places().profile("music"))


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


def test_nothing_that_is_written_is_obeyed_by_a_terminal(typed: Library, capsys: pytest.CaptureFixture[str]) -> None:
    """What the service calls a track is shown in a table for other programs as everywhere else."""
    with closing(Records(state())) as known:
        known.describe([Item(GONE)], [Remote(GONE, "\x1b[31mred")], int(time.time()))
    assert main(["backup", "missing", "--csv"]) == 0
    told = capsys.readouterr().out
    assert "\x1b" not in told
    assert "\\x1b[31mred" in told


def test_what_is_odd_about_a_file_is_told(typed: Library, capsys: pytest.CaptureFixture[str]) -> None:
    """By verifying, of those that are there as well."""
    (typed.music / "a.flac").write_bytes(b"x")
    root = (typed.music / ".comet/root").read_text().strip()
    with closing(Records(state())) as known:
        known.put(Copy(GONE, State.OWNED, root, b"a.flac", size=1, suspect="known by its tags"))
    assert main(["backup", "verify", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["suspect"] == "known by its tags"
    assert main(["backup", "verify"]) == 0
    assert "known by its tags" in capsys.readouterr().out


def test_an_empty_list_of_likes_is_not_believed(typed: Library, capsys: pytest.CaptureFixture[str]) -> None:
    """Where there were some, nobody takes all of them back at once."""
    nothing = {"library": {"uid": 1, "revision": 99, "tracks": []}}
    typed.service.fault("result", path="/likes/tracks", result=nothing)
    assert main(["backup", "run"]) == 0
    capsys.readouterr()
    assert main(["backup", "missing", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["id"] == GONE


def test_a_playlist_that_is_left_is_told_once_by_a_pass_that_nobody_watches(
    typed: Library, capsys: pytest.CaptureFixture[str]
) -> None:
    """A timer mails it, not every night; the log and whoever asks what is missing hear it always."""
    (typed.music / "Playlists/Likes.m3u8").write_text("mine")
    said = []
    for _pass in range(2):
        assert main(["backup", "run", "--quiet"]) == 0
        said.append(capsys.readouterr())
    assert ["somebody else has written it" in each.err for each in said] == [True, False]
    assert (Path(state()).parent / "backup.log").read_text().count("somebody else") == 2
    assert main(["backup", "missing"]) == 0
    assert "somebody else" in capsys.readouterr().err


@pytest.mark.parametrize("action", ["run", "missing", "verify"])
def test_a_read_only_profile_is_looked_at_and_left(typed: Library, tmp_path: Path, action: str) -> None:
    """What only asks is answered, and no pass is made."""
    with open(tmp_path / "home/profiles.ini", "a", encoding="utf-8") as stream:
        stream.write("read_only = yes\n")
    assert main(["backup", action]) == (2 if action == "run" else 0)
