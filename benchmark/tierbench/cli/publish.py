"""`tierbench publish`: hand a recorded run to MLflow, Weights & Biases, a model card, or a Parquet file."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tierbench.cli.folders import ReportsOption, reports_folder
from tierbench.common.errors import UserError
from tierbench.common.files import shown_path, write_atomically
from tierbench.common.text import listed, plural
from tierbench.runs.record import RunRecord


class Target(StrEnum):
    """Where a run is published."""

    MLFLOW = "mlflow"
    WANDB = "wandb"
    MODEL_INDEX = "model-index"
    PARQUET = "parquet"


_TRACKERS = (Target.MLFLOW, Target.WANDB)


def publish(
    run: Annotated[str, typer.Argument(help="a run's folder, the start of its name, or last")],
    to: Annotated[Target, typer.Option("--to", help="who gets it")],
    model: Annotated[str, typer.Option("--model", help="only this model, where the run has several")] = "",
    project: Annotated[
        str, typer.Option("--project", help="experiment of MLflow, or project of Weights & Biases")
    ] = "tierbench",
    files: Annotated[bool, typer.Option(help="also hand over the report and the record, as artifacts")] = True,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="file for model-index (default: print it) or parquet", dir_okay=False),
    ] = None,
    reports: ReportsOption = None,
) -> None:
    """Hand the figures of a recorded run to other tools; a run that is published again is updated there."""
    from tierbench.runs.find import run_folder
    from tierbench.runs.record import read_run

    if out and to in _TRACKERS:
        raise UserError(f"--out is a file for --to model-index or parquet; --to {to} writes none")
    record = read_run(run_folder(run, reports_folder(reports)))
    if to in _TRACKERS:
        lines = _track(record, to, model, project, files=files)
    elif to is Target.PARQUET:
        lines = [_parquet(record, model, out)]
    else:
        lines = [_model_index(record, model, out)]
    for line in lines:
        typer.echo(line)


def _track(record: RunRecord, to: Target, model: str, project: str, *, files: bool) -> list[str]:
    from tierbench.runs.publish.figures import chosen_models, model_figures
    from tierbench.runs.publish.mlflow_runs import publish_to_mlflow
    from tierbench.runs.publish.trackers import artifacts
    from tierbench.runs.publish.wandb_runs import publish_to_wandb

    models = [model_figures(record, each) for each in chosen_models(record, model)]
    whole = artifacts(record.folder) if files else []
    publish_to = publish_to_mlflow if to is Target.MLFLOW else publish_to_wandb
    return publish_to(models, whole, project)


def _parquet(record: RunRecord, model: str, out: Path | None) -> str:
    from tierbench.runs.publish.figures import chosen_models
    from tierbench.runs.publish.scores_parquet import SCORES_PARQUET, write_scores

    names = [each.name for each in chosen_models(record, model)]
    rows = [row for row in record.rows if not model or row.model in names]
    file = out or record.folder / SCORES_PARQUET
    write_scores(rows, file)
    return f"written {shown_path(file)}: {plural(len(rows), 'row')}"


def _model_index(record: RunRecord, model: str, out: Path | None) -> str:
    from tierbench.runs.publish.figures import chosen_models
    from tierbench.runs.publish.model_index import model_index

    models = chosen_models(record, model)
    if len(models) != 1:
        names = listed(each.name for each in models)
        raise UserError(f"{shown_path(record.folder)}: has the models {names}: choose one of them with --model")
    block = model_index(record, models[0])
    if out is None:
        return block.rstrip("\n")
    try:
        write_atomically(out, block)
    except OSError as error:
        raise UserError(f"{shown_path(out)}: cannot be written: {error.strerror}") from error
    return f"written {shown_path(out)}"
