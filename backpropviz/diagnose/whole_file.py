"""What is said of a file as a whole: it does not parse, its top level fails, or it trains where nothing looks."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from pathlib import Path

from backpropviz.diagnose.student.loading import Student, Unreadable, read_text
from backpropviz.diagnose.telling import kinds
from backpropviz.diagnose.verdict import Finding
from backpropviz.study.values.trees import called


def unreadable(path: Path, error: Unreadable) -> Finding:
    """The finding on a file that does not parse."""
    if error.python2:
        kind, expected = "python_2", "the text converted to Python 3, or --python2 to have it read as it is"
    else:
        kind, expected = "syntax", ""
    lines = read_text(path).splitlines()
    text = lines[error.line - 1].strip() if 0 < error.line <= len(lines) else ""
    return Finding(path.name, error.line, "", text, kind, str(error), kinds.WORDS[kind], expected, True)


def top_level(path: Path, student: Student) -> list[Finding]:
    """Findings on what stands outside of functions and fails."""
    lines = student.text.splitlines()
    return [
        Finding(
            path.name, line, "", lines[line - 1].strip(), kind, what, kinds.WORDS[kind], "",
        )
        for line, what in student.trouble
        for kind in ("does_not_end" if "did not end" in what else "crash",)
    ]  # fmt: skip


def trained_in_one(tree: ast.Module, examined: Collection[str]) -> str:
    """The note on loops that go forward, go back and take the steps, all in one place: `fit`, or the top level. Empty
    where there are none.

    Args:
        examined: the functions that there is a report on, methods as `Class.method`.
    """
    places = [name for name, node in _functions(tree) if name not in examined and _trains(node)]
    loops = (node for node in tree.body if isinstance(node, ast.For | ast.While))
    places += [f"the loop in line {node.lineno}" for node in loops if _trains(node)]
    how = "as forward(X) and train_step(X, y) of a class, which takes one step, it is examined"
    return f"not looked at: {', '.join(places)}, which goes forward and back in one loop; {how}" if places else ""


def _functions(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef]]:
    for node in tree.body:
        inside = [(f"{node.name}.", its) for its in node.body] if isinstance(node, ast.ClassDef) else [("", node)]
        yield from ((f"{of}{its.name}", its) for of, its in inside if isinstance(its, ast.FunctionDef))


def _trains(tree: ast.AST) -> bool:
    """Whether a loop is in there that multiplies matrices and takes two steps or more: `W -= lr * dW`."""
    for loop in (node for node in ast.walk(tree) if isinstance(node, ast.For | ast.While)):
        inside = [*ast.walk(loop)]
        products = [its for its in inside if called(its) in ("dot", "matmul") or isinstance(its, ast.MatMult)]
        steps = [its for its in inside if isinstance(its, ast.AugAssign | ast.Assign) and _is_step(its)]
        if products and len(steps) > 1:
            return True
    return False


def _is_step(node: ast.AugAssign | ast.Assign) -> bool:
    """`W -= lr * dW`, `W = W - lr * dW`."""
    if isinstance(node, ast.AugAssign):
        return isinstance(node.op, ast.Sub) and isinstance(node.value, ast.BinOp)
    value = node.value
    if not isinstance(value, ast.BinOp) or not isinstance(value.op, ast.Sub) or not isinstance(value.right, ast.BinOp):
        return False
    return ast.unparse(value.left) == ast.unparse(node.targets[0])
