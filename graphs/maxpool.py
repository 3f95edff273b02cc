"""Max pooling: every window keeps its largest entry, and on a tie the first one.

The gradient goes to that one entry alone. With `ties="all"` every entry that reaches the maximum gets the whole of it,
as a mask `window == window.max()` does; then more comes back than was sent.
"""

import numpy as np

from backpropviz import im2col, output_shape, stop_gradient


def maxpool(x, *, window=2, stride=2, ties="first"):
    if ties not in ("first", "all"):
        raise ValueError(f"ties is {ties!r}: it can be 'first' or 'all'")
    N, C = x.shape[:2]
    Ho, Wo = output_shape(x.shape, window, stride)
    # every window becomes a column; overlaps are copied
    columns = im2col(x, window, stride)
    # an axis of its own for the entries of one window
    windows = columns.reshape(N, C, -1, Ho * Wo)
    if ties == "all":
        # the largest entry as a mere number
        level = stop_gradient(np.max(windows, axis=2, keepdims=True))
        # every entry that reaches it
        winners = windows == level
        # zero, but each winner gets the whole gradient
        above = np.sum((windows - level) * winners, axis=2, keepdims=True)
        # the largest entry of every window
        top = level + above
    else:
        # the largest entry of every window
        top = np.max(windows, axis=2, keepdims=True)
    # the winners form a smaller image
    out = top.reshape(N, C, Ho, Wo)
    return out


SIZES = {"entries": {"x": (1, 1, 4, 4)}}


def sample(rng, *, x=(2, 3, 6, 4)):
    return {"x": rng.normal(0.0, 1.0, x)}


GROUP = "convolution and pooling"
