"""One gate with two inputs: the chain rule's figure, z = f(x, y)."""

import numpy as np


def gate(x, y):
    # local gradients: dz/dx = x / z and dz/dy = y / z
    z = np.hypot(x, y)
    return z


def sample(rng, *, x=(2,)):
    # multiples of the 3-4-5 triangle: the local gradients are 0.6 and 0.8
    size = rng.integers(1, 6, x)
    return {"x": 3.0 * size, "y": 4.0 * size}


GROUP = "gates"
