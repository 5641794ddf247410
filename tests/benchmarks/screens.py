"""What the terminal application takes: `python -m tests.benchmarks.screens [--library DIR] [--read]`, as tables.

Everything runs in a pseudo terminal of its own. CPU time and memory are the kernel's for the process; with its helpers
means all processes of its session. Bytes are counted until nothing comes any more. Lists of 1 000 to 1 000 000 groups
are those of eight groups of real files, over and over, so that the tags of each can be read; the start is that of 1 000
groups as `bench_many` makes them. `--read` reads 100 000 groups too, `--library` scans a copy of a folder of music for
what a running job sends. Beside it: Textual with nothing, its DataTable with the same rows, and `ncdu` where it is
installed. Seconds by the clock are those of the machine at that moment and not given.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import pty
import re
import select
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
import time
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from comet.collection.opened import opened
from comet.core import profiles
from comet.core.places import places
from tests.benchmarks.bench_many import fill
from tests.factories import tune, write
from tests.tui.conftest import Made

GROUPS = 8
SIZES = ((80, 24), (120, 40))
COUNTS = (1_000, 100_000, 1_000_000)
ROWS_OF_TABLE = (1_000, 100_000)
QUERIES = re.compile(
    rb"\x1b\[[>=]?0?c|\x1b\[[>?]?[0-9]*n|\x1b\[\?[0-9]*\$p|\x1b\[\?u|\x1b\][0-9;]*\?|\x1b\[1[4-9]t|\x1bP\+q"
)
"""What a terminal would answer."""
_QUIET = 0.8
_PATIENCE = 900.0
_PASSING = 12


class Screen:
    """A program on a terminal, with what it writes and what it takes."""

    def __init__(self, command: Sequence[str], size: tuple[int, int] = (80, 24), **more: str) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        env = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "SSH_CONNECTION")}
        env |= {"TERM": "xterm-256color", "LANGUAGE": "C", **more}
        self.process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, env=env, start_new_session=True
        )  # fmt: skip
        os.close(slave)
        self.written = b""

    def read(self, seconds: float) -> bool:
        """Take what was written, or wait so long for it."""
        if not select.select([self.master], [], [], seconds)[0]:
            return False
        self.written += os.read(self.master, 1 << 16)
        return True

    def until(self, words: bytes) -> float:
        """Read until words were written, and return the CPU time until then, in ms."""
        end = time.monotonic() + _PATIENCE
        while words not in self.written:
            if time.monotonic() > end or self.process.poll() is not None:
                raise TimeoutError(self.written[-2000:])
            self.read(0.01)
        return self.cpu

    def rest(self, seconds: float = _QUIET) -> None:
        """Read until nothing has come for so long."""
        while self.read(seconds):
            pass

    def press(self, key: bytes, quiet: float = _QUIET) -> tuple[int, float]:
        """Press a key, and return the bytes that came for it, and the CPU time in ms."""
        before, cpu = len(self.written), self.cpu
        os.write(self.master, key)
        self.read(5.0)
        self.rest(quiet)
        return len(self.written) - before, self.cpu - cpu

    @property
    def cpu(self) -> float:
        """CPU time of the process until now, in ms."""
        return time.clock_gettime((~self.process.pid << 3) | 2) * 1000  # CPUCLOCK_SCHED of linux/posix-timers.h

    @property
    def all_cpu(self) -> float:
        """The same with all of its helpers, those that ended among them, in ms; to 10 ms."""
        total = 0
        for each in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = each.read_text().rpartition(")")[2].split()
            except OSError:  # it has ended
                continue
            total += sum(map(int, fields[11:15])) if int(fields[3]) == self.process.pid else 0
        return total * 1000 / os.sysconf("SC_CLK_TCK")

    @property
    def most(self) -> float:
        """The most memory that the process has had, in MB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s*([0-9]+)", status)[1]) / 1024  # type: ignore[index]

    def close(self) -> None:
        """End it."""
        self.process.kill()
        self.process.wait()
        os.close(self.master)


@contextmanager
def screen(*arguments: str, size: tuple[int, int] = (80, 24), **more: str) -> Iterator[Screen]:
    """Run a module of Python's on a terminal."""
    shown = Screen([sys.executable, "-m", *arguments], size, **more)
    try:
        yield shown
    finally:
        shown.close()


def row(what: str, budget: str, *cells: str) -> None:
    """Print a line of a table."""
    sys.stdout.write(f"| {' | '.join((what, budget, *cells))} |\n")
    sys.stdout.flush()


def head(*cells: str) -> None:
    """Print what stands above a table."""
    sys.stdout.write(f"\n| {' | '.join(cells)} |\n|{'---|' * len(cells)}\n")


def make(folder: Path) -> None:
    """Write a profile with groups of real files, of which every second one has a conflict in its tags."""
    made = Made(places(), folder / "music")
    made.profile()
    for number in range(GROUPS):
        fields = {"title": f"Song {number}", "artist": "Somebody", "album": "Album", "date": "1994"}
        serials = []
        for form in ("flac", "mp3"):
            sound = folder / f"{number}.{form}"
            write(sound, tune(number, 3.0 + number / 10))
            if number % 2 and form == "mp3":
                fields |= {"date": "1995", "genre": "Trip-Hop"}
            serials.append(made.track(f"{form}/{number}.{form}", sound, fields=fields))
        made.pair(*serials)
    made.correlated()


def lengthen(path: Path, count: int) -> None:
    """Write a list of so many groups: those of the profile, over and over, each with a name and an id of its own."""
    from comet_tui import listed  # noqa: PLC0415 - reads its settings when it is loaded
    from comet_tui.session import Session  # noqa: PLC0415 - likewise

    found = Session(places()).review().proposals
    ends, texts = array("Q"), []
    for number in range(count):
        texts.append(f"\nsong {number}\n\n/music/{number:07}.flac\n".encode())
        ends.append(len(texts[-1]) + (ends[-1] if ends else 0))
    frees = sum(each.frees for each in found) * count // len(found)
    ids = b"".join(b"%016x" % number for number in range(count))
    many = listed.Listed(
        lambda number: found.record(number % len(found)), ids, bytes(count), b"".join(texts), ends, (count, frees)
    )
    with path.open("wb") as stream:
        listed.save(many, stream)


def start(home: Path) -> None:
    """Measure the start, with 1 000 groups."""
    head("start, 1 000 groups", "budget", "Comet", "Textual with nothing", "ncdu")
    os.environ["COMET_HOME"], music = str(home / "home"), home / "music"
    music.mkdir(parents=True)
    os.makedirs(places().config, exist_ok=True)
    Path(places().profiles_ini).write_text(f"[music]\nroots = {music}\n", encoding="utf-8")
    with opened(profiles.load(places(), "music"), places(), create=True) as collection:
        fill(collection, music, 1_000, 0)
    best: list[list[float]] = []
    for _time in range(5):
        with screen("comet_tui") as shown:
            paint = shown.until(b"keys")
            shown.until(b"groups left")
            shown.rest()
            best.append([paint, shown.cpu, shown.all_cpu, shown.most, len(shown.written)])
            queries = sorted({bytes(each) for each in QUERIES.findall(shown.written)})
    with screen("comet_tui", SSH_CONNECTION="a b c d") as shown:
        shown.until(b"keys")
        over_ssh = len(shown.written)
    bare = []
    for _time in range(5):
        with screen("tests.benchmarks.shown", "table", "0") as shown:
            bare.append([shown.until(b"here it is"), shown.most])
    disk = ncdu(music)
    paint, whole, helped, most, sent = map(min, zip(*best, strict=True))
    row("CPU to the first paint, ms", "450", f"{paint:.0f}", f"{min(bare)[0]:.0f}", disk[0])
    row("CPU until groups and tags are there, ms", "800", f"{whole:.0f}", "", "")
    row("the same with its helpers, ms", "", f"{helped:.0f}", "", "")
    row("the most memory, MB", "80", f"{most:.0f}", f"{min(bare)[1]:.0f}", disk[1])
    row("bytes of the first paint; over SSH", "", f"{sent:.0f}; {over_ssh}", "", "")
    row("bytes of a key", "700", "see below", "", disk[2])
    row("questions to the terminal", "none", ", ".join(repr(each)[2:-1] for each in queries) or "none", "", "")


def ncdu(folder: Path) -> tuple[str, str, str]:
    """Return CPU time to the first paint in ms, memory in MB and bytes a key of ncdu, or that it is not here."""
    if not shutil.which("ncdu"):
        return "not installed", "", ""
    for number in range(1_000):
        (folder / f"{number:04}.flac").touch()
    shown = Screen(["ncdu", str(folder)])
    try:
        paint = shown.until(b"0999.flac" if b"0999" in shown.written else b"Total disk usage")
        shown.rest()
        return f"{paint:.0f}", f"{shown.most:.0f}", str(shown.press(b"j")[0])
    finally:
        shown.close()


def keys(folder: Path) -> None:
    """Measure keys and memory with lists of any length, beside a DataTable."""
    for size in SIZES:
        small = size == SIZES[0]
        counts = COUNTS if small else COUNTS[:1]
        head(f"{size[0]} x {size[1]}", "budget", *(f"{count:,} groups".replace(",", " ") for count in counts))
        cells: dict[tuple[str, str], list[str]] = {}
        for count in counts:
            path = folder / str(count)
            if not path.exists():
                lengthen(path, count)
            with screen("tests.benchmarks.shown", "list", str(path), size=size) as shown:
                shown.until(b"groups left")
                shown.rest(2.0)
                before = shown.cpu
                sent = len(shown.written)
                shown.read(4.0)
                idle = (shown.cpu - before) / 4, len(shown.written) - sent
                for what, budget, key, times in (
                    ("a track down", "700" if small else "900", b"j", 1),
                    ("the next group, with its tags", "6 000" if small else "8 000", b"J", 1),
                    ("the next group, passing by", "", b"J", _PASSING),
                    ("Tab, to the tags, then to the list", "", b"\t", 2),
                    ("a group down in the list", "6 000" if small else "8 000", b"j", 1),
                    ("a page down", "", b"\x1b[6~", 1),
                    ("to the end", "", b"G", 1),
                    ("to the beginning", "", b"g", 1),
                    ("look for a word, Enter", "", b"/7\r", 1),
                ):
                    found = [shown.press(key, _QUIET if times == 1 else 0.15) for _time in range(times)]
                    shown.rest()
                    sent, cpu = (sum(each) / times for each in zip(*found, strict=True))
                    cells.setdefault((f"{what}: bytes; CPU ms", f"{budget}; 30"), []).append(f"{sent:.0f}; {cpu:.0f}")
                cells.setdefault(("idle, a second: bytes; CPU ms", "0"), []).append(f"{idle[1]}; {idle[0]:.0f}")
                cells.setdefault(("the most memory, MB", "80"), []).append(f"{shown.most:.0f}")
        for (what, budget), line in cells.items():
            row(what, budget, *line)


def tables() -> None:
    """Measure a DataTable of the same rows."""
    head("Textual's DataTable, 80 x 24", *(f"{count:,} rows".replace(",", " ") for count in ROWS_OF_TABLE))
    lines: dict[str, list[str]] = {}
    for count in ROWS_OF_TABLE:
        with screen("tests.benchmarks.shown", "table", str(count)) as shown:
            painted = shown.until(b"here it is")
            shown.rest()
            sent, cpu = shown.press(b"\x1b[B")
            lines.setdefault("CPU until it is painted, ms", []).append(f"{painted:.0f}")
            lines.setdefault("a row down: bytes; CPU ms", []).append(f"{sent}; {cpu:.0f}")
            lines.setdefault("the most memory, MB", []).append(f"{shown.most:.0f}")
    for what, line in lines.items():
        row(what, *line)


def job(library: Path, folder: Path) -> None:
    """Measure what a running scan sends, while one looks at it."""
    os.environ["COMET_HOME"], music = str(folder / "home"), folder / "music"
    folder.mkdir(parents=True)
    subprocess.run(["cp", "-a", library, music], check=True)  # with pipes and sockets, which a walk meets too
    Made(places(), music).profile()
    head("a scan at work, 80 x 24", "budget", "Comet")
    with screen("comet_tui", SSH_CONNECTION="a b c d") as shown:
        shown.until(b"keys")
        with open(os.devnull, "wb") as nowhere:
            work = subprocess.Popen([sys.executable, "-m", "comet", "scan"], stdout=nowhere, stderr=nowhere)
        shown.press(b"2", 0.3)
        sent, cpu, began = len(shown.written), shown.cpu, time.monotonic()
        while work.poll() is None and time.monotonic() < began + 20:
            shown.read(0.1)
        seconds = time.monotonic() - began
        row("bytes a second", "3 000", f"{(len(shown.written) - sent) / seconds:.0f}")
        row("CPU ms a second", "", f"{(shown.cpu - cpu) / seconds:.0f}")
        work.terminate()
        work.wait()


def reading(folder: Path) -> None:
    """Measure what it takes to read 100 000 groups, and a key meanwhile."""
    os.environ["COMET_HOME"], music = str(folder / "home"), folder / "music"
    if not music.exists():
        music.mkdir(parents=True)
        Made(places(), music).profile()
        with opened(profiles.load(places(), "music"), places(), create=True) as collection:
            fill(collection, music, 100_000, 0)
    head("100 000 groups are read", "budget", "Comet")
    with screen("comet_tui") as shown:
        shown.until(b"reading")
        shown.rest(2.0)
        waits = []
        for _time in range(10):
            began = time.monotonic()
            os.write(shown.master, b"?")
            shown.read(30.0)
            waits.append((time.monotonic() - began) * 1000)
            shown.rest(0.3)
        shown.until(b"groups left")
        shown.rest(2.0)
        row("a key meanwhile, by the clock: ms, half are below", "", f"{sorted(waits)[5]:.0f}")
        row("CPU until the groups are there, ms", "", f"{shown.cpu:.0f}")
        row("the same with its helpers, ms", "", f"{shown.all_cpu:.0f}")
        row("the most memory, MB", "80", f"{shown.most:.0f}")


def main() -> None:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--library", type=Path)
    parser.add_argument("--read", nargs="?", const="", help="a folder in which the 100 000 groups are kept")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        start(folder / "start")
        (folder / "keys").mkdir()
        os.environ["COMET_HOME"] = str(folder / "keys" / "home")
        make(folder / "keys")
        keys(folder / "keys")
        tables()
        if asked.library:
            job(asked.library, folder / "job")
        if asked.read is not None:
            reading(Path(asked.read or folder / "read"))


if __name__ == "__main__":
    main()
