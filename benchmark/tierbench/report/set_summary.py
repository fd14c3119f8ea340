"""Say in a few lines what was found on data sets: accuracy, worst slices, what is not met, the verdict. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from tierbench.common.schema import SetResult, SetSlice
from tierbench.common.text import MET_MARKS, one_line, plural
from tierbench.runs.set_decision import missing_sentence
from tierbench.scoring.set_demands import demand_sentences

# Number of slices that are named as the worst ones.
_WORST = 3


def set_lines(sets: Iterable[SetResult], *, several_models: bool = False) -> list[str]:
    """Return a line for each data set and model, after an empty line, with what is notable below it."""
    lines = []
    for result in sets:
        model = f":{one_line(result.model)}" if several_models else ""
        lines.append(f"{one_line(result.set)}{model} ({one_line(result.title)}): {set_sentence(result)}")
        lines += [f"  {text}" for text in set_details(result)]
    return ["", *lines] if lines else []


def set_sentence(result: SetResult) -> str:
    """Return how many pictures there are, how many are recognised, and what the set is published by."""
    whole = result.whole
    part = "" if result.complete else f" (of {result.size:,})"
    said = [f"{whole.total:,}{part} pictures", _accuracy(whole)]
    said += [plural(whole.errors, "error")] if whole.errors else []
    said += [f"mCE {result.mce:.1f}"] if result.mce is not None else []
    said += [f"mean error {result.mean_error:.3f}"] if result.mean_error is not None else []
    return ", ".join(said) + MET_MARKS[whole.met]


def set_details(result: SetResult) -> list[str]:
    """Return what else is notable: worst slices, what is not met, verdict, missing pictures, notes; a line each."""
    lines = []
    known = sorted((each.accuracy, each.slice) for each in result.slices if each.accuracy is not None)
    if len(known) > 1:
        named = ", ".join(f"{one_line(name, 60)} {value:.3f}" for value, name in known[:_WORST])
        lines.append(f"lowest of {plural(len(result.slices), 'slice')}: {named}")
    for each in (result.whole, *result.slices):
        name = f"{one_line(each.slice, 60)}: " if each.slice else ""
        lines += [f"{name}{text}{MET_MARKS[False]}" for text in demand_sentences(each)]
    if result.verdict is not None:
        # Imported here, because a run without a baseline does not need it.
        from tierbench.runs.regression_text import verdict_sentence

        lines.append(f"against {result.baseline}: {one_line(verdict_sentence(result.verdict), 700)}")
    lines += [f"made with different {text}" for text in result.differences]
    if result.missing:
        lines.append(missing_sentence(result))
    return lines + [one_line(text, 400) for text in (*result.protocol, *result.notes)]


def _accuracy(own: SetSlice) -> str:
    if own.accuracy is None:
        return "no accuracy"
    interval = "no interval" if own.low is None or own.high is None else f"{own.low:.3f}, {own.high:.3f}"
    return f"accuracy {own.accuracy:.3f} [{interval}]"
