"""NumPy functions that are put together from others when they meet a traced value, and the ones that only look."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from backpropviz.primitives.table import Table

_LATER = ("joining", "picking", "statistics", "algebra", "factors", "differences", "transforms")
COMPOSITES: Table[Callable[..., Any]] = Table(*(f"backpropviz.primitives.composites.{room}" for room in _LATER))
"""Written with primitives: each records the operations it is made of."""

COMPARISONS: frozenset[Any] = frozenset({np.array_equal, np.array_equiv, np.allclose, np.isclose, np.unique})
"""Answered from the values: what depends on the answer is not recorded."""

LOOKS: frozenset[Any] = frozenset(
    {
        *COMPARISONS,
        np.shape,
        np.ndim,
        np.size,
        np.zeros_like,
        np.ones_like,
        np.empty_like,
        np.result_type,
        np.can_cast,
        np.min_scalar_type,
        np.common_type,
        np.may_share_memory,
        np.shares_memory,
        np.array2string,
        np.array_repr,
        np.array_str,
        np.iscomplexobj,
        np.isrealobj,
        np.einsum_path,
        np.diag_indices_from,
        np.tril_indices_from,
        np.triu_indices_from,
    }
)
"""Answered from the value or its shape, and not recorded."""
