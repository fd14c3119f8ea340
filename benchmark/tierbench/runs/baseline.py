"""Read, update and prune baseline files on disk; a file is replaced atomically."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

import pandas as pd

from tierbench.common.errors import UserError
from tierbench.common.file_lock import file_lock
from tierbench.common.files import shown_path
from tierbench.common.text import one_line
from tierbench.runs.baseline_format import Baseline, parse_baseline, serialise_baseline
from tierbench.runs.diff import ALL_BASELINE_COLUMNS, COLUMN_TYPES, KEY, flat, with_optional
from tierbench.suites.case import Suite
from tierbench.suites.derived import clean_id

# Scores of the same weights on another device or library version agree to this.
_NOISE = 1e-4
# Log margins of the same weights agree to this between machines.
LOG_NOISE = 0.01
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")


def baseline_path(reports: Path, name: str) -> Path:
    """Return the baseline file of a model, `<reports>/baselines/<name>.csv`.

    Raises:
        UserError: if the name cannot be used as a file name.
    """
    if not _NAME.fullmatch(name):
        raise UserError(f"model name {one_line(name)!r} names a baseline file: use letters, digits, '.', '_' and '-'")
    return reports / "baselines" / f"{name}.csv"


def read_baseline(path: Path) -> Baseline:
    """Read a baseline file.

    Raises:
        UserError: one line, if the file is missing, cannot be read, is truncated, damaged, not a baseline, or
            of a newer schema.
    """
    baseline = _read(path)
    if baseline is None:
        raise UserError(f"{shown_path(path)}: there is no such baseline; --robust-update-baseline writes one")
    return baseline


def write_baseline(path: Path, rows: pd.DataFrame, provenance: Mapping[str, str]) -> None:
    """Write a whole baseline file, replacing an existing one; on failure the old file is left unchanged.

    Args:
        path: the file; a link is followed.
        rows: one row per scored case with at least `BASELINE_COLUMNS`, in any order.
        provenance: what produced the figures, name → value.

    Raises:
        ValueError: if the rows are not a valid baseline.
        UserError: one line, if the file cannot be written.
    """
    _replace(path, serialise_baseline(rows, provenance))


def update_baseline(
    path: Path, rows: pd.DataFrame, provenance: Mapping[str, str], *, without: Collection[str] = ()
) -> None:
    """Accept the figures of these cases; the other rows of the file are left unchanged.

    The rows of the cases `without` (`suite/case`) are removed with those of their corrupted copies.

    A row is also left unchanged if its figures differ from the accepted ones by no more than the same weights differ
    between machines. Otherwise a diff of the file would hide the cases that really changed. If rows with different
    provenance remain in the file, their common provenance becomes `mixed (latest …)`.

    Raises:
        ValueError: as in `write_baseline`.
        UserError: as in `write_baseline`, and if the existing file cannot be read.
    """
    with file_lock(path):
        _update(path, rows, provenance, without)


def _update(path: Path, rows: pd.DataFrame, provenance: Mapping[str, str], without: Collection[str]) -> None:
    old = _read(path)
    gone = [] if old is None else [f"{suite}/{clean_id(case)}" in without for suite, case in case_keys(old)]
    kept = None if old is None else old.rows[~(_keys(old.rows).isin(_keys(rows)) | gone)]
    if old is not None:
        rows = _settled(old.rows, with_optional(rows)[list(ALL_BASELINE_COLUMNS)].astype(COLUMN_TYPES))
    if old is None or kept is None or kept.empty:
        write_baseline(path, rows, provenance)
        return
    merged = dict(old.provenance)
    for name, value in provenance.items():
        same = merged.get(name, flat(value)) == flat(value)
        merged[name] = value if same else f"mixed (latest {value})"
    write_baseline(path, pd.concat([kept, rows]), merged)


def _settled(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """Return the new rows, each replaced by the old one if the two differ only by noise."""
    before = old.set_index(KEY).reindex(pd.MultiIndex.from_frame(new[KEY])).reset_index()
    after = new.reset_index(drop=True)
    noise = {"score": _NOISE, "margin": _NOISE, "log_margin": LOG_NOISE, "twin_log_margin": LOG_NOISE}
    # `top` is only shown, and follows the figures.
    texts = [name for name in ALL_BASELINE_COLUMNS if name not in (*KEY, *noise, "top")]
    # The step of a ladder has no tier, and a missing value is not equal to another one.
    alike = (before[texts].astype("str").fillna("") == after[texts].astype("str").fillna("")).all(axis=1)
    for name, limit in noise.items():
        alike &= ((before[name] - after[name]).abs() <= limit) | (before[name].isna() & after[name].isna())
    return after.where(~alike, before[list(after.columns)])


CaseIds = Mapping[str, Collection[str]]


def case_ids(suites: Iterable[Suite]) -> dict[str, set[str]]:
    """Return the ids of the cases of each suite, by suite name."""
    return {suite.name: {case.id for case in suite.cases} for suite in suites}


def case_keys(baseline: Baseline) -> list[tuple[str, str]]:
    """Return the suite and case of each row, in the order of the rows."""
    return list(zip(baseline.rows["suite"], baseline.rows["case"], strict=True))


def stale_cases(baseline: Baseline, existing: CaseIds) -> list[tuple[str, str]]:
    """Return the (suite, case) of the rows whose suite exists but whose case does not, sorted.

    A derived case exists as long as the case it was derived from. Rows of suites that were not read are not listed;
    see `absent_suites`.
    """
    names = _names(baseline)
    return [(suite, case) for suite, case in names if suite in existing and clean_id(case) not in existing[suite]]


def absent_suites(baseline: Baseline, existing: CaseIds) -> dict[str, int]:
    """Return the number of rows of each suite that is not among the existing ones."""
    return dict(sorted(Counter(suite for suite, _ in _names(baseline) if suite not in existing).items()))


def prune_baseline(path: Path, existing: CaseIds, *, absent_too: bool = False) -> list[tuple[str, str]]:
    """Remove the rows whose case no longer exists and return them; if there are none, nothing is written.

    Args:
        path: the file.
        existing: the ids of the cases of each suite.
        absent_too: whether to remove the rows of all other suites, too.

    Raises:
        UserError: one line, if the file cannot be read or written.
    """
    with file_lock(path):
        baseline = read_baseline(path)
        stale = stale_cases(baseline, existing)
        if absent_too:
            stale = sorted(stale + [(suite, case) for suite, case in _names(baseline) if suite not in existing])
        if stale:
            write_baseline(path, baseline.rows[~_keys(baseline.rows).isin(stale)], baseline.provenance)
    return stale


def _names(baseline: Baseline) -> list[tuple[str, str]]:
    return sorted(case_keys(baseline))


def provenance_changes(baseline: Baseline, provenance: Mapping[str, str]) -> list[str]:
    """Return one line per difference between the provenance of the baseline and the current one."""
    return [
        f"{name}: baseline {baseline.provenance.get(name, 'unknown')}, now {flat(value)}"
        for name, value in sorted(provenance.items())
        if baseline.provenance.get(name) != flat(value)
    ]


def _read(path: Path) -> Baseline | None:
    """Read the file; return None if there is none."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UserError(f"{shown_path(path)}: the baseline cannot be read: {error.strerror}") from None
    try:
        return parse_baseline(data)
    except UserError as error:
        raise UserError(f"{shown_path(path)}: {error}") from None


def _replace(path: Path, data: bytes) -> None:
    """Replace the file atomically, so that no failure leaves half a file."""
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            if target.exists():
                shutil.copymode(target, temporary)
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise UserError(f"{shown_path(path)}: the baseline cannot be written: {error.strerror}") from None


def _keys(rows: pd.DataFrame) -> pd.MultiIndex:
    return pd.MultiIndex.from_frame(rows[KEY])
