"""Worksheets with loops: a round's backward pass is asked for, and a slip is told with the round it shows in first."""

import inspect
import json

import numpy as np
import pytest

import backpropviz as bp
from backpropviz.classroom.judges import judge
from backpropviz.engine.rounds import Rounds
from backpropviz.exercises.exercise import worksheet
from backpropviz.exercises.grading import grade, grade_text
from backpropviz.exercises.in_notebook import grade_cells, is_sheet, lines_of
from backpropviz.exercises.looped import sheet
from backpropviz.exercises.paper.notebook import notebook
from backpropviz.exercises.questions import questions
from backpropviz.exercises.signing import Origin, pinned
from backpropviz.layers.library import load
from backpropviz.show.view import view
from tests.loops import updates

LAYERS = ["rnn", "lstm", "conv_naive", "maxpool_naive"]


def graded(text):
    return grade_text(text)


def changed(layer, line, by):
    text = worksheet(layer, solved=True)
    assert text.count(line) == 1, text
    return graded(text.replace(line, by))


@pytest.mark.parametrize("layer", LAYERS)
def test_blanks_stand_inside_of_the_loops_and_their_solutions_are_right(layer):
    text = worksheet(layer)
    backward = text.partition("_backward(")[2]
    asked = [line for line in backward.splitlines() if "..." in line]
    loops = [line for line in backward.splitlines() if line.lstrip().startswith("for ")]
    assert loops
    assert sum(line.startswith(" " * (4 * len(loops) + 4)) for line in asked) >= len(asked) - 1
    report = graded(text)
    assert {entry.status for entry in report.entries} == {"open"}
    assert report.score == 0
    solved = graded(worksheet(layer, solved=True))
    assert solved.passed
    assert [entry.name for entry in solved.entries] == [entry.name for entry in report.entries]


@pytest.mark.parametrize(("layer", "line", "by", "blank", "evidence"), [
    ("rnn", "dprev = dprev + dout[:, t]", "dprev = dout[:, t]", "dprev",
     "wrong from t = 1 on: the gradient that the round before handed on, dprev, is missing"),
    ("rnn", "dwh += prev_last.T @ da", "dwh = prev_last.T @ da", "dwh",
     "right in 1 round, from t = 2; wrong from t = 1 on"),
    ("rnn", "dprev_last = da @ wh.T", "dprev_last = da @ wh", "dprev_last",
     "wrong from the first round that runs, t = 2"),
    ("rnn", "db += np.sum(da, axis=0)", "db += np.sum(da, axis=1)", "db", "ValueError"),
    ("rnn", "dx[:, t] += da @ wx.T", "dx[:, t - 1] += da @ wx.T", "dx", "wrong from the first round that runs, t = 2"),
    ("conv_naive", "db[f] += dout[n, f, i, j]", "db[f] = dout[n, f, i, j]", "db",
     "right in 1 round, from n = 0, f = 0, i = 0, j = 0; wrong from n = 0, f = 0, i = 0, j = 1 on"),
    ("maxpool_naive", "first_winner(patch, np.max(patch))", "(patch == patch.min())", "dpatch",
     "wrong from the first round that runs, n = 0, c = 0, i = 0, j = 0"),
    ("rnn", "dh0 = dprev", "dh0 = 2 * dprev", "dh0", "every entry is 2 times what it should be"),
    ("rnn", "return dx, dh0", "return dh0, dx", "return", "in the order of the inputs"),
])  # fmt: skip
def test_one_slip_is_one_wrong_blank_with_its_round(layer, line, by, blank, evidence):
    report = changed(layer, line, by)
    first = report.wrong[0]
    assert first.name == blank
    assert evidence in first.evidence
    if "Error" not in evidence:
        assert len(report.wrong) == 1


def test_what_stands_below_an_open_blank_comes_later():
    report = changed("rnn", "da = dprev * (1 - prev**2)", "da = ...")
    assert [entry.status for entry in report.entries] == ["right", "open", *["later"] * 6]
    assert report.next.name == "da"


def test_other_lines_than_the_solution_can_be_right():
    text = worksheet("rnn", solved=True).replace(
        "da = dprev * (1 - prev**2)", "g = 1 - prev * prev\n        da = g * dprev"
    )
    assert graded(text).passed


def test_a_size_written_as_a_number_is_right_for_the_sample_alone():
    report = changed("conv_naive", "dx = dpadded[:, :, pad : pad + H, pad : pad + W]", "dx = dpadded[:2, :, :, :]")
    assert report.wrong[0].evidence.startswith("right for the sample, wrong for other inputs")


OWN = """
import numpy as np


def leaky(x, W, U, tau):
    N, T, D = x.shape
    h = np.zeros((N, U.shape[0]))
    hs = []
    for t in range(T):
        h = (1 - tau) * h + tau * np.tanh(x[:, t] @ W + h @ U)
        hs.append(h)
    return np.stack(hs)
"""


def test_a_function_of_ones_own_has_its_round_asked_for(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(OWN, encoding="utf-8")
    text, solved = worksheet(f"{file}:leaky"), worksheet(f"{file}:leaky", solved=True)
    asked = [line.strip() for line in text.partition("_backward(")[2].splitlines() if "..." in line]
    assert len(asked) == len(set(asked))
    assert "# what arrives: from the round after, in dh, and from what comes after the loop" in text
    pin = Origin(f"{file}:leaky", {}, {}, True)
    assert grade_text(solved, pin=pin).passed
    assert {entry.status for entry in grade_text(text, pin=pin).entries} == {"open"}
    for line, by, said in (
        ("dh = dh + dout[t]", "dh = dout[t]", "the gradient that the round before handed on, dh, is missing"),
        ("dU += h_last.T @ dh_inner", "dU += 2 * h_last.T @ dh_inner", "every entry is 2 times what it should be"),
        ("dU += h_last.T @ dh_inner", "dU += np.sum(h_last[..., None] * dh_inner[..., None, :], axis=0)", ""),
    ):
        assert solved.count(line) == 1, solved
        wrong = grade_text(solved.replace(line, by), pin=pin).wrong
        assert [said in entry.evidence for entry in wrong] == [True] * bool(said)


UPDATES = "import numpy as np\n\n\n" + "\n\n".join(map(inspect.getsource, (updates.adam, updates.layers_zipped)))


@pytest.mark.parametrize(("function", "line", "by", "blank", "evidence"), [
    ("adam", "dv[key] = dv_key * beta2", "dv[key] = dv_key", "dv", "first round that runs, key = W1: its entry 'W1': "),
    ("layers_zipped", "dWs[i] = h_last.T @ dh_inner", "dWs[i] = h.T @ dh_inner", "dWs",
     "wrong from the first round that runs, i = 1: its entry 1: its shape is"),
    ("layers_zipped", "dh_last = dh_inner @ W.T", "dh_last = dh_inner @ Ws[0].T", "dh_last", "ValueError"),
])  # fmt: skip
def test_dictionaries_and_lists_of_parameters_stay_so(tmp_path, monkeypatch, function, line, by, blank, evidence):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(UPDATES, encoding="utf-8")
    text, solved = worksheet(f"mine.py:{function}"), worksheet(f"mine.py:{function}", solved=True)
    given = ", ".join(updates.CASES[getattr(updates, function)][0])
    assert f"def {function}_forward({given}" in text
    assert text.count("for ") == 2 + text.count("for W in Ws]") + text.count("for b in bs]")
    pin = Origin(f"mine.py:{function}", {}, {}, True)
    assert grade_text(solved, pin=pin).passed
    report = grade_text(solved.replace(line, by), pin=pin)
    assert [entry.name for entry in report.wrong] == [blank]
    assert evidence in report.wrong[0].evidence


def test_a_file_is_graded_in_a_process_of_its_own(tmp_path):
    file = tmp_path / "ex.py"
    file.write_text(worksheet("rnn", solved=True), encoding="utf-8")
    assert grade(file).passed


@pytest.mark.parametrize("layer", LAYERS)
def test_a_quiz_asks_about_one_round_and_about_numbers_that_can_be_worked_out(layer):
    trace = load(layer).trace()
    trace.backward()
    asked = questions(trace)
    steps = {step.label for step in view(trace, rounds=Rounds(trace)).steps}
    assert {question.step for question in asked} <= steps | {""}
    for question in asked:
        if question.kind == "number":
            assert "+=" not in " ".join(question.explanation)


MINE = """import numpy as np


def decay(x, w):
    h = x[0]
    for t in range(1, len(x)):
        h = np.tanh(x[t] + h @ w)
    return h
"""


def test_a_notebook_is_graded_about_a_function_of_a_file_also_of_a_notebook(tmp_path):
    (tmp_path / "mine.py").write_text(MINE)
    cells = [{"cell_type": "code", "source": MINE, "metadata": {}, "outputs": []}]
    (tmp_path / "mine.ipynb").write_text(json.dumps({"cells": cells, "nbformat": 4, "metadata": {}}))
    solved = worksheet(f"{tmp_path}/mine.py", solved=True)
    wanted = next(line for line in solved.splitlines() if "dh_last = " in line)
    handed_in = tmp_path / "handed_in.ipynb"
    for pin in ("mine.py", "mine.ipynb:decay"):
        pin = f"{tmp_path}/{pin}"
        for text, wrong in ((solved, []), (solved.replace(wanted, wanted.replace("w @ ", "")), ["dh_last"])):
            handed_in.write_text(notebook(text, "decay"))
            assert is_sheet(handed_in, pin)
            report = grade_cells(handed_in, pin, lambda made, pin=pin: grade_text(made.read_text(), "", pinned(pin)))
            assert (report.passed, [entry.name for entry in report.wrong][:1]) == (not wrong, wrong)
            assert report.file == "handed_in.ipynb:cell 4"
            told = lines_of(handed_in, report.file)[report.entries[0].line - 1]
            assert report.entries[0].name in told
    assert not is_sheet(handed_in, "rnn")  # a layer's two functions are diagnosed like any pair
    assert not is_sheet(tmp_path / "mine.ipynb", f"{tmp_path}/mine.py")


def test_a_pair_is_told_that_a_file_asks_worksheets(tmp_path):
    (tmp_path / "mine.py").write_text(MINE)
    report = judge(tmp_path / "mine.py", pin=f"{tmp_path}/mine.py")
    assert report.functions[0].reason.endswith(f"`backpropviz exercise {tmp_path}/mine.py` writes them")


def test_a_loop_that_runs_as_often_as_with_the_sample_is_a_worksheet():
    def every_other(x, w):
        total, i = np.zeros(x.shape[1]), 0
        while True:
            if i >= len(x):
                break
            total = total + np.tanh(x[i] * w)
            i += 2
        return total

    trace = bp.trace(every_other, x=np.ones((5, 3)), w=np.ones(3))
    trace.backward()
    found = sheet(trace)
    assert found is not None
    assert [blank.name for blank in found.blanks][-2:] == ["dw", "dx"]
