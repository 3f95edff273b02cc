"""Alternatives agree with the layer, or their difference is shown; times are measured but never asserted."""

import io
import json
import math
import textwrap

import numpy as np
import pytest
from rich.console import Console

from backpropviz.errors import LayerError
from backpropviz.layers.library import layer_names, load
from backpropviz.show.tables.numbers import comparison
from backpropviz.study.compare import CLOSED, RECORDED, Comparison, Contender, compare


def compared(spec, settings=None, **shapes):
    layer = load(spec)
    trace = layer.trace(settings, shapes=shapes)
    trace.backward()
    return compare(layer, trace, seconds=0.0)


@pytest.fixture
def file(tmp_path):
    def write(alternatives):
        path = tmp_path / "double.py"
        text = """
        import numpy as np

        def double(x, w, *, scale=2.0):
            y = x * scale
            z = y * w
            return z

        def sample(rng):
            return {"x": rng.normal(size=(4, 3)), "w": rng.normal(size=(4, 3))}
        """
        path.write_text(textwrap.dedent(text) + textwrap.dedent(alternatives))
        return str(path)

    return write


WITH_ALTERNATIVES = [name for name in layer_names() if getattr(load(name).module, "ALTERNATIVES", None)]


def test_the_layers_of_the_sources_have_alternatives():
    assert {"batchnorm", "conv", "conv_naive", "layernorm", "lstm", "maxpool_naive", "rnn", "softmax_loss"} <= set(
        WITH_ALTERNATIVES
    )


@pytest.mark.parametrize("name", WITH_ALTERNATIVES)
def test_alternatives_agree(name):
    result = compared(name)
    assert result.contenders
    assert all(contender.difference < 1e-10 for contender in result.contenders)
    assert all(contender.microseconds > 0 and contender.ratio > 0 for contender in result.contenders)
    for way in {contender.way for contender in result.contenders}:
        ratios = [contender.ratio for contender in result.contenders if contender.way == way]
        assert ratios[0] == 1.0  # the first is the measure of its kind
        assert len(ratios) > 1
    assert all(contender.story for contender in result.contenders if contender.name != name)


@pytest.mark.parametrize(
    ("settings", "shapes"),
    [
        ({"stride": 2, "pad": 1}, {"x": (2, 3, 5, 7), "w": (4, 3, 3, 3)}),
        ({"stride": (2, 1), "pad": (0, 2)}, {"x": (1, 2, 6, 4), "w": (3, 2, 2, 3)}),
        ({}, {"x": (2, 1, 3, 3), "w": (1, 1, 1, 1)}),
    ],
)
def test_convolution_every_way_for_every_geometry(settings, shapes):
    result = compared("conv", settings, **shapes)
    assert len(result.contenders) >= 5
    assert max(contender.difference for contender in result.contenders) < 1e-10
    assert result.shapes["x"] == shapes["x"]


def test_naive_and_simplified_batchnorm_backward():
    names = [contender.name for contender in compared("batchnorm", {"eps": 0.1}, x=(7, 4)).contenders]
    assert names[:3] == ["batchnorm", "batchnorm_paper", "batchnorm_divided"]
    assert names[3:5] == ["batchnorm_backward_naive", "batchnorm_backward_simplified"]
    assert names[-1] == "the recorded steps"


def test_a_way_that_does_not_take_what_a_run_is_given_is_not_of_it():
    ways = {contender.way for contender in compared("batchnorm", {"momentum": 0.5}, x=(7, 4)).contenders}
    assert ways == {"backward"}


def test_a_wrong_alternative_shows_its_difference(file):
    path = file(
        """
        def by_sum(x, w, *, scale=2.0):
            \"\"\"Right: x + x for scale 2.\"\"\"
            return (x + x) * w

        def off(x, w):
            return 2 * x * w + 0.001

        def backward(dout, x, w, y, scale):
            return dout * w * scale, dout * y

        def backward_without_scale(dout, x, w, y):
            return dout * w, dout * y

        def backward_of_one(dout, w):
            return dout * w * 2

        ALTERNATIVES = {"forward": [by_sum, off], "backward": [backward, backward_without_scale, backward_of_one]}
        REPORTED = {"off": 2.17}
        """
    )
    trace = load(path).trace()
    trace.backward()
    found = {contender.name: contender for contender in compare(load(path), trace, seconds=0.0).contenders}
    assert found["by_sum"].difference == 0
    assert found["by_sum"].story == "Right: x + x for scale 2."
    assert found["off"].difference == pytest.approx(0.001)
    assert found["off"].reported == 2.17
    assert found["backward"].difference == 0
    assert found["backward_without_scale"].difference == pytest.approx(np.abs(trace.dout * trace["w"].value).max())
    assert found["backward_of_one"].difference == math.inf  # one gradient where two belong
    assert found["the recorded steps"].difference == 0


def test_an_alternative_that_gives_nan_differs(file):
    path = file("def other(x, w):\n    return x * np.nan\n\nALTERNATIVES = {'forward': [other]}\n")
    assert compared(path).contenders[-1].difference == math.inf


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("x *= 2", "greedy failed with ValueError: output array is read-only\n  It changes an array it was given"),
        ("x[0] = 2", "It changes an array it was given: let it work on a copy"),
        ("x = x @ x", "greedy failed with ValueError: matmul"),
    ],
)
def test_an_alternative_that_fails_or_changes_what_all_share(file, body, message):
    path = file(f"def greedy(x, w):\n    {body}\n    return x\n\nALTERNATIVES = {{'forward': [greedy]}}\n")
    with pytest.raises(LayerError) as caught:
        compared(path)
    assert message in str(caught.value)
    assert str(caught.value).startswith("double.py:")


def test_a_value_that_the_layer_does_not_have(file):
    path = file("def backward(dout, xhat, ivar):\n    return dout\n\nALTERNATIVES = {'backward': [backward]}\n")
    with pytest.raises(LayerError) as caught:
        compared(path)
    message = str(caught.value)
    assert message.startswith("double.py:11: backward asks for xhat, ivar, which the layer does not compute here")
    assert "Name inputs, steps or settings of the layer: scale, x, w, y, z, dout." in message


def test_a_layer_without_alternatives():
    with pytest.raises(LayerError, match=r"relu.py:\d+: relu has no other way to compute it\n  Put some in its file"):
        compared("relu")


def test_the_records_are_plain():
    record = compared("batchnorm").to_dict()
    assert (record["format"], record["version"], record["layer"]) == ("backpropviz/compare", 1, "batchnorm")
    assert json.loads(json.dumps(record))["contenders"][0]["way"] == "forward"


@pytest.mark.parametrize("slower", [True, False])
def test_a_closed_form_that_is_slower_is_told_with_the_reason(slower):
    times = {CLOSED: 9.0, RECORDED: 7.0} if slower else {CLOSED: 7.0, RECORDED: 9.0}
    ways = [Contender("backward", name, "", 0.0, time, 1.0, None) for name, time in times.items()]
    console = Console(width=80, file=io.StringIO())
    console.print(comparison(Comparison("svm_loss", {"x": (2, 3)}, 3, ways)))
    assert ("is slower here: it makes new arrays" in console.file.getvalue().replace("\n", " ")) == slower
