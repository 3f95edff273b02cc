"""What holds a hand-in on this machine, tried from inside, with and without the kernel's help."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import backpropviz
from backpropviz.cli import app
from backpropviz.diagnose import diagnose
from backpropviz.diagnose.processes import children
from backpropviz.diagnose.student import probing, sandbox, walls
from backpropviz.layers.library import graphs_directory

linux = pytest.mark.skipif(sys.platform != "linux", reason="Linux's own")


def test_what_is_in_force_is_said_in_a_few_lines():
    result = CliRunner().invoke(app, ["diagnose", "--sandbox"])
    assert result.exit_code == 0
    said = result.stdout.splitlines()
    words = [line.split()[0] for line in said]
    assert [word for word in words if word in ("limits", "audit", "Landlock", "seccomp")] == [
        "limits", "audit", "Landlock", "seccomp",
    ]  # fmt: skip
    assert len(said) <= 9


@linux
def test_the_kernel_refuses_what_is_tried_without_the_hook():
    records, _ = children.in_child("backpropviz.diagnose.student.probing", {"megabytes": 2048}, 30.0)
    found = records[-1]
    assert found["walls"]["landlock"] == walls.landlock_abi()
    if walls.landlock_abi() >= 6 and found["walls"]["seccomp"]:
        assert set(found["tried"].values()) == {True}
        assert any("all refused" in line for line in probing.lines())


def test_a_machine_without_walls_is_told_so(monkeypatch):
    record = {"walls": {"landlock": 0, "seccomp": False}, "tried": {}, "limits": []}
    monkeypatch.setattr(probing, "in_child", lambda *_: ([record], 0))
    said = "\n".join(probing.lines())
    assert said.count("not on this system") == 2
    assert "none on this system" in said
    assert "container" in said


def test_a_filter_jumps_inside_of_itself_and_ends_by_letting_through():
    for machine in walls._MACHINES.values():
        steps = list(walls._filter(*machine))
        assert len(steps) < 4096
        jumps = [(at, yes, no) for at, (code, yes, no, _) in enumerate(steps) if code in (0x15, 0x45)]
        assert all(at + 1 + max(yes, no) < len(steps) for at, yes, no in jumps)
        assert steps[-1] == (0x06, 0, 0, 0x7FFF0000)
        assert {number for name, number in machine[1].items()} & {*machine[2]} == set()


READS = """
import numpy as np
data = open({0!r}).read()
table = np.loadtxt('data/train.csv')
def relu_forward(x):
    return np.maximum(0, x), x
def relu_backward(dout, x):
    return dout * (x > 0)
"""


def test_what_is_read_at_the_top_is_left_out_and_the_functions_are_judged(tmp_path):
    (tmp_path / "data.txt").write_text("1 2 3")
    (tmp_path / "relu.py").write_text(READS.format(str(tmp_path / "data.txt")))
    report = diagnose(tmp_path / "relu.py")
    assert report.status == "right"
    assert "of the top level only the definitions count" in " ".join(report.notes)
    missing = tmp_path / "missing.py"
    missing.write_text(READS.format("nowhere.txt"))
    assert "nowhere.txt" in " ".join(diagnose(missing).notes)


def test_packages_can_still_be_imported(tmp_path):
    text = READS.format("nowhere.txt").replace(
        "import numpy as np", "import numpy as np, scipy.stats, matplotlib.pyplot as plt, random, decimal, pathlib"
    )
    (tmp_path / "relu.py").write_text(text + "plt.plot([1, 2])\n")
    report = diagnose(tmp_path / "relu.py")
    assert report.status == "right"
    assert json.loads(json.dumps(report.to_dict()))["score"] == 1.0


def test_what_is_hidden_from_a_hand_in_is_our_package_and_its_layers():
    package, layers = map(Path, sandbox.OURS)
    assert package == Path(backpropviz.__file__).resolve().parent
    assert graphs_directory().resolve() in (layers, package / "graphs")
