"""What hears the decoded frames of one track: brought to the forms that the measures need, and handed on to them.

FFmpeg does the work in one graph: the same frames go, mono at 11 025 Hz, to `Sound` and, as they are, to `Spectra` and,
where it is wanted, to the loudness `Meter`.
"""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction
from typing import TYPE_CHECKING, Final

import av
import numpy as np
from av.audio.frame import AudioFrame

from comet.core.measures import Loudness, Quality
from comet.listen.chroma import RATE
from comet.listen.loudness import Meter
from comet.listen.quality import BLOCK, Spectra
from comet.listen.sound import Sound

if TYPE_CHECKING:
    from av.filter.context import FilterContext
    from numpy.typing import NDArray

# the resampler's settings of fpcalc, beside the rate; other ones flip bits
_RESAMPLER: Final = "ochl=mono:osf=s16:filter_size=16:phase_shift=8:linear_interp=1:cutoff=0.8"
_MANY: Final = 8  # channels from which on PyAV counts planes that are not there
_UNPLACED: Final = " channels"  # how FFmpeg calls an arrangement that it only knows the number of
_MONO_BLOCK: Final = 16_384  # samples that are handed on at once
_PULL_EVERY: Final = 64  # frames pushed between two pulls; each pull that finds nothing costs an exception


class Ear:
    """Takes the frames of one track in order; `finish`, then ask.

    Args:
        length: Seconds from the beginning that are fingerprinted, 0 for all.
        loudness: It is measured too, which takes the whole track whatever the length.
        speed: Percent by which it is fingerprinted as if played slower, and lower.
    """

    def __init__(self, length: float, *, loudness: bool, speed: float = 0.0) -> None:
        self.sound = Sound(round(length * RATE))
        self.first: AudioFrame | None = None
        """The first frame, which says what form the sound has."""
        self.duration = 0.0
        """Seconds that were heard, once it is finished."""
        self.complete = False
        """Whether nothing more needs to be heard."""
        self._rate = round(RATE * (1 + speed / 100))
        self._wants_loudness = loudness
        self._packed = False
        self._spectra: Spectra | None = None
        self._length = length or float("inf")
        self._left = 0.0  # samples whose quality is still to be looked at: as much of the track as is fingerprinted
        self._meter: Meter | None = None
        self._format: tuple[int, str, str] | None = None
        self._graph = av.filter.Graph()  # its nodes do not keep it alive
        self._source: FilterContext
        self._mono: FilterContext
        self._whole: FilterContext
        self._pushed = 0
        self._samples = 0

    def hear(self, frame: AudioFrame) -> None:
        """Take the next frame; one of another format (a chained stream) begins a new graph."""
        form = (frame.sample_rate, frame.format.name, frame.layout.name)
        if form != self._format:
            self.finish()
            if self.first is None:
                self.first = frame
                self._packed = frame.layout.nb_channels >= _MANY
                self._spectra = Spectra(frame.sample_rate)
                self._left = self._length * frame.sample_rate
                if self._wants_loudness:
                    self._meter = Meter(frame.sample_rate, [channel.name for channel in frame.layout.channels])
            self._open(*form)
        self._samples += frame.samples
        self._source.push(frame)
        self._pushed += 1
        if self._pushed % _PULL_EVERY == 0:
            self._pull()

    def finish(self) -> None:
        """Drain the graph."""
        if self._format is not None:
            self._source.push(None)
            self._pull()
            self.duration += self._samples / self._format[0]
            self._samples, self._format = 0, None

    def quality(self) -> Quality:
        """Return the signs of quality of all that was heard."""
        if self._spectra is None:
            return Quality(0.0, 0.0, b"", b"")
        levels, cutoff = self._spectra.levels()
        return Quality(self._spectra.clipped(), cutoff, levels, self.sound.envelope(), self._spectra.peaks())

    def loudness(self) -> Loudness | None:
        """Return the loudness of all that was heard, None where it was not asked for."""
        return self._meter.result() if self._meter else None

    def _open(self, rate: int, form: str, layout: str) -> None:
        graph = av.filter.Graph()
        # 16-bit sound stays 16-bit inside the resampler, as in fpcalc; FFmpeg would go by way of floats
        inner = ":internal_sample_fmt=s16p" if form in {"u8", "u8p", "s16", "s16p"} else ""
        self._source = graph.add_abuffer(sample_rate=rate, format=form, layout=layout, time_base=Fraction(1, rate))
        self._mono, self._whole = graph.add("abuffersink"), graph.add("abuffersink")
        split, first = graph.add("asplit", "outputs=2"), self.first
        graph.link_nodes(self._source, split)
        mono = graph.add("aresample", f"{self._rate}:{_RESAMPLER}{inner}")
        # FFmpeg takes the usual places where none are named, but knows none for so many: then each counts the same
        count = first.layout.nb_channels if first and layout.endswith(_UNPLACED) else 0
        count = count if count > _MANY else 0
        mixed = graph.add("pan", "mono|c0<" + "+".join(f"c{number}" for number in range(count))) if count else mono
        split.link_to(mixed, 0)
        graph.link_nodes(
            *((mixed, mono) if count else (mono,)),
            graph.add("aformat", f"sample_fmts=s16:sample_rates={self._rate}:channel_layouts=mono"),
            graph.add("asetnsamples", f"n={_MONO_BLOCK}:p=0"),
            self._mono,
        )
        # the rest of a chained stream is brought to the form of its beginning, so that one measure takes all of it
        first = first if self._pushed else None
        same = f":sample_rates={first.sample_rate}:channel_layouts={first.layout.name}" if first else ""
        whole = graph.add("aformat", f"sample_fmts={'flt' if self._packed else 'fltp'}{same}")
        split.link_to(whole, 1)
        graph.link_nodes(whole, graph.add("asetnsamples", f"n={BLOCK}:p=0"), self._whole)
        graph.configure()
        self._graph, self._format = graph, (rate, form, layout)

    def _channels(self, frame: AudioFrame) -> list[NDArray[np.float32]]:
        """Return the samples of each channel, shape (samples,) each; they live as long as the frame."""
        if self._packed:
            samples = np.frombuffer(memoryview(frame.planes[0]), np.float32, frame.samples * frame.layout.nb_channels)
            return list(np.ascontiguousarray(samples.reshape(frame.samples, -1).T))
        return [np.frombuffer(memoryview(plane), np.float32, frame.samples) for plane in frame.planes]

    def _pull(self) -> None:
        """Take what the graph has ready."""
        with suppress(BlockingIOError, EOFError):
            while isinstance(frame := self._mono.pull(), AudioFrame):
                self.sound.feed(np.frombuffer(memoryview(frame.planes[0]), np.int16, frame.samples).copy())
        with suppress(BlockingIOError, EOFError):
            while isinstance(frame := self._whole.pull(), AudioFrame):
                channels = self._channels(frame)
                if self._spectra and self._left > 0:
                    self._spectra.feed([channel[: int(min(self._left, frame.samples))] for channel in channels])
                    self._left -= frame.samples
                if self._meter:
                    self._meter.feed(np.stack(channels))
        self.complete = self.sound.complete and not self._wants_loudness
