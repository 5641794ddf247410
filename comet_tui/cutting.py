"""What is chosen of a picture, and what comes out of that."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from comet.core.covers import Form, Reduced, Region, Suggestion, reduced, sides
from comet.core.errors import NoFactorError, UsageError
from comet.core.text import _, safe
from comet_tui import frame
from comet_tui.frame import Shape


@dataclass(slots=True)
class Cut:
    """What was chosen of a picture."""

    region: Region
    shape: Shape = frame.SQUARE
    fine: bool = False
    """Steps are of a pixel."""
    output: int = 0
    """Pixels that the longer side shall have, 0 for what a whole factor makes."""
    nearest: bool = False
    """Where no whole factor fits, the nearest size is taken; nothing is ever enlarged here."""
    suggestions: tuple[Suggestion, ...] = field(default=())
    suggested: int = -1
    """Which of them was taken last."""

    def comes(self, form: Form) -> Reduced | NoFactorError:
        """Return what comes out of the frame, or why nothing does."""
        try:
            return reduced(self.region.width, self.region.height, self.form(form))
        except NoFactorError as error:
            return error

    def form(self, form: Form) -> Form:
        """Return what the cover shall be made like, in a form of the profile."""
        return replace(form, region=self.region, size=self.output, exact=self.nearest)


def coming(found: Reduced) -> str:
    """Return what comes out, and by what it was divided."""
    told = sides(found.width, found.height)
    return f"{told} ÷ {found.factor:.3g}" if found.factor > 1 else told


def pixels(text: str) -> int:
    """Return a number of pixels; nothing is 0.

    Raises:
        UsageError: it is none.
    """
    number = text.strip() or "0"
    if not (number.isascii() and number.isdecimal() and int(number) <= 10_000):
        raise UsageError(_("`{text}` is no number of pixels").format(text=safe(text)))
    return int(number)
