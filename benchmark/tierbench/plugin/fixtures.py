"""The fixtures: `classifier`, `predictions`, `scores` for users' own tests; `robust_…` for the benchmark's."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest

from tierbench.common.errors import UserError
from tierbench.models.classifier import Classifier
from tierbench.plugin.selection import CaseTest, LadderTest, RegressionTest, SliceTest, TierTest
from tierbench.plugin.session import SESSION, BenchmarkSession
from tierbench.runs.gates import (
    Decision,
    decide_case,
    decide_ladder,
    decide_regression,
    decide_slice,
    decide_tier,
    with_change,
)
from tierbench.runs.record import cells, to_json
from tierbench.scoring.results import CaseResult, rows_frame

if TYPE_CHECKING:
    import pandas as pd

    from tierbench.models.predictor import Prediction

# The user property that marks a report as the benchmark's; the others of the report are its plain values.
KIND = "robust"


class Check:
    """What a test of the benchmark asks; what it does is decided when the result is known."""

    def __init__(self, decision: Decision, warning: str = "") -> None:
        self.decision = decision
        self.warning = warning

    def check(self) -> None:
        """Pass, fail with one line, or end as a known failure."""
        __tracebackhide__ = True
        if self.warning:
            warnings.warn(RobustnessWarning(self.warning), stacklevel=2)
        if self.decision.action == "xfail":
            # A marker would turn a mended issue into a strict-xpass failure; this cannot.
            pytest.xfail(self.decision.message)
        if self.decision.action != "pass":
            # A failure; or a known one under --runxfail, which makes pytest.xfail() do nothing.
            pytest.fail(self.decision.message, pytrace=False)


class RobustnessWarning(pytest.PytestWarning):
    """A verdict that leaves the question open."""


@pytest.fixture(scope="session")
def classifier(request: pytest.FixtureRequest) -> Classifier:
    """The model under test (the first, where several are named); its weights are loaded when it first predicts.

    Override it in a conftest.py to put any model of your own under the suites.
    """
    session = _session(request)
    try:
        return session.slot(session.config.slots[0]).classifier
    except UserError as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None


@pytest.fixture(scope="session")
def predictions(request: pytest.FixtureRequest, classifier: Classifier) -> Mapping[str, Prediction]:
    """What the first model said of every selected case, by `suite/id`."""
    session = _session(request)
    try:
        return dict(session.predicted(session.config.slots[0], classifier).predictions)
    except UserError as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None


@pytest.fixture(scope="session")
def scores(request: pytest.FixtureRequest, classifier: Classifier) -> pd.DataFrame:
    """The selected cases under all models as a table: a row a case and model, columns as in scores.csv."""
    try:
        return rows_frame(result.row() for result in _session(request).results(classifier))
    except UserError as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None


@pytest.fixture
def robust_case(request: pytest.FixtureRequest) -> Check:
    """A case under a model, judged; an image without a prediction makes its test an error."""
    session = _session(request)
    test: CaseTest = request.param
    try:
        result = session.result(test, _classifier(request, session, test.slot))
        change = session.changes(test.slot, [result])[0]
    except UserError as error:
        result, change = CaseResult(test.case, test.slot, error=str(error)), None
    _record(request, "case", session, test.slot, cells(with_change(result.row(), change)))
    if result.error:
        pytest.fail(result.message(session.several_models), pytrace=False)
    if result.skipped:
        pytest.skip(result.message(session.several_models))
    updating = session.config.update_baseline
    several = session.several_models
    return Check(decide_case(result, change, session.gate(test.slot), updating=updating, several_models=several))


@pytest.fixture
def robust_tier(request: pytest.FixtureRequest) -> Check:
    """A whole tier of a suite under a model, judged."""
    session = _session(request)
    test: TierTest = request.param
    try:
        tier, results = session.tier_result(test, _classifier(request, session, test.slot))
        judged = [result for result in results if not result.skipped]
        changes = session.changes(test.slot, judged)
        gate = session.gate(test.slot)
    except UserError as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None
    _record(request, "tier", session, test.slot, {"result": to_json(tier)})
    if not judged:
        pytest.skip(f"{tier.suite} tier {tier.tier}: the model has no label for any of its cases")
    return Check(decide_tier(tier, judged, changes, gate, updating=session.config.update_baseline))


@pytest.fixture
def robust_ladder(request: pytest.FixtureRequest) -> Check:
    """A whole ladder of a suite under a model, judged; a step without a prediction makes its test an error."""
    session = _session(request)
    test: LadderTest = request.param
    try:
        ladder, steps = session.ladder_result(test, _classifier(request, session, test.slot))
        changes = session.changes(test.slot, steps)
        gate = session.gate(test.slot)
    except UserError as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None
    rows = [with_change(step.row(), change) for step, change in zip(steps, changes, strict=True)]
    values = {"result": to_json(ladder), "steps": to_json(rows)}
    _record(request, "ladder", session, test.slot, values)
    if skipped := [step for step in steps if step.skipped]:
        pytest.skip(skipped[0].message(session.several_models))
    if errors := [step for step in steps if step.error]:
        pytest.fail("; ".join(step.message(session.several_models) for step in errors), pytrace=False)
    return Check(decide_ladder(ladder, steps, changes, gate, updating=session.config.update_baseline))


@pytest.fixture
def robust_regression(request: pytest.FixtureRequest) -> Check:
    """The paired verdict of a tier against the baseline."""
    session = _session(request)
    test: RegressionTest = request.param
    try:
        verdict = session.regression(test, _classifier(request, session, test.slot))
        gate = session.gate(test.slot)
    except UserError as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None
    _record(request, "regression", session, test.slot, {"result": to_json(verdict)})
    from tierbench.runs.regression import verdict_sentence

    sentence = verdict_sentence(verdict)
    decision = decide_regression(verdict.state, sentence, gate, updating=session.config.update_baseline)
    # Under the other gates the cases decide, and a small tier would warn at every run.
    open_question = verdict.state == "not shown" and gate == "regression"
    return Check(decision, sentence if open_question else "")


@pytest.fixture
def robust_slice(request: pytest.FixtureRequest) -> Check:
    """A slice of a sweep under a model: tier 1 under one corruption at one severity."""
    session = _session(request)
    test: SliceTest = request.param
    try:
        result, cases = session.slice_result(test, _classifier(request, session, test.slot))
        judged = [case for case in cases if not case.skipped]
        changes = session.changes(test.slot, judged)
        gate = session.gate(test.slot)
    except UserError as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None
    _record(request, "slice", session, test.slot, {"result": to_json(result)})
    if not result.total:
        pytest.skip(f"{result.key}: the model has no label for any of its cases")
    return Check(decide_slice(result, judged, changes, gate, updating=session.config.update_baseline))


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
    properties = as_properties(kind, session, slot, values)
    # A test that is run again, by pytest-rerunfailures for one, has those of its first try.
    names = {KIND, "model", "fingerprint", *values}
    kept = [entry for entry in request.node.user_properties if entry[0] not in names]
    request.node.user_properties[:] = kept + properties


def as_properties(kind: str, session: BenchmarkSession, slot: str, values: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Give values as the user properties by which a report is known as the benchmark's; empty ones are left out."""
    properties = {KIND: kind, "model": slot, "fingerprint": session.fingerprint(slot), **values}
    return [entry for entry in properties.items() if entry[1] is not None]
