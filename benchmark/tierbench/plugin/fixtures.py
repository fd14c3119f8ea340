"""The fixtures: `classifier`, `predictions`, `scores` for users' own tests; `robust_…`, one a kind, for ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pytest

from tierbench.common.errors import UserError
from tierbench.models.classifier import Classifier
from tierbench.plugin.check import Check
from tierbench.plugin.kinds import TESTS
from tierbench.plugin.reports import attach
from tierbench.plugin.session import SESSION, BenchmarkSession
from tierbench.runs.decision import Decision
from tierbench.scoring.score_table import rows_frame

if TYPE_CHECKING:
    import pandas as pd

    from tierbench.models.predictor import Prediction


class Verdict:
    """The decision about a test; `check()` carries it out."""

    def __init__(self, decision: Decision) -> None:
        self.decision = decision

    def check(self) -> None:
        """Pass, fail with one line, or end as a known failure."""
        __tracebackhide__ = True
        if self.decision.action == "xfail":
            # A marker would turn a fixed issue into a strict-xpass failure; this cannot.
            pytest.xfail(self.decision.message)
        if self.decision.action != "pass":
            # A failure; or a known one under --runxfail, which makes pytest.xfail() do nothing.
            pytest.fail(self.decision.message, pytrace=False)


@pytest.fixture(scope="session")
def classifier(request: pytest.FixtureRequest) -> Classifier:
    """The model under test (the first, where several are named); its weights are loaded when it first predicts.

    Override it in a conftest.py to put any model of your own under the suites.
    """
    session = request.config.stash[SESSION]
    try:
        return session.models.open(session.names[0]).classifier
    except UserError as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None


@pytest.fixture(scope="session")
def predictions(request: pytest.FixtureRequest, classifier: Classifier) -> Mapping[str, Prediction]:
    """What the first model said of every selected case, by `suite/id`."""
    session = request.config.stash[SESSION]
    try:
        return dict(session.predicted(session.names[0], classifier).predictions)
    except UserError as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None


@pytest.fixture(scope="session")
def scores(request: pytest.FixtureRequest, classifier: Classifier) -> pd.DataFrame:
    """The selected cases under all models as a table: a row a case and model, columns as in scores.csv."""
    session = request.config.stash[SESSION]
    try:
        session.predicted(session.names[0], classifier)
        results = [result for name in session.selection.cases for result in session.all_results(name)]
    except UserError as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None
    return rows_frame(result.row() for result in results)


def fixture_of(name: str, kinds: Sequence[type[Check]]) -> Any:
    """Return the fixture `robust_…` of a test function, and of the kinds that are its parameters."""

    def judged(request: pytest.FixtureRequest) -> Verdict:
        session: BenchmarkSession = request.config.stash[SESSION]
        check: Check = request.param
        reported = False
        try:
            if session.asks_models and session.names[0] in check.models:
                # The `classifier` fixture speaks for the first model, so that a user's own override is what is tested.
                session.predicted(session.names[0], request.getfixturevalue("classifier"))
            outcome = check.judge(session) if session.judges(check) else check.leave(session)
        except UserError as error:
            outcome = check.failed(error)
            reported = not session.reports_failure(check.model, request.node.nodeid)
        if outcome.error and not reported:
            raise pytest.fail.Exception(outcome.error, pytrace=False)
        if outcome.result is not None or outcome.rows:
            attach(request.node, session, check, outcome)
        if reported:
            pytest.skip(f"{check.model} cannot predict: another test reports why")
        if not session.judges(check):
            pytest.skip("judged by tierbench merge")
        decision = check.settle(session, outcome)
        if decision.action == "error":
            pytest.fail(decision.message, pytrace=False)
        if decision.action == "skip":
            pytest.skip(decision.message)
        return Verdict(decision)

    judged.__doc__ = kinds[0].__doc__
    return pytest.fixture(name=f"robust_{name}")(judged)


robust_fixtures = {f"robust_{name}": fixture_of(name, kinds) for name, kinds in TESTS.items()}
globals().update(robust_fixtures)
