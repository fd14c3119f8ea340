"""Read options that give a model a file or folder of its own: `--robust-labels` and `--robust-processor`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from tierbench.common.files import expanded
from tierbench.common.text import one_line, plural, suggestion
from tierbench.models.spec import ModelSpec


def label_files(
    texts: Sequence[str],
    models: Sequence[ModelSpec],
    root: Path,
    problems: list[str],
    option: str = "--robust-labels",
) -> Mapping[str, Path]:
    """Return the label file of each model that has one; arguments as for `processor_folders`."""
    return _by_model(texts, models, root, problems, option, "FILE")


def processor_folders(
    texts: Sequence[str],
    models: Sequence[ModelSpec],
    root: Path,
    problems: list[str],
    option: str = "--robust-processor",
) -> Mapping[str, Path]:
    """Return the folder with the image processor of each model that was given one.

    Args:
        texts: values of the option, `[NAME=]FOLDER`; without NAME, the folder is for the only model.
        models: the models of the run.
        root: the folder that relative paths are relative to.
        problems: receives one line per problem.
        option: the option that the values come from, for messages.
    """
    return _by_model(texts, models, root, problems, option, "FOLDER")


def _by_model(
    texts: Sequence[str], models: Sequence[ModelSpec], root: Path, problems: list[str], option: str, what: str
) -> dict[str, Path]:
    names = [model.name for model in models]
    paths: dict[str, Path] = {}
    for text in texts:
        name, equals, path = text.partition("=")
        if not equals or "/" in name:
            name, path = "", text
        place = f"{option} {one_line(text)!r}"
        if not path.strip():
            problems.append(f"{place} names no {what.lower()}; write [NAME=]{what}")
        elif not name and len(names) > 1:
            problems.append(f"{place} must say which of {plural(len(names), 'model')} it is for; write NAME={what}")
        elif name and name not in names:
            problems.append(f"{place}: no model is named {one_line(name)!r}; {suggestion(name, names)}")
        elif (model_name := name or names[0]) in paths:
            problems.append(f"{place}: model {model_name!r} already has a {what.lower()}; leave one out")
        else:
            paths[model_name] = root / expanded(path.strip())
    return paths
