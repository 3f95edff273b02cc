"""Both passes of a trace as data that a page can run again: which entry is computed from which, and how."""

from backpropviz.draw.player.program.writing import program

__all__ = ["program"]
