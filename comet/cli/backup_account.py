"""`comet backup login|status|logout|doctor`: whose account it is, and what the service does with it."""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from typing import TYPE_CHECKING

from comet.cli import console, context, out
from comet.cli.context import Context
from comet.core.errors import SignInError, UsageError
from comet.core.job import Job
from comet.core.text import _, safe

if TYPE_CHECKING:
    from comet.backup.credentials import Credentials, Tokens
    from comet.backup.doctor import Finding
    from comet.backup.model import Account
    from comet.backup.signin import Code

_MARKS = {True: "+", False: "-", None: " "}


def login(arguments: argparse.Namespace) -> int:
    """Sign in: by a code that is typed elsewhere, or with a token from standard input."""
    from comet.backup import credentials, signin  # noqa: PLC0415 - help must not wait for it

    here = context.of(arguments)
    name = here.profile.name
    credentials.refuse(arguments.store)
    given = _given() if arguments.stdin else None

    def work(job: Job) -> tuple[Account, str]:
        tokens = given or _typed_elsewhere(job, json=arguments.json)
        return signin.keep(name, here.places, tokens, arguments.store, job.check)

    account, where = console.quietly(work)
    if arguments.json:
        out.dump({"profile": name, "uid": account.uid, "login": account.login, "plus": account.plus, "kept": where})
    else:
        print(_("signed in as {login}; the token is kept in `{path}`").format(login=_who(account), path=safe(where)))
    if not account.plus:
        out.warn(_("this account has no Plus: nothing can be backed up, for there are 30 seconds of each track only"))
    for variable in (credentials.TOKEN, credentials.TOKEN_FILE):
        if os.environ.get(variable):
            out.warn(_("{name} is set, and beats what is kept").format(name=variable))
    out.next_step(_("`{command}` looks what the service does").format(command=here.next("backup", "doctor")))
    return 0


def _given() -> Tokens:
    """Return the token that standard input has in its first line."""
    from comet.backup import redact  # noqa: PLC0415 - help must not wait for it
    from comet.backup.credentials import Tokens  # noqa: PLC0415 - likewise

    if sys.stdin.isatty():
        token = getpass.getpass(_("paste the token, which is not shown, and press Enter: ")).strip()
    else:
        token = sys.stdin.readline().strip()
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise UsageError(_("there is no token on standard input"), hint=_("it is one line: a token alone"))
    redact.keep(token)
    return Tokens(token)


def _typed_elsewhere(job: Job, *, json: bool) -> Tokens:
    """Show a code, and wait until it was typed."""
    from comet.backup.signin import SignIn  # noqa: PLC0415 - help must not wait for it

    with SignIn(job.check) as signing:
        code = signing.begin()
        if json:
            out.dump({"code": code.code, "address": code.address, "seconds": code.seconds})
            sys.stdout.flush()
        else:
            _show(code)
        return signing.wait(code)


def _show(code: Code) -> None:
    """Print where to go and what to type there; also for a phone's camera where there is room."""
    from comet.backup import qr  # noqa: PLC0415 - help must not wait for it

    drawn = qr.lines(code.address)
    if out.width() >= len(drawn[0]) and (sys.stdout.encoding or "").lower().startswith("utf"):
        print("\n".join(drawn))
    address = safe(code.address)
    print(_("open {address} in any browser, sign in to Yandex there, and type this code:").format(address=address))
    print(f"\n    {safe(code.code)}\n")
    print(_("it is good for {minutes:.0f} minutes; Ctrl-C gives up").format(minutes=code.seconds / 60), flush=True)


def status(arguments: argparse.Namespace) -> int:
    """Say who is signed in, and how long."""
    from comet.backup import credentials, signin  # noqa: PLC0415 - help must not wait for it
    from comet.backup.service import Service  # noqa: PLC0415 - likewise

    here = context.of(arguments)
    found = credentials.load(here.profile.name, here.places)

    def work(job: Job) -> Account:
        with Service(found.tokens.access, pace=here.profile.settings.backup.pace, check=job.check) as service:
            return service.account()

    account = console.quietly(work, _("asking whose token it is"))
    bound = credentials.bound(here.profile.name, here.places)
    other = bound is not None and bound.uid != account.uid
    if arguments.json:
        told = {"profile": here.profile.name, "uid": account.uid, "login": account.login, "plus": account.plus}
        out.dump(told | {"source": found.source, "days": found.days, "bound": bound.uid if bound else None})
    else:
        _tell(here, account, found)
    if found.days is not None and found.days < signin.RENEW:
        out.warn(_("the sign-in ends in {days:.0f} days").format(days=max(0.0, found.days)))
    if other:
        credentials.bind(here.profile.name, here.places, account)
    return 0 if account.plus else SignInError.exit_code


def _tell(here: Context, account: Account, found: Credentials) -> None:
    rows = [
        [_("profile"), safe(here.profile.name)],
        [_("account"), _who(account)],
        [_("Plus"), _("yes") if account.plus else _("no: nothing can be backed up")],
        [_("token"), safe(found.source)],
        [_("good for"), _("not known") if found.days is None else _("{days:.0f} days").format(days=found.days)],
    ]
    for line in out.table(rows):
        print(line)


def logout(arguments: argparse.Namespace) -> int:
    """Forget the token."""
    from comet.backup import credentials  # noqa: PLC0415 - help must not wait for it

    here = context.of(arguments)
    gone = credentials.remove(here.profile.name, here.places)
    print(_("signed out: the token is forgotten here") if gone else _("nobody was signed in"))
    if gone:
        out.note(_("it is still good elsewhere: id.yandex.ru, under devices, takes it back"))
    for variable in (credentials.TOKEN, credentials.TOKEN_FILE):
        if os.environ.get(variable):
            out.warn(_("{name} is still set").format(name=variable))
    return 0


def doctor(arguments: argparse.Namespace) -> int:
    """Report what the service does, without anything of the user in it."""
    from comet.backup import credentials, doctor  # noqa: PLC0415 - help must not wait for it

    here = context.of(arguments)
    found = credentials.load(here.profile.name, here.places)
    findings: list[Finding] = []

    def work(job: Job) -> None:
        findings.extend(doctor.examine(found.tokens.access, here.profile.settings.backup.pace, job.check))

    console.quietly(work, _("asking the service; this takes a few seconds"))
    if arguments.json:
        out.dump([{"point": each.point, "good": each.good, "text": each.text} for each in findings])
        return 0
    for line in out.table([[_MARKS[each.good], each.point, safe(each.text)] for each in findings]):
        print(line)
    return 0


def _who(account: Account) -> str:
    return safe(account.login or account.uid)
