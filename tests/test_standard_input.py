"""Standard input in the place of any file; and nothing is read that is larger than the limit."""

import contextvars
import io
import json
from types import SimpleNamespace

import numpy as np
import pytest

from backpropviz import cli
from backpropviz.errors import InputError
from backpropviz.files import MOST, AtMost, fits, limit
from backpropviz.layers.arrays import load_array
from tests.options import FILES, HAND_IN

X = np.arange(6.0).reshape(2, 3) - 2.4


@pytest.fixture
def run(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)

    def call(words, given=b""):
        monkeypatch.setattr("sys.argv", ["backpropviz", *words.split()])
        monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(given), isatty=lambda: False))
        capfd.readouterr()
        with pytest.raises(SystemExit) as end:
            cli.main()
        return SimpleNamespace(code=end.value.code or 0, **capfd.readouterr()._asdict())

    return call


def as_npz(**arrays):
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


@pytest.mark.parametrize(
    ("spec", "given"),
    [
        ("-", FILES["x.npy"]),
        ("-", as_npz(x=X)),
        ("-:b", as_npz(a=X + 1, b=X)),
        ("-", b"\n".join(",".join(map(repr, row)).encode() for row in X.tolist())),
    ],
    ids=["npy", "npz", "member", "csv"],
)
def test_an_array(run, spec, given):
    assert run(f"show relu --json --input x={spec}", given).out == run("show relu --json --input x=x.npy").out


def test_an_upstream_gradient(run):
    assert run("show relu --json --dout -", FILES["dr.npy"]).out == run("show relu --json --dout dr.npy").out


def test_reports_and_assignments(run, tmp_path):
    lines = run("diagnose hand_in.py --format jsonl").out.encode()
    assert json.loads(run("report - --json", lines).out)["hand_ins"] == 1
    by_file = run("diagnose hand_in.py --assignment hw.toml")
    assert "affine_backward" in by_file.out
    assert run("diagnose hand_in.py --assignment -", FILES["hw.toml"]).out == by_file.out


@pytest.mark.parametrize("words", ["diagnose right.py --format jsonl", "report class.jsonl"])
def test_it_has_a_twin_that_is_written_to(run, words, tmp_path):
    run("diagnose right.py --format jsonl -o class.jsonl")
    printed = run(words).out
    before = sorted(path.name for path in tmp_path.iterdir())
    assert run(f"{words} -o -").out == printed
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_code_for_a_list_of_closed_forms(run):
    assert run("list --closed-forms --json -", b"def double(x):\n    return 2 * x\n").code == 0


def test_code_for_a_site_and_a_worksheet(run, tmp_path):
    assert run("site pages --only -- -:rows", FILES["mine.py"]).code == 0
    assert (tmp_path / "pages" / "index.html").is_file()
    assert run("exercise -o sheet.py -- -:rows", FILES["mine.py"]).code == 0


def test_it_is_read_once(run):
    result = run("show - --input x=-", b"def f(x):\n    return x * 2\n")
    assert (result.code, result.err.splitlines()[0]) == (2, "backpropviz: standard input holds nothing")
    assert run("diagnose -", HAND_IN).code == 1


@pytest.mark.parametrize(
    ("words", "given"),
    [
        ("diagnose -", HAND_IN),
        ("diagnose - --json", HAND_IN),
        ("diagnose - --format sarif", HAND_IN),
        ("diagnose -", b"x = 3\n"),
        ("show -", b"x = 3\n"),
        ("show relu --input x=-", b"a,b\n"),
        ("show relu --input x=-", FILES["x.npy"][:90]),
    ],
)
def test_it_is_called_standard_input_and_not_by_the_file_it_is_kept_in(run, words, given):
    result = run(words, given)
    assert "backpropviz-" not in result.out + result.err  # as the folder is called
    assert "stdin.py" in result.err or "standard input" in result.out.replace("%20", " ") + result.err


def test_it_has_the_limit_of_files(run):
    result = run("show - --max-bytes 10", b"def f(x):\n    return x * 2\n")
    assert result.code == 2
    assert "standard input takes 11 bytes or more, and the limit is 10" in result.err


def test_a_limit_holds_within(tmp_path):
    path = tmp_path / "x.npy"
    np.save(path, X)
    with AtMost(200):
        assert limit() == 200
        assert np.array_equal(load_array(str(path), "x"), X)  # 176 bytes, of which 48 are numbers
        with AtMost(100), pytest.raises(InputError, match="176 bytes or more, and the limit is 100"):
            load_array(str(path), "x")
        assert limit() == 200
    assert limit() == MOST
    fits(tmp_path / "nowhere")  # what is not there is told by who reads it


def test_an_archive_is_measured_as_it_unpacks(tmp_path):
    path = tmp_path / "zeros.npz"
    np.savez_compressed(path, x=np.zeros(10_000))
    assert path.stat().st_size < 1000
    with AtMost(80_000), pytest.raises(InputError, match=r"zeros.npz:x takes 80,128 bytes or more"):
        load_array(str(path), "x")
    with AtMost(80_128):
        assert load_array(str(path), "x").shape == (10_000,)


def test_a_limit_that_is_never_left_does_no_harm_in_another_context():
    """As that of a call with a wrong option, which is tidied up at any time."""
    kept = [AtMost(MOST)]
    kept[0].__enter__()
    contextvars.Context().run(kept.clear)
