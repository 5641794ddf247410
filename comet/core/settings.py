"""Every setting, declared once: type, default, range, unit, help.

`main.ini`, overrides in `profiles.ini`, `--set`, and the reference in the docs are all made from here.
"""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, get_type_hints

from comet.core.errors import SettingsError
from comet.core.ini import Section, Value, place
from comet.core.text import N_, _

HIDDEN: Final = "***"
"""Stands for a secret wherever a value is shown."""

_USER: Final = re.compile(r"\A([^/@]*//)?.*@", re.DOTALL)
"""An address as far as its name and password go."""


def _setting(default: Any, help: str, *, low: float = 0, high: float | None = None, unit: str = "") -> Any:  # noqa: A002, ANN401
    return field(default=default, metadata={"help": help, "low": low, "high": high, "unit": unit})


def _text(default: str, help: str, *, pattern: str, form: str, secret: bool = False) -> Any:  # noqa: A002, ANN401
    """Declare a setting that is a text: all of it matches `pattern`, which `form` says in words."""
    meta = {"help": help, "low": 0, "high": None, "unit": "", "pattern": pattern, "form": form, "secret": secret}
    return field(default=default, repr=not secret, metadata=meta)


@dataclass(frozen=True, slots=True)
class FingerprintSettings:
    """How a file is listened to."""

    length: float = _setting(
        0.0,
        "How much of each track is fingerprinted, 0 for the whole track. Less is faster, but then no pair is clear: "
        "what is missing at the end cannot be seen.",
        high=86400,
        unit="s",
    )


@dataclass(frozen=True, slots=True)
class ScanSettings:
    """How files are found and read."""

    workers: int = _setting(
        0,
        "Processes that listen at the same time, 0 for one a processor, and one more for a disk that spins.",
        high=256,
    )
    timeout: float = _setting(
        60.0,
        "How long one file may take, and 20 s more for each MB, up to half an hour; then it is a problem.",
        low=1,
        high=86400,
        unit="s",
    )
    memory: int = _setting(
        4096, "Memory that one listening process may take; a file that needs more is a problem.", low=512, unit="MB"
    )
    readers: int = _setting(
        1,
        "Files that are read at the same time from one spinning disk. More helps where it does not really spin, or is "
        "many disks.",
        low=1,
        high=256,
    )
    nice: int = _setting(
        10, "How far listening steps back behind other programs at the processor: 19 the most, 0 not at all.", high=19
    )
    ionice: int = _setting(
        7,
        "How far listening steps back behind other programs at the disk: 7 the most, 0 not at all, and with 8 it reads "
        "only while nobody else does.",
        high=8,
    )


@dataclass(frozen=True, slots=True)
class CorrelateSettings:
    """How everything is compared with everything."""

    sample: float = _setting(
        120.0,
        "How much of each track's start is compared with all others. The relation is always judged on whole tracks.",
        low=15,
        high=900,
        unit="s",
    )
    span: float = _setting(
        0.0,
        "Largest shift that is tried between two tracks, 0 for every one. 20 takes a third of the time.",
        high=3600,
        unit="s",
    )
    memory: int = _setting(
        0,
        "Memory that Comet may take in all while it correlates: what is resident before, the fingerprints and a chunk. "
        "0 for what is free, less what `memory_share` leaves to others.",
        unit="MB",
    )
    memory_share: float = _setting(
        0.5, "Share of the free memory that may be taken where `memory` is 0.", low=0.01, high=0.95
    )
    write_every: float = _setting(
        30.0,
        "A chunk is written about as often; an interruption loses what came after it.",
        low=0.01,
        high=3600,
        unit="s",
    )


@dataclass(frozen=True, slots=True)
class JudgeSettings:
    """What counts as the same recording."""

    false_pairs: float = _setting(
        0.1, "False pairs that you accept in the whole collection: the line is drawn there.", low=1e-9, high=1e6
    )


@dataclass(frozen=True, slots=True)
class IdentifySettings:
    """How tracks are looked up at AcoustID."""

    key: str = _text(
        "",
        "Your application's key at AcoustID, from https://acoustid.org/new-application. COMET_ACOUSTID_KEY in the "
        "environment beats it.",
        pattern="[A-Za-z0-9]{0,64}",
        form=N_("up to 64 letters and digits"),
        secret=True,
    )
    url: str = _text(
        "https://api.acoustid.org/v2/",
        "Where the service is.",
        pattern=r"https?://[^\s/?#@]+(/[^\s?#@]*)?",
        form=N_("an address that begins with http:// or https://"),
    )


@dataclass(frozen=True, slots=True)
class TagsSettings:
    """How tags are written."""

    keep_time: int = _setting(
        0, "1 leaves a file's time as it is when its tags are written; media servers do not notice then.", high=1
    )


@dataclass(frozen=True, slots=True)
class ReviewSettings:
    """What is proposed for a group."""

    tags: str = _text(
        "merge",
        "What becomes of the tags of a group: `merge` makes one set of them, which the files that stay get, and `own` "
        "leaves each file its own.",
        pattern="merge|own",
        form=N_("`merge` or `own`"),
    )
    write_tags_to: str = _text(
        "kept",
        "Which files get the merged tags: `kept` those that stay, `all` those that go too, before they go.",
        pattern="kept|all",
        form=N_("`kept` or `all`"),
    )
    albums: str = _text(
        "whole",
        "Whether albums stay whole: with `whole` a track stays that is also elsewhere, where an album would lose it "
        "but not all of its tracks, and with `single` one file of each recording stays.",
        pattern="whole|single",
        form=N_("`whole` or `single`"),
    )
    rules: str = _text(
        "",
        "Rules for which track of a group stays, from the weightiest on, with `;` between them: `keep lossless; never "
        "from /music/reference`. `comet review --rule` shows what they would do.",
        pattern="(?s).{0,2000}",
        form=N_("up to 2,000 letters"),
    )


@dataclass(frozen=True, slots=True)
class UiSettings:
    """How both faces speak, for all profiles."""

    language: str = _text(
        "auto",
        "The language of both faces: `en`, `ru`, or `auto` for that of the locale. COMET_LANGUAGE in the environment "
        "beats it.",
        pattern="auto|[a-z]{2,3}",
        form=N_("`auto` or a language, such as `en`"),
    )
    colours: str = _text(
        "auto",
        "The colours of the terminal application: `16`, `256`, `truecolor`, `none`, or `auto` for what the terminal "
        "says, and none where NO_COLOR is set.",
        pattern="auto|none|16|256|truecolor",
        form=N_("`auto`, `none`, `16`, `256` or `truecolor`"),
    )
    keys: str = _text(
        "",
        "Other keys for what can be done in the terminal application, with `;` between them, each after its name as "
        "the guide has it: `review.skip z; quarantine.purge f8`.",
        pattern=r"(?s)[^\0]{0,4000}",
        form=N_("names, each with a key"),
    )


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings, a section each."""

    fingerprint: FingerprintSettings = field(default_factory=FingerprintSettings)
    scan: ScanSettings = field(default_factory=ScanSettings)
    correlate: CorrelateSettings = field(default_factory=CorrelateSettings)
    judge: JudgeSettings = field(default_factory=JudgeSettings)
    identify: IdentifySettings = field(default_factory=IdentifySettings)
    tags: TagsSettings = field(default_factory=TagsSettings)
    review: ReviewSettings = field(default_factory=ReviewSettings)
    ui: UiSettings = field(default_factory=UiSettings)


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
