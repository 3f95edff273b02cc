"""The manual prints what the tool prints, what it tells to do was done, and its links lead somewhere."""

import ast
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

import backpropviz as bp
from backpropviz.cli import app
from backpropviz.facade.site.docstrings import as_markdown
from backpropviz.facade.site.manual import PAGES, manual, source
from backpropviz.layers.library import load, load_summaries
from backpropviz.primitives import PRIMITIVES, elementwise
from tests import test_graphs
from tests.test_readme import MARKER, ROOT, generated

MANUAL = ROOT / "backpropviz" / "manual"


GUIDES = ("students", "teachers")
"""Followed in an empty folder, in which there is what a reader was told to save, in this guide or the one before."""


@pytest.fixture
def desk(tmp_path, name):
    """A folder where commands may write, with the examples in it for a reader of more than the guides."""
    if name in GUIDES:
        for guide in GUIDES[: GUIDES.index(name) + 1]:
            for file in re.findall("<!-- file: (.+?) -->", (MANUAL / f"{guide}.md").read_text(encoding="utf-8")):
                shutil.copy(ROOT / file, tmp_path)
        return tmp_path
    shutil.copytree(ROOT / "examples", tmp_path / "examples", ignore=shutil.ignore_patterns("gallery", "__pycache__"))
    return tmp_path


@pytest.mark.parametrize("name", PAGES)
def test_what_is_printed_is_what_the_tool_prints(name, desk, request):
    path = MANUAL / f"{name}.md"
    text = path.read_text(encoding="utf-8")
    fresh = MARKER.sub(lambda match: generated(match, desk), text)
    if request.config.getoption("--update-golden"):
        path.write_text(fresh, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == fresh, "run pytest --update-golden, and look at what changed"


def test_every_command_has_its_help_and_an_example():
    text = (MANUAL / "commands.md").read_text(encoding="utf-8")
    for command in app.registered_commands:
        name = command.name or command.callback.__name__
        section = re.search(rf"^## {name}\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE)
        assert section, name
        assert f"<!-- run: backpropviz help {name} -->" in section[1]
        assert name == "help" or re.search(
            rf"^(<!-- run: )?backpropviz {name}\b(?! --help)", section[1], re.MULTILINE
        ), name


def test_every_link_in_the_texts_leads_to_a_page_or_a_picture():
    for name in PAGES:
        for target in re.findall(r"\]\(([^)#]+)", re.sub(r"```.*?```", "", source(name), flags=re.DOTALL)):
            assert (
                target.removesuffix(".md") in PAGES
                or f"[`{target}`]({target}):" in source(name)
                or re.fullmatch(r"\.\./pictures/\w+\.svg", target)
            ), target


def test_the_api_is_whole():
    (page,) = [each for each in manual() if each.name == "python"]
    titles = {part.title for part in page.parts}
    for name in ("trace", "gradcheck", "check", "diagnose", "primitive", "stop_gradient"):
        assert any(title.startswith(f"bp.{name}(") for title in titles), name
    for name in ("derive", "table", "step", "entry", "diagram", "player", "gradcheck", "backward", "replay"):
        assert any(title.startswith(f"Trace.{name}(") for title in titles), name
    assert all(len(part.words) > 20 for part in page.parts[1:])


def test_every_operation_is_on_the_page_of_calculus():
    text = source("operations")
    assert all(f"### `{each.call or each.name}`\n" in text for each in PRIMITIVES.values())


def test_docstrings_become_lists_and_code():
    text = as_markdown("Do a_b.\n\n    >>> 1\n\nArgs:\n    one: the first\n        of two.\n    *two: a|b.\n\nMore.")
    assert text == "Do a\\_b.\n\n    >>> 1\n\n**Args**\n\n- `one`: the first\n  of two.\n- `*two`: a|b.\n\nMore."


# ---- what contributors are told, done as it is told --------------------------------------------------------------


def told(what):
    text = (MANUAL / "contributors.md").read_text(encoding="utf-8")
    return re.search(rf"<!-- try: {what} -->\n\n```python\n(.*?)```", text, re.DOTALL)[1]


def test_an_operation_is_added_in_under_ten_lines():
    assert np.i0 not in PRIMITIVES, "the guide needs an operation that is not there yet"
    code = told("operation")
    assert len([line for line in code.splitlines() if line.strip()]) < 10
    try:
        exec(code, dict(vars(elementwise)))
        trace = bp.trace(lambda x: np.i0(x) * x, x=np.array([[0.3, -1.2], [2.0, 0.7]]))
        trace.backward()
        assert bp.gradcheck(trace).passed
    finally:
        PRIMITIVES.pop(np.i0, None)


def test_a_layer_is_added_in_a_few_lines(tmp_path):
    code = told("layer")
    path = tmp_path / "softplus.py"
    path.write_text(code, encoding="utf-8")
    trace = load(str(path)).trace()
    trace.backward()
    assert bp.gradcheck(trace).passed
    assert [step.caption for step in trace.steps] == ["never below zero, and smooth"]
    assert {each.targets[0].id for each in ast.parse(code).body if isinstance(each, ast.Assign)} == {"GROUP"}
    assert ast.literal_eval(code.split("GROUP = ")[1]) in {each["group"] for each in load_summaries()}


def test_the_tests_of_a_layer_are_two_lines(tmp_path):
    path = tmp_path / "softplus.py"
    path.write_text(told("layer"), encoding="utf-8")
    layer = load(str(path))
    names = {**vars(test_graphs), "CASES": {}, "FORMULAS": {}}
    exec(told("layer's tests"), names)
    assert names["CASES"].keys() == names["FORMULAS"].keys() == {"softplus"}
    shapes, settings = names["CASES"]["softplus"](np.random.default_rng(2))
    arguments = layer.arguments(seed=2, shapes=shapes, inputs=settings)
    np.testing.assert_allclose(layer.function(**arguments), names["FORMULAS"]["softplus"](**arguments), rtol=1e-12)


def test_a_slip_is_added_in_one_row(monkeypatch):
    from backpropviz.diagnose.edits import arithmetic
    from backpropviz.diagnose.telling.kinds import WORDS

    row = eval(told("slip"), {"ast": ast})
    node = ast.parse("dout % total", mode="eval").body

    def proposed():
        return [ast.unparse(new) for new, _, _ in arithmetic.operators(node)]

    assert row[2] in WORDS
    assert "dout / total" not in proposed()
    monkeypatch.setattr(arithmetic, "_OPERATORS", (*arithmetic._OPERATORS, row))
    assert "dout / total" in proposed()


def test_the_texts_are_shipped():
    assert {path.stem for path in Path(MANUAL).glob("*.md")} == {*PAGES}


def test_ratios_are_those_of_the_times_beside_them():
    """The table is written by tests/benchmarks/test_peers.py, from one machine."""
    text = (MANUAL / "contributors.md").read_text(encoding="utf-8")
    time, number = r"([\d.]+) (m?)s", r"([\d.]+)"
    row = re.compile(
        rf"^\| .+ \| {time} \| .+ \| {time} \| {number} \| {number} to {number} \| {number} \|$", re.MULTILINE
    )
    found = row.findall(text.partition("## Keep it fast")[2])
    assert len(found) >= 20
    for ours, milli, theirs, its_milli, ratio, low, high, _ in found:
        mine, its = (float(n) / (1e3 if m else 1) for n, m in ((ours, milli), (theirs, its_milli)))
        rounded = 0.005 / float(ours) + 0.005 / float(theirs)  # as shares: of times, two decimals are printed
        assert abs(mine / its - float(ratio)) <= 1.01 * rounded * float(ratio) + 0.006
        assert float(low) <= float(high)
