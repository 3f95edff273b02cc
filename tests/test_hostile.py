"""Every hostile hand-in gets the verdict, the exit code and the words that it is due, and leaves nothing behind."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from backpropviz.cli import app
from backpropviz.errors import BackpropvizError
from tests.hostile import CHEATS, EFFECTS, ENDS, ONCE, PLAN_OF_ITS_OWN, Hostile, forged
from tests.hostile_digging import DIGGING
from tests.hostile_inside import INSIDE

ROOT = Path(__file__).parents[1]
ALL = [*CHEATS, *ENDS, *EFFECTS, *INSIDE, *DIGGING]


def diagnosed(folder, its: Hostile):
    """The exit code, the report, and everything that is said."""
    keep, target = folder / "keep.txt", folder / "made"
    keep.write_text("here, and nobody's business")
    named = {"TARGET": target, "KEEP": keep, "HERE": ROOT}
    text = its.text
    for name, path in named.items():
        text = text.replace(name, repr(str(path)))
    path = folder / f"{its.name}.py"
    path.write_bytes(text.encode())
    result = CliRunner().invoke(app, ["diagnose", str(path), "--json", *its.options])
    if isinstance(result.exception, BackpropvizError):
        return 2, None, str(result.exception)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    (report,) = json.loads(result.stdout)["files"]
    assert keep.read_text() == "here, and nobody's business"
    assert sorted(each.name for each in folder.iterdir()) == sorted([keep.name, path.name])
    return result.exit_code, report, result.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="some of it is Linux's own")
@pytest.mark.parametrize("its", ALL, ids=lambda its: its.name)
def test_it_gets_what_it_is_due(tmp_path, its):
    code, report, said = diagnosed(tmp_path, its)
    assert code == its.code
    if report is not None:
        assert report["status"] == its.status
        assert report["score"] <= its.most
        assert all(function["score"] <= its.most for function in report["functions"] if not function["own"])
    assert its.words in json.dumps(json.loads(said), ensure_ascii=False) if report is not None else True
    assert "root:x:0" not in said
    assert "nobody's business" not in said


@pytest.mark.skipif(sys.platform != "linux", reason="some of it is Linux's own")
@pytest.mark.parametrize(
    ("asked", "row"),
    [
        ("relu_backward = 4", "0,0,4,"),
        ('"Linear.backward" = {points = 4, as = "affine"}',
         "0,0,4,Linear.backward: it was read as a layer of its own; affine was asked for"),
        ('"Linear.backward" = 4',
         '4,4,4,"Linear.backward: held against its own forward pass alone; as = ""affine"" asks for the layer"'),
    ],
)  # fmt: skip
def test_a_pair_that_a_report_brings_along_earns_nothing_that_nobody_looks_at(tmp_path, asked, row):
    name = asked.split(" =")[0].strip('"')
    text = forged('{"own": True}', PLAN_OF_ITS_OWN, f"line = line.replace('relu_backward', '{name}')\n" + ONCE)
    class_ = "class Linear:\n    def forward(self, x): return x\n    def backward(self, dout): return 3 * dout\n"
    (tmp_path / "hand-in.py").write_text(class_ + text, encoding="utf-8")
    (tmp_path / "hw.toml").write_text(f"[functions]\n{asked}\n", encoding="utf-8")
    said = CliRunner().invoke(
        app, ["diagnose", str(tmp_path / "hand-in.py"), "--assignment", str(tmp_path / "hw.toml")]
    )
    assert said.stdout.endswith(f"hand-in,{row}\n")


def test_there_are_enough_and_no_two_have_one_name():
    assert len({its.name for its in ALL}) == len(ALL) >= 235
    assert len(EFFECTS) >= 65
