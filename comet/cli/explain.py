"""`comet explain`: what the parameters of matching are worth, and why some of them are no settings."""

from __future__ import annotations

import argparse
import dataclasses
import textwrap
from collections.abc import Iterator

from comet import explained
from comet.cli import out
from comet.cli.parser import typed
from comet.core import places, profiles, settings
from comet.core.errors import UsageError
from comet.core.sections import Settings
from comet.core.text import _, safe
from comet.explained import Parameter

_WIDE = 100
"""Columns of a paragraph at most: longer lines are hard to read."""


def run(arguments: argparse.Namespace) -> int:
    """Explain all parameters, or one."""
    found = _chosen(arguments.name)
    now = _settings(arguments)
    if arguments.json:
        for each in found:
            out.dump({**dataclasses.asdict(each), "now": _now(each, now)})
        return 0
    width = min(out.width() or _WIDE, _WIDE)
    for each in found:
        print(*_told(each, now, width), "", sep="\n")
    print(textwrap.fill(explained.basis(), width))
    return 0


def _chosen(name: str | None) -> tuple[Parameter, ...]:
    found = explained.parameters()
    if name is None:
        return found
    meant = tuple(each for each in found if name in {each.name, each.setting, each.setting.rpartition(".")[2]})
    if not (name and meant):
        raise UsageError(
            _("`{name}` is no parameter of matching").format(name=safe(name)),
            hint=_("there are: {names}").format(names=", ".join(each.name for each in found)),
        )
    return meant


def _settings(arguments: argparse.Namespace) -> Settings:
    """Return what holds now: a profile's settings where one is named, else those of all profiles."""
    here = places.places()
    if arguments.profile is not None or arguments.profiles:
        return profiles.load(here, arguments.profile, arguments.profiles, typed(arguments)).settings
    return profiles.unnamed(here, [], typed(arguments)).settings


def _now(parameter: Parameter, values: Settings) -> settings.Known | None:
    section, _dot, key = parameter.setting.partition(".")
    return getattr(getattr(values, section), key) if key else None


def _told(parameter: Parameter, values: Settings, width: int) -> Iterator[str]:
    """Yield a parameter as lines."""
    value = _now(parameter, values)
    unit = next((each.unit for each in settings.declared() if each.name == parameter.setting), "")
    head = _("no setting") if value is None else f"{parameter.setting} = {settings.show(value)} {unit}".rstrip()
    yield f"{parameter.name} ({head})"
    for text in (parameter.what, parameter.advice):
        yield from textwrap.wrap(text, width, initial_indent="  ", subsequent_indent="  ")
    if not parameter.measured:
        return
    titles = ["", _("a pair"), _("q99"), _("easy"), _("hard"), ""]
    rows = [
        [
            each.value,
            f"{each.cost:.0f} us",
            f"{each.q99:.2f}",
            f"{each.easy:.1%}",
            f"{each.hard:.1%}",
            _("built in") if each.chosen else "",
        ]
        for each in parameter.measured
    ]
    for line in out.table([titles, *rows], right=(0, 1, 2, 3, 4)):
        yield f"    {line}"
