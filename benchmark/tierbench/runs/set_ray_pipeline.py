"""The steps of a data set through a Ray cluster: tasks list its samples, actors read and score them.

Ray's own readers give other rows: see docs/ray.md. This module needs Ray, and is imported where there is a cluster.
"""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import pyarrow as pa
import ray
from ray.data import ActorPoolStrategy, Dataset, Datasource, ReadTask, read_datasource
from ray.data.block import BlockMetadata

from tierbench.common.errors import UserError
from tierbench.common.images import quiet_pillow
from tierbench.runs.ray_cluster import RayCluster
from tierbench.runs.set_scorer import Read, SetScorer
from tierbench.scoring.set_scores import SetRow
from tierbench.suites.datasets import LazySamples, Sample, choose

# How often a batch is tried again whose process was killed.
RETRIES = 2
# So many tasks list samples, one after the other: this process keeps something for each of them, not for each picture.
_MOST_TASKS = 1000


def scored(
    cluster: RayCluster, make: Callable[[], SetScorer], samples: Sequence[Sample], size: int, waiting: int | None
) -> Iterator[list[SetRow]]:
    """Yield the rows of pictures, batch by batch, as they come.

    Args:
        cluster: the cluster.
        make: makes what reads and scores, in each process that does.
        samples: the pictures.
        size: of a batch.
        waiting: number of batches that are sent to a process at once; None: as Ray sees fit.

    Raises:
        UserError: if something does not work for any picture.
    """
    for table in _pipeline(cluster, make, samples, size, waiting).iter_batches(batch_size=None, batch_format="pyarrow"):
        for content in table["rows"].to_pylist():
            rows = pickle.loads(content)  # noqa: S301 (from our own processes)
            if isinstance(rows, UserError):
                raise rows
            yield rows


def _pipeline(
    cluster: RayCluster, make: Callable[[], SetScorer], samples: Sequence[Sample], size: int, waiting: int | None
) -> Dataset:
    """Return what lists, reads and scores samples, a row for each batch."""
    batches = -(-len(samples) // size)
    scorers, readers = min(cluster.scorers, batches), min(cluster.readers(), batches)
    options: dict[str, Any] = {
        "fn_constructor_args": (make,),
        "batch_size": 1,
        "batch_format": "pyarrow",
        "max_task_retries": RETRIES,
    }
    pools = (
        (
            _Reader,
            ActorPoolStrategy(min_size=1, max_size=readers, max_tasks_in_flight_per_actor=waiting),
            cluster.reader_resources(),
        ),
        (_Scorer, ActorPoolStrategy(size=scorers, max_tasks_in_flight_per_actor=waiting), cluster.scorer_resources()),
    )
    # Listing takes next to nothing of a core, and must go on where scorers and readers have all of them.
    pipeline = read_datasource(_Listing(samples, size), num_cpus=0, override_num_blocks=min(batches, _MOST_TASKS))
    with warnings.catch_warnings():
        # Ray Data 2.64 is to lose `max_task_retries`, which nothing else replaces; the extra `ray` ends before it.
        warnings.filterwarnings("ignore", "`ray_remote_args` is deprecated")
        for step, pool, resources in pools:
            pipeline = pipeline.map_batches(step, compute=pool, **resources, **options)
    return pipeline


class _Listing(Datasource):  # type: ignore[misc]  # Ray has no types
    """The samples of a set in batches, a block each, so that a killed process costs one.

    Samples that are made when they are asked for are made in tasks of the cluster; of others each task has its part.

    Args:
        samples: the samples.
        size: of a batch; the batches are the same as without Ray.
    """

    def __init__(self, samples: Sequence[Sample], size: int) -> None:
        self._samples = samples
        self._size = size

    def estimate_inmemory_data_size(self) -> int | None:
        """Return nothing: Ray would make fewer, larger blocks of it."""
        return None

    def get_read_tasks(
        self, parallelism: int, per_task_row_limit: int | None = None, data_context: Any = None
    ) -> list[ReadTask]:
        """Return the tasks that list the samples; see `Datasource`."""
        samples, size = self._samples, self._size
        step = -(-len(samples) // (size * parallelism)) * size
        shared = ray.put(samples) if isinstance(samples, LazySamples) else None
        tasks = []
        for start in range(0, len(samples), step):
            places = range(start, min(start + step, len(samples)))
            own = samples[start : start + step] if shared is None else shared
            about = BlockMetadata(-(-len(places) // size), None, None, None)
            tasks.append(ReadTask(partial(_blocks, own, places, size), about))
        return tasks


def _blocks(given: Sequence[Sample] | ray.ObjectRef, places: range, size: int) -> Iterator[pa.Table]:
    """Yield a part of the samples in batches, packed; in place of a batch that cannot be listed, why not."""
    samples = choose(ray.get(given), places) if isinstance(given, ray.ObjectRef) else given
    for start in range(0, len(samples), size):
        try:
            packed = pickle.dumps(samples[start : start + size])
        except UserError as error:
            packed = pickle.dumps(error)
        yield pa.table({"samples": pa.array([packed], pa.large_binary())})


class _Step:
    """A step of the scorer in a process of the cluster; what cannot work for any picture is handed on as a value."""

    def __init__(self, make: Callable[[], SetScorer]) -> None:
        try:
            self.scorer: SetScorer | UserError = make()
        except UserError as error:
            self.scorer = error


class _Reader(_Step):
    """Reads batches of pictures."""

    def __call__(self, table: pa.Table) -> pa.Table:
        (packed,) = table["samples"].to_pylist()
        samples: Sequence[Sample] | UserError = pickle.loads(packed)  # noqa: S301 (from our own processes)
        read: list[Read] | UserError
        if isinstance(samples, UserError):
            read = samples
        elif isinstance(self.scorer, UserError):
            read = self.scorer
        else:
            with quiet_pillow():
                read = self.scorer.read(samples)
        content = pickle.dumps(read, protocol=pickle.HIGHEST_PROTOCOL)
        return table.append_column("pictures", pa.array([content], pa.large_binary()))


class _Scorer(_Step):
    """Scores batches of pictures that were read."""

    def __call__(self, table: pa.Table) -> pa.Table:
        ((packed,), (content,)) = (table[name].to_pylist() for name in ("samples", "pictures"))
        pictures: list[Read] | UserError = pickle.loads(content)  # noqa: S301 (from our own processes)
        rows: list[SetRow] | UserError
        try:
            if isinstance(pictures, UserError):
                raise pictures
            if isinstance(self.scorer, UserError):
                raise self.scorer
            rows = self.scorer.score(pickle.loads(packed), pictures)  # noqa: S301 (from our own processes)
        except UserError as error:
            rows = error
        return pa.table({"rows": pa.array([pickle.dumps(rows)], pa.large_binary())})
