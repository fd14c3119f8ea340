"""Read, update and prune baseline files on disk; a file is replaced atomically."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from tierbench.common.errors import UserError
from tierbench.common.file_lock import file_lock
from tierbench.common.files import shown_path
from tierbench.common.schema import CaseRow
from tierbench.common.text import flat, one_line
from tierbench.runs.acceptance_history import Acceptance, History, appended
from tierbench.runs.baseline_format import Baseline, parse_baseline, serialise_baseline
from tierbench.suites.case import Suite
from tierbench.suites.derived import clean_id

# Log margins of the same weights agree to this between machines.
LOG_NOISE = 0.01
# The figures of the same weights on another device or library version agree to these.
_NOISE = {"score": 1e-4, "margin": 1e-4, "log_margin": LOG_NOISE, "twin_log_margin": LOG_NOISE}
# What is equal then; `top` is only shown, and follows the figures.
_EXACT = ("tier", "expected", "rank", "predicted", "passed", "image_sha256", "group", "seen")
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


def write_baseline(
    path: Path, rows: Iterable[CaseRow], provenance: Mapping[str, str], history: History | None = None
) -> None:
    """Write a whole baseline file, replacing an existing one; on failure the old file is left unchanged.

    Args:
        path: the file; a link is followed.
        rows: one row per scored case, in any order.
        provenance: what produced the figures, name → value.
        history: who accepted them, and when.

    Raises:
        ValueError: if the rows are not a valid baseline.
        UserError: one line, if the file cannot be written.
    """
    _replace(path, serialise_baseline(rows, provenance, history))


def update_baseline(
    path: Path,
    rows: Iterable[CaseRow],
    provenance: Mapping[str, str],
    *,
    without: Collection[str] = (),
    accepted: Acceptance | None = None,
) -> None:
    """Accept the figures of these cases; the other rows of the file are left unchanged.

    The rows of the cases `without` (`suite/case`) are removed with those of their corrupted copies. If any row changes,
    `accepted` is added to the history in the file.

    A row is also left unchanged if its figures differ from the accepted ones by no more than the same weights differ
    between machines. Otherwise a diff of the file would hide the cases that really changed. If rows with different
    provenance remain in the file, their common provenance becomes `mixed (latest …)`.

    Raises:
        ValueError: as in `write_baseline`.
        UserError: as in `write_baseline`, and if the existing file cannot be read.
    """
    with file_lock(path):
        _update(path, list(rows), provenance, without, accepted)


def _update(
    path: Path,
    rows: Sequence[CaseRow],
    provenance: Mapping[str, str],
    without: Collection[str],
    accepted: Acceptance | None,
) -> None:
    old = _read(path)
    before = {} if old is None else {(row.suite, row.case): row for row in old.rows}
    new = {(row.suite, row.case) for row in rows}
    kept = [row for key, row in before.items() if key not in new and f"{row.suite}/{clean_id(row.case)}" not in without]
    rows = [_settled(before.get((row.suite, row.case)), row) for row in rows]
    history = {} if old is None else old.history
    changed = sum(row is not before.get((row.suite, row.case)) for row in rows)
    removed = len(before.keys() - new) - len(kept)
    if accepted and changed + removed:
        history = appended(history, accepted, changed + removed)
    if old is None or not kept:
        write_baseline(path, rows, provenance, history)
        return
    merged = dict(old.provenance)
    for name, value in provenance.items():
        same = merged.get(name, flat(value)) == flat(value)
        merged[name] = value if same else f"mixed (latest {value})"
    write_baseline(path, [*kept, *rows], merged, history)


def _settled(old: CaseRow | None, new: CaseRow) -> CaseRow:
    """Return the new row, or the old one if the two differ only by noise."""
    if old is None or any(getattr(old, name) != getattr(new, name) for name in _EXACT):
        return new
    for name, limit in _NOISE.items():
        before, after = getattr(old, name), getattr(new, name)
        if (before is None) != (after is None) or (before is not None and abs(before - after) > limit):
            return new
    return old


CaseIds = Mapping[str, Collection[str]]


def case_ids(suites: Iterable[Suite]) -> dict[str, set[str]]:
    """Return the ids of the cases of each suite, by suite name."""
    return {suite.name: {case.id for case in suite.cases} for suite in suites}


def case_keys(baseline: Baseline) -> list[tuple[str, str]]:
    """Return the suite and case of each row, in the order of the rows."""
    return [(row.suite, row.case) for row in baseline.rows]


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
            gone = set(stale)
            kept = [row for row in baseline.rows if (row.suite, row.case) not in gone]
            write_baseline(path, kept, baseline.provenance, baseline.history)
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
