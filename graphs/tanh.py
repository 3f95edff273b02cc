"""The hyperbolic tangent squashes any number into (-1, 1)."""

import numpy as np


def tanh(x):
    # steep around zero; flat, with little gradient, far from it
    out = np.tanh(x)
    return out


def sample(rng, *, x=(4, 3)):
    return {"x": rng.normal(0.0, 1.5, x)}


GROUP = "gates"
