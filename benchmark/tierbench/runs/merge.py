"""Read the shards of a run, check that they belong together, and give their results in place of a model's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tierbench.common.errors import UserError
from tierbench.common.files import shown_path
from tierbench.common.picture_figures import PictureFigures
from tierbench.common.schema import CaseRow, Run, ShardRecord
from tierbench.common.shard import Shard
from tierbench.common.text import listed, one_line
from tierbench.runs.record import read_run_json
from tierbench.runs.shard_record import read_shard
from tierbench.runs.shards import check_same, check_shards
from tierbench.scoring.model_pool import ModelPool
from tierbench.scoring.model_under_test import ModelUnderTest
from tierbench.scoring.results import CaseResult
from tierbench.scoring.verdict import Verdict
from tierbench.suites.case import Case, Suite

# Options that shards may differ in: models are told apart by fingerprint, suites and data sets by digest.
_OWN = ("--robust-model=", "--robust-cases=", "--robust-dataset=")


@dataclass(frozen=True)
class Merged:
    """The shards of a run.

    Attributes:
        runs: their records, in the order of their numbers.
        shards: what else they kept.
        folders: where they are.
    """

    runs: Sequence[Run]
    shards: Sequence[ShardRecord]
    folders: Sequence[Path]
    _rows: dict[tuple[str, str, str], CaseRow] = field(default_factory=dict)
    _partial: set[tuple[str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        for shard in self.shards:
            self._rows.update(((row.suite, row.case, row.model), row) for row in shard.rows)
            self._partial.update(shard.partial)

    @property
    def arguments(self) -> tuple[str, ...]:
        """The arguments of pytest that select the tests and gates of the run."""
        return self.shards[0].arguments

    def result(self, model: str, case: Case) -> CaseResult:
        """Return the result of a case as its shard had it; an error if none has it."""
        row = self._rows.get((case.suite, case.id, model))
        if row is None:
            return CaseResult(case, model, error="no shard has a result of it; run all shards with the same tests")
        partial = (model, case.key) in self._partial
        if row.score is None:
            return _without_verdict(CaseResult(case, model, row.image_sha256), row)
        return CaseResult(case, model, row.image_sha256, _verdict(row), partial=partial)

    def takes_cropped(self, model: str) -> bool:
        """Return whether a model takes cropped pictures without cropping them again."""
        return all(shard.takes_cropped.get(model, True) for shard in self.shards)

    def suite_problems(self, suites: Sequence[Suite]) -> list[str]:
        """Return which suites are not those that the shards ran."""
        ran = self.runs[0].suites
        return [
            f"suite {suite.name!r} is not the one that the shards ran; merge them on their commit, "
            f"{self.runs[0].git_commit[:12] or 'which is not recorded'}"
            for suite in suites
            if suite.name in ran and suite.digest != ran[suite.name]
        ]

    def differences(self) -> list[str]:
        """Return what the shards were made with that may change results a little, one line each."""
        made: dict[str, list[str]] = {}
        for run in self.runs:
            values = {"device": run.models[0].device if run.models else "", **run.versions}
            for name, value in values.items():
                made.setdefault(name, []).append(str(value))
        return [
            f"the shards differ in {name}: {listed(dict.fromkeys(values))}"
            for name, values in made.items()
            if len(set(values)) > 1
        ]


def _without_verdict(result: CaseResult, row: CaseRow) -> CaseResult:
    if row.outcome == "skipped":
        return replace(result, skipped=row.reason)
    return replace(result, unscored=row.reason) if row.outcome == "unscored" else replace(result, error=row.reason)


def _verdict(row: CaseRow) -> Verdict:
    return Verdict(
        predicted=row.predicted or "",
        confidence=row.confidence or 0.0,
        score=row.score or 0.0,
        rank=row.rank or 0,
        margin=row.margin or 0.0,
        passed=row.passed,
        reason=row.reason,
        top=row.top,
        log_margin=row.log_margin,
        twin_log_margin=row.twin_log_margin,
    )


def read_shards(folders: Sequence[Path]) -> Merged:
    """Read the shards of a run, and check that all are there and belong together.

    Args:
        folders: the folders of their runs, in any order.

    Raises:
        UserError: one line, if they do not.
    """
    runs = [read_run_json(folder) for folder in folders]
    found = [read_shard(folder) for folder in folders]
    names = [shown_path(folder) for folder in folders]
    for name, run in zip(names, runs, strict=True):
        if not run.complete:
            raise UserError(f"{name}: the run is not complete; run the shard again")
    numbers = [Shard(each.number, each.of) if each else None for each in found]
    check_shards(list(zip(names, numbers, strict=True)))
    shards = [each for each in found if each is not None]
    for what, values, fix in (
        ("model", [_models(run) for run in runs], "run all shards with the same model"),
        ("suites", [_digests(run) for run in runs], "run all shards on the same commit"),
        ("options", _options(shards), "run all shards with the same options"),
    ):
        check_same(what, list(zip(names, values, strict=True)), fix)
    order = sorted(zip(runs, shards, folders, strict=True), key=lambda each: each[1].number)
    return Merged([run for run, *_ in order], [shard for _, shard, _ in order], [folder for *_, folder in order])


def _models(run: Run) -> str:
    made = [(one_line(each.name, 40), each.fingerprint[:12] or "without a fingerprint") for each in run.models]
    return ", ".join(f"{name} {fingerprint}" for name, fingerprint in made)


def _digests(run: Run) -> str:
    return ", ".join(f"{one_line(name, 40)} {digest[:12]}" for name, digest in sorted(run.suites.items()))


def _options(shards: Sequence[ShardRecord]) -> list[str]:
    """Return for each shard the options that others do not have."""
    given = [[each for each in shard.arguments if not each.startswith(_OWN)] for shard in shards]
    shared = set.intersection(*map(set, given))
    return [" ".join(each for each in own if each not in shared) for own in given]


@dataclass
class RecordedModels(ModelPool):
    """The models of merged shards: what their records say of them. None is opened."""

    merged: Merged | None = None

    def open(self, name: str, classifier: object = None) -> ModelUnderTest:
        """Raise a `UserError`: there is no model."""
        raise UserError(f"model {name!r}: merged shards are judged without a model")

    def opened(self, name: str) -> None:
        """Return None: no model is opened."""

    def fingerprint(self, name: str) -> str:
        """Return the fingerprint that the shards recorded."""
        models = self.merged.runs[0].models if self.merged else ()
        return next((each.fingerprint for each in models if each.name == name), "")

    def backend(self, name: str) -> str:
        """Return what ran the model."""
        return self.merged.shards[0].backends.get(name, "") if self.merged else ""

    def card(self, name: str, fingerprint: str) -> dict[str, Any]:
        """Return the card that a shard kept."""
        shards = self.merged.shards if self.merged else ()
        return dict(next((shard.cards[name] for shard in shards if shard.cards.get(name)), {}))

    def picture_figures(self, digests: Iterable[str]) -> dict[str, PictureFigures]:
        """Return the figures of pictures that the shards kept."""
        shards = self.merged.shards if self.merged else ()
        found = {digest: figures for shard in shards for digest, figures in shard.figures.items()}
        whole = {each: found[each] for each in digests if len(found.get(each, ())) == len(PictureFigures._fields)}
        return {digest: PictureFigures(*figures) for digest, figures in whole.items()}

    def problems(self) -> list[str]:
        """Return nothing: no model can have a problem."""
        return []
