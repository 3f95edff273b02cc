"""Average pooling: every window becomes its mean, and its gradient is shared out evenly."""

import numpy as np

from backpropviz import im2col, output_shape


def avgpool(x, *, window=2, stride=2):
    N, C = x.shape[:2]
    Ho, Wo = output_shape(x.shape, window, stride)
    # every window becomes a column; overlaps are copied
    columns = im2col(x, window, stride)
    # an axis of its own for the entries of one window
    windows = columns.reshape(N, C, -1, Ho * Wo)
    # the mean of every window
    level = np.mean(windows, axis=2, keepdims=True)
    # the means form a smaller image
    out = level.reshape(N, C, Ho, Wo)
    return out


SIZES = {"entries": {"x": (1, 1, 4, 4)}}


def sample(rng, *, x=(2, 3, 6, 4)):
    return {"x": rng.normal(0.0, 1.0, x)}


GROUP = "convolution and pooling"
