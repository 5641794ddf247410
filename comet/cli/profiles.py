"""`comet profiles`: list, show, add, choose the default, validate."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

from comet import setup
from comet.cli import context, out
from comet.cli import setup as setup_face
from comet.cli.parser import typed
from comet.core import ini, places, profiles
from comet.core.errors import CometError, SettingsError, UsageError
from comet.core.ini import Value
from comet.core.places import Places
from comet.core.profiles import ProfilesFile
from comet.core.text import _, safe


def run(arguments: argparse.Namespace) -> int:
    """Do what was asked with the profiles."""
    here = places.places()
    actions = {"show": _show, "add": _add, "default": _choose, "validate": _validate}
    return actions.get(arguments.action or "", _list)(arguments, here)


def _list(arguments: argparse.Namespace, here: Places) -> int:
    known = profiles.read(here, arguments.profiles)
    if not known.names:
        known.default()  # which says that there is none, and what to do
    default = _default(known)
    rows, entries = [], []
    for name in known.names:
        wrong = next(profiles.wrong(here, known, name), None)
        roots = setup.roots_of(known, name)
        entries.append({"name": name, "default": name == default, "roots": roots, "error": str(wrong) if wrong else ""})
        rows.append(
            [safe(name), _("default") if name == default else "", _("wrong") if wrong else "", _folders_text(roots)]
        )
    if arguments.json:
        out.dump(entries)
        return 0
    for line in out.table(rows):
        print(line)
    loose = [*known.errors(), *_default_mistakes(known)]
    for mistake in loose:
        out.warn(str(mistake))
    if loose or any(entry["error"] for entry in entries):
        out.next_step(_("`comet profiles validate` names every mistake"))
    return 0


def _default(known: ProfilesFile) -> str:
    """Return the name of the default profile, empty where there is none."""
    try:
        return known.default()
    except (UsageError, SettingsError):
        return ""


def _folders_text(roots: list[str]) -> str:
    return ", ".join(map(safe, roots)) or _("no music")


def _show(arguments: argparse.Namespace, here: Places) -> int:
    name = arguments.name if arguments.name is not None else arguments.profile
    if name == profiles.UNNAMED:
        profile = context.unnamed(here, setup.remembered_folders(here), arguments)
    else:
        profile = profiles.load(here, name, arguments.profiles, typed(arguments))
    values = list(profiles.values(profile))
    if arguments.json:
        out.dump({"name": profile.name, "values": {key: {"value": v, **_source(s)} for key, v, s in values}})
        return 0
    print(_("profile `{name}`").format(name=safe(profile.name)))
    rows = [[key, profiles.value_text(value), profiles.origin(source)] for key, value, source in values]
    for line in out.table(rows):
        print(line)
    return 0


def _source(source: Value | None) -> dict[str, Any]:
    return {"file": source.file if source else "", "line": source.line if source else 0}


def _add(arguments: argparse.Namespace, here: Places) -> int:
    known = setup.listed(here, arguments.profiles)
    if arguments.name in known.sections:
        raise UsageError(
            _("there is a profile `{name}` already").format(name=safe(arguments.name)),
            hint=_("`comet setup --profile NAME --root DIR --yes` adds folders to it"),
        )
    arguments.profile, arguments.yes, arguments.no_compile = arguments.name, True, True
    return setup_face.run(arguments)


def _choose(arguments: argparse.Namespace, here: Places) -> int:
    known = profiles.read(here, arguments.profiles)
    if arguments.name not in known.names:
        raise UsageError(
            _("there is no profile `{name}` in `{file}`").format(name=safe(arguments.name), file=safe(known.file)),
            hint=_("there are: {names}").format(names=", ".join(map(safe, known.names)) or _("none")),
        )
    ini.set_value(known.file, profiles.RESERVED, "default", arguments.name)
    if arguments.json:
        out.dump({"default": arguments.name})
    else:
        print(_("profile `{name}` is used when none is named").format(name=safe(arguments.name)))
    return 0


def _validate(arguments: argparse.Namespace, here: Places) -> int:
    known = profiles.read(here, arguments.profiles)
    wrong: list[CometError] = list(profiles.main_mistakes(here))
    wrong += known.errors()
    wrong += [mistake for name in known.names for mistake in profiles.wrong(here, known, name, main=False)]
    wrong += _default_mistakes(known)
    if arguments.json:
        out.dump([{"error": str(mistake), "hint": mistake.hint} for mistake in wrong])
    else:
        for mistake in wrong:
            print(mistake)
            if mistake.hint:
                print(_("hint: {hint}").format(hint=mistake.hint))
        if not wrong:
            print(_("no mistake in `{main}` and `{file}`").format(main=safe(here.main_ini), file=safe(known.file)))
    return SettingsError.exit_code if wrong else 0


def _default_mistakes(known: ProfilesFile) -> Iterator[SettingsError]:
    try:
        known.default()
    except SettingsError as error:
        yield error
    except UsageError:
        return  # none is chosen, which is no mistake
