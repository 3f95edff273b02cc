"""Volumes, parameters and memory: the worked numbers of the field, and descriptions against recorded runs."""

import numpy as np
import pytest

import backpropviz as bp
from backpropviz.errors import InputError
from backpropviz.layers.library import load
from backpropviz.study.shapes import arithmetic, of_description, of_trace


def of_layer(name, settings=None, **shapes):
    return of_trace(load(name).trace(settings, shapes=shapes))


# ---- worked numbers --------------------------------------------------------------------------------------------------


def test_large_filters_at_stride_four():
    _, conv = of_description("input 227x227x3, conv 96 11x11 stride 4")
    assert conv.volume == (55, 55, 96)
    assert conv.columns == (363, 3025)
    assert conv.arithmetic == "(227 - 11 + 2*0) / 4 + 1 = 55"
    assert (conv.weights, conv.biases, conv.parameters) == (96 * 363, 96, 34944)
    assert (conv.values, conv.bytes, conv.columns_bytes) == (290400, 8 * 290400, 8 * 363 * 3025)
    assert conv.field == (11, 11)
    _, traced = of_layer("conv", {"stride": 4}, x=(1, 3, 227, 227), w=(96, 3, 11, 11))
    for fact in ("volume", "columns", "weights", "biases", "values", "bytes", "columns_bytes", "field", "arithmetic"):
        assert getattr(traced, fact) == getattr(conv, fact)


def test_the_small_demo():
    _, conv = of_description("input 5x5x3, conv 2 3x3 stride 2 pad 1")
    assert conv.volume == (3, 3, 2)
    assert conv.arithmetic == "(5 - 3 + 2*1) / 2 + 1 = 3"
    assert conv.parameters == 2 * (3 * 3 * 3 + 1)


def test_volumes_for_small_colour_images():
    rows = of_description("input 32x32x3, conv 12 3x3 pad 1, relu, pool 2x2, fc 10, softmax")
    assert [row.volume for row in rows] == [(32, 32, 3), (32, 32, 12), (32, 32, 12), (16, 16, 12), (10,), (10,)]
    assert [row.parameters for row in rows] == [0, 12 * 28, 0, 0, 3072 * 10 + 10, 0]
    assert rows[4].arithmetic == "16x16x12 = 3072 inputs, each to 10 outputs"


def test_a_fully_connected_layer_as_a_convolution():
    dense = of_description("input 7x7x512, fc 4096")
    convolved = of_description("input 7x7x512, conv 4096 all")
    assert dense[1].volume == (4096,)
    assert convolved[1].volume == (1, 1, 4096)
    assert dense[1].parameters == convolved[1].parameters == 4096 * (7 * 7 * 512 + 1)
    assert dense[1].field == convolved[1].field == (7, 7)


@pytest.mark.parametrize(("size", "coarse", "scores"), [(224, 7, 1), (384, 12, 6)])
def test_a_converted_network_slides_over_a_larger_image(size, coarse, scores):
    halved = ", ".join(["conv 512 3x3 pad 1, relu, pool 2x2 stride 2"] * 5)
    rows = of_description(f"input {size}x{size}x3, {halved}, conv 4096 7x7, conv 4096 1x1, conv 1000 1x1")
    assert rows[-4].volume == (coarse, coarse, 512)
    assert [row.volume[:2] for row in rows[-3:]] == [(scores, scores)] * 3
    assert rows[-1].volume == (scores, scores, 1000)


def test_a_one_by_one_convolution_mixes_channels_only():
    _, conv = of_description("input 8x6x64, conv 16 1x1")
    assert conv.volume == (8, 6, 16)
    assert conv.columns == (64, 48)
    assert conv.field == (1, 1)


def test_three_small_windows_see_as_far_as_a_large_one():
    small = of_description("input 20x20x4, conv 4 3x3, conv 4 3x3, conv 4 3x3")
    large = of_description("input 20x20x4, conv 4 7x7")
    assert small[-1].field == large[-1].field == (7, 7)
    assert small[-1].volume == large[-1].volume
    assert sum(row.weights for row in small) == 3 * 4 * 4 * 9 < large[-1].weights


def test_receptive_fields_grow_by_the_strides_before():
    rows = of_description("input 64x64x3, conv 8 3x3 stride 2, pool 2x2, conv 8 5x3, fc 10")
    assert [row.field for row in rows[:4]] == [(1, 1), (3, 3), (5, 5), (21, 13)]
    # by hand: after conv jump 2, after pool jump 4; the last sees the whole volume of the conv before
    height, width = rows[3].volume[:2]
    assert rows[4].field == (21 + (height - 1) * 4, 13 + (width - 1) * 4)


def test_what_one_entry_sees_is_what_its_gradient_reaches():
    def network(x, w1, w2):
        a = bp.im2col(x, w1.shape[2:], 2, 0)
        rows = w1.reshape(w1.shape[0], -1) @ a
        maps = rows.reshape(x.shape[0], w1.shape[0], 9, 7)
        b = bp.im2col(maps, w2.shape[2:], 1, 0)
        return (w2.reshape(w2.shape[0], -1) @ b).reshape(x.shape[0], w2.shape[0], 7, 6)

    random = np.random.default_rng(0)
    trace = bp.trace(
        network,
        x=random.normal(size=(1, 2, 19, 15)),
        w1=random.normal(size=(3, 2, 3, 3)),
        w2=random.normal(size=(2, 3, 3, 2)),
    )
    one = np.zeros(trace.output.shape)
    one[0, 0, 3, 2] = 1
    seen = np.argwhere(trace.backward(one)["x"][0, 0])
    reach = tuple(int(n) for n in seen.max(axis=0) - seen.min(axis=0) + 1)
    assert reach == of_description("input 19x15x2, conv 3 3x3 stride 2, conv 2 3x2")[-1].field == (7, 5)


# ---- described and recorded ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("batch", [1, 5])
def test_a_description_agrees_with_the_recorded_network(batch):
    recorded = of_layer("convnet", x=(batch, 3, 8, 6), w1=(4, 3, 3, 3))
    words = "input 8x6x3, conv 4 3x3 pad 1, relu, pool 2x2, fc 5"
    described = of_description(words, batch=batch)
    assert [row.name for row in recorded[:5]] == ["input", "conv", "relu", "maxpool", "affine"]
    for ours, theirs in zip(described, recorded):
        for fact in ("volume", "weights", "biases", "values", "bytes", "field"):
            assert getattr(ours, fact) == getattr(theirs, fact), (ours.name, fact)
    assert recorded[1].columns == described[1].columns
    assert recorded[1].columns_bytes == described[1].columns_bytes
    assert sum(row.parameters for row in recorded) == sum(row.parameters for row in described)


def test_precision_counts():
    trace = load("conv").trace(dtype="float32")
    assert of_trace(trace)[1].bytes == trace.output.size * 4
    assert of_description("input 4x4x1, conv 2 2x2", itemsize=4)[1].bytes == 2 * 9 * 4


@pytest.mark.parametrize("name", ["batchnorm", "affine", "softmax_loss", "lstm_step", "gate", "conv_same"])
def test_every_layer_has_rows(name):
    trace = load(name).trace()
    rows = of_trace(trace)
    assert rows[0].name == "input"
    given = [node for node in trace.inputs.values() if node.carries_gradient][1:]
    assert sum(row.parameters for row in rows) == sum(node.value.size for node in given)
    assert rows[-1].values == trace.output.size
    assert rows[-1].to_dict()["parameters"] == rows[-1].parameters


def test_a_layer_of_whole_numbers_has_no_volumes():
    def count(labels):
        return np.bincount(labels)

    with pytest.raises(InputError, match="no input of count holds floats"):
        of_trace(bp.trace(count, labels=np.arange(3)))


# ---- words -----------------------------------------------------------------------------------------------------------


def test_what_does_not_come_out_even_is_said():
    assert arithmetic(10, 3, 2, 0) == "(10 - 3 + 2*0) / 2 + 1 = 4, 1 left over"
    assert of_description("input 10x10x3, conv 2 3x3 stride 2")[1].volume == (4, 4, 2)


@pytest.mark.parametrize(
    ("text", "volumes"),
    [
        ("input 6x6x2 -> pool -> fc 3", [(6, 6, 2), (3, 3, 2), (3,)]),
        ("Input 6x6x2; Conv 4 3x3; ReLU", [(6, 6, 2), (4, 4, 4), (4, 4, 4)]),
        ("input 6x6x2, maxpool 3x3 stride 1, avgpool 2", [(6, 6, 2), (4, 4, 2), (2, 2, 2)]),
        ("input 6x6x2, batchnorm, dropout 0.5, affine 3, tanh,", [(6, 6, 2), (6, 6, 2), (6, 6, 2), (3,), (3,)]),
        ("input 20, fc 3", [(20,), (3,)]),
        ("input 9x6x2, pool 3x2", [(9, 6, 2), (3, 3, 2)]),
    ],
)
def test_ways_to_write_it(text, volumes):
    assert [row.volume for row in of_description(text)] == volumes


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the description is empty"),
        (" , ", "the description is empty"),
        ("conv 12 3x3", "the description starts with 'conv 12 3x3'\n  Start with the input"),
        ("input 8x8x3, input 4x4x3", "'input 4x4x3' comes again"),
        ("input 8x8x3, convolution 3x3", "unknown layer 'convolution' in 'convolution 3x3'\n  Known: input, conv"),
        ("input", "'input' gives no size"),
        ("input 8x8", "'input 8x8' gives no size"),
        ("input 8x0x3", "gives no size"),
        ("input 8x8x3 pad 1", "gives no size"),
        ("input 8x8x3, conv 3x3", "'conv 3x3' needs a number of filters and a window"),
        ("input 8x8x3, conv 12", "'conv 12' needs a number of filters and a window"),
        ("input 8x8x3, conv 0 3x3", "needs a number of filters"),
        ("input 8x8x3, conv 12 3x3 stride", "'stride' in 'conv 12 3x3 stride' is not understood"),
        ("input 8x8x3, conv 12 3x3 pad -1", "'pad' in"),
        ("input 8x8x3, conv 12 3x3 stride 0", "conv 12 3x3 stride 0: the stride is 0"),
        ("input 8x8x3, conv 12 9x9", "conv 12 9x9: the filter is 9 wide, but the padded image only 8 (8 + 2 * 0)"),
        ("input 8x8x3, pool 9x9", "the filter is 9 wide"),
        ("input 8x8x3, pool 2 3x3", "'pool 2 3x3' needs one window"),
        ("input 8x8x3, fc", "'fc' needs a number of outputs"),
        ("input 8x8x3, fc 0", "'fc 0' needs a number of outputs"),
        ("input 8x8x3, fc 10, conv 3 3x3", "'conv 3 3x3' needs a volume, but gets (10,)"),
        ("input 8x8x3, relu 5", "'5' in 'relu 5' is not understood"),
    ],
)
def test_descriptions_that_are_not_understood(text, message):
    with pytest.raises(InputError) as caught:
        of_description(text)
    assert message in str(caught.value)


def test_a_network_in_one_function_has_a_row_for_every_product():
    def mlp(x, w1, b1, w2, b2):
        a = x @ w1 + b1
        h = np.maximum(0, a)
        scores = np.dot(h, w2) + b2
        return scores

    x, w1, w2 = (np.ones(shape) for shape in ((4, 6), (6, 5), (5, 3)))
    rows = of_trace(bp.trace(mlp, x=x, w1=w1, b1=np.ones(5), w2=w2, b2=np.ones(3)))
    assert [(row.name, row.volume, row.parameters) for row in rows] == [
        ("input", (6,), 0), ("h", (5,), 6 * 5 + 5), ("scores", (3,), 5 * 3 + 3),
    ]  # fmt: skip


def test_two_convolutions_in_one_function_see_more_and_more():
    def network(x, w1, w2):
        first = np.tensordot(bp.im2col(x, (3, 3)), w1, axes=([1], [1])).transpose(0, 2, 1).reshape(1, 2, 4, 4)
        second = np.tensordot(bp.im2col(first, (3, 3)), w2, axes=([1], [1])).transpose(0, 2, 1).reshape(1, 3, 2, 2)
        return second

    rows = of_trace(bp.trace(network, x=np.ones((1, 1, 6, 6)), w1=np.ones((2, 9)), w2=np.ones((3, 18))))
    assert [(row.name, row.field) for row in rows[1:]] == [("first", (3, 3)), ("second", (5, 5))]
