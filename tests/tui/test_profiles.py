"""The profiles screen: which there are and what is wrong with them, another one used, a new one added."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

import pytest
from textual.pilot import Pilot

from comet import jobs
from comet.core import profiles
from comet.core.job import Control
from comet.core.places import marker
from comet_tui.screens.profiles import ProfilesScreen
from comet_tui.widgets.lines import Said
from comet_tui.widgets.rows import Rows
from comet_tui.widgets.typed import Typed
from tests.tui.conftest import Made
from tests.tui.looks import SIZES, SPARED, lines, rows, seen, settled, until
from tests.tui.ptys import Tmux


def two(made: Made, more: str = "") -> None:
    """Write two profiles into profiles.ini, the first one the default."""
    other = made.music.parent / "other"
    other.mkdir(exist_ok=True)
    made.profile(f"\n[second]\nroots = {other}\n{more}\n[comet]\ndefault = music\n")


def written(made: Made) -> str:
    """Return what stands in profiles.ini."""
    return Path(made.home.profiles_ini).read_text(encoding="utf-8")


def write(made: Made, text: str) -> None:
    """Write profiles.ini."""
    Path(made.home.profiles_ini).write_text(text, encoding="utf-8")


async def open_profiles(pilot: Pilot[None]) -> ProfilesScreen:
    """Go to the screen."""
    await settled(pilot)
    await pilot.press("1")
    await until(pilot, lambda: isinstance(pilot.app.screen, ProfilesScreen))
    await settled(pilot)
    assert isinstance(pilot.app.screen, ProfilesScreen)
    return pilot.app.screen


async def typed(pilot: Pilot[None], words: str) -> None:
    """Type words."""
    await pilot.press(*words)


@pytest.mark.parametrize("size", SIZES)
async def test_without_a_profile_one_begins_here(made: Made, size: tuple[int, int]) -> None:
    """Where nothing is set up this screen comes first, and says which key adds a profile."""
    made.no_profile()
    async with made.app().run_test(size=size) as pilot:
        await until(pilot, lambda: isinstance(pilot.app.screen, ProfilesScreen))
        await settled(pilot)
        await seen(pilot, "1 Profiles", "there is no profile yet: a adds one")
        await pilot.press("enter", "j", "tab", "escape")


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_every_profile_stands_with_what_it_is(made: Made, size: tuple[int, int]) -> None:
    """Its folders, whether it is in use and the default, and each value with where it comes from."""
    two(made, "judge.false_pairs = 0.5\n")
    async with made.app().run_test(size=size) as pilot:
        await open_profiles(pilot)
        await seen(pilot, "2 profiles", "music 1 folder ● in use", "second 1 folder")
        await seen(pilot, "roots", "profiles.ini` line 2", "built-in")
        await pilot.press("j", "tab", *["j"] * 18)
        await seen(pilot, "judge.false_pairs 0.5", "profiles.ini` line 6")


async def test_what_is_wrong_stands_beside_its_profile(made: Made) -> None:
    """A mistake is told with its line, the others work on, and a broken profile is not used."""
    two(made, "judge.false_pairs = many\n")
    async with made.app().run_test(size=(120, 40)) as pilot:
        screen = await open_profiles(pilot)
        await seen(pilot, "! second")
        await pilot.press("j")
        await seen(pilot, "! wrong", "line 6", "judge.false_pairs")
        await pilot.press("enter")
        await seen(pilot, "must be a number")
        assert screen.session.profile_name == "music"
        two(made)
        await pilot.press("r")
        await settled(pilot)
        await pilot.press("enter")
        await seen(pilot, "profile `second` is in use now")


async def test_a_line_that_belongs_to_no_profile_is_told(made: Made) -> None:
    """What is wrong outside all profiles has a row of its own."""
    two(made)
    write(made, "stray = 1\n" + written(made))
    async with made.app().run_test(size=(120, 40)) as pilot:
        await open_profiles(pilot)
        await seen(pilot, "line 1", "stray")


async def test_a_running_job_does_not_mind_another_profile(collection: Made) -> None:
    """Switching changes the title and every screen, and leaves the job of the profile before as it is."""
    two(collection)
    with jobs.recorded(collection.home.profile("music"), "full --profile music") as record:
        async with collection.app().run_test(size=(80, 24)) as pilot:
            await open_profiles(pilot)
            await seen(pilot, "a job runs")
            await pilot.press("j", "enter")
            await seen(pilot, "Comet · second ▸ 1 Profiles", "profile `second` is in use now")
            await settled(pilot)
            for key, called in (
                ("2", "2 Scan"),
                ("3", "3 Review"),
                ("5", "5 Threshold"),
                ("8", "8 Quarantine"),
                ("9", "9 Jobs"),
            ):
                await pilot.press(key)
                await settled(pilot)
                await seen(pilot, f"Comet · second ▸ {called}")
            await pilot.press("3")
            await seen(pilot, "nothing is known of profile `second` yet")
            assert "Roads" not in " ".join(lines(pilot.app))
            await pilot.press("1", "k", "enter", "3")
            await seen(pilot, "Comet · music ▸ 3 Review", "2 groups left")
        assert record.control() == Control()
        (job,) = jobs.listed(collection.home.profile("music"))
        assert job.state == "running"


@pytest.mark.parametrize("size", SPARED)
async def test_a_profile_is_added(made: Made, size: tuple[int, int]) -> None:
    """A name and a folder, each refused where it cannot be, make a profile with a marked folder; it is not used yet."""
    made.file(b"a.mp3", of=made.file(b"b.mp3"))
    folder = made.music.parent / "new"
    folder.mkdir()
    async with made.app().run_test(size=size) as pilot:
        screen = await open_profiles(pilot)
        await pilot.press("a")
        await typed(pilot, "music")
        await pilot.press("enter")
        await seen(pilot, "there is a profile `music` already")
        await pilot.press("ctrl+u")
        await typed(pilot, "q1")  # keys that would do something elsewhere
        await pilot.press("enter")
        await typed(pilot, "/no/such")
        await pilot.press("enter")
        await seen(pilot, "`/no/such` is not there")
        await pilot.press("ctrl+u")
        await typed(pilot, str(folder))
        await pilot.press("enter")
        await settled(pilot)
        await seen(pilot, "profile `q1` is added")
        assert rows(pilot.app)[3].startswith("› q1")  # noqa: RUF001 - the cursor
        assert screen.session.profile_name == "music"
        assert marker(bytes(folder))
        assert profiles.load(made.home, "q1").roots == (str(folder),)
        await pilot.press("enter")
        await seen(pilot, "Comet · q1 ▸")


async def test_what_was_begun_to_be_typed_can_be_left(made: Made) -> None:
    """Esc leaves everything as it was, in either line."""
    made.file(b"a.mp3")
    before = written(made)
    async with made.app().run_test(size=(80, 24)) as pilot:
        screen = await open_profiles(pilot)
        for keys in (["a", "x"], ["a", "x", "enter", "y"], ["a", "x", "enter", "tab", "y"]):
            await pilot.press(*keys, "escape")
            await pilot.pause()
            assert pilot.app.focused is screen.query_one("#profiles", Rows)
    assert written(made) == before


async def test_folders_without_set_up_are_a_profile_too(made: Made) -> None:
    """Whoever ran `comet -f DIR` finds these folders here, beside the profiles that were set up since."""
    made.no_profile(made.music)
    async with made.app().run_test(size=(80, 24)) as pilot:
        await open_profiles(pilot)
        await seen(pilot, "without set-up", "● in use")


async def test_a_value_is_typed(made: Made) -> None:
    """A wrong one is refused and nothing is written; a right one stands in its line, and all others stay."""
    two(made, "# how many\njudge.false_pairs = 0.5\n")
    before = written(made)
    async with made.app().run_test(size=(80, 24)) as pilot:
        screen = await open_profiles(pilot)
        await pilot.press("j", "tab")
        for _row in screen._details:
            if screen._details[screen.query_one("#values", Rows).cursor][0] == "judge.false_pairs":
                break
            await pilot.press("j")
        await pilot.press("e", "ctrl+u", *"many", "enter")
        await seen(pilot, "! not written: `judge.false_pairs` must be a number")
        assert written(made) == before
        await pilot.press("ctrl+u", *"0.25", "enter")
        await seen(pilot, "`judge.false_pairs` stands in `", "judge.false_pairs 0.25")
        assert written(made) == before.replace("0.5", "0.25")
        await settled(pilot)
        await pilot.press("g", "e")
        await seen(pilot, "a list of folders is edited in the file: E")
        await pilot.press("down", "down", "down", "down", "e", *"x", "escape")
        assert written(made) == before.replace("0.5", "0.25")


async def to_value(pilot: Pilot[None], key: str) -> None:
    """Put the keys to the values and the cursor on one."""
    screen = pilot.app.screen
    assert isinstance(screen, ProfilesScreen)
    screen.go(1)
    screen.query_one("#values", Rows).move_to([each[0] for each in screen._details].index(key))
    await pilot.pause()


async def test_a_value_that_nobody_changed_is_not_written(made: Made) -> None:
    """What is typed begins as it is written, with nothing where nothing is, or where it is a secret."""
    made.profile("read_only = No\nidentify.key = abcd123456\nreview.rules = prefer flac\n    prefer mp3\n")
    before = written(made)
    async with made.app().run_test(size=(100, 30)) as pilot:
        await open_profiles(pilot)
        for key, text in (("read_only", "No"), ("after_apply", ""), ("identify.key", "")):
            await to_value(pilot, key)
            await pilot.press("e")
            assert pilot.app.screen.query_one("#value", Typed).value == text
            await pilot.press("enter")
            await pilot.pause()
            assert written(made) == before
        await to_value(pilot, "review.rules")
        await pilot.press("e")
        await seen(pilot, "a value of several lines")
        assert not pilot.app.screen.query_one("#value", Typed).display


async def test_a_value_goes_where_it_was_typed_for(made: Made) -> None:
    """A cursor that moves closes the line, so that nothing is written under another key."""
    made.profile("judge.false_pairs = 0.5\n")
    before = written(made)
    async with made.app().run_test(size=(100, 30)) as pilot:
        await open_profiles(pilot)
        await to_value(pilot, "judge.false_pairs")
        line, values = (pilot.app.screen.query_one(name) for name in ("#value", "#values"))
        await pilot.press("e", "ctrl+u", *"0.25")
        assert isinstance(values, Rows)
        await pilot.click(values, offset=(5, values.cursor - values.scroll_offset.y - 1))
        await until(pilot, lambda: not line.display)
        await pilot.press("enter")
        await settled(pilot)
        assert written(made) == before


async def test_a_draft_is_kept_until_it_is_written_or_emptied(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Saved again as it was it is refused again, also where the file was changed meanwhile; emptied it is gone."""
    made.profile()
    (tmp_path / "editor").write_text(f'#!/bin/sh\ncp "$1" {tmp_path}/given\n. {tmp_path}/does\n', encoding="ascii")
    (tmp_path / "editor").chmod(0o755)
    monkeypatch.setenv("VISUAL", str(tmp_path / "editor"))
    async with made.app().run_test(size=(100, 30)) as pilot:
        await open_profiles(pilot)
        monkeypatch.setattr(pilot.app, "suspend", contextlib.nullcontext)  # a test has no terminal to leave

        async def edit(does: str, *told: str) -> None:
            (tmp_path / "does").write_text(does, encoding="ascii")
            pilot.app.screen.query_one(Said).say("")
            await pilot.press("E")
            await seen(pilot, *told)

        await edit('echo "judge.false_pairs = wrong" >> "$1"', "nothing was written", "must be a number")
        await edit(":", "nothing was written", "must be a number")
        made.profile("\n[other]\nroots =\n")
        now = written(made)
        await edit('sed -i s/wrong/0.25/ "$1"', "nothing was written", "changed since this text was read")
        assert "wrong" in (tmp_path / "given").read_text(encoding="utf-8")
        await edit(':> "$1"', "stays as it is")
        assert written(made) == now
        await edit('echo "# mine" >> "$1"', "is as you left it")
    assert written(made) == now + "# mine\n"


async def test_another_profile_is_the_default(made: Made) -> None:
    """The key m writes it, and the mark stands beside it; what is used now stays in use."""
    two(made)
    async with made.app().run_test(size=(80, 24)) as pilot:
        await open_profiles(pilot)
        await seen(pilot, "● in use, default")
        await pilot.press("j", "m")
        await seen(pilot, "profile `second` is meant from now on where none is named", "second 1 folder default")
        await seen(pilot, "music 1 folder ● in use")
    assert written(made).endswith("[comet]\ndefault = second\n")


@pytest.mark.skipif(not shutil.which("tmux"), reason="tmux is not installed")
@pytest.mark.slow
def test_the_file_is_edited_in_the_editor(made: Made, tmp_path: Path) -> None:
    """What is wrong in it is told with its line, not written, and there again at the next E; then it counts."""
    two(made)
    editor = tmp_path / "editor"
    editor.write_text(
        "#!/bin/sh\nif grep -q wrong $1; then sed -i 's/wrong/0.25/' $1; "
        "else sed -i 's/^roots.*other/&\\n# mine\\njudge.false_pairs = wrong/' $1; fi\n",
        encoding="ascii",
    )
    editor.chmod(0o755)
    before = written(made)
    with Tmux({"EDITOR": str(editor)}) as tmux:
        tmux.until("2 Scan")
        tmux.press("1")
        tmux.until("2 profiles")
        tmux.press("E")
        tmux.until("nothing was written, E opens it again")
        shown = " ".join(tmux.until("must be a number").split())
        assert "line 7" in shown
        assert written(made) == before
        tmux.press("E")
        tmux.until("is as you left it")
        tmux.press("j", "Tab", *["j"] * 18)
        tmux.until("0.25")
        tmux.press("q")
        tmux.until("left with 0")
    assert "# mine\njudge.false_pairs = 0.25\n" in written(made)
