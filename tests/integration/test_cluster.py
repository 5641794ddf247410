"""Correlating on a real cluster: a scheduler and workers, each a process of its own on this machine."""

from __future__ import annotations

import functools
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import distributed
import numpy as np
import pytest

from comet import cluster, pipeline
from comet.collection import pairs
from comet.compare import chunks, correlation, extent, index, tiers
from comet.compare.chunks import Chunk, Task
from comet.compare.intervals import Intervals, union
from comet.compare.sample import Sample, prepare
from comet.core.errors import CometError, ServiceError, Stopped, UsageError
from comet.core.job import Control, Event, Job, Lost, Progress
from tests.factories import tune, write
from tests.integration.conftest import Bench

TOP = Path(__file__).parents[2]
FLOORS = (12.0, 13.0)
EPOCH = (1, 200)


class Machines:
    """A scheduler and some workers."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder
        self._stack = stack
        self._environment = {**os.environ, "PYTHONPATH": str(TOP)}
        self.scheduler = self.start("scheduler", "--host", "127.0.0.1", "--port", "0")
        until(lambda: self._file.exists() and bool(self._file.read_text()))
        self.address = str(json.loads(self._file.read_text())["address"])

    @property
    def _file(self) -> Path:
        return self._folder / "scheduler.json"

    def start(self, kind: str, *options: str, **environment: str) -> subprocess.Popen[bytes]:
        """Start a scheduler or worker."""
        command = [sys.executable, "-P", "-m", "dask", kind, "--scheduler-file", str(self._file), "--no-dashboard"]
        with (self._folder / "log").open("ab") as log:
            process = subprocess.Popen(
                [*command, *options], env={**self._environment, **environment}, stdout=log, stderr=log
            )
        self._stack.callback(process.wait)
        self._stack.callback(process.kill)
        return process

    def worker(self, *options: str, **environment: str) -> subprocess.Popen[bytes]:
        """Start a worker of one thread and wait until the scheduler knows it."""
        before = self._workers()
        process = self.start("worker", "--nthreads", "1", "--no-nanny", *options, **environment)
        until(lambda: self._workers() > before)
        return process

    def _workers(self) -> int:
        return (self._folder / "log").read_bytes().count(b"Register worker")


@pytest.fixture
def machines(tmp_path: Path) -> Iterator[Machines]:
    """Start a scheduler; all processes are ended after the test."""
    with ExitStack() as stack:
        yield Machines(tmp_path, stack)


def until(met: Callable[[], bool]) -> None:
    """Wait for something, a minute at most."""
    end = time.monotonic() + 60
    while not met():
        assert time.monotonic() < end
        time.sleep(0.05)


@functools.cache
def collection() -> Sample:
    """Make short tracks in which notes are held, every third a copy with noise; two numbers in three are missing."""
    rng = np.random.default_rng(3)
    made: list[np.ndarray] = []
    for n in range(60):
        words = rng.integers(0, 2**32, 400, dtype=np.uint32)
        for k in range(1, 400):
            if rng.random() < 0.5:
                words[k] = words[k - 1] ^ np.uint32(1) << np.uint32(rng.integers(32))
        if n % 3 == 2:
            words = made[n - 2][rng.integers(60) :] ^ np.uint32(1)
        made.append(words)
    return prepare((3 * n + 1, words) for n, words in enumerate(made))


def run(
    stage: Callable[..., None], *arguments: object, stored: list[Chunk] | None = None, **more: object
) -> list[Chunk]:
    """Go through a stage over the collection and give the chunks; where it fails, those before are in `stored`."""
    stored = [] if stored is None else stored
    options = {"store": stored.append, "budget": lambda: 1 << 30, "write_every": 0.05, "job": Job()}
    compared = {"floors": FLOORS, "minimum": extent.MINIMUM, "span": 0}
    stage(collection(), *arguments, **{**options, **compared, **more})
    return stored


def records(stored: list[Chunk]) -> list[tuple[int, ...]]:
    """Give all records, each once."""
    return sorted({record for chunk in stored for record in chunk.records.tolist()})


def units(stored: list[Chunk]) -> dict[Task | None, Intervals]:
    """Give the units of each task."""
    return {task: union(u for c in stored if c.task == task for u in c.units) for task in {c.task for c in stored}}


@functools.cache
def rows() -> list[Chunk]:
    """Give what this machine finds in all rows."""
    return run(correlation.correlate)


def when(act: Callable[[], object], share: float = 0.2, hear: Callable[[Event], object] = bool) -> Job:
    """Give a job that does something, once, when so much of its pairs are done; `hear` gets what it reports."""
    done: list[object] = []

    def report(event: Event) -> None:
        hear(event)
        if isinstance(event, Progress) and not done and event.done >= share * (event.total or 0) > 0:
            done.append(True)
            act()

    return Job(report, every=0)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have many tasks for few tracks, a row each."""
    monkeypatch.setattr(cluster, "_WORK", 1)


def test_finds_what_one_machine_finds(machines: Machines, small: None) -> None:
    """In rows and in the index two workers find the same, in as many units, and a lost one costs nothing."""
    lost, _left = machines.worker(), machines.worker()
    told: list[Event] = []
    with cluster.joined(machines.address) as both:
        found = run(both.index, EPOCH, {})
        here = run(index.correlate, EPOCH, {})
        assert records(found) == records(here)
        assert len(records(here)) == 20
        assert units(found) == units(here)
        assert all(len(chunk.records) == len(records([chunk])) for chunk in found)
        for table in range(tiers.TABLES):
            tables = ([c for c in stored if c.task and c.task.table == table] for stored in (found, here))
            assert len({repr(records(stored)) for stored in tables}) == 1
        more = [run(stage, EPOCH, units(here), tables=5) for stage in (both.index, index.correlate)]
        assert records(more[0]) == records(more[1])
        assert [task.table for task in units(more[0]) if task] == [4]
        assert units(more[0]) == units(more[1])
        found = run(both.rows, job=when(lost.kill, hear=told.append))
    assert [event for event in told if isinstance(event, Lost)] == [Lost(1)]
    assert lost.wait() == -signal.SIGKILL
    assert records(found) == records(rows())
    assert units(found) == units(rows())
    assert sum(len(chunk.records) for chunk in found) == len(records(found))
    assert {chunk.audios for chunk in found} == {60}


@pytest.mark.slow
def test_a_result_that_hangs_with_its_worker_is_made_again(
    machines: Machines, small: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker stops as its result is fetched: another one makes it, and nothing is told as failed."""
    hangs, _other = machines.worker("--name", "hangs"), machines.worker()
    fetch, lost = cluster._result, list[object]()
    monkeypatch.setattr(cluster, "_PATIENCE", 0.5)
    with cluster.joined(machines.address) as both, ExitStack() as later:

        def result(future: distributed.Future) -> object:
            (holder,) = both._client.who_has([future])[future.key] or ("",)
            if lost or both._client.scheduler_info()["workers"].get(holder, {}).get("name") != "hangs":
                return fetch(future)
            hangs.send_signal(signal.SIGSTOP)
            lost.append(fetch(future))
            goes_on = threading.Timer(1, hangs.send_signal, [signal.SIGCONT])
            goes_on.start()
            later.callback(goes_on.join)
            return lost[0]

        monkeypatch.setattr(cluster, "_result", result)
        found = run(both.rows)
    assert lost == [None]
    assert records(found) == records(rows())
    assert units(found) == units(rows())


@pytest.mark.parametrize("work", [1, 3_000_000, 1 << 40])
def test_tasks_hold_each_row_once(work: int) -> None:
    """However large a task is, all of them together are what is to be done, gaps in the numbers too, and its pairs."""
    todo = ((1, 40), (50, 51), (60, 300))
    tasks = list(correlation.cut(collection(), todo, work))
    assert union(units for units, _pairs in tasks) == todo
    assert sum(end - begin for (begin, end), _pairs in tasks) == sum(end - begin for begin, end in todo)
    for (begin, end), count in tasks:
        assert count == sum(row for row, serial in enumerate(collection().serials.tolist()) if begin <= serial < end)
    assert len(tasks) == {1: 54, 1 << 40: 3}.get(work, len(tasks))
    assert 3 <= len(tasks) <= 54


@pytest.mark.slow
@pytest.mark.parametrize("tier", ["rows", "index"])
def test_goes_on_where_it_was_stopped(machines: Machines, small: None, tier: str) -> None:
    """After a stop what came back is kept; this machine does the rest, and nothing twice."""
    machines.worker()
    stored: list[Chunk] = []
    job = when(lambda: job.stop())  # noqa: PLW0108 - there is none yet
    with cluster.joined(machines.address) as far, pytest.raises(Stopped):
        run(*((far.rows,) if tier == "rows" else (far.index, EPOCH, {})), stored=stored, job=job)
    begun = units(stored)
    assert begun
    if tier == "rows":
        rest = run(correlation.correlate, begun[None])
        assert records([*stored, *rest]) == records(rows())
        assert not set(records(stored)) & set(records(rest))
    else:
        rest = run(index.correlate, EPOCH, begun, [chunk.records for chunk in stored])
        assert records([*stored, *rest]) == records(run(index.correlate, EPOCH, {}))
    assert sum(end - begin for c in (*stored, *rest) for begin, end in c.units) == sum(
        end - begin for done in units([*stored, *rest]).values() for begin, end in done
    )


@pytest.mark.slow
def test_a_pause_sends_nothing(machines: Machines, small: None) -> None:
    """While a pause is wished nothing more is written; then all is."""
    machines.worker()
    paused: list[float] = []

    def control() -> Control:
        if paused:
            return Control(pause=time.monotonic() < paused[0] + 1)
        return Control()

    job = when(lambda: paused.append(time.monotonic()))
    job._control = control
    times: list[float] = []
    stored: list[Chunk] = []
    with cluster.joined(machines.address) as far:
        run(far.rows, job=job, store=lambda chunk: (stored.append(chunk), times.append(time.monotonic())))
    assert [at for at in times if paused[0] + 0.2 < at < paused[0] + 1] == []
    assert records(stored) == records(rows())


@pytest.mark.slow
def test_units_that_fail_are_named_and_the_rest_is_kept(
    machines: Machines, small: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker without memory ends no run; its units are missing, and the error says which and why."""
    # Dask would let such a worker wait, or write what it holds to disk.
    limits = {f"DASK_DISTRIBUTED__WORKER__MEMORY__{name}": "False" for name in ("TARGET", "SPILL", "PAUSE")}
    machines.worker("--memory-limit", "1MB", **limits)
    monkeypatch.setattr(cluster, "_RETRIES", 0)
    stored: list[Chunk] = []
    named = r"units failed: rows \d+ to \d+: MemoryBudgetError"
    with cluster.joined(machines.address) as bad, pytest.raises(ServiceError, match=named) as error:
        run(bad.rows, stored=stored)
    assert not stored
    assert cluster._FAILED <= len(str(error.value).split("; ")) < cluster._FAILED + cluster._AHEAD
    machines.worker()
    with cluster.joined(machines.address) as both, pytest.raises(ServiceError, match=named):
        run(both.rows, stored=stored)
    assert set(records(stored)) < set(records(rows()))
    rest = run(correlation.correlate, units(stored)[None])
    assert records([*stored, *rest]) == records(rows())


@pytest.mark.slow
def test_a_scheduler_that_is_gone_ends_the_run(machines: Machines, small: None) -> None:
    """What came back before is kept, and the error says what to do."""
    machines.worker()
    stored: list[Chunk] = []
    with cluster.joined(machines.address) as far, pytest.raises(ServiceError) as error:
        run(far.rows, stored=stored, job=when(machines.scheduler.kill))
    assert "goes on from there" in error.value.hint
    assert stored
    assert set(records(stored)) < set(records(rows()))


@pytest.mark.slow
def test_the_last_worker_is_lost_with_the_fingerprints(machines: Machines, small: None) -> None:
    """They are sent again to one that comes; missing is what was under way."""
    one = machines.worker()
    stored: list[Chunk] = []

    def instead() -> None:
        one.kill()
        machines.worker()

    with cluster.joined(machines.address) as far, pytest.raises(ServiceError, match="units failed"):
        run(far.rows, stored=stored, job=when(instead))
    rest = run(correlation.correlate, units(stored)[None])
    assert len(rest) <= cluster._AHEAD
    assert records([*stored, *rest]) == records(rows())


def test_without_a_worker_it_waits_and_then_says_so(machines: Machines, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the last one is lost before the first task is cut."""
    one = machines.worker()
    with cluster.joined(machines.address) as far:
        one.kill()
        until(lambda: not far._client.nthreads())
        monkeypatch.setattr(cluster, "_PATIENCE", 0.5)
        with pytest.raises(ServiceError, match="no worker is left"):
            run(far.index, EPOCH, {})


@pytest.mark.slow
def test_another_version_takes_no_part(machines: Machines, tmp_path: Path) -> None:
    """A worker with another Comet, or none, is refused by name before anything is sent."""
    for name, text, expected in (
        (
            "old",
            f"__version__ = '0.0.1'\n__path__ = [{str(TOP / 'comet')!r}]\n",
            r"it has Comet 0\.0\.1, .*here is Comet",
        ),
        ("none", "", "cannot be imported there"),
    ):
        (tmp_path / name / "comet").mkdir(parents=True)
        (tmp_path / name / "comet" / "__init__.py").write_text(text)
        process = machines.worker(PYTHONPATH=str(tmp_path / name))
        with pytest.raises(ServiceError, match=expected) as error, cluster.joined(machines.address):
            pytest.fail("it took part")
        assert "tcp://127.0.0.1" in str(error.value)
        process.terminate()
        process.wait()


@pytest.mark.parametrize(
    ("address", "error"),
    [
        ("127.0.0.1:9", ServiceError),
        ("tls://127.0.0.1:9", ServiceError),
        ("tcp://127.0.0.1:", UsageError),
        ("here", UsageError),
        ("http://127.0.0.1:9", UsageError),
    ],
)
def test_no_scheduler(address: str, error: type[CometError], monkeypatch: pytest.MonkeyPatch) -> None:
    """An address where nobody answers, or that is none, is told at once."""
    monkeypatch.setattr(cluster, "_PATIENCE", 0.5)
    with pytest.raises(error, match=address) as told, cluster.joined(address):
        pytest.fail("somebody answered")
    assert "tcp://" in told.value.hint or "`tls://` needs certificates" in told.value.hint


def test_silence_is_no_scheduler(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where something listens that never answers, nobody waits for ever."""
    monkeypatch.setattr(cluster, "_PATIENCE", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(ServiceError, match=address), cluster.joined(address):
            pytest.fail("somebody answered")


@pytest.mark.slow
def test_no_worker(machines: Machines, monkeypatch: pytest.MonkeyPatch) -> None:
    """A scheduler alone is not enough, and that is said."""
    monkeypatch.setattr(cluster, "_PATIENCE", 1.0)
    with pytest.raises(ServiceError, match="no workers"), cluster.joined(machines.address):
        pytest.fail("nobody is there")


def test_without_dask_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Dask is an extra; who asks for a cluster without it learns its name."""
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UsageError) as error, cluster.joined("127.0.0.1:9"):
        pytest.fail("there is a cluster")
    assert 'pip install "comet-music[cluster]"' in error.value.hint


@pytest.mark.slow
def test_the_whole_line(machines: Machines, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """From files on, exactly and through the index, what is stored of a cluster is what one machine stores."""
    machines.worker()
    for number in range(3):
        write(bench.music / f"{number}.flac", tune(number, 30))
    write(bench.music / "2 again.mp3", tune(2, 30))
    bench.scan()
    for small in (False, True):
        if small:
            monkeypatch.setattr(tiers, "EXACT", 1)
            monkeypatch.setattr(tiers, "FEW", 1)
        found = []
        for address in (machines.address, ""):
            with bench.opened() as collection:
                shutil.rmtree(collection.results, ignore_errors=True)
                done = pipeline.correlate(collection, Job(), address=address)
                about = {"cache": collection.cache.id, "settings": collection.compared}
                every = np.concatenate(list(chunks.records(collection.results, **about)))
                found.append((done, pairs.covered(collection), sorted(every.tolist())))
        assert found[0] == found[1]
        assert len(found[0][2]) > 0
