"""Backups by the system's clock: units for systemd, a line for cron, and how they are installed.

What is written starts one pass and knows nothing else: that two do not overlap, that the disk is there and what goes
wrong is the pass's own business, and said by its exit code.
"""

from __future__ import annotations

import getpass
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from comet.backup.credentials import TOKEN_FILE
from comet.core import start
from comet.core.errors import UsageError
from comet.core.places import Places, make_private
from comet.core.profiles import UNNAMED, Profile
from comet.core.text import _, safe

QUIET: Final = (0, 11, 13, 130)
"""Exit codes that nobody has to be told of: done, another pass runs, the service asked to wait, somebody stopped it."""

_KEPT: Final = (
    "COMET_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE",
    "COMET_YM_BASE_URL", "COMET_YM_OAUTH_URL",
)  # fmt: skip
"""Variables that say where things are: a pass by the clock has to find the same. None of them is a secret."""

_CREDENTIAL: Final = "yandex-token"
_HOUR: Final = 3
_NONE: Final = re.compile(r"no crontab|can't open .*: No such file")  # as cron says it, and busybox
_PLAIN: Final = re.compile(r"[\w@+=:,./-]+")
_UNIT: Final = re.compile(r"[^A-Za-z0-9_.]")


@dataclass(frozen=True, slots=True)
class Timed:
    """A pass as the system starts it."""

    profile: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    library: str
    """The root folder that new files go into."""
    writes: tuple[str, ...]
    """Folders that a pass may write into: root folders and Comet's own."""
    token: str
    """Absolute path of a file with a token, empty where Comet keeps it."""
    user: str
    hour: int
    minute: int

    @property
    def name(self) -> str:
        """What its units are called, without their endings; other letters as systemd escapes them."""
        name = _UNIT.sub(lambda found: "".join(f"\\x{byte:02x}" for byte in found[0].encode()), self.profile)
        return f"comet-backup-{name}"


def timed(
    profile: Profile, here: Places, file: str | None = None, at: tuple[int, int] | None = None,
    variables: Mapping[str, str] = os.environ,
) -> Timed:  # fmt: skip
    """Return the pass of a profile as it is to be started.

    Args:
        profile: Its roots and settings.
        here: Comet's own folders.
        file: Another profiles.ini.
        at: Hour and minute; without it between three and four, not at the same minute everywhere.
        variables: Those that tell where things are, and that a token is in a file.

    Raises:
        UsageError: it has no name or no root folder.
    """
    if profile.name == UNNAMED or not profile.roots:
        raise UsageError(
            _("only a profile with a name and a root folder can be backed up by itself"),
            hint=_("`comet setup` makes one"),
        )
    words = ["backup", "run", "--quiet", "--profile", profile.name]
    words += ["--profiles", os.path.abspath(file)] if file else []
    kept = {name: variables[name] for name in _KEPT if variables.get(name)}
    program = os.path.join(os.path.dirname(sys.executable), "comet")
    if os.access(program, os.X_OK) and not os.environ.get("PYTHONPATH"):
        command = [program, *words]
    else:  # not installed: the same as runs now
        command, kept = start.command("comet", *words), kept | start.variables()
    token = variables.get(TOKEN_FILE, "")
    moment = at or (_HOUR, zlib.crc32(f"{socket.gethostname()} {profile.name}".encode()) % 60)
    return Timed(
        profile.name, tuple(command), kept, profile.settings.backup.library or profile.roots[0],
        tuple(dict.fromkeys((*profile.roots, here.config, here.state, here.cache))),
        os.path.abspath(token) if token else "", getpass.getuser(), *moment,
    )  # fmt: skip


def units(timed: Timed, *, user: bool) -> dict[str, str]:
    """Return the units for systemd, text by file name: a service and its timer.

    Those of a `user` have no walls around them: they need rights that a user's manager mostly does not have.

    Raises:
        UsageError: a path has letters that cannot be told to systemd.
    """
    name = _line(timed.profile)
    unit = [f"Description=Comet: backup of profile {name}", f"RequiresMountsFor={_word(timed.library)}"]
    unit += [] if user else ["Wants=network-online.target", "After=network-online.target"]
    service = ["Type=oneshot", *([] if user else [f"User={timed.user}"])]
    service += [f"Environment={_word(f'{key}={value}')}" for key, value in timed.environment.items()]
    if timed.token:
        service.append(f"LoadCredential={_CREDENTIAL}:{_line(timed.token)}")
        service.append(f"Environment={TOKEN_FILE}=%d/{_CREDENTIAL}")
    service.append(f"ExecStart={' '.join(_word(word).replace('$', '$$') for word in timed.command)}")
    service += ["SuccessExitStatus=11 13 130", "Nice=10", "IOSchedulingClass=idle"]
    if not user:
        # a folder that is not there is told by the pass itself, which knows what to do about it
        writes = " ".join(_word(f"-{path}") for path in timed.writes)
        service += ["NoNewPrivileges=yes", "PrivateTmp=yes", "ProtectSystem=strict", f"ReadWritePaths={writes}"]
    clock = [f"OnCalendar=*-*-* {timed.hour:02}:{timed.minute:02}:00", "Persistent=true", "RandomizedDelaySec=45m"]
    when = {"Unit": [f"Description=Comet: backup of profile {name}, every day"], "Timer": clock}
    return {
        f"{timed.name}.service": _written({"Unit": unit, "Service": service}),
        f"{timed.name}.timer": _written(when | {"Install": ["WantedBy=timers.target"]}),
    }


def cron(timed: Timed) -> str:
    """Return the lines for cron: no shell logic in them, for `--quiet` prints only what somebody has to know."""
    told = {**timed.environment, **({TOKEN_FILE: timed.token} if timed.token else {})}
    words = ["nice", "-n", "10", *(["env", *(f"{name}={value}" for name, value in told.items())] if told else [])]
    line = shlex.join([*words, *timed.command]).replace("%", "\\%")
    if "\n" in line:
        raise _unspeakable(line)
    return f"{_mark(timed)}\n{timed.minute} {timed.hour} * * * {line}\n"


def unit_folder(*, user: bool, variables: Mapping[str, str] = os.environ) -> str:
    """Return where units lie."""
    if not user:
        return "/etc/systemd/system"
    return os.path.join(variables.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config"), "systemd", "user")


def install_units(timed: Timed, folder: str, *, user: bool) -> list[str]:
    """Write the units into a folder and let systemd start the timer; return the paths.

    Raises:
        UsageError: they cannot be written, or systemd does not take them.
    """
    paths = []
    try:
        make_private(folder)
        for name, text in units(timed, user=user).items():
            path = os.path.join(folder, name)
            with open(f"{path}.new", "w", encoding="utf-8") as stream:
                stream.write(text)
                os.fchmod(stream.fileno(), 0o644)  # for everybody to read
            os.replace(f"{path}.new", path)
            paths.append(path)
    except OSError as error:
        raise UsageError(
            _("`{path}`: {reason}").format(path=safe(folder), reason=error.strerror),
            hint=_("install for yourself alone with --user, or print the units and let an administrator write them"),
        ) from error
    manager = ["systemctl", *(["--user"] if user else [])]
    begin = ([*manager, "daemon-reload"], [*manager, "enable", "--now", f"{timed.name}.timer"])
    typed = " && ".join(map(shlex.join, begin))
    for words in begin:
        _do(words, hint=_("the units are written; `{typed}` starts them").format(typed=typed))
    return paths


def install_cron(timed: Timed) -> None:
    """Write the lines into the user's crontab, in place of those of before.

    Raises:
        UsageError: there is no crontab, or it cannot be written.
    """
    hint = _("print it without --install, or use `comet backup run --every 6h`")
    _do(["crontab", "-"], edited(_do(["crontab", "-l"], hint=hint, none=_NONE), timed), hint=hint)


def edited(text: str, timed: Timed) -> str:
    """Return a crontab with the lines of a pass in place of those that it has of that profile."""
    lines = text.removesuffix("\n").split("\n") if text else []
    mine = {at + step for at, line in enumerate(lines) if line == _mark(timed) for step in (0, 1)}
    return "".join(f"{line}\n" for at, line in enumerate(lines) if at not in mine) + cron(timed)


def _mark(timed: Timed) -> str:
    return f"# comet backup of profile {safe(timed.profile)}"


def _do(words: Sequence[str], told: str = "", *, hint: str, none: re.Pattern[str] | None = None) -> str:
    """Return what a command of the system prints, nothing where it says that there is `none`."""
    program = shutil.which(words[0])
    if program is None:
        raise UsageError(_("`{program}` is not there").format(program=words[0]), hint=hint)
    env = os.environ | {"LC_ALL": "C"}  # a crontab comes and goes byte for byte, whatever its letters are
    given = told.encode("utf-8", "surrogateescape")
    done = subprocess.run([program, *words[1:]], input=given, capture_output=True, check=False, env=env)
    said = safe(done.stderr.strip())
    if done.returncode and not (none and none.search(said)):
        raise UsageError(
            _("`{command}` ended with exit code {code}: {words}").format(
                command=shlex.join(words), code=done.returncode, words=said
            ),
            hint=hint,
        )
    return "" if done.returncode else done.stdout.decode("utf-8", "surrogateescape")


def _written(sections: Mapping[str, Sequence[str]]) -> str:
    return "\n\n".join("\n".join([f"[{name}]", *lines]) for name, lines in sections.items()) + "\n"


def _line(text: str) -> str:
    """Return a text as the rest of a line of a unit."""
    if not text.isprintable() or "\\" in text:
        raise _unspeakable(text)
    return text.replace("%", "%%")


def _word(text: str) -> str:
    """Return a text as one word of a line of a unit; settings differ in what they take for a quote inside."""
    if '"' in text:
        raise _unspeakable(text)
    line = _line(text)
    return line if _PLAIN.fullmatch(line) else f'"{line}"'


def _unspeakable(text: str) -> UsageError:
    return UsageError(
        _("`{text}` has letters that a timetable of the system cannot hold").format(text=safe(text)),
        hint=_("rename it, or use `comet backup run --every 6h`"),
    )
