"""What must hold of an arena at every moment, whatever has been interrupted; each broken one is told by its number.

I0 the journal's file is whole; I1 the keepers are what they were, or have the new tags and are whole; I2 each file of
the plan is in exactly one place, or was purged while its keeper stayed; I3 nothing else has changed; I5 the playlist is
the one from before or the one from after, whole; I6 journal and disk agree, and nothing is left open; I7 what stands
in the journal brings back every byte of a file whose tags were written; I8 no litter; I9 a file that is placed is there
whole or not at all, what it is placed over is there or held, and what was withdrawn is held.
"""

from __future__ import annotations

import json
import os
import re

from tests.campaign.protocol import (
    LOSERS,
    NEW,
    NEWS_TIME,
    PLACED,
    PLAYLIST,
    ROOTS,
    TAGGED,
    TRACKS,
    A,
    Arena,
    FileState,
    Found,
    look,
    tagged,
)  # fmt: skip

_OURS = {b".comet/root", b".comet/lock"}
_LIST = os.path.join(ROOTS[A], PLAYLIST)
_QUARANTINE = b".comet/quarantine/"


def check(before: Found, arena: Arena, *, litter: int = 0) -> Found:
    """Find that an arena is sound after recovery, and return it; `litter` probes are forgiven, no more."""
    now = look(arena)
    rest = dict(now.files)
    for name, track in TRACKS.items():
        if name == TAGGED:
            _check_tagged(before, now, rest.pop(track.at, None))
        elif not track.keeper:
            assert rest.pop(track.at, None) == before.files[track.at], f"I1: {name} is not what it was"
    for name in LOSERS:
        _check_loser(before, now, name, rest)
    _check_playlist(before, now, rest.pop(_LIST, None))
    made = {folder for place in PLACED for folder in _check_placed(before, now, place, rest)}
    _check_rest(before, now, rest, litter)
    _check_folders(before, now, made)
    assert not now.empty, f"I8: empty folders in quarantine: {now.empty}"
    _check_journal(now)
    return now


def _check_tagged(before: Found, now: Found, found: FileState | None) -> None:
    """Find that a file whose tags are written is the old one or the new one, and can become the old one again."""
    old, mode, mtime_ns, attributes = before.files[TRACKS[TAGGED].at]
    assert found, f"I1: {TAGGED} is gone"
    new, *rest = found
    assert new in (old, tagged(old)), f"I1: {TAGGED} is torn"
    assert (rest[0], rest[2]) == (mode, attributes), f"I1: {TAGGED} has another mode or other attributes"
    assert rest[1] == mtime_ns if new == old else rest[1] > mtime_ns, f"I1: {TAGGED} has a wrong time"
    written = [each for each in _of(now, TAGGED) if each["kind"] == "write_tags" and each["state"] == "done"]
    assert (new != old) == bool(written), f"I6: the journal does not know how {TAGGED} is"
    for entry in written:
        told = json.loads(str(entry["reverse"]))["pieces"]
        back = [each.encode("latin-1") if isinstance(each, str) else new[each[0] : sum(each)] for each in told]
        assert b"".join(back) == old, f"I7: the journal does not bring {TAGGED} back"


def _check_loser(before: Found, now: Found, name: str, rest: dict[bytes, FileState]) -> None:
    track = TRACKS[name]
    wanted = before.files[track.at]
    places = [path for path in rest if path == track.at or _held(path, track.at)]
    purged = any(entry["kind"] == "purge" and entry["state"] == "done" for entry in _of(now, name))
    assert len(places) == (0 if purged else 1), f"I2: {name} is in {len(places)} places, purged: {purged}"
    for path in places:
        assert rest.pop(path) == wanted, f"I2: {name} is not what it was"


def _held(path: bytes, at: bytes) -> bool:
    root, _slash, below = at.partition(b"/")
    return bool(re.fullmatch(re.escape(root + b"/" + _QUARANTINE) + rb"[^/]*/" + re.escape(below), path))


def _of(now: Found, name: str) -> list[dict[str, object]]:
    track = TRACKS[name]
    return [each for each in now.entries if (each["root"], each["path"]) == (track.root, track.path)]


def _check_playlist(before: Found, now: Found, found: FileState | None) -> None:
    old, mode, mtime_ns, _attributes = before.files[_LIST]
    new = old.replace(b"../dup/l\xc3\xadsted.wav", b"../keep/one.flac")
    assert found, "I5: the playlist is gone"
    assert found[0] in (old, new), "I5: the playlist is torn"
    assert found[1] == mode, "I5: the playlist has another mode"
    assert found[2] == mtime_ns or now.entries, "I5: the playlist has another time"
    changed = [each for each in now.entries if each["kind"] == "repoint_playlist" and each["state"] == "done"]
    assert (found[0] == new) == bool(changed), "I6: the journal does not know how the playlist is"
    assert found[0] == new or found[2] == mtime_ns, "I5: the old playlist has a new time"


def _check_placed(before: Found, now: Found, place: tuple[str, bytes], rest: dict[bytes, FileState]) -> list[bytes]:
    """Find that a file is placed or is not, with what it replaces; return which folders are there for it."""
    at = os.path.join(ROOTS[place[0]], place[1])
    entries = [each for each in now.entries if (each["root"], each["path"]) == place and each["state"] == "done"]
    placed = any(each["kind"] == "place" for each in entries)
    old, found = before.files.get(at), rest.pop(at, None)
    new = found is not None and (found[0], found[2]) == (NEW, NEWS_TIME)
    assert new or found == old, f"I9: {at!r} is not what it was, and not what was placed"
    assert new == placed, f"I6: the journal does not know how {at!r} is"
    if new and old:
        assert (found[1], found[3]) == (old[1], old[3]), f"I9: {at!r} has another mode or other attributes"
    held = [rest.pop(path) for path in list(rest) if _held(path, at)]
    assert held.count(old) == int(placed) if old else True, f"I9: what was in place of {at!r} is lost"
    withdrawn = [state for state in held if (state[0], state[2]) == (NEW, NEWS_TIME)]
    undone = sum(each["kind"] == "undo" for each in entries)
    assert len(withdrawn) == undone, f"I9: {at!r} was withdrawn and is not held"
    assert len(held) == len(withdrawn) + int(bool(placed and old)), f"I9: something is held for {at!r}"
    parts = place[1].split(b"/")[:-1]
    return [os.path.join(ROOTS[place[0]], *parts[: n + 1]) for n in range(len(parts))] if placed else []


def _check_folders(before: Found, now: Found, made: set[bytes]) -> None:
    changed = {path: mode for path, mode in before.folders.items() if now.folders.get(path) != mode}
    assert not changed, f"I3: folders have changed: {changed}"
    assert before.folders.keys() | made == now.folders.keys(), "I3: there are new folders"


def _check_rest(before: Found, now: Found, rest: dict[bytes, FileState], litter: int) -> None:
    lost = [path for path in before.files if path not in now.files and path in _others(before)]
    assert not lost, f"I3: gone: {lost}"
    temps = [path for path in rest if os.path.basename(path).startswith(b".comet-")]
    assert len(temps) <= litter, f"I8: litter: {temps}"
    assert all(not rest.pop(path)[0] for path in temps), "I8: litter that is no probe"
    for path, state in rest.items():
        known = path in before.files and before.files[path] == state
        assert known or path.partition(b"/")[2] in _OURS, f"I3: {path!r} is new or another one"


def _others(before: Found) -> set[bytes]:
    return before.files.keys() - {track.at for track in TRACKS.values()}


def _check_journal(now: Found) -> None:
    """Find that what the journal says of each file is where the file is, and that it knows all that is held."""
    assert not [each for each in now.entries if each["state"] == "intended"], "I6: something is left open"
    purged = {each["of"] for each in now.entries if each["kind"] == "purge" and each["state"] == "done"}
    known = set()
    for entry in now.entries:
        after = json.loads(entry["after"])
        key = {"remove": "held", "place": "replaced", "undo": "withdrawn"}.get(entry["kind"], "")
        if key in after and entry["state"] == "done" and entry["id"] not in purged:
            known.add(os.path.join(ROOTS[entry["root"]], os.fsencode(after[key])))
    there = {path for path in now.files if _QUARANTINE in path and b".comet-" not in os.path.basename(path)}
    assert known == there, f"I6: the journal says held: {sorted(known)}; there is: {sorted(there)}"
