"""What came of a case: the row that tables, records and reports are made of. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from tierbench.common.text import one_line
from tierbench.models.predictor import Prediction
from tierbench.scoring.labels import LabelSpace
from tierbench.scoring.verdict import Verdict, judge
from tierbench.suites.case import Case

if TYPE_CHECKING:
    import pandas as pd

# The columns of scores.csv and of the `scores` DataFrame, in this order; the suites' parameters follow.
COLUMNS = (
    "suite",
    "case",
    "model",
    "tier",
    "tags",
    "group",
    "expected",
    "predicted",
    "score",
    "confidence",
    "rank",
    "margin",
    "min_score",
    "max_rank",
    "min_margin",
    "passed",
    "outcome",
    "reason",
    "change",
    "baseline_score",
    "corruption",
    "severity",
    "top",
    "image_sha256",
)
# The columns that hold whole numbers, and those that hold numbers; the suites' parameters are numbers too.
INTEGERS = ("tier", "rank", "max_rank", "severity")
NUMBERS = ("score", "confidence", "margin", "min_score", "min_margin", "baseline_score")


@dataclass(frozen=True)
class CaseResult:
    """A case under a model: a verdict, an error, or the reason why it was skipped.

    Attributes:
        case: the case.
        model: the slot of the model.
        image_sha256: of the image file that was predicted.
        verdict: None where there is an error or the case was skipped.
        error: why there is no verdict.
        skipped: why the case was not judged at all.
    """

    case: Case
    model: str
    image_sha256: str = ""
    verdict: Verdict | None = None
    error: str = ""
    skipped: str = ""

    @property
    def passed(self) -> bool:
        """Whether the image met its thresholds; an error is no pass."""
        return self.verdict is not None and self.verdict.passed

    @property
    def reason(self) -> str:
        """Why the case did not pass; empty where it did."""
        return self.error or self.skipped or (self.verdict.reason if self.verdict else "")

    @property
    def outcome(self) -> str:
        """`passed`, `failed`, `xfailed`, `error` or `skipped`, as a test of the case would end."""
        if self.error:
            return "error"
        if self.skipped:
            return "skipped"
        if self.passed:
            return "passed"
        return "xfailed" if self.case.known_issue else "failed"

    def message(self, several_models: bool = False) -> str:
        """Give the line that a failing test shows: `suite/id [tier 2]: expected …, got …`."""
        model = f":{self.model}" if several_models else ""
        tier = f" [tier {self.case.tier}]" if self.case.tier is not None else ""
        return f"{one_line(self.case.key)}{model}{tier}: {self.reason}"

    def row(self) -> dict[str, Any]:
        """Give the result as plain str, int, float and bool, by column; empty cells are None."""
        case, verdict = self.case, self.verdict
        row: dict[str, Any] = {
            "suite": case.suite,
            "case": case.id,
            "model": self.model,
            "tier": case.tier,
            "tags": " ".join(case.tags),
            "group": case.group,
            "expected": "|".join(case.expected),
            "predicted": verdict.predicted if verdict else None,
            "score": verdict.score if verdict else None,
            "confidence": verdict.confidence if verdict else None,
            "rank": verdict.rank if verdict else None,
            "margin": verdict.margin if verdict else None,
            **asdict(case.thresholds),
            "passed": verdict.passed if verdict else False,
            "outcome": self.outcome,
            "reason": self.reason,
            "change": None,
            "baseline_score": None,
            "corruption": case.corruption,
            "severity": case.severity or None,
            "top": json.dumps([[label, round(p, 6)] for label, p in verdict.top] if verdict else []),
            "image_sha256": self.image_sha256,
        }
        return row | dict(case.parameters)


def judge_case(
    case: Case, model: str, space: LabelSpace, prediction: Prediction | None, *, multi_label: bool = False
) -> CaseResult:
    """Hold a prediction against its case.

    Args:
        case: the case.
        model: the slot of the model.
        space: the suite's concepts over the model's labels.
        prediction: what the model said; None where the case was not predicted for want of a label.
        multi_label: whether the model's labels do not exclude each other.
    """
    known = [concept for concept in case.expected if space.knows(concept)]
    if not known or prediction is None:
        names = one_line(" or ".join(case.expected))
        return CaseResult(case, model, skipped=f"no label of the model counts as {names}")
    if prediction.probabilities is None:
        return CaseResult(case, model, prediction.image_sha256, error=prediction.error)
    verdict = judge(prediction.probabilities, space, known, case.thresholds, multi_label=multi_label)
    return CaseResult(case, model, prediction.image_sha256, verdict)


def results_frame(results: Iterable[CaseResult]) -> pd.DataFrame:
    """Give results as a table: a row a case and model, columns as in `scores.csv`; `top` as lists."""
    import pandas as pd

    rows = [result.row() for result in results]
    for row in rows:
        row["top"] = json.loads(row["top"])
    parameters = dict.fromkeys(name for row in rows for name in row if name not in COLUMNS)
    frame = pd.DataFrame(rows, columns=[*COLUMNS, *parameters])
    integers = dict.fromkeys(INTEGERS, "Int64")
    numbers = dict.fromkeys((*NUMBERS, *parameters), "float64")
    return frame.astype(integers | numbers | {"passed": "bool"})
