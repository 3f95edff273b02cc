"""The kinds of mistakes: what each is called and what it usually means."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from backpropviz.course.record import Case, Layer
from backpropviz.diagnose.student.recorder import Statement

WORDS: dict[str, str] = {
    "constant_factor": "a constant factor is missing or too many",
    "missing_factor": "a factor of the chain rule is missing",
    "sign": "a plus stands where a minus belongs, or the other way round",
    "missing_term": "one of the paths that meet here is missing: gradients of a value used twice add up",
    "extra_term": "something is in the expression that does not belong there",
    "extra_line": "this line undoes what is right before it",
    "wrong_axis": "the sum runs over the wrong axis",
    "not_summed": "what was broadcast in the forward pass has to be summed in the backward pass",
    "overwritten": "what stood there before is overwritten: a gradient that arrives in parts is accumulated with +=",
    "counted_once": "an index that occurs twice counts only once with +=: np.add.at adds up every time",
    "reversed": "this runs in the wrong direction: the last comes first",
    "accumulated": "the value is accumulated where it has to be assigned",
    "eps": "eps is forgotten, or stands in the wrong place",
    "ddof": "the variance of the batch is divided by N, not by N - 1",
    "wrong_power": "the exponent is wrong",
    "wrong_operand": "another value belongs here",
    "wrong_holder": "it is stored in another dictionary than the one where it is looked for",
    "wrong_operator": "another operation belongs here",
    "transposed": "the factors of the product are in the wrong order, or one is not transposed",
    "wrong_size": "a size is computed wrongly, and with it all that is made of it",
    "wrong_rounds": "the loop runs over other rounds than it should",
    "stride_pad": "stride or padding is left out of the position",
    "crop_at_pad_0": "the slice pad:-pad is empty when pad is 0",
    "integer_division": "a size has to be a whole number: // divides whole numbers in Python 3",
    "wrong_mask": "the mask picks the wrong entries",
    "mean_for_sum": "a mean stands where a sum belongs",
    "input_changed": "an array that belongs to the caller is changed in place",
    "gradient_order": "the gradients are returned in another order than the inputs are taken",
    "shape_kept": "the shape is not that of the input whose gradient it is",
    "shape_lost": "an axis of length 1 is needed to line up with the rest",
    "precision": "single precision loses half of the digits",
    "dropout_scale": "what is kept is not scaled so that its mean stays the same",
    "wrong_slice": "the slice takes the wrong entries",
    "missing_line": "a step is missing behind this line",
    "reset_in_loop": "the buffer is emptied in every turn of the loop",
    "returned_early": "the function returns in the first turn of the loop",
    "wrong_place": "the statement stands in the wrong block",
    "wrong_statistics": "another statistic belongs here",
    "test_mode": "the test mode has to do what training does, with the running statistics",
    "cache": "the cache holds something else than the backward pass takes out",
    "layout": "a reshape reorders entries: the axes have to be moved (transposed) first",
    "unstable": "it overflows for large inputs: subtract the maximum first",
    "not_finished": "the function is not finished",
    "crash": "the code fails",
    "discarded_result": "the result is computed and thrown away: it has to be assigned",
    "does_not_end": "a loop never stops, or takes far too long",
    "python_2": "this is Python 2",
    "syntax": "this is not Python",
    "wrong_blank": "the value is not the right one",
    "wrong_value": "the value is not the right one",
    "refused": "configurations that it has to take are refused",
    "not_confirmed": "what made it come out right before is not in the function itself",
    "wrong_function": "the result is not the right one",
}

MILD = ("input_changed", "precision")
"""What leaves results right that are not looked at again, or not to the last digit."""

_OF_ARITHMETIC = {
    "constant_factor", "missing_factor", "sign", "missing_term", "extra_term", "wrong_operand", "wrong_operator",
}  # fmt: skip


def refined(
    kind: str, layer: Layer, statement: Statement, cells: set[str], cases: Iterable[Case], every: Iterable[Case]
) -> str:
    """The kind that an edit stands for, made more precise by where the statement is and where it shows."""
    shown, ran = list(cases), list(every)
    text, node = statement.text, statement.node
    is_forward = any(cell in ("out", "loss", "next_h", "next_c", "h") for cell in cells)
    if cells and all(" again" in cell or " unchanged" in cell for cell in cells):
        return "input_changed"
    only_test = bool(shown) and all(case.settings.get("mode") == "test" for case in shown) and len(shown) < len(ran)
    if kind in layer.kinds:
        return "test_mode" if only_test else layer.kinds[kind]
    if only_test and kind not in ("crash", "input_changed"):
        return "test_mode"
    if kind == "crop_at_pad_0":
        pads = {case.settings.get("pad") for case in shown}
        is_zero = pads == {0} and any(case.settings.get("pad") for case in ran)
        return kind if is_zero or pads == {None} else "wrong_slice"
    packs = isinstance(node, ast.Return) or (
        isinstance(node, ast.Assign) and not isinstance(node.targets[0], ast.Tuple)
    )
    packs = packs and isinstance(getattr(node, "value", None), ast.Tuple) and not is_forward
    if kind in ("wrong_operand", "wrong_operator", "gradient_order", "missing_factor", "eps") and packs and not any(
        cell.startswith("d") for cell in cells if kind == "gradient_order"
    ):  # fmt: skip
        returns_gradients = isinstance(node, ast.Return) and "backward" in statement.function
        return kind if returns_gradients else "cache"
    if isinstance(node, ast.For) and kind in _OF_ARITHMETIC:
        return "wrong_rounds"
    if kind == "wrong_operand" and any(sign in text for sign in (" > ", " < ", ">=", "<=", "==", "np.where")):
        return "wrong_mask"
    if kind == "wrong_axis" and "axis" not in text:
        return kind
    return layer.sliced_kinds.get(kind, kind) if _in_slice(node) else kind


def of_change(before: ast.expr, after: ast.expr) -> str:
    """What sort of mistake it was, where another expression stands for a whole one now."""
    if isinstance(after, ast.BinOp) and before in (after.left, after.right):
        if isinstance(after.op, ast.Add | ast.Sub):
            return "missing_term"
        other = after.left if after.right is before else after.right
        is_plain = isinstance(other, ast.Constant | ast.Call) or ast.unparse(other).isupper()
        return "constant_factor" if is_plain else "missing_factor"
    names, others = (sorted(n.id for n in ast.walk(tree) if isinstance(n, ast.Name)) for tree in (before, after))
    is_product = isinstance(after, ast.BinOp) and isinstance(after.op, ast.MatMult)
    return "transposed" if is_product and names == others else "wrong_value"


def _in_slice(node: ast.stmt) -> bool:
    return any(isinstance(inner, ast.Slice) and (inner.lower or inner.upper) for inner in ast.walk(node))
