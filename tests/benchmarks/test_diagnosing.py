"""A folder of hand-ins, half of them wrong: CPU time of each file, and files a minute.

    pytest -o addopts= tests/benchmarks/test_diagnosing.py -s

The unit beside is a process that only imports NumPy: what a tool that starts Python for each file pays before it looks
at any. Bars fail a test only where BACKPROPVIZ_ASSERT_RATIOS is set, on a machine that is otherwise idle.
"""

import os
import statistics
import subprocess
import sys
import time

from backpropviz.classroom.handins import as_they_end
from tests.corpus import SETS, Corpus

HALF = int(os.environ.get("BACKPROPVIZ_HALF", "100"))  # of each kind; fewer for a first look
MINUTE = 60.0


def spread(files, count):
    """So many of these files, taken evenly."""
    return [files[i * len(files) // count] for i in range(count)]


def importing():
    """CPU seconds of a process that imports NumPy: the median of five."""
    spent = []
    for _ in range(5):
        before = os.times()
        subprocess.run([sys.executable, "-c", "import numpy"], check=True)
        after = os.times()
        spent.append(after.children_user + after.children_system - before.children_user - before.children_system)
    return statistics.median(spent)


def test_a_folder_of_two_hundred_hand_ins():
    corpora = [Corpus(folder) for folder in SETS]
    right = spread([file for corpus in corpora for file in corpus.right()], HALF)
    wrong = spread([file for corpus in corpora for file in corpus.wrong()], HALF)
    began = time.perf_counter()
    reports = dict(as_they_end([*right, *wrong], jobs=0, seconds=600.0))
    minutes = (time.perf_counter() - began) / MINUTE
    unit = importing()
    bars = {"right": (right, 0.3, None), "wrong": (wrong, 1.0, 5.0)}
    print(f"\n{len(reports) / minutes:.0f} files a minute on {os.cpu_count()} processors (bar: 300 on two)")
    short = []
    for name, (files, middle, high) in bars.items():
        seconds = sorted(reports[file].seconds for file in files)
        median, most = statistics.median(seconds), seconds[int(0.95 * len(seconds))]
        print(
            f"{name}: {median:.2f} CPU-s in the median (bar {middle}), {most:.2f} at the 95th percentile (bar {high});"
        )
        print(f"  {median / unit:.1f} and {most / unit:.1f} times importing NumPy ({unit:.2f} s)")
        short += [name] * (median > middle or (high is not None and most > high))
    if os.environ.get("BACKPROPVIZ_ASSERT_RATIOS"):
        assert not short
