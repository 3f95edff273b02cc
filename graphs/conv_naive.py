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


def conv_two_loops(x, w, b, *, stride=1, pad=0):
    """Two loops over the places; all images and filters at once."""
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    HH, WW = w.shape[2:]
    Ho = 1 + (padded.shape[2] - HH) // stride
    Wo = 1 + (padded.shape[3] - WW) // stride
    out = np.zeros((len(x), len(w), Ho, Wo), dtype=x.dtype)
    for i in range(Ho):
        for j in range(Wo):
            patch = padded[:, :, i * stride : i * stride + HH, j * stride : j * stride + WW]
            out[:, :, i, j] = np.tensordot(patch, w, axes=([1, 2, 3], [1, 2, 3])) + b
    return out


def conv_shifts(x, w, b, *, stride=1, pad=0):
    """Two loops over the filter; each of its weights meets the whole image, shifted."""
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    HH, WW = w.shape[2:]
    Ho = 1 + (padded.shape[2] - HH) // stride
    Wo = 1 + (padded.shape[3] - WW) // stride
    out = np.zeros((len(x), len(w), Ho, Wo), dtype=x.dtype)
    for p in range(HH):
        for q in range(WW):
            shifted = padded[:, :, p : p + Ho * stride : stride, q : q + Wo * stride : stride]
            out += np.einsum("nchw,fc->nfhw", shifted, w[:, :, p, q])
    return out + b[:, None, None]


def conv_naive_backward(dout, padded, w, *, stride=1, pad=0):
    """The four loops once more: each entry of dout goes to the patch and to the filter that made it."""
    HH, WW = w.shape[2:]
    dpadded, dw = np.zeros_like(padded), np.zeros_like(w)
    for n, f, i, j in np.ndindex(*dout.shape):
        top, left = i * stride, j * stride
        dw[f] += dout[n, f, i, j] * padded[n, :, top : top + HH, left : left + WW]
        dpadded[n, :, top : top + HH, left : left + WW] += dout[n, f, i, j] * w[f]
    _, _, H, W = padded.shape
    return dpadded[:, :, pad : H - pad, pad : W - pad], dw, np.sum(dout, axis=(0, 2, 3))


def conv_backward_shifts(dout, padded, w, *, stride=1, pad=0):
    """Two loops over the filter; each of its weights hands the whole of dout on, shifted."""
    _, _, Ho, Wo = dout.shape
    dpadded, dw = np.zeros_like(padded), np.zeros_like(w)
    for p, q in np.ndindex(*w.shape[2:]):
        where = (..., slice(p, p + Ho * stride, stride), slice(q, q + Wo * stride, stride))
        dw[:, :, p, q] = np.einsum("nfhw,nchw->fc", dout, padded[where])
        dpadded[where] += np.einsum("nfhw,fc->nchw", dout, w[:, :, p, q])
    _, _, H, W = padded.shape
    return dpadded[:, :, pad : H - pad, pad : W - pad], dw, np.sum(dout, axis=(0, 2, 3))


ALTERNATIVES = {
    "forward": [conv_two_loops, conv_shifts],
    "backward": [conv_naive_backward, conv_backward_shifts],
}


SIZES = {
    "compare": {"x": (2, 3, 8, 8), "w": (4, 3, 3, 3), "pad": 1},
    "entries": {"x": (1, 1, 4, 4), "w": (1, 1, 3, 3)},
    "elements": {"x": (1, 1, 3, 3), "w": (1, 1, 2, 2)},
}


def sample(rng, *, x=(2, 4, 4, 3), w=(3, 4, 3, 2)):
    return {
        "x": rng.normal(0.0, 1.0, x),
        "w": rng.normal(0.0, 0.5, w),
        "b": rng.normal(0.0, 1.0, w[0]),
    }


GROUP = "convolution and pooling"
