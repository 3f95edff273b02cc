"""The records of a trace: complete, exact, and true."""

import json
import typing

import numpy as np
import pytest

import backpropviz as bp
from backpropviz.engine.rounds import Rounds
from backpropviz.layers.library import layer_names, load
from backpropviz.show import encoding, records
from backpropviz.show.encoding import to_json
from backpropviz.show.view import view


def viewed(layer, *, backward=True, dout=None, seed=0, **arguments):
    trace = bp.trace(layer, **arguments)
    if backward:
        trace.backward(dout, seed)
    return trace, view(trace)


def scalar(a, b):
    c = a * b
    d = c + a
    return d * d


def with_helper(x, w):
    def halved(z):
        # half of it
        return z / 2

    h = x @ w
    u = halved(h)
    # nothing flows back through a comparison
    mask = u > 0
    out = u * u
    return out, mask


@pytest.fixture
def arrays():
    rng = np.random.default_rng(5)
    return {"x": rng.normal(size=(3, 4)), "w": rng.normal(size=(4, 2)).astype(np.float32)}


# ---- what the formulas say is what the values are --------------------------------------------------------------------


@pytest.mark.parametrize("layer", layer_names())
def test_every_formula_of_the_sweep_computes_its_value(layer):
    trace, shown = viewed(layer)
    known = {"np": np, "im2col": bp.im2col, "col2im": bp.col2im, "output_shape": bp.output_shape}
    known |= {"put": bp.put, "first_winner": bp.first_winner, "stop_gradient": bp.stop_gradient}
    known |= {"stored": bp.stored}
    known |= {part.name: part.value for part in (*shown.inputs, *shown.steps, *shown.upstream)} | shown.settings
    known |= {part.name: part.value for part in shown.constants}
    for size in trace.sizes:
        exec(size.statement, known)
    for flow in shown.backward:
        computed = eval(flow.formula, known)
        np.testing.assert_allclose(
            computed, flow.value, rtol=1e-12, atol=1e-14, err_msg=f"{flow.name} = {flow.formula}"
        )
        known[flow.name] = flow.value


@pytest.mark.parametrize("layer", layer_names())
def test_terms_add_up_to_the_gradient(layer):
    trace, shown = viewed(layer)
    for part in (*shown.inputs, *shown.steps):
        if part.gradient is not None:
            total = sum(term.value for term in part.gradient.terms)
            np.testing.assert_allclose(total, part.gradient.value, rtol=1e-12, atol=1e-15)
            np.testing.assert_array_equal(part.gradient.value, trace[part.name].grad)


@pytest.mark.parametrize("layer", layer_names())
def test_flows_come_last_step_first_and_end_with_the_inputs(layer):
    _, shown = viewed(layer)
    place = {step.label: number for number, step in enumerate(shown.steps)} | {"0": -1}
    places = [place[flow.step] for flow in shown.backward]
    assert places == sorted(places, reverse=True)
    assert [flow.of for flow in shown.backward if flow.step == "0"] == [
        part.name for part in shown.inputs if part.gradient is not None
    ]


def test_names_of_the_nine_steps_backward():
    _, shown = viewed("batchnorm")
    named = [(flow.step, flow.name, flow.kind) for flow in shown.backward]
    assert named == [
        ("9", "dgammax", "gradient"), ("9", "dbeta", "gradient"),
        ("8", "dgamma", "gradient"), ("8", "dxhat", "gradient"),
        ("7", "dxmu_1", "term"), ("7", "divar", "gradient"),
        ("6", "dsqrtvar", "gradient"), ("5", "dvar", "gradient"), ("4", "dsq", "gradient"),
        ("3", "dxmu_2", "term"),
        ("2", "dxmu", "sum"), ("2", "dx_1", "term"), ("2", "dmu", "gradient"),
        ("1", "dx_2", "term"),
        ("0", "dx", "sum"), ("0", "dgamma", "gradient"), ("0", "dbeta", "gradient"),
    ]  # fmt: skip
    passed_on = [flow.name for flow in shown.backward if flow.shared]
    assert passed_on == ["dgammax", "dx_1"]


def test_a_value_used_twice_by_one_operation_has_two_terms():
    _, shown = viewed(scalar, a=np.array(2.0), b=np.array(-3.0))
    gradient = shown.named("d").gradient
    assert [term.name for term in gradient.terms] == ["dd_1", "dd_2"]
    assert [term.step for term in gradient.terms] == ["3", "3"]
    assert gradient.value == 2 * -4.0
    assert shown.named("a").gradient.value == 2 * -4.0 * (-3.0 + 1)


def test_all_names_of_the_sweep_differ():
    def layer(x, dx_1):
        x = x + x * dx_1
        x = x * x + dx_1
        return x * x

    _, shown = viewed(layer, x=np.array([1.5, -0.5]), dx_1=np.array([0.3, 2.0]))
    names = [flow.name for flow in shown.backward if flow.step != "0"]
    assert len(names) == len(set(names))


# ---- what does not exist is absent -----------------------------------------------------------------------------------


def test_before_backward_nothing_has_a_gradient():
    _, shown = viewed("batchnorm", backward=False)
    assert all(part.gradient is None for part in (*shown.inputs, *shown.steps))
    assert shown.backward == ()
    assert shown.upstream == ()
    assert all(step.explanation is None for step in shown.steps)


def test_a_value_no_gradient_reaches_has_none(arrays):
    _, shown = viewed(with_helper, **arrays)
    assert shown.named("mask").gradient is None
    assert to_json(shown)["steps"][-2]["gradient"] is None


def test_labels_have_no_gradient():
    _, shown = viewed("softmax_loss")
    assert shown.named("y").gradient is None
    assert "y" not in {flow.of for flow in shown.backward}


# ---- where the upstream gradient is from -----------------------------------------------------------------------------


def test_origin_of_dout():
    (random,) = viewed("relu", seed=7)[1].upstream
    assert (random.origin, random.seed) == ("random", 7)
    (given,) = viewed("relu", dout=np.ones_like(random.value))[1].upstream
    assert (given.origin, given.seed) == ("given", None)
    (loss,) = viewed("softmax_loss")[1].upstream
    assert (loss.origin, loss.value) == ("one", 1.0)


def test_a_replay_with_another_dout_is_given():
    trace, shown = viewed("relu")
    trace.replay(dout=2 * shown.upstream[0].value)
    assert view(trace).upstream[0].origin == "given"


# ---- groups ----------------------------------------------------------------------------------------------------------


def test_groups_hold_the_steps_of_a_call(arrays):
    _, shown = viewed(with_helper, **arrays)
    (group,) = shown.groups
    assert (group.label, group.function, group.name, group.operands) == ("2", "halved", "u", ("h",))
    np.testing.assert_array_equal(group.value, shown.named("u").value)
    assert [step.groups for step in shown.steps] == [(), ("2",), (), ()]
    assert shown.named("u").caption == "half of it"


def test_parameters_are_what_can_be_learned():
    _, shown = viewed("convnet")
    sizes = {part.name: part.value.size for part in shown.inputs}
    assert shown.parameters == {name: sizes[name] for name in ("w1", "b1", "w2", "b2")}


# ---- JSON ------------------------------------------------------------------------------------------------------------


def documented():
    """The records that the docstring describes, each with its keys in order."""
    kinds = {}
    keys = None
    for line in encoding.__doc__.splitlines()[1:]:
        if line.startswith("     "):
            continue  # a second line about the same key
        if line.startswith("    ") and keys is not None:
            keys.append(line.split()[0])
        elif line[:1].islower() and len(line.split("(")[0].split()) == 1:
            keys = kinds.setdefault(line.split()[0], [])
        else:
            keys = None
    return kinds


RECORDS = {
    "input": records.InputView,
    "constant": records.ConstantView,
    "step": records.StepView,
    "group": records.GroupView,
    "loop": records.LoopView,
    "carried": records.CarriedView,
    "added": records.AddedView,
    "gradient": records.GradientView,
    "term": records.TermView,
    "operation": records.OperationView,
    "explanation": records.Explanation,
    "gate": records.Gate,
    "share": records.Share,
    "flow": records.FlowView,
    "output": records.OutputView,
    "upstream": records.UpstreamView,
}


def test_the_documentation_lists_exactly_the_keys():
    kinds = documented()
    assert kinds.pop("trace") == list(to_json(viewed("relu")[1]))
    assert kinds.pop("array") == list(to_json(viewed("relu")[1])["inputs"][0]["value"])
    assert kinds == {name: list(record._fields) for name, record in RECORDS.items()}


def test_every_record_in_the_json_has_its_keys(arrays):
    shown = to_json(viewed(with_helper, **arrays)[1])
    assert (shown["format"], shown["version"]) == ("backpropviz/trace", 1)
    dropout = to_json(viewed("dropout")[1])
    rnn = load("rnn").trace()
    rnn.backward()
    loop = to_json(view(rnn, rounds=Rounds(rnn)))["loops"][0]
    step = shown["steps"][0]
    samples = {
        "input": shown["inputs"][0],
        "constant": dropout["constants"][0],
        "step": step,
        "group": shown["groups"][0],
        "loop": loop,
        "carried": loop["carried"][0],
        "added": loop["added"][0],
        "gradient": step["gradient"],
        "term": step["gradient"]["terms"][0],
        "operation": step["operations"][0],
        "explanation": step["explanation"],
        "gate": step["explanation"]["gates"][0],
        "share": step["explanation"]["gates"][0]["shares"][0],
        "flow": shown["backward"][0],
        "output": shown["outputs"][0],
        "upstream": shown["upstream"][0],
    }
    assert {name: list(sample) for name, sample in samples.items()} == {
        name: list(record._fields) for name, record in RECORDS.items()
    }


def read(array):
    return np.array(array["data"], dtype=array["dtype"]).reshape(array["shape"])


@pytest.mark.parametrize("layer", layer_names())
def test_json_is_exact_to_the_bit(layer):
    trace, shown = viewed(layer)
    parsed = json.loads(json.dumps(to_json(shown), allow_nan=False))
    for part in (*parsed["inputs"], *parsed["steps"]):
        node = trace[part["name"]]
        assert read(part["value"]).tobytes() == np.ascontiguousarray(node.value).tobytes()
        if part["gradient"] is not None:
            assert read(part["gradient"]["value"]).tobytes() == np.ascontiguousarray(node.grad).tobytes()
    assert parsed["layer"].lower() == layer  # a class is called MLP


def test_json_of_other_types_and_what_is_not_finite():
    def layer(x, y, *, mode=("a", 1), scale=None, table=None):
        big = x / y
        kept = big > 0
        return big, kept

    x, y = np.array([1.0, -1.0, 0.0, 0.1], dtype=np.float32), np.zeros(4, dtype=np.float32)
    with np.errstate(all="ignore"):
        _, shown = viewed(layer, backward=False, x=x, y=y, table={"a": object})
    parsed = json.loads(json.dumps(to_json(shown), allow_nan=False))
    big, kept = parsed["steps"]
    assert big["value"]["data"] == ["Infinity", "-Infinity", "NaN", "Infinity"]
    np.testing.assert_array_equal(read(big["value"]), np.array([np.inf, -np.inf, np.nan, np.inf]))
    assert (kept["value"]["dtype"], kept["value"]["data"]) == ("bool", [True, False, False, True])
    assert parsed["inputs"][0]["value"]["data"][3] == float(np.float32(0.1))


def test_settings_are_plain_in_json():
    trace = load("conv").trace({"stride": (2, 1)})
    assert to_json(view(trace))["settings"] == {"stride": [2, 1], "pad": 0}
    assert json.dumps(to_json(view(load("batchnorm").trace()))["settings"])


def test_records_are_typed():
    for record in RECORDS.values():
        assert set(typing.get_type_hints(record)) == set(record._fields)


def test_a_long_chain_is_no_problem():
    def chain(x):
        for _ in range(3000):
            x = x * 1.001
        return x

    _, shown = viewed(chain, x=np.array(1.0))
    np.testing.assert_allclose(shown.inputs[0].gradient.value, 1.001**3000, rtol=1e-9)
    assert len(shown.backward) == 3001


def test_outputs_without_an_upstream_gradient_are_named():
    def two(x):
        a = x * 2
        b = x + 1
        return a, b

    t = bp.trace(two, x=np.ones((2, 3)))
    assert view(t).notes == ()
    t.backward()
    assert [note for note in view(t).notes if "given for b:" in note] == list(view(t).notes) != []
    t.backward({"a": None, "b": None})
    assert view(t).notes == ()
