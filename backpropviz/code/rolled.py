"""Derived code with its loops, and the proof that it computes the gradients: it was run against the trace."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from backpropviz.code.listing import Listing
from backpropviz.code.looped import Writer, told
from backpropviz.code.places import Uneven
from backpropviz.code.program import Program
from backpropviz.code.reach import is_right
from backpropviz.engine.graph import Node
from backpropviz.engine.trace import Trace
from backpropviz.engine.verifying import record_with_constants
from backpropviz.errors import BackpropvizError


def rolled(
    trace: Trace,
    wanted: Sequence[Node] = (),
    reasons: list[str] | None = None,
    shelves: bool = False,
    apart: bool = False,
) -> Listing | None:
    """The backward pass of a trace whose function has loops; None where all of them have to be written out.

    Args:
        reasons: where it is None, is given why, loop by loop.
        shelves: keep the dictionaries and lists that loops go through, too.
        apart: give what is handed to the round before a name of its own, `dprev_last`.

    What it gives was run once on the trace's own inputs, and gave the trace's gradients. Its forward part computes what
    the backward pass reads, and `wanted`.
    """
    attempt = partial(_rolled, shelves=shelves, apart=apart)
    listing = attempt(trace, wanted, reasons)
    if listing is not None and not any(_left(listing)):
        return listing
    listing = _better(listing, attempt(trace, wanted, forks=True))
    if listing is not None and not any(_left(listing)):
        return listing
    # a first round may do less only because it finds a constant: 0.9 * m of m = np.zeros(3) is no operation of the run
    try:
        again = record_with_constants(trace)
        names = [node.name for node in wanted]
        named = [node for node in again.outputs if node.name in names]
        second = _better(attempt(again, named), attempt(again, named, forks=True))
    except BackpropvizError:
        return listing
    if second is None or not is_right(trace, second):
        return listing
    return _better(listing, second)


def _better(one: Listing | None, other: Listing | None) -> Listing | None:
    """Of two listings that with fewer loops and arrays written out; of equals, the first."""
    if one is None or other is None:
        return one or other
    return other if _left(other) < _left(one) else one


def _left(listing: Listing) -> tuple[int, int, bool]:
    """What a listing could not write as people do: loops, arrays, and what a round writes into one."""
    return len(listing.unrolled), len(listing.constants), "stored" in listing.helpers


def _rolled(
    trace: Trace,
    wanted: Sequence[Node],
    reasons: list[str] | None = None,
    forks: bool = False,
    shelves: bool = False,
    apart: bool = False,
) -> Listing | None:
    unrolled: dict[Any, str] = {}
    while True:
        try:
            program = Program(trace, frozenset(unrolled), forks=forks, shelves=shelves)
            if not program.has_loops():
                break
            listing = Writer(trace, program, unrolled, apart).listing(wanted)
            if is_right(trace, listing):
                return listing
            deepest = max((place.body.chain() for place in program.places()), key=len)
            raise Uneven(deepest[-1].site, "the backward pass of a round is not the same for all")
        except Uneven as uneven:
            if uneven.site in unrolled or uneven.site is None:
                break
            unrolled[uneven.site] = uneven.reason
    if reasons is not None:
        reasons += told(trace, unrolled)
    return None
