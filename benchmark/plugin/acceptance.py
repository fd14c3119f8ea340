"""Holds a whole run against its baselines, or accepts it as the new one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from benchmark.errors import UserError
from benchmark.identity import making
from benchmark.plugin.comparison import baseline_source
from benchmark.plugin.session import BenchmarkSession
from benchmark.store import library_versions
from benchmark.suites.faults import shown_path
from benchmark.text import listed, plural


def accept_run(session: BenchmarkSession, rows: Iterable[Mapping[str, Any]], cards: Mapping[str, Any]) -> list[str]:
    """Write or update the baseline of every model that was scored; a part of the cases changes only their rows.

    Args:
        session: suites, models, configuration.
        rows: what was recorded, as in `scores.csv`.
        cards: the model card of each slot, as far as it is known.

    Returns:
        Lines that tell what was written, or why not.
    """
    import pandas as pd

    from benchmark.baseline import read_baseline, stale_cases, update_baseline
    from benchmark.regression import BASELINE_COLUMNS

    scored = [row for row in rows if row.get("score") is not None]
    existing = {(case.suite, case.id) for suite in session.all_suites for case in suite.cases}
    lines = []
    for slot in session.config.slots:
        table = pd.DataFrame([row for row in scored if row["model"] == slot], columns=list(BASELINE_COLUMNS))
        path = baseline_source(session.config, slot).path
        if path is None or path.is_dir():
            path = session.config.reports / "baselines" / f"{slot}.csv"
        if table.empty:
            lines.append(f"baseline {shown_path(path)} stays as it is: no case of {slot} was scored")
            continue
        try:
            update_baseline(path, table, identity(session, slot, cards.get(slot) or {}))
            stale = stale_cases(read_baseline(path), existing)
        except UserError as error:
            lines += error.lines
            continue
        lines.append(f"baseline {shown_path(path)}: {plural(len(table), 'case')} accepted")
        if stale:
            names = listed(f"{suite}/{case}" for suite, case in stale)
            lines.append(f"  {plural(len(stale), 'row')} of cases that no longer exist: {names}; they stay in the file")
    return lines


def identity(session: BenchmarkSession, slot: str, card: Mapping[str, Any]) -> dict[str, str]:
    """Give what made the scores of a slot: model, device, libraries, suites."""
    spec = next(model.spec for model in session.config.models if model.slot == slot)
    return making(
        model=spec,
        fingerprint=session.fingerprint(slot) or str(card.get("fingerprint", "")),
        preprocessing=card.get("preprocessing"),
        device=str(card.get("device", "")) or session.config.device,
        dtype=session.config.dtype,
        versions=library_versions(),
        suites={suite.name: suite.digest for suite in session.suites},
    )


def compare_run(
    session: BenchmarkSession,
    rows: Sequence[Mapping[str, Any]],
    verdicts: Mapping[str, Sequence[Mapping[str, Any]]],
    cards: Mapping[str, Any],
) -> list[dict[str, Any]]:
    """Give, for each model with a baseline, how a run stands against it; as `run.json` holds it.

    Args:
        session: suites, models, configuration.
        rows: what was recorded, as in `scores.csv`.
        verdicts: the paired verdicts of each slot.
        cards: the model card of each slot, as far as it is known.
    """
    found = []
    for slot in session.config.slots:
        source = baseline_source(session.config, slot)
        kinds = [str(row["change"]) for row in rows if row["model"] == slot and row.get("change")]
        if not source.there or source.path is None or not kinds:
            continue
        found.append(
            {
                "model": slot,
                "baseline": shown_path(source.path),
                "gate": session.gate(slot),
                **{kind: kinds.count(kind) for kind in ("regressed", "fixed", "same", "new")},
                "differences": _differences(session, slot, cards.get(slot) or {}),
                "verdicts": list(verdicts.get(slot, [])),
            }
        )
    return found


def _differences(session: BenchmarkSession, slot: str, card: Mapping[str, Any]) -> list[str]:
    """Name what differs between the making of a slot's baseline and this run."""
    from benchmark.baseline import identity_changes

    comparison = session.slot(slot).comparison
    if comparison is None:
        return []
    known = comparison.baseline.identity
    now = {name: value for name, value in identity(session, slot, card).items() if name in known}
    return identity_changes(comparison.baseline, now)
