"""Every mistake in a call gets one message on standard error, exit code 2, and leaves nothing behind."""

import sys

import pytest

from backpropviz import cli
from tests.bad_calls import FILES, calls

CALLS = list(calls())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("bad_calls")
    for name, content in FILES.items():
        if content is None:
            (made / name).mkdir()
        else:
            (made / name).write_bytes(content)
    return made


def test_there_are_many():
    assert len({tuple(arguments) for arguments, _ in CALLS}) == len(CALLS) >= 560


@pytest.mark.costly
@pytest.mark.parametrize(("arguments", "said"), CALLS, ids=[" ".join(arguments) for arguments, _ in CALLS])
def test_a_bad_call_gets_one_message(arguments, said, folder, monkeypatch, capfd):
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", ["backpropviz", *arguments])
    with pytest.raises(SystemExit) as end:
        cli.main()
    printed = capfd.readouterr()
    assert end.value.code == 2, printed
    assert printed.out == ""
    assert said in printed.err
    assert "Traceback" not in printed.err
    assert printed.err.startswith("backpropviz: ")
    assert len(printed.err.splitlines()) <= 4
    assert sorted(path.name for path in folder.iterdir() if path.name != "__pycache__") == sorted(FILES)
