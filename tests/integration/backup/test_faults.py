"""What goes wrong with a single track or with the whole service, and what a pass makes of it."""

from __future__ import annotations

import errno
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from comet.backup import fetch, playlists, verify
from comet.backup.model import Reason, State
from comet.core.errors import CometError, SettingsError
from comet.core.job import Event, Job, Progress
from comet.core.model import Stage
from tests.integration.backup.backed import Library
from tests.service.catalogue import PREVIEW
from tests.service.running import API, MEDIA

FLAC, MP3, AAC = "30000001", "30000004", "30000005"
COVERS = r"^/get-music"
INFO = r"^/(get-file-info|tracks/[^/]+/download-info)"


def passed(empty: Library, track: str) -> tuple[int, State, Reason | None]:
    """Let a track be liked and make a pass; return its exit code, and what became of the track."""
    empty.service.edit("add", track=track)
    try:
        code = empty.run().exit_code
    except CometError as error:
        code = error.exit_code
    copy = empty.copies().get(track)
    return (code, copy.state, copy.reason) if copy else (code, State.WANT, None)


FAULTS: list[tuple[str, str, dict[str, Any], int, State, Reason | None]] = [
    ("session-expired", FLAC, {"kind": "status", "path": INFO, "status": 401}, 12, State.FETCHING, None),
    ("refused", FLAC, {"kind": "status", "path": INFO, "status": 403}, 0, State.UNAVAILABLE, Reason.NOT_ALLOWED),
    ("geo", FLAC, {"kind": "status", "path": INFO, "status": 451}, 0, State.UNAVAILABLE, Reason.GEO),
    ("captcha", FLAC, {"kind": "captcha", "path": INFO}, 13, State.FETCHING, None),
    ("captcha in a page", FLAC, {"kind": "captcha", "path": MEDIA, "status": 200}, 13, State.FETCHING, None),
    ("encrypted", MP3, {"kind": "encrypted"}, 0, State.DONE, None),
    ("a page for music", FLAC, {"kind": "html", "path": MEDIA}, 3, State.FAILED, Reason.CONTENT),
    ("a reset", FLAC, {"kind": "reset", "path": MEDIA, "count": 2}, 0, State.DONE, None),
    ("cut without a length", MP3, {"kind": "cut", "path": MEDIA, "bare": True}, 3, State.FAILED, Reason.SHORT),
    ("never whole", MP3, {"kind": "short", "path": MEDIA, "at": 20_000}, 3, State.FAILED, Reason.SHORT),
    ("ends and resumes", FLAC, {"kind": "cut", "path": MEDIA, "count": 1}, 0, State.DONE, None),
    ("bytes turned around", FLAC, {"kind": "flip", "path": MEDIA, "count": 1}, 0, State.DONE, None),
    ("no ranges", FLAC, {"kind": "unranged", "path": MEDIA}, 0, State.DONE, None),
    ("another part", FLAC, {"kind": "shifted", "path": MEDIA}, 0, State.DONE, None),
    ("a preview", MP3, {"kind": "preview"}, 3, State.FAILED, Reason.SHORT),
    ("the service is away", FLAC, {"kind": "status", "path": API, "status": 502}, 3, State.WANT, None),
]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("track", "fault", "code", "state", "reason"), [each[1:] for each in FAULTS], ids=[each[0] for each in FAULTS]
)
def test_every_fault_has_its_answer(
    empty: Library, track: str, fault: dict[str, Any], code: int, state: State, reason: Reason | None
) -> None:
    """Exit code, state and reason; and when the fault is gone and the time has come, the track is here."""
    empty.service.fault(**fault)
    assert passed(empty, track) == (code, state, reason)
    empty.service.clear()
    with empty.known() as (_collection, known):
        verify.retry(known, [])
    assert empty.run().exit_code == 0
    assert empty.copies()[track].state is State.DONE
    assert empty.staged() == []


def test_what_came_before_a_break_is_not_sent_again(empty: Library) -> None:
    """A download that breaks off goes on where it was, in the same pass and in a later one."""
    empty.service.fault("reset", path=MEDIA, count=2)
    assert passed(empty, FLAC) == (0, State.DONE, None)
    sent = sum(each["sent"] for each in empty.service.log() if each["path"].startswith("/media/"))
    assert sent <= len(empty.service.sound(FLAC)) + 3 * 65_536
    assert len(empty.asked()) == 3


@pytest.mark.slow
@pytest.mark.parametrize(("track", "fault"), [(MP3, "zeros"), (FLAC, "flip")])
def test_damage_that_is_the_services_own_is_kept_and_said(empty: Library, track: str, fault: str) -> None:
    """It came so twice, byte for byte: that is how the service has it."""
    empty.service.fault(fault, path=MEDIA)
    code, state, _reason = passed(empty, track)
    copy = empty.copies()[track]
    assert (code, state, len(empty.asked())) == (0, State.DONE, 2)
    assert "damaged" in copy.suspect


def test_a_folder_that_lost_its_marker_is_not_filled(empty: Library) -> None:
    """What was used and is not marked any more may be an empty mount point: nobody is asked, nothing written."""
    assert passed(empty, FLAC)[0] == 0
    (empty.music / ".comet/root").unlink()
    asked = empty.service.last()
    with pytest.raises(CometError, match="marker is gone"):
        empty.run()
    assert empty.service.log(asked) == []


def test_what_is_left_of_a_start_that_was_killed_is_no_music(empty: Library) -> None:
    """A folder that has nothing but Comet's own, which is empty, gets its marker."""
    (empty.music / ".comet").mkdir()
    assert empty.run().exit_code == 0
    assert (empty.music / ".comet/root").is_file()


def test_a_name_that_no_file_can_have_is_refused_before_anything_is_asked(empty: Library) -> None:
    """A field of the template that there is none of would come out only when the sound is here."""
    asked = empty.service.last()
    with pytest.raises(SettingsError, match="artsit"):
        Library(empty.music, empty.service, ("backup.path={artsit}/{title}",)).run()
    assert empty.service.log(asked) == []


def test_a_cover_that_cannot_be_had_is_waited_for(empty: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sound stays where it is, also when another profile fills the same folder; in the end it goes without."""
    empty.service.fault("status", path=COVERS, status=502)
    assert passed(empty, MP3) == (3, State.FETCHED, Reason.NETWORK)
    copy = empty.copies()[MP3]
    assert (copy.tries, f"{MP3}.raw" in empty.staged()) == (1, True)
    with monkeypatch.context() as patched:
        patched.setenv("COMET_HOME", str(empty.music.parent / "other"))
        empty.service.edit("remove", track=MP3)
        empty.run()
    empty.service.edit("add", track=MP3)
    with empty.known() as (_collection, known):
        known.put(replace(copy, tries=3, next_try=0))
    assert empty.run().new == 1
    assert (len(empty.asked()), empty.staged()) == (1, [])
    assert "cover" in empty.copies()[MP3].suspect


def test_sound_that_has_no_place_is_kept(empty: Library, tmp_path: Path) -> None:
    """It is whole and checked: when its place is free, nothing is fetched again."""
    (tmp_path / "elsewhere").mkdir()
    (empty.music / "The Examples").symlink_to(tmp_path / "elsewhere")
    assert passed(empty, MP3) == (3, State.FETCHED, Reason.PLACING)
    (empty.music / "The Examples").unlink()
    with empty.known() as (_collection, known):
        assert verify.retry(known, []) == 1
    assert empty.run().new == 1
    assert (len(empty.asked()), empty.staged()) == (1, [])


def test_half_a_minute_of_unsaid_length_is_a_preview(empty: Library) -> None:
    """At the third time that is all there is: asked for again in a week, and no failure any more."""
    empty.service.edit("track", track=PREVIEW, fields={"durationMs": None})
    assert passed(empty, PREVIEW) == (3, State.FAILED, Reason.PREVIEW)
    with empty.known() as (_collection, known):
        known.put(replace(known.copy(PREVIEW), tries=2, next_try=0))
    assert empty.run().exit_code == 0
    copy = empty.copies()[PREVIEW]
    assert (copy.state, copy.reason) == (State.UNAVAILABLE, Reason.PREVIEW)
    assert copy.next_try - time.time() > 6 * 86_400


@pytest.mark.parametrize("size", [0, 1], ids=["before it comes", "while it comes"])
def test_what_somebody_decides_during_a_pass_holds(empty: Library, size: int) -> None:
    """A track that nobody wants any more is not placed, and what came of it goes."""
    decided = []

    def report(event: Event) -> None:
        if isinstance(event, Progress) and event.stage is Stage.BACKUP and event.size >= size and not decided:
            with empty.known() as (_collection, known):
                decided.append(verify.ignore(known, [MP3]))

    empty.service.edit("add", track=MP3)
    assert empty.run(job=Job(report, every=0)).new == 0
    assert (empty.copies()[MP3].state, empty.staged(), len(empty.asked())) == (State.IGNORED, [], size)
    assert sorted(empty.files()) == ["Playlists/Likes.m3u8"]


def test_what_ended_a_pass_is_told_and_not_what_went_wrong_after_it(
    empty: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody has to sign in, whatever becomes of the playlists."""

    def refuse(*_given: object) -> None:
        raise OSError(errno.EIO, "gone")

    monkeypatch.setattr(playlists, "write", refuse)
    empty.service.fault("status", path=INFO, status=401)
    assert passed(empty, FLAC)[0] == 12


@pytest.mark.slow
@pytest.mark.parametrize("restarted", [False, True], ids=["the same boot", "another boot"])
def test_what_came_before_a_restart_of_the_system_is_not_trusted(
    empty: Library, monkeypatch: pytest.MonkeyPatch, *, restarted: bool
) -> None:
    """Bytes may never have reached the disk: the download begins anew, where a later pass would else go on with it."""
    empty.service.fault("reset", path=MEDIA, at=30_000, count=1)
    empty.service.fault("reset", path=MEDIA, at=0, skip=1)
    assert passed(empty, FLAC) == (3, State.FAILED, Reason.NETWORK)
    assert empty.staged() == [f"{FLAC}.part"]
    empty.service.clear()
    if restarted:
        monkeypatch.setattr(fetch, "boot", lambda: "another")
    with empty.known() as (_collection, known):
        assert verify.retry(known, []) == 1
    since = empty.service.last()
    assert empty.run().exit_code == 0
    (first, *_rest) = (each for each in empty.service.log(since) if each["path"].startswith("/media/"))
    assert ("range" in first["headers"]) is not restarted
