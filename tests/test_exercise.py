"""Worksheets run, are graded blank by blank, and a mistake is counted once."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from backpropviz.errors import BackpropvizError, LayerError
from backpropviz.exercises import second_look
from backpropviz.exercises.blanks import blanks
from backpropviz.exercises.exercise import worksheet, write_worksheet
from backpropviz.exercises.grader import difference
from backpropviz.exercises.grading import grade, grade_text
from backpropviz.exercises.sheet_report import WorksheetReport, render
from backpropviz.exercises.signing import is_worksheet, pinned
from backpropviz.layers.library import layer_names, load
from backpropviz.show.view import view

HERE = Path()


def filled(text, **code):
    """A worksheet with some blanks filled in, by an expression or by whole statements that begin with the name."""
    for name, value in code.items():
        assert f"    {name} = ...  #" in text
        statements = value if value.startswith(f"{name} =") else f"{name} = {value}"
        text = text.replace(f"    {name} = ...  #", f"    {statements}  #")
    return text


def graded(text, folder=HERE):
    return grade_text(text, "sheet.py")


def status(report):
    return {entry.name: entry.status for entry in report.entries}


@pytest.mark.parametrize("name", layer_names())
def test_a_new_worksheet_runs_and_all_its_blanks_are_open(name):
    text = worksheet(name)
    assert is_worksheet(text)
    namespace = {}
    exec(compile(text, "sheet.py", "exec"), namespace)
    report = graded(text)
    assert {entry.status for entry in report.entries} == {"open"}
    assert report.score == 0
    assert report.next == report.entries[0]


@pytest.mark.parametrize("name", layer_names())
def test_the_given_forward_pass_gives_the_output(name):
    trace = load(name).trace(seed=4)
    namespace = {}
    exec(compile(worksheet(name), "sheet.py", "exec"), namespace)
    inputs = {n: node.value for n, node in trace.inputs.items()}
    returned = namespace[f"{trace.function}_forward"](**inputs)
    np.testing.assert_allclose(returned[0], trace.output, rtol=1e-12)


@pytest.mark.parametrize("name", layer_names())
def test_the_solution_is_all_right(name):
    report = graded(worksheet(name, solved=True))
    assert [(entry.name, entry.evidence) for entry in report.entries if entry.status != "right"] == []
    assert report.passed
    assert report.score == 1.0
    assert report.next is None


@pytest.mark.costly
@pytest.mark.parametrize("name", ["batchnorm", "conv", "lstm_step", "softmax_loss"])
def test_every_blank_that_is_off_by_a_factor_is_found_alone(name):
    trace = load(name).trace()
    trace.backward()
    wanted = blanks(view(trace))
    solved = worksheet(name, solved=True)
    for blank in wanted:
        line = f"    {blank.solution[-1]}\n"
        assert solved.count(line) == 1
        wrong = solved.replace(line, f"{line}    {blank.name} = 0.5 * {blank.name}\n")
        report = graded(wrong)
        assert [entry.name for entry in report.wrong] == [blank.name]
        assert "0.5 times" in report.wrong[0].evidence or blank.shape == (1,)


def test_grading_stops_at_the_first_open_blank():
    text = filled(worksheet("affine"), dscores="dout", drows="dout @ w.T")
    report = graded(text)
    assert status(report) == {"dscores": "right", "db": "open", "drows": "later", "dw": "open", "dx": "open"}
    assert report.next.name == "db"


def test_hints_come_at_three_levels():
    report = graded(worksheet("batchnorm"))
    entry = report.entries[3]
    assert entry.name == "dxhat"
    assert "shape (4, 3) like xhat" in entry.hint
    assert "gammax = gamma * xhat" in entry.hint
    assert any("swaps" in line for line in entry.more)
    assert "it is made from dout (4, 3), gamma (3,)" in entry.more
    assert entry.solution == ("dxhat = dout * gamma",)
    shown = [render(report, level) for level in range(3)]
    assert not any("swaps" in line or "dout * gamma" in line for line in shown[0])
    assert any("dxhat = dout * gamma" in line for line in shown[2])
    assert any("passes the gradient on" in line for line in shown[1])


def test_what_differs_is_said():
    text = filled(
        worksheet("batchnorm"),
        dgammax="dout",
        dbeta="np.sum(dout, axis=1)",
        dgamma="np.sum(dout * xhat, axis=0) * N",
        dxhat="dout + gamma",
    )
    report = graded(text)
    evidence = {entry.name: entry.evidence for entry in report.entries}
    assert evidence["dbeta"] == "its shape is (4,), it should be (3,)"
    assert "NameError" in evidence["dgamma"]
    assert "the value at [0, 0] is" in evidence["dxhat"]


def test_a_size_written_as_a_number_is_found_out():
    solved = worksheet("batchnorm", solved=True)
    assert "dvar / x.shape[0]" in solved
    report = graded(solved.replace("dvar / x.shape[0]", "dvar / 4"))
    assert [entry.name for entry in report.wrong] == ["dsq"]
    assert "written as a number" in report.wrong[0].evidence


def test_several_lines_loops_and_additions_may_set_one_gradient():
    loop = "dgamma = np.zeros(3)\n    for n in range(len(dout)):\n        dgamma += dout[n] * xhat[n]"
    built = "dxhat = dout.copy()\n    dxhat[:] *= gamma"
    text = filled(worksheet("batchnorm"), dgammax="dgammax = g = dout", dbeta="g.sum(0)", dgamma=loop, dxhat=built)
    report = graded(text)
    assert [entry.status for entry in report.entries[:5]] == ["right"] * 4 + ["open"]


def test_a_given_name_may_be_used_anew():
    text = filled(worksheet("batchnorm"), dgammax="dgammax = dout\n    x = 3", dbeta="dout.sum(0)")
    report = graded(text)
    assert [entry.status for entry in report.entries[:3]] == ["right", "right", "open"]
    assert not any(entry.notes for entry in report.entries)


def test_a_broadcast_value_has_the_right_numbers_but_not_the_shape():
    solved = worksheet("batchnorm", solved=True)
    report = graded(solved.replace("np.broadcast_to(dvar / x.shape[0], sq.shape)", "dvar / x.shape[0]"))
    assert [entry.name for entry in report.wrong] == ["dsq"]
    assert report.wrong[0].evidence == "its shape is (3,), it should be (4, 3); the numbers are right"


def test_a_change_in_place_is_noted_and_does_no_further_harm():
    solved = worksheet("relu", solved=True)
    report = graded(solved.replace("dx = dout * (x > 0)", "dx = dout\n    dx[x <= 0] = 0"))
    assert status(report) == {"dx": "right"}
    assert "changes dout in place" in report.entries[0].notes[0]


@pytest.mark.parametrize(
    ("line", "evidence"),
    [
        ("1 / 0", "ZeroDivisionError"),
        ("undefined", "NameError"),
        ("'text'", "a str"),
        ("None", "no value"),
        ("exit()", "SystemExit"),
        ("np.full_like(x, np.nan)", "nan"),
    ],
)
def test_lines_that_fail_are_findings(line, evidence):
    solved = worksheet("relu", solved=True)
    report = graded(solved.replace("dout * (x > 0)", line))
    assert status(report) == {"dx": "wrong"}
    assert evidence in report.entries[0].evidence


def test_an_endless_line_ends(monkeypatch):
    monkeypatch.setattr("backpropviz.exercises.desk.ROUNDS", 1000)
    solved = worksheet("relu", solved=True)
    report = graded(solved.replace("    dx = dout * (x > 0)", "    while True: dx = 1"))
    assert "still running" in report.entries[0].evidence


def test_a_users_function_is_found_from_where_the_worksheet_lies(tmp_path):
    (tmp_path / "code").mkdir()
    (tmp_path / "mine.py").write_text(
        "import numpy as np\n\ndef swish(x, beta):\n    # a soft gate\n    s = 1 / (1 + np.exp(-beta * x))\n"
        "    return x * s\n"
    )
    sheet = tmp_path / "code" / "sheet.py"
    write_worksheet(f"{tmp_path / 'mine.py'}:swish", sheet, solved=True)
    assert "# step 1: a soft gate" in sheet.read_text()
    report = grade(sheet, pin=f"{tmp_path / 'mine.py'}:swish")
    assert report.passed
    assert WorksheetReport.from_dict(json.loads(json.dumps(report.to_dict()))) == report


def test_settings_and_shapes_are_kept():
    text = worksheet("conv", {"stride": (2, 1), "pad": 1}, {"x": (2, 3, 7, 6)}, solved=True)
    assert graded(text).passed
    assert "stride=(2, 1)" in text


def test_a_file_is_graded_in_a_process_of_its_own(tmp_path):
    sheet = tmp_path / "sheet.py"
    sheet.write_text(
        filled(worksheet("relu"), dx=f"dx = dout * (x > 0)\n    open({str(tmp_path / 'never')!r}, 'w')").replace(
            "import numpy as np", "import numpy as np\nprint('noise')", 1
        )
    )
    report = grade(sheet)
    assert report.entries[0].status == "right"
    assert not (tmp_path / "never").exists()
    sheet.write_text(filled(worksheet("relu"), dx="__import__('os')._exit(3)"))
    with pytest.raises(LayerError, match="ended with code 3"):
        grade(sheet)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1\n", "is no worksheet"),
        ("# backpropviz worksheet: {\n", "is no worksheet"),
        (worksheet("relu").replace("relu_backward", "relu_back"), "has no function relu_backward"),
        (worksheet("relu").replace("dx = ...", "dx = ("), "syntax error"),
        (worksheet("relu").replace('"relu"', '"nowhere.py"'), "a worksheet cannot choose"),
    ],
)
def test_what_cannot_be_graded_is_said(tmp_path, text, message):
    (tmp_path / "sheet.py").write_text(text)
    with pytest.raises(BackpropvizError, match=message):
        grade(tmp_path / "sheet.py")


def test_differences_in_words():
    right = np.array([[1.0, 2.0], [3.0, 4.0]])
    assert difference(right + 1e-12, right) == ""
    assert difference(-right, right) == "every entry is -1 times what it should be"
    assert difference(right.T, right) == "2 of 4 entries differ: the value at [0, 1] is 3, not 2"
    assert difference(np.array(2.0), np.array(1.0)) == "every entry differs: the value is 2, not 1"


def test_a_solved_worksheet_is_a_program(tmp_path):
    sheet = tmp_path / "sheet.py"
    write_worksheet("layernorm", sheet, solved=True)
    done = subprocess.run([sys.executable, str(sheet)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_solved_worksheet_with_a_constant_passes(tmp_path):
    (tmp_path / "attn.py").write_text(
        "import numpy as np\n\n\n"
        "def attn(x):\n"
        "    T = x.shape[0]\n"
        "    s = x @ x.T + (1 - np.tri(T)) * -3.0\n"
        "    return np.exp(s / np.sqrt(T))\n"
    )
    text = worksheet(f"{tmp_path}/attn.py", folder=tmp_path, shapes={"x": (4, 3)}, solved=True)
    report = grade_text(text, "attn_sheet.py", pinned(str(tmp_path / "attn.py")))
    assert report.passed, render(report)


def test_the_function_as_a_whole_is_run_when_every_blank_is_right(tmp_path):
    path = tmp_path / "bn.py"
    write_worksheet("batchnorm", path, {}, {}, solved=True)
    text = path.read_text()
    assert grade(path).passed
    for right, wrong, said in (
        ("return dx, dgamma, dbeta", "return dgamma, dx, dbeta", "in the order of the inputs"),
        ("return dx, dgamma, dbeta", "return dx", "1 gradients are returned, for 3 inputs"),
        ("    dgammax = dout", "    while True: pass\n    dgammax = dout", "still running"),
    ):
        assert right in text
        path.write_text(text.replace(right, wrong))
        report = grade(path)
        assert not report.passed
        assert said in report.entries[-1].evidence


def test_a_wrong_line_says_what_the_diagnosis_of_hand_ins_proves_of_it(tmp_path):
    """Also where blanks below it are open; what it should read is told by the last hint only."""
    path = tmp_path / "sheet.py"
    text = worksheet("affine", {}, {}, solved=True)
    for right, its in (
        ("db = np.sum(dout, axis=0)", "db = np.mean(dout, axis=0)"),
        ("dx = drows.reshape(x.shape)", "dx = ..."),
    ):
        assert right in text
        text = text.replace(right, its)
    path.write_text(text)
    report = grade(path)
    (wrong,) = report.wrong
    assert wrong.found is not None
    assert wrong.found.expected == "db = np.sum(dout, axis=0)"
    assert report.next is not None
    assert report.next.name == "dx"
    assert WorksheetReport.from_dict(json.loads(json.dumps(report.to_dict()))) == report
    assert wrong.found.meaning in "\n".join(render(report))
    assert "expected  db" not in "\n".join(render(report, level=1))
    assert "expected  db = np.sum(dout, axis=0)" in "\n".join(render(report, level=2))


def test_what_needs_no_second_look_starts_none(monkeypatch):
    monkeypatch.setattr(second_look, "diagnose", None)
    text = worksheet("affine", {}, {}, solved=True)
    report = grade_text(text)
    assert report.passed
    assert second_look.second_look(report, text, 10.0) is report
