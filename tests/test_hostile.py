"""Every hostile hand-in gets the verdict, the exit code and the words that it is due, and leaves nothing behind."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from backpropviz.cli import app
from backpropviz.errors import BackpropvizError
from tests.hostile import ALL, EFFECTS, Hostile

ROOT = Path(__file__).parents[1]


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
    result = CliRunner().invoke(app, ["diagnose", str(path), "--json"])
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


def test_there_are_enough_and_no_two_have_one_name():
    assert len({its.name for its in ALL}) == len(ALL) >= 140
    assert len(EFFECTS) >= 50
