"""Convolution in five steps: patches to columns, filters to rows, one matrix product, bias, back to images."""

import numpy as np

from backpropviz import im2col


def conv(x, w, b, *, stride=1, pad=0):
    N = x.shape[0]
    F, C, HH, WW = w.shape
    # every patch that a filter looks at becomes a column
    x_col = im2col(x, (HH, WW), stride, pad)
    # every filter becomes a row
    w_row = w.reshape(F, C * HH * WW)
    # all filters meet all patches in one matrix product
    scores = w_row @ x_col
    # one bias for each filter
    biased = scores + b[:, None]
    # the columns go back to their places in the image
    out = biased.reshape(N, F, *output_shape(x, w, stride, pad))
    return out
