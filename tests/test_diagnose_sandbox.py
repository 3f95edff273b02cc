"""Careless code ends as one finding, not as ours: loops, crashes, exits, floods, and reaching out of the sandbox."""

from __future__ import annotations

import socket
import sys
import time
from pathlib import Path

import pytest

from backpropviz.classroom.handins import verdict_line
from backpropviz.classroom.words import checks
from backpropviz.diagnose import FileReport, diagnose
from backpropviz.diagnose.processes import children
from backpropviz.diagnose.processes.confirming import _judged
from backpropviz.diagnose.verdict import FunctionReport

RELU = """
import numpy as np
def relu_forward(x):
    {0}
    return np.maximum(0, x), x
def relu_backward(dout, cache):
    return dout * (cache > 0)
"""


def diagnosed(folder: Path, text: str, seconds: float = 30.0) -> FileReport:
    path = folder / "layers.py"
    path.write_text(text, encoding="utf-8")
    return diagnose(path, seconds=seconds)


@pytest.mark.parametrize(
    ("line", "kind", "words"),
    [
        ("while True: pass", "does_not_end", "does not end"),
        ("import sys; sys.exit(3)", "crash", "SystemExit"),
        ("raise KeyboardInterrupt", "crash", "KeyboardInterrupt"),
        ("(lambda f: f(f))(lambda f: f(f))", "crash", "RecursionError"),
        ("np.ones((1 << 20, 1 << 16))", "crash", "MemoryError"),
        ("x.nothing", "crash", "AttributeError"),
    ],
)
def test_trouble_in_a_function_is_one_finding_on_its_line(tmp_path, line, kind, words):
    (finding,) = diagnosed(tmp_path, RELU.format(line)).all_findings
    assert (finding.line, finding.kind) == (4, kind)
    assert words in finding.evidence


def test_process_that_is_ended_from_within_is_a_finding(tmp_path):
    report = diagnosed(tmp_path, RELU.format("import os; os._exit(7)"))
    assert report.first.kind == "crash"
    assert "code 7" in report.first.evidence


def test_endless_loop_at_the_top_level_leaves_the_functions_examined(tmp_path):
    report = diagnosed(tmp_path, RELU.format("pass").replace("    pass\n", "") + "\nwhile True:\n    pass\n")
    assert [finding.kind for finding in report.findings] == ["does_not_end"]
    assert [function.status for function in report.functions] == ["right"]


def test_swallowed_interrupts_end_all_the_same(tmp_path):
    began = time.monotonic()
    line = "while True:\n        try:\n            while True: pass\n        except BaseException: pass"
    report = diagnosed(tmp_path, RELU.format(line), seconds=4.0)
    assert report.first.kind in ("does_not_end", "crash")
    assert time.monotonic() - began < 20


def test_print_storm_and_changed_directory_do_no_harm(tmp_path):
    line = "import os; os.chdir('/'); print('x' * 10**6); os.write(1, b'y' * 10**6)"
    assert diagnosed(tmp_path, RELU.format(line)).status == "right"


@pytest.mark.parametrize(
    "line",
    [
        "open({target!r}, 'w').write('x')",
        "np.save({target!r}, x)",
        "import os; os.open({target!r}, os.O_CREAT | os.O_WRONLY)",
        "import subprocess; subprocess.run(['touch', {target!r}])",
        "import os; os.system('touch ' + {target!r})",
        "import os; os.mkdir({target!r})",
    ],
)
def test_nothing_is_written_or_started(tmp_path, line):
    target = tmp_path / "made"
    report = diagnosed(tmp_path, RELU.format(line.format(target=str(target))))
    assert list(tmp_path.glob("made*")) == []
    assert "not allowed" in report.first.evidence


def test_files_are_not_removed(tmp_path):
    keep = tmp_path / "keep.txt"
    keep.write_text("here")
    diagnosed(tmp_path, RELU.format(f"import os; os.remove({str(keep)!r})"))
    assert keep.read_text() == "here"


def test_network_is_refused(tmp_path):
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        report = diagnosed(tmp_path, RELU.format(f"import socket; socket.create_connection(('127.0.0.1', {port}))"))
    assert "not allowed" in report.first.evidence


def test_environment_is_not_handed_on(tmp_path, monkeypatch):
    monkeypatch.setenv("SOME_TOKEN", "secret")
    line = "import os; assert 'SOME_TOKEN' not in os.environ; 1 / ('SOME_TOKEN' in os.environ)"
    assert "ZeroDivisionError" in diagnosed(tmp_path, RELU.format(line)).first.evidence


NETWORK = """
class Twice:
    def forward(self, x):
        {1}
        return 2 * x
    def backward(self, dout):
        return 2 * dout
class Sequential:
    def __init__(self, layers=None):
        self.layers = layers or {0}
    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x
    def backward(self, dout):
        for layer in reversed(self.layers):
            dout = layer.backward(dout)
        return dout
"""

TANH = """
def tanh_forward(x):
    out = np.tanh(x)
    return out, out
def tanh_backward(dout, out):
    return dout * (1 - out ** 2)
"""


def test_a_pair_that_ends_the_process_leaves_the_others_examined(tmp_path):
    report = diagnosed(tmp_path, RELU.format("import os; os._exit(7)") + TANH)
    assert [(function.name, function.status) for function in report.functions] == [
        ("relu_backward", "wrong"), ("tanh_backward", "right"),
    ]  # fmt: skip
    assert report.findings == ()


def test_what_the_clock_cuts_short_is_said(tmp_path):
    report = diagnosed(tmp_path, RELU.format("import time; time.sleep(30)") + TANH, seconds=2.0)
    relu, tanh = report.functions
    assert (relu.status, tanh.status) == ("not finished in time", "right")
    assert report.status == "not finished in time"
    assert report.score == 1.0  # of what was looked at
    assert report.cut_short
    assert verdict_line(report) == "layers.py: 1 of 1 function right; relu_backward not finished in time"
    assert [(its.right, its.points) for its in checks([report])] == [(False, 0.0), (True, 1.0)]


def test_a_class_that_takes_too_long_to_be_tried_is_no_mistake(tmp_path):
    report = diagnosed(tmp_path, RELU.format("pass") + NETWORK.format("[Twice()]", "import time; time.sleep(30)"), 2.0)
    late = "not finished in time"  # the network runs the class that sleeps
    assert [its.status for its in report.functions] == ["right", late, late]
    assert report.all_findings == ()
    assert report.notes == ()


def test_a_count_that_is_up_is_no_verdict(tmp_path):
    text = RELU.format("pass") + NETWORK.format("[Twice()]", "for _ in range(2_000_000): pass")
    report = diagnosed(tmp_path, text)
    statuses = {its.name: its.status for its in report.functions}
    assert (statuses["relu_backward"], statuses["Sequential.backward"]) == ("right", "not finished in time")
    assert report.status == "not finished in time"


@pytest.mark.parametrize(("layers", "status"), [("[]", "not examined"), ("[Twice()]", "right")])
def test_a_network_without_layers_is_not_right(tmp_path, layers, status):
    report = diagnosed(tmp_path, NETWORK.format(layers, "pass"))
    assert {its.name: its.status for its in report.functions}["Sequential.backward"] == status


def test_a_judge_without_time_says_neither_right_nor_wrong():
    said = {"late": True, "why": "2 s were not enough"}
    late = _judged(FunctionReport("relu_backward", "relu", 1, "right"), said, "relu.py", 0)
    assert (late.status, late.score, late.reason) == ("not finished in time", 0.0, "2 s were not enough")
    wrong = FunctionReport("relu_backward", "relu", 1, "wrong", score=0.5)
    kept = _judged(wrong, said, "relu.py", 0)
    assert (kept.status, kept.score) == ("wrong", 0.0)  # what the search says of a score is not believed
    assert kept.notes == ("nothing is counted that could not be run once more: 2 s were not enough",)


def test_a_fault_of_ours_is_no_verdict(tmp_path, monkeypatch):
    monkeypatch.setattr("backpropviz.diagnose.processes.children._forked", lambda *_: None)
    monkeypatch.setattr("backpropviz.diagnose.processes.children._ENTRY", "raise SystemExit(5)")
    report = diagnosed(tmp_path, RELU.format("pass"))
    assert report.status == "fault of the tool"
    assert report.all_findings == ()


def test_a_report_of_ours_that_is_none_is_not_the_crash_of_a_student(tmp_path, monkeypatch):
    monkeypatch.setattr("backpropviz.diagnose.processes.wellformed._MOST_FUNCTIONS", 0)
    report = diagnosed(tmp_path, RELU.format("pass"))
    assert (report.status, report.score, report.all_findings) == ("fault of the tool", 0.0, ())
    assert "a report that is none" in report.functions[0].reason


def judged(**said: object) -> dict[str, object]:
    none = {name: [] for name in ("wrong", "failed", "looked_at", "ran", "refused")}
    return {"score": 0.0, "right": False, "refuses": False, "layer": None, "own": None, "why": "", **none, **said}


def test_a_search_that_failed_says_nothing_of_the_function():
    fault = FunctionReport("gate_backward", "gate", 1, "fault of the tool", score=0.0, reason="ValueError: max()")
    nothing = _judged(fault, judged(why="no function of a known layer has this name"), "gate.py", 0)
    assert (nothing.status, nothing.findings, nothing.reason) == ("fault of the tool", (), "ValueError: max()")
    right = _judged(fault, judged(right=True, score=1.0, ran=["square"]), "gate.py", 0)
    assert (right.status, right.score, right.findings) == ("fault of the tool", 1.0, ())
    assert right.reason == "ValueError: max(); run by itself, it comes out right"
    wrong = _judged(fault, judged(wrong=["dx"], failed=["square"], ran=["square"]), "gate.py", 0)
    assert (wrong.status, wrong.notes) == ("wrong", ("the search for the line failed: ValueError: max()",))


def test_an_exception_of_ours_is_not_the_crash_of_a_student(tmp_path, monkeypatch):
    (tmp_path / "layers.py").write_text(RELU.format("pass"), encoding="utf-8")
    asked = {"file": str(tmp_path / "layers.py"), "python2": False, "megabytes": 2048, "not_called": []}
    records, code = children.in_child("backpropviz.diagnose.processes.child", asked, 30.0)
    assert (records[-1]["fault"], code) == ("KeyError: 'functions'", 0)
    stage = {"stage": "relu_backward", "function": "relu_backward", "layer": "relu", "line": 5, "text": ""}
    for its in (stage, {**stage, "function": ""}):
        answers = iter([([its, records[-1]], 0), ([{"report": FileReport("layers.py").to_dict()}], 0)])
        monkeypatch.setattr("backpropviz.diagnose.processes.runner.in_child", lambda *_, its=answers: next(its))
        report = diagnosed(tmp_path, RELU.format("pass"))
        assert (report.status, report.all_findings) == ("fault of the tool", ())
        reasons = {function.name: function.reason for function in report.functions}
        assert reasons == {"relu_backward": "KeyError: 'functions'; run by itself, it comes out right"}


def test_a_copy_of_the_waiting_process_says_what_a_process_of_its_own_says(tmp_path, monkeypatch):
    text = RELU.format("pass").replace("cache > 0", "cache < 0")
    copied = diagnosed(tmp_path, text)
    monkeypatch.setattr("backpropviz.diagnose.processes.children._forked", lambda *_: None)
    assert diagnosed(tmp_path, text) == copied


@pytest.mark.skipif(sys.platform != "linux", reason="no process waits elsewhere")
def test_a_waiting_process_that_is_gone_is_started_again(tmp_path):
    diagnosed(tmp_path, RELU.format("pass"))
    process, _ = children._waiting
    process.kill()
    process.wait()
    assert diagnosed(tmp_path, RELU.format("pass")).status == "right"
    assert children._waiting[0].pid != process.pid
    assert children._waiting[0].poll() is None
