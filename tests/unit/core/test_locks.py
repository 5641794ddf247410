"""Locks: one holder at a time, and none that outlives its process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from comet.core import locks
from comet.core.errors import LockedError

_HOLD = """
import sys, time
from comet.core import locks
with locks.hold(sys.argv[1], "held"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_holder_is_refused_with_the_first_ones_number(tmp_path: Path) -> None:
    """The message says which process to look for."""
    path = str(tmp_path / "new" / "lock")
    with locks.hold(path, "busy"):
        assert locks.held(path)
        with pytest.raises(LockedError, match=rf"busy \(process {os.getpid()}\)"), locks.hold(path, "busy"):
            pytest.fail("held twice")
    assert not locks.held(path)
    with locks.hold(path, "busy"):
        pass


def test_a_killed_holder_lets_go(tmp_path: Path) -> None:
    """After kill -9 nobody has to remove a lock by hand."""
    path = str(tmp_path / "lock")
    with subprocess.Popen([sys.executable, "-c", _HOLD, path], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        assert locks.held(path)
        holder.kill()
    assert not locks.held(path)


def test_a_child_does_not_inherit_it(tmp_path: Path) -> None:
    """A worker that is left over does not keep the profile locked."""
    path = str(tmp_path / "lock")
    with locks.hold(path, "busy"):
        child = subprocess.Popen(
            [sys.executable, "-c", "print(flush=True); input()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            close_fds=False,
        )
        assert child.stdout is not None
        child.stdout.readline()
    try:
        assert not locks.held(path)
    finally:
        child.communicate(b"\n")


def test_what_is_not_there_is_not_held(tmp_path: Path) -> None:
    """A job that has no lock file does not live."""
    assert not locks.held(str(tmp_path / "none"))
