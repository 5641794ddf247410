"""How many words a core could compare at most: the instructions of `kernels.agreement` without what surrounds them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from comet.compare.kernels import READ_WORDS, kernel, popcount


@kernel(f"void({READ_WORDS}, {READ_WORDS}, uint32[::1])")
def count(x: NDArray[np.uint32], y: NDArray[np.uint32], sums: NDArray[np.uint32]) -> None:
    """Add, to the sum of each word of y, the bits that it has in common with each word of x.

    One word of y is read for eight counts, from its own place, and the tables are small enough to stay in the nearest
    cache: and, count and add are all that is left to be done.

    Args:
        x: Shape (n,), n a multiple of 8.
        y: Shape (m,), m a multiple of 16.
        sums: As long as y.
    """
    for k in range(0, x.shape[0], 8):
        a0, a1, a2, a3 = x[k], x[k + 1], x[k + 2], x[k + 3]
        a4, a5, a6, a7 = x[k + 4], x[k + 5], x[k + 6], x[k + 7]
        for m in range(y.shape[0]):
            sums[m] += (
                popcount(a0 & y[m])
                + popcount(a1 & y[m])
                + popcount(a2 & y[m])
                + popcount(a3 & y[m])
                + popcount(a4 & y[m])
                + popcount(a5 & y[m])
                + popcount(a6 & y[m])
                + popcount(a7 & y[m])
            )
