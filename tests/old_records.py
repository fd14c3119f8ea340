"""Where the records and the baseline are that version 0.1 wrote; data/records-0.1/README.md says how."""

from __future__ import annotations

from pathlib import Path

RECORDS = Path(__file__).parent / "data" / "records-0.1"
# Two models on `photos` with a sweep, each held against a baseline; the ladders; a run that was killed.
MODELS, LADDERS, KILLED = (
    RECORDS / name for name in ("20261125T181706Z-c588ba", "20261125T181754Z-b593c4", "20261125T182459Z-c55108")
)
BASELINE = RECORDS / "baselines" / "reference.csv"
