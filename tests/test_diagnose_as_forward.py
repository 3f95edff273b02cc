"""Lines of a backward pass that are wrong together are held against the forward pass, which has them right."""

import pytest

from backpropviz.diagnose import diagnose

POOL = """
import numpy as np


def max_pool_forward(x, pool_param):
    N, C, H, W = x.shape
    ph, pw, s = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
    Ho, Wo = (H - ph) // s + 1, (W - pw) // s + 1
    out = np.zeros((N, C, Ho, Wo))
    best = np.zeros((N, C, Ho, Wo), dtype=int)
    for i in range(Ho):
        for j in range(Wo):
            top = i * s
            left = j * s
            flat = x[:, :, top:top + ph, left:left + pw].reshape(N, C, -1)
            best[:, :, i, j] = flat.argmax(axis=2)
            out[:, :, i, j] = flat.max(axis=2)
    return out, (x, best, pool_param)


def max_pool_backward(dout, cache):
    x, best, pool_param = cache
    N, C, H, W = x.shape
    ph, pw, s = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
    Ho, Wo = (H - ph) // s + 1, (W - pw) // s + 1
    dx = np.zeros_like(x)
    n, c = np.arange(N)[:, None], np.arange(C)[None]
    for i in range(Ho):
        for j in range(Wo):
            top = i * s
            left = j * s
            at = best[:, :, i, j]
            row = top + at // pw
            col = left + at % pw
            dx[n, c, row, col] += dout[:, :, i, j]
    return dx
"""

CONV = """
import numpy as np

def conv_forward(x, w, b, conv_param):
    s, p = conv_param['stride'], conv_param['pad']
    F, C, HH, WW = w.shape
    N, C, H, W = x.shape
    around = ((0, 0), (0, 0), (p, p), (p, p))
    xp = np.pad(x, around)
    Ho, Wo = 1 + (H + 2 * p - HH) // s, 1 + (W + 2 * p - WW) // s
    out = np.zeros((N, F, Ho, Wo))
    for i in range(Ho):
        for j in range(Wo):
            field = xp[:, :, i * s:i * s + HH, j * s:j * s + WW]
            out[:, :, i, j] = np.tensordot(field, w, ((1, 2, 3), (1, 2, 3))) + b
    return out, (x, w, b, conv_param)

def conv_backward(dout, cache):
    x, w, b, conv_param = cache
    s, p = conv_param['stride'], conv_param['pad']
    F, C, HH, WW = w.shape
    N, C, H, W = x.shape
    xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)), 'edge')
    dxp, dw, db = np.zeros_like(xp), np.zeros_like(w), dout.sum(axis=(0, 2, 3))
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            field = xp[:, :, i * s:i * s + HH, j * s:j * s + WW]
            dw += np.tensordot(dout[:, :, i, j], field, (0, 0))
            dxp[:, :, i * s:i * s + HH, j * s:j * s + WW] += np.tensordot(dout[:, :, i, j], w, 1)
    return dxp[:, :, p:p + H, p:p + W], dw, db
"""

SLIPS = {
    "a quotient and its rest": [("top + at // pw", "top + at % pw"), ("left + at % pw", "left + at // pw")],
    "two loops": [("for i in range(Ho):", "for i in range(1, Ho):"), ("for j in range(Wo):", "for j in range(1, Wo):")],
}


@pytest.mark.parametrize("slip", SLIPS)
def test_two_lines_that_are_wrong_together_are_named_and_mended(tmp_path, slip):
    start = POOL.partition("def max_pool_backward")[0].count("\n")
    lines = POOL.splitlines()
    expected = []
    for right, wrong in SLIPS[slip]:
        at = next(i for i, line in enumerate(lines) if i > start and right in line)
        expected.append((at + 1, lines[at].strip()))
        lines[at] = lines[at].replace(right, wrong)
    (tmp_path / "pool.py").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (function,) = diagnose(tmp_path / "pool.py").functions
    found = [(its.line, its.expected) for its in function.findings]
    assert found == expected
    assert all(its.proved for its in function.findings)
    assert [its.together for its in function.findings] == [True, False]


def test_a_name_that_the_backward_pass_has_not_is_spelled_out(tmp_path):
    (tmp_path / "conv.py").write_text(CONV, encoding="utf-8")
    (function,) = diagnose(tmp_path / "conv.py").functions
    (finding,) = function.findings
    assert (finding.line, finding.proved) == (23, True)
    assert finding.expected == "xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))"


def test_what_does_not_rest_on_a_line_is_not_said_to_be_wrong_because_of_it(tmp_path):
    forward, middle, backward = CONV.partition("def conv_backward")
    text = forward + middle + backward.replace(" xp", " padded").replace("_like(xp)", "_like(padded)")
    (tmp_path / "conv.py").write_text(text, encoding="utf-8")
    (finding,) = diagnose(tmp_path / "conv.py").functions[0].findings
    assert (finding.statement[:5], finding.proved) == ("dw +=", False)
    assert "dxp" not in finding.cascade


def test_axes_are_moved_before_they_are_flattened(tmp_path):
    text = """
import numpy as np

def max_pool_forward(x, pool_param):
    N, C, H, W = x.shape
    ph, pw, s = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
    Ho, Wo = (H - ph) // s + 1, (W - pw) // s + 1
    rows = [x[:, :, i * s:i * s + ph, j * s:j * s + pw].reshape(N * C, -1) for i in range(Ho) for j in range(Wo)]
    rows = np.concatenate(rows)
    best = rows.argmax(axis=1)
    out = rows[np.arange(best.size), best].reshape(Ho, Wo, N, C).transpose(2, 3, 0, 1)
    return out, (x, rows, best, pool_param)

def max_pool_backward(dout, cache):
    x, rows, best, pool_param = cache
    N, C, H, W = x.shape
    ph, pw, s = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
    Ho, Wo = dout.shape[2:]
    flat = dout.ravel()
    drows = np.zeros_like(rows)
    drows[np.arange(best.size), best] = flat
    drows = drows.reshape(Ho, Wo, N, C, ph, pw)
    dx = np.zeros_like(x)
    for i in range(Ho):
        for j in range(Wo):
            dx[:, :, i * s:i * s + ph, j * s:j * s + pw] += drows[i, j]
    return dx
"""
    (tmp_path / "pool.py").write_text(text, encoding="utf-8")
    (finding,) = diagnose(tmp_path / "pool.py").functions[0].findings
    assert (finding.statement, finding.proved) == ("flat = dout.ravel()", True)
    assert finding.expected == "flat = dout.transpose(2, 3, 0, 1).ravel()"
