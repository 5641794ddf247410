"""One file out of the sound that came and what the service says of it: checked, tagged, with cover and loudness."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final, Self, TypeVar

from comet.act.staging import Staging
from comet.backup import naming
from comet.backup.fetch import BUILT, COVER, FLAC, RAW, name
from comet.backup.model import Reason, Remote, Task
from comet.backup.service import Refused, Service
from comet.core.acts import Content
from comet.core.compressed import encode
from comet.core.errors import ServiceError, SignInError, WaitError
from comet.core.measures import REFERENCE
from comet.core.model import SECONDS_PER_WORD, Audio, File
from comet.core.sections import Settings
from comet.core.text import _
from comet.core.workers import Pool
from comet.listen.fingerprint import Heard, Listener, Wanted, limits
from comet.tags.editing import Editor
from comet.tags.fields import Change

T = TypeVar("T")

PIXELS: Final = 1000
"""Edge of the cover that is asked for."""

_PREVIEW: Final = 31.0
"""Seconds that a preview lasts at most."""
_SHARE, _LEAST = 0.02, 1.0  # by which a length may differ: of it, and seconds
_PRINTED: Final = round(120 / SECONDS_PER_WORD)
"""Words of a fingerprint in a tag: AcoustID knows the first two minutes."""
_ENDINGS: Final = {"mp3": ".mp3", "flac": ".flac", "mp4": ".m4a", "aac": ".aac", "ogg": ".ogg"}
_FAILED: Final = 3
"""Covers and lyrics in a row that could not be had, before no more are asked for."""
_SPEED: Final = 500_000  # bytes a second of FLAC that are encoded, decoded and compared at least


@dataclass(frozen=True, slots=True)
class Taken:
    """The sound of a track in staging, checked."""

    remote: Remote
    name: bytes
    """Of the file in staging."""
    heard: Heard
    audio: Audio
    damaged: bool = False
    suspect: str = ""
    """What is odd about the service's own file, as a sentence."""


@dataclass(frozen=True, slots=True)
class Built:
    """A file that is ready to be placed."""

    taken: Taken
    staged: Content
    size: int
    suspect: str = ""


class Builder:
    """Builds one file after the other. Use it as a context manager."""

    def __init__(self, service: Service, staging: Staging, settings: Settings) -> None:
        self._service, self._staging, self._settings = service, staging, settings
        self._failed, self._why = 0, ""
        self._ended = ExitStack()

    def __enter__(self) -> Self:
        self._listener = self._ended.enter_context(Listener(**limits(self._settings), loudness=True))
        self._editor = self._ended.enter_context(Editor(also=["comet.listen.work"]))
        self._encoder = self._ended.enter_context(
            Pool[Task, str](1, "comet.backup.work:flac", memory=512 << 20, deadline=self._deadline)
        )
        return self

    def __exit__(self, *_error: object) -> None:
        self._ended.close()

    def take(self, remote: Remote, codec: str) -> Taken:
        """Listen to the sound of a track that came, whole; what is FLAC in MP4 becomes FLAC before.

        Raises:
            Refused: it is not what it should be; with DECODE as the reason it may be another time.
        """
        found = name(remote.id, RAW)
        if codec == "flac-mp4":
            found = self._flac(remote, found)
        heard = self._hear(found)
        if heard.audio and (heard.audio.codec, heard.audio.container) == ("flac", "mp4"):  # it did not say so
            found = self._flac(remote, found)
            heard = self._hear(found)
        if heard.audio is None:
            kind = Reason.DECODE if heard.error else Reason.CONTENT
            raise Refused(kind, heard.error or _("the answer is no music"))
        _refuse_length(remote, heard.audio)
        return Taken(remote, found, heard, heard.audio, damaged=self._damaged(found, heard.audio))

    def _damaged(self, found: bytes, audio: Audio) -> bool:
        """Tell whether some of a sound is not as it was made, as far as that can be seen."""
        if (audio.codec, audio.container) != ("flac", "flac") or audio.decode_errors:
            return bool(audio.decode_errors)
        (outcome,) = self._encoder.run([Task(self._staging.root, self._staging.owner, found)])
        return bool(outcome.error or outcome.result)

    def hear(self, path: bytes) -> Heard:
        """Listen to a file at an absolute path."""
        status = os.stat(path)
        file = File("", path, status.st_size, status.st_mtime_ns)
        (heard,) = self._listener.listen([Wanted(file, path, identify_first=False)], lambda _hash: False)
        return heard

    def _hear(self, found: bytes) -> Heard:
        return self.hear(self._staging.path(found))

    def _flac(self, remote: Remote, found: bytes) -> bytes:
        made = name(remote.id, FLAC)
        (outcome,) = self._encoder.run([Task(self._staging.root, self._staging.owner, found, made)])
        if error := outcome.error or outcome.result:
            raise Refused(Reason.DECODE, error)
        return made

    def _deadline(self, task: Task) -> float:
        return self._settings.scan.timeout + self._staging.size(task.name) / _SPEED

    def build(self, taken: Taken, *, bare: bool) -> Built:
        """Give the sound of a track its tags, its cover and its loudness.

        Args:
            taken: The sound.
            bare: Where its cover or its lyrics cannot be had for now, it does without them.

        Raises:
            Refused: it cannot be tagged; or, with NETWORK as the reason, its cover or its lyrics cannot be had for now.
        """
        said = [taken.suspect] if taken.suspect else []
        cover = self._cover(taken.remote, said, bare=bare)
        change = fields(taken, self._lyrics(taken.remote, said, bare=bare))
        path = self._staging.path(taken.name)
        edited = self._editor.edit(path, change, {"front": cover} if cover else {})
        if edited.error and cover:
            said.append(_("its cover cannot be used: {why}").format(why=edited.error))
            edited = self._editor.edit(path, change)
        if edited.error:
            raise Refused(Reason.TAGGING, edited.error)
        built = name(taken.remote.id, BUILT)
        if not edited.pieces:  # its tags say all of this already
            return self._built(taken, taken.name, self._staging.digest(taken.name), said)
        self._staging.edited(taken.name, edited.pieces, built)
        return self._built(taken, built, edited.new_hash, said)

    def _built(self, taken: Taken, built: bytes, digest: str, said: list[str]) -> Built:
        content = Content(self._staging.path(built), digest)
        return Built(taken, content, self._staging.size(built), "; ".join(said))

    def _cover(self, remote: Remote, said: list[str], *, bare: bool) -> Content | None:
        """Return the cover of a track in staging, None where it has none that can be had."""
        if not remote.cover:
            return None
        try:
            data = self._beside(lambda: self._service.cover(remote, PIXELS))
        except Refused as error:
            told = _("its cover could not be had: {why}").format(why=error)
            if not bare:
                raise Refused(Reason.NETWORK, told) from error
            said.append(told)
            return None
        if not data.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")):
            said.append(_("its cover is no JPEG and no PNG"))
            return None
        self._staging.write(name(remote.id, COVER), data)
        return Content(self._staging.path(name(remote.id, COVER)), self._staging.digest(name(remote.id, COVER)))

    def _lyrics(self, remote: Remote, said: list[str], *, bare: bool) -> str:
        wanted = self._settings.backup.lyrics
        if wanted == "none" or not (remote.lyrics or remote.synced):
            return ""
        try:
            text, _synced = self._beside(lambda: self._service.lyrics(remote, synced=wanted == "synced"))
        except Refused as error:
            told = _("its lyrics could not be had: {why}").format(why=error)
            if not bare:
                raise Refused(Reason.NETWORK, told) from error
            said.append(told)
            return ""
        return text

    def _beside(self, ask: Callable[[], T]) -> T:
        """Ask for what a track has beside its sound; once that failed for several in a row, not any more.

        Raises:
            Refused: it cannot be had for now.
        """
        if self._failed < _FAILED:
            try:
                found = ask()
            except (WaitError, SignInError):
                raise
            except ServiceError as error:
                self._failed, self._why = self._failed + 1, str(error)
            else:
                self._failed = 0
                return found
        raise Refused(Reason.NETWORK, self._why)


def _refuse_length(remote: Remote, audio: Audio) -> None:
    """Refuse what does not last as long as the service says; where it says nothing, what lasts as long as a preview."""
    wanted, has = remote.seconds, audio.duration
    preview = _PREVIEW - 2 < has < _PREVIEW
    if not wanted:
        if preview and not remote.upload:
            raise Refused(Reason.PREVIEW, _("it lasts 30 seconds, and the service does not say how long it should"))
        return
    if abs(has - wanted) <= max(_LEAST, _SHARE * wanted):
        return
    told = _("it lasts {has:.0f} s, and should last {wanted:.0f} s").format(has=has, wanted=wanted)
    if has > wanted:
        raise Refused(Reason.CONTENT, told)
    raise Refused(Reason.PREVIEW if preview else Reason.SHORT, told)


def ending(audio: Audio) -> str:
    """Return the ending of a file's name for what is in it."""
    return _ENDINGS.get(audio.container, f".{naming.name(audio.container)}")


def fields(taken: Taken, lyrics: str) -> Change:
    """Return the tags that a track shall have; what nobody knows is not named, so that it stays as it came."""
    remote, heard = taken.remote, taken.heard
    words = heard.words[:_PRINTED] if heard.words is not None else None
    found: Mapping[str, tuple[str, ...]] = {
        "title": (naming.title(remote),),
        "artist": remote.artists,
        "album": (remote.album,),
        "albumartist": remote.album_artists,
        "date": (remote.released[:10] or str(remote.year or ""),),
        "genre": (remote.genre,),
        "label": remote.labels,
        "isrc": (remote.isrc,),
        "tracknumber": (str(remote.number or ""),),
        "totaltracks": (str(remote.total or ""),),
        "discnumber": (str(remote.disc or ""),),
        "lyrics": (lyrics,),
        "yandex_track_id": (remote.id,),
        "yandex_album_id": (remote.album_id,),
        "comet_audio_hash": (taken.audio.hash,),
        "acoustid_fingerprint": (encode(words),) if words is not None and len(words) else (),
        **_gain(heard),
    }
    kept = {field: tuple(value for value in values if value) for field, values in found.items()}
    return {field: values for field, values in kept.items() if values}


def _gain(heard: Heard) -> dict[str, tuple[str, ...]]:
    """Return what players turn a track down by: ReplayGain 2, -18 LUFS; silence has no loudness."""
    loud = heard.loudness
    if loud is None or loud.integrated == float("-inf"):
        return {}
    return {
        "replaygain_track_gain": (f"{loud.gain:.2f} dB",),
        "replaygain_track_peak": (f"{loud.true_peak:.6f}",),
        "replaygain_reference_loudness": (f"{REFERENCE:.2f} LUFS",),
    }
