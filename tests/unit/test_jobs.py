"""Job folders: what any face reads there is true, also of a job that was killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from comet import jobs
from comet.core.errors import CometError, LockedError, Stopped, UsageError
from comet.core.job import Control, Job, Listing, Memory, Ordered, Progress
from comet.core.model import Problem, Stage
from comet.jobs import JobState, Record

_WAIT = """
import sys, time
from comet import jobs
with jobs.recorded(sys.argv[1], "scan") as record:
    print(record.folder, flush=True)
    time.sleep(60)
"""


def ended(state: Path) -> JobState:
    """Return the only job of a state folder."""
    (job,) = jobs.listed(str(state))
    return job


def test_a_job_that_ends_well_is_done(tmp_path: Path) -> None:
    """Its stages stand as they ended, and each bad file counts."""
    with jobs.recorded(str(tmp_path), "scan") as record:
        running = ended(tmp_path)
        record.report(Progress(Stage.SCAN, "/m", 0, 2))
        record.report(Problem(Stage.SCAN, b"/m/\xff", "no music"))
        record.report(Progress(Stage.SCAN, "/m", 2, 2, finished=True))
    assert running.state == "running"
    done = ended(tmp_path)
    assert (done.state, done.command, done.problems, done.pid) == ("done", "scan", 1, os.getpid())
    expected = {"done": 2, "total": 2, "note": "", "finished": True, "size": 0, "total_size": 0, "problems": 1}
    assert {key: value for key, value in done.stages["scan /m"].items() if key != "began"} == expected
    assert done.started <= done.stages["scan /m"]["began"] <= done.updated


def test_what_a_look_at_a_root_found_is_kept(tmp_path: Path) -> None:
    """In order, for whoever looks later; the order of reading stands in the record."""
    with jobs.recorded(str(tmp_path), "scan") as record:
        record.report(Listing("/m", 3, 1, 0, 2, 500))
        record.report(Ordered("/m", 0.5, 1.25, 0, 3, 0))
        record.report(Listing("/m", 4, 1, 0, 0, 600, again=True))
    found = ended(tmp_path)
    assert [(told["root"], told["new"], told["size"], told["again"]) for told in found.listings] == [
        ("/m", 1, 500, False),
        ("/m", 1, 600, True),
    ]
    lines = Path(found.folder, "events.jsonl").read_text(encoding="ascii").splitlines()
    assert json.loads(lines[1])["order"] == {
        "root": "/m", "deviation": 0.5, "runs_z": 1.25, "by_extent": 0, "by_inode": 3, "by_path": 0
    }  # fmt: skip


def test_problems_count_where_they_are(tmp_path: Path) -> None:
    """For the stage of the root that holds the file, also of one root inside the name of another."""
    with jobs.recorded(str(tmp_path), "scan") as record:
        for name in ("/m", "/mm"):
            record.report(Progress(Stage.SCAN, name, 0, 2))
        for path in (b"/mm/a", b"/mm/b", b"/m/a"):
            record.report(Problem(Stage.SCAN, path, "no music"))
        record.report(Progress(Stage.SCAN, "/mm", 2, 2, finished=True))
    stages = ended(tmp_path).stages
    assert [stages[f"scan {name}"]["problems"] for name in ("/m", "/mm")] == [1, 2]


def test_a_second_look_at_a_root_begins_anew(tmp_path: Path) -> None:
    """Its beginning is its own; problems that were found before are there."""
    with jobs.recorded(str(tmp_path), "scan") as record:
        record.report(Progress(Stage.WALK, "/m", 0, None))
        record.report(Problem(Stage.WALK, b"/m/a", "cannot be read"))
        record.report(Progress(Stage.WALK, "/m", 5, None, finished=True))
        first = ended(tmp_path).stages["walk /m"]
        record.report(Progress(Stage.WALK, "/m", 0, None))
        second = ended(tmp_path).stages["walk /m"]
    assert first["problems"] == second["problems"] == 1
    assert second["began"] > first["began"]


def test_the_memory_of_a_job_is_told(tmp_path: Path) -> None:
    """What it may, has to and does take stands in its folder as it was told last; before that nothing does."""
    with jobs.recorded(str(tmp_path), "correlate") as record:
        assert ended(tmp_path).memory == {}
        record.report(Memory(8000, 3000, 12))
        record.report(Memory(9000, 4000, 24, 2500, 70, 100))
        assert ended(tmp_path).memory == {
            "limit": 9000,
            "used": 4000,
            "chunk": 24,
            "least": 2500,
            "more": 70,
            "left": 100,
        }
    assert ended(tmp_path).problems == 0


def test_events_keep_names_that_are_not_utf8(tmp_path: Path) -> None:
    """The bytes of a bad file's name can be had back from the record."""
    with jobs.recorded(str(tmp_path), "scan") as record:
        record.report(Problem(Stage.SCAN, b"/m/caf\xe9", "no music"))
    lines = Path(ended(tmp_path).folder, "events.jsonl").read_text(encoding="ascii").splitlines()
    assert os.fsencode(json.loads(lines[-1])["problem"]) == b"/m/caf\xe9"


def test_events_between_are_thinned(tmp_path: Path) -> None:
    """A long scan does not write a line for each file; the first and the last step are there."""
    with jobs.recorded(str(tmp_path), "scan") as record:
        for done in range(1000):
            record.report(Progress(Stage.SCAN, "/m", done, 1000))
        record.report(Progress(Stage.SCAN, "/m", 1000, 1000, finished=True))
    lines = Path(ended(tmp_path).folder, "events.jsonl").read_text().splitlines()
    assert [json.loads(lines[0])["done"], json.loads(lines[-1])["done"]] == [0, 1000]
    assert len(lines) < 20


@pytest.mark.parametrize(
    ("error", "state", "text"),
    [
        (Stopped(), "stopped", ""),
        (KeyboardInterrupt(), "stopped", ""),
        (CometError("no luck"), "failed", "no luck"),
        (ZeroDivisionError("x"), "failed", "x"),
    ],
    ids=["stopped", "interrupted", "failed", "bug"],
)
def test_how_a_job_ended_is_told(tmp_path: Path, error: BaseException, state: str, text: str) -> None:
    """Stopped, failed with a reason, or broken: whoever looks later can tell."""
    with pytest.raises(type(error)), jobs.recorded(str(tmp_path), "scan"):
        raise error
    assert ended(tmp_path).state == state
    assert text in ended(tmp_path).error


def test_a_killed_job_has_died(tmp_path: Path) -> None:
    """A job that could not say so any more is not shown as running for ever."""
    with subprocess.Popen([sys.executable, "-c", _WAIT, str(tmp_path)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert ended(tmp_path).state == "running"
        process.send_signal(signal.SIGKILL)
    assert ended(tmp_path).state == "died"
    with pytest.raises(UsageError, match="does not run"):
        jobs.steer(ended(tmp_path), stop=True)


def test_a_wish_reaches_the_job(tmp_path: Path) -> None:
    """Pause, resume and stop go through the folder; one wish does not undo another."""
    with jobs.recorded(str(tmp_path), "scan") as record:
        assert record.control() == Control()
        jobs.steer(ended(tmp_path), pause=True)
        assert record.control() == Control(pause=True)
        assert ended(tmp_path).state == "paused"
        jobs.steer(ended(tmp_path), stop=True)
        assert record.control() == Control(pause=True, stop=True)
        jobs.steer(ended(tmp_path), pause=False)
        with pytest.raises(Stopped):
            Job(record.report, control=record.control).check()


def test_memory_and_chunks_are_wished_for(tmp_path: Path) -> None:
    """Halving and doubling go on from what was wished before, and 0 takes it back; the rest stays."""
    with jobs.recorded(str(tmp_path), "correlate") as record:
        jobs.steer(ended(tmp_path), memory=1 << 30)
        for factor in (0.5, 0.5, 2.0):
            jobs.steer(ended(tmp_path), longer=factor)
        assert record.control() == Control(memory=1 << 30, chunk=0.5)
        jobs.steer(ended(tmp_path), longer=0.0)
        assert record.control() == Control(memory=1 << 30)
        jobs.steer(ended(tmp_path), memory=0)
        assert record.control() == Control()


@pytest.mark.parametrize(
    "text",
    [
        '{"pause": ',
        "[]",
        *(
            f'{{"pause": true, "stop": true, "memory": {memory}, "chunk": {chunk}}}'
            for memory, chunk in (
                ("1e999", 1),
                ("NaN", 1),
                (-5, 1),
                (0, "1e999"),
                (0, "NaN"),
                (0, -1),
                (0, 0),
                (0, "[]"),
            )
        ),
    ],
)
def test_a_wish_that_nobody_understands_is_none(tmp_path: Path, text: str) -> None:
    """A damaged control file, or one with numbers that cannot be meant, stops nothing."""
    with jobs.recorded(str(tmp_path), "scan") as record:
        Path(record.folder, "control.json").write_text(text)
        assert record.control() == Control()


def test_two_jobs_of_one_second_have_two_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A screen that starts two jobs at once gets two."""
    monkeypatch.setattr(time, "strftime", lambda *_a: "20260101-000000")
    assert jobs.new_folder(str(tmp_path)) != jobs.new_folder(str(tmp_path))


def test_one_folder_is_one_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job that was started detached under an id cannot run twice under it."""
    monkeypatch.setenv(jobs.ID_VARIABLE, "one")
    with jobs.recorded(str(tmp_path), "scan"):
        monkeypatch.setenv(jobs.ID_VARIABLE, "one")
        with pytest.raises(LockedError), jobs.recorded(str(tmp_path), "scan"):
            pytest.fail("twice")


def test_only_the_last_jobs_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Old folders go when a job ends, never one that still runs."""
    monkeypatch.setattr(jobs, "_KEPT", 3)
    ids = [f"2026010{day}-000000-1" for day in range(1, 6)]
    monkeypatch.setenv(jobs.ID_VARIABLE, "20251231-000000-1")
    with jobs.recorded(str(tmp_path), "running"):
        for identity in ids:
            monkeypatch.setenv(jobs.ID_VARIABLE, identity)
            with jobs.recorded(str(tmp_path), "scan"):
                pass
        assert [job.id for job in jobs.listed(str(tmp_path))] == [*reversed(ids[2:]), "20251231-000000-1"]


def test_a_job_is_found_by_the_beginning_of_its_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`last` is the newest; what is not clear is refused."""
    for identity in ("20260101-1", "20260102-1"):
        monkeypatch.setenv(jobs.ID_VARIABLE, identity)
        with jobs.recorded(str(tmp_path), "scan"):
            pass
    assert jobs.find("20260101", str(tmp_path)).id == "20260101-1"
    assert jobs.find("last", str(tmp_path)).id == "20260102-1"
    for identity, reason in (("2026", "several"), ("x", "no job")):
        with pytest.raises(UsageError, match=reason):
            jobs.find(identity, str(tmp_path))


def test_a_folder_that_is_no_job_is_passed_over(tmp_path: Path) -> None:
    """Neither an empty folder nor a damaged snapshot hides the other jobs."""
    with jobs.recorded(str(tmp_path), "scan"):
        pass
    (tmp_path / "jobs" / "x").mkdir()
    (tmp_path / "jobs" / "y").mkdir()
    (tmp_path / "jobs" / "y" / "snapshot.json").write_text("{")
    assert ended(tmp_path).state == "done"
    assert jobs.listed(str(tmp_path / "none")) == []


def test_a_record_is_private(tmp_path: Path) -> None:
    """Names of music are nobody else's business: neither the files are, nor any folder that was made for them."""
    state = tmp_path / "home" / "state" / "p"
    before = os.umask(0o022)
    try:
        with jobs.recorded(str(state), "scan") as record:
            assert isinstance(record, Record)
    finally:
        os.umask(before)
    made = [tmp_path / "home", *(tmp_path / "home").rglob("*")]
    assert len(made) > 6
    assert [path for path in made if path.stat().st_mode & 0o077] == []


def test_jobs_of_several_profiles_are_one_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest first, whatever profile it is of."""
    for profile, identity in (("b", "1"), ("a", "2"), ("b", "3")):
        monkeypatch.setenv(jobs.ID_VARIABLE, identity)
        with jobs.recorded(str(tmp_path / profile), "scan"):
            pass
    states = [str(tmp_path / profile) for profile in ("a", "b", "c")]
    assert [job.id for job in jobs.listed(*states)] == ["3", "2", "1"]
    assert jobs.find("last", *states).id == "3"
    assert jobs.find("2", *states).folder == str(tmp_path / "a" / "jobs" / "2")
