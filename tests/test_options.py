"""No option does nothing: given, it changes what is printed or written, or the call is refused.

The options are those that the commands have, not those that somebody remembered: one without a call here fails.
"""

import re
import shlex
from itertools import combinations
from pathlib import Path

import pytest
from typer.main import get_command

from backpropviz import cli
from tests.options import CALLS, FILES, SAYS_NOTHING_BESIDE

COMMANDS = get_command(cli.app).commands
OPTIONS = [
    (name, parameter.name)
    for name, command in COMMANDS.items()
    for parameter in command.params
    if parameter.param_type_name == "option"
]
_OURS = re.compile(r"backpropviz-\w+|\b\d+(\.\d+)? [mu]?s\b|\b[\d.]+x\b|\b\d+ of \d+ rounds\b|medians of \d+")


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A folder of files for each call, and what has been done already."""
    return tmp_path_factory.mktemp("options"), {}


@pytest.fixture
def done(written, monkeypatch, capfd):
    """What a call does: its exit code, what it prints and the files that it leaves."""
    place, seen = written

    def call(words):
        if words in seen:
            return seen[words]
        folder = place / str(len(list(place.iterdir())))
        folder.mkdir()
        for name, content in FILES.items():
            (folder / name).write_bytes(content)
        (folder / "taken").mkdir()
        (folder / "taken" / "index.html").write_text("somebody's work", encoding="utf-8")
        monkeypatch.chdir(folder)
        if words.startswith("report"):
            run(["diagnose", "hand_in.py", "--format", "jsonl", "-o", "class.jsonl"])
        seen[words] = (*run(shlex.split(words)), left(folder))
        return seen[words]

    def run(arguments):
        monkeypatch.setattr("sys.argv", ["backpropviz", *arguments])
        monkeypatch.setattr("webbrowser.open", lambda address: False)
        capfd.readouterr()
        with pytest.raises(SystemExit) as end:
            cli.main()
        printed = capfd.readouterr()
        pages = [Path(page).read_text(encoding="utf-8") for page in re.findall(r"^/.*\.html$", printed.out, re.M)]
        return end.value.code or 0, _OURS.sub("", printed.out), printed.err, pages

    return call


def left(folder):
    """The files below a folder; times that formats keep of themselves are no difference."""
    files = {
        str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file() and p.suffix != ".pyc"
    }
    return {name: re.sub(rb"D:\d+", b"", content) for name, content in files.items()}


def test_every_command_is_here():
    assert set(CALLS) == set(COMMANDS)


@pytest.mark.costly
@pytest.mark.parametrize(("command", "option"), OPTIONS)
def test_an_option_changes_something_or_is_refused(command, option, done):
    base, calls = CALLS[command]
    everywhere = {"quiet": "--quiet", "max_bytes": "--max-bytes 20"}
    given = {**everywhere, **calls}.get(option)
    assert given is not None, f"--{option} of {command} is in no call of tests/options.py"
    if option == "max_bytes":
        base = re.sub(r" (batchnorm|relu|affine|conv)\b", " mine.py:layer", base)
    before, more = given if isinstance(given, tuple) else (base, given)
    plain, changed = done(before), done(f"{before} {more}")
    assert changed != plain
    assert "Traceback" not in changed[2]
    if changed[0] == 2:
        assert changed[2].startswith("backpropviz: ")
    if option == "quiet":
        assert (changed[0], changed[1], changed[3] if command != "play" else []) == (plain[0], "", [])


ADDED = {
    name: [option for option, more in calls.items() if isinstance(more, str)] for name, (_, calls) in CALLS.items()
}
PAIRS = [
    (name, *pair)
    for name in sorted(set(CALLS) - {"compare", "play", "help"})  # of others, no two outputs are the same
    for pair in combinations(ADDED[name], 2)
]


@pytest.mark.costly
@pytest.mark.parametrize(("command", "one", "other"), PAIRS)
def test_of_two_options_none_is_passed_over(command, one, other, done):
    base, calls = CALLS[command]
    first, second = calls[one], calls[other]
    both = done(f"{base} {first} {second}")
    assert "Traceback" not in both[2]
    if both[0] == 2:
        assert both[2].startswith("backpropviz: ")
    elif command != "diagnose":  # what is said of no function, or of a right one, is the same whatever is asked
        for mine, its, alone in ((one, other, done(f"{base} {second}")), (other, one, done(f"{base} {first}"))):
            assert both != alone or (mine, its) in SAYS_NOTHING_BESIDE, f"{mine} does nothing beside {its}"


@pytest.mark.parametrize("command", sorted(CALLS))
def test_a_call_without_more_does_the_same_again(command, done, written):
    """Or else any option would seem to change something."""
    if command == "compare":
        pytest.skip("what it measures is never twice the same")
    _, seen = written
    base = CALLS[command][0]
    first = done(base)
    del seen[base]
    assert done(base) == first
