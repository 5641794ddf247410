"""What hears the decoded frames of one track: brought to the forms that the measures need, and handed on to them.

FFmpeg does the work in one graph: the same frames go, mono at 11 025 Hz, to `Sound` and, as they are, to `Spectra`.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from fractions import Fraction
from typing import TYPE_CHECKING, Final

import av
import numpy as np
from av.audio.frame import AudioFrame

from comet.core.measures import Loudness, Quality
from comet.listen.chroma import RATE
from comet.listen.quality import Spectra
from comet.listen.sound import Sound

if TYPE_CHECKING:
    from av.filter.context import FilterContext

# the resampler's settings of fpcalc; other ones flip bits
_RESAMPLER: Final = f"{RATE}:ochl=mono:osf=s16:filter_size=16:phase_shift=8:linear_interp=1:cutoff=0.8"
_BLOCK: Final = 16_384  # samples that are handed on at once
_PULL_EVERY: Final = 64  # frames pushed between two pulls; each pull that finds nothing costs an exception


class Ear:
    """Takes the frames of one track in order; `finish`, then ask.

    Args:
        length: Seconds from the beginning that are fingerprinted, 0 for all.
        loudness: It is measured too, which takes the whole track whatever the length.
    """

    def __init__(self, length: float, *, loudness: bool) -> None:
        self.sound = Sound(round(length * RATE))
        self.samples: Counter[int] = Counter()
        """Samples of all frames by their rate."""
        self.first: AudioFrame | None = None
        self._wants_loudness = loudness
        self._spectra: Spectra | None = None
        self._format: tuple[int, str, str] | None = None
        self._graph = av.filter.Graph()  # its nodes do not keep it alive
        self._source: FilterContext
        self._mono: FilterContext
        self._whole: FilterContext
        self._pushed = 0

    @property
    def complete(self) -> bool:
        """Whether nothing more needs to be heard."""
        return self.sound.complete and not self._wants_loudness

    def hear(self, frame: AudioFrame) -> None:
        """Take the next frame; one of another format (a chained stream) begins a new graph."""
        form = (frame.sample_rate, frame.format.name, frame.layout.name)
        if form != self._format:
            self.finish()
            if self.first is None:
                self.first = frame
                self._spectra = Spectra(frame.sample_rate, frame.layout.nb_channels)
            self._open(*form)
        self.samples[frame.sample_rate] += frame.samples
        self._source.push(frame)
        self._pushed += 1
        if self._pushed % _PULL_EVERY == 0:
            self._pull()

    def finish(self) -> None:
        """Drain the graph."""
        if self._format is not None:
            self._source.push(None)
            self._pull()
            self._format = None

    def quality(self) -> Quality:
        """Return the signs of quality of all that was heard."""
        if self._spectra is None:
            return Quality(0.0, 0.0, b"", b"")
        levels, cutoff = self._spectra.levels()
        return Quality(self._spectra.clipped(), cutoff, levels, self.sound.envelope())

    def loudness(self) -> Loudness | None:
        """Return the loudness of all that was heard, None where it was not asked for."""
        return None

    def _open(self, rate: int, form: str, layout: str) -> None:
        graph = av.filter.Graph()
        # 16-bit sound stays 16-bit inside the resampler, as in fpcalc; FFmpeg would go by way of floats
        inner = ":internal_sample_fmt=s16p" if form in {"u8", "u8p", "s16", "s16p"} else ""
        self._source = graph.add_abuffer(sample_rate=rate, format=form, layout=layout, time_base=Fraction(1, rate))
        self._mono, self._whole = graph.add("abuffersink"), graph.add("abuffersink")
        split = graph.add("asplit", "outputs=2")
        graph.link_nodes(self._source, split)
        mono = graph.add("aresample", _RESAMPLER + inner)
        split.link_to(mono, 0)
        graph.link_nodes(
            mono,
            graph.add("aformat", f"sample_fmts=s16:sample_rates={RATE}:channel_layouts=mono"),
            graph.add("asetnsamples", f"n={_BLOCK}:p=0"),
            self._mono,
        )
        first = self.first
        # the rest of a chained stream is brought to the form of its beginning, so that one measure takes all of it
        same = f":sample_rates={first.sample_rate}:channel_layouts={first.layout.name}" if first else ""
        whole = graph.add("aformat", f"sample_fmts=fltp{same}")
        split.link_to(whole, 1)
        graph.link_nodes(whole, graph.add("asetnsamples", f"n={4 * _BLOCK}:p=0"), self._whole)
        graph.configure()
        self._graph, self._format = graph, (rate, form, layout)

    def _pull(self) -> None:
        """Take what the graph has ready."""
        with suppress(BlockingIOError, EOFError):
            while isinstance(frame := self._mono.pull(), AudioFrame):
                self.sound.feed(np.frombuffer(memoryview(frame.planes[0]), np.int16, frame.samples).copy())
        with suppress(BlockingIOError, EOFError):
            while isinstance(frame := self._whole.pull(), AudioFrame):
                planes = [np.frombuffer(memoryview(plane), np.float32, frame.samples) for plane in frame.planes]
                if self._spectra is not None:
                    self._spectra.feed(np.stack(planes))
