"""A trace that is dropped is gone at once, with all its arrays: nothing waits for Python's collector."""

import contextlib
import gc
import weakref

import numpy as np
import pytest

import backpropviz as bp
from backpropviz.engine import again, keeping
from backpropviz.engine.rounds import Rounds
from backpropviz.errors import TraceError
from backpropviz.layers.library import layer_names


@contextlib.contextmanager
def uncollected():
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def arrays_of(trace):
    """The nodes of both passes, and the arrays that they hold, as weak references."""
    nodes = [*trace.nodes, *trace.red.nodes]
    return [weakref.ref(node.value) for node in nodes if node._value is not None]


def alive(references):
    return [array().shape for array in references if array() is not None]


@pytest.mark.costly
@pytest.mark.parametrize("name", layer_names())
def test_a_dropped_trace_frees_its_arrays(name):
    with uncollected():
        t = bp.trace(name)
        t.backward()
        references = arrays_of(t)
        t.backward()  # the first backward pass is dropped
        references += arrays_of(t)
        assert t.gradient_names.terms
        Rounds(t)
        t.replay(**{key: node.value.copy() for key, node in t.inputs.items()})
        del t
        assert not alive(references)


def filled(x, w, *, rounds=3):
    def scaled(row):
        twice = row * 2
        return twice * w

    out = np.zeros((rounds, *x.shape))
    for i in range(rounds):
        out[i] = scaled(x)
        out[i] += i
    part = out[1]
    if np.sum(part) > 0:
        part = part * 2
    return part, out


def test_slates_groups_loops_and_decisions_free_theirs():
    with uncollected():
        t = bp.trace(filled, x=np.array([0.3, 0.1]), w=np.array([2.0, 1.0]))
        t.backward({node.name: None for node in t.outputs})
        references = arrays_of(t)
        assert len(references) > 10
        del t
        assert not alive(references)


def test_a_run_that_fails_frees_its_arrays_too():
    taken = []

    def refused(x):
        y = np.exp(x)
        taken.append(weakref.ref(y.node.value))
        return int(y)

    with uncollected():
        with contextlib.suppress(TraceError):
            bp.trace(refused, x=np.array(0.3))
        assert len(taken) == 1
        assert not alive(taken)


def test_what_outlives_its_trace_keeps_its_value():
    t = bp.trace("batchnorm")
    node, value = t["xhat"], t["xhat"].value.copy()
    del t
    np.testing.assert_array_equal(node.value, value)
    assert node.grad is None


def test_a_trace_as_long_as_another_one_of_it_lives():
    t = bp.trace("batchnorm")
    twin = bp.facade.Trace(**vars(t))
    del t
    twin.backward()
    assert twin["xhat"].step.label == "7"


def test_large_values_on_the_way_to_a_gradient_come_back_as_they_were(monkeypatch):
    x, y = np.random.default_rng(0).normal(size=(2, 128, 130))
    given = {"x": x, "gamma": x[0], "beta": x[1]}
    t, kept = bp.trace("batchnorm", **given), bp.trace("batchnorm", **given)
    t.backward(y)
    monkeypatch.setattr(again, "LARGE", x.nbytes + 1)
    kept.backward(y)
    gone = [node for node in t.red.nodes if node._value is None]
    assert {node.name for node in gone} == {None, "dxmu_1", "dxmu_2"}
    assert all(node._value is not None for node in kept.red.nodes)

    def same():
        return all(map(np.array_equal, *([node.value for node in each.red.nodes] for each in (t, kept))))

    assert same()
    assert same()  # it is kept from now on
    assert not [node for node in gone if node._value is None]
    t.backward(y)
    for each in (t, kept):
        each.replay(x=y, dout=x)
    assert same()


def test_what_is_seen_in_a_view_is_not_let_go():
    x, dout = np.random.default_rng(0).normal(size=(2, 128, 130))
    t = bp.trace(lambda x: np.cumsum(x, axis=1), x=x)
    t.backward()
    viewed = {parent for node in t.red.nodes if node.is_view for parent in node.parents}
    assert viewed & {node for node in t.red.nodes if node.name is None}
    assert all(node._value is not None for node in viewed)
    t.replay(x=x, dout=dout)
    np.testing.assert_array_equal(t.grad["x"], np.cumsum(dout[:, ::-1], axis=1)[:, ::-1])


def test_the_collector_is_left_as_it_was():
    gc.disable()
    try:
        bp.trace("batchnorm").backward()
        assert not gc.isenabled()
    finally:
        gc.enable()
    bp.trace("batchnorm").backward()
    assert gc.isenabled()


def test_what_a_long_run_made_is_old_at_once_and_still_searched():
    class Own: ...

    gc.collect()
    with keeping.uncollected():
        kept = [[] for _ in range(keeping._LONG + 1_000)]
        cycle = Own()
        cycle.itself = cycle
        gone = weakref.ref(cycle)
        del cycle
    assert gc.get_count()[0] < len(kept) / 2
    assert gone() is not None
    gc.collect()
    assert gone() is None


def test_not_everything_goes_unsearched(monkeypatch):
    gc.collect()
    monkeypatch.setattr(keeping, "_UNSEARCHED", 3 * keeping._LONG)
    frozen = []
    monkeypatch.setattr(gc, "freeze", lambda: frozen.append(True))
    for _ in range(10):
        with keeping.uncollected():
            made = [[] for _ in range(keeping._LONG + 1_000)]
        gc.disable()
        del made
        gc.enable()
    assert 1 <= len(frozen) <= 4


def test_what_others_froze_stays_frozen():
    gc.freeze()
    try:
        count = gc.get_freeze_count()
        with keeping.uncollected():
            kept = [[] for _ in range(keeping._LONG + 1_000)]
        assert gc.get_freeze_count() == count
        assert kept
    finally:
        gc.unfreeze()
