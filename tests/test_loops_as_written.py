"""Loops as people write them stay loops in derived code, and are right at other sizes."""

import numpy as np
import pytest

import backpropviz as bp
from backpropviz.code.derive import derive
from backpropviz.code.rolled import rolled
from backpropviz.draw.board.picture import BoardPicture
from backpropviz.draw.diagram import Diagram
from tests.loops import branches, carried, layers, networks, rounds, scans, until, windows

CASES = {
    **windows.CASES,
    **networks.CASES,
    **layers.CASES,
    **rounds.CASES,
    **scans.CASES,
    **carried.CASES,
    **branches.CASES,
}


def traced(function, inputs, seed):
    trace = bp.trace(function, **inputs)
    trace.backward(
        {node.name: np.random.default_rng([seed, *node.shape]).normal(size=node.shape) for node in trace.outputs}
    )
    return trace


def assert_gives_the_gradients(code, name, trace, *cache):
    scope = {}
    exec(code, scope)
    arguments = [red.value.copy() for red in trace.upstream.values()]
    arguments += [node.value.copy() for node in trace.inputs.values()]
    found = scope[name](*arguments)
    for array, (of, grad) in zip(found if type(found) is tuple else [found], trace.grad.items(), strict=True):
        np.testing.assert_allclose(array, grad, rtol=1e-12, atol=1e-12 * max(1, np.abs(grad).max()), err_msg=of)


@pytest.mark.parametrize("function", CASES, ids=lambda function: function.__name__)
def test_loops_are_kept_and_right_at_three_sizes(function):
    first, *others = CASES[function]
    trace = traced(function, first, 1)
    listing = rolled(trace)
    assert listing is not None, derive(trace)
    assert not listing.remarks
    assert not listing.constants
    for seed, inputs in enumerate((first, *others)):
        at = traced(function, inputs, seed)
        assert_gives_the_gradients(str(listing), listing.name, at)


@pytest.mark.parametrize("function", until.CASES, ids=lambda function: function.__name__)
def test_a_loop_that_ends_by_a_value_runs_as_often_as_with_the_sample(function):
    inputs = until.CASES[function][0]
    trace = traced(function, inputs, 1)
    code = derive(trace)
    assert "for " in code
    assert "as often as with these inputs" in code or "it was left after" in code
    assert_gives_the_gradients(code, f"{function.__name__}_backward", trace)


@pytest.mark.parametrize("function", carried.WRITTEN_OUT, ids=lambda function: function.__name__)
def test_what_differs_from_round_to_round_is_written_out_with_a_word(function):
    trace = traced(function, carried.WRITTEN_OUT[function][0], 1)
    code = derive(trace)
    assert "is written out round by round: " in code
    assert_gives_the_gradients(code, f"{function.__name__}_backward", trace)


@pytest.mark.parametrize("function", carried.SORTED, ids=lambda function: function.__name__)
def test_a_loop_that_keeps_the_best_stays_one(function):
    trace = traced(function, carried.SORTED[function][0], 1)
    code = derive(trace)
    assert "written out" not in code
    assert_gives_the_gradients(code, f"{function.__name__}_backward", trace)


def test_the_naive_convolution_of_channels_last_is_the_textbooks():
    lines = derive(traced(windows.conv_hwc, windows.CASES[windows.conv_hwc][0], 1)).splitlines()
    assert len(lines) < 60
    assert sum(line.lstrip().startswith("for ") for line in lines) == 4


def test_a_branch_on_the_counter_is_a_branch_of_the_backward_pass():
    code = derive(traced(branches.dtw_like, branches.CASES[branches.dtw_like][0], 1))
    assert code.count("if i == 0 and j == 0:") == 2
    assert code.count("elif j == 0:") == 2
    assert "stored(" not in code
    code = derive(traced(branches.last_relu, branches.CASES[branches.last_relu][0], 1))
    assert code.count("if l != L - 1:") == 2


def test_a_branch_that_asks_a_setting_holds_for_others():
    inputs = branches.CASES[branches.with_setting][0]
    scope = {}
    exec(derive(traced(branches.with_setting, inputs, 1)), scope)
    trace = bp.trace(branches.with_setting, **inputs, settings={"every": 3})
    trace.backward(np.ones((5, 3)))
    found = scope["with_setting_backward"](np.ones((5, 3)), *inputs.values(), every=3)
    for array, grad in zip(found, trace.grad.values(), strict=True):
        np.testing.assert_allclose(array, grad, rtol=1e-12)


def test_backpropagation_through_time_reads_what_the_forward_loop_kept():
    code = derive(traced(networks.bptt_by_hand, networks.CASES[networks.bptt_by_hand][0], 1))
    assert "hs.append(h)" in code
    assert "dhs[t] += " in code
    assert "dhs[t + 1] " in code


def test_the_forward_pass_of_a_pair_joins_the_value_of_its_round_not_the_list_of_all():
    inputs = networks.CASES[networks.rnn_joined][0]
    trace = traced(networks.rnn_joined, inputs, 1)
    listing = rolled(trace, trace.outputs)
    assert listing is not None
    forward = "\n".join(listing.rolled[0])
    assert "np.concatenate([h, x[t]])" in forward or "np.concatenate([h_last, x[t]])" in forward
    assert_gives_the_gradients(str(listing), listing.name, trace)


def test_what_only_adds_to_an_entry_keeps_its_gradient():
    code = derive(traced(scans.matmul_inplace, scans.CASES[scans.matmul_inplace][0], 1))
    assert "dB[l, j] += dout[i, j] * A[i][l]" in code
    assert ".copy()" not in code


def by_hand(x, w, *, depth=3):
    return x if depth == 0 else by_hand(np.tanh(x * w), w, depth=depth - 1)


def test_a_function_that_calls_itself_is_written_out_with_a_word():
    trace = traced(by_hand, {"x": np.array([0.5, 1.0]), "w": np.array([0.3, 0.7])}, 1)
    code = derive(trace)
    assert "# by_hand calls itself, 2 deep with these inputs: only a run tells how deep, so its calls are" in code
    assert_gives_the_gradients(code, "by_hand_backward", trace)


def with_a_branch_on_a_value(x):
    total = 0.0
    for row in x:
        s = np.sum(row)
        if s > 0:
            total = total + s * s
    return total


def test_loops_that_branch_on_values_say_so():
    trace = traced(with_a_branch_on_a_value, {"x": np.array([[1.0, 2.0], [-3.0, 1.0], [0.5, 0.1]])}, 1)
    code = derive(trace)
    assert "is written out round by round: its rounds do not all make the same steps" in code
    assert "what they do depends on values" in code
    assert_gives_the_gradients(code, "with_a_branch_on_a_value_backward", trace)


def test_a_picture_draws_what_goes_round():
    inputs = {"x": np.ones((30, 3)), "Wx": np.ones((3, 4)), "Wh": np.eye(4)}
    picture = BoardPicture(Diagram(traced(networks.rnn_vstack, inputs, 1)).circuit)
    assert {text.text for text in picture.drawing.texts} >= {"h to the next round, ", "dh back"}
    back, forth = (wire for wire in picture.drawing.wires if wire.id.startswith("around_"))
    assert (back.ink, forth.ink) == ("red", "ink")
    (outline,) = picture.drawing.outlines
    assert "handing on" not in " ".join(outline.title)
    for wire in (forth, back):
        assert wire.points[0][1] == wire.points[-1][1] == pytest.approx(outline.y + outline.height)
