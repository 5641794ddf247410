"""Setting up: folders apart from each other, markers that fit, files of the user edited and never rewritten."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from comet import setup
from comet.act import vault
from comet.core import ini, profiles
from comet.core.errors import FileError, SettingsError, UsageError
from comet.core.model import Root
from comet.core.places import Places, marker
from comet.library.cache import Cache
from comet.setup import Mark


@pytest.fixture
def home(tmp_path: Path) -> Places:
    """Return the places of a user who has nothing yet."""
    return Places(str(tmp_path / "home"), str(tmp_path / "home/state"), str(tmp_path / "home/cache"))


@pytest.fixture
def music(tmp_path: Path) -> Path:
    """Return a folder with two folders of music in it."""
    for name in ("a", "b"):
        (tmp_path / "music" / name).mkdir(parents=True)
    return tmp_path / "music"


def stored(home: Places, name: str, *roots: object) -> str:
    """Store a profile and return the default one's name."""
    return setup.store(setup.listed(home, None), name, [str(root) for root in roots])


def remembered(home: Places, name: str, root: Path, identity: str) -> None:
    """Let the cache of a profile know a root under an id."""
    cache = Cache(home.profile(name) + "/cache.sqlite")
    cache.see_root(Root(identity, os.fsencode(root)))
    cache.close()


@pytest.mark.parametrize(
    ("typed", "others", "reason"),
    [
        ("none", [], "is not there"),
        ("file", [], "is not a folder"),
        ("a/in", ["a"], "lies in"),
        ("a", ["a/in"], "which is a root already, lies in"),
        ("a", ["a"], "is the same folder"),
        ("link", ["a"], "is the same folder"),
    ],
)
def test_a_folder_that_cannot_be_a_root_is_refused_with_the_reason(
    music: Path, typed: str, others: list[str], reason: str
) -> None:
    """Nothing is scanned twice, however a folder is called."""
    (music / "a/in").mkdir()
    (music / "file").touch()
    (music / "link").symlink_to("a")
    with pytest.raises(UsageError, match=reason):
        setup.check_root(str(music / typed), [str(music / other) for other in others])


def test_neighbours_with_a_common_beginning_are_apart(music: Path) -> None:
    """`Music` and `Music 2` do not lie in each other."""
    (music / "a 2").mkdir()
    assert setup.check_root(str(music / "a 2"), [str(music / "a")]) == str(music / "a 2")


@pytest.mark.parametrize("typed", ["'{}'", '"{}"', "{} ", "{}/"])
def test_a_pasted_path_is_understood(music: Path, typed: str) -> None:
    """A path that a file manager or a shell has quoted is the same path."""
    (music / "my music").mkdir()
    assert setup.check_root(typed.format(music / "my music"), []) == str(music / "my music")


def test_a_name_with_a_line_break_is_refused(music: Path) -> None:
    """An ini file cannot hold it, in none of the forms that a line break has."""
    for sign in "\n\u2028\x85":
        folder = music / f"x{sign}y"
        folder.mkdir()
        with pytest.raises(UsageError, match="cannot stand in an ini file"):
            setup.check_root(str(folder), [])


def test_main_ini_is_written_once(home: Places) -> None:
    """What the user wrote there is never replaced."""
    assert setup.write_main(home)
    Path(home.main_ini).write_text("[scan]\nworkers = 1\n")
    assert not setup.write_main(home)
    assert Path(home.main_ini).read_text() == "[scan]\nworkers = 1\n"


def test_the_first_profile_needs_no_name(home: Places, music: Path) -> None:
    """With one profile, it is the one that is meant."""
    assert stored(home, "music", music) == "music"
    assert profiles.load(home, None).roots == (str(music),)


def test_a_second_profile_does_not_take_the_firsts_place(home: Places, music: Path) -> None:
    """What worked without a name goes on working on the same music."""
    stored(home, "first", music / "a")
    assert stored(home, "second", music / "b") == "first"
    assert profiles.load(home, None).name == "first"


def test_adding_folders_keeps_every_other_line(home: Places, music: Path) -> None:
    """A file that the user edited keeps comments, order and spelling."""
    os.makedirs(home.config)
    before = f"# mine\n[p]\nroots = {music}/a\n    # more to come\nexclude = *.tmp\n\n[q]\nroots =\n    /q\n"
    Path(home.profiles_ini).write_text(before)
    stored(home, "p", music / "b")
    after = (
        f"# mine\n[p]\nroots = {music}/a\n    {music}/b\n    # more to come\nexclude = *.tmp\n\n[q]\nroots =\n    /q\n"
    )
    assert Path(home.profiles_ini).read_text().startswith(after)
    assert profiles.load(home, "p").roots == (f"{music}/a", f"{music}/b")
    assert profiles.load(home, "p").exclude == ("*.tmp",)


@pytest.mark.parametrize(
    "section",
    ["[p]\n", "[p]\nroots =\n", "[p]\n\nexclude = x\n", "[p]\nroots = /z", "[p]\nroots =\n  /y\n\n  /z\n# x\n"],
)
def test_a_folder_is_added_to_any_form_of_a_profile(home: Places, music: Path, section: str) -> None:
    """Without roots, with none, with one on the line or at the file's very end."""
    os.makedirs(home.config)
    Path(home.profiles_ini).write_text(section)
    before = profiles.load(home, "p").roots
    stored(home, "p", music / "b")
    assert profiles.load(home, "p").roots == (*before, f"{music}/b")


def test_adding_again_changes_nothing(home: Places, music: Path) -> None:
    """The same command twice is the same as once."""
    stored(home, "p", music / "a")
    before = Path(home.profiles_ini).read_text()
    stored(home, "p", music / "a")
    assert Path(home.profiles_ini).read_text() == before


@pytest.mark.parametrize("name", ["-", "gone"])
@pytest.mark.parametrize("key", ["read_only", "after_apply"])
def test_a_value_makes_no_profile(home: Places, music: Path, name: str, key: str) -> None:
    """What only profiles have is refused where there is none: a section would shut the folders without set-up out."""
    stored(home, "p", music / "a")
    before = Path(home.profiles_ini).read_text()
    with pytest.raises(UsageError, match="profile"):
        setup.keep(home, name, None, key, "yes")
    assert Path(home.profiles_ini).read_text() == before


def test_a_file_that_somebody_else_changed_is_not_rewritten(home: Places, music: Path) -> None:
    """A profile that was added while the text was edited is not lost; the text that is there can be replaced."""
    stored(home, "p", music / "a")
    before = ini.text(home.profiles_ini)
    setup.rewrite(home, None, before + "# mine\n", before)
    with pytest.raises(SettingsError, match="changed since"):
        setup.rewrite(home, None, before + "# other\n", before)
    assert ini.text(home.profiles_ini) == before + "# mine\n"


def test_a_new_root_is_marked_and_one_with_a_marker_keeps_it(home: Places, music: Path) -> None:
    """A marker that is there is adopted: another profile, or another machine, made it."""
    assert setup.mark(home, "p", str(music / "a")).mark is Mark.NEW
    identity = marker(os.fsencode(music / "a"))
    assert identity
    assert setup.mark(home, "q", str(music / "a")).mark is Mark.KEPT
    assert marker(os.fsencode(music / "a")) == identity


def test_a_root_that_cannot_be_written_is_said(home: Places, music: Path) -> None:
    """It is scanned all the same; the reason stands beside."""
    (music / "a" / ".comet").write_text("in the way")
    found = setup.mark(home, "p", str(music / "a"))
    assert found.mark is Mark.UNWRITABLE
    assert found.reason


def test_a_root_whose_marker_is_gone_gets_its_own_again(home: Places, music: Path) -> None:
    """Named again by its owner, it is what it was: nothing of it has to be listened to again."""
    remembered(home, "p", music / "a", "0123456789abcdef")
    assert setup.mark(home, "p", str(music / "a")).mark is Mark.ADOPTED
    assert marker(os.fsencode(music / "a")) == "0123456789abcdef"


def test_another_disk_at_a_known_path_is_taken_as_new(home: Places, music: Path) -> None:
    """Named again by its owner, the other marker counts, and keeps its id."""
    remembered(home, "p", music / "a", "0123456789abcdef")
    vault.mark(os.fsencode(music / "a"), "fedcba9876543210")
    assert setup.mark(home, "p", str(music / "a")).mark is Mark.ADOPTED
    assert marker(os.fsencode(music / "a")) == "fedcba9876543210"
    cache = Cache(home.profile("p") + "/cache.sqlite")
    assert cache.roots() == {}
    cache.close()


def test_a_copy_gets_a_marker_of_its_own(home: Places, music: Path) -> None:
    """A folder that was copied with its marker is another root."""
    for name in ("a", "b"):
        vault.mark(os.fsencode(music / name), "0123456789abcdef")
    assert setup.twin(str(music / "b"), [str(music / "a")]) == str(music / "a")
    assert setup.mark(home, "p", str(music / "b"), copy=True).mark is Mark.COPY
    assert marker(os.fsencode(music / "a")) == "0123456789abcdef"
    assert marker(os.fsencode(music / "b")) not in ("", "0123456789abcdef")
    assert setup.twin(str(music / "b"), [str(music / "a")]) == ""


def test_a_second_view_of_a_folder_is_refused(music: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Through two mounts every file would be a copy of itself, and removing the copy would lose it."""
    for name in ("a", "b"):
        vault.mark(os.fsencode(music / name), "0123456789abcdef")
    monkeypatch.setattr(vault, "same_folder", lambda _one, _other: True)
    with pytest.raises(UsageError, match="second view"):
        setup.twin(str(music / "b"), [str(music / "a")])


def test_a_twin_that_cannot_be_told_is_refused(music: Path) -> None:
    """Where nothing can be written, a copy and a second view look alike, so neither is taken."""
    for name in ("a", "b"):
        vault.mark(os.fsencode(music / name), "0123456789abcdef")

    with pytest.MonkeyPatch.context() as patch:

        def refused(*_args: object) -> bool:
            raise FileError(str(music), "read-only")

        patch.setattr(vault, "same_folder", refused)
        with pytest.raises(UsageError, match="cannot be told"):
            setup.twin(str(music / "b"), [str(music / "a")])


def test_folders_without_set_up_are_remembered(home: Places) -> None:
    """The command after `comet -f DIR` goes on with the same folders, whatever they are called."""
    assert setup.remembered_folders(home) == []
    folders = ["/music", os.fsdecode(b"/caf\xe9"), "/a\nb"]
    setup.remember_folders(home, folders)
    assert setup.remembered_folders(home) == folders
    ini.write(home.profile("-") + "/folders.json", "{")
    assert setup.remembered_folders(home) == []
