"""The table of nodes: every number right, every formula whole, every line within the terminal."""

import io
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from rich.console import Console

import backpropviz as bp
from backpropviz.errors import DrawingError, InputError
from backpropviz.layers.library import layer_names
from backpropviz.show.tables.files import save
from backpropviz.show.tables.nodes import NodeTable
from backpropviz.show.view import view
from tests.boards import NAMES, traced


def table(name, values="short", **options):
    return NodeTable(view(traced(name), name), values, **options)


def printed(made, width=100, color=False):
    stream = io.StringIO()
    Console(file=stream, width=width, force_terminal=color, color_system="standard" if color else None).print(made)
    lines = [line.rstrip() for line in stream.getvalue().split("\n")]
    assert color or max(map(len, lines)) <= width
    return "\n".join(lines)


def test_batchnorm_in_100_columns(golden):
    text = printed(table("batchnorm"))
    assert text.count("\n") <= 42
    golden("show_table_batchnorm_100.txt", text)


def test_gradients_stand_beside_values_while_code_has_room():
    for width, beside in ((80, True), (70, False)):
        text = printed(table("batchnorm"), width)
        assert bool(re.search("value →.*← gradient", text)) is beside
        assert (text.count("\n") < 50) is beside


def test_narrow_terminals(golden):
    golden("show_table_conv_80.txt", printed(table("conv"), 80))
    golden("show_table_gate_40.txt", printed(table("gate"), 40))


def test_in_a_narrow_window_no_number_is_cropped():
    for name in ("conv_naive", "lstm", "batchnorm"):
        entries = {text for lines in table(name).lines(40).values() for line in lines for text in line.split()}
        assert entries <= set(printed(table(name), 40).split())


def test_a_network_has_a_row_for_every_layer(golden):
    golden("show_table_convnet_100.txt", printed(table("convnet")))


def test_the_numbers_are_those_of_the_trace():
    trace = traced("batchnorm")
    made = NodeTable(view(trace), "short")
    lines_of = made.lines()
    for row in made.rows:
        name = row.code.lines[0].plain.split(" ")[0]
        for which, array in (("value", trace[name].value), ("gradient", trace[name].grad)):
            written = [[float(text) for text in line.split()] for line in lines_of[row, which]]
            np.testing.assert_allclose(written, np.atleast_2d(array), atol=0.005001)
    # and they are printed, value and gradient of a row in one line
    lines = printed(made).split("\n")
    for row in made.rows:
        for number, (one, two) in enumerate(zip(lines_of[row, "value"], lines_of[row, "gradient"])):
            assert any(
                line.split()[-len((one + " " + two).split()) :] == (one + " " + two).split() for line in lines
            ), number


@pytest.mark.costly
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("width", [40, 64, 80, 100, 160])
@pytest.mark.parametrize("values", ["none", "short", "full"])
def test_every_line_fits_and_every_formula_is_whole(name, width, values):
    made = table(name, values)
    text = printed(made, width)
    assert text
    wide = re.sub(r"\s", "", printed(made, 400))
    for row in made.rows:
        for code in (row.code, row.gradient_code):
            whole = "".join(re.sub(r"\s", "", line.plain) for line in code.lines)
            assert re.sub(r"\s", "", "".join(part.plain for part in code.at(max(width - 30, 8)))) == whole
            # the shape may stand between code and what is said about it
            parts = [part for line in code.lines for part in line.plain.split("  ")]
            assert all(re.sub(r"\s", "", part) in wide for part in parts)


@pytest.mark.parametrize("name", layer_names())
def test_gradients_are_told_by_their_terms_and_sums(name):
    shown = view(traced(name))
    made = NodeTable(shown, everything=True)
    told = {line.plain for row in made.rows for line in row.gradient_code.lines}
    for flow in shown.backward:
        if flow.kind in ("gradient", "term") and not flow.shared:
            assert f"{flow.name} = {flow.formula}" in told
        if flow.kind == "sum":
            assert f"{flow.name} = {' + '.join(flow.terms)}" in told


def test_data_is_no_markup():
    def layer(x):
        # [n, d] and [bold]
        y = x[:, None] * {"[red]": 2.0}["[red]"]
        return y

    trace = bp.trace(layer, x=np.ones(2))
    trace.backward()
    assert 'x[:, None] * {"[red]": 2.0}["[red]"]' in printed(NodeTable(view(trace)))


def test_before_the_backward_pass_there_is_no_gradient():
    text = printed(NodeTable(view(bp.trace("batchnorm"))))
    assert "gradient" not in text
    assert "dxmu" not in text


def test_without_colour_and_with_it():
    made = table("affine")
    colour = printed(made, color=True)
    assert "\x1b[" in colour
    assert re.sub(r" +(?=\n|$)", "", re.sub(r"\x1b\[[\d;]*m", "", colour)) == printed(made)


def test_groups_are_opened_where_it_is_asked_for():
    assert "sigmoid(ai)" in printed(table("lstm_step"))
    assert "s = np.logaddexp(0, -ai)" not in printed(table("lstm_step"))
    assert "s = np.logaddexp(0, -ai)" in printed(table("lstm_step", expand=["i"]))
    with pytest.raises(InputError, match="'tanh'") as caught:
        table("lstm_step", expand=["tanh"])
    assert "sigmoid" in caught.value.fix
    with pytest.raises(InputError, match="--values many"):
        table("relu", "many")


def test_it_is_written_to_files_that_load_nothing(tmp_path):
    made = table("batchnorm")
    for suffix in ("svg", "html", "txt"):
        save(made, tmp_path / f"table.{suffix}", "batchnorm")
        text = (tmp_path / f"table.{suffix}").read_text(encoding="utf-8")
        assert "dxhat" in text
        assert not re.search(r"url\(['\"]?(?!#)|src=|@import|https?://(?!www.w3.org)", text)
    ElementTree.parse(tmp_path / "table.svg")
    first = (tmp_path / "table.svg").read_bytes()
    save(made, tmp_path / "table.svg", "batchnorm")
    assert (tmp_path / "table.svg").read_bytes() == first
    with pytest.raises(InputError, match=r"table\.docx"):
        save(made, tmp_path / "table.docx", "batchnorm")
    with pytest.raises(DrawingError):
        save(made, tmp_path / "nowhere" / "table.txt", "batchnorm")


@pytest.mark.parametrize("name", ["softmax_loss", "svm_loss", "convnet"])
def test_numbers_stand_closer_where_that_makes_a_table_shorter(name):
    text = printed(table(name))
    assert re.search("value →.*← gradient", text)
    assert len(text.splitlines()) < 40


@pytest.mark.parametrize("name", ["conv", "groupnorm", "lstm", "rnn"])
def test_shapes_stand_behind_code_where_gradients_find_room_beside_values_then(name):
    made = table(name)
    text = printed(made)
    assert re.search("value →.*← gradient", text)
    assert "step   node   " in text
    assert "shape   " not in text.splitlines()[2]
    assert all(row.shape.replace(" ", "") in re.sub(r"\s", "", text) for row in made.rows)
