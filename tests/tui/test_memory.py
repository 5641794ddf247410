"""The memory screen: who takes how much, how long chunks are, and what is wished arrives at the job."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from textual.pilot import Pilot

from comet.core.job import Control, Memory, Progress
from comet.core.model import Stage
from comet.jobs import Record
from comet_tui.screens.memory import MemoryScreen
from tests.tui.conftest import Made
from tests.tui.looks import SIZES, rows, seen, settled, text, until
from tests.tui.test_scan import at_work

MB = 1_000_000


async def opened(pilot: Pilot[None]) -> None:
    """Go to the screen."""
    await settled(pilot)
    await pilot.press("6")
    await until(pilot, lambda: isinstance(pilot.app.screen, MemoryScreen))
    await settled(pilot)


def correlates(record: Record) -> None:
    """Let the job be at chunks of 100 units of 20 MB each, beside 1 GB, of the 4 GB that it may take."""
    record.report(Progress(Stage.CORRELATE, "", 50, 1_000))
    record.report(Memory(4_000 * MB, 1_200 * MB, 100, 1_000 * MB, 20 * MB, 950))


def wished(record: Record) -> Control:
    """Return what stands in the job's control.json."""
    file = Path(record.folder) / "control.json"
    return Control(**json.loads(file.read_text(encoding="utf-8"))) if file.exists() else Control()


@pytest.mark.parametrize("size", SIZES)
async def test_who_takes_memory_and_which_lengths_fit(collection: Made, size: tuple[int, int]) -> None:
    """Bars of the machine, the job and its limit, and for each length what it takes and whether that fits."""
    with at_work(collection) as record:
        correlates(record)
        async with collection.app().run_test(size=size) as pilot:
            await opened(pilot)
            await seen(pilot, "▶ running", "this job", "1.2 GB", "it may take", "4.0 GB")
            await pilot.press("G")
            await seen(pilot, "400 units 9.0 GB")
            if size[0] >= 80:
                listed = [row.lstrip("› ") for row in rows(pilot.app)]  # noqa: RUF001 - the cursor
                for start, words in (("25 units 1.5 GB", "38 chunks left"), ("100 units 3.0 GB", "now")):
                    assert any(row.startswith(start) and words in row for row in listed), text(pilot.app)
                fits = [row for row in listed if "units" in row and "chunk" in row and "·" not in row]
                assert [row.endswith("does not fit") for row in fits] == [False, False, False, True, True]


async def test_longer_shorter_auto_and_pause_arrive(collection: Made) -> None:
    """Each key, and Enter on a length, is a wish in the job's folder, on top of what was wished before."""
    with at_work(collection) as record:
        correlates(record)
        async with collection.app().run_test(size=(80, 24)) as pilot:
            await opened(pilot)
            await seen(pilot, "100 units")
            for keys, longer, words in (
                (["plus"], 2.0, "chunks are 2 times as long, from the next unit on"),
                (["minus"], 1.0, "chunks are 0.5 times as long"),
                (["k", "enter"], 0.5, "chunks are 0.5 times as long"),
                (["j", "enter"], 0.5, "chunks are as long as that"),
                (["a"], 1.0, "chunks are as long as memory and settings say"),
            ):
                await pilot.press(*keys)
                await seen(pilot, words)
                assert wished(record) == Control(chunk=longer)
            await pilot.press("space")
            await seen(pilot, "the job waits after the unit in hand; Space lets it go on")
            assert record.control() == Control(pause=True)
            await seen(pilot, "‖ waits")
            await pilot.press("space")
            await seen(pilot, "the job goes on")
            assert wished(record) == Control()


async def test_without_a_job_the_machine_is_shown(collection: Made) -> None:
    """Nothing is steered then, and which key starts one stands there; one without chunks says so."""
    async with collection.app().run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await seen(pilot, "there is", "free", "no job of this profile runs; 2 starts one, and what it takes is seen")
        await pilot.press("plus", "enter", "space")
        await seen(pilot, "no job of this profile runs; 2 starts one")
        with at_work(collection) as record:
            await seen(pilot, "the job has not said yet what it takes")
            record.report(Memory(4_000 * MB, 1_200 * MB))
            await seen(pilot, "what the job does now is not cut into chunks", "this job")
            assert wished(record) == Control()
        await seen(pilot, "no job of this profile runs")
