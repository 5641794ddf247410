"""The application from the first start to the last file deleted, as somebody uses it, also on a bad line."""

from __future__ import annotations

import itertools
import os
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from comet import jobs
from comet.core.places import Places, places
from comet.jobs import JobState
from comet.listen import audio
from tests.factories import tune, write
from tests.tui.conftest import Made
from tests.tui.ptys import Terminal, Tmux

RECORDINGS = 12


@pytest.fixture(scope="module")
def music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of recordings, each as FLAC and as MP3."""
    folder = tmp_path_factory.mktemp("recordings")
    for seed, form in itertools.product(range(RECORDINGS), ("flac", "mp3")):
        path = folder / form / f"{seed:02} song.{form}"
        path.parent.mkdir(exist_ok=True)
        write(path, tune(seed, 25.0))
    return folder


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    """Return where everything of Comet's lies, of which there is nothing yet."""
    monkeypatch.setenv("COMET_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LANGUAGE", "C")
    return places()


@pytest.fixture
def box(music: Path, tmp_path: Path) -> Path:
    """Return a copy of the folder of recordings."""
    return Path(shutil.copytree(music, tmp_path / "box"))


def sounds(folder: Path) -> Counter[str]:
    """Return what sounds lie in a folder, Comet's quarantine too: each file's, whatever its tags and its name."""
    return Counter(audio.identify(os.fsencode(path)) for path in _files(folder))


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.suffix in (".flac", ".mp3"))


def first_start(tmux: Tmux, box: Path) -> None:
    """Add a profile, use it, and let its job run to the end."""
    tmux.until("there is no profile yet: a adds one")
    tmux.press("a")
    tmux.until("name of the new profile")
    tmux.write("box")
    tmux.press("Enter")
    tmux.until("the folder that its music lies in")
    tmux.write(str(box))
    tmux.press("Enter")
    tmux.until("profile `box` is added")
    tmux.press("Enter")
    tmux.until("Comet · box ▸ 1 Profiles")
    tmux.press("2")
    tmux.until("no job yet · Enter starts one")
    tmux.press("Enter")
    tmux.until("✓ done", 300)


def left(tmux: Tmux) -> int:
    """Return how many groups are left, by what the review says."""
    shown = tmux.until(" left · ")
    return int(next(line for line in shown.splitlines() if " left · " in line).split()[1])


def confirm(tmux: Tmux, count: int) -> None:
    """Confirm so many groups, each after it was on the screen."""
    for _group in range(count):
        before, end = left(tmux), time.monotonic() + 120
        while left(tmux) == before:
            assert time.monotonic() < end
            tmux.until("Tags after the merge")
            time.sleep(1.0)
            tmux.press("Enter")
            again = time.monotonic() + 15  # a second Enter would be one for the next group
            while left(tmux) == before and time.monotonic() < again:
                time.sleep(0.1)


@pytest.mark.skipif(not shutil.which("tmux"), reason="tmux is not installed")
@pytest.mark.parametrize("delay", [0, 200])
@pytest.mark.slow
def test_from_the_first_start_to_the_purge(home: Places, box: Path, delay: int) -> None:
    """Profile, job, ten groups, one of them taken back, and what is held deleted by its number; also far away."""
    before, files = sounds(box), sorted(_files(box))
    with Tmux({}, delay=delay) as tmux:
        first_start(tmux, box)
        tmux.press("3")
        tmux.until(f"{RECORDINGS} groups left")
        confirm(tmux, 10)
        assert left(tmux) == RECORDINGS - 10
        assert sounds(box) == before
        tmux.press("u")
        tmux.until(f"{RECORDINGS - 9} groups left")
        tmux.press("8")
        tmux.until("9 files held", 120)
        tmux.press("G", "p")
        tmux.until("9")
        tmux.write("8")
        tmux.press("Enter")
        time.sleep(1.0)
        assert sounds(box) == before  # not the number: the question is gone, and nothing was deleted
        tmux.until("nothing was purged")
        tmux.press("p")
        tmux.until("to free")
        tmux.write("9")
        tmux.press("Enter")
        tmux.until("0 files held", 120)
        tmux.press("q")
        assert "left with 0" in tmux.until("left with")
    kept = sorted(_files(box))
    assert len(kept) == len(files) - 9
    assert set(kept) <= set(files)
    assert not sounds(box) - before


def job(home: Places) -> JobState | None:
    """Return the newest job."""
    return next(iter(jobs.listed(home.profile("box"))), None)


def wait(holds: Callable[[], bool], seconds: float = 300.0) -> None:
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.002)


@pytest.mark.parametrize("stage", ["scan", "correlate"])
@pytest.mark.slow
def test_a_job_outlives_a_lost_connection(
    home: Places, box: Path, stage: str, terminal: Callable[..., Terminal]
) -> None:
    """The terminal is gone while it works: the job goes on, is found again, and brings what it would have brought."""
    os.makedirs(home.config)
    Path(home.profiles_ini).write_text(f"[box]\nroots = {box}\n", encoding="utf-8")
    shown = terminal()
    shown.until(b"no job yet")
    shown.press(b"\r")
    wait(lambda: (found := job(home)) is not None and any(key.startswith(stage) for key in found.stages))
    assert shown.hang_up() < 0
    found = job(home)
    assert found
    assert found.runs
    again = terminal()
    again.until(b"box")
    again.press(b"9")
    again.until(b"comet full --profile box")
    wait(lambda: not (found := job(home)) or not found.runs)
    found = job(home)
    assert found
    assert (found.state, found.problems) == ("done", 0)
    assert len(jobs.listed(home.profile("box"))) == 1
    again.press(b"3")
    again.until(f"{RECORDINGS} groups left".encode())
    again.press(b"q")
    assert again.wait() == 0


@pytest.mark.parametrize("after", [0.0, 0.02, 0.05, 0.1, 0.2, 0.4])
@pytest.mark.slow
def test_what_is_confirmed_while_the_connection_is_lost_is_done_or_not(
    real: Made, after: float, terminal: Callable[..., Terminal]
) -> None:
    """Whenever it is lost, each file lies in its place or in quarantine, and the next start knows which."""
    before = Counter(real.there().values())
    shown = terminal()
    shown.until(b"after the merge")
    shown.rest(2.0)
    shown.press(b"\r")
    shown.rest(after)
    assert shown.hang_up() < 0
    assert Counter([*real.there().values(), *real.held().values()]) == before
    again = terminal()
    again.until(b"groups left")
    again.press(b"8")
    again.until(b"held")
    again.press(b"q")
    assert again.wait() == 0
    assert Counter([*real.there().values(), *real.held().values()]) == before
    with real._opened() as opened:
        assert opened.journal.pending() == []


@pytest.mark.slow
def test_a_terminal_that_is_gone_ends_it(home: Places, terminal: Callable[..., Terminal]) -> None:
    """Where nobody says that the terminal is gone, it is noticed: nothing stays that reads its end for ever."""
    shown = terminal()
    shown.until(b"no profile yet")
    assert shown.hang_up(told=False) == 0
