"""`step`, in a pseudo-terminal, as a reader at a keyboard has it."""

import os
import re
import subprocess
import sys
import time

import pytest

pty = pytest.importorskip("pty", reason="there are no pseudo-terminals on this system")
import fcntl  # noqa: E402
import select  # noqa: E402
import struct  # noqa: E402
import termios  # noqa: E402

from backpropviz.cli.stepping import _foot  # noqa: E402

RIGHT, LEFT, DOWN, END, HOME = b"\x1b[C", b"\x1b[D", b"\x1b[B", b"\x1b[F", b"\x1b[H"


class Terminal:
    """A command in a pseudo-terminal; what it drew last is `screen`."""

    def __init__(self, *arguments, rows=40, columns=100):
        self.ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.before = termios.tcgetattr(theirs)
        self.theirs = theirs
        environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": str(columns), "LINES": str(rows)}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "backpropviz", *arguments],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=environment,
        )
        self.all = ""

    def until(self, text, seconds=60):
        """The screen, once `text` stands on it."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if select.select([self.ours], [], [], 0.2)[0]:
                try:
                    self.all += os.read(self.ours, 65536).decode(errors="replace")
                except OSError:
                    break
            if text in self.screen:
                return self.screen
        raise AssertionError(f"{text!r} never came; there is\n{self.screen}")

    @property
    def screen(self):
        last = self.all.rpartition("\x1b[H")[2]
        return re.sub(r"\x1b\[[?0-9;]*[A-Za-z]", "", last)

    def press(self, *keys):
        for key in keys:
            os.write(self.ours, key if isinstance(key, bytes) else key.encode())
            time.sleep(0.02)

    def end(self):
        code = self.process.wait(timeout=30)
        after = termios.tcgetattr(self.theirs)
        while select.select([self.ours], [], [], 0.2)[0]:
            self.all += os.read(self.ours, 65536).decode(errors="replace")
        os.close(self.theirs)
        os.close(self.ours)
        return code, after == self.before


def test_both_passes_are_leafed_through_by_keys():
    terminal = Terminal("step", "batchnorm")
    screen = terminal.until("the inputs   ")
    assert "gamma" in screen
    terminal.press(RIGHT)
    assert "mu = np.mean(x, axis=0)" in terminal.until("forward, 1 of 9")
    terminal.press(" ", RIGHT, LEFT)
    assert "xmu = x - mu" in terminal.until("forward, 2 of 9")
    terminal.press("/xhat\r")
    assert "What is handed back" not in terminal.until("forward, 7 of 9")
    terminal.press("/dxhat\r")
    screen = terminal.until("backward, 3 of 9")
    assert "A multiply gate swaps its inputs" in screen
    assert "divar = np.sum(dxhat" in screen
    terminal.press("/nothing\r")
    terminal.until("no step or gradient is called nothing")
    terminal.press(END)
    assert "dgamma" in terminal.until("the inputs' gradients")
    terminal.press(HOME)
    terminal.until("the inputs   ")
    terminal.press("q")
    assert terminal.end() == (0, True)
    assert terminal.all.rstrip().endswith("\x1b[?1049l")  # the screen is as it was


def test_a_long_page_is_scrolled_and_a_name_typed_wrong_is_taken_back():
    terminal = Terminal("step", "batchnorm", rows=12, columns=80)
    terminal.until("more lines")
    terminal.press("/var", "\x7f", "\x7f", "\x7f", "\x7f")
    terminal.until("the inputs   ")
    terminal.press("/4\r")
    first = terminal.until("forward, 4 of 9")
    terminal.press(DOWN, DOWN)
    assert "step 4 of 9" in first
    end = time.monotonic() + 20
    while "step 4 of 9" in terminal.screen and time.monotonic() < end:
        terminal.until("forward, 4 of 9")
    assert "step 4 of 9" not in terminal.screen
    terminal.press("\x03")
    assert terminal.end() == (0, True)


def test_where_there_is_no_terminal_it_says_what_to_do():
    run = subprocess.run(
        [sys.executable, "-m", "backpropviz", "step", "batchnorm"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 2
    assert run.stdout == ""
    assert "step is for a terminal, and this is none" in run.stderr
    assert "backpropviz show batchnorm --passes" in run.stderr


@pytest.mark.parametrize("columns", [30, 39, 60, 79, 120])
def test_however_narrow_the_window_the_foot_says_how_to_leave_and_to_go_on(columns):
    foot = _foot("backward, 2 of 9", 14, columns)
    assert len(foot) <= columns
    assert "q ends" in foot
    assert "\u2192 on" in foot
    assert ("\u2193 14" in foot) == (columns >= 39)
    assert ("14 more lines" in foot) == (columns >= 60)
    assert (columns == 120) == foot.endswith("scroll")
    assert "\u2192 on" in _foot("backward, 10 of 22", 12, columns=39)
    assert "\u2192 on" not in _foot("the inputs' gradients", 12, columns, is_last=True)  # there is nothing behind
