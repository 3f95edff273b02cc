"""Writes lengths and shapes: by their names, as those of a value at hand, or measured."""

from __future__ import annotations

from typing import Any

from backpropviz.code.binding import ATOM, Text
from backpropviz.code.cuts import Place, cut_by_loop
from backpropviz.code.lengths import mask_of, origins, same_shape
from backpropviz.code.sizes import SizeNames
from backpropviz.engine.graph import Node
from backpropviz.engine.named import Dim, Named, Shape, expression_of


class Measures(SizeNames):
    """Prints the lengths of the axes of one trace's values; `ValuePrinter` adds numbers and constant arrays."""

    at_hand: set[Node] | None
    measured: set[Node]
    frozen: set[str]
    _reproducible: set[str]

    def name(self, node: Node) -> str | None:
        """What `node` is called; None if it is written out where it is used."""
        raise NotImplementedError

    def argument(self, value: Any) -> str:
        """A call's argument: a node by reference, anything else as a literal."""
        raise NotImplementedError

    def _side(self, expression: Any) -> Text:
        raise NotImplementedError

    def _frozen(self, value: Any) -> Text:
        raise NotImplementedError

    def _usable(self, node: Node) -> bool:
        """Whether `node` has a name that can be used for its shape alone."""
        return self.name(node) is not None and (self.at_hand is None or node in self.at_hand)

    def _length(self, node: Node, axis: int) -> Text | Place | None:
        """A length by its name, or as the first axis at hand that it came from; None if it has to be measured."""
        usable: list[Place] = []
        for origin in origins(node, axis):
            if isinstance(origin, int):
                text, binds = self._side(expression_of(origin))
                if text and (binds == ATOM or not usable):
                    return text, binds
                break
            name = self.trace.dims.get(origin)
            if name in self._reproducible:
                self.sizes.add(str(name))
                return str(name), ATOM
            usable += [origin] * self._usable(origin[0])
            if not usable and (mask := mask_of(origin[0])) is not None:
                return f"np.count_nonzero({self.argument(mask)})", ATOM
        if not usable and isinstance(origin, tuple) and cut_by_loop(*origin):
            return origin
        return usable[-1] if usable else None

    def _dim(self, dim: Dim, value: Any) -> Text:
        length = self._length(dim.node, dim.axis)
        if length is None and not self.name(dim.node):
            return self._frozen(value)
        return self._measured(length or (dim.node, dim.axis))

    def _shape(self, shape: Shape) -> Text:
        lengths = self._lengths(shape.node, unknown=0)
        if not lengths:
            return self._measure(shape.node), ATOM
        inside = ", ".join(self._measured(length)[0] for length in lengths)
        return self._slice(lengths) or f"({inside}{'' if len(lengths) > 1 else ','})", ATOM

    def _new_shape(self, shape: Any) -> str:
        """The arguments of a reshape."""
        if not isinstance(shape, Shape):
            return ", ".join(map(self.argument, shape)) if isinstance(shape, tuple) and shape else self.argument(shape)
        some = shape.node.value.size > 0  # of nothing, NumPy cannot tell a length
        lengths = self._lengths(shape.node, unknown=int(some))
        if not lengths:
            return self._measure(shape.node)
        # one length may be left to NumPy: best one that is no input's and has no name
        computed = [at for at in lengths if at is None or (isinstance(at[0], Node) and at[0].primitive is not None)]
        left = computed[0] if len(computed) == 1 and some else None
        return ", ".join("-1" if at is left and computed and some else self._measured(at)[0] for at in lengths)

    def _lengths(self, node: Node, unknown: int) -> list[Any]:
        """Every axis of a node that is not at hand; none if more than `unknown` of them would have to be measured."""
        if any(self._usable(each) or _is_cut_by_loop(each) for each in same_shape(node)):
            return []
        before = set(self.sizes)
        lengths = [self._length(node, axis) for axis in range(node.value.ndim)]
        if lengths.count(None) > unknown:
            self.sizes = before
            return []
        return lengths

    def _measure(self, node: Node) -> str:
        """`x.shape`, of the node itself or of one at hand that has the same shape; `x[c : c + step].shape`."""
        node = next(filter(self._usable, same_shape(node)), node)
        if not self.name(node):
            part = next(filter(_is_cut_by_loop, same_shape(node)), None)
            if part is not None:
                return f"{self.argument(part)}.shape"
            self.frozen |= {str(length) for length in node.shape}
            return str(tuple(node.shape))
        self.measured.add(node)
        return f"{self.name(node)}.shape"

    def _measured(self, length: Text | Place) -> Text:
        node, axis = length
        return (f"{self._measure(node)}[{axis}]", ATOM) if isinstance(node, Node) else (node, axis)

    def _tail(self, values: tuple[Any, ...]) -> str:
        """`w.shape[2:]` for lengths of w that stand in a row; empty for any other tuple."""
        dims = [value.expression for value in values if isinstance(value, Named) and isinstance(value.expression, Dim)]
        if len(values) < 2 or len(dims) != len(values):
            return ""
        return self._slice([self._length(dim.node, dim.axis) or (dim.node, dim.axis) for dim in dims])

    def _slice(self, lengths: list[Any]) -> str:
        node, first = lengths[0]
        last = first + len(lengths) if isinstance(node, Node) else 0
        if not last or lengths != [(node, axis) for axis in range(first, last)] or not self.name(node):
            return ""
        whole = first == 0 and last == node.value.ndim
        return self._measure(node) + ("" if whole else f"[{first or ''}:{last if last < node.value.ndim else ''}]")


def _is_cut_by_loop(node: Node) -> bool:
    return any(cut_by_loop(node, axis) for axis in range(node.value.ndim))
