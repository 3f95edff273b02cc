"""What decides a verdict, in a process that never runs a student's code.

The search for the wrong line (child.py) runs in the process of the student's code, which can change anything in it. So
its word counts only against a hand-in: here the functions are run once more, in a process that holds no right answers
(stage.py), on inputs that it is given; arrays come back as bytes (wire.py), and are compared here (judging.py).
"""
