"""A repository with an accepted baseline to hold other models against."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Bench
from tests.garage import GARAGE, worse_model


@pytest.fixture
def garage(bench: Bench) -> Bench:
    """A repository whose model passes tier 1 and misses tier 2."""
    # pytester forgets what a run in process has imported, and these do not bear a second import.
    import tierbench.report.html.history_page
    import tierbench.report.markdown
    import tierbench.runs.regression  # noqa: F401

    bench.suite("garage", GARAGE)
    return bench


@pytest.fixture
def accepted(garage: Bench) -> Bench:
    """The same with its baseline accepted."""
    answer = garage.run("--robust-update-baseline")
    assert answer.code == 0, answer.text
    garage.record()
    return garage


@pytest.fixture(scope="session")
def worse(colour_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy that misses what is green."""
    return worse_model(colour_model, tmp_path_factory.mktemp("worse") / "model", truck=-3)


@pytest.fixture(scope="session")
def unsure(colour_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy that is less sure of everything, and flips nothing."""
    return worse_model(colour_model, tmp_path_factory.mktemp("unsure") / "model", scale=0.5)
