"""Albums and folders on the command line: none gets a hole unseen, and one answer decides about all that two share."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import mutagen
import pytest

from tests.factories import tune, write
from tests.integration.cli.conftest import Shell

ALBUM = {"albums/Dummy": "flac", "downloads/Dummy": "mp3"}


def titled(path: Path, album: str, number: int = 0) -> None:
    """Write what a file says of its album."""
    tags = mutagen.File(path, easy=True)  # type: ignore[attr-defined]
    if tags.tags is None:
        tags.add_tags()
    tags["album"] = album
    tags["artist"] = "Portishead"
    if number:
        tags["tracknumber"] = f"{number}/11"
    tags.save()


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with `music`, an album as FLAC and as MP3 and two loose copies, and the `home` of its owner."""
    tmp = tmp_path_factory.mktemp("shelf")
    for folder, kind in ALBUM.items():
        (tmp / "music" / folder).mkdir(parents=True)
        for number in (1, 2, 3):
            path = tmp / "music" / folder / f"{number}.{kind}"
            write(path, tune(number, 20))
            titled(path, "Dummy", number)
    write(tmp / "music/albums/Dummy/4.flac", tune(4, 20))
    titled(tmp / "music/albums/Dummy/4.flac", "Dummy", 4)
    write(tmp / "music/downloads/four.wav", tune(4, 20))
    user = Shell(tmp / "home")
    user("setup", "--profile", "p", "--root", tmp / "music", "--yes", "--no-compile")
    (ini,) = user.home.rglob("profiles.ini")
    ini.write_text(ini.read_text() + "scan.workers = 1\n")
    user("-f")
    return tmp


@pytest.fixture
def owner(shelf: Path, tmp_path: Path) -> Shell:
    """Return that owner with a copy of the music, scanned where it is now."""
    found = Shell(tmp_path / "home")
    shutil.copytree(shelf / "home", found.home)
    shutil.copytree(shelf / "music", tmp_path / "music")
    (ini,) = found.home.rglob("profiles.ini")
    ini.write_text(ini.read_text().replace(str(shelf / "music"), str(tmp_path / "music")))
    found("scan")
    return found


def names(tmp_path: Path) -> list[str]:
    """Return the files that lie where they were."""
    music = tmp_path / "music"
    found = [path for path in music.rglob("*") if path.is_file() and ".comet" not in path.parts]
    return sorted(str(path.relative_to(music)) for path in found)


def stays(owner: Shell) -> dict[str, str]:
    """Return the files that are no keeper and stay, each with the reason."""
    (groups,) = owner.lines("groups")
    tracks = [track for each in groups for track in each["tracks"] if "whole" in track]
    return {Path(track["path"]).name: track["whole"] for track in tracks}


def test_the_pairs_are_listed(owner: Shell, tmp_path: Path) -> None:
    """With what goes, what frees, and what stays as it is; as JSON every figure."""
    text = owner("folders").stdout
    assert f"over  {tmp_path}/music/downloads/Dummy" in text
    (found,) = owner.lines("folders")
    (pair,) = found
    assert pair["keep"] == f"{tmp_path}/music/albums/Dummy"
    assert pair["over"] == [f"{tmp_path}/music/downloads/Dummy"]
    assert (len(pair["groups"]), pair["files"], pair["lacks"], pair["lacked"]) == (3, 3, 0, 1)
    size = sum(path.stat().st_size for path in (tmp_path / "music/downloads/Dummy").iterdir())
    assert pair["bytes"] == size
    assert owner("folders", "--limit", "1").stdout == text


def test_one_answer_for_a_pair(owner: Shell, tmp_path: Path) -> None:
    """What goes is shown before, nobody can be asked without a terminal, and one undo takes all of it back."""
    before = names(tmp_path)
    albums, downloads = tmp_path / "music/albums/Dummy", tmp_path / "music/downloads/Dummy"
    refused = owner("folders", "--keep", albums, "--over", downloads, code=2).stderr
    assert f"`{albums}` and `{downloads}` hold the same 3 tracks: keep `{albums}`" in refused
    assert "only in the folder that is kept: 1 track" in refused
    assert f"  {downloads}/2.mp3" in refused
    assert "add --yes" in refused
    assert names(tmp_path) == before
    done = owner("folders", "--keep", albums, "--yes").stdout
    assert done.startswith("3 files (")
    assert "moved into quarantine" in done
    assert names(tmp_path) == [name for name in before if "downloads/Dummy" not in name]
    assert "moved back" in owner("undo", "--last", "--yes").stdout
    assert names(tmp_path) == before
    assert owner.lines("decisions") == []


def test_the_worse_one_may_be_kept(owner: Shell, tmp_path: Path) -> None:
    """Whoever says so has it their way; what is better in the one that goes is told, and so is the hole."""
    keep, over = tmp_path / "music/downloads/Dummy", tmp_path / "music/albums/Dummy"
    told = owner("folders", "--keep", keep, "--over", over, "--yes").stderr
    assert "better in the folder that goes, or elsewhere: 3 tracks" in told
    assert "only in the folder that goes: 1 track, left there" in told
    assert f"  stays: `{over}/4.flac`" in told
    assert 'removing leaves "Dummy" 1 of 11' in told
    assert [name for name in names(tmp_path) if name.startswith("albums")] == ["albums/Dummy/4.flac"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--keep", "/nowhere"], "`/nowhere` lies in no root"),
        (["--keep", "{music}/albums", "--over", "{music}/albums"], "holds no track that is open and also in"),
        (["--keep", "{music}/downloads"], "holds no track that is open and also in a folder beside it"),
        (["--over", "{music}/downloads"], "which folder shall be kept?"),
        (["--yes"], "which folder shall be kept?"),
        (["--keep", "{music}/albums", "--detach"], "--detach needs --yes"),
    ],
)
def test_what_cannot_be_done(owner: Shell, tmp_path: Path, words: list[str], says: str) -> None:
    """Is said, and what to do instead."""
    typed = [word.format(music=tmp_path / "music") for word in words]
    told = owner("folders", *typed, code=2).stderr
    assert says in told
    assert "hint: " in told


def test_on_a_terminal_it_asks(owner: Shell, tmp_path: Path) -> None:
    """Whoever says no has changed nothing."""
    before = names(tmp_path)
    terminal = owner.typed("folders", "--keep", tmp_path / "music/albums/Dummy")
    terminal.wait("into quarantine? [y/N]")
    terminal.type("n\n")
    code, text = terminal.end()
    assert (code, "nothing was changed" in text) == (0, True)
    assert names(tmp_path) == before


def test_no_two_folders(user: Shell) -> None:
    """Where all lies in one there is nothing to list."""
    assert user("folders").stdout == "no two folders hold several tracks of the same recordings\n"
    assert user.lines("folders") == [[]]


def test_an_album_gets_no_hole_by_itself(owner: Shell, tmp_path: Path) -> None:
    """A better file elsewhere is kept beside the album's track, which is told with its reason."""
    write(tmp_path / "music/downloads/two.flac", tune(2, 21))
    (tmp_path / "music/albums/Dummy/2.flac").rename(tmp_path / "music/spare.flac")
    shutil.copy(tmp_path / "music/downloads/Dummy/2.mp3", tmp_path / "music/albums/Dummy/2.mp3")
    owner("-f")
    assert stays(owner) == {"2.mp3": 'it is on the album "Dummy", which would have 3 of 11 tracks left'}
    group = next(
        each["group"]
        for each in owner.lines("groups")[0]
        if any(t["path"].endswith("spare.flac") for t in each["tracks"])
    )
    assert 'stays: it is on the album "Dummy", which would have 3 of 11 tracks left.' in owner("why", group).stdout
    assert stays(owner) != {}
    owner("apply", "--all", "--yes")
    assert [name for name in names(tmp_path) if "Dummy" in name] == [
        f"albums/Dummy/{name}" for name in ("1.flac", "2.mp3", "3.flac", "4.flac")
    ]
    single = json.loads(owner("groups", "--json", "--set", "review.albums=single").stdout)
    assert not any("whole" in track for each in single for track in each["tracks"])


def test_a_hole_that_somebody_makes_is_told_before(owner: Shell, tmp_path: Path) -> None:
    """By `apply` and by `plan`: what the album would have left."""
    (groups,) = owner.lines("groups")
    keep = str(tmp_path / "music/downloads/Dummy/1.mp3")
    group = next(each["group"] for each in groups if any(track["path"] == keep for track in each["tracks"]))
    for words in (("plan",), ("apply", "--yes")):
        told = owner(*words, "--group", group, "--keep", keep).stderr
        assert 'warning: removing leaves "Dummy" 3 of 11' in told


def test_what_was_kept_stays_when_a_file_joins(owner: Shell, tmp_path: Path) -> None:
    """The group is asked about again, what was chosen stays proposed, and the newcomer goes."""
    (groups,) = owner.lines("groups")
    group = next(each for each in groups if any(t["path"].endswith("downloads/Dummy/1.mp3") for t in each["tracks"]))
    keep = [word for track in group["tracks"] for word in ("--keep", track["path"])]
    owner("decide", group["group"], *keep)
    shutil.copy(tmp_path / "music/downloads/Dummy/1.mp3", tmp_path / "music/downloads/one more.mp3")
    owner("-f")
    (groups,) = owner.lines("groups")
    again = next(each for each in groups if any(t["path"].endswith("one more.mp3") for t in each["tracks"]))
    assert again["standing"] == "open"
    kept = {os.path.relpath(t["path"], tmp_path / "music"): t["keep"] for t in again["tracks"]}
    assert kept == {"albums/Dummy/1.flac": True, "downloads/Dummy/1.mp3": True, "downloads/one more.mp3": False}
    assert "it was decided to stay, before others came into the group" in owner("why", again["group"]).stdout


def test_a_review_asks_about_folders_first(owner: Shell, tmp_path: Path) -> None:
    """One Enter for all that two share, before any group; what it did stands in the account and can be taken back."""
    before = names(tmp_path)
    text = owner("review", "--plain", feed="what\n\n").stdout
    assert text.count("hold the same 3 tracks: keep") == 1
    assert "that is no answer" in text
    assert "3 files (" in text
    assert "`comet undo " in text
    assert "1 group to review" in text
    assert text.splitlines()[-1].startswith("3 files moved into quarantine")
    assert [name for name in names(tmp_path) if name.startswith("downloads")] == ["downloads/four.wav"]
    owner("undo", "--yes")
    assert names(tmp_path) == before


def test_folders_can_be_left(owner: Shell, tmp_path: Path) -> None:
    """`s` leaves two folders, `g` goes to the groups, `q` ends it; nothing is changed by any of them."""
    before = names(tmp_path)
    assert "Group 1 of 4" in owner("review", "--plain", feed="s\nq\n").stdout
    assert "Group 1 of 4" in owner("review", "--plain", feed="g\nq\n").stdout
    assert "Group" not in owner("review", "--plain", feed="q\n").stdout
    assert "Group" not in owner("review", "--plain").stdout
    assert names(tmp_path) == before
