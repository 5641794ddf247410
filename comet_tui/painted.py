"""What is sent for a change: the cells that have changed, and nothing to the left of them.

Textual 8 sends each line from where its widget begins up to what has changed: of a picture that is forty bytes a cell.
"""

from __future__ import annotations

from rich.console import Console, RenderableType
from rich.control import Control

try:
    from textual._compositor import ChopsUpdate
except ImportError:  # it is Textual's own, and may be called otherwise one day: then more is sent
    ChopsUpdate = object  # type: ignore[assignment, misc]


def less(renderable: RenderableType | None) -> RenderableType | None:
    """Return what sends no more than has changed, in place of what Textual would send."""
    if type(renderable) is ChopsUpdate:
        return Changed(renderable.chops, renderable.spans, renderable.chop_ends)
    return renderable


class Changed(ChopsUpdate):
    """Pieces of lines, each cut to what has changed in it."""

    def render_segments(self, console: Console) -> str:
        """Return what is sent to the terminal."""
        sent = []
        for y, begin, end in self.spans:
            for stop, (x, strip) in zip(self.chop_ends[y], self.chops[y].items(), strict=False):
                if strip is not None and x < end and stop > begin:
                    left = max(x, begin)
                    sent.append(Control.move_to(left, y).segment.text)
                    sent.append(strip.crop(left - x, min(stop, end) - x).render(console))
        return "".join(sent)
