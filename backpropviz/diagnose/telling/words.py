"""Values and differences in words."""

from __future__ import annotations

from backpropviz.diagnose.runs.matching import Difference, describe
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


def cell_difference(name: str, cell: Cell, sizes: dict[str, int]) -> Difference:
    """What is wrong with one thing that was checked."""
    if name.endswith(" unchanged"):
        return Difference(f"{name.split()[0]}, which belongs to the caller, is not what it was", "input_changed")
    if name.endswith(" again"):
        return Difference(f"a second call with the same cache gives another {name.split()[0]}")
    if cell.trouble:
        return Difference(f"{name}: {cell.trouble}", cell.kind)
    its = describe(cell.got, cell.want, sizes)
    return its._replace(words=f"{name} {its.words}")


_TELLING = (
    "sign", "constant_factor", "missing_factor", "shape_kept", "layout", "unstable", "not_finished", "dropout_scale",
    "input_changed", "wrong_mask",
)  # fmt: skip
"""What differences say of a mistake, what says most first."""


def guessed_kind(differences: list[Difference]) -> str:
    """A kind from the evidence alone."""
    found = {its.kind for its in differences}
    return next((kind for kind in _TELLING if kind in found), "wrong_value")
