"""Finds the first wrong line in a hand-written NumPy forward and backward pass.

    from backpropviz.diagnose import diagnose, render_text
    print(render_text(diagnose("layers.py")))

`diagnose` runs the file in a child process (runner.py, child.py) and returns plain records (verdict.py). Rooms:

    student     the file: read as it is, classes taken apart, run inside limits, its work counted, every value watched
    pairs       which functions go together, how they are called, and what is right for them
    examine     runs a pair on its configurations; outcomes.py holds what came out, matching.py says how values differ
    culprit     ranks the statements by how suspicious they are: scene.py, cuts.py, influence.py, origin.py
    edits       the usual slips, each as the edit that undoes it; locally.py judges them where they stand, wanted.py and
                sizes.py find expressions from the value they should have, rewrite.py writes what our own trace says
    repair      tries edits, and proves those that mend something on fresh configurations (hits.py)
    trail       from one wrong line to the next; investigate.py has the verdict, findings.py the words
    explaining  a finding's page: page.py has it as a record, smallest.py shrinks the input, render_page.py writes it
    verdict     what is said, as records; render.py and hints.py write them for people
"""

from backpropviz.diagnose.displayed import make_callable
from backpropviz.diagnose.processes.runner import diagnose
from backpropviz.diagnose.telling.render import render_text
from backpropviz.diagnose.verdict import FileReport, Finding, FunctionReport

make_callable(__name__)  # `bp.diagnose(forward, backward)`: the package goes by the function's name

__all__ = ["FileReport", "Finding", "FunctionReport", "diagnose", "render_text"]
