"""Evaluate a classifier on a suite without pytest, for notebooks and training loops."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tierbench.common.errors import UserError
from tierbench.models.classifier import Classifier
from tierbench.models.load import load_classifier
from tierbench.models.prediction_store import PredictionStore
from tierbench.models.predictor import Predictor
from tierbench.scoring.results import CaseResult, judge_case
from tierbench.scoring.score_table import rows_frame
from tierbench.scoring.suite_model import bind
from tierbench.suites.case import Case, Suite
from tierbench.suites.problems import Problems
from tierbench.suites.reader import read_suite

if TYPE_CHECKING:
    import pandas as pd


def evaluate(
    classifier: Classifier | str,
    suite: Suite | str | Path,
    *,
    model: str = "model",
    batch_size: int = 16,
    missing_labels: str = "error",
    labels: Sequence[str] | None = None,
    max_pixels: int | None = None,
) -> pd.DataFrame:
    """Predict every case of a suite and judge it by its thresholds.

    Args:
        classifier: any `Classifier`, or a spec: a folder, a Hub id, or `reference`.
        suite: a suite, or the path of its folder.
        model: the name for the `model` column.
        batch_size: number of images per batch.
        missing_labels: what to do if the model has no label for a concept: `error`, or `skip` its cases.
        labels: names of the classes, if the classifier is a spec whose config has none.
        max_pixels: the number of pixels that an image may have; None: Pillow's limit, 89,478,485.

    Returns:
        One row per case, ladder steps and absence cases included, twins not; the columns are those of `scores.csv`.

    Raises:
        UserError: if the suite has problems, has not been fetched, or does not match the model's labels.
    """
    if isinstance(classifier, str):
        classifier = load_classifier(classifier, labels=labels)
    if not isinstance(suite, Suite):
        suite = _read(Path(suite))
    results = judge_suite(classifier, suite, suite.cases, model, batch_size, missing_labels, max_pixels)
    return rows_frame(result.row() for result in results)


def judge_suite(
    classifier: Classifier,
    suite: Suite,
    cases: Iterable[Case],
    model: str,
    batch_size: int = 16,
    missing_labels: str = "error",
    max_pixels: int | None = None,
) -> list[CaseResult]:
    """Predict and judge the given cases of a suite; see `evaluate`."""
    bound = bind(classifier, suite)
    if problems := bound.problems(model, missing_is_problem=missing_labels == "error"):
        raise UserError(*problems)
    space = bound.space
    wanted = list(cases)
    known = [case for case in wanted if any(space.knows(name) for name in case.expected)]
    images = [*known, *suite.twins_of(known)]
    predictor = Predictor(
        bound.classifier, PredictionStore(None), batch_size, identity=bound.identity, max_pixels=max_pixels
    )
    predictions = predictor.predict(images)
    return [
        judge_case(
            case,
            model,
            space,
            predictions.get(case.key),
            twin=predictions.get(case.twin_key),
            multi_label=bound.identity.multi_label,
        )
        for case in wanted
    ]


def _read(folder: Path) -> Suite:
    problems = Problems()
    suite = read_suite(folder, problems)
    if problems.lines:
        raise UserError(*problems.lines)
    if not suite.fetched:
        raise UserError(f"suite {suite.name!r}: its images have not been fetched; run `{suite.fetch_hint}`")
    return suite
