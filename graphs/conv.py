"""Convolution in five steps: patches to columns, filters to rows, product, bias, images."""

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


def conv_four_loops(x, w, b, *, stride=1, pad=0):
    """The definition: one sum of products for every image, filter, row and column of the output."""
    (N, F), (HH, WW), (sy, sx) = (x.shape[0], w.shape[0]), w.shape[2:], np.broadcast_to(stride, 2)
    Ho, Wo = output_shape(x.shape, (HH, WW), stride, pad)
    padded = _pad(x, pad)
    out = np.empty((N, F, Ho, Wo), x.dtype)
    for n in range(N):
        for f in range(F):
            for i in range(Ho):
                for j in range(Wo):
                    patch = padded[n, :, i * sy : i * sy + HH, j * sx : j * sx + WW]
                    out[n, f, i, j] = np.sum(patch * w[f]) + b[f]
    return out


def conv_two_loops(x, w, b, *, stride=1, pad=0):
    """Half vectorized: all images and filters at once, for every row and column of the output."""
    (HH, WW), (sy, sx) = w.shape[2:], np.broadcast_to(stride, 2)
    Ho, Wo = output_shape(x.shape, (HH, WW), stride, pad)
    padded = _pad(x, pad)
    out = np.empty((x.shape[0], w.shape[0], Ho, Wo), x.dtype)
    for i in range(Ho):
        for j in range(Wo):
            patch = padded[:, None, :, i * sy : i * sy + HH, j * sx : j * sx + WW]
            out[:, :, i, j] = np.sum(patch * w, axis=(2, 3, 4)) + b
    return out


def conv_nhwc(x, w, b, *, stride=1, pad=0):
    """Channels last: every place of the filter meets a shifted image in a matrix product, and the products add up."""
    (HH, WW), (sy, sx) = w.shape[2:], np.broadcast_to(stride, 2)
    Ho, Wo = output_shape(x.shape, (HH, WW), stride, pad)
    images, filters = _pad(x, pad).transpose(0, 2, 3, 1), w.transpose(2, 3, 1, 0)
    out = b
    for i in range(HH):
        for j in range(WW):
            out = out + images[:, i : i + Ho * sy : sy, j : j + Wo * sx : sx] @ filters[i, j]
    return out.transpose(0, 3, 1, 2)


def conv_backward_two_loops(dout, x, w, *, stride=1, pad=0):
    """Every entry of dout sends its patch to dw, and the filters to the patch's place in dx; overlaps add up."""
    (H, W), (HH, WW) = x.shape[2:], w.shape[2:]
    (sy, sx), (py, px) = np.broadcast_to(stride, 2), np.broadcast_to(pad, 2)
    padded = _pad(x, pad)
    dpadded, dw = np.zeros_like(padded), np.zeros_like(w)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            rows, columns = slice(i * sy, i * sy + HH), slice(j * sx, j * sx + WW)
            share = dout[:, :, i, j, None, None, None]
            dw += np.sum(share * padded[:, None, :, rows, columns], axis=0)
            dpadded[:, :, rows, columns] += np.sum(share * w, axis=1)
    return dpadded[:, :, py : py + H, px : px + W], dw, np.sum(dout, axis=(0, 2, 3))


def conv_backward_rotated(dout, x, w, *, stride=1, pad=0):
    """Both gradients are convolutions: dx of dout with the filters turned by 180 degrees, dw of x with dout."""
    (N, C, H, W), (F, _, HH, WW) = x.shape, w.shape
    (sy, sx), (py, px) = np.broadcast_to(stride, 2), np.broadcast_to(pad, 2)
    # a stride s is undone by s - 1 zeros between neighbours
    spread = np.zeros((N, F, H + 2 * py - HH + 1, W + 2 * px - WW + 1), dout.dtype)
    spread[:, :, ::sy, ::sx] = dout
    turned = w[:, :, ::-1, ::-1].transpose(1, 0, 2, 3)
    dpadded = conv(spread, turned, np.zeros(C), pad=(HH - 1, WW - 1))
    dw = conv(_pad(x, pad).transpose(1, 0, 2, 3), spread.transpose(1, 0, 2, 3), np.zeros(F)).transpose(1, 0, 2, 3)
    return dpadded[:, :, py : py + H, px : px + W], dw, np.sum(dout, axis=(0, 2, 3))


def _pad(x, pad):
    py, px = np.broadcast_to(pad, 2)
    return np.pad(x, ((0, 0), (0, 0), (py, py), (px, px)))


ALTERNATIVES = {
    "forward": [conv_four_loops, conv_two_loops, conv_nhwc],
    "backward": [conv_backward_two_loops, conv_backward_rotated],
}


def sample(rng, *, x=(2, 3, 5, 4), w=(4, 3, 2, 3)):
    return {
        "x": rng.normal(0.0, 1.0, x),
        "w": rng.normal(0.0, 0.5, w),
        "b": rng.normal(0.0, 1.0, w[0]),
    }


SIZES = {
    "elements": {"x": (1, 1, 3, 3), "w": (1, 1, 2, 2)},
    "entries": {"x": (1, 1, 4, 4), "w": (1, 1, 3, 3)},
    "shapes": {"x": (1, 3, 5, 5), "w": (2, 3, 3, 3), "stride": 2, "pad": 1},
    "compare": {"x": (2, 3, 16, 16), "w": (8, 3, 3, 3), "pad": 1},
}


GROUP = "convolution and pooling"
