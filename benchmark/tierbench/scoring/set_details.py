"""Compute from the rows of a data set what its report shows in detail: classes, confusions, worst pictures. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tierbench.scoring.set_figures import interval_of

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class ClassFigures:
    """The result of a model on the pictures of one class of a data set.

    Attributes:
        label: the class, as the set names it.
        total, correct, unjudged: as in `SetSlice`.
        low, high: 95 % interval of the accuracy, by groups; None: too few groups.
        taken_for: the label that most of its wrong pictures got; empty if none is wrong.
        taken: the number of these pictures.
    """

    label: str
    total: int
    correct: int
    unjudged: int
    low: float | None = None
    high: float | None = None
    taken_for: str = ""
    taken: int = 0

    @property
    def accuracy(self) -> float | None:
        """Share of the judged pictures whose class ranked first; None without any."""
        judged = self.total - self.unjudged
        return self.correct / judged if judged else None


@dataclass(frozen=True, slots=True)
class SetConfusion:
    """How many pictures of a class got a wrong label."""

    label: str
    predicted: str
    count: int


@dataclass(frozen=True, slots=True)
class WrongPicture:
    """A picture that got a wrong label with high confidence."""

    id: str
    slice: str
    label: str
    predicted: str
    confidence: float


@dataclass(frozen=True, slots=True)
class SetDetails:
    """What the rows of a data set say beyond its figures.

    Attributes:
        classes: the result by class, worst first.
        confusions: the most frequent wrong labels, by class.
        worst: the wrong pictures with the highest confidence, at most one of each original.
        wrong: number of wrong pictures.
    """

    classes: tuple[ClassFigures, ...]
    confusions: tuple[SetConfusion, ...]
    worst: tuple[WrongPicture, ...]
    wrong: int


def detail_set(rows: pd.DataFrame, *, confusions: int = 20, worst: int = 24) -> SetDetails:
    """Return classes, confusions and worst pictures.

    Args:
        rows: the rows of the result files, sorted by id; columns as in `SetRow`.
        confusions, worst: maximum numbers of them.
    """
    judged = rows[rows["error"] == ""]
    wrong = judged[~judged["correct"].astype(bool)]
    pairs = _pairs(wrong)
    return SetDetails(_classes(rows, judged, pairs), tuple(pairs[:confusions]), _worst(wrong, worst), len(wrong))


def _pairs(wrong: pd.DataFrame) -> list[SetConfusion]:
    """Return the confusions, the most frequent first."""
    counts = wrong.groupby(["label", "predicted"], sort=True).size().reset_index(name="count")
    columns = (counts[name].tolist() for name in ("label", "predicted", "count"))
    pairs = [SetConfusion(*values) for values in zip(*columns, strict=True)]
    return sorted(pairs, key=lambda pair: -pair.count)


def _classes(rows: pd.DataFrame, judged: pd.DataFrame, pairs: list[SetConfusion]) -> tuple[ClassFigures, ...]:
    totals = rows.groupby("label", sort=True).size()
    own = {str(label): part for label, part in judged.groupby("label", sort=False)}
    most: dict[str, SetConfusion] = {}
    for pair in pairs:
        most.setdefault(pair.label, pair)
    found = []
    for label, total in totals.items():
        name = str(label)
        part = own.get(name, judged[:0])
        low, high = interval_of(part) or (None, None)
        pair = most.get(name, SetConfusion(name, "", 0))
        correct, unjudged = int(part["correct"].sum()), int(total) - len(part)
        found.append(ClassFigures(name, int(total), correct, unjudged, low, high, pair.predicted, pair.count))
    # Of classes with the same accuracy the larger one says more. Without a prediction nothing is known of a class.
    return tuple(sorted(found, key=lambda each: (2.0 if each.accuracy is None else each.accuracy, -each.total)))


def _worst(wrong: pd.DataFrame, most: int) -> tuple[WrongPicture, ...]:
    ordered = wrong.sort_values(["confidence", "id"], ascending=[False, True], kind="stable")
    chosen = ordered.drop_duplicates("group").head(most)
    columns = ("id", "slice", "label", "predicted", "confidence")
    return tuple(WrongPicture(*values) for values in zip(*(chosen[name].tolist() for name in columns), strict=True))
