"""Python's collector, while a record is written.

What a run makes is all kept. The collector would go through the whole of it again and again to find that out: up to a
third of the time of a long run.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """Within, nothing is searched for reference cycles."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
