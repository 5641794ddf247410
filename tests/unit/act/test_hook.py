"""The user's own command: it is told what was done, and whatever it does, Comet goes on and says what went wrong."""

from __future__ import annotations

import json
import os
import shlex
import time
from pathlib import Path

import psutil
import pytest

from comet.act import hook

EVENT = {"version": 1, "event": "apply", "removed": [{"path": "/music/\u00e9 \udcff.mp3", "size": 3}]}


def script(folder: Path, text: str, name: str = "tell me") -> str:
    """Write a shell script and return the command that runs it."""
    path = folder / name
    path.write_bytes(b"#!/bin/sh\n" + os.fsencode(text))
    path.chmod(0o700)
    return shlex.quote(str(path))


def gone(number: int) -> bool:
    """Tell whether a process has ended; one that nobody waits for has ended too."""
    try:
        return psutil.Process(number).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def soon_gone(number: int) -> bool:
    """Give the system time to end a process that was killed."""
    return any(gone(number) or time.sleep(0.02) for _try in range(500))


def test_the_event_comes_on_standard_input(tmp_path: Path) -> None:
    """The command gets one JSON document in ASCII beside its own arguments; when all is well, nothing is said."""
    command = script(tmp_path, 'cat > "$1"; echo noise; echo noise >&2')
    assert hook.run(f"{command} '{tmp_path}/what it got'", EVENT) == ""
    got = (tmp_path / "what it got").read_bytes()
    assert got.isascii()
    assert json.loads(got) == EVENT


def test_no_shell_reads_the_command(tmp_path: Path) -> None:
    """What a shell would obey is an ordinary argument."""
    command = script(tmp_path, f'printf %s "$*" > "{tmp_path}/got"')
    assert hook.run(f"{command} $HOME ; rm *", {}) == ""
    assert (tmp_path / "got").read_text() == "$HOME ; rm *"


def test_a_tilde_is_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program may be named from `~` on, as in the other keys of a profile."""
    monkeypatch.setenv("HOME", str(tmp_path))
    script(tmp_path, "exit 0", "tell")
    assert hook.run("~/tell", EVENT) == ""


def test_it_runs_in_the_environment_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has every variable but the one by which Comet's own processes are told not to import from their folder."""
    monkeypatch.setenv("PYTHONSAFEPATH", "1")
    monkeypatch.setenv("SERVER", "there")
    assert hook.run(script(tmp_path, f'echo "$SERVER$PYTHONSAFEPATH" > "{tmp_path}/got"'), EVENT) == ""
    assert (tmp_path / "got").read_text() == "there\n"


def test_a_failure_is_told_with_its_last_line(tmp_path: Path) -> None:
    """Exit code and the last line of standard error that says something."""
    error = hook.run(script(tmp_path, "echo out; echo first >&2; echo 'no server  ' >&2; echo >&2; exit 7"), EVENT)
    assert error == f"`'{tmp_path}/tell me'` ended with exit code 7: no server"


def test_a_failure_without_a_word_is_told_too(tmp_path: Path) -> None:
    """There need not be a line."""
    assert hook.run(script(tmp_path, "exit 2", "t"), EVENT) == f"`{tmp_path}/t` ended with exit code 2"


def test_a_signal_is_no_exit_code(tmp_path: Path) -> None:
    """A command that was shot down says by what."""
    assert hook.run(script(tmp_path, "kill -9 $$", "t"), EVENT) == f"`{tmp_path}/t` was ended by signal 9"


def test_what_it_says_is_made_safe(tmp_path: Path) -> None:
    """Bytes of no encoding and signs that a terminal obeys are shown as what they are, and a long line is cut."""
    said = script(tmp_path, r"printf '\377\033[2J\r\n%0999d' 0 >&2; printf '\n\377\033[2J' >&2; exit 1", "t")
    assert hook.run(said, EVENT).endswith(r"code 1: \xff\x1b[2J")
    assert hook.run(script(tmp_path, "printf '%0999d' 0 >&2; exit 1", "t"), EVENT).endswith(": " + "0" * 300)


def test_of_much_noise_only_the_end_is_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command may say more than a pipe holds, on both sides: it is not stopped by that, and takes no memory."""
    held: list[int] = []
    outcome = hook._outcome
    monkeypatch.setattr(hook, "_outcome", lambda *given: held.append(len(given[2])) or outcome(*given))
    noise = "i=0; while [ $i -lt 40 ]; do printf '%09999d\\n' $i; printf '%09999d\\n' $i >&2; i=$((i+1)); done"
    assert hook.run(script(tmp_path, f"{noise}; echo last >&2; exit 1"), EVENT).endswith("code 1: last")
    assert held[0] <= 2 << 16


def test_what_it_said_before_it_was_listened_to_is_heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command can be quicker than Comet: its words lie in the pipe when it has ended."""

    def clock() -> float:
        while not numbers(tmp_path) or not soon_gone(numbers(tmp_path)[0]):
            time.sleep(0.02)
        return 0.0

    monkeypatch.setattr(hook, "monotonic", clock)
    command = script(tmp_path, f'echo $$ > "{tmp_path}/n"; mv "{tmp_path}/n" "{tmp_path}/numbers"; echo no >&2; exit 1')
    assert hook.run(command, EVENT).endswith("code 1: no")


@pytest.mark.parametrize("end", ["exit 0", "exec <&-; sleep 0.2; exit 0", "cat > /dev/null"])
def test_it_need_not_read(tmp_path: Path, end: str) -> None:
    """An event larger than any pipe breaks nothing, whether it is read, left or turned away."""
    event = {"removed": [{"path": "/music/x"}] * 50_000}
    assert hook.run(script(tmp_path, end), event) == ""


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("/not/there --x", "`/not/there --x` cannot be started: No such file or directory"),
        ("/etc/passwd", "`/etc/passwd` cannot be started: Permission denied"),
        ("'/not/there", "`'/not/there` cannot be started: No closing quotation"),
        ("a\0b", r"`a\x00b` cannot be started: embedded null byte"),
        ("''", "the command is empty"),
        ("", "the command is empty"),
        ("  ", "the command is empty"),
    ],
)
def test_a_command_that_cannot_be_started_says_why(command: str, reason: str) -> None:
    """Not there, not executable, not a command: each is a sentence and no exception."""
    assert hook.run(command, EVENT) == reason


def test_what_is_no_program_says_so(tmp_path: Path) -> None:
    """A script whose first line names no interpreter cannot be started by the system."""
    (tmp_path / "t").write_text("exit 0\n")
    (tmp_path / "t").chmod(0o700)
    assert hook.run(str(tmp_path / "t"), EVENT) == f"`{tmp_path}/t` cannot be started: Exec format error"


def hanging(folder: Path) -> str:
    """Return a command that writes down its number and its child's, and never ends."""
    return script(folder, f'sleep 600 & echo $$ $! > "{folder}/n"; mv "{folder}/n" "{folder}/numbers"; wait', "t")


def numbers(folder: Path) -> list[int]:
    """Return the numbers of the processes of `hanging`, none before they are there."""
    return [int(word) for word in (folder / "numbers").read_text().split()] if (folder / "numbers").exists() else []


def test_one_that_hangs_is_ended_with_its_children(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When its time is over nothing of it lives on; here it is over as soon as the child is there."""
    begun = iter([0.0])
    monkeypatch.setattr(hook, "monotonic", lambda: next(begun, 1.5 if numbers(tmp_path) else 0.0))
    error = hook.run(hanging(tmp_path), EVENT, timeout=1.5)
    assert error == f"`{tmp_path}/t` took longer than 1.5 seconds and was ended"
    assert [soon_gone(number) for number in numbers(tmp_path)] == [True, True]


def test_nothing_lives_on_when_comet_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C does not reach a session of its own, so the command is ended by hand."""

    def clock() -> float:
        if numbers(tmp_path):
            raise KeyboardInterrupt
        return 0.0

    monkeypatch.setattr(hook, "monotonic", clock)
    with pytest.raises(KeyboardInterrupt):
        hook.run(hanging(tmp_path), EVENT)
    assert [soon_gone(number) for number in numbers(tmp_path)] == [True, True]


def test_what_it_leaves_behind_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A scan that was sent to the background holds the pipes; the command itself has ended, and that counts."""
    command = script(tmp_path, f'sleep 600 & echo $! > "{tmp_path}/numbers"; echo done >&2; exit 3', "t")
    assert hook.run(command, EVENT) == f"`{tmp_path}/t` ended with exit code 3: done"
    [number] = numbers(tmp_path)
    assert not gone(number)
    psutil.Process(number).kill()
