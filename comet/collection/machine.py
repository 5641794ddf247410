"""The memory of this machine as it is now."""

from __future__ import annotations

from typing import NamedTuple

from comet.compare import memory


class Machine(NamedTuple):
    """Bytes."""

    bound: int
    """That there are, in the machine or in the container that this runs in."""
    free: int
    """That can be taken without swapping, and without reaching a limit."""


def now() -> Machine:
    """Look at the machine."""
    return Machine(memory.bound(), memory.free())
