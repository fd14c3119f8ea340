"""Infer from an older record which tests of a run failed: it says what was found, not what was red. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from tierbench.common.schema import FailedTest, Rows, Run


def inferred_failures(run: Run, rows: Rows) -> tuple[FailedTest, ...]:
    """Return the tests that failed, as far as the record tells; without rows, regressed cases have no name."""
    return tuple(dict.fromkeys([*_cases(run, rows), *_gates(run)]))


def _cases(run: Run, rows: Rows) -> Iterator[FailedTest]:
    for row in rows:
        # The steps of ladders have no test of their own.
        tested = row.tier is not None or row.absent or row.corruption
        if tested and row.outcome in ("failed", "error"):
            yield FailedTest(kind="case", model=row.model, name=row.key, error=row.outcome == "error")
    for comparison in () if rows else run.comparisons:
        if comparison.gate == "flips" and comparison.regressed:
            yield FailedTest(kind="case", model=comparison.model, name="")


def _gates(run: Run) -> Iterator[FailedTest]:
    gates = {comparison.model: comparison.gate for comparison in run.comparisons}
    for tier in run.tiers:
        # With a baseline, known misses may excuse a tier.
        if tier.met is False and gates.get(tier.model, "thresholds") == "thresholds":
            yield FailedTest(kind="tier", model=tier.model, name=f"{tier.suite}/tier{tier.tier}")
    for level in run.levels:
        if level.fell:
            name = "level" if level.tier is None else f"{level.suite}/tier{level.tier}"
            yield FailedTest(kind="level", model=level.model, name=name)
    for comparison in run.comparisons:
        if comparison.gate != "thresholds" and any(each.state == "regressed" for each in comparison.verdicts):
            yield FailedTest(kind="regression", model=comparison.model, name="all")
    for reference in run.references:
        if any(each.state == "regressed" for each in reference.verdicts):
            yield FailedTest(kind="against", model=reference.model, name="all")
    for absence in run.absences:
        if absence.met is False and absence.model not in gates:
            yield FailedTest(kind="absence", model=absence.model, name=absence.suite)
    for ladder in run.ladders:
        if ladder.met is False and ladder.model not in gates:
            yield FailedTest(kind="ladder", model=ladder.model, name=f"{ladder.suite}/{ladder.ladder}")
    for each in run.slices:
        if each.met is False and each.model not in gates:
            yield FailedTest(kind="slice", model=each.model, name=each.key)
    for metric in run.metrics:
        if metric.met is False:
            yield FailedTest(kind="metric", model=metric.model, name=f"{metric.suite}/{metric.metric}")
    for found in run.sets:
        verdict = found.verdict.state if found.verdict else ""
        if found.whole.met is False or verdict == "regressed":
            yield FailedTest(kind="set", model=found.model, name=found.set)
        for part in found.slices:
            if part.met is False:
                yield FailedTest(kind="set_slice", model=found.model, name=f"{found.set}/{part.slice}")
    for missing in run.missing:
        if missing.missing:
            yield FailedTest(kind="baseline", model=missing.model, name="cases")
