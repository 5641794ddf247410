"""How much evidence is enough: expected false pairs, and the line drawn on the evidence.

The evidence z of unrelated pairs has an exponential tail. Its 99 % point (`q99`) depends a little on the collection,
the slope does not: fitted over 1.5 million pairs of unrelated music it is 0.57 between the 99 and the 99.999 % point,
rounded up to 0.6. Predicted against counted, that is on the safe side by a factor of about 2 up to z = 9 and right
from there to z = 10.5, where 1.5 million pairs end; further out it is extrapolated.
"""

from __future__ import annotations

import math
from typing import Final

FLOOR: Final = 6.5
"""Least evidence that correlating keeps."""

Q99: Final = 4.8
"""99 % point of the evidence of unrelated pairs where nothing was learned from the collection itself."""

_TAIL: Final = 0.01  # share of unrelated pairs above q99, by definition
_SLOPE: Final = 0.6  # evidence by which the tail falls to 1/e


def p_value(evidence: float, q99: float = Q99) -> float:
    """Return the probability that an unrelated pair shows at least this much evidence.

    0.01 exp(-(z - q99) / 0.6). Below `q99` the same formula goes on, capped at 1: it only has to be monotonic there
    (at the median of unrelated pairs, z about 2.9, it says 0.24 instead of 0.5), since no pair below `FLOOR` is kept.

    Args:
        evidence: z of the pair; infinite for files of one audio, which cannot be chance: 0.
        q99: 99 % point of z over random pairs of the collection.
    """
    tail = (q99 - evidence) / _SLOPE
    return 1.0 if tail >= -math.log(_TAIL) else _TAIL * math.exp(tail)


def expected_false(evidence: float, audios: int, q99: float = Q99) -> float:
    """Return how many unrelated pairs of the whole collection show at least this much evidence.

    E(z) = N (N - 1) / 2 * 0.01 exp(-(z - q99) / 0.6), at most the number of pairs.

    Args:
        evidence: z of the pair; infinite for files of one audio: 0.
        audios: N, the fingerprints that were compared with each other.
        q99: 99 % point of z over random pairs of the collection.
    """
    return _pairs(audios) * p_value(evidence, q99)


def threshold(audios: int, accepted: float = 0.1, q99: float = Q99) -> float:
    """Return the evidence from which on a pair counts: z* = q99 + 0.6 ln(0.01 N (N - 1) / 2 / E).

    Never below `FLOOR`: pairs with less were not kept when the collection was correlated, so a lower line would show
    some of the pairs between and silently lack the others. Small collections end there, with fewer false pairs
    than were accepted.

    Args:
        audios: N, the fingerprints that were compared with each other.
        accepted: E, false pairs expected in the whole collection.
        q99: 99 % point of z over random pairs of the collection.

    Raises:
        ValueError: `accepted` is not above 0; no finite evidence excludes chance altogether.
    """
    if not accepted > 0:
        raise ValueError(f"accepted false pairs must be above 0, not {accepted}")
    expected = _TAIL * _pairs(audios) / accepted
    return max(FLOOR, q99 + _SLOPE * math.log(expected)) if expected > 0 else FLOOR


def _pairs(audios: int) -> int:
    return max(0, audios * (audios - 1) // 2)
