"""Settings read, checked and shown; each is declared in `sections`."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, get_type_hints

from comet.core.errors import SettingsError
from comet.core.ini import Section, Value, place
from comet.core.sections import Settings
from comet.core.text import _

HIDDEN: Final = "***"
"""Stands for a secret wherever a value is shown."""

_USER: Final = re.compile(r"\A([^/@]*//)?.*@", re.DOTALL)
"""An address as far as its name and password go."""

Known = float | int | str
"""What a setting can be."""


@dataclass(frozen=True, slots=True)
class Declared:
    """One setting as it is declared."""

    section: str
    key: str
    kind: type
    default: Any
    low: float
    high: float | None
    unit: str
    help: str
    pattern: str
    """What all of a text matches; empty for a number."""
    form: str
    """The pattern in words."""
    secret: bool
    """It is never shown."""

    @property
    def name(self) -> str:
        """As it stands in a profile: `section.key`."""
        return f"{self.section}.{self.key}"

    @property
    def of_all(self) -> bool:
        """It stands in `main.ini` only: it is needed before a profile is chosen, and for all of them."""
        return self.section == "ui"

    @property
    def expected(self) -> str:
        """What a value must be, for a message."""
        if self.kind is str:
            return _(self.form)
        number = _("a whole number") if self.kind is int else _("a number")
        unit = f" ({self.unit})" if self.unit else ""
        if self.high is None:
            return _("{number} from {low:g} on{unit}").format(number=number, low=self.low, unit=unit)
        return _("{number} from {low:g} to {high:g}{unit}").format(
            number=number, low=self.low, high=self.high, unit=unit
        )


def declared() -> Iterator[Declared]:
    """Yield every setting in order."""
    for part in dataclasses.fields(Settings):
        kind = get_type_hints(Settings)[part.name]
        hints = get_type_hints(kind)
        for item in dataclasses.fields(kind):
            meta = item.metadata
            yield Declared(
                part.name,
                item.name,
                hints[item.name],
                item.default,
                meta["low"],
                meta["high"],
                meta["unit"],
                meta["help"],
                meta.get("pattern", ""),
                meta.get("form", ""),
                meta.get("secret", False),
            )


def parse(setting: Declared, value: Value) -> Known:
    """Return the number or text in `value`.

    Raises:
        SettingsError: it is none, or out of range; a secret is not repeated, nor a password in an address.
    """
    if setting.kind is str:
        if not re.fullmatch(setting.pattern, value.text):
            shown = HIDDEN if setting.secret else _USER.sub(rf"\g<1>{HIDDEN}@", value.text)
            raise replace(value, text=shown).wrong(setting.expected)
        return value.text
    try:
        number = setting.kind(value.text)
    except ValueError:
        raise value.wrong(setting.expected) from None
    if not setting.low <= number <= (setting.high if setting.high is not None else number):
        raise value.wrong(setting.expected)
    return number  # type: ignore[no-any-return]


def build(values: Mapping[str, Known]) -> Settings:
    """Return the settings with `values` (by `section.key`) over the defaults."""
    parts = {}
    for part in dataclasses.fields(Settings):
        kind = get_type_hints(Settings)[part.name]
        parts[part.name] = kind(**{k.split(".")[1]: v for k, v in values.items() if k.split(".")[0] == part.name})
    return Settings(**parts)


def from_main(sections: Mapping[str, Section], file: str) -> dict[str, Value]:
    """Return what `main.ini` sets, by `section.key`.

    Raises:
        SettingsError: a line, section or key that is not known, or a value that is out of range.
    """
    for error in mistakes(sections, file):
        raise error
    return {f"{section.name}.{key}": value for section in sections.values() for key, value in section.values.items()}


def mistakes(sections: Mapping[str, Section], file: str) -> Iterator[SettingsError]:
    """Yield everything that is wrong with `main.ini`."""
    known = {d.name: d for d in declared()}
    for section in sections.values():
        yield from section.errors
        for key, value in section.values.items():
            setting = known.get(f"{section.name}.{key}")
            try:
                if setting is None:
                    here = [d.key for d in known.values() if d.section == section.name]
                    raise unknown(file, section.name, value.line, key, here)
                parse(setting, value)
            except SettingsError as error:
                yield error


def unknown(file: str, section: str, line: int, key: str, known: list[str]) -> SettingsError:
    """Return the error that `key` is no setting."""
    return SettingsError(
        _("{where}: unknown key `{key}`").format(where=place(file, section, line), key=key),
        hint=_("known here: {keys}").format(keys=", ".join(known) or _("nothing")),
    )


def template() -> str:
    """Return a `main.ini` with every default, commented."""
    lines = [
        "# " + _("Comet's settings for all profiles. A profile in profiles.ini may set any of them too,"),
        "# " + _("as `section.key = value`. The values below are the defaults."),
    ]
    section = ""
    for item in declared():
        if item.section != section:
            section = item.section
            lines += ["", f"[{section}]"]
        unit = f" [{item.unit}]" if item.unit else ""
        lines += [f"# {_(item.help)}{unit} {item.expected}", f"{item.key} = {show(item.default)}".rstrip()]
    return "\n".join(lines) + "\n"


def show(value: Known) -> str:
    """Return a value as it is written in an ini file."""
    return f"{value:g}" if isinstance(value, float) else str(value)


def expand(path: str) -> str:
    """Return a path from an ini file or the command line, absolute, `~` resolved."""
    return os.path.abspath(os.path.expanduser(path))
