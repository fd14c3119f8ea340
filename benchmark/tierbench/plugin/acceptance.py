"""Holds a whole run against its baselines, or accepts it as the new one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tierbench.common.errors import UserError
from tierbench.common.files import shown_path
from tierbench.common.schema import BaselineComparison, CaseRow, PairedVerdict
from tierbench.common.text import listed, plural
from tierbench.models.prediction_store import library_versions
from tierbench.plugin.comparison import baseline_source, update_path
from tierbench.plugin.session import BenchmarkSession
from tierbench.runs.provenance import provenance


def identities(
    session: BenchmarkSession, cards: Mapping[str, Any], fingerprints: Mapping[str, str]
) -> dict[str, dict[str, str]]:
    """Give what made the scores of each slot: model, preprocessing, device, libraries, suites.

    Args:
        session: suites, models, configuration.
        cards: the model card of each slot, as far as it is known.
        fingerprints: of each slot's model, as the tests told them.
    """
    found = {}
    for slot in session.config.slots:
        card = cards.get(slot) or {}
        found[slot] = provenance(
            model=session.shown_spec(slot),
            fingerprint=fingerprints.get(slot, ""),
            preprocessing=card.get("preprocessing"),
            device=str(card.get("device", "")) or session.config.device,
            dtype=session.config.dtype,
            versions=library_versions(),
            suites={suite.name: suite.digest for suite in session.suites},
        )
    return found


def accept_run(
    session: BenchmarkSession, rows: Iterable[CaseRow], identities: Mapping[str, Mapping[str, str]]
) -> tuple[list[str], list[str]]:
    """Write or update the baseline of every model that was scored; a part of the cases changes only their rows.

    Args:
        session: suites, models, configuration.
        rows: what was recorded.
        identities: what made the scores of each slot.

    Returns:
        Lines that tell what was written, and lines that tell what could not be.
    """
    import pandas as pd

    from tierbench.runs.baseline import case_ids, read_baseline, stale_cases, update_baseline
    from tierbench.runs.diff import BASELINE_COLUMNS

    scored = [row for row in rows if row.score is not None]
    lines: list[str] = []
    failures: list[str] = []
    for slot in session.config.slots:
        own = [{name: getattr(row, name) for name in BASELINE_COLUMNS} for row in scored if row.model == slot]
        table = pd.DataFrame(own, columns=list(BASELINE_COLUMNS))
        path = update_path(session.config, slot)
        if table.empty:
            lines.append(f"baseline {shown_path(path)} stays as it is: no case of {slot} was scored")
            continue
        try:
            update_baseline(path, table, identities[slot])
            stale = stale_cases(read_baseline(path), case_ids(session.all_suites))
        except UserError as error:
            failures += error.lines
            continue
        lines.append(f"baseline {shown_path(path)}: {plural(len(table), 'case')} accepted")
        if stale:
            names = listed(f"{suite}/{case}" for suite, case in stale)
            lines.append(
                f"  {plural(len(stale), 'row')} of cases that no longer exist: {names}; "
                "they stay until `tierbench baseline prune`"
            )
    return lines, failures


def compare_run(
    session: BenchmarkSession,
    rows: Sequence[CaseRow],
    verdicts: Mapping[str, Sequence[PairedVerdict]],
    identities: Mapping[str, Mapping[str, str]],
) -> tuple[BaselineComparison, ...]:
    """Return, for each model with a baseline, how a run stands against it.

    Args:
        session: suites, models, configuration.
        rows: what was recorded.
        verdicts: the paired verdicts of each slot.
        identities: what made the scores of each slot.
    """
    found = []
    for slot in session.config.slots:
        source = baseline_source(session.config, slot)
        kinds = [row.change for row in rows if row.model == slot and row.change]
        comparison = session.comparison(slot) if kinds else None
        if comparison is None or source.path is None:
            continue
        # Here, because a run without a baseline must not pay for pandas.
        from tierbench.runs.baseline import identity_changes

        known = comparison.baseline.identity
        found.append(
            BaselineComparison(
                model=slot,
                baseline=shown_path(source.path),
                gate=session.gate(slot),
                regressed=kinds.count("regressed"),
                fixed=kinds.count("fixed"),
                same=kinds.count("same"),
                new=kinds.count("new"),
                differences=tuple(
                    identity_changes(
                        comparison.baseline, {name: value for name, value in identities[slot].items() if name in known}
                    )
                ),
                verdicts=tuple(verdicts.get(slot, ())),
            )
        )
    return tuple(found)
