"""A run with every kind of figure that is published, of two models."""

from __future__ import annotations

from typing import Any

from tests.runs.records import comparison, row, tier
from tierbench.common.schema import CaseRow, LadderResult, SetResult, SetSlice, SliceResult, SweepSummary

SUITE = "photos"
HOSTILE = "<b>::warning \u202ex/.."
OF: dict[str, Any] = {"suite": SUITE, "model": "model"}
LADDER: dict[str, Any] = {"ladder": "fog_car", "parameter": "visibility_m", "unit": "m", "half_state": "inside"}
SEEN: dict[str, Any] = {"direction": "falling", "values": (40.0, 20.0), "scores": (0.9, 0.1), "passed": (True, False)}
COUNTS: dict[str, Any] = {"passed": 1, "total": 2, "errors": 1, "clean_passed": 2, "clean_errors": 0}
RUN: dict[str, Any] = {
    "tiers": [tier(3, 4, metrics={"ece": 0.125}), tier(2, 4, tier=2, name=""), tier(4, 4, model="other")],
    "ladders": (LadderResult(**OF, **LADDER, **SEEN, half_point=27.5, half_low=25.0, half_high=30.0),),
    "slices": (SliceResult(**OF, corruption="fog", severity=3, groups=2, low=None, high=None, **COUNTS),),
    "sweeps": (SweepSummary(**OF, mce=71.25, geometry="imagenet-c"),),
    "sets": (
        SetResult(
            set="birds",
            model="model",
            digest="d9",
            size=10,
            whole=SetSlice(total=10, correct=7),
            slices=(SetSlice(slice=HOSTILE, total=4, correct=1),),
        ),
    ),
    "comparisons": (comparison(),),
    "git_commit": "c" * 40,
}
ROWS = [
    row("a", 0.9, parameters={"distance_m": 3.5}),
    row("b", 0.2, change="regressed", top=(("caf\ud800", 0.8),), baseline_top=(("ship", 0.75),)),
    CaseRow(suite=SUITE, case="c", model="model", outcome="error", reason="not an image"),
    row("a", 0.7, model="other"),
]
