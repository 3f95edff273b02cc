"""Where the things of a board stand, before they have a place: stations, and the links between them.

The main input and every gate are one station each. Any other input stands right at its use: its box at the first, a
chip with its name at the others. That takes most of the long wires away.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from backpropviz.draw.board.record import Board, Gate, Use

_FAR = 5  # an input used more often than this is a chip at all uses but the first
_LIGHT = ("reshape", "transpose", "ravel", "squeeze", "copy", "a.T")


@dataclass(slots=True, eq=False)
class Station:
    """A gate or box at one place. `chip` says that an input's box stands elsewhere."""

    gate: Gate
    chip: bool = False
    entering: list[Link] = field(default_factory=list)
    leaving: list[Link] = field(default_factory=list)
    pins: list[Pin] = field(default_factory=list)

    @property
    def weight(self) -> float:
        return 0.6 if self.gate.inscription.startswith(_LIGHT) else 1.0


@dataclass(slots=True, eq=False)
class Link:
    """A use that is drawn as a wire between two stations."""

    use: Use
    tail: Station
    head: Station


@dataclass(slots=True, eq=False)
class Pin:
    """A use of an input whose box or chip hangs above the station that uses it."""

    use: Use
    gate: Gate
    chip: bool


def read_stations(board: Board) -> tuple[list[Station], Station | None]:
    """The stations in the order of the run, and that of the main input."""
    uses: dict[Gate, list[Use]] = defaultdict(list)
    entering: dict[Gate, list[Use]] = defaultdict(list)
    for use in board.uses:
        uses[use.tail].append(use)
        entering[use.head].append(use)
    main = _main_input(board, uses)
    wired = set(uses[main][:1] if main and len(uses[main]) > _FAR else uses[main] if main else ())
    own = {gate: Station(gate) for gate in board.gates if gate.kind != "input" or gate is main or not uses[gate]}
    stations: list[Station] = []
    shown: set[Gate] = set() if main is None else {main}
    for gate in board.gates:
        if gate.kind == "input":
            stations += [own[gate]] if gate in own else []
            continue
        station = own[gate]
        for use in entering[gate]:
            if use.tail.kind != "input" or use in wired:
                _link(use, own[use.tail], station)
        for use in entering[gate]:
            if use.tail.kind == "input" and use not in wired:
                chip = use.tail in shown
                shown.add(use.tail)
                if station.entering:
                    station.pins.append(Pin(use, use.tail, chip))
                else:  # nothing else leads here: the box stands to the left
                    stations.append(Station(use.tail, chip))
                    _link(use, stations[-1], station)
        stations.append(station)
    return stations, own.get(main) if main is not None else None


def _link(use: Use, tail: Station, head: Station) -> None:
    link = Link(use, tail, head)
    tail.leaving.append(link)
    head.entering.append(link)


def _main_input(board: Board, uses: dict[Gate, list[Use]]) -> Gate | None:
    """The first input that is no label, unless more gates depend on another."""
    inputs = [gate for gate in board.gates if gate.kind == "input" and uses[gate]]
    inputs = [gate for gate in inputs if gate.value is None or gate.value.dtype.kind == "f"] or inputs
    reached = {gate: len(_reached(gate, uses)) for gate in inputs[:20]}
    return max(reached, key=lambda gate: reached[gate], default=None)


def _reached(gate: Gate, uses: dict[Gate, list[Use]]) -> set[Gate]:
    found: set[Gate] = set()
    waiting = [gate]
    while waiting:
        for use in uses[waiting.pop()]:
            if use.head not in found:
                found.add(use.head)
                waiting.append(use.head)
    return found
