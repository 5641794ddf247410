"""Files that an older Comet has heard otherwise: nothing is done to them before they are heard again, which is told."""

from __future__ import annotations

import sqlite3

import pytest

from comet import scanning
from comet.core.job import Job
from comet.library import cache
from tests.integration.owning import Owner


def heard_otherwise(owner: Owner, name: str) -> None:
    """Let what is known of a file's sound be what an older version took for it."""
    with owner.opened() as collection:
        path = cache.path_of(collection.folder)
    with sqlite3.connect(path) as db:
        sql = "UPDATE audios SET hash = 'b3:older' WHERE serial = (SELECT audio FROM files WHERE path = ?)"
        assert db.execute(sql, (name.encode(),)).rowcount == 1


@pytest.mark.slow
def test_what_an_older_version_heard_otherwise_is_heard_again(owner: Owner) -> None:
    """It is refused in a sentence that says what to do; after that scan, which hears this file alone, it goes."""
    heard_otherwise(owner, "one.mp3")
    (refused,) = [each for each in owner.apply().failed if each.before.file.path == b"one.mp3"]
    assert "its sound is not the one that was decided about, though size and time are" in refused.error
    assert "`comet scan` hears it again" in refused.error
    assert (owner.music / "one.mp3").exists()
    with owner.opened(create=True) as collection:
        assert scanning.scan_roots(collection, Job()).decoded == 1
    owner.full()
    assert [each.before.file.path for each in owner.apply().done if each.before.file.path == b"one.mp3"] == [b"one.mp3"]
    with owner.opened(create=True) as collection:
        assert scanning.scan_roots(collection, Job()).decoded == 0
