"""Batch normalization on real measurements: what training remembers, and what testing makes of it.

    python examples/batchnorm_iris.py

150 iris flowers, four lengths each, in batches of 25. Every batch is normalized by its own mean and variance, and moves
the running averages a little. Afterwards a single flower, which has no variance, can be normalized by those.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

import backpropviz as bp

DATA = Path(__file__).parent / "data" / "iris.csv"
BATCH = 25


def load():
    """The names of the four features, and the measurements in centimetres, of shape (150, 4)."""
    with DATA.open(newline="") as file:
        names, *rows = csv.reader(file)
    return [name.replace("_", " ") for name in names], np.array(rows, dtype=float)


def learn_averages(x, momentum=0.9, epochs=20, seed=0):
    """Run batch after batch through one trace. Returns the running mean and variance."""
    random = np.random.default_rng(seed)
    features = x.shape[1]
    trace = bp.trace(
        "batchnorm", x=x[:BATCH], gamma=np.ones(features), beta=np.zeros(features), momentum=momentum,
        running_mean=np.zeros(features), running_var=np.ones(features),
    )  # fmt: skip
    for _ in range(epochs):
        for batch in np.split(random.permutation(len(x)), len(x) // BATCH):
            mean, var = trace["next_mean"].value.copy(), trace["next_var"].value.copy()
            trace.replay(x=x[batch], running_mean=mean, running_var=var)
    return trace["next_mean"].value, trace["next_var"].value


def main():
    names, x = load()
    mean, var = learn_averages(x)
    print(f"{'':14}     mean of all   running mean   variance of all   running variance")
    for row in zip(names, x.mean(axis=0), mean, x.var(axis=0), var):
        print("{:14} {:13.3f} {:14.3f} {:17.3f} {:18.3f}".format(*row))

    print(
        f"A batch of {BATCH} varies around its own mean: its variance is about {1 - 1 / BATCH:.0%} of the whole one's."
    )

    ones, zeros = np.ones(4), np.zeros(4)
    tested = bp.trace("batchnorm", x=x[:1], gamma=ones, beta=zeros, mode="test", running_mean=mean, running_var=var)
    alone = bp.trace("batchnorm", x=x[:1], gamma=ones, beta=zeros)
    print(f"\nthe first flower, in test mode:  {np.array2string(tested.output[0], precision=2)}")
    print(f"in train mode, a batch of one:   {np.array2string(alone.output[0], precision=2)}")
    tested.backward()
    scale = tested.grad["x"] / tested.dout
    print(f"In test mode the layer is a fixed scale and shift: dx / dout is {np.array2string(scale[0], precision=2)},")
    print("1 / sqrt(running variance + eps), and the running averages themselves get no gradient.")
    return mean, var


if __name__ == "__main__":
    main()
