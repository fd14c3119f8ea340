"""Say in JUnit XML, at the top of its suite, which models ran and what was found."""

from __future__ import annotations

from tierbench.common.inert import escaped
from tierbench.common.schema import ReferenceComparison, Run, SetResult
from tierbench.report.set_text import set_sentence


def suite_properties(run: Run) -> list[tuple[str, str]]:
    """Return names and values: model, level, verdict and missing cases of each model, and the versions.

    With several models, the names of the first four end in `:NAME`. With a reference model, there is the verdict on
    each of the others against it; with data sets, one line on each.
    """
    several = len(run.models) > 1
    found = [("complete", str(run.complete).lower())]
    for model in run.models:
        end = f":{model.name}" if several else ""
        missing = [
            name for result in run.missing if result.model == model.name for name in (*result.missing, *result.sets)
        ]
        found += [
            (f"model{end}", f"{model.name} = {model.spec}"),
            (f"level{end}", "not determined" if model.level is None else str(model.level)),
            (f"verdict{end}", _verdict(run, model.name)),
            *((f"against:{model.name}", _against(each)) for each in run.references if each.model == model.name),
            *([(f"missing{end}", " ".join(missing))] if missing else []),
        ]
    for result in run.sets:
        end = f":{result.model}" if several else ""
        found.append((f"set:{result.set}{end}", f"{set_sentence(result)}{_set_verdict(result)}"))
    found.append(("versions", ", ".join(f"{name} {version}" for name, version in run.versions.items())))
    return [(name, escaped(value)) for name, value in found]


def _set_verdict(result: SetResult) -> str:
    return "" if result.verdict is None else f", {result.verdict.state}"


def _against(comparison: ReferenceComparison) -> str:
    """Return the reference model and the state of the paired verdict on all suites together."""
    states = [verdict.state for verdict in comparison.verdicts if verdict.tier is None]
    return f"{comparison.reference}: {states[0] if states else 'not judged'}"


def _verdict(run: Run, model: str) -> str:
    """Return the state of the paired verdict on all suites together, or why there is none."""
    comparison = run.comparison(model)
    if comparison is None:
        return "no baseline"
    states = [verdict.state for verdict in comparison.verdicts if verdict.tier is None]
    return states[0] if states else "not judged"
