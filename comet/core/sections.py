"""Every setting, declared once: type, default, range, unit, help.

`main.ini`, overrides in `profiles.ini`, `--set`, and the reference in the docs are all made from here (`settings`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from comet.core.text import N_


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
class CoversSettings:
    """How covers are made."""

    least: int = _setting(
        600, "A cover whose sides are shorter is a poor one; a larger picture is not made smaller than that.",
        low=1, high=10000, unit="px",
    )  # fmt: skip
    most: int = _setting(
        1200, "A larger picture is made smaller, by a whole factor if that leaves it between both.",
        low=1, high=10000, unit="px",
    )  # fmt: skip
    quality: int = _setting(90, "How well JPEG keeps it; the larger, the more bytes.", low=1, high=95)
    subsampling: str = _text(
        "4:4:4",
        "How JPEG keeps colours: `4:4:4` all of them, `4:2:2` half, `4:2:0` a quarter.",
        pattern="4:4:4|4:2:2|4:2:0",
        form=N_("`4:4:4`, `4:2:2` or `4:2:0`"),
    )
    folder_picture: int = _setting(0, "1 also writes it as `folder.jpg` into the folder of the files.", high=1)


@dataclass(frozen=True, slots=True)
class BackupSettings:
    """How a Yandex Music collection is backed up."""

    library: str = _text(
        "",
        "The root folder that new files go into; the first one where it is empty.",
        pattern=r"(?s)[^\0]{0,4000}",
        form=N_("the path of a root folder of the profile"),
    )
    path: str = _text(
        "{albumartist}/{year} - {album}/{disc}{number} {title}",
        "Where a file goes below it, without its ending. Fields: `{artist}`, `{albumartist}`, `{album}`, `{title}`, "
        "`{year}`, `{disc}`, `{number}`, `{genre}`, `{id}`.",
        pattern=r"(?s)[^\0/][^\0]{0,999}",
        form=N_("a path of names and fields in braces, with no `/` in front"),
    )
    playlists: str = _text(
        "Playlists",
        "The folder below it that playlists go into.",
        pattern=r"(?s)[^\0/][^\0]{0,999}",
        form=N_("a path with no `/` in front"),
    )
    quality: str = _text(
        "lossless",
        "The best quality that is asked for.",
        pattern="lossless|hq|nq",
        form=N_("`lossless`, `hq` or `nq`"),
    )
    lyrics: str = _text(
        "synced",
        "Which lyrics go into the tags: `synced` those with times where there are any, `text` those without, `none`.",
        pattern="synced|text|none",
        form=N_("`synced`, `text` or `none`"),
    )
    most_new: int = _setting(500, "Tracks that one run downloads at most.", low=1)
    pace: float = _setting(3.0, "Questions to the service at most.", low=0.1, high=20, unit="1/s")
    on_change: str = _text(
        "",
        "Command that is run when a run ends otherwise than the one before; it finds COMET_EXIT, COMET_PREVIOUS, "
        "COMET_NEW and COMET_MISSING in its environment.",
        pattern=r"(?s)[^\0]{0,4000}",
        form=N_("a command"),
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
    covers: CoversSettings = field(default_factory=CoversSettings)
    backup: BackupSettings = field(default_factory=BackupSettings)
    ui: UiSettings = field(default_factory=UiSettings)
