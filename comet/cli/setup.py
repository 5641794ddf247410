"""`comet setup`: asks for root folders line by line, or takes them from the command line."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import time
from collections.abc import Sequence

from comet import setup
from comet.cli import out
from comet.core import places, profiles
from comet.core.errors import UsageError
from comet.core.places import Places
from comet.core.profiles import ProfilesFile
from comet.core.text import _, safe
from comet.setup import Mark, Marked

_COMPILING = 60
"""Seconds that compiling takes at most on a machine of two slow cores."""


def run(arguments: argparse.Namespace) -> int:
    """Set a profile up."""
    here = places.places()
    known = setup.listed(here, arguments.profiles)
    name = setup.name_for(known, arguments.profile)
    asker = _Asker(here, known, name, asking=not arguments.yes)
    for folder in arguments.root:
        asker.take(folder)
    if asker.asking and not arguments.root:
        _ask(asker)
    return _write(arguments, here, known, asker)


class _Asker:
    """The folders that were named so far, each checked against the others."""

    def __init__(self, here: Places, known: ProfilesFile, name: str, *, asking: bool) -> None:
        self.here, self.known, self.name, self.asking = here, known, name, asking
        self.before = setup.roots_of(known, name)
        self.roots: list[str] = []
        self.copies: set[str] = set()

    def take(self, typed: str) -> None:
        """Take a folder, one that the profile has already as well.

        Raises:
            UsageError: it cannot be a root.
        """
        others = [*self.before, *self.roots]
        path = setup.check_root(typed, [other for other in others if other != setup.meant(typed)])
        if path in self.roots:
            return
        twin = setup.twin(path, [other for other in others if other != path])
        if twin:
            self._copy(path, twin)
        self.roots.append(path)

    def _copy(self, path: str, twin: str) -> None:
        text = _("`{path}` is a copy of `{other}`, with its marker. Give it a marker of its own? [Y/n] ").format(
            path=safe(path), other=safe(twin)
        )
        if self.asking and _read(text) not in ("", "y", "Y", "yes", _("yes"), _("y")):
            raise UsageError(_("`{path}` is left out").format(path=safe(path)))
        self.copies.add(path)


def _ask(asker: _Asker) -> None:
    """Ask for folders until an empty line; two of them at the beginning mean that there is no music."""
    _completion()
    _say(
        _("Profile `{name}`: which folders hold your music? One a line, an empty line ends.").format(
            name=safe(asker.name)
        )
    )
    for root in asker.before:
        _say(_("  it has `{path}` already").format(path=safe(root)))
    confirmed = False
    while True:
        line = _read(_("folder {number}: ").format(number=len(asker.before) + len(asker.roots) + 1))
        if line is None:
            if not asker.roots and not asker.before:
                raise UsageError(
                    _("nothing was set up: the input ended before a folder was named"),
                    hint=_("`comet setup --root DIR --yes` asks nothing"),
                )
            return
        if not line.strip():
            if asker.roots or asker.before or confirmed:
                return
            _say(_("Without a folder there is nothing to scan: comparing imported fingerprints, tags and covers work."))
            _say(_("Press Enter once more for a profile with no music, or name a folder."))
            confirmed = True
            continue
        try:
            asker.take(line)
        except UsageError as error:
            _say(str(error))
            if error.hint:
                _say(_("hint: {hint}").format(hint=error.hint))


def _read(prompt: str) -> str | None:
    """Return a line that was typed, None at the end of the input."""
    try:
        if sys.stdin.isatty():
            return input(prompt)
        sys.stderr.write(prompt)
        sys.stderr.flush()
        line = sys.stdin.readline()
    except EOFError:
        line = ""
    _say("")
    return line.rstrip("\n") if line else None


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _completion() -> None:
    """Complete folders by TAB where there is a readline."""
    try:
        import readline  # noqa: PLC0415 - not on every machine
    except ImportError:
        return
    readline.set_completer(_completed)
    readline.set_completer_delims("\n")
    libedit = "libedit" in (readline.__doc__ or "")
    readline.parse_and_bind("bind ^I rl_complete" if libedit else "tab: complete")


def _completed(typed: str, state: int) -> str | None:
    folder, begin = os.path.split(typed)
    found: list[str] = []
    with contextlib.suppress(OSError), os.scandir(os.path.expanduser(folder) or ".") as entries:
        names = [entry.name for entry in entries if entry.name.startswith(begin) and entry.is_dir()]
        found = [os.path.join(folder, name, "") for name in names if begin or not name.startswith(".")]
    return sorted(found)[state] if state < len(found) else None


def _write(arguments: argparse.Namespace, here: Places, known: ProfilesFile, asker: _Asker) -> int:
    written = setup.write_main(here)
    default = setup.store(known, asker.name, asker.roots)
    if profiles.load(here, asker.name, arguments.profiles).read_only:
        marked = [Marked(root, Mark.UNWRITABLE, _("the profile is read-only")) for root in asker.roots]
    else:
        marked = [setup.mark(here, asker.name, root, copy=root in asker.copies) for root in asker.roots]
    if arguments.json:
        entries = [{"path": m.path, "mark": m.mark.value, "reason": m.reason} for m in marked]
        out.dump({"profile": asker.name, "default": default, "file": known.file, "roots": entries})
    else:
        _tell(here, known, asker, marked, written=written)
        if default != asker.name:
            print(_("`{name}` stays the profile that is used when none is named").format(name=safe(default)))
    if not arguments.no_compile:
        _compile()
    places.drop_kernels(here)
    if not arguments.json:
        _next(arguments, asker, default)
    return 0


def _tell(here: Places, known: ProfilesFile, asker: _Asker, marked: Sequence[Marked], *, written: bool) -> None:
    print(
        (_("`{file}` written, with every default") if written else _("`{file}` kept as it is")).format(
            file=safe(here.main_ini)
        )
    )
    print(_("profile `{name}` in `{file}`").format(name=safe(asker.name), file=safe(known.file)))
    words = {
        Mark.NEW: _("marked"),
        Mark.KEPT: _("marked already"),
        Mark.ADOPTED: _("adopted: what is known of it counts again, or it begins anew if the disk is another one"),
        Mark.COPY: _("a copy, with a marker of its own now"),
    }
    for root in marked:
        if root.mark is Mark.UNWRITABLE:
            word = _("scanned, but never changed: {reason}").format(reason=safe(root.reason))
        else:
            word = words[root.mark]
        print(f"  {safe(root.path)}: {word}")
    if not asker.roots and not asker.before:
        print(_("  no music: everything works but scanning"))


def _next(arguments: argparse.Namespace, asker: _Asker, default: str) -> None:
    if not asker.roots and not asker.before:
        return
    more = f" --profile '{asker.name}'" if asker.name != default else ""
    more += f" --profiles '{safe(arguments.profiles)}'" if arguments.profiles else ""
    out.next_step(_("`comet -f{more}` finds the duplicates").format(more=more))


def _compile() -> None:
    """Let the kernels be compiled now, not in the first scan."""
    _say(_("compiling once, at most {seconds} s").format(seconds=_COMPILING))
    started = time.monotonic()
    try:
        from comet import pipeline  # noqa: PLC0415 - it loads everything

        pipeline.warm()
    except Exception as error:  # noqa: BLE001 - all is set up, and the first scan will say what is wrong
        _say(_("compiling was left to the first scan: {reason}").format(reason=safe(str(error))))
    else:
        _say(_("compiled in {seconds:.0f} s").format(seconds=time.monotonic() - started))
