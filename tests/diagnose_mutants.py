"""Mutants of correct student files: one slip in any line, and whether the diagnosis names that line.

Run as a script for the figures over a larger sample: `python tests/diagnose_mutants.py 400`. The slips are made here
on the text, by a code of their own, so that the diagnosis is not measured with its own edits.
"""

from __future__ import annotations

import ast
import random
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from backpropviz.diagnose import FileReport, diagnose
from tests.corpus import Corpus

SOURCES = Corpus().right(python_2=True)
_OTHER = {ast.Add: "-", ast.Sub: "+", ast.Mult: "/", ast.Div: "*"}


@dataclass(frozen=True)
class Mutant:
    """A correct file with one slip: in which line, of which sort."""

    source: Path
    line: int
    sort: str
    text: str
    change: str


def mutants(path: Path) -> Iterator[Mutant]:
    """Every single slip we know how to make in the functions of a file."""
    text = path.read_text(encoding="utf-8")
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return
    starts = [0]
    for line in text.encode().splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    data = text.encode()

    def span(node: Any) -> tuple[int, int]:
        return starts[node.lineno - 1] + node.col_offset, starts[node.end_lineno - 1] + node.end_col_offset

    def replaced(statement: ast.stmt, sort: str, pieces: list[tuple[int, int, str]]) -> Mutant:
        changed = data
        for begin, end, new in sorted(pieces, reverse=True):
            changed = changed[:begin] + new.encode() + changed[end:]
        begin, end, new = pieces[0]
        what = f"{data[begin:end].decode()!r} -> {new!r}"
        return Mutant(path, statement.lineno, sort, changed.decode(), what)

    for function in [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]:
        for statement in [n for n in ast.walk(function) if isinstance(n, ast.Assign | ast.AugAssign | ast.Return)]:
            if statement.value is None:
                continue
            begin, end = span(statement.value)
            if not isinstance(statement.value, ast.Tuple | ast.Constant | ast.Name):
                source = data[begin:end].decode()
                if "\n" not in source:
                    for factor in ("2 * ", "-1 * ", "0.5 * "):
                        yield replaced(statement, "factor", [(begin, end, f"{factor}({source})")])
            if isinstance(statement, ast.AugAssign) and isinstance(statement.op, ast.Add):
                target_end = span(statement.target)[1]
                yield replaced(statement, "overwritten", [(target_end, begin, " = ")])
            for node in ast.walk(statement.value):
                if isinstance(node, ast.BinOp):
                    left, right, (_, whole_end) = span(node.left), span(node.right), span(node)
                    between = data[left[1] : right[0]].decode()
                    operator = re.search(r"\*\*|//|[-+*/@]", between)
                    if operator is None or "\n" in between:
                        continue
                    at = left[1] + operator.start()
                    if type(node.op) in _OTHER:
                        yield replaced(statement, "operator", [(at, at + 1, _OTHER[type(node.op)])])
                    if isinstance(node.op, ast.Add | ast.Sub):
                        yield replaced(statement, "term dropped", [(left[1], whole_end, "")])
                    if isinstance(node.op, ast.Pow) and isinstance(node.right, ast.Constant | ast.UnaryOp):
                        old = data[right[0] : right[1]].decode()
                        for new in ("1", "3", "(-0.5)", "0.5"):
                            if new.strip("()") != old:
                                yield replaced(statement, "power", [(*right, new)])
                for keyword in getattr(node, "keywords", []) if isinstance(node, ast.Call) else []:
                    if (
                        keyword.arg == "axis"
                        and isinstance(keyword.value, ast.Constant)
                        and keyword.value.value in (0, 1)
                    ):
                        yield replaced(statement, "axis", [(*span(keyword.value), str(1 - keyword.value.value))])


def sample(count: int, seed: int) -> list[Mutant]:
    """A sample that takes files and sorts evenly."""
    chooser = random.Random(seed)
    by_kind: dict[tuple[str, str], list[Mutant]] = {}
    for path in SOURCES:
        for mutant in mutants(path):
            by_kind.setdefault((path.stem, mutant.sort), []).append(mutant)
    groups = sorted(by_kind)
    chooser.shuffle(groups)
    chosen: list[Mutant] = []
    while len(chosen) < count:
        for group in groups:
            if by_kind[group]:
                chosen.append(by_kind[group].pop(chooser.randrange(len(by_kind[group]))))
    return chosen[:count]


def run(mutant: Mutant, folder: Path, number: int) -> FileReport:
    path = folder / f"m{number}_{mutant.source.stem}.py"
    path.write_text(mutant.text, encoding="utf-8")
    return diagnose(path)


def statement_lines(mutant: Mutant) -> tuple[int, int]:
    return mutant.line, mutant.line


def measure(count: int, seed: int = 0, jobs: int = 2, verbose: bool = False) -> Counter[str]:
    """How many mutants were found wrong, how many with the right first line; by sort and over all."""
    figures: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(jobs) as pool:
        chosen = sample(count, seed)
        reports = pool.map(lambda item: run(item[1], Path(folder), item[0]), enumerate(chosen))
        for mutant, report in zip(chosen, reports):
            first = report.first
            figures["all"] += 1
            if first is None:
                figures["nothing wrong seen"] += 1
                continue
            figures["wrong"] += 1
            hit = first.line == mutant.line
            figures["right line"] += hit
            figures[f"{mutant.sort}: wrong"] += 1
            figures[f"{mutant.sort}: right line"] += hit
            figures["proved"] += first.proved
            figures["seconds"] += int(np.ceil(report.seconds))
            if verbose and not hit:
                print(f"{mutant.source.parent.name}/{mutant.source.stem}:{mutant.line} {mutant.sort} {mutant.change}"
                      f" | got {first.line} {first.kind} {'P' if first.proved else 'i'} {first.statement[:70]}"
                      f" -> {first.expected[:90]}", flush=True)  # fmt: skip
    return figures


if __name__ == "__main__":
    found = measure(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0, verbose=True)
    for name, number in sorted(found.items()):
        print(f"{number:6d}  {name}")
