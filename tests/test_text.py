"""What comes from a file never gives orders to what shows it."""

import json
import sys

import pytest

from backpropviz import cli
from backpropviz.text import clean, clean_line, cleaned, summary_of

EVIL = "\x1b[2J\x1b[31m"
FILE = f'''import numpy as np

def f(x):
    """Doubles {EVIL} it."""
    # clears {EVIL} the screen
    y = x * len("{EVIL}a")
    return y

def relu_forward(x):
    return np.maximum(0, x), x

def relu_backward(dout, cache):
    s = "{EVIL} right"  # \u202e thgir
    return 2 * dout * (cache > 0) + len("{EVIL}") * 0

def swish_forward(x):
    raise ValueError("{EVIL}")

def swish_backward(dout, cache):
    return dout
'''
COMMANDS = [
    "show FILE:f", "show FILE:f --passes --explain", "show FILE:f --step 1", "show FILE:f --json",
    "show FILE:f --entry y", "derive FILE:f", "derive FILE:f --latex", "gradcheck FILE:f", "quiz FILE:f --print",
    "show FILE:swish_forward", "diagnose FILE", "diagnose FILE --hint 2", "diagnose FILE --format junit",
    "diagnose FILE --format github", "diagnose FILE --json",
]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_prints_what_a_terminal_would_obey(command, tmp_path, monkeypatch, capsys):
    path = tmp_path / "evil.py"
    path.write_text(FILE)
    words = [word.replace("FILE", str(path)) for word in command.split()]
    monkeypatch.setattr(sys, "argv", ["backpropviz", *words])
    monkeypatch.setenv("NO_COLOR", "1")
    with pytest.raises(SystemExit):
        cli.main()
    out = "".join(capsys.readouterr())
    assert out
    assert "\x1b" not in out
    assert "\u202e" not in out


def test_records_are_clean_all_through():
    record = {"a\x1b": ["\ud800", 1, None, {"b": "\x07"}], "c": "ok\n"}
    assert cleaned(record) == {"a\ufffd": ["\ufffd", 1, None, {"b": "\ufffd"}], "c": "ok\n"}
    json.dumps(cleaned(record), ensure_ascii=False).encode()


def test_letters_of_all_languages_stay():
    text = "Gradient \u2202L/\u2202x, \u68af\u5ea6, \U0001f600, e\u0301"
    assert clean(text) == text
    assert clean_line("a\nb") == "a\ufffdb"


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (
            "def f(x):\n    return g(x)\ndef g(x):\n    return x\ndef f_backward(dout):\n    pass\n",
            "What the file holds.",
        ),
        ("def f(x):\n    return x\ndef other(x):\n    return x\n", ""),
        ("def f(x):\n    'Its own.'\ndef other(x):\n    return x\n", "Its own."),
    ],
)
def test_the_words_of_a_file_are_said_of_a_function_that_it_is_about(source, told):
    made = {}
    exec(compile(f'"""What the file holds."""\n{source}', "of_mine.py", "exec"), made)
    assert summary_of(made["f"]) == told
