"""Whole functions, written at random: recorded, differentiated and replayed, against themselves on bare arrays."""

import linecache

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import backpropviz as bp
from tests.test_primitives import examples

# Every value has shape (3, 4), so that any statement can follow any other. A bar parts the lines of one.
STATEMENTS = """
{v} = {a} + {b}
{v} = {a} * {b}
{v} = {a} / (1.5 + {b} * {b})
{v} = np.tanh({a}) - 0.5 * {b}
{v} = {a} @ w
{v} = {a} - np.mean({a}, axis=0)
{v} = {a} / np.sqrt(np.var({a}, axis=1, keepdims=True) + 0.3)
{v} = np.maximum({a}, {b}) + bias
{v} = np.where({a} > 0.1, {a}, 0.2 * {b})
{v} = np.exp(-({a} ** 2))
{v} = {a}.T.reshape({a}.shape) * 0.5
{v} = np.concatenate([{a}[:1], {b}[1:]], axis=0)
{v} = {a}[[0, 0, 2]] + {b}
{v} = np.stack([np.sin(row) for row in {a}])
{v} = {v} - {a}.max(axis=1)[:, None]
{v} = helper({a}, {b})
{v} = helper({a} * 0.5, helper({b}, {a}))
{v}, {u} = {u} * 0.9, {v}
{v} = {u} = np.cos({a})
{v} *= 0.7
for i in range(2):|    {v} = np.sin({v} + {a}[i])
{v} = {a} * np.sum({b}) / {b}.size
{v} = np.log1p({a} * {a})
{v} = np.einsum('ij,kj->ik', {a}, {b}) @ {b}
{v} = np.broadcast_to({a}[1], {a}.shape) + {b}
{v} = np.abs({a} - 0.3)
if np.sum({a} * {a}) > 2.345:|    {v} = {a} * 2|else:|    {v} = -{a}
{v} = np.clip({a}, -0.8, {b} * {b} + 0.9)
{v} = np.prod(np.stack([{a}, {b}, {u}]), axis=0)
{v} = {a}[:, ::-1] * np.arange(4)
{v} = np.cumsum({a}, axis=1) / 4
mask = np.arange(4) > {n}|{v} = {a} * mask|mask[0] = True
{v} = ({u} := {a} * 0.5) + {b}
""".strip().split("\n")

HEAD = """\
def helper(p, q):
    inner = p * 0.5 + q
    return np.tanh(inner) * p

def program(x, y, w, bias):
"""


@st.composite
def programs(draw):
    """The text of a function with some ten statements."""
    names = ["x", "y"]
    lines = ["s = x * 1", "t = y * 1"]
    names += ["s", "t"]
    for _ in range(draw(st.integers(3, 12))):
        one, two = draw(st.sampled_from([("s", "t"), ("t", "s"), ("p", "s"), ("q", "t")]))
        lines += [f"{name} = s + t" for name in (one, two) if name not in names]
        names += [name for name in (one, two) if name not in names]
        a, b = draw(st.sampled_from(names)), draw(st.sampled_from(names))
        statement = draw(st.sampled_from(STATEMENTS))
        lines += statement.format(v=one, u=two, a=a, b=b, n=draw(st.integers(-1, 2))).split("|")
    lines.append("return s + t * 0.5")
    return HEAD + "".join(f"    {line}\n" for line in lines)


def compiled(text, file="<a program>"):
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    scope = {"np": np}
    exec(compile(text, file, "exec"), scope)
    return scope["program"]


def fresh(random):
    return {name: random.uniform(-1, 1, shape)
            for name, shape in (("x", (3, 4)), ("y", (3, 4)), ("w", (4, 4)), ("bias", (4,)))}  # fmt: skip


@given(programs(), st.integers(0, 2**32))
@examples(150)
def test_a_program_at_random(text, seed):
    program = compiled(text)
    random = np.random.default_rng(seed)
    inputs, direction = fresh(random), fresh(random)
    try:
        t = bp.trace(program, **inputs)
    except bp.BackpropvizError as error:
        if "shares its memory" in error.seen:  # `*=` on a name that another name shares
            return
        raise
    assert np.array_equal(t.output, program(**inputs))
    assert all(np.array_equal(t[name].value, value) for name, value in inputs.items())

    dout = random.standard_normal((3, 4))
    gradients = t.backward(dout)
    slope = sum(float(np.sum(gradients[name] * direction[name])) for name in gradients)
    h = 1e-6
    ahead, behind = (program(**{n: v + sign * h * direction[n] for n, v in inputs.items()}) for sign in (1, -1))
    numeric = float(np.sum(dout * (ahead - behind))) / (2 * h)
    scale = sum(float(np.sum(np.abs(gradients[name] * direction[name]))) for name in gradients) + 1.0
    if abs(slope - numeric) > 1e-5 * scale:
        # only where the step went over a kink: one ten times smaller and elsewhere must agree
        ahead, behind = (
            program(**{n: v + sign * h / 50 * direction[n] for n, v in inputs.items()}) for sign in (1, -1)
        )
        assert abs(slope - float(np.sum(dout * (ahead - behind))) / (h / 25)) <= 1e-4 * scale

    if len(t.notes) == 0:  # the path does not depend on values: a replay is a fresh run
        other = fresh(random)
        t.replay(dout=2 * dout, **other)
        again = bp.trace(program, **other)
        again.backward(2 * dout)
        for mine, its in zip((*t.nodes, *t.red.nodes), (*again.nodes, *again.red.nodes), strict=True):
            assert np.array_equal(mine.value, its.value), mine
