"""`--robust-backend onnx`: a transformers classifier that ONNX Runtime runs, exported once into the cache folder."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Sequence
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from tierbench.common.cache import cache_folder
from tierbench.common.errors import UserError
from tierbench.common.text import one_line
from tierbench.models.classifier import PreparingClassifier
from tierbench.models.onnx_export import PACKAGES, TOLERANCE, agreement, drawn_pictures, export_model
from tierbench.models.onnx_files import read_onnx_model
from tierbench.models.onnx_graph import check_installed
from tierbench.models.onnx_model import OnnxClassifier
from tierbench.models.onnx_session import BACKEND, resolve_onnx_device
from tierbench.models.transformers_model import TransformersClassifier

if TYPE_CHECKING:
    import numpy as np
    import torch
    from PIL import Image

# Change this when the export changes, so that an older one is not used.
_EXPORT_VERSION = "1"


class ExportedClassifier(PreparingClassifier):
    """A `Classifier` that prepares pictures as a transformers classifier does, and runs its ONNX export.

    Args:
        original: the classifier, in float32.
        device: `auto`, `cpu` or `cuda`.
    """

    backend = BACKEND
    dtype = "float32"

    def __init__(self, original: TransformersClassifier, device: str) -> None:
        self._original = original
        self._device = device
        if original.dtype != self.dtype:
            raise UserError(
                f"{self._place}: --robust-backend onnx runs in float32; leave out --robust-dtype {original.dtype}, or "
                "--robust-backend"
            )

    @property
    def labels(self) -> Sequence[str]:
        """The names of the classes, in the order of the model's outputs."""
        return self._original.labels

    @property
    def fingerprint(self) -> str:
        """That of the original: predictions are kept under it and the backend."""
        return self._original.fingerprint

    @property
    def multi_label(self) -> bool:
        """Whether the outputs are sigmoids."""
        return self._original.multi_label

    @cached_property
    def device(self) -> str:
        """The device in use.

        Raises:
            UserError: if ONNX Runtime has nothing for the requested device.
        """
        check_installed(self._place, extra="export", packages=PACKAGES)
        return resolve_onnx_device(self._device, self._place)

    def preparation(self, *, cropped: bool) -> Callable[[Image.Image], Any]:
        """Return the function that makes the input of the original of a picture; see `Prepares`."""
        return self._original.preparation(cropped=cropped)

    def predict_prepared(self, inputs: Sequence[torch.Tensor]) -> np.ndarray:
        """Return the probabilities of the labels for prepared pictures; see `Prepares`."""
        return self._exported.predict_prepared(inputs)

    def verify(self) -> None:
        """Raise a `UserError` if transformers cannot use the folder; see `TransformersClassifier.verify`."""
        self._original.verify()

    def describe(self) -> dict[str, Any]:
        """Return the model card of the original, with the backend."""
        return self._original.describe() | {"backend": BACKEND, "device": self.device, "dtype": self.dtype}

    @cached_property
    def _exported(self) -> OnnxClassifier:
        """The export, from the cache folder; made there if it is new.

        Raises:
            UserError: if it cannot be made, or does not agree with the original.
        """
        versions = f"{version('torch').partition('+')[0]}-{version('transformers')}"
        folder = cache_folder() / "models" / f"onnx-{_EXPORT_VERSION}-{self.fingerprint}-{versions}"
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(folder.with_name(f"{folder.name}.lock")):
                if not (folder / "model.onnx").is_file():
                    self._export(folder)
        except OSError as error:
            raise UserError(
                f"{self._place}: cannot write {folder}: {error.strerror}; set TIERBENCH_CACHE to a folder that can be "
                "written"
            ) from error
        return self._read(folder)

    def _export(self, folder: Path) -> None:
        work = Path(tempfile.mkdtemp(prefix=".onnx-", dir=folder.parent))
        try:
            export_model(self._original, work / "model.onnx", self._place)
            found = agreement(self._original, self._read(work), drawn_pictures(self._original))
            if found.largest > TOLERANCE:
                raise UserError(
                    f"{self._place}: ONNX Runtime's probabilities differ from torch's by {found.largest:.2g}; use "
                    "--robust-backend torch"
                )
            # A folder without a model can only come from a copy that was interrupted.
            shutil.rmtree(folder, ignore_errors=True)
            work.replace(folder)
        finally:
            shutil.rmtree(work, ignore_errors=True)

    def _read(self, folder: Path) -> OnnxClassifier:
        files = read_onnx_model(folder, self._original.files.spec, labels=self.labels)
        return OnnxClassifier(files, device=self.device)

    @property
    def _place(self) -> str:
        return f"model {one_line(self._original.files.spec)!r}"
