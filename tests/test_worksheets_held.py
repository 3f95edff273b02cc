"""A worksheet is what was handed out, and is judged outside of the process that runs its lines."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from backpropviz.cli import app
from backpropviz.errors import InputError, LayerError
from backpropviz.exercises.exercise import worksheet, write_worksheet
from backpropviz.exercises.grading import grade
from backpropviz.exercises.handed_in import handed_in
from backpropviz.exercises.signing import pinned, read

TRACES = "raise SystemExit(open({!r}, 'w').write('traced'))\ndef relu(x):\n    return x\n"


def written(folder, text, name="sheet.py"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_its_first_line_says_the_run_and_signs_it():
    text = worksheet("conv", {"stride": (2, 1), "pad": 1}, {"x": (2, 3, 7, 6)})
    origin, line = read(text, "sheet.py")
    assert (origin.layer, origin.settings, origin.shapes, line) == (
        "conv", {"stride": (2, 1), "pad": 1}, {"x": (2, 3, 7, 6)}, 1,
    )  # fmt: skip
    assert origin.digest == origin.digest_of(text)
    layout = text.replace("    out = ", "    # my own remark\n    out =  ")
    assert layout != text
    assert origin.digest_of(layout) == origin.digest


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"layer": "batchnorm"', '"layer": "relu"'),
        ('"shapes": {}', '"shapes": {"x": [1, 1]}'),
        ('"settings": {}', '"settings": {"eps": 1.0}'),
        ("xmu = x - mu", "xmu = x"),
        (', "digest"', ', "digests"'),
    ],
)
def test_what_was_changed_is_a_finding_and_nothing_in_it_counts(tmp_path, old, new):
    text = worksheet("batchnorm", solved=True)
    assert old in text
    path = written(tmp_path, text.replace(old, new, 1))
    report = handed_in(path, 30.0)
    assert (report.status, report.score) == ("wrong", 0.0)
    assert "changed after it was written" in report.first.evidence
    result = CliRunner().invoke(app, ["diagnose", str(path)])
    assert result.exit_code == 1
    assert "sheet.py:1" in result.stdout


def test_a_file_that_it_names_is_never_run(tmp_path):
    made = tmp_path / "made"
    written(tmp_path, TRACES.format(str(made)), "mine.py")
    path = written(tmp_path, worksheet("relu", solved=True).replace('"relu"', '"mine.py:relu"', 1))
    report = handed_in(path, 30.0)
    assert (report.status, report.score) == ("wrong", 0.0)
    result = CliRunner().invoke(app, ["diagnose", str(path)])
    assert isinstance(result.exception, LayerError)
    assert "--as mine.py:relu" in str(result.exception)
    assert not made.exists()


def test_what_the_teacher_names_counts_and_not_the_file(tmp_path):
    relu = written(tmp_path, worksheet("relu", solved=True), "relu.py")
    assert grade(relu, pin="relu").passed
    with pytest.raises(LayerError, match="no function batchnorm_backward"):
        grade(relu, pin="batchnorm")
    header = worksheet("conv").partition("\n")[0]
    other = header + "\n" + relu.read_text().partition("\n")[2]
    assert grade(written(tmp_path, other, "other.py"), pin="relu").passed
    swish = "import numpy as np\n\n\ndef swish(x):\n    s = 1 / (1 + np.exp(-x))\n    return x * s\n"
    mine = written(tmp_path, swish, "mine.py")
    write_worksheet(f"{mine}:swish", tmp_path / "sheet.py", {}, {"x": (3, 2)}, solved=True)
    for pin in (f"{mine}:swish", str(mine), str(tmp_path / "sheet.py")):
        assert grade(tmp_path / "sheet.py", pin=pin).passed
    assert pinned(str(tmp_path / "sheet.py")).shapes == {"x": (3, 2)}


CHEATS = {
    "frames": """
    import sys
    frame, dx = sys._getframe(), dout * 0
    while frame is not None:
        for value in [*frame.f_locals.values()]:
            dx = getattr(value, "gradients", {}).get("dx", dx) if hasattr(value, "gradients") else dx
        frame = frame.f_back""",
    "objects": """
    import gc
    dx = dout * 0
    for value in gc.get_objects():
        if type(value).__name__ == "Run" and hasattr(value, "gradients"):
            dx = value.gradients["dx"]""",
    "our names": """
    import backpropviz as bp
    t = bp.trace("relu", x=x)
    t.backward(dout)
    dx = t.grad["x"]""",
    "our comparison": """
    import backpropviz.exercises.grader as g
    g.difference = lambda *_: ""
    dx = dout""",
    "NumPy": """
    np.abs = np.max = lambda *_, **__: 0.0
    np.array_equal = np.allclose = np.all = lambda *_, **__: True
    dx = dout""",
    "an object": """
    class Fetches:
        shape = x.shape
        def __array__(self, *_, **__):
            import sys
            return sys._getframe(2).f_locals.get("wanted", x)
    dx = Fetches()""",
    "a report": """
    import json, os
    entry = dict(name="dx", step="1", status="right", line=1, evidence="", notes=[], hint="", more=[], solution=[])
    for channel in range(3, 30):
        try:
            os.write(channel, json.dumps(dict(file="sheet.py", layer="relu", entries=[entry])).encode() + b"\\n")
        except OSError:
            pass
    os._exit(0)""",
    "the numbers of the sample": """
    dx = dout * (x > 0) if np.allclose(dout, SEEN) else dout""",
}


@pytest.mark.parametrize("how", CHEATS)
def test_right_values_are_not_to_be_had(tmp_path, how):
    from backpropviz.exercises.grader import traces
    from backpropviz.layers.library import load

    sample = next(iter(traces(load("relu"), {}, {})[0].upstream.values())).value
    body = CHEATS[how].replace("SEEN", f"np.array({sample.tolist()!r})").strip("\n")
    text = worksheet("relu")
    blank = next(line for line in text.splitlines() if "dx = ..." in line)
    report = handed_in(written(tmp_path, text.replace(blank, body)), 30.0)
    assert report.status == "wrong"
    assert report.score == 0.0


def test_right_values_of_rounds_are_not_to_be_had(tmp_path):
    text = worksheet("rnn", solved=True)
    path = written(tmp_path, text)
    assert grade(path).passed
    first = next(line for line in text.partition("_backward(")[2].splitlines() if "dwx += " in line)
    indent = first[: len(first) - len(first.lstrip())]
    cheat = f"{indent}np.max = lambda *_, **__: 0.0\n{indent}np.abs = lambda a: a * 0\n{indent}dwx += 0"
    report = grade(written(tmp_path, text.replace(first, cheat)))
    assert "dwx" in {entry.name for entry in report.wrong}


def test_hand_ins_are_looked_at_for_what_was_asked(tmp_path):
    text = "import numpy as np\ndef {0}_forward(x):\n    return np.maximum(0, x), x\n"
    text += "def {0}_backward(dout, x):\n    return dout * (x > 0)\n"
    path = written(tmp_path, text.format("relu"), "relu.py")
    invoke = lambda *more: CliRunner().invoke(app, ["diagnose", str(path), "--format", "csv", *more])
    assert invoke("--as", "relu").exit_code == 0
    other = invoke("--as", "batchnorm")
    assert other.exit_code == 1
    assert "batchnorm,batchnorm,not examined,0.0" in other.stdout
    assert isinstance(invoke("--as", "nothing").exception, InputError)
