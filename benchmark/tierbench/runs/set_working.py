"""The folder that the result files of a data set are in until they are whole: a run that was killed goes on from it."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from tierbench.common.cache import cache_folder
from tierbench.common.errors import UserError
from tierbench.common.files import shown_path
from tierbench.common.images import OPENING_VERSION
from tierbench.runs.set_evaluation import SetModel
from tierbench.runs.set_run import WHOLE, bound_model, made_with
from tierbench.runs.set_selection import SetSelection
from tierbench.suites.datasets import DataSet, Sample

# For so long the rows of a killed run are kept: 30 days.
_KEPT_S = 30 * 24 * 3600


def working_key(
    name: str, model: SetModel, data_set: DataSet, samples: Sequence[Sample], selection: SetSelection = WHOLE
) -> str:
    """Return a hash over everything that the rows of a run over a set depend on, but for the pictures' content.

    Args:
        name: of the model.
        model: the model.
        data_set: the set.
        samples: the pictures that are predicted.
        selection: which part of the set they are.

    Raises:
        UserError: if the classes of the set do not map onto the labels of the model.
    """
    bound, classes = bound_model(model, data_set)
    made = made_with(name, bound, data_set, classes)
    made |= selection.noted(data_set, samples)
    digest = hashlib.sha256(json.dumps([made, model.max_pixels, OPENING_VERSION], sort_keys=True).encode())
    for sample in samples:
        digest.update(f"{sample.id}\n".encode("utf-8", "backslashreplace"))
    return digest.hexdigest()[:32]


@contextmanager
def resumable(target: Path, key: str) -> Iterator[Path]:
    """Yield the folder for the result files; when the body has ended, they are in `target`, which was not there.

    With a key it is a folder of the cache, which stays if the run is killed: the next run with the same key goes on
    from it. It is a hidden one beside `target` without a key, or while another run has the folder of this key.

    Args:
        target: where the files are when they are whole.
        key: see `working_key`; empty: nothing is kept.

    Raises:
        UserError: if a folder cannot be written.
    """
    from filelock import FileLock, Timeout

    home = cache_folder() / "sets"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with ExitStack() as held:
            folder = target.with_name(f".{target.name}")
            if key:
                home.mkdir(parents=True, exist_ok=True)
                _forget_old(home)
                lock = FileLock(home / f"{key}.lock")
                with suppress(Timeout):
                    held.enter_context(lock.acquire(blocking=False))
                    held.callback(Path(lock.lock_file).unlink, missing_ok=True)
                    folder = home / key
            yield folder
            shutil.move(folder, target)
    except OSError as error:
        place = shown_path(Path(error.filename or home))
        raise UserError(f"{place}: results of data sets cannot be written: {error.strerror or error}") from error


def _forget_old(home: Path) -> None:
    """Remove what nobody went on from."""
    oldest = time.time() - _KEPT_S
    for folder in home.iterdir():
        if folder.is_dir() and not folder.is_symlink() and folder.stat().st_mtime < oldest:
            shutil.rmtree(folder, ignore_errors=True)
