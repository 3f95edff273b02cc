"""`diagnose --explain`: each finding has the smallest input that shows it, and both values on it."""

import math

import numpy as np
import pytest

from backpropviz.course.record import Case
from backpropviz.diagnose import diagnose, render_text
from backpropviz.diagnose.telling.page import MOST_COLUMNS, MOST_ROWS, Table
from backpropviz.diagnose.telling.smallest import smallest
from backpropviz.exercises.exercise import worksheet
from backpropviz.exercises.grading import grade
from backpropviz.exercises.handed_in import handed_in
from backpropviz.exercises.sheet_report import render
from tests.corpus import STUDENTS, Corpus

AFFINE = """
import numpy as np

def affine_forward(x, w, b):
    out = x.reshape(len(x), -1) @ w + b
    return out, (x, w, b)

def affine_backward(dout, cache):
    x, w, b = cache
    dx = (dout @ w.T).reshape(x.shape)
    dw = x.reshape(len(x), -1).T @ dout
    db = np.mean(dout, axis=0)
    return dx, dw, db
"""


@pytest.fixture
def explained(tmp_path):
    def explain(text):
        (tmp_path / "mine.py").write_text(text, encoding="utf-8")
        return diagnose(tmp_path / "mine.py", explain=True)

    return explain


def entries(table):
    return np.array([[float(entry) for entry in row] for row in table.rows])


def test_the_smallest_input_has_just_what_the_slip_needs(explained):
    page = explained(AFFINE).first.page
    shapes = {table.name: table.shape for table in page.inputs}
    assert shapes == {"x": (2, 1), "w": (1, 1), "b": (1,), "dout": (2, 1)}  # of one example, the mean is the sum
    dout = next(table for table in page.inputs if table.name == "dout")
    assert entries(page.right) == pytest.approx(entries(dout).sum())
    assert entries(page.yours) == pytest.approx(entries(dout).mean())
    assert (page.name, page.meaning) == ("db", "the gradient of b")
    numbers = [entry for table in page.inputs[:3] for row in table.rows for entry in row]
    assert all(float(entry * 10).is_integer() for entry in numbers)  # by hand, one multiplies 0.3, not 0.2947


def test_values_are_told_in_tables_and_only_where_asked_for(explained, tmp_path):
    report = explained(AFFINE)
    text = render_text(report)
    assert "on the smallest input that shows it" in text
    assert "came: db is 0.5 times the right value in every entry" in text
    assert "yours: db (1,)   right: db (1,)" in text
    plain = diagnose(tmp_path / "mine.py")
    assert "smallest input" not in render_text(plain)
    assert "page" not in plain.to_dict()["functions"][0]["findings"][0]
    assert type(report).from_dict(report.to_dict()) == report


def test_two_faults_are_shown_one_after_the_other(explained):
    page_of = {
        finding.line: finding.page
        for finding in explained(AFFINE.replace("(dout @ w.T)", "(2 * dout @ w.T)")).all_findings
    }
    assert set(page_of) == {10, 12}
    assert entries(page_of[10].yours) == pytest.approx(2 * entries(page_of[10].right))


def test_a_crash_has_the_value_that_should_have_come(explained):
    page = explained(AFFINE.replace("np.mean(dout, axis=0)", "np.sum(dout, axis=2)")).first.page
    assert page.came.startswith("AxisError")
    assert page.yours is None
    assert page.right.name == "db"


@pytest.mark.costly
@pytest.mark.parametrize("name", ["bn_dx_overwritten", "conv_dw_overwritten", "conv_crop_empty_at_pad_0"])
def test_files_of_the_corpus(name):
    corpus = Corpus(STUDENTS)
    found = diagnose(corpus.file(name), explain=True).first
    assert found.line in corpus.lines_of(name)
    page = found.page
    assert sum(math.prod(table.shape) for table in page.inputs) <= 60
    assert page.yours is None or page.yours.rows != page.right.rows


def test_arrays_that_a_class_makes_itself_keep_their_sizes(explained):
    """They were cut to one column, and filled four with it."""
    text = """
import numpy as np

class Scores:
    def __init__(self, d_model=6, d_head=4):
        rng = np.random.default_rng(0)
        self.Wq = rng.normal(size=(d_model, d_head))
        self.Wk = rng.normal(size=(d_model, d_head))

    def forward(self, x):
        self.x, self.q, self.k = x, x @ self.Wq, x @ self.Wk
        return self.q @ self.k.T

    def backward(self, ds):
        dq = ds @ self.k
        dk = ds @ self.q
        self.dWq = self.x.T @ dq
        self.dWk = self.x.T @ dk
        return dq @ self.Wq.T + dk @ self.Wk.T
"""
    page = explained(text).functions[0].findings[0].page
    shapes = {table.name: table.shape for table in page.inputs}
    assert shapes == {"x": (2, 6), "Wq": (6, 4), "Wk": (6, 4), "dout": (2, 2)}
    assert page.yours.shape == page.right.shape == (2, 4)
    assert page.meaning == ""  # "the gradient of matmul_2, step 2 of the layer" is nothing that the file has


def test_a_table_of_a_large_array_holds_the_entry_that_is_asked_for():
    array = np.arange(3 * 20 * 30.0).reshape(3, 20, 30)
    table = Table.of("x", array, (2, 19, 0))
    assert (table.at, len(table.rows), len(table.rows[0])) == ((2,), MOST_ROWS, MOST_COLUMNS)
    assert array[2, 19, 0] in np.array(table.rows)
    assert table.rows[0][0] == array[2][table.corner]
    assert not table.is_whole
    assert Table.of("x", np.array(np.nan)).rows == (("nan",),)


def test_what_depends_on_no_size_shrinks_to_one_entry():
    case = Case("", {"x": np.ones((5, 7)), "w": np.ones((7, 3)), "y": np.array([4, 3, 2, 1, 6])}, {"pad": 3, "D": 7})
    least, _ = smallest(case, True, lambda its: True)
    assert {name: value.shape for name, value in least.inputs.items()} == {"x": (1, 1), "w": (1, 1), "y": (1,)}
    assert least.settings == {"pad": 0, "D": 0}
    wide, _ = smallest(case, True, lambda its: its.inputs["x"].shape[1] == its.inputs["w"].shape[0] > 2 or None)
    assert wide.inputs["x"].shape == (1, 3)


def test_a_worksheet_shows_the_gradient_beside_the_right_one(tmp_path):
    text = (
        worksheet("affine").replace("dscores = ...", "dscores = dout").replace("db = ...", "db = np.mean(dout, axis=0)")
    )
    (tmp_path / "af.py").write_text(text, encoding="utf-8")
    (entry,) = grade(tmp_path / "af.py").wrong
    assert entries(entry.page.yours) * 4 == pytest.approx(entries(entry.page.right))
    assert entry.page.on == "the sample input"
    assert "yours: db (5,)" in "\n".join(render(grade(tmp_path / "af.py"), explain=True))
    assert "yours" not in "\n".join(render(grade(tmp_path / "af.py")))
    (finding,) = (its for its in handed_in(tmp_path / "af.py", 60, explain=True).all_findings if its.page)
    assert finding.page == entry.page
