"""Whether the diagnosis says the same on a busy machine: every report twice, byte for byte.

`python tests/diagnose_steady.py` does so for the whole corpus, `python tests/diagnose_steady.py 10` for every tenth
file; the tests do it for forty. The second time the files come in the other order, at the lowest priority, with four
busy processes beside them.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from backpropviz.classroom.exact import as_json  # noqa: E402
from backpropviz.classroom.handins import diagnose_all  # noqa: E402

BUSY = 4
SECONDS = 900  # work ends a pair, never the clock: a process that others overtake may take long


def corpus_files() -> list[Path]:
    """All files of all sets, set after set."""
    from tests.corpus import SETS, Corpus  # not wanted in the process that only reports

    corpora = map(Corpus, SETS)
    return [file for one in corpora for file in one.right(python_2=True) + one.wrong(python_2=True)]


def reports(files: list[Path], jobs: int = 2) -> dict[Path, str]:
    """What is said of every file, as JSON."""
    return {file: as_json([report]) for file, report in zip(files, diagnose_all(files, jobs=jobs, seconds=SECONDS))}


@contextlib.contextmanager
def busy_machine() -> Iterator[None]:
    """Inside the block, other processes want the processors too, and this one has to wait for them."""
    spin = [sys.executable, "-c", "import os; os.nice(19)\nwhile True: pass"]
    others = [subprocess.Popen(spin) for _ in range(BUSY)]
    try:
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()


def at_the_lowest_priority(files: list[Path]) -> dict[Path, str]:
    """The reports as a process makes them that others may always overtake."""
    code = f"import os, sys; os.nice(19); sys.path.insert(0, {str(HERE)!r}); import diagnose_steady as its; its.say()"
    listing = "\n".join(map(str, files))
    done = subprocess.run([sys.executable, "-c", code], input=listing, capture_output=True, text=True, check=True)
    return dict(zip(files, done.stdout.split("\0")))


def say() -> None:
    """The reports on the files named on standard input, to standard output."""
    files = [Path(line) for line in sys.stdin.read().splitlines()]
    sys.stdout.write("\0".join(reports(files).values()))


def unsteady(files: list[Path]) -> list[Path]:
    """The files of which something else was said the second time."""
    first = reports(files)
    with busy_machine():
        second = at_the_lowest_priority(files[::-1])
    return [file for file in files if first[file] != second[file]]


if __name__ == "__main__":
    every = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    chosen = corpus_files()[::every]
    changed = unsteady(chosen)
    print(f"{len(chosen)} files twice, {len(changed)} of them with another report")
    for path in changed:
        print(os.path.relpath(path))
