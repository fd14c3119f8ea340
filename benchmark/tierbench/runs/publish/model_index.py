"""Write the figures of a model as the `model-index` of a model card of the Hugging Face Hub."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tierbench.common.errors import UserError
from tierbench.common.files import shown_path
from tierbench.common.schema import LadderResult, ModelEntry, Run, SetResult, TierResult
from tierbench.common.text import one_line
from tierbench.runs.record import RunRecord

if TYPE_CHECKING:
    from huggingface_hub import EvalResult

# Figures keep this many decimals, as many as an interval of a large set can tell apart.
_DECIMALS = 4


def model_index(record: RunRecord, model: ModelEntry) -> str:
    """Return the block of YAML for the head of a model card, which huggingface_hub reads back.

    Each tier of a suite is a split of a data set, whose revision is the digest of the suite. Rates are shares from 0 to
    1; mCE is relative to AlexNet's 100; the 50 % point of a ladder has the unit in its name.

    Raises:
        UserError: if the run is not complete, or has no figure of the model.
    """
    from huggingface_hub import ModelCardData

    if not record.run.complete:
        raise UserError(f"{shown_path(record.folder)}: the run is not complete; a model card needs a whole one")
    results = list(_results(record.run, model.name))
    if not results:
        raise UserError(f"{shown_path(record.folder)}: has no figure of {one_line(model.name)}; name another run")
    card = ModelCardData(model_name=one_line(model.name), eval_results=results)
    return str(card.to_yaml()).rstrip("\n") + "\n"


def _results(run: Run, model: str) -> Iterator[EvalResult]:
    for tier in run.tiers:
        if tier.model == model:
            yield from _tier(run, tier)
    for ladder in run.ladders:
        if ladder.model == model and ladder.half_point is not None:
            yield _ladder(run, ladder)
    for sweep in run.sweeps:
        if sweep.model == model and sweep.mce is not None and sweep.is_published:
            yield _suite(run, sweep.suite, "tier1", "mce", "mCE on ImageNet-C's corruptions", sweep.mce)
    for result in run.sets:
        if result.model == model:
            yield from _set(result)


def _tier(run: Run, tier: TierResult) -> Iterator[EvalResult]:
    split = f"tier{tier.tier}"
    what = f"pass rate, {one_line(tier.name, 40)}" if tier.name else "pass rate"
    part = "" if tier.whole else f", {tier.total} of {tier.size} cases"
    yield _suite(run, tier.suite, split, "accuracy", what + part, tier.rate)
    if (ece := tier.metrics.get("ece")) is not None:
        yield _suite(run, tier.suite, split, "ece", "expected calibration error", ece)


def _ladder(run: Run, ladder: LadderResult) -> EvalResult:
    unit = f" in {one_line(ladder.unit, 20)}" if ladder.unit else ""
    name = f"50 % point of {one_line(ladder.parameter, 40)}{unit}"
    return _suite(run, ladder.suite, f"ladder {one_line(ladder.ladder, 60)}", "half_point", name, ladder.half_point)


def _set(result: SetResult) -> Iterator[EvalResult]:
    name = one_line(result.title or result.set, 80)
    figures = {"accuracy": "accuracy", "mce": "mCE", "relative_mce": "relative mCE", "mean_error": "mean error"}
    for figure, said in figures.items():
        value = getattr(result, figure)
        part = "" if result.complete else f", {result.whole.total} of {result.size} pictures"
        if value is not None:
            yield _made(one_line(result.set, 80), name, "", result.digest, figure, said + part, value)


def _suite(run: Run, suite: str, split: str, kind: str, name: str, value: Any) -> EvalResult:
    shown = one_line(suite, 80)
    return _made(shown, shown, split, run.suites.get(suite, ""), kind, name, value)


def _made(dataset: str, title: str, split: str, revision: str, kind: str, name: str, value: float) -> EvalResult:
    from huggingface_hub import EvalResult

    return EvalResult(
        task_type="image-classification",
        task_name="Image Classification",
        dataset_type=dataset,
        dataset_name=title,
        dataset_split=split or None,
        dataset_revision=one_line(revision, 80) or None,
        metric_type=kind,
        metric_name=name,
        metric_value=round(float(value), _DECIMALS),
    )
