"""Compare the results on data sets at two times, picture by picture: runs, folders of results, accepted results."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tierbench.common.errors import UserError
from tierbench.common.files import is_folder, is_regular, shown_path
from tierbench.common.schema import PairedVerdict
from tierbench.common.text import one_line, plural
from tierbench.runs.compare import ComparisonGate, Conclusion
from tierbench.runs.model_scores import located
from tierbench.runs.record import RUN
from tierbench.runs.regression import DEFAULT_ALLOWED_DROP
from tierbench.runs.set_baseline import Accepted, read_accepted
from tierbench.runs.set_parts import SetParts
from tierbench.runs.set_regression import judge_set
from tierbench.runs.set_results import result_folders

if TYPE_CHECKING:
    import pandas as pd

_COLUMNS = ("id", "slice", "label", "group", "predicted", "correct", "error")
# What results depend on besides the model; a change of it is a reason for a change of figures.
_SHOWN = ("digest", "protocol", "device", "dtype", "backend", "torch", "transformers", "pillow")


@dataclass(frozen=True)
class SetSide:
    """The results of a model on a data set at one time.

    Attributes:
        name: path of the files, as a user would type it.
        set, model: names.
        read: reads the rows and what they were made with; rows without a prediction have an error, or are left out.
    """

    name: str
    set: str
    model: str
    read: Callable[[], Accepted]


@dataclass(frozen=True, slots=True)
class PictureFlip:
    """A picture that is correct on one side only."""

    id: str
    slice: str
    label: str
    before: str
    now: str
    gain: bool


@dataclass(frozen=True)
class SetComparison:
    """The comparison of two results on a data set.

    Attributes:
        before, after: what is compared.
        verdict: on the pictures that have a prediction on both sides; groups count equally.
        correct_before, correct_now: numbers of these pictures that are correct.
        flips: pictures that are correct on one side only, those lost first, by id.
        notes: what a reader should know: pictures that are left out, and what was made with different things.
        slice_verdicts: by slice, where the whole regressed; empty if it did not, or there are no slices.
    """

    before: SetSide
    after: SetSide
    verdict: PairedVerdict
    correct_before: int
    correct_now: int
    flips: tuple[PictureFlip, ...]
    notes: tuple[str, ...] = ()
    slice_verdicts: tuple[PairedVerdict, ...] = ()

    @property
    def lost(self) -> int:
        """Number of pictures that are no longer correct."""
        return sum(not flip.gain for flip in self.flips)

    def conclusion(self, gate: ComparisonGate) -> Conclusion:
        """Return the conclusion of the gate."""
        if not self.verdict.cases:
            return "nothing to judge"
        if gate == "flips":
            return "regressed" if self.lost else "cleared"
        return self.verdict.state

    def regressed(self, gate: ComparisonGate) -> bool:
        """Return whether the gate finds a regression."""
        return self.conclusion(gate) == "regressed"


def find_set_sides(before: str, after: str, reports: Path) -> list[tuple[SetSide, SetSide]]:
    """Find the results on data sets to compare; one pair for each set and model that both have.

    If the two have no model in common and one each, these are compared.

    Args:
        before, after: a folder of results, a run, or a baseline, as for cases; `…:MODEL` selects one model.
        reports: folder of runs and baselines.
    """
    first, second = _sides(before, reports), _sides(after, reports)
    both = [key for key in first if key in second]
    if both:
        return [(first[key], second[key]) for key in both]
    if len({model for _, model in first}) == len({model for _, model in second}) == 1:
        by_set = {name: side for (name, _), side in second.items()}
        return [(side, by_set[name]) for (name, _), side in first.items() if name in by_set]
    return []


def _sides(text: str, reports: Path) -> dict[tuple[str, str], SetSide]:
    try:
        place, model = _place(text, reports)
    except UserError:
        # What it could have named is reported where cases are looked for.
        return {}
    found = _accepted(place) if is_regular(place) else _results(place)
    return {(side.set, side.model): side for side in found if model in ("", side.model)}


def _place(text: str, reports: Path) -> tuple[Path, str]:
    return _results_place(text) or located(text, reports)


def _results_place(text: str) -> tuple[Path, str] | None:
    """Return a folder of results that is no run, and the model after its last colon; None if the text names none."""
    name, _, model = text.rpartition(":")
    for candidate, wanted in ((text, ""), (name, model)):
        if candidate and is_folder(Path(candidate)) and not is_regular(Path(candidate) / RUN):
            return Path(candidate), wanted
    return None


def has_cases(text: str) -> bool:
    """Return whether what the text names could have cases: a folder of results on data sets has none."""
    place = _results_place(text)
    return place is None or not result_folders(place[0])


def _results(folder: Path) -> Iterator[SetSide]:
    for own in result_folders(folder):
        made = SetParts(own).made_with()
        yield SetSide(shown_path(own), str(made.get("set")), str(made.get("model")), _reader(own))


def _reader(folder: Path) -> Callable[[], Accepted]:
    return lambda: Accepted(SetParts(folder).read(_COLUMNS), SetParts(folder).made_with())


def _accepted(baseline: Path) -> Iterator[SetSide]:
    """Yield the accepted results that stand beside a baseline."""
    for file in sorted(baseline.with_name(f"{baseline.stem}.sets").glob("*.parquet")):
        yield SetSide(shown_path(file), file.stem, baseline.stem, _accepted_reader(file))


def _accepted_reader(file: Path) -> Callable[[], Accepted]:
    return lambda: read_accepted(file)


def compare_set(before: SetSide, after: SetSide) -> SetComparison:
    """Compare two results on a data set, picture by picture.

    The test is that of `judge_set`.

    Raises:
        UserError: if files cannot be read.
    """
    first, second = before.read(), after.read()
    rows, made = (_judged(first.rows), _judged(second.rows)), (first.made_with, second.made_with)
    pairs = rows[0].merge(rows[1], on=["id", "label"], suffixes=("_before", "_now"))
    group = "group" if "group" in pairs else "group_now" if "group_now" in pairs else "id"
    verdict = judge_set(after.set, pairs, group=group, allowed_drop=DEFAULT_ALLOWED_DROP)
    return SetComparison(
        before,
        after,
        verdict.whole,
        int(pairs["correct_before"].sum()),
        int(pairs["correct_now"].sum()),
        tuple(_flips(pairs)),
        tuple(_notes(len(pairs), (len(first.rows), len(second.rows)), made)),
        verdict.slices,
    )


def _judged(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["error"] == ""].drop(columns="error") if "error" in rows else rows


def _flips(pairs: pd.DataFrame) -> Iterator[PictureFlip]:
    changed = pairs[pairs["correct_before"] != pairs["correct_now"]].sort_values(["correct_now", "id"])
    names = ("id", "slice_now", "label", "predicted_before", "predicted_now", "correct_now")
    for values in zip(*(changed[name].tolist() for name in names), strict=True):
        yield PictureFlip(*values)


def _notes(shared: int, totals: tuple[int, int], made: tuple[Mapping[str, Any], Mapping[str, Any]]) -> Iterator[str]:
    for total, where in zip(totals, ("before", "now"), strict=True):
        if total != shared:
            count = f"{total - shared:,} of {plural(total, 'picture')}"
            yield f"{count} {where} are not compared: one of the two has no prediction of them"
    for name in _SHOWN:
        if name in made[0] and name in made[1] and made[0][name] != made[1][name]:
            old, new = (one_line(_text(each[name]), 80) for each in made)
            yield f"made with different {name}: before {old}, now {new}"


def _text(value: Any) -> str:
    return "; ".join(map(str, value)) if isinstance(value, list) else str(value)
