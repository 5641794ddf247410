"""The campaign: the workload interrupted at one call after the other, and what must hold after each."""

from __future__ import annotations

import itertools
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from queue import SimpleQueue
from typing import TypeVar

from tests.campaign.forks import Ended, Forker
from tests.campaign.invariants import check
from tests.campaign.protocol import Arena, Found, build, look, normal, remove

_T = TypeVar("_T")

WORK, RECOVER = "tests.campaign.protocol:work", "tests.campaign.protocol:recover"
HANDS = 2
KILLED = -9

Seam = tuple[str, int, int]
"""Mode, number of the call, errno."""


@dataclass
class Campaign:
    """A template of an arena, and processes that run children in copies of it."""

    template: Arena
    forkers: Sequence[Forker]
    recoveries: list[str] = field(default_factory=list)
    """Calls of recoveries that were killed at."""

    @cached_property
    def before(self) -> Found:
        """The arena before anything was done."""
        return look(self.template)

    @cached_property
    def clean(self) -> Ended:
        """The workload without an interruption; its arena stays as `clean`."""
        ended = self.run(self.template.copied("clean"), WORK)
        assert ended.code == 0, ended.error
        return ended

    @cached_property
    def after(self) -> Found:
        """The arena after the workload was done without an interruption."""
        assert self.clean.points
        return check(self.before, Arena(os.path.join(os.path.dirname(self.template.folder), b"clean")))

    def run(
        self, arena: Arena, what: str, plant: Sequence[str] = (), seam: Seam | tuple[()] = (), hand: int = 0
    ) -> Ended:
        """Run a function of `protocol` in a child on an arena."""
        return self.forkers[hand].run(what, os.fsdecode(arena.folder), plant=plant, seam=seam)

    def points(self) -> list[int]:
        """Return the numbers of the calls of the workload."""
        return list(range(1, len(self.clean.points) + 1))

    def likely(self, plant: Sequence[str], label: str) -> list[int]:
        """Return the numbers of its calls with what is planted, first those that are called so and the ones after."""
        calls = ["", *self.run(self.template.copied("planted"), WORK, plant).points]
        return sorted(range(1, len(calls)), key=lambda at: label not in calls[at - 1 : at + 1])

    def after_calls(self, *labels: str) -> list[int]:
        """Return the numbers of the calls of the workload that come next after one that is called so."""
        return [at for at, label in enumerate(self.clean.points, 2) if label in labels]

    def sweep(self, seams: Iterable[Seam], plant: Sequence[str] = ()) -> list[str]:
        """Interrupt the workload at each of these; return what was found to be wrong."""

        def one(seam: Seam, hand: int) -> list[str]:
            try:
                self.interrupt(seam, plant, hand)
            except AssertionError as error:
                return [f"{self._told(seam)}: {error}"]
            return []

        return self._shared(one, seams)

    def _shared(self, work: Callable[[_T, int], list[str]], items: Iterable[_T]) -> list[str]:
        """Let the hands share the work; return all that they told."""
        free: SimpleQueue[int] = SimpleQueue()
        for hand in range(len(self.forkers)):
            free.put(hand)

        def one(item: _T) -> list[str]:
            hand = free.get()
            try:
                return work(item, hand)
            finally:
                free.put(hand)

        assert self.after.entries  # made before the threads begin
        with ThreadPoolExecutor(len(self.forkers)) as pool:
            return [told for each in pool.map(one, items) for told in each]

    def first(self, seams: Iterable[Seam], plant: Sequence[str]) -> str:
        """Interrupt the workload at one after the other until something is wrong, and return what; else nothing."""
        return next((told for seam in seams for told in self.sweep([seam], plant)), "")

    def sweep_recovery(self, points: Iterable[int], lost: str = "") -> list[str]:
        """Kill the workload at each of these calls, and the recovery after it at each of its own; as `sweep`.

        Between the two the track `lost` is moved away and after them back.
        """
        return self._shared(lambda at, hand: list(self._recoveries(at, lost, hand)), points)

    def _recoveries(self, at: int, lost: str, hand: int) -> Iterator[str]:
        broken = self.template.copied(f"broken-{hand}")
        assert self.run(broken, WORK, seam=("kill", at, 0), hand=hand).code == KILLED
        if lost:
            os.rename(broken.path(lost), os.path.join(broken.folder, b"lost"))
        calls = self.run(broken.copied(f"counted-{hand}"), RECOVER, hand=hand).points
        self.recoveries.extend(calls)
        for number in range(1, len(calls) + 1):
            arena = broken.copied(f"hand-{hand}")
            assert self.run(arena, RECOVER, seam=("kill", number, 0), hand=hand).code == KILLED
            try:
                if lost:
                    assert self.run(arena, RECOVER, hand=hand).code == 0, "end: recovery fails"
                    os.rename(os.path.join(arena.folder, b"lost"), arena.path(lost))
                self.recovered(arena, (), hand)
                self.goes_on(arena, (), hand)
            except AssertionError as error:
                yield f"kill at {at}, then of recovery at {number} ({calls[number - 1]}): {error}"

    def _told(self, seam: Seam) -> str:
        mode, at, code = seam
        label = self.clean.points[at - 1] if 0 < at <= len(self.clean.points) else "the end"
        return f"{mode} {os.strerror(code) if code else ''} at {at} ({label})"

    def interrupt(self, seam: Seam, plant: Sequence[str], hand: int) -> None:
        """Interrupt the workload once, recover, check, and let it go on to the same end."""
        arena = self.template.copied(f"hand-{hand}")
        ended = self.run(arena, WORK, plant, seam, hand)
        hit = ended.code == KILLED if seam[0] == "kill" else len(ended.points) >= seam[1]
        assert hit or plant, f"the call was not reached: {ended.error}"
        self.recovered(arena, plant, hand, litter=_litter(seam, ended))
        self.goes_on(arena, plant, hand)

    def goes_on(self, arena: Arena, plant: Sequence[str], hand: int) -> None:
        """Let the work go on after recovery, to the end of one run without interruption."""
        ended = self.run(arena, WORK, plant, hand=hand)
        assert ended.code == 0, f"end: the work cannot go on: {ended.error}"
        assert ended.value == 0, "I6: a second recovery finds something to settle"
        found = check(self.before, arena, litter=1)
        assert _sound(found) == _sound(self.after), "end: it is not that of one run without interruption"

    def recovered(self, arena: Arena, plant: Sequence[str], hand: int, *, litter: int = 0) -> Ended:
        """Recover in a process of its own and find that all is sound."""
        ended = self.run(arena, RECOVER, plant, hand=hand)
        assert ended.code == 0, f"end: recovery fails: {ended.error}"
        check(self.before, arena, litter=litter)
        return ended


def _litter(seam: Seam, ended: Ended) -> int:
    """Return how many probes may stay: one that the system would not delete, or has made and told as not made."""
    label = ended.points[seam[1] - 1] if seam[1] <= len(ended.points) else ""
    return int((seam[0] != "kill" and label == "unlink probe-") or (seam[0] == "late" and label == "open probe-"))


def _sound(found: Found) -> object:
    """Return what two ends must agree in; a probe that could not be deleted is no part of it."""
    files, folders = normal(found)
    return {path: state for path, state in files.items() if b".comet-probe-" not in path}, folders


@contextmanager
def campaign() -> Iterator[Campaign]:
    """Yield a campaign with a fresh template, in memory where that is possible."""
    where = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 - a folder of its own in it
    folder = tempfile.mkdtemp(prefix="comet-campaign-", dir=where)
    os.chmod(folder, 0o711)  # noqa: S103 - for a child without rights
    try:
        with ExitStack() as stack:
            forkers = [stack.enter_context(Forker()) for _hand in range(HANDS)]
            yield Campaign(build(os.fsencode(os.path.join(folder, "template"))), forkers)
    finally:
        remove(os.fsencode(folder))


def kills(points: Iterable[int]) -> Iterator[Seam]:
    """Yield a kill at each of these calls."""
    return (("kill", at, 0) for at in points)


def errors(points: Sequence[int], codes: Iterable[int], *modes: str) -> Iterator[Seam]:
    """Yield each of the errors at each of these calls, in each of the modes."""
    return ((mode, at, code) for at, code, mode in itertools.product(points, codes, modes))
