"""`comet identify`: real files, real processes, and a service on this machine."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.factories import silence, tune, write
from tests.integration.cli.conftest import Shell
from tests.loopback import Service, found, service

KEY = "s3cretKEY"


@pytest.fixture
def there() -> Iterator[Service]:
    """Run a service that knows one recording."""
    with service() as made:
        yield made


@pytest.fixture
def asker(tmp_path: Path, there: Service, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """Return a user with a key whose settings name that service, and no profile."""
    made = Shell(tmp_path / "home")
    made.home.mkdir()
    (made.home / "main.ini").write_text(f"[identify]\nkey = {KEY}\nurl = {there.url}\n")
    for name in ("COMET_ACOUSTID_KEY", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    return made


def test_a_track_is_named(asker: Shell, there: Service, library: Path) -> None:
    """Title, artist, album and both ids are told of a file that no profile knows, and nothing is stored."""
    there.reply(found())
    done = asker.outside("identify", library / "one.flac")
    head, name, row, recording, acoustid, count = done.stdout.splitlines()
    assert head.split() == ["score", "title", "artist", "album"]
    assert name == str(library / "one.flac")
    assert row == "   0.98  Northern Lights  Anna    Winter"
    assert (recording.split(), acoustid.split()) == (["recording", "recording-id"], ["AcoustID", "acoust-id"])
    assert count == "1 of 1 file identified"
    assert os.listdir(asker.home) == ["main.ini"]
    assert [form["client"] for form in there.forms] == [KEY]


def test_each_file_is_a_line_of_json(asker: Shell, there: Service, library: Path, tmp_path: Path) -> None:
    """In the order in which they were typed, also those that cannot be used; only with --strict is that a failure."""
    there.reply(found())
    write(tmp_path / "silent.flac", silence(20))
    names = [library / "empty.mp3", os.fsencode(library) + b"/caf\xe9.mp3", tmp_path / "silent.flac", "/none.mp3"]
    lines = asker.lines("identify", *names, code=0)
    assert lines == asker.lines("identify", *names, "--strict", code=3)
    assert [os.fsencode(line["path"]) for line in lines] == [os.fsencode(name) for name in names]
    keys = {"path", "duration", "error", "recordings"}
    assert all(set(line) == keys for line in lines)
    assert [bool(line["error"]) for line in lines] == [True, False, True, True]
    assert lines[1]["duration"] == pytest.approx(20, abs=0.1)
    assert lines[1]["recordings"] == [
        {
            "score": 0.98,
            "title": "Northern Lights",
            "artist": "Anna",
            "album": "Winter",
            "recording": "recording-id",
            "acoustid": "acoust-id",
        }
    ]
    assert len(there.forms) == 2


def test_a_file_is_asked_for_once(asker: Shell, there: Service, library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However often and in whatever way it is named; each way has its row."""
    there.reply(found())
    monkeypatch.chdir(library)
    names = "one.flac", "./one.flac", library / "one.flac", "none.mp3", "./none.mp3"
    lines = asker.lines("identify", *names)
    assert [line["path"] for line in lines] == [str(library / name) for name in names]
    assert [len(line["recordings"]) for line in lines] == [1, 1, 1, 0, 0]
    assert len(there.forms) == 1
    assert "2 of 2 files identified" in asker("identify", *names[:2]).stdout
    assert len(there.forms) == 2


def test_only_the_beginning_is_sent(asker: Shell, there: Service, tmp_path: Path) -> None:
    """The service knows fingerprints of 120 s, and is told the length of the whole track."""
    there.reply(found())
    write(tmp_path / "long.flac", tune(3, 150.5))
    asker("identify", tmp_path / "long.flac", "--set", "fingerprint.length=30")
    (form,) = there.forms
    words = int.from_bytes(base64.urlsafe_b64decode(form["fingerprint"][:8])[1:4], "big")
    assert words == (120 * 11025 - 4096) // 1365 + 1 - 4 - 15
    assert form["duration"] == "150"


def test_what_is_unknown_is_said(asker: Shell, there: Service, library: Path) -> None:
    """Nobody having met a sound is no failure; a fingerprint that is not taken is one of that file alone."""
    there.reply({"status": "ok", "results": []})
    there.error(3, "invalid fingerprint")
    there.reply(found())
    unknown = asker("identify", library / "one.flac", "--strict").stdout
    assert "AcoustID knows nothing that sounds like it" in unknown
    assert "0 of 1 file identified" in unknown
    names = max(library.glob("*.mp3")), library / "one.flac"
    lines = asker.lines("identify", *names, "--set", "scan.workers=1", "--strict", code=3)
    assert sorted("invalid fingerprint" in line["error"] for line in lines) == [False, True]


def test_words_of_the_service_are_made_safe(asker: Shell, there: Service, library: Path) -> None:
    """No terminal obeys a title; of many recordings the best are shown and the others counted."""
    there.reply({"status": "ok", "results": found("\x1b[2J\n")["results"] * 5})  # type: ignore[index]
    done = asker("identify", library / "one.flac")
    assert done.stdout.count("\\x1b[2J\\n") == 3
    assert "\x1b" not in done.stdout
    assert "2 more recordings with --json" in done.stdout
    assert len(asker.lines("identify", library / "one.flac")[0]["recordings"]) == 5


def test_without_a_key_nothing_is_asked(asker: Shell, there: Service, library: Path) -> None:
    """It is said where to get one and where to put it."""
    (asker.home / "main.ini").write_text(f"[identify]\nkey =\nurl = {there.url}\n")
    done = asker("identify", library / "one.flac", code=2)
    assert done.stdout == ""
    assert "https://acoustid.org/new-application" in done.stderr
    assert str(asker.home / "main.ini") in done.stderr
    assert "COMET_ACOUSTID_KEY" in done.stderr
    assert there.forms == []


def test_a_wrong_key_is_named_by_its_place(
    asker: Shell, there: Service, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key of a profile beats that of main.ini, what is typed beats it, the environment all; none is repeated."""
    there.error(4, f"invalid API key {KEY}")
    one = library / "one.flac"
    places = [f"`{asker.home}/main.ini` line 2"]
    errors = [asker("identify", one, code=2).stderr]
    (asker.home / "profiles.ini").write_text(f"[p]\nroots =\nidentify.key = {KEY}2\n")
    places += [f"`{asker.home}/profiles.ini` line 3", "command line", "the environment variable COMET_ACOUSTID_KEY"]
    errors.append(asker("identify", one, code=2).stderr)
    errors.append(asker("identify", one, "--set", f"identify.key={KEY}3", code=2).stderr)
    monkeypatch.setenv("COMET_ACOUSTID_KEY", f"{KEY}4")
    errors.append(asker("identify", one, "--set", f"identify.key={KEY}3", code=2).stderr)
    for place, error in zip(places, errors, strict=True):
        assert f"error: AcoustID does not know the key from {place}\n" in error
        assert "https://acoustid.org/new-application" in error
        assert KEY not in error
    assert [form["client"] for form in there.forms] == [KEY, f"{KEY}2", f"{KEY}3", f"{KEY}4"]


def test_a_key_is_never_shown(asker: Shell, library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not in the list of values, not as JSON, and not where it is refused."""
    ini = asker.home / "profiles.ini"
    ini.write_text(f"[p]\nroots =\nidentify.key = {KEY}\n")
    shown = asker("profiles", "show", "p")
    assert f"`{ini}` line 3" in next(line for line in shown.stdout.splitlines() if "identify.key" in line)
    values = asker.lines("profiles", "show", "p")[0]["values"]
    assert values["identify.key"] == {"value": "***", "file": str(ini), "line": 3}
    said = [shown.stdout, str(values)]
    for wrong in (f"identify.key = {KEY}-", f"identify.key = {KEY}\nidentify.key = {KEY}"):
        ini.write_text(f"[p]\nroots =\n{wrong}\n")
        said += [asker("profiles", "validate", code=2).stdout, asker("identify", library / "one.flac", code=2).stderr]
    monkeypatch.setenv("COMET_ACOUSTID_KEY", f"{KEY}-")
    ini.unlink()
    said.append(asker("identify", library / "one.flac", code=2).stderr)
    assert "the environment variable COMET_ACOUSTID_KEY: `key` must be up to 64 letters and digits" in said[-1]
    (asker.home / "main.ini").write_text(f"[identify]\nkey {KEY}\n")
    said.append(asker("identify", library / "one.flac", code=2).stderr)
    assert [text for text in said if KEY in text] == []


@pytest.mark.parametrize(
    "form", [pytest.param(("--set", "identify.key={key}"), marks=pytest.mark.slow), ("--set=identify.key={key}",)]
)
def test_a_key_that_was_typed_is_not_kept(asker: Shell, music: Path, form: tuple[str, ...]) -> None:
    """The folder of a job, which `comet jobs` shows, has the command with `***`; the job itself gets the key."""
    words = [word.format(key=KEY) for word in form]
    (begun,) = asker.lines(*words, "scan", music, "--set", "scan.workers=1", "--detach")
    asker("jobs", begun["job"], "--watch")
    (job,) = asker.lines("jobs")
    assert job["state"] == "done"
    assert "identify.key=***" in job["command"]
    assert "scan.workers=1" in job["command"]
    folder = Path(begun["folder"])
    assert [path.name for path in folder.iterdir() if KEY in path.read_text()] == []
    shown = asker("jobs").stdout + asker("jobs", begun["job"]).stdout
    assert KEY not in shown
    asker(*(word.format(key=f"{KEY}-") for word in form), "scan", music, "--detach", code=2)


def test_an_address_that_is_none_is_refused(asker: Shell, library: Path) -> None:
    """With file, line and what it has to be."""
    (asker.home / "main.ini").write_text("[identify]\nkey = x\nurl = ftp://here\n")
    done = asker("identify", library / "one.flac", code=2)
    assert "main.ini` [identify] line 3: `url` must be an address that begins with http:// or https://" in done.stderr


def test_asked_to_wait_it_waits(asker: Shell, there: Service, library: Path) -> None:
    """Three times, and as long as the service says, if it says so; after that the user is asked to."""
    there.error(14, "too many requests")
    for _times in range(2):
        there.error(14, "too many requests", 429, Retry_After="0")
    there.reply(found())
    assert "Northern Lights" in asker("identify", library / "one.flac").stdout
    assert len(there.forms) == 4
    there.replies.clear()
    there.error(14, "too many requests", 429, Retry_After="0")
    done = asker("identify", library / "one.flac", code=13)
    assert "asked to wait" in done.stderr
    assert "nothing was lost" in done.stderr
    assert len(there.forms) == 8


def test_asked_to_wait_for_long_it_ends(asker: Shell, there: Service, library: Path) -> None:
    """Nobody sits before a screen for an hour; what came before is shown."""
    there.reply(found())
    there.error(14, "too many requests", 429, Retry_After="3600")
    names = library / "one.flac", max(library.glob("*.mp3"))
    done = asker("identify", *names, "--set", "scan.workers=1", code=13)
    assert "try the same again in 3600 s" in done.stderr
    assert "1 of 2 files identified" in done.stdout
    assert "Northern Lights" in done.stdout
    assert len(there.forms) == 2


def test_without_a_connection_it_is_said(asker: Shell, library: Path) -> None:
    """One sentence, exit 3, and that nothing was lost."""
    done = asker("identify", library / "one.flac", "--set", "identify.url=http://acoustid.invalid/v2/", code=3)
    assert "error: AcoustID at `http://acoustid.invalid/v2/` cannot be reached" in done.stderr
    assert "hint: nothing was lost" in done.stderr
    assert done.stdout == ""


def test_where_no_profile_is_meant_main_ini_holds(asker: Shell, there: Service, library: Path) -> None:
    """Two profiles without a default are no hindrance, and a name that is none is still an error."""
    there.reply(found())
    (asker.home / "profiles.ini").write_text("[p]\nroots =\n\n[q]\nroots =\nidentify.key = other\n")
    for words in ((), ("--profile", "-"), ("--profile", "q")):
        asker("identify", library / "one.flac", *words)
    assert [form["client"] for form in there.forms] == [KEY, KEY, "other"]
    asker("identify", library / "one.flac", "--profile", "none", code=2)
