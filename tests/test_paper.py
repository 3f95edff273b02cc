"""Worksheets as notebooks, pages, PDFs and spreadsheets: what the trace says, and computed by a spreadsheet engine."""

import contextlib
import io
import json
import re
import types
import warnings

import numpy as np
import openpyxl
import pytest
from pypdf import PdfReader
from typer.testing import CliRunner

import backpropviz as bp
from backpropviz.cli import app
from backpropviz.draw.player.program import program
from backpropviz.errors import InputError
from backpropviz.exercises.blanks import blanks
from backpropviz.exercises.exercise import worksheet
from backpropviz.exercises.paper.notebook import notebook
from backpropviz.exercises.paper.pdf import pages
from backpropviz.exercises.paper.printed import page
from backpropviz.exercises.paper.sheet import Grid, Heading, Lines, sheet
from backpropviz.exercises.paper.workbook import workbook
from backpropviz.layers.library import load
from backpropviz.show.view import view
from backpropviz.study.entries import Entries
from tests.browser import NEEDED, opened
from tests.notebooks import executed
from tests.test_displays import Reader


def traced(name, **options):
    trace = load(name).trace(**options)
    trace.backward()
    return trace


# ---- the spreadsheet -------------------------------------------------------------------------------------------------


def recalculated(content, path):
    """The value of every cell, as a spreadsheet engine computes it: by sheet and cell."""
    path.write_bytes(content)
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")  # the engine's own
        import formulas

        found = formulas.ExcelModel().loads(str(path)).finish().calculate()
    cells = {}
    for name, cell in found.items():
        place = re.fullmatch(r"'\[.*\](\w+)'!([A-Z]+\d+)", str(name))
        if place and hasattr(cell, "value"):
            cells[place[1].lower(), place[2]] = cell.value[0, 0]
    return cells


def arrays(content, cells):
    """The arrays of a workbook by name, with the recalculated numbers: from the name's line down to the next one's."""
    found = {}
    for table in openpyxl.load_workbook(io.BytesIO(content)):
        name = None
        for row in table.iter_rows(min_row=3):
            said = [cell for cell in row if cell.value is not None]
            shaped = len(row) > 1 and re.match(r"\(([\d, ]*)\)", str(row[1].value or ""))
            if row[0].value is not None and shaped:
                name = str(row[0].value)
                shape = tuple(int(size) for size in re.findall(r"\d+", shaped[1]))
                found.setdefault(name, (shape, []))
            elif name is not None:
                numbers = [cell for cell in said if cell.column > 1]
                found[name][1].extend(float(cells[table.title, cell.coordinate]) for cell in numbers)
    return {name: np.array(values).reshape(shape) for name, (shape, values) in found.items()}


def of_program(trace):
    """Every named array of a trace, under the name that the spreadsheet uses."""
    names = {}
    for name, ref in program(trace)["names"].items():
        names.setdefault(ref, name)
    nodes = Entries(trace).nodes
    return {name: nodes[name].value for name in names.values()}


@pytest.mark.costly
@pytest.mark.parametrize(("name", "shapes"), [
    ("batchnorm", {}), ("softmax_loss", {}), ("maxpool", {"x": (1, 1, 4, 4)}), ("lstm_step", {"x": (2, 2)}),
    ("conv", {"x": (1, 2, 3, 3), "w": (2, 2, 2, 2)}), ("svm_loss", {}), ("gate", {}),
])  # fmt: skip
def test_every_cell_of_every_array_is_what_the_trace_says(name, shapes, tmp_path):
    trace = traced(name, shapes=shapes)
    content = workbook(trace, name)
    found = arrays(content, recalculated(content, tmp_path / "sheet.xlsx"))
    right = of_program(trace)
    assert set(right) <= set(found)
    for each, value in right.items():
        np.testing.assert_allclose(found[each], value, rtol=1e-9, atol=1e-9, err_msg=each)


def test_a_changed_number_and_a_changed_setting_flow(tmp_path):
    trace = traced("batchnorm")
    book = openpyxl.load_workbook(io.BytesIO(workbook(trace, "batchnorm")))
    inputs = book["inputs"]
    assert inputs["A3"].value == "eps"
    inputs["B3"].value = 0.5
    start = next(cell.row for cell in inputs["A"] if cell.value == "x") + 1
    inputs.cell(start, 3).value = -2.0  # x[0, 1]
    held = io.BytesIO()
    book.save(held)
    found = arrays(held.getvalue(), recalculated(held.getvalue(), tmp_path / "sheet.xlsx"))
    x = trace["x"].value.copy()
    x[0, 1] = -2.0
    fresh = load("batchnorm").trace({"x": x, "eps": 0.5})
    fresh.backward(trace.dout)
    for each, value in of_program(fresh).items():
        np.testing.assert_allclose(found[each], value, rtol=1e-9, atol=1e-9, err_msg=each)


def test_all_but_what_is_given_is_a_formula():
    trace = traced("batchnorm")
    book = openpyxl.load_workbook(io.BytesIO(workbook(trace, "batchnorm")))
    for name in ("forward", "backward"):
        for row in book[name].iter_rows(min_row=3, min_col=2):
            for cell in row:
                if cell.value is not None and not str(cell.value).startswith("("):
                    assert str(cell.value).startswith("="), (name, cell.coordinate)
    yellow = [cell for row in book["inputs"].iter_rows() for cell in row if cell.fill.fgColor.rgb == "00FFF3C4"]
    assert len(yellow) == 1 + sum(node.value.size for node in trace.inputs.values()) + trace.dout.size


def test_the_sheets_of_a_workbook_are_found_one_s_way_in_and_printed_a_page_wide():
    trace = traced("batchnorm")
    book = openpyxl.load_workbook(io.BytesIO(workbook(trace, "batchnorm")))
    said = " ".join(str(cell.value) for table in book for row in table.iter_rows(max_col=2) for cell in row)
    assert all(re.search(rf"\b{name}\b", said) for name in program(trace)["names"])  # dgammax is dout, and says so
    assert [table.freeze_panes for table in book] == ["B2"] * len(book.sheetnames)
    assert all(table.column_dimensions["B"].width > 10 for table in book)
    assert all(table.page_setup.fitToWidth == 1 and not table.page_setup.fitToHeight for table in book)


def test_what_is_too_large_for_a_spreadsheet_is_refused():
    trace = bp.trace(lambda x, w: x @ w, x=np.ones((2, 900)), w=np.ones((900, 2)))
    trace.backward()
    with pytest.raises(InputError, match="a formula of out is too long"):
        workbook(trace, "wide")


# ---- paper -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["batchnorm", "maxpool", "rnn", "softmax_loss", "gate"])
def test_a_sheet_asks_for_every_gradient_and_answers_it(name):
    trace = traced(name)
    parts = sheet(trace, name)
    wanted = blanks(view(trace, name))
    asked = [part.lines[0].removesuffix(" =") for part in parts if isinstance(part, Lines) and part.blank]
    assert asked == [blank.name for blank in wanted]
    start = next(at for at, part in enumerate(parts) if isinstance(part, Heading) and "answers" in part.text)
    assert all(part.entries is None for part in parts[:start] if isinstance(part, Grid) and part.name in asked)
    answers = [line for part in parts[start:] if isinstance(part, Lines) for line in part.lines]
    assert answers == [line for blank in wanted for line in blank.solution]


def test_the_printed_page_holds_the_numbers_and_loads_nothing():
    trace = traced("batchnorm")
    text = page(sheet(trace, "batchnorm <b>"))
    found = Reader(text)
    assert "<b>" not in text
    assert "script" not in text
    assert text.count("<table") == text.count("</table>") > 20
    for value in trace.grad["x"].ravel():
        assert f"<td>{value:.3f}</td>" in text
    assert found.open == []


def test_the_pdf_holds_the_same_words_and_fits_its_pages(tmp_path):
    trace = traced("batchnorm")
    parts = sheet(trace, "batchnorm (\\) \u03bc")
    path = tmp_path / "sheet.pdf"
    path.write_bytes(pages(parts))
    reader = PdfReader(path, strict=True)
    text = "\n".join(each.extract_text() for each in reader.pages)
    assert "batchnorm (\\) \u03bc: the backward pass, on paper" in text
    for part in parts:
        if isinstance(part, Lines):
            assert part.lines[0] in text
        elif isinstance(part, Grid) and part.entries:
            assert all(entry in text for entry in part.entries)
    assert len(reader.pages) < 12
    answers = [number for number, each in enumerate(reader.pages) if "the answers" in each.extract_text()]
    blanks = [number for number, each in enumerate(reader.pages) if "dxmu_1 =\n" in each.extract_text() + "\n"]
    assert blanks[0] < answers[0]  # on a sheet of its own
    assert_grids_stand_with_their_words(reader)
    for each in reader.pages:
        for x, y in re.findall(r"([\d.-]+) ([\d.-]+) (?:m|l|Td)\b", each.get_contents().get_data().decode("cp1252")):
            assert 0 < float(x) < 595
            assert 0 < float(y) < 842


def assert_grids_stand_with_their_words(reader):
    for each in reader.pages:
        last = each.extract_text().strip().splitlines()[-1]
        assert not re.match(r"step |\d+\. ", last)
        assert " = " not in f"{last} "


@NEEDED
@pytest.mark.parametrize("name", ["batchnorm", "softmax_loss"])
def test_the_page_is_printed_with_every_grid_beside_what_is_said_of_it(name, tmp_path):
    opened(page(sheet(traced(name), name)), tmp_path).printed(tmp_path / "sheet.pdf")
    reader = PdfReader(tmp_path / "sheet.pdf")
    assert_grids_stand_with_their_words(reader)
    firsts = [each.extract_text().strip().splitlines()[0] for each in reader.pages]
    assert {"Backward", f"{name}: the answers"} <= {*firsts}


# ---- notebooks -------------------------------------------------------------------------------------------------------


def run_notebook(text):
    """Run the cells of a notebook, as far as its last one; what that one gives."""
    cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
    module = types.ModuleType("notebook")
    import linecache

    for number, cell in enumerate(cells):
        source = "".join(cell["source"])
        name = f"<paper cell {id(module)} {number}>"
        linecache.cache[name] = (len(source), None, source.splitlines(True), name)
        lines = source.rsplit("\n", 1)
        if number == len(cells) - 1:
            exec(compile(lines[0], name, "exec"), vars(module))
            return eval(lines[1], vars(module)), module
        exec(compile(source, name, "exec"), vars(module))
    raise AssertionError("no cell")


def test_a_notebook_runs_and_is_told_what_is_missing_or_right(tmp_path):
    open_, _ = run_notebook(notebook(worksheet("batchnorm"), "batchnorm"))
    assert not open_.right
    assert " = ..." in str(open_)
    assert "not finished" in str(open_)
    for line, told in {
        "dgamma = np.sum(dout * xhat, axis=0)": "there is no dx yet, and dgamma, dbeta are right",
        "dgamma = np.sum(dout * x, axis=0)": "dgamma differs in every entry",
    }.items():
        text = worksheet("batchnorm").replace("dgammax = ...", "dgammax = dout")
        text = text.replace("dbeta = ...", "dbeta = np.sum(dout, axis=0)").replace("dgamma = ...", line)
        begun, _ = run_notebook(notebook(text, "batchnorm"))
        assert "not finished" in str(begun)
        assert "dxhat = ..." in str(begun)
        assert told in " ".join(str(begun).split())
    solved, _ = run_notebook(notebook(worksheet("batchnorm", solved=True), "batchnorm"))
    assert solved.right, str(solved)
    made = json.loads(notebook(worksheet("rnn"), "rnn"))
    assert (made["nbformat"], made["nbformat_minor"]) == (4, 5)
    assert len({cell["id"] for cell in made["cells"]}) == len(made["cells"])


@pytest.mark.parametrize("name", ["batchnorm", "rnn"])
def test_the_file_of_a_notebook_is_looked_at_without_its_own_last_question(name, tmp_path):
    path = tmp_path / "sheet.ipynb"
    path.write_text(notebook(worksheet(name), name), encoding="utf-8")
    told = json.loads(CliRunner().invoke(app, ["diagnose", str(path), "--json"]).stdout)
    (report,) = told["files"]
    assert [its["status"] for its in report["functions"]] == ["not finished"]
    assert not [note for note in report["notes"] if "top level" in note]
    assert not report["findings"]


@pytest.mark.parametrize(("edit", "told"), [
    ({}, "right: out, dx  "), ({"de = np": "de = ...  # np"}, ":15  de = ..."),
    ({"de * e": "de / e"}, ":18  dshifted_2 = de / e"),
])  # fmt: skip
def test_the_last_cell_of_a_notebook_says_how_far_it_is(edit, told):
    made = notebook(worksheet("softmax_loss", solved=True), "softmax_loss")
    for right, other in edit.items():
        made = made.replace(right, other)
    assert "from backpropviz import put" in made  # the functions use names that are not theirs
    assert told in "".join(executed(json.loads(made))["cells"][-1]["outputs"][0]["data"]["text/plain"])


def test_a_sheet_of_a_layer_that_is_large_has_so_few_numbers_that_they_are_worked_out_by_hand(tmp_path):
    path = tmp_path / "sheet.html"
    assert CliRunner().invoke(app, ["exercise", "conv", "-o", str(path)]).exit_code == 0
    text = path.read_text(encoding="utf-8")
    assert "has the shape" not in text
    assert text.count("<caption>dx[0, 0]</caption>") == 2  # asked for, and answered


FOREIGN = """import numpy as np

def layer(x, β, вес, 名, *, ε=1e-3):
    # σ, от среднего 名
    σ = np.sqrt(np.mean(x**2) + ε)
    y = x / σ * β
    return y * вес + 名
"""


def test_letters_of_a_pdf_are_greek_or_spelled_and_that_is_said(tmp_path):
    file, path = tmp_path / "f.py", tmp_path / "f.pdf"
    file.write_text(FOREIGN, encoding="utf-8")
    run = CliRunner().invoke(app, ["exercise", f"{file}:layer", "-o", str(path)])
    assert run.exit_code == 0, run.output
    assert "в as ve, е as ie, с as es" in run.output
    assert "名 as U+540D, о as o, 5 more: so these are spelled" in run.output
    assert "σ" not in run.output
    content = path.read_bytes()
    assert b"/BaseFont /Symbol >>" in content
    text = "".join(page.extract_text() for page in PdfReader(path).pages)
    assert "dveiees" in text
    assert "dU+540D" in text
    assert "?" not in text
    assert content.count(b"/F4 9.50 Tf (s) Tj") >= 2  # sigma
    html = tmp_path / "f.html"
    assert CliRunner().invoke(app, ["exercise", f"{file}:layer", "-o", str(html)]).exit_code == 0
    assert "dвес" in html.read_text(encoding="utf-8")


# ---- the command -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("made", [["export", "page.html"], ["exercise", "sheet.html"], ["exercise", "sheet.ipynb"]])
def test_what_is_handed_out_names_the_file_and_no_folder(made, tmp_path):
    command, name = made
    file = tmp_path / "half.py"
    file.write_text("def half(x):\n    out = x / 2\n    return out\n", encoding="utf-8")
    assert CliRunner().invoke(app, [command, str(file), "-o", str(tmp_path / name)]).exit_code == 0
    text = (tmp_path / name).read_text(encoding="utf-8")
    assert "half.py" in text
    assert tmp_path.name not in text


@pytest.mark.parametrize("suffix", ["ipynb", "html", "pdf", "xlsx"])
def test_the_suffix_says_the_format(suffix, tmp_path):
    path = tmp_path / f"bn.{suffix}"
    run = CliRunner().invoke(app, ["exercise", "batchnorm", "-o", str(path)])
    assert run.exit_code == 0, run.output
    start = {"ipynb": b"{", "html": b"<!DOCTYPE html>", "pdf": b"%PDF-1.4", "xlsx": b"PK"}[suffix]
    assert path.read_bytes().startswith(start)
    again = CliRunner().invoke(app, ["exercise", "batchnorm", "-o", str(path)])
    assert isinstance(again.exception, InputError)
    assert "is there already" in str(again.exception)


@pytest.mark.parametrize(("arguments", "seen"), [
    (["-o", "bn.docx"], "bn.docx is no name for a Python file"),
    (["-o", "bn.py", "--format", "pdf"], "is no name for .pdf"),
    (["-o", "bn.pdf", "--solved"], "--solved does not go with .pdf"), (["-o", "bn.x", "--format", "x"], "is no format"),
])  # fmt: skip
def test_formats_that_do_not_fit_are_refused(arguments, seen, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = CliRunner().invoke(app, ["exercise", "batchnorm", *arguments])
    assert isinstance(run.exception, InputError)
    assert seen in str(run.exception)
