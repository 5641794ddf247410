"""Correlating on more machines than this one: units of the stages in `compare` as tasks of a Dask cluster.

Dask is the scheduler: it hands tasks out, and gives to another worker what one was lost with. Here only stands what a
task is, how many are under way, and what becomes of their records. Only this machine writes, the same chunks as without
a cluster: what holds there of stopping, killing and going on holds here, and each goes on where the other has ended.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
import queue
import re
import sys
import time
import warnings
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from comet import __version__
from comet.compare import memory, tiers
from comet.compare.chunks import INTERVALS, RECORD, Chunk, Records, Task
from comet.compare.intervals import Intervals, missing, union
from comet.core import places
from comet.core.errors import ServiceError, UsageError
from comet.core.job import Job, Lost
from comet.core.model import Stage
from comet.core.text import _, safe

if TYPE_CHECKING:
    from comet.compare.sample import Sample

_PATIENCE: Final = 10.0
"""Seconds that a scheduler has to answer, and in which there must be a worker: one that is restarted is back in 3."""
_AHEAD: Final = 3
"""Tasks under way for each thread of the workers: one that it works on, and while those are fetched it has others."""
_WORK: Final = 80 * 512 * 969 * 969
"""Of a task of rows, some 2 s: a hundred times what Dask takes for a task, and all that is lost with a worker."""
_RANGE: Final = 8
"""Most units of a task of the index: each task reads all words twice, however few its units are."""
_SHARE: Final = 4
"""Tasks of the index for each thread, if that makes shorter ones: the last ones leave others idle for a fourth."""
_RETRIES: Final = 2
"""How often a task is tried again that ended with an error, or whose result was lost with the worker that held it."""
_TICK: Final = 0.2
"""Seconds after which a stop is seen, where nothing comes back."""
_FAILED: Final = 20
"""Tasks after which no more are tried: what fails so often does not fail by chance."""

_ADDRESS: Final = re.compile(r"((tcp|tls|wss?)://)?[^\s/]+:[1-9]\d{0,4}")


class _Piece(NamedTuple):
    """What one task does."""

    task: Task | None
    """Of the index; None for rows."""
    units: tuple[int, int]
    pairs: int
    """That are done with it, for the progress."""
    again: int = 0
    """How often its result was lost on the way here."""


@contextmanager
def joined(address: str) -> Iterator[Cluster]:
    """Yield a cluster whose workers are all fit to take part.

    Args:
        address: Of Dask's scheduler, as `tcp://host:8786`, or `tls://` with Dask's own settings for that.

    Raises:
        UsageError: Dask is not installed, or this is no address.
        ServiceError: Nobody answers there, no worker is there, or one of them has not the versions that are here.
    """
    distributed = _distributed()
    if not _ADDRESS.fullmatch(address):
        raise UsageError(
            _("`{address}` is no address of a scheduler").format(address=safe(address)),
            hint=_("it looks like `tcp://host:8786`"),
        )
    try:
        asyncio.run(_reach(distributed, address))
        # It tells of every package that differs; what matters here is looked at below.
        with warnings.catch_warnings(action="ignore"):
            client = distributed.Client(address, timeout=_PATIENCE, set_as_default=False, name="comet")
    except (OSError, TypeError, ValueError) as error:
        raise ServiceError(
            _("no Dask scheduler answers at `{address}`: {error}").format(
                address=safe(address), error=safe(str(error)) or type(error).__name__
            ),
            hint=_("`dask scheduler` starts one and shows its address; `tls://` needs certificates in Dask's settings"),
        ) from error
    with client:
        _check(client)
        yield Cluster(client)


def _distributed() -> ModuleType:
    """Return Dask's library, quiet: what it logs would run into the progress, and comes as errors too."""
    try:
        import distributed  # noqa: PLC0415 - not installed everywhere
    except ImportError as error:
        raise UsageError(
            _("working on a cluster needs Dask, which is not installed"),
            hint=_('install it with `pip install "comet-music[cluster]"`'),
        ) from error
    for name in ("distributed", "distributed.client"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    return distributed  # type: ignore[no-any-return]


async def _reach(distributed: ModuleType, address: str) -> None:
    """Connect once; a client alone would wait for ever where something listens that is no scheduler."""
    arguments = distributed.Security().get_connection_args("scheduler")
    async with asyncio.timeout(_PATIENCE):
        (await distributed.comm.connect(address, timeout=_PATIENCE, **arguments)).abort()


def _check(client: Any) -> None:  # noqa: ANN401 - of a library without types
    """Find out whether every worker can take part, and have it make itself ready."""
    try:
        client.wait_for_workers(1, timeout=_PATIENCE)
    except TimeoutError as error:
        raise ServiceError(
            _("the scheduler has no workers"), hint=_("`dask worker ADDRESS` starts one, on each machine")
        ) from error
    here = _versions()
    for worker, found in client.run(_ready, here, on_error="return").items():
        if isinstance(found, Exception):
            reason = _("Comet {version} cannot be imported there: {error}").format(
                version=__version__, error=safe(f"{type(found).__name__}: {found}")
            )
        elif found != here:
            reason = _wrong(found, here)
        else:
            continue
        raise ServiceError(
            _("worker `{worker}` cannot take part: {reason}").format(worker=safe(worker), reason=reason),
            hint=_("the same versions of Comet, Python and numpy have to be installed on all machines"),
        )


def _versions() -> list[str]:
    """Return what has to be the same on all machines: records depend on it, or how arrays are sent."""
    python, numpy = sys.version_info, np.__version__.split(".")
    return [f"Comet {__version__}", f"Python {python.major}.{python.minor}", f"numpy {numpy[0]}.{numpy[1]}"]


async def _ready(versions: list[str]) -> list[str]:
    """Return the versions of a worker; where they are the wanted ones, compile the kernels first, beside its loop."""
    if _versions() == versions:
        places.prepare()
        await asyncio.to_thread(importlib.import_module, "comet.compare.index")
    return _versions()


def _rows(
    versions: list[str], sample: Sample, _known: Records, _task: None, units: tuple[int, int], options: dict[str, Any]
) -> Records:
    """Compare rows, on a worker."""
    from comet.compare import correlation  # noqa: PLC0415 - compiled kernels are needed only here

    return correlation.rows(sample, units, budget=_budget(versions), **options)


def _units(
    versions: list[str], sample: Sample, known: Records, task: Task, units: tuple[int, int], options: dict[str, Any]
) -> Records:
    """Look units of the index through, on a worker."""
    from comet.compare import index  # noqa: PLC0415 - likewise

    return index.units(sample, task, units, known, options["minimum"], options["span"], _budget(versions))


def _budget(versions: list[str]) -> Callable[[], int]:
    """Return what a task may take of this worker's memory, if it is not one that came later with other versions."""
    from distributed import get_worker  # noqa: PLC0415 - likewise

    if _versions() != versions:
        raise ServiceError(_wrong(_versions(), versions))
    worker = get_worker()
    limit = worker.memory_manager.memory_limit or sys.maxsize
    room = max(0, min(memory.free(), limit - memory.used())) // (2 * worker.state.nthreads)
    return lambda: room  # for the seconds that a task takes: it is asked for at each row, and to look costs some ms


def _wrong(there: list[str], here: list[str]) -> str:
    """Return which versions differ, as a sentence."""
    return _("it has {there}, here is {here}").format(there=safe(", ".join(there)), here=", ".join(here))


class Cluster:
    """A cluster that was joined: its methods are the stages of `compare`, with the same arguments and errors.

    They raise `ServiceError` too, where units have failed or the cluster is gone; what came back has been stored.
    """

    def __init__(self, client: Any) -> None:  # noqa: ANN401 - of a library without types
        self._client = client

    def rows(self, sample: Sample, done: Iterable[tuple[int, int]] = (), **how: Any) -> None:  # noqa: ANN401 - as there
        """Compare all pairs whose row is not done; see `correlation.correlate`."""
        from comet.compare import correlation  # noqa: PLC0415 - likewise

        todo = missing(done, 1, int(sample.serials[-1]) + 1 if len(sample.serials) else 1)
        pieces = [_Piece(None, units, pairs) for units, pairs in correlation.cut(sample, todo, _WORK)]
        _Run(self._client, sample, _rows, **how).work(pieces, sum(piece.pairs for piece in pieces))

    def index(
        self,
        sample: Sample,
        epoch: tuple[int, int],
        done: Mapping[Task, Intervals],
        found: Iterable[Records] = (),
        tables: int = tiers.TABLES,
        units: int = tiers.UNITS,
        **how: Any,  # noqa: ANN401 - as there
    ) -> None:
        """Look all units of an epoch through that are not done; see `index.correlate`."""
        from comet.compare import index  # noqa: PLC0415 - likewise

        run = _Run(self._client, sample, _units, **how)
        tasks, pairs = index.plan(sample, epoch, done, run.options["floors"], tables, run.budget(), run.job)
        todo = [(task, gap) for task in tasks for gap in missing(done.get(task, ()), 0, units)]
        width = max(1, min(_RANGE, units * tables // (_SHARE * max(1, run.threads()))))
        ranges = [(task, at, min(at + width, end)) for task, (begin, end) in todo for at in range(begin, end, width)]
        unit = pairs / (len(tasks) * units)
        pieces = [_Piece(task, (at, end), round(end * unit) - round(at * unit)) for task, at, end in ranges]
        run.know(found)
        run.work(pieces, pairs)


def _on() -> str:
    """Return the hint of whatever ends a run."""
    return _("what came back is kept, and the same command goes on from there, with or without a cluster")


class _Run:
    """One stage on the cluster."""

    def __init__(
        self,
        client: Any,  # noqa: ANN401 - of a library without types
        sample: Sample,
        function: Callable[..., Records],
        *,
        store: Callable[[Chunk], object],
        budget: Callable[[], int],
        write_every: float,
        job: Job,
        **options: Any,  # noqa: ANN401 - as the stage takes them
    ) -> None:
        self.options = options
        self.budget = budget
        self.job = job
        self._client = client
        self._sample = sample
        self._function = function
        self._store = store
        self._write_every = write_every
        self._known = np.empty(0, RECORD)
        self._sent: tuple[Any, ...] = ()
        self._waiting: dict[str, _Piece] = {}
        self._back: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._kept: defaultdict[Task | None, list[tuple[tuple[int, int], Records]]] = defaultdict(list)
        self._written = self._alive = time.monotonic()
        self._there: dict[str, int] = {}
        self._failed: list[str] = []

    def know(self, found: Iterable[Records]) -> None:
        """Take records whose pairs need not be compared again; the tasks that are sent from now on know of them."""
        self._known = np.unique(np.concatenate([self._known, *found]))
        self._sent = self._sent[:1]

    def threads(self) -> int:
        """Return how many threads all workers have together, as things stand now; tell where one was lost.

        Raises:
            ServiceError: Since a while there has been no worker.
        """
        before, self._there = self._there, self._client.nthreads()
        if len(self._there) < len(before):
            self.job.report(Lost(len(self._there)))
        now, count = time.monotonic(), sum(self._there.values())
        self._alive = now if count else self._alive
        if now > self._alive + _PATIENCE:
            raise ServiceError(_("no worker is left"), hint=_on())
        return count

    def work(self, pieces: Iterable[_Piece], total: int) -> None:
        """Have the pieces worked through, of `total` pairs with those that were done before, and keep what comes back.

        Raises:
            ServiceError: Some have failed, or the cluster is gone.
            Stopped: The job was asked to.
        """
        todo, tell = deque(pieces), memory.Teller(self.job)
        with self.job.stage(Stage.CORRELATE, total) as advance:
            try:
                advance(total - sum(piece.pairs for piece in todo))
                while self._send(todo):
                    tell.now_and_then()
                    advance(self._take(todo, _TICK))
            finally:
                self._take(todo, 0)
                self._write()
        if self._failed:
            raise ServiceError(_("units failed: {units}").format(units="; ".join(self._failed)), hint=_on())

    def _send(self, todo: deque[_Piece]) -> bool:
        """Send so many tasks that the workers stay busy; tell whether there is something to wait for."""
        if len(self._failed) >= _FAILED:
            todo.clear()
        try:
            room = _AHEAD * self.threads() - len(self._waiting)
            for _free in range(min(room, len(todo))):
                what = (*self._scattered(), todo[0].task, todo[0].units, self.options)
                future = self._client.submit(self._function, _versions(), *what, pure=False, retries=_RETRIES)
                self._waiting[future.key] = todo.popleft()
                future.add_done_callback(self._back.put)
        except (OSError, RuntimeError) as error:
            raise ServiceError(
                _("the scheduler is gone: {error}").format(error=safe(str(error))), hint=_on()
            ) from error
        return bool(todo or self._waiting)

    def _scattered(self) -> tuple[Any, ...]:
        """Return the sample and the known records as they are on all workers, sent again where all were lost."""
        if any(one.status != "finished" for one in self._sent):
            self._sent = ()
        for one in (self._sample, self._known)[len(self._sent) :]:
            self._sent += (self._client.scatter(one, broadcast=True, hash=False),)
        return self._sent

    def _take(self, todo: deque[_Piece], seconds: float) -> int:
        """Keep what has come back, or put it back, waiting so long for the first; return the pairs that are done."""
        back, done = [], 0
        with suppress(queue.Empty):
            back.append(self._back.get(timeout=seconds))
            while True:
                back.append(self._back.get_nowait())
        for future in back:
            piece = self._waiting.pop(future.key)
            records = _result(future)
            if records is None and piece.again < _RETRIES:
                todo.appendleft(piece._replace(again=piece.again + 1))
            elif records is None or isinstance(records, str):
                self._failed.append(f"{_name(piece)}: {records or _('its result does not come back')}")
            else:
                self._kept[piece.task].append((piece.units, records))
                done += piece.pairs
                if self._due(piece.task):
                    self._write()
        return done

    def _due(self, task: Task | None) -> bool:
        """Tell whether what was kept is to be written: it is late, or one more would not fit in file or memory."""
        size = sum(records.size for kept in self._kept.values() for _units, records in kept)
        return (
            time.monotonic() >= self._written + self._write_every * self.job.wish.chunk
            or len(union(units for units, _records in self._kept[task])) >= INTERVALS
            or size * memory.RECORD > self.budget()
        )

    def _write(self) -> None:
        """Write what was kept, a chunk for each table."""
        while self._kept:
            task, kept = self._kept.popitem()
            records = np.concatenate([found for _units, found in kept])
            records = records[np.sort(np.unique(records, return_index=True)[1])]  # units may have found the same
            self._store(Chunk(union(units for units, _found in kept), records, len(self._sample.serials), task))
            if task:
                self.know([records])
        self._written = time.monotonic()


def _result(future: Any) -> Records | str | None:  # noqa: ANN401 - of a library without types
    """Return what a task has found, or how it ended; None where its worker hangs, which Dask asks for long."""
    try:
        return future.result(timeout=_PATIENCE)  # type: ignore[no-any-return]
    except TimeoutError:
        return None
    except Exception as error:  # noqa: BLE001 - whatever it was on another machine, it is told
        return safe(f"{type(error).__name__}: {error}")


def _name(piece: _Piece) -> str:
    """Return which units a piece has, for a person."""
    first, last = piece.units[0], piece.units[1] - 1
    if piece.task is None:
        return _("rows {first} to {last}").format(first=first, last=last)
    return _("table {table}, units {first} to {last}").format(table=piece.task.table, first=first, last=last)
