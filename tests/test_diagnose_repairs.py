"""What the diagnosis says should stand there, for slips that take more than another token: one file for each."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import numpy as np
import pytest

from backpropviz.diagnose import diagnose
from backpropviz.diagnose.investigate import Investigation
from backpropviz.diagnose.runs.scene import Suspect
from backpropviz.diagnose.search.plans import in_order
from backpropviz.diagnose.student.recorder import Recorder, statements

sys.path.insert(0, str(Path(__file__).parent))
from tests.corpus import BLIND, Corpus

REPAIRS = [
    ("conv/035_maxpool_fancy_add", "np.add.at(dx, (n, c, row, col), dout)"),
    ("conv/038_maxpool_row_counter", "i += 1, after this line"),
    ("conv/008_conv_backward_tap_no_stride", "tap = xp[:, :, r:r + S * OH:S, q:q + S * OW:S]"),
    ("conv/007_conv_indices_hw_swapped", "c1 = stride * np.tile(np.arange(ow), oh)"),
    ("conv/040_avgpool_divides_by_square", "average = dout[n, c, i, j] / (pool_height * pool_width)"),
    ("conv/048_relu_clipped_at_one", "return np.clip(v, 0, None)"),
    ("course/004_hws03", "neuron = 0, before this line"),
    ("course/056_hwc06", "dx = _normalize_back(dxhat.T, xhat.T, istd).T"),
    ("dense/001_linear_dw_transposed", "self.dW = np.dot(self.x.T, dout)"),
    ("dense/017_tanh_cache_order", "x, t = cache"),
    ("dense/019_elu_without_alpha", "dx[neg] *= out[neg] + alpha"),
    ("dense/037_temporal_db_time_kept", "einsum('ntm->m', dout)"),
    ("dense/040_svm_right_class_minus_one", "dx[np.arange(N), y] -= num_pos"),
    ("dense/044_svm_naive_right_class_missing", "dW[:, y[i]] -= X[i], after this line"),
    ("dense/064_jacobian_inner_product", "np.outer(p, p)"),
    ("norm/001_bn_cache_running", "cache = (x, gamma, beta, sample_mean, sample_var, x_hat, eps)"),
    ("norm/004_ln_transpose_discarded", "dx = dx.T"),
    ("norm/021_bn_missing_var_line", "dxmu = dxmu + np.broadcast_to("),
    ("norm/024_bn_test_batch_stats", "x_norm = (x - r_mean)*(1 / np.sqrt(running_var + epsilon_))"),
    ("norm/026_ln_eps_not_passed", "param = {'mode': 'train', 'eps': eps}"),
    ("norm/032_bn_running_not_stored", "bn_param['running_mean'] = r_mean; bn_param['running_var'] = running_var"),
    ("norm/037_bn_trailing_comma", "dx = "),
    ("norm/040_ln_gamma_outside", "dnormed = dout * cache['gamma']"),
    ("slips/01_affine_relu", "dw = np.dot(xx.T, dout)"),
    ("slips/02_affine_relu", "db += dout[n]"),
    ("slips/19_gn", "M = H * W * size"),
    ("slips/35_pool_vector", "col = ws + best % WW"),
    ("slips/103_bn_paper", "cache['mean'] = sample_mean"),
    ("slips/128_softmax_vec", "dW = -X.T.dot(ind - p)"),
    ("slips/41_embed", "dx = dx_flat.reshape(N, T, V) * mask[:, :, None]"),
    ("slips/53_layer_utils_net", "da1 = relu_backward(dh1, a1)"),
    ("slips/56_net_function", "grads['b1'] = dhidden.sum(axis=0)"),
    ("slips/57_net_function", "dscores = dscores / N"),
]


@pytest.mark.costly
@pytest.mark.parametrize(("name", "expected"), REPAIRS, ids=[name for name, _ in REPAIRS])
def test_the_repair_is_told_and_proved(name, expected):
    folder, file = name.split("/")
    corpus = Corpus(BLIND / folder)
    first = diagnose(corpus.file(file)).first
    assert first is not None
    assert first.line in corpus.lines_of(file)
    assert expected in first.expected
    assert first.proved


FLIPPED = """
import numpy as np

def slide_forward(x, w):
    H, W = w.shape
    out = np.zeros((x.shape[0] - H + 1, x.shape[1] - W + 1))
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            out[i, j] = np.sum(x[i:i + H, j:j + W] * w)
    return out, (x, w)

def slide_backward(dout, cache):
    x, w = cache
    H, W = w.shape
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for i in range(dout.shape[0]):
        for j in range(dout.shape[1]):
            dx[i:i + H, j:j + W] += dout[i, j] * w[::-1, ::-1]
            dw += dout[i, j] * x[i:i + H, j:j + W]
    return dx, dw
"""


def test_a_kernel_is_not_flipped_where_windows_are_added(tmp_path):
    path = tmp_path / "slide.py"
    path.write_text(FLIPPED, encoding="utf-8")
    first = diagnose(path).first
    assert (first.line, first.expected, first.proved) == (18, "dx[i:i + H, j:j + W] += dout[i, j] * w", True)
    path.write_text(FLIPPED.replace("[::-1, ::-1]", ""), encoding="utf-8")
    assert diagnose(path).first is None


UNUSED = """
import numpy as np

def spread_forward(x):
    mean = x.sum(axis=0) / x.shape[0]
    centered = x - mean
    square = (centered * centered).sum(axis=0)
    out = centered * square
    return out, (centered, square)

def spread_backward(dout, cache):
    centered, square = cache
    dcentered = dout * square
    dsquare = (dout * centered).sum(axis=0)
    dx = dcentered.copy()
    dmean = -dcentered.sum(axis=0)
    dx += dmean / dout.shape[0]
    return dx
"""


def test_a_line_that_is_missing_is_told_behind_the_value_that_nothing_uses(tmp_path):
    """The last line could be rewritten with all of the path that is missing; the right value before it says more."""
    path = tmp_path / "spread.py"
    path.write_text(UNUSED, encoding="utf-8")
    first = diagnose(path).first
    line = UNUSED.splitlines().index("    dsquare = (dout * centered).sum(axis=0)") + 1
    assert (first.line, first.kind, first.proved) == (line, "missing_line", True)
    mended = UNUSED.replace("    dx = ", "    dcentered = dcentered + 2 * centered * dsquare\n    dx = ")
    path.write_text(mended, encoding="utf-8")
    assert diagnose(path).first is None


@pytest.mark.rest
@pytest.mark.costly
def test_a_network_of_large_pictures_is_examined_on_small_ones():
    report = diagnose(BLIND / "slips" / "right" / "three_layer.py")
    assert {function.name: function.status for function in report.functions}["ThreeLayerConvNet.loss"] == "right"


def test_a_gradient_stored_by_a_word_that_is_put_together_is_told_where_it_is_stored():
    report = diagnose(Corpus(BLIND / "slips").file("54_fc_net"))
    (finding,) = report.all_findings
    assert (finding.line, finding.statement) == (76, "grads['W' + str(i)] = dW")


def test_a_view_outside_of_the_array_ends_as_a_finding():
    """as_strided with wrong strides reads other memory, and an edit of it may end the process: neither happens."""
    report = diagnose(Corpus(BLIND / "conv").file("010_conv_as_strided_column_stride"))
    assert [finding.line for finding in report.all_findings][:1] == [20]
    assert "ended with code" not in report.all_findings[0].evidence


def test_what_scipy_has_is_stood_in_for():
    report = diagnose(Corpus(BLIND / "dense").file("038_lstm_inline_bptt"))
    assert {function.status for function in report.functions} == {"right"}


def test_two_faults_come_in_the_order_in_which_they_run():
    report = diagnose(Corpus(BLIND / "norm").file("019_gn2_gamma_and_count"))
    assert [finding.line for finding in report.functions[-1].findings] == [37, 14]
    assert [finding.line for finding in report.all_findings] == [
        14,
        37,
    ]  # its inner pass is a pair of its own, before it


def test_suspects_without_edits_come_in_their_order():
    """Two of one penalty, with nothing in between, were compared with each other."""
    (statement,) = statements(ast.parse("def f(x):\n    return x").body[0])
    suspects = [Suspect(statement, penalty) for penalty in (0.5, 0.5, 0.2)]
    assert [its for _, its, _ in in_order(suspects, lambda _: ((), None))] == [suspects[2], *suspects[:2]]


STEPS = """
import numpy as np

def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h = np.tanh(x.dot(Wx) + prev_h.dot(Wh) + b)
    return next_h, (x, prev_h, Wx, Wh, next_h)

def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    da = dnext_h * (1 - next_h ** 2)
    return da.dot(Wx.T), da.dot(Wh.T), x.T.dot(da), prev_h.T.dot(da), da.sum(axis=0)

def rnn_forward(x, h0, Wx, Wh, b):
    h = np.zeros((x.shape[0], x.shape[1], h0.shape[1]))
    caches, prev = [], h0
    for t in range(x.shape[1]):
        prev, cache = rnn_step_forward(x[:, t], prev, Wx, Wh, b)
        h[:, t] = prev
        caches.append(cache)
    return h, caches

def rnn_backward(dh, cache):
    N, T, H = dh.shape
    D = cache[0][0].shape[1]
    dx, dWx, dWh, db = np.zeros((N, T, D)), np.zeros((D, H)), np.zeros((H, H)), np.zeros(H)
    carry = np.zeros((N, H))
    for t in reversed(range(T)):
        dx[:, t], carry, dwx, dwh, dbt = rnn_step_backward({}, cache[t])
        dWx += dwx
        dWh += dwh
        db += dbt
    return dx, carry, dWx, dWh, db
"""
MARGINS = """
import numpy as np

def svm_loss_naive(W, X, y, reg):
    loss, dW = 0.0, np.zeros(W.shape)
    for i in range(X.shape[0]):
        scores = X[i].dot(W)
        for j in range(W.shape[1]):
            if j == y[i]:
                continue
            margin = scores[j] - scores[y[i]] + 1
            if margin > 0:
                loss += margin
                dW[:, j] += X[i]
{}        dW[:, y[i]] -= X[i]
    num_train = X.shape[0]
    loss /= num_train
    {}
    return loss + reg * np.sum(W * W), dW + 2 * reg * W
"""
COLUMNS = """
import numpy as np

def im2col(x, kh, kw, s, p):
    N, C, H, W = x.shape
    oh, ow = (H + 2 * p - kh) // s + 1, (W + 2 * p - kw) // s + 1
    padded = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
    col = np.zeros((N, C, kh, kw, oh, ow))
    for i in range(kh):
        for j in range(kw):
            col[:, :, i, j] = padded[:, :, i:i + s * oh:s, j:j + s * ow:s]
    return col.transpose(0, 4, 5, 1, 2, 3).reshape(N * oh * ow, -1)

def col2im(col, shape, kh, kw, s, p):
    N, C, H, W = shape
    oh, ow = (H + 2 * p - kh) // s + 1, (W + 2 * p - kw) // s + 1
    col = {}
    padded = np.zeros((N, C, H + 2 * p, W + 2 * p))
    for i in range(kh):
        for j in range(kw):
            padded[:, :, i:i + s * oh:s, j:j + s * ow:s] += col[:, :, i, j]
    return padded[:, :, p:p + H, p:p + W]

def conv_forward(x, w, b, conv_param):
    F, C, kh, kw = w.shape
    N, _, H, W = x.shape
    s, p = conv_param['stride'], conv_param['pad']
    col = im2col(x, kh, kw, s, p)
    out = (col @ w.reshape(F, -1).T + b).reshape(N, (H + 2 * p - kh) // s + 1, -1, F).transpose(0, 3, 1, 2)
    return out, (x, w, b, conv_param, col)

def conv_backward(dout, cache):
    x, w, b, conv_param, col = cache
    F, C, kh, kw = w.shape
    d = dout.transpose(0, 2, 3, 1).reshape(-1, F)
    dx = col2im(d @ w.reshape(F, -1), x.shape, kh, kw, conv_param['stride'], conv_param['pad'])
    return dx, (d.T @ col).reshape(w.shape), d.sum(axis=0)
"""
POOL = """
import numpy as np

def max_pool_forward(x, pool_param):
    ph, pw, s = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
    out = np.zeros((*x.shape[:2], 1 + (x.shape[2] - ph) // s, 1 + (x.shape[3] - pw) // s))
    for i in range(out.shape[2]):
        for j in range(out.shape[3]):
            top = i * {}
            left = j * {}
            out[:, :, i, j] = x[:, :, top:top + ph, left:left + pw].max(axis=(2, 3))
    return out, (x, pool_param)

def max_pool_backward(dout, cache):
    x, pool_param = cache
    ph, pw, s = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
    dx = np.zeros_like(x)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            window = x[:, :, i * s:i * s + ph, j * s:j * s + pw]
            mask = window == window.max(axis=(2, 3), keepdims=True)
            dx[:, :, i * s:i * s + ph, j * s:j * s + pw] += mask * dout[:, :, i:i + 1, j:j + 1]
    return dx
"""
_LENGTHS = "col.reshape(N, oh, ow, {}).transpose({})"


@pytest.mark.parametrize(
    ("text", "right", "wrong", "line"),
    [
        (STEPS, ["dh[:, t] + carry"], ["dh[:, t]"], 28),
        (MARGINS, ["        ", "dW /= num_train"], ["", "dW /= num_train"], 15),
        (MARGINS, ["        ", "dW /= num_train"], ["        ", ""], 17),
        pytest.param(
            COLUMNS, [_LENGTHS.format("C, kh, kw", "0, 3, 4, 5, 1, 2")],
            [_LENGTHS.format("kh, kw, C", "0, 5, 3, 4, 1, 2")], 17, marks=pytest.mark.rest,
        ),
        pytest.param(POOL, ["s", "s"], ["ph", "pw"], 9, marks=pytest.mark.rest),
    ],
    ids=["carried", "in front of its if", "a mean of the loss alone", "layout of columns", "starts of windows"],
)  # fmt: skip
def test_slips_on_several_places_of_a_line_or_block(tmp_path, text, right, wrong, line):
    path = tmp_path / "handed_in.py"
    path.write_text(text.replace("{}", "%s") % tuple(right), encoding="utf-8")
    assert diagnose(path).status == "right"
    path.write_text(text.replace("{}", "%s") % tuple(wrong), encoding="utf-8")
    first = diagnose(path).first
    assert (first.line, first.proved) == (line, True)


@pytest.mark.parametrize("divisor", ["np.sqrt(k.shape[-1])", "2"])
def test_a_product_in_a_longer_line_is_mended_as_it_is_written(tmp_path, divisor):
    """It was told as `np.dot`, and of a size that a class settles as `0.5 * (...)`."""
    text = f"""
import numpy as np

class Scores:
    def __init__(self, d_model=6, d_head=4):
        rng = np.random.default_rng(0)
        self.Wq = rng.normal(size=(d_model, d_head))
        self.Wk = rng.normal(size=(d_model, d_head))

    def forward(self, x):
        q, k = x @ self.Wq, x @ self.Wk
        self.x, self.q, self.k = x, q, k
        return q @ k.T / {divisor}

    def backward(self, ds):
        x, q, k = self.x, self.q, self.k
        dq = ds @ k / {divisor}
        dk = ds @ q / {divisor}
        self.dWq = x.T @ dq
        self.dWk = x.T @ dk
        return dq @ self.Wq.T + dk @ self.Wk.T
"""
    (tmp_path / "mine.py").write_text(text, encoding="utf-8")
    (finding,) = diagnose(tmp_path / "mine.py").functions[0].findings
    assert (finding.expected, finding.proved) == (f"dk = ds.T @ q / {divisor}", True)


def test_a_loss_of_ones_own_without_an_upstream_gradient_is_right(tmp_path):
    path = tmp_path / "loss.py"
    path.write_text(
        "import numpy as np\n"
        "def softmax_ce_forward(X, Y):\n"
        "    e = np.exp(X - X.max(axis=1, keepdims=True))\n"
        "    S = e / e.sum(axis=1, keepdims=True)\n"
        "    return -np.sum(Y * np.log(S)), (S, Y)\n"
        "def softmax_ce_backward(cache):\n"
        "    S, Y = cache\n"
        "    return S - Y\n",
        encoding="utf-8",
    )
    assert diagnose(path).status == "right"


AVERAGES = """
import numpy as np

def batchnorm_forward(x, gamma, beta, bn_param):
    eps, momentum = bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9)
    rm = bn_param.get("running_mean", np.zeros(x.shape[1]))
    rv = bn_param.get("running_var", np.zeros(x.shape[1]))
    if bn_param["mode"] == "test":
        return gamma * (x - rm) / np.sqrt(rv + eps) + beta, None
    m, v = x.mean(axis=0), x.var(axis=0)
    normed = (x - m) / np.sqrt(v + eps)
    rm = momentum * rm + (1 - momentum) * m
    rv = momentum * rv + momentum * v
    bn_param["running_mean"], bn_param["running_var"] = rm, rv
    return gamma * normed + beta, (normed, np.sqrt(v + eps), gamma)

def batchnorm_backward(dout, cache):
    normed, std, gamma = cache
    dn = dout * gamma
    dx = (dn - dn.mean(axis=0) - normed * (dn * normed).mean(axis=0)) / std
    return dx, (dout * normed).sum(axis=0), dout.sum(axis=0)
"""


def test_what_only_holds_for_averages_that_begin_at_zero_is_no_repair(loaded):
    program, (pair,) = loaded(AVERAGES)
    found = Investigation(program, pair).report().findings
    assert found[0].statement == "rv = momentum * rv + momentum * v"
    assert not any("rm" in finding.expected for finding in found)  # rm is 0.2 m there, so that v * rm / m is right


CONV = """
import numpy as np

def conv_forward_naive(x, w, b, conv_param):
    s, pad = conv_param["stride"], conv_param["pad"]
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    xp = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    out = np.zeros((N, F, 1 + (H + 2 * pad - HH) // s, 1 + (W + 2 * pad - WW) // s))
    for i in range(out.shape[2]):
        for j in range(out.shape[3]):
            out[:, :, i, j] = np.tensordot(xp[:, :, i*s:i*s+HH, j*s:j*s+WW], w, axes=([1, 2, 3], [1, 2, 3])) + b
    return out, (x, w, b, conv_param)

def conv_backward_naive(dout, cache):
    x, w, b, conv_param = cache
    s, pad = conv_param["stride"], conv_param["pad"]
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    xp = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    dxp, dw, db = np.zeros_like(xp), np.zeros_like(w), dout.sum(axis=(0, 2, 3))
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            dw += np.tensordot(dout[:, :, i, j], xp[:, :, i*s:i*s+HH, j*s:j*s+WW], axes=([0], [0]))
            dxp[:, :, i*s:i*s+HH, j*s:j*s+WW] = np.tensordot(dout[:, :, i, j], w, axes=([1], [0]))
    return dxp[:, :, pad:-pad, pad:-pad], dw, db
"""


def test_a_fault_that_shows_at_pad_0_does_not_hide_one_that_shows_everywhere(tmp_path):
    path = tmp_path / "conv.py"
    path.write_text(CONV, encoding="utf-8")
    first, second = diagnose(path).all_findings
    assert (first.kind, first.proved, " += " in first.expected) == ("overwritten", True, True)
    assert (second.kind, second.proved) == ("crop_at_pad_0", True)


def _doubled(array):
    array *= 2


def _laid_out_anew(array):
    array.shape = (3, 2)


@pytest.mark.parametrize("change", [_doubled, _laid_out_anew])
@pytest.mark.parametrize("hole", [0.5, np.nan])
def test_what_is_watched_has_changed_only_where_something_changed_it(change, hole):
    array = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, hole]])
    recorder = Recorder()
    recorder.watch("x", array)
    recorder.probe("f", 0, "y", 1.0)
    assert recorder.record.changed == {}
    change(array)
    for index in (1, 2):
        recorder.probe("f", index, "y", 2.0)
    assert recorder.record.changed == {"x": ("f", 1)}


RUNNING_MAXIMUM = """
import numpy as np

def max_pool_forward(x, pool_param):
    s, ph, pw = pool_param["stride"], pool_param["pool_height"], pool_param["pool_width"]
    rows, columns = (x.shape[2] - ph) // s + 1, (x.shape[3] - pw) // s + 1
    top = np.zeros(x.shape[:2] + (rows, columns))
    where = np.zeros(top.shape, dtype=int)
    for at in range(ph * pw):
        i, j = divmod(at, pw)
        piece = x[:, :, i : i + s * rows : s, j : j + s * columns : s][:, :, :rows, :columns]
        larger = piece > top
        top = np.where(larger, piece, top)
        where[larger] = at
    return top, (where, x.shape, pool_param)

def max_pool_backward(dout, cache):
    where, shape, pool_param = cache
    s, pw, ph = pool_param["stride"], pool_param["pool_width"], pool_param["pool_height"]
    dx = np.zeros(shape)
    for n, c, i, j in np.ndindex(*dout.shape):
        a, b = divmod(where[n, c, i, j], pw)
        dx[n, c, i * s + a, j * s + b] += dout[n, c, i, j]
    return dx
"""


def test_a_condition_is_not_divided_by_what_may_be_zero(tmp_path):
    path = tmp_path / "pool.py"
    path.write_text(RUNNING_MAXIMUM, encoding="utf-8")
    findings = diagnose(path).all_findings
    assert findings
    assert not any("larger /" in finding.expected for finding in findings)
