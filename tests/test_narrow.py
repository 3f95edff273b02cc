"""Every command in a narrow window: what can be wrapped is wrapped, and nothing of it is lost."""

import ast
import re
import shlex

import pytest
from rich.cells import cell_len

from backpropviz import cli
from tests.options import CALLS, FILES

_CALLS = [
    *(base for base, _ in CALLS.values() if "--json" not in base),
    *(f"help {name}" for name in CALLS),
    *(f"{name} --help" for name in CALLS),
    "--help",
    "list --ops",
    "show batchnorm --passes",
    "show batchnorm --step 7",
    "show batchnorm --entry dx[0,1]",
    "show affine --step 2 --jacobian",
    "show conv_naive --explain",
    "show lstm --values full",
    "show lstm_step",
    "derive softmax_loss --plain",
    "derive batchnorm --closed-form --explain",
    "derive sigmoid --closed-form --explain",
    "diagnose hand_in.py --explain",
    "diagnose hand_in.py --as batchnorm",
    "diagnose hand_in.py right.py",
    "diagnose hand_in.py --hint 3",
    "exercise relu -o sheet.py",
    "quiz batchnorm --print",
    # mistakes
    "show batchnrom",
    "show nowhere.py",
    "show mine.py:nothing",
    "show relu --input x=nowhere.npy",
    "show relu --shape x=2,",
    "show relu --explain --table",
    "gradcheck relu --dtype float32",
    "exercise relu -o right.py",
    "derive relu --explain",
    "help nothing",
]


def is_code(line):
    """Whether a line, or what stands behind the word in front of it, is Python, or points at some."""
    text = re.sub(r"^(expected|or else line \d+|[\w./-]+\.py:\d+)\s+", "", line.strip())
    if not text.strip("^ ") or text.startswith(("#", "%")):
        return True
    try:
        tree = ast.parse(text if not text.endswith(":") else f"{text} pass")
    except SyntaxError:
        return False
    return not isinstance(tree.body[0], ast.Expr)


@pytest.fixture
def printed(tmp_path, monkeypatch, capfd):
    def call(words, columns):
        for name, content in FILES.items():
            (tmp_path / name).write_bytes(content)
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("COLUMNS", str(columns))
        cli.application.cache_clear()  # help is as wide as the window was when the command line was built
        monkeypatch.setattr("sys.argv", ["backpropviz", *shlex.split(words)])
        capfd.readouterr()
        with pytest.raises(SystemExit):
            cli.main()
        said = capfd.readouterr()
        return said.out + said.err

    return call


@pytest.mark.costly
@pytest.mark.parametrize("words", dict.fromkeys(_CALLS))
def test_what_can_be_wrapped_is(words, printed):
    for columns in (40, 60):
        text = printed(words, columns)
        assert text
        wide = [line for line in text.splitlines() if cell_len(line) > columns]
        assert [line for line in wide if " " in line.strip() and not is_code(line)] == []
        if "help" not in words:  # which Typer lays out
            assert [line for line in text.splitlines() if line.endswith(" ")] == []


@pytest.mark.parametrize("words", ["help exercise", "show batchnrom", "diagnose hand_in.py --as batchnorm"])
def test_no_word_is_lost_or_torn(words, printed):
    assert printed(words, 40).split() == printed(words, 200).split()
