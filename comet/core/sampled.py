"""The nouns of random pairs, frozen: most are unrelated, so they tell where chance ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Sampled:
    """The evidence of random pairs of a collection, of which nearly all are unrelated."""

    audios: int
    """Fingerprints that there were to draw from."""
    flat: NDArray[np.int64]
    """Histogram of the evidence at one offset, shape (256,): bins of 1/16, the last one also what is beyond it."""
    sloped: NDArray[np.int64]
    """Likewise of the evidence along slopes."""


@dataclass(frozen=True, slots=True)
class Tail:
    """How the evidence of unrelated pairs falls off: one pair in a hundred has more than `q99`."""

    q99: float
    fall: float
    """Evidence by which the rest falls to 1/e."""
