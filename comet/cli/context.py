"""Which profile a command works on, and how its next step is typed."""

from __future__ import annotations

import argparse
import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from comet import setup
from comet.cli.parser import typed
from comet.core import places, profiles
from comet.core.errors import UsageError
from comet.core.places import Places
from comet.core.profiles import UNNAMED, Profile
from comet.core.text import _, safe

if TYPE_CHECKING:
    from comet.collection.opened import Collection


@dataclass(frozen=True, slots=True)
class Context:
    """What was typed, together with the profile that it is about."""

    arguments: argparse.Namespace
    places: Places
    profile: Profile
    state: str
    """Folder of the profile's state."""

    def next(self, *words: str) -> str:
        """Return how to type the command `words` for this same profile."""
        more = []
        if self.arguments.profiles:
            more += ["--profiles", self.arguments.profiles]
        if self.arguments.profile is not None or (self.profile.name == UNNAMED and _named(self.places)):
            more += ["--profile", self.profile.name]
        return safe(shlex.join(["comet", *words, *more]))

    @contextmanager
    def collection(self, *, create: bool = False, journal: bool = False) -> Iterator[Collection]:
        """Open the profile's collection, in the thread that uses it."""
        from comet.collection import opened  # noqa: PLC0415 - what is only asked for needs no arrays

        with opened.opened(self.profile, self.places, create=create, journal=journal) as collection:
            yield collection


def of(arguments: argparse.Namespace) -> Context:
    """Return the context of a command that works on one profile.

    Raises:
        UsageError: no profile is meant, or one that is not there, or folders that are not there.
        SettingsError: the settings are wrong.
    """
    here = places.places()
    folders = getattr(arguments, "folders", [])
    if folders:
        if arguments.profile not in (None, UNNAMED):
            raise UsageError(
                _("folders and --profile cannot be combined"),
                hint=_("leave one of them out; `comet setup --profile NAME --root DIR` adds a folder to a profile"),
            )
        profile = unnamed(here, [_folder(folder) for folder in folders], arguments)
    else:
        profile = setup.chosen(here, arguments.profile, arguments.profiles, typed(arguments))
    return Context(arguments, here, profile, here.profile(profile.name))


def alone(arguments: argparse.Namespace, folders: list[str]) -> Context:
    """Return the context of files in folders that no profile has: the profile of those who have none."""
    here = places.places()
    profile = unnamed(here, folders, arguments)
    if not setup.remembered_folders(here):  # else the collection that is known would be another one after this file
        setup.remember_folders(here, profile.roots)
    return Context(arguments, here, profile, here.profile(profile.name))


def unnamed(here: Places, folders: list[str], arguments: argparse.Namespace) -> Profile:
    """Return the profile of those who have none, with these folders."""
    return setup.unnamed(here, folders, typed(arguments))


def _named(here: Places) -> bool:
    return bool(profiles.read(here, None).names)


def _folder(folder: str) -> str:
    if not folder:  # an empty variable in a script, which must not mean the folder that it stands in
        raise UsageError(_("the name of a folder is empty"), hint=_("name a folder with music"))
    path = os.path.abspath(os.path.expanduser(folder))
    name = safe(folder)
    if not os.path.lexists(path):
        raise UsageError(_("`{path}` is not there").format(path=name), hint=_("name a folder with music"))
    if not os.path.isdir(path):
        raise UsageError(
            _("`{path}` is not a folder").format(path=name),
            hint=_("`comet info FILE` tells of a file, `comet pair A B` compares two"),
        )
    if len(path.splitlines()) != 1:
        raise UsageError(_("`{path}` has a line break in its name").format(path=name), hint=_("rename it"))
    return path
