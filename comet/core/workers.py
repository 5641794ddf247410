"""Worker processes for what may crash, hang or eat all memory: one task may be lost, never the run.

A worker is a process of its own, started by a fork server that has the function's module loaded already, so that a
new one costs milliseconds. It inherits no descriptor (no lock outlives its owner in a worker), ignores Ctrl-C, writes
to no screen, and ends when its parent does, however that ended.
"""

from __future__ import annotations

import contextlib
import importlib
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from types import ModuleType, TracebackType
from typing import Any, Final, Generic, Self, TypeVar, cast

from comet.core import start
from comet.core.errors import BrokenError
from comet.core.text import _

Task = TypeVar("Task")
Result = TypeVar("Result")

_START: Final = 600.0  # seconds in which a worker must have loaded its function, and on a slow machine compiled it
_KILL: Final = 5.0  # seconds that a killed process may take; one that hangs in a dead network mount never ends
_LOWEST: Final = 7  # level of best effort at the disk
_METHOD: Final = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"


@dataclass(frozen=True, slots=True)
class Outcome(Generic[Task, Result]):
    """What became of a task."""

    task: Task
    result: Result | None = None
    error: str = ""
    """Why there is no result, as a sentence; empty where there is one."""
    killed: bool = False
    """It was killed from outside, as a system does that has no memory left: the task need not be at fault."""


@dataclass(slots=True)
class _Order(Generic[Task]):
    """A task and whether a worker has failed at it before."""

    task: Task
    again: bool = False


@dataclass(frozen=True, slots=True)
class _Rules:
    """What a worker is told when it starts; see `Pool`."""

    function: str
    memory: int
    nice: int
    ionice: int | None


@dataclass(slots=True)
class _Worker(Generic[Task]):
    """A process, and what it works on."""

    process: BaseProcess
    pipe: Connection
    life: Connection
    """Our end of a pipe that carries nothing: when it closes, the worker ends."""
    order: _Order[Task] | None = None
    until: float = 0.0
    """Monotonic time at which the order is overdue; before the worker is ready: at which it should have been."""
    ready: bool = False


class Pool(Generic[Task, Result]):
    """`count` processes that call one function, a task each at a time. Use it as a context manager.

    Args:
        count: Processes at most; they are started when there is work for them.
        function: `module:name` of a function of one argument. Tasks and results must be picklable.
        memory: Bytes of address space that a worker may take beyond what the loaded program has, 0 for any.
        deadline: Seconds that a task may take.
        nice: How nice the processes are to others at the processor at least, 0 to 19.
        ionice: Likewise at the disk: 0 to 7 are levels of best effort, 8 is idle; None leaves it as it is.
        also: Modules that later pools of this program need: loading them once for all saves each worker doing it.
    """

    def __init__(
        self,
        count: int,
        function: str,
        *,
        memory: int,
        deadline: Callable[[Task], float],
        nice: int = 0,
        ionice: int | None = None,
        also: Sequence[str] = (),
    ) -> None:
        self._count = max(1, count)
        self._rules = _Rules(function, memory, nice, ionice)
        self._deadline = deadline
        self._orders: deque[_Order[Task]] = deque()
        self._late: deque[_Order[Task]] = deque()
        """Those that took too long, for the end: what was slow then, a disk or the machine, may not be any more."""
        self._workers: list[_Worker[Task]] = []
        self._context: Any = multiprocessing.get_context(_METHOD)
        # it says what a fork server loads that is not running yet; a running one serves any function, only slower
        self._context.set_forkserver_preload([function.partition(":")[0], *also, "psutil"])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def submit(self, task: Task) -> None:
        """Add a task that comes before those that `run` was given; may be called while its results are consumed."""
        self._orders.append(_Order(task))

    def run(self, tasks: Iterable[Task] = ()) -> Iterator[Outcome[Task, Result]]:
        """Yield the outcome of each task as it is there, until none is left.

        `tasks` is asked for the next one only when a worker is free. A worker that has answered gets its next task
        before the outcome is yielded; one that answers while an outcome is consumed waits. So nothing more than what is
        in hand is begun while whoever consumes the outcomes makes a pause, and what finishes meanwhile is never late.

        A task at which a worker crashed, or needed too much memory, is tried once more at once, one that took too long
        at the end; both in a fresh worker.

        Raises:
            BrokenError: the function cannot be loaded.
        """
        source = iter(tasks)
        while True:
            self._employ(source)
            if not self._busy():
                return
            outcomes = self._collect()
            self._employ(source)
            yield from outcomes

    def close(self) -> None:
        """Kill all workers; what they were doing is lost."""
        while self._workers:
            self._end(self._workers[-1])

    def _busy(self) -> int:
        return sum(worker.order is not None for worker in self._workers)

    def _employ(self, source: Iterator[Task]) -> None:
        """Give tasks to workers until all are busy, or none is left."""
        while self._busy() < self._count and (order := self._next(source)) is not None:
            self._give(order)

    def _next(self, source: Iterator[Task]) -> _Order[Task] | None:
        if self._orders:
            return self._orders.popleft()
        for task in source:
            return _Order(task)
        return self._late.popleft() if self._late else None

    def _give(self, order: _Order[Task]) -> None:
        """Hand a task to an idle worker, or to a new one if there is none (or it died idle, or has to be fresh)."""
        while True:
            idle = next((each for each in self._workers if each.order is None), None)
            if idle is not None and order.again:
                self._end(idle)
                idle = None
            worker = idle or self._start()
            try:
                worker.pipe.send(order.task)
            except (BrokenPipeError, ConnectionResetError):
                self._end(worker)
                continue
            worker.order = order
            worker.until = time.monotonic() + (self._deadline(order.task) if worker.ready else _START)
            return

    def _start(self) -> _Worker[Task]:
        ours, theirs = self._context.Pipe()
        watched, life = self._context.Pipe(duplex=False)
        process = self._context.Process(
            target=_serve, args=(theirs, watched, self._rules), name="comet-worker", daemon=True
        )
        with _clean_start():
            process.start()
        theirs.close()
        watched.close()
        worker: _Worker[Task] = _Worker(process, ours, life)
        self._workers.append(worker)
        return worker

    def _end(self, worker: _Worker[Task]) -> int:
        """Kill a worker, forget it, and return the exit code that it had before or has now."""
        self._workers.remove(worker)
        worker.process.kill()
        worker.process.join(_KILL)
        code = worker.process.exitcode
        worker.pipe.close()
        worker.life.close()
        if code is not None:
            worker.process.close()
        return code or 0

    def _collect(self) -> list[Outcome[Task, Result]]:
        """Wait for the next answer, death or deadline, and return what is known then."""
        busy = [worker for worker in self._workers if worker.order is not None]
        patience = min(worker.until for worker in busy) - time.monotonic()
        heard = wait([worker.pipe for worker in busy], max(0.0, patience))
        outcomes = [self._hear(worker) for worker in busy if worker.pipe in heard]
        now = time.monotonic()
        outcomes += [self._overdue(worker) for worker in busy if worker.pipe not in heard and worker.until <= now]
        return [outcome for outcome in outcomes if outcome is not None]

    def _hear(self, worker: _Worker[Task]) -> Outcome[Task, Result] | None:
        """Take what a worker says; None where it says nothing of its task yet, or where that is done again."""
        order = cast("_Order[Task]", worker.order)
        try:
            data = worker.pipe.recv_bytes()
        except (EOFError, OSError):
            worker.process.join(_KILL)  # so that its exit code is its own, not that of our signal
            code = self._end(worker)
            return self._again(order, _epitaph(code), self._orders, killed=code == -9)  # SIGKILL
        try:
            state, answer = pickle.loads(data)  # noqa: S301 - from our own process
        except Exception as error:  # noqa: BLE001 - whatever an object does while it is rebuilt
            state, answer = "error", _describe(error)
        if state == "ready":
            worker.ready, worker.until = True, time.monotonic() + self._deadline(order.task)
            return None
        if state == "broken":
            raise BrokenError(answer)
        if state == "memory":
            self._end(worker)  # what an earlier task left behind may be the reason
            return self._again(order, _("it needs more memory than a worker may take"), self._orders)
        worker.order = None
        return Outcome(order.task, error=answer) if state == "error" else Outcome(order.task, answer)

    def _again(
        self, order: _Order[Task], error: str, orders: deque[_Order[Task]], *, killed: bool = False
    ) -> Outcome[Task, Result] | None:
        """Let a task be tried once more when its turn among the `orders` comes, then give it up."""
        if order.again:
            return Outcome(order.task, error=_("{error} (tried twice)").format(error=error), killed=killed)
        orders.append(_Order(order.task, again=True))
        return None

    def _overdue(self, worker: _Worker[Task]) -> Outcome[Task, Result] | None:
        """Kill a worker whose time is up."""
        order = cast("_Order[Task]", worker.order)
        ready = worker.ready
        self._end(worker)
        if not ready:
            raise BrokenError(_("a worker process did not start within {n} seconds").format(n=round(_START)))
        seconds = self._deadline(order.task)
        return self._again(order, _("it took longer than {seconds:.3g} seconds").format(seconds=seconds), self._late)


def _epitaph(code: int) -> str:
    """Return what a worker died of."""
    if code >= 0:
        return _("the process that worked on it ended with exit code {code}").format(code=code)
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = "?"
    if name == "SIGKILL":
        return _(
            "the process that worked on it was killed by signal {n} ({name}), most likely for lack of memory"
        ).format(n=-code, name=name)
    return _("the process that worked on it was killed by signal {n} ({name})").format(n=-code, name=name)


def _describe(error: BaseException) -> str:
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return _("internal error: {text}").format(text=text)


@contextlib.contextmanager
def _clean_start() -> Iterator[None]:
    """Let a new process begin with nothing but this package.

    `multiprocessing` would run the main program again in it, whose name and kind are anybody's; and the fork server
    would import from the working directory, which may be a folder of music with a file named like a module.
    """
    main = sys.modules["__main__"]
    variables = start.variables()
    before = {name: os.environ.get(name) for name in variables}
    sys.modules["__main__"] = ModuleType("__main__")
    os.environ.update(variables)
    try:
        yield
    finally:
        sys.modules["__main__"] = main
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _serve(pipe: Connection, life: Connection, rules: _Rules) -> None:
    """Be a worker: answer each task with a pickled (state, answer) until the parent goes away."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _step_back(rules.nice, rules.ionice)  # before any thread is started, for each has values of its own
    threading.Thread(target=_die_with, args=(life,), daemon=True).start()
    _silence()
    module, _colon, name = rules.function.partition(":")
    try:
        call = getattr(importlib.import_module(module), name)
    except Exception as error:  # noqa: BLE001 - the parent raises it
        pipe.send_bytes(pickle.dumps(("broken", _describe(error))))
        return
    _limit(rules.memory)
    pipe.send_bytes(pickle.dumps(("ready", None)))
    while True:
        try:
            task = pipe.recv()
        except EOFError:
            return
        except Exception as error:  # noqa: BLE001 - a task that cannot be rebuilt is an error of that task
            pipe.send_bytes(pickle.dumps(("error", _describe(error))))
            continue
        pipe.send_bytes(_answer(call, task))


def _answer(call: Callable[[Any], Any], task: object) -> bytes:
    """Return the pickled answer; whatever goes wrong, the parent hears of it."""
    try:
        return pickle.dumps(("done", call(task)), pickle.HIGHEST_PROTOCOL)
    except MemoryError:
        return pickle.dumps(("memory", None))
    except BaseException as error:  # noqa: BLE001 - SystemExit included: only the parent ends a worker
        return pickle.dumps(("error", _describe(error)))


def _die_with(life: Connection) -> None:
    """End this process, in mid-task too, when the parent's end of the pipe closes: by its death or its wish."""
    with contextlib.suppress(EOFError, OSError):
        life.recv_bytes()
    os._exit(1)


def _step_back(nice: int, ionice: int | None) -> None:
    """Let others go first at processor and disk, where the system knows such a thing; see `Pool`."""
    if hasattr(os, "nice"):
        os.nice(max(0, nice - os.nice(0)))  # whoever started Comet nicer still meant that
    import psutil  # noqa: PLC0415 - needed nowhere else here, and not by those who only start workers

    if ionice is None or not hasattr(psutil, "IOPRIO_CLASS_BE"):
        return
    process = psutil.Process()
    with contextlib.suppress(psutil.Error, OSError):  # a container may forbid it
        if (now := process.ionice()).ioclass == psutil.IOPRIO_CLASS_IDLE:
            return
        if ionice > _LOWEST:
            process.ionice(psutil.IOPRIO_CLASS_IDLE)
        else:
            level = now.value if now.ioclass == psutil.IOPRIO_CLASS_BE else 0
            process.ionice(psutil.IOPRIO_CLASS_BE, max(ionice, level))


def _silence() -> None:
    """Close the screen to libraries that complain of damaged files: it belongs to a face."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    os.close(nowhere)


def _limit(memory: int) -> None:
    """Allow `memory` bytes of address space beyond what is in use now, and no core files."""
    try:
        import resource  # noqa: PLC0415 - POSIX only
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if not memory:
        return
    try:
        with open("/proc/self/statm", "rb") as statm:
            used = int(statm.read().split()[0]) * resource.getpagesize()
    except OSError:  # not Linux, and where there is no /proc the limit would not be kept either
        return
    _soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    allowed = used + memory if hard == resource.RLIM_INFINITY else min(used + memory, hard)
    resource.setrlimit(resource.RLIMIT_AS, (allowed, hard))
