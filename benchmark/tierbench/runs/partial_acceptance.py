"""Accept chosen cases of a recorded run into the baseline: those that someone looked at, or those that are fixed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tierbench.common.errors import UserError
from tierbench.common.files import shown_path
from tierbench.common.schema import CaseRow
from tierbench.common.text import first_line, listed, nearest, one_line, plural
from tierbench.runs.acceptance import recorded_scores
from tierbench.runs.acceptance_history import acceptance
from tierbench.runs.baseline import baseline_path, read_baseline, update_baseline
from tierbench.runs.baseline_format import Baseline
from tierbench.runs.diff import RowDiff, diff_cases
from tierbench.runs.environment import person
from tierbench.runs.model_scores import ModelScores

# Changes of what is judged: they are no news about the model, and are accepted only by name.
_OTHER = ("the image changed", "the expectation changed")
_MOST = 20


@dataclass(frozen=True, slots=True)
class Choice:
    """Which rows of a run are to be accepted, by whom, and why.

    Attributes:
        cases: `suite/case` of each.
        only_fixed: whether to take the cases that failed in the baseline and pass now, besides.
        model: of which model; empty where the run has only one, or for the fixed cases of all.
        by: who accepts; empty: the name that git knows.
        note: why.
    """

    cases: tuple[str, ...] = ()
    only_fixed: bool = False
    model: str = ""
    by: str = ""
    note: str = ""


def accept_chosen(folder: Path, reports: Path, choice: Choice, *, force: bool = False) -> list[str]:
    """Accept the chosen cases of a recorded run; all other rows of the baselines stay as they are.

    Args:
        folder: folder of the run.
        reports: folder of runs and baselines.
        choice: what is accepted.
        force: also accept from a run that stopped early.

    Returns:
        Lines that say what changed, case by case, and which flips remain.

    Raises:
        UserError: if a chosen case was not scored, or a file cannot be read or written; then nothing is changed.
    """
    record, scores = recorded_scores(folder, choice.model, force=force)
    if choice.cases and len(scores) > 1:
        raise UserError(f"{shown_path(folder)}: has the models {listed(scores)}: choose one of them with --model")
    if not scores:
        raise UserError(f"{shown_path(folder)}: no case was scored; there is nothing to accept")
    rows = {row.key: row for row in record.rows if row.model in scores}
    if problems := [line for key in choice.cases if (line := _refused(key, rows))]:
        raise UserError(*problems)
    # All baselines are read before the first is written.
    baselines = {name: read_baseline(baseline_path(reports, name)) for name in scores}
    accepted = [_Accepted(folder, baseline_path(reports, name), scores[name], baselines[name]) for name in scores]
    return [line for each in accepted for line in each.lines(choice)]


def _refused(key: str, rows: Mapping[str, CaseRow]) -> str:
    """Return why a case cannot be accepted; empty if it can."""
    row = rows.get(key)
    if row is None:
        near = nearest(key, rows, count=1)
        hint = f"did you mean {one_line(near[0])}?" if near else f"it has {listed(rows)}"
        return f"--case {one_line(key)}: the run has no such case; {hint}"
    if row.score is None:
        reason = f" ({one_line(row.reason, 120)})" if row.reason else ""
        return f"--case {one_line(key)}: has no score: {one_line(row.outcome)}{reason}; fix it and run again"
    return ""


@dataclass(frozen=True, slots=True)
class _Accepted:
    """The chosen cases of one model on their way into its baseline."""

    folder: Path
    path: Path
    scores: ModelScores
    before: Baseline

    def lines(self, choice: Choice) -> list[str]:
        """Write the baseline and return what to say about it."""
        changes = {each.row.key: each for each in self._diff(self.before)}
        fixed = [key for key, each in changes.items() if choice.only_fixed and each.change == "fixed"]
        chosen = tuple(dict.fromkeys([*choice.cases, *fixed]))
        left = [
            f"{one_line(key)} is left out: {each.reason}; name it with --case"
            for key, each in changes.items()
            if choice.only_fixed and each.reason in _OTHER and key not in chosen
        ]
        if not chosen:
            return [f"{shown_path(self.path)} is unchanged: no case of {self.scores.model} is fixed", *_indented(left)]
        self._write(chosen, choice)
        after = read_baseline(self.path)
        head = f"accepted {plural(len(chosen), 'case')} of {self.scores.model} into {shown_path(self.path)}"
        old = {row.key: row for row in self.before.rows}
        same = {row.key for row in after.rows if old.get(row.key) == row}
        moved = [_moved(changes[key], settled=key in same) for key in chosen]
        return [head, *_indented([*moved, *left]), *_remaining(self._diff(after))]

    def _write(self, chosen: tuple[str, ...], choice: Choice) -> None:
        wanted = set(chosen)
        rows = [row for row in self.scores.rows if row.key in wanted]
        by, run = choice.by or person(Path.cwd()), self.folder.resolve().name
        accepted = acceptance(by=by, run=run, cases=chosen, note=choice.note)
        try:
            update_baseline(self.path, rows, self.scores.provenance, accepted=accepted)
        except ValueError as error:
            raise UserError(f"{shown_path(self.folder)}: is damaged: {first_line(error)}") from error

    def _diff(self, baseline: Baseline) -> list[RowDiff]:
        try:
            return diff_cases(baseline.rows, self.scores.rows)
        except ValueError as error:
            raise UserError(f"{shown_path(self.folder)}: is damaged: {first_line(error)}") from error


def _moved(each: RowDiff, *, settled: bool) -> str:
    """Return what changed in the row of a case: `photos/car: score 0.200 → 0.900, rank 2 → 1, ship → car (fixed)`."""
    key = one_line(each.row.key)
    if settled:
        return f"{key}: stays as it is, it differs by no more than the same weights differ between machines"
    now, before = each.row, each.before
    score, rank, predicted = f"{now.score:.3f}", str(now.rank), one_line(now.predicted or "", 60)
    if before is not None:
        score = f"{before.score:.3f} → {score}"
        rank = f"{before.rank} → {rank}"
        predicted = f"{one_line(before.predicted or '', 60)} → {predicted}"
    why = each.reason if each.change == "new" else each.change
    return f"{key}: score {score}, rank {rank}, predicted {predicted} ({why})"


def _remaining(diff: Iterable[RowDiff]) -> list[str]:
    """Return which flips the run still has against the baseline."""
    flips = [each for each in diff if each.change in ("regressed", "fixed")]
    if not flips:
        return ["no flip remains"]
    kinds = [each.change for each in flips]
    lines = [f"remaining flips: {kinds.count('regressed')} regressed, {kinds.count('fixed')} fixed"]
    flips.sort(key=lambda each: each.change == "fixed")
    lines += _indented(
        f"{each.change} {one_line(each.row.key)}: {each.before.score:.3f} → {each.row.score:.3f}"
        for each in flips[:_MOST]
        if each.before
    )
    return lines + ([f"  and {len(flips) - _MOST} more"] if len(flips) > _MOST else [])


def _indented(lines: Iterable[str]) -> list[str]:
    return [f"  {line}" for line in lines]
