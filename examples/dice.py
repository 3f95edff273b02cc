"""Two dice, and what convolution has to do with their sum: flip one, slide it along the other.

    python examples/dice.py

(f * g)(s) adds f(m) g(s - m) over all m. As m goes up, s - m goes down: g runs backwards. So write die 2 in reverse
under die 1, slide it until every pair of faces adds up to s, multiply the pairs, and add.
"""

from __future__ import annotations

import numpy as np

from backpropviz.layers.library import load

FACES = range(1, 7)


def sliding_table(f, g):
    """For every sum: the faces of die 2 under each face of die 1 (None where there is none), and the probability.

    `f` and `g` hold the probabilities of the faces 1 to 6.
    """
    table = []
    for total in range(2, 13):
        under = [total - face if total - face in FACES else None for face in FACES]
        meeting = sum(f[face - 1] * g[other - 1] for face, other in zip(FACES, under) if other)
        table.append((total, under, float(meeting)))
    return table


def by_layer(f, g):
    """The same by the conv layer: it slides without flipping, so that die 2 is flipped before."""
    conv = load("conv").function
    return conv(f.reshape(1, 1, 1, 6), g[::-1].reshape(1, 1, 1, 6), np.zeros(1), pad=(0, 5))[0, 0, 0]


def report(f, g):
    table = sliding_table(f, g)
    print("        die 1:  1  2  3  4  5  6")
    print("  sum   die 2, flipped and slid      probability")
    for total, under, probability in table:
        faces = "  ".join(str(face or ".") for face in under)
        print(f"  {total:3}           {faces}      {36 * probability:5.2f}/36  {'#' * round(72 * probability)}")
    probabilities = [probability for *_, probability in table]
    difference = np.abs(by_layer(f, g) - probabilities).max()
    print(f"  They add up to {sum(probabilities):.6g}; the conv layer on the flipped die differs by {difference:.1g}.")


def main():
    fair = np.full(6, 1 / 6)
    print("Two fair dice")
    report(fair, fair)
    loaded = np.array([1, 1, 1, 1, 1, 5]) / 10
    print("\nA fair die and one that shows a six every other time")
    report(fair, loaded)


if __name__ == "__main__":
    main()
