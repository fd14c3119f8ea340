"""Read a label file: the names of a model's classes, one per line."""

from __future__ import annotations

from pathlib import Path

from tierbench.common.errors import UserError
from tierbench.common.files import shown_path


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
