"""A fully connected layer over time: every moment of every sequence is weighed alike."""


def temporal_affine(x, w, b):
    # every output weighs what is there at one moment
    scores = x @ w
    # one bias for each output, at every moment
    out = scores + b
    return out


SIZES = {"entries": {"x": (1, 2, 3), "w": (3, 2)}}


def sample(rng, *, x=(2, 3, 4), w=None):
    w = w or (x[2], 5)
    return {
        "x": rng.normal(0.0, 1.0, x),
        "w": rng.normal(0.0, 0.5, w),
        "b": rng.normal(0.0, 1.0, w[1]),
    }


GROUP = "recurrent"
