"""Every mistake in a call gets one message on standard error, exit code 2, and leaves nothing behind."""

import os
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
        elif isinstance(content, str):
            (made / name).symlink_to(content)
        else:
            (made / name).write_bytes(content)
    return made


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is closed to who runs this")
@pytest.mark.parametrize("call", ["show {}", "diagnose {}", "show relu --input x={}", "report {}"])
def test_a_file_that_may_not_be_read(call, tmp_path, monkeypatch, capfd):
    closed = tmp_path / ("x.npy" if "--input" in call else "closed.py")
    closed.write_bytes(b"")
    closed.chmod(0)
    monkeypatch.setattr(sys, "argv", ["backpropviz", *call.format(closed).split()])
    with pytest.raises(SystemExit) as end:
        cli.main()
    said = capfd.readouterr().err
    assert end.value.code == 2
    assert closed.name in said
    assert "ermission" in said


def test_there_are_many():
    assert len({tuple(arguments) for arguments, _ in CALLS}) == len(CALLS) >= 790


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
