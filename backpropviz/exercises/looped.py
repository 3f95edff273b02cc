"""Worksheets for functions with loops: the loops are given, what one round's backward pass computes is asked for."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from backpropviz.code.listing import Listing
from backpropviz.code.pairs import looped, passes
from backpropviz.engine.trace import Trace

Body = tuple[int, ...]
"""A body of statements: () is the function's, (1, 0) that of the first loop in its second loop."""

_COMPREHENSIONS = (ast.ListComp, ast.DictComp)  # [np.zeros_like(W) for W in Ws]


@dataclass(frozen=True)
class LoopBlank:
    """One gradient that a body asks for.

    Attributes:
        body: where. name: the gradient. code: the statement of the forward pass that it belongs to; may be empty.
        solution: the lines that set it.
    """

    body: Body
    name: str
    code: str
    solution: tuple[str, ...]


@dataclass(frozen=True)
class Sheet:
    """The parts of a worksheet with loops.

    Attributes:
        listing: what it is made from. forward, cache: the lines of the forward pass, and what it keeps.
        solved, asked: the lines of the backward pass, with the solutions and with blanks.
        blanks: what is asked for, in the order of the lines.
    """

    listing: Listing
    forward: list[str]
    cache: list[str]
    solved: list[str]
    asked: list[str]
    blanks: tuple[LoopBlank, ...]


def sheet(trace: Trace) -> Sheet | None:
    """What a worksheet asks about a trace with a backward pass; None if it has no loops that can be kept."""
    listing = looped(trace, apart=True)  # two gradients, two blanks
    if listing is None or listing.constants:
        return None
    forward, solved, cache = passes(trace, listing)
    asked, blanks = _asked(solved, trace, listing, _set_in(forward))
    return Sheet(listing, forward, cache, solved, asked, tuple(blanks)) if blanks else None


def _asked(
    solved: list[str], trace: Trace, listing: Listing, computed: set[str]
) -> tuple[list[str], list[LoopBlank]]:  # fmt: skip
    """The backward pass with blanks: lines that only help another are left out, those that begin or move on stay, and
    those that compute what the forward pass `computed`."""
    gradients = {f"d{name}" for name in (*trace.taken(), *listing.parameters) if isinstance(name, str)}
    gradients |= {f"d{step.written}" for step in trace.steps}
    shapes = _shapes(trace)
    lines: list[str | None] = []
    found: dict[tuple[Body, str], LoopBlank] = {}
    helping: list[str] = []  # lines that set what the next gradient is made from
    comment = ""
    last: dict[tuple[Body, str], int] = {}  # where each is asked for, below the comment that stands
    for body, line in _with_bodies(solved):
        text = line.strip()
        if text.startswith("#") or not text:
            comment = text.removeprefix("#").strip()
            last.clear()
            lines.append(line)
            continue
        if text.startswith("for "):
            comment = ""
        statement = _statement(text)
        name = target(statement)
        if name is None or _is_given(statement, name, listing.upstream):
            lines.append(line)
            continue
        if not _is_gradient(name, gradients):
            if name.startswith(("saved",)) or name in computed:
                lines.append(line)
            else:
                helping.append(text)
            continue
        key = (body, name)
        code = "" if not body else comment.partition(": ")[2] if comment.startswith("step ") else comment
        before = found.get(key)
        solution = (*(before.solution if before else ()), *helping, text)
        found[key] = LoopBlank(body, name, before.code if before else code, solution)
        helping = []
        indent = line[: len(line) - len(line.lstrip())]
        if body and not comment and text.startswith(f"{name} = {name} "):
            lines.append(f"{indent}# what arrives: from the round after, in {name}, and from what comes after the loop")
        shape = f"  # shape {shapes[name]}" if isinstance(statement, ast.Assign) and name in shapes else ""
        blank = indent + _blank(text)
        before_it = lines[last[key]] if key in last else None
        if before_it is not None and before_it.partition("  # ")[0].rstrip(".=+ ") == blank.rstrip(".=+ "):
            lines.append(before_it)  # one blank for all terms, where the last of them is known
            lines[last[key]] = None
        else:
            lines.append(blank + shape)
        last[key] = len(lines) - 1
    return [line for line in lines if line is not None], list(found.values())


def _shapes(trace: Trace) -> dict[str, tuple[int, ...]]:
    """The shapes of gradients by their names, where all rounds agree."""
    found: dict[str, set[tuple[int, ...]]] = {}
    for step in trace.steps:
        for name in (f"d{step.written}", f"d{step.written}_last"):
            found.setdefault(name, set()).add(step.value.shape)
    for name, node in trace.inputs.items():
        found[f"d{name}"] = {node.shape}
    return {name: next(iter(its)) for name, its in found.items() if len(its) == 1}


def _with_bodies(lines: list[str]) -> Iterator[tuple[Body, str]]:
    """Each line with the body that it stands in."""
    loops: list[int] = []  # which loop of its body, for every body that is open
    counts = [0]  # how many loops each open body has had
    for line in lines:
        depth = (len(line) - len(line.lstrip())) // 4
        if line.strip() and depth < len(loops):
            del loops[depth:], counts[depth + 1 :]
        yield tuple(loops), line
        if line.strip().startswith("for "):
            loops.append(counts[-1])
            counts[-1] += 1
            counts.append(0)


def _statement(text: str) -> ast.stmt:
    head = text.partition("  # ")[0]  # of a loop that runs as often as with these inputs, this is said there
    return ast.parse(f"{head} pass" if head.endswith(":") else text).body[0]


def target(statement: ast.stmt) -> str | None:
    """The name that a statement sets, adds to, or sets a part of; None if that is not one name."""
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        part: ast.expr = statement.targets[0]
    elif isinstance(statement, ast.AugAssign):
        part = statement.target
    elif isinstance(statement, ast.Expr) and ast.unparse(statement).startswith("np.add.at("):
        assert isinstance(statement.value, ast.Call)
        part = statement.value.args[0]
    else:
        return None
    while isinstance(part, ast.Subscript):
        part = part.value
    return part.id if isinstance(part, ast.Name) else None


def _is_given(statement: ast.stmt, name: str, upstream: list[str]) -> bool:
    """Whether a line only begins a sum or what is handed on, takes something out of a list, or hands on."""
    if not isinstance(statement, ast.Assign):
        return False
    value = ast.unparse(statement.value)
    if value.removesuffix(".copy()") in upstream:
        return True
    begins = value in ("0", "{}") or value.startswith("np.zeros") or isinstance(statement.value, _COMPREHENSIONS)
    return begins or value in (f"{name}_last", "saved.pop()", "list(saved)")


def _is_gradient(name: str, gradients: set[str]) -> bool:
    stem = name.removesuffix("_last").rstrip("_")
    return stem in gradients or stem.rpartition("_")[0] in gradients


def _set_in(lines: list[str]) -> set[str]:
    """The names that lines of code set."""
    nodes = ast.walk(ast.parse("\n".join(lines)))
    return {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}


def _blank(text: str) -> str:
    """A line with `...` in place of what it computes."""
    statement = _statement(text)
    if isinstance(statement, ast.Assign):
        return f"{ast.unparse(statement.targets[0])} = ..."
    if isinstance(statement, ast.AugAssign):
        return f"{ast.unparse(statement.target)} += ..."
    assert isinstance(statement, ast.Expr)
    assert isinstance(statement.value, ast.Call)
    array, index, _ = statement.value.args
    return f"np.add.at({ast.unparse(array)}, {ast.unparse(index)}, ...)"
