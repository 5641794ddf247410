"""What memory allows."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from comet.compare import memory
from comet.core.errors import MemoryBudgetError
from comet.core.job import Event, Job, Memory


def test_rows_grow_with_memory() -> None:
    """More memory allows more rows, more tracks or threads fewer."""
    assert memory.units(1 << 30, 1000, 969) > memory.units(1 << 29, 1000, 969)
    assert memory.units(1 << 30, 10_000, 969) < memory.units(1 << 30, 1000, 969)
    assert memory.units(1 << 30, 1000, 29_070, 8) < memory.units(1 << 30, 1000, 29_070)


def test_rows_fit_what_is_allowed() -> None:
    """Records of so many rows, all of them matches, and the threads' scratch stay below the budget."""
    rows = memory.units(200_000_000, 5000, 29_070, 4)
    assert rows * 5000 * memory.RECORD + 4 * 29_070 * memory.SCRATCH <= 200_000_000


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


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="RLIMIT_AS is kept only there")
def test_process_limit() -> None:
    """A limit on the process's address space bounds what is free."""
    code = (
        "import resource, psutil; from comet.compare import memory;"
        "vms = psutil.Process().memory_info().vms;"
        "resource.setrlimit(resource.RLIMIT_AS, (vms + (64 << 20), -1)); print(memory.free())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ)
    assert int(done.stdout) <= 64 << 20


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
    (told,) = heard
    assert isinstance(told, Memory)
    assert 0 < told.used < told.limit
    assert told.chunk == 0
