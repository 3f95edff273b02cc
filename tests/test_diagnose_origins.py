"""A slip is told where it is made, not where it shows: starts of windows, numbers of rounds, cached roots, shares."""

from __future__ import annotations

import pytest

from backpropviz.diagnose import diagnose

CONV = """
import numpy as np

def conv_forward_naive(x, w, b, conv_param):
    s, p = conv_param["stride"], conv_param["pad"]
    N, C, H, W = x.shape
    F, _, fh, fw = w.shape
    padded = np.pad(x, [(0, 0), (0, 0), (p, p), (p, p)])
    rows, columns = (H + 2 * p - fh) // s + 1, (W + 2 * p - fw) // s + 1
    out = np.zeros((N, F, rows, columns))
    for i in range(rows):
        for j in range(columns):
            piece = padded[:, None, :, i * s:i * s + fh, j * s:j * s + fw]
            out[:, :, i, j] = np.sum(piece * w, axis=(2, 3, 4)) + b
    return out, (x, w, b, conv_param)

def conv_backward_naive(dout, cache):
    x, w, b, conv_param = cache
    s, p = conv_param["stride"], conv_param["pad"]
    N, C, H, W = x.shape
    F, _, fh, fw = w.shape
    padded = np.pad(x, [(0, 0), (0, 0), (p, p), (p, p)])
    dpadded, dw = np.zeros_like(padded), np.zeros_like(w)
    rows = (H + 2 * p - fh) // s + 1
    columns = (W + 2 * p - fw) // s + 1
    for i in range(rows):
        for j in range(columns):
            top, left = i * s, j * s
            for f in range(F):
                g = dout[:, f, i, j].reshape(-1, 1, 1, 1)
                dw[f] += np.sum(g * padded[:, :, top:top + fh, left:left + fw], axis=0)
                dpadded[:, :, top:top + fh, left:left + fw] += g * w[f]
    return dpadded[:, :, p:p + H, p:p + W], dw, dout.sum(axis=(0, 2, 3))
"""
BATCHNORM = """
import numpy as np

def batchnorm_forward(x, gamma, beta, bn_param):
    eps, momentum = bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9)
    running_mean = bn_param.get("running_mean", np.zeros(x.shape[1]))
    running_var = bn_param.get("running_var", np.zeros(x.shape[1]))
    if bn_param["mode"] == "test":
        return gamma * (x - running_mean) / np.sqrt(running_var + eps) + beta, None
    mean, var = x.mean(axis=0), x.var(axis=0)
    root = np.sqrt(var + eps)
    xhat = (x - mean) / np.sqrt(var + eps)
    out = gamma * xhat + beta
    running_mean = momentum * running_mean + (1 - momentum) * mean
    running_var = momentum * running_var + (1 - momentum) * var
    bn_param["running_mean"], bn_param["running_var"] = running_mean, running_var
    return out, (xhat, gamma, root)

def batchnorm_backward(dout, cache):
    xhat, gamma, root = cache
    d = dout * gamma
    dx = (d - d.mean(axis=0) - xhat * (d * xhat).mean(axis=0)) / root
    return dx, (dout * xhat).sum(axis=0), dout.sum(axis=0)
"""
SVM = """
import numpy as np

def svm_loss(x, y):
    n = len(x)
    rows = np.arange(n)
    margins = np.maximum(0, x - x[rows, y][:, None] + 1)
    margins[rows, y] = 0
    dx = np.zeros_like(x)
    dx[margins > 0] = 1
    dx[rows, y] = -np.sum(margins > 0, axis=1)
    return np.sum(margins) / n, dx / n
"""
MIXED = """
import numpy as np

def mix_forward(x, w):
    out = np.matmul(w, x)
    return out, (x, w)

def mix_backward(dout, cache):
    x, w = cache
    dx = np.matmul(w.T, dout)
    dw = np.einsum("nmt,ndt->md", dout, x)
    return dx, dw
"""
POOL = """
import numpy as np

def places(size, k, s):
    return (size - k) // s + 1

def max_pool_forward_naive(x, pool_param):
    ph, pw, s = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    N, C, H, W = x.shape
    rows = places(H, ph, s)
    columns = places(W, pw, s)
    out = np.zeros((N, C, rows, columns))
    for i, top in enumerate(range(0, H - ph + 1, s)):
        for j, left in enumerate(range(0, W - pw + 1, s)):
            out[:, :, i, j] = x[:, :, top:top + ph, left:left + pw].max(axis=(2, 3))
    return out, (x, pool_param)

def max_pool_backward_naive(dout, cache):
    x, pool_param = cache
    ph, pw, s = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    dx = np.zeros_like(x)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            here = (..., slice(i * s, i * s + ph), slice(j * s, j * s + pw))
            dx[here] += (x[here] == x[here].max(axis=(2, 3), keepdims=True)) * dout[:, :, i : i + 1, j : j + 1]
    return dx
"""
CLOSED = """
import numpy as np

class Batchnorm:
    def __init__(self, gamma, beta, eps=1e-5):
        self.gamma, self.beta, self.eps = gamma, beta, eps

    def forward(self, x):
        self.inverse = 1 / np.sqrt(x.var(axis=0) + self.eps)
        self.xhat = (x - x.mean(axis=0)) * self.inverse
        return self.gamma * self.xhat + self.beta

    def backward(self, dout):
        n = len(dout)
        self.dgamma, self.dbeta = np.sum(dout * self.xhat, axis=0), np.sum(dout, axis=0)
        d = dout * self.gamma
        total = np.sum(d, axis=0)
        along = np.sum(d * self.xhat, axis=0)
        return self.inverse / n * (n * d - total - along * self.xhat)
"""
DROPOUT = """
import numpy as np

def dropout_forward(x, dropout_param):
    p, mask = dropout_param["p"], None
    if "seed" in dropout_param:
        np.random.seed(dropout_param["seed"])
    if dropout_param["mode"] == "test":
        return x, (dropout_param, mask)
    drawn = np.random.rand(*x.shape) < p
    mask = drawn / p
    return x * mask, (dropout_param, mask)

def dropout_backward(dout, cache):
    dropout_param, mask = cache
    return dout if mask is None else dout * mask
"""
SETTINGS = """
import numpy as np

def batchnorm_forward(x, gamma, beta, bn_param):
    own = {"eps": 1e-5, "momentum": 0.9, "running_mean": np.zeros(x.shape[1]), "running_var": np.zeros(x.shape[1])}
    own.update(bn_param)
    if own["mode"] == "test":
        return gamma * (x - own["running_mean"]) / np.sqrt(own["running_var"] + own["eps"]) + beta, None
    mean, var, k = x.mean(axis=0), x.var(axis=0), own["momentum"]
    root = np.sqrt(var + own["eps"])
    xhat = (x - mean) / root
    bn_param["running_mean"] = k * own["running_mean"] + (1 - k) * mean
    bn_param["running_var"] = k * own["running_var"] + (1 - k) * var
    return gamma * xhat + beta, (xhat, gamma, root)

def batchnorm_backward(dout, cache):
    xhat, gamma, root = cache
    d = dout * gamma
    dx = (d - d.mean(axis=0) - xhat * (d * xhat).mean(axis=0)) / root
    return dx, (dout * xhat).sum(axis=0), dout.sum(axis=0)
"""
KEPT = """import numpy as np


def max_pool_forward_naive(x, pool_param):
    ph, pw, s = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    out = np.array([[[[np.max(c[i:i + ph, j:j + pw]) for j in range(0, c.shape[1] - pw + 1, s)]
                      for i in range(0, c.shape[0] - ph + 1, s)] for c in n] for n in x])
    H, W = x.shape[2:]
    rows = (H - ph) // s + 1
    columns = (W - pw) // s + 1
    return out, (x, pool_param, rows, columns)


def max_pool_backward_naive(dout, cache):
    x, pool_param, rows, columns = cache
    ph, pw, s = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    dx = np.zeros(x.shape)
    for i in range(rows):
        for j in range(columns):
            win = x[:, :, i * s:i * s + ph, j * s:j * s + pw]
            m = win == win.max(axis=(2, 3), keepdims=True)
            dx[:, :, i * s:i * s + ph, j * s:j * s + pw] += m * dout[:, :, i, j][:, :, None, None]
    return dx
"""

SLIPS = {
    "starts in a tuple": (CONV, {"top, left = i * s, j * s": "top, left = i, j"}),
    "a pad that is a number": (CONV, {
        "    padded = np.pad(x, [(0, 0), (0, 0), (p, p), (p, p)])\n    rows, columns":
        "    padded = np.pad(x, [(0, 0), (0, 0), (1, 1), (1, 1)])\n    rows, columns",
    }),
    "rounds of two loops": (CONV, {
        "    rows = (H + 2 * p - fh) // s + 1": "    rows = (H - fh) // s + 1",
        "    columns = (W + 2 * p - fw) // s + 1": "    columns = (W - fw) // s + 1",
    }),
    "a root that is cached": (BATCHNORM, {"    root = np.sqrt(var + eps)": "    root = np.std(var + eps)"}),
    "shares of running statistics": (BATCHNORM, {
        "momentum * running_mean + (1 - momentum) * mean": "momentum * running_mean + mean",
        "momentum * running_var + (1 - momentum) * var": "momentum * running_var + var",
    }),
    "a round's own filter": (CONV, {"left:left + fw] += g * w[f]": "left:left + fw] += g * w[0]"}),
    "a loop's last round": (POOL, {"W - pw + 1, s": "W - pw, s"}),
    "a size that is kept for the backward pass": (KEPT, {"columns = (W - pw) // s": "columns = (W - ph) // s"}),
    "a number of rounds that is kept for it": (KEPT, {"rows = (H - ph) // s + 1": "rows = (H - ph) // s"}),
    "a loop over fewer rounds than were kept": (KEPT, {"range(rows)": "range(rows - 1)"}),
    "a size that a helper computes": (POOL, {"// s + 1": "// s + 2"}),
    "a factor that is missing where a sum is used": (CLOSED, {"- along * self.xhat": "- along"}),
    "a share that is missing where a mask is made": (DROPOUT, {"mask = drawn / p": "mask = drawn"}),
    "statistics kept in a copy": (SETTINGS, {
        'bn_param["running_mean"] = k': 'own["running_mean"] = k',
        'bn_param["running_var"] = k': 'own["running_var"] = k',
    }),
    "a product of stacked matrices": (MIXED, {"np.matmul(w.T, dout)": "np.matmul(w, dout)"}),
}  # fmt: skip


@pytest.mark.parametrize(("right", "edits"), SLIPS.values(), ids=SLIPS)
def test_a_slip_is_told_and_mended_where_it_is_made(right, edits, tmp_path):
    path, wrong = tmp_path / "layer.py", right
    for before, after in edits.items():
        assert wrong.count(before) == 1
        wrong = wrong.replace(before, after)
    lines = [number for number, (a, b) in enumerate(zip(right.split("\n"), wrong.split("\n")), 1) if a != b]
    path.write_text(wrong, encoding="utf-8")
    findings = diagnose(path).all_findings
    assert [line for finding in findings for line in (finding.line, *(at for at, _ in finding.also))] == lines
    assert all(finding.proved for finding in findings)


def test_a_margin_of_the_right_class_is_missed(tmp_path):
    path = tmp_path / "svm.py"
    path.write_text(SVM.replace("    margins[rows, y] = 0\n", ""), encoding="utf-8")
    (finding,) = diagnose(path).all_findings
    assert (finding.line, finding.kind, finding.proved) == (7, "missing_line", True)
    assert finding.expected == "margins[rows, y] = 0, after this line"


def test_a_wrong_output_is_not_put_down_to_a_crash_behind_it(tmp_path):
    path = tmp_path / "mixed.py"
    text = BATCHNORM.replace("gamma * xhat + beta\n", "gamma * xhat - beta\n").replace("= cache", "= store")
    path.write_text(text, encoding="utf-8")
    first, second = diagnose(path).all_findings
    assert first.line == 13
    assert "NameError" not in first.evidence
    assert second.kind == "crash"


@pytest.mark.parametrize("right", [CONV, BATCHNORM, SVM, MIXED, POOL, CLOSED, DROPOUT, SETTINGS, KEPT])
def test_where_nothing_slipped_nothing_is_told(right, tmp_path):
    path = tmp_path / "layer.py"
    path.write_text(right, encoding="utf-8")
    assert diagnose(path).status == "right"


def test_what_is_made_for_the_backward_pass_is_mended_in_its_own_words_and_not_by_a_loop_that_is_over(tmp_path):
    path = tmp_path / "pool.py"
    loop = "    for i in range(x.shape[2] - pool_param['pool_height']):\n        pass\n    H, W ="
    wrong = KEPT.replace("rows = (H - ph) // s + 1", "rows = (H - ph) // s").replace("    H, W =", loop)
    path.write_text(wrong, encoding="utf-8")
    (finding,) = diagnose(path).all_findings
    assert finding.expected == "rows = (H - ph) // s + 1"
