"""How the loops of the rooms' `kernels` are compiled, and the one machine instruction that all of them need."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit, types
from numba.extending import intrinsic

_F = TypeVar("_F", bound=Callable[..., Any])


def kernel(signature: str) -> Callable[[_F], _F]:
    """Compile for one signature, once on a machine, and let other threads run meanwhile."""
    return cast("Callable[[_F], _F]", njit(signature, nogil=True, cache=True, boundscheck=False, error_model="numpy"))


def _count_bits(width: Any) -> Callable[..., Any]:  # noqa: ANN401 - numba's protocol
    """One machine instruction, and a vector of them where the machine has that; only uint in and out keeps it so."""

    def typed(_typing: Any, _word: Any) -> Any:  # noqa: ANN401 - likewise
        def generate(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:  # noqa: ANN401
            return builder.ctpop(args[0])

        return width(width), generate

    return typed


popcount = cast("Callable[[np.uint32], np.uint32]", intrinsic(_count_bits(types.uint32)))
popcount64 = cast("Callable[[np.uint64], np.uint64]", intrinsic(_count_bits(types.uint64)))
