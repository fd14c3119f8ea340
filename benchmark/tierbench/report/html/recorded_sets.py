"""Open the data sets of a record again, to show pictures of them where their files can still be read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tierbench.common.errors import UserError
from tierbench.common.schema import SetResult
from tierbench.report.html.sets import OpenSet
from tierbench.suites.datasets import DataSet, SetSpec, open_data_set


def recorded_sets(results: Sequence[SetResult], root: Path) -> OpenSet:
    """Return a function that opens a data set by its name; it makes no request.

    It raises a `UserError` where the record does not say where the set is, the set is on a server or cannot be opened,
    or has other pictures than when it was recorded.

    Args:
        results: the results of the record.
        root: what the paths of the sets are relative to.
    """
    by_name = {result.set: result for result in results}

    def open_set(name: str) -> DataSet:
        result = by_name[name]
        if not result.spec:
            raise UserError(f"the record does not say where data set {name!r} is")
        spec = SetSpec.parse(f"{name}={result.spec}")
        if spec.kind == "hub":
            raise UserError(f"{spec.place}: is not fetched again for a report")
        found = open_data_set(spec, root)
        if result.digest not in ("", found.digest):
            raise UserError(f"{spec.place}: has other pictures now than the results are of")
        return found

    return open_set
