"""A report told in three steps, for students who want to find it themselves: a question, then where, then what."""

from __future__ import annotations

from backpropviz.diagnose.telling.render import render_text
from backpropviz.diagnose.telling.render_page import wrapped
from backpropviz.diagnose.verdict import RIGHT, FileReport, Finding, FunctionReport

QUESTIONS: dict[str, str] = {
    "constant_factor": "Work one entry out by hand: which number stands in front of it?",
    "missing_factor": "Which local derivative does the chain rule multiply by here, and where is it?",
    "sign": "Does the value grow or shrink when the input grows?",
    "missing_term": "How many times is each value used in the forward pass, and do as many gradients meet again?",
    "extra_term": "What does each factor of every line come from in the forward pass?",
    "wrong_axis": "Which entries share the parameter? The sum runs over just those.",
    "not_summed": "Which values were broadcast in the forward pass, and what becomes of their gradients?",
    "overwritten": "What happens where two windows, or two rounds, meet in one entry?",
    "counted_once": "What does += do with an index that occurs twice?",
    "eps": "Where exactly does eps stand in the forward pass, and does it stand there everywhere?",
    "ddof": "By what is the variance of the batch divided?",
    "wrong_power": "What is the derivative of 1 / sqrt(v), written as a power of v?",
    "transposed": "Write the shapes of both factors side by side: which order gives the shape of the result?",
    "wrong_size": "How many windows fit? Count them on paper for one small image.",
    "wrong_rounds": "Which rounds does the loop make, the first and the last?",
    "stride_pad": "At which row of the padded image does the second window begin?",
    "crop_at_pad_0": "What is x[pad:-pad] when pad is 0?",
    "integer_division": "Is each size a whole number?",
    "wrong_mask": "Which entries let the gradient pass, and which do the code's?",
    "mean_for_sum": "Is this gradient a sum over the batch, or a mean?",
    "input_changed": "Do dx and dout stay two arrays, or are they two names of one?",
    "gradient_order": "In which order does the forward pass take its inputs?",
    "shape_kept": "What shape has the input whose gradient this is?",
    "shape_lost": "How do the shapes line up when NumPy broadcasts them?",
    "dropout_scale": "What is the mean of an entry after dropout, and what should it be?",
    "wrong_slice": "Which rows and columns belong to this window?",
    "reset_in_loop": "What is left of the first rounds when the last one ends?",
    "returned_early": "In which round does the function return?",
    "wrong_statistics": "Mean or variance, variance or standard deviation: which is it here?",
    "test_mode": "Which statistics does the test mode normalize by?",
    "wrong_holder": "Who still has this dictionary once the function has returned?",
    "cache": "In which order was the cache packed, and in which is it unpacked? Does it hold what was used?",
    "layout": "Number the entries of a small array: where are they after the reshape?",
    "unstable": "What is exp(1000)?",
    "not_finished": "What is still missing?",
    "crash": "Print the shapes of everything in the line that fails: which did you expect?",
    "does_not_end": "What makes the loop stop?",
    "precision": "Which dtype has each array?",
}
_ANY = "Take the smallest input you can, and work the function out by hand: where do you and the code part?"


def render_hints(report: FileReport, level: int, width: int = 100) -> str:
    """The first finding of every function as a question (1), with its place (2); all there is to say (3)."""
    if level >= 3:
        return render_text(report, width)
    lines = [line for finding in report.findings for line in _hint(finding, report.file, "", level)]
    for function in report.functions:
        if function.status == RIGHT or not function.findings:
            lines.append(f"{report.file}:{function.line}  {function.name}  {_status(function)}")
        else:
            lines += _hint(function.findings[0], report.file, function.name, level)
    lines.append(f"More: --hint {level + 1}" if report.all_findings else "")
    told = [part for line in lines for part in (wrapped(line.strip(), width, _indent(line)) if line else [""])]
    return "\n".join(told).rstrip() + "\n"


def _indent(line: str) -> str:
    return " " * (len(line) - len(line.lstrip()))


def _hint(finding: Finding, file: str, function: str, level: int) -> list[str]:
    question = QUESTIONS.get(finding.kind, _ANY)
    if level == 1:
        return [f"{file}  {function or finding.function}", f"    {question}"]
    return [f"{file}:{finding.line}  {finding.statement}".rstrip(), f"    {question}", f"    {finding.evidence}"]


def _status(function: FunctionReport) -> str:
    return function.status + (f": {function.reason}" if function.reason else "")
