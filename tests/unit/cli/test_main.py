"""The way in: whatever goes wrong is a sentence and an exit code."""

from __future__ import annotations

import errno
import shlex
import sqlite3
from pathlib import Path

import pytest

from comet.cli import main as face
from comet.cli.console import _shown, _without_detach
from comet.cli.main import main
from comet.core import errors
from comet.core.errors import CometError, DatabaseError, NoSpaceError, Stopped


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a home of its own."""
    monkeypatch.setenv("COMET_HOME", str(tmp_path))
    monkeypatch.delenv("COMET_DEBUG", raising=False)


def fails(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> int:
    """Let a command fail and return the exit code."""

    def command(_arguments: object) -> int:
        raise error

    monkeypatch.setattr(face, "_command", command)
    return main(["groups"])


_ERRORS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, CometError)]


@pytest.mark.parametrize("kind", [kind for kind in _ERRORS if not issubclass(kind, errors.FileError)])
def test_an_error_is_a_sentence_a_hint_and_its_code(
    kind: type[CometError], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing on stdout, no traceback."""
    assert fails(monkeypatch, kind("no luck", hint="try again")) == kind.exit_code
    assert capsys.readouterr() == ("", "error: no luck\nhint: try again\n")


@pytest.mark.parametrize("error", [KeyboardInterrupt(), Stopped()])
def test_who_stops_it_gets_130(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a shell expects."""
    assert fails(monkeypatch, error) == 130


def test_a_bug_is_called_one(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """One sentence, and a traceback only for who asks for it."""
    assert fails(monkeypatch, ZeroDivisionError("x\x1b[2J")) == 1
    text = capsys.readouterr().err
    assert text.startswith("error: this is a bug in Comet: ZeroDivisionError: x\\x1b[2J\nhint: ")
    assert "Traceback" not in text
    monkeypatch.setenv("COMET_DEBUG", "1")
    fails(monkeypatch, ZeroDivisionError("x"))
    assert "Traceback" in capsys.readouterr().err


def _full(how: str) -> BaseException:
    """Return the error of a full disk as it comes from different places."""
    disk = OSError(errno.ENOSPC, "No space left on device")
    if how == "wrapped":
        error: BaseException = DatabaseError("cannot be written")
        error.__cause__ = disk
        return error
    if how == "hidden":
        full, after = sqlite3.OperationalError("full"), sqlite3.OperationalError("cannot rollback")
        full.sqlite_errorname, after.__context__ = "SQLITE_FULL", full
        error = DatabaseError("cannot rollback")
        error.__cause__ = after
        return error
    return {"plain": disk, "quota": OSError(errno.EDQUOT, "x"), "ours": NoSpaceError("no space left")}[how]


@pytest.mark.parametrize("how", ["plain", "quota", "ours", "wrapped", "hidden"])
def test_a_full_disk_has_a_code_of_its_own(
    how: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Wherever it was noticed: 14, and what is done is kept."""
    assert fails(monkeypatch, _full(how)) == 14
    assert "no space left" in capsys.readouterr().err


def test_help_and_version_end_well(capsys: pytest.CaptureFixture[str]) -> None:
    """They are answers, not errors."""
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("comet ")
    assert main(["scan", "--help"]) == 0


def test_the_background_runs_the_same_command_once() -> None:
    """Without --detach, which would start another one; a folder of that name is left alone."""
    assert _without_detach(["scan", "--detach", "--json", "--", "--detach"]) == ["scan", "--json", "--", "--detach"]


def test_a_command_is_recorded_without_secrets() -> None:
    """The value of a secret setting is hidden in both forms; what is no setting stays, as all other words do."""
    words = ["--set", "identify.key=a", "scan", "--set=identify.key=b=c", "--set", "scan.workers=1", "identify.key"]
    hidden = ["--set", "identify.key=***", "scan", "--set=identify.key=***", *words[4:]]
    assert shlex.split(_shown(words)) == hidden
    assert _shown(["-f", "a b", "\x1b"]) == "-f 'a b' '\\x1b'"
