"""Layers that are not the course's: held against `graphs/`, or against their own forward pass."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from backpropviz.diagnose import diagnose
from backpropviz.diagnose.pairs import inputs
from backpropviz.diagnose.runs.forms import Forms
from backpropviz.diagnose.runs.outcomes import all_right
from backpropviz.diagnose.telling.render import render_text

LEAKY = """
import numpy as np

def leaky_relu_forward(x, alpha=0.1):
    out = np.where(x > 0, x, alpha * x)
    return out, (x, alpha)

def leaky_relu_backward(dout, cache):
    x, alpha = cache
    dx = dout.copy()
    dx[x < 0] *= alpha
    return dx
"""

CROSS_CORRELATION = """
import numpy as np

def slide_forward(x, w):
    HH, WW = w.shape
    out = np.zeros((x.shape[0] - HH + 1, x.shape[1] - WW + 1))
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            out[i, j] = np.sum(x[i:i + HH, j:j + WW] * w)
    return out, (x, w)

def slide_backward(dout, cache):
    x, w = cache
    HH, WW = w.shape
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for i in range(dout.shape[0]):
        for j in range(dout.shape[1]):
            dx[i:i + HH, j:j + WW] += dout[i, j] * w
            dw += dout[i, j] * x[i:i + HH, j:j + WW]
    return dx, dw
"""

SQUARED_ERROR = """
import numpy as np

def mse_loss(pred, target):
    d = pred - target
    loss = np.sum(d ** 2) / d.shape[0]
    dpred = 2 * d / d.shape[0]
    return loss, dpred
"""

SANDWICH = """
import numpy as np

def affine_forward(x, w, b):
    return x.reshape(x.shape[0], -1) @ w + b, (x, w)

def affine_backward(dout, cache):
    x, w = cache
    dx = (dout @ w.T).reshape(x.shape)
    dw = x.reshape(x.shape[0], -1).T @ dout
    db = np.sum(dout, axis=0)
    return dx, dw, db

def relu_forward(x):
    return np.maximum(0, x), x

def relu_backward(dout, x):
    return dout * (x > 0)

def affine_relu_forward(x, w, b):
    a, fc_cache = affine_forward(x, w, b)
    out, relu_cache = relu_forward(a)
    return out, (fc_cache, relu_cache)

def affine_relu_backward(dout, cache):
    fc_cache, relu_cache = cache
    da = relu_backward(dout, relu_cache)
    return affine_backward(da, fc_cache)
"""

LINEAR = """
import numpy as np

def softmax_loss_vectorized(W, X, y, reg):
    scores = X.dot(W)
    scores -= scores.max(axis=1, keepdims=True)
    p = np.exp(scores)
    p /= p.sum(axis=1, keepdims=True)
    N = X.shape[0]
    loss = -np.log(p[np.arange(N), y]).sum() / N + 0.5 * reg * np.sum(W * W)
    p[np.arange(N), y] -= 1
    dW = X.T.dot(p) / N + reg * W
    return loss, dW
"""

GAINS = """
import numpy as np

def channel_gain_forward(z, a, c):
    return z * a[None, :, None, None] + c[None, :, None, None], (z, a)

def channel_gain_backward(do, cache):
    z, a = cache
    return do * a[None, :, None, None], (do * z).sum(axis=(0, 2, 3)), do.sum(axis=(0, 2, 3))
"""

TEMPERATURE = """
import numpy as np

def scaled_forward(logit, tau):
    return logit / tau, (logit, tau)

def scaled_backward(g, cache):
    logit, tau = cache
    return g / tau, -np.sum(g * logit) / tau ** 2
"""

MIXING = """
import numpy as np

def mixing_forward(x, w, w_out, heads=3):
    N, T, D = x.shape
    parts = (x @ w).reshape(N, T, 3, heads, D // heads).transpose(2, 0, 3, 1, 4)
    q, k, v = parts
    scores = q @ k.swapaxes(-1, -2) / np.sqrt(D // heads)
    scores = np.where(np.tri(T) == 0, -1e9, scores)
    p = np.exp(scores - scores.max(axis=-1, keepdims=True))
    p = p / p.sum(axis=-1, keepdims=True)
    y = (p @ v).transpose(0, 2, 1, 3).reshape(N, T, D)
    return y @ w_out, (x, w, w_out, q, k, v, p, y, heads)

def mixing_backward(dout, cache):
    x, w, w_out, q, k, v, p, y, heads = cache
    N, T, D = x.shape
    dw_out = y.reshape(-1, D).T @ dout.reshape(-1, D)
    dy = (dout @ w_out.T).reshape(N, T, heads, D // heads).transpose(0, 2, 1, 3)
    dp = dy @ v.swapaxes(-1, -2)
    ds = p * (dp - (dp * p).sum(axis=-1, keepdims=True)) / np.sqrt(D // heads)
    dparts = np.stack([ds @ k, ds.swapaxes(-1, -2) @ q, p.swapaxes(-1, -2) @ dy])
    dboth = dparts.transpose(1, 3, 0, 2, 4).reshape(-1, 3 * D)
    return (dboth @ w.T).reshape(x.shape), x.reshape(-1, D).T @ dboth, dw_out
"""

LEARNED_LEAK = """
import numpy as np

def leak_forward(x, a):
    positive = x > 0
    out = np.where(positive, x, a * x)
    return out, (x, a, positive)

def leak_backward(dout, cache):
    x, a, positive = cache
    dx = np.where(positive, dout, a * dout)
    da = np.sum(np.where(positive, 0, x) * dout, axis=0)
    return dx, da
"""

PRODUCT = """
import numpy as np

def product_forward(x, u, v):
    p = x @ u
    q = x @ v
    return p * q, (x, u, v, p, q)

def product_backward(dout, cache):
    x, u, v, p, q = cache
    dp, dq = dout * q, dout * p
    dx = dp @ u.T + dq @ v.T
    du = x.T @ dp
    dv = x.T @ dq
    return dx, du, dv
"""

KNOB = """
import numpy as np

def knob_forward(x, g, s):
    h = x * g
    return h / (1 + np.abs(h)) + s, {"x": x, "g": g, "h": h}

def knob_backward(dout, cache):
    dh = dout / (1 + np.abs(cache["h"])) ** 2
    ds = np.sum(dout, axis=0)
    dg = np.sum(dh * cache["x"], axis=0)
    return dh * cache["g"], dg, ds
"""

TWO_NUMBERS = """
import numpy as np

def shifted_forward(x, alpha, beta):
    s = 1 / (1 + np.exp(-(alpha * x + beta)))
    return x * s, (x, alpha, s)

def shifted_backward(dout, cache):
    x, alpha, s = cache
    dz = dout * x * s * (1 - s)
    dx = dout * s + dz * alpha
    dalpha = np.sum(dz * x)
    dbeta = np.sum(dz)
    return dx, dalpha, dbeta
"""


GATED = """
import numpy as np

def gated_step_forward(x, h, Wz, Uz, Wr, Ur, Wn, Un):
    z = 1 / (1 + np.exp(-(x @ Wz + h @ Uz)))
    r = 1 / (1 + np.exp(-(x @ Wr + h @ Ur)))
    n = np.tanh(x @ Wn + (r * h) @ Un)
    return (1 - z) * h + z * n, (x, h, z, r, n, Wz, Uz, Wr, Ur, Wn, Un)

def gated_step_backward(dnext, cache):
    x, h, z, r, n, Wz, Uz, Wr, Ur, Wn, Un = cache
    dn = dnext * z * (1 - n**2)
    dWn, dUn = x.T @ dn, (r * h).T @ dn
    drh = dn @ Un.T
    dh = dnext * (1 - z) + drh * r
    da_z = dnext * (n - h) * z * (1 - z)
    dWz, dUz = x.T @ da_z, h.T @ da_z
    da_r = drh * h * r * (1 - r)
    dWr, dUr = x.T @ da_r, h.T @ da_r
    dh += da_z @ Uz.T + da_r @ Ur.T
    dx = da_z @ Wz.T + da_r @ Wr.T + dn @ Wn.T
    return dx, dh, dWz, dUz, dWr, dUr, dWn, dUn
"""


DROPPED = """
import numpy as np

class Drop:
    def __init__(self, p=0.5):
        self.p = p

    def forward(self, x):
        self.kept = np.random.rand(*x.shape) > self.p
        return x * self.kept / (1 - self.p)

    def backward(self, g):
        return g * self.kept / (1 - self.p)
"""

SLOPES = """
import numpy as np

class Slopes:
    def __init__(self, n):
        self.a = np.full(n, 0.25)

    def forward(self, x):
        self.x = x
        return np.where(x > 0, x, self.a * x)

    def backward(self, g):
        self.da = np.sum(g * self.x * (self.x <= 0), axis=0)
        return np.where(self.x > 0, g, self.a * g)
"""

FOCAL = """
import numpy as np

def focal_loss(logits, y, gamma=2.0):
    p = 1 / (1 + np.exp(-logits))
    pt = np.where(y == 1, p, 1 - p)
    loss = -np.mean((1 - pt) ** gamma * np.log(pt))
    s = np.where(y == 1, 1, -1)
    dpt = (1 - pt) ** (gamma - 1) * (gamma * np.log(pt) - (1 - pt) / pt)
    dlogits = dpt * s * p * (1 - p) / logits.size
    return loss, dlogits
"""


HIGHWAY = """
import numpy as np

class Carry:
    def __init__(self, d):
        self.Wt, self.bt = np.random.randn(d, d), np.zeros(d)
        self.Wh, self.bh = np.random.randn(d, d), np.zeros(d)

    def forward(self, x):
        self.x = x
        self.t = 1 / (1 + np.exp(-(x @ self.Wt + self.bt)))
        self.h = np.tanh(x @ self.Wh + self.bh)
        return self.t * self.h + (1 - self.t) * x

    def backward(self, g):
        dt = g * (self.h - self.x) * self.t * (1 - self.t)
        dh = g * self.t * (1 - self.h**2)
        self.dWt, self.dbt = self.x.T @ dt, dt.sum(0)
        self.dWh, self.dbh = self.x.T @ dh, dh.sum(0)
        return dt @ self.Wt.T + dh @ self.Wh.T + g * (1 - self.t)
"""

HUBER = """
import numpy as np

def huber_loss(pred, target, delta=1.0):
    e = pred - target
    small = np.abs(e) <= delta
    loss = np.where(small, 0.5 * e**2, delta * (np.abs(e) - 0.5 * delta)).mean()
    grad = np.where(small, e, delta * np.sign(e)) / e.size
    return loss, grad
"""

STRIDED = """
import numpy as np

class Windows:
    def __init__(self, n_in, n_out, k, stride=1):
        self.W = np.random.randn(n_out, n_in, k) * 0.1
        self.k, self.s = k, stride

    def forward(self, x):
        self.x = x
        out = np.zeros((x.shape[0], self.W.shape[0], (x.shape[2] - self.k) // self.s + 1))
        for t in range(out.shape[2]):
            seg = x[:, :, t * self.s:t * self.s + self.k]
            out[:, :, t] = np.tensordot(seg, self.W, axes=([1, 2], [1, 2]))
        return out

    def backward(self, dout):
        self.dW, dx = np.zeros_like(self.W), np.zeros_like(self.x)
        for t in range(dout.shape[2]):
            seg = self.x[:, :, t * self.s:t * self.s + self.k]
            self.dW += np.tensordot(dout[:, :, t], seg, axes=([0], [0]))
            dx[:, :, t * self.s:t * self.s + self.k] += np.tensordot(dout[:, :, t], self.W, axes=([1], [0]))
        return dx
"""


DIVERGENCE = """
import numpy as np

def kl_gaussian(mu, logvar):
    kl = -0.5 * np.sum(1 + logvar - mu**2 - np.exp(logvar), axis=1)
    return kl.mean()

def kl_gaussian_grad(mu, logvar):
    dmu = mu / len(mu)
    dlogvar = 0.5 * (np.exp(logvar) - 1) / len(mu)
    return dmu, dlogvar
"""

SPARSE = """
import numpy as np

def sparse_regression(w, b, X, y, lam=0.01):
    err = X @ w + b - y
    loss = 0.5 * np.mean(err**2) + lam * np.sum(np.abs(w))
    dw = X.T @ err / len(y) + lam * np.sign(w)
    db = np.mean(err)
    return loss, dw, db
"""

FILTERED = """
import numpy as np

def windows_of(x, w, stride, padding):
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    seen = np.lib.stride_tricks.sliding_window_view(padded, w.shape[2:], axis=(2, 3))
    return padded, seen[:, :, ::stride, ::stride]

def filtered(x, w, stride=1, padding=0):
    _, seen = windows_of(x, w, stride, padding)
    return np.einsum("nchwij,fcij->nfhw", seen, w)

def filtered_backward(dout, x, w, stride=1, padding=0):
    padded, seen = windows_of(x, w, stride, padding)
    dw = np.einsum("nfhw,nchwij->fcij", dout, seen)
    dxp = np.zeros_like(padded)
    h, width = stride * dout.shape[2], stride * dout.shape[3]
    for i in range(w.shape[2]):
        for j in range(w.shape[3]):
            dxp[:, :, i:i + h:stride, j:j + width:stride] += np.einsum("nfhw,fc->nchw", dout, w[:, :, i, j])
    dx = dxp[:, :, padding:dxp.shape[2] - padding, padding:dxp.shape[3] - padding]
    return dx, dw
"""


OVER_TIME = """
import numpy as np

class Unrolled:
    def __init__(self, n_in, n_h):
        self.Wx, self.Wh, self.b = np.random.randn(n_in, n_h), np.random.randn(n_h, n_h), np.zeros(n_h)

    def forward(self, xs, h0):
        self.xs, self.hs = xs, [h0]
        for x in xs:
            self.hs.append(np.tanh(x @ self.Wx + self.hs[-1] @ self.Wh + self.b))
        return np.array(self.hs[1:])

    def backward(self, dhs):
        self.dWx, self.dWh, self.db = np.zeros_like(self.Wx), np.zeros_like(self.Wh), np.zeros_like(self.b)
        dxs, dh_next = np.zeros_like(self.xs), np.zeros_like(self.hs[0])
        for t in reversed(range(len(self.xs))):
            da = (dhs[t] + dh_next) * (1 - self.hs[t + 1] ** 2)
            self.dWx += self.xs[t].T @ da
            self.dWh += self.hs[t].T @ da
            self.db += da.sum(axis=0)
            dxs[t] = da @ self.Wx.T
            dh_next = da @ self.Wh.T
        return dxs, dh_next
"""

CONTRAST = """
import numpy as np

def contrastive_loss(z1, z2, tau=0.5):
    s = z1 @ z2.T / tau
    p = np.exp(s) / np.exp(s).sum(axis=1, keepdims=True)
    n = len(z1)
    loss = -np.log(p[np.arange(n), np.arange(n)]).mean()
    ds = (p - np.eye(n)) / n
    dz1 = ds @ z2 / tau
    dz2 = ds.T @ z1 / tau
    return loss, dz1, dz2
"""


SIDE_BY_SIDE = """
import numpy as np

class Gates:
    def __init__(self, n_x, n_h):
        self.W, self.n_h = np.random.randn(n_x + n_h, 2 * n_h) * 0.1, n_h

    def forward(self, x, h, c):
        self.z, self.c = np.hstack([x, h]), c
        f, g = np.split(self.z @ self.W, 2, axis=1)
        self.f, self.g = 1 / (1 + np.exp(-f)), np.tanh(g)
        return self.f * c + self.g

    def backward(self, dc):
        da = np.hstack([dc * self.c * self.f * (1 - self.f), dc * (1 - self.g**2)])
        self.dW = self.z.T @ da
        dz = da @ self.W.T
        n_x = self.z.shape[1] - self.n_h
        return dz[:, :n_x], dz[:, n_x:], dc * self.f
"""


ACTIVATED = """
import numpy as np

class Dense:
    def __init__(self, n_in, n_out):
        self.W, self.b = np.random.randn(n_in, n_out), np.zeros(n_out)

    def forward(self, x):
        self.x, self.z = x, x @ self.W + self.b
        return np.maximum(self.z, 0)

    def backward(self, dout):
        dz = dout * (self.z > 0)
        self.dW = self.x.T @ dz
        self.db = dz.sum(axis=0)
        return dz @ self.W.T
"""


def report(folder, text):
    path = folder / "hand_in.py"
    path.write_text(text, encoding="utf-8")
    return diagnose(path)


@pytest.mark.parametrize("text", [LEAKY, CROSS_CORRELATION, SQUARED_ERROR, SANDWICH, LINEAR, GAINS, TEMPERATURE])
def test_right_pairs_are_right(tmp_path, text):
    found = report(tmp_path, text)
    assert found.functions
    assert {function.status for function in found.functions} == {"right"}


@pytest.mark.costly
@pytest.mark.parametrize(
    ("text", "right", "wrong"),
    [
        (LEAKY, "dx[x < 0] *= alpha", "dx[x < 0] = alpha"),
        (CROSS_CORRELATION, "dw += dout", "dw = dout"),
        (SQUARED_ERROR, "dpred = 2 * d / d.shape[0]", "dpred = d / d.shape[0]"),
        (LINEAR, "p[np.arange(N), y] -= 1", "p[np.arange(N), y] = 1"),
        (LINEAR, "/ N + reg * W", "/ N + 2 * reg * W"),
        (GAINS, "(do * z).sum", "(do * do).sum"),
    ],
)
def test_the_wrong_line_is_proved(tmp_path, text, right, wrong):
    faulty = text.replace(right, wrong)
    first = report(tmp_path, faulty).first
    line = next(number for number, line in enumerate(faulty.splitlines(), 1) if wrong in line)
    assert (first.line, first.proved) == (line, True)


FAILS = {
    LEARNED_LEAK: [("dout, axis=0)", "dout, axis=3)"), ("dx = np.where(positive", "dx = np.where(above")],
    PRODUCT: [("dp, dq = dout", "dp, dg = dout")],
    KNOB: [('cache["h"]', 'cache["hh"]'), ('* cache["g"]', '* cache["gain"]')],
    TWO_NUMBERS: [("np.sum(dz * x)", "np.sum(dz * z)"), ("alpha, s = cache", "alpha, beta, s = cache")],
}


@pytest.mark.parametrize(
    ("text", "right", "wrong", "kind"),
    [
        (GATED, "dh += da_z @ Uz.T + da_r @ Ur.T", "dh += da_z @ Uz.T", "missing_term"),
        (DROPPED, "return g * self.kept / (1 - self.p)", "return g * self.kept", "constant_factor"),
        (DROPPED.replace("p=0.5", "rate").replace("= p\n", "= rate\n"), "return g * self.kept / (1 - self.p)",
         "return g * self.kept", "constant_factor"),
        (SLOPES, "self.da = np.sum(g * self.x * (self.x <= 0), axis=0)", "self.da = np.sum(g * self.x, axis=0)",
         "missing_factor"),
        (HIGHWAY, "return dt @ self.Wt.T + dh @ self.Wh.T + g * (1 - self.t)", "return dt @ self.Wt.T + dh @ self.Wh.T",
         "missing_term"),
        # targets of one and zero would do with the sign of pred
        (HUBER, "grad = np.where(small, e, delta * np.sign(e)) / e.size", "grad = np.where(small, e, delta) / e.size",
         "missing_factor"),
        # with the step that is the default, nothing shows
        (STRIDED, "seg = self.x[:, :, t * self.s:t * self.s + self.k]", "seg = self.x[:, :, t:t + self.k]",
         "stride_pad"),
        # mu is no vector, though it is called as one
        (DIVERGENCE, "dlogvar = 0.5 * (np.exp(logvar) - 1) / len(mu)", "dlogvar = 0.5 * (1 - np.exp(logvar)) / len(mu)",
         "sign"),
        (SPARSE, "dw = X.T @ err / len(y) + lam * np.sign(w)", "dw = X.T @ err / len(y) + lam * w", "wrong_operand"),
        (FILTERED, "dx = dxp[:, :, padding:dxp.shape[2] - padding, padding:dxp.shape[3] - padding]",
         "dx = dxp[:, :, padding:-padding, padding:-padding]", "crop_at_pad_0"),
        # a vector for each moment would do for the way forward
        (OVER_TIME, "da = (dhs[t] + dh_next) * (1 - self.hs[t + 1] ** 2)",
         "da = (dhs[t] + dh_next) * (1 - self.hs[t] ** 2)", "wrong_slice"),
        (CONTRAST, "dz2 = ds.T @ z1 / tau", "dz2 = ds @ z1 / tau", "transposed"),
        (FOCAL, "dlogits = dpt * s * p * (1 - p) / logits.size", "dlogits = dpt * s * p * (1 - p)",
         "constant_factor"),
    ],
)  # fmt: skip
def test_what_is_left_out_is_put_where_a_person_would(tmp_path, text, right, wrong, kind):
    assert {function.status for function in report(tmp_path, text).functions} == {"right"}
    first = report(tmp_path, text.replace(right, wrong)).first
    assert (first.proved, first.kind) == (True, kind)
    assert first.expected == right or (text == FOCAL and first.expected.endswith(" / logits.size"))


def test_a_dense_layer_may_have_its_activation(tmp_path):
    """Its forward pass was called wrong, for going on where the affine layer of courses ends."""
    (right,) = report(tmp_path, ACTIVATED).functions
    assert right.status == "right"
    assert "it goes on where affine ends, with a function of every entry" in right.notes
    assert report(tmp_path, ACTIVATED.replace("dz.sum(", "dz.mean(")).first.statement == "self.db = dz.mean(axis=0)"
    without = ACTIVATED.replace("np.maximum(self.z, 0)", "self.z").replace("dout * (self.z > 0)", "dout")
    assert report(tmp_path, without.replace("x @ self.W + self.b", "x @ self.W")).first.function == "Dense.forward"


def test_a_number_is_no_size_that_is_computed(tmp_path):
    """Of x and h side by side only the sum of their lengths is known: with others, n_x was said to be `1 + 2 * 2`."""
    wrong = SIDE_BY_SIDE.replace("(1 - self.g**2)", "(1 - self.g)")
    found = report(tmp_path, wrong).all_findings
    assert all("self.g" in finding.statement for finding in found if finding.proved)


@pytest.mark.whole
@pytest.mark.parametrize(("text", "slip"), [(text, slip) for text, slips in FAILS.items() for slip in (None, *slips)])
def test_a_backward_pass_that_fails_is_not_excused_by_looking_at_less(loaded, text, slip):
    program, (pair,) = loaded(text.replace(*slip) if slip else text)
    form = Forms(program, pair).best()
    assert all_right(form.outcomes) == (slip is None)
    assert form.examination.pair.layer.wants == tuple(form.examination.cases[0][0].inputs)
    if slip is not None:  # as it is written, on rows
        assert form.examination.pair == replace(pair, layer=form.examination.pair.layer)
        assert all(case.inputs["x"].ndim == 2 for case, _ in form.examination.cases)
        assert all(outcome.failure.is_backward for outcome in form.outcomes)


def test_a_line_that_fails_does_not_hide_the_shapes_that_others_give(loaded):
    program, (pair,) = loaded(KNOB.replace('cache["h"]', 'cache["hh"]'))
    case, _ = Forms(program, pair).best().examination.cases[0]
    assert case.inputs["s"].shape == case.inputs["x"].shape[1:]  # `ds` is a sum over the rows


def test_heads_of_an_attention_are_found_without_a_long_search(tmp_path):
    namespace = {}
    exec(MIXING, namespace)
    runs = []

    def counted(x, w, w_out, heads=3):
        runs.append(x.shape)
        return namespace["mixing_forward"](x, w, w_out, heads)

    x, columns = [], []
    for its in inputs.cases(counted, {}, None, square=("w_out",))[:2]:
        x.append(its.inputs["x"].shape)
        columns.append(its.inputs["w_out"].shape)
    assert len(x) == 2  # at two sizes
    assert len(runs) < 600
    assert all(shape[-1] % 3 == 0 for shape in x)
    assert columns == [(shape[-1], shape[-1]) for shape in x]


@pytest.mark.rest
def test_weights_that_the_way_back_takes_to_be_square_are(tmp_path):
    [found] = report(tmp_path, MIXING).functions
    assert (found.status, len(found.ran)) == ("right", 2)
    faulty = MIXING.replace("dout @ w_out.T", "dout @ w_out")
    assert report(tmp_path, faulty).first.line == next(
        number for number, line in enumerate(faulty.splitlines(), 1) if "dout @ w_out)" in line
    )


def test_a_function_that_calls_a_wrong_one_is_not_blamed(tmp_path):
    found = report(tmp_path, SANDWICH.replace("db = np.sum(dout, axis=0)", "db = np.mean(dout, axis=0)"))
    affine, relu, sandwich = found.functions
    assert (affine.status, relu.status, sandwich.status) == ("wrong", "right", "wrong")
    assert sandwich.findings == affine.findings
    assert len(found.all_findings) == 1


def test_what_the_forward_pass_needs_from_elsewhere_is_named(tmp_path):
    text = SANDWICH.replace("def affine_forward", "from .layers import *\n\ndef _unused")
    function = report(tmp_path, text).functions[-1]
    assert function.status == "not examined"
    assert "affine_forward" in function.reason


def test_a_notebook_is_diagnosed_by_cell_and_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cells = [
        ("markdown", "# Swish"),
        ("code", "%matplotlib inline\nimport numpy as np\nimport matplotlib.pyplot as plt"),
        ("code", "def swish_forward(x):\n    s = 1 / (1 + np.exp(-x))\n    return x * s, (x, s)"),
        ("code", "def swish_backward(dout, cache):\n    x, s = cache\n    dx = dout * (s + x * s)\n    return dx"),
    ]
    notebook = {"cells": [{"cell_type": kind, "source": text} for kind, text in cells], "nbformat": 4}
    path = tmp_path / "swish.ipynb"
    path.write_text(json.dumps(notebook), encoding="utf-8")
    text = render_text(diagnose(path))
    assert "swish.ipynb:cell 4:1  swish_backward  wrong" in text
    assert "swish.ipynb:cell 4:3  dx = dout * (s + x * s)" in text
    right = path.read_text(encoding="utf-8").replace("(s + x * s)", "(s + x * s * (1 - s))")
    path.write_text(right, encoding="utf-8")
    assert "swish_backward  right" in render_text(diagnose(path))


@pytest.mark.parametrize(
    ("package", "other"), [("hypothesis", "pytest_benchmark"), ("nowhere", "elsewhere")]
)  # installed, and not
def test_what_is_installed_besides_numpy_makes_no_difference(tmp_path, package, other):
    path = tmp_path / "layer.py"
    path.write_text(
        f"""
import numpy as np
import {package}.nn as nn
try:
    import {other} as xp
except ImportError:
    xp = np

class Square(nn.Module):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return xp.square(x)

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        return grad_output * 2 * x

model = nn.Linear(3, 2)
""",
        encoding="utf-8",
    )
    report = diagnose(path)
    assert [(function.name, function.status) for function in report.functions] == [("Square.backward", "right")]
    assert f"not loaded, and stood in for: {package}, {package}.nn" in report.notes


def test_a_network_is_also_run_with_weights_around_zero():
    """Behind positive ones, everything is positive: a ReLU that the backward pass forgets changes nothing."""

    def network(x, w1, w2):
        return np.maximum(0, np.maximum(0, x @ w1) @ w2), (x, w1, w2)

    (its,) = (one for one in inputs.cases(network, {}, None) if one.words == "weights around zero")
    assert all(abs(np.mean(its.inputs[name])) < 1e-12 for name in ("w1", "w2"))


PENALIZED = """
import numpy as np

class Dense:
    def __init__(self, n_inputs, n_neurons, l2=0):
        self.weights = np.random.randn(n_inputs, n_neurons)
        self.l2 = l2

    def forward(self, inputs):
        self.inputs = inputs
        self.output = inputs @ self.weights

    def backward(self, dvalues):
        self.dweights = self.inputs.T @ dvalues
        if self.l2 > 0:
            self.dweights += 7 * self.l2 * self.weights
        self.dinputs = dvalues @ self.weights.T
"""


def test_a_term_on_a_condition_that_is_never_true_is_told(tmp_path):
    path = tmp_path / "dense.py"
    path.write_text(PENALIZED, encoding="utf-8")
    (function,) = diagnose(path).functions
    assert function.status == "right"
    assert "not looked at: what line 16 would add, on a condition that was never true" in function.notes


GATES_IN_ONE = """
import numpy as np
def blend_forward(x, h, W, U, b):
    H = h.shape[1]
    gx, gh = x @ W + b, h @ U
    r, z = (1 / (1 + np.exp(-(gx[:, i * H : (i + 1) * H] + gh[:, i * H : (i + 1) * H]))) for i in (0, 1))
    n = np.tanh(gx[:, 2 * H :] + r * gh[:, 2 * H :])
    return (1 - z) * n + z * h, (x, h, W, U, r, z, n, gh)
def blend_backward(dout, cache):
    x, h, W, U, r, z, n, gh = cache
    H = h.shape[1]
    dan = dout * (1 - z) * (1 - n * n)
    dar = dan * gh[:, 2 * H :] * r * (1 - r)
    daz = dout * (h - n) * z * (1 - z)
    dgx, dgh = np.hstack([dar, daz, dan]), np.hstack([dar, daz, dan * r])
    return dgx @ W.T, dout * z + dgh @ U.T, x.T @ dgx, h.T @ dgh, dgx.sum(axis=0)
"""


def test_sizes_that_run_by_broadcasting_alone_are_held_against_nobody(tmp_path):
    """Of what is left of the gates, one column was enough for the forward pass."""
    (tmp_path / "gated.py").write_text(GATES_IN_ONE, encoding="utf-8")
    assert diagnose(tmp_path / "gated.py").status == "right"


KEYED = """
import numpy as np
def shear_forward(x, w, *, gain=1.0, stride=1):
    return gain * x[:, ::stride].dot(w[::stride]), (x, w, gain, stride)
def shear_backward(dout, cache):
    x, w, gain, stride = cache
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    dx[:, ::stride] = gain * dout.dot(w[::stride].T)
    dw[::stride] = gain * x[:, ::stride].T.dot(dout)
    return dx, dw
"""


@pytest.mark.parametrize("left_out", ["", "gain * dout"])
def test_settings_that_are_given_by_name_alone_are_changed_as_well(tmp_path, left_out):
    text = KEYED.replace(left_out, "dout") if left_out else KEYED
    (tmp_path / "keyed.py").write_text(text, encoding="utf-8")
    report = diagnose(tmp_path / "keyed.py")
    assert report.status == ("wrong" if left_out else "right")
    assert {"other settings", "stride 2"} <= {*report.functions[0].ran}
