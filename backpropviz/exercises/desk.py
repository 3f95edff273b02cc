"""Where the student's lines of a worksheet run: a process that has the forward values, and of the gradients only those
that were judged before.
"""

from __future__ import annotations

import ast
import inspect
import math
import traceback
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from backpropviz.code.scope import helpers
from backpropviz.diagnose.judge.process import Answering
from backpropviz.diagnose.judge.stage import hide_ourselves, limited
from backpropviz.diagnose.judge.wire import Reader, Writer
from backpropviz.diagnose.student import sandbox
from backpropviz.diagnose.student.work import TICK, WORK, TooMuch, counted, work_limit
from backpropviz.exercises.looped import Body
from backpropviz.exercises.prepared import MEET, Prepared
from backpropviz.primitives.windows import output_shape

ROUNDS = 200_000  # of loops, for one statement
FILE = "worksheet"
BASE: dict[str, Any] = {"np": np, "math": math, "output_shape": output_shape, **helpers()}
"""What the lines can use besides the values of a run."""

Meet = Callable[[Body, str, Any, dict[str, Any]], Any]
"""Called with a gradient of a round: in which body, its name, its value, the rounds. Gives what stands there then."""


class Desk:
    """The names that the student's lines see on one input.

    Args:
        tree: the worksheet.
    """

    def __init__(self, tree: ast.Module):
        self.tree = tree
        self.scope: dict[str, Any] = {}
        self.placed: dict[str, Any] = {}

    def begin(self, given: Mapping[str, Any]) -> str:
        """Take the values of a run, and run the definitions of the worksheet; what went wrong in them, or nothing."""
        self.scope = {**BASE, **given, TICK: WORK.tick}
        failure = self._run([node for node in self.tree.body if not isinstance(node, ast.Expr)])
        self.scope |= {**BASE, **given}
        return failure

    def put(self, name: str, value: Any) -> None:
        """From here on the name stands for this value."""
        self.scope[name] = self.placed[name] = value.copy()

    def execute(self, function: str, at: int) -> str:
        """Run one statement of a function; what went wrong in it, or nothing."""
        return self._run([self._function(function).body[at]])

    def value(self, name: str) -> Any:
        return self.scope.get(name)

    def has(self, name: str) -> bool:
        return name in self.scope

    def kept(self) -> dict[str, Any]:
        """What became of the values that were put there; None for a name that was used anew."""
        return {name: its if self.scope.get(name) is its else None for name, its in self.placed.items()}

    def whole(self, layer: str, inputs: Sequence[Any], upstream: Sequence[Any]) -> tuple[Any, str]:
        """What the backward pass returns after the forward pass, and what went wrong; "forward" if that failed."""
        forward, backward = (self.scope[f"{layer}_{way}"] for way in ("forward", "backward"))
        try:
            with work_limit(ROUNDS), np.errstate(all="ignore"):
                cache = forward(*inputs)[-1]
        except BaseException:  # it takes constants as well: the function cannot be called by itself
            return None, "forward"
        try:
            with work_limit(ROUNDS), np.errstate(all="ignore"):
                return backward(*upstream, cache), ""
        except BaseException as error:
            return None, said(error)

    def in_rounds(
        self, layer: str, keys: Collection[tuple[Body, str]], given: Collection[str], values: Mapping[str, Any],
        inputs: Sequence[Any], upstream: Sequence[Any], settings: Mapping[str, Any], meet: Meet,
    ) -> tuple[Any, int, str]:  # fmt: skip
        """Run forward and backward, with every gradient of a round looked at.

        Args:
            keys: the blanks. given: the lines that are not the student's. values: what the code can refer to.

        Returns:
            What is returned; the line that failed, and what went wrong in it.
        """
        function = self._function(f"{layer}_backward")
        node = Prepared({*keys}, {*given}).function(function)
        return run_in_rounds(layer, node, self.tree, values, inputs, upstream, settings, meet)

    def _function(self, name: str) -> ast.FunctionDef:
        return next(node for node in self.tree.body if isinstance(node, ast.FunctionDef) and node.name == name)

    def _run(self, statements: list[ast.stmt]) -> str:
        module = ast.Module(statements, [])
        try:
            with work_limit(ROUNDS), np.errstate(all="ignore"):
                with counted(module):
                    code = compile(module, FILE, "exec")
                exec(code, self.scope)
        except BaseException as error:
            return said(error)
        return ""


def run_in_rounds(
    layer: str, function: ast.FunctionDef, module: ast.Module, values: Mapping[str, Any], inputs: Sequence[Any],
    upstream: Sequence[Any], settings: Mapping[str, Any], meet: Meet,
) -> tuple[Any, int, str]:  # fmt: skip
    """Run a prepared backward pass in its module, after the forward pass. See `Desk.in_rounds`."""
    others = [
        node for node in module.body if not (isinstance(node, ast.Expr) or getattr(node, "name", "") == function.name)
    ]
    scope: dict[str, Any] = {**BASE, **values, TICK: WORK.tick, MEET: meet}
    changed = ast.fix_missing_locations(ast.Module([*others, function], []))
    try:
        with work_limit(ROUNDS), np.errstate(all="ignore"):
            with counted(changed):
                code = compile(changed, FILE, "exec")
            exec(code, scope)
            forward = scope[f"{layer}_forward"]
            named = [its.name for its in inspect.signature(forward).parameters.values() if its.kind == its.KEYWORD_ONLY]
            *_, cache = forward(*inputs, **{name: settings[name] for name in named if name in settings})
            return scope[function.name](*upstream, cache), 0, ""
    except _Stopped:
        raise
    except BaseException as error:
        frames = traceback.extract_tb(error.__traceback__)
        lines = [frame.lineno or 0 for frame in frames if frame.filename == FILE]
        return None, lines[-1] if lines else 0, said(error)


class _Stopped(BaseException):
    """The judge does not want to hear more."""


def said(error: BaseException) -> str:
    """An exception in a line."""
    if isinstance(error, TooMuch):
        return f"it was still running after {ROUNDS} rounds of its loops"
    try:
        return f"{type(error).__name__}: {error}"[:300]
    except BaseException:  # its own __str__ fails
        return type(error).__name__


# ---- as a process ----------------------------------------------------------------------------------------------------


def main(read: int, write: int) -> None:
    """Run the lines as the judge asks."""
    answering = Answering(read, write)
    request = answering.request.record
    limited(read, write, request["megabytes"])
    tree = ast.parse(Path(request["file"]).read_text(encoding="utf-8"), FILE)
    hide_ourselves()
    sandbox.refuse_effects(request["file"], hidden=sandbox.OURS)
    desks: dict[int, Desk] = {}
    answering.say(Writer(), {})
    for message in answering.messages():
        said_ = message.record
        desk = desks.setdefault(said_["desk"], Desk(tree))
        writer = Writer(lambda value: 0)
        answering.say(writer, _answer(desk, message, writer, answering))


def _answer(desk: Desk, message: Reader, writer: Writer, answering: Answering) -> dict[str, Any]:
    does, values = message.record["does"], message.value(message.record["values"])
    if does == "rounds":
        layer, keys, given, names, inputs, upstream, settings = values

        def meet(body: Body, name: str, value: Any, rounds: dict[str, Any]) -> Any:
            asking = Writer(lambda value: 0)
            reply = answering.ask(asking, {"met": asking.value([body, name, value, rounds])})
            if reply.record.get("stop"):
                raise _Stopped
            return reply.value(reply.record["instead"])

        wanted = [(tuple(body), name) for body, name in keys]
        returned: Any = desk.in_rounds(layer, wanted, given, names, inputs, upstream, settings, meet)
    else:
        returned = getattr(desk, does)(*values)
    return {"returned": writer.value(returned)}
