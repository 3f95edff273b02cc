"""Values and differences in words."""

from __future__ import annotations

from backpropviz.diagnose.runs import matching
from backpropviz.diagnose.runs.outcomes import Cell
from backpropviz.diagnose.search.sizes import Size


def size_words(size: Size) -> str:
    """One case in which a size is wrong: "Ho is 5 where 3 is needed"."""
    got, wanted = next((got, wanted) for got, wanted in zip(size.got, size.wanted) if got != wanted)
    return f"{size.name} is {got} where {wanted} is needed"


def called(name: str) -> str:
    """A right value in words: "the gradient of xhat" for dxhat."""
    if not name:
        return "an array"
    is_gradient = name.startswith("d") and name.isidentifier() and len(name) > 1
    return f"the gradient of {name[1:]}," if is_gradient else f"{name},"


def cell_words(name: str, cell: Cell, sizes: dict[str, int]) -> str:
    if name.endswith(" unchanged"):
        return f"{name.split()[0]}, which belongs to the caller, is not what it was"
    if name.endswith(" again"):
        return f"a second call with the same cache gives another {name.split()[0]}"
    if cell.trouble:
        return f"{name}: {cell.trouble}"
    return f"{name} {matching.describe(cell.got, cell.want, sizes)}"


def guessed_kind(words: str) -> str:
    """A kind from the evidence alone."""
    for sign, kind in (
        ("missing", "missing_term"), ("-1 times", "sign"), ("times the right value in every entry", "constant_factor"),
        ("times the right value", "missing_factor"),
        ("has shape", "shape_kept"), ("wrong places", "layout"), ("not finite", "unstable"), ("None", "not_finished"),
        ("kept", "dropout_scale"), ("not what it was", "input_changed"), ("masked", "wrong_mask"),
    ):  # fmt: skip
        if sign in words:
            return kind
    return "wrong_value"
