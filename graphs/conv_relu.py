"""A convolution with its nonlinearity: where a pattern is found counts, its opposite does not."""

from conv import conv
from relu import relu


def conv_relu(x, w, b, *, stride=1, pad=0):
    # every filter looks for its pattern all over the image
    maps = conv(x, w, b, stride=stride, pad=pad)
    # its opposite does not count
    out = relu(maps)
    return out


def sample(rng, *, x=(2, 3, 5, 4), w=(4, 3, 2, 3)):
    return {
        "x": rng.normal(0.0, 1.0, x),
        "w": rng.normal(0.0, 0.5, w),
        "b": rng.normal(0.0, 1.0, w[0]),
    }


GROUP = "convolution and pooling"
