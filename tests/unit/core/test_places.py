"""Places: folders that are nobody else's, and markers that are read and nothing else."""

from __future__ import annotations

import importlib.util
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from comet.core import ini, locks, places
from comet.core.places import Places, marker


@pytest.fixture(autouse=True)
def _usual_umask() -> Iterator[None]:
    """Have the umask of an ordinary user."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    """Return the rights of a file or folder."""
    return stat.S_IMODE(path.stat().st_mode)


def test_every_folder_that_is_made_is_private(tmp_path: Path) -> None:
    """Not only the last one."""
    places.make_private(str(tmp_path / "home/state/p"))
    assert [mode(tmp_path / name) for name in ("home", "home/state", "home/state/p")] == [0o700] * 3
    places.make_private(str(tmp_path / "home/state/p"))


def test_a_folder_of_the_users_keeps_its_rights(tmp_path: Path) -> None:
    """What is there is not ours to change."""
    (tmp_path / "home").mkdir(mode=0o755)
    places.make_private(str(tmp_path / "home/state"))
    assert mode(tmp_path / "home") == 0o755
    assert mode(tmp_path / "home/state") == 0o700


def test_a_file_in_the_way_is_an_error(tmp_path: Path) -> None:
    """It is said and not passed over."""
    (tmp_path / "home").write_text("")
    with pytest.raises(FileExistsError):
        places.make_private(str(tmp_path / "home"))
    with pytest.raises(OSError, match="home"):
        places.make_private(str(tmp_path / "home/state"))


def test_locks_and_settings_make_private_folders(tmp_path: Path) -> None:
    """Whatever comes first, the home is private."""
    with locks.hold(str(tmp_path / "a/state/p/lock"), "busy"):
        pass
    ini.write(str(tmp_path / "b/state/p/x.ini"), "")
    for name in ("a", "a/state", "a/state/p", "b", "b/state", "b/state/p"):
        assert mode(tmp_path / name) == 0o700
    assert mode(tmp_path / "a/state/p/lock") == mode(tmp_path / "b/state/p/x.ini") == 0o600


def test_the_folder_of_compiled_code_is_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What lies in it is executed; and the compiler would make the whole home readable for all."""
    monkeypatch.setenv("COMET_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NUMBA_CACHE_DIR", "")
    monkeypatch.delenv("NUMBA_CACHE_DIR")
    places.prepare()
    folder = Path(os.environ["NUMBA_CACHE_DIR"])
    assert folder.parent == tmp_path / "home/cache/kernels"
    assert mode(tmp_path / "home") == mode(folder.parent) == mode(folder) == 0o700


def test_a_home_that_cannot_be_made_is_no_error_yet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who only asks for help or for the state of the machine needs none."""
    (tmp_path / "home").write_text("")
    monkeypatch.setenv("COMET_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NUMBA_CACHE_DIR", "")
    monkeypatch.delenv("NUMBA_CACHE_DIR")
    places.prepare()
    assert os.environ["NUMBA_CACHE_DIR"].startswith(str(tmp_path / "home/cache/kernels"))


def test_kernels_of_old_sources_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of now and the newest others stay; beside a folder that somebody has named nothing is touched."""
    here = Places("", "", str(tmp_path / "cache"))
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    own = Path(places.kernel_folder(here))
    for age, name in enumerate([own.name, "00000001", "00000002", "00000003"]):
        (own.parent / name).mkdir(parents=True)
        (own.parent / name / "kernel.nbi").touch()
        os.utime(own.parent / name, (1e9 - age, 1e9 - age))
    places.drop_kernels(here)
    assert {each.name for each in own.parent.iterdir()} == {own.name, "00000001"}
    for name in ("mine", "beside", "beside too"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "mine"))
    places.drop_kernels(here)
    assert {each.name for each in tmp_path.iterdir()} == {"cache", "mine", "beside", "beside too"}


@pytest.mark.parametrize("name", ["core/words.py", "judge/levels.py"])
def test_kernels_of_other_sources_are_kept_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Also where only a number was changed that a kernel has from another file; else they are found again."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", "")
    for file in ("core/places.py", *places.KERNELS):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        shutil.copy(Path(places.__file__).parents[1] / file, tmp_path / file)
    spec = importlib.util.spec_from_file_location("elsewhere", tmp_path / "core/places.py")
    assert spec
    assert spec.loader
    elsewhere = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(elsewhere)
    here = Places("", "", "/cache")
    assert elsewhere.kernel_folder(here) == places.kernel_folder(here)
    with (tmp_path / name).open("a") as file:
        file.write("SILENCE = 1\n")
    assert elsewhere.kernel_folder(here) != places.kernel_folder(here)


@pytest.mark.parametrize(
    ("text", "identity"),
    [(b"id\n", "id"), (b" id \r\nmore", "id"), (b"", ""), (b"\n", ""), (b"\xff\n", "�"), (b"x" * 5000, "x" * 200)],
    ids=["plain", "white", "empty", "blank", "bytes", "long"],
)
def test_a_marker_is_the_first_line(tmp_path: Path, text: bytes, identity: str) -> None:
    """Whatever else is in the file."""
    (tmp_path / ".comet").mkdir()
    (tmp_path / ".comet/root").write_bytes(text)
    assert marker(os.fsencode(tmp_path)) == identity


@pytest.mark.timeout(10)
@pytest.mark.parametrize("kind", ["none", "pipe", "link", "folder", "linked folder"])
def test_what_is_no_file_is_no_marker(tmp_path: Path, kind: str) -> None:
    """It is neither followed nor waited for."""
    (tmp_path / "other/.comet").mkdir(parents=True)
    (tmp_path / "other/.comet/root").write_text("other")
    root = tmp_path / "music"
    root.mkdir()
    if kind == "linked folder":
        (root / ".comet").symlink_to(tmp_path / "other/.comet")
    else:
        (root / ".comet").mkdir()
    if kind == "pipe":
        os.mkfifo(root / ".comet/root")
    if kind == "link":
        (root / ".comet/root").symlink_to(tmp_path / "other/.comet/root")
    if kind == "folder":
        (root / ".comet/root").mkdir()
    assert marker(os.fsencode(root)) == ""
