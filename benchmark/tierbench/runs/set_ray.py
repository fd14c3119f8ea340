"""Run a model over a data set on a Ray cluster: actors read and score pictures, this process writes the results."""

from __future__ import annotations

import logging
import os
import pickle
import secrets
import socket
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from tierbench.common.errors import UserError
from tierbench.common.images import quiet_pillow
from tierbench.common.text import error_text, one_line
from tierbench.models.classifier import Classifier, Promptable
from tierbench.models.identity import Identity
from tierbench.runs.set_evaluation import Advance, SetModel, cores, write_rows
from tierbench.runs.set_parts import SetParts
from tierbench.runs.set_scorer import Read, SetScorer
from tierbench.scoring.class_map import ClassMap
from tierbench.scoring.set_scores import SetRow, error_row
from tierbench.suites.datasets import DataSet, Sample

if TYPE_CHECKING:
    import pyarrow as pa
    from ray.data import Dataset

LOCAL = "local"
# How often a batch is tried again whose process was killed.
_RETRIES = 2
# A scorer asks for this much of a core: with whole cores for scorers, the readers that feed them would never start.
_SCORER_CORES = 0.5


@dataclass(frozen=True)
class RayCluster:
    """A cluster that this process is connected to.

    Attributes:
        cores: how many it has.
        gpus: how many it has.
        scorers: number of copies of the model.
    """

    cores: float
    gpus: float
    scorers: int

    def scorer_resources(self) -> dict[str, float]:
        """Return what each scorer asks for; half of the cores stay for readers."""
        share = min(_SCORER_CORES, self.cores / (2 * self.scorers))
        return {"num_cpus": share, "num_gpus": min(1.0, self.gpus / self.scorers)}

    def reader_resources(self) -> dict[str, float]:
        """Return what each reader asks for: they fill the cores where GPUs score, and share them otherwise."""
        return {"num_cpus": min(1.0 if self.gpus else _SCORER_CORES, self.cores / 2)}

    def readers(self) -> int:
        """Return how many readers there may be beside the scorers."""
        left = self.cores - self.scorers * self.scorer_resources()["num_cpus"]
        return max(1, int(left / self.reader_resources()["num_cpus"]))


@contextmanager
def ray_cluster(address: str, scorers: int | None = None) -> Iterator[RayCluster]:
    """Connect to a cluster, and disconnect at the end; one that was started here ends then.

    Nothing is reported to the makers of Ray, and what is started here is reached from this machine only. Until the end,
    what is printed goes to stderr.

    Args:
        address: `local`, to start one with the cores of this machine, or that of its head, `host:port`.
        scorers: number of copies of the model; None: one for each GPU, or else for each core.

    Raises:
        UserError: if Ray is not installed, or there is no cluster at the address.
    """
    # Ray reads these when it is imported.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    # With it, Ray repeats messages on stdout when this process ends.
    os.environ.setdefault("RAY_DEDUP_LOGS", "0")
    options: dict[str, Any] = {"address": address}
    if address != LOCAL:
        _check_address(address)
    else:
        # Ray's own switch for clusters of one machine: the node has the address 127.0.0.1.
        os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
        # For this cluster only; Ray would keep one in the home folder.
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
        options |= {"num_cpus": cores(), "include_dashboard": False}
    try:
        import ray
        import ray.data
        import ray.exceptions
    except ImportError as error:
        raise UserError("--ray needs Ray Data; run pip install 'tierbench[ray]'") from error
    try:
        ray.init(**options, log_to_driver=False, logging_level=logging.CRITICAL)
    except (ConnectionError, ValueError, RuntimeError, TimeoutError) as error:
        raise UserError(
            f"--ray {one_line(address)}: {error_text(error)}; give local, or host:port of a head"
        ) from error
    try:
        found = ray.cluster_resources()
        count, gpus = found.get("CPU", 1.0), found.get("GPU", 0.0)
        _be_quiet(ray.data.DataContext.get_current())
        # Where Ray prints that a process was killed, there may be JSON.
        with redirect_stdout(sys.stderr):
            yield RayCluster(count, gpus, scorers or max(1, int(gpus or count)))
    except ray.exceptions.RayError as error:
        raise UserError(
            f"--ray {one_line(address)}: {error_text(error)}; what was scored is kept: run again"
        ) from error
    finally:
        ray.shutdown()


def _check_address(address: str) -> None:
    """Raise a `UserError` if nothing answers there; Ray itself would try for minutes."""
    host, _, port = address.rpartition(":")
    place = f"--ray {one_line(address)}"
    if not host or not port.isdecimal() or "/" in host:
        raise UserError(f"{place}: is no address; give local, or host:port of the head of a cluster")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=10).close()
    except (OSError, OverflowError) as error:
        raise UserError(
            f"{place}: no cluster answers ({error_text(error)}); start one with ray start --head, or give local"
        ) from error


def _be_quiet(context: Any) -> None:
    context.enable_progress_bars = False
    # A block that was lost with its process is no reason to lose the job.
    context.max_errored_blocks = -1
    for name in ("ray", "ray.data"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def evaluate_on_ray(
    cluster: RayCluster,
    opens: Callable[[], Classifier],
    model: SetModel,
    data_set: DataSet,
    samples: Sequence[Sample],
    classes: ClassMap,
    parts: SetParts,
    advance: Advance | None = None,
) -> None:
    """Predict pictures of a set on a cluster; what `evaluate_set` does here, with the same rows.

    Args:
        cluster: the cluster; its machines need the files of the set and of the model at the same places.
        opens: opens the model, in each process that needs it.
        model: the model.
        data_set: the set.
        samples: its pictures, or those of a shard or a sample.
        classes: which of the model's labels count as which class.
        parts: the result files, already opened.
        advance: called with the number of pictures that have a row.

    Raises:
        UserError: as `evaluate_set` does, or if the cluster is lost.
    """
    done = parts.done()
    todo = [sample for sample in samples if sample.id not in done]
    if advance:
        advance(len(samples) - len(todo))
    make = partial(
        _make_scorer, opens, model.identity, classes, data_set.layout.crop == "none", max_pixels=model.max_pixels
    )
    begun = len(todo)
    # A killed process takes batches with it that wait for it. So pictures whose process was killed each time are tried
    # one by one, each with a process to itself: which of them do it is found out.
    for size, waiting in ((model.batch_size, None), (1, 1)):
        if todo:
            write_rows(_scored(cluster, make, todo, size, waiting), parts, advance)
            done = parts.done()
            todo = [sample for sample in todo if sample.id not in done]
    if len(todo) == begun > 1:
        raise UserError("Ray: every process that reads or scores pictures was lost; see the log of the cluster")
    killed = f"the process that took the picture was killed {1 + _RETRIES} times"
    write_rows([[error_row(sample, killed) for sample in todo]], parts, advance)


def _make_scorer(
    opens: Callable[[], Classifier], identity: Identity, classes: ClassMap, cropped: bool, max_pixels: int | None
) -> SetScorer:
    classifier = opens()
    if isinstance(classifier, Promptable):
        # As `bind_to_set` has it where the run was started.
        classifier = classifier.for_concepts(identity.labels)
    return SetScorer(classifier, identity, classes, cropped=cropped, max_pixels=max_pixels)


def _scored(
    cluster: RayCluster, make: Callable[[], SetScorer], samples: Sequence[Sample], size: int, waiting: int | None
) -> Iterator[list[SetRow]]:
    """Yield the rows of pictures, batch by batch, as they come."""
    # The same batches as without Ray; a block each, so that a killed process costs one.
    packed = [pickle.dumps(samples[start : start + size]) for start in range(0, len(samples), size)]
    for table in _pipeline(cluster, make, packed, waiting).iter_batches(batch_size=None, batch_format="pyarrow"):
        for content in table["rows"].to_pylist():
            rows = pickle.loads(content)  # noqa: S301 (from our own processes)
            if isinstance(rows, UserError):
                raise rows
            yield rows


def _pipeline(
    cluster: RayCluster, make: Callable[[], SetScorer], packed: Sequence[bytes], waiting: int | None
) -> Dataset:
    """Return what reads and scores packed samples, a row for each batch; so many go to a process at once."""
    import pyarrow as pa
    from ray.data import ActorPoolStrategy, from_arrow

    scorers, readers = min(cluster.scorers, len(packed)), min(cluster.readers(), len(packed))
    options: dict[str, Any] = {
        "fn_constructor_args": (make,),
        "batch_size": 1,
        "batch_format": "pyarrow",
        "max_task_retries": _RETRIES,
    }
    pools = (
        (
            _Reader,
            ActorPoolStrategy(min_size=1, max_size=readers, max_tasks_in_flight_per_actor=waiting),
            cluster.reader_resources(),
        ),
        (_Scorer, ActorPoolStrategy(size=scorers, max_tasks_in_flight_per_actor=waiting), cluster.scorer_resources()),
    )
    pipeline = from_arrow([pa.table({"samples": pa.array([each], pa.large_binary())}) for each in packed])
    with warnings.catch_warnings():
        # Ray Data 2.64 is to lose `max_task_retries`, which nothing else replaces; the extra `ray` ends before it.
        warnings.filterwarnings("ignore", "`ray_remote_args` is deprecated")
        for step, pool, resources in pools:
            pipeline = pipeline.map_batches(step, compute=pool, **resources, **options)
    return pipeline


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
        import pyarrow as pa

        (packed,) = table["samples"].to_pylist()
        samples: Sequence[Sample] = pickle.loads(packed)  # noqa: S301 (from our own processes)
        scorer = self.scorer
        with quiet_pillow():
            read = [Read(None, scorer)] * len(samples) if isinstance(scorer, UserError) else scorer.read(samples)
        content = pickle.dumps(read, protocol=pickle.HIGHEST_PROTOCOL)
        return table.append_column("pictures", pa.array([content], pa.large_binary()))


class _Scorer(_Step):
    """Scores batches of pictures that were read."""

    def __call__(self, table: pa.Table) -> pa.Table:
        import pyarrow as pa

        ((packed,), (content,)) = (table[name].to_pylist() for name in ("samples", "pictures"))
        rows: list[SetRow] | UserError
        try:
            if isinstance(self.scorer, UserError):
                raise self.scorer
            rows = self.scorer.score(pickle.loads(packed), pickle.loads(content))  # noqa: S301 (from our own processes)
        except UserError as error:
            rows = error
        return pa.table({"rows": pa.array([pickle.dumps(rows)], pa.large_binary())})
