"""The benchmark of a session that judges the shards of a run: their results stand in place of a model's."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from tierbench.common.errors import UserError
from tierbench.common.files import shown_path
from tierbench.common.schema import Run, SetResult
from tierbench.common.text import listed, plural
from tierbench.plugin.session import BenchmarkSession, check_of
from tierbench.runs.config import RunConfig
from tierbench.runs.merge import Merged, RecordedModels, read_shards
from tierbench.scoring.results import CaseResult
from tierbench.suites.case import Case


class MergingSession(BenchmarkSession):
    """The benchmark's side of `tierbench merge`: every test is judged as in a single run.

    Args:
        config: what the run was asked to do.
        pytest_config: pytest's own configuration.
        shared: see `BenchmarkSession`.
    """

    def __init__(self, config: RunConfig, pytest_config: pytest.Config, shared: Path | None = None) -> None:
        super().__init__(config, pytest_config, shared)
        self.merged: Merged | None = None
        self._problems: tuple[str, ...] = ()
        try:
            self.merged = read_shards(config.merge)
        except UserError as error:
            self._problems = error.lines
        if self.merged is not None and config.sets:
            self.sets.take(self.merged.shards[0].sets)
        self.models = RecordedModels(config.models, self.by_name, self.models.progress, merged=self.merged)

    @property
    def asks_models(self) -> bool:
        """Whether models predict: none does."""
        return False

    def concerns(self, item: pytest.Item) -> bool:
        """Return whether an item is part of this session: tests of the user's own would ask for a model."""
        return check_of(item) is not None

    def problems(self) -> list[str]:
        """Return why the shards cannot be merged, or what is wrong with the baselines."""
        if self.merged is None:
            return list(self._problems)
        return self.merged.suite_problems(self.suites) + super().problems()

    def results(self, name: str, cases: Iterable[Case]) -> list[CaseResult]:
        """Return the results that the shards have."""
        return [self.merged.result(name, case) for case in cases] if self.merged else []

    def set_result(self, model: str, name: str) -> SetResult:
        """Return the result of a model on a data set, from the result files of the shards."""
        with self.models.one_at_a_time():
            return self.sets.merged(self.merged.folders if self.merged else (), model, name)

    def takes_cropped(self, name: str) -> bool:
        """Return whether a model took cropped pictures without cropping them again."""
        return self.merged is not None and self.merged.takes_cropped(name)

    def asked(self, name: str) -> None:
        """Return None: no model was asked."""

    @property
    def versions(self) -> Mapping[str, str]:
        """The versions of the libraries that the shards ran with."""
        return self.merged.runs[0].versions if self.merged else {}

    def origin_lines(self) -> list[str]:
        """Return which shards are judged, and what they differ in."""
        folders = [shown_path(folder) for folder in self.config.merge]
        lines = [f"merge of {plural(len(folders), 'shard')}: {listed(folders, 10)}"]
        return lines + (self.merged.differences() if self.merged else [])

    def recorded(self, run: Run) -> Run:
        """Return the record with what the shards were made with."""
        if self.merged is None:
            return run
        first = self.merged.runs[0]
        return replace(
            run,
            models=tuple(replace(each, spec=_spec(first, each.name)) for each in run.models),
            command=(Path(sys.argv[0]).name, *sys.argv[1:]),
            device=first.device,
            threads=first.threads,
            versions=first.versions,
            git_commit=first.git_commit,
            cache=first.cache,
        )


def _spec(run: Run, name: str) -> str:
    return next((each.spec for each in run.models if each.name == name), "")
