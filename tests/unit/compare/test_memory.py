"""What memory allows."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from comet.compare import memory
from comet.core.errors import MemoryBudgetError
from comet.core.job import Control, Event, Job, Memory


def test_rows_grow_with_memory() -> None:
    """More memory allows more rows, more tracks or threads fewer."""
    assert memory.units(1 << 30, 1000, 969) > memory.units(1 << 29, 1000, 969)
    assert memory.units(1 << 30, 10_000, 969) < memory.units(1 << 30, 1000, 969)
    assert memory.units(1 << 30, 1000, 29_070, 8) < memory.units(1 << 30, 1000, 29_070)


def test_rows_fit_what_is_allowed() -> None:
    """Records of so many rows, all of them matches, and the threads' scratch stay below the budget."""
    rows = memory.units(200_000_000, 5000, 29_070, 4)
    assert rows * 5000 * memory.RECORD + 4 * (29_070 * memory.SCRATCH + memory.PIECE) <= 200_000_000


def test_not_one_row() -> None:
    """Too little memory for one row is an error that says what is needed and what to do."""
    with pytest.raises(MemoryBudgetError, match=r"1,000 tracks needs at least .* MB") as caught:
        memory.units(1000, 1000, 969)
    assert caught.value.hint


def test_free_is_what_the_machine_has_at_most() -> None:
    """What is free is positive and below what the machine has."""
    assert 0 < memory.free() <= psutil.virtual_memory().total


def test_container_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A control group's limit minus its use counts, its cached files as free; an unlimited or missing one does not."""
    for name, text in {"max": "1000\n", "current": "700\n", "stat": "anon 5\ninactive_file 50\n"}.items():
        (tmp_path / name).write_text(text)
    files = [tuple(str(tmp_path / name) for name in ("max", "current", "stat"))]
    monkeypatch.setattr(memory, "_groups", lambda: files)
    assert memory.free() == 350
    (tmp_path / "max").write_text("max\n")
    assert memory.free() > 350
    (tmp_path / "max").unlink()
    assert memory.free() > 350
    (tmp_path / "max").write_text("100\n")
    assert memory.free() == 0


def test_group_files_of_a_path() -> None:
    """The files of a nested group stand below the root's."""
    below = memory._below(memory._CGROUPS[1], "docker/abc")
    assert below[0] == "/sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes"


linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="these limits and counts are Linux's")


def told(code: str) -> str:
    """Run Python code in a fresh process, whose memory nobody else has used, and return what it prints."""
    begin = "import resource, psutil; from comet.compare import memory; taken = psutil.Process().memory_info()\n"
    done = subprocess.run([sys.executable, "-c", begin + code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@linux
@pytest.mark.parametrize(("kind", "taken"), [("AS", "vms"), ("DATA", "data")])
def test_process_limit(kind: str, taken: str) -> None:
    """A limit on the process's address space, or on the pages of its own, bounds what is free."""
    code = f"resource.setrlimit(resource.RLIMIT_{kind}, (taken.{taken} + (64 << 20), -1)); print(memory.free())"
    assert 32 << 20 < int(told(code)) <= 64 << 20


@linux
def test_no_room_for_the_kernels_is_told_in_words() -> None:
    """Before they are loaded, for the loader of libraries says that they are not there, and the compiler aborts."""
    code = (
        "from comet.core.errors import MemoryBudgetError\n"
        "memory.loading()\n"
        "resource.setrlimit(resource.RLIMIT_AS, (taken.vms + (100 << 20), -1))\n"
        "try: memory.loading()\n"
        "except MemoryBudgetError as error: print(error)"
    )
    assert "of address space (`ulimit -v`)" in told(code)


@linux
def test_what_is_let_go_is_given_back() -> None:
    """A process with a budget does not keep the pages of arrays that are gone, whatever was let go before."""
    code = (
        "import numpy as np; from comet.core.job import Job; memory.Budget(Job()); before = memory.used()\n"
        "for size in (16, 8, 4, 12, 2): kept = [np.ones(size << 17), np.ones(1 << 14)]; del kept\n"
        "print(memory.used() - before)"
    )
    assert int(told(code)) < 3 << 20


def test_a_limit_is_on_the_whole_process() -> None:
    """Beside the baseline there is what the limit leaves, less than nothing where it is below; a wish beats it."""
    wish = [0]
    budget = memory.Budget(Job(control=lambda: Control(memory=wish[0]), every=0.0), memory.used() + (64 << 20))
    assert budget() == pytest.approx(64 << 20, abs=8 << 20)
    wish[0] = memory.used() + (16 << 20)
    assert budget() == pytest.approx(16 << 20, abs=8 << 20)
    wish[0] = 1 << 20
    assert budget() < 0


def test_a_share_of_what_is_free() -> None:
    """Without a limit, the reserve is left to others; what other programs take is no longer there."""
    half = memory.Budget(Job(), share=0.5)()
    assert half == pytest.approx(memory.free() / 2, rel=0.5)
    assert memory.Budget(Job(), limit=1 << 60, share=0.5)() > half


def test_what_a_chunk_holds_is_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine that nobody else uses the budget stays as it is, however much of it is taken."""
    monkeypatch.setattr(memory, "free", lambda: (1 << 30) - memory.used())
    monkeypatch.setattr(memory, "_EVERY", 0.0)
    budget = memory.Budget(Job())
    before = budget()
    held = bytearray(b"x") * (64 << 20)
    assert budget() == pytest.approx(before, abs=8 << 20)
    assert len(held)
    monkeypatch.setattr(memory, "free", lambda: 0)
    assert budget() < 80 << 20


def test_a_sample_is_held_against_the_budget() -> None:
    """100 000 tracks need less than 0.5 GB, 500 000 less than 2.3; what is left is told, and what is missing."""
    for tracks, most in ((100_000, 500_000_000), (500_000, 2_300_000_000)):
        needed = (1 << 33) - memory.sample(1 << 33, tracks, tracks * 947)
        assert tracks * 947 * 4 < needed < most
        assert memory.sample(needed, tracks, tracks * 947) == 0
        with pytest.raises(MemoryBudgetError, match=f"comparing {tracks:,} tracks needs at least"):
            memory.sample(needed - 1, tracks, tracks * 947)


@linux
def test_a_sample_takes_what_was_said() -> None:
    """The pages it takes at most while it is made, as the kernel counts them, are those that were asked for."""
    code = (
        "import re, numpy as np; from pathlib import Path; from comet.compare.sample import prepare\n"
        "words = np.random.default_rng(1).integers(0, 1 << 32, 1000, dtype=np.uint32)\n"
        "def count(key): return int(re.search(key + r':\\s+(\\d+)', Path('/proc/self/status').read_text())[1]) << 10\n"
        "prepare([(1, words)]); Path('/proc/self/clear_refs').write_text('5'); before = count('VmRSS')\n"
        "held = prepare((n, words) for n in range(1, 15_001))\n"
        "print(count('VmHWM') - before, (1 << 40) - memory.sample(1 << 40, 15_000, 15_000_000), held.longest)"
    )
    peak, needed, longest = map(int, told(code).split())
    assert longest == 1000
    assert 0.9 * needed < peak < 1.05 * needed


def test_room_for_postings() -> None:
    """Threads, long tracks, partitions, and pairs not to be compared again leave less of it; too little is an error."""
    most = memory.room(1 << 30, 1000, 969, 1, 1 << 20, 1 << 18, 0)
    assert most < 1 << 30
    assert memory.room(1 << 30, 1000, 969, 4, 1 << 20, 1 << 18, 0) < most
    assert memory.room(1 << 30, 1000, 29_070, 1, 1 << 20, 1 << 18, 0) < most - 3_000_000
    assert memory.room(1 << 30, 1000, 969, 1, 1 << 20, 1 << 22, 0) < most
    assert memory.room(1 << 30, 1000, 969, 1, 1 << 20, 1 << 18, 1_000_000) < most - 60_000_000
    with pytest.raises(MemoryBudgetError, match="1,000 tracks"):
        memory.room(32 << 20, 1000, 969, 1, 32 << 20, 1 << 18, 0)


def test_memory_of_workers_counts() -> None:
    """What a worker takes is part of what the job takes."""
    before = memory.used()
    code = "kept = bytearray(b'x') * (64 << 20); print(flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as worker:
        assert worker.stdout is not None
        worker.stdout.readline()
        assert memory.used() - before > 60 << 20
        worker.communicate(b"\n")


def test_a_job_tells_its_memory_now_and_then() -> None:
    """Where there are no chunks it is told at once, then not with every file; the limit is what is taken and free."""
    heard: list[Event] = []
    tell = memory.Teller(Job(heard.append), every=60.0)
    tell.now_and_then()
    tell.now_and_then()
    (event,) = heard
    assert isinstance(event, Memory)
    assert 0 < event.used < event.limit
    assert event.chunk == 0
