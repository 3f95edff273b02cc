"""Which rounds of a trace's loops are shown: of a loop one, or all where it is expanded."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator
from itertools import groupby

import numpy as np

from backpropviz.engine.graph import Group, Loop, Round, Step
from backpropviz.engine.named import plain
from backpropviz.engine.numbering import bare_number
from backpropviz.engine.trace import Trace
from backpropviz.errors import InputError

_PAIR = re.compile(r"\s*([^\s=]+)\s*=\s*(\S+)\s*")
_NUMBER = re.compile(r"-?\d+")


class Rounds:
    """A choice of rounds.

    Args:
        chosen: what `--round` says: a number, counted from 0 in the outermost loops (from the end if it is negative),
            or values of loop variables, `n=0,i=1`. Without it, the first round that makes the steps that most make.
        expand: the loops of which every round is shown, by their head or variable; `loop` means all.

    Raises:
        InputError: there is no such round.
    """

    def __init__(self, trace: Trace, chosen: str | None = None, expand: Collection[str] = ()):
        self.trace, self.expand = trace, set(expand)
        self.chains = {step: rounds_of(step) for step in trace.steps} if trace.loops else {}
        made = {round_ for chain in self.chains.values() for round_ in chain}
        # a comprehension that is an expression within one step is no entry of its own
        self.loops = [loop for loop in trace.loops if not made.isdisjoint(loop.rounds)]
        self._with_steps = made
        known = {"loop"} if trace.loops else set[str]()
        known |= {word for loop in trace.loops if loop.rounds for word in (loop.head, *loop.rounds[0].variables)}
        self.others_than_loops = [word for word in expand if word not in known]  # calls, to be opened
        self._choice: dict[Loop, Round] = {}
        self._wanted = self._parsed(chosen) if chosen is not None else {}
        self.steps = [step for step in trace.steps if self.shows(step)]
        self._check_found()

    # ---- what was asked for ------------------------------------------------------------------------------------------

    def _parsed(self, chosen: str) -> dict[str, str]:
        if not self.loops:
            raise InputError(f"--round {chosen}: {self.trace.function} has no loops", fix="Leave it out.")
        if _NUMBER.fullmatch(chosen.strip()):
            return {"": chosen.strip()}
        pairs = [_PAIR.fullmatch(pair) for pair in chosen.split(",")]
        there = list(dict.fromkeys(name for loop in self.loops for name in loop.rounds[0].variables))
        example = ",".join(f"{name}={_written(self._value(name))}" for name in there)
        fix = f"Give a number, such as 0{f', or values of loop variables: {example}' if there else ''}."
        if not all(pairs):
            raise InputError(f"--round {chosen} is no round", fix=fix)
        wanted = {pair[1]: pair[2] for pair in pairs if pair}
        for name in wanted:
            if name not in there:
                raise InputError(f"--round {chosen}: no loop runs over {name}", fix=fix)
        return wanted

    def _value(self, name: str) -> object:
        return next(loop.rounds[0].variables[name] for loop in self.loops if name in loop.rounds[0].variables)

    def _check_found(self) -> None:
        """That the loops that are shown run over everything that was asked for."""
        shown = {name for loop in self._choice for name in loop.rounds[0].variables}
        missing = [name for name in self._wanted if name and name not in shown and not self._is_expanded_over(name)]
        if missing:
            raise InputError(
                f"the loop over {missing[0]} does not run in the round that is shown",
                fix="Choose the rounds around it so that it does.",
            )

    def _is_expanded_over(self, name: str) -> bool:
        return any(name in loop.rounds[0].variables and self.is_expanded(loop) for loop in self.loops)

    def is_expanded(self, loop: Loop) -> bool:
        return not self.expand.isdisjoint(("loop", loop.head, *loop.rounds[0].variables))

    def choice(self, loop: Loop) -> Round:
        """The round of a loop that is shown.

        Raises:
            InputError: it has none like the one that was asked for.
        """
        if loop not in self._choice:
            self._choice[loop] = self._chosen(loop)
        return self._choice[loop]

    def _chosen(self, loop: Loop) -> Round:
        rounds = loop.rounds
        asked = {name: self._wanted[name] for name in rounds[0].variables if name in self._wanted}
        for name, value in asked.items():
            rounds = [round_ for round_ in rounds if _written(round_.variables[name]) == value]
            if not rounds:
                there = list(dict.fromkeys(_written(round_.variables[name]) for round_ in loop.rounds))
                values = ", ".join(there) if len(there) <= 12 else f"{there[0]} to {there[-1]}"
                raise InputError(f"{name} is never {value} in `{loop.head}`", fix=f"It is {values}.")
        if "" in self._wanted and loop.outer is None:
            number = int(self._wanted[""])
            if not -len(rounds) <= number < len(rounds):
                count = f"{len(rounds)} round{'' if len(rounds) == 1 else 's'}"
                raise InputError(f"`{loop.head}` has {count}", fix=f"Choose one of 0 to {len(rounds) - 1}.")
            return rounds[number]
        return self._usual([round_ for round_ in rounds if round_ in self._with_steps] or rounds)

    def _usual(self, rounds: list[Round]) -> Round:
        """The first of those that do as most do: where a scan begins with zeros, its first round makes fewer steps."""
        lines = {round_: tuple(self._lines(round_)) for round_ in rounds}
        ((most, _),) = Counter(lines.values()).most_common(1)
        return next(round_ for round_ in rounds if lines[round_] == most)

    # ---- what is shown -----------------------------------------------------------------------------------------------

    def shows(self, step: Step) -> bool:
        return all(
            self.is_expanded(round_.loop) or self.choice(round_.loop) is round_ for round_ in self.chains.get(step, ())
        )

    def label(self, thing: Step | Group) -> str:
        """A number that no other thing shown has: "3", or "3[1,0]" where loops around it are expanded."""
        chain = self.chains.get(thing, ()) if isinstance(thing, Step) else rounds_around(thing)
        return thing.label if any(self.is_expanded(round_.loop) for round_ in chain) else bare_number(thing.label)

    def shown(self) -> Iterator[Loop]:
        """The loops of which something is shown, in the order they began."""
        inside = {round_.loop for step in self.steps for round_ in self.chains.get(step, ())}
        return (loop for loop in self.loops if loop in inside)

    def only_runs(self, loop: Loop) -> Loop | None:
        """The loop that a loop's body consists of, if it makes no steps besides."""
        steps = [step for step in self.steps if any(round_.loop is loop for round_ in self.chains[step])]
        inner = {
            chain[depth + 1].loop if depth + 1 < len(chain) else None for chain, depth in self._places(steps, loop)
        }
        return inner.pop() if len(inner) == 1 else None

    def _places(self, steps: list[Step], loop: Loop) -> Iterator[tuple[tuple[Round, ...], int]]:
        for step in steps:
            chain = self.chains[step]
            yield chain, next(depth for depth, round_ in enumerate(chain) if round_.loop is loop)

    def others(self, loop: Loop) -> int:
        """How many rounds do not make the same steps as the one shown."""
        shown = self._lines(self.choice(loop))
        return sum(self._lines(round_) != shown for round_ in loop.rounds)

    def _lines(self, round_: Round) -> list[int]:
        """The lines that a round runs through, each as often as it comes anew."""
        steps = self.trace.steps[round_.steps.start : round_.steps.stop]
        return [line for line, _ in groupby(step.line for step in steps)]


def describe(round_: Round) -> str:
    """`t = 3`, or for a loop without variables, or over arrays, `round 3`."""
    values = {name: plain(value) for name, value in round_.variables.items() if name != "_"}
    # by its type: a traced number says that it is a float
    shown = {name: value for name, value in values.items() if issubclass(type(value), (int, float, str))}
    texts = [f"{name} = {_written(value)}" for name, value in shown.items()]
    return ", ".join(texts) or f"round {round_.number}"


def _written(value: object) -> str:
    value = plain(value)
    return str(value.item() if issubclass(type(value), np.generic) else value)  # type: ignore[attr-defined]


def _around(round_: Round | None, group: Group | None) -> Round | None:
    """The innermost round around what stands in a round, if in any, of its own call: also one further out."""
    while round_ is None and group is not None:
        round_, group = group.round, group.parent
    return round_


def rounds_around(group: Group) -> tuple[Round, ...]:
    """The rounds that a function was called in, the outermost first."""
    return outwards(_around(group.round, group.parent))


def rounds_of(step: Step) -> tuple[Round, ...]:
    """The rounds that a step was made in, also those of loops in the functions around it; the outermost first."""
    return outwards(_around(step.round, step.group))


def outwards(round_: Round | None) -> tuple[Round, ...]:
    rounds: list[Round] = []
    while round_ is not None:
        rounds.append(round_)
        round_ = round_.loop.outer
    return tuple(rounds[::-1])
