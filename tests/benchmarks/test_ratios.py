"""How the engine compares with NumPy written by hand, as ratios of medians from one run.

    pytest -o addopts= tests/benchmarks -s

Contenders take turns, so that a busy moment hits all of them. Fresh memory costs more than arithmetic at these sizes,
and whether an array's memory is fresh depends on what was freed before; so everything is measured twice: with the
results of every round kept ("fresh": each round pays for its memory), and with those of the last round freed ("warm").
Ratios are printed and recorded. They fail a test only where BACKPROPVIZ_ASSERT_RATIOS is set, on a machine that is
otherwise idle.
"""

import gc
import os
import statistics
import time

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

import backpropviz as bp

RANDOM = np.random.default_rng(0)


def medians(contenders, rounds, keep):
    """The median time of each contender, in milliseconds."""
    times = {name: [] for name in contenders}
    kept = []
    for call in contenders.values():
        call()
    gc.collect()
    for _ in range(rounds):
        for name, call in contenders.items():
            start = time.perf_counter()
            result = call()
            times[name].append(time.perf_counter() - start)
            if keep:
                kept.append(result)
            del result
    return {name: 1e3 * statistics.median(seconds) for name, seconds in times.items()}


def report(benchmark, title, contenders, bars, rounds):
    """Print and record the ratio of every contender to the first one, fresh and warm; hold the bars where asked to."""
    hand, *others = contenders
    lines = []
    for kind, keep in (("fresh", True), ("warm", False)):
        found = medians(contenders, rounds, keep)
        for name in others:
            ratio = found[name] / found[hand]
            benchmark.extra_info[f"{name} / {hand}, {kind}"] = round(ratio, 3)
            lines.append(f"  {kind}: {name} {found[name]:.2f} ms / {hand} {found[hand]:.2f} ms = {ratio:.2f}")
            if kind == "fresh" and os.environ.get("BACKPROPVIZ_ASSERT_RATIOS"):
                assert ratio <= bars[name], lines[-1]
    print(f"\n{title}", *lines, sep="\n")
    benchmark.pedantic(contenders[others[-1]], rounds=rounds)


def batchnorm(x, gamma, beta, eps=1e-5):
    mu = np.mean(x, axis=0)
    xmu = x - mu
    sq = xmu**2
    var = np.mean(sq, axis=0)
    sqrtvar = np.sqrt(var + eps)
    ivar = 1 / sqrtvar
    xhat = xmu * ivar
    gammax = gamma * xhat
    out = gammax + beta
    return out


def batchnorm_by_hand(x, gamma, beta, dout, eps=1e-5):
    """The nine steps and their gradients, one after the other; returns all it computed."""
    n = x.shape[0]
    mu = np.mean(x, axis=0)
    xmu = x - mu
    sq = xmu**2
    var = np.mean(sq, axis=0)
    sqrtvar = np.sqrt(var + eps)
    ivar = 1 / sqrtvar
    xhat = xmu * ivar
    gammax = gamma * xhat
    out = gammax + beta
    dbeta = np.sum(dout, axis=0)
    dgamma = np.sum(dout * xhat, axis=0)
    dxhat = dout * gamma
    divar = np.sum(dxhat * xmu, axis=0)
    dxmu_1 = dxhat * ivar
    dsqrtvar = -divar / sqrtvar**2
    dvar = dsqrtvar / (2 * sqrtvar)
    dsq = np.ones(x.shape) * dvar / n
    dxmu_2 = 2 * xmu * dsq
    dxmu = dxmu_1 + dxmu_2
    dmu = -np.sum(dxmu, axis=0)
    dx_2 = np.ones(x.shape) * dmu / n
    dx = dxmu + dx_2
    return (
        mu, xmu, sq, var, sqrtvar, ivar, xhat, gammax, out, dbeta, dgamma, dxhat, divar, dxmu_1, dsqrtvar, dvar, dsq,
        dxmu_2, dxmu, dmu, dx_2, dx,
    )  # fmt: skip


def test_batchnorm(benchmark):
    x = RANDOM.standard_normal((256, 512))
    inputs = {"x": x, "gamma": RANDOM.standard_normal(512), "beta": RANDOM.standard_normal(512)}
    dout = RANDOM.standard_normal(x.shape)

    def first_trace():
        t = bp.trace(batchnorm, **inputs)
        t.backward(dout)
        return t

    t = first_trace()
    *_, dx = batchnorm_by_hand(**inputs, dout=dout)
    np.testing.assert_allclose(t.grad["x"], dx, rtol=1e-9, atol=1e-12)
    contenders = {
        "hand-written": lambda: batchnorm_by_hand(**inputs, dout=dout),
        "first trace": first_trace,
        "replay": lambda: t.replay(dout=dout, **inputs),
    }
    bars = {"first trace": 1.3, "replay": 0.5}
    report(benchmark, "batchnorm, forward and backward, 256x512 float64", contenders, bars, rounds=15)


def conv(x, w, b, *, stride=1, pad=0):
    N, F = x.shape[0], w.shape[0]
    Ho, Wo = bp.output_shape(x.shape, w.shape[2:], stride, pad)
    x_col = bp.im2col(x, w.shape[2:], stride, pad)
    w_row = w.reshape(F, -1)
    scores = w_row @ x_col
    biased = scores + b[:, None]
    out = biased.reshape(N, F, Ho, Wo)
    return out


def conv_by_hand(x, w, b, dout, pad=1):
    """im2col through sliding windows, one matrix product, and back; stride 1."""
    (n, c, h, width), (f, _, hh, ww) = x.shape, w.shape
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    windows = sliding_window_view(padded, (hh, ww), axis=(2, 3))
    ho, wo = windows.shape[2:4]
    columns = windows.transpose(0, 2, 3, 1, 4, 5).reshape(n * ho * wo, -1)
    rows = w.reshape(f, -1)
    scores = columns @ rows.T + b
    out = scores.reshape(n, ho, wo, f).transpose(0, 3, 1, 2)
    dscores = dout.transpose(0, 2, 3, 1).reshape(-1, f)
    db = np.sum(dscores, axis=0)
    dw = (dscores.T @ columns).reshape(w.shape)
    dcolumns = (dscores @ rows).reshape(n, ho, wo, c, hh, ww)
    dpadded = np.zeros_like(padded)
    for i in range(hh):
        for j in range(ww):
            dpadded[:, :, i : i + ho, j : j + wo] += dcolumns[:, :, :, :, i, j].transpose(0, 3, 1, 2)
    dx = dpadded[:, :, pad : pad + h, pad : pad + width]
    return columns, scores, out, dscores, dcolumns, dx, dw, db


def test_conv(benchmark):
    inputs = {
        "x": RANDOM.standard_normal((32, 3, 32, 32)), "w": RANDOM.standard_normal((32, 3, 3, 3)),
        "b": RANDOM.standard_normal(32),
    }  # fmt: skip
    dout = RANDOM.standard_normal((32, 32, 32, 32))
    t = bp.trace(conv, pad=1, **inputs)
    t.backward(dout)
    *_, dx, dw, db = conv_by_hand(**inputs, dout=dout)
    for name, gradient in (("x", dx), ("w", dw), ("b", db)):
        np.testing.assert_allclose(t.grad[name], gradient, rtol=1e-9, atol=1e-9)
    contenders = {
        "hand-written": lambda: conv_by_hand(**inputs, dout=dout),
        "replay": lambda: t.replay(dout=dout, **inputs),
    }
    report(benchmark, "conv, forward and backward, x (32, 3, 32, 32), w (32, 3, 3, 3), pad 1", contenders,
           {"replay": 0.8}, rounds=12)  # fmt: skip


@pytest.mark.parametrize("length", [1000])
def test_overhead_of_one_operation(benchmark, length):
    """Tiny arrays: what recording and replaying one operation costs, in microseconds."""

    def chain(x):
        for _ in range(length):
            x = np.tanh(x)
        return x

    x = np.array([0.1, 0.2])
    t = bp.trace(chain, x=x)
    found = medians({"bare": lambda: chain(x), "trace": lambda: bp.trace(chain, x=x),
                     "replay": lambda: t.replay(x=x)}, rounds=9, keep=False)  # fmt: skip
    each = {name: 1e3 * milliseconds / length for name, milliseconds in found.items()}
    benchmark.extra_info.update({f"{name}, us": round(cost, 2) for name, cost in each.items()})
    print("\none operation on two numbers: " + ", ".join(f"{name} {cost:.2f} us" for name, cost in each.items()))
    benchmark.pedantic(lambda: t.replay(x=x), rounds=5)


def test_trace_by_name(benchmark):
    """A layer of `graphs/` is asked for by name as cheaply as a function is recorded, but for its sample inputs."""
    inputs = {
        "x": RANDOM.standard_normal((4, 3)),
        "gamma": RANDOM.standard_normal(3),
        "beta": RANDOM.standard_normal(3),
    }
    contenders = {
        "the function": lambda: bp.trace(batchnorm, **inputs),
        "by name": lambda: bp.trace("batchnorm", **inputs),
    }
    report(benchmark, "bp.trace of batchnorm, x (4, 3)", contenders, {"by name": 2.0}, rounds=60)
