"""The same path without pytest: a classifier over a suite becomes a table, for notebooks and training loops."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tierbench.common.errors import UserError
from tierbench.models.classifier import Classifier, is_multi_label
from tierbench.models.load import load_classifier
from tierbench.models.prediction_store import PredictionStore
from tierbench.models.predictor import Predictor
from tierbench.scoring.labels import label_problems, map_concepts
from tierbench.scoring.results import CaseResult, judge_case, rows_frame
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
) -> pd.DataFrame:
    """Predict every case of a suite and hold it against its thresholds.

    Args:
        classifier: any `Classifier`, or a spec: a folder, a Hub id, `reference`.
        suite: a suite, or the path of its folder.
        model: the name for the `model` column.
        batch_size: images handed to the model at once.
        missing_labels: `error`, or `skip` for cases whose concept the model has no label for.
        labels: names of the classes, where the classifier is a spec whose config has none.

    Returns:
        A row a case, ladder steps included; columns as in `scores.csv`.

    Raises:
        UserError: if the suite has problems, is not fetched, or does not fit the model's labels.
    """
    if isinstance(classifier, str):
        classifier = load_classifier(classifier, labels=labels)
    if not isinstance(suite, Suite):
        suite = _read(Path(suite))
    results = judge_suite(classifier, suite, suite.cases, model, batch_size, missing_labels)
    return rows_frame(result.row() for result in results)


def judge_suite(
    classifier: Classifier,
    suite: Suite,
    cases: Iterable[Case],
    model: str,
    batch_size: int = 16,
    missing_labels: str = "error",
) -> list[CaseResult]:
    """Return the results of some cases of a suite; see `evaluate`."""
    space = map_concepts(suite, classifier.labels)
    if problems := label_problems(suite, space, model, missing_is_problem=missing_labels == "error"):
        raise UserError(*problems)
    wanted = list(cases)
    known = [case for case in wanted if any(space.knows(name) for name in case.expected)]
    predictions = Predictor(classifier, PredictionStore(None), batch_size).predict(known)
    multi_label = is_multi_label(classifier)
    return [judge_case(case, model, space, predictions.get(case.key), multi_label=multi_label) for case in wanted]


def _read(folder: Path) -> Suite:
    problems = Problems()
    suite = read_suite(folder, problems)
    if problems.lines:
        raise UserError(*problems.lines)
    if not suite.fetched:
        raise UserError(f"suite {suite.name!r}: its images are not here yet; run `{suite.fetch_hint}`")
    return suite
