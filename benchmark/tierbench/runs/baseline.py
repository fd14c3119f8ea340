"""Baseline files on disk: read, updated in part, pruned; replaced in one step or left as they were."""

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
from tierbench.runs.baseline_format import Baseline, parse_baseline, serialise_baseline
from tierbench.runs.diff import BASELINE_COLUMNS, COLUMN_TYPES, KEY, flat
from tierbench.runs.regression import NOISE
from tierbench.suites.case import Suite
from tierbench.suites.derived import clean_id

_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")


def baseline_path(reports: Path, name: str) -> Path:
    """Return a model's file, `<reports>/baselines/<name>.csv`.

    Raises:
        UserError: if the name is not fit for a file name.
    """
    if not _NAME.fullmatch(name):
        raise UserError(f"model name {name!r} names a baseline file: use letters, digits, '.', '_' and '-'")
    return reports / "baselines" / f"{name}.csv"


def read_baseline(path: Path) -> Baseline:
    """Read a baseline file.

    Raises:
        UserError: one line, if the file is absent, cannot be read, is cut, damaged, not a baseline, or of a
            newer schema.
    """
    baseline = _read(path)
    if baseline is None:
        raise UserError(f"{path}: there is no such baseline; --robust-update-baseline writes one")
    return baseline


def write_baseline(path: Path, rows: pd.DataFrame, identity: Mapping[str, str]) -> None:
    """Write a whole baseline file, in place of any that is there; on failure the old one stays as it was.

    Args:
        path: the file; a link is followed.
        rows: at least `BASELINE_COLUMNS`, one row a case that was scored, in any order.
        identity: what made the figures, name → value.

    Raises:
        ValueError: if the rows would not make a baseline that reads.
        UserError: one line, if the file cannot be written.
    """
    _replace(path, serialise_baseline(rows, identity))


def update_baseline(path: Path, rows: pd.DataFrame, identity: Mapping[str, str]) -> None:
    """Accept the figures of these cases; the file's other rows stay as they are.

    So does a row whose figures agree with the accepted ones but for what the same weights differ by between machines:
    else a diff of the file would hide the cases that changed. Where rows of another making stay, the identity says so:
    `mixed (latest …)`.

    Raises:
        ValueError: as `write_baseline`.
        UserError: as `write_baseline`, and if there is a file that does not read.
    """
    with file_lock(path):
        _update(path, rows, identity)


def _update(path: Path, rows: pd.DataFrame, identity: Mapping[str, str]) -> None:
    old = _read(path)
    kept = None if old is None else old.rows[~_keys(old.rows).isin(_keys(rows))]
    if old is not None:
        rows = _settled(old.rows, rows[list(BASELINE_COLUMNS)].astype(COLUMN_TYPES))
    if old is None or kept is None or kept.empty:
        write_baseline(path, rows, identity)
        return
    making = dict(old.identity)
    for name, value in identity.items():
        same = making.get(name, flat(value)) == flat(value)
        making[name] = value if same else f"mixed (latest {value})"
    write_baseline(path, pd.concat([kept, rows]), making)


def _settled(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """Return the new rows, but the old one where both say the same but for noise."""
    before = old.set_index(KEY).reindex(pd.MultiIndex.from_frame(new[KEY])).reset_index()
    after = new.reset_index(drop=True)
    figures = ["score", "margin"]
    texts = [name for name in BASELINE_COLUMNS if name not in (*KEY, *figures)]
    # A ladder's step has no tier, and nothing is equal to nothing.
    alike = (before[texts].astype("str").fillna("") == after[texts].astype("str").fillna("")).all(axis=1)
    alike &= ((before[figures] - after[figures]).abs() <= NOISE).all(axis=1)
    return after.where(~alike, before[list(after.columns)])


CaseIds = Mapping[str, Collection[str]]


def case_ids(suites: Iterable[Suite]) -> dict[str, set[str]]:
    """Return the ids of the cases of each suite, by its name."""
    return {suite.name: {case.id for case in suite.cases} for suite in suites}


def stale_cases(baseline: Baseline, existing: CaseIds) -> list[tuple[str, str]]:
    """List the (suite, case) of the rows whose suite is there and whose case is not, sorted.

    What a sweep derived exists as long as the case that it was derived from. Of a suite that was not read nothing is
    known; see `absent_suites`.
    """
    names = _names(baseline)
    return [(suite, case) for suite, case in names if suite in existing and clean_id(case) not in existing[suite]]


def absent_suites(baseline: Baseline, existing: CaseIds) -> dict[str, int]:
    """Count the rows of each suite that is not among the existing ones."""
    return dict(sorted(Counter(suite for suite, _ in _names(baseline) if suite not in existing).items()))


def prune_baseline(path: Path, existing: CaseIds, *, absent_too: bool = False) -> list[tuple[str, str]]:
    """Remove the rows whose case does not exist any more and tell which; without one nothing is written.

    Args:
        path: the file.
        existing: the ids of the cases of each suite.
        absent_too: whether the rows of suites that are not among them go too.

    Raises:
        UserError: one line, if the file does not read or cannot be written.
    """
    with file_lock(path):
        baseline = read_baseline(path)
        stale = stale_cases(baseline, existing)
        if absent_too:
            stale = sorted(stale + [(suite, case) for suite, case in _names(baseline) if suite not in existing])
        if stale:
            write_baseline(path, baseline.rows[~_keys(baseline.rows).isin(stale)], baseline.identity)
    return stale


def _names(baseline: Baseline) -> list[tuple[str, str]]:
    return sorted(zip(baseline.rows["suite"], baseline.rows["case"], strict=True))


def identity_changes(baseline: Baseline, identity: Mapping[str, str]) -> list[str]:
    """Name what differs between the making of the baseline and that of today, one line a difference."""
    return [
        f"{name}: baseline {baseline.identity.get(name, 'unknown')}, now {flat(value)}"
        for name, value in sorted(identity.items())
        if baseline.identity.get(name) != flat(value)
    ]


def _read(path: Path) -> Baseline | None:
    """Read the file; None where there is none."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UserError(f"{path}: the baseline cannot be read: {error.strerror}") from None
    try:
        return parse_baseline(data)
    except UserError as error:
        raise UserError(f"{path}: {error}") from None


def _replace(path: Path, data: bytes) -> None:
    """Put the bytes in the file's place in one step, so that no failure leaves half a file."""
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
        raise UserError(f"{path}: the baseline cannot be written: {error.strerror}") from None


def _keys(rows: pd.DataFrame) -> pd.MultiIndex:
    return pd.MultiIndex.from_frame(rows[KEY])
