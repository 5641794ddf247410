"""A scan that is asked to wait does so, and goes on as if nothing had been."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import psutil
import pytest

from comet import jobs, scanning
from comet.core.job import Event, Job, Progress
from comet.core.model import Stage
from comet.scanning import Scanned
from tests.factories import tune, write
from tests.integration.conftest import Bench

FILES = 12


def idle() -> bool:
    """Wait until the workers do nothing for a second; return whether that came."""
    before = -1.0
    for _second in range(30):
        times = [process.cpu_times() for process in psutil.Process().children(recursive=True)]
        now = sum(each.user + each.system for each in times)
        if now - before < 0.05 and before >= 0:
            return True
        before = now
        time.sleep(1)
    return False


@pytest.mark.slow
def test_a_pause_of_a_scan(bench: Bench, tmp_path: Path) -> None:
    """After a pause is wished only what is in hand is done; a pause longer than a file may take spoils no file."""
    bench.settings = ("scan.workers=2", "scan.timeout=1")
    for n in range(FILES):
        write(bench.music / f"{n}.flac", tune(n, 6))
    done: list[int] = []
    begun = threading.Event()
    results: list[Scanned] = []
    with jobs.recorded(str(tmp_path), "scan") as record:

        def report(event: Event) -> None:
            record.report(event)
            if isinstance(event, Progress) and event.stage is Stage.SCAN and event.done:
                done.append(event.done)
                if not begun.is_set():
                    job = jobs.look(record.folder)
                    assert job is not None
                    jobs.steer(job, pause=True)
                    begun.set()

        def scan() -> None:
            with bench.opened() as collection:
                results.append(scanning.scan_roots(collection, Job(report, control=record.control, every=0.0)))

        thread = threading.Thread(target=scan, daemon=True)
        thread.start()
        assert begun.wait(60)
        assert idle()  # what was in hand is done
        time.sleep(4)  # longer than a file may take
        assert (done, results) == ([1], [])
        job = jobs.look(record.folder)
        assert job is not None
        assert job.state == "paused"
        jobs.steer(job, pause=False)
        thread.join(60)
    assert [(each.decoded, each.problems) for each in results] == [(FILES, 0)]
