"""Recorded runs without a model: what `run.json` and `scores.csv` hold of given scores."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tierbench.metrics import wilson_interval
from tierbench.runs.record import ScoresFile, write_run


def row(case: str, score: float, **values: Any) -> dict[str, Any]:
    """A row of `scores.csv`; the case passes with 0.5."""
    passed = score >= 0.5
    return {
        "suite": "photos",
        "case": case,
        "model": "model",
        "tier": 1,
        "tags": "",
        "group": case,
        "expected": "automobile",
        "predicted": "automobile" if passed else "ship",
        "score": score,
        "confidence": max(score, 1 - score),
        "rank": 1 if passed else 2,
        "margin": 2 * score - 1,
        "min_score": 0.5,
        "max_rank": 1,
        "min_margin": 0.0,
        "passed": passed,
        "outcome": "passed" if passed else "failed",
        "reason": "" if passed else "expected automobile",
        "change": None,
        "baseline_score": None,
        "corruption": "",
        "severity": None,
        "top": json.dumps([["automobile", score], ["ship", round(1 - score, 6)], ["cat", 0.0], ["dog", 0.0]]),
        "image_sha256": "a" * 64,
    } | values


def tier(passed: int, total: int, **values: Any) -> dict[str, Any]:
    """A tier of `run.json`."""
    low, high = wilson_interval(passed, total)
    return {
        "suite": "photos",
        "model": "model",
        "tier": 1,
        "name": "easy",
        "passed": passed,
        "total": total,
        "size": total,
        "errors": 0,
        "low": low,
        "high": high,
        "groups": total,
        "mean_score": 0.5,
        "worst_case": "photos/c0",
        "worst_score": 0.1,
        "min_pass_rate": 1.0,
        "met": passed == total,
    } | values


def content(tiers: Sequence[Mapping[str, Any]] = (), **values: Any) -> dict[str, Any]:
    """What `run.json` holds."""
    models = dict.fromkeys(each["model"] for each in tiers) or {"model": None}
    return {
        "complete": True,
        "started": "2026-11-24T03:17:00Z",
        "duration_s": 12.5,
        "command": ["pytest"],
        "models": [
            {"name": name, "level": 1, "of": 3, "level_text": "level 1 of 3", "spec": "m", "fingerprint": "f1"}
            for name in models
        ],
        "tiers": list(tiers),
        "ladders": [],
        "comparisons": [],
        "suites": {"photos": "d1"},
        "device": "cpu",
        "dtype": "float32",
        "versions": {"torch": "2", "transformers": "5", "pillow": "13", "python": "3"},
    } | values


def write(
    reports: Path, number: int, rows: Sequence[Mapping[str, Any]] = (), *, report: bool = True, **values: Any
) -> Path:
    """Write the folder of run `number`, one a day."""
    day = f"{1 + number % 28:02d}"
    month = f"{1 + number // 28:02d}"
    folder = reports / f"2026{month}{day}T031700Z-{number:06x}"
    folder.mkdir(parents=True)
    tiers = values.pop("tiers", [tier(sum(each["passed"] for each in rows), len(rows))] if rows else [tier(3, 4)])
    write_run(folder, content(tiers, **{"started": f"2026-{month}-{day}T03:17:00Z", **values}))
    scores = ScoresFile(folder / "scores.csv")
    for each in rows:
        scores.append(each)
    scores.close()
    if report:
        (folder / "report.html").write_text("<!doctype html>", encoding="utf-8")
    return folder
