"""im2col and its adjoint: the one pair of operations that convolution needs and NumPy lacks.

Both are channel-major: a patch's entries run over channels, then rows, then columns, so that a filter of shape
(C, HH, WW) lines up with it by a bare reshape. The copying is done by HH * WW slice assignments, whatever the image
size.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from backpropviz.errors import InputError
from backpropviz.primitives.record import Array, gate, traceable


def pair(value: Any) -> tuple[int, int]:
    """A setting per axis: 2 means (2, 2).

    Raises:
        InputError: it is no whole number, nor a pair of them.
    """
    if isinstance(value, int):
        return value, value
    both = tuple(value) if isinstance(value, tuple) or np.ndim(value) else (value, value)
    if len(both) != 2 or any(number != int(number) for number in both):
        raise InputError(f"{value} is no size for rows and columns", fix="Give one whole number, or a pair: (2, 1).")
    return _whole(both[0]), _whole(both[1])


def _whole(number: Any) -> int:
    return number if isinstance(number, int) else int(number)  # an int may know how it was written


def output_size(size: int, window: int, stride: int, pad: int) -> int:
    """How many places a window finds on one axis: (size - window + 2 * pad) // stride + 1.

    Raises:
        InputError: the stride is not positive, the padding negative, or the window larger than the padded axis.
    """
    if stride < 1:
        raise InputError(f"the stride is {stride}", fix="A window has to move: use a stride of 1 or more.")
    if pad < 0:
        raise InputError(f"the padding is {pad}", fix="Padding adds zeros around the image: use 0 or more.")
    if window < 1:
        raise InputError(f"the window is {window} wide", fix="Use a window of 1 or more.")
    if window > size + 2 * pad:
        raise InputError(
            f"the filter is {window} wide, but the padded image only {size + 2 * pad} ({size} + 2 * {pad})",
            fix="Use a smaller filter, a larger image, or more padding.",
        )
    return (size - window + 2 * pad) // stride + 1


def output_shape(shape: Any, window: Any, stride: Any = 1, pad: Any = 0) -> tuple[int, int]:
    """Rows and columns of places a window finds on images of `shape` (N, C, H, W).

    `window`, `stride` and `pad` are pairs (rows, columns), or one number for both.

    Raises:
        InputError: the images do not have four axes, or as in `output_size`.
    """
    if len(shape) != 4:
        raise InputError(
            f"images of shape (N, C, H, W) are needed, not {tuple(int(n) for n in shape)}",
            fix="Reshape to four axes: examples, channels, rows, columns.",
        )
    window, stride, pad = pair(window), pair(stride), pair(pad)
    rows, columns = (output_size(_whole(shape[2 + a]), window[a], stride[a], pad[a]) for a in (0, 1))
    return rows, columns


def _plan(shape: Any, window: Any, stride: Any, pad: Any) -> tuple[Any, ...]:
    # numbers that know how they were written hold on to a trace: what is kept must not
    return _plan_of(*(tuple(map(int, sizes)) for sizes in (shape, pair(window), pair(stride), pair(pad))))


@functools.lru_cache(maxsize=256)
def _plan_of(shape: Any, window: Any, stride: Any, pad: Any) -> tuple[Any, ...]:
    """How windows lie on images of `shape`: the places they find, the padded images, and the slices of each place.

    A replay asks for the same plan thousands of times, and checking and counting anew took much of its time.

    Returns:
        Window and padding as pairs; rows and columns of places; the padded images' shape, (N, C, H + 2 * pad,
        W + 2 * pad); where the images lie in it; and for every place (i, j) in the window the rows and columns of the
        padded image that meet it; whether windows overlap; and whether they cover the padded image, each entry once.
    """
    height, width = output_shape(shape, window, stride, pad)
    n, c, h, w = shape
    padded = (n, c, h + 2 * pad[0], w + 2 * pad[1])
    inner = (slice(None), slice(None), slice(pad[0], pad[0] + h), slice(pad[1], pad[1] + w))
    all_rows = [slice(i, i + stride[0] * height, stride[0]) for i in range(window[0])]
    all_columns = [slice(j, j + stride[1] * width, stride[1]) for j in range(window[1])]
    places = tuple((i, j, rows, cols) for i, rows in enumerate(all_rows) for j, cols in enumerate(all_columns))
    overlap = stride[0] < window[0] or stride[1] < window[1]
    tiled = window == stride and (height * window[0], width * window[1]) == padded[2:]
    return window, pad, height, width, padded, inner, places, overlap, tiled


@traceable
def im2col(x: Any, window: Any, stride: Any = 1, pad: Any = 0, out: Any = None) -> Array:
    """Lay out every window of every image as a column.

    Args:
        x: images, shape (N, C, H, W).
        window: rows and columns of the window, (HH, WW) or one number for both.
        stride, pad: per axis, or one number for both.
        out: an array of the result's shape to write into.

    Returns:
        Shape (N, C * HH * WW, Ho * Wo): for every image one column per place of the window.

    Raises:
        InputError: the window does not fit into the padded image, or a stride or padding is out of range.
    """
    (hh, ww), pad, height, width, shape, inner, places, _, tiled = _plan(x.shape, window, stride, pad)
    n, c = shape[:2]
    padded = x
    if any(pad):
        padded = np.zeros(shape, x.dtype)
        padded[inner] = x
    columns = np.empty((n, c * hh * ww, height * width), x.dtype) if out is None else out
    patches = columns.reshape(n, c, hh, ww, height, width)
    if tiled:  # then the axes are only put in another order, which one copy does three times as fast
        patches[...] = padded.reshape(n, c, height, hh, width, ww).transpose(0, 1, 3, 5, 2, 4)
        return columns
    for i, j, rows, cols in places:
        patches[:, :, i, j] = padded[:, :, rows, cols]
    return columns


@traceable
def col2im(columns: Any, shape: Any, window: Any, stride: Any = 1, pad: Any = 0, out: Any = None) -> Array:
    """Add every column back into the window it came from: the adjoint of `im2col`.

    Args:
        columns: shape (N, C * HH * WW, Ho * Wo).
        shape: the images' shape, (N, C, H, W).
        window, stride, pad, out: as in `im2col`.

    Returns:
        Shape (N, C, H, W). Where windows overlapped, their entries are added up; what fell on the padding is dropped.

    Raises:
        InputError: as in `im2col`.
    """
    (hh, ww), pad, height, width, padded_shape, inner, places, overlap, tiled = _plan(shape, window, stride, pad)
    n, c = padded_shape[:2]
    patches = columns.reshape(n, c, hh, ww, height, width)
    images = np.empty(shape, columns.dtype) if out is None else out
    padded = np.empty(padded_shape, columns.dtype) if any(pad) else images
    if not tiled:
        padded[...] = 0
    for i, j, rows, cols in places:
        if overlap:
            padded[:, :, rows, cols] += patches[:, :, i, j]
        else:
            padded[:, :, rows, cols] = patches[:, :, i, j]
    if any(pad):
        images[...] = padded[inner]
    return images


gate(
    im2col,
    "im2col(x)",
    "im2col copies patches: where patches overlap, the gradients of all copies add up.",
    ("1 for every copy", lambda g, out, x, window, stride=1, pad=0: col2im(g, x.shape, window, stride=stride, pad=pad)),
    module="",
    into=im2col.run,
    helper=True,
)
gate(
    col2im,
    "col2im(x)",
    "col2im adds patches up: each gets back the patch of the gradient it was added to.",
    ("1", lambda g, out, x, shape, window, stride=1, pad=0: im2col(g, window, stride=stride, pad=pad)),
    module="",
    into=col2im.run,
    helper=True,
)


def _window_axes(axis: Any, ndim: int) -> tuple[int, ...]:
    axes = tuple(range(ndim)) if axis is None else tuple(int(a) % ndim for a in np.atleast_1d(axis))
    if len(set(axes)) < len(axes):
        raise NotImplementedError("windows along one axis twice; slide one window after the other")
    return axes


@traceable
def add_windows(g: Any, shape: Any, window: Any, axis: Any = None) -> Array:
    """Add every window back to where it lay: the adjoint of `sliding_window_view`.

    Args:
        g: windows, as `sliding_window_view` lays them out: the window's own axes last.
        shape: the shape they came from.
        window, axis: as given to `sliding_window_view`.
    """
    axes = _window_axes(axis, len(shape))
    x = np.zeros(tuple(shape), g.dtype)
    for offsets in np.ndindex(g.shape[len(shape) :]):
        place = [slice(None)] * len(shape)
        for a, offset in zip(axes, offsets):
            place[a] = slice(offset, offset + g.shape[a])
        x[tuple(place)] += g[(..., *offsets)]
    return x


gate(
    sliding_window_view,
    "windows(x)",
    "Every window is a view of x: where windows overlap, their gradients add up.",
    ("1 for every window", lambda g, out, x, window_shape, axis=None: add_windows(g, x.shape, window_shape, axis=axis)),
    module="np.lib.stride_tricks",
)
gate(
    add_windows,
    "add windows(x)",
    "Windows that were added up each get back the part of the gradient they lay on.",
    ("1", lambda g, out, x, shape, window, axis=None: sliding_window_view(g, window, axis=axis)),
    module="",
    helper=True,
)
