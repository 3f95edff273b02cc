"""A whole network: conv, relu, max pooling, a fully connected layer, and the loss."""

from affine import affine
from conv import conv
from maxpool import maxpool
from relu import relu
from softmax_loss import softmax_loss

from backpropviz import output_shape


def convnet(x, w1, b1, w2, b2, y, *, pad=1):
    # every filter looks for its pattern all over the image
    maps = conv(x, w1, b1, pad=pad)
    # where it is found counts, its opposite does not
    active = relu(maps)
    # four places become one: smaller, and less fussy about where
    pooled = maxpool(active, window=2, stride=2)
    # all that was found votes for the classes
    scores = affine(pooled, w2, b2)
    # how far the votes are from the right answers
    loss = softmax_loss(scores, y)
    return loss


def sample(rng, *, x=(2, 3, 6, 8), w1=(4, 3, 3, 3), w2=None, pad=1):
    height, width = output_shape(x, w1[2:], pad=pad)
    w2 = w2 or (w1[0] * (height // 2) * (width // 2), 5)
    return {
        "x": rng.normal(0.0, 1.0, x),
        "w1": rng.normal(0.0, 0.3, w1),
        "b1": rng.normal(0.0, 0.3, w1[0]),
        "w2": rng.normal(0.0, 0.3, w2),
        "b2": rng.normal(0.0, 0.3, w2[1]),
        "y": rng.integers(0, w2[1], x[0]),
    }


GROUP = "networks"
