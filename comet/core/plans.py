"""Plans as JSON: written so that a person can read and edit them, read back with every mistake named.

The journal keeps its steps in the same form. Paths are text with lone surrogates for bytes that are not UTF-8, and the
JSON is ASCII, so any name survives any editor.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from typing import Any, Final

from comet.core.acts import KINDS, Content, Do, Plan, Step
from comet.core.errors import UsageError
from comet.core.merged import Settled
from comet.core.model import Identity, Place
from comet.core.text import N_, _, safe

VERSION: Final = 1

_KINDS: Final = {
    str: N_("a text"),
    int: N_("a whole number"),
    list: N_("a list"),
    dict: N_("an object"),
    float: N_("a number"),
}

_PATHS: Final = ("path", "picture", "staged")
"""What may hold half a pair of surrogates: it stands for a byte."""


def identity_json(identity: Identity) -> dict[str, Any]:
    """Return a file's identity as JSON."""
    return {
        "root": identity.root,
        "path": os.fsdecode(identity.path),
        "size": identity.size,
        "mtime_ns": identity.mtime_ns,
        "audio": identity.audio,
    }


def step_json(step: Step) -> dict[str, Any]:
    """Return a step as JSON."""
    found: dict[str, Any] = {"do": step.do.value, "file": identity_json(step.file)}
    if step.old is not None and step.new is not None:
        found["with"] = {"from": _place_json(step.old), "to": _place_json(step.new)}
    if step.tags or step.do is Do.WRITE_TAGS:
        found["with"] = {"tags": {name: list(values) for name, values in step.tags.items()}}
    if step.pictures:
        pictures = {kind: each and _content_json(each, "picture") for kind, each in step.pictures.items()}
        found["with"] = {**found.get("with", {}), "pictures": pictures}
    if step.sources:
        found["with"] = {**found.get("with", {}), "sources": [identity_json(each) for each in step.sources]}
    if step.staged is not None:
        replaces = {"replaces": step.replaces} if step.replaces else {}
        found["with"] = {**_content_json(step.staged, "staged"), **replaces}
    if step.keeper is not None:
        found["keeper"] = identity_json(step.keeper)
    return {**found, "group": step.group, "why": step.why}


def plan_json(plan: Plan, roots: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return a plan as JSON; where the `roots` are now, by id, is for those who read it, and not read back."""
    return {
        "version": VERSION,
        "profile": plan.profile,
        "made": plan.made,
        **({"roots": dict(roots)} if roots is not None else {}),
        "steps": [step_json(step) for step in plan.steps],
    }


def _place_json(place: Place) -> dict[str, Any]:
    return {"root": place.root, "path": os.fsdecode(place.path)}


def _content_json(content: Content, name: str) -> dict[str, str]:
    return {name: os.fsdecode(content.path), "hash": content.hash}


def parse(text: str | bytes, name: str) -> Plan:
    """Return the plan in `text`; `name` is what messages call it.

    Raises:
        UsageError: it is none; the message says where and what was expected.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _wrong(name, "", _("JSON: {reason}").format(reason=safe(str(error)))) from error
    reader = _Reader(name)
    version = reader.of(value, "version", int)
    if version != VERSION:
        raise UsageError(
            _("plan `{name}` has version {version}, and this Comet knows {known}").format(
                name=safe(name), version=version, known=VERSION
            ),
            hint=_("make a new one with `comet plan`"),
        )
    steps = reader.of(value, "steps", list)
    return Plan(
        reader.of(value, "profile", str),
        float(reader.of(value, "made", float)),
        tuple(reader.step(step, f"steps[{at}]") for at, step in enumerate(steps)),
    )


def step_from(value: object) -> Step:
    """Return a step of the journal's."""
    return _Reader("journal").step(value, "step")


def identity_from(value: object) -> Identity:
    """Return an identity of the journal's."""
    return _Reader("journal").identity(value, "file")


def settled_json(settled: Settled) -> dict[str, Any]:
    """Return what was settled about tags as the journal keeps it."""
    fields = {name: list(values) for name, values in settled.fields.items()}
    return {"fields": fields, "own": settled.own, "all_files": settled.all_files}


def settled_from(value: Mapping[str, Any]) -> Settled:
    """Return what the journal has kept."""
    fields = {name: tuple(values) for name, values in value["fields"].items()}
    return Settled(fields, value["own"], value["all_files"])


def _wrong(name: str, where: str, expected: str) -> UsageError:
    at = _(" at `{where}`").format(where=safe(where)) if where else ""
    return UsageError(
        _("plan `{name}`{at}: expected {expected}").format(name=safe(name), at=at, expected=expected),
        hint=_("`comet plan` writes a good one to start from"),
    )


def _fits(found: object, kind: type) -> bool:
    if kind is not float:
        return isinstance(found, kind)
    return isinstance(found, float) or (isinstance(found, int) and abs(found) <= sys.float_info.max)


def path_usable(path: bytes) -> bool:
    """Tell whether a path can name a file of the user's below a root: it does not lead out, nor to what is Comet's."""
    parts = path.lower().split(b"/")  # exFAT and its like have one name for small letters and capitals
    odd = [part for part in parts if part in (b"", b".", b"..", b".comet") or part.startswith(b".comet-")]
    return b"\0" not in path and not odd


def field_usable(name: str) -> bool:
    """Tell whether a field of a tag can be called so in every kind of tag: small letters, digits and signs of ASCII."""
    plain = all(" " <= each <= "}" and each != "=" for each in name)
    return plain and 1 < len(name) <= 200 and name == name.strip().lower()


def field_storable(name: str) -> bool:
    """Tell whether a plan can speak of a field that was found in a file: some kinds of tags call theirs anything."""
    return 0 < len(name) <= 200 and name == name.strip() and name.isprintable() and name == name.lower()


def value_storable(text: str) -> bool:
    """Tell whether a plan can hold a value that was found in a file."""
    return text != "" and _storable(text)


def _storable(found: object) -> bool:
    """Tell whether a value is no text with half a pair of surrogates, which JSON can hold and a database cannot."""
    return not isinstance(found, str) or not any("\ud800" <= char <= "\udfff" for char in found)


_MOST = 1 << 63
"""What the system and the journal can hold."""


class _Reader:
    """Takes JSON apart and says exactly where it is not as it should be."""

    def __init__(self, name: str) -> None:
        self._name = name

    def of(self, value: object, key: str, kind: type, where: str = "") -> Any:  # noqa: ANN401 - of the kind asked for
        path = f"{where}.{key}" if where else key
        if not isinstance(value, Mapping):
            raise _wrong(self._name, where, _(_KINDS[dict]))
        found = value.get(key)
        if isinstance(found, bool) or not _fits(found, kind) or (key not in _PATHS and not _storable(found)):
            raise _wrong(self._name, path, _(_KINDS[kind]))
        return found

    def step(self, value: object, where: str) -> Step:
        do = self.of(value, "do", str, where)
        if do not in [each.value for each in Do]:
            known = ", ".join(f"`{each}`" for each in Do)
            raise _wrong(self._name, f"{where}.do", _("one of {known}").format(known=known))
        file = self.identity(self.of(value, "file", dict, where), f"{where}.file")
        group, why = self.of(value, "group", str, where), self.of(value, "why", str, where)
        if do == Do.REMOVE:
            keeper = self.identity(self.of(value, "keeper", dict, where), f"{where}.keeper")
            return Step(Do.REMOVE, file, group, why, keeper)
        change, where = self.of(value, "with", dict, where), f"{where}.with"
        if do == Do.PLACE:
            staged = self._content(change, "staged", where)
            replaces = self.of({"replaces": "", **change}, "replaces", str, where)
            return Step(Do.PLACE, file, group, why, staged=staged, replaces=replaces)
        if do == Do.REPOINT:
            old, new = (self.place(self.of(change, key, dict, where), f"{where}.{key}") for key in ("from", "to"))
            return Step(Do.REPOINT, file, group, why, old=old, new=new)
        tags = self._tags(change, where) if do == Do.WRITE_TAGS else {}
        pictures = self._pictures(change, where) if do == Do.EMBED or "pictures" in change else {}
        sources = self.of({"sources": [], **change}, "sources", list, where)
        others = tuple(self.identity(each, f"{where}.sources[{at}]") for at, each in enumerate(sources))
        return Step(Do(do), file, group, why, tags=tags, pictures=pictures, sources=others)

    def _tags(self, change: object, where: str) -> dict[str, tuple[str, ...]]:
        tags = self.of(change, "tags", dict, where)
        for name in tags:
            if not field_storable(name):
                raise _wrong(self._name, f"{where}.tags", _("names of fields in small letters"))
            values = self.of(tags, name, list, f"{where}.tags")
            if not all(isinstance(each, str) and value_storable(each) for each in values):
                raise _wrong(self._name, f"{where}.tags.{name}", _("a list of texts"))
        return {name: tuple(values) for name, values in tags.items()}

    def _pictures(self, change: object, where: str) -> dict[str, Content | None]:
        pictures = self.of(change, "pictures", dict, where)
        if not set(pictures) <= set(KINDS):
            raise _wrong(
                self._name, f"{where}.pictures", _("kinds of pictures: {known}").format(known=", ".join(KINDS))
            )
        return {
            kind: None if each is None else self._content(each, "picture", f"{where}.pictures.{kind}")
            for kind, each in pictures.items()
        }

    def _content(self, value: object, key: str, where: str) -> Content:
        path = self._path(value, key, where)
        if not path.startswith(b"/") or b"\0" in path:
            raise _wrong(self._name, f"{where}.{key}", _("an absolute path"))
        return Content(path, self.of(value, "hash", str, where))

    def identity(self, value: object, where: str) -> Identity:
        place = self.place(value, where)
        size, mtime_ns = self.of(value, "size", int, where), self.of(value, "mtime_ns", int, where)
        if not (0 <= size < _MOST and abs(mtime_ns) < _MOST):
            raise _wrong(self._name, where, _("a size and a time that a file can have"))
        return Identity(place.root, place.path, size, mtime_ns, self.of(value, "audio", str, where))

    def place(self, value: object, where: str) -> Place:
        """Return a place; a path that leads out of its root, or into Comet's own folder, is none."""
        root, path = self.of(value, "root", str, where), self._path(value, "path", where)
        if not path_usable(path):
            raise _wrong(self._name, f"{where}.path", _("a path below its root, without `..`, that is not Comet's"))
        return Place(root, path)

    def _path(self, value: object, key: str, where: str) -> bytes:
        try:
            return os.fsencode(self.of(value, key, str, where))
        except UnicodeEncodeError:
            raise _wrong(self._name, f"{where}.{key}", _("a path")) from None
