"""From suites to tests: a parameter per image and per tier, with its id and its marks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from benchmark.plugin.session import BenchmarkSession, CaseTest, TierTest

# What `pytest.param` gives has no public name.
ParameterSet = Any


def parametrize(metafunc: pytest.Metafunc, session: BenchmarkSession) -> None:
    """Parametrize a test that asks for `robust_case` or `robust_tier`."""
    if "robust_case" in metafunc.fixturenames:
        metafunc.parametrize("robust_case", list(_cases(session)), indirect=True)
    if "robust_tier" in metafunc.fixturenames:
        metafunc.parametrize("robust_tier", list(_tiers(session)), indirect=True)


def _cases(session: BenchmarkSession) -> Iterator[ParameterSet]:
    for suite in session.suites:
        for number, cases in suite.by_tier.items():
            for case in cases:
                marks = [getattr(pytest.mark, name) for name in (f"tier{number}", *case.tags)]
                for slot in session.config.slots:
                    yield pytest.param(CaseTest(case, slot), id=case.key + _suffix(session, slot), marks=marks)


def _tiers(session: BenchmarkSession) -> Iterator[ParameterSet]:
    for suite in session.suites:
        for number in suite.by_tier:
            for slot in session.config.slots:
                name = f"{suite.name}/tier{number}" + _suffix(session, slot)
                yield pytest.param(TierTest(suite, number, slot), id=name, marks=getattr(pytest.mark, f"tier{number}"))


def _suffix(session: BenchmarkSession, slot: str) -> str:
    return f":{slot}" if session.several_models else ""
