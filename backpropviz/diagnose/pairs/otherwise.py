"""A pair of functions that is called in another way than `forward(x)` and `backward(dout, cache)`."""

from __future__ import annotations

from backpropviz.diagnose.pairs import recognition
from backpropviz.diagnose.pairs.binding import CannotCall, TakesTooLong, parameters
from backpropviz.diagnose.pairs.protocols import adapting
from backpropviz.diagnose.pairs.protocols.names import CACHE, TARGET, UPSTREAM, roles
from backpropviz.diagnose.pairs.protocols.record import GoesOn, NoFit
from backpropviz.diagnose.pairs.protocols.subjects import optional_targets
from backpropviz.diagnose.pairs.protocols.supposed import one_index
from backpropviz.diagnose.pairs.recognition import Pair
from backpropviz.diagnose.pairs.signatures import returned
from backpropviz.diagnose.student.program import Program
from backpropviz.layers.reading import read


def around(program: Program, pair: Pair) -> Pair:
    """The pair in functions that call it the way that fits best.

    Raises:
        CannotCall: none fits; the text says what was tried.
    """
    try:
        adapter = adapting.around_functions(pair.layer.name, pair.forward, pair.backward, program.student)
    except NoFit as error:
        raise (TakesTooLong if isinstance(error, GoesOn) else CannotCall)(str(error)) from None
    program.add(adapting.add(program.student, adapter))
    return recognition.own(pair.layer.name, adapter.forward, adapter.backward)


def is_whole(program: Program, pair: Pair) -> bool:
    """Whether no gradient arrives from above: a loss that gives its gradients as well looks something up by one index
    (a word's vector), or takes all its parameters in one vector, or gives scores alone where it is given no targets; or
    a backward pass takes what the forward pass took and kept, and targets, alone.
    """
    function = program.function(pair.forward)
    takes = [p.name for p in parameters(function) if p.default is p.empty]
    if pair.backward is None:
        optional = optional_targets(program.definitions[pair.forward])
        return bool(optional or one_index(function, takes) or read(function).flat)
    again = [p.name for p in parameters(program.function(pair.backward)) if p.default is p.empty]
    rest = [roles(name) for name in again if name not in takes]
    return bool(rest) and all({CACHE, TARGET} & {*its} and UPSTREAM not in its for its in rest)


def is_usual(program: Program, pair: Pair) -> bool:
    """Whether names say that a pair is called as it was: what is wrong then is the student's."""
    its = program.student.wrapped.get(pair.forward)
    if its is not None:
        return bool(its.is_sure)
    if pair.backward is None:
        return True
    first, *rest = [p.name for p in parameters(program.function(pair.backward)) if p.default is p.empty] or [""]
    known = {p.name.lower() for p in parameters(program.function(pair.forward))}
    named = [CACHE in roles(name) or name.lower() in known or len(rest) == 1 for name in rest]
    of_result = first in {f"d{name}" for name in returned(program, pair.forward)[:1] if name}  # `dest`, of `est`
    return (UPSTREAM in roles(first) or of_result) and first not in known and bool(rest) and all(named)
