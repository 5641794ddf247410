"""`comet tags`: files in a collection and outside any, shown, written, taken back."""

from __future__ import annotations

import json
import os
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from mutagen import apev2, id3

from tests.factories import tune, write
from tests.integration.cli.conftest import Shell
from tests.integration.editors import PNG


def state(path: Path) -> tuple[str, int, int]:
    """Return all of a file that an undo has to bring back."""
    status = path.stat()
    return sha256(path.read_bytes()).hexdigest(), status.st_mtime_ns, status.st_mode


def tags(user: Shell, path: Path) -> dict[str, list[str]]:
    """Return the fields of a file."""
    (found,) = user.lines("tags", path)
    fields: dict[str, list[str]] = found["tags"]
    return fields


@contextmanager
def interrupted_when_changed(path: Path) -> Iterator[None]:
    """Type Ctrl-C as soon as another file is in the place of one."""
    before = path.stat().st_ino

    def watch() -> None:
        while path.stat().st_ino == before:
            time.sleep(0.001)
        os.kill(os.getpid(), signal.SIGINT)

    watching = threading.Thread(target=watch)
    watching.start()
    yield
    watching.join()


@pytest.fixture
def alone(user: Shell, tmp_path: Path) -> Path:
    """A file in a folder that Comet has never seen."""
    (tmp_path / "elsewhere").mkdir()
    write(tmp_path / "elsewhere/a.flac", tune(7, 6.0))
    return tmp_path / "elsewhere/a.flac"


def test_a_file_of_the_collection(user: Shell, songs: Path) -> None:
    """Written, known as the same to the collection without another scan, and taken back to the last byte."""
    path = songs / "one.flac"
    before = state(path)
    done = user("tags", path, "--set", "artist=Кино", "--set", "artist=AC/DC", "--set", "my field=1", "--yes")
    assert done.stdout == "tags of 1 file written\n"
    assert "  artist: none -> Кино / AC/DC\n" in done.stderr
    assert tags(user, path)["artist"] == ["Кино", "AC/DC"]
    assert state(path) != before
    assert "0 listened to" in user("scan").stdout
    assert user.lines("history")[0]["undoable"] == 1
    assert user("undo", "--yes").stdout == "tags of 1 file taken back\n"
    assert state(path) == before
    assert "0 listened to" in user("scan").stdout


def test_a_keeper_with_new_tags_is_still_the_keeper(user: Shell, songs: Path) -> None:
    """What was removed in its favour can be purged: its sound is what it was."""
    found = user.lines("apply", "--all", "--yes")
    (plan,) = [each for each in user.lines("history", found[0]["run"]) if each["keeper"]][:1]
    keeper = songs / plan["keeper"]["path"]
    user("tags", keeper, "--set", "title=Kept", "--yes")
    assert user.lines("purge", found[0]["run"], "--yes")[0]["refused"] == []


def test_a_file_outside_all_roots(user: Shell, alone: Path) -> None:
    """Its folder is its root; the sentence at the end says how it is taken back, and that works."""
    before = state(alone)
    done = user("tags", alone, "--set", "title=New", "--yes")
    line = next(line for line in done.stderr.splitlines() if "takes it back" in line)
    assert line == "next: `comet undo 1 --profile -` takes it back"
    assert tags(user, alone)["title"] == ["New"]
    user("undo", "1", "--profile", "-", "--yes")
    assert state(alone) == before


def test_a_file_that_was_put_back_from_a_backup(user: Shell, alone: Path) -> None:
    """It is as it was when it was first written to, size and time, and can be written to again."""
    saved = Path(shutil.copy2(alone, alone.parents[1] / "saved.flac"))
    user("tags", alone, "--set", "title=New", "--yes")
    shutil.copy2(saved, alone)
    assert user("tags", alone, "--set", "title=Newer", "--yes").stdout == "tags of 1 file written\n"
    assert tags(user, alone)["title"] == ["Newer"]
    user("undo", "2", "--profile", "-", "--yes")
    assert alone.read_bytes() == saved.read_bytes()


def test_a_file_elsewhere_is_no_other_collection(songs: Path, alone: Path, tmp_path: Path) -> None:
    """Who has no profile still has the folders that were looked at last."""
    somebody = Shell(tmp_path / "another")
    somebody("scan", songs)
    somebody("tags", alone, "--set", "title=New", "--yes")
    assert str(songs) in somebody("info").stdout
    somebody("undo", "1", "--yes")
    assert "title" not in tags(somebody, alone)


def test_an_empty_name_is_no_folder(user: Shell) -> None:
    """As of a variable in a script that has no value."""
    for command in (("tags", "", "--set", "title=New"), ("cover", "", "--show")):
        assert "the name of a file is empty" in user(*command, code=2).stderr


def test_the_time_may_stay(user: Shell, alone: Path) -> None:
    """Where that is set; the file is still known for what it is, and goes back."""
    before = state(alone)
    user("tags", alone, "--set", "title=New", "--set", "tags.keep_time=1", "--yes")
    assert state(alone)[0] != before[0]
    assert state(alone)[1:] == before[1:]
    user("undo", "1", "--profile", "-", "--yes")
    assert state(alone) == before


def test_a_field_is_taken_away(user: Shell, alone: Path) -> None:
    """With no value; one that is not named stays, and what is so already is no work."""
    user("tags", alone, "--set", "title=T", "--set", "genre=Rock", "--yes")
    user("tags", alone, "--set", "title=", "--yes")
    assert tags(user, alone)["genre"] == ["Rock"]
    assert "title" not in tags(user, alone)
    again = user("tags", alone, "--set", "genre=Rock", "--yes")
    assert again.stdout == ""
    assert again.stderr.splitlines()[-1] == "nothing to do"


def test_nothing_to_do_has_the_same_json(user: Shell, alone: Path) -> None:
    """As a run: where all is so already, and where a file is none that can be written."""
    (done,) = user.lines("tags", alone, "--set", "title=T", "--yes")
    (again,) = user.lines("tags", alone, "--set", "title=T", "--yes")
    assert again == {**done, "run": None, "tagged": 0}
    text = alone.with_name("text.mp3")
    text.write_text("no music")
    (bad,) = user.lines("tags", text, "--set", "title=T", "--yes")
    assert bad == {**again, "warnings": [f"`{text}`: it is no music file whose tags Comet knows"]}
    (some,) = user.lines("tags", alone, text, "--set", "title=U", "--yes")
    assert (some["tagged"], some["warnings"]) == (1, bad["warnings"])


@pytest.mark.parametrize(("field", "total"), [("tracknumber", "totaltracks"), ("discnumber", "totaldiscs")])
def test_a_number_and_how_many_there_are_are_both_shown(user: Shell, alone: Path, field: str, total: str) -> None:
    """Typed as one value they are two fields, and all that changes is shown before; what stays is not."""
    done = user("tags", alone, "--set", f"{field}=3/12", "--yes")
    assert [line for line in done.stderr.splitlines() if "->" in line] == [
        f"  {field}: none -> 3", f"  {total}: none -> 12",
    ]  # fmt: skip
    done = user("tags", alone, "--set", f"{field}=4/12", "--yes")
    assert [line for line in done.stderr.splitlines() if "->" in line] == [f"  {field}: 3 -> 4"]


def test_pictures_are_embedded_and_taken_back(user: Shell, alone: Path) -> None:
    """Shown before, with tags in one go, by the path that was typed; taken away again; undone to the last byte."""
    cover = alone.with_name("cover.png")
    cover.write_bytes(PNG)
    before = state(alone)
    done = user("tags", alone, "--picture", f"front={cover}", "--set", "title=New", "--yes")
    assert "  picture front: none -> image/png, 69 B\n" in done.stderr
    (found,) = user.lines("tags", alone)
    assert [(each["kind"], each["mime"], each["size"]) for each in found["pictures"]] == [(3, "image/png", len(PNG))]
    assert found["tags"]["title"] == ["New"]
    assert "front, image/png" in user("tags", alone).stdout
    assert "nothing to do" in user("tags", alone, "--picture", f"front={cover}", "--yes").stderr
    assert user.lines("tags", alone, "--picture", "front=", "--yes")[0]["tagged"] == 1
    assert user.lines("tags", alone)[0]["pictures"] == []
    user("undo", "--all", "--profile", "-", "--yes")
    assert state(alone) == before


@pytest.mark.parametrize(
    ("typed", "told"),
    [("front", "is no KIND=PICTURE"), ("cover=x.png", "is no KIND=PICTURE"), ("front=none.png", "No such file"),
     ("front=.", "no regular file")],
)  # fmt: skip
def test_what_is_no_picture_is_refused(user: Shell, alone: Path, typed: str, told: str) -> None:
    """Before any file is looked at."""
    assert told in user("tags", alone, "--picture", typed, code=2).stderr


def test_what_a_file_cannot_hold_is_said_and_nothing_written(user: Shell, alone: Path) -> None:
    """Where nothing of it can be held, the file is not touched."""
    path = alone.with_name("a.mp3")
    write(path, tune(7, 6.0))
    before = state(path)
    assert "its format cannot hold rating loud" in user("tags", path, "--set", "rating=loud", "--yes").stderr
    assert state(path) == before


def test_nobody_is_asked_without_a_terminal(user: Shell, alone: Path) -> None:
    """Nothing is written then; what would be is shown."""
    before = state(alone)
    done = user("tags", alone, "--set", "title=New", code=2)
    assert "title: none -> New" in done.stderr
    assert "add --yes" in done.stderr
    assert state(alone) == before


@pytest.mark.parametrize("typed", ["title", "=x", "Ы=x", "a=x", "ti\tle=x"])
def test_what_is_no_field_is_refused(user: Shell, alone: Path, typed: str) -> None:
    """With an example of what is one; a setting is still a setting."""
    assert "is no FIELD=VALUE" in user("tags", alone, "--set", typed, code=2).stderr
    user("tags", alone, "--set", "judge.false_pairs=2")


def test_bad_files_are_named_and_the_others_written(user: Shell, alone: Path, tmp_path: Path) -> None:
    """A film's format, text, nothing at all, a hard link: each with its reason; the exit code only if asked for."""
    bad = {name: alone.with_name(name) for name in ("text.mp3", "none.flac", "linked.flac")}
    bad["text.mp3"].write_text("no music")
    os.link(write(alone.with_name("b.flac"), tune(8, 6.0)), bad["linked.flac"])
    done = user("tags", alone, *bad.values(), "--set", "title=New", "--yes", "--strict", code=3)
    assert tags(user, alone)["title"] == ["New"]
    for name in bad:
        assert f"{name}`: " in done.stderr
    assert "2 names (hard links)" in done.stderr
    assert user("tags", bad["none.flac"]).stdout.count("cannot be read") == 1
    user("tags", bad["none.flac"], "--strict", code=3)
    user("tags", bad["none.flac"], bad["linked.flac"], "--set", "title=New", "--yes")


def test_a_folder_that_went_away(user: Shell, alone: Path) -> None:
    """Nothing is taken back while it is away, and all of it afterwards; what is refused is said in a whole sentence."""
    before = state(alone)
    os.link(alone, alone.with_name("b.flac"))
    refused = user("tags", alone, "--set", "title=New", "--yes")
    assert refused.stdout == "tags of 0 files written; 1 left as they are\n"
    alone.with_name("b.flac").unlink()
    user("tags", alone, "--set", "title=New", "--yes")
    away = alone.parent.rename(alone.parent.with_name("away"))
    assert "its root folder is away" in user("undo", "--profile", "-", "--yes").stderr
    away.rename(alone.parent)
    user("undo", "--profile", "-", "--yes")
    assert state(alone) == before


def test_a_name_that_draws(user: Shell, alone: Path) -> None:
    """Escapes in values and names reach no terminal."""
    path = alone.with_name("\x1b[2J.flac")
    alone.rename(path)
    done = user("tags", path, "--set", "title=\x1b[31mred\nline", "--yes")
    shown = user("tags", path)
    assert "\x1b" not in done.stdout + done.stderr + shown.stdout + shown.stderr
    assert tags(user, path)["title"] == ["\x1b[31mred\nline"]


def test_a_plan_that_writes_tags_says_nothing_of_quarantine(user: Shell, songs: Path, tmp_path: Path) -> None:
    """Neither when it was done, nor when nothing of it is to do any more, nor when it is taken back."""
    old = json.loads(user("plan").stdout)
    file = old["steps"][0]["keeper"]
    step = {"do": "write_tags", "file": file, "with": {"tags": {"title": ["New"]}}, "group": "", "why": "typed"}
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps({**old, "steps": [step]}))
    asked = user("apply", plan, code=2)
    done = user("apply", plan, "--yes")
    again = user("apply", plan, "--yes")
    assert done.stdout == "tags of 1 file written\n"
    assert again.stdout == "tags of 0 files written; 1 done by an earlier run\n"
    assert user("undo", "1", "--yes").stdout == "tags of 1 file taken back\n"
    for told in (asked.stderr, done.stderr, again.stderr):
        assert "quarantine" not in told
        assert "space" not in told


def test_a_folder_that_cannot_be_marked_says_why(user: Shell, alone: Path) -> None:
    """In the words of what stands in the way; it was never scanned, and nothing is said of that."""
    alone.with_name(".comet").touch()
    done = user("tags", alone, "--set", "title=New", "--yes")
    assert "nothing can be done in its root folder: what is called `.comet` in it is not a folder" in done.stderr
    assert "scanned" not in done.stderr


def test_an_ape_tag_of_an_mp3_stays_and_is_said_to(user: Shell, alone: Path) -> None:
    """It is shown as what it is; ID3 is written beside it, and taken back."""
    path = alone.with_name("a.mp3")
    write(path, tune(7, 6.0))
    id3.delete(path)
    ape: Any = apev2.APEv2()  # type: ignore[no-untyped-call]
    ape["Title"] = "Ape"
    ape.save(path)
    before = state(path)
    assert "tag title (APEv2)  Ape\n" in user("tags", path).stdout
    done = user("tags", path, "--set", "title=New", "--yes")
    assert "  title: none -> New\n  its APEv2 tags stay as they are" in done.stderr
    (found,) = user.lines("tags", path)
    assert (found["tags"], found["ape_tags"]) == ({"title": ["New"]}, {"title": ["Ape"]})
    user("undo", "--profile", "-", "--yes")
    assert state(path) == before


def test_files_in_many_folders_are_one_run(user: Shell, tmp_path: Path) -> None:
    """Where they lie in no root: one undoing takes all of it back, also of folders in folders."""
    files = [tmp_path / name for name in ("one/a.flac", "one/in/a.flac", "other/a.flac")]
    for file in files:
        file.parent.mkdir()
        write(file, tune(1, 5))
    user("tags", files[2], "--set", "title=Known", "--yes")
    before = [state(file) for file in files]
    assert [each["tagged"] for each in user.lines("tags", *files, "--set", "title=Other", "--yes")] == [3]
    assert [len(tags(user, file)["title"]) for file in files] == [1, 1, 1]
    assert user("undo", "--profile", "-", "--yes").stdout == "tags of 3 files taken back\n"
    assert [state(file) for file in files] == before


def test_the_first_use_says_that_it_compiles(comet: Shell, alone: Path) -> None:
    """Only where nothing is compiled yet."""
    comet.environment["NUMBA_CACHE_DIR"] = str(comet.home / "kernels")
    assert "compiles some code" in comet("tags", alone, "--set", "title=", "--yes").stderr
    (comet.home / "kernels").mkdir(parents=True)
    (comet.home / "kernels/a.nbi").touch()
    assert "compiles some code" not in comet("tags", alone, "--set", "title=", "--yes").stderr


def test_a_run_that_is_stopped_says_what_it_did(user: Shell, alone: Path) -> None:
    """Of tags that are written and of what is taken back: how much; it can be taken back, and gone on with."""
    files = [alone.with_name(f"{number}.flac") for number in range(5)]
    for file in files:
        shutil.copy(alone, file)
    with interrupted_when_changed(files[0]):
        done = user("tags", *files, "--set", "title=New", "--yes", code=130)
    count = sum("title" in tags(user, file) for file in files)
    assert 0 < count < len(files)
    assert done.stdout == f"tags of {count} file{'s' * (count > 1)} written\n"
    assert "next: `comet undo 1 --profile -` takes it back" in done.stderr
    user("tags", *files, "--set", "title=New", "--yes")
    with interrupted_when_changed(files[-1]):
        done = user("undo", "2", "--profile", "-", "--yes", code=130)
    taken = len(files) - count - sum("title" in tags(user, file) for file in files[count:])
    assert taken
    assert done.stdout == f"tags of {taken} file{'s' * (taken > 1)} taken back\n"


def test_without_a_profile_each_folder_is_taken_back(comet: Shell, tmp_path: Path) -> None:
    """However many were worked on since: the journal knows which folder a run was in."""
    files = [tmp_path / name / "a.flac" for name in ("one", "other")]
    for file in files:
        file.parent.mkdir()
        write(file, tune(1, 5))
    before = files[0].read_bytes()
    for file in files:
        comet("tags", file, "--set", "title=Other", "--yes")
    comet("undo", "1", "--yes")
    assert files[0].read_bytes() == before != files[1].read_bytes()
    comet("undo", "2", "--yes")
    assert files[1].read_bytes() == before
