"""What all tests share: kernels that are compiled once, and a fork server that has loaded what most workers need."""

from __future__ import annotations

import multiprocessing
import os
from multiprocessing import forkserver
from pathlib import Path

import pytest
from hypothesis import settings

from comet import demo
from comet.core import locks, places

pytest_plugins = ["tests.service.fixture"]


def pytest_configure() -> None:
    """Let compiled kernels be kept from one run to the next, and no test fail for the time that it takes.

    Where kernels are kept has to be said before any is imported. Nobody's own home is touched.
    """
    os.environ.setdefault("COMET_HOME", str(Path(__file__).parents[1] / ".pytest_cache/home"))
    os.environ.setdefault("COMET_LANGUAGE", "en")  # whatever the tester's language is
    places.prepare()
    # How long an example takes says how busy the machine is; a run of all of them tries fewer than one alone would.
    settings.register_profile("comet", deadline=None, max_examples=40)
    settings.load_profile("comet")


@pytest.fixture(scope="session", autouse=True)
def workers() -> None:
    """Start the fork server; one that a test of other workers had started would load all anew for each listener."""
    multiprocessing.set_forkserver_preload(["comet.listen.work", "comet.tags.work", "comet.tags.treated"])
    forkserver.ensure_running()


@pytest.fixture(scope="session")
def demonstrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the demo library, made once for all processes that run tests; do not change it, nor scan it."""
    top = tmp_path_factory.getbasetemp()
    top = top.parent if "PYTEST_XDIST_WORKER" in os.environ else top
    with locks.hold(str(top / "demo.lock"), "busy", patience=200):
        if not (top / "demo").exists():
            demo.make(str(top / "half made"))
            (top / "half made").rename(top / "demo")
    return top / "demo"
