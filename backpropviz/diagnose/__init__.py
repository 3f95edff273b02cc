"""Finds the first wrong line in a hand-written NumPy forward and backward pass.

    from backpropviz.diagnose import diagnose, render_text
    print(render_text(diagnose("layers.py")))

`diagnose` runs the file in a child process (sandbox.py says what that protects against) and returns plain records
(verdict.py). Inside the child: loading.py reads the file, layers.py and binding.py know the course's conventions,
cases.py and reference.py what is right on which configurations, examine.py compares, recorder.py sees every
assignment, culprit.py ranks the lines, repair.py proves by a small edit, kinds.py has the words.
"""

from backpropviz.diagnose.render import render_text
from backpropviz.diagnose.runner import diagnose
from backpropviz.diagnose.verdict import FileReport, Finding, FunctionReport

__all__ = ["FileReport", "Finding", "FunctionReport", "diagnose", "render_text"]
