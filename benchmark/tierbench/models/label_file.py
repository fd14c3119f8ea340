"""Read `--robust-labels [NAME=]FILE`: the names of a model's classes, one per line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from tierbench.common.errors import UserError
from tierbench.common.files import expanded, shown_path
from tierbench.common.text import one_line, plural, suggestion
from tierbench.models.spec import ModelSpec


def read_labels(file: Path) -> tuple[str, ...]:
    """Read labels, one per line, in the order of the model's outputs; empty lines at the end are ignored.

    Raises:
        UserError: if the file cannot be read, has no label, or has an empty line among the labels.
    """
    place = f"labels {shown_path(file)}"
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{place}: is not UTF-8 ({error.reason} at byte {error.start}); save it as UTF-8") from error
    except OSError as error:
        raise UserError(f"{place}: cannot be read ({error.strerror}); write one label per line") from error
    labels = [line.strip() for line in text.rstrip().split("\n")]
    if labels == [""]:
        raise UserError(f"{place}: has no label; write one label per line")
    if "" in labels:
        raise UserError(f"{place}: line {labels.index('') + 1} is empty; write one label per line, without gaps")
    return tuple(labels)


def label_files(
    texts: Sequence[str],
    models: Sequence[ModelSpec],
    root: Path,
    problems: list[str],
    option: str = "--robust-labels",
) -> Mapping[str, Path]:
    """Return the label file of each model that has one.

    Args:
        texts: values of the option, `[NAME=]FILE`; without NAME, the file is for the only model.
        models: the models of the run.
        root: the folder that relative files are relative to.
        problems: receives one line per problem.
        option: the option that the values come from, for messages.
    """
    names = [model.name for model in models]
    files: dict[str, Path] = {}
    for text in texts:
        name, equals, file = text.partition("=")
        if not equals or "/" in name:
            name, file = "", text
        place = f"{option} {one_line(text)!r}"
        if not file.strip():
            problems.append(f"{place} names no file; write [NAME=]FILE")
        elif not name and len(names) > 1:
            problems.append(f"{place} must say which of {plural(len(names), 'model')} it is for; write NAME=FILE")
        elif name and name not in names:
            problems.append(f"{place}: no model is named {one_line(name)!r}; {suggestion(name, names)}")
        elif (model_name := name or names[0]) in files:
            problems.append(f"{place}: model {model_name!r} already has a label file; leave one out")
        else:
            files[model_name] = root / expanded(file.strip())
    return files
