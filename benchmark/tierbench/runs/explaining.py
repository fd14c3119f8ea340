"""Explain cases of a run when it has been judged: which ones, up to a limit, with maps that are kept between runs."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from importlib.metadata import version

from tierbench.common.errors import UserError
from tierbench.common.images import quiet_pillow
from tierbench.common.schema import CaseRow, Rows
from tierbench.common.text import error_text, message_line, plural
from tierbench.models.attribution import VERSION, Attribution
from tierbench.models.batch_size import USUAL
from tierbench.models.explainer import Explainer
from tierbench.models.struct_store import StructStore
from tierbench.runs.benchmark import Benchmark
from tierbench.scoring.explained_labels import ExplainedLabel, explained_labels
from tierbench.scoring.model_under_test import ModelUnderTest
from tierbench.suites.case import Case
from tierbench.suites.derived import open_case
from tierbench.suites.picture_file import read_picture

# The maps of a case take about 1 kB.
_MAX_BYTES = 2**26
_FLIPS = ("regressed", "fixed")
# Suite, case and model.
RowKey = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Explanation:
    """The maps of a case under a model.

    Attributes:
        labels: those that are explained, in the order of the maps.
        attribution: the maps.
    """

    labels: tuple[ExplainedLabel, ...]
    attribution: Attribution


@dataclass
class Explained:
    """What came of explaining.

    Attributes:
        found: the explanations by suite, case and model.
        notes: what was explained and what was not, a line each.
    """

    found: dict[RowKey, Explanation] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def explain_run(benchmark: Benchmark, rows: Rows) -> Explained:
    """Explain the cases that the options ask for; that changes no result, and no failure of it ends a run.

    Args:
        benchmark: suites and models; it predicts cases again only where another process predicted them and their
            predictions were not kept.
        rows: of the record.
    """
    config, explained = benchmark.config, Explained()
    option = f"--robust-explain {config.explain}"
    chosen = choose_rows(rows, config.explain)
    if not chosen:
        explained.notes.append(f"{option}: there is no case to explain")
        return explained
    failures: list[str] = []
    by_model: dict[str, list[CaseRow]] = {}
    for row in chosen[: config.explain_limit]:
        by_model.setdefault(row.model, []).append(row)
    store = StructStore(Attribution, "attributions-1.sqlite", _MAX_BYTES) if config.models.cache else None
    try:
        with store or nullcontext(), quiet_pillow():
            for name, own in by_model.items():
                _explain_model(benchmark, name, own, store, explained, failures)
    except KeyboardInterrupt:
        # The run is over, and its report is still to be written.
        failures.append("interrupted")
    more = f"; --robust-explain-limit {len(chosen)} explains all" if len(chosen) > config.explain_limit else ""
    explained.notes.append(f"{option}: {len(explained.found)} of {plural(len(chosen), 'case')} explained{more}")
    if failures:
        others = f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
        explained.notes.append(message_line(f"{option}: not explained: {failures[0]}{others}"))
    return explained


def choose_rows(rows: Rows, kind: str) -> list[CaseRow]:
    """Return the rows to explain: flips first, then misses, each by tier and in the order of the run.

    Of sweeps and ladders there is none: their figures speak of many pictures at once.

    Args:
        rows: of the record.
        kind: `failures`: what was missed; `flips`: what was missed and now is not, or the other way round; `all`:
            everything that was predicted.
    """
    wanted = [row for row in rows if row.top and not row.corruption and (row.tier is not None or row.absent)]
    if kind == "failures":
        wanted = [row for row in wanted if row.outcome in ("failed", "xfailed")]
    elif kind == "flips":
        wanted = [row for row in wanted if row.change in _FLIPS]
    return sorted(wanted, key=lambda row: (row.change not in _FLIPS, row.passed, row.tier or 0))


def _explain_model(
    benchmark: Benchmark,
    name: str,
    rows: Sequence[CaseRow],
    store: StructStore[Attribution] | None,
    explained: Explained,
    failures: list[str],
) -> None:
    """Explain the cases of one model, and add what came of it."""
    opened = benchmark.models.opened(name)
    if opened is None and benchmark.config.own_model:
        failures.append(f"{name}: its fixture returns the model to the workers only; run without -n")
        return
    try:
        model = opened or benchmark.models.open(name)
        cases = {row.case: case for row in rows if (case := benchmark.cases.get(row.key)) is not None}
        model.predict([case for case in cases.values() if case.key not in model.predictions])
        work = _Work(model, benchmark, store)
        with benchmark.models.progress(len(rows), f"explaining {name}") as advance:
            for row in rows:
                try:
                    explained.found[row.suite, row.case, name] = work.explanation(benchmark.cases[row.key], row)
                except UserError:
                    raise
                except Exception as error:
                    # The model is other people's code and may raise anything.
                    failures.append(f"{row.key}: {error_text(error)}")
                advance(1)
    except UserError as error:
        failures.extend(error.lines)
    except Exception as error:
        failures.append(f"{name}: {error_text(error)}")


class _Work:
    """Explains cases of one model.

    Args:
        model: the model.
        benchmark: suites and options.
        store: keeps maps between runs; None: they are made anew.
    """

    def __init__(self, model: ModelUnderTest, benchmark: Benchmark, store: StructStore[Attribution] | None) -> None:
        self._model, self._suites, self._options = model, benchmark.by_name, benchmark.config.models
        self._store = store
        self._explainers: dict[int, Explainer] = {}

    def explanation(self, case: Case, row: CaseRow) -> Explanation:
        """Return the maps of a case, kept ones if there are any."""
        suite, prediction = self._suites[case.suite], self._model.predictions[case.key]
        if prediction.probabilities is None or prediction.image_sha256 != row.image_sha256:
            raise ValueError("the image file changed while the run was going on")
        labels = explained_labels(case, self._model.space(suite), prediction.probabilities)
        bound = self._model.bound(suite)
        key = _key(self._model.key_of(case, row.image_sha256), labels)
        store = self._store if bound.identity.fingerprint else None
        if store and (known := store.get([key]).get(key)) and [each.label for each in known.maps] == _indices(labels):
            return Explanation(labels, known)
        content, sha256 = read_picture(case)
        if sha256 != row.image_sha256:
            raise ValueError("the image file changed while the run was going on")
        image = open_case(case, content, max_pixels=self._options.max_pixels)
        explainer = self._explainers.setdefault(
            id(bound.classifier), Explainer(bound.classifier, self._options.batch_size or USUAL)
        )
        made = explainer.explain(image, _indices(labels))
        if store:
            store.put({key: made})
        return Explanation(labels, made)


def _indices(labels: Sequence[ExplainedLabel]) -> list[int]:
    return [each.index for each in labels]


def _key(prediction_key: str, labels: Sequence[ExplainedLabel]) -> str:
    """Return the key of the maps of a case: what decides about its prediction, the labels and the method."""
    parts = [prediction_key, str(VERSION), version("captum"), *map(str, _indices(labels))]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
