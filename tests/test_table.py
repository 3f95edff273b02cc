"""What `show` prints: every number right, every line within the terminal, nothing eaten."""

import io
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

import backpropviz as bp
from backpropviz.errors import InputError
from backpropviz.layers.library import layer_names
from backpropviz.show.numerals import numbers, summary, write
from backpropviz.show.table import show
from backpropviz.show.tables.cells import Code, Words
from backpropviz.show.view import view


def printed(layer, width=80, *, backward=True, arguments=None, color=False, encoding="utf-8", **options):
    trace = bp.trace(layer, **(arguments or {}))
    if backward:
        trace.backward()
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding)
    console = Console(file=stream, width=width, force_terminal=color, color_system="standard" if color else None)
    console.print(show(view(trace), **options))
    stream.flush()
    return raw.getvalue().decode(encoding)


def scalar(a, b):
    """Two gates and a square."""
    # [n, d] in a comment
    c = a * b
    d = c + a
    return d * d


SCALARS = {"a": np.array(2.0), "b": np.array(-3.0)}


def halved(z):
    # half of it
    half = z / 2
    return half


def matrices(x, w):
    h = x @ w
    u = halved(h)
    rows = u.sum(axis=1)
    return rows


# ---- pages as a whole ------------------------------------------------------------------------------------------------


def test_batchnorm_at_80_columns(golden):
    golden("show_batchnorm_80.txt", printed("batchnorm"))


def test_a_network_has_one_line_per_layer(golden):
    golden("show_convnet_80.txt", printed("convnet"))


def test_narrow_terminals_get_values_below_statements(golden):
    golden("show_conv_50.txt", printed("conv", 50))


def test_scalars_line_up_on_their_decimal_points(golden):
    golden("show_scalar_60.txt", printed(scalar, 60, arguments=SCALARS))


def test_one_step_whole(golden):
    golden("show_batchnorm_step_2.txt", printed("batchnorm", step="2"))


def test_a_matrix_product_explained(golden):
    golden("show_affine_step_2.txt", printed("affine", 90, step="2"))


# ---- widths ----------------------------------------------------------------------------------------------------------


@pytest.mark.costly
@pytest.mark.parametrize("layer", layer_names())
@pytest.mark.parametrize("width", [40, 60, 80, 100, 120])
def test_no_line_is_wider_than_the_terminal_and_no_number_is_broken(layer, width):
    text = printed(layer, width, ops=True)
    assert max(map(len, text.splitlines())) <= width
    trace = bp.trace(layer)
    trace.backward()
    true = {f"{abs(entry):.4f}" for node in (*trace.nodes, *trace.red.nodes) for entry in node.value.ravel().tolist()}
    text = re.sub(r"(min|mean|max) \S+|\S+ to \S+", "", text)
    shown = re.findall(r"(?<![\w.(,\[])\d+\.\d{4}(?![\w.])", text)
    assert set(shown) <= true


@pytest.mark.parametrize("width", [30, 60, 80, 120])
def test_words_survive_every_width(width):
    text = printed("batchnorm", width)
    for word in ("dxhat", "dxmu_1", "np.sum", "dgamma", "Backward", "eps"):
        assert word in text


def test_statements_keep_all_their_characters_when_they_are_broken():
    formula = "dx = np.broadcast_to(np.expand_dims(dpooled_with_a_long_name, axis=(1, 2)), windows.shape) * mask"
    for width in range(10, 100):
        lines = [line.plain for line in Code(Text(formula)).at(width)]
        assert all(len(line) <= width for line in lines)
        assert re.sub(r"\s", "", "".join(lines)) == re.sub(r"\s", "", formula)


def test_words_that_belong_together_are_not_torn_and_lines_begin_below_each_other():
    sentence = Text("  the product of (4,\xa06) and (6,\xa05) is (4,\xa05)")
    for width in range(10, 60):
        lines = [line.plain for line in Words(sentence.copy()).at(width)]
        assert all(len(line) <= width and re.match(r"  \S", line) for line in lines)
        assert sum(line.count(f"({shape})") for line in lines for shape in ("4, 6", "6, 5", "4, 5")) == 3


def test_wide_letters_are_counted_as_wide():
    def layer(x):
        # 平均を引く
        y = x - 1.0
        # the mean
        return y * 2

    lines = printed(layer, arguments={"x": np.arange(8.0).reshape(4, 2)}).splitlines()
    at = next(number for number, line in enumerate(lines) if "平均" in line)
    assert lines[at].split() == ["平均を引く", "1.0", "2.0"]
    columns = {cell_len(line[: line.index(".")]) for line in (lines[at - 1].split("x - 1.0")[1], lines[at])}
    before = cell_len(lines[at - 1].split("x - 1.0")[0] + "x - 1.0")
    assert columns == {
        cell_len(lines[at][: lines[at].index(".")]),
        cell_len(lines[at][: lines[at].index(".")]) - before,
    }


# ---- values ----------------------------------------------------------------------------------------------------------


@given(st.lists(st.floats(-1e5, 1e5, allow_subnormal=False), min_size=1, max_size=12))
def test_written_numbers_are_the_numbers_to_four_digits(values):
    texts = write(values)
    scale = max(map(abs, values))
    for text, value in zip(texts, values):
        assert float(text) == pytest.approx(value, abs=6e-4 * max(scale, 1e-9))
        assert (text == "0") == (value == 0)


@given(st.integers(1, 5), st.integers(1, 4))
def test_decimal_points_line_up(rows, columns):
    array = np.random.default_rng(rows * 10 + columns).normal(0, 30, (rows, columns))
    lines = numbers(array, 80).lines()
    assert len(lines) == rows
    assert len({tuple(at for at, c in enumerate(line) if c == ".") for line in lines}) == 1


def test_matrices_of_a_stack_are_apart():
    assert numbers(np.arange(8).reshape(2, 2, 2), 20).lines() == ["0  1", "2  3", "", "4  5", "6  7"]


def test_large_arrays_are_told_by_entries_and_extent():
    array = np.linspace(-1.0, 3.0, 101)
    assert numbers(array, 60) is None
    assert summary(array, 40) == ["-1.00  -0.96  -0.92 ...", "min -1  mean 1  max 3"]
    assert summary(array, 15)[1] == "-1 to 3"
    assert summary(array > 2.0, 40) == ["25 of 101 true"]


def test_what_is_not_finite_is_shown_as_it_is():
    assert write([np.nan, 1.0, -np.inf]) == ["nan", "1.0", "-inf"]


def test_an_exact_zero_is_told_from_a_small_number():
    assert write([0.0, 1e-9, 2.0, -1e-9]) == ["0", "0.0000", "2.0000", "0.0000"]


def test_gradients_before_backward_are_not_shown():
    text = printed("batchnorm", backward=False)
    assert "Backward" not in text
    assert "Gradients" not in text
    assert "xhat" in text


def test_inputs_without_a_gradient_say_so():
    assert re.search(r"0  y  int64: no gradient", printed("softmax_loss"))


def test_a_step_no_gradient_reaches_says_so():
    def layer(x):
        mask = x > 0
        return x * mask

    assert "No gradient reaches mask." in printed(layer, arguments={"x": np.array([1.0, -1.0])}, step="1")


# ---- colour and markup -----------------------------------------------------------------------------------------------


def test_data_is_never_read_as_markup():
    assert "[n, d] in a comment" in printed(scalar, arguments=SCALARS)
    assert "logp[np.arange(N), y]" in printed("softmax_loss", 120)


def test_a_pipe_gets_no_escape_codes_and_a_terminal_gets_red_gradients():
    assert "\x1b" not in printed(scalar, arguments=SCALARS)
    coloured = printed(scalar, arguments=SCALARS, color=True)
    assert re.search("\x1b\\[1;31mdd_1\x1b", coloured)
    assert re.search("\x1b\\[31m +-8.0\x1b", coloured)
    assert not re.search("\x1b\\[[0-9;]*31m *-6.0", coloured), "forward values are not red"


def test_terminals_without_unicode_get_plain_rules():
    text = printed(scalar, arguments=SCALARS, encoding="ascii")
    assert "-----" in text


def test_no_blanks_at_the_ends_of_lines_and_no_special_spaces():
    text = printed("convnet", 100, ops=True)
    assert all(line == line.rstrip() for line in text.splitlines())
    assert "\xa0" not in text


# ---- groups and steps ------------------------------------------------------------------------------------------------

INPUTS = {"x": np.array([[1.0, -2.0], [0.5, 3.0]]), "w": np.array([[2.0, 1.0], [-1.0, 0.25]])}


def test_a_call_is_one_row_until_it_is_opened():
    closed = printed(matrices, arguments=INPUTS)
    assert "half of it" not in closed
    assert re.search(r"dh through halved", closed)
    for options in ({"expand": ["halved"]}, {"expand": ["u"]}, {"expand": ["2"]}, {"ops": True}, {"explain": True}):
        opened = printed(matrices, arguments=INPUTS, **options)
        assert "half of it" in opened
        assert "through" not in opened


def test_ops_lists_operations_that_are_no_steps():
    text = printed("batchnorm", ops=True)
    assert re.search(r"^ +var \+ eps +\(3,\)", text, re.M)
    assert re.search(r"^ +2 \* xmu +\(4, 3\)", text, re.M)
    assert not re.search(r"^ +var \+ eps +\(3,\)", printed("batchnorm"), re.M)


def test_a_group_by_its_number():
    text = printed(matrices, arguments=INPUTS, step="2")
    assert "half of it" in text
    assert "u.sum" not in text


def test_steps_are_also_found_by_name():
    assert printed("batchnorm", step="xhat") == printed("batchnorm", step="7")


@pytest.mark.parametrize(
    ("options", "seen", "fix"),
    [
        ({"step": "12"}, "there is no step '12'", "There are 1, 2, 3, 4, 5, 6, 7, 8, 9."),
        ({"expand": ["conv"]}, "there is no group 'conv' to expand", "calls no functions"),
    ],
)
def test_unknown_steps_and_groups(options, seen, fix):
    with pytest.raises(InputError) as error:
        printed("batchnorm", **options)
    assert seen in str(error.value)
    assert fix in error.value.fix


def test_unknown_group_where_there_are_some():
    with pytest.raises(InputError, match="conv, relu, maxpool, affine, softmax_loss"):
        printed("convnet", expand=["dropout"])


def test_parameters_of_a_network_are_counted_once():
    text = printed("convnet")
    trace = bp.trace("convnet")
    total = sum(trace[name].value.size for name in ("w1", "b1", "w2", "b2"))
    assert re.search(rf"in all +{total} parameters", text)


def test_names_in_a_statement_are_names_in_the_table():
    def layer(x):
        y = x * 2.0
        y = y + 1.0
        y = y * y
        return y

    text = printed(layer, arguments={"x": np.array(3.0)})
    assert "y_3 = y_2 * y_2" in text
    assert "y_2 = y + 1.0" in text


def test_what_the_path_depended_on_is_noted():
    def layer(x):
        return x * 2.0 if x > 0 else x

    assert "the path taken depends on values here" in printed(layer, arguments={"x": np.array(3.0)})
