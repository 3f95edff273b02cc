"""Finds the first wrong line in a hand-written NumPy forward and backward pass.

    from backpropviz.diagnose import diagnose, render_text
    print(render_text(diagnose("layers.py")))

`diagnose` runs the file in a child process (child.py) and returns plain records (verdict.py). Rooms:

    student    the file: read as it is, classes taken apart, run inside limits, every assignment watched
    course     what is right: the layers and their conventions, the configurations, the right values
    examine    runs a pair on its configurations and compares; matching.py says how values differ
    culprit    ranks the statements by how suspicious they are
    edits      the usual slips, each as the edit that undoes it; repair.py tries them, rewrite.py writes what is right
    trail      from one wrong line to the next; investigate.py has the verdict, findings.py and kinds.py the words
    classroom  many files at once; formats.py writes for machines, render.py for people
"""

from backpropviz.diagnose.render import render_text
from backpropviz.diagnose.runner import diagnose
from backpropviz.diagnose.verdict import FileReport, Finding, FunctionReport

__all__ = ["FileReport", "Finding", "FunctionReport", "diagnose", "render_text"]
