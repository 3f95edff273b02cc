"""A fully connected layer is a convolution whose filters are as large as the image.

    python examples/fc_as_conv.py

A network that reads 28x28 images into 7x7 volumes ends in two fully connected layers. Written as convolutions, they
slide: on a 48x48 image the same weights give 6x6 scores in one pass, the same as from its 36 crops of 28x28 one by one.
These are the proportions of AlexNet (224 -> 7x7, 384 -> 12x12 -> 6x6), an eighth of the size.
"""

from __future__ import annotations

import time

import numpy as np

from backpropviz.layers.library import load

conv, relu, maxpool, affine = (load(name).function for name in ("conv", "relu", "maxpool", "affine"))

CROP, IMAGE, REDUCTION = 28, 48, 4
CHANNELS, HIDDEN, CLASSES = 8, 16, 10
SIDE = CROP // REDUCTION


def weights(random):
    """Random weights of the network on a crop: a convolution and two fully connected layers."""
    return {
        "w1": random.normal(0.0, 0.3, (CHANNELS, 3, 2, 2)),
        "b1": random.normal(0.0, 0.1, CHANNELS),
        "w2": random.normal(0.0, 0.1, (CHANNELS * SIDE * SIDE, HIDDEN)),
        "b2": random.normal(0.0, 0.1, HIDDEN),
        "w3": random.normal(0.0, 0.3, (HIDDEN, CLASSES)),
        "b3": random.normal(0.0, 0.1, CLASSES),
    }


def features(x, w1, b1):
    """Images to volumes of a quarter of their side; without padding, what a window sees does not depend on the crop."""
    return maxpool(relu(conv(x, w1, b1, stride=2)), window=2, stride=2)


def with_fully_connected(x, w1, b1, w2, b2, w3, b3):
    """Scores (N, classes) of crops (N, 3, 28, 28)."""
    hidden = relu(affine(features(x, w1, b1), w2, b2))
    return affine(hidden, w3, b3)


def with_convolutions(x, w1, b1, w2, b2, w3, b3):
    """Scores (N, classes, rows, columns) of images of any size from 28x28 on, by the same weights."""
    # every column of the weight matrix becomes one filter
    filters = w2.T.reshape(HIDDEN, CHANNELS, SIDE, SIDE)
    hidden = relu(conv(features(x, w1, b1), filters, b2))
    # a fully connected layer on a single place is a 1x1 convolution
    return conv(hidden, w3.T.reshape(CLASSES, HIDDEN, 1, 1), b3)


def crops(image):
    """Every 28x28 crop of an image (3, 48, 48), in steps of 4 pixels."""
    starts = range(0, IMAGE - CROP + 1, REDUCTION)
    return [image[:, i : i + CROP, j : j + CROP] for i in starts for j in starts]


def main():
    random = np.random.default_rng(0)
    parameters = weights(random)
    image = random.normal(size=(3, IMAGE, IMAGE))

    began = time.perf_counter()
    one_by_one = np.concatenate([with_fully_connected(crop[None], **parameters) for crop in crops(image)])
    between = time.perf_counter()
    slid = with_convolutions(image[None], **parameters)[0]
    ended = time.perf_counter()

    rows, columns = slid.shape[1:]
    by_crop = one_by_one.T.reshape(CLASSES, rows, columns)
    crop_volume = features(image[None, :, :CROP, :CROP], parameters["w1"], parameters["b1"]).shape[1:]
    image_volume = features(image[None], parameters["w1"], parameters["b1"]).shape[1:]
    difference = float(np.abs(slid - by_crop).max())
    print(f"crop   3x{CROP}x{CROP}  ->  {'x'.join(map(str, crop_volume))}  ->  {HIDDEN}x1x1  ->  {CLASSES}x1x1")
    print(
        f"image  3x{IMAGE}x{IMAGE}  ->  {'x'.join(map(str, image_volume))}  ->  {HIDDEN}x{rows}x{columns}"
        f"  ->  {CLASSES}x{rows}x{columns}"
    )
    print(f"{len(one_by_one)} crops one by one and the image in one pass differ by {difference:.1e} at most,")
    print(f"and the one pass is {(between - began) / (ended - between):.0f} times faster.")
    return slid, by_crop


if __name__ == "__main__":
    main()
