"""What NumPy's messages say about sizes: which two should be equal, or below which bound an index should be."""

from __future__ import annotations

import itertools
import re

LARGEST = 256
"""No made-up axis is longer."""

_TWO_SIZES = re.compile(
    r"\(size (\d+) is different from (\d+)\)|: (\d+) \(dim \d+\) != (\d+) \(dim \d+\)|"
    r"has size (\d+) and the array at index \d+ has size (\d+)|"
    r"axis is (\d+) but (?:size of )?corresponding boolean (?:axis|dimension) is (\d+)"
)
_ASSERTED = re.compile(r"asserted (\([\d, ]*\)) == (\([\d, ]*\))")


def mismatches(problem: str) -> list[tuple[int, int]]:
    """The sizes that NumPy says should be equal, in pairs."""
    if found := _TWO_SIZES.search(problem):
        a, b = (int(size) for size in found.groups() if size is not None)
        return [(a, b)] if max(a, b) <= LARGEST else []
    if said := _ASSERTED.search(problem):
        sides = [[int(n) for n in re.findall(r"\d+", side)] for side in said.groups()]
        alike = len(sides[0]) == len(sides[1])
        return [(a, b) for a, b in zip(*sides) if a != b and max(a, b) <= LARGEST] if alike else []
    if "broadcast" not in problem:
        return []
    remapped = re.findall(r"->\(([^)]*)\)", problem) or re.findall(r"\(([\d,newaxis ]*)\)", problem)
    shapes = [tuple(int(n) if n.isdigit() else 1 for n in text.split(",") if n.strip()) for text in remapped]
    pairs = []
    for one, other in itertools.combinations(filter(None, shapes), 2):
        pairs += [
            (a, b) for a, b in zip(reversed(one), reversed(other)) if a != b and min(a, b) > 1 and max(a, b) <= LARGEST
        ]
    return pairs


def reshape(problem: str) -> tuple[int, tuple[int, ...]]:
    """How many entries there are, and the shape that does not hold them; 0 and () for another message."""
    found = re.search(r"cannot reshape array of size (\d+) into shape \(([\d, ]+)\)", problem)
    return (int(found[1]), tuple(int(n) for n in found[2].split(",") if n.strip())) if found else (0, ())


def label_bound(problem: str) -> int:
    """The bound that labels should stay below; 0 for another message."""
    if "invalid entry in choice array" in problem:
        return 2
    found = re.search(r"out of bounds for axis \d+ with size (\d+)", problem)
    return int(found[1]) if found else 0
