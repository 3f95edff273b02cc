"""Every command prints a record with --json: one object with a format and a version, as its schema says."""

import json
from pathlib import Path

import jsonschema
import pytest
from typer.main import get_command

from backpropviz import cli

SCHEMAS = {
    path.stem: json.loads(path.read_text(encoding="utf-8")) for path in (Path(__file__).parent / "schemas").iterdir()
}
HAND_IN = """
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
MINE = """
import numpy as np

def swish(x, *, beta=1.5):
    s = 1 / (1 + np.exp(-beta * x))
    return x * s
"""
LOGARITHM = """
import numpy as np

def root_where(x):
    s = np.sqrt(x)
    return np.where(x > 0, s, 0)

def sample(rng):
    return {"x": np.array([4.0, -1.0, 0.0])}
"""
CALLS = {
    "list": [("list", "list"), ("list", "list --ops"), ("list", "list --closed-forms sigmoid relu")],
    "show": [
        ("trace", "show batchnorm"), ("trace", "show lstm"), ("trace", "show attention"),
        ("trace", "show embedding"), ("trace", "show root.py"), ("trace", "show softmax_loss"),
        ("entry", "show batchnorm --entry xhat[0,1]"), ("entry", "show maxpool --entry dx[0,0,1,1] --digits 5"),
        ("jacobian", "show affine --step 1 --jacobian"),
    ],
    "gradcheck": [
        ("gradcheck", "gradcheck relu"), ("gradcheck", "gradcheck lstm --fast"), ("gradcheck", "gradcheck root.py"),
    ],
    "export": [("export", "export relu -o relu.svg"), ("export", "export relu --frames frames -o relu.dot")],
    "derive": [
        ("derive", f"derive relu {form}")
        for form in ("", "--latex", "--plain", "--style cache", "--closed-form", "-o r.py")
    ],
    "play": [("play", "play relu --no-open")],
    "step": [("step", "step batchnorm")],
    "site": [("site", "site pages --only mine.py:swish")],
    "compare": [("compare", "compare batchnorm --seconds 0")],
    "elements": [("elements", "elements conv"), ("elements", "elements affine --shape x=2,2 --shape w=2,2")],
    "shapes": [("shapes", "shapes convnet"), ("shapes", "shapes relu")],
    "diagnose": [
        ("diagnose", "diagnose hand_in.py"), ("diagnose", "diagnose mine.py hand_in.py"),
        ("diagnose", "diagnose hand_in.py --explain"),
        ("sandbox", "diagnose --sandbox"),
    ],
    "report": [("report", "report class.jsonl"), ("report", "report class.jsonl --names")],
    "exercise": [("exercise", "exercise relu -o relu.py"), ("exercise", "exercise relu -o relu.xlsx")],
    "quiz": [("quiz", "quiz batchnorm"), ("quiz", "quiz softmax_loss")],
    "help": [("help", "help"), ("help", "help show")],
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("json")
    for name, text in {"hand_in.py": HAND_IN, "mine.py": MINE, "root.py": LOGARITHM}.items():
        (made / name).write_text(text, encoding="utf-8")
    return made


@pytest.fixture
def run(folder, monkeypatch, capfd):
    monkeypatch.chdir(folder)

    def call(*arguments):
        monkeypatch.setattr("sys.argv", ["backpropviz", *arguments])
        capfd.readouterr()
        with pytest.raises(SystemExit) as end:
            cli.main()
        return end.value.code or 0, capfd.readouterr()

    return call


def strict(name):
    raise ValueError(f"{name} is no JSON")


def test_every_command_is_here():
    assert set(CALLS) == set(get_command(cli.app).commands)


def test_every_schema_is_one_and_is_used():
    assert set(SCHEMAS) == {name for calls in CALLS.values() for name, _ in calls}
    for name, schema in SCHEMAS.items():
        jsonschema.Draft202012Validator.check_schema(schema)
        assert schema["properties"]["format"] == {"const": f"backpropviz/{name}"}
        assert {"format", "version"} <= set(schema["required"])


@pytest.mark.parametrize(("name", "call"), [case for calls in CALLS.values() for case in calls], ids=lambda case: case)
def test_what_is_printed_is_as_the_schema_says(name, call, run):
    if "report" in call:
        run("diagnose", "hand_in.py", "--format", "jsonl", "-o", "class.jsonl")
    code, printed = run(
        *call.split(), *(["--force"] if " -o r.py" in call or call.startswith(("exercise", "site")) else []), "--json"
    )
    assert code in (0, 1), printed.err
    record = json.loads(printed.out, parse_constant=strict)
    jsonschema.validate(record, SCHEMAS[name])
    for path in record.get("written", []):
        assert Path(path).is_file()


def test_a_schema_refuses_what_is_left_out_or_added(run):
    record = json.loads(run("gradcheck", "relu", "--json")[1].out)
    for change in ({"format": "backpropviz/trace"}, {"more": 1}, {"checks": [{"name": "x"}]}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(record | change, SCHEMAS["gradcheck"])
