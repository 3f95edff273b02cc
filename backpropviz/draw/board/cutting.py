"""Where a long board is cut into rows of the page: behind the columns where that tears least apart."""

from __future__ import annotations

from bisect import bisect_left

from backpropviz.draw.board.spacing import Spacer

MANY = 150  # gates; more cannot be read on a slide, however they are laid
_PARTED = 5  # wires that go on in the next row of a page, rather than one that parts a box from its gate


def filling(spacer: Spacer, room: float) -> tuple[int, ...]:
    """The columns after which a board is cut so that every row fits, with few rows and few wires cut. No row has only
    boxes, or only ends."""
    x, last = spacer.uncut, spacer.last
    running = _running(spacer)
    column = spacer.grid.column
    first = min((column[each] for each in column if each.gate.kind != "input"), default=last)
    final = max((column[each] for each in column if each.gate.kind != "end"), default=last)
    best: dict[int, tuple[float, tuple[int, ...]]] = {0: (0.0, ())}
    for end in (*range(first + 1, final + 1), last + 1):
        for start in (0, *range(first + 1, min(end, final + 1)))[::-1]:
            wide = x[end] - x[start]
            if wide > room and end in best:
                break
            cost, cuts = best[start]
            cost += 1 + 0.2 * (1 - wide / room) ** 2 + (0.15 * running[end - 1] if end <= last else 0.0)
            if end not in best or cost < best[end][0]:
                best[end] = cost, (*cuts, end - 1) if end <= last else cuts
    return best[last + 1][1]


def even(spacer: Spacer, rows: int) -> tuple[int, ...]:
    """The columns after which a board is cut into rows of about the same width, through as few wires as can be."""
    if rows == 1:
        return ()
    x, last = spacer.uncut, spacer.last
    target = x[-1] / rows
    if last > MANY:  # too many columns to weigh every way to cut them
        return tuple(sorted({bisect_left(x, target * number) - 1 for number in range(1, rows)} & set(range(last))))
    running = _running(spacer)
    # the cheapest cuts before every column, row after row: uneven rows cost, and so do the wires that are cut
    cheapest: dict[int, tuple[float, tuple[int, ...]]] = {0: (0.0, ())}
    for number in range(1, rows + 1):
        following: dict[int, tuple[float, tuple[int, ...]]] = {}
        for start, (cost, cuts) in cheapest.items():
            for end in range(start + 1, last + 2) if number < rows else (last + 1,):
                uneven = (abs(x[end] - x[start] - target) / target) ** 2
                total = cost + uneven + (0.05 * running[end - 1] if end <= last else 0.0)
                if end not in following or total < following[end][0]:
                    following[end] = total, (*cuts, end - 1) if end <= last else cuts
        cheapest = following
    return cheapest[last + 1][1] if last + 1 in cheapest else ()


def _running(spacer: Spacer) -> list[int]:
    """How many level wires run on behind every column; one counts more that would part a box from its gate."""
    running: list[dict[object, int]] = [{} for _ in range(spacer.last + 1)]
    for route in spacer.grid.routes:
        station = route.link.tail
        tail, head = spacer.grid.column[station], spacer.grid.column[route.link.head]
        for column in range(tail, head):
            parted = column == tail and station.gate.kind == "input"
            running[column][station, route.row] = _PARTED if parted else 1
    return [sum(wires.values()) for wires in running]
