"""A sweep of corruptions through the built-in model, compared with its forward passes alone."""

from __future__ import annotations

import os
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from .budget import Budget
from .repositories import REPOSITORY

if TYPE_CHECKING:
    from tierbench.models.image_processor import Prepared
    from tierbench.models.transformers_model import TransformersClassifier
    from tierbench.suites import Case, Suite

_BATCH = 16
# Sources whose pictures go through both ways in one turn. A turn takes a few seconds: in longer ones, the speed of a
# shared machine changes. In shorter ones, the start of each sweep, when the model waits for pictures, would count more.
_IN_TURN = 2


@dataclass
class _Cost:
    """Seconds of the clock and of CPU, those of child processes included once they have ended."""

    clock: float = 0.0
    processor: float = 0.0

    def add(self, call: Callable[[], object]) -> None:
        """Add the cost of a call."""
        clock, processor = time.perf_counter(), _processor()
        call()
        self.clock += time.perf_counter() - clock
        self.processor += _processor() - processor


def _processor() -> float:
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in usage)


def sweep(sources: int) -> list[Budget]:
    """Measure all corruptions at all severities of pictures of the included suites, in float32 on the CPU.

    The sweep reads, decodes, corrupts, prepares and predicts without kept predictions; its forward passes alone get
    pictures that are prepared already, as many in the same batches. They run in turns, a few sources at a time: half of
    the passes, the sweep, the other half, so that a machine that grows slower or faster meanwhile counts for neither.
    The textures of frost are drawn, and processes are started, in the time of the sweep; importing and loading the
    weights are in neither. With one thread for the model, its CPU time holds no waiting of its threads for each other.
    """
    import torch

    from tierbench.models.prediction_store import PredictionStore
    from tierbench.models.predictor import Predictor
    from tierbench.models.reference import open_reference
    from tierbench.suites.derived import open_case

    classifier = open_reference("reference", device="cpu", dtype="float32", root=REPOSITORY, labels=None)
    turns = list(_turns(sources))
    example = classifier.preparation(cropped=True)(open_case(turns[0][0]))
    classifier.predict_prepared([example] * _BATCH)
    budgets = []
    for threads in dict.fromkeys((torch.get_num_threads(), 1)):
        torch.set_num_threads(threads)
        whole, passes = _Cost(), _Cost()
        with _empty_cache():
            for cases in turns:
                half = len(cases) // (2 * _BATCH) * _BATCH
                passes.add(partial(_forward, classifier, example, half))
                whole.add(partial(Predictor(classifier, PredictionStore(None), _BATCH).predict, cases))
                passes.add(partial(_forward, classifier, example, len(cases) - half))
        pictures = sum(map(len, turns))
        note = (
            f"{pictures} pictures of {sources} sources; {1000 * passes.processor / pictures:.1f} ms of CPU a forward "
            f"pass; clock {whole.clock / passes.clock:.3f} ×, CPU {whole.processor / passes.processor:.3f} ×"
        )
        ratio = whole.clock / passes.clock if threads > 1 else whole.processor / passes.processor
        name = f"sweep, {threads} thread{'s' * (threads > 1)} for the model"
        budgets.append(Budget(name, ratio, 1.15, f"× forward, {'clock' if threads > 1 else 'CPU'}", note=note))
    return budgets


def _forward(classifier: TransformersClassifier, example: Prepared, pictures: int) -> None:
    for start in range(0, pictures, _BATCH):
        classifier.predict_prepared([example] * min(_BATCH, pictures - start))


def _turns(sources: int) -> Iterator[list[Case]]:
    """Yield the cases of a sweep, those of a few sources at a time."""
    from tierbench.corruptions import ALL_CORRUPTIONS, SEVERITIES
    from tierbench.suites.derived import derive_case

    chosen = _chosen(sources)
    for start in range(0, len(chosen), _IN_TURN):
        yield [
            derive_case(suite, case, name, severity)
            for name in ALL_CORRUPTIONS
            for severity in SEVERITIES
            for suite, case in chosen[start : start + _IN_TURN]
        ]


def _chosen(sources: int) -> list[tuple[Suite, Case]]:
    """Return tier-1 cases of the suites, evenly spread, so that renders and photographs are among them."""
    from tierbench.suites import read_suites

    suites, _ = read_suites([REPOSITORY / "cases" / name for name in ("vehicles", "photos")])
    usable = [(suite, case) for suite in suites for case in suite.by_tier[1] if case.path.is_file()]
    step = max(1, len(usable) // sources)
    return usable[::step][:sources]


@contextmanager
def _empty_cache() -> Iterator[None]:
    """Let the body begin without the textures of frost that earlier runs, or this process, have drawn."""
    from tierbench.corruptions import frost_textures

    before = os.environ.get("TIERBENCH_CACHE")
    frost_textures._texture.cache_clear()
    with tempfile.TemporaryDirectory(prefix="tierbench-speed-") as folder:
        os.environ["TIERBENCH_CACHE"] = folder
        try:
            yield
        finally:
            del os.environ["TIERBENCH_CACHE"]
            if before is not None:
                os.environ["TIERBENCH_CACHE"] = before
