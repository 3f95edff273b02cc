"""Many hand-ins at once, and their reports in the formats that other programs read."""

import json
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from backpropviz import cli
from backpropviz.classroom.formats import FORMATS
from backpropviz.classroom.handins import collect, verdict_line
from backpropviz.diagnose import FileReport, Finding, FunctionReport
from backpropviz.errors import LayerError
from backpropviz.exercises.exercise import write_worksheet
from backpropviz.exercises.handed_in import handed_in

RIGHT = """
import numpy as np

def relu_forward(x):
    return np.maximum(0, x), x

def relu_backward(dout, cache):
    return dout * (cache > 0)
"""
WRONG = RIGHT.replace("dout * (cache > 0)", "2 * dout * (cache > 0)")

# the fields that an autograder may write, and their types: Gradescope's documented results format
GRADESCOPE = {"score": (int, float), "execution_time": (int, float), "output": str, "output_format": str, "tests": list}
TEST = {
    "score": (int, float), "max_score": (int, float), "status": str, "name": str, "output": str, "output_format": str,
    "visibility": str,
}  # fmt: skip


@pytest.fixture
def handins(tmp_path):
    for name, text in (("ann/relu.py", RIGHT), ("bob/relu.py", WRONG), (".hidden/relu.py", WRONG), ("notes.txt", "x")):
        path = tmp_path / "handins" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "handins"


@pytest.fixture
def run(capsys, monkeypatch):
    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["backpropviz", "diagnose", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            cli.main()
        return end.value.code, capsys.readouterr().out

    return call


def test_folders_give_one_verdict_line_for_each_file_under_its_path(handins, run):
    code, out = run(handins)
    assert code == 1
    first, second, _, total = out.splitlines()
    assert total == "2 files: 1 right, 1 wrong"
    assert first == f"{handins / 'ann' / 'relu.py'}: 1 of 1 function right"
    assert second.startswith(f"{handins / 'bob' / 'relu.py'}: 0 of 1 function right; line 8:")


def test_right_files_exit_with_0(handins, run):
    assert run(handins / "ann")[0] == 0


def test_gradescope_reads_the_results(handins, run, tmp_path):
    target = tmp_path / "results.json"
    code, _ = run(handins, "--format", "gradescope", "-o", target)
    assert code == 1
    results = json.loads(target.read_text())
    assert results.keys() <= GRADESCOPE.keys()
    assert all(isinstance(value, GRADESCOPE[key]) for key, value in results.items())
    for test in results["tests"]:
        assert test.keys() == TEST.keys()
        assert all(isinstance(value, TEST[key]) for key, value in test.items())
        assert test["status"] in ("passed", "failed")
        assert test["visibility"] in ("hidden", "after_due_date", "after_published", "visible")
        assert test["output_format"] in ("text", "html", "simple_format", "md", "ansi")
        assert 0 <= test["score"] <= test["max_score"]
    right, wrong = results["tests"]
    assert (right["status"], right["score"]) == ("passed", right["max_score"])
    assert wrong["status"] == "failed"
    assert wrong["score"] < wrong["max_score"]
    assert "return 2 * dout * (cache > 0)" in wrong["output"]


def test_junit_counts_its_failures(handins, run):
    _, out = run(handins, "--format", "junit")
    suites = ElementTree.fromstring(out).findall("testsuite")
    assert [(suite.get("tests"), suite.get("failures")) for suite in suites] == [("1", "0"), ("1", "1")]
    assert [len(suite.findall("testcase/failure")) for suite in suites] == [0, 1]


def test_json_holds_every_record(handins, run):
    _, out = run(handins / "bob" / "relu.py", "--format", "json")
    whole = json.loads(out)
    assert (whole["format"], whole["version"]) == ("backpropviz/diagnose", 1)
    report = FileReport.from_dict({k: v for k, v in whole["files"][0].items() if k not in ("status", "score")})
    assert report.first is not None
    assert report.first.line == 8
    assert json.loads(json.dumps(report.to_dict())) == whole["files"][0]


def test_text_of_students_is_escaped_for_xml():
    finding = Finding("a<b>.py", 1, "f", 'x = "<&>\x1b"', "sign", "e < 1", "m & m")
    report = FileReport("a<b>.py", (FunctionReport("f", "relu", 1, "wrong", (finding,)),))
    for make in FORMATS.values():
        assert make([report])
    failure = ElementTree.fromstring(FORMATS["junit"]([report])).find("testsuite/testcase/failure")
    assert failure is not None
    assert 'x = "<&>?"' in (failure.text or "")


def test_what_is_not_there_is_refused(tmp_path):
    with pytest.raises(LayerError, match="no file or folder"):
        collect([tmp_path / "missing.py"])
    with pytest.raises(LayerError, match="no Python file"):
        collect([tmp_path])


def test_an_unfinished_file_says_so_in_its_line():
    report = FileReport("a.py", (FunctionReport("relu_backward", "relu", 1, "not finished"),))
    assert verdict_line(report) == "a.py: 0 of 1 function right; relu_backward not finished"


def test_worksheets_are_graded_among_other_files(handins, run, tmp_path):
    write_worksheet("relu", tmp_path / "open.py", {}, {}, solved=False)
    write_worksheet("relu", tmp_path / "solved.py", {}, {}, solved=True)
    text = (tmp_path / "open.py").read_text()
    assert text.count("dx = ...") == 1
    (tmp_path / "wrong.py").write_text(text.replace("dx = ...", "dx = 3 * dout"))
    code, out = run(tmp_path)
    lines = {Path(line.partition(":")[0]).name: line for line in out.splitlines()}
    assert code == 1
    assert "0 of 1 function right" in lines["open.py"]
    assert "not finished" in lines["open.py"]
    assert "1 of 1 function right" in lines["solved.py"]
    assert "dx = 3 * dout" in lines["wrong.py"]
    _, results = run(tmp_path / "wrong.py", "--format", "gradescope")
    (test,) = json.loads(results)["tests"]
    assert (test["name"], test["status"], test["score"]) == ("relu_backward", "failed", 0.0)


def test_a_worksheet_that_does_not_parse_is_one_finding(tmp_path):
    write_worksheet("relu", tmp_path / "relu.py", {}, {}, solved=False)
    (tmp_path / "relu.py").write_text((tmp_path / "relu.py").read_text() + "\ndef broken(:\n")
    report = handed_in(tmp_path / "relu.py", 30)
    assert report.status == "wrong"
    assert "syntax error" in report.findings[0].evidence
    assert report.findings[0].line > 10
