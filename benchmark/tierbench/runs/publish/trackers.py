"""What MLflow and Weights & Biases have in common: the files that they get, and errors without secrets."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from tierbench.common.errors import UserError
from tierbench.common.text import message_line
from tierbench.runs.record import REPORT, RUN, SCORES

# What people open: the pages with their pictures, and the record that they were made from.
_FILES = (REPORT, "report_files", "gallery.html", "gallery", SCORES, RUN)
_PASSWORD = re.compile(r"(?<=//)[^/@\s]+@")
_SECRETS = ("MLFLOW_TRACKING_TOKEN", "MLFLOW_TRACKING_PASSWORD", "WANDB_API_KEY", "WANDB_IDENTITY_TOKEN")


def artifacts(folder: Path) -> list[Path]:
    """Return the files and folders of a run that are published."""
    return [path for name in _FILES if (path := folder / name).exists() and not path.is_symlink()]


def require(package: str, extra: str) -> None:
    """Raise a `UserError` that names the extra to install if the package is missing."""
    if find_spec(package) is None:
        raise UserError(f"--to {extra}: {package} must be installed; run pip install 'tierbench[{extra}]'")


@contextmanager
def one_line_errors(target: str, fix: str) -> Iterator[None]:
    """Turn what a tracker's library raises into one line without secrets, which ends in what to check.

    Raises:
        UserError: in place of any other exception.
    """
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        # The libraries raise errors of their own, of requests, of the system, and of what they are built on.
        said = str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__
        raise UserError(f"--to {target}: {without_secrets(said)}; {fix}") from error


def without_secrets(text: str) -> str:
    """Return a text without the passwords of its URLs and without the trackers' secrets of the environment."""
    for name in _SECRETS:
        if value := os.environ.get(name):
            text = text.replace(value, "…")
    return message_line(_PASSWORD.sub("", text), 400)
