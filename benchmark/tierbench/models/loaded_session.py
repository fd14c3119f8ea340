"""A classifier from a session of ONNX Runtime that the user's own code has made, an image processor and labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tierbench.common.errors import UserError
from tierbench.models.loaded_model import Loaded, given_processor, plain_settings
from tierbench.models.preprocessing_steps import preprocessing_steps

if TYPE_CHECKING:
    from PIL import Image

_TYPES = {"tensor(float)": "float32", "tensor(float16)": "float16", "tensor(double)": "float64"}
# That logits of a batch come so near to a sum of 1 is next to impossible.
_SURELY_ONE = 1e-4


class LoadedSession(Loaded):
    """A `Classifier` for a session of ONNX Runtime; it runs where the session was made to run.

    A session does not say what its graph computes: outputs that are not negative and sum to 1 are probabilities, others
    are logits of labels that exclude each other.

    Args:
        session: an `onnxruntime.InferenceSession` with one input, for pictures.
        processor: an image processor of transformers.
        labels: the names of the classes, in the order of the outputs.
        spec: as the user wrote it.
        place: the model, for messages.

    Raises:
        UserError: if the session takes something else than RGB pictures in numbers with a fraction.
    """

    def __init__(self, session: Any, processor: Any, labels: Sequence[str], spec: str, place: str) -> None:
        inputs = session.get_inputs()
        if (
            len(inputs) != 1
            or len(inputs[0].shape) != 4
            or inputs[0].type not in _TYPES
            or 3 not in _channels(inputs[0])
        ):
            taken = ", ".join(f"{each.name} {each.type} {list(each.shape)}" for each in inputs)
            raise UserError(
                f"{place}: its session takes {taken}, not RGB pictures of {', '.join(_TYPES)}; export it with one "
                "input of shape [batch, 3, height, width]"
            )
        self.labels = labels
        self.dtype = _TYPES[inputs[0].type]
        self.device = session.get_providers()[0].removesuffix("ExecutionProvider").lower()
        self._session, self._input = session, inputs[0]
        self._spec, self._place = spec, place
        self._processor = given_processor(processor, place)

    def _predict(self, images: Sequence[Image.Image], *, cropped: bool) -> np.ndarray:
        prepare = self._processor.preparation(cropped=cropped)
        parts: list[Any] = [prepare(image) for image in images]
        pixels = np.stack([np.asarray(part) for part in parts])
        if _channels(self._input)[0] != 3:
            pixels = pixels.transpose(0, 2, 3, 1)
        # A graph that was exported for a number of pictures takes no other; the last ones fill it up.
        count = self._input.shape[0] if isinstance(self._input.shape[0], int) else len(pixels)
        filled = np.concatenate([pixels, np.repeat(pixels[-1:], -len(pixels) % count, axis=0)])
        outputs = np.concatenate([self._run(filled[start : start + count]) for start in range(0, len(filled), count)])
        return _probabilities(outputs[: len(pixels)])

    def _run(self, pixels: np.ndarray) -> np.ndarray:
        (first, *_) = self._session.run(None, {self._input.name: np.ascontiguousarray(pixels, dtype=self.dtype)})
        if first.shape != (len(pixels), len(self.labels)):
            raise UserError(
                f"{self._place}: its session returns an array of shape {list(first.shape)}, not "
                f"{[len(pixels), len(self.labels)]} (pictures × labels); name the labels in their order"
            )
        return np.asarray(first, dtype=np.float64)

    def describe(self) -> dict[str, Any]:
        """Return the model card."""
        settings = plain_settings(self._processor.loaded.to_dict())
        return {
            "architecture": f"{self._session.get_modelmeta().graph_name} (ONNX)",
            "parameters": None,
            "file_size": None,
            "labels": list(self.labels),
            "outputs": "softmax",
            "preprocessing": settings,
            "steps": preprocessing_steps(settings),
            "input_size": list(self._processor.input_size),
            "config": {},
            "spec": self._spec,
            "fingerprint": None,
            "device": self.device,
            "dtype": self.dtype,
            "backend": "onnxruntime",
            "unknown": ["parameters", "file_size"],
        }


def _channels(taken: Any) -> tuple[Any, Any]:
    """Return the lengths of the axes of an input that may be that of the channels, first and last."""
    return taken.shape[1], taken.shape[3]


def _probabilities(outputs: np.ndarray) -> np.ndarray:
    if (outputs >= 0).all() and abs(outputs.sum(axis=1) - 1).max() < _SURELY_ONE:
        return outputs.astype(np.float32)
    powers = np.exp(outputs - outputs.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), dtype=np.float32)
