"""Profiles: which folders hold the music, and what differs there from main.ini.

built-in < main.ini < profile in profiles.ini < what was typed
"""

from __future__ import annotations

import itertools
import os
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from comet.core import ini, settings
from comet.core.errors import CometError, SettingsError, UsageError
from comet.core.ini import Section, Value
from comet.core.places import Places
from comet.core.sections import Settings
from comet.core.text import _, safe

UNNAMED = "-"
"""The profile of those who have none: `comet -f DIR`."""

RESERVED = "comet"
"""The section of profiles.ini that names the default profile."""

OWN = ("roots", "exclude", "reference", "incoming", "read_only", "after_apply")
"""What a profile has beside settings."""

_NAME = re.compile(r"[^\W_][\w. +-]*\Z")
LISTS = ("roots", "exclude", "reference", "incoming")
_FOLDERS = ("roots", "reference", "incoming")
_BOOLEANS = {"yes": True, "no": False, "true": True, "false": False, "on": True, "off": False, "1": True, "0": False}


@dataclass(frozen=True, slots=True)
class Profile:
    """A named set of root folders with the settings that hold there."""

    name: str
    roots: tuple[str, ...] = ()
    """Absolute paths; none is valid: everything works but scanning."""
    exclude: tuple[str, ...] = ()
    """Globs of paths relative to a root that are not looked at."""
    reference: tuple[str, ...] = ()
    """Folders whose files are never changed."""
    incoming: tuple[str, ...] = ()
    """Folders whose files lose against all others."""
    read_only: bool = False
    """Plans may be made, but nothing under a root is changed."""
    after_apply: str = ""
    """Command that gets JSON of what was removed and changed on its standard input; see docs/guides/after-apply.md."""
    settings: Settings = field(default_factory=Settings)
    sources: Mapping[str, Value] = field(default_factory=dict)
    """Where each value comes from that is not built in, by key or `section.key`."""


def check_name(name: str) -> str:
    """Return `name` if a profile can be called that.

    Raises:
        UsageError: it cannot.
    """
    if name == RESERVED or len(name) > 64 or not _NAME.match(name):
        raise UsageError(
            _("a profile cannot be called `{name}`").format(name=safe(name)),
            hint=_("letters, digits, spaces, `.`, `+`, `-` and `_`, up to 64, beginning with a letter or digit"),
        )
    return name


@dataclass(frozen=True, slots=True)
class ProfilesFile:
    """A profiles.ini as it stands, right or wrong."""

    file: str
    sections: Mapping[str, Section]

    @property
    def names(self) -> list[str]:
        """The profiles, in the order of the file."""
        return [name for name in self.sections if name not in ("", RESERVED)]

    def default(self) -> str:
        """Return the name of the default profile: the chosen one, or the only one.

        Raises:
            UsageError: there is none, or it is not clear which.
        """
        chosen = self.sections.get(RESERVED, Section(RESERVED, 0)).values.get("default")
        if chosen:
            if chosen.text not in self.names:
                raise chosen.wrong(_("the name of a profile of this file"))
            return chosen.text
        if len(self.names) == 1:
            return self.names[0]
        for error in self.errors():
            raise error
        if not self.names:
            raise UsageError(
                _("there is no profile yet"),
                hint=_("run `comet setup`, or `comet -f DIR` to look at a folder without any set-up"),
            )
        raise UsageError(
            _("there are {count} profiles and none is the default").format(count=len(self.names)),
            hint=_("name one with --profile, or choose with `comet profiles default NAME`"),
        )

    def errors(self) -> Iterator[SettingsError]:
        """Yield what is wrong with lines that belong to no profile."""
        for name in ("", RESERVED):
            section = self.sections.get(name, Section(name, 0))
            yield from section.errors
            for key, value in section.values.items():
                if not name:
                    yield value.wrong(_("inside a section"))
                elif key != "default":
                    yield settings.unknown(self.file, name, value.line, key, ["default"])


def read(places: Places, file: str | None) -> ProfilesFile:
    """Return the profiles of `file`, or of the user's own profiles.ini.

    Raises:
        UsageError: `file` was named and is not there.
        SettingsError: it cannot be read.
    """
    if file is not None and not os.path.isfile(file):
        raise UsageError(_("`{file}` is not there").format(file=safe(file)), hint=_("check --profiles"))
    path = os.path.abspath(file) if file else places.profiles_ini
    return ProfilesFile(path, ini.read(path))


def load(places: Places, name: str | None, file: str | None = None, typed: Sequence[str] = ()) -> Profile:
    """Return the profile `name`, or the default one, with all its settings.

    `typed` are settings from the command line, as `section.key=value`.

    Raises:
        UsageError: there is no such profile.
        SettingsError: main.ini or this profile is wrong; other profiles do not matter.
    """
    listed = read(places, file)
    name = name if name is not None else listed.default()
    return _build(check_name(name), places, named(listed, name).sections[name], typed)


def named(listed: ProfilesFile, name: str) -> ProfilesFile:
    """Return a file of profiles if there is one of that name in it.

    Raises:
        UsageError: there is none.
    """
    if name not in listed.names:
        raise UsageError(
            _("there is no profile `{name}` in `{file}`").format(name=safe(name), file=safe(listed.file)),
            hint=_("there are: {names}").format(names=", ".join(map(safe, listed.names)))
            if listed.names
            else _("run `comet setup`"),
        )
    return listed


def unnamed(places: Places, folders: Sequence[str], typed: Sequence[str] = ()) -> Profile:
    """Return the profile of `comet -f DIR...`.

    Raises:
        SettingsError: main.ini is wrong, or a folder lies in another one.
    """
    section = Section(UNNAMED, 0)
    section.values["roots"] = Value("\n".join(folders), _("command line"), "", "roots", 0)
    return _build(UNNAMED, places, section, typed)


def mistakes(section: Section) -> Iterator[SettingsError]:
    """Yield everything that is wrong with the section of a profile."""
    yield from section.errors
    known = {d.name: d for d in settings.declared()}
    for key, value in section.values.items():
        try:
            if key in known:
                settings.parse(known[key], value)
                _check_whose(known[key], value)
            elif key == "read_only":
                _boolean(value)
            elif key == "after_apply":
                _check_command(value)
            elif key in _FOLDERS:
                _check_folders(value, apart=key == "roots")
            elif key not in OWN:
                raise settings.unknown(value.file, section.name, value.line, key, [*OWN, *known])
        except SettingsError as error:
            yield error


def main_mistakes(places: Places) -> Iterator[SettingsError]:
    """Yield everything that is wrong with main.ini, which counts for every profile."""
    return settings.mistakes(ini.read(places.main_ini), places.main_ini)


def wrong(places: Places, known: ProfilesFile, name: str, *, main: bool = True) -> Iterator[CometError]:
    """Yield what is wrong with a profile of a file; a mistake in main.ini counts too unless `main` is off."""
    try:
        check_name(name)
    except UsageError as error:
        yield error
    yield from mistakes(known.sections[name])
    if main:
        yield from main_mistakes(places)


def values(profile: Profile) -> Iterator[tuple[str, Any, Value | None]]:
    """Yield every value of a profile with what it comes from, None where it is built in."""
    for key in OWN:
        value = getattr(profile, key)
        yield key, list(value) if isinstance(value, tuple) else value, profile.sources.get(key)
    for item in settings.declared():
        value = getattr(getattr(profile.settings, item.section), item.key)
        yield item.name, settings.HIDDEN if item.secret and value else value, profile.sources.get(item.name)


def value_text(value: object) -> str:
    """Return a value of a profile as a person reads it."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return ", ".join(map(safe, value)) or _("none")
    return settings.show(value) if isinstance(value, (int, float)) else safe(str(value)) or _("none")


def origin(source: Value | None) -> str:
    """Return where a value comes from as a person reads it."""
    if source is None:
        return _("built-in")
    if not source.line:
        return safe(source.file)
    return _("`{file}` line {line}").format(file=safe(source.file), line=source.line)


def _build(name: str, places: Places, section: Section, typed: Sequence[str]) -> Profile:
    for error in mistakes(section):
        raise error
    known = {d.name: d for d in settings.declared()}
    sources = {**settings.from_main(ini.read(places.main_ini), places.main_ini), **section.values}
    for text in typed:
        key, equals, value_text = text.partition("=")
        if not equals or key not in known:
            raise UsageError(
                _("`{text}` is no setting").format(text=safe(key)),  # what follows may be a secret
                hint=_("SECTION.KEY=VALUE, with one of: {keys}").format(keys=", ".join(known)),
            )
        sources[key] = Value(value_text, _("command line"), "", key, 0)
        _check_whose(known[key], sources[key])
    lists = {key: _lines(sources[key].text) if key in sources else () for key in LISTS}
    return Profile(
        name,
        tuple(settings.expand(path) for path in lists["roots"]),
        lists["exclude"],
        tuple(settings.expand(path) for path in lists["reference"]),
        tuple(settings.expand(path) for path in lists["incoming"]),
        "read_only" in sources and _boolean(sources["read_only"]),
        sources["after_apply"].text if "after_apply" in sources else "",
        settings.build({key: settings.parse(known[key], value) for key, value in sources.items() if key in known}),
        sources,
    )


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.split("\n") if line.strip())


def _boolean(value: Value) -> bool:
    if value.text.lower() not in _BOOLEANS:
        raise value.wrong(_("yes or no"))
    return _BOOLEANS[value.text.lower()]


def _check_whose(setting: settings.Declared, value: Value) -> None:
    if setting.of_all:
        raise SettingsError(
            _("{where}: `{key}` is for all profiles").format(
                where=ini.place(value.file, value.section, value.line), key=value.key
            ),
            hint=_("it stands in `main.ini`, as `{key}` under `[{section}]`").format(
                key=setting.key, section=setting.section
            ),
        )


def _check_command(value: Value) -> None:
    try:
        shlex.split(value.text)
    except ValueError:
        whole = False
    else:
        whole = "\n" not in value.text
    if not whole:
        raise value.wrong(_("a command on one line, each of its quotes closed"))


def _check_folders(value: Value, *, apart: bool) -> None:
    """Refuse what would mean another folder from another place, and a root inside another one.

    Every file of the inner one would be there twice, a copy of itself.
    """
    for name in _lines(value.text):
        if not os.path.isabs(os.path.expanduser(name)):
            raise replace(value, text=name).wrong(_("whole paths, from `/` or `~` on"))
    if not apart:
        return
    real = sorted(os.path.join(os.path.realpath(settings.expand(name)), "") for name in _lines(value.text))
    for outer, inner in itertools.pairwise(real):
        if inner.startswith(outer):
            raise replace(value, text=inner.rstrip("/")).wrong(
                _("folders apart from each other (`{inner}` lies in `{outer}`)").format(
                    inner=safe(inner.rstrip("/")), outer=safe(outer.rstrip("/") or "/")
                )
            )


def section_text(name: str, roots: Sequence[str]) -> str:
    """Return a section of profiles.ini for a new profile.

    Raises:
        UsageError: a folder's name cannot stand in an ini file.
    """
    for root in roots:
        if "\n" in root or "\r" in root or root != root.strip():
            raise UsageError(_("`{root}` cannot stand in an ini file").format(root=safe(root)), hint=_("rename it"))
    lines = [f"[{name}]"]
    if roots:
        lines += ["roots =", *(f"    {root}" for root in roots)]
    else:
        lines += ["# " + _("no folder: everything works but scanning"), "roots ="]
    return "\n".join(lines) + "\n"
