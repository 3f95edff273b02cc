"""Files are written whole or not at all."""

import os
import stat
from pathlib import Path

import pytest

from backpropviz.errors import DrawingError
from backpropviz.files import write


def test_a_file_is_written_and_replaced(tmp_path):
    path = tmp_path / "layer.svg"
    write(path, b"first")
    write(path, b"second")
    assert path.read_bytes() == b"second"
    assert [entry.name for entry in tmp_path.iterdir()] == ["layer.svg"]


def test_the_usual_permissions(tmp_path):
    before = os.umask(0o027)
    try:
        write(tmp_path / "layer.svg", b"")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "layer.svg").stat().st_mode) == 0o640


def test_a_folder_or_a_missing_one_is_refused(tmp_path):
    with pytest.raises(DrawingError, match=r"is a folder\n  Name a file in it"):
        write(tmp_path, b"")
    with pytest.raises(DrawingError, match=r"cannot be written: No such file or directory\n  Choose a folder"):
        write(tmp_path / "nowhere" / "layer.svg", b"")
    (tmp_path / "file").write_text("")
    with pytest.raises(DrawingError, match="cannot be written: Not a directory"):
        write(tmp_path / "file" / "layer.svg", b"")


def test_nothing_is_left_half_written(tmp_path, monkeypatch):
    path = tmp_path / "layer.svg"
    write(path, b"before")

    def full(source, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(DrawingError, match="No space left on device"):
        write(path, b"after")
    assert path.read_bytes() == b"before"
    assert [entry.name for entry in tmp_path.iterdir()] == ["layer.svg"]


def test_a_link_stays_a_link_and_a_file_keeps_its_mode(tmp_path):
    real, link = tmp_path / "real.txt", tmp_path / "link.txt"
    real.write_text("old")
    real.chmod(0o640)
    link.symlink_to(real)
    write(link, b"new")
    assert link.is_symlink()
    assert real.read_text() == "new"
    assert stat.S_IMODE(real.stat().st_mode) == 0o640


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with a name")
def test_a_pipe_is_written_into(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write(pipe, b"through")
        assert os.read(reader, 100) == b"through"
    finally:
        os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    write(Path(os.devnull), b"nowhere")
    assert not Path(os.devnull).is_file()


@pytest.mark.parametrize("where", ["os.chmod", "os.replace", "os.fdopen"])
def test_ctrl_c_while_a_file_is_written_leaves_the_old_one_and_nothing_else(where, tmp_path, monkeypatch):
    path = tmp_path / "steps.svg"
    write(path, b"old")

    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(where, stop)
    with pytest.raises(KeyboardInterrupt):
        write(path, b"new")
    assert {each.name: each.read_bytes() for each in tmp_path.iterdir()} == {"steps.svg": b"old"}
