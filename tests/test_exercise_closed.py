"""Worksheets that ask for a closed form: right is not enough, it has to be short."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from backpropviz.cli import app
from backpropviz.errors import InputError
from backpropviz.exercises.exercise import worksheet
from backpropviz.exercises.grading import grade_text
from backpropviz.exercises.sheet_report import render
from backpropviz.exercises.signing import pinned

BLANK = "dx = ...  # shape (4, 3) like x"
ANSWERS = {
    "dx = ivar / x.shape[0] * (x.shape[0] * dxhat - dxhat.sum(0) - xhat * (dxhat * xhat).sum(0))": "right",
    "dx = ivar * (dxhat - dxhat.mean(axis=0) - xhat * np.mean(dxhat * xhat, axis=0))": "right",
    "s = (dxhat * xhat).mean(0)\n    dx = ivar * (dxhat - dxhat.mean(0) - xhat * s)": "right",
    "dxmu = dxhat * ivar + np.mean(dxhat * xmu, axis=0) * -(ivar**3) * xmu\n    "
    "dx = dxmu + 0 * dxmu - np.mean(dxmu, axis=0)": "longer",
    "dx = sum(each for each in [ivar * (dxhat - dxhat.mean(0) - xhat * (dxhat * xhat).mean(0))])": "longer",
    "dx = ivar * (dxhat - dxhat.mean(0))": "wrong",
    BLANK: "open",
}


@pytest.fixture(scope="module")
def sheet():
    return worksheet("batchnorm", closed=True)


@pytest.mark.costly
@pytest.mark.parametrize("answer", ANSWERS)
def test_batchnorm(sheet, answer):
    assert BLANK in sheet
    assert "dxhat = dout * gamma" in sheet
    assert "dvar" not in sheet  # no step on the way is given away
    report = grade_text(sheet.replace(BLANK, answer), "dx.py")
    (entry,) = report.entries
    assert (entry.name, entry.status) == ("dx", ANSWERS[answer])
    assert report.passed == (ANSWERS[answer] == "right")


def test_what_is_too_long_is_told_in_numbers(sheet):
    report = grade_text(sheet.replace(BLANK, list(ANSWERS)[3]), "dx.py")
    told = "\n".join(render(report))
    assert "right, but in 12 operations from dxhat: 10 are enough" in told
    assert "--hint 2" in told


@pytest.mark.costly
@pytest.mark.parametrize("layer", ["softmax_loss", "sigmoid", "layernorm", "svm_loss"])
def test_the_solution_passes(layer):
    assert grade_text(worksheet(layer, closed=True, solved=True), "x.py").passed


def test_the_number_is_signed(sheet):
    changed = sheet.replace('"operations": 10', '"operations": 99').replace(BLANK, list(ANSWERS)[3])
    (entry,) = grade_text(changed, "dx.py").entries
    assert entry.status == "wrong"


def test_the_command(tmp_path):
    made = CliRunner().invoke(app, ["exercise", "sigmoid", "--closed-form", "-o", str(tmp_path / "s.py")])
    assert made.exit_code == 0
    assert "at most 4 operations" in (tmp_path / "s.py").read_text()
    for call in (
        ["exercise", "tanh", "--closed-form", "-o", "t.py"],
        ["exercise", "relu", "--closed-form", "-o", "r.pdf"],
    ):
        assert isinstance(CliRunner().invoke(app, call).exception, InputError)


@pytest.mark.parametrize("named", ["batchnorm", "sheet"])
def test_the_sheet_says_what_is_asked_where_the_layer_is_named(sheet, named, tmp_path):
    out = tmp_path / "out.py"
    out.write_text(sheet)
    pin = pinned("batchnorm" if named == "batchnorm" else str(out))
    report = grade_text(sheet.replace(BLANK, list(ANSWERS)[1]), "dx.py", pin)
    assert [entry.status for entry in report.entries] == ["right"]
    easier = sheet.replace('"operations": 10', '"operations": 99').replace(BLANK, list(ANSWERS)[3])
    assert not grade_text(easier, "dx.py", pin).passed


def test_another_sheet_than_the_one_handed_out_is_not_asked_for_less(sheet, tmp_path):
    out = tmp_path / "out.py"
    out.write_text(worksheet("batchnorm"))
    report = grade_text(sheet.replace(BLANK, list(ANSWERS)[1]), "dx.py", pinned(str(out)))
    assert len(report.entries) > 1
    assert not report.passed


LINE = Path(__file__).parent / "forms" / "lines.py"


BEGINS = [
    ("lse_line", "dout"), ("rms_rsqrt", "dout_inner"), ("bce_steps", "dsoft"),
    pytest.param("bn_one", "dout", marks=pytest.mark.rest),
]  # fmt: skip


@pytest.mark.costly
@pytest.mark.parametrize(("name", "source"), BEGINS)
def test_of_a_layer_in_few_lines_it_is_asked_from_where_its_form_begins(name, source):
    spec = f"{LINE}:{name}"
    assert f"from {source} to dx at once" in worksheet(spec, closed=True)
    solved = worksheet(spec, closed=True, solved=True)
    assert grade_text(solved, "s.py", pinned(spec)).passed
    before, last = solved.rsplit("dx = ", 1)
    (entry,) = grade_text(
        f"{before}dx = 0.9 * ({last.replace(chr(10), ')' + chr(10), 1)}", "w.py", pinned(spec)
    ).entries
    assert "every entry is 0.9 times" in str(entry.evidence)
