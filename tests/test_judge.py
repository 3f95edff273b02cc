"""A verdict comes from values that were compared outside of the process that runs the student's code."""

from __future__ import annotations

import json
import os
from collections import OrderedDict, defaultdict, namedtuple

import numpy as np
import pytest

from backpropviz.classroom.formats import FORMATS
from backpropviz.classroom.words import checks
from backpropviz.course.record import Case, Layer
from backpropviz.diagnose import FileReport, FunctionReport, diagnose, render_text
from backpropviz.diagnose.judge import judging, wire
from backpropviz.diagnose.judge.plan import Plan
from backpropviz.diagnose.judge.process import Ended, Process
from backpropviz.diagnose.judge.wire import Garbled, Handle, Reader, Writer
from backpropviz.diagnose.pairs.recognition import Pair

SWISH = """
import numpy as np
def swish_forward(x):
    s = 1 / (1 + np.exp(-x))
    return x * s, (x, s)
def swish_backward(dout, cache):
    x, s = cache
    return dout * (s + x * s * (1 - s))
"""


def sent(value):
    """A value as it arrives at the other end."""
    writer = Writer(lambda kept: 7)
    record = {"value": writer.value(value)}
    message = writer.message(record)
    text = int.from_bytes(message[:4])
    reader = Reader(message[8 : 8 + text], message[8 + text :])
    return reader.value(reader.record["value"])


@pytest.mark.parametrize(
    "value", [None, True, 3, -2.5, "text", (1, [2.0, "x"]), {"a": {"b": (None,)}}, np.float32(2), np.bool_(True)]
)
def test_plain_values_arrive_as_they_were(value):
    got = sent(value)
    assert got == value
    assert type(got) is type(value)


@pytest.mark.parametrize("dtype", ["f8", "f4", "i8", "u1", "?", "c16"])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 4), (2, 3)])
def test_arrays_arrive_as_they_were(dtype, shape):
    array = np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(dtype)
    got = sent(array.T)
    assert got.dtype == array.dtype
    np.testing.assert_array_equal(got, array.T)


Both = namedtuple("Both", "dx dw")


@pytest.mark.parametrize("value", [Both(1.5, [2]), OrderedDict(dx=1.5), defaultdict(float, dx=1.5, dw=(1, Both(2, 3)))])
def test_containers_of_a_class_of_their_own_arrive_and_stay(value):
    got = sent((value,))[0]
    assert got == value
    assert sent(got) == Handle(7)


@pytest.mark.parametrize(
    ("before", "result"),
    [
        ("from collections import namedtuple; Grads = namedtuple('Grads', 'dx dw')", "Grads({dx}, {dw})"),
        ("from collections import OrderedDict", "OrderedDict(dx={dx}, dw={dw})"),
    ],
)
@pytest.mark.parametrize("factor", ["", "2 * "])
def test_gradients_in_named_containers_are_judged(tmp_path, before, result, factor):
    (tmp_path / "mine.py").write_text(f"""
{before}
def shear_forward(x, w):
    return x.dot(w), (x, w)
def shear_backward(dout, cache):
    x, w = cache
    return {result.format(dx=factor + "dout.dot(w.T)", dw="x.T.dot(dout)")}
""")
    assert diagnose(tmp_path / "mine.py").status == ("wrong" if factor else "right")


def test_what_is_no_value_stays_where_it_is():
    class Fetches:
        def __array__(self, *_args, **_kwargs):
            raise AssertionError("it was asked")

    assert sent(Fetches()) == Handle(7)
    assert sent((1, Fetches())) == (1, Handle(7))
    assert sent(np.array([None])) == Handle(7)
    assert isinstance(sent(np.ma.array([1.0])), np.ma.MaskedArray)
    with pytest.raises(TypeError):
        Writer().value(Fetches())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"[]", ["none"]), (b"{", ["none"]), (b"{}", ["array", "|O", [1], 8, False]), (b"{}", ["nothing"]),
        (b"{}", ["array", "<f8", [9], 8, False]), (b"{}", ["array", "<f8", [1], 800, False]), (b"{}", []),
        (b"{}", ["plain", [1]]), (b"{}", ["tuple", 3]), (b"{}", ["array", "<f8", [-1, -1], 8, False]),
    ],
)  # fmt: skip
def test_what_is_no_message_is_refused(text, said):
    with pytest.raises(Garbled):
        Reader(text, b"\0" * 8).value(said)


def test_a_message_is_bounded_and_has_to_come_in_time():
    read, write = os.pipe()
    with pytest.raises(TimeoutError):
        wire.receive(read, 0.01)
    os.write(write, b"\xff" * 8)
    with pytest.raises(Garbled, match="too many"):
        wire.receive(read, 0.01)
    os.close(write)
    with pytest.raises(Garbled):
        wire.receive(read, 0.01)
    os.close(read)


def diagnosed(folder, text) -> FileReport:
    path = folder / "layers.py"
    path.write_text(text, encoding="utf-8")
    return diagnose(path)


def test_who_asks_an_ended_process_again_is_told_the_same():
    process = Process("backpropviz.diagnose.judge.stage", 60.0)
    with pytest.raises(Ended, match="the process ended with code") as first:
        process.ask(Writer(), {"megabytes": "many"})
    with pytest.raises(Ended) as again:
        process.ask(Writer(), {"does": "signature", "function": "f"})
    assert again.value is first.value
    assert process.close() == 0


def test_a_layer_of_ones_own_is_held_against_its_forward_pass_from_outside(tmp_path):
    (function,) = diagnosed(tmp_path, SWISH).functions
    assert (function.status, function.score, function.own) == ("right", 1.0, True)
    cheat = SWISH + "np.max = lambda *_, **__: 0.0\n"
    (function,) = diagnosed(tmp_path, cheat.replace("s + x * s * (1 - s)", "s + 2 * x")).functions
    assert (function.status, function.score) == ("wrong", 0.5)


def test_randomness_without_a_seed_is_judged_by_the_seed_that_is_set(tmp_path):
    text = SWISH.replace("    s = 1", "    s = np.random.rand(*x.shape) * 0 + 1")
    assert diagnosed(tmp_path, text).status == "right"


def _function(layer, score, own=False, status="wrong"):
    return FunctionReport(f"{layer}_backward", layer, 1, status, score=score, own=own)


def test_nothing_that_is_added_raises_the_score_of_a_file():
    wrong = _function("batchnorm", 0.5)
    trivial = [_function(f"f{i}", 1.0, own=True, status="right") for i in range(10)]
    assert FileReport("a.py", (wrong, *trivial)).score == 0.5
    own = _function("swish", 0.25, own=True)
    assert FileReport("a.py", (own, *trivial)).score == 0.25
    relu = [_function("relu", 1.0, status="right")] * 10
    assert FileReport("a.py", (wrong, *relu)).score == FileReport("a.py", (wrong, relu[0])).score == 0.75
    assert FileReport("a.py", (wrong, own)).score == 0.375
    assert FileReport("a.py").score == 0.0
    points = {check.name: check.points for check in checks([FileReport("a.py", (wrong, *trivial))])}
    assert points == {"batchnorm_backward": 1.0, **{f"f{i}_backward": 0.0 for i in range(10)}}


RELU = """
import numpy as np
def relu_forward(x):
    assert {0}
    return np.maximum(0, x), x
def relu_backward(dout, x):
    assert {1}
    return dout * (x > 0)
"""


def test_what_is_refused_lowers_the_score_and_is_named_in_every_format(tmp_path):
    report = diagnosed(tmp_path, RELU.format("x.ndim == 2", "True"))
    (function,) = report.functions
    assert function.status == "right"
    assert function.refused == ("images",)
    assert 0.5 < function.score < 1
    texts = {name: write([report]) for name, write in FORMATS.items()} | {"text": render_text(report)}
    assert {name for name, text in texts.items() if "images" not in text} == set()
    assert "1 refused" in texts["text"]


@pytest.mark.parametrize(("forward", "backward"), [("x.shape == (5, 6)", "True"), ("True", "False")])
def test_what_refuses_most_or_every_gradient_is_never_right(tmp_path, forward, backward):
    (function,) = diagnosed(tmp_path, RELU.format(forward, backward)).functions
    assert (function.status, function.score) == ("refused", 0.0)


def test_right_values_are_enough_where_the_search_fails(tmp_path):
    text = RELU.format("True", "True") + "np.isfinite = np.all = np.array_equal = lambda *_, **__: True\n"
    (function,) = diagnosed(tmp_path, text).functions
    assert (function.status, function.score) == ("right", 1.0)


def test_settings_of_a_layer_of_ones_own_go_to_the_judge(tmp_path):
    text = SWISH.replace("(x):", "(x, eps):").replace("x * s, (x, s)", "x * s + 0 * eps, (x, s)")
    text = text.replace("def swish_forward(x, eps):", "def swish_forward(x, eps=1e-5, *, mode='plain'):")
    assert diagnosed(tmp_path, text).status == "right"


@pytest.mark.parametrize("value", [1e-5, None, (2, 3), "train", True])
def test_plans_keep_settings(value):
    layer = Layer("swish", "", ("x",), ("out",), ("x",), (), ())
    case = Case("all", {"x": np.arange(3.0), "y": np.array([1, 0])}, {"its": value, "random": np.random})
    plan = Plan(Pair(layer, "swish_forward", "swish_backward"), (case,), ("def f(): pass",), ("dw",))
    again = Plan.from_dict(json.loads(json.dumps(plan.to_dict())))
    assert again.cases[0].settings == {"its": value}
    assert again.cases[0].inputs["y"].dtype == case.inputs["y"].dtype
    np.testing.assert_array_equal(again.cases[0].inputs["x"], case.inputs["x"])
    assert (again.texts, again.unseen, again.pair.layer.wants) == (plan.texts, plan.unseen, ("x",))


@pytest.mark.parametrize(
    ("text", "does"),
    [
        ("def f(x):\n    return relu_forward(x)", True),
        ("def f(x):\n    return [each.relu_forward(x) for each in x]", False),
        ("def f(x):\n    # relu_forward(x)\n    return x", False),
        ("def f(x):\n    'relu_forward(x)'\n    return x", False),
        ("def f(x, g=relu_forward):\n    return relu_forward_(x)", False),
        ("def f(x:\n    return relu_forward(x)", False),
    ],
)
def test_what_stands_for_a_function_calls_it_in_its_code_and_not_in_a_remark(text, does):
    assert judging._calls(text, "relu_forward") is does
