"""Loops stay loops in derived code: once each, run backward, right at other sizes and lengths."""

import ast
import inspect

import numpy as np
import pytest

import backpropviz as bp
from backpropviz.code.derive import derive
from backpropviz.code.folding import Fold, fold
from backpropviz.code.pairs import pair
from backpropviz.code.rolled import rolled
from backpropviz.draw.diagram import Diagram
from backpropviz.draw.formats import export
from backpropviz.draw.wiring import read_circuit
from backpropviz.engine.rounds import Rounds
from backpropviz.layers.library import load
from backpropviz.show.view import view

# ---- functions as people write them ---------------------------------------------------------------------------------


def convolution(x, w, b, *, stride=1, pad=1):
    N, _C, H, W = x.shape
    F, _, HH, WW = w.shape
    xp = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    Ho = 1 + (H + 2 * pad - HH) // stride
    Wo = 1 + (W + 2 * pad - WW) // stride
    out = np.zeros((N, F, Ho, Wo))
    for n in range(N):
        for f in range(F):
            for i in range(Ho):
                for j in range(Wo):
                    window = xp[n, :, i * stride : i * stride + HH, j * stride : j * stride + WW]
                    out[n, f, i, j] = np.sum(window * w[f]) + b[f]
    return out


def rnn(x, wx, wh, b):
    N, T, _ = x.shape
    H = wh.shape[0]
    h = np.zeros((N, T, H))
    prev = np.zeros((N, H))
    for t in range(T):
        prev = np.tanh(x[:, t] @ wx + prev @ wh + b)
        h[:, t] = prev
    return h


def rnn_from_a_state(x, h0, wx, wh, b):
    h = h0
    hs = np.zeros((x.shape[0], x.shape[1], h0.shape[1]))
    for t in range(x.shape[1]):
        z = x[:, t] @ wx + h @ wh + b
        h = np.tanh(z)
        hs[:, t] = h
    return hs, h


def pooling(x, *, size=2, stride=2):
    N, C, H, W = x.shape
    Ho, Wo = 1 + (H - size) // stride, 1 + (W - size) // stride
    out = np.zeros((N, C, Ho, Wo))
    for n in range(N):
        for c in range(C):
            for i in range(Ho):
                for j in range(Wo):
                    window = x[n, c, i * stride : i * stride + size, j * stride : j * stride + size]
                    out[n, c, i, j] = np.max(window)
    return out


def by_rows(x, w):
    out = np.zeros(x.shape)
    for i in range(len(x)):
        out[i] = x[i] * w
    return out


def newton(a, *, k=5):
    x = a
    for _ in range(k):
        x = 0.5 * (x + a / x)
    return x


def power(x, w):
    acc = np.zeros(x.shape)
    p = np.ones(x.shape)
    for k in range(4):
        acc += w[k] * p
        p = p * x
    return acc


def lookback(x, w):
    h = np.zeros((5, 3))
    h[0] = x[0]
    for t in range(1, 5):
        h[t] = np.sin(h[t - 1] * w) + x[t]
    return h * 2


def nested(x, w):
    out = np.zeros(x.shape[0])
    for i in range(x.shape[0]):
        s = 0.0 * w[0]
        for j in range(x.shape[1]):
            s = s + x[i, j] * w[j] * s
            s = s + x[i, j]
        out[i] = s
    return out


def listed(x, w):
    h = x[:, 0] * 0.0
    hs = []
    for t in range(x.shape[1]):
        h = np.tanh(h * w[t] + x[:, t])
        hs.append(h)
    return np.stack(hs, axis=1)


def lstm(x, wx, wh, b):
    N, T, _ = x.shape
    H = wh.shape[0]
    h = np.zeros((N, H))
    c = np.zeros((N, H))
    out = np.zeros((N, T, H))
    for t in range(T):
        a = x[:, t] @ wx + h @ wh + b
        i = 1 / (1 + np.exp(-a[:, :H]))
        f = 1 / (1 + np.exp(-a[:, H : 2 * H]))
        o = 1 / (1 + np.exp(-a[:, 2 * H : 3 * H]))
        g = np.tanh(a[:, 3 * H :])
        c = f * c + i * g
        h = o * np.tanh(c)
        out[:, t] = h
    return out


def adam(w, g, *, rate=0.1):
    m = 0.0 * g
    v = 0.0 * g
    for t in range(1, 4):
        m = 0.9 * m + 0.1 * g
        v = 0.99 * v + 0.01 * g * g
        w = w - rate * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.99**t)) + 1e-3)
    return w


def sinkhorn(x):
    k = np.exp(x)
    for _ in range(3):
        k = k / k.sum(axis=1, keepdims=True)
        k = k / k.sum(axis=0, keepdims=True)
    return k


def weighted_windows(x, w):
    total = np.zeros((x.shape[0], len(w)))
    for j, scale in zip(range(3), [1.0, 2.0, 0.5]):
        total[:, j] = x[:, j] * w[j] * scale
    return total


def reversed_time(x, w):
    carry = np.zeros(x.shape[0])
    out = np.zeros(x.shape)
    for t in reversed(range(x.shape[1])):
        carry = np.tanh(carry * w[t] + x[:, t])
        out[:, t] = carry
    return out


def momentum(w, g, *, steps=4):
    m = np.zeros(w.shape)
    for _ in range(steps):
        m = 0.9 * m + g * w
        w = w - 0.1 * m
    return w


def adam_from_zeros(w, g):
    m, v = np.zeros_like(w), np.zeros_like(w)
    for t in range(1, 4):
        m = 0.9 * m + 0.1 * g
        v = 0.99 * v + 0.01 * g * g
        w = w - 0.1 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.99**t)) + 1e-3)
    return w


def counted_rows(x, w):
    out = np.zeros(x.shape)
    for i, row in enumerate(x):
        out[i] = row * w
    return out


def zipped(x, w):
    total = np.zeros(x.shape[1])
    for row, scale in zip(x, w):
        total = total + row * scale
    return total


def summed_rows(x, w):
    total = 0
    for row in x:
        total = total + np.sum(np.tanh(row * w))
    return total


def loss_of_rows(x, w):
    loss = 0.0
    for n in range(len(x)):
        loss += np.sum(x[n] * w) ** 2
    return loss


def comprehension(x, w):
    return np.array([np.sum(row * w) for row in x])


def beam(x, w, *, beams=3):
    total = np.zeros(x.shape[0])
    for k in range(beams):
        h = np.zeros(x.shape[0])
        for t in range(x.shape[1]):
            h = np.tanh(h * w[k, t] + x[:, t])
        total = total + h
    return total


def patches(x, w):
    H, W = x.shape
    new_h, new_w = H - 1, W - 1
    col = np.zeros((new_h * new_w, 4))
    for i in range(new_h):
        for j in range(new_w):
            col[i * new_w + j, :] = x[i : i + 2, j : j + 2].reshape(-1)
    return col @ w


def backward_in_time(x, w):
    T = x.shape[1]
    h = np.zeros(x.shape[0])
    out = np.zeros(x.shape)
    for t in range(T - 1, -1, -1):
        h = np.tanh(h * w[t] + x[:, t])
        out[:, t] = h
    return out


def filled(x, out):
    for i in range(len(x)):
        out[i] = x[i] * x[i]
    return out


def random(*shape):
    return np.random.default_rng([len(shape), *shape]).normal(size=shape)


CASES = {
    convolution: [
        {"x": random(2, 3, 4, 5), "w": random(4, 3, 3, 2), "b": random(4)},
        {"x": random(3, 2, 6, 4), "w": random(2, 2, 2, 3), "b": random(2)},
        {"x": random(1, 1, 3, 3), "w": random(1, 1, 2, 2), "b": random(1)},
    ],
    pooling: [{"x": random(2, 3, 4, 6)}, {"x": random(3, 2, 6, 4)}, {"x": random(1, 1, 8, 5)}],
    rnn: [
        {"x": random(2, 5, 3), "wx": random(3, 4), "wh": random(4, 4), "b": random(4)},
        {"x": random(3, 2, 5), "wx": random(5, 2), "wh": random(2, 2), "b": random(2)},
        {"x": random(1, 7, 2), "wx": random(2, 3), "wh": random(3, 3), "b": random(3)},
    ],
    rnn_from_a_state: [
        {"x": random(2, 5, 3), "h0": random(2, 4), "wx": random(3, 4), "wh": random(4, 4), "b": random(4)},
        {"x": random(3, 2, 5), "h0": random(3, 2), "wx": random(5, 2), "wh": random(2, 2), "b": random(2)},
        {"x": random(1, 1, 2), "h0": random(1, 3), "wx": random(2, 3), "wh": random(3, 3), "b": random(3)},
    ],
    lstm: [
        {"x": random(2, 5, 3), "wx": random(3, 16), "wh": random(4, 16), "b": random(16)},
        {"x": random(3, 2, 5), "wx": random(5, 8), "wh": random(2, 8), "b": random(8)},
        {"x": random(1, 6, 2), "wx": random(2, 12), "wh": random(3, 12), "b": random(12)},
    ],
    by_rows: [{"x": random(4, 3), "w": random(3)}, {"x": random(2, 5), "w": random(5)}],
    newton: [{"a": np.abs(random(3)) + 1}, {"a": np.abs(random(2, 2)) + 1}],
    power: [{"x": random(3, 2), "w": random(4)}, {"x": random(5, 1), "w": random(4)}],
    lookback: [{"x": random(5, 3), "w": random(3)}],
    nested: [{"x": random(3, 4), "w": random(4)}, {"x": random(2, 5), "w": random(5)}],
    listed: [{"x": random(3, 4), "w": random(4)}, {"x": random(2, 5), "w": random(5)}],
    adam: [{"w": random(3), "g": random(3)}, {"w": random(2, 4), "g": random(2, 4)}],
    sinkhorn: [{"x": random(3, 3)}, {"x": random(4, 2)}],
    weighted_windows: [{"x": random(2, 3), "w": random(3)}, {"x": random(4, 3), "w": random(3)}],
    **{
        function: [{"x": random(n, d), "w": random(d)} for n, d in ((3, 4), (2, 5), (5, 2))]
        for function in (counted_rows, summed_rows, loss_of_rows, comprehension)
    },
    momentum: [{"w": random(*shape), "g": random(*shape)} for shape in ((3,), (2, 4), (5, 1))],
    adam_from_zeros: [{"w": random(*shape), "g": random(*shape)} for shape in ((3,), (2, 4), (5, 1))],
    zipped: [{"x": random(n, d), "w": random(n)} for n, d in ((3, 4), (2, 5), (5, 2))],
    beam: [{"x": random(n, t), "w": random(3, t)} for n, t in ((2, 4), (3, 3), (5, 2))],
    patches: [{"x": random(h, w), "w": random(4, f)} for h, w, f in ((4, 5, 2), (3, 6, 3), (5, 3, 1))],
    backward_in_time: [{"x": random(n, t), "w": random(t)} for n, t in ((2, 4), (3, 6), (5, 3))],
    filled: [{"x": random(n, d), "out": random(n, d)} for n, d in ((3, 2), (2, 4), (5, 3))],
    reversed_time: [{"x": random(2, 4), "w": random(4)}, {"x": random(3, 6), "w": random(6)}],
}


def gradients(listing, trace):
    scope = {}
    exec(str(listing), scope)
    arguments = [*(node.value.copy() for node in trace.upstream.values())]
    arguments += [trace.inputs[name].value.copy() for name in listing.parameters]
    found = scope[listing.name](*arguments, **{name: trace.settings[name] for name in listing.settings})
    return found if isinstance(found, tuple) else (found,)


@pytest.mark.parametrize("function", CASES, ids=lambda function: function.__name__)
def test_derived_loops_hold_at_other_sizes(function):
    first, *others = CASES[function]
    t = bp.trace(function, **first)
    t.backward({node.name: None for node in t.outputs})
    listing = rolled(t)
    assert listing is not None
    assert not listing.constants
    assert not listing.remarks
    for arguments in (first, *others):
        at = bp.trace(function, **arguments)
        at.backward({node.name: random(*node.shape, 9)[..., 0] for node in at.outputs})
        for array, (name, grad) in zip(gradients(listing, at), at.grad.items(), strict=True):
            np.testing.assert_allclose(array, grad, rtol=1e-12, atol=1e-12, err_msg=name)


@pytest.mark.parametrize("function", CASES, ids=lambda function: function.__name__)
def test_a_forward_and_a_backward_function_with_their_loops_hold_at_other_sizes(function):
    first, *others = CASES[function]
    t = bp.trace(function, **first)
    t.backward({node.name: None for node in t.outputs})
    code, scope = pair(t), {}
    assert loops_in(code) == 2 * loops_in(inspect.getsource(function)) or function is adam, code
    exec(code, scope)
    for arguments in (first, *others):
        at = bp.trace(function, **arguments)
        at.backward({node.name: random(*node.shape, 9)[..., 0] for node in at.outputs})
        *outputs, cache = scope[f"{function.__name__}_forward"](*arguments.values())
        for array, node in zip(outputs, at.outputs, strict=True):
            np.testing.assert_allclose(array, node.value, rtol=1e-12, atol=1e-12)
        for _ in range(2):  # a cache can be used again
            found = scope[f"{function.__name__}_backward"](*(red.value.copy() for red in at.upstream.values()), cache)
            for array, (name, grad) in zip(found if type(found) is tuple else [found], at.grad.items(), strict=True):
                np.testing.assert_allclose(array, grad, rtol=1e-12, atol=1e-12, err_msg=name)


def loops_in(code):
    return sum(isinstance(node, ast.For | ast.comprehension) for node in ast.walk(ast.parse(code)))


def test_four_loops_forward_are_four_loops_back():
    t = bp.trace(convolution, **CASES[convolution][0])
    code = derive(t)
    assert loops_in(code) == 4
    assert len(code.splitlines()) < 40
    assert "dw[f] += " in code
    assert "dxp[n, :, i * stride : i * stride + HH, j * stride : j * stride + WW] += dwindow" in code
    assert "for j in range(Wo):" in code


def test_what_a_round_hands_back_is_carried():
    code = derive(bp.trace(rnn, **CASES[rnn][0]))
    assert "dprev = dprev + dout[:, t]" in code
    assert "dprev = dprev_inner @ wh.T" in code
    assert loops_in(code) == 2  # one forward, which keeps what the other needs


# ---- loops that have to be written out -------------------------------------------------------------------------------


def with_a_branch(x):
    h = x[0] * 1.0
    for t in range(4):
        h = np.tanh(h + x[t]) if t == 2 else h * x[t]
    return h


def until_small(x):
    h = x * 1.0
    while np.max(np.abs(h)) > 0.5:
        h = h * 0.5
    return h


def looks_two_back(x):
    before, now = x[0] * 1.0, x[1] * 1.0
    for t in range(2, 6):
        before, now = now, np.sin(now) * before + x[t]
    return now


@pytest.mark.parametrize("function", [with_a_branch, until_small, looks_two_back], ids=lambda f: f.__name__)
def test_uneven_loops_are_written_out_and_right(function):
    x = random(6, 3)
    t = bp.trace(function, x=x)
    dout = random(*t.output.shape)
    t.backward(dout)
    scope, code = {}, derive(t)
    exec(code, scope)
    np.testing.assert_allclose(scope[f"{function.__name__}_backward"](dout, x), t.grad["x"], rtol=1e-12, atol=1e-12)


def test_one_loop_can_be_written_out_and_another_kept():
    def mixed(x):
        out = np.zeros(x.shape)
        for i in range(len(x)):
            out[i] = np.sin(x[i])
        h = out[0] * 1.0
        for t in range(3):
            h = h * out[t] if out[t, 0] > out[t - 1, 0] else h + out[t]  # once at least either way
        return h

    t = bp.trace(mixed, x=random(3, 2))
    t.backward()
    listing = rolled(t)
    assert listing is not None
    assert "is written out round by round: its rounds do not all make the same steps" in listing.remarks[0]
    assert loops_in(str(listing)) >= 1
    np.testing.assert_allclose(gradients(listing, t)[0], t.grad["x"], rtol=1e-12, atol=1e-12)


# ---- pictures of loops that run often --------------------------------------------------------------------------------


def test_a_long_loop_is_drawn_once_with_its_head():
    t = bp.trace(rnn, x=random(2, 40, 3), wx=random(3, 4), wh=random(4, 4), b=random(4))
    t.backward()
    circuit = read_circuit(t)
    steps = [vertex for vertex in circuit.vertices if vertex.kind == "step"]
    assert [vertex.name for vertex in steps] == ["prev", "h"]
    assert {box.title for vertex in steps for box in vertex.boxes} == {
        "for t in range(T): 40 rounds, filling h, handing on prev"
    }
    formulas = [edge.formula for edge in circuit.backward]
    assert "dprev += dout[:, t]" in formulas
    assert any(formula.startswith("dx[:, t] += ") for formula in formulas)


def test_a_folded_loop_names_and_titles_one_round_however_many_run(monkeypatch):
    made = []
    monkeypatch.setattr(Fold, "_title", lambda fold, loop: made.append(loop) or loop.head)
    named = []
    for length in (20, 60):
        t = bp.trace(rnn, x=random(2, length, 3), wx=random(3, 4), wh=random(4, 4), b=random(4))
        t.backward()
        folded = fold(t)
        named.append(len(folded.inside.shared))
        assert [*folded.titles.values()] == ["for t in range(T)"]
    assert named[0] == named[1]
    assert len(made) == 2


def test_rounds_are_drawn_side_by_side_where_that_is_asked_for():
    arguments = {"x": random(2, 30, 3), "wx": random(3, 4), "wh": random(4, 4), "b": random(4)}
    trace = bp.trace(rnn, **arguments)
    trace.backward()
    folded, unrolled = (Diagram(trace, rounds=each).circuit.vertices for each in (False, True))
    assert sum(vertex.code.startswith("np.tanh") for vertex in folded) == 1
    # the first two, the last, and a card for those between
    assert sum(vertex.code.startswith("np.tanh") for vertex in unrolled) == 3
    assert [vertex.code for vertex in unrolled if vertex.kind == "group"] == ["27 more rounds: t = 2 to 28"]


def test_of_loops_within_loops_the_first_and_last_of_all_rounds_are_unrolled():
    trace = load("conv_naive").trace()
    vertices = read_circuit(trace, rounds=True).vertices
    between = "21 more rounds: n = 0, f = 0, i = 1, j = 0 to n = 1, f = 2, i = 1, j = 0"
    assert [vertex.code for vertex in vertices if vertex.kind == "group"] == [between]


def test_a_long_function_is_drawn_with_its_first_and_last_steps(tmp_path):
    lines = "".join(f"    h = np.tanh(h * w)  # {number}\n" for number in range(500))
    file = tmp_path / "long.py"
    file.write_text(f"import numpy as np\n\n\ndef long(x, w):\n    h = x\n{lines}    return h\n")
    trace = bp.trace(load(f"{file}:long").function, x=random(3), w=random(3))
    trace.backward()
    circuit = Diagram(trace).circuit
    (card,) = [vertex for vertex in circuit.vertices if vertex.kind == "group"]
    assert card.code == "485 more steps: 9 to 493"
    assert sum(vertex.kind == "step" for vertex in circuit.vertices) == 16
    assert any(edge.formula == "dw += 485 terms" for edge in circuit.backward if edge.tail is card)
    for suffix in ("svg", "html", "mmd"):
        export(Diagram(trace), tmp_path / f"long.{suffix}", "long")
        assert (tmp_path / f"long.{suffix}").stat().st_size > 500


def test_the_naive_convolution_is_five_gates_however_many_rounds():
    t = bp.trace(convolution, **CASES[convolution][0])
    t.backward()
    circuit = read_circuit(t)
    assert [vertex.name for vertex in circuit.vertices if vertex.kind == "step"] == ["xp", "window", "out"]
    (window,) = [vertex for vertex in circuit.vertices if vertex.name == "window"]
    heads = [box.title for box in window.boxes]
    assert heads[0].startswith("for n in range(N): 2 rounds")
    assert [head.split(":")[0] for head in heads] == [
        "for n in range(N)", "for f in range(F)", "for i in range(Ho)", "for j in range(Wo)",
    ]  # fmt: skip


def test_a_long_loop_shows_in_every_format(tmp_path):
    t = bp.trace(rnn, x=random(2, 40, 3), wx=random(3, 4), wh=random(4, 4), b=random(4))
    t.backward()
    diagram = Diagram(t)
    for suffix in ("svg", "png", "tex", "mmd", "html"):
        export(diagram, tmp_path / f"rnn.{suffix}", "rnn")
        assert (tmp_path / f"rnn.{suffix}").stat().st_size > 500


def test_sums_over_hundreds_of_rounds_are_not_written_out():
    """What adds up in rounds goes by `+=`; sums of fifty terms each, which lead to it, are no lines of the table."""
    trace = load("conv_naive").trace(shapes={"x": (2, 2, 6, 6), "w": (4, 2, 3, 3)})
    trace.backward()
    assert any(name.startswith("add_") for name in trace.gradient_names.parts.values())
    shown = view(trace, explain=False, rounds=Rounds(trace))
    assert not [flow.name for flow in shown.backward if flow.name.startswith("add_")]
