"""Convolution by its definition: four loops, and one sum of products for every entry of the output."""

import numpy as np


def conv_naive(x, w, b, *, stride=1, pad=0):
    N, _, H, W = x.shape
    F, _, HH, WW = w.shape
    Ho = 1 + (H + 2 * pad - HH) // stride
    Wo = 1 + (W + 2 * pad - WW) // stride
    # a frame of zeros, so that filters reach the border
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    out = np.zeros((N, F, Ho, Wo), dtype=x.dtype)
    for n in range(N):
        for f in range(F):
            for i in range(Ho):
                for j in range(Wo):
                    top, left = i * stride, j * stride
                    # the patch of the image that the filter looks at
                    patch = padded[n, :, top : top + HH, left : left + WW]
                    # how much it looks like the filter, and the bias
                    out[n, f, i, j] = np.sum(patch * w[f]) + b[f]
    return out


SIZES = {"entries": {"x": (1, 1, 4, 4), "w": (1, 1, 3, 3)}}


def sample(rng, *, x=(2, 4, 4, 3), w=(3, 4, 3, 2)):
    return {
        "x": rng.normal(0.0, 1.0, x),
        "w": rng.normal(0.0, 0.5, w),
        "b": rng.normal(0.0, 1.0, w[0]),
    }


GROUP = "convolution and pooling"
