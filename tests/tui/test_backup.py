"""The backup: what is here of an account, what is not and why; runs and sign-ins are begun from here."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from textual.app import App
from textual.pilot import Pilot

from comet import jobs
from comet.backup import credentials, database, ended
from comet.backup.credentials import Tokens
from comet.backup.database import Records
from comet.backup.model import LIKES, Account, Copy, Header, Item, Listed, Reason, Remote, State
from comet.core.errors import SignInError
from comet.core.job import Progress
from comet.core.locks import hold
from comet.core.model import Stage
from comet_tui.screens import backup
from comet_tui.screens.backup import BackupScreen
from comet_tui.screens.signin import SigninScreen
from tests.integration.backup import asking
from tests.service.running import Running
from tests.tui.conftest import Made
from tests.tui.looks import SPARED, joined_text, rows, said, seen, settled, text, until

WEEK = 7 * 86400
WHY = "the service does not give it in this country"


@pytest.fixture
def signed(made: Made) -> Made:
    """Return a profile that somebody has signed in for; the service is never asked."""
    credentials.save("music", made.home, Tokens("y0_of-mila"))
    credentials.bind("music", made.home, Account("77", "mila", plus=True))
    return made


def known(made: Made) -> Records:
    """Open what is known of the backup."""
    return Records(database.path_of(made.home.profile("music")))


def store(made: Made, likes: int = 6) -> None:
    """Let there be likes and two playlists: of six tracks three are here, and of the others each has its own reason."""
    items = [Item(str(100 + each)) for each in range(likes)]
    with closing(known(made)) as records:
        records.listed(Listed(Header(LIKES, "", "77", "", "", likes, 1), tuple(items)))
        records.listed(Listed(Header("77:1", "", "77", "1", "Дорога домой", 2, 1), tuple(items[:2])))
        records.listed(Listed(Header("77:2", "", "77", "2", "\x1b[31mRed", 1, 1), tuple(items[-1:])))
        records.describe(
            items, [Remote(item.track, f"Song {item.track}", ("Кино",)) for item in items], int(time.time())
        )
        for track in ("100", "101"):
            records.put(Copy(track, State.DONE))
        records.put(Copy("102", State.OWNED))
        why = {"reason": Reason.GEO, "error": WHY, "tries": 2, "next_try": int(time.time()) + WEEK}
        records.put(Copy("103", State.UNAVAILABLE, **why))
        records.put(Copy("104", State.IGNORED))


@pytest.fixture
def backed(signed: Made) -> Made:
    """Return the profile after a run."""
    store(signed)
    with closing(known(signed)) as records:
        records.end(records.begin(), 0, {"new": 12})
    ended.note(signed.session().choose(), signed.home.profile("music"), ended.now(0), time.time())
    return signed


def spoil(path: str) -> None:
    """Let a file be no database."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    Path(path).write_bytes(b"no database" * 100)


def state(made: Made, track: str) -> State:
    """Return how far a track is."""
    with closing(known(made)) as records:
        return records.copy(track).state


def screen(app: App[None]) -> BackupScreen:
    """Return the screen."""
    assert isinstance(app.screen, BackupScreen)
    return app.screen


async def to_backup(pilot: Pilot[None]) -> None:
    """Go to the screen, once the first one has led where it leads."""
    await settled(pilot)
    await pilot.press("7")
    await settled(pilot)


async def to_absent(pilot: Pilot[None], word: str) -> None:
    """Go to what is not here, and to the line with a word."""
    await to_backup(pilot)
    await seen(pilot, "playlists")
    await pilot.press("tab")
    await until(pilot, lambda: screen(pilot.app)._of is not None)
    while word not in (screen(pilot.app)._track or Copy("", State.WANT)).track:
        before = screen(pilot.app)._rows.cursor
        await pilot.press("j")
        assert screen(pilot.app)._rows.cursor > before, text(pilot.app)


async def test_each_playlist_says_what_is_here_missing_and_not_given(backed: Made) -> None:
    """Likes come first; whose account it is, how the last run ended and when something is tried again stand above.

    What does not fit there gives way whole.
    """
    async with backed.app().run_test(size=(120, 30)) as pilot:
        await to_backup(pilot)
        await seen(pilot, "3 playlists")
        assert "3 / 6 2 missing (1 not given) likes" in rows(pilot.app)[3]
        assert any("2 / 2 Дорога домой" in row for row in rows(pilot.app))
        assert "\x1b" not in text(pilot.app)
        assert "account mila · last run " in text(pilot.app)
        assert "· 12 new · next try " in text(pilot.app)
        await pilot.resize_terminal(60, 16)
        await until(pilot, lambda: rows(pilot.app)[1].endswith("· 12 new"))


async def test_why_a_track_is_missing_stands_inside_its_playlist(backed: Made) -> None:
    """What has a reason comes first, with the whole of it below; what is to come and what nobody wants after that."""
    async with backed.app().run_test(size=(120, 30)) as pilot:
        await to_absent(pilot, "103")
        await seen(pilot, WHY, "tried 2 times", "again on ")
        shown = [" ".join(line.split("│")[1][1:].split()) for line in text(pilot.app).splitlines() if "Song" in line]
        assert shown == ["! by country Кино - Song 103", "to come Кино - Song 105", "- ignored Кино - Song 104"]
        await pilot.press("escape", "j")
        await seen(pilot, "Red")
        await pilot.press("j")
        await seen(pilot, "all of it is here")


async def test_retry_and_ignore_are_for_the_next_run(backed: Made) -> None:
    """The track under the cursor is asked for again, or no more, and `i` takes that back; of a playlist all are."""
    async with backed.app().run_test(size=(120, 30)) as pilot:
        await to_absent(pilot, "105")
        await pilot.press("i")
        await until(pilot, lambda: state(backed, "105") is State.IGNORED)
        await seen(pilot, "asked for no more", "105: nobody wants it")
        await pilot.press("i")
        await until(pilot, lambda: state(backed, "105") is State.WANT)
        assert state(backed, "103") is State.UNAVAILABLE
        await pilot.press("escape", "t")
        await until(pilot, lambda: state(backed, "103") is State.WANT)
        await seen(pilot, "the next run asks for 2 tracks again")


@pytest.mark.parametrize("size", SPARED)
async def test_without_a_sign_in_the_key_for_it_is_told(made: Made, size: tuple[int, int]) -> None:
    """Nothing is known yet and nobody is signed in: the page says which key helps, and Enter begins nothing."""
    async with made.app().run_test(size=size) as pilot:
        await to_backup(pilot)
        await seen(pilot, "nobody has signed in", "l signs in")
        await pilot.press("enter")
        await until(pilot, lambda: "l signs in" in said(pilot))
        assert made.session().all_jobs() == []


async def test_before_the_first_run_enter_is_told(signed: Made) -> None:
    """Signed in, and nothing known yet: what a run does, and into which folder."""
    async with signed.app().run_test() as pilot:
        await to_backup(pilot)
        await seen(pilot, "Nothing is backed up yet.", "Enter starts a run", str(signed.music)[:20])


async def test_what_fails_is_told_with_what_to_do(signed: Made) -> None:
    """Tokens that others can read, and a file that is no database: the sentence, its hint, and no page of code."""
    file, path = credentials.file("music", signed.home), database.path_of(signed.home.profile("music"))
    os.chmod(file, 0o644)
    async with signed.app().run_test() as pilot:
        await to_backup(pilot)
        await seen(pilot, "others may read", "chmod 600", "r reads it again")
        os.chmod(file, 0o600)
        spoil(path)
        await pilot.press("r")
        await seen(pilot, "put a copy of it back")
        os.unlink(path)
        await pilot.press("r")
        await seen(pilot, "Nothing is backed up yet.")


@contextmanager
def at_work(made: Made, command: str, stage: Stage, note: str = "") -> Iterator[jobs.Record]:
    """Let a job be at work, as another process would."""
    folder = Path(jobs.new_folder(made.home.profile("music")))
    with hold(str(folder / "lock"), "busy"):
        record = jobs.Record(str(folder), command)
        record.report(Progress(stage, "", 1, 4, note=note))
        try:
            yield record
        finally:
            record.end("stopped")


async def test_another_job_of_the_profile_is_not_run_into(backed: Made) -> None:
    """Enter names the job that runs, and starts none beside it."""
    with at_work(backed, "scan", Stage.SCAN):
        async with backed.app().run_test(size=(120, 30)) as pilot:
            await to_backup(pilot)
            await seen(pilot, "3 playlists")
            await pilot.press("enter")
            await seen(pilot, "of this profile runs: comet scan")
            assert len(backed.session().all_jobs()) == 1


async def test_a_run_at_work_is_shown_and_steered(backed: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its stages stand above the lists; Space lets it wait, s ends it, and what it brings is counted meanwhile."""
    monkeypatch.setattr(backup, "_AGAIN", 0.1)
    with at_work(backed, "backup --profile music run", Stage.BACKUP, "Кино - Кукушка") as record:
        async with backed.app().run_test(size=(120, 30)) as pilot:
            await to_backup(pilot)
            await seen(pilot, "▶ running · comet backup", "1 / 4", "Кино - Кукушка", "Song 105")
            with closing(known(backed)) as records:
                records.put(Copy("105", State.DONE))
            await until(pilot, lambda: "Song 105" not in text(pilot.app))
            await seen(pilot, "4 / 6")
            await pilot.press("space")
            await until(pilot, lambda: record.control().pause)
            await pilot.press("s")
            await until(pilot, lambda: record.control().stop)


@pytest.fixture
def asked(made: Made, music_service: Running, monkeypatch: pytest.MonkeyPatch) -> Running:
    """Let the application ask the test service."""
    music_service.set(interval=60)
    return asking.at(music_service, monkeypatch)


async def test_signing_in_takes_a_code_that_is_typed_elsewhere(made: Made, asked: Running) -> None:
    """Code, address and a QR code stand there until it was typed; then the token is kept and the screen goes on."""
    async with made.app().run_test(size=(80, 40)) as pilot:
        await to_backup(pilot)
        await seen(pilot, "l signs in")
        await pilot.press("l")
        await seen(pilot, "dfk3-mqw7", "https://ya.ru/device", "▀▀▀▀▀▀▀")
        asked.set(confirm_after=1)
        await seen(pilot, "signed in as mila", "Enter starts a run")
        assert screen(pilot.app)
    found = credentials.load("music", made.home, {})
    assert found.tokens.access.startswith("y0_test")
    assert found.tokens.access not in repr(found)


async def test_esc_gives_a_sign_in_up(made: Made, asked: Running) -> None:
    """Nobody asks any more whether the code was typed, and nothing is kept."""
    async with made.app().run_test() as pilot:
        await to_backup(pilot)
        await seen(pilot, "l signs in")
        await pilot.press("l")
        await seen(pilot, "dfk3-mqw7")
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(pilot.app.screen, SigninScreen))
        number = asked.last()
        asked.set(confirm_after=1)
        await pilot.pause(0.3)
        assert asked.last() <= number + 1
    with pytest.raises(SignInError):
        credentials.load("music", made.home, {})


@pytest.mark.slow
async def test_a_code_that_was_refused_leads_to_another_one(made: Made, asked: Running) -> None:
    """The reason is told, and Enter begins anew."""
    asked.set(code_life=1)
    async with made.app().run_test() as pilot:
        await to_backup(pilot)
        await seen(pilot, "l signs in")
        await pilot.press("l")
        await seen(pilot, "nobody typed the code in time", "Enter asks for another code")
        asked.set(code_life=3000)
        await pilot.press("enter")
        await seen(pilot, "dfk3-mqw7")


@pytest.mark.slow
async def test_enter_runs_a_pass_over_the_account(made: Made, asked: Running) -> None:
    """From the sign-in to files: as many as a run may bring are there, and what is left is to come."""
    made.profile("backup.most_new = 2\n")
    credentials.save("music", made.home, Tokens(asked.token))
    async with made.app().run_test(size=(120, 40)) as pilot:
        await to_backup(pilot)
        await seen(pilot, "Nothing is backed up yet.")
        await pilot.press("enter")
        await seen(pilot, "▶ running · comet backup")
        while any(job.runs for job in made.session().all_jobs()):  # a minute, where others want the machine too
            await pilot.pause(0.2)
        await seen(pilot, "account mila · last run ", "2 new", "4 playlists", "to come")
    assert len([path for path in made.music.rglob("*") if path.suffix in (".flac", ".mp3", ".m4a")]) == 2


@pytest.mark.slow
async def test_many_likes_are_a_list_like_any_other(signed: Made) -> None:
    """Of 20,000 the last one that is not here is reached with a key."""
    store(signed, 20_000)
    async with signed.app().run_test() as pilot:
        await to_absent(pilot, "103")
        await pilot.press("G")
        await seen(pilot, "- ignored")
        await pilot.press("k")
        await seen(pilot, "20099: a run brings it")
        assert "3 / 20,000" in joined_text(pilot.app)
