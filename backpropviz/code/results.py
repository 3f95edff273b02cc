"""Dictionaries and lists that derived forward passes return: begun before the loops, and filled round by round.

An update hands back as many arrays as there are parameters. Where a loop makes them, code puts each into what holds
them, under the key that the round goes by: `new_params[k] = params_k`.
"""

from __future__ import annotations

from backpropviz.code.entries import place_of
from backpropviz.code.listed import Lines
from backpropviz.code.places import Place, Uneven
from backpropviz.code.program import Program
from backpropviz.code.rolling import Roller
from backpropviz.engine.graph import Node
from backpropviz.engine.trace import Trace


class Results:
    """Writes what becomes of the values that a program hands back in dictionaries and lists.

    Attributes:
        results: what those are called, by what holds them; empty where code hands back none.
    """

    trace: Trace
    program: Program
    roller: Roller
    results: dict[str, str]

    def _result(self, node: Node) -> str:
        """The dictionary or list that an output is handed back in; empty for one by itself."""
        return self.results.get(self.trace.held[node][0], "") if node in self.trace.held else ""

    def _with_results(self, forward: Lines) -> Lines:
        """The forward pass with the dictionaries and lists that it fills: begun, and what no loop puts into them."""
        begun: Lines = []
        for root, name in self.results.items():
            held = {node: path for node, (its, path) in self.trace.held.items() if its == root}
            puts = [place for place, entry in self.program.handed_out.items() if entry.root == root]
            is_list = self._is_list(root)
            left = [node for node in held if not any(node in place.nodes for place in puts)]
            if any(len(path) > 1 for path in held.values()) or (is_list and (left or len(puts) > 1)):
                raise Uneven(puts[0].body.chain()[-1].site, "what is returned is put together in several places")
            begun.append(f"{name} = {'[]' if is_list else '{}'}")
            for node in left:
                forward.append(f"{name}{place_of(held[node])} = {self.roller._named(self.program.returned(node))}")
        return [*begun, *forward]

    def _is_list(self, root: str) -> bool:
        return all(type(path[0]) is int for its, path in self.trace.held.values() if its == root)

    def _put(self, place: Place) -> str:
        """The line that puts what a round made into what is returned."""
        entry = self.program.handed_out[place]
        name, value = self.results[entry.root], self.roller.written[place]
        return f"{name}.append({value})" if self._is_list(entry.root) else f"{name}{self.roller._at(entry)} = {value}"
