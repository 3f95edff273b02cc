"""How other courses' conventions are read: right files that have to be right, and slips in them that have to be named.

python tests/course_figures.py            # the table of the manual: a file and two slips for each protocol
python tests/course_figures.py NAME ...   # all slips of these files; --all for those of every file
"""

from __future__ import annotations

import ast
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from backpropviz.diagnose import diagnose
from backpropviz.diagnose.verdict import RIGHT, FileReport

FOLDER = Path(__file__).parent / "courses"
sys.path.insert(0, str(FOLDER))
from further_slips import FURTHER  # noqa: E402
from later_slips import LATER  # noqa: E402
from more_slips import MORE  # noqa: E402
from slips import SLIPS as FIRST  # noqa: E402


def _beside(path: Path) -> list[tuple[str, str, str]]:
    """The slips of a file NAME.slips beside NAME.py, one a line: what is right ==> what is wrong."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [("", *line.split(" ==> ")) for line in lines if line]  # type: ignore[misc]


SLIPS: dict[str, list[tuple[str, str, str]]] = {
    **{name: [("", right, wrong) for right, wrong in slips] for name, slips in FIRST.items()},
    **MORE,
    **FURTHER,
    **LATER,
    **{path.stem: _beside(path) for path in sorted(FOLDER.glob("*.slips"))},
}
"""For every file its slips: after which definition, what a line says, and what it says wrongly."""


LISTED = (
    "cache_of_any_kind", "losses_without_upstream", "local_derivatives", "input_again_and_steps",
    "results_in_attributes", "dictionaries_of_parameters", "params_and_grads", "attributes_with_regularizers",
    "contexts", "scalar_engines", "networks", "moments_first",
)  # fmt: skip
"""A file for each protocol, in the order of the manual's table, with so many of its slips:"""
FEW = 2


@dataclass(frozen=True)
class Row:
    """One convention: what it is, an example of it, how many of its pairs are right, how many slips are named."""

    convention: str
    example: str
    right: int
    pairs: int
    named: int
    wrong: int


def text_of(name: str) -> str:
    return (FOLDER / f"{name}.py").read_text(encoding="utf-8")


def slipped(text: str, after: str, right: str, wrong: str) -> tuple[str, int]:
    """The text with the slip in it, behind the head of a definition, and the line that is wrong."""
    head = re.search(rf"^(class|def) {after}\b", text, re.MULTILINE) if after else None
    start = head.start() if head else 0
    assert right in text[start:], f"nothing reads {right!r}"
    place = text.index(right, start)
    before = text[:place]
    pairs = enumerate(zip(right.splitlines(), wrong.splitlines()))
    changed = next((i for i, pair in pairs if pair[0] != pair[1]), 0)
    return before + wrong + text[place + len(right) :], before.count("\n") + 1 + changed


def is_named(name: str, after: str, right: str, wrong: str) -> str:
    """Nothing where the first finding of a faulty file is on the wrong line, or names it as one that could be changed
    as well; otherwise what was said.
    """
    text, line = slipped(text_of(name), after, right, wrong)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.py"
        path.write_text(text, encoding="utf-8")
        report = diagnose(path)
    said = [] if report.first is None else [report.first.line, *(at for at, _ in report.first.instead)]
    if line in said or _statement(text, line) in said:
        return ""
    states = [f"{f.name} {f.status} {f.reason}" for f in report.functions if f.status != RIGHT]
    return f"line {line} ({wrong.strip()}): {report.first and report.first.line}; {'; '.join(states)}"


def _statement(text: str, line: int) -> int:
    """The first line of the statement that a line belongs to."""
    inside = [
        node for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or 0)
    ]  # fmt: skip
    return max(node.lineno for node in inside)


def right_pairs(name: str) -> tuple[int, int, FileReport]:
    """How many pairs of a right file are called right, and how many there are."""
    report = diagnose(FOLDER / f"{name}.py")
    right = sum(f.status == RIGHT for f in report.functions)
    return (right if not report.all_findings else 0), len(report.functions), report


def row(name: str, most: int | None = None) -> tuple[Row, list[str]]:
    right, pairs, report = right_pairs(name)
    said = [f"{f.name}: {f.status} {f.reason}" for f in report.functions if f.status != RIGHT]
    slips = SLIPS[name][:most]
    missed = list(filter(None, (is_named(name, *slip) for slip in slips)))
    doc = re.match(r'"""(.*?)\.?"""', text_of(name), re.DOTALL)
    convention = " ".join(doc[1].partition(": ")[0].split()) if doc else name
    example = report.functions[0].name
    return Row(convention, example, right, pairs, len(slips) - len(missed), len(slips)), said + missed


def written(its: Row) -> str:
    """A row of the table."""
    return f"| {its.convention} | `{its.example}` | {its.right} of {its.pairs} | {its.wrong} | {its.named} |"


def table(rows: list[Row]) -> Iterator[str]:
    """The table of the manual."""
    yield "| convention | for example | right pairs called right | wrong | named |"
    yield "|---|---|---|---|---|"
    yield from map(written, rows)


def main() -> None:
    asked = sys.argv[1:]
    names = [*SLIPS] if asked == ["--all"] else asked or [*LISTED]
    most = None if asked else FEW
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # the work is done by child processes
        found = list(pool.map(lambda name: row(name, most), names))
    print("\n".join(table([its for its, _ in found])))
    for (_, said), name in zip(found, names):
        for line in said:
            print(f"{name}: {line}", file=sys.stderr)


if __name__ == "__main__":
    main()
