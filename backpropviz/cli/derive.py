"""Writes the backward pass down as code and formulas: `derive`."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from backpropviz.cli.options import (
    ForceOption,
    InputOption,
    JsonOption,
    LayerArgument,
    OutputOption,
    SetOption,
    ShapeOption,
    answer,
    as_wide_as_the_screen,
    keep,
    run,
    screen_width,
    settings_and_shapes,
    users_code,
    write_text,
)
from backpropviz.cli.parsing import refuse
from backpropviz.errors import InputError

if TYPE_CHECKING:
    from backpropviz.engine.trace import Trace


def derive(
    context: typer.Context,
    layer: LayerArgument,
    latex: Annotated[bool, typer.Option("--latex", help="As formulas, for a paper.")] = False,
    plain: Annotated[bool, typer.Option("--plain", help="As formulas in plain text.")] = False,
    style: Annotated[
        str, typer.Option(metavar="function|cache", help="One function, or a forward and backward pair with a cache.")
    ] = "function",
    closed: Annotated[
        bool,
        typer.Option(
            "--closed-form", help="The shortest backward pass that a search finds, and what it was held against."
        ),
    ] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Why the closed form is so: facts of the forward values, each checked.")
    ] = False,
    inputs: InputOption = None,
    shape: ShapeOption = None,
    set_: SetOption = None,
    output: OutputOption = None,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Print the backward pass as code, or as formulas."""
    if style not in ("function", "cache"):
        raise InputError(f"there is no style {style!r}", fix="Choose function or cache.")
    if latex + plain + (style == "cache") > 1:
        raise InputError("one form at a time can be printed", fix="Choose one of --latex, --plain and --style cache.")
    if closed and (style == "cache" or inputs or shape):
        raise InputError(
            "--closed-form draws its own inputs and prints one function",
            fix="Leave out --style, --input and --shape.",
        )
    refuse(context, ("force",), output is None, "writes over a file, and none is named", "Name it with -o.")
    refuse(context, ("explain",), not closed, "says why a closed form is so", "Add --closed-form.")
    if latex + plain + explain > 1:
        raise InputError("one form at a time can be printed", fix="Choose one of --latex, --plain and --explain.")
    keep(output, force)
    form = "latex" if latex else "plain" if plain else style
    record: dict[str, Any] = {}
    if closed:
        text, record = _closed(layer, set_, "explained" if explain else "text" if form == "function" else form)
        form = "closed-form"
    else:
        text = _derived(run(layer, inputs, shape, set_, backward=form != "cache"), layer, form)
    from backpropviz.files import marked

    written = write_text(marked(text, "%" if latex else "#"), output)
    if (form == "plain" or explain) and not written:
        text = as_wide_as_the_screen(_narrow(text) if explain else text)
    told = f"wrote {output}" if written else text
    answer(as_json, "derive", told, layer=layer, form=form, text=text, written=written, **record)


def _narrow(explained: str) -> str:
    """The formulas of an explanation, moved in by four columns, broken where a person would; its words as they are."""
    from backpropviz.code.breaking import broken

    width = screen_width()
    lines = []
    for line in explained.split("\n"):
        is_formula = line.startswith("    ") and not line.startswith("     ")
        if width is None or len(line) <= width or not is_formula:
            lines.append(line)
        else:
            lines += [f"{' ' * (6 if number else 4)}{part}" for number, part in enumerate(broken(line, width - 6))]
    return "\n".join(lines)


def _derived(trace: "Trace", layer: str, form: str) -> str:
    """The backward pass in one of its forms: function, cache, latex, plain."""
    if form == "latex":
        from backpropviz.code.formulas import latex as write_out

        return write_out(trace, layer)
    if form == "plain":
        from backpropviz.code.formulas import plain_text

        return plain_text(trace)
    if form == "cache":
        from backpropviz.code.pairs import pair

        return pair(trace)
    from backpropviz.code.derive import derive as as_code

    return as_code(trace)


def _closed(layer: str, set_: list[str] | None, how: str) -> tuple[str, dict[str, Any]]:
    """The closed form with what was proved of it, as text and as a record; the derived code where none is shorter."""
    from backpropviz.layers.library import load
    from backpropviz.study.closed import telling
    from backpropviz.study.closed.form import closed_form

    with users_code():
        found = load(layer)
        settings, _ = settings_and_shapes(found, set_, None)
        form = closed_form(found, settings)
        written: str = getattr(telling, how)(form)
        return written, {"closed_form": telling.to_dict(form)}


COMMANDS = (
    (
        derive,
        "Examples: backpropviz derive batchnorm | backpropviz derive mine.py --style cache -o pair.py | "
        "backpropviz derive batchnorm --closed-form --explain",
    ),
)
