"""The command line as a user meets it: what is printed where, exit codes, and a clear message for every mistake."""

import importlib
import io
import json
import os
import re
import subprocess
import sys
import textwrap
from importlib.machinery import PathFinder
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from typer import Context
from typer.main import get_command
from typer.testing import CliRunner

from backpropviz import cli
from backpropviz.cli.parsing import described
from backpropviz.layers.library import layer_names

ROOT = Path(__file__).parent.parent
X = np.random.default_rng(0).normal(size=(5, 3))
MINE = """
import numpy as np

def swish_norm(x):
    # centred
    xmu = x - np.mean(x, axis=0)
    s = 1 / (1 + np.exp(-xmu))
    out = xmu * s
    return out
"""


@pytest.fixture
def run(capfd, tmp_path, monkeypatch):
    """`run("show", "relu")` as in a folder of the user's: `.code`, `.out`, `.err`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("NO_COLOR", "1")

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["backpropviz", *arguments])
        capfd.readouterr()
        try:
            cli.main()
            code = 0
        except SystemExit as end:
            code = end.code or 0
        printed = capfd.readouterr()
        return SimpleNamespace(code=code, out=printed.out, err=printed.err)

    return call


@pytest.fixture
def no_graphviz(monkeypatch, tmp_path):
    """As where pygraphviz has no wheel: it is not found, and nor is a `dot` program."""
    find = PathFinder.find_spec

    def spec(name, path=None, target=None):
        return None if name.partition(".")[0] == "pygraphviz" else find(name, path, target)

    monkeypatch.setattr(PathFinder, "find_spec", spec)
    for module in [name for name in sys.modules if name.partition(".")[0] == "pygraphviz"]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))


@pytest.fixture
def refused(run):
    """The message of a command that is refused: on stderr, no traceback, nothing on stdout, exit code 2."""

    def call(*arguments):
        result = run(*arguments)
        assert result.code == 2
        assert result.out == ""
        assert "Traceback" not in result.err
        return re.sub(r"\n {4,}", " ", result.err)  # the path of a temporary folder may break a line

    return call


@pytest.fixture
def file(tmp_path):
    def write(name, text):
        (tmp_path / name).write_text(textwrap.dedent(text), encoding="utf-8")
        return name

    return write


def process(*arguments, cwd=ROOT, **environment):
    return subprocess.run(
        [sys.executable, "-m", "backpropviz", *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
    )


# ---- commands that work ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        ["list"],
        ["list", "--ops"],
        ["show", "batchnorm"],
        ["show", "batchnorm", "--ops"],
        ["show", "batchnorm", "--step", "7"],
        ["show", "batchnorm", "--explain"],
        ["show", "convnet", "--expand", "conv"],
        ["show", "conv", "--shape", "x=1,2,6,6", "--shape", "w=3,2,2,2", "--set", "stride=2"],
        ["show", "affine", "--seed", "3", "--dtype", "float32"],
        ["gradcheck", "conv", "--fast"],
        ["gradcheck", "batchnorm", "--inputs-only"],
        ["derive", "batchnorm"],
        ["compare", "batchnorm", "--seconds", "0", "--shape", "x=4,3"],
        ["elements", "conv"],
        ["shapes", "convnet"],
        ["shapes", "input 8x8x3, conv 4 3x3, pool, fc 10"],
    ],
    ids=" ".join,
)
def test_commands_print_to_stdout_alone(run, arguments):
    result = run(*arguments)
    assert result.code == 0
    assert result.err == ""
    assert result.out.strip()
    assert "\x1b" not in result.out
    assert max(map(len, result.out.splitlines())) <= 140 if "derive" in arguments else 100


def test_list_names_every_layer(run):
    assert all(name in run("list").out for name in layer_names())
    assert [entry["name"] for entry in json.loads(run("list", "--json").out)["layers"]] == layer_names()


def test_show_prints_every_step_with_its_gradient(run):
    out = run("show", "batchnorm").out
    for name in ("mu", "xmu", "sq", "var", "sqrtvar", "ivar", "xhat", "gammax", "out", "dxhat", "dvar", "dgamma"):
        assert re.search(rf"\b{name}\b", out), name


def test_json_is_exact(run, file):
    np.save(file("x.npy", ""), X)
    record = json.loads(run("show", "relu", "--input", "x=x.npy", "--json").out)
    text = json.dumps(record)
    assert all(repr(float(entry)) in text for entry in X.flat)
    report = json.loads(run("gradcheck", "relu", "--json").out)
    assert (report["format"], report["passed"]) == ("backpropviz/gradcheck", True)
    assert json.loads(run("shapes", "input 8x8x3, fc 10", "--json").out)["rows"][1]["parameters"] == 1930
    assert json.loads(run("compare", "batchnorm", "--seconds", "0", "--json").out)["contenders"]


def test_what_is_not_finite_is_valid_json(run):
    def strict(name):
        raise ValueError(name)

    text = run("show", "batchnorm", "--set", "eps=-50", "--json").out
    assert "NaN" in text
    json.loads(text, parse_constant=strict)


def test_the_same_again(run):
    assert run("show", "conv").out == run("show", "conv").out
    assert run("show", "conv", "--seed", "1").out != run("show", "conv").out


def test_a_function_of_ones_own(run, file):
    file("mine.py", MINE)
    for spec in ("mine.py", "mine.py:swish_norm", "./mine.py"):
        result = run("show", spec, "--shape", "x=4,2")
        assert (result.code, result.err) == (0, "")
        assert "centred" in run("show", spec, "--shape", "x=4,2", "--passes").out
    assert run("gradcheck", "mine.py").code == 0
    assert "def swish_norm_backward(dout, x):" in run("derive", "mine.py").out


def test_arrays_from_files(run, file):
    np.save("x.npy", X)
    np.savez("data.npz", x=X, dout=X[::-1])
    file("x.csv", "a,b,c\n" + "\n".join(",".join(map(repr, map(float, row))) for row in X))
    from_npy = run("show", "relu", "--input", "x=x.npy", "--json").out
    for spec in ("x=data.npz", "x=data.npz:x", "x=x.csv"):
        assert run("show", "relu", "--input", spec, "--json").out == from_npy
    given = json.loads(run("show", "relu", "-i", "x=x.npy", "--dout", "data.npz", "--json").out)
    assert given != json.loads(from_npy)


def test_what_a_file_prints_is_no_part_of_the_output(run, file):
    file("loud.py", "print('loading')\ndef f(x):\n    print('running')\n    y = x * 2\n    return y\n")
    for arguments in (["show", "loud.py", "--json"], ["gradcheck", "loud.py", "--json"]):
        result = run(*arguments)
        json.loads(result.out)
        assert "loading" in result.err
        assert "running" in result.err
    assert run("derive", "loud.py").out.startswith("import numpy as np")


def test_a_long_function_is_told_before_it_is_run(run, file, monkeypatch):
    mine = file("mine.py", MINE)
    assert run("derive", mine).err == ""
    monkeypatch.setattr("backpropviz.cli.options.LONG", 4)
    result = run("derive", mine)
    assert "is 6 lines long, and more than 4 take a while" in result.err
    assert result.code == 0
    assert "def swish_norm_backward" in result.out


def test_derive_to_a_file(run, tmp_path):
    result = run("derive", "batchnorm", "-o", "bn.py")
    assert result.out == "wrote bn.py\n"
    mark, _, code = (tmp_path / "bn.py").read_text().partition("\n")
    assert mark.startswith("# Written by backpropviz")
    assert code == run("derive", "batchnorm").out


@pytest.mark.parametrize("suffix", ["svg", "dot", "png", "pdf"])
def test_export(run, tmp_path, suffix):
    result = run("export", "relu", "-o", f"relu.{suffix}")
    assert (result.code, result.out, result.err) == (0, f"wrote relu.{suffix}\n", "")
    start = {"svg": b"<", "dot": b"digraph", "png": b"\x89PNG", "pdf": b"%PDF"}[suffix]
    assert start in (tmp_path / f"relu.{suffix}").read_bytes()[:100]


# ---- exit codes ------------------------------------------------------------------------------------------------------


def test_a_wrong_gradient_is_exit_code_1(run, file):
    file(
        "wrong.py",
        """
        from backpropviz import primitive

        @primitive
        def cube(x):
            return x * x * x

        @cube.vjp
        def cube_vjp(g, out, x):
            return g * 3.003 * x * x

        def layer(x):
            out = cube(x)
            return out
        """,
    )
    result = run("gradcheck", "wrong.py:layer")
    assert result.code == 1
    assert result.err == ""
    assert run("gradcheck", "wrong.py:layer", "--tolerance", "0.01").code == 0


def test_help_is_exit_code_0_and_no_command_shows_it(run):
    assert run("--help").code == 0
    assert run("-h").out == run("--help").out
    assert "backpropviz show batchnorm" in run("--help").out
    nothing = run()
    assert "Usage" in nothing.out + nothing.err
    assert run("--version").out.startswith("backpropviz 0.")


# ---- bad input -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["show", "gradcheck", "derive", "compare", "elements", "shapes"])
def test_every_command_refuses_an_unknown_layer(refused, command):
    message = refused(command, "batchnrom")
    assert message.startswith("backpropviz: there is no layer 'batchnrom'\n  The nearest: batchnorm, ")
    assert "mine.py" in message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1\n", "mine.py defines no function\n  Put the forward pass in one"),
        ("def f(x):\n    return x +\n", "mine.py:2: syntax error: invalid syntax: return x +"),
        ("def f(x):\n    exec 'y = x'\n", "It looks like Python 2"),
        ("def f(x):\n    return x\ndef g(x):\n    return x\n", "say which:\n  mine.py:f\n  mine.py:g"),
        ("1 / 0\n", "mine.py:1: mine.py failed while it was loaded: ZeroDivisionError"),
        ("import sys\nsys.exit(0)\n", "SystemExit"),
        (
            "import numpy as np\nW = np.ones(3)\ndef f(x):\n    W[0] = x[0]\n    return x * W\n",
            "mine.py:4: `W[0] = x[0]` writes a traced value",
        ),
        ("import numpy as np\ndef f(x):\n    return np.unwrap(x)\n", "has no gradient here"),
        ("def f(x):\n    return int(x.sum()) * x\n", "int() turns a traced value into a plain one"),
        ("def f(x, w):\n    raise ValueError('no')\n", "no sample inputs could be made up for f"),
    ],
)
def test_files_that_cannot_be_shown(refused, file, text, message):
    assert message in refused("show", file("mine.py", text))


def test_a_file_that_exits_is_a_mistake(refused, file):
    assert "SystemExit: 0" in refused("show", file("ex.py", "import sys\ndef f(x):\n    return x * 2\nsys.exit(0)\n"))


@pytest.mark.parametrize("tolerance", ["-1", "nan", "0"])
def test_a_tolerance_is_a_number_above_0(refused, tolerance):
    assert "the tolerance is" in refused("gradcheck", "relu", "--tolerance", tolerance)


def test_a_gradient_that_cannot_be_checked_is_no_failure(run, file):
    text = "import numpy as np\ndef f(x):\n    y = np.log(x * 1e-200)\n    return y\ndef sample(rng):\n"
    path = file("tiny.py", text + "    return {'x': np.array([1e-100, 1.0])}\n")
    result = run("gradcheck", path, "--inputs-only")
    assert result.code == 0
    assert "as far as checked: 1 of " in " ".join(result.out.split())
    checks = json.loads(run("gradcheck", path, "--inputs-only", "--json").out)["checks"]
    assert checks[0]["unchecked"][0]["index"] == [0]


def test_files_that_are_not_there(refused):
    assert refused("show", "nowhere.py").startswith("backpropviz: there is no file nowhere.py\n  Check the path")
    assert "has no function 'g'" not in refused("show", "nowhere.py:g")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["relu", "--input", "x=nowhere.npy"], "there is no file nowhere.npy for input x"),
        (["relu", "--input", "x"], "--input 'x' is not name=value\n  For example: --input x=x.npy"),
        (["relu", "--input", "q=x.npy"], "relu has no input or setting 'q'\n  It takes x."),
        (["relu", "--input", "x=text.npy"], "text.npy holds text, not numbers, for input x"),
        (["relu", "--input", "x=nan.npy"], "x is nan at (1, 2)\n  Give finite numbers"),
        (["relu", "--input", "x=object.npy"], "object.npy holds Python objects, which could run code when loaded"),
        (["relu", "--input", "x=empty.npy"], "empty.npy holds no numbers for x: its shape is (0, 3)"),
        (["softmax_loss", "--input", "y=x.npy"], "Labels are whole numbers"),
        (["relu", "--shape", "x=0,3"], "--shape x=0,3 is no shape\n  Give whole numbers of 1 or more"),
        (["relu", "--shape", "x=a"], "--shape x=a is no shape"),
        (["relu", "--shape", "q=3"], "relu has no input or setting 'q'"),
        (
            ["batchnorm", "--shape", "gamma=5"],
            "gamma has shape (5,): its axis 0 is 5, but should be 3, like axis 1 of x",
        ),
        (["batchnorm", "--shape", "x=8"], "x has shape (8,), but batchnorm takes an x of 2 axes"),
        (["batchnorm", "--set", "epz=1"], "has no input or setting 'epz' (did you mean 'eps'?)"),
        (["batchnorm", "--set", "eps=abc"], "--set eps=abc: eps is a number (by default 1e-05)"),
        (["batchnorm", "--set", "eps"], "--set 'eps' is not name=value"),
        (["batchnorm", "--set", "mode=tset"], "mode is 'tset'"),
        (["conv", "--set", "stride=0"], "conv.py:10: the stride is 0\n  A window has to move"),
        (["conv", "--set", "stride=1.5"], "stride is a whole number (by default 1)"),
        (["conv", "--set", "pad=-1"], "the padding is -1"),
        (["conv", "--shape", "w=4,3,9,9"], "the filter is 9 wide, but the padded image only 5"),
        (["affine", "--shape", "w=7,5"], "w has shape (7, 5): its axis 0 is 7, but should be 6"),
        (["relu", "--dout", "x.npy"], "dout has shape (5, 3), but out has shape (4, 3)"),
        (["relu", "--dout", "nowhere.npy"], "there is no file nowhere.npy"),
        (["relu", "--dout", "nan.npy"], "dout is nan at (1, 2)"),
        (["relu", "--dtype", "float16"], "--dtype float16 is no precision of inputs\n  Use float32 or float64."),
        (["relu", "--step", "99"], "there is no step '99'"),
        (["convnet", "--expand", "nosuch"], "there is no group 'nosuch'"),
        (["relu", "--shape", "x=1000000,1000000,1000"], "there is not enough memory"),
        (["relu", "--seed", "abc"], "invalid value for '--seed'"),
        (["relu", "--seed", "-1"], "invalid value for '--seed'"),
        (["relu", "--nosuch"], "no such option"),
        ([], "missing argument"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_mistakes_get_a_message(refused, tmp_path, arguments, message):
    np.save(tmp_path / "x.npy", X)
    np.save(tmp_path / "text.npy", np.array(["a"]))
    np.save(tmp_path / "nan.npy", np.where(np.arange(12).reshape(4, 3) == 5, np.nan, 1.0))
    np.save(tmp_path / "object.npy", np.array([{}], dtype=object), allow_pickle=True)
    np.save(tmp_path / "empty.npy", np.zeros((0, 3)))
    assert message in refused("show", *arguments)


@pytest.mark.parametrize("command", ["export", "derive"])
def test_where_nothing_can_be_written(refused, tmp_path, command):
    name = "x.svg" if command == "export" else "x.py"
    (tmp_path / name).mkdir()
    assert f"{name} is a folder\n  Name a file in it" in refused(command, "relu", "-o", name)
    assert "cannot be written: No such file or directory" in refused(command, "relu", "-o", f"nowhere/{name}")
    assert [entry.name for entry in tmp_path.iterdir()] == [name]


def test_unknown_suffixes(refused, tmp_path):
    for name in ("x.bmp", "x", "x.svgz", ".svg.bak"):
        assert f"{name!r} does not say what to draw" in refused("export", "relu", "-o", name)
        assert "does not say what to draw" in refused("show", "relu", "--diagram", name)
    assert list(tmp_path.iterdir()) == []


def test_elements_and_shapes_refuse_what_they_cannot(refused):
    assert "affine has no loops" in refused("elements", "affine", "--round", "1")
    assert "unknown layer 'konv'" in refused("shapes", "input 8x8x3, konv 3")
    assert "relu has no other way to compute it" in refused("compare", "relu")
    assert "no such command 'shwo'" in refused("shwo", "relu")


# ---- the terminal ----------------------------------------------------------------------------------------------------


def test_help_of_every_command_has_an_example():
    for command in cli.app.registered_commands:
        name = command.name or command.callback.__name__
        result = CliRunner().invoke(cli.app, [name, "--help"])
        assert result.exit_code == 0
        assert re.search(rf"Examples?:\s+backpropviz\s+{name}\b", result.output), name


def test_a_shell_is_offered_the_layers_that_begin_as_what_is_typed():
    asked = {
        name: (parameter, Context(command))
        for name, command in get_command(cli.app).commands.items()
        for parameter in command.params
        if "LAYER" in str(parameter.metavar)
    }
    assert {"show", "derive", "list", "shapes", "diagnose", "exercise"} <= set(asked)
    for name, (parameter, context) in asked.items():
        offered = [item.value for item in parameter.shell_complete(context, "groupn")]
        assert offered == ["groupnorm"], name
        assert parameter.shell_complete(context, "./mine") == []  # a file: the shell knows better


def test_a_command_is_built_alone_and_in_full():
    alone = {name: get_command(cli.application(name)).commands for name in get_command(cli.app).commands}
    for name, command in get_command(cli.app).commands.items():
        if name != "help":
            assert list(alone[name]) == [name, "help"]
            assert described(alone[name][name]) == described(command)


def test_help_and_the_list_of_layers_import_nothing_heavy():
    code = """
        import io, sys
        from backpropviz import cli
        for command in [[], *([c.name or c.callback.__name__] for c in cli.app.registered_commands)]:
            try:
                cli.app([*command, "--help"])
            except SystemExit:
                pass
        heavy = {"numpy", "graphviz", "pygraphviz", "sympy", "matplotlib", "rich"} & set(sys.modules)
        sys.stdout = io.StringIO()
        cli.app(["list"], standalone_mode=False)
        heavy |= {"numpy", "backpropviz.engine"} & set(sys.modules)
        print(heavy or "light", file=sys.stderr)
    """
    result = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert result.stderr == "light\n"


def test_as_a_process():
    shown = process("show", "relu", COLUMNS="60", NO_COLOR="1")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert max(map(len, shown.stdout.splitlines())) <= 60
    assert "\x1b" not in shown.stdout
    wrong = process("show", "rleu")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert wrong.stderr.startswith("backpropviz: there is no layer 'rleu'\n  The nearest: relu")


@pytest.mark.costly
@pytest.mark.parametrize("command", ["show convnet --ops", "show convnet --json", "derive convnet", "list --ops"])
def test_a_reader_that_has_seen_enough(command):
    sender = subprocess.Popen(
        [sys.executable, "-m", "backpropviz", *command.split()],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    sender.stdout.read(1)
    sender.stdout.close()
    assert sender.stderr.read() == b""
    sender.stderr.close()
    assert sender.wait() in (0, 1)


def test_narrow_terminals(run, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    for arguments in (
        ["show", "batchnorm"],
        ["gradcheck", "conv"],
        ["list"],
        ["shapes", "convnet"],
        ["elements", "conv"],
    ):
        assert max(map(len, run(*arguments).out.splitlines())) <= 60


def test_a_table_is_written_to_standard_output_too(run):
    assert run("show", "relu", "-o", "-").out == run("show", "relu").out


def test_a_range_is_told_in_words(refused):
    assert "'--dpi': 5 is not in the range 24 to 1200" in refused("export", "relu", "-o", "a.png", "--dpi", "5")
    assert "'--seed': -1 is not in the range from 0 on" in refused("show", "relu", "--seed", "-1")


def test_colour_only_on_a_terminal(run, monkeypatch):
    monkeypatch.delenv("NO_COLOR")
    assert "\x1b" not in run("show", "relu").out


def test_a_progress_bar_only_where_someone_looks(run, monkeypatch):
    assert run("gradcheck", "convnet").err == ""
    stream = io.StringIO()
    stream.isatty = lambda: True
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    assert run("gradcheck", "conv", "--shape", "x=4,3,16,16").code == 0
    assert "moving entries" in stream.getvalue()


def test_work_is_not_written_over(tmp_path, refused, run):
    mine = tmp_path / "mine.py"
    mine.write_text("import numpy as np\n\n\ndef mine(x):\n    out = x * x\n    return out\n")
    before = mine.read_text()
    for command in ("exercise", "derive"):
        assert "is there already" in refused(command, str(mine), "-o", str(mine))
        assert mine.read_text() == before


@pytest.mark.parametrize(
    "command",
    ["derive gate", "derive gate --style cache", "derive gate --plain", "derive gate --latex", "exercise gate"],
)
def test_what_nobody_has_edited_is_written_over(command, tmp_path, refused, run):
    file = tmp_path / "written.py"
    words = [*command.split(), "-o", str(file)]
    assert run(*words).code == 0
    assert run(*command.replace("gate", "relu").split(), "-o", str(file)).code == 0
    written = file.read_text()
    file.write_text(written.replace("\n", "\r\n"), newline="")  # another system's ends of lines are no edit
    assert run(*words).code == 0
    for edited in (written + "# mine\n", written.replace("x", "z", 1), written.partition("\n")[2], ""):
        file.write_text(edited)
        assert "is there already" in refused(*words)
        assert file.read_text() == edited
    assert run(*words, "--force").code == 0
    assert "relu" not in file.read_text()


def test_a_quiz_is_printed_and_asks_nobody_without_a_terminal(refused, run, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert "standard input is no terminal" in refused("quiz", "gate")
    assert run("quiz", "gate", "--print").out.count("answer:") > 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("call", [["list"], ["derive", "relu", "-o", "/dev/full"]])
def test_a_full_disk_is_one_message(call):
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "backpropviz", *call]
        result = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    assert result.returncode == 2
    what = call[-1] if "-o" in call else "the output"
    assert result.stderr.startswith(
        f"backpropviz: {what} cannot be written: No space left on device\n  Is the disk full"
    )
    assert result.stderr.count("\n") == 2


def test_hardly_anything_is_imported_before_ctrl_c_has_a_message():
    code = "import sys, backpropviz.__main__; sys.exit('typing' in sys.modules)"
    assert not subprocess.run([sys.executable, "-S", "-c", code], env={"PYTHONPATH": str(ROOT)}).returncode


def test_ctrl_c_while_modules_are_read_is_one_line(monkeypatch, capsys):
    def stop():
        raise KeyboardInterrupt

    monkeypatch.setattr("gc.set_threshold", lambda *_: None)
    monkeypatch.setattr(cli, "main", stop)
    with pytest.raises(SystemExit) as end:
        importlib.import_module("backpropviz.__main__").main()
    assert (end.value.code, capsys.readouterr().err) == (130, "backpropviz: stopped\n")


def test_frames_of_an_earlier_run_are_taken_away_and_nothing_else(run, tmp_path):
    (tmp_path / "steps").mkdir()
    for name in ("01_backward_9.svg", "07_backward_lstm.3.svg", "01_backward_1.png", "01_notes.svg", "mine.txt"):
        (tmp_path / "steps" / name).write_text("x")
    run("export", "relu", "--frames", "steps")
    assert sorted(path.name for path in (tmp_path / "steps").iterdir()) == [
        "01_backward_1.png", "01_backward_1.svg", "01_notes.svg", "02_backward_0.svg", "mine.txt",
    ]  # fmt: skip


def test_frames_are_pictures_of_the_format_asked_for(run, tmp_path):
    assert run("export", "relu", "--frames", "steps", "--frame-format", "png").out == "wrote 2 pictures to steps\n"
    kept = sorted((tmp_path / "steps").iterdir())
    assert [path.name for path in kept] == ["01_backward_1.png", "02_backward_0.png"]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in kept)
    refused = run("export", "relu", "--frames", "steps", "--frame-format", "gif")
    assert (refused.code, refused.err) == (2, "backpropviz: there are no frames in 'gif'\n  Choose svg, png or pdf.\n")


@pytest.mark.parametrize("arguments", ["help", "--help", "help show", "list", "derive relu", "show relu --json", "-V"])
@pytest.mark.parametrize("buffered", [True, False])
def test_a_reader_that_has_seen_enough_is_no_failure(arguments, buffered):
    read, write = os.pipe()
    os.close(read)
    environment = {**os.environ, "PYTHONUNBUFFERED": "" if buffered else "1"}
    command = [sys.executable, "-m", "backpropviz", *arguments.split()]
    ended = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, env=environment, cwd=ROOT, check=False)
    os.close(write)
    assert (ended.returncode, ended.stderr) == (0, b"")


@pytest.mark.costly
def test_a_message_is_one_line_whatever_a_file_is_called(tmp_path, refused):
    file = tmp_path / "two\nlines.py"
    file.write_text("x = 1\n")
    for words in (
        ["show", str(file)],
        ["diagnose", str(file)],
        ["show", f"{file}x.py"],
        ["derive", "relu", "-o", str(file)],
    ):
        seen, fix = refused(*words).splitlines()
        assert "two lines.py" in seen
        assert fix.startswith("  ")


@pytest.mark.parametrize("command", ["show", "derive", "quiz --print", "step --json"])
def test_a_long_sum_is_walked_to_its_end(run, file, command):
    file("long.py", f"def f(x):\n    out = {' + '.join(['x'] * 700)}\n    return out\n")
    name, *more = command.split()
    result = run(name, "long.py", "--shape", "x=2", *more)
    assert (result.code, result.err) == (0, "")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a stack cannot grow")
def test_a_sum_of_3000_terms_has_room_and_so_has_a_call_that_never_ends(tmp_path, file):
    """Room for frames alone was none: a call of `sorted` takes so much of the stack that the process ended."""
    file("sum.py", f"def f(x):\n    return {' + '.join(f'x * {i}' for i in range(3000))}\n")
    file("endless.py", "def g(x):\n    return sorted([x], key=g)\n")
    for call in ("derive sum.py:f", "export sum.py:f -o sum.svg --forward --size free"):
        done = process(*call.split(), "--shape", "x=2", cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
    done = process("show", "endless.py:g", "--shape", "x=2", cwd=tmp_path)
    assert done.returncode == 2
    assert "RecursionError" in done.stderr


def test_what_is_nested_too_deeply_is_told(refused, file):
    file("deep.py", f"def f(x):\n    out = x{' * 2' * 20_000}\n    return out\n")
    assert "nested too deeply" in refused("show", "deep.py", "--shape", "x=2")


def test_a_function_that_calls_itself_without_end_is_told(refused, file):
    file(
        "again.py", "class F:\n    def __call__(self, x):\n        return self(x * 2)\n\ndef f(x):\n    return F()(x)\n"
    )
    assert "again.py" in refused("show", "again.py:f", "--shape", "x=2")


@pytest.mark.parametrize("arguments", ["quiz batchnorm --print", "diagnose --sandbox", "list", "show batchnorm"])
def test_prose_is_as_wide_as_a_narrow_terminal(run, monkeypatch, arguments):
    monkeypatch.setenv("COLUMNS", "50")
    result = run(*arguments.split())
    assert result.out
    assert [line for line in result.out.splitlines() if len(line) > 50] == []


# ---- without Graphviz ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [("-o", "bn.svg"), ("-o", "bn.svg", "--animate"), ("-o", "bn.svg", "--values", "--theme", "auto"),
     ("-o", "bn.html"), ("--frames", "steps")],
    ids=" ".join,
)  # fmt: skip
def test_boards_and_pages_are_written_without_graphviz(run, no_graphviz, tmp_path, options):
    assert run("export", "batchnorm", *options).code == 0
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert written
    for path in written:
        assert "xmu" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("options", [("-o", "bn.png"), ("-o", "bn.pdf"), ("--frames", "bn.pdf")], ids=" ".join)
def test_other_pictures_say_what_to_install(run, no_graphviz, tmp_path, options):
    result = run("export", "batchnorm", *options)
    assert (result.code, result.out) == (2, "")
    assert result.err.count("backpropviz: ") == 1
    assert "`pip install pygraphviz`" in result.err
    assert ".svg and .html need neither" in result.err
    assert not list(tmp_path.iterdir())


def test_arrays_that_make_a_slide_too_small_are_named(run, tmp_path):
    steps = [f"    h{i + 1} = np.tanh(h{i} @ w) + h{i}" for i in range(16)]
    file = tmp_path / "chain.py"
    file.write_text("\n".join(["import numpy as np", "def chain(h0, w):", *steps, "    return h16 * h0"]))
    told = run("export", str(file), "--shape", "h0=6,5", "--values", "-o", "a.svg").err
    assert "too small to be read; leave out --values, or" in told
    assert run("export", str(file), "--shape", "h0=6,5", "-o", "a.svg").err == ""


def test_frames_that_words_make_too_small_are_told(run, tmp_path):
    layer = f"{Path(__file__).parent / 'loops/networks.py'}:lstm_cache"
    told = run("export", layer, "--frames", str(tmp_path / "frames"), "--passes", "forward").err
    assert "too small to be read; move parts of the function into functions of their own" in told
    assert run("export", "relu", "--frames", str(tmp_path / "frames"), "--passes", "forward").err == ""


@pytest.mark.parametrize("columns", ["0", "", "00"])
def test_a_screen_of_no_columns_is_one_that_nobody_has_measured(run, monkeypatch, columns):
    monkeypatch.delenv("COLUMNS", raising=False)
    whole = run("show", "relu").out
    monkeypatch.setenv("COLUMNS", columns)
    assert run("show", "relu").out == whole != ""


def test_a_ctrl_c_that_python_swallows_is_obeyed():
    code = (
        "import os, sys, backpropviz.__main__ as m; from types import SimpleNamespace as S\n"
        "m._stopped_at_last(S(exc_type=KeyboardInterrupt)); print('went on')"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert (result.returncode, result.stdout, result.stderr) == (130, "", "backpropviz: stopped\n")
