"""Report the problems of the benchmark without stopping other tests: one item that errs with all of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tierbench.plugin.session import check_of


class ProblemItem(pytest.Item):
    """Stands where the tests of the benchmark would; ends in an error with a line for each problem."""

    lines: Sequence[str] = ()

    def setup(self) -> None:
        """Report the problems."""
        raise pytest.fail.Exception("\n".join(self.lines), pytrace=False)

    def runtest(self) -> None:
        """Do nothing: the setup has failed."""

    def reportinfo(self) -> tuple[Path, None, str]:
        """Return what heads the error."""
        return self.config.rootpath, None, "problems of the benchmark"


def put_in_place(session: pytest.Session, items: list[pytest.Item], lines: Sequence[str]) -> None:
    """Replace the tests of the benchmark by one item that errs with the problems."""
    ours = [item for item in items if check_of(item)]
    problem = ProblemItem.from_parent(session, name="problems", nodeid="tierbench::problems")
    problem.lines = lines
    items[:] = [*(item for item in items if check_of(item) is None), problem]
    if ours:
        session.config.hook.pytest_deselected(items=ours)
