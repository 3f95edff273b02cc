"""Functions with loops as people write them, each with inputs of three sizes."""

import numpy as np


def of_shapes(**shapes):
    """Inputs for each of several sizes: for every name, one shape a size."""
    return [
        {name: drawn(shape, at) for at, (name, shape) in enumerate(zip(shapes, size))} for size in zip(*shapes.values())
    ]


def drawn(shape, seed):
    """Random numbers between 0.2 and 1.2; square matrices are well conditioned."""
    array = np.random.default_rng([seed, *shape]).uniform(0.2, 1.2, shape)
    return array + 2 * np.eye(len(array)) if len(shape) == 2 and shape[0] == shape[1] else array
