"""Helpers that make the rows of a data set, as its result files hold them, without a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from tierbench.corruptions import MEAN_CORRUPTIONS
from tierbench.scoring.set_scores import SetRow

MADE_WITH: dict[str, Any] = {
    "set": "photos",
    "model": "model",
    "spec": "imagefolder:photos",
    "digest": "0123456789abcdef",
    "title": "class folders",
    "figure": "accuracy",
    "clean": "",
    "protocol": ["the model's own resize and crop", "all 10 labels of the model count, for 2 classes"],
    "chance": 0.1,
    "notes": [],
}
SWEEP = {**MADE_WITH, "set": "imagenet-c", "title": "ImageNet-C", "figure": "mce", "clean": "clean", "chance": 0.001}


def set_row(name: str, label: str = "cat", predicted: str = "", **values: Any) -> SetRow:
    """Return a row: correct, unless `predicted` is another label than `label`."""
    predicted = predicted or label
    correct = predicted == label
    made = {
        "id": name,
        "slice": "",
        "label": label,
        "group": name,
        "predicted": predicted,
        "confidence": 0.75,
        "rank": 1 if correct else 2,
        "correct": correct,
        "top": ((predicted, 0.75),),
    }
    return SetRow(**{**made, **values})


def error_row(name: str, label: str = "cat", **values: Any) -> SetRow:
    """Return the row of a picture without a prediction."""
    fixed = {"predicted": "", "confidence": 0.0, "rank": 0, "correct": False, "top": (), "error": "is damaged"}
    return set_row(name, label, **{**fixed, **values})


def table(rows: Sequence[SetRow]) -> pd.DataFrame:
    """Return rows as a table sorted by id, as `SetParts.read` does."""
    from tierbench.runs.set_parts import table_of

    frame: pd.DataFrame = table_of(rows).to_pandas()
    return frame.sort_values("id", ignore_index=True)


def sweep_rows(originals: int, wrong: int = 0, *, clean: bool = True) -> list[SetRow]:
    """Return rows of all 75 slices: of each, the first `wrong` + severity − 1 originals are wrong."""
    slices = [(f"{name}+{severity}", wrong + severity - 1) for name in MEAN_CORRUPTIONS for severity in range(1, 6)]
    slices += [("clean", 0)] if clean else []
    return [
        set_row(
            f"{place}/{number}",
            predicted="dog" if number < misses else "cat",
            slice=place,
            group=f"o{number}",
        )
        for place, misses in slices
        for number in range(originals)
    ]
