"""Commands that write a layer down: as pictures, pages, code and formulas."""

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from backpropviz.cli.options import (
    DoutOption,
    DtypeOption,
    ExpandOption,
    InputOption,
    JsonOption,
    LayerArgument,
    OpsOption,
    SeedOption,
    SetOption,
    ShapeOption,
    answer,
    run,
    write_text,
)
from backpropviz.cli.parsing import refuse
from backpropviz.errors import DrawingError, InputError

if TYPE_CHECKING:
    from backpropviz.draw.diagram import Diagram
    from backpropviz.draw.frames import Picture
    from backpropviz.engine.trace import Trace
    from backpropviz.exercises.quiz import Question


_IDLE = {"cards": ("size", "theme", "values", "legend"), "entries": ("size", "values")}
"""Options of pictures that change nothing in one of a style."""


def export(
    context: typer.Context,
    layer: LayerArgument,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="PATH", help="Where to: .svg, .png, .pdf, .dot, .html, .pptx, .gif, .tex or .mmd."
        ),
    ] = None,
    frames: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR|FILE.pdf", help="One picture per step, numbered, in a folder; or the pages of a PDF."
        ),
    ] = None,
    frame_format: Annotated[
        str, typer.Option("--frame-format", metavar="svg|png|pdf", help="What the pictures in the folder are.")
    ] = "svg",
    passes: Annotated[
        str, typer.Option(metavar="backward|forward|both", help="Which passes the frames or the animation go through.")
    ] = "backward",
    animate: Annotated[bool, typer.Option("--animate", help="Make the .svg play the steps.")] = False,
    inputs: InputOption = None,
    shape: ShapeOption = None,
    set_: SetOption = None,
    seed: SeedOption = 0,
    dout: DoutOption = None,
    dtype: DtypeOption = None,
    ops: OpsOption = False,
    expand: ExpandOption = None,
    rounds: Annotated[bool, typer.Option("--rounds", help="Draw every round of a loop, side by side.")] = False,
    forward_only: Annotated[bool, typer.Option("--forward", help="Draw the forward pass alone.")] = False,
    style: Annotated[
        str,
        typer.Option(metavar="board|cards|entries", help="Gates and wires; cards with arrays; arrays with one entry."),
    ] = "board",
    entry: Annotated[
        str | None, typer.Option(metavar="out[0,1]", help="Follow one entry through the arrays (--style entries).")
    ] = None,
    size: Annotated[
        str | None,
        typer.Option(
            metavar="slide|page|free", help="16:9, the width of a column (as .tex is), or as wide as it becomes."
        ),
    ] = None,
    theme: Annotated[
        str, typer.Option(metavar="light|dark|print|auto", help="The colours; auto: an .svg that follows the screen.")
    ] = "light",
    values: Annotated[bool, typer.Option("--values", help="Write the arrays beside the wires.")] = False,
    title: Annotated[str | None, typer.Option(metavar="TEXT", help="A heading; the layer's name without one.")] = None,
    legend: Annotated[bool, typer.Option("--legend/--no-legend", help="Say what black and red mean.")] = True,
    dpi: Annotated[
        int, typer.Option(metavar="N", min=24, max=1200, help="Dots per inch of a .png; 96: 1600x900 a slide.")
    ] = 192,
    as_json: JsonOption = False,
) -> None:
    """Draw the graph: as a picture, a page that plays, TikZ or Mermaid."""
    if output is None and frames is None:
        raise InputError("nothing to write to", fix="Say where: -o batchnorm.svg, or --frames DIR.")
    if animate and (output is None or output.suffix.lower() != ".svg"):
        raise InputError("--animate plays in an .svg", fix="Say where: -o batchnorm.svg --animate")
    if frame_format not in ("svg", "png", "pdf"):
        raise InputError(f"there are no frames in {frame_format!r}", fix="Choose svg, png or pdf.")
    if theme == "auto" and (output is None or output.suffix.lower() != ".svg"):
        raise InputError("--theme auto follows the screen in an .svg alone", fix="Choose light, dark or print.")
    _refuse_idle(context, output, frames, animate, forward_only, frame_format)
    case = ""
    if entry is not None or style == "entries":
        from backpropviz.layers.library import entry_of

        style = _of_entries(style, forward_only, animate, output)
        case = "" if inputs or shape or set_ else "entries"
        entry = entry or entry_of(layer)
    picture = output is not None and output.suffix.lower() in (".svg", ".png", ".pdf", ".dot")
    refuse(context, _IDLE.get(style, ()), picture, f"does nothing beside --style {style}, which has a form of its own")
    trace = run(layer, inputs, shape, set_, seed, dout, dtype, backward=not forward_only, case=case)
    refuse(context, ("rounds",), not trace.loops, f"is for loops, and {trace.function} has none")
    chosen: Any = "forward" if forward_only else passes
    from backpropviz.draw.diagram import Diagram
    from backpropviz.draw.formats import export as write_out
    from backpropviz.draw.formats import known
    from backpropviz.layers.sources import called

    if output is not None:
        known(output)
    suffix = "" if output is None else output.suffix.lower()
    opened: Diagram | None = None
    heading = title if title is not None or style == "cards" else _heading(trace, layer)
    kind: Any = {"style": style, "theme": theme, "values": values, "legend": legend, "entry": entry}
    kind["rounds"] = rounds
    if suffix == ".html" and size is None:
        from backpropviz.draw.player.making import opened as with_groups_open
        from backpropviz.draw.player.making import paged

        diagram, size = paged(trace, ops, tuple(expand or ()), heading, **kind), "free"
        if style == "board" and not (ops or expand or rounds):
            opened = with_groups_open(trace, diagram, heading, **kind)
    else:
        size = kind["size"] = size or ("page" if suffix == ".tex" else "slide")
        diagram = Diagram(trace, ops, tuple(expand or ()), heading, **kind)
    written, told = [], []
    if output is not None:
        if animate:
            write_text(diagram.animated(chosen), output)
        else:
            write_out(diagram, output, called(layer), dpi, chosen, _questions(trace, output), opened)
        written, told = [str(output)], [f"wrote {output}"]
    if frames is not None:
        pictures = _write_frames(diagram, frames, chosen, frame_format, dpi)
        written += pictures
        told.append(f"wrote {f'{len(pictures)} pictures to ' if pictures != [str(frames)] else ''}{frames}")
    answer(as_json, "export", "\n".join(told), layer=layer, written=written)
    series = frames is not None or suffix in (".pptx", ".gif")
    if output is not None and suffix not in (".pptx", ".gif"):
        _note_size(diagram.picture, size, values)
    elif series and (pictured := diagram.frames(chosen)):
        _note_size(pictured[0].picture, size, values)


def _refuse_idle(
    context: typer.Context, output: Path | None, frames: Path | None, animate: bool, forward: bool, frame_format: str
) -> None:
    """Refuse the options that would change nothing."""
    suffix = "" if output is None else output.suffix.lower()
    folder = frames is not None and frames.suffix.lower() != ".pdf"
    series = frames is not None or animate or suffix in (".pptx", ".gif")
    refuse(context, ("frame_format",), not folder, "is for the pictures in a folder", "Say which: --frames DIR.")
    refuse(context, ("passes",), not series, "is for frames, slides and what moves", "Add --frames DIR or --animate.")
    refuse(context, ("dout",), forward, "does nothing beside --forward, which has no gradients")
    refuse(context, ("passes",), forward, "does nothing beside --forward, which is one pass")
    dots = suffix in (".png", ".gif") or (folder and frame_format == "png")
    refuse(context, ("dpi",), not dots, "is for pictures of dots: .png and .gif")
    written = frames is None and suffix in (".mmd", ".tex")
    refuse(context, ("theme",), written, f"does nothing in a {suffix}, which has the colours of its page")
    refuse(
        context, ("size", "values", "legend"), written and suffix == ".mmd", "does nothing in Mermaid, which lays out"
    )


def _of_entries(style: str, forward_only: bool, animate: bool, output: Path | None) -> str:
    """The style of a picture in which an entry is followed.

    Raises:
        InputError: it cannot be drawn so.
    """
    if style == "cards" or forward_only or animate:
        other = "--style cards" if style == "cards" else "--forward" if forward_only else "--animate"
        raise InputError(f"{other} does not go with --entry and --style entries", fix="Leave one of them out.")
    if output is not None and output.suffix.lower() not in (".svg", ".png", ".pdf", ".dot"):
        seen = f"an entry cannot be drawn as {output.suffix or output}"
        raise InputError(seen, fix="Choose .svg, .png, .pdf or .dot.")
    return "entries"


def _heading(trace: "Trace", layer: str) -> str:
    """The first words of the layer's docstring, or its name: "Batch normalization"."""
    from backpropviz.draw.formats import heading

    return heading(trace, layer)


def _questions(trace: "Trace", output: Path) -> "list[Question]":
    """What a page asks about the backward pass."""
    if output.suffix.lower() != ".html" or not trace.upstream:
        return []
    from backpropviz.exercises.questions import questions

    return questions(trace)


def _note_size(picture: "Picture", size: str, values: bool) -> None:
    """Say so where a picture cannot be read in the size that was asked for."""
    if size == "slide" and not picture.fits:
        fewer = "leave out --values" if values else "move parts of the function into functions of their own"
        print(
            f"backpropviz: its text is {picture.smallest:.1f} pixels high on a slide of 1600x900, too small to "
            f"be read; {fewer}, or choose --size free",
            file=sys.stderr,
        )


def _write_frames(diagram: "Diagram", target: Path, passes: Any, format: str, dpi: int) -> list[str]:
    """Write the frames, into a folder or as pages; returns the paths of the files. Frames that an earlier run left in
    the folder, and this one does not write, are taken away."""
    from backpropviz.files import write

    if target.suffix.lower() == ".pdf":
        write(target, diagram.pages(passes))
        return [str(target)]
    series = diagram.frames(passes)
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DrawingError(
            f"{target} cannot be made: {error.strerror}", fix="Name a folder, or a .pdf file."
        ) from error
    written = []
    for frame in series:
        label = "_".join(re.findall(r"[\w.]+", frame.label))
        path = target / f"{frame.number:02}_{frame.direction}_{label}.{format}"
        write(path, frame.render(format, dpi))
        written.append(str(path))
    for path in target.iterdir():
        if re.fullmatch(rf"\d\d+_(forward|backward)_[\w.]+\.{format}", path.name) and str(path) not in written:
            path.unlink()
    return written


COMMANDS = (
    (
        export,
        "Examples: backpropviz export batchnorm -o batchnorm.svg | backpropviz export conv -o conv.pdf --ops | "
        "backpropviz export batchnorm --frames steps/ --frame-format png | "
        "backpropviz export batchnorm -o batchnorm.png --values --theme dark | "
        "backpropviz export batchnorm -o batchnorm.html | backpropviz export batchnorm -o steps.pptx",
    ),
)
