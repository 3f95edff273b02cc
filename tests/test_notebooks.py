"""The executed notebook in `examples/`: its outputs are what its cells give; `--update-golden` writes them anew."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.notebooks import executed

TEACHING = Path(__file__).parent.parent / "examples" / "batchnorm.ipynb"
SHOWN = ["bp.trace(", ".table()", ".step(", ".entry(", ".gradcheck()", ".derive()", "bp.diagnose(", ".closed_form(",
         ".player()", "%%backprop", "%load_ext backpropviz"]  # fmt: skip


@pytest.fixture(scope="module")
def notebook():
    return json.loads(TEACHING.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def fresh(notebook):
    return executed(notebook)


def steady(notebook):
    """The outputs without what differs between machines: last digits, and errors as small as rounding."""
    text = json.dumps([cell.get("outputs") for cell in notebook["cells"]], ensure_ascii=False)
    text = re.sub(r"<iframe.*?</iframe>", "<iframe>", text)
    return re.sub(r"\d\.\de-\d\d", "tiny", text)


def test_the_outputs_are_those_of_its_cells(notebook, fresh, request):
    if request.config.getoption("--update-golden"):
        text = json.dumps(fresh, indent=1, ensure_ascii=False)
        TEACHING.write_text(f"{text}\n", encoding="utf-8")
        notebook = fresh
    assert steady(notebook) == steady(fresh), "run pytest --update-golden, and look at what changed"
    frames = [re.findall(r"<iframe.*?</iframe>", json.dumps(each)) for each in (notebook, fresh)]
    assert [len(each) for each in frames] == [1, 1]


def test_it_uses_what_there_is_and_ends_where_it_promises(notebook, fresh):
    code = "\n".join("".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code")
    for each in SHOWN:
        assert each in code
    told = "".join(json.dumps(cell.get("outputs")) for cell in fresh["cells"])
    assert "the exponent is wrong" in told
    assert "all 12 gradients are right" in told
    assert "right: out, dx, dgamma, dbeta" in told
    assert "below 1e-14: True" in told
    assert TEACHING.stat().st_size < 400_000


class Tags(HTMLParser):
    """Holds that tags are closed, and that nothing is loaded."""

    def __init__(self, text):
        super().__init__()
        self.open = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        assert not {"src", "href"} & {name for name, _ in attributes}
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_every_output_is_whole_and_has_a_plain_text_beside_it(fresh):
    outputs = [output for cell in fresh["cells"] for output in cell.get("outputs", [])]
    results = [output["data"] for output in outputs if output["output_type"] == "execute_result"]
    assert len(results) >= 9
    for data in results:
        Tags("".join(data["text/html"]))
        plain = "".join(data["text/plain"])
        assert plain
        assert max(map(len, plain.splitlines())) <= 100
        assert "prefers-color-scheme: dark" in "".join(data["text/html"])
