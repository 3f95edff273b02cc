"""NumPy functions that are put together from others when they meet a traced value, and the ones that only look."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from backpropviz.primitives.composites.algebra import ALGEBRA
from backpropviz.primitives.composites.differences import DIFFERENCES
from backpropviz.primitives.composites.joining import JOINING
from backpropviz.primitives.composites.picking import PICKING
from backpropviz.primitives.composites.statistics import STATISTICS
from backpropviz.primitives.composites.transforms import TRANSFORMS

COMPOSITES: dict[Any, Callable[..., Any]] = {**JOINING, **PICKING, **ALGEBRA, **STATISTICS, **DIFFERENCES, **TRANSFORMS}
"""Written with primitives: each records the operations it is made of."""

COMPARISONS: tuple[Any, ...] = (np.array_equal, np.array_equiv, np.allclose, np.isclose, np.unique)
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
