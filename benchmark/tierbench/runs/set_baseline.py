"""The accepted results of data sets: `baselines/MODEL.sets/SET.parquet`, or those of a run; and what was lost."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tierbench.common.errors import UserError
from tierbench.common.files import exists, is_folder, open_regular, replacing, shown_path
from tierbench.common.schema import SetResult
from tierbench.common.text import error_text, one_line, plural
from tierbench.models.spec import ModelSpec
from tierbench.runs.baseline_source import BaselineChoice
from tierbench.runs.regression import DEFAULT_ALLOWED_DROP
from tierbench.runs.set_parts import SetParts, checked
from tierbench.runs.set_places import accepted_path
from tierbench.runs.set_regression import judge_set

if TYPE_CHECKING:
    import pandas as pd

# What is kept of a picture, and what is read of today's rows to compare with it.
_KEPT = ("id", "slice", "label", "predicted", "correct")
_COMPARED = (*_KEPT, "group", "error")
# What results depend on besides the fingerprint, which a new model changes.
_SHOWN = ("digest", "protocol", "device", "dtype", "backend", "torch", "transformers", "pillow")
_MADE_WITH = b"tierbench"
# Number of pictures that a result names.
_NAMED = 20


@dataclass(frozen=True)
class Accepted:
    """The accepted results of a model on a set.

    Attributes:
        rows: id, slice, label, predicted and correct of each picture that had a prediction; sorted by id.
        made_with: what they were made with; see `set_run.made_with`.
    """

    rows: pd.DataFrame
    made_with: Mapping[str, Any]


def baseline_problems(choice: BaselineChoice, spec: ModelSpec, name: str) -> list[str]:
    """Return why the accepted results of a model on a set cannot be compared with, one line each."""
    path = accepted_path(choice, spec, name)
    if path is None:
        return []
    if not exists(path):
        what = f"data set {name!r}: model {spec.name!r} has no accepted results ({shown_path(path)})"
        return [f"{what}; accept a run with --robust-update-baseline"] if choice.required else []
    try:
        _made_with(path)
    except UserError as error:
        return list(error.lines)
    return []


def _made_with(path: Path) -> dict[str, Any]:
    """Return what accepted results were made with, without reading them.

    Raises:
        UserError: if they cannot be read.
    """
    import pyarrow.parquet as parquet

    if is_folder(path):
        return SetParts(path).made_with()
    try:
        with open_regular(path) as stream:
            schema = parquet.read_schema(stream)
        if missing := set(_KEPT) - set(schema.names):
            raise KeyError(f"no column {', '.join(sorted(missing))}")
        return dict(json.loads((schema.metadata or {})[_MADE_WITH]))
    except Exception as error:
        # pyarrow raises several kinds of errors on damaged files.
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> UserError:
    return UserError(
        f"{shown_path(path)}: the accepted results cannot be read ({error_text(error)}); restore the file, "
        "or delete it and accept a run with --robust-update-baseline"
    )


def read_accepted(path: Path) -> Accepted:
    """Read accepted results.

    Raises:
        UserError: if they cannot be read.
    """
    import pyarrow.parquet as parquet

    made_with = _made_with(path)
    if is_folder(path):
        rows = SetParts(path).read(_COMPARED)
        return Accepted(rows.loc[rows["error"] == "", list(_KEPT)], made_with)
    try:
        with open_regular(path) as stream:
            table = checked(parquet.ParquetFile(stream).read(list(_KEPT)), _KEPT)
            return Accepted(table.to_pandas().drop_duplicates("id"), made_with)
    except Exception as error:
        raise _damaged(path, error) from error


def accept_results(path: Path, results: Path, *, whole: bool) -> str:
    """Accept the results of a run on a set; return a line that says so.

    Args:
        path: the file of accepted results; what the run does not have is kept, unless it ran the whole set.
        results: the folder of the run's result files.
        whole: whether the run has every picture of the set.

    Raises:
        UserError: if no picture had a prediction, or a file cannot be read or written.
    """
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as parquet

    new = read_accepted(results)
    if new.rows.empty:
        raise UserError(f"{shown_path(path)} is unchanged: no picture had a prediction; see the errors of the set")
    rows = new.rows
    if not whole and exists(path):
        rows = pd.concat([rows, read_accepted(path).rows]).drop_duplicates("id").sort_values("id", ignore_index=True)
    table = pa.Table.from_pandas(rows, preserve_index=False)
    table = table.replace_schema_metadata({_MADE_WITH: json.dumps(dict(new.made_with), sort_keys=True)})
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as stream:
            # Small, because it is committed: ids are sorted, so that most of each is in the one before.
            names = ["slice", "label", "predicted"]
            encoding = {"id": "DELTA_BYTE_ARRAY"}
            parquet.write_table(table, stream, compression="zstd", use_dictionary=names, column_encoding=encoding)
    except OSError as error:
        raise UserError(f"{shown_path(path)}: cannot be written: {error.strerror or error}") from error
    return f"baseline {shown_path(path)}: {plural(len(new.rows), 'picture')} accepted"


def compare_with_accepted(result: SetResult, results: Path, path: Path | None, allowed_drop: float | None) -> SetResult:
    """Return a result on a whole set with its paired verdict; unchanged without accepted results, or of a part only.

    Args:
        result: the result.
        results: the folder of its result files.
        path: see `accepted_path`.
        allowed_drop: the net loss that is tolerated; None: the default.

    Raises:
        UserError: if the accepted results cannot be read.
    """
    if path is None or not exists(path) or not result.complete:
        return result
    accepted, parts = read_accepted(path), SetParts(results)
    rows = parts.read(_COMPARED)
    pairs = accepted.rows.merge(rows, on=["id", "label"], suffixes=("_before", "_now"))
    drop = DEFAULT_ALLOWED_DROP if allowed_drop is None else allowed_drop
    found = judge_set(result.set, pairs[pairs["error"] == ""], group="group", allowed_drop=drop)
    verdict = worst = found.whole
    if (pairs["error"] != "").any():
        # An error, and what is unscored, as a miss.
        worst = judge_set(result.set, pairs, group="group", allowed_drop=drop).whole
    gone = accepted.rows.loc[~accepted.rows["id"].isin(rows["id"]), "id"]
    return replace(
        result,
        verdict=verdict,
        slice_verdicts=found.slices,
        undetermined=verdict.state != "regressed" and worst.state == "regressed",
        baseline=shown_path(path),
        differences=tuple(_differences(accepted.made_with, parts.made_with())),
        missing=len(gone),
        missing_named=tuple(gone[:_NAMED]),
    )


def _differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    for name in _SHOWN:
        if name in before and before[name] != now.get(name):
            texts = (one_line(_text(made.get(name)), 80) for made in (before, now))
            yield "{}: baseline {}, now {}".format(name, *texts)


def _text(value: Any) -> str:
    return "; ".join(map(str, value)) if isinstance(value, list) else str(value)
