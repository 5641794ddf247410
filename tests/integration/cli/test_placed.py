"""`comet apply PLAN` with files that were made elsewhere, as other programs write such plans."""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import closing
from pathlib import Path
from typing import Any

from comet.act.journal import Journal, path_of
from comet.core.acts import Do, Kind, State, Step
from comet.core.model import Identity
from tests.factories import tune, write
from tests.integration.cli.conftest import Shell


def step(root: str, path: str, made: Path) -> dict[str, Any]:
    """Return a step that places a file, as JSON."""
    file = {"root": root, "path": path, "size": made.stat().st_size, "mtime_ns": 0, "audio": ""}
    digest = hashlib.blake2b(made.read_bytes(), digest_size=16).hexdigest()
    return {"do": "place", "file": file, "with": {"staged": str(made), "hash": digest}, "group": "", "why": "new"}


def files(songs: Path) -> dict[Path, bytes]:
    """Return all files below a root, but Comet's own."""
    found = [path for path in songs.rglob("*") if path.is_file() and ".comet" not in path.parts]
    return {path: path.read_bytes() for path in found}


def test_a_plan_that_places_files(user: Shell, songs: Path, tmp_path: Path) -> None:
    """A track and a cover: said before and after, told in the history, found by the next scan, taken back."""
    track, cover, plan = tmp_path / "made.flac", tmp_path / "made.jpg", tmp_path / "plan.json"
    write(os.fsencode(track), tune(9, 6.0))
    cover.write_bytes(b"a cover")
    before, root = files(songs), (songs / ".comet/root").read_text().strip()
    steps = [step(root, "new/made.flac", track), step(root, "new/folder.jpg", cover)]
    old = json.loads(user("plan").stdout)
    plan.write_text(json.dumps({**old, "steps": steps}))
    asked = user("apply", plan, code=2).stderr
    assert f"{songs}/new/folder.jpg: from `{cover}`" in asked
    assert user("apply", plan, "--yes").stdout.startswith("2 files put in place\n")
    assert files(songs) == before | {songs / "new/made.flac": track.read_bytes(), songs / "new/folder.jpg": b"a cover"}
    assert "1 listened to" in user("scan").stdout
    assert [each["kind"] for each in user.lines("history", 1)] == ["place", "place"]
    assert "2 done by an earlier run" in user("apply", plan, "--yes").stdout
    assert user.lines("undo", "1", "--yes")[0]["placed"] == 2
    assert files(songs) == before


def test_what_was_left_beside_a_file_is_named(user: Shell, songs: Path) -> None:
    """`comet quarantine` names what a crash has left beside a file, for as long as it lies there."""
    track, beside = next(path for path in songs.rglob("*") if path.is_file() and ".comet" not in path.parts), "temp-1"
    root = (songs / ".comet/root").read_text().strip()
    file = Identity(root, os.fsencode(track.relative_to(songs)), 1, 1, "")
    (state,) = (path.parent for path in (user.home / "state").glob("*/cache.sqlite"))
    with closing(Journal(path_of(str(state)))) as journal:
        run = journal.begin("apply")
        entry = journal.intend(run, 1, Kind.WRITE_TAGS, Step(Do.WRITE_TAGS, file, "", ""), after={"temp": beside})
        journal.settle(entry, State.FAILED, "a crash")
    assert "left after a crash" not in user("quarantine").stderr
    track.with_name(beside).write_bytes(b"music")
    assert f"`{track.with_name(beside)}`" in user("quarantine").stderr
