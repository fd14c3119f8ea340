"""Format a table of models × figures of data sets for papers, as Markdown or LaTeX. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from tierbench.common.schema import SetResult
from tierbench.common.text import listed, one_line
from tierbench.report.markdown import code, table
from tierbench.scoring.set_shift import find_shift

TableStyle = Literal["markdown", "latex"]
Bounds = tuple[float | None, float | None]
# A value and its interval, as shown.
_Cell = tuple[float, Bounds]


@dataclass(frozen=True, slots=True)
class _Column:
    """A figure of a set."""

    set: str
    figure: str
    cells: dict[str, _Cell]


def figures_table(results: Sequence[SetResult], style: TableStyle) -> str:
    """Return a table with a row for each model and a column for each figure of each set; protocols stand below.

    A set of corruptions has the figures that are published for it, mCE and relative mCE or the mean error; any other
    has the accuracy in percent and, where it is defined, the effective robustness in percent points.
    """
    models = list(dict.fromkeys(each.model for each in results))
    columns = [column for name in dict.fromkeys(each.set for each in results) for column in _columns(name, results)]
    return (_markdown if style == "markdown" else _latex)(models, columns, _remarks(results))


def _columns(name: str, results: Sequence[SetResult]) -> list[_Column]:
    own = [each for each in results if each.set == name]
    found = [_Column(name, figure, _cells(own, value)) for figure, value in _FIGURES]
    # The mean error of ImageNet-C is not what is published for it.
    found = [column for column in found if column.cells]
    if any(column.figure == "mCE ↓" for column in found):
        found = [column for column in found if column.figure != "mean error, % ↓"]
    if not found:
        found = [_Column(name, "accuracy, % ↑", _cells(own, _accuracy))]
    shifts = {each.model: shift for each in own if (shift := find_shift(each, results))}
    if shifts:
        cells: dict[str, _Cell] = {model: (100 * shift.effective, (None, None)) for model, shift in shifts.items()}
        found.append(_Column(name, "effective robustness, points ↑", cells))
    return found


def _cells(own: Sequence[SetResult], value: Callable[[SetResult], _Cell | None]) -> dict[str, _Cell]:
    return {each.model: cell for each in own if (cell := value(each)) is not None}


def _accuracy(result: SetResult) -> _Cell | None:
    whole = result.whole
    return None if whole.accuracy is None else _scaled(whole.accuracy, (whole.low, whole.high), 100)


def _scaled(value: float, bounds: Bounds, factor: float) -> _Cell:
    low, high = (None if bound is None else factor * bound for bound in bounds)
    return factor * value, (low, high)


def _figure(value: float | None, bounds: Bounds | None, factor: float = 1) -> _Cell | None:
    return None if value is None else _scaled(value, bounds or (None, None), factor)


_FIGURES: tuple[tuple[str, Callable[[SetResult], _Cell | None]], ...] = (
    ("mCE ↓", lambda each: _figure(each.mce, each.mce_interval)),
    ("relative mCE ↓", lambda each: _figure(each.relative_mce, each.relative_mce_interval)),
    ("mean error, % ↓", lambda each: _figure(each.mean_error, each.mean_error_interval, 100)),
)


def _remarks(results: Sequence[SetResult]) -> list[str]:
    """Return what the figures of each set depend on: protocol, pictures, and what a reader must know.

    What is so with all of several models is said once, without their names.
    """
    models: dict[str, list[str]] = {}
    for each in results:
        models.setdefault(each.set, []).append(each.model)
    remarks: dict[tuple[str, str], list[str]] = {}
    for each in results:
        size = f"{each.whole.total:,} of {each.size:,} pictures" if not each.complete else f"{each.size:,} pictures"
        for text in ("; ".join((*each.protocol, size)), *each.warnings, *each.notes):
            remarks.setdefault((each.set, text), []).append(each.model)
    return [
        one_line(f"{name}{'' if own == models[name] else f' with {listed(own, 3)}'}: {text}", 600)
        for (name, text), own in remarks.items()
    ]


def _shown(cell: _Cell | None, signed: bool) -> str:
    if cell is None:
        return "–"
    value, (low, high) = cell
    bounds = "" if low is None or high is None else f" [{low:.1f}, {high:.1f}]"
    return f"{value:{'+' if signed else ''}.1f}{bounds}"


def _body(models: Sequence[str], columns: Sequence[_Column]) -> list[tuple[str, list[str]]]:
    return [
        (model, [_shown(column.cells.get(model), column.figure.startswith("effective")) for column in columns])
        for model in models
    ]


def _markdown(models: Sequence[str], columns: Sequence[_Column], remarks: Sequence[str]) -> str:
    head = ("model", *(f"{code(column.set)} {column.figure}" for column in columns))
    lines = table(head, [(code(model), *cells) for model, cells in _body(models, columns)])
    lines += ["95 % intervals in brackets.", "", *(f"- {code(remark, 600)}" for remark in remarks)]
    return "\n".join(lines)


def _latex(models: Sequence[str], columns: Sequence[_Column], remarks: Sequence[str]) -> str:
    # LaTeX reads a comment to the end of its line; `one_line` has left none of the characters that end one.
    lines = [f"% {remark}" for remark in remarks] + ["% needs \\usepackage{booktabs}; 95 % intervals in brackets"]
    lines += [f"\\begin{{tabular}}{{l{'r' * len(columns)}}}", "\\toprule"]
    lines.append(" & ".join(["model", *(latex(column.set) for column in columns)]) + " \\\\")
    lines.append(" & ".join(["", *(latex(column.figure) for column in columns)]) + " \\\\")
    lines.append("\\midrule")
    for model, cells in _body(models, columns):
        lines.append(" & ".join([latex(model), *(latex(cell) for cell in cells)]) + " \\\\")
    return "\n".join([*lines, "\\bottomrule", "\\end{tabular}"])


_LATEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "↑": r"$\uparrow$",
    "↓": r"$\downarrow$",
    "–": "--",
    **{character: f"\\{character}" for character in "&%$#_"},
}


def latex(text: str) -> str:
    """Return text with the characters escaped that LaTeX would obey."""
    return re.sub(r"[\\{}~^↑↓–&%$#_]", lambda match: _LATEX[match[0]], one_line(text, 120))
