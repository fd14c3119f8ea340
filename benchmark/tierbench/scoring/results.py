"""Judge a case and turn the result into a row for tables, records and reports. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from tierbench.common.schema import CaseRow
from tierbench.common.text import one_line
from tierbench.models.predictor import Prediction
from tierbench.scoring.bounds import extremes, unscored_reason
from tierbench.scoring.labels import LabelSpace
from tierbench.scoring.verdict import Verdict, judge, log_margin, with_twin
from tierbench.suites.case import Case

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class CaseResult:
    """The result of a case under a model: a verdict, an error, or the reason why the case was skipped.

    Attributes:
        case: the case.
        model: name of the model.
        image_sha256: hash of the image file that was predicted.
        verdict: None if the case had an error, was skipped or is unscored.
        error: why the prediction failed; empty if it did not.
        skipped: why the case was not judged; empty if it was.
        unscored: why the model's answer does not tell whether the case passes; empty if it does.
        partial: whether the answer lacks labels, so that figures of the verdict are bounds.
    """

    case: Case
    model: str
    image_sha256: str = ""
    verdict: Verdict | None = None
    error: str = ""
    skipped: str = ""
    unscored: str = ""
    partial: bool = False

    @property
    def passed(self) -> bool:
        """Whether the image met its thresholds; False after an error."""
        return self.verdict is not None and self.verdict.passed

    @property
    def reason(self) -> str:
        """Why the case did not pass; empty if it did."""
        return self.error or self.skipped or self.unscored or (self.verdict.reason if self.verdict else "")

    @property
    def log_margin(self) -> float | None:
        """The log margin of the verdict; None where probabilities are saturated, and without a verdict."""
        return _finite(self.verdict.log_margin) if self.verdict else None

    @property
    def outcome(self) -> str:
        """The outcome of a test of the case: `passed`, `failed`, `xfailed`, `error`, `skipped` or `unscored`."""
        if self.error:
            return "error"
        if self.skipped:
            return "skipped"
        if self.unscored:
            return "unscored"
        if self.passed:
            return "passed"
        return "xfailed" if self.case.known_issue else "failed"

    def message(self, several_models: bool = False) -> str:
        """Return the line that a failing test shows: `suite/id [tier 2]: expected …, got …`."""
        model = f":{self.model}" if several_models else ""
        tier = f" [tier {self.case.tier}]" if self.case.tier is not None else ""
        return f"{one_line(self.case.key)}{model}{tier}: {self.reason}"

    def row(self) -> CaseRow:
        """Return the result as a row of the record."""
        return self._row

    @cached_property
    def _row(self) -> CaseRow:
        case, verdict = self.case, self.verdict
        return CaseRow(
            suite=case.suite,
            case=case.id,
            model=self.model,
            tier=None if case.absent else case.tier,
            tags=" ".join(case.tags),
            group=case.group,
            expected=case.label,
            predicted=verdict.predicted if verdict else None,
            score=verdict.score if verdict else None,
            confidence=verdict.confidence if verdict else None,
            rank=verdict.rank if verdict else None,
            margin=verdict.margin if verdict else None,
            log_margin=self.log_margin,
            twin_log_margin=_finite(verdict.twin_log_margin) if verdict else None,
            min_score=case.thresholds.min_score,
            max_rank=case.thresholds.max_rank,
            min_margin=case.thresholds.min_margin,
            passed=self.passed,
            outcome=self.outcome,
            reason=self.reason,
            corruption=case.corruption,
            severity=case.severity or None,
            top=verdict.top if verdict else (),
            image_sha256=self.image_sha256,
            known_issue=case.known_issue,
            parameters=case.parameters,
        )


def _finite(value: float | None) -> float | None:
    return None if value is None or math.isinf(value) else value


def judge_case(
    case: Case,
    model: str,
    space: LabelSpace,
    prediction: Prediction | None,
    *,
    twin: Prediction | None = None,
    multi_label: bool = False,
) -> CaseResult:
    """Judge the prediction for a case.

    Args:
        case: the case.
        model: name of the model.
        space: the suite's concepts, mapped to the model's labels.
        prediction: the model's prediction; None if the model has no label for the case.
        twin: the prediction for its twin, if it has one.
        multi_label: whether several labels of the model can be true at once.
    """
    known = [concept for concept in case.expected if space.knows(concept)]
    if not known or prediction is None:
        names = one_line(" or ".join(case.expected))
        return CaseResult(case, model, skipped=f"no label of the model counts as {names}")
    if prediction.probabilities is None:
        return CaseResult(case, model, prediction.image_sha256, error=prediction.error)
    if case.twin and (twin is None or twin.probabilities is None):
        error = twin.error if twin else "was not predicted"
        return CaseResult(case, model, prediction.image_sha256, error=f"its twin {case.twin!r}: {error}")

    def verdict_on(probabilities: np.ndarray, of_twin: np.ndarray | None) -> Verdict:
        verdict = judge(probabilities, space, known, case.thresholds, absent=case.absent, multi_label=multi_label)
        if of_twin is None:
            return verdict
        return with_twin(verdict, case.twin, log_margin(of_twin, space, known, multi_label=multi_label))

    answers = [prediction, *filter(None, [twin])]
    partial = any(answer.ceiling for answer in answers)
    if partial:
        against, in_favour = extremes(prediction, space, known, absent=case.absent)
        # What speaks for the expectation in the picture of the twin speaks against the case.
        twin_against, twin_for = extremes(twin, space, known, absent=False) if twin else (None, None)
        if verdict_on(against, twin_for).passed != verdict_on(in_favour, twin_against).passed:
            return CaseResult(case, model, prediction.image_sha256, unscored=unscored_reason(answers))
    verdict = verdict_on(prediction.probabilities, twin.probabilities if twin else None)
    return CaseResult(case, model, prediction.image_sha256, verdict, partial=partial)
