"""Recurrences over time with right backward passes by hand, and the slips that students make in them.

A text is a module with a pair of functions; a slip is (line as it is right, line as it is wrong).
"""

from tests.scans import cells, filters, gated, networks

RIGHT = {**filters.RIGHT, **networks.RIGHT, **gated.RIGHT, **cells.RIGHT}
SLIPS = {**filters.SLIPS, **networks.SLIPS, **gated.SLIPS, **cells.SLIPS}
UNNAMED = {
    ("gates", "carry = db[t]"),
    ("forget", "df = dc * prev"),
}
"""Slips that are found, but put down to another line of the round: one that reads what the round before hands on."""


def replaced(text: str, right: str, wrong: str) -> tuple[str, int]:
    """The text with a slip in the last place where the right line stands, and the line's number."""
    at = text.rindex(right)
    return text[:at] + wrong + text[at + len(right) :], text[:at].count("\n") + 1
