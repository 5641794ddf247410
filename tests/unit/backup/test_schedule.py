"""What lets the system start passes: systemd takes the units as they are, and cron gets no shell logic."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from comet.backup import schedule
from comet.backup.schedule import Timed
from comet.core.errors import UsageError
from comet.core.places import Places
from comet.core.profiles import Profile

HERE = Places("/home/mila/.config/comet-music", "/home/mila/state", "/home/mila/cache")
LIBRARY = "/srv/Музыка 100%"
TOKEN = "/etc/comet/her token"  # noqa: S105 - where it is
VARIABLES = {"COMET_HOME": "/srv/comet home", "COMET_YM_TOKEN": "y0_secret", "COMET_TOKEN_FILE": TOKEN}


@pytest.fixture
def timed() -> Timed:
    """Return the pass of a profile with two roots, whose names are none that a shell or systemd likes."""
    profile = Profile("моя музыка", (LIBRARY, "/mnt/old"))
    return schedule.timed(profile, HERE, "/etc/comet/profiles.ini", (4, 5), VARIABLES)


@pytest.mark.parametrize("user", [False, True])
def test_systemd_takes_the_units_without_a_word(timed: Timed, tmp_path: Path, user: bool) -> None:  # noqa: FBT001
    """Each key and value is one that it knows, and the program that is to be started is there."""
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not there: package systemd has it")
    for name, text in schedule.units(timed, user=user).items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    for name in schedule.units(timed, user=user):
        words = ["systemd-analyze", "verify", "--man=no", *(["--user"] if user else []), str(tmp_path / name)]
        env = {"PATH": "/usr/bin:/bin", "XDG_RUNTIME_DIR": str(tmp_path)}
        run = subprocess.run(words, env=env, capture_output=True, text=True, check=False)
        assert (run.returncode, run.stderr) == (0, "")


def test_a_unit_says_what_the_pass_needs(timed: Timed) -> None:
    """The disk of the library, the token as a credential, what it may write, and which ends are no failures."""
    service, timer = schedule.units(timed, user=False).values()
    lines = service.splitlines()
    assert 'RequiresMountsFor="/srv/Музыка 100%%"' in lines
    assert f"LoadCredential=yandex-token:{TOKEN}" in lines
    assert "Environment=COMET_TOKEN_FILE=%d/yandex-token" in lines
    assert "SuccessExitStatus=11 13 130" in lines
    written = next(line for line in lines if line.startswith("ReadWritePaths="))
    assert {"-/srv/Музыка 100%%", "-/mnt/old", f"-{HERE.state}", f"-{HERE.config}"} <= {
        *shlex.split(written.partition("=")[2])
    }
    assert {"Type=oneshot", "Nice=10", "IOSchedulingClass=idle", "ProtectSystem=strict"} <= {*lines}
    assert {"OnCalendar=*-*-* 04:05:00", "Persistent=true", "RandomizedDelaySec=45m"} <= {*timer.splitlines()}


def test_the_command_is_this_comet_for_this_profile(timed: Timed) -> None:
    """It is found from any folder, and works on the profile that was meant."""
    program, *words = timed.command
    assert Path(program).is_absolute()
    assert words[-6:] == ["run", "--quiet", "--profile", "моя музыка", "--profiles", "/etc/comet/profiles.ini"]
    assert timed.name.isascii()


def test_no_token_is_written_down(timed: Timed) -> None:
    """Whoever makes it with a token in the environment finds that token in no unit and in no crontab."""
    for text in (*schedule.units(timed, user=True).values(), schedule.cron(timed)):
        assert VARIABLES["COMET_YM_TOKEN"] not in text
        assert "COMET_YM_TOKEN" not in text


def test_a_line_for_cron_is_one_plain_command(timed: Timed) -> None:
    """A shell reads back exactly the words; a percent sign, which is cron's own, stands behind a backslash."""
    profile = replace(timed, profile="100%", command=("/opt/my comet", "--profile", "100% mine"))
    mark, line = schedule.cron(profile).splitlines()
    assert mark.startswith("#")
    time, command = line.split(" ", 5)[:5], line.split(" ", 5)[5]
    assert time == ["5", "4", "*", "*", "*"]
    assert "\\%" in command
    words = shlex.split(command.replace("\\%", "%"))
    assert words[:4] == ["nice", "-n", "10", "env"]
    assert words[-3:] == ["/opt/my comet", "--profile", "100% mine"]
    assert f"COMET_TOKEN_FILE={TOKEN}" in words
    assert not {*"|&;<>"} & {*command}


def test_a_crontab_keeps_what_is_not_of_this_profile(timed: Timed) -> None:
    """A second installing replaces the first one's lines, and nothing else."""
    other = replace(timed, profile="old")
    before = schedule.edited("MAILTO=mila\n0 1 * * * backup-all\n", other)
    once = schedule.edited(before, timed)
    twice = schedule.edited(once, replace(timed, hour=6))
    assert twice.startswith(before)
    assert twice == before + schedule.cron(replace(timed, hour=6))


def stand_in(folder: Path, name: str, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a command of the system be this script: the real one would change the machine, or is not there."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o700)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)


def test_installing_writes_the_units_and_starts_the_timer(
    timed: Timed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are for everybody to read, as systemd wants; where it does not answer, what is left to type is told."""
    stand_in(tmp_path, "systemctl", f'echo "$@" >> {tmp_path}/asked', monkeypatch)
    paths = schedule.install_units(timed, str(tmp_path / "units"), user=True)
    assert [Path(path).read_text(encoding="utf-8") for path in paths] == [*schedule.units(timed, user=True).values()]
    assert {Path(path).stat().st_mode & 0o777 for path in paths} == {0o644}
    assert len([*(tmp_path / "units").iterdir()]) == 2
    asked = (tmp_path / "asked").read_text().splitlines()
    assert asked == ["--user daemon-reload", f"--user enable --now {timed.name}.timer"]
    stand_in(tmp_path, "systemctl", "echo no bus >&2; exit 1", monkeypatch)
    with pytest.raises(UsageError, match="no bus") as told:
        schedule.install_units(timed, str(tmp_path / "units"), user=False)
    assert "systemctl daemon-reload && systemctl enable --now " in told.value.hint


def test_a_folder_that_only_root_may_write_is_told(timed: Timed, tmp_path: Path) -> None:
    """Where units cannot be written, the hint has the way that needs no root."""
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError) as told:
        schedule.install_units(timed, str(tmp_path / "file/units"), user=False)
    assert "--user" in told.value.hint


def test_installing_for_cron_keeps_the_crontab(timed: Timed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Byte for byte; the first one of a user is made, who has none to be listed."""
    tab, mine = tmp_path / "tab", b"0 1 * * * cut -f1 a\x0cb\xff\r\n"
    lists = f'if [ -e {tab} ]; then cat {tab}; else echo "no crontab for mila" >&2; exit 1; fi'
    writes = f"cat > {tmp_path}/new; mv {tmp_path}/new {tab}"
    stand_in(tmp_path, "crontab", f'if [ "$1" = -l ]; then {lists}; else {writes}; fi', monkeypatch)
    schedule.install_cron(timed)
    assert tab.read_text(encoding="utf-8") == schedule.cron(timed)
    tab.write_bytes(mine)
    schedule.install_cron(timed)
    schedule.install_cron(timed)
    assert tab.read_bytes() == mine + schedule.cron(timed).encode()
    stand_in(tmp_path, "crontab", f"if [ $1 = -l ]; then echo i/o error >&2; exit 1; else {writes}; fi", monkeypatch)
    with pytest.raises(UsageError, match="i/o error"):  # what cannot be read must not be written over
        schedule.install_cron(timed)
    assert tab.read_bytes() == mine + schedule.cron(timed).encode()


def test_times_are_not_the_same_everywhere() -> None:
    """Without a time that somebody chose, profiles are not asked for in the same minute."""
    found = {schedule.timed(Profile(str(each), ("/m",)), HERE, variables={}).minute for each in range(20)}
    assert len(found) > 5


def test_what_has_no_name_or_folder_is_refused() -> None:
    """Folders that were only looked at are no profile that a clock could name."""
    for profile in (Profile("-", ("/m",)), Profile("music")):
        with pytest.raises(UsageError, match="name and a root"):
            schedule.timed(profile, HERE, variables={})


def test_what_a_unit_cannot_hold_is_refused(timed: Timed) -> None:
    """A path that systemd would read as another one is told, and no unit is made."""
    with pytest.raises(UsageError, match="cannot hold"):
        schedule.units(replace(timed, library='/srv/12" singles'), user=False)
