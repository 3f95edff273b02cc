"""What the diagnosis says should stand there, for slips that take more than another token: one file for each."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from backpropviz.diagnose import diagnose
from backpropviz.diagnose.plans import in_order
from backpropviz.diagnose.scene import Suspect

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
    line = SimpleNamespace(function="backward", index=0)
    suspects = [Suspect(line, 0.5), Suspect(line, 0.5), Suspect(line, 0.2)]
    assert [its for _, its, _ in in_order(suspects, lambda _: ((), None))] == [suspects[2], *suspects[:2]]
