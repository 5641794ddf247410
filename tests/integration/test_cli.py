"""The command line as it is typed: real processes, real music, a home of its own."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import select
import shutil
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from comet.core import locks
from tests.factories import silence, tune, write

_TOP = Path(__file__).parents[2]
_SECONDS = 120.0


@dataclass
class Shell:
    """Somebody who types `comet ...`."""

    home: Path
    kernels: str
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def env(self) -> dict[str, str]:
        """What the processes see."""
        keep = {
            key: text for key, text in os.environ.items() if key not in ("NO_COLOR", "TERM", "COLUMNS", "COMET_JOB")
        }
        own = {"COMET_HOME": str(self.home), "NUMBA_CACHE_DIR": self.kernels, "LANGUAGE": "C", "PYTHONPATH": str(_TOP)}
        return {**keep, **own, **self.environment}

    def __call__(self, *words: object, feed: str | bytes = b"", code: int = 0) -> subprocess.CompletedProcess[str]:
        """Run `comet` without a terminal and expect an exit code."""
        command = [sys.executable, "-m", "comet", *(w if isinstance(w, bytes) else str(w) for w in words)]
        fed = feed if isinstance(feed, bytes) else feed.encode()
        ran = subprocess.run(command, env=self.env, input=fed, capture_output=True, timeout=_SECONDS, check=False)
        done = subprocess.CompletedProcess(
            command, ran.returncode, ran.stdout.decode("utf-8", "backslashreplace"), ran.stderr.decode(errors="replace")
        )
        assert "Traceback" not in done.stderr
        assert done.returncode == code, done.stderr
        return done

    def lines(self, *words: object, code: int = 0) -> list[Any]:
        """Run `comet ... --json` and return the values of its lines."""
        text = self(*words, "--json", code=code).stdout
        assert text.isascii()
        return [json.loads(line) for line in text.splitlines()]

    def typed(self, *words: object, columns: int = 80) -> Terminal:
        """Run `comet` on a terminal."""
        return Terminal([sys.executable, "-m", "comet", *map(str, words)], {"TERM": "xterm", **self.env}, columns)


class Terminal:
    """A process on a pseudo-terminal."""

    def __init__(self, command: list[str], env: dict[str, str], columns: int) -> None:
        self.text = b""
        self.pid, self._handle = pty.fork()
        if not self.pid:
            os.execvpe(command[0], command, env)  # noqa: S606 - our own program
        fcntl.ioctl(self._handle, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))

    def wait(self, text: str) -> None:
        """Wait until a text was shown that has not been waited for yet."""
        until = time.monotonic() + _SECONDS
        while text.encode() not in self.text:
            assert time.monotonic() < until, self.text.decode(errors="replace")
            assert self._read(), self.text.decode(errors="replace")
        self.text = self.text.partition(text.encode())[2]

    def type(self, text: str) -> None:
        """Type keys."""
        os.write(self._handle, text.encode())

    def end(self) -> tuple[int, str]:
        """Wait for the end and return exit code and what was shown last."""
        while self._read():
            pass
        os.close(self._handle)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1]), self.text.decode(errors="replace")

    def hang_up(self) -> int:
        """Close the terminal, as a lost connection does, and return the exit code."""
        os.close(self._handle)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def _read(self) -> bool:
        if not select.select([self._handle], [], [], _SECONDS)[0]:
            return False
        try:
            found = os.read(self._handle, 65536)
        except OSError:  # Linux says so when the last process has left the terminal
            return False
        self.text += found
        return bool(found)


@pytest.fixture
def comet(tmp_path: Path, kernels: str) -> Shell:
    """Return a user who has nothing set up."""
    return Shell(tmp_path / "home", kernels)


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with one tune twice, another one, and two files that cannot be used."""
    folder = tmp_path_factory.mktemp("library")
    write(folder / "one.flac", tune(1, 20))
    write(folder / "Один.mp3", tune(1, 20))
    write(os.fsencode(folder) + b"/caf\xe9.mp3", tune(2, 20), "mp3")
    (folder / "empty.mp3").touch()
    (folder / "broken.flac").write_bytes(b"fLaC" + bytes(5000))
    return folder


@pytest.fixture
def music(library: Path, tmp_path: Path) -> Path:
    """Return a copy of the library that a test may change."""
    return Path(shutil.copytree(library, tmp_path / "music"))


@pytest.fixture
def full(comet: Shell, music: Path) -> Shell:
    """Return a user who has set up a profile and looked for duplicates."""
    comet("setup", "--profile", "p", "--root", music, "--yes", "--no-compile")
    comet("-f", "--profile", "p")
    return comet


COMMANDS = ("groups", "pairs", "problems", "info", "scan", "correlate", "full", "profiles", "jobs")


@pytest.mark.parametrize("command", COMMANDS)
def test_without_set_up_each_command_answers_in_one_sentence(comet: Shell, command: str) -> None:
    """A new user is told the first step, exit 2, and nothing is made."""
    done = comet(command, code=2)
    assert done.stdout == ""
    error, hint = done.stderr.splitlines()
    assert error == "error: there is no profile yet"
    assert hint.startswith("hint: run `comet setup`")
    assert not comet.home.exists()


def test_alone_in_a_pipe_it_shows_help(comet: Shell) -> None:
    """Only a terminal gets screens."""
    assert comet().stdout.startswith("Usage: comet")


def test_the_line_works_without_any_set_up(comet: Shell, music: Path) -> None:
    """`comet -f DIR`, and the next command goes on with the same folder."""
    done = comet("-f", music)
    assert "1 group with 1 file beside the keepers" in done.stdout
    assert "`comet pairs` shows" in done.stderr
    (group,) = comet.lines("groups")[0]
    assert {Path(t["path"]).name: t["keep"] for t in group["tracks"]} == {"one.flac": True, "Один.mp3": False}
    assert comet.lines("groups", "--profile", "-") == comet.lines("groups")
    assert len(comet("problems").stdout.splitlines()) == 2
    assert "1 folder" not in comet("profiles", code=2).stderr


def test_a_profile_that_was_set_up_does_not_hide_the_unnamed_one(full: Shell, tmp_path: Path) -> None:
    """After `comet -f DIR` the next step that is printed works, whatever else is set up."""
    (tmp_path / "other").mkdir()
    write(tmp_path / "other/x.flac", tune(7, 20))
    write(tmp_path / "other/y.flac", tune(7, 20), bitrate=0)
    done = full("-f", tmp_path / "other")
    assert "`comet pairs --profile -`" in done.stderr
    assert {Path(p["a"]).parent.name for p in full.lines("pairs", "--profile", "-")} == {"other"}
    assert {Path(p["a"]).parent.name for p in full.lines("pairs")} == {"music"}


@pytest.mark.parametrize(("name", "word"), [("none", "is not there"), ("one.flac", "is not a folder")])
def test_a_folder_that_is_none_is_said(comet: Shell, music: Path, name: str, word: str) -> None:
    """A slip in a path is no empty collection."""
    done = comet("-f", music / name, code=2)
    assert word in done.stderr
    assert not comet.home.exists()


def test_the_last_line_of_scan_is_its_counts(comet: Shell, music: Path) -> None:
    """Exactly these keys; a second scan opens nothing; exit 0 although files are bad, 3 with --strict."""
    comet("setup", "--profile", "p", "--root", music, "--yes", "--no-compile")
    first = comet.lines("scan", "--profile", "p")[-1]
    assert first == {"files": 5, "decoded": 3, "unchanged": 0, "moved": 0, "problems": 2}
    assert comet.lines("scan")[-1] == {"files": 5, "decoded": 0, "unchanged": 5, "moved": 0, "problems": 2}
    comet("scan", "--strict", code=3)


def test_the_last_line_of_correlate_is_its_counts(comet: Shell, music: Path) -> None:
    """Exactly these keys; done twice, nothing is left to do."""
    comet("scan", music)
    first = comet.lines("correlate")[-1]
    assert set(first) == {"pairs_done", "pairs_all", "units", "recall"}
    assert (first["pairs_done"], first["pairs_all"]) == (3, 3)
    assert comet.lines("correlate")[-1] == first
    comet("correlate", "--strict", code=3)


def test_full_as_json_is_both_counts_and_the_groups(comet: Shell, music: Path) -> None:
    """Three lines: scan, correlate, groups."""
    scanned, correlated, groups = comet.lines("-f", music)
    assert scanned["files"] == 5
    assert correlated["pairs_done"] == 3
    assert len(groups) == 1


def test_pairs_are_a_line_each_and_in_order(full: Shell, music: Path) -> None:
    """A < b, and --relation leaves out the others."""
    (pair,) = full.lines("pairs", "--relation", "same,contains")
    assert (pair["a"], pair["b"]) == (str(music / "one.flac"), str(music / "Один.mp3"))
    assert pair["a"] < pair["b"]
    assert pair["relation"] == "same"
    assert pair["evidence"] > 10
    assert full.lines("pairs", "--relation", "variant") == []
    assert "no relation" in full("pairs", "--relation", "similar", code=2).stderr


def test_byte_copies_have_no_evidence(comet: Shell, music: Path) -> None:
    """They need none: the encoded audio is one."""
    (music / "again.flac").write_bytes((music / "one.flac").read_bytes())
    comet("-f", music)
    (copy,) = [pair for pair in comet.lines("pairs") if pair["evidence"] is None]
    assert {Path(copy["a"]).name, Path(copy["b"]).name} == {"one.flac", "again.flac"}
    assert (copy["similarity"], copy["offset"]) == (1.0, 0.0)


def test_names_that_are_not_utf8_survive(comet: Shell, tmp_path: Path) -> None:
    """From the folder through cache and JSON back to the same bytes."""
    folder = os.fsencode(tmp_path) + b"/m\xff"
    os.mkdir(folder)
    for name in (b"caf\xe9.mp3", b"\xd0\xb6\n.mp3"):
        write(os.path.join(folder, name), tune(1, 20), "mp3")
    (tmp_path / "home").mkdir()
    comet("-f", folder)
    (group,) = comet.lines("groups")[0]
    assert {os.fsencode(track["path"]) for track in group["tracks"]} == {
        os.path.join(folder, name) for name in (b"caf\xe9.mp3", b"\xd0\xb6\n.mp3")
    }
    assert "caf\\xe9.mp3" in comet("groups").stdout
    assert json.loads(comet("info", os.path.join(folder, b"caf\xe9.mp3"), "--json").stdout)["words"] > 0


def test_problems_are_told_with_the_reason(comet: Shell, music: Path) -> None:
    """One by one while scanning, and again when they are asked for."""
    told = comet("scan", music).stderr
    asked = comet.lines("problems")
    assert {Path(entry["path"]).name for entry in asked} == {"empty.mp3", "broken.flac"}
    assert all(set(entry) == {"path", "stage", "error"} for entry in asked)
    for entry in asked:
        assert f"`{entry['path']}`: {entry['error']}" in told


def test_a_root_that_is_away_is_a_warning(full: Shell, music: Path) -> None:
    """Nothing of it is forgotten; exit 0, with --strict 3."""
    before = full.lines("groups")
    music.rename(music.with_name("elsewhere"))
    assert "is away" in full("scan").stderr
    full("scan", "--strict", code=3)
    assert full.lines("groups") == before


def test_a_pair_is_compared_without_a_scan(comet: Shell, music: Path, tmp_path: Path) -> None:
    """A sentence, and the figures."""
    text = comet("-p", music / "one.flac", music / "Один.mp3").stdout
    assert "they are the same recording" in text
    found = json.loads(comet("pair", music / "one.flac", os.fsencode(music) + b"/caf\xe9.mp3", "--json").stdout)
    assert found["relation"] is None
    assert 0.3 < found["similarity"] < 0.8
    assert "is not there" in comet("pair", music / "one.flac", tmp_path / "none", code=2).stderr
    comet("pair", music / "one.flac", music / "broken.flac", code=3)


def test_info_tells_the_state_and_a_file(full: Shell, music: Path) -> None:
    """Roots, formats, pairs, memory; of a file its sound, its pairs, its group, its problem."""
    (state,) = full.lines("info")
    assert (state["files"], state["problems"], state["groups"]) == (5, 2, 1)
    assert (state["pairs_done"], state["pairs_all"]) == (3, 3)
    assert state["chunk"] > 0
    assert state["by_codec"]["mp3"] == 2
    assert str(music) in full("-i").stdout
    (known,) = full.lines("info", music / "one.flac")
    assert known["codec"] == "flac"
    assert len(known["pairs"]) == 1
    assert len(known["group"]["tracks"]) == 2
    assert known["duration"] - known["sound_end"] > 19
    assert "s to 19.99 s" in full("info", music / "one.flac").stdout
    (bad,) = full.lines("info", music / "empty.mp3")
    assert "empty" in bad["problem"]
    assert "nothing is known" in full("info", "/etc/hostname", code=2).stderr


def test_a_profile_with_no_music_says_why_it_cannot_scan(comet: Shell) -> None:
    """Everything else answers."""
    comet("setup", "--profile", "none", "--yes", "--no-compile")
    error = comet("scan", code=2).stderr
    assert "scanning is unavailable" in error
    assert "has no root folder" in error


def test_output_that_nobody_reads_is_no_error(full: Shell) -> None:
    """`comet pairs | head` ends quietly."""
    with subprocess.Popen(
        [sys.executable, "-m", "comet", "pairs", "--json"], env=full.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


def test_an_encoding_that_lacks_letters_ends_nothing(full: Shell) -> None:
    """On a terminal of another age names are shown as escapes."""
    full.environment["PYTHONIOENCODING"] = "latin-1"
    assert "\\u041e" in full("groups").stdout


# profiles and setup


def test_two_enters_make_a_profile_with_no_music(comet: Shell) -> None:
    """From a pipe as from a keyboard."""
    done = comet("setup", "--no-compile", feed="\n\n")
    assert "no music" in done.stdout
    assert (comet.home / "main.ini").exists()
    assert comet.lines("profiles")[0][0]["roots"] == []


def test_an_input_that_ends_sets_nothing_up(comet: Shell) -> None:
    """Run by mistake without a keyboard, it does not make an empty profile."""
    comet("setup", "--no-compile", code=2)
    assert not (comet.home / "profiles.ini").exists()


def test_folders_are_asked_for_again_with_the_reason(comet: Shell, music: Path) -> None:
    """A slip costs one line."""
    (music / "in").mkdir()
    done = comet("setup", "--no-compile", feed=f"/none\n{music}\n{music}/in\n\n")
    assert "`/none` is not there" in done.stderr
    assert "which is a root already" in done.stderr
    assert comet.lines("profiles")[0][0]["roots"] == [str(music)]


def test_setup_adds_folders_and_keeps_what_is_there(comet: Shell, music: Path, tmp_path: Path) -> None:
    """Twice is the same as once."""
    (tmp_path / "more").mkdir()
    words = ("setup", "--profile", "p", "--yes", "--no-compile", "--root")
    comet(*words, music)
    comet.home.joinpath("main.ini").write_text("[scan]\nworkers = 1\n")
    comet(*words, tmp_path / "more")
    before = comet.home.joinpath("profiles.ini").read_text()
    comet(*words, tmp_path / "more", "--root", music)
    assert comet.home.joinpath("profiles.ini").read_text() == before
    assert comet.home.joinpath("main.ini").read_text() == "[scan]\nworkers = 1\n"
    assert comet.lines("profiles")[0][0]["roots"] == [str(music), str(tmp_path / "more")]


def test_setup_makes_nothing_where_a_folder_is_wrong(comet: Shell, music: Path) -> None:
    """All folders are looked at before anything is written."""
    comet("setup", "--profile", "p", "--root", music, "--root", "/none", "--yes", code=2)
    assert not comet.home.exists()
    assert not (music / ".comet").exists()


def test_setup_on_a_keyboard(comet: Shell, music: Path) -> None:
    """TAB completes a folder, an empty line ends."""
    (music.parent / "music for cars").mkdir()
    terminal = comet.typed("setup", "--no-compile")
    terminal.wait("folder 1:")
    terminal.type(f"{music.parent}/music f\t\n")
    terminal.wait("folder 2:")
    terminal.type("\n")
    code, text = terminal.end()
    assert code == 0, text
    assert comet.lines("profiles")[0][0]["roots"] == [f"{music.parent}/music for cars"]


def test_a_copy_of_a_root_is_asked_about(comet: Shell, music: Path, tmp_path: Path) -> None:
    """With its marker it would be taken for the same one."""
    (tmp_path / "copy").mkdir()
    comet("setup", "--profile", "p", "--root", music, "--yes", "--no-compile")
    (tmp_path / "copy/.comet").mkdir()
    (tmp_path / "copy/.comet/root").write_bytes((music / ".comet/root").read_bytes())
    no = comet("setup", "--profile", "p", "--no-compile", feed=f"{tmp_path}/copy\nn\n\n")
    assert "is left out" in no.stderr
    yes = comet("setup", "--profile", "p", "--no-compile", feed=f"{tmp_path}/copy\ny\n\n")
    assert "a marker of its own now" in yes.stdout
    assert (tmp_path / "copy/.comet/root").read_bytes() != (music / ".comet/root").read_bytes()


def test_profiles_are_listed_shown_added_chosen_and_validated(comet: Shell, music: Path, tmp_path: Path) -> None:
    """Each value with the file and line it comes from."""
    comet("profiles", "add", "a", "--root", music)
    (tmp_path / "b").mkdir()
    comet("profiles", "add", "b", "--root", tmp_path / "b")
    assert "already" in comet("profiles", "add", "b", code=2).stderr
    assert [entry["default"] for entry in comet.lines("profiles", "list")[0]] == [True, False]
    comet("profiles", "default", "b")
    assert [entry["default"] for entry in comet.lines("profiles")[0]] == [False, True]
    comet("profiles", "default", "c", code=2)
    (shown,) = comet.lines("profiles", "show", "a", "--set", "correlate.sample=60")
    assert shown["values"]["roots"] == {"value": [str(music)], "file": str(comet.home / "profiles.ini"), "line": 2}
    assert shown["values"]["correlate.sample"]["value"] == 60
    text = comet("profiles", "show", "a").stdout
    assert f"`{comet.home}/main.ini` line" in text
    assert "built-in" in text
    comet("profiles", "validate")


def test_validate_names_every_mistake(comet: Shell) -> None:
    """Of main.ini and of all profiles at once, each with its line."""
    comet.home.mkdir()
    (comet.home / "main.ini").write_text("[scan]\nworkers = many\nspeed = 1\n")
    (comet.home / "profiles.ini").write_text("[a]\nroot = /x\nnonsense\n[b]\ncorrelate.span = -1\n")
    done = comet("profiles", "validate", code=2)
    assert [line for line in done.stdout.splitlines() if "line" in line] == [
        line for line in done.stdout.splitlines() if not line.startswith("hint")
    ]
    for place in ("[scan] line 2", "[scan] line 3", "[a] line 2", "[a] line 3", "[b] line 5"):
        assert place in done.stdout
    assert len(comet.lines("profiles", "validate", code=2)[0]) == 5


def test_a_bad_profile_leaves_the_others_alone(full: Shell) -> None:
    """Only the one that is wrong does not work."""
    with open(full.home / "profiles.ini", "a", encoding="utf-8") as stream:
        stream.write("[bad]\nnonsense\n")
    full("groups", "--profile", "p")
    assert "[bad] line" in full("groups", "--profile", "bad", code=2).stderr


# progress, signals, jobs


@pytest.fixture
def waiting(tmp_path: Path, comet: Shell) -> Iterator[Shell]:
    """Return a user whose scans take a step each tenth of a second, for ever."""
    (tmp_path / "patch").mkdir()
    (tmp_path / "patch" / "sitecustomize.py").write_text(
        "import comet.cli.scan as face\n"
        "import time\n"
        "from comet.core.model import Stage\n"
        "def scan(here, job):\n"
        "    with job.stage(Stage.SCAN, 100000, here.profile.roots[0]) as advance:\n"
        "        while True:\n"
        "            time.sleep(0.1)\n"
        "            advance(1, 'a/b.mp3')\n"
        "face.scan = scan\n"
    )
    (tmp_path / "m").mkdir()
    patched = Shell(comet.home, comet.kernels, {"PYTHONPATH": f"{tmp_path}/patch:{_TOP}"})
    patched("setup", "--profile", "p", "--root", tmp_path / "m", "--yes", "--no-compile")
    yield patched
    for job in patched.lines("jobs"):
        if job["state"] in ("running", "paused"):
            os.kill(job["pid"], signal.SIGKILL)


def test_the_first_ctrl_c_stops_after_the_unit_in_hand(waiting: Shell) -> None:
    """What is done is kept, and the job's folder says stopped."""
    terminal = waiting.typed("scan")
    terminal.wait("of 100,000 files")
    terminal.type("\x03")
    terminal.wait("stopping after the unit in hand; what is done is kept")
    code, text = terminal.end()
    assert code == 130
    assert "stopped; what is done is kept" in text
    assert "\x1b[?25h" in text
    assert waiting.lines("jobs")[0]["state"] == "stopped"


def test_the_second_ctrl_c_ends_at_once(waiting: Shell, tmp_path: Path) -> None:
    """Also in the middle of a unit that does not end."""
    patch = tmp_path / "patch/sitecustomize.py"
    patch.write_text(patch.read_text().replace("time.sleep(0.1)", "time.sleep(0.1 if job is None else 3600)"))
    terminal = waiting.typed("scan")
    terminal.wait("0 of 100,000 files")
    terminal.type("\x03")
    terminal.wait("stopping")
    terminal.type("\x03")
    assert terminal.end()[0] == 130
    assert waiting.lines("jobs")[0]["state"] == "died"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_stops_as_ctrl_c_does(waiting: Shell, number: signal.Signals) -> None:
    """A shutdown or a lost line loses nothing that was done."""
    with subprocess.Popen([sys.executable, "-m", "comet", "scan"], env=waiting.env, stderr=subprocess.PIPE) as process:
        while not waiting.lines("jobs"):
            time.sleep(0.1)
        process.send_signal(number)
        assert process.wait(30) == 130
    assert waiting.lines("jobs")[0]["state"] == "stopped"


def test_a_terminal_that_vanishes_stops_the_job_cleanly(waiting: Shell) -> None:
    """There is nobody to tell, and yet it ends as if it had been asked to."""
    terminal = waiting.typed("scan")
    terminal.wait("of 100,000 files")
    assert terminal.hang_up() == 130
    assert waiting.lines("jobs")[0]["state"] == "stopped"


def test_a_job_in_the_background_is_watched_paused_and_stopped(waiting: Shell) -> None:
    """It has its own session, and any terminal steers it through its folder."""
    (begun,) = waiting.lines("scan", "--detach")
    identity = begun["job"]
    (job,) = waiting.lines("jobs", identity)
    assert (job["state"], job["command"]) == ("running", "scan --json")
    assert os.getsid(job["pid"]) == job["pid"]
    waiting("jobs", "last", "--pause")
    _until(waiting, "paused")
    waiting("jobs", identity, "--resume")
    _until(waiting, "running")
    watching = waiting.typed("jobs", identity, "--watch")
    watching.wait("of 100,000 files")
    watching.type("\x03")
    assert watching.end()[0] == 130
    assert waiting.lines("jobs", identity)[0]["state"] == "running"
    waiting("jobs", identity, "--stop")
    _until(waiting, "stopped")
    assert "stopped" in waiting("jobs", identity, "--watch", code=130).stderr
    assert "no job" in waiting("jobs", "1999", code=2).stderr


def _until(shell: Shell, state: str) -> None:
    until = time.monotonic() + 30
    while shell.lines("jobs")[0]["state"] != state:
        assert time.monotonic() < until
        time.sleep(0.1)


def test_two_jobs_do_not_work_on_one_profile(comet: Shell, music: Path) -> None:
    """The second one says so and ends, in the background too; exit 11."""
    comet("setup", "--profile", "p", "--root", music, "--yes", "--no-compile")
    with locks.hold(str(comet.home / "state/p/cache.lock"), "busy"):
        assert "another job works on profile `p`" in comet("scan", code=11).stderr
        assert "another job works on profile `p`" in comet("scan", "--detach", code=11).stderr


def test_a_detached_run_does_the_work(comet: Shell, music: Path) -> None:
    """The same command, only elsewhere; its words are in the log."""
    (begun,) = comet.lines("-f", music, "--detach")
    comet("jobs", begun["job"], "--watch")
    assert len(comet.lines("groups")[0]) == 1
    log = (Path(begun["folder"]) / "log").read_text()
    assert json.loads(log.splitlines()[-1])[0]["group"]


@pytest.mark.parametrize("columns", [30, 80, 140])
def test_progress_fits_the_terminal(comet: Shell, music: Path, columns: int) -> None:
    """A line a root folder, never wrapped; afterwards the cursor is there again."""
    terminal = comet.typed("scan", music, columns=columns)
    code, text = terminal.end()
    assert code == 0
    rows = [part for line in text.split("\n") for part in line.split("\x1b[2K") if "files" in part and "/s" in part]
    assert rows
    assert all(len(row.strip("\r")) < columns for row in rows)
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[2K")


@pytest.mark.parametrize("environment", [{"TERM": "dumb"}, {"NO_COLOR": "1"}], ids=["dumb", "no colour"])
def test_a_plain_terminal_gets_no_colours(full: Shell, environment: dict[str, str]) -> None:
    """On a dumb one nothing moves either."""
    full.environment = environment
    code, text = full.typed("-f").end()
    assert code == 0
    assert "\x1b[3" not in text
    assert ("\x1b" in text) == ("TERM" not in environment)
    assert "keep" in text


def test_silence_is_no_group(comet: Shell, tmp_path: Path) -> None:
    """Two silent files are not one recording; the table says so in a sentence."""
    (tmp_path / "m").mkdir()
    for name in ("a.flac", "b.wav"):
        write(tmp_path / "m" / name, silence(20))
    assert "no groups: among" in comet("-f", tmp_path / "m").stdout


def test_doctor_says_whether_the_main_job_can_run(comet: Shell) -> None:
    """Exit 0 if it can; 1 and what to do if it cannot."""
    (found,) = comet.lines("doctor")
    assert found["able"]
    names = {finding["name"] for finding in found["findings"]}
    assert {"Python", "numpy", "av", "fpcalc", "memory", "state", "terminal"} <= names
    (comet.home.parent / "file").touch()
    comet.home = comet.home.parent / "file"
    done = comet("doctor", code=1)
    assert "MISSING" in done.stdout
    assert "hint:" in done.stdout
