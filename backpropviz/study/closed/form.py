"""Shortens derived code: a stretch of it that one gradient has to pass is written as one expression, if one is found.

Every gradient is linear in each gradient that all paths to it pass (its dominators in the backward graph). Between such
a pair, the candidates are sums of up to three terms, times a value of the forward pass. Nothing is known of any layer:
what is found is found by its value, and only what then holds on fresh runs is shown.
"""

from __future__ import annotations

import dataclasses
import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np

from backpropviz.code.derive import Listing, Statement, listing, mentions
from backpropviz.errors import TraceError
from backpropviz.layers.library import Layer
from backpropviz.study.closed.expressions import expressions
from backpropviz.study.closed.scenes import Scene, arguments, draws
from backpropviz.study.closed.stretches import Stretch, count_of, set_by, stretches_of

PROOFS, SCENES = 50, 3
_CLOSE, _MOST_STRETCHES = 1e-10, 10


@dataclass(frozen=True)
class ClosedForm:
    """The shortest backward pass that was found.

    Attributes:
        code: the function. lines: what is new in it.
        before, after: operations of the backward pass, those that it shares with the forward pass left out.
        proofs: on how many random runs (shapes, draws, settings) the code gave the right gradients.
        shapes: how many different shapes were among them.
    """

    code: str
    lines: list[str]
    before: int
    after: int
    proofs: int
    shapes: int


def closed_form(layer: Layer, given: dict[str, Any] | None = None) -> ClosedForm | None:
    """The backward pass of a layer with closed forms in it; None where nothing shorter was found.

    Raises:
        TraceError: its steps differ from shape to shape, or it cannot be run on enough of them.
    """
    scenes = list(draws(layer, given or {}, SCENES))
    if len(scenes) < SCENES or len({tuple(s.name for s in scene.listing.backward) for scene in scenes}) > 1:
        raise TraceError(
            f"{layer.name} cannot be run on {SCENES} shapes with the same steps",
            fix="Give it inputs whose sizes may change, and no loop whose rounds depend on them.",
        )
    form, lines = scenes[0].listing, list[str]()
    before = count_of(form.backward)
    stretches = stretches_of(scenes[0])[:_MOST_STRETCHES]
    found = {stretch: list(itertools.islice(expressions(scenes, stretch), 3)) for stretch in stretches}
    while True:
        best, added = form, list[str]()
        for stretch, statements in ((one, new) for one in stretches for new in found[one]):
            if {stretch.target, stretch.source} <= {*form.upstream, *(s.name for s in form.backward)}:
                shorter = _replaced(scenes[0], form, stretch, statements, layer.settings)
                if (
                    count_of(shorter.backward) < count_of(best.backward)
                    and proved(layer, shorter, given or {}, 3, 7)[0] == 3
                ):
                    best, added = shorter, statements
        if best is form:
            break
        form, lines = best, [*lines, *added]
    if not lines:
        return None
    held, shapes = proved(layer, form, given or {})
    if held < PROOFS or shapes < SCENES:  # what holds on one shape may hold by its sizes
        return None
    return ClosedForm(str(form), lines, before, count_of(form.backward), held, shapes)


def proved(
    layer: Layer, form: Listing | str, given: dict[str, Any], count: int = PROOFS, seed: int = 11
) -> tuple[int, int]:
    """On how many fresh runs the code gives all gradients to 1e-10, and how many shapes these had.

    Stops at the first run where it does not: then the count is that of the runs before it.
    """
    scope: dict[str, Any] = {}
    exec(compile(str(form), "<closed form>", "exec"), scope)
    held, shapes = 0, set()
    for scene in draws(layer, given, count, seed):
        positional, settings = arguments(scene, form if isinstance(form, Listing) else scene.listing)
        with np.errstate(all="ignore"):
            got = scope[scene.listing.name](*positional, **settings)
        right = [node.gradient.value for node in scene.trace.inputs.values() if node.gradient is not None]
        got = got if isinstance(got, tuple) else (got,)
        if not all(equal(g, r) for g, r in zip(got, right, strict=True)):
            break
        held += 1
        shapes.add(str(scene.shapes))
    return held, len(shapes)


def equal(got: Any, right: Any) -> bool:
    """To 1e-10 of the largest entry, shapes included."""
    if np.shape(got) != np.shape(right):
        return False
    return bool(np.max(np.abs(got - right), initial=0.0) <= _CLOSE * np.max(np.abs(right), initial=1e-300))


def _replaced(scene: Scene, form: Listing, stretch: Stretch, lines: list[str], defaults: dict[str, Any]) -> Listing:
    """The listing with these lines in place of the target's; what nothing reads any more is left out."""
    made: list[Statement] = []
    for statement in form.backward:
        if statement.name != stretch.target:
            made.append(statement)
            continue
        heading = f"from {stretch.source} to {stretch.target} at once"
        for line in lines:
            name, code = line.split(" = ", 1)
            made.append(Statement(name, code, statement.node, statement.step, heading if line is lines[0] else ""))
    needed, kept = set(form.returns), []
    for statement in reversed(made):
        if any(mentions(name, statement.name) for name in needed):
            kept.append(statement)
            needed.add(statement.code)
    text = " ".join(statement.code for statement in kept)
    wanted = [node for node in scene.trace.nodes if node.name and mentions(text, node.name)]
    whole = listing(scene.trace, [node for node in wanted if node.primitive is not None])
    used, forward = {text}, []
    for statement in reversed(whole.forward):
        if any(mentions(code, statement.name) for code in used):
            forward.append(statement)
            used.add(statement.code)
    settings = {k: v for k, v in scene.trace.settings.items() if any(mentions(code, k) for code in used)}
    sizes = [line for line in whole.sizes if any(mentions(" ".join(used), n) for n in set_by(line))]
    if any(mentions(" ".join(used | {*sizes}), k) for k in scene.trace.settings):
        settings |= {k: v for k, v in scene.trace.settings.items() if mentions(" ".join(used | {*sizes}), k)}
    settings = {name: defaults.get(name, value) for name, value in settings.items()}
    helpers = [h for h in whole.helpers if mentions(" ".join(used), h.rpartition(".")[2])]
    return dataclasses.replace(
        whole, sizes=sizes, forward=forward[::-1], backward=kept[::-1], settings=settings, helpers=helpers, outputs=[]
    )
