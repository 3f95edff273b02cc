"""`python -m backpropviz`, and the program `backpropviz`."""

from __future__ import annotations

import gc
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from sys import UnraisableHookArgs


def main() -> None:
    """Run the command line.

    A command makes some ten thousand objects that live as long as it does, most of them modules and what is in them.
    Python would search all of them for cycles time and again, 5 % of `backpropviz show batchnorm`, and once more when
    it ends, which takes 20 %: what has been put aside by then is not searched.
    """
    gc.set_threshold(50_000, 20, 50)
    sys.unraisablehook = _stopped_at_last
    try:
        from backpropviz import cli

        cli.main()
    except KeyboardInterrupt:  # while modules are read
        print("backpropviz: stopped", file=sys.stderr)
        sys.exit(130)
    finally:
        gc.freeze()


def _stopped_at_last(error: UnraisableHookArgs) -> None:
    """Python swallows a Ctrl-C that comes in the middle of its housekeeping, and would go on: it is obeyed."""
    if issubclass(error.exc_type, KeyboardInterrupt):
        print("backpropviz: stopped", file=sys.stderr, flush=True)
        os._exit(130)
    sys.__unraisablehook__(error)


if __name__ == "__main__":
    main()
