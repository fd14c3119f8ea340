"""Build the view of what changed against a baseline. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from tierbench.common.schema import BaselineComparison, PairedVerdict, Run
from tierbench.runs.hard_limits import level_sentence


@dataclass(frozen=True, slots=True)
class ChangeView:
    """How one model compares with its baseline.

    Attributes:
        counts: number of cases of each kind of change, regressed first.
        differences: what else differs between baseline and run, such as versions or the device.
        note: why falls of margins are not judged; empty if they are.
        verdicts: state and sentence of each paired verdict.
        fallen: a sentence for the level and for each tier that no longer meets its demand.
    """

    model: str
    baseline: str
    gate: str
    counts: tuple[tuple[str, int], ...]
    differences: tuple[str, ...]
    note: str
    verdicts: tuple[tuple[str, str], ...]
    fallen: tuple[str, ...] = ()


def change_view(comparison: BaselineComparison, run: Run) -> ChangeView:
    """Build the view of how a model compares with its baseline."""
    kinds = ("regressed", "fixed", "new", "same")
    return ChangeView(
        model=comparison.model,
        baseline=", ".join(filter(None, (comparison.baseline, comparison.accepted))),
        gate=comparison.gate,
        counts=tuple((kind, getattr(comparison, kind)) for kind in kinds),
        differences=comparison.differences,
        note=comparison.note,
        verdicts=tuple((verdict.state, verdict_text(verdict)) for verdict in comparison.verdicts),
        fallen=tuple(level_sentence(each) for each in run.levels if each.model == comparison.model and each.fell),
    )


def verdict_text(verdict: PairedVerdict) -> str:
    """Return a verdict in words, followed by the figures that decide nothing."""
    # Imported here, because a run without a baseline does not need it.
    from tierbench.runs.regression_text import slipping_sentence, verdict_sentence

    sentence, bounds, slipping = verdict_sentence(verdict), verdict.bootstrap, verdict.slipping
    what = "drop of the mean score" if verdict.lost is None else "net loss"
    beside = [f"McNemar p = {verdict.mcnemar_p:.3f}"]
    beside += [f"bootstrap 95 % of the {what} {bounds[0]:.3f} to {bounds[1]:.3f}"] if bounds else []
    if slipping and (said := slipping_sentence(slipping)) not in sentence:
        beside.append(said)
    return f"{sentence} (beside it: {', '.join(beside)})"
