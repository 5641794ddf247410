"""The profiles as a list shows them, and adding one; beside what is wrong with each."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from comet import jobs, setup
from comet.core import profiles, settings
from comet.core.errors import CometError, SettingsError, UsageError
from comet.core.places import Places
from comet.core.profiles import UNNAMED, Profile, ProfilesFile
from comet.core.text import _, safe
from comet.setup import Mark


@dataclass(frozen=True, slots=True)
class Listed:
    """One profile."""

    name: str
    roots: tuple[str, ...]
    default: bool
    works: bool
    """A job of it runs."""
    errors: tuple[str, ...]
    """What is wrong with it, each with file and line."""
    values: tuple[tuple[str, str, str, str], ...]
    """Key, value, where it comes from, and as it is written there: empty where it is not, or a secret.

    None where something is wrong.
    """


@dataclass(frozen=True, slots=True)
class Listing:
    """All profiles of a file."""

    file: str
    profiles: list[Listed]
    errors: tuple[str, ...]
    """What is wrong with lines that belong to no profile."""


def listing(places: Places, file: str | None, typed: Sequence[str]) -> Listing:
    """Return the profiles of a file, and last the one without a name if folders were looked at without set-up."""
    known = setup.listed(places, file)
    loose: list[SettingsError] = list(known.errors())
    try:
        default = known.default()
    except SettingsError as error:
        loose, default = [*loose, error], ""
    except UsageError:
        default = ""
    found = [_listed(places, known, name, typed, default=name == default) for name in known.names]
    folders = setup.remembered_folders(places)
    if folders and file is None:
        roots = tuple(folders)
        found.append(_row(places, UNNAMED, roots, lambda: setup.unnamed(places, roots, typed), not known.names))
    return Listing(known.file, found, tuple(dict.fromkeys(_told(places, error) for error in loose)))


def add(places: Places, file: str | None, name: str, folder: str) -> str:
    """Add a profile with one root folder; return what became of the folder's marker, as a sentence.

    Raises:
        UsageError: there is one of that name, it cannot be called that, or the folder cannot be a root.
    """
    known = setup.listed(places, file)
    check_new(known, name)
    root = setup.check_root(folder, ())
    setup.write_main(places)
    setup.store(known, name, [root])
    marked = setup.mark(places, name, root)
    if marked.mark is Mark.UNWRITABLE:
        return _("its folder will be scanned, but never changed: {reason}").format(reason=safe(marked.reason))
    return _("its folder is marked")


def check_new(known: ProfilesFile, name: str) -> None:
    """Refuse a name that a new profile cannot have.

    Raises:
        UsageError: there is one already, or it cannot be called that.
    """
    if profiles.check_name(name) in known.sections:
        raise UsageError(_("there is a profile `{name}` already").format(name=safe(name)), hint=_("take another name"))


def _listed(places: Places, known: ProfilesFile, name: str, typed: Sequence[str], *, default: bool) -> Listed:
    roots = tuple(setup.roots_of(known, name))
    wrong = tuple(_told(places, error) for error in profiles.wrong(places, known, name))
    if wrong:
        return Listed(name, roots, default, works=False, errors=wrong, values=())
    return _row(places, name, roots, lambda: profiles.load(places, name, known.file, typed), default)


def _row(
    places: Places,
    name: str,
    roots: tuple[str, ...],
    load: Callable[[], Profile],
    default: bool,  # noqa: FBT001 - a field of the row
) -> Listed:
    works = any(job.runs for job in jobs.listed(places.profile(name)))
    try:
        values = tuple(
            (
                key,
                profiles.value_text(value),
                profiles.origin(source),
                source.text if source and value != settings.HIDDEN else "",
            )
            for key, value, source in profiles.values(load())
        )
    except CometError as error:
        return Listed(name, roots, default, works, (_told(places, error),), ())
    return Listed(name, roots, default, works, (), values)


def _told(places: Places, error: CometError) -> str:
    """Return what is wrong; of Comet's own two files the name is enough."""
    return safe(str(error).replace(os.path.join(places.config, ""), ""))
