"""What sub-fingerprints can say of themselves: which of them carry evidence."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from comet.core.model import Words

SILENCE: Final = 627964279
"""The word that Chromaprint writes for digital silence."""
FROZEN: Final = 16
"""So many equal words in a row (2 s) say nothing: a drone agrees with any other drone of its pitch."""


def informative(words: Words) -> NDArray[np.bool_]:
    """Say which words carry evidence, shape (n,): not silence, and not one of `FROZEN` or more equal ones in a row."""
    if not len(words):
        return np.zeros(0, np.bool_)
    edges = np.flatnonzero(np.concatenate(([True], words[1:] != words[:-1], [True])))
    lengths = edges[1:] - edges[:-1]
    known: NDArray[np.bool_] = np.repeat(lengths < FROZEN, lengths) & (words != np.uint32(SILENCE))
    return known
