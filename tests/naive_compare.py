"""Slow twins of the kernels of `comet.compare`: the definition, word by word."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np


def informative(words: np.ndarray) -> np.ndarray:
    """Neither silence nor in a row of 16 or more equal words."""
    good = np.ones(len(words), bool)
    for k in range(len(words)):
        p = q = k
        while p > 0 and words[p - 1] == words[k]:
            p -= 1
        while q < len(words) and words[q] == words[k]:
            q += 1
        good[k] = q - p < 16 and words[k] != 627964279
    return good


def centred(words: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bits as +1 and -1 minus their means over the informative words, shape (n, 32), 0 where missing; and which are."""
    good = informative(words)
    bits = ((words[:, None] >> np.arange(32, dtype=np.uint32)) & 1).astype(float) * 2 - 1
    if good.any():
        bits -= bits[good].mean(0)
    bits[~good] = 0
    return bits, good


def curve(a: np.ndarray, b: np.ndarray, minimum: int = 40, span: int = 0) -> dict[int, float]:
    """Give z at every offset with enough informative overlap."""
    (x, good_x), (y, good_y) = centred(a), centred(b)
    c: dict[int, float] = {}
    n: dict[int, int] = {}
    for d in range(-len(b) + 1, len(a)):
        k = np.arange(max(0, d), min(len(a), len(b) + d))
        c[d] = float((x[k] * y[k - d]).sum())
        n[d] = int((good_x[k] & good_y[k - d]).sum())
    return {
        d: (1.25 * c[d] - 0.5 * (c.get(d - 1, 0.0) + c.get(d + 1, 0.0))) / np.sqrt(13 * n[d])
        for d in c
        if n[d] >= minimum and (not span or abs(d) <= span)
    }


def at(a: np.ndarray, b: np.ndarray, d: int) -> tuple[int, float]:
    """Informative overlap and bit error rate at one offset."""
    good_a, good_b = informative(a), informative(b)
    k = [k for k in range(len(a)) if 0 <= k - d < len(b) and good_a[k] and good_b[k - d]]
    wrong = sum(int(a[m] ^ b[m - d]).bit_count() for m in k)
    return len(k), wrong / (32 * len(k))


def line(length: int, d0: int, steps: int) -> list[int]:
    """Offset at each word of a track along a slope of so many half percents: constant over 32 words, right half way."""
    return [d0 + math.floor(steps * (k // 32 * 32 + 16) / 200 + 0.5) for k in range(length)]


def lines(
    a: np.ndarray, b: np.ndarray, minimum: int = 40, reach: int = 150, slopes: Iterable[int] = range(-10, 11)
) -> dict[tuple[int, int], float]:
    """Give z along every line (offset at the start of a, one of `slopes` in half percents) with enough in common."""
    (x, good_x), (y, good_y) = centred(a), centred(b)
    pad = reach + len(a) + 2
    y = np.concatenate([np.zeros((pad, 32)), y, np.zeros((pad + len(a), 32))])
    good_y = np.concatenate([np.zeros(pad, bool), good_y, np.zeros(pad + len(a), bool)])
    found = {}
    k = np.arange(len(a))
    for steps in slopes:
        for d0 in range(-reach, reach + 1):
            at = k - np.array(line(len(a), d0, steps), int) + pad
            n = int((good_x & good_y[at]).sum())
            if n >= minimum:
                white = 1.25 * y[at] - 0.5 * (y[at - 1] + y[at + 1])
                found[d0, steps] = float((x * white).sum() / np.sqrt(13 * n))
    return found


def along(a: np.ndarray, b: np.ndarray, d0: int, steps: int) -> tuple[int, float]:
    """Informative overlap and bit error rate along a line."""
    good_a, good_b = informative(a), informative(b)
    d = line(len(a), d0, steps)
    k = [k for k in range(len(a)) if 0 <= k - d[k] < len(b) and good_a[k] and good_b[k - d[k]]]
    wrong = sum(int(a[m] ^ b[m - d[m]]).bit_count() for m in k)
    return len(k), wrong / (32 * len(k))


def means(words: np.ndarray) -> list[int]:
    """Mean of each bit over the informative words, in 1 / 2^24."""
    good = [int(word) for word, known in zip(words, informative(words), strict=True) if known]
    return [round(sum(word >> bit & 1 for word in good) / max(1, len(good)) * 2**24) for bit in range(32)]


def common(words: np.ndarray, word: int) -> int:
    """Bits that a word has in common with each of some words, together."""
    return sum((other & word).bit_count() for other in words.tolist())
