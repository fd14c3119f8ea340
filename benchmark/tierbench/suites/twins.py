"""Check twins: pictures of the same scene without the object, which the column `twin` of a case names."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from tierbench.common.text import suggestion
from tierbench.suites.case import Case, Suite
from tierbench.suites.expectation import TWIN
from tierbench.suites.problems import Problems


def row_problems(case: Case) -> Iterator[str]:
    """Yield what a row of a twin, an absence case or a step of a ladder must not combine."""
    if case.is_twin and case.tier is not None:
        yield f"a twin (label {TWIN}) has no tier; leave tier empty, or write the concept that the image shows in label"
    if case.is_twin and case.ladder:
        yield f"a twin (label {TWIN}) is no step of a ladder; leave ladder empty"
    if case.is_twin and case.twin:
        yield f"a twin (label {TWIN}) has no twin of its own; leave twin empty"
    if case.absent and case.ladder:
        yield "an absence case is no step of a ladder; leave ladder empty, and fill in tier"
    if case.absent and case.twin:
        yield "an absence case has no twin; leave twin empty"


def check_twins(rows: Sequence[Case], bad: Collection[str], file: Path, problems: Problems) -> None:
    """Report each case whose twin is not one.

    Args:
        rows: the cases and twins of a suite.
        bad: the ids of rows with problems, which have been reported.
        file: the `metadata.csv` that declares them.
        problems: receives one line per problem.
    """
    known = {row.id: row for row in rows}
    twins = [row.id for row in rows if row.is_twin]
    for case in rows:
        name, twin = case.twin, known.get(case.twin)
        if case.is_twin or not name or (twin is None and name in bad):
            continue
        fix = f"name the id of a row with the label {TWIN}"
        if twin is case:
            problems.add(file, f"twin {name!r} is the case itself; {fix}", case.row)
        elif twin is None:
            problems.add(
                file, f"twin {name!r} is not in the suite; {suggestion(name, twins) if twins else fix}", case.row
            )
        elif not twin.is_twin:
            problems.add(
                file, f"twin {name!r} (row {twin.row}) has the label {twin.label!r}, not {TWIN}; {fix}", case.row
            )


def unused_twins(suite: Suite) -> list[str]:
    """Return a line for each twin that no case names; a run ignores it, so that twins may be added one by one."""
    problems = Problems()
    named = {case.twin for case in suite.cases}
    for twin in suite.twins.values():
        if twin.id not in named:
            problems.add(
                suite.folder / "metadata.csv",
                f"no case names {twin.id!r}, which has the label {TWIN}; "
                "write its id in the column twin of a case, or remove the row",
                twin.row,
            )
    return problems.lines
