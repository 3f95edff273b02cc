"""Shapes changed as it is rarely written. The shapes of the inputs stand in the docstrings."""

import numpy as np


def pad_modes(x):
    """x: N, D"""
    a = np.pad(x, ((1, 0), (2, 1)), mode="constant", constant_values=0.5)
    b = np.pad(x, ((1, 0), (2, 1)), mode="edge")
    return a * b


def pad_reflect(x):
    """x: N, D"""
    r = np.pad(x, 1, mode="reflect")
    s = np.pad(x, 1, "symmetric")
    w = np.pad(x, 1, "wrap")
    return r + s * w


def pad_one_axis(x):
    """x: N, C, H"""
    wide = np.pad(x, [(0, 0)] * (x.ndim - 1) + [(1, 2)], constant_values=((0, 0), (0, 0), (1, 2)))
    return wide**2


def pad_by_dictionary(x):
    """x: N, D"""
    wide = np.pad(x, {-1: (1, 2)})
    return np.sin(wide)


def roll_two_axes(x):
    """x: N, D"""
    moved = np.roll(x, (1, -2), axis=(0, 1))
    return x * moved


def roll_flat(x):
    """x: N, D"""
    return x - np.roll(x, 3)


def tile_more_axes(x):
    """x: N, D"""
    t = np.tile(x, (2, 1, 3))
    return t.sum(axis=0) ** 2


def repeat_each(x):
    """x: N, D"""
    twice = np.repeat(x, 2, axis=-1)
    return twice[:, ::2] * twice[:, 1::2]


def repeat_by_counts(x):
    """x: N, D"""
    counts = np.arange(x.shape[0]) % 2 + 1
    longer = np.repeat(x, counts, axis=0)
    return np.tanh(longer)


def repeat_flat(x):
    """x: N, D"""
    return x.repeat(2) ** 3


def upsample(x):
    """x: N, C, H"""
    up = x.repeat(2, axis=1).repeat(3, axis=2)
    return up * up.mean()


def moveaxis_several(x):
    """x: N, C, H"""
    y = np.moveaxis(x, [0, -1], [-1, 0])
    return y * y.sum(axis=0)


def rollaxis_and_swap(x):
    """x: N, C, H"""
    y = np.rollaxis(x, 2)
    z = np.swapaxes(y, 0, -1)
    return z * np.exp(-z)


def transpose_by_tuple(x):
    """x: N, C, H"""
    y = x.transpose(2, 0, 1)
    z = np.transpose(y, axes=(-1, -2, -3))
    return z**2


def flip_some(x):
    """x: N, C, H"""
    return x * np.flip(x, (0, -1)) + np.flip(x)


def flips_of_images(x):
    """x: N, D"""
    return np.fliplr(x) - np.flipud(x) * x


def rot90_twice(x):
    """x: N, D"""
    y = np.rot90(x, k=3, axes=(1, 0))
    return y * y[::-1]


def stack_last(x, y):
    """x: N, D; y: N, D"""
    s = np.stack([x, y, x * y], axis=-1)
    return s.max(axis=-1)


def stack_helpers(x, y):
    """x: N, D; y: N, D"""
    a = np.hstack((x, y))
    b = np.vstack((x, y))
    c = np.dstack((x, y))
    return a.sum() + b.mean() * c


def column_stack_bias(x, w):
    """x: N, D; w: D"""
    with_one = np.column_stack([np.ones(len(x)), x])
    theta = np.concatenate(([0.5], w))
    return with_one @ theta


def concatenate_flat(x, y):
    """x: N, D; y: D, N"""
    flat = np.concatenate((x, y.T), axis=None)
    return flat**2


def block_matrix(x, y):
    """x: N, D; y: N, D"""
    m = np.block([[x, y], [y, -x]])
    return m @ m.T


def split_in_places(x):
    """x: N, H8"""
    a, b, c = np.split(x, [2, 5], axis=1)
    return np.tanh(a).sum(1) + b.max(1) - c.prod(1)


def split_in_gates(x, w):
    """x: N, D; w: D, H8"""
    i, f, o, g = np.split(x @ w, 4, axis=-1)
    return 1 / (1 + np.exp(-i)) * np.tanh(g) + f * o


def array_split_uneven(x):
    """x: N, H8"""
    parts = np.array_split(x, 3, axis=1)
    return sum(p.sum(axis=1) ** 2 for p in parts)


def split_by_rows(x):
    """x: H8, D"""
    top, bottom = np.vsplit(x, 2)
    left = top * bottom
    return left


def expand_and_squeeze(x):
    """x: N, D"""
    y = np.expand_dims(x, (0, -1))
    z = np.squeeze(y * 2, axis=(0, 3))
    return z * x


def reshape_with_minus_one(x):
    """x: N, C, H"""
    flat = x.reshape(x.shape[0], -1)
    back = flat.reshape(-1, *x.shape[1:], order="C")
    return back * flat.sum()


def reshape_columns_first(x):
    """x: N, D"""
    y = np.reshape(x, (x.shape[1], -1), order="F")
    return y * np.ravel(x, order="F").reshape(y.shape)


def ravel_and_flatten(x):
    """x: N, C, H"""
    return x.ravel() * x.flatten() + np.ravel(x[::-1])


def broadcast_together(x, y):
    """x: N, 1; y: 1, D"""
    a, b = np.broadcast_arrays(x, y)
    return np.hypot(a, b)


def meshgrid_of_two(x, y):
    """x: N; y: D"""
    a, b = np.meshgrid(x, y, indexing="ij")
    return np.exp(-(a**2) - b**2)


def atleast_and_newaxis(x):
    """x: D"""
    row = np.atleast_2d(x)
    return row.T @ row + x[None, :, None][0]


def diagonal_in_and_out(x):
    """x: N, N"""
    d = np.diag(x)
    m = np.diag(d**2, k=1)
    return m[:-1, :-1] + x * np.eye(len(x))


def triangles(x):
    """x: N, N"""
    lower = np.tril(x, k=-1)
    upper = np.triu(x, 1)
    return lower @ upper


def insert_and_delete(x):
    """x: N, D"""
    wider = np.insert(x, 1, 0.5, axis=1)
    fewer = np.delete(wider, 0, axis=1)
    return fewer * x


def append_row(x, y):
    """x: N, D; y: 1, D"""
    longer = np.append(x, y, axis=0)
    return longer.cumsum(axis=0)


def sliding_windows(x):
    """x: N, H8"""
    windows = np.lib.stride_tricks.sliding_window_view(x, 3, axis=1)
    return windows.max(axis=-1) * windows.mean(axis=-1)


def differences(x):
    """x: N, D"""
    d = np.diff(x, n=2, axis=0, prepend=0.0)
    e = np.diff(x, axis=-1, append=x[:, :1])
    return d.sum() * e


def slopes(x):
    """x: N, D"""
    down, right = np.gradient(x)
    return np.sqrt(down**2 + right**2 + 0.1)
