"""What a run comes to: tiers, levels, ladders, sweeps, comparisons, versions."""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tierbench.common.cache import cache_folder
from tierbench.common.schema import (
    BaselineComparison,
    CaseRow,
    ModelEntry,
    Run,
    SliceResult,
    SweepSummary,
    TierResult,
)
from tierbench.plugin.acceptance import compare_run
from tierbench.plugin.environment import git_commit, thread_count, tool_versions
from tierbench.scoring.leaderboard import pair_models, rank_models
from tierbench.scoring.slices import summarise_sweep
from tierbench.scoring.tiers import level_of, summarise_tier

if TYPE_CHECKING:
    from tierbench.plugin.recorder import Recorder


def run_content(recorder: Recorder, *, complete: bool) -> Run:
    """Return the run as it was recorded so far."""
    session = recorder.session
    config = session.config
    rows = list(recorder.rows.values())
    tiers, models = outcome(recorder)
    names = [model.name for model in rank_models(models, tiers)]
    return Run(
        complete=complete,
        started=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(recorder.started)),
        duration_s=round(time.monotonic() - recorder.clock, 3),
        command=(Path(sys.argv[0]).name, *map(str, recorder.config.invocation_params.args)),
        models=tuple(_with_card(recorder, model) for model in models),
        tiers=tuple(tiers),
        pairs=tuple(pair_models(names, rows)),
        ladders=tuple(recorder.ladders.values()),
        slices=tuple(recorder.slices.values()),
        sweeps=tuple(_sweeps(recorder)),
        comparisons=_comparisons(recorder) if rows else (),
        suites={suite.name: suite.digest for suite in session.suites},
        device=config.device,
        dtype=config.dtype,
        threads=thread_count(),
        versions={"python": sys.version.split()[0], **tool_versions()},
        git_commit=git_commit(config.root),
        cache=str(cache_folder()) if config.cache else "",
    )


def outcome(recorder: Recorder) -> tuple[list[TierResult], list[ModelEntry]]:
    """Return every tier of which a case was judged, and the level of every model."""
    slots, suites = recorder.session.config.slots, recorder.session.suites
    by_tier: dict[tuple[str, str, int | None], list[CaseRow]] = {}
    for row in recorder.rows.values():
        by_tier.setdefault((row.suite, row.model, row.tier), []).append(row)
    tiers = []
    for slot in slots:
        for suite in suites:
            for number in suite.by_tier:
                if whole := recorder.tiers.get((suite.name, number, slot)):
                    tiers.append(whole)
                elif rows := by_tier.get((suite.name, slot, number)):
                    tiers.append(summarise_tier(suite, number, slot, rows))
    return tiers, [level_of(slot, suites, tiers) for slot in slots]


def _sweeps(recorder: Recorder) -> list[SweepSummary]:
    by_sweep: dict[tuple[str, str], list[SliceResult]] = {}
    for result in recorder.slices.values():
        by_sweep.setdefault((result.suite, result.model), []).append(result)
    return [summarise_sweep(suite, model, slices) for (suite, model), slices in by_sweep.items()]


def _comparisons(recorder: Recorder) -> tuple[BaselineComparison, ...]:
    """Return, for each model with a baseline, how this run stands against it."""
    slots, known = recorder.session.config.slots, recorder.verdicts
    verdicts = {slot: [known[key] for key in sorted(known) if key[0] == slot] for slot in slots}
    return compare_run(recorder.session, list(recorder.rows.values()), verdicts, recorder.identities())


def _with_card(recorder: Recorder, model: ModelEntry) -> ModelEntry:
    card = recorder.card(model.name) or {}
    return replace(
        model,
        spec=recorder.session.shown_spec(model.name),
        fingerprint=recorder.fingerprint(model.name),
        device=str(card.get("device", "")),
        preprocessing=card.get("preprocessing", {}),
    )
