"""Open the models named on the command line or in the repository's pytest settings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from tierbench.cli.pytest_settings import PytestSettings, nearest_settings
from tierbench.common.errors import UserError
from tierbench.models import Classifier, load_classifier
from tierbench.models.label_file import label_files, read_labels
from tierbench.models.spec import parse_models

Models = Annotated[
    list[str] | None,
    typer.Option("--model", help="[NAME=]SPEC; may be given more than once (default: robust_model in pytest's ini)"),
]
Labels = Annotated[
    list[str] | None,
    typer.Option("--labels", help="[NAME=]FILE: names of a model's classes, one per line, if its config has none"),
]


def open_models(
    models: Sequence[str] | None, labels: Sequence[str] | None, *, device: str = "auto"
) -> tuple[dict[str, Classifier], list[str]]:
    """Open the given models, or else those in pytest's settings; there may be none.

    Args:
        models: models as `[NAME=]SPEC`.
        labels: label files as `[NAME=]FILE`.
        device: `auto`, `cpu`, `cuda` or `mps`.

    Returns:
        The classifiers by name, and one line per problem with the others.
    """
    problems: list[str] = []
    root = Path.cwd()
    model_option, label_option = "--model", "--labels"
    if not models:
        settings = nearest_settings(root) or PytestSettings(root, {})
        models, model_option = settings.lines("robust_model"), f"robust_model of {settings.file.name}"
        if models and not labels:
            labels, label_option = settings.lines("robust_labels"), f"robust_labels of {settings.file.name}"
        if models:
            root = settings.file.parent
    specs = parse_models(models, problems, model_option)
    if labels and not specs and not problems:
        problems.append(f"{label_option} is given without a model; name the model with --model")
    files = label_files(labels or [], specs, root, problems, label_option) if specs else {}
    opened: dict[str, Classifier] = {}
    for spec in specs:
        try:
            names = read_labels(files[spec.name]) if spec.name in files else None
            opened[spec.name] = load_classifier(spec.spec, device=device, root=root, labels=names)
        except UserError as error:
            problems += error.lines
    return opened, problems
