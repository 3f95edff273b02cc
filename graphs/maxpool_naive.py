"""Max pooling by its definition: a loop over all windows, each of which keeps its largest entry."""

import numpy as np


def maxpool_naive(x, *, window=2, stride=2):
    N, C, H, W = x.shape
    Ho = 1 + (H - window) // stride
    Wo = 1 + (W - window) // stride
    out = np.zeros((N, C, Ho, Wo), dtype=x.dtype)
    for n in range(N):
        for c in range(C):
            for i in range(Ho):
                for j in range(Wo):
                    top, left = i * stride, j * stride
                    # the entries that compete
                    patch = x[n, c, top : top + window, left : left + window]
                    # only the winner is passed on, and gets the gradient
                    out[n, c, i, j] = np.max(patch)
    return out


def maxpool_two_loops(x, *, window=2, stride=2):
    """Two loops over the places; all images and channels at once."""
    N, C, H, W = x.shape
    out = np.zeros((N, C, 1 + (H - window) // stride, 1 + (W - window) // stride), dtype=x.dtype)
    for i, j in np.ndindex(*out.shape[2:]):
        top, left = i * stride, j * stride
        out[:, :, i, j] = np.max(x[:, :, top : top + window, left : left + window], axis=(2, 3))
    return out


def maxpool_windows(x, *, window=2, stride=2):
    """No loop: a view of all windows, and the largest entry of each."""
    windows = np.lib.stride_tricks.sliding_window_view(x, (window, window), axis=(2, 3))
    return np.max(windows[:, :, ::stride, ::stride], axis=(4, 5))


def maxpool_naive_backward(dout, x, *, window=2, stride=2):
    """The loops once more: each entry of dout goes to the winner of its window."""
    dx = np.zeros_like(x)
    for n, c, i, j in np.ndindex(*dout.shape):
        top, left = i * stride, j * stride
        patch = x[n, c, top : top + window, left : left + window]
        row, column = np.unravel_index(np.argmax(patch), patch.shape)
        dx[n, c, top + row, left + column] += dout[n, c, i, j]
    return dx


def maxpool_backward_masks(dout, x, out, *, window=2, stride=2):
    """Two loops over the places in a window; right where no two entries of a window are the largest."""
    _, _, Ho, Wo = dout.shape
    dx = np.zeros_like(x)
    for p, q in np.ndindex(window, window):
        where = (..., slice(p, p + Ho * stride, stride), slice(q, q + Wo * stride, stride))
        dx[where] += dout * (x[where] == out)
    return dx


ALTERNATIVES = {
    "forward": [maxpool_two_loops, maxpool_windows],
    "backward": [maxpool_naive_backward, maxpool_backward_masks],
}


SIZES = {"compare": {"x": (2, 3, 12, 12)}, "entries": {"x": (1, 1, 4, 4)}, "elements": {"x": (1, 1, 4, 4)}}


def sample(rng, *, x=(2, 3, 4, 5)):
    return {"x": rng.normal(0.0, 1.0, x)}


GROUP = "convolution and pooling"
