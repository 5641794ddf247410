"""What is lost when the world changes while duplicates are deleted: Comet beside jdupes, fdupes, rdfind and rmlint.

Each program gets two folders with byte-equal copies of music and is told to delete the duplicates; Comet scans,
compares, applies and purges. At its first deletion (Comet's first move) the program is held for a moment, in which the
world changes. *Lost* are contents that were there, before or since, and are nowhere any more. The control changes
nothing: all duplicates have to go, or a program would be safe by doing nothing.

`python -m tests.benchmarks.hazards` as root, with those programs, strace and bindfs installed (those that are not there
are left out): some minutes. Prints a table in Markdown.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.factories import tune, write

TOP = Path(__file__).parents[2]
PAIRS = 4
HELD = 1_000_000
"""Microseconds for which a program is held at its first deletion: the world needs some milliseconds."""
DELETIONS = "unlink,unlinkat,rename,renameat,renameat2"

Pairs = Sequence[tuple[Path, Path]]
"""A file that is kept and its copy that goes, for each tune."""


@dataclass(frozen=True)
class Peer:
    """Another program: how its version is asked, and what deletes the duplicates in `A` and `B`."""

    version: tuple[str, ...]
    commands: tuple[tuple[str, ...], ...]


PEERS = {
    "jdupes": Peer(("jdupes", "-v"), (("jdupes", "-r", "-O", "-d", "-N", "A", "B"),)),
    "fdupes": Peer(("fdupes", "-v"), (("fdupes", "-r", "-d", "-N", "A", "B"),)),
    "rdfind": Peer(("rdfind", "-v"), (("rdfind", "-deleteduplicates", "true", "-makeresultsfile", "false", "A", "B"),)),
    "rmlint": Peer(
        ("rmlint", "--version"), (("rmlint", "-T", "df", "-o", "sh:x.sh", "A", "B"), ("sh", "x.sh", "-d", "-x"))
    ),
    "rmlint -p": Peer(
        ("rmlint", "--version"), (("rmlint", "-T", "df", "-o", "sh:x.sh", "A", "B"), ("sh", "x.sh", "-d", "-x", "-p"))
    ),
}


# what the world does meanwhile


def _edit(path: Path, *, same_time: bool) -> None:
    status = path.stat()
    content = path.read_bytes()
    path.write_bytes(content[:-400] + hashlib.blake2b(content + bytes(path)).digest() * 6 + content[-16:])
    if same_time:
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def _each(act: Callable[[Path, Path], object]) -> Callable[[Pairs], None]:
    def world(pairs: Pairs) -> None:
        for kept, goes in pairs:
            if goes.exists():  # one may be gone, or moved aside, already
                act(kept, goes)

    return world


def _replaced(_kept: Path, goes: Path) -> None:
    other = goes.with_name("other")
    shutil.copy2(goes, other)
    _edit(other, same_time=True)
    other.replace(goes)


WORLDS: dict[str, Callable[[Pairs], None]] = {
    "control": lambda _pairs: None,
    "kept copy deleted": _each(lambda kept, _goes: kept.unlink()),
    "kept copy rewritten": _each(lambda kept, _goes: kept.write_bytes(b"another work")),
    "copy edited": _each(lambda _kept, goes: _edit(goes, same_time=False)),
    "copy edited, time kept": _each(lambda _kept, goes: _edit(goes, same_time=True)),
    "copy replaced": _each(_replaced),
}
VIEWS = {
    "same folder by bind mount": ("mount", "--bind", "A", "B"),
    "same folder by FUSE": ("bindfs", "A", "B"),
    "same folder by link": ("ln", "-s", "A", "B"),
}


def _names(number: int) -> str:
    return ("plain", "new\nline", "quote ' $(touch x) \"", "\udcff bytes")[number % 4] + f" {number}.flac"


def build(folder: Path, tunes: Sequence[bytes], *, copies: bool) -> Pairs:
    """Make the folders `A` with a file of each tune, and `B` with copies, which are younger."""
    pairs = []
    for name in ("A", "B"):
        (folder / name).mkdir()
    for number, content in enumerate(tunes):
        pair = folder / "A" / _names(number), folder / "B" / _names(number)
        for age, path in zip((9000, 5000), pair if copies else pair[:1], strict=False):
            path.write_bytes(content)
            os.utime(path, (time.time() - age,) * 2)
        pairs.append(pair)
    return pairs


def contents(folder: Path) -> set[bytes]:
    """Return the contents of all files in `A` and `B`, Comet's quarantine among them."""
    found = set()
    for inside, _folders, names in (each for name in ("A", "B") for each in os.walk(folder / name)):
        found.update(
            Path(inside, name).read_bytes() for name in names if not os.path.islink(os.path.join(inside, name))
        )
    return found


def held(command: Sequence[str], folder: Path, calls: str, world: Callable[[], None]) -> None:
    """Run a command, and let something happen at the first of these calls."""
    log = folder / "trace"
    tracing = ("strace", "-f", "-qq", "-o", str(log), "-e", f"trace={calls}", "-e")
    delayed = (*tracing, f"inject={calls}:delay_enter={HELD}:when=1", *command)
    with subprocess.Popen(
        delayed, cwd=folder, env=_env(folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        while process.poll() is None and not (log.exists() and log.stat().st_size):
            time.sleep(0.002)
        world()


def _run(folder: Path, *command: str) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False, env=_env(folder))
    return done.stdout.decode(errors="surrogateescape") or done.stderr.decode()


def _env(folder: Path) -> dict[str, str]:
    return os.environ | {"COMET_HOME": str(folder / "home"), "PYTHONPATH": str(TOP)}


def _comet(*words: str) -> tuple[str, ...]:
    return (sys.executable, "-P", "-m", "comet", *words, "--profile", "k")


def peer(name: str, folder: Path, pairs: Pairs, world: Callable[[Pairs], None]) -> set[bytes]:
    """Let a program delete the duplicates; return what was there as it began."""
    *before, last = PEERS[name].commands
    for command in before:
        _run(folder, *command)
    there: list[set[bytes]] = []
    held(last, folder, DELETIONS, lambda: (world(pairs), there.append(contents(folder)))[-1])
    return there[0]


def comet(_name: str, folder: Path, _pairs: Pairs, world: Callable[[Pairs], None]) -> set[bytes]:
    """Let Comet do so: scan, correlate, apply and purge; return what was there as it began to move files."""
    _run(folder, *_comet("setup", "--root", "A", "--root", "B", "--yes", "--no-compile"))
    for command in ("scan", "correlate"):
        _run(folder, *_comet(command))
    told = _run(folder, *_comet("plan"))
    pairs = _planned(json.loads(told)) if told.startswith("{") else []
    there: list[set[bytes]] = []
    held(
        _comet("apply", "--all", "--yes"),
        folder,
        "renameat2",
        lambda: (world(pairs), there.append(contents(folder)))[-1],
    )
    _run(folder, *_comet("purge", "1", "--yes"))
    return there[0]


def _planned(plan: dict[str, Any]) -> Pairs:
    def path(file: dict[str, str]) -> Path:
        return Path(plan["roots"][file["root"]], file["path"])

    return [(path(step["keeper"]), path(step["file"])) for step in plan["steps"] if step["do"] == "remove"]


def tried(name: str, hazard: str, tunes: Sequence[bytes]) -> str:
    """Return what a program did in a hazard: how many contents are lost, or in the control how many duplicates went."""
    folder = Path(tempfile.mkdtemp(prefix="comet-hazards-"))
    try:
        pairs = build(folder, tunes, copies=hazard in WORLDS)
        if view := VIEWS.get(hazard):
            (folder / "B").rmdir() if view[0] == "ln" else None
            subprocess.run(view, cwd=folder, check=True)
        there = (comet if name == "Comet" else peer)(name, folder, pairs, WORLDS.get(hazard, WORLDS["control"]))
        if hazard == "control":
            left = sum(path.exists() for pair in pairs for path in pair)
            return f"{2 * PAIRS - left} of {PAIRS}"
        return str(len(there - contents(folder)))
    finally:
        if VIEWS.get(hazard, ("ln",))[0] != "ln":
            subprocess.run(["umount", "-l", folder / "B"], check=True)
        shutil.rmtree(folder)


def _flac(folder: Path, seed: int) -> bytes:
    write(folder / "x.flac", tune(seed, 12.0))
    return (folder / "x.flac").read_bytes()


def main() -> None:
    """Print the table."""
    out = sys.stdout.write
    chosen = argparse.ArgumentParser(description=__doc__)
    chosen.add_argument("--only", nargs="*", help="these programs")
    names = ["Comet", *(name for name in PEERS if shutil.which(name.split()[0]))]
    names = [name for name in names if name in (chosen.parse_args().only or names)]
    with tempfile.TemporaryDirectory() as folder:
        os.environ.setdefault("NUMBA_CACHE_DIR", folder)  # each home would compile its own
        tunes = [_flac(Path(folder), seed) for seed in range(PAIRS)]
        hazards = [*WORLDS, *VIEWS]
        out(f"| program | {' | '.join(hazards)} |\n{'|---' * (1 + len(hazards))}|\n")
        for name in names:
            out(f"| {name} | {' | '.join(tried(name, hazard, tunes) for hazard in hazards)} |\n")
            sys.stdout.flush()
    for name in names:
        if name in PEERS:
            out(f"{name}: {_run(TOP, *PEERS[name].version).splitlines()[0]}\n")


if __name__ == "__main__":
    main()
