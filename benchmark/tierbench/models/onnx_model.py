"""The model kind `onnx`: a classifier from an ONNX file, run by ONNX Runtime."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tierbench.common.errors import UserError
from tierbench.common.text import one_line
from tierbench.models.classifier import PreparingClassifier
from tierbench.models.image_processor import ImageProcessor
from tierbench.models.onnx_files import OnnxFiles, onnx_path, read_onnx_model
from tierbench.models.onnx_session import BACKEND, OnnxSession, resolve_onnx_device
from tierbench.models.preprocessing_steps import preprocessing_steps

if TYPE_CHECKING:
    import numpy as np
    import torch
    from PIL import Image


def open_onnx(
    spec: str, *, device: str, dtype: str, root: Path, labels: Sequence[str] | None, processor: Path | None = None
) -> OnnxClassifier:
    """Open the model in an ONNX file or folder; it runs in the types that it was exported with. See `Opener`."""
    return OnnxClassifier(
        read_onnx_model(onnx_path(spec, root), spec, labels=labels, processor=processor), device=device
    )


class OnnxClassifier(PreparingClassifier):
    """A `Classifier` for an ONNX file with labels and an image processor (Pillow backend).

    Args:
        files: the checked model.
        device: `auto`, `cpu` or `cuda`.
    """

    backend = BACKEND

    def __init__(self, files: OnnxFiles, *, device: str = "auto") -> None:
        self._files = files
        self._device = device
        self._processor = ImageProcessor(files.processor, self._place)

    @property
    def labels(self) -> Sequence[str]:
        """The names of the classes, in the order of the model's outputs."""
        return self._files.labels

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits, a hash over the graph, weights, labels and preprocessing."""
        return self._files.fingerprint

    @property
    def multi_label(self) -> bool:
        """Whether the outputs are sigmoids."""
        return self._files.multi_label

    @property
    def dtype(self) -> str:
        """The type of most of the weights, such as `float32` or, in a quantised file, `uint8`."""
        weights = self._files.weights
        return max(weights, key=lambda kind: weights[kind], default=self._files.signature.dtype)

    @cached_property
    def device(self) -> str:
        """The device in use.

        Raises:
            UserError: if ONNX Runtime has nothing for the requested device.
        """
        return resolve_onnx_device(self._device, self._place)

    def preparation(self, *, cropped: bool) -> Callable[[Image.Image], torch.Tensor]:
        """Return the function that makes pixels of shape [channels, height, width] of a picture; see `Prepares`.

        For a graph that takes integers they are those of the picture, 0 to 255: only resized and cropped.
        """
        return self._processor.pixels(cropped=cropped, raw=self._files.signature.dtype == "uint8")

    def predict_prepared(self, inputs: Sequence[torch.Tensor]) -> np.ndarray:
        """Return the probabilities of the labels for prepared pictures; see `Prepares`."""
        return self._session.predict(inputs)

    def verify(self) -> None:
        """Raise a `UserError` if ONNX Runtime cannot load the graph, or the image processor does not fit it."""
        made, taken = self._processor.input_size, self._files.signature.size
        if any(wanted not in (None, given) for wanted, given in zip(taken, made, strict=True)):
            height, width = (str(side or "any") for side in taken)
            raise UserError(
                f"{self._place}: it takes pictures of {height} × {width} pixels, but its image processor makes "
                f"{made[0]} × {made[1]} of a square; correct the size in preprocessor_config.json"
            )
        _ = self._session.loaded

    def describe(self) -> dict[str, Any]:
        """Return the model card: architecture, parameters, labels, preprocessing, and what the graph takes."""
        files, signature = self._files, self._files.signature
        architectures = files.config.get("architectures")
        named = architectures[0] if isinstance(architectures, list) and architectures else files.graph["name"]
        return {
            "architecture": f"{named} (ONNX)",
            "parameters": sum(files.weights.values()),
            "file_size": files.file_size,
            "labels": list(self.labels),
            "outputs": "sigmoid" if self.multi_label else "softmax",
            "preprocessing": _plain(self._processor.loaded.to_dict()),
            "steps": preprocessing_steps(_plain(self._processor.loaded.to_dict())),
            "input_size": list(self._processor.input_size),
            "config": {name: value for name, value in files.config.items() if name not in _NOT_SHOWN},
            "graph": {
                **files.graph,
                "input": f"{signature.dtype} {signature.layout}, {signature.batch or 'any number of'} pictures at once",
                "output": signature.outputs,
                "weights": dict(files.weights),
            },
            "spec": files.spec,
            "fingerprint": self.fingerprint,
            "device": self.device,
            "dtype": self.dtype,
            "backend": BACKEND,
            "unknown": [] if architectures else ["architecture"],
        }

    @cached_property
    def _session(self) -> OnnxSession:
        files = self._files
        session = OnnxSession(
            files.file,
            files.signature,
            len(files.labels),
            multi_label=files.multi_label,
            device=self.device,
            place=self._place,
        )
        _ = session.loaded
        processor = None if files.processor == files.file.parent else files.processor
        again = read_onnx_model(files.file, files.spec, labels=files.given_labels, processor=processor)
        if again.fingerprint != self.fingerprint:
            raise UserError(f"{self._place}: its files changed while the run was going on; run again")
        return session

    @property
    def _place(self) -> str:
        return f"model {one_line(self._files.spec)!r}"


_NOT_SHOWN = frozenset({"id2label", "label2id", "architectures", "transformers_version", "dtype"})


def _plain(value: Any) -> Any:
    """Return a value with everything that JSON does not know as text."""
    return json.loads(json.dumps(value, default=str))
