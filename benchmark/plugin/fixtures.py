"""The fixtures: `classifier`, `predictions`, `scores` for users' own tests; `robust_…` for the benchmark's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest

from benchmark.errors import UserError
from benchmark.ladders import LadderResult
from benchmark.models.classifier import Classifier
from benchmark.plugin.session import SESSION, BenchmarkSession, CaseTest, LadderTest, TierTest
from benchmark.results import CaseResult, results_frame
from benchmark.tiers import TierResult, reaches, shortfall

if TYPE_CHECKING:
    import pandas as pd

    from benchmark.prediction import Prediction

# The user property that marks a report as the benchmark's; the others of the report are its plain values.
KIND = "robust"


class CaseCheck:
    """What `test_case` asks: did the image meet its thresholds?"""

    def __init__(self, result: CaseResult, several_models: bool) -> None:
        self.result = result
        self._several_models = several_models

    def check(self) -> None:
        """Pass, or fail with the line that names the image, the expectation, and what came."""
        __tracebackhide__ = True
        if self.result.passed:
            return
        message = self.result.message(self._several_models)
        if self.result.case.known_issue:
            # A marker would turn a mended issue into a strict-xpass failure; this cannot.
            pytest.xfail(f"{self.result.case.known_issue}: {message}")
        pytest.fail(message, pytrace=False)


class TierCheck:
    """What `test_tier` asks: did enough of the whole tier pass?"""

    def __init__(self, result: TierResult, cases: list[CaseResult]) -> None:
        self.result = result
        self._cases = cases

    def check(self) -> None:
        """Pass, or fail with the pass rate, the demand, and the missed cases."""
        __tracebackhide__ = True
        result = self.result
        judged = [case for case in self._cases if not case.skipped]
        if not judged:
            pytest.skip(f"{result.suite} tier {result.tier}: the model has no label for any of its cases")
        if reaches(result.passed, result.total, result.min_pass_rate):
            return
        missed = [case for case in judged if not case.passed]
        message = shortfall(result, [case.case.id for case in missed])
        known = [case for case in missed if case.case.known_issue]
        if reaches(result.passed + len(known), result.total, result.min_pass_rate):
            pytest.xfail(f"known issues: {message}")
        pytest.fail(message, pytrace=False)


class LadderCheck:
    """What `test_ladder` asks: does the model see far enough along the ladder?"""

    def __init__(self, result: LadderResult) -> None:
        self.result = result

    def check(self) -> None:
        """Pass, or fail with the breaking point and the demand; a ladder without a gate passes."""
        __tracebackhide__ = True
        result = self.result
        if not result.met:
            unit = f" {result.unit}" if result.unit else ""
            pytest.fail(
                f"{result.suite}/{result.ladder}: {result.sentence()}; {result.gate:g}{unit} demanded", pytrace=False
            )


@pytest.fixture(scope="session")
def classifier(request: pytest.FixtureRequest) -> Classifier:
    """The model under test (the first, where several are named); its weights are loaded when it first predicts.

    Override it in a conftest.py to put any model of your own under the suites.
    """
    session = _session(request)
    try:
        return session.slot(session.config.slots[0]).classifier
    except UserError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture(scope="session")
def predictions(request: pytest.FixtureRequest, classifier: Classifier) -> Mapping[str, Prediction]:
    """What the first model said of every selected case, by `suite/id`."""
    session = _session(request)
    try:
        return dict(session.predicted(session.config.slots[0], classifier).predictions)
    except UserError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture(scope="session")
def scores(request: pytest.FixtureRequest, classifier: Classifier) -> pd.DataFrame:
    """The selected cases under all models as a table: a row a case and model, columns as in scores.csv."""
    try:
        return results_frame(_session(request).results(classifier))
    except UserError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture
def robust_case(request: pytest.FixtureRequest) -> CaseCheck:
    """A case under a model, judged; an image without a prediction makes its test an error."""
    session = _session(request)
    test: CaseTest = request.param
    try:
        result = session.result(test, _classifier(request, session, test.slot))
    except UserError as error:
        result = CaseResult(test.case, test.slot, error=str(error))
    _record(request, "case", session, test.slot, result.row())
    if result.error:
        pytest.fail(result.message(session.several_models), pytrace=False)
    if result.skipped:
        pytest.skip(result.message(session.several_models))
    return CaseCheck(result, session.several_models)


@pytest.fixture
def robust_tier(request: pytest.FixtureRequest) -> TierCheck:
    """A whole tier of a suite under a model, judged."""
    session = _session(request)
    test: TierTest = request.param
    try:
        result, cases = session.tier_result(test, _classifier(request, session, test.slot))
    except UserError as error:
        pytest.fail(str(error), pytrace=False)
    _record(request, "tier", session, test.slot, result.as_dict())
    return TierCheck(result, cases)


@pytest.fixture
def robust_ladder(request: pytest.FixtureRequest) -> LadderCheck:
    """A whole ladder of a suite under a model, judged; a step without a prediction makes its test an error."""
    session = _session(request)
    test: LadderTest = request.param
    try:
        result, steps = session.ladder_result(test, _classifier(request, session, test.slot))
    except UserError as error:
        pytest.fail(str(error), pytrace=False)
    rows = [step.row() for step in steps]
    _record(request, "ladder", session, test.slot, {"ladder": json.dumps(result.as_dict()), "steps": json.dumps(rows)})
    if skipped := [step for step in steps if step.skipped]:
        pytest.skip(skipped[0].message(session.several_models))
    if errors := [step for step in steps if step.error]:
        pytest.fail("; ".join(step.message(session.several_models) for step in errors), pytrace=False)
    return LadderCheck(result)


def _session(request: pytest.FixtureRequest) -> BenchmarkSession:
    return request.config.stash[SESSION]


def _classifier(request: pytest.FixtureRequest, session: BenchmarkSession, slot: str) -> Classifier | None:
    """The `classifier` fixture speaks for the first slot, so that a user's own override is what is tested."""
    if slot != session.config.slots[0]:
        return None
    found: Classifier = request.getfixturevalue("classifier")
    return found


def _record(
    request: pytest.FixtureRequest, kind: str, session: BenchmarkSession, slot: str, values: Mapping[str, Any]
) -> None:
    """Hang plain values on the test's report: they travel to the controller, and into JUnit XML."""
    properties = {KIND: kind, "model": slot, "fingerprint": session.fingerprint(slot), **values}
    request.node.user_properties.extend((name, value) for name, value in properties.items() if value is not None)
