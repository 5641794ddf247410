"""Children that are forked off one process which has everything imported: a run costs milliseconds and not a second.

A child may be killed, may have broken code planted in it, or may see another world (mounts, a view) than everybody
else; whatever it does to itself ends with it. `seam` says at which call it dies or what that call answers.
"""

from __future__ import annotations

import gc
import importlib
import io
import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import mutagen

TOP = Path(__file__).parents[2]
LONGEST = 60
"""Seconds after which a child that hangs is ended."""


@dataclass(frozen=True)
class Ended:
    """How a child ended."""

    code: int
    """Exit code, or minus the signal."""
    value: Any = None
    points: list[str] = field(default_factory=list)
    """The calls that change something, in order, as far as the child came by itself."""
    error: str = ""


class Parent:
    """A process, made of a module, that forks a child for each line that it is asked with, and answers in a line."""

    def __init__(self, module: str) -> None:
        env = os.environ | {"PYTHONPATH": str(TOP), "OPENBLAS_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-P", "-m", module]
        self._process = subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def ask(self, **asked: Any) -> Any:  # noqa: ANN401 - what goes into JSON
        """Have a child run, and return what is told of it."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(asked).encode() + b"\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


def answer(fork: Callable[[dict[str, Any]], Any]) -> None:
    """Be such a process: answer what it is asked with what `fork` tells, until nobody asks any more."""
    for line in sys.stdin.buffer:
        sys.stdout.buffer.write(json.dumps(fork(json.loads(line))).encode() + b"\n")
        sys.stdout.buffer.flush()


class Forker(Parent):
    """A process that forks children on demand, one at a time."""

    def __init__(self) -> None:
        super().__init__("tests.campaign.forks")

    def run(self, run: str, *given: Any, plant: Sequence[str] = (), seam: Sequence[object] = ()) -> Ended:  # noqa: ANN401
        """Run `module:function` with what is given in a child, after each `module:function` of `plant`.

        `seam` is (mode, number of the call, errno); see `seam.Seam`.
        """
        return Ended(**self.ask(run=run, given=given, plant=list(plant), seam=list(seam)))


def _find(name: str) -> Any:  # noqa: ANN401 - a function
    module, _colon, function = name.partition(":")
    return getattr(importlib.import_module(module), function)


def _child(asked: dict[str, Any]) -> dict[str, Any]:
    from tests.campaign.seam import Seam  # noqa: PLC0415 - here it is imported already

    seam = Seam(*asked["seam"])
    try:
        for name in asked["plant"]:
            _find(name)(*asked["given"])
        seam.install()
        value = _find(asked["run"])(*asked["given"])
    except BaseException:  # noqa: BLE001 - told to whoever asked
        return {"code": 1, "error": traceback.format_exc(), "points": seam.points}
    return {"code": 0, "value": value, "points": seam.points}


def _fork(asked: dict[str, Any]) -> dict[str, Any]:
    """Fork a child and return how it ended."""
    ours, theirs = os.pipe()
    exit_now = os._exit
    write = os.write
    if not (child := os.fork()):
        signal.alarm(LONGEST)
        os.close(ours)
        told = memoryview(json.dumps(_child(asked)).encode())
        while told:
            told = told[write(theirs, told) :]
        exit_now(0)
    os.close(theirs)
    with open(ours, "rb") as stream:
        told = stream.read()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return json.loads(told) if code == 0 else {"code": code}


def _serve() -> None:
    for module in ("protocol", "seam", "worlds", "writing", "faults"):
        importlib.import_module(f"tests.campaign.{module}")
    mutagen.File(io.BytesIO())  # which imports what reads each format
    gc.freeze()
    answer(_fork)


if __name__ == "__main__":
    _serve()
