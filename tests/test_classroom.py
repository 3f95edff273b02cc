"""Many hand-ins at once, and their reports in the formats that other programs read."""

import csv
import html
import importlib
import io
import json
import linecache
import re
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

import backpropviz as bp
from backpropviz import cli
from backpropviz.classroom.answers import Cache, reports
from backpropviz.classroom.assignment import read as read_assignment
from backpropviz.classroom.formats import FORMATS
from backpropviz.classroom.handins import collect, shard, verdict_line
from backpropviz.classroom.overview import overview
from backpropviz.classroom.overview import read as read_reports
from backpropviz.diagnose import FileReport, Finding, FunctionReport
from backpropviz.errors import InputError, LayerError
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
    assert 'x = "<&>\ufffd"' in (failure.text or "")


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


# ---- formats that other programs read --------------------------------------------------------------------------------

PRAIRIELEARN = {"name": str, "points": (int, float), "max_points": (int, float), "output": str}
CHECK50 = {
    "name": str, "description": str, "passed": bool, "log": list, "cause": (dict, type(None)), "data": dict,
    "dependency": (str, type(None)),
}  # fmt: skip
COMMAND = re.compile(r"::(error|warning|notice) (?:\w+=[^,:\s%]*(?:%[0-9A-F]{2}[^,:%]*)*,?)+::[^\r\n]*")


def of_these_types(record, types):
    return record.keys() == types.keys() and all(isinstance(value, types[key]) for key, value in record.items())


def test_prairielearn_reads_the_results(handins, run):
    results = json.loads(run(handins, "--format", "prairielearn")[1])
    assert results.keys() == {"gradable", "score", "tests"}
    assert results["gradable"] is True
    assert all(of_these_types(test, PRAIRIELEARN) for test in results["tests"])
    points = [test["points"] for test in results["tests"]]
    assert results["score"] == sum(points) / 2
    assert points[0] == 1 > points[1]


def test_check50_reads_the_results(handins, run):
    whole = json.loads(run(handins, "--format", "check50")[1])
    assert whole.keys() == {"slug", "results", "version"}
    assert all(of_these_types(result, CHECK50) for result in whole["results"])
    assert [result["passed"] for result in whole["results"]] == [True, False]
    causes = [result["cause"] for result in whole["results"]]
    assert causes[0] is None
    assert causes[1].keys() == {"rationale", "help"}


def test_github_shows_a_finding_at_its_line(handins, run):
    command, *rest = run(handins, "--format", "github")[1].splitlines()
    assert not rest
    assert COMMAND.fullmatch(command)
    assert f"file={handins / 'bob' / 'relu.py'},line=8," in command
    assert "return 2 * dout" not in command.partition("::")[0]


def test_what_ends_a_command_is_escaped_for_github():
    finding = Finding("a.py", 3, "f", "x", "sign", "50 %\n::error::no", "m")
    text = FORMATS["github"]([FileReport("a,b:c.py", (FunctionReport("f", "relu", 1, "wrong", (finding,)),))])
    assert "\n" not in text
    assert "file=a%2Cb%3Ac.py," in text
    assert "50 %25%0A::error" in text


def test_sarif_has_a_rule_for_each_kind_and_a_result_for_each_finding(handins, run):
    log = json.loads(run(handins, "--format", "sarif")[1])
    assert (log["version"], len(log["runs"])) == ("2.1.0", 1)
    driver = log["runs"][0]["tool"]["driver"]
    (result,) = log["runs"][0]["results"]
    assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"] == "constant_factor"
    assert result["level"] in ("none", "note", "warning", "error")
    place = result["locations"][0]["physicalLocation"]
    assert place["region"] == {"startLine": 8}
    assert place["artifactLocation"]["uri"].endswith("bob/relu.py")


def test_a_spreadsheet_gets_a_row_for_each_function(handins, run):
    rows = list(csv.DictReader(io.StringIO(run(handins, "--format", "csv")[1])))
    assert [(row["function"], row["status"], row["line"]) for row in rows] == [
        ("relu_backward", "right", ""), ("relu_backward", "wrong", "8"),
    ]  # fmt: skip


def test_no_cell_is_a_formula():
    finding = Finding("a.py", 3, "f", "=cmd()", "sign", "e", "m", "+1")
    (row,) = csv.DictReader(io.StringIO(FORMATS["csv"]([FileReport("@a.py", findings=(finding,))])))
    assert (row["file"], row["statement"], row["expected"]) == ("'@a.py", "'=cmd()", "'+1")


# ---- very many files -------------------------------------------------------------------------------------------------


def lines(path):
    return sorted(path.read_text().splitlines())


def test_shards_share_the_files_out():
    files = [Path(f"{number}.py") for number in range(100)]
    parts = [shard(files, f"{part}/7") for part in range(1, 8)]
    assert sorted(file for part in parts for file in part) == sorted(files)
    assert all(len(part) < 30 for part in parts)


@pytest.mark.parametrize("which", ["0/4", "5/4", "1", "1/0", "a/b", "-1/4"])
def test_no_such_shard(which):
    with pytest.raises(InputError, match="--shard"):
        shard([], which)


def test_a_list_of_files_is_read(handins, run, tmp_path):
    listing = tmp_path / "list.txt"
    listing.write_text(f"{handins / 'bob' / 'relu.py'}\n\n{handins / 'ann' / 'relu.py'}\n")
    code, out = run("--files-from", listing, "--format", "jsonl")
    assert code == 1
    assert {Path(json.loads(line)["file"]).parent.name for line in out.splitlines()} == {"ann", "bob"}


def test_a_killed_run_goes_on_where_it_was(handins, tmp_path):
    for number in range(6):
        (handins / f"c{number}.py").write_text(f"{WRONG}\n# {number}\n")
    command = [sys.executable, "-m", "backpropviz", "diagnose", str(handins), "--jobs", "1", "--resume"]
    whole, out = tmp_path / "whole.jsonl", tmp_path / "out.jsonl"
    subprocess.run([*command, str(whole)], check=False, capture_output=True)
    with subprocess.Popen([*command, str(out)], stdout=subprocess.DEVNULL) as process:
        while process.poll() is None and not (out.is_file() and out.stat().st_size):
            time.sleep(0.01)
        process.kill()
    before = out.read_bytes()
    assert 0 < before.count(b"\n") < 8
    with out.open("ab") as file:
        file.write(before[:40])  # as if the last line had been cut off
    subprocess.run([*command, str(out)], check=False, capture_output=True)
    assert out.read_bytes().startswith(before)
    assert lines(out) == lines(whole)
    assert len(lines(out)) == 8


def test_a_changed_file_is_looked_at_again(handins, run, tmp_path):
    out = tmp_path / "out.jsonl"
    assert run(handins, "--resume", out)[0] == 1
    (handins / "bob" / "relu.py").write_text(RIGHT)
    assert run(handins, "--resume", out)[0] == 0
    assert len(lines(out)) == 3


def test_what_is_no_report_is_refused(handins, run, tmp_path, capsys):
    out = tmp_path / "out.jsonl"
    out.write_text("my notes\n")
    monkey = pytest.MonkeyPatch()
    monkey.setattr(sys, "argv", ["backpropviz", "diagnose", str(handins), "--resume", str(out)])
    with monkey.context(), pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == 2
    assert "out.jsonl:1 is no report" in capsys.readouterr().err
    assert out.read_text() == "my notes\n"


def test_the_same_text_is_judged_once(tmp_path):
    judged = []

    def judge(file, **options):
        judged.append((file.name, options))
        return FileReport(file.name, (FunctionReport("f", "", 1, "right"),))

    for name in ("a.py", "b.py"):
        (tmp_path / name).write_text(RIGHT)
    cache = Cache(tmp_path / "cache")

    def ask(name, **options):
        (report,) = reports([tmp_path / name], options, judge=judge, cache=cache)
        return report

    assert ask("a.py") == replace(ask("b.py"), file=str(tmp_path / "a.py"))
    assert len(judged) == 1
    ask("a.py", seconds=3)
    assert len(judged) == 2
    (tmp_path / "a.py").write_text(f"import helper\n{RIGHT}")
    ask("a.py")
    (tmp_path / "helper.py").write_text("x = 1")
    ask("a.py")
    assert len(judged) == 4


def test_what_the_clock_cut_short_is_not_kept(tmp_path):
    (tmp_path / "a.py").write_text(RIGHT)
    cache = Cache(tmp_path / "cache")
    for _ in range(2):
        reports([tmp_path / "a.py"], {}, judge=lambda file: FileReport(file.name, cut_short=True), cache=cache)
    assert not list((tmp_path / "cache").iterdir())


# ---- a class ---------------------------------------------------------------------------------------------------------

ASSIGNMENT = """
title = "Homework 1"
show = "{show}"

[functions]
relu_backward = {{points = 3, as = "relu"}}
affine_backward = 2
"""


@pytest.fixture
def assignment(tmp_path):
    path = tmp_path / "hw.toml"
    path.write_text(ASSIGNMENT.format(show="what"))
    return path


def graded(run, assignment, handins, *options):
    code, out = run("--assignment", assignment, handins, *options)
    return code, {row["hand-in"]: row for row in csv.DictReader(io.StringIO(out))}


def test_a_class_is_graded_by_an_assignment(handins, run, assignment):
    (handins / "student10.py").write_text(RIGHT.replace("relu", "swish"))
    (handins / "student9.py").write_text("def relu_backward(:")
    code, table = graded(run, assignment, handins)
    assert code == 1
    assert list(table) == ["ann", "bob", "student9", "student10"]
    assert (table["ann"]["relu_backward"], table["ann"]["affine_backward"], table["ann"]["total"]) == ("3", "0", "3")
    assert 0 < float(table["bob"]["relu_backward"]) < 3
    assert table["student9"]["total"] == "0"
    assert table["student10"]["total"] == "0"  # a function that nobody asked for
    assert {row["of"] for row in table.values()} == {"5"}


@pytest.mark.parametrize(
    ("show", "told", "kept"),
    [
        ("score", "relu", "dout"),
        ("question", "Work one entry out by hand", "return 2"),
        ("where", "return 2 * dout", "expected"),
        ("what", "expected  return dout * (cache > 0)", "no such text"),
    ],
)
@pytest.mark.parametrize("format_", ["md", "html", "gradescope"])
def test_students_are_told_what_the_assignment_says(handins, run, assignment, tmp_path, show, told, kept, format_):
    assignment.write_text(ASSIGNMENT.format(show=show))
    graded(run, assignment, handins / "bob", "--feedback", tmp_path / "told", "--format", format_)
    (letter,) = (tmp_path / "told").iterdir()
    text = html.unescape(letter.read_text()).replace("\\n", "\n")
    assert letter.stem == "relu"
    assert told in text.replace("\\", "")
    assert kept not in text


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("functions = 3", "functions = 3"),
        ("[functions]", "asks for no function"),
        ("[functions]\nf = -1", "f = -1"),
        ('[functions]\nf = {points = 1, layer = "relu"}', "f = {"),
        ('[functions]\nf = {as = "rleu"}', "'rleu', which is no layer"),
        ('show = "all"\n[functions]\nf = 1', "show = 'all'"),
        ("tilte = 'x'\n[functions]\nf = 1", "the key 'tilte'"),
        ("[functions", "is not TOML"),
    ],
)
def test_an_assignment_with_a_mistake_is_refused(tmp_path, text, seen):
    path = tmp_path / "hw.toml"
    path.write_text(text)
    with pytest.raises(LayerError, match=re.escape(seen)):
        read_assignment(path)


def test_a_class_is_summed_up_without_names(handins, run, tmp_path, monkeypatch, capsys):
    out, page = tmp_path / "class.jsonl", tmp_path / "class.html"
    run(handins, "--resume", out)
    its = overview(read_reports([out]))
    (found,) = its.misunderstandings
    assert (found.kind, found.hand_ins, found.functions) == ("constant_factor", 1, ("relu_backward",))
    assert its.functions[0].right == 1
    assert sum(its.scores) == 2
    for options in ([], ["-o", str(page)]):
        monkeypatch.setattr(sys, "argv", ["backpropviz", "report", str(out), *options])
        with pytest.raises(SystemExit) as end:
            cli.main()
        assert end.value.code == 0
    for text in (page.read_text(), capsys.readouterr().out):
        assert "return 2 * dout * (cache > 0)" in html.unescape(text)
        assert "bob" not in text.replace(str(tmp_path), "")


MISTAKES = {
    "sum over the columns": ("db = np.sum(dout, axis=0)", "db = np.sum(dout, axis=1)"),
    "not transposed": ("drows = dout @ w.T", "drows = dout @ w"),
    "half": ("dw = rows.T @ dout", "dw = rows.T @ dout / 2"),
    "open": ("dx = drows.reshape(x.shape)", "dx = ...  # shape (4, 3, 2) like x"),
    "not Python": ("return dx, dw, db", "return dx, dw, db)"),
}


def test_thirty_students_from_worksheet_to_grades(run, tmp_path, monkeypatch):
    """As a teacher would: hand out a worksheet, collect it, grade it, give it back, look at what was misunderstood."""
    solved = tmp_path / "solved.py"
    write_worksheet("affine", solved, {}, {}, True)
    folder = tmp_path / "handins"
    folder.mkdir()
    slips = [("", ""), *MISTAKES.values()]
    for number in range(1, 31):
        text = solved.read_text().replace(*slips[number % 6])
        (folder / f"student{number}.py").write_text(text)
    (tmp_path / "hw.toml").write_text('show = "where"\n[functions]\naffine_backward = {points = 10, as = "affine"}\n')
    code, table = graded(run, tmp_path / "hw.toml", folder, "--feedback", tmp_path / "told", "--cache", tmp_path / "c")
    assert code == 1
    assert list(table) == [f"student{number}" for number in range(1, 31)]
    totals = [float(row["total"]) for row in table.values()]
    assert [total == 10 for total in totals] == [number % 6 == 0 for number in range(1, 31)]
    assert all(0 < totals[number - 1] < 10 for number in range(1, 31) if number % 6 in (1, 2, 3, 4))
    assert {row["to look at by hand"] for row in table.values()} == {""}
    assert len(list((tmp_path / "told").iterdir())) == 30
    told = [path.read_text() for path in sorted((tmp_path / "told").iterdir())]
    assert "affine" in told[0]
    assert not [text for text in told if "0 of 0" in text or "no single edit" in text]  # a worksheet is not searched
    assert any("this is not Python" in text for text in told)
    run(folder, "--resume", tmp_path / "class.jsonl", "--cache", tmp_path / "c")
    its = overview(read_reports([tmp_path / "class.jsonl"]))
    assert (its.functions[0].right, its.functions[0].of) == (5, 25)
    assert sum(found.hand_ins for found in its.misunderstandings) == 25


# ---- from Python -----------------------------------------------------------------------------------------------------

CELL = """
import numpy as np
EPS = 1e-5


def length(x):
    return np.sqrt(np.sum(x * x, axis=1, keepdims=True) + EPS)


def to_unit(x):
    return x / length(x), x


def back(dout, x):
    long = length(x)
    return (dout - x * np.sum(dout * x, axis=1, keepdims=True) / long**2) / long


class Scale:
    def forward(self, x):
        self.x = x
        return 3 * x

    def backward(self, dout):
        return 3 * dout
"""


def cell(text, name):
    """What a notebook's cell defines: its text is known to Python, and in no file."""
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    namespace = {"__name__": name}
    exec(compile(text, name, "exec"), namespace)
    return namespace


def test_a_right_backward_pass_in_a_cell_passes():
    its = cell(CELL, "<cell 1>")
    bp.check(its["back"], its["to_unit"])
    bp.check(its["Scale"])


@pytest.mark.parametrize(("old", "new"), [("/ long**2", "/ long"), ("(dout - x", "(dout + x")])
def test_a_wrong_one_fails_with_its_line_in_the_cell(old, new):
    text = CELL.replace(old, new)
    its = cell(text, f"<cell with {new}>")
    line = next(number for number, code in enumerate(text.splitlines(), 1) if new in code)
    with pytest.raises(AssertionError, match=rf"^back:{line}  return"):
        bp.check(its["back"], its["to_unit"])


def test_a_wrong_class_in_a_cell_fails_with_its_line():
    its = cell(CELL.replace("return 3 * dout", "return 2 * dout"), "<cell 4>")
    with pytest.raises(AssertionError, match=r"^Scale:25  return 2 \* dout"):
        bp.check(its["Scale"])


def test_a_function_of_a_file_is_checked_where_it_stands(tmp_path, monkeypatch):
    (tmp_path / "hand_in_of_a_test.py").write_text(WRONG)
    monkeypatch.syspath_prepend(tmp_path)
    relu = importlib.import_module("hand_in_of_a_test")
    try:
        with pytest.raises(AssertionError, match=r"^hand_in_of_a_test\.py:8  return 2 \* dout"):
            bp.check(relu.relu_backward)
    finally:
        del sys.modules[relu.__name__]


def test_what_cannot_be_looked_at_is_no_verdict():
    its = cell("def lonely(dout):\n    return dout\n", "<lonely>")
    with pytest.raises(LayerError, match="lonely was not examined"):
        bp.check(its["lonely"])


def test_a_link_out_of_its_folder_is_not_followed(handins, run, tmp_path):
    (tmp_path / "solution.py").write_text(RIGHT)
    (handins / "eve").mkdir()
    (handins / "eve" / "relu.py").symlink_to(tmp_path / "solution.py")
    (handins / "ann" / "other.py").symlink_to("relu.py")
    (tmp_path / "hw.toml").write_text("[functions]\nrelu_backward = 2\n")
    _, said = run(handins)
    assert f"{handins}/eve/relu.py: wrong; line 1: a link to another place" in said
    assert f"{handins}/ann/other.py: 1 of 1 function right" in said
    _, said = run(handins, "--assignment", tmp_path / "hw.toml")
    assert "eve,0,0,2,\n" in said


def test_a_name_of_a_file_stays_in_one_line(tmp_path, run):
    (tmp_path / "eve: 1 of 1 function right\nbob\x1b[2J.py").write_text(WRONG)
    (tmp_path / "ann.py").write_text(RIGHT)
    _, said = run(tmp_path)
    assert "function right\ufffdbob\ufffd[2J.py: 0 of 1 function right" in said
