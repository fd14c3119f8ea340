"""Publish a run to Weights & Biases: one run there for each model, with the same id each time."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from tierbench.common.files import shown_path
from tierbench.runs.publish.figures import ModelFigures
from tierbench.runs.publish.trackers import one_line_errors, require, without_secrets

_FIX = "check WANDB_API_KEY, WANDB_ENTITY and WANDB_BASE_URL, or write the run to disk with WANDB_MODE=offline"
# Seconds to wait for the server.
_PATIENCE = 60


def publish_to_wandb(models: Sequence[ModelFigures], files: Sequence[Path], project: str) -> list[str]:
    """Publish models as the environment of wandb says, to its server or to disk; return a line for each.

    Args:
        models: what to publish.
        files: files and folders that each gets as an artifact.
        project: name of the project.

    Raises:
        UserError: one line, if wandb is missing, cannot be reached, or refuses.
    """
    require("wandb", "wandb")
    # Errors are reported here, and not to the makers of the library.
    os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
    with one_line_errors("wandb", _FIX):
        return [_publish(each, files, project) for each in models]


def _publish(model: ModelFigures, files: Sequence[Path], project: str) -> str:
    import wandb

    settings = wandb.Settings(
        silent=True,
        console="off",
        disable_code=True,
        disable_git=True,
        init_timeout=_PATIENCE,
        # Host, user and command line of this process say nothing about the run.
        host="",
        x_disable_meta=True,
        x_disable_stats=True,
    )
    config = {**model.params, **model.tags}
    # On disk there is nothing to go on with.
    resume: Literal["allow"] | None = None if os.environ.get("WANDB_MODE") == "offline" else "allow"
    with wandb.init(
        project=project,
        id=model.id,
        name=model.title,
        group=model.group,
        config=config,
        resume=resume,
        job_type="tierbench",
        settings=settings,
    ) as run:
        run.log(dict(model.metrics))
        artifact = wandb.Artifact(f"tierbench-{model.id}", type="report")
        for file in files:
            if file.is_dir():
                artifact.add_dir(str(file), name=file.name)
            else:
                artifact.add_file(str(file), name=file.name)
        run.log_artifact(artifact)
        place = shown_path(Path(run.settings.sync_dir)) if run.offline else str(run.url)
    return f"published {model.title}: {len(model.metrics)} metrics, {without_secrets(place)}"
