"""What is left out of a line of one's own layer is put back where a person would, and a right one is no alarm."""

from __future__ import annotations

import pytest

from tests.handed_in import report

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
