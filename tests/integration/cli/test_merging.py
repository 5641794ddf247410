"""Tags of a group as one set, from the command line: shown, settled, written, taken back."""

from __future__ import annotations

import json
import os
from pathlib import Path

import mutagen
import pytest
from mutagen import id3

from tests.factories import tune, write
from tests.integration.cli.conftest import Shell
from tests.integration.editors import PNG


@pytest.fixture
def tagged(comet: Shell, tmp_path: Path) -> Path:
    """A folder with one recording as FLAC and MP3, whose tags add to each other and differ in one date."""
    songs = tmp_path / "tagged"
    songs.mkdir()
    write(songs / "roads.flac", tune(1, 20))
    write(songs / "roads.mp3", tune(1, 20))
    flac = mutagen.File(songs / "roads.flac")
    flac.update({"title": "Roads", "artist": "Portishead", "date": "1994", "genre": "Trip-Hop"})
    flac.save()
    tags = id3.ID3()
    for frame in (id3.TIT2(3, "roads"), id3.TPE1(3, "Portishead"), id3.TDRC(3, "1995"), id3.TCON(3, "Electronic")):
        tags.add(frame)
    tags.add(id3.COMM(3, "eng", "", "ripped by ear"))
    tags.add(id3.APIC(0, "image/png", 3, "", PNG))
    tags.save(songs / "roads.mp3")
    comet("setup", "--profile", "p", "--root", songs, "--yes", "--no-compile")
    comet("full")
    return songs


def held(path: Path) -> dict[str, list[str]]:
    """Return the tags of a FLAC."""
    tags = dict(mutagen.File(path).tags)
    return {name.lower(): list(values) for name, values in tags.items() if name.lower() != "encoder"}


def before(songs: Path) -> dict[str, tuple[bytes, int]]:
    """Return content and time of each file."""
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in songs.iterdir() if path.is_file()}


def test_what_others_know_comes_to_the_keeper(comet: Shell, tagged: Path) -> None:
    """Genres are added, the comment and the picture come along, the conflict is told; undo brings back every byte."""
    files = before(tagged)
    done = comet("apply", "--all", "--yes")
    assert "1 conflict in tags, settled as it is proposed" in done.stderr
    assert "! date: 1994 <- 1; not 1995 <- 2" in done.stderr
    assert "tags of 1 file written" in done.stdout
    assert held(tagged / "roads.flac") == {
        "title": ["Roads"],
        "artist": ["Portishead"],
        "date": ["1994"],
        "genre": ["Trip-Hop", "Electronic"],
        "comment": ["ripped by ear"],
    }
    assert mutagen.File(tagged / "roads.flac").pictures[0].data == PNG
    assert not (tagged / "roads.mp3").exists()
    comet("undo", "--yes")
    assert before(tagged) == files


def test_conflicts_can_be_left(comet: Shell, tagged: Path) -> None:
    """With --clean-only such a group stays as it is, also in a plan; the JSON names what is settled otherwise."""
    files = before(tagged)
    done = comet("apply", "--all", "--clean-only", "--yes")
    assert "left, for their tags have conflicts: 1 group" in done.stderr
    assert before(tagged) == files
    assert json.loads(comet("plan", "--clean-only").stdout)["steps"] == []
    (told,) = comet.lines("apply", "--all", "--yes")
    ((conflict),) = told["conflicts"]
    assert (conflict["field"], conflict["chosen"], conflict["values"]) == ("date", ["1994"], ["1994", "1995"])
    assert conflict["path"] == str(tagged / "roads.flac")


def test_a_typed_value_wins_and_is_remembered(comet: Shell, tagged: Path) -> None:
    """What is decided about tags is applied later; --tag needs a group and a track to keep."""
    (found,) = comet.lines("groups")
    name = found[0]["group"]
    comet("decide", name, "--keep", tagged / "roads.flac", "--tag", "date=1996", "--tag", "mood=blue")
    (made,) = comet.lines("decisions")
    assert made["tags"]["fields"] == {"date": ["1996"], "mood": ["blue"]}
    assert "with tags settled: date, mood" in comet("decisions").stdout
    done = comet("apply", "--all", "--yes")
    assert "conflict" not in done.stderr
    assert (held(tagged / "roads.flac")["date"], held(tagged / "roads.flac")["mood"]) == (["1996"], ["blue"])
    assert "need a group" in comet("apply", "--all", "--tag", "a b=c", "--yes", code=2).stderr
    assert "--tag needs --keep" in comet("decide", name, "--skip", "--tag", "date=1", code=2).stderr


def test_settings_say_whose_tags_are_written(comet: Shell, tagged: Path) -> None:
    """Each file may keep its own; or those that go are written too, which undo takes back as well."""
    files = before(tagged)
    (plan,) = [json.loads(comet("plan", "--set", "review.tags=own").stdout)]
    assert [step["do"] for step in plan["steps"]] == ["remove"]
    done = comet("apply", "--all", "--yes", "--set", "review.write_tags_to=all")
    assert "tags of 2 files written" in done.stdout
    (gone,) = (tagged / ".comet").rglob("roads.mp3")
    assert mutagen.File(gone).tags["TDRC"].text[0].text == "1994"
    assert "warning" not in comet("undo", "--yes").stderr
    assert before(tagged) == files


def test_a_group_that_stays_gets_its_tags(comet: Shell, tagged: Path) -> None:
    """Where every file is kept both get the set, once; the group is reviewed then."""
    (found,) = comet.lines("groups")
    keep = [word for name in ("roads.flac", "roads.mp3") for word in ("--keep", tagged / name)]
    comet("apply", "--group", found[0]["group"], *keep, "--yes")
    assert held(tagged / "roads.flac")["genre"] == ["Trip-Hop", "Electronic"]
    assert mutagen.File(tagged / "roads.mp3").tags["TDRC"].text[0].text == "1994"
    assert comet.lines("groups")[0][0]["standing"] == "settled"
    assert "nothing to do" in comet("apply", "--all", "--yes").stderr


def test_a_review_asks_about_each_conflict(comet: Shell, tagged: Path) -> None:
    """A conflict is one answer more; anything but a value goes back, and nothing is done."""
    files = before(tagged)
    text = comet("review", "--plain", feed="\nx\nq\n").stdout
    assert "Conflict 1 of 1: date" in text
    assert "nothing was done with this group yet" in text
    assert before(tagged) == files
    text = comet("review", "--plain", feed="\n2\n").stdout
    assert "1 file (" in text
    assert held(tagged / "roads.flac")["date"] == ["1995"]
    comet("undo", "--yes")
    comet("review", "--plain", feed="\n= 1993\n")
    assert held(tagged / "roads.flac")["date"] == ["1993"]
    comet("undo", "--yes")
    assert before(tagged) == files


def test_a_review_edits_all_tags(comet: Shell, tagged: Path, tmp_path: Path) -> None:
    """In an editor; what is wrong there is told with its line, and asked again."""
    editor = tmp_path / "editor"
    editor.write_text("#!/bin/sh\nsed -i -e 's/^title:.*/title: Streets/' -e '$a date: 2001' \"$1\"\n")
    editor.chmod(0o755)
    comet.environment["EDITOR"] = os.fspath(editor)
    text = comet("review", "--plain", feed="t\ne\n\n").stdout
    assert "= artist: Portishead <- 1,2" in text
    assert "* title: Streets" in text
    assert held(tagged / "roads.flac")["title"] == ["Streets"]
    assert held(tagged / "roads.flac")["date"] == ["2001"]
    comet("undo", "--yes")
    editor.write_text('#!/bin/sh\necho nonsense >> "$1"\n')
    text = comet("review", "--plain", feed="e\nq\n").stdout
    assert "is no `field: value`" in text


def test_own_tags_stay_where_that_is_chosen(comet: Shell, tagged: Path) -> None:
    """`o` leaves each file its own, and then no conflict is left to ask about."""
    old = held(tagged / "roads.flac")
    text = comet("review", "--plain", feed="o\n\n").stdout
    assert "Tags: each file keeps its own" in text
    assert not (tagged / "roads.mp3").exists()
    assert held(tagged / "roads.flac") == old


def test_what_was_settled_is_taken_back_first(comet: Shell, tagged: Path) -> None:
    """`u` after `o` or `e` takes back that, and nothing that was done before; the tags are merged again."""
    text = comet("review", "--plain", feed="o\nu\nu\n\n\n").stdout
    assert text.count("Tags: each file keeps its own") == 1
    assert text.count("nothing to undo") == 1
    assert held(tagged / "roads.flac")["genre"] == ["Trip-Hop", "Electronic"]


def test_what_is_left_open_is_as_it_was_shown(comet: Shell, tagged: Path) -> None:
    """Another keeper was typed, its conflict was not settled: Enter does what is shown, not what was given up."""
    text = comet("review", "--plain", feed="2\nx\n\n\n").stdout
    assert "nothing was done with this group yet" in text
    assert [(tagged / name).exists() for name in ("roads.flac", "roads.mp3")] == [True, False]


def test_typed_values_keep_their_capitals(comet: Shell, tagged: Path) -> None:
    """Commands may be typed in capitals too, values are as they were typed."""
    comet("review", "--plain", feed="\n= MCMXCIV\n")
    assert held(tagged / "roads.flac")["date"] == ["MCMXCIV"]
    assert "keep" not in comet("review", "--plain", feed="Q\n").stderr


def test_tags_that_others_have_changed_are_not_merged(comet: Shell, tagged: Path) -> None:
    """What the scan has seen of a file that is otherwise now is written nowhere; the file is named."""
    tags = id3.ID3(tagged / "roads.mp3")
    tags.add(id3.TIT2(3, "Roads by somebody"))
    tags.save()
    old = held(tagged / "roads.flac")
    done = comet("apply", "--all", "--yes")
    assert "track 2: it was changed since it was scanned" in done.stderr
    assert held(tagged / "roads.flac") == old
    assert (tagged / "roads.mp3").exists()


def test_a_kept_plan_writes_no_tags_that_are_otherwise_by_now(comet: Shell, tagged: Path) -> None:
    """Where a file that is written, or one that tags came from, was changed since, that step is left, and the rest."""
    old, plan = held(tagged / "roads.flac"), comet("plan").stdout
    (step, _remove) = json.loads(plan)["steps"]
    assert [each["path"] for each in step["with"]["sources"]] == ["roads.mp3"]
    whole = (tagged / "roads.mp3").read_bytes()
    tags = id3.ID3(tagged / "roads.mp3")
    tags.add(id3.TIT2(3, "Roads by somebody"))
    tags.save()
    done = comet("apply", "-", "--yes", "--strict", feed=plan, code=3)
    assert "its tags would come from `" in done.stderr
    assert "roads.mp3` too: it was changed since this was decided" in done.stderr
    assert "the tags of its group could not be written, so it stays" in done.stderr
    assert held(tagged / "roads.flac") == old
    (tagged / "roads.mp3").write_bytes(whole)
    flac = mutagen.File(tagged / "roads.flac")
    flac["title"] = "Roads by somebody"
    flac.save()
    done = comet("apply", "-", "--yes", "--strict", feed=plan, code=3)
    assert "`roads.flac`: it was changed since this was decided" in done.stderr
    assert held(tagged / "roads.flac")["title"] == ["Roads by somebody"]
    assert (tagged / "roads.mp3").read_bytes() == whole


def test_times_that_stay_hide_nothing(comet: Shell, tagged: Path) -> None:
    """Tags that were written with the old time and size are read again."""
    comet(
        "tags",
        tagged / "roads.mp3",
        "--set",
        "title=ROADS",
        "--set",
        "genre=Fado",
        "--set",
        "tags.keep_time=1",
        "--yes",
    )
    comet("scan")
    comet("apply", "--all", "--yes")
    assert held(tagged / "roads.flac")["genre"] == ["Trip-Hop", "Fado"]


def test_what_a_reference_folder_cannot_take_is_told(comet: Shell, tagged: Path) -> None:
    """A keeper that is never changed gets no tags: what only the others say is named, or their group is left."""
    (ini,) = comet.home.rglob("profiles.ini")
    (tagged / "kept").mkdir()
    (tagged / "roads.flac").rename(tagged / "kept/roads.flac")
    ini.write_text(ini.read_text() + f"reference = {tagged / 'kept'}\n")
    comet("scan")
    comet("apply", "--all", "--clean-only", "--yes")
    assert (tagged / "roads.mp3").exists()
    done = comet("apply", "--all", "--yes")
    assert "nowhere after that: comment: ripped by ear <- 2" in done.stderr
    assert not (tagged / "roads.mp3").exists()
