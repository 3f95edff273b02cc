"""Entries picked and written as it is rarely done. The shapes of the inputs stand in the docstrings."""

import numpy as np


def take_rows(x):
    """x: N, D"""
    rows = np.take(x, [0, 2, 2, -1], axis=0)
    return rows**2


def take_wrapped(x):
    """x: N, D"""
    w = np.take(x, np.arange(10), axis=1, mode="wrap")
    c = x.take([0, 50], axis=1, mode="clip")
    return w.sum(axis=1) * c[:, 1]


def sorted_by_take_along(x):
    """x: N, D"""
    order = np.argsort(x, axis=1)
    y = np.take_along_axis(x, order, axis=1)
    return np.diff(y, axis=1) ** 2


def sorted_by_another(x, y):
    """x: N, D; y: N, D"""
    order = np.argsort(-x, axis=0)
    y_sorted = np.take_along_axis(y, order, axis=0)
    return y_sorted.cumsum(axis=0)


def best_by_take_along(x):
    """x: N, D"""
    best = np.expand_dims(np.argmax(x, axis=-1), -1)
    top = np.take_along_axis(x, best, axis=-1)
    return np.log(np.exp(x - top).sum(-1))


def put_along(x):
    """x: N, D"""
    out = np.zeros_like(x)
    best = np.argmax(x, axis=1)[:, None]
    np.put_along_axis(out, best, np.take_along_axis(x, best, 1) * 2, axis=1)
    return out + x


def ranks_undone(x):
    """x: N, D"""
    order = x.argsort(axis=-1)
    back = np.argsort(order, axis=-1)
    y = np.sort(x, axis=-1) ** 2
    return np.take_along_axis(y, back, axis=-1)


def k_largest(x):
    """x: N, D"""
    top = np.partition(x, -2, axis=1)[:, -2:]
    return top.sum(axis=1)


def k_smallest_by_argpartition(x):
    """x: N, D"""
    near = np.argpartition(x, 1, axis=1)[:, :1]
    return np.take_along_axis(x, near, axis=1) ** 2


def rows_by_lexsort(x, y):
    """x: N; y: N"""
    order = np.lexsort((x, y > 0))
    return np.cumsum(x[order] * y[order])


def fancy_with_slices(x):
    """x: N, C, H"""
    picked = x[:, [0, 1, 0], 1:]
    return picked * picked[:, ::-1]


def fancy_apart(x):
    """x: N, C, H"""
    picked = x[[0, 1, 1], :, [1, 0, 0]]
    return picked**2


def fancy_grid(x):
    """x: N, D"""
    part = x[np.ix_([0, 2], [1, 0, 1])]
    return part @ part.T


def boolean_entries(x):
    """x: N, D"""
    positive = x[x > 0]
    return positive.sum() * x


def boolean_rows(x, y):
    """x: N, D; y: N"""
    kept = x[y > 0]
    return kept.mean(axis=0) - x


def boolean_store(x):
    """x: N, D"""
    out = x.copy()
    out[x < 0] *= 0.1
    return out


def boolean_store_of_values(x, y):
    """x: N, D; y: N, D"""
    out = np.zeros(x.shape)
    mask = x > y
    out[mask] = x[mask] ** 2
    out[~mask] = y[~mask]
    return out


def store_columns(x, y):
    """x: N, D; y: N"""
    out = np.empty_like(x)
    out[...] = x
    out[:, 0] = y
    out[1:, -1] += y[:-1]
    return out**2


def store_every_other(x):
    """x: N, H8"""
    out = np.zeros_like(x)
    out[:, ::2] = x[:, 1::2]
    out[:, 1::2] = -x[:, ::2]
    return out * x


def add_at_rows(x):
    """x: N, D"""
    out = np.zeros((2, x.shape[1]))
    np.add.at(out, np.arange(x.shape[0]) % 2, x)
    return out**2


def subtract_at(x, y):
    """x: N, D; y: D"""
    out = x.copy()
    np.subtract.at(out, (slice(None), [0, 0]), y[:2])
    return out * x


def multiply_at(x):
    """x: N, D"""
    out = x.copy()
    np.multiply.at(out, (0, [0, 1]), 3.0)
    return out**2


def embedding(w):
    """w: H8, D"""
    tokens = np.array([[1, 5, 2], [7, 0, 1]])
    e = w[tokens]
    return e.sum(axis=1) / np.sqrt((e**2).sum(axis=(1, 2)))[:, None]


def one_hot_product(x, w):
    """x: N, D; w: D, M"""
    y = np.arange(x.shape[0]) % w.shape[1]
    hot = np.eye(w.shape[1])[y]
    scores = x @ w
    return -(hot * (scores - np.log(np.exp(scores).sum(1, keepdims=True)))).sum() / len(x)


def nonzero_places(x):
    """x: N, D"""
    rows, columns = np.nonzero(x > 0)
    return x[rows, columns] ** 2


def where_places(x):
    """x: N, D"""
    places = np.where(x < 0)
    out = x * 1
    out[places] = np.expm1(x[places])
    return out


def where_nested(x, y):
    """x: N, D; y: D"""
    return np.where(x > 1, x, np.where(x < -1, y, x * y))


def select_pieces(x):
    """x: N, D"""
    return np.select([x < -0.5, x < 0.5], [x**2, 3 * x], default=np.sin(x))


def piecewise_of_functions(x):
    """x: N, D"""
    return np.piecewise(x, [x < 0, x >= 0], [lambda v: np.expm1(v), lambda v: v])


def choose_by_sign(x, y):
    """x: N, D; y: N, D"""
    return np.choose((x > 0).astype(int), [x * y, x + y])


def compress_columns(x):
    """x: N, D"""
    on = np.arange(x.shape[1]) % 2 == 0
    return np.compress(on, x, axis=1) ** 2


def extract_entries(x):
    """x: N, D"""
    return np.extract(x > 0, x).cumsum()


def clip_by_arrays(x, low):
    """x: N, D; low: D"""
    c = np.clip(x, low - 1, None)
    return c * np.clip(x, a_min=None, a_max=0.5)


def clip_into(x):
    """x: N, D"""
    out = np.empty_like(x)
    np.clip(x, -0.5, 0.5, out=out)
    return out + x.clip(min=0)


def searchsorted_steps(x):
    """x: N, D"""
    edges = np.array([-1.0, 0.0, 1.0])
    slope = np.array([0.1, 0.5, 1.0, 2.0])
    return x * slope[np.searchsorted(edges, x)]


def unique_groups(x):
    """x: N, D"""
    groups = np.arange(x.shape[0]) // 2
    means = np.array([x[groups == g].mean(axis=0) for g in np.unique(groups)])
    return x - means[groups]


def diagonal_store(x):
    """x: N, N"""
    out = x.copy()
    out[np.diag_indices(len(x))] = 0
    i, j = np.triu_indices(len(x), k=1)
    return out[i, j] * x[j, i]


def fill_diagonal(x):
    """x: N, N"""
    out = x @ x.T
    np.fill_diagonal(out, 1.0)
    return np.log(out**2 + 1)


def flat_entries(x):
    """x: N, D"""
    return x.flat[[0, 3, 5]] * x.item(1)


def ellipsis_everywhere(x):
    """x: N, C, H"""
    return x[..., 0] * x[0, ..., None][..., 0].sum() + x[..., -1, -2][:, None]


def interpolated(x):
    """x: N, D"""
    knots = np.array([-3.0, -1.0, 0.5, 3.0])
    return np.interp(x, knots, np.sin(knots))
