"""Convolution with channels last (NHWC).

`padding="same"` keeps the image's size, "valid" pads nothing. With `average` the gradients of weights and biases are
averages over the batch, as when every example has a loss of its own.
"""

from conv import conv

from backpropviz import stop_gradient


def conv_same(x, w, b, *, padding="same", average=False):
    N = x.shape[0]
    HH, WW = w.shape[:2]
    if padding not in ("same", "valid"):
        raise ValueError(f"padding is {padding!r}: it can be 'same' or 'valid'")
    if padding == "same" and (HH % 2 == 0 or WW % 2 == 0):
        raise ValueError(f"a {HH}x{WW} filter has no middle: padding='same' needs odd lengths")
    pad = ((HH - 1) // 2, (WW - 1) // 2) if padding == "same" else (0, 0)
    if average:
        # the weights as mere numbers
        w_held = stop_gradient(w)
        # unchanged; but the gradient is averaged over the batch
        w = w_held + (w - w_held) / N
        # the biases as mere numbers
        b_held = stop_gradient(b)
        # and the same for them
        b = b_held + (b - b_held) / N
    # channels come first, then rows and columns
    images = x.transpose(0, 3, 1, 2)
    # filter, channel, row, column
    filters = w.transpose(3, 2, 0, 1)
    # the rest is the usual convolution
    maps = conv(images, filters, b, pad=pad)
    # channels go last again
    out = maps.transpose(0, 2, 3, 1)
    return out


def sample(rng, *, x=(3, 6, 5, 2), w=(3, 1, 2, 4)):
    return {
        "x": rng.normal(0.0, 1.0, x),
        "w": rng.normal(0.0, 0.5, w),
        "b": rng.normal(0.0, 1.0, w[3]),
    }


GROUP = "convolution and pooling"
