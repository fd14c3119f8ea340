"""Helpers that write the record of a run, with given scores and without a model."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tierbench.common.schema import BaselineComparison, CaseRow, ModelEntry, Run, TierResult
from tierbench.metrics import wilson_interval
from tierbench.runs.record import ScoresFile, write_run


def log_odds(score: float) -> float | None:
    """Return the log margin of a score with one other label; None if it is saturated."""
    return math.log(score / (1 - score)) if 0 < score < 1 else None


def row(case: str, score: float, **values: Any) -> CaseRow:
    """Return a row of `scores.csv`; the case passes with a score of 0.5."""
    passed = score >= 0.5
    made = CaseRow(
        suite="photos",
        case=case,
        model="model",
        tier=1,
        group=case,
        expected="automobile",
        predicted="automobile" if passed else "ship",
        score=score,
        confidence=max(score, 1 - score),
        rank=1 if passed else 2,
        margin=2 * score - 1,
        log_margin=log_odds(score),
        min_score=0.5,
        max_rank=1,
        min_margin=0.0,
        passed=passed,
        outcome="passed" if passed else "failed",
        reason="" if passed else "expected automobile",
        top=(("automobile", score), ("ship", round(1 - score, 6)), ("cat", 0.0), ("dog", 0.0)),
        image_sha256="a" * 64,
    )
    return replace(made, **values)


def tier(passed: int, total: int, **values: Any) -> TierResult:
    """Return a tier of `run.json`."""
    low, high = wilson_interval(passed, total)
    made = TierResult(
        suite="photos",
        model="model",
        tier=1,
        name="easy",
        passed=passed,
        total=total,
        size=total,
        low=low,
        high=high,
        groups=total,
        mean_score=0.5,
        worst_case="photos/c0",
        worst_score=0.1,
        min_pass_rate=1.0,
        met=passed == total,
    )
    return replace(made, **values)


def model(name: str, **values: Any) -> ModelEntry:
    """Return a model of `run.json`."""
    return replace(
        ModelEntry(name=name, level=1, of=3, level_text="level 1 of 3", spec="m", fingerprint="f1"), **values
    )


def comparison(**values: Any) -> BaselineComparison:
    """Return a comparison with a baseline: one case regressed, two are the same."""
    made = BaselineComparison(model="model", baseline="b", gate="flips", regressed=1, fixed=0, same=2, new=0)
    return replace(made, **values)


def content(tiers: Sequence[TierResult] = (), **values: Any) -> Run:
    """Return the content of `run.json`."""
    names = dict.fromkeys(each.model for each in tiers) or {"model": None}
    made = Run(
        complete=True,
        started="2026-11-24T03:17:00Z",
        duration_s=12.5,
        command=("pytest",),
        models=tuple(map(model, names)),
        tiers=tuple(tiers),
        suites={"photos": "d1"},
        device="cpu",
        dtype="float32",
        versions={"torch": "2", "transformers": "5", "pillow": "13", "python": "3"},
    )
    return replace(made, **values)


def write(reports: Path, number: int, rows: Sequence[CaseRow] = (), *, report: bool = True, **values: Any) -> Path:
    """Write the folder of run `number`; there is one run per day."""
    day = f"{1 + number % 28:02d}"
    month = f"{1 + number // 28:02d}"
    folder = reports / f"2026{month}{day}T031700Z-{number:06x}"
    folder.mkdir(parents=True)
    tiers = values.pop("tiers", [tier(sum(each.passed for each in rows), len(rows))] if rows else [tier(3, 4)])
    write_run(folder, content(tiers, **{"started": f"2026-{month}-{day}T03:17:00Z", **values}))
    scores = ScoresFile(folder / "scores.csv")
    for each in rows:
        scores.append(each)
    scores.close()
    if report:
        (folder / "report.html").write_text("<!doctype html>", encoding="utf-8")
    return folder
