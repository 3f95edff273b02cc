"""The forward passes of all right hand-ins, as derived code in both styles: it runs, here and at other sizes."""

import ast

import pytest

from backpropviz.code.pairs import pair
from backpropviz.errors import BackpropvizError
from backpropviz.layers.library import load
from backpropviz.study.closed.scenes import Stage
from tests.corpus import Corpus
from tests.derived import assert_function_holds, assert_pair_holds, says_that_it_is_of_these_shapes, upstream

REFUSED = {
    "bn_feature_loops:batchnorm_forward": "float\\(\\) turns a traced value into a plain one",
    "conv_im2col_1:col2im": "no sample inputs",
    "conv_im2col_add_at:indices": "no value computed from its inputs",
    "conv_stride_tricks:windows": "no sample inputs",
    "conv_columns_by_index:col2im": "no sample inputs",
    "conv_columns_by_index:im2col_idx": "no value computed from its inputs",
    "layernorm_apply_per_row:layernorm_forward": "np.apply_along_axis",
    "max_pool_naive_1:conv_relu_forward": "fast_layers",
    "prints_along_the_way:log": "is it written yet",
    "to_groups_1:from_groups": "no sample inputs",
    "whole_file_of_layers:conv_relu_forward": "fast_layers",
}
"""Functions that no code is derived of, and what is said instead."""

LONG = 300  # operations: another size of these would take longer than all others together


def forwards():
    """Every function at the top of a file that is no backward pass, once: copies in other files give the same code."""
    seen = set()
    for path in Corpus().right():
        for node in ast.parse(path.read_bytes()).body:
            if isinstance(node, ast.FunctionDef) and not any(w in node.name for w in ("backward", "grad")):
                body = ast.unparse(node)
                if not node.name.startswith("_") and body not in seen:
                    seen.add(body)
                    yield f"{path.stem}:{node.name}"


def cases():
    """The naive convolutions are thousands of operations each, and run with `-m rest` alone."""
    for name in forwards():
        if name not in REFUSED:
            yield pytest.param(name, marks=[pytest.mark.rest] if "conv_forward_naive" in name else [], id=name)


def traced(name):
    stem, _, function = name.partition(":")
    layer = load(f"{Corpus().file(stem)}:{function}")
    return layer, upstream(layer.trace(seed=1))


@pytest.mark.costly
@pytest.mark.filterwarnings("ignore")  # of the files: log of 0, division by 0
@pytest.mark.parametrize("name", list(cases()))
def test_derived_code_of_a_hand_in_runs_at_its_sample_and_at_another_size(name):
    layer, trace = traced(name)
    assert_function_holds(trace)
    assert_pair_holds(trace)
    if "# it holds for" in pair(trace) or says_that_it_is_of_these_shapes(trace) or len(trace.nodes) > LONG:
        return
    for scene in Stage(layer, {}).draws(2):
        if list(scene.trace.inputs) == list(trace.inputs):
            assert_function_holds(trace, upstream(scene.trace))
            assert_pair_holds(trace, scene.trace)


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_derived_is_told(name):
    with pytest.raises(BackpropvizError, match=REFUSED[name]):
        traced(name)
