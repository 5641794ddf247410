"""Slow twins of the index's loops, as their descriptions have it."""

from __future__ import annotations

import itertools
import math

import numpy as np

SIDES = (8, 16, 24)


def _bits(word: int) -> int:
    return int(word).bit_count()


def postings(words: np.ndarray, mask: int, bits: int) -> list[tuple[int, int]]:
    """Give (place, key) of each posting of a track whose words are masked."""
    found, before = [], -1
    for k in range(24, len(words) - 24):
        now, later = int(words[k]) & mask % 2**32, int(words[k + 20]) & mask >> 32
        key = (now * 0x9E3779B1 + later * 0x85EBCA77) % 2**32 >> (32 - bits)
        new, before = key != before, key
        there = words[k + 20] and all(words[k - s] and words[k + s] for s in (0, *SIDES))
        if new and there and _bits(words[k - 4] ^ words[k + 4]) >= 8:
            found.append((k, key))
    return found


def apart(x: np.ndarray, pi: int, y: np.ndarray, pj: int) -> int:
    """Give 8 times the bits in which two contexts differ less 3 times those in which they do 8 words beside."""
    opposite = sum(_bits(x[pi + side] ^ y[pj + side]) for s in SIDES for side in (-s, s))
    steps = [(way * a, way * b) for pair in itertools.pairwise(SIDES) for a, b in (pair, pair[::-1]) for way in (-1, 1)]
    return 8 * opposite - 3 * sum(_bits(x[pi + a] ^ y[pj + b]) for a, b in steps)


def agreed(x: np.ndarray, y: np.ndarray, d: int, places: range) -> int:
    """Give the bits that are set in both tracks, over some words of x; all must have a word of y opposite."""
    return sum(_bits(x[k] & y[k - d]) for k in places)


def contrast(x: np.ndarray, y: np.ndarray, pi: int, pj: int, half: int) -> float:
    """Give how much two tracks agree around two places beyond how much they do 5 and 10 words beside."""
    d = pi - pj
    places = range(max(0, d + 10, pi - half), min(len(x), len(y) + d - 10, pi + half))
    if len(places) < half:
        return -math.inf
    here, *beside = (agreed(x, y, d + o, places) for o in (0, -1, 1))
    base = sum(agreed(x, y, d + o, places) for o in (-10, -5, 5, 10))
    held = sum(bool(x[k] and y[k - d]) for k in places)
    return (5 * here - 2 * sum(beside) - base / 4) / math.sqrt(13 * max(1, held))


def fan(x: np.ndarray, y: np.ndarray, pi: int, pj: int, least: float, shared: float) -> float:
    """Give the evidence of the strongest line through two places, over those segments of x that y reaches well over.

    Segments go outwards from the place; where those so far have less than their share it is given up.
    """
    d, held, sums = pi - pj, 0, dict.fromkeys(itertools.product(range(-10, 11), range(-2, 3)), 0)
    both, evidence = max(1, min(len(x), len(y) + d) - max(0, d)), -math.inf
    for far in range(len(x)):
        for begin in (pi + 32 * far, pi - 32 - 32 * far):
            middle = begin + 16 - pi
            reach = (abs((20 * middle + 200) // 400) + 12) // 8 * 8
            if begin < 0 or begin + 32 > len(x) or begin - d - reach < 0 or begin - d + reach + 32 > len(y):
                continue
            places = range(begin, begin + 32)
            held += sum(bool(x[k] and y[k - d]) for k in places)
            for steps, beside in sums:
                at = d + (2 * steps * middle + 200) // 400 - beside
                here, *others = (agreed(x, y, at + o, places) for o in (0, -1, 1))
                sums[steps, beside] += 5 * here - 2 * sum(others)
        if held:
            evidence = (max(sums.values()) - held * shared) / math.sqrt(13 * held)
            if evidence < least * math.sqrt(held / both):
                return -math.inf
    return evidence
