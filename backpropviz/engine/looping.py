"""Loops while they run: each time around is a round, with what it made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from backpropviz.engine.constants import Frame
from backpropviz.engine.graph import Loop, Round
from backpropviz.engine.named import Variable, named, plain
from backpropviz.engine.reports import Site
from backpropviz.engine.slate import now
from backpropviz.engine.stepping import StepRecorder
from backpropviz.engine.tape import endless
from backpropviz.primitives.shapes import TAKE

INDICES = ("i", "j", "k", "m", "p", "q")


class LoopRecorder(StepRecorder):
    """A tape that knows the loops its steps were made in."""

    def __init__(self, held: set[str], held_arrays: set[str]) -> None:
        super().__init__(held, held_arrays)
        self.loops: list[Loop] = []
        self._indices: dict[Any, str] = {}  # what counts the rounds of a loop over an array, by its site
        self.reserved: set[str] = set()  # names that the function uses

    def rounds(self, site: Site, iterable: Any) -> Iterator[Any]:
        """The values that a loop goes through; each is a round."""
        frame = self._frames[-1]
        loop = self._loop(site, frame)
        iterator = iter(now(iterable))
        while True:
            round_ = self._begin_round(frame, loop)  # what fetching a value computes belongs to its round
            try:
                value = next(iterator)
            except StopIteration:
                loop.rounds.pop()
                frame.round = loop.around
                return
            if len(site.names) == 1:
                value = self._variable(round_, site.names[0], value)
            elif type(value) is tuple and len(value) == len(site.names):
                value = tuple([self._variable(round_, name, part) for name, part in zip(site.names, value)])
            if round_.nodes.start < len(self.nodes):
                self._index(round_)
            loop.left_early = True  # until it goes on
            try:
                yield value
                loop.left_early = False
            finally:
                self._end_round(frame, loop)

    def _index(self, round_: Round) -> None:
        """`for row in x` takes `x[i]`: the number of the round is a variable, with a name of its own if it has none."""
        fetched = self.nodes[round_.nodes.start :]
        number, loop = round_.number, round_.loop
        if any(node.primitive is not TAKE or node.args[1] is not number for node in fetched):
            return
        if loop.site not in self._indices:
            counting = (name for name, value in round_.variables.items() if type(plain(value)) is int and value == 0)
            around = {name for each in self.loops for name in each.rounds[0].variables}
            free = (name for name in INDICES if name not in self.reserved | around | set(self._names))
            self._indices[loop.site] = next(counting, None) or next(free, "index")
        name = self._indices[loop.site]
        round_.variables.setdefault(name, number)
        for node in fetched:
            node.args = (node.args[0], named(number, Variable(name, round_, number)))

    @staticmethod
    def _variable(round_: Round, name: str, value: Any) -> Any:
        round_.variables[name] = value
        number = plain(value)
        return named(number, Variable(name, round_, number)) if type(number) in (int, float) else value

    def again(self, site: Site, test: Any) -> Any:
        """The test of a `while`, each time: if it holds, a round begins."""
        frame = self._frames[-1]
        running = self._running(site, frame)
        if running is not None:
            self._end_rounds(frame, running)
        if not test:
            return False
        self._begin_round(frame, running or self._loop(site, frame))
        return True

    @staticmethod
    def _running(site: Site, frame: Frame) -> Loop | None:
        """The loop of a `while`, if one of its rounds is running."""
        round_ = frame.round
        while round_ is not None and (round_.loop.line, round_.loop.head) != (site.line, site.statement):
            round_ = round_.loop.around
        return None if round_ is None else round_.loop

    def _end_rounds(self, frame: Frame, loop: Loop) -> None:
        """End a loop's round, and those of loops within it that an error left."""
        while frame.round is not None and frame.round.loop is not loop:
            self._end_round(frame, frame.round.loop)
        self._end_round(frame, loop)

    def counted(self, name: str, value: Any) -> Any:
        """What a loop counts with besides its variables, at the start of a round."""
        round_ = self._frames[-1].round
        if round_ is None or type(plain(value)) is not int:
            return value
        return self._variable(round_, name, value)

    def left(self, site: Site) -> None:
        """After a `while`, however it ended."""
        frame = self._frames[-1]
        running = self._running(site, frame)
        if running is not None:
            running.left_early = True
            self._end_rounds(frame, running)

    def _loop(self, site: Site, frame: Frame) -> Loop:
        loop = Loop(site.statement, site.file, site.line, frame.group, frame.round)
        self.loops.append(loop)
        return loop

    def _begin_round(self, frame: Frame, loop: Loop) -> Round:
        nodes, steps = len(self.nodes), len(self.steps)
        if len(loop.rounds) >= self.longest:
            raise endless(f"{self.longest:,} rounds of `{loop.head}`")
        frame.round = Round(loop, len(loop.rounds), {}, range(nodes, nodes), range(steps, steps))
        loop.rounds.append(frame.round)
        return frame.round

    def _end_round(self, frame: Frame, loop: Loop) -> None:
        round_ = loop.rounds[-1]
        round_.nodes = range(round_.nodes.start, len(self.nodes))
        round_.steps = range(round_.steps.start, len(self.steps))
        frame.round = loop.around
