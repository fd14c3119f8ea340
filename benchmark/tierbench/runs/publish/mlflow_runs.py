"""Publish a run to MLflow: one run of MLflow for each model, found again and updated when it is published again."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from tierbench.common.errors import UserError
from tierbench.common.text import one_line
from tierbench.runs.publish.figures import ModelFigures
from tierbench.runs.publish.trackers import one_line_errors, require, without_secrets

if TYPE_CHECKING:
    from mlflow import MlflowClient

# The most that a server takes at once: 1,000 metrics, 100 params, 100 tags, 1,000 of all.
_BATCH = 100
_ID = "tierbench.id"
_DATABASES = ("sqlite:", "mysql", "postgresql", "mssql")
_FIX = "check MLFLOW_TRACKING_URI, and MLFLOW_TRACKING_USERNAME and _PASSWORD or _TOKEN where the server asks for them"


def publish_to_mlflow(models: Sequence[ModelFigures], files: Sequence[Path], experiment: str) -> list[str]:
    """Publish models to the tracking store that `MLFLOW_TRACKING_URI` names; return a line for each.

    Args:
        models: what to publish.
        files: files and folders that each gets as artifacts.
        experiment: name of the experiment; it is made if there is none.

    Raises:
        UserError: one line, if MLflow is missing, cannot be reached, or refuses.
    """
    require("mlflow", "mlflow")
    # A server that does not answer is reported within seconds, and nothing is sent elsewhere.
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    with one_line_errors("mlflow", _FIX):
        from mlflow import MlflowClient, get_tracking_uri

        _check_store(get_tracking_uri())
        client = MlflowClient()
        found = client.get_experiment_by_name(experiment)
        where = found.experiment_id if found else client.create_experiment(experiment)
        return [_publish(client, where, each, files) for each in models]


def _publish(client: MlflowClient, experiment: str, model: ModelFigures, files: Sequence[Path]) -> str:
    from mlflow.entities import Metric, Param, RunTag

    before = client.search_runs([experiment], filter_string=f"tags.`{_ID}` = '{model.id}'", max_results=1)
    if before:
        run = before[0].info.run_id
    else:
        tags = {_ID: model.id, **model.tags}
        if commit := model.tags.get("tierbench.commit"):
            # Where MLflow's own pages look for it.
            tags["mlflow.source.git.commit"] = commit
        run = client.create_run(experiment, model.start_ms, tags, run_name=model.title).info.run_id
    known = before[0].data.metrics if before else {}
    entries = [(name, value) for name, value in model.metrics.items() if known.get(name) != value]
    for start in range(0, len(entries), _BATCH):
        part = entries[start : start + _BATCH]
        client.log_batch(run, metrics=[Metric(name, value, model.end_ms, 0) for name, value in part])
    params = list(model.params.items())
    for start in range(0, len(params), _BATCH):
        client.log_batch(run, params=[Param(name, value) for name, value in params[start : start + _BATCH]])
    client.log_batch(run, tags=[RunTag(name, value) for name, value in model.tags.items()])
    for file in files:
        if file.is_dir():
            client.log_artifacts(run, str(file), file.name)
        else:
            client.log_artifact(run, str(file))
    client.set_terminated(run, "FINISHED" if model.complete else "KILLED", model.end_ms)
    place = f"run {one_line(run)} in {without_secrets(str(client.tracking_uri))}"
    return f"{'updated' if before else 'published'} {model.title}: {len(model.metrics)} metrics, {place}"


def _check_store(uri: str) -> None:
    """Raise a `UserError` if the store is a database and only the small part of MLflow is installed."""
    if uri.startswith(_DATABASES) and find_spec("sqlalchemy") is None:
        raise UserError(
            f"--to mlflow: {without_secrets(uri)} is a database, which needs the whole of MLflow: run "
            "pip install mlflow, or set MLFLOW_TRACKING_URI to a server"
        )
