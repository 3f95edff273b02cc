"""A stage of a network for images: convolution, nonlinearity, max pooling."""

from conv import conv
from maxpool import maxpool
from relu import relu


def conv_relu_pool(x, w, b, *, stride=1, pad=0, window=2, pool_stride=2):
    # every filter looks for its pattern all over the image
    maps = conv(x, w, b, stride=stride, pad=pad)
    # its opposite does not count
    active = relu(maps)
    # every window keeps what it found best
    out = maxpool(active, window=window, stride=pool_stride)
    return out


def sample(rng, *, x=(2, 3, 6, 7), w=(4, 3, 3, 2)):
    return {
        "x": rng.normal(0.0, 1.0, x),
        "w": rng.normal(0.0, 0.5, w),
        "b": rng.normal(0.0, 1.0, w[0]),
    }


GROUP = "convolution and pooling"
