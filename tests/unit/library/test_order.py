"""Reading order: formats mixed in proportion, each along the disk, and the two figures that say so."""

import itertools
import os
import re
import shutil
import statistics
import struct
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comet.core.model import File
from comet.library import order

MB = 1 << 20
MEMORY = "/dev/shm"  # noqa: S108 - not for its name: it tells no addresses
counts = st.dictionaries(st.sampled_from([b".mp3", b".flac", b".ogg", b".m4a", b".opus", b""]), st.integers(1, 60))


def _files(base: Path, *names: str, size: int = 10) -> list[File]:
    """Make files and return them as a walk would, in the order given."""
    found = []
    for name in names:
        path = base / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(size))
        found.append(File("r", os.fsencode(name), size, 0))
    return found


def _names(arranged: order.Order) -> list[str]:
    return [os.fsdecode(file.path) for file in arranged.files]


def _naive_deviation(kinds: Sequence[bytes]) -> float:
    total = Counter(kinds)
    return max(
        abs(Counter(kinds[:n])[kind] - n * count / len(kinds))
        for n in range(len(kinds) + 1)
        for kind, count in total.items()
    )


@given(counts)
def test_mixing_keeps_each_format_in_its_order_and_near_its_proportion(many: dict[bytes, int]) -> None:
    """Nothing is lost, no part is reordered, and no prefix departs by more than (1 + formats) / 2 files."""
    parts = {kind: [(kind, i) for i in range(count)] for kind, count in many.items()}
    mixed = order.mix(parts)
    assert {kind: [item for item in mixed if item[0] == kind] for kind in many} == parts
    assert len(mixed) == sum(many.values())
    if mixed:
        assert _naive_deviation([kind for kind, _i in mixed]) <= (1 + len(many)) / 2 + 1e-9


@given(counts, st.randoms())
def test_mixing_does_not_depend_on_the_order_of_the_formats(many: dict[bytes, int], random: Random) -> None:
    """Whichever format was met first, the result is the same."""
    parts = {kind: [(kind, i) for i in range(count)] for kind, count in many.items()}
    shuffled = list(parts)
    random.shuffle(shuffled)
    assert order.mix({kind: parts[kind] for kind in shuffled}) == order.mix(parts)


def test_a_tenth_comes_up_once_in_ten() -> None:
    """Nine of one and one of another: the one stands in the middle; thirty and ten: every fourth."""
    assert order.mix({b"a": "aaaaaaaaa", b"b": "b"}) == list("aaaaabaaaa")
    assert "".join(order.mix({b"a": "a" * 30, b"b": "b" * 10})) == "aaba" * 10


@given(st.lists(st.sampled_from([b"a", b"b", b"c"]), min_size=1, max_size=40))
def test_deviation_is_that_of_every_prefix(kinds: list[bytes]) -> None:
    """Looking beside each file alone finds the same largest departure as looking at all prefixes and formats."""
    assert order.deviation(kinds) == pytest.approx(_naive_deviation(kinds))


@pytest.mark.parametrize("counted", [(3, 3), (4, 2), (2, 2, 2), (4, 1, 1), (3, 2, 1, 1), (5, 1)])
def test_runs_have_the_mean_and_spread_of_all_permutations(counted: tuple[int, ...]) -> None:
    """Over all orders of the same files z has mean 0 and variance 1."""
    kinds = [kind for kind, count in enumerate(counted) for _ in range(count)]
    every = [order.runs_z(each) for each in itertools.permutations(kinds)]
    assert statistics.fmean(every) == pytest.approx(0, abs=1e-9)
    assert statistics.pvariance(every) == pytest.approx(1)


def test_runs_tell_clumped_from_even() -> None:
    """Sorted by format is far below chance, alternating far above; where nothing can vary it is 0."""
    assert order.runs_z([b"a"] * 50 + [b"b"] * 50) < -9
    assert order.runs_z([b"a", b"b"] * 50) > 9
    assert order.runs_z([]) == order.runs_z([b"a"]) == order.runs_z([b"a"] * 9) == order.runs_z([b"a", b"b"]) == 0


def test_formats_are_extensions_in_lower_case_and_alternate(tmp_path: Path) -> None:
    """A small set is interleaved by extension, whatever its case, and the report says how evenly."""
    files = _files(tmp_path, "A/1.mp3", "A/2.MP3", "B/1.flac", "B/2.Flac")
    arranged = order.arrange(files, os.fsencode(tmp_path), extents=False)
    assert [order.format_of(file.path) for file in arranged.files] == [b".flac", b".mp3"] * 2
    assert sorted(arranged.files, key=lambda file: file.path) == files
    assert (arranged.deviation, arranged.by_inode) == (0.5, 4)
    assert arranged.runs_z > 1


def test_without_addresses_files_are_read_by_inode(tmp_path: Path) -> None:
    """The inode decides, not the name; files that are gone come last, by path."""
    files = _files(tmp_path, *(f"{n}.mp3" for n in "dbace"))
    inodes = {name: (tmp_path / name).stat().st_ino for name in ("d.mp3", "a.mp3", "c.mp3")}
    for gone in ("e.mp3", "b.mp3"):
        (tmp_path / gone).unlink()
    arranged = order.arrange(files, os.fsencode(tmp_path), extents=False)
    assert _names(arranged) == [*sorted(inodes, key=inodes.__getitem__), "b.mp3", "e.mp3"]
    assert (arranged.by_extent, arranged.by_inode, arranged.by_path) == (0, 3, 2)


def test_files_that_are_far_longer_than_others_come_first(tmp_path: Path) -> None:
    """In their format; what is somewhat longer keeps its place along the disk."""
    files = _files(tmp_path, *(f"{n}.mp3" for n in "abcdef"))
    inodes = {file.path: (tmp_path / os.fsdecode(file.path)).stat().st_ino for file in files}
    along = sorted(files, key=lambda file: inodes[file.path])
    along[4], along[3] = replace(along[4], size=81), replace(along[3], size=80)
    arranged = order.arrange(along, os.fsencode(tmp_path), extents=False)
    assert _names(arranged) == [os.fsdecode(along[at].path) for at in (4, 0, 1, 2, 3, 5)]


def test_nothing_to_read_is_in_order(tmp_path: Path) -> None:
    """No files: no order, no departure."""
    assert order.arrange([], os.fsencode(tmp_path), extents=True) == order.Order((), 0.0, 0.0, 0, 0, 0)


def _address(path: Path) -> int | None:
    """Return where `filefrag` says that a file begins, None where it cannot tell."""
    run = subprocess.run(["filefrag", "-v", "-b1", path], capture_output=True, text=True, check=False)
    rows = re.findall(r"^ +\d+: +\d+\.\. +\d+: +(\d+)\.\.(.*)$", run.stdout, re.MULTILINE)
    return next((int(start) for start, rest in rows if not re.search("unknown|unwritten|inline|delalloc", rest)), None)


@pytest.fixture
def told(tmp_path: Path) -> Path:
    """A folder whose file system tells addresses; the test is left out where there is none."""
    if not shutil.which("filefrag"):
        pytest.skip("needs filefrag (e2fsprogs)")
    _files(tmp_path, "probe", size=MB)
    os.sync()
    if _address(tmp_path / "probe") is None:
        pytest.skip("the file system of temporary files tells no addresses")
    return tmp_path


def test_files_are_read_along_the_disk(told: Path) -> None:
    """The address of the first extent decides, as another program reads it; the later files were written first."""
    names = [f"{n:02}.mp3" for n in range(20)]
    files = _files(told, *reversed(names))
    for name in names[::3] + names[1::3] + names[2::3]:
        (told / name).write_bytes(bytes(MB))
        os.sync()
    arranged = order.arrange(files, os.fsencode(told), extents=True)
    addresses = [_address(told / name) or 0 for name in _names(arranged)]
    assert arranged.by_extent == len(names)
    assert min(addresses) > 0
    assert addresses == sorted(addresses)
    assert order.arrange(files, os.fsencode(told), extents=False).by_extent == 0


def test_what_was_never_written_has_no_address(told: Path) -> None:
    """Space that is only set aside lies nowhere to be read from: the first part that was written counts."""
    files = _files(told, "late.mp3", "never.mp3", size=0)
    for file in files:
        with open(told / os.fsdecode(file.path), "r+b") as stream:
            os.posix_fallocate(stream.fileno(), 0, 2 * MB)
            if file.path == b"late.mp3":
                stream.seek(MB)
                stream.write(b"x" * MB)
    os.sync()
    if _address(told / "never.mp3") is not None:
        pytest.skip("the file system writes what is set aside")
    arranged = order.arrange(files, os.fsencode(told), extents=True)
    assert _names(arranged) == ["late.mp3", "never.mp3"]
    assert (arranged.by_extent, arranged.by_inode) == (1, 1)
    place = order._address(os.fsencode(told / "late.mp3"))
    assert place == _address(told / "late.mp3")


def test_flags_say_where_there_is_no_address() -> None:
    """Unknown, delayed, inline and unwritten extents are passed over; shared, compressed and last ones are not."""

    def answer(*flags: int) -> bytes:
        extents = [struct.pack("=QQQQQIIII", 0, 1000 + n, 1, 0, 0, flag, 0, 0, 0) for n, flag in enumerate(flags)]
        return struct.pack("=QQIIII", 0, 1, 0, len(flags), 4, 0) + b"".join(extents)

    assert order._first(answer(0x2000 | 0x8 | 0x1)) == 1000
    assert order._first(answer(0x2 | 0x4, 0x200, 0x800, 0)) == 1003
    assert order._first(answer(0x801)) is None
    assert order._first(answer()) is None


@pytest.mark.skipif(not os.access(MEMORY, os.W_OK), reason="needs a file system in memory")
def test_a_file_system_without_addresses_is_asked_once() -> None:
    """After the first refusal its other files are not opened."""
    code = (
        f"import os, sys, tempfile\nmemory = {MEMORY!r}\n"
        "from comet.core.model import File\n"
        "from comet.library import order\n"
        "asked = []\n"
        "sys.addaudithook(lambda event, _: asked.append(1) if event == 'fcntl.ioctl' else None)\n"
        "with tempfile.TemporaryDirectory(dir=memory) as folder:\n"
        "    names = [f'{n}.mp3' for n in range(50)]\n"
        "    for name in names:\n"
        "        open(os.path.join(folder, name), 'wb').close()\n"
        "    files = [File('r', os.fsencode(name), 0, 0) for name in names]\n"
        "    arranged = order.arrange(files, os.fsencode(folder), extents=True)\n"
        "print(len(asked), arranged.by_extent, arranged.by_inode)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["1", "0", "50"]


def test_asking_waits_for_no_pipe_and_leaves_no_trace(told: Path) -> None:
    """A file that became a pipe or a link is not opened, and the time of access stays."""
    files = _files(told, "a.mp3", "b.mp3", "c.mp3", size=MB)
    os.sync()
    (told / "b.mp3").unlink()
    os.mkfifo(told / "b.mp3")
    (told / "c.mp3").unlink()
    (told / "c.mp3").symlink_to("a.mp3")
    os.utime(told / "a.mp3", ns=(1, 2))
    arranged = order.arrange(files, os.fsencode(told), extents=True)
    assert (told / "a.mp3").stat().st_atime_ns == 1
    assert (arranged.by_extent, arranged.by_inode, arranged.by_path) == (1, 0, 2)
