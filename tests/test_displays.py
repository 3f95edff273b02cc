"""What results show of themselves: as text at a prompt, as HTML in a notebook; the magic of notebooks; the examples in
docstrings."""

import doctest
import importlib
import inspect
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import backpropviz as bp
from backpropviz.cli import app
from backpropviz.errors import InputError
from backpropviz.facade.magic import load as load_magic
from backpropviz.show.display import Code
from tests.notebooks import Shell


class Reader(HTMLParser):
    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.text, self.classes = [], [], set()
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.open += [tag] if tag not in ("meta", "link", "br") else []
        self.classes.add(dict(attributes).get("class"))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "pre" in self.open:
            self.text.append(data)


@pytest.fixture(scope="module")
def trace():
    made = bp.trace("batchnorm")
    made.backward()
    return made


def printed(*arguments):
    found = CliRunner().invoke(app, list(arguments), env={"COLUMNS": "100"})
    assert found.exit_code == 0, found.output
    return found.output.rstrip("\n")


SHOWN = {
    "table": (lambda t: t.table(), ["show", "batchnorm"]),
    "step": (lambda t: t.step(7), ["show", "batchnorm", "--step", "7"]),
    "entry": (lambda t: t.entry("dx", (0, 1)), ["show", "batchnorm", "--entry", "dx[0,1]"]),
    "derive": (lambda t: t.derive(), ["derive", "batchnorm"]),
    "gradcheck": (lambda t: t.gradcheck(), ["gradcheck", "batchnorm"]),
}


@pytest.mark.parametrize("name", SHOWN)
def test_a_prompt_and_a_notebook_show_what_the_command_prints(name, trace):
    show, command = SHOWN[name]
    shown = show(trace)
    assert repr(shown).rstrip("\n") == "\n".join(line.rstrip() for line in printed(*command).split("\n"))
    html = shown._repr_html_()
    found = Reader(html)
    assert "".join(found.text).rstrip("\n") == repr(shown).rstrip("\n")
    assert "prefers-color-scheme: dark" in html
    assert "data-jp-theme-light=false" in html
    assert found.classes & {"red", "faint", "good"}


def test_derived_code_is_a_string_that_runs(trace):
    code = trace.derive()
    assert isinstance(code, str)
    space = {}
    exec(code, space)
    found = space["batchnorm_backward"](trace.dout, *(node.value for node in trace.inputs.values()))
    np.testing.assert_allclose(found[0], trace.grad["x"], atol=1e-12)


def test_code_that_is_cut_off_and_markup_in_it_are_shown_as_they_are():
    for text in ("", "x = (1,", 'y = "</pre><script>" # <b>\n', "if x:\n    y = 2\n  z"):
        assert "".join(Reader(Code(text)._repr_html_()).text) == text


def test_no_step_of_that_name_is_said_at_once(trace):
    with pytest.raises(InputError, match="there is no step '77'"):
        trace.step(77)


def swish_forward(x):
    s = 1 / (1 + np.exp(-x))
    return x * s


def swish_backward(dout, x):
    s = 1 / (1 + np.exp(-x))
    ds = dout * x
    dx = dout * s + ds * s
    return dx


def test_a_diagnosis_shows_itself():
    found = bp.diagnose(swish_forward, swish_backward)
    assert not found.right
    line = inspect.getsourcelines(swish_backward)[1] + 3
    assert f"test_displays.py:{line}  dx = dout * s + ds * s" in repr(found)
    assert "".join(Reader(found._repr_html_()).text) == repr(found)
    assert found.report.functions[0].findings[0].line == line


def test_a_trace_shows_its_board_light_and_dark(trace):
    svg = trace._repr_html_()
    assert svg.startswith('<svg style="max-width: 100%')  # no wider than the cell
    assert float(re.search(r"width=\"([\d.]+)pt\"", svg)[1]) <= 600
    assert "prefers-color-scheme: dark" in svg


# ---- the magic -------------------------------------------------------------------------------------------------------


CELL = (
    "def swish(x, *, beta=1.5):\n    # how far it is on\n    gate = 1 / (1 + np.exp(-beta * x))\n    return x * gate\n"
)


@pytest.fixture
def shell():
    made = Shell(np=np)
    bp.load_ipython_extension(made)
    return made


def test_a_cell_is_traced_and_shown(shell):
    magic = shell.magics["cell", "backprop"]
    shell.user_ns["x"] = np.array([[0.5, -1.0, 2.0]])
    shown = magic("", CELL)
    assert [step.name for step in shown.steps] == ["gate", "out"]
    np.testing.assert_array_equal(shown["x"].value, shell.user_ns["x"])
    assert shown.grad["x"].shape == (1, 3)
    assert shell.user_ns["_trace"] is shown
    assert "def swish_backward(dout, x" in magic("swish --as code", CELL)
    assert "gate" in str(magic("--as table", CELL))
    assert "<iframe" in magic("--as player", CELL)._repr_html_()


def test_mistakes_in_a_cell_are_messages(shell, capsys):
    magic = shell.magics["cell", "backprop"]
    assert magic("", "y = 3") is None
    assert "the cell defines no function" in capsys.readouterr().out
    assert magic("swosh", CELL) is None
    assert "It defines swish" in capsys.readouterr().out
    assert magic("--as movie", CELL) is None
    assert "usage: %%backprop" in capsys.readouterr().out
    assert magic("", "1 / 0") is None
    assert capsys.readouterr().out == ""  # the shell shows it


def test_what_is_made_up_fits_the_code(shell):
    load_magic(shell)
    shown = shell.magics["cell", "backprop"]("", "def scores(x, w, b):\n    out = x @ w + b\n    return out\n")
    assert shown["out"].shape[0] == shown["x"].shape[0]


# ---- the package, for people and for type checkers -------------------------------------------------------------------


@pytest.mark.whole
@pytest.mark.parametrize(
    "module",
    [
        "backpropviz",
        "backpropviz.facade.traces",
        "backpropviz.show.display",
        "backpropviz.text",
        "backpropviz.diagnose.pairs.signatures",
        "backpropviz.exercises.paper.letters",
    ],
)
def test_examples_in_docstrings_run(module):
    found = doctest.testmod(importlib.import_module(module))
    assert found.attempted > 0
    assert found.failed == 0


def test_the_package_is_typed():
    package = Path(bp.__file__).parent
    assert (package / "py.typed").is_file()
    for name, method in vars(bp.Trace).items():
        if not name.startswith("_") and inspect.isfunction(method):
            said = inspect.signature(method).return_annotation
            assert said not in (inspect.Signature.empty, "Any"), name
            assert method.__doc__, name
