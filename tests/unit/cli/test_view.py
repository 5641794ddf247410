"""Progress: right in any width, without a terminal, with any name, and never the end of a job."""

from __future__ import annotations

import io
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from comet.cli import view
from comet.cli.view import Line, Moving, View, drawn, label_room, sentence, shortened
from comet.core.job import Listing, Lost, Memory, Progress, Ready
from comet.core.model import Problem, Stage


def line(done: int = 30, total: int | None = 120, name: str = "/music", note: str = "a/b.mp3") -> Line:
    """Return a line that has taken 10 s so far."""
    return Line(Stage.SCAN, name, 100.0, done, total, note)


def test_rate_and_rest_of_time_are_told() -> None:
    """30 of 120 in 10 s are 3 a second, and 30 s are left."""
    assert sentence(line(), 110.0) == "listening to `/music`: 30 of 120 files, in 0:10, 3.0/s, 0:30 left"


def test_what_can_be_looked_at_is_told_where_there_is_something(capsys: pytest.CaptureFixture[str]) -> None:
    """Where no pair counts yet there is nothing to show, and nothing is said."""
    View().report(Ready(0))
    assert capsys.readouterr().err == ""
    View().report(Ready(1200))
    assert "1,200 pairs" in capsys.readouterr().err


def test_what_is_not_known_is_not_guessed() -> None:
    """Without a total, and before the first step, there is no time left to tell."""
    assert "left" not in sentence(line(total=None), 110.0)
    assert "left" not in sentence(line(done=0), 110.0)
    assert sentence(line(120), 110.0) == "listening to `/music`: 120 files, in 0:10, 12.0/s, 0:00 left"


def test_a_finished_line_stands_still() -> None:
    """Its time and rate are those of its end."""
    ended = line(120)
    ended.ended = 110.0
    assert sentence(ended, 500.0) == "listening to `/music`: 120 files, in 0:10, 12.0/s"


@given(
    st.text(max_size=60),
    st.text(max_size=60),
    st.integers(10, 300),
    st.integers(0, 10**7),
    st.none() | st.integers(0, 10**7),
    st.booleans(),
)
def test_a_row_never_leaves_the_terminal(
    name: str,
    note: str,
    width: int,
    done: int,
    total: int | None,
    ascii_only: bool,  # noqa: FBT001 - hypothesis calls it
) -> None:
    """One row is one row, whatever the names and however narrow."""
    row = drawn(line(done, total, name, note), 110.0, width, 20, ascii_only=ascii_only)
    assert cell_len(row) < width
    assert "\n" not in row


def test_a_narrow_terminal_keeps_the_figures() -> None:
    """The current file goes first, then the folder is cut."""
    row = drawn(line(name="/a very long name/of a folder/somewhere"), 110.0, 50, 30)
    assert "30 of 120 files" in row
    assert "3.0/s" in row
    assert "0:30 left" in row
    assert "b.mp3" not in row
    assert "b.mp3" in drawn(line(), 110.0, 80, 10)


def test_a_wide_one_has_a_bar_in_its_letters() -> None:
    """Where the terminal knows ASCII only, so is the bar."""
    assert "━━━━────" in drawn(line(), 110.0, 120, 10)
    assert drawn(line(), 110.0, 120, 10, ascii_only=True).isascii()


def test_names_stand_under_each_other() -> None:
    """The longest name decides, up to a limit."""
    assert label_room([line(name="/a"), line(name="/abc")]) == 4
    assert label_room([line(name="/" + "x" * 90)]) == 30


@given(st.text(max_size=80), st.integers(1, 60))
def test_shortening_keeps_the_width(text: str, width: int) -> None:
    """Wide letters count as two columns."""
    assert cell_len(shortened(text, width)) <= max(width, 0) or cell_len(text) <= width


def test_shortening_keeps_both_ends() -> None:
    """Where a file lies and what it is called say most."""
    assert shortened("/music/artist/album/track.flac", 20) == "/music/…m/track.flac"
    assert shortened("/short", 20) == "/short"


def test_without_a_terminal_a_stage_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """A log of a night's run has a line a stage, no more."""
    shown = View()
    shown.report(Progress(Stage.SCAN, "/m", 0, 2))
    shown.report(Progress(Stage.SCAN, "/m", 1, 2))
    assert capsys.readouterr().err == ""
    shown.report(Progress(Stage.SCAN, "/m", 2, 2, finished=True))
    assert capsys.readouterr().err == "listening to `/m`: 2 files\n"


def test_a_long_stage_says_a_line_now_and_then(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every ten minutes, so that nobody takes it for dead."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    shown = View()
    for minute in range(25):
        now[0] = 1000.0 + 60 * minute
        shown.report(Progress(Stage.SCAN, "/m", minute, 100))
    assert len(capsys.readouterr().err.splitlines()) == 2


def test_problems_are_told_one_by_one_up_to_a_limit(capsys: pytest.CaptureFixture[str]) -> None:
    """The first twenty with path and reason, then how many more and where they are."""
    shown = View()
    for number in range(23):
        shown.report(Problem(Stage.SCAN, f"/m/{number}\x1b[0m".encode(), "it is empty"))
    shown.close()
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "`/m/0\\x1b[0m`: it is empty"
    assert len(lines) == 21
    assert lines[-1] == "3 more: `comet problems`"


def test_a_terminal_that_is_gone_does_not_end_the_job(monkeypatch: pytest.MonkeyPatch) -> None:
    """A scan goes on although nobody can be told any more."""

    class Gone(io.StringIO):
        def write(self, _text: str, /) -> int:
            raise OSError(5, "Input/output error")

    monkeypatch.setattr(sys, "stderr", Gone())
    View().report(Progress(Stage.SCAN, "/m", 2, 2, finished=True))


@pytest.mark.parametrize(
    ("terminal", "term", "kind"), [(True, "xterm", Moving), (True, "dumb", View), (False, "xterm", View)]
)
def test_only_a_terminal_that_can_moves(
    monkeypatch: pytest.MonkeyPatch, term: str, kind: type[View], *, terminal: bool
) -> None:
    """In a pipe, in cron and on a dumb terminal there are lines only."""

    class Stream(io.StringIO):
        def isatty(self) -> bool:
            return terminal

    monkeypatch.setattr(sys, "stderr", Stream())
    monkeypatch.setenv("TERM", term)
    shown = view.view()
    shown.close()
    assert type(shown) is kind


def test_bytes_decide_how_long_it_takes() -> None:
    """30 of 120 files, but a tenth of the bytes: nine times as long again, and the rate in both."""
    large = line()
    large.size, large.total_size = 40_000_000, 400_000_000
    assert sentence(large, 110.0) == (
        "listening to `/music`: 30 of 120 files, 40.0 MB of 400 MB, in 0:10, 3.0/s, 4.0 MB/s, 1:30 left"
    )
    row = drawn(large, 110.0, 80, 10)
    assert row.startswith("/music      30 of 120 files  40.0 MB of 400 MB  3.0/s  4.0 MB/s  1:30 left")
    narrow = drawn(large, 110.0, 50, 10)
    assert "1:30 left" in narrow
    assert "30 of 120 files" in narrow
    assert "MB" not in narrow


def test_a_row_of_a_large_root_keeps_what_matters() -> None:
    """On 80 columns all but the rate in bytes is there, on 120 that too and the file in hand."""
    large = line(41_034, 183_221, "/volume1/music/lossless")
    large.size, large.total_size, large.problems = 1_200_000_000_000, 4_100_000_000_000, 12
    row = drawn(large, 90_100.0, 80, 30)
    assert "41,034 of 183,221 files" in row
    assert "left" in row
    assert "12 problems" in row
    assert "MB/s" not in row
    wide = drawn(large, 90_100.0, 140, 30)
    assert "1.2 TB of 4.1 TB" in wide
    assert "13.3 MB/s" in wide


def test_problems_are_counted_where_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    """Each root has its own, one inside another too; those of the look before are not lost."""
    shown = View()
    for name in ("/m", "/m/sub", "/mm"):
        shown.report(Progress(Stage.WALK, name, 0, None))
        shown.report(Problem(Stage.WALK, name.encode() + b"/folder", "cannot be read"))
    for name in ("/m", "/m/sub", "/mm"):
        shown.report(Progress(Stage.SCAN, name, 0, 3))
    shown.report(Problem(Stage.SCAN, b"/m/sub/x.mp3", "it is empty"))
    assert {name: line.problems for name, line in shown.lines.items()} == {"/m": 1, "/m/sub": 2, "/mm": 1}
    assert "2 problems" in sentence(shown.lines["/m/sub"], time.monotonic())


def test_a_worker_that_is_lost_is_told_with_those_that_are_left(capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever looks after the machines wants to know, though the work goes on."""
    View().report(Lost(2))
    assert capsys.readouterr().err == (
        "a worker of the cluster is lost, 2 are left; what it had in hand is done again\n"
    )


@pytest.mark.parametrize(
    ("listing", "words"),
    [
        (Listing("/m", 15, 12, 3, 1, 1_200_000_000), "`/m`: 12 new, 3 changed, 1 gone; 1.2 GB to listen to"),
        (Listing("/m", 12_000, 12_000, 0, 0, 5), "`/m`: 12,000 new; 5 B to listen to"),
        (Listing("/m", 3, 0, 0, 0, 0), "`/m`: nothing new"),
        (Listing("/m", 9, 0, 0, 1, 9, stale=8), "`/m`: 1 gone, 8 once more; 9 B to listen to"),
        (Listing("/m", 3, 0, 0, 2, 0), "`/m`: 2 gone, nothing to listen to"),
        (
            Listing("/m", 3, 2, 1, 1, 2000, again=True),
            "`/m`, since the list was made: 2 added, 1 changed, 1 gone; 2.0 kB to listen to",
        ),
        (
            Listing("/m", 0, 0, 0, 0, 0, again=True, away="it is missing"),
            "`/m` is away now, nothing of it is forgotten",
        ),
        (Listing("/\x1b[0m", 3, 0, 0, 0, 0), "`/\\x1b[0m`: nothing new"),
    ],
    ids=["all", "new", "nothing", "stale", "gone", "again", "away", "name"],
)
def test_what_a_look_found_is_said_by_name(listing: Listing, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Before a root is listened to, how much that will be; and what is otherwise when its turn has come."""
    View().report(listing)
    assert capsys.readouterr().err.startswith(words)


def test_a_root_that_is_away_from_the_beginning_is_told_at_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    """The command warns of it; twice would be once too often."""
    View().report(Listing("/m", 0, 0, 0, 0, 0, away="it is missing"))
    assert capsys.readouterr().err == ""


def test_a_second_look_begins_anew_and_an_old_one_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its time is its own; who watches a job's folder is told of the look again while the root is listened to."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    shown = View()
    shown.report(Progress(Stage.WALK, "/m", 5, None, finished=True))
    now[0] = 5000.0
    shown.report(Progress(Stage.WALK, "/m", 0, None))
    now[0] = 5010.0
    shown.report(Progress(Stage.WALK, "/m", 7, None, finished=True))
    assert round(shown.lines["/m"].seconds(now[0])) == 10
    shown.report(Progress(Stage.SCAN, "/m", 3, 7))
    shown.report(Progress(Stage.WALK, "/m", 7, None, finished=True))
    assert (shown.lines["/m"].stage, shown.lines["/m"].done) == (Stage.SCAN, 3)


def test_time_that_a_job_waited_slows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """An hour of pause is no hour of work."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    shown = View()
    shown.report(Progress(Stage.SCAN, "/m", 0, 100))
    now[0] = 1010.0
    shown.report(Progress(Stage.SCAN, "/m", 50, 100))
    shown.paused = True
    now[0] = 4610.0
    shown.paused = True
    assert shown.paused
    shown.paused = False
    assert sentence(shown.lines["/m"], now[0]) == "listening to `/m`: 50 of 100 files, in 0:10, 5.0/s, 0:10 left"


def test_what_memory_a_job_takes_is_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """It is for who watches the job's folder; here it is no line of its own."""
    shown = View()
    shown.report(Memory(100, 50, 2))
    shown.close()
    assert (capsys.readouterr().err, shown.lines) == ("", {})
