"""The container for strangers' hand-ins: its recipe is what the texts say, and runs where there is a runtime."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from backpropviz import cli

ROOT = Path(__file__).parent.parent
TEXTS = [ROOT / "README.md", ROOT / "backpropviz" / "manual" / "teachers.md"]
CONTAINERFILE = ROOT / "examples" / "Containerfile"
VALUED = {"--network", "--tmpfs", "--user", "-v"}


def recipe(text):
    (line,) = re.findall(r"^docker run .*$", text.read_text(encoding="utf-8"), re.M)
    return shlex.split(line)


def read(words):
    """The options of `docker run`, the image, and the command in it."""
    options, at = {}, 2
    while words[at].startswith("-"):
        options[words[at]] = words[at + 1] if words[at] in VALUED else ""
        at += 2 if words[at] in VALUED else 1
    return options, words[at], words[at + 1 :]


@pytest.mark.parametrize("text", TEXTS, ids=lambda path: path.name)
def test_the_recipe_closes_what_it_can(text):
    options, image, command = read(recipe(text))
    assert {*options} == {"--rm", "--network", "--read-only", "--tmpfs", "--user", "-v"}
    assert options["--network"] == "none"
    assert options["--tmpfs"] == "/tmp"
    assert int(options["--user"]) > 0
    _, inside, mode = options["-v"].split(":")
    assert mode == "ro"
    assert image == "IMAGE"
    assert command[0] == "backpropviz"
    assert command[1] in get_command(cli.app).commands
    assert command[2:] == [inside]


def test_the_image_holds_what_is_installed_and_runs_as_nobody():
    lines = [line.split() for line in CONTAINERFILE.read_text(encoding="utf-8").split("\n") if line and line[0] != "#"]
    assert {words[0] for words in lines} == {"FROM", "COPY", "RUN", "USER", "WORKDIR"}
    copied = [name for words in lines if words[0] == "COPY" for name in words[1:-1]]
    assert all((ROOT / name).exists() for name in copied)
    assert {"pyproject.toml", "README.md", "LICENSE", "backpropviz", "graphs"} == {*copied}
    (user,) = (words[1] for words in lines if words[0] == "USER")
    assert user == read(recipe(TEXTS[0]))[0]["--user"]
    assert [words[0] for words in lines].index("USER") > [words[0] for words in lines].index("RUN")


@pytest.fixture
def handins(tmp_path):
    folder = tmp_path / "handins"
    folder.mkdir()
    shutil.copy(ROOT / "examples" / "handin.py", folder)
    writes = f"open({str(folder / 'written')!r}, 'w')\n\ndef f_backward(dout, cache):\n    return dout\n"
    (folder / "writes.py").write_text(writes, encoding="utf-8")
    folder.chmod(0o555)
    yield folder
    folder.chmod(0o755)


def test_the_command_of_the_recipe_needs_no_home_and_writes_nothing_beside_the_hand_ins(handins):
    command = read(recipe(TEXTS[0]))[2]
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH")}
    ran = subprocess.run(
        [sys.executable, "-m", *command[:-1], str(handins)],
        capture_output=True,
        text=True,
        cwd=handins.parent,
        env={**kept, "HOME": "/nowhere", "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert ran.returncode == 1, ran
    assert "handin.py: 0 of 1 function right; line 27" in ran.stdout
    assert sorted(path.name for path in handins.iterdir()) == ["handin.py", "writes.py"]


def test_the_recipe_runs_in_a_container(handins):
    runtime = next((name for name in ("docker", "podman") if shutil.which(name)), None)
    if runtime is None:
        pytest.skip("no container runtime is installed")
    if subprocess.run([runtime, "info"], capture_output=True).returncode:
        pytest.skip(f"{runtime} is installed, and its service does not run")
    base = re.search(r"^FROM (\S+)", CONTAINERFILE.read_text(encoding="utf-8"), re.M)[1]
    if subprocess.run([runtime, "pull", base], capture_output=True).returncode:
        pytest.skip(f"{base} cannot be had here")
    tag = "backpropviz-recipe"
    built = subprocess.run([runtime, "build", "-f", CONTAINERFILE, "-t", tag, ROOT], capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    words = [word.replace("$PWD/handins", str(handins)) for word in recipe(TEXTS[0])]
    words = [runtime, *(tag if word == "IMAGE" else word for word in words[1:])]
    ran = subprocess.run(words, capture_output=True, text=True)
    assert ran.returncode == 1, ran
    assert "handin.py: 0 of 1 function right; line 27" in ran.stdout
