"""Writes down a way to call both passes, as two functions."""

from __future__ import annotations

from dataclasses import dataclass, replace

from backpropviz.diagnose.pairs.protocols.alone import FIRST
from backpropviz.diagnose.pairs.protocols.handing import GIVEN, NONE, Handing
from backpropviz.diagnose.pairs.protocols.losses import Loss
from backpropviz.diagnose.pairs.protocols.readings import Forward
from backpropviz.diagnose.pairs.protocols.record import Adapter, Wrapped


@dataclass(frozen=True)
class Penalty:
    """What a strength adds to gradients.

    Attributes:
        names: the weights. factor: code of what each is multiplied by, besides the strength. term: the same in words,
            `reg / m`.
    """

    names: tuple[str, ...]
    factor: str
    term: str

    @property
    def said(self) -> str:
        weights = " and ".join(filter(None, (", ".join(self.names[:-1]), self.names[-1])))
        return (
            f"{self.term} times the weight is in the gradient of {weights}, that of a penalty on large weights which"
            " the forward pass does not have"
        )


@dataclass(frozen=True)
class Way:
    """One way to call both passes, as far as it is known.

    Attributes:
        outputs: expressions for what the forward pass computes. handing: how the backward pass is called; None where
            the forward pass returns the gradients. loss: what the output goes into, where targets come with the
            backward pass. gradients: expressions by input. scale: what parameters' gradients are divided by.
            target: the input that holds the targets, where the layer was made with them. penalty: what a strength adds
            that the forward pass knows nothing of.
    """

    outputs: tuple[str, ...]
    handing: Handing | None
    back: str
    gradients: dict[str, str]
    loss: Loss | None = None
    local: bool = False
    scale: str = ""
    target: str = ""
    penalty: Penalty | None = None


def written(forward: Forward, way: Way, sure: bool) -> Adapter:
    """The text of both functions."""
    stem, start = forward.subject.stem, forward.start
    every = dict.fromkeys(("layer", "result", *start.arguments, *start.settings.values(), *start.boxed))
    kept = [name for name in every if name in forward.ran]
    bare = "__plain__({})" if start.box is not None and not start.box.data else "{}"
    outs = ", ".join(map(bare.format, way.outputs))
    lines = [*start.lines, f"result = {start.run}"]
    if way.loss is not None:
        lines += [f"out = {way.outputs[0]}", f"{GIVEN} = {way.target or f'__targets__(out, {way.loss.targets!r})'}"]
        outs = bare.format(way.loss.code)
        kept.append(GIVEN)
    if way.penalty is not None:
        kept += [name for name in (*way.penalty.names, start.main) if name not in kept]
    lines.append(f"return {outs}, ({', '.join(kept)},)")
    douts = ["dout"] if len(way.outputs) == 1 else [f"dout{i + 1}" for i in range(len(way.outputs))]
    after = [f"{', '.join(kept)}, = __copied__(cache)"]
    if any("before." in code for code in way.gradients.values()):
        after.append("before = __copied__(layer)")
    after += [] if way.handing is None else way.handing.first
    after.append(f"back = {way.back}")
    scale = f"{way.scale} * " if way.scale else ""
    for name, code in way.gradients.items():
        code = f"{scale}({code})" if scale and name in forward.parameters else code
        after.append(f"d{name} = {bare.format(code)}")
    gradients = ", ".join(f"d{name}" for name in way.gradients)
    after.append(f"return {gradients}")
    names = f"{stem}_forward", f"{stem}_backward"
    text = function_text(names[0], start.head, lines) + function_text(names[1], [*douts, "cache"], after)
    unseen = tuple(
        name for name in forward.wanted if name not in way.gradients and name in (*start.learned, *start.boxed)
    )
    passes = forward.subject.names
    wrapped = Wrapped(
        passes[0], forward.subject.said, forward.subject.line, {**start.shapes, **start.fixed}, unseen,
        _said(forward, way), _convention(way), start.manner, is_sure=sure,
    )  # fmt: skip
    return Adapter(text, *names, wrapped, stands_for=start.stands_for)


def _said(forward: Forward, way: Way) -> str:
    start, back = forward.start, way.back
    run = start.run
    if forward.subject.then is not None:
        *given, target = start.arguments
        run = f"{forward.subject.then.name}({forward.subject.forward.name}({', '.join(given)}), {target})"
    if forward.subject.owner is not None:
        run, back = run.replace("layer.", "", 1), back.replace("layer.", "", 1)
    return run if forward.subject.backward is None else f"{run}, then {back}"


def _convention(way: Way) -> str:
    """How a subject was read, where that is not a matter of course."""
    if way.penalty is not None:
        rest = _convention(replace(way, penalty=None))
        return f"{rest}; {way.penalty.said}" if rest else f"read as: {way.penalty.said}"
    if way.handing is not None and FIRST in way.handing.first:
        return "read as: one entry of the gradient that arrives is not zero, that of the right class"
    if way.scale:
        axis = "columns" if way.scale.endswith("[-1]") else "rows"
        return (
            f"read as: examples are {axis}, and the gradients of the parameters are means over them (1/m of the cost)"
        )
    if way.loss is not None:
        told = way.handing is not None and NONE in way.handing.arguments
        strength = ", with a strength of 0: no loss of the file takes one" if told else ""
        return f"read as: gradients of {way.loss.said}{strength}"
    if way.local:
        return "read as: it gives the local derivative, which its caller multiplies by what comes from above"
    if any("before." in code for code in way.gradients.values()):
        return "read as: it takes a step itself, and the gradients are read off that"
    return ""


def function_text(name: str, head: list[str], body: list[str]) -> str:
    return f"def {name}({', '.join(head)}):\n" + "".join(f"    {line}\n" for line in body) + "\n"
