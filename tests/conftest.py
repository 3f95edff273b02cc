"""What several test modules share."""

import os
import signal
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

# the same examples in every run: a test fails because of a change, never by luck
settings.register_profile("steady", derandomize=True, deadline=None)
settings.load_profile("steady")

# a shell starts what runs in its background with Ctrl-C ignored, and what tests start would inherit that
signal.signal(signal.SIGINT, signal.default_int_handler)

# hundreds of processes are started that import the package: it is compiled for the first of them, and not for each
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# workers are told how wide the terminal is; what a test prints goes to none
os.environ.pop("COLUMNS", None)

GOLDEN = Path(__file__).parent / "golden"


def pytest_addoption(parser):
    parser.addoption("--update-golden", action="store_true", help="write the golden files anew instead of comparing")


LONG, VERY_LONG = 5, 45
PART, SMALL_PART, SMALLEST_PART = 3, 6, 18


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    """Of a list of more than five cases every third runs without being asked for, of a very long one every sixth; of
    one whose cases take long (`costly`) every eighteenth, or third where it is short; of one marked `whole` all. The
    others are marked `rest`, and so is what is marked `ci`.

    The test that waits most for others comes first, so that nothing waits for it in the end.
    """
    cases = Counter(item.nodeid.partition("[")[0] for item in items)
    seen = Counter()
    for item in items:
        test = item.nodeid.partition("[")[0]
        if item.get_closest_marker("costly"):
            step = SMALLEST_PART if cases[test] > LONG else PART
        else:
            step = SMALL_PART if cases[test] > VERY_LONG else PART if cases[test] > LONG else 1
        if item.get_closest_marker("ci"):
            item.add_marker("rest")
        if seen[test] % step and not item.get_closest_marker("whole") and not config.getoption("--update-golden"):
            item.add_marker("rest")
        seen[test] += 1
    items.sort(key=lambda item: not item.name.startswith("test_a_busy_machine_gives_the_same_reports"))


@pytest.fixture
def golden(request):
    """`golden(name, text)`: the text is that of the file `tests/golden/<name>`."""

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8"), f"{name} changed: pytest --update-golden, and look at it"

    return compare


@pytest.fixture
def loaded(monkeypatch, tmp_path):
    """`loaded(text)`: a hand-in's program and its pairs, in this process; NumPy is as it was when the test ends."""
    from backpropviz.diagnose.pairs import recognition
    from backpropviz.diagnose.pairs.protocols import adapting
    from backpropviz.diagnose.student import loading
    from backpropviz.diagnose.student.program import Program
    from backpropviz.layers.missing import OLD_NUMPY

    def load(text):
        path = tmp_path / "hand_in.py"
        path.write_text(text, encoding="utf-8")
        student = loading.parse(path)
        loading.load(student)
        list(adapting.wrap_classes(student))
        return Program(student), recognition.pairs(student.functions, student.wrapped)

    monkeypatch.setattr(np, "reshape", np.reshape)
    monkeypatch.setattr(np.lib.stride_tricks, "as_strided", np.lib.stride_tricks.as_strided)
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path])
    monkeypatch.delitem(sys.modules, loading.MODULE, raising=False)
    before = {*vars(np)}
    yield load
    for name in {*OLD_NUMPY} - before:
        vars(np).pop(name, None)
