"""Open the models named on the command line or in the repository's pytest settings."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tierbench.cli.folders import cases_folders
from tierbench.cli.pytest_settings import PytestSettings, nearest_settings
from tierbench.common.errors import UserError
from tierbench.common.files import read_text

if TYPE_CHECKING:
    from tierbench.models import Classifier

Models = Annotated[
    list[str] | None,
    typer.Option("--model", help="[NAME=]SPEC; may be given more than once (default: robust_model in pytest's ini)"),
]
Labels = Annotated[
    list[str] | None,
    typer.Option("--labels", help="[NAME=]FILE: names of a model's classes, one per line, if its config has none"),
]
Processors = Annotated[
    list[str] | None,
    typer.Option("--processor", help="[NAME=]FOLDER: the image processor of a model that has none beside it"),
]

Tokens = Annotated[
    list[str] | None,
    typer.Option("--endpoint-token", help="[NAME=]VARIABLE: the environment variable with the token of an endpoint"),
]

# The fixture `classifier`, under its own name or another one.
_OWN_MODEL = re.compile(r"""^def classifier\b|\bname=["']classifier["']""", re.MULTILINE)


def open_models(
    models: Sequence[str] | None,
    labels: Sequence[str] | None,
    processors: Sequence[str] | None = None,
    tokens: Sequence[str] | None = None,
    *,
    device: str = "auto",
) -> tuple[dict[str, Classifier], list[str]]:
    """Open the given models, or else those in pytest's settings; there may be none.

    Args:
        models: models as `[NAME=]SPEC`.
        labels: label files as `[NAME=]FILE`.
        processors: folders with image processors as `[NAME=]FOLDER`.
        tokens: environment variables with the tokens of endpoints as `[NAME=]VARIABLE`; default: pytest's settings.
        device: `auto`, `cpu`, `cuda` or `mps`.

    Returns:
        The classifiers by name, and one line per problem with the others.
    """
    # Imported here, because the types above are for commands that need no model, too.
    from tierbench.models import load_classifier
    from tierbench.models.endpoint_settings import DEFAULT_CONCURRENCY, DEFAULT_TIMEOUT, endpoint_settings
    from tierbench.models.endpoint_spec import SCHEME
    from tierbench.models.label_file import read_labels
    from tierbench.models.model_paths import label_files, processor_folders
    from tierbench.models.spec import parse_models

    problems: list[str] = []
    root = Path.cwd()
    model_option, label_option, processor_option = "--model", "--labels", "--processor"
    if not models:
        settings = nearest_settings(root) or PytestSettings(root, {})
        models, model_option = settings.option("robust_model"), f"robust_model of {settings.file.name}"
        if models and not labels:
            labels, label_option = settings.option("robust_labels"), f"robust_labels of {settings.file.name}"
        if models and not processors:
            processors = settings.option("robust_processor")
            processor_option = f"robust_processor of {settings.file.name}"
        if models:
            root = settings.file.parent
    specs = parse_models(models, problems, model_option)
    if not specs and not problems:
        for option, values in ((label_option, labels), (processor_option, processors)):
            if values:
                problems.append(f"{option} is given without a model; name the model with --model")
    files = label_files(labels or [], specs, root, problems, label_option) if specs else {}
    settings = nearest_settings(root) or PytestSettings(root, {})
    tokens = tokens or settings.lines("robust_endpoint_token")
    known = any(spec.spec.startswith(SCHEME) for spec in specs)
    endpoints = endpoint_settings(specs, DEFAULT_TIMEOUT, DEFAULT_CONCURRENCY, tokens if known else (), problems)
    folders = processor_folders(processors or [], specs, root, problems, processor_option) if specs else {}
    opened: dict[str, Classifier] = {}
    for spec in specs:
        try:
            names = read_labels(files[spec.name]) if spec.name in files else None
            opened[spec.name] = load_classifier(
                spec.spec,
                device=device,
                root=root,
                labels=names,
                processor=folders.get(spec.name),
                endpoint=endpoints.get(spec.name),
            )
        except UserError as error:
            problems += error.lines
    return opened, problems


def uses_reference() -> bool:
    """Return whether pytest would use the built-in model here: it is installed, and nothing names another one."""
    from tierbench.models.reference import reference_installed

    settings = nearest_settings(Path.cwd()) or PytestSettings(Path.cwd() / "pytest.ini", {})
    if settings.option("robust_model"):
        return False
    folders = dict.fromkeys([settings.file.parent, *(each.parent for each in cases_folders()), *cases_folders()])
    return reference_installed() and not any(_has_own_model(folder / "conftest.py") for folder in folders)


def _has_own_model(conftest: Path) -> bool:
    """Return whether a conftest.py defines the fixture that replaces the models of the options."""
    try:
        return bool(_OWN_MODEL.search(read_text(conftest)))
    except (OSError, UnicodeDecodeError):
        return False
