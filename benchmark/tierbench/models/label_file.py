"""Reads `--robust-labels [NAME=]FILE`: the names of a model's classes, one a line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from tierbench.common.errors import UserError
from tierbench.common.files import expanded, shown_path
from tierbench.common.text import one_line, plural, suggestion
from tierbench.models.spec import ModelSpec


def read_labels(file: Path) -> tuple[str, ...]:
    """Read labels, one a line, in the order of the model's outputs; empty lines at the end do not count.

    Raises:
        UserError: if the file cannot be read, holds nothing, or an empty line among the labels.
    """
    place = f"labels {shown_path(file)}"
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{place}: is not UTF-8 ({error.reason} at byte {error.start}); save it as UTF-8") from error
    except OSError as error:
        raise UserError(f"{place}: cannot be read ({error.strerror}); write one label a line") from error
    labels = [line.strip() for line in text.rstrip().split("\n")]
    if labels == [""]:
        raise UserError(f"{place}: holds no label; write one label a line")
    if "" in labels:
        raise UserError(f"{place}: line {labels.index('') + 1} is empty; write one label a line, none left out")
    return tuple(labels)


def label_files(
    texts: Sequence[str],
    models: Sequence[ModelSpec],
    root: Path,
    problems: list[str],
    option: str = "--robust-labels",
) -> Mapping[str, Path]:
    """Return the file of labels of each model that has one.

    Args:
        texts: `[NAME=]FILE` each; without NAME for the only model.
        models: the models of the run.
        root: what a relative file is relative to.
        problems: takes what is wrong.
        option: where they were written, for messages.
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
            problems.append(f"{place} must say whose labels, of {plural(len(names), 'model')}; write NAME=FILE")
        elif name and name not in names:
            problems.append(f"{place}: no model is named {one_line(name)!r}; {suggestion(name, names)}")
        elif (whose := name or names[0]) in files:
            problems.append(f"{place}: model {whose!r} has a file of labels already; leave one out")
        else:
            files[whose] = root / expanded(file.strip())
    return files
