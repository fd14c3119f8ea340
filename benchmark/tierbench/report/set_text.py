"""Say what was found on data sets: accuracy, published figures, demands, verdict, and what a reader must know. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tierbench.common.schema import SetResult
from tierbench.common.text import MET_MARKS, one_line, plural
from tierbench.report.set_tables_text import interval_text, severity_table, slice_table, split_slices
from tierbench.runs.set_decision import missing_sentence
from tierbench.scoring.set_demands import demand_sentences
from tierbench.scoring.set_shift import Shift, find_shift

WARNING = "WARNING: "
# Number of slices that are named as the worst ones.
_WORST = 3


def sets_lines(results: Sequence[SetResult], *, several_models: bool = False) -> list[str]:
    """Return the results on all data sets of a run, after an empty line; nothing without sets."""
    lines = [line for each in results for line in set_lines(each, results, several_models=several_models)]
    return ["", *lines] if lines else []


def set_lines(
    result: SetResult, results: Iterable[SetResult] = (), *, several_models: bool = False, every: bool = False
) -> list[str]:
    """Return the result on a data set: a sentence, warnings, slices, figures, demands, verdict, protocol and notes.

    Args:
        result: the result.
        results: those of the same run, in which the accuracy on clean pictures may be found.
        several_models: whether to name the model.
        every: whether to list all slices; otherwise the worst are named, and corruptions are shown by severity.
    """
    model = f":{one_line(result.model, 60)}" if several_models else ""
    severities, others = split_slices(result)
    lines = warning_lines(result)
    lines += [f"  {line}" for line in [*(slice_table(others, result) if every else []), *severity_table(severities)]]
    lines += [f"  {line}" for line in set_details(result, results)]
    return [f"{one_line(result.set, 60)}{model} ({one_line(result.title, 60)}): {set_sentence(result)}", *lines]


def warning_lines(result: SetResult) -> list[str]:
    """Return why the figures of a set may be wrong as a whole, a line each."""
    return [f"{WARNING}{one_line(result.set, 60)}: {one_line(warning, 400)}" for warning in result.warnings]


def set_sentence(result: SetResult) -> str:
    """Return how many pictures there are, how many are recognised, and what the set is published by."""
    whole = result.whole
    part = "" if result.complete else f" (of {result.size:,})"
    said = [f"{whole.total:,}{part} {'picture' if whole.total == 1 else 'pictures'}"]
    on = f" on {whole.judged:,} of them" if whole.unjudged else ""
    said.append(
        "no accuracy" if whole.accuracy is None else f"accuracy {whole.accuracy:.3f} {interval_text(whole)}{on}"
    )
    said += [f"ECE {whole.metrics['ece']:.3f}"] if "ece" in whole.metrics else []
    said += [plural(whole.errors, "error")] if whole.errors else []
    said += [f"{whole.unscored:,} unscored"] if whole.unscored else []
    said += [text for text, _ in published_figures(result)[:1]]
    return ", ".join(said) + MET_MARKS[whole.met]


def set_details(result: SetResult, results: Iterable[SetResult] = (), *, figures: bool = True) -> list[str]:
    """Return what else is notable, a line each: worst slices, what is not met, verdict, protocol, notes.

    Args:
        result: the result.
        results: those of the same run.
        figures: whether to name the published figures, too.
    """
    lines = []
    known = sorted((each.accuracy, each.slice) for each in result.slices if each.accuracy is not None)
    if len(known) > 1:
        named = ", ".join(f"{one_line(name, 60)} {value:.3f}" for value, name in known[:_WORST])
        # What drops are measured from.
        named += "".join(
            f"; {one_line(name, 60)} {value:.3f}" for value, name in known[_WORST:] if name == result.clean
        )
        lines.append(f"lowest of {plural(len(result.slices), 'slice')}: {named}")
    if figures and (found := [f"{text} {bounds}".rstrip() for text, bounds in published_figures(result)]):
        lines.append(f"{', '.join(found)} ({counted_sentence(result)})")
    if shift := find_shift(result, results):
        lines.append(shift_sentence(shift))
    for each in (result.whole, *result.slices):
        name = f"{one_line(each.slice, 60)}: " if each.slice else ""
        lines += [f"{name}{text}{MET_MARKS[False]}" for text in demand_sentences(each)]
    if result.verdict is not None:
        # Imported here, because a run without a baseline does not need it.
        from tierbench.runs.regression_text import slices_sentence, verdict_sentence

        lines.append(f"against {result.baseline}: {one_line(verdict_sentence(result.verdict), 700)}")
        lines += [slices_sentence(result.slice_verdicts)] * bool(result.slice_verdicts)
    lines += [f"made with different {text}" for text in result.differences]
    if result.missing:
        lines.append(missing_sentence(result))
    return lines + [one_line(text, 400) for text in (*result.protocol, *result.notes)]


def published_figures(result: SetResult) -> list[tuple[str, str]]:
    """Return each figure that is published for a set of corruptions, with its name, and its interval; may be empty."""
    found = []
    for name, value, interval, digits in (
        ("mCE", result.mce, result.mce_interval, 1),
        ("relative mCE", result.relative_mce, result.relative_mce_interval, 1),
        ("mean error", result.mean_error, result.mean_error_interval, 3),
    ):
        if value is not None:
            bounds = "" if interval is None else f"[{interval[0]:.{digits}f}, {interval[1]:.{digits}f}]"
            found.append((f"{name} {value:.{digits}f}", bounds))
    return found


def counted_sentence(result: SetResult) -> str:
    """Return how many pictures and originals the slices of a set of corruptions have; empty without slices."""
    counts = [each.judged for each in result.slices if each.slice != result.clean]
    if not counts:
        return ""
    least, most = min(counts), max(counts)
    pictures = f"{least:,} pictures a slice" if least == most else f"{least:,} to {most:,} pictures a slice"
    return f"{pictures}, {plural(result.whole.groups, 'original')}"


def shift_sentence(shift: Shift) -> str:
    """Return the effective robustness, with the accuracy that it is measured from."""
    return (
        f"effective robustness {shift.effective:+.4f}: models with accuracy {shift.clean:.4f} on ImageNet "
        f"({one_line(shift.clean_set, 60)}) have {shift.expected:.4f} here, by the fit of {shift.models} standard "
        "models (Taori et al. 2020)"
    )
