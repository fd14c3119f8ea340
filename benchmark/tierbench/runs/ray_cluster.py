"""Connect to a Ray cluster, or start one of this machine; and what each process of a data set's run asks of it."""

from __future__ import annotations

import logging
import os
import secrets
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from typing import Any

from tierbench.common.cores import cores
from tierbench.common.errors import UserError
from tierbench.common.text import error_text, one_line

LOCAL = "local"
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
        _prepare(ray.data.DataContext.get_current())
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


def _prepare(context: Any) -> None:
    context.enable_progress_bars = False
    # A block for each batch; Ray would join them, and a killed process would cost all of them.
    context.target_max_block_size = 1
    # A block that was lost with its process is no reason to lose the job.
    context.max_errored_blocks = -1
    for name in ("ray", "ray.data"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
