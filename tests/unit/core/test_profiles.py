"""Profiles: built-in < main.ini < profile < typed, and each mistake named by its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from comet.core import profiles
from comet.core.errors import SettingsError, UsageError
from comet.core.places import Places


@pytest.fixture
def home(tmp_path: Path) -> Places:
    """Return the places of a user who has nothing yet."""
    return Places(str(tmp_path), str(tmp_path / "state"), str(tmp_path / "cache"))


def write(home: Places, text: str, main: str = "") -> None:
    """Write profiles.ini and main.ini."""
    Path(home.profiles_ini).write_text(text, encoding="utf-8")
    Path(home.main_ini).write_text(main, encoding="utf-8")


def test_each_layer_beats_the_one_below(home: Places) -> None:
    """A typed value beats the profile's, that main.ini's, that the built-in one."""
    write(home, "[a]\ncorrelate.sample = 60\n", "[correlate]\nsample = 30\nspan = 20\n")
    assert profiles.load(home, "a").settings.correlate.sample == 60
    assert profiles.load(home, "a").settings.correlate.span == 20
    assert profiles.load(home, "a").settings.judge.false_pairs == 0.1
    assert profiles.load(home, "a", typed=["correlate.sample=90"]).settings.correlate.sample == 90


def test_every_value_knows_where_it_comes_from(home: Places) -> None:
    """File and line of a value can be shown; a built-in one has none."""
    write(home, "[a]\ncorrelate.sample = 60\n", "[correlate]\nspan = 20\n")
    sources = profiles.load(home, "a").sources
    assert (sources["correlate.sample"].file, sources["correlate.sample"].line) == (home.profiles_ini, 2)
    assert (sources["correlate.span"].file, sources["correlate.span"].line) == (home.main_ini, 2)
    assert "judge.false_pairs" not in sources


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("root = /x", "unknown key `root`"),
        ("correlate.sample = fast", "a number from 15 to 900"),
        ("correlate.sample = 1000", "a number from 15 to 900"),
        ("scan.workers = 1.5", "a whole number from 0 to 256"),
        ("correlate.sample = nan", "a number from 15 to 900"),
        ("read_only = perhaps", "yes or no"),
        ("after_apply = tell 'it", "a command on one line, each of its quotes closed, not `tell 'it`"),
        ("after_apply = tell\n    it", r"a command on one line, each of its quotes closed, not `tell\nit`"),
        ("nonsense", "`key = value`"),
        ("roots =\n    /x/y\n    /x", "apart from each other"),
    ],
)
def test_a_mistake_names_file_section_line_and_what_was_expected(home: Places, line: str, expected: str) -> None:
    """Whoever reads the message can go straight to the place."""
    write(home, f"[other]\n[a]\n{line}\n")
    with pytest.raises(SettingsError) as caught:
        profiles.load(home, "a")
    assert f"`{home.profiles_ini}` [a] line 3" in str(caught.value)
    assert expected in str(caught.value)
    assert caught.value.exit_code == 2


def test_other_profiles_go_on_working(home: Places) -> None:
    """A mistake in one profile is none of the next one's."""
    write(home, "[bad]\nnonsense\nroots = 1\nroots = 2\n[good]\nroots = /x\n")
    assert profiles.load(home, "good").roots == ("/x",)


@pytest.mark.parametrize("key", ["roots", "reference", "incoming"])
def test_a_folder_is_named_whole(home: Places, key: str) -> None:
    """A relative folder would be another one from another place."""
    write(home, f"[a]\n{key} =\n  /there\n  music\n")
    with pytest.raises(SettingsError, match=r"line 2.*not `music`"):
        profiles.load(home, "a")


def test_a_broken_head_takes_no_other_profile_along(home: Places) -> None:
    """What stands below a head without its bracket belongs to no good profile."""
    write(home, "[good]\nroots = /good\n[bad\nroots = /bad\n")
    assert profiles.load(home, "good").roots == ("/good",)
    with pytest.raises(SettingsError, match=r"line 3"):
        profiles.load(home, "bad")


def test_a_byte_order_mark_is_no_mistake(home: Places) -> None:
    """Notepad writes one, and the first profile must not be lost to it."""
    Path(home.profiles_ini).write_bytes(b"\xef\xbb\xbf[good]\nroots = /good\n")
    assert profiles.read(home, None).default() == "good"


def test_a_file_without_any_profile_says_why(home: Places) -> None:
    """A file that cannot be understood is named, not taken for no set-up."""
    write(home, "roots = /music\n")
    with pytest.raises(SettingsError, match=r"profiles\.ini.* line 1"):
        profiles.read(home, None).default()


def test_without_roots_a_profile_is_valid(home: Places) -> None:
    """Everything works but scanning."""
    write(home, "[a]\nroots =\n")
    assert profiles.load(home, "a").roots == ()


def test_the_only_profile_is_the_default(home: Places) -> None:
    """Nobody with one profile has to name it."""
    write(home, "[a]\n")
    assert profiles.load(home, None).name == "a"


def test_several_profiles_need_a_choice(home: Places) -> None:
    """Comet does not guess which collection is meant."""
    write(home, "[a]\n[b]\n")
    with pytest.raises(UsageError, match="none is the default"):
        profiles.load(home, None)
    write(home, "[comet]\ndefault = b\n[a]\n[b]\n")
    assert profiles.load(home, None).name == "b"


def test_a_default_must_be_there(home: Places) -> None:
    """A default that names no profile is a mistake, not silence."""
    write(home, "[comet]\ndefault = c\n[a]\n")
    with pytest.raises(SettingsError, match=r"\[comet\] line 2"):
        profiles.load(home, None)


def test_without_set_up_it_says_what_to_do(home: Places) -> None:
    """The first error of a new user names the first step."""
    with pytest.raises(UsageError, match="no profile yet") as caught:
        profiles.load(home, None)
    assert "comet setup" in caught.value.hint


@pytest.mark.parametrize("name", ["", "-", "../x", "a/b", ".a", "comet", "a\n", "x" * 65, "_a"])
def test_a_name_that_is_no_folder_is_refused(name: str) -> None:
    """A profile's name becomes a folder, so it can leave no other one."""
    with pytest.raises(UsageError):
        profiles.check_name(name)


@pytest.mark.parametrize("name", ["a", "My music", "Музыка", "flac+mp3", "2024.1"])
def test_ordinary_names_are_taken(name: str) -> None:
    """Letters of any script, digits, spaces and some signs will do."""
    assert profiles.check_name(name) == name


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("", ""),
        ("after_apply =\n", ""),
        ("after_apply = ~/bin/tell --server 'my music' # all of it\n", "~/bin/tell --server 'my music' # all of it"),
    ],
)
def test_the_command_after_applying_is_taken_as_it_stands(home: Places, line: str, command: str) -> None:
    """Only the hook splits it; without the key, or with nothing behind it, there is none."""
    write(home, f"[a]\n{line}")
    assert profiles.load(home, "a").after_apply == command


def test_the_command_after_applying_is_shown_with_the_other_keys(home: Places) -> None:
    """It is listed with its place and made safe for the terminal; where there is none, that is said."""
    Path(home.profiles_ini).write_bytes(b"[a]\nafter_apply = tell \xff\x1b[m\n[b]\n")
    shown = {
        name: {
            key: (profiles.value_text(value), profiles.origin(source))
            for key, value, source in profiles.values(profiles.load(home, name))
        }
        for name in "ab"
    }
    assert shown["a"]["after_apply"] == (r"tell \xff\x1b[m", f"`{home.profiles_ini}` line 2")
    assert shown["b"]["after_apply"] == ("none", "built-in")


@pytest.mark.parametrize("typed", ["correlate.sample", "nothing.here=1", "=1"])
def test_a_typed_setting_must_be_known(home: Places, typed: str) -> None:
    """A slip on the command line is not ignored."""
    with pytest.raises(UsageError, match="no setting"):
        profiles.unnamed(home, [], [typed])


def test_a_file_that_was_named_must_be_there(home: Places) -> None:
    """A typing slip in --profiles does not make all profiles vanish."""
    with pytest.raises(UsageError, match="is not there"):
        profiles.read(home, home.config + "/none.ini")


def test_a_new_section_is_read_back(home: Places) -> None:
    """What setup writes names the same folders again."""
    write(home, profiles.section_text("a", ["/x y", "/ж"]) + profiles.section_text("b", []))
    assert profiles.load(home, "a").roots == ("/x y", "/ж")
    assert profiles.load(home, "b").roots == ()


def test_a_folder_that_an_ini_file_cannot_hold_is_refused() -> None:
    """A line break in a name would make two folders of one."""
    with pytest.raises(UsageError):
        profiles.section_text("a", ["/x\n/y"])
