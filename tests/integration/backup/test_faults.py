"""What goes wrong with a single track or with the whole service, and what a pass makes of it."""

from __future__ import annotations

from typing import Any

import pytest

from comet.backup import fetch, verify
from comet.backup.model import Reason, State
from comet.core.errors import CometError
from tests.integration.backup.backed import Library
from tests.service.running import API, MEDIA

FLAC, MP3, AAC = "30000001", "30000004", "30000005"
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
def test_damage_that_is_the_services_own_is_kept_and_said(empty: Library) -> None:
    """It came so twice, byte for byte: that is how the service has it."""
    empty.service.fault("zeros", path=MEDIA)
    code, state, _reason = passed(empty, MP3)
    copy = empty.copies()[MP3]
    assert (code, state, len(empty.asked())) == (0, State.DONE, 2)
    assert "damaged" in copy.suspect


def test_a_folder_that_lost_its_marker_is_not_filled(empty: Library) -> None:
    """What was used and is not marked any more may be an empty mount point: nothing is asked, nothing written."""
    assert passed(empty, FLAC)[0] == 0
    (empty.music / ".comet/root").unlink()
    asked = empty.service.last()
    with pytest.raises(CometError, match="marker is gone"):
        empty.run()
    assert [each["path"] for each in empty.service.log(asked)] == ["/account/status"]


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
