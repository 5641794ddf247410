"""Setting up: settings written out, profiles added, root folders checked and marked. The faces ask; this does."""

from __future__ import annotations

import json
import os
import secrets
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from comet.act import vault
from comet.core import ini, profiles, settings
from comet.core.errors import FileError, SettingsError, UsageError
from comet.core.ini import Section, Value
from comet.core.places import Places, marker
from comet.core.profiles import UNNAMED, Profile, ProfilesFile
from comet.core.text import _, safe

FIRST = "music"
"""What a profile is called that nobody named."""


class Mark(StrEnum):
    """What became of a root folder's marker."""

    NEW = "new"
    KEPT = "kept"
    ADOPTED = "adopted"
    """It belongs to the profile again, although its marker was gone or is another one."""
    COPY = "copy"
    """It was a copy of another root and got a marker of its own."""
    UNWRITABLE = "unwritable"


@dataclass(frozen=True, slots=True)
class Marked:
    """A root folder with what became of its marker."""

    path: str
    mark: Mark
    reason: str = ""
    """Why it could not be written."""


def listed(places: Places, file: str | None) -> ProfilesFile:
    """Return the profiles of `file` or of the user's own profiles.ini; none where it is still to be written."""
    if file is not None and not os.path.exists(file):
        return ProfilesFile(os.path.abspath(file), {})
    return profiles.read(places, file)


def name_for(known: ProfilesFile, name: str | None) -> str:
    """Return the name of the profile to set up: as asked for, else the default one, else `music`.

    Raises:
        UsageError: a profile cannot be called that, or it is not clear which is meant.
    """
    if name is not None:
        return profiles.check_name(name)
    return known.default() if known.names else FIRST


def roots_of(known: ProfilesFile, name: str) -> list[str]:
    """Return the root folders that a profile has in the file, none where there is no such profile."""
    value = known.sections.get(name, Section(name, 0)).values.get("roots")
    return [settings.expand(line.strip()) for line in value.text.splitlines() if line.strip()] if value else []


def check_root(typed: str, others: Sequence[str]) -> str:
    """Return the absolute path of a folder that was typed, if it can stand beside the `others` as a root.

    Raises:
        UsageError: it cannot; the message says why.
    """
    path = meant(typed)
    if not os.path.isdir(path):
        raise UsageError(
            _("`{path}` is not a folder").format(path=safe(path))
            if os.path.lexists(path)
            else _("`{path}` is not there").format(path=safe(path)),
            hint=_("name the folder that the music lies in"),
        )
    try:
        os.scandir(path).close()
    except OSError as error:
        raise UsageError(
            _("`{path}` cannot be read: {reason}").format(path=safe(path), reason=error.strerror),
            hint=_("mend its rights, or run Comet as a user who may read it"),
        ) from error
    if not one_line(path):
        raise UsageError(_("`{path}` cannot stand in an ini file").format(path=safe(path)), hint=_("rename it"))
    for other in others:
        _apart(path, other)
    return path


def one_line(path: str) -> bool:
    """Tell whether a path can be a line of a list: no sign in it that breaks lines, no white space at its end."""
    return len(path.splitlines()) == 1 and path == path.strip()


def meant(typed: str) -> str:
    """Return the path that was typed; one that was pasted with a shell's quotes or backslashes is understood."""
    plain = settings.expand(typed)
    try:
        words = shlex.split(typed)
    except ValueError:
        words = []
    forms = [plain, settings.expand(typed.strip()), *(settings.expand(word) for word in words if len(words) == 1)]
    return next((path for path in forms if os.path.isdir(path)), plain)


def _apart(path: str, other: str) -> None:
    """Refuse two folders of which one lies in the other: every file would be there twice, a copy of itself."""
    here, there = (os.path.join(os.path.realpath(folder), "") for folder in (path, other))
    hint = _("name folders that are apart from each other")
    names = {"path": safe(path), "other": safe(other)}
    if here == there:
        raise UsageError(_("`{path}` is the same folder as `{other}`").format(**names), hint=hint)
    if here.startswith(there):
        raise UsageError(_("`{path}` lies in `{other}`, which is a root already").format(**names), hint=hint)
    if there.startswith(here):
        raise UsageError(_("`{other}`, which is a root already, lies in `{path}`").format(**names), hint=hint)


def twin(path: str, others: Sequence[str]) -> str:
    """Return the one of `others` that `path` is a copy of, with its marker; empty where it is none.

    Raises:
        UsageError: it is no copy but a second view of that folder, or that cannot be told.
    """
    found = marker(os.fsencode(path))
    for other in others:
        if not found or marker(os.fsencode(other)) != found:
            continue
        names = {"path": safe(path), "other": safe(other)}
        try:
            same = vault.same_folder(os.fsencode(path), os.fsencode(other))
        except FileError as error:
            raise UsageError(
                _("`{path}` carries the marker of `{other}`, and whether it is a copy cannot be told: {reason}").format(
                    **names, reason=error.reason
                ),
                hint=_("let it be written once, or leave one of the two out"),
            ) from error
        if same:
            raise UsageError(
                _("`{path}` is a second view of `{other}`: what is made in one is seen in the other").format(**names),
                hint=_("one of the two is enough; in both, every file would be a copy of itself"),
            )
        return other
    return ""


def write_main(places: Places) -> bool:
    """Write `main.ini` with every default, commented, where there is none; return whether it was written."""
    if os.path.exists(places.main_ini):
        return False
    ini.write(places.main_ini, settings.template())
    return True


def store(known: ProfilesFile, name: str, roots: Sequence[str]) -> str:
    """Add a profile to its file, or `roots` to one that is there; return the name of the default profile.

    A new one does not take the place of the profile that was used so far when none was named.
    """
    new = [root for root in roots if root not in roots_of(known, name)]
    if name not in known.sections:
        ini.append_section(known.file, profiles.section_text(name, new))
    elif new:
        _insert_roots(known.file, known.sections[name], new)
    default = known.sections.get(profiles.RESERVED, Section("", 0)).values.get("default")
    if default is not None:
        return default.text
    first = known.names[0] if known.names else name
    if len({*known.names, name}) == 2:
        ini.set_value(known.file, profiles.RESERVED, "default", first)
    return first


def _insert_roots(file: str, section: Section, roots: Sequence[str]) -> None:
    """Write `roots` below those that a section has, leaving every other line as it is."""
    lines = ini.lines(file)
    value = section.values.get("roots")
    new = [f"    {root}" for root in roots]
    if value is None:
        at, new = section.line, ["roots =", *new]
    else:
        at = ini.end(lines, value)
    lines[at:at] = new
    ini.write(file, "\n".join(lines) + "\n")


def keep(places: Places, name: str, file: str | None, key: str, text: str) -> str:
    """Let a value be another one from now on, leaving every other line as it is; return the file where it stands.

    Args:
        places: Where everything lies.
        name: Of the profile whose it is; without one, and where it counts for all profiles, it goes to `main.ini`.
        file: The file of profiles that was named.
        key: `section.key`, or what only profiles have, on one line.
        text: The value.

    Raises:
        SettingsError: that cannot be its value, or the file cannot be read or written.
        UsageError: there is no such profile that it could stand in.
    """
    setting = next((each for each in settings.declared() if each.name == key), None)
    if setting and (name == UNNAMED or setting.of_all):
        settings.parse(setting, Value(text, _("not written"), setting.section, setting.key, 0))
        ini.set_value(places.main_ini, setting.section, setting.key, text)
        return places.main_ini
    if name == UNNAMED:
        raise UsageError(
            _("`{key}` can only be set in a profile with a name").format(key=key), hint=_("`comet setup` makes one")
        )
    known = profiles.named(listed(places, file), name)
    for error in profiles.mistakes(Section(name, 0, {key: Value(text, _("not written"), name, key, 0)})):
        raise error
    ini.set_value(known.file, name, key, text)
    return known.file


def rewrite(places: Places, file: str | None, text: str, before: str) -> None:
    """Let the file of profiles be another text, if it still is the one that was read `before`.

    Raises:
        CometError: it is not that text any more, or something in the other is wrong, with its line; it stays as it is.
    """
    path = listed(places, file).file
    if ini.text(path) != before:
        raise SettingsError(
            _("`{file}` was changed since this text was read").format(file=safe(path)),
            hint=_("copy your lines elsewhere, save an empty text, and begin again"),
        )
    known = ProfilesFile(path, ini.parse(text.split("\n"), path))
    for error in (
        *known.errors(),
        *(e for name in known.names for e in profiles.wrong(places, known, name, main=False)),
    ):
        raise error
    ini.write(path, text)


def make_default(places: Places, file: str | None, name: str) -> None:
    """Let a profile be the one that is meant where none is named."""
    ini.set_value(listed(places, file).file, profiles.RESERVED, "default", name)


def mark(places: Places, name: str, root: str, *, copy: bool = False) -> Marked:
    """Give a root folder its marker, or take it back into a profile that knew it otherwise.

    Args:
        places: Where the profile's cache lies, which remembers the roots that were seen.
        name: The profile.
        root: The folder.
        copy: It carries the marker of another root, and gets one of its own.
    """
    path = os.fsencode(root)
    known, found = _remembered_id(places, name, path), marker(path)
    try:
        if copy:
            vault.mark(path, secrets.token_hex(8))
            return Marked(root, Mark.COPY)
        if known and not found:
            vault.mark(path, known)
            return Marked(root, Mark.ADOPTED)
        if known and found != known:
            _forget(places, name, path)
            return Marked(root, Mark.ADOPTED)
        vault.mark(path)
    except FileError as error:
        return Marked(root, Mark.UNWRITABLE, error.reason)
    return Marked(root, Mark.KEPT if found else Mark.NEW)


def _remembered_id(places: Places, name: str, path: bytes) -> str:
    """Return the id under which a profile's cache knows the root at `path`, empty where it knows none."""
    from comet.library import cache  # noqa: PLC0415 - most profiles are new and have no cache to ask

    file = cache.path_of(places.profile(name))
    if not os.path.exists(file):
        return ""
    opened = cache.Cache(file)
    try:
        return opened.roots().get(path, "")
    finally:
        opened.close()


def _forget(places: Places, name: str, path: bytes) -> None:
    """Let the root at `path` be seen as a new one at the next scan; its old files stay known under the old id."""
    from comet.library import cache  # noqa: PLC0415 - likewise

    opened = cache.Cache(cache.path_of(places.profile(name)))
    try:
        opened.forget_root(path)
    finally:
        opened.close()


def remember_folders(places: Places, folders: Sequence[str]) -> None:
    """Remember which folders `comet -f DIR` looked at, so that the next command can go on with them."""
    ini.write(_folders_file(places), json.dumps(list(folders)), durable=False)


def remembered_folders(places: Places) -> list[str]:
    """Return the folders of the last `comet -f DIR`, none if there was none."""
    try:
        with open(_folders_file(places), encoding="ascii") as stream:
            found = json.load(stream)
    except (OSError, ValueError):
        return []
    return [folder for folder in found if isinstance(folder, str)] if isinstance(found, list) else []


def chosen(places: Places, name: str | None, file: str | None = None, typed: Sequence[str] = ()) -> Profile:
    """Return the profile that is meant: the one that was named, the default one, or where only that is, `-`.

    Args:
        places: Where everything lies.
        name: What was named, None if nothing was.
        file: The file of profiles that was named.
        typed: Settings from the command line, as `section.key=value`.

    Raises:
        UsageError: there is none, or it is not clear which.
        SettingsError: main.ini or the profile is wrong.
    """
    if name != UNNAMED and (name is not None or file is not None or profiles.read(places, None).names):
        return profiles.load(places, name, file, typed)
    folders = remembered_folders(places)
    if folders:
        return unnamed(places, folders, typed)
    if name is None:
        return profiles.load(places, None, None, typed)  # which says that there is none
    raise UsageError(_("no folder was looked at yet"), hint=_("`comet -f DIR` looks at one"))


def unnamed(places: Places, folders: Sequence[str], typed: Sequence[str] = ()) -> Profile:
    """Return the profile of those who have none, with these folders."""
    # A slash at the end keeps white space at the end of a name from being taken for the ini file's.
    return profiles.unnamed(places, [os.path.join(folder, "") for folder in folders], typed)


def _folders_file(places: Places) -> str:
    return os.path.join(places.profile(UNNAMED), "folders.json")
