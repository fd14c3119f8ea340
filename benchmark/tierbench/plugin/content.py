"""What `run.json` holds of a run: tiers, levels, ladders, sweeps, comparisons, versions."""

from __future__ import annotations

import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tierbench.common.cache import cache_folder
from tierbench.plugin.acceptance import compare_run
from tierbench.plugin.environment import git_commit, thread_count, tool_versions
from tierbench.scoring.leaderboard import pair_models, rank_models
from tierbench.scoring.slices import SliceResult, SweepSummary, summarise_sweep
from tierbench.scoring.tiers import Level, TierResult, level_of, summarise_tier

if TYPE_CHECKING:
    from tierbench.plugin.recorder import Recorder


def run_content(run: Recorder, *, complete: bool) -> dict[str, Any]:
    """Give the content of `run.json` from what was recorded so far."""
    config = run.session.config
    rows = list(run.rows.values())
    results, levels = outcome(run)
    tiers = [tier.as_dict() for tier in results]
    names = [model.name for model in rank_models([level.as_dict() for level in levels], tiers)]
    return {
        "complete": complete,
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(run.started)),
        "duration_s": round(time.monotonic() - run.clock, 3),
        "command": [Path(sys.argv[0]).name, *run.config.invocation_params.args],
        "models": [_model(run, level) for level in levels],
        "tiers": tiers,
        "pairs": [asdict(pair) for pair in pair_models(names, rows)],
        "ladders": [ladder.as_dict() for ladder in run.ladders.values()],
        "slices": [result.as_dict() for result in run.slices.values()],
        "sweeps": [asdict(sweep) for sweep in _sweeps(run)],
        "comparisons": _comparisons(run) if rows else [],
        "suites": {suite.name: suite.digest for suite in run.session.suites},
        "device": config.device,
        "dtype": config.dtype,
        "threads": thread_count(),
        "seed": None,  # there is none to choose: what is random follows from case, corruption and severity
        "versions": {"python": sys.version.split()[0], **tool_versions()},
        "git_commit": git_commit(config.root),
        "cache": str(cache_folder()) if config.cache else "",
    }


def outcome(run: Recorder) -> tuple[list[TierResult], list[Level]]:
    """Give every tier of which a case was judged, and the level of every model."""
    slots, suites = run.session.config.slots, run.session.suites
    by_tier: dict[tuple[str, str, Any], list[dict[str, Any]]] = {}
    for (suite_name, _, model), row in run.rows.items():
        by_tier.setdefault((suite_name, model, row.get("tier")), []).append(row)
    tiers = []
    for slot in slots:
        for suite in suites:
            for number in suite.by_tier:
                if whole := run.tiers.get((suite.name, number, slot)):
                    tiers.append(TierResult.from_dict(whole))
                elif rows := by_tier.get((suite.name, slot, number)):
                    tiers.append(summarise_tier(suite, number, slot, rows))
    return tiers, [level_of(slot, suites, tiers) for slot in slots]


def _sweeps(run: Recorder) -> list[SweepSummary]:
    by_sweep: dict[tuple[str, str], list[SliceResult]] = {}
    for result in run.slices.values():
        by_sweep.setdefault((result.suite, result.model), []).append(result)
    return [summarise_sweep(suite, model, slices) for (suite, model), slices in by_sweep.items()]


def _comparisons(run: Recorder) -> list[dict[str, Any]]:
    """Give, for each model with a baseline, how this run stands against it."""
    slots = run.session.config.slots
    verdicts = {slot: [run.verdicts[key] for key in sorted(run.verdicts) if key[0] == slot] for slot in slots}
    return compare_run(run.session, list(run.rows.values()), verdicts, run.identities())


def _model(run: Recorder, level: Level) -> dict[str, Any]:
    card = run.card(level.model) or {}
    return {
        **level.as_dict(),
        "spec": run.session.shown_spec(level.model),
        "fingerprint": run.fingerprint(level.model),
        "device": card.get("device", ""),
        "preprocessing": card.get("preprocessing", {}),
    }
