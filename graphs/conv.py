"""Convolution in five steps: patches to columns, filters to rows, one matrix product, bias, back to images."""

import numpy as np

from backpropviz import im2col, output_shape


def conv(x, w, b, *, stride=1, pad=0):
    N, F = x.shape[0], w.shape[0]
    Ho, Wo = output_shape(x.shape, w.shape[2:], stride, pad)
    # every patch that a filter looks at becomes a column
    x_col = im2col(x, w.shape[2:], stride, pad)
    # every filter becomes a row
    w_row = w.reshape(F, -1)
    # all filters meet all patches in one matrix product
    scores = w_row @ x_col
    # one bias for each filter
    biased = scores + b[:, None]
    # the columns go back to their places in the image
    out = biased.reshape(N, F, Ho, Wo)
    return out


def sample(rng, *, x=(2, 3, 5, 4), w=(2, 3, 3, 2)):
    return {
        "x": rng.normal(0.0, 1.0, x),
        "w": rng.normal(0.0, 0.5, w),
        "b": rng.normal(0.0, 1.0, w[0]),
    }
