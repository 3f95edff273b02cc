"""Reductions as they are rarely written. The shapes of the inputs stand in the docstrings."""

import numpy as np


def sum_of_some(x):
    """x: N, D"""
    kept = np.sum(x, axis=(0, -1), where=x > 0, initial=2.0, keepdims=True)
    return x * kept


def sum_into(x, y):
    """x: N, D; y: N, D"""
    total = np.empty(x.shape[1])
    np.sum(x * y, axis=0, out=total)
    return total * y


def mean_of_tuple(x):
    """x: N, C, H"""
    mu = x.mean(axis=(0, -1), keepdims=True)
    out = (x - mu) ** 2
    return out


def mean_where(x, w):
    """x: N, D; w: D"""
    on = np.abs(x) < 2
    mu = np.mean(x, axis=-1, where=on, keepdims=True)
    return (x - mu) * w


def mean_in_double(x):
    """x: N, D"""
    mu = np.mean(x, 0, np.float64)
    return x - mu


def masked_std(x):
    """x: N, D"""
    mask = np.arange(x.shape[1]) % 2 == 0
    s = np.std(x, axis=1, where=mask, keepdims=True)
    return x / (1 + s)


def var_of_sample(x):
    """x: N, C, H"""
    v = np.var(x, axis=(0, 2), ddof=1, keepdims=True)
    return x / np.sqrt(v + 0.1)


def std_correction(x):
    """x: N, D"""
    s = np.std(x, axis=-2, correction=1)
    return x / (0.5 + s)


def var_mean_given(x):
    """x: N, D"""
    mu = np.mean(x, axis=0, keepdims=True)
    v = np.var(x, axis=0, mean=mu, keepdims=True)
    return (x - mu) / np.sqrt(v + 1e-3)


def max_with_floor(x):
    """x: N, D"""
    top = np.max(x, axis=1, initial=0.25, keepdims=True)
    return x - top


def max_where(x, y):
    """x: N, D; y: D"""
    top = x.max(axis=0, where=x < 1, initial=-1.0)
    return top * y


def min_of_two_axes(x):
    """x: N, C, H"""
    low = np.amin(x, axis=(-1, -2), keepdims=True)
    return np.log1p(x - low + 1)


def prod_of_axes(x):
    """x: N, C, H"""
    p = np.prod(1 + 0.1 * x, axis=(0, 2))
    return p * x.sum(axis=(0, 2))


def prod_where(x):
    """x: N, D"""
    p = np.prod(x, axis=1, where=x > 0, initial=0.5)
    return p[:, None] + x


def cumsum_of_all(x):
    """x: N, D"""
    running = np.cumsum(x)
    return running.reshape(x.shape) * x


def cumsum_into(x):
    """x: N, D"""
    running = np.zeros_like(x)
    np.cumsum(x, axis=-1, out=running)
    return running**2


def cumprod_from_the_end(x):
    """x: N, D"""
    p = np.cumprod((1 + 0.2 * x)[:, ::-1], axis=1)[:, ::-1]
    return p - x


def running_maximum(x):
    """x: N, D"""
    top = np.maximum.accumulate(x, axis=1)
    return top * x


def running_logaddexp(x):
    """x: N, D"""
    lse = np.logaddexp.accumulate(x, axis=-1)
    return x - lse


def add_reduce(x):
    """x: N, C, H"""
    total = np.add.reduce(x, axis=(0, 1), keepdims=True)
    return x / (1 + total**2)


def multiply_reduce_initial(x):
    """x: N, D"""
    p = np.multiply.reduce(x, axis=-1, initial=3.0)
    return p[..., np.newaxis] * x


def maximum_reduce_all(x):
    """x: N, D"""
    top = np.maximum.reduce(x, axis=None)
    return np.exp(x - top)


def logaddexp_reduce(x):
    """x: N, D"""
    lse = np.logaddexp.reduce(x, axis=1, keepdims=True)
    return np.exp(x - lse)


def add_reduceat(x):
    """x: N, D"""
    pairs = np.add.reduceat(x, [0, 1, 2], axis=0)
    return pairs * 2


def median_of_rows(x):
    """x: N, D"""
    m = np.median(x, axis=1, keepdims=True)
    return np.abs(x - m).sum(axis=0)


def quantiles(x):
    """x: N, D"""
    low, high = np.quantile(x, [0.25, 0.75], axis=0)
    return (x - low) / (high - low + 1)


def percentile_nearest(x):
    """x: N, D"""
    p = np.percentile(x, 30, axis=-1, keepdims=True)
    return x * p


def nan_mean(x):
    """x: N, D"""
    holes = np.where(x > 1.5, np.nan, x)
    mu = np.nanmean(holes, axis=0)
    return x - mu


def nan_sum_and_max(x):
    """x: N, D"""
    s = np.nansum(x, axis=1, keepdims=True)
    m = np.nanmax(x, axis=1, keepdims=True)
    return (x - m) / (1 + s**2)


def peak_to_peak(x):
    """x: N, D"""
    span = np.ptp(x, axis=0, keepdims=True)
    return (x - x.min(axis=0)) / span


def average_weighted(x, w):
    """x: N, D; w: N"""
    mu, total = np.average(x, axis=0, weights=np.abs(w), returned=True)
    return (x - mu) / total


def count_and_any(x):
    """x: N, D"""
    n = np.count_nonzero(x > 0, axis=0)
    some = np.any(x > 1, axis=0)
    return np.where(some, x * n, x)


def argmax_picks(x, y):
    """x: N, D; y: N, D"""
    best = np.argmax(x, axis=1)
    picked = y[np.arange(len(y)), best]
    return picked**2 + x.max(1)


def trace_of_product(x, y):
    """x: N, D; y: D, N"""
    t = np.trace(x @ y, offset=1)
    return t * x


def log_sum_exp_by_hand(x):
    """x: N, C, H"""
    top = np.max(x, axis=(1, 2), keepdims=True)
    lse = np.log(np.sum(np.exp(x - top), axis=(1, 2))) + top.squeeze((1, 2))
    return lse
