"""The first lines of loops in derived code: as written, or from the last round to the first.

A `for` over a range or a list keeps its head. One over the rows of an array counts them. A `while` becomes a `for`: a
backward pass has to know how often it ran, which a test on the way does not say.
"""

from __future__ import annotations

import ast
import builtins
import itertools
from typing import Any

from backpropviz.code.guards import Guards, names_in, value_of
from backpropviz.code.past import counted_by
from backpropviz.code.places import LoopItem, Place, Uneven
from backpropviz.code.printing import Printer
from backpropviz.engine.constants import Constructed
from backpropviz.engine.graph import Node, Round
from backpropviz.engine.looping import INDICES
from backpropviz.engine.named import Dim, Name, Named, Variable, expression_of
from backpropviz.engine.trace import Trace
from backpropviz.primitives.shapes import TAKE

_BEYOND = {ast.Lt: 0, ast.LtE: 1, ast.Gt: 0, ast.GtE: -1, ast.NotEq: 0}  # from a test's limit to a range's
_MIRRORED = {ast.Lt: ast.Gt, ast.LtE: ast.GtE, ast.Gt: ast.Lt, ast.GtE: ast.LtE, ast.NotEq: ast.NotEq}


class LoopHeads(Guards):
    """Heads of the loops of one program."""

    trace: Trace
    printer: Printer
    names: dict[Node, str]
    taken: set[Any]
    kept: set[str]  # dictionaries and lists that are taken whole
    counted: dict[LoopItem, str]  # what counts the rounds

    _with_start: set[Place]

    def _fresh(self, name: str) -> str:
        raise NotImplementedError

    def _written_list(self, place: Place) -> str:
        """The name of the list of what all rounds made, where code reads it."""
        raise NotImplementedError

    def _index(self, item: LoopItem) -> str:
        """The name of what counts the rounds of a loop; it gets one if it has none."""
        if item not in self.counted:
            name = counted_by(self.program, item)
            if name is None:
                name = next((each for each in INDICES if each not in self.taken | self.trace.taken()), "index")
                name = self._fresh(name)
            self.counted[item] = name
        return self.counted[item]

    def _head(self, item: LoopItem, backwards: bool) -> str:
        """The loop's first line.

        Raises:
            Uneven: what it runs over is not at hand outside of the function.
        """
        variables, iterable, note = self._through(item)
        index = self.counted.get(item)
        if index is not None and index != variables and index not in item.runs[0].rounds[0].variables:
            if variables == "_" and iterable.startswith("range("):
                variables = index
                iterable = iterable if is_from_zero(iterable) else f"range(len({iterable}))"
            else:
                variables = f"{index}, {f'({variables})' if ',' in variables else variables}"
                iterable = f"enumerate({iterable})"
        if backwards and iterable.startswith("reversed(range("):
            iterable = iterable.removeprefix("reversed(").removesuffix(")")
        elif backwards:
            note = ""
            iterable = f"reversed({iterable if _is_range(iterable) else f'list({iterable})'})"
        return f"for {variables} in {iterable}:{note}"

    def _through(self, item: LoopItem) -> tuple[str, str, str]:
        """The variables of a loop, what it goes through, and what there is to say about it."""
        over = self._array_of(item)
        if over is not None:  # its rows are taken out by their number
            index, array = over
            return index, *self._as_far(item, f"range({self.printer._dim(Dim(array, 0), array.shape[0])[0]})")
        if item.head.startswith("while"):
            return self._counting(item)
        variables, _, iterable = item.head.removeprefix("for ").partition(" in ")
        iterable = self._with_lengths(self._measured(self._by_root(iterable), item))
        for name in sorted(names_in(iterable)):
            if not self._is_at_hand(name, item):
                through = next((past for past in self.program.past.values() if past.loop is item), None)
                if through is not None and through.variable is None:  # a list that another loop made
                    less = " - 1" * (through.place in self._with_start)
                    return self._index(item), f"range(len({self._written_list(through.place)}){less})", ""
                raise Uneven(item.site, f"{name}, which it runs over, is not at hand")
        return variables, *self._as_far(item, iterable)

    def _as_far(self, item: LoopItem, iterable: str) -> tuple[str, str]:
        """What a loop goes through as far as it came: a `break` on a value says so in these rounds only."""
        if not any(run.left_early for run in item.runs) or self._guard(item) is not None:
            return iterable, ""
        rounds = {len(self.program.rounds_in(run)) for run in item.runs}
        if len(rounds) > 1:
            raise Uneven(item.site, "it is left after different numbers of rounds")
        often = rounds.pop()
        whole = iterable if _is_range(iterable) else f"list({iterable})"
        return f"{whole}[:{often}]", f"  # it was left after {often} rounds"

    def _by_root(self, expression: str) -> str:
        """An expression with `Ws` for `self.Ws`."""
        objects = self.program.shelves.objects if self.program.shelves is not None else {}
        for root in self.kept:
            expression = expression.replace(objects[root], root)
        return expression

    def _is_at_hand(self, name: str, item: LoopItem | None) -> bool:
        """Whether code outside of the function knows a name: a size, a setting, an input, a variable of a loop."""
        if name in self.printer._reproducible:
            self.printer.sizes.add(name)
            return True
        if name in self.kept:
            return True
        if name in self.trace.unchanged() and name in self.names.values():
            return True
        inside = (
            set()
            if item is None
            else {each for loop in item.parent.chain() for each in loop.runs[0].rounds[0].variables}
        )
        return name in inside or name in self.trace.settings or name in dir(builtins)

    def _measured(self, expression: str, item: LoopItem) -> str:
        """An expression with `padded.shape[1]` for H, after `_, H, W = padded.shape` in the loop."""
        places: dict[str, tuple[ast.expr, int]] = {}
        for size in self.trace.sizes:
            match ast.parse(size.statement).body:
                case [ast.Assign([ast.Tuple(targets)], ast.Attribute(ast.Name(), "shape") as shape)]:
                    places |= {ast.unparse(name): (shape, axis) for axis, name in enumerate(targets)}

        class Names(ast.NodeTransformer):
            def visit_Name(inner, node: ast.Name) -> ast.expr:  # noqa: N805
                if node.id not in places or self._is_at_hand(node.id, item):
                    return node
                shape, axis = places[node.id]
                return ast.Subscript(shape, ast.Constant(axis), ast.Load())

        return _rewritten(expression, Names())

    def _with_lengths(self, expression: str) -> str:
        """An expression with lengths of values that code need not compute, `out.shape[0]`, written by sizes."""

        def written(node: ast.expr) -> ast.expr:
            found = self._length_of(node)
            return node if found is None else ast.parse(found, mode="eval").body

        class Lengths(ast.NodeTransformer):
            def visit_Subscript(self, node: ast.Subscript) -> Any:
                return written(self.generic_visit(node))  # type: ignore[arg-type]

            def visit_Call(self, node: ast.Call) -> Any:
                return written(self.generic_visit(node))  # type: ignore[arg-type]

        return _rewritten(expression, Lengths())

    def _length_of(self, node: Any) -> str | None:
        """`out.shape[0]` or `len(out)` of a value of the function, by what its length was made from."""
        match node:
            case ast.Subscript(ast.Attribute(ast.Name(name), "shape"), ast.Constant(int(axis))):
                pass
            case ast.Call(ast.Name("len"), [ast.Name(name)]):
                axis = 0
            case _:
                return None
        if name in self.trace.inputs:
            return None
        for place in self.program.places():
            step = place.template.step
            if step is None or step.written != name or step.node is not place.template:  # or a part of its statement
                continue
            while place.carried is not None and isinstance(place.carried.start, Place):
                place = place.carried.start
            start = place.template.value if place.carried is None else place.carried.start
            made, _ = self.trace.constants.get(id(start), (None, None))
            if isinstance(made, Constructed) and made.args:
                shape = made.args[0]
                if isinstance(shape, Node):
                    return self.printer._dim(Dim(shape, axis), shape.shape[axis])[0]
                lengths = shape if isinstance(shape, tuple) else (shape,)
                return self.printer.argument(lengths[axis]) if len(lengths) > axis else None
            return self.printer._dim(Dim(place.template, axis), place.template.shape[axis])[0]
        return None

    @staticmethod
    def _array_of(item: LoopItem) -> tuple[str, Node] | None:
        """The array whose rows a loop runs over, with the name of the number of the round."""
        for place in item.body.items:
            if isinstance(place, Place) and place.primitive is TAKE and isinstance(place.template.args[1], Named):
                variable = place.template.args[1].expression
                if isinstance(variable, Variable) and variable.round.loop.site == item.site and place.is_fetched:
                    return variable.name, place.template.args[0]
        return None

    # ---- while -------------------------------------------------------------------------------------------------------

    def _counting(self, item: LoopItem) -> tuple[str, str, str]:
        """A `while` as a range: of what it counts with, as far as its test says, or else as far as it came."""
        rounds = [self.program.rounds_in(run) for run in item.runs]
        often = {len(run) for run in rounds}
        for name in rounds[0][0].variables:
            steps = {value_of(b, name) - value_of(a, name) for run in rounds for a, b in itertools.pairwise(run)}
            if len(steps) != 1 or 0 in steps:
                continue
            (step,) = steps
            start = self._first(rounds, name)
            limit = self._limit(item, name, step)
            note = ""
            if limit is None:
                if len(often) > 1 or start is None:
                    break
                note = f"  # {item.head}: as often as with these inputs"
                limit = str(value_of(rounds[0][0], name) + step * next(iter(often)))
            if start is None:
                break
            parts = [start, limit, *([str(step)] if step != 1 else [])]
            return name, f"range({', '.join(parts[1:] if parts[0] == '0' and step == 1 else parts)})", note
        if len(often) > 1:
            raise Uneven(item.site, "it runs as often as its values say")
        return "_", f"range({often.pop()})", f"  # {item.head}: as often as with these inputs"

    def _first(self, rounds: list[list[Round]], name: str) -> str | None:
        starts = {self._begun_with(name, run[0].variables[name]) for run in rounds}
        return starts.pop() if len(starts) == 1 else None

    def _begun_with(self, name: str, value: Any) -> str:
        """What a counter starts from; one that is a size itself, `t = T - 1`, by the statement that made it."""
        if isinstance(expression_of(value), Name) and expression_of(value).name == name:
            made = next((size.statement for size in self.trace.sizes if size.names == (name,)), "")
            code = made.partition("=")[2].strip()
            if code and all(self._is_at_hand(each, None) for each in names_in(code)):
                return self._with_lengths(code)
        return self.printer.argument(value)

    def _limit(self, item: LoopItem, name: str, step: int) -> str | None:
        """Where the range of a counter ends by the test of its `while`, `k < n`; None if that is about values."""
        test = ast.parse(item.head.removeprefix("while "), mode="eval").body
        if not isinstance(test, ast.Compare) or len(test.ops) != 1:
            return None
        left, right, sign = test.left, test.comparators[0], type(test.ops[0])
        if isinstance(right, ast.Name) and right.id == name:
            left, right, sign = right, left, _MIRRORED.get(sign, sign)
        if not isinstance(left, ast.Name) or left.id != name or sign not in _BEYOND:
            return None
        if sign is not ast.NotEq and (sign in (ast.Lt, ast.LtE)) != (step > 0):
            return None
        text = self._with_lengths(ast.unparse(right))
        if not all(self._is_at_hand(each, item) for each in names_in(text)):
            return None
        more = _BEYOND[sign]
        if isinstance(right, ast.Constant) and isinstance(right.value, int):
            return str(right.value + more)
        return f"{text} {'+' if more > 0 else '-'} 1" if more else text


def _rewritten(expression: str, transformer: ast.NodeTransformer) -> str:
    """An expression after a change of its tree; spelled as it was where nothing is changed."""
    tree = ast.parse(expression, mode="eval")
    before = ast.unparse(tree)
    after = ast.unparse(transformer.visit(tree))
    return expression if before == after else after


def _is_range(iterable: str) -> bool:
    """Whether it is a range, or a part of one: what can be run through from its end."""
    call = ast.parse(iterable, mode="eval").body
    while isinstance(call, ast.Subscript):
        call = call.value
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "range"


def is_from_zero(iterable: str) -> bool:
    """Whether a range, or a part of one, counts from 0."""
    call = ast.parse(iterable, mode="eval").body
    while isinstance(call, ast.Subscript):
        call = call.value
    return isinstance(call, ast.Call) and len(call.args) == 1
