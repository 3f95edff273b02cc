"""What several test modules share."""

from pathlib import Path

import pytest
from hypothesis import settings

# the same examples in every run: a test fails because of a change, never by luck
settings.register_profile("steady", derandomize=True, deadline=None)
settings.load_profile("steady")

GOLDEN = Path(__file__).parent / "golden"


def pytest_addoption(parser):
    parser.addoption("--update-golden", action="store_true", help="write the golden files anew instead of comparing")


def pytest_collection_modifyitems(items):
    """The test that waits most for others comes first, so that nothing waits for it in the end."""
    items.sort(key=lambda item: item.name != "test_a_busy_machine_gives_the_same_reports")


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
