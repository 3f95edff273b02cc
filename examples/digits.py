"""The convnet of graphs/ learns to read handwritten digits.

    python examples/digits.py --plot digits.png

The 1,797 images of 8x8 pixels are real; every fifth is held out. One trace is recorded for a batch, and every training
step replays it with other images and weights, forward and backward, into the arrays it already has.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

import backpropviz as bp

DATA = Path(__file__).parent / "data" / "digits.npz"
BATCH = 48
MOMENTUM = 0.9


def load():
    """The images, between 0 and 1, of shape (N, 1, 8, 8), and their labels: to learn from, and held out."""
    with np.load(DATA, allow_pickle=False) as data:
        images, labels = data["images"][:, None] / 16.0, data["labels"].astype(int)
    held_out = np.arange(len(labels)) % 5 == 4
    return (images[~held_out], labels[~held_out]), (images[held_out], labels[held_out])


def initial_weights(random, filters):
    """Small random weights: as large as keeps the values about the same size from layer to layer."""
    features = filters * 4 * 4
    return {
        "w1": random.normal(0.0, np.sqrt(2 / 9), (filters, 1, 3, 3)),
        "b1": np.zeros(filters),
        "w2": random.normal(0.0, np.sqrt(2 / features), (features, 10)),
        "b2": np.zeros(10),
    }


def accuracy(trace, labels):
    """The share of images whose own class has the highest score."""
    return float(np.mean(np.argmax(trace["scores"].value, axis=1) == labels))


def train(epochs, filters, rate, seed, report):
    """Gradient descent with momentum. Returns the loss of every step and the held-out accuracy after every epoch.

    `report(epoch, loss, accuracy)` is called after every epoch.
    """
    random = np.random.default_rng(seed)
    (images, labels), (test_images, test_labels) = load()
    weights = initial_weights(random, filters)
    velocity = {name: np.zeros_like(value) for name, value in weights.items()}
    learner = bp.trace("convnet", x=images[:BATCH], y=labels[:BATCH], **weights)
    learner.backward()
    examiner = bp.trace("convnet", x=test_images, y=test_labels, **weights)
    losses, accuracies = [], []
    for epoch in range(epochs):
        speed = rate * (1 - epoch / epochs)
        order = random.permutation(len(labels))
        for start in range(0, len(order) - BATCH + 1, BATCH):
            batch = order[start : start + BATCH]
            losses.append(float(learner.replay(x=images[batch], y=labels[batch], **weights)))
            for name in weights:
                velocity[name] = MOMENTUM * velocity[name] - speed * learner.grad[name]
                weights[name] = weights[name] + velocity[name]
        examiner.replay(**weights)
        accuracies.append(accuracy(examiner, test_labels))
        report(epoch + 1, losses[-1], accuracies[-1])
    return losses, accuracies


def plot(losses, accuracies, path):
    """Draw both curves into a picture, PNG or SVG by the path's suffix."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 5.5), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True)
    per_epoch = len(losses) / len(accuracies)
    steps = np.arange(1, len(losses) + 1) / per_epoch
    above.semilogy(steps, losses, color="0.75", linewidth=0.8, label="each step")
    means = [np.mean(part) for part in np.array_split(losses, len(accuracies))]
    epochs = np.arange(1, len(accuracies) + 1)
    above.semilogy(epochs - 0.5, means, color="tab:red", label="mean over the epoch")
    above.set_ylabel("loss")
    above.legend(frameon=False)
    below.plot(epochs, 100 * np.array(accuracies), color="black", marker="o", markersize=3)
    below.set_ylabel("held-out digits read right, %")
    below.set_xlabel("epoch")
    for axes in (above, below):
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=150)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--epochs", type=int, default=30, help="how often every image is seen")
    parser.add_argument("--filters", type=int, default=16, help="filters of the convolution")
    parser.add_argument("--rate", type=float, default=0.05, help="learning rate at the start; it falls to zero")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--plot", type=Path, help="where to draw the learning curve, .png or .svg")
    options = parser.parse_args(arguments)
    console = Console()
    began = time.perf_counter()
    columns = (
        TextColumn("epoch {task.completed}/{task.total}"),
        BarColumn(),
        TextColumn("{task.description}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("", total=options.epochs)

        def report(epoch, loss, share):
            progress.update(task, completed=epoch, description=f"loss {loss:.4f}  held-out {share:.1%}")

        losses, accuracies = train(options.epochs, options.filters, options.rate, options.seed, report)
    took = time.perf_counter() - began
    console.print(f"{accuracies[-1]:.2%} of the held-out digits read right, after {len(losses)} steps in {took:.1f} s")
    if options.plot:
        plot(losses, accuracies, options.plot)
        console.print(f"Learning curve: {options.plot}", soft_wrap=True)
    return accuracies[-1]


if __name__ == "__main__":
    main()
