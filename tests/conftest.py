"""What several test modules share."""

import signal
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import settings

# the same examples in every run: a test fails because of a change, never by luck
settings.register_profile("steady", derandomize=True, deadline=None)
settings.load_profile("steady")

# a shell starts what runs in its background with Ctrl-C ignored, and what tests start would inherit that
signal.signal(signal.SIGINT, signal.default_int_handler)

GOLDEN = Path(__file__).parent / "golden"


def pytest_addoption(parser):
    parser.addoption("--update-golden", action="store_true", help="write the golden files anew instead of comparing")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Of a test marked `each_third`, two thirds of the cases are marked `rest`: every third runs without being asked
    for. The test that waits most for others comes first, so that nothing waits for it in the end.
    """
    seen = Counter()
    for item in items:
        if item.get_closest_marker("each_third"):
            test = item.nodeid.partition("[")[0]
            if seen[test] % 3:
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
