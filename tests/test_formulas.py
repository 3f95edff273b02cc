"""Formulas: right brackets, the field's symbols, and LaTeX that compiles whatever the names are."""

import re
from pathlib import Path

import numpy as np
import pytest

from backpropviz.code.formulas import formulas, latex, plain_text
from backpropviz.code.notation import Latex, Plain, escape_latex, width
from backpropviz.engine.verifying import record
from backpropviz.layers.library import layer_names, load

GOLDEN = Path(__file__).parent / "golden"
RNG = np.random.default_rng(5)


def of(function, **inputs):
    """The plain formulas of a function's backward pass, by name."""
    trace = record(function, {name: RNG.normal(size=shape) for name, shape in inputs.items()}, {})
    return {formula.symbol: formula.text for formula in formulas(trace, Plain())}


def is_balanced(text):
    """Whether every brace and every \\left has its partner."""
    text = re.sub(r"\\[{}]", "", text)
    depth = 0
    for letter in text:
        depth += {"{": 1, "}": -1}.get(letter, 0)
        if depth < 0:
            return False
    return depth == 0 and text.count(r"\left") == text.count(r"\right")


@pytest.mark.parametrize("name", ["batchnorm", "conv"])
def test_the_formulas_are_those_on_file(name):
    trace = load(name).trace()
    assert latex(trace, name) == (GOLDEN / f"{name}.tex").read_text(encoding="utf-8")
    assert plain_text(trace) == (GOLDEN / f"{name}.formulas.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", layer_names())
def test_every_layer_prints(name):
    trace = load(name).trace()
    text = latex(trace, name)
    assert is_balanced(text)
    assert text.count(r"\begin{aligned}") == text.count(r"\end{aligned}") == 1
    for node in trace.inputs.values():
        if node.gradient is not None:
            assert f"{Latex().gradient(Latex().symbol(node.name))} &=" in text or node.gradient.name == "dout"
    assert all(line.isprintable() for line in plain_text(trace).splitlines())


@pytest.mark.costly
@pytest.mark.parametrize("name", layer_names())
def test_a_formula_parser_reads_every_line(name):
    mathtext = pytest.importorskip("matplotlib.mathtext")
    parser = mathtext.MathTextParser("path")
    for formula in formulas(load(name).trace(), Latex()):
        parser.parse(f"${formula.symbol} = {formula.text}$".replace(r"\lvert", "|"))


@pytest.mark.parametrize(
    ("name", "tex", "text"),
    [
        ("xhat", r"\hat{x}", "x̂"),
        ("x_hat", r"\hat{x}", "x̂"),
        ("gamma", r"\gamma", "γ"),  # noqa: RUF001
        ("mu_hat", r"\hat{\mu}", "μ̂"),
        ("eps", r"\epsilon", "ε"),
        ("Sigma", r"\Sigma", "Σ"),
        ("σ", r"\sigma", "σ"),  # noqa: RUF001
        ("w1", "w_{1}", "w1"),
        ("beta2", r"\beta_{2}", "β2"),
        ("x_col", r"x_{\mathrm{col}}", "x_col"),
        ("sigma_B", r"\sigma_{B}", "σ_B"),  # noqa: RUF001
        ("w1_in", r"{w_{1}}_{\mathrm{in}}", "w1_in"),
        ("sqrtvar", r"\mathit{sqrtvar}", "sqrtvar"),
        ("größe", r"\text{größe}", "größe"),
        ("_x", r"\mathit{\_x}", "_x"),
        ("__", r"\mathit{\_\_}", "__"),
    ],
)
def test_symbols(name, tex, text):
    assert (Latex().symbol(name), Plain().symbol(name)) == (tex, text)


def same_symbol(xhat, x_hat):
    out = xhat * x_hat
    return out


def test_two_names_never_share_a_symbol():
    found = of(same_symbol, xhat=(3,), x_hat=(3,))
    assert found == {"dx̂": "dout ⊙ x_hat", "dx_hat": "dout ⊙ x̂"}


def minus_of_a_sum(x, y):
    out = x - (x * y - y * 2) * y
    return out


def quotient(x, y):
    out = x / (y / (x + 1))
    return out


def power_of_a_sum(x, y):
    out = (x + y) ** 2
    return out


def chained(x, w, v):
    out = x @ (w @ v)
    return out


def sum_times(x, y):
    out = np.sum(x, axis=0) * np.exp(y)
    return out


@pytest.mark.parametrize(
    ("function", "inputs"),
    [
        (minus_of_a_sum, {"x": (4, 3), "y": (4, 3)}),
        (quotient, {"x": (3,), "y": (3,)}),
        (power_of_a_sum, {"x": (3,), "y": (3,)}),
        (chained, {"x": (4, 3), "w": (3, 2), "v": (2, 5)}),
        (sum_times, {"x": (4, 3), "y": (3,)}),
    ],
)
def test_brackets_keep_the_value(function, inputs):
    """Read back as Python, with Hadamard signs for products, a formula gives the gradient."""
    trace = record(function, {name: RNG.uniform(0.5, 2.0, shape) for name, shape in inputs.items()}, {})
    trace.backward()
    values = {name: node.value for name, node in trace.inputs.items()} | {"dout": trace.dout, "np": np}
    values |= {node.name: node.value for node in trace.nodes if node.name} | {"exp": np.exp}
    for formula in formulas(trace, Plain()):
        text = formula.text.replace("⊙", "*").replace("·", "*").replace("²", "**2").replace("ᵀ", ".T")
        text = re.sub(r"\(Σ_i ([^()]*)\)", r"np.sum(\1, axis=0)", text)
        text = re.sub(r"Σ_i (.*)$", r"np.sum(\1, axis=0)", text)
        values[formula.symbol] = eval(text, values)
        wanted = trace.grad.get(formula.symbol[1:])
        if wanted is not None:
            np.testing.assert_allclose(np.broadcast_to(values[formula.symbol], wanted.shape), wanted, rtol=1e-12)


def test_sums_say_over_which_axes():
    found = of(lambda x, b: x + b, x=(2, 3, 4), b=(3, 1))
    assert found["db"] == "Σ_ik dout"


def chosen(x, y):
    out = np.where(x > y, x, 2.0 * np.abs(y))
    return out


def test_choices_are_iverson_brackets_and_cases():
    found = of(chosen, x=(3,), y=(3,))
    assert found["greater_1"] == "[x > y]"
    assert found["dx"] == "dout if greater_1 else 0"


def test_a_value_repeated_along_an_axis_needs_no_sign():
    found = of(lambda x: np.mean(x - np.mean(x, axis=0), axis=0), x=(4, 3))
    assert not any("broadcast" in text for text in found.values())


def hostile(größe, __, d, dx):
    x_1_2 = größe * __ + d
    out = x_1_2 / dx
    return out


def test_hostile_names_are_escaped():
    trace = record(hostile, {name: RNG.normal(size=3) for name in ("größe", "__", "d", "dx")}, {})
    text = latex(trace, "100% \n \\end{aligned} $mine_py:f#{")
    first, *rest = text.splitlines()
    assert first.startswith("% ")
    assert all(line.startswith(("%", "  ", "\\")) for line in rest)
    assert re.search(r"\\mathit\{\\_\\_\}", text)
    body = "\n".join(line for line in rest if not line.lstrip().startswith("%"))
    assert is_balanced(body)
    assert not re.search(r"(?<!\\)[#$%]", body)


def test_escaping():
    assert escape_latex("a_b {50%} $x^2~#&\\\n!") == (
        r"a\_b \{50\%\} \$x\textasciicircum{}2\textasciitilde{}\#\&\textbackslash{} !"
    )
    assert width("dx̂") == 2


def test_lengths_are_symbols_that_a_legend_explains():
    trace = load("batchnorm").trace()
    assert "dsq      = dvar / n\n" in plain_text(trace)
    assert plain_text(trace).splitlines()[-1].startswith("where n is the length of x along i; ")
    assert r"\text{$n$ is the length of $x$ along $i$}" in latex(trace)
    assert "where" not in plain_text(load("affine").trace())


def test_lengths_take_no_name_of_the_layer():
    def layer(n, x):
        out = np.mean(x, axis=0) * np.mean(n, axis=1)
        return out

    text = plain_text(record(layer, {"n": np.ones((2, 5)), "x": np.ones((3, 2))}, {}))
    assert "n2 is the length of" in text
    assert "n3 is the length of" in text
    assert "where n is" not in text
