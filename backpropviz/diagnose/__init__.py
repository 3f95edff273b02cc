"""Finds the first wrong line in a hand-written NumPy forward and backward pass.

    from backpropviz.diagnose import diagnose, render_text
    print(render_text(diagnose("layers.py")))

`diagnose` runs the file in a child process and returns plain records (verdict.py). investigate.py has the verdict on a
pair, trail.py goes from one wrong line to the next. Rooms:

    student     the file: read as it is, classes taken apart, run inside limits, its work counted, every value watched
    pairs       which functions go together, how they are called, and what is right for them
    runs        a pair on its configurations: what came out, how it differs from what is right, and what it weighs
    search      for the line: statements ranked, right values put in their place, edits tried and proved, expressions
                found from the value they should have
    edits       the usual slips, each as the edit that undoes it
    telling     what was found, in words: findings, kinds, hints, the page of a wrong line
    judge       right values and scores, in a process that never ran the student's code
    processes   how the child is started, asked, and believed
"""

from backpropviz.diagnose.displayed import make_callable
from backpropviz.diagnose.processes.runner import diagnose
from backpropviz.diagnose.telling.render import render_text
from backpropviz.diagnose.verdict import FileReport, Finding, FunctionReport

make_callable(__name__)  # `bp.diagnose(forward, backward)`: the package goes by the function's name

__all__ = ["FileReport", "Finding", "FunctionReport", "diagnose", "render_text"]
