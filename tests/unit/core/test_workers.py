"""Workers may die, hang, eat and lie; the run goes on."""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from multiprocessing import forkserver
from pathlib import Path

import psutil
import pytest

from comet.core.errors import BrokenError
from comet.core.workers import Outcome, Pool

HERE = "tests.unit.core.test_workers"
GIGABYTE = 1 << 30
REPOSITORY = Path(__file__).parents[3]


def work(task: tuple[str, object]) -> object:
    """Do what the task says; runs in the workers."""
    what, value = task
    return DEEDS[what](value)


def sleep(value: object) -> int:
    """Sleep, and say which process it was."""
    time.sleep(float(str(value)))
    return os.getpid()


def die_once(value: object) -> str:
    """Die the first time, work the second; the file `value` remembers."""
    path = Path(str(value))
    if not path.exists():
        path.touch()
        os.kill(os.getpid(), signal.SIGSEGV)
    return "second"


def hang_once(value: object) -> tuple[int, int]:
    """Hang the first time; say which process it was the second, and how many files lie there; `value` remembers."""
    path = Path(str(value))
    if not path.exists():
        path.touch()
        time.sleep(3600)
    return os.getpid(), len(os.listdir(path.parent))


def touch(value: object) -> int:
    """Make a file, and say which process it was."""
    Path(str(value)).touch()
    return os.getpid()


def rank(_value: object) -> tuple[int, int, int]:
    """Return how nice this process is, by what the system says, and its class and level at the disk."""
    stat = Path(f"/proc/{os.getpid()}/stat").read_text()
    disk = psutil.Process().ionice()
    return int(stat.rpartition(")")[2].split()[16]), int(disk.ioclass), int(disk.value)


def descriptors(_value: object) -> list[str]:
    """Name what is open."""
    names = []
    for number in os.listdir("/proc/self/fd"):
        with suppress(OSError):  # the one that lists the folder is closed again
            names.append(os.readlink(f"/proc/self/fd/{number}"))
    return names


def fail(value: object) -> None:
    """Raise."""
    raise LookupError(str(value))


def say(value: object) -> None:
    """Write wherever one can."""
    print(value, flush=True)  # noqa: T201
    print(value, file=sys.stderr, flush=True)  # noqa: T201
    os.write(2, b"raw")


DEEDS: dict[str, Callable[[object], object]] = {
    "double": lambda value: 2 * int(str(value)),
    "sleep": sleep,
    "segfault": lambda _value: ctypes.string_at(0),
    "kill": lambda _value: os.kill(os.getpid(), signal.SIGKILL),
    "exit": lambda value: os._exit(int(str(value))),
    "quit": lambda value: sys.exit(str(value)),
    "fail": fail,
    "lambda": lambda value: lambda: value,
    "eat": lambda value: len(bytearray(int(str(value)))),
    "once": die_once,
    "hang once": hang_once,
    "touch": touch,
    "rank": rank,
    "descriptors": descriptors,
    "say": say,
}


@pytest.fixture
def pool() -> Iterator[Pool[tuple[str, object], object]]:
    """Two workers, 1 GB, 30 s a task, or what a `sleep` task has as its second value."""
    with Pool[tuple[str, object], object](
        2, f"{HERE}:work", memory=GIGABYTE, deadline=lambda task: 1.0 if task[0] in ("sleep", "hang once") else 30.0
    ) as pool:
        yield pool


def outcomes(pool: Pool[tuple[str, object], object], *tasks: tuple[str, object]) -> dict[object, object]:
    """Run the tasks; task -> result, or the error as a string."""
    return {outcome.task: outcome.error or outcome.result for outcome in pool.run(tasks)}


def test_each_task_has_one_outcome(pool: Pool[tuple[str, object], object]) -> None:
    """Every task comes back once with its own result."""
    tasks = [("double", n) for n in range(50)]
    assert Counter((o.task, o.result) for o in pool.run(tasks)) == Counter((t, 2 * t[1]) for t in tasks)


def test_tasks_are_pulled_lazily(pool: Pool[tuple[str, object], object]) -> None:
    """No more tasks are taken from the source than workers can work on."""
    taken = 0

    def source() -> Iterator[tuple[str, object]]:
        nonlocal taken
        for n in range(100):
            taken += 1
            yield "double", n

    results = pool.run(source())
    next(results)
    assert taken <= 4


def test_submit_while_results_are_consumed(pool: Pool[tuple[str, object], object]) -> None:
    """A task that is added while results are read is done before the run ends."""
    seen = []
    for outcome in pool.run([("double", 1), ("double", 2)]):
        seen.append(outcome.result)
        if isinstance(outcome.result, int) and outcome.result < 50:
            pool.submit(("double", outcome.result))
    assert sorted(map(str, seen)) == sorted(map(str, [2, 4, 8, 16, 32, 64, 4, 8, 16, 32, 64]))


def test_submit_before_the_run(pool: Pool[tuple[str, object], object]) -> None:
    """What was submitted before the run is done by it."""
    pool.submit(("double", 4))
    assert [outcome.result for outcome in pool.run()] == [8]


@pytest.mark.parametrize(("what", "word"), [("segfault", "SIGSEGV"), ("kill", "SIGKILL"), ("exit", "exit code 7")])
def test_a_crash_costs_one_task(pool: Pool[tuple[str, object], object], what: str, word: str) -> None:
    """A worker that dies is replaced; its task fails with the reason, the others do not notice."""
    found = outcomes(pool, ("double", 1), (what, 7), ("double", 2), ("double", 3))
    assert word in (error := str(found.pop((what, 7))))
    assert "tried twice" in error
    assert found == {("double", n): 2 * n for n in (1, 2, 3)}


def test_a_kill_from_outside_is_told_as_one(pool: Pool[tuple[str, object], object]) -> None:
    """A system without memory kills whoever it likes; a crash of its own lies with the task."""
    found = {outcome.task[0]: outcome.killed for outcome in pool.run([("kill", 1), ("segfault", 1), ("double", 1)])}
    assert found == {"kill": True, "segfault": False, "double": False}


def test_a_crash_is_tried_again_once(pool: Pool[tuple[str, object], object], tmp_path: Path) -> None:
    """A task whose worker died is given to a fresh one, and its result counts."""
    assert outcomes(pool, ("once", str(tmp_path / "x"))) == {("once", str(tmp_path / "x")): "second"}


def test_a_deadline_costs_one_task(pool: Pool[tuple[str, object], object]) -> None:
    """A task that takes too long, twice, is given up, and the others do not notice."""
    found = outcomes(pool, ("sleep", 3600), *(("double", n) for n in range(5)))
    assert found.pop(("sleep", 3600)) == "it took longer than 1 seconds (tried twice)"
    assert found == {("double", n): 2 * n for n in range(5)}


def test_a_hang_is_tried_again_at_the_end(pool: Pool[tuple[str, object], object], tmp_path: Path) -> None:
    """A task that took too long comes once more when all others were begun, to a fresh worker, and then it counts."""
    late = ("hang once", str(tmp_path / "hung"))
    between = [("sleep", 0.7), ("sleep", 0.71)]  # still going on when its time is up
    last = [("touch", tmp_path / str(n)) for n in range(9)]
    found = {outcome.task: outcome for outcome in pool.run([late, *between, *last])}
    assert {outcome.error for outcome in found.values()} == {""}
    again = found[late].result
    assert isinstance(again, tuple)
    assert again[0] not in {found[task].result for task in (*between, *last)}
    assert again[1] >= len(last)  # one of them may still be in hand, but `hung` is there too


def test_the_next_task_begins_before_an_outcome_is_consumed(tmp_path: Path) -> None:
    """A worker does not stand still while somebody stores what it found."""
    with Pool[tuple[str, object], object](1, f"{HERE}:work", memory=0, deadline=lambda _task: 30.0) as pool:
        results = pool.run([("double", 1), ("touch", tmp_path / "second")])
        next(results)
        until = time.monotonic() + 20
        while not (tmp_path / "second").exists() and time.monotonic() < until:
            time.sleep(0.01)
        assert (tmp_path / "second").exists()


def test_a_pause_costs_nothing(pool: Pool[tuple[str, object], object], tmp_path: Path) -> None:
    """While outcomes are not asked for, nothing more is begun than what was in hand, and what got done is not late."""
    results = pool.run(
        [("sleep", 0), ("sleep", 0.2), ("sleep", 0.3), *(("touch", tmp_path / str(n)) for n in range(9))]
    )
    first = next(results)
    time.sleep(1.5)  # longer than a `sleep` may take
    assert len(list(tmp_path.iterdir())) <= 1
    rest = list(results)
    assert [outcome.error for outcome in (first, *rest)] == [""] * 12
    assert len(list(tmp_path.iterdir())) == 9


RANK = """
from comet.core.workers import Pool

with Pool(1, "tests.unit.core.test_workers:work", memory=0, deadline=lambda task: 100.0, nice={}, ionice={}) as pool:
    print(*[outcome.result for outcome in pool.run([("rank", 0)])])
    from tests.unit.core.test_workers import rank
    print(rank(0))
"""


@pytest.mark.skipif(not hasattr(psutil.Process, "ionice"), reason="this system knows no such thing")
@pytest.mark.parametrize(
    ("start", "said", "worker"),
    [
        ((), (7, 5), (7, 2, 5)),
        ((), (19, 8), (19, 3, 0)),
        ((), (0, None), (0, 0, 0)),
        (("nice", "-n", "15", "ionice", "-c", "3"), (10, 7), (15, 3, 7)),
    ],
)
def test_workers_step_back(start: tuple[str, ...], said: tuple[int, int | None], worker: tuple[int, int, int]) -> None:
    """Processor and disk are left to others as far as it was said, but in the workers only, never less than before."""
    if os.nice(0) or rank(0)[1] != psutil.IOPRIO_CLASS_NONE:
        pytest.skip("these tests are themselves stepping back")
    command = [*start, sys.executable, "-c", RANK.format(*said)]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines() == [str(worker), "(15, 3, 7)" if start else "(0, 0, 0)"]


def test_memory_is_limited(pool: Pool[tuple[str, object], object]) -> None:
    """A worker cannot take more memory than it may; less than that it can."""
    found = outcomes(pool, ("eat", 3 * GIGABYTE), ("eat", GIGABYTE // 2))
    assert "memory" in str(found["eat", 3 * GIGABYTE])
    assert found["eat", GIGABYTE // 2] == GIGABYTE // 2


@pytest.mark.parametrize(("what", "word"), [("fail", "LookupError: x"), ("lambda", "pickle"), ("quit", "SystemExit")])
def test_any_exception_comes_back(pool: Pool[tuple[str, object], object], what: str, word: str) -> None:
    """Whatever is raised, or cannot be pickled, is an error of that task, and the worker lives on."""
    found = outcomes(pool, (what, "x"), ("double", 2))
    assert word in str(found[what, "x"])
    assert found["double", 2] == 4


def test_no_descriptor_is_inherited(pool: Pool[tuple[str, object], object], tmp_path: Path) -> None:
    """A lock that the parent holds is not held by its workers too, even where the descriptor is inheritable."""
    lock = tmp_path / "lock"
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        forkserver._forkserver._stop()  # type: ignore[attr-defined]  # the next one is started while the lock is held
        os.set_inheritable(file.fileno(), True)
        found = outcomes(pool, ("descriptors", 0))["descriptors", 0]
    assert isinstance(found, list)
    assert found
    assert str(lock) not in found


def test_workers_write_to_no_screen(pool: Pool[tuple[str, object], object], capfd: pytest.CaptureFixture[str]) -> None:
    """What a worker prints, on whatever level, reaches no terminal."""
    forkserver._forkserver._stop()  # type: ignore[attr-defined]  # the next one has the captured descriptors
    assert outcomes(pool, ("say", "noise")) == {("say", "noise"): None}
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("function", ["tests.no_such_module:work", f"{HERE}:nothing"])
def test_a_function_that_is_not_there_is_loud(function: str) -> None:
    """A program that is broken ends at once instead of failing task by task."""
    with Pool[int, int](1, function, memory=0, deadline=lambda _task: 30.0) as pool, pytest.raises(BrokenError):
        list(pool.run([1, 2]))


def test_closing_kills_at_once() -> None:
    """Leaving the pool does not wait for what is still being done."""
    with Pool[tuple[str, object], object](2, f"{HERE}:work", memory=0, deadline=lambda _task: 100.0) as pool:
        first = next(pool.run([("sleep", 0), ("sleep", 3600), ("sleep", 3600)]))
    assert isinstance(first, Outcome)
    assert not os.path.exists(f"/proc/{first.result}")


SCRIPT = """
from comet.core.workers import Pool

with Pool(2, "tests.unit.core.test_workers:work", memory=0, deadline=lambda task: 100.0) as pool:
    for outcome in pool.run([("sleep", 0), ("sleep", 0), ("sleep", {last})]):
        print(outcome.result, outcome.error, flush=True)
"""


@pytest.mark.parametrize("how", ["console", "module", "command"])
def test_any_kind_of_main_program(how: str, tmp_path: Path) -> None:
    """The main program is not run again in the workers, whatever kind it is and whether it guards itself or not."""
    text = SCRIPT.format(last=0)
    for folder in ("bin", "lib/package", "here"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "lib/package/__main__.py").write_text(text)
    (tmp_path / "bin/tool").write_text(text)
    if how == "console":  # only then is the working directory no place that Python imports from
        (tmp_path / "here/pickle.py").write_text("raise SystemExit('imported from the working directory')")
    command = {"console": [str(tmp_path / "bin/tool")], "module": ["-m", "package"], "command": ["-c", text]}[how]
    done = subprocess.run(
        [sys.executable, *command],
        cwd=tmp_path / "here",
        env={**os.environ, "PYTHONPATH": f"{REPOSITORY}{os.pathsep}{tmp_path / 'lib'}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    assert [line.split()[0].isdigit() for line in done.stdout.splitlines()] == [True, True, True]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_workers_die_with_their_parent(how: signal.Signals, tmp_path: Path) -> None:
    """A parent that is killed in mid-task takes its workers along."""
    script = tmp_path / "tool.py"
    script.write_text(textwrap.dedent(SCRIPT.format(last=60)))
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True, env=environment) as parent:
        assert parent.stdout is not None
        workers = {int(parent.stdout.readline().split()[0]) for _line in range(2)}
        assert all(os.path.exists(f"/proc/{worker}") for worker in workers)
        parent.send_signal(how)
        parent.wait(10)
        until = time.monotonic() + 10
        while any(os.path.exists(f"/proc/{worker}") for worker in workers) and time.monotonic() < until:
            time.sleep(0.05)
    assert not [worker for worker in workers if os.path.exists(f"/proc/{worker}")]


def test_workers_ignore_an_interrupt() -> None:
    """Ctrl-C is the parent's to answer: a worker that gets it works on."""
    with Pool[tuple[str, object], object](1, f"{HERE}:work", memory=0, deadline=lambda _task: 100.0) as pool:
        worker = next(pool.run([("sleep", 0)])).result
        assert isinstance(worker, int)
        os.kill(worker, signal.SIGINT)
        assert next(pool.run([("sleep", 0)])).result == worker
