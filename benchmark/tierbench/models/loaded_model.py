"""A classifier from a transformers model and its image processor that the user's own code has loaded."""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from transformers import BaseImageProcessor

from tierbench.common.errors import UserError
from tierbench.common.text import one_line, printable
from tierbench.models.batch_size import parts
from tierbench.models.compilation import Compilation
from tierbench.models.image_processor import ImageProcessor
from tierbench.models.preprocessing_steps import preprocessing_steps

if TYPE_CHECKING:
    from PIL import Image


class Loaded(ABC):
    """A model that the user's own code has loaded, with its image processor."""

    # No hash can hold all that the results of code in memory depend on.
    fingerprint = None

    def verify(self) -> None:
        """Raise a `UserError` if the model cannot predict a picture."""
        from PIL import Image

        self.predict([Image.new("RGB", (224, 224), (128, 128, 128))])

    def predict(self, images: Sequence[Image.Image]) -> np.ndarray:
        """Return the probabilities of the labels, float32, shape [n_images, n_labels]."""
        return self._predict(images, cropped=False)

    def predict_cropped(self, images: Sequence[Image.Image]) -> np.ndarray:
        """Return the probabilities of the labels, without a crop; see `TakesCropped`."""
        return self._predict(images, cropped=True)

    @abstractmethod
    def _predict(self, images: Sequence[Image.Image], *, cropped: bool) -> np.ndarray:
        """Return the probabilities of the labels; `cropped` as for `predict_cropped`."""


class LoadedModel(Loaded):
    """A `Classifier` for a model in memory; it stays on its device and in its dtype.

    Args:
        model: a transformers model for image classification.
        processor: its image processor, or a processor that contains one.
        spec: as the user wrote it.
        place: the model, for messages.

    Raises:
        UserError: if it is no image classifier, its classes have no names, or the processor is none.
    """

    def __init__(self, model: Any, processor: Any, spec: str, place: str) -> None:
        self.labels = _labels(model.config, place)
        self.multi_label = model.config.problem_type == "multi_label_classification" or len(self.labels) == 1
        self._model = model.eval()
        self.compilation = Compilation(fixed=False)
        self._spec, self._place = spec, place
        self._processor = given_processor(processor, place)

    @property
    def device(self) -> str:
        """The kind of device that the model is on."""
        return str(self._model.device.type)

    @property
    def backend(self) -> str:
        """What runs the model: `torch`, or `torch.compile`."""
        return self.compilation.backend

    @property
    def dtype(self) -> str:
        """The type of the weights."""
        return str(self._model.dtype).removeprefix("torch.")

    def _predict(self, images: Sequence[Image.Image], *, cropped: bool) -> np.ndarray:
        prepare = self._processor.preparation(cropped=cropped)
        inputs: list[Any] = [prepare(image) for image in images]
        if not isinstance(inputs[0], Mapping):
            inputs = [{"pixel_values": each} for each in inputs]
        return np.concatenate([self._at_once(part) for part in parts(inputs, self.device)])

    def _at_once(self, inputs: Sequence[Mapping[str, torch.Tensor]]) -> np.ndarray:
        batch = {name: self._ready(torch.stack([each[name] for each in inputs])) for name in inputs[0]}

        def outputs(logits: torch.Tensor | None) -> torch.Tensor:
            wanted = (len(inputs), len(self.labels))
            if logits is None or logits.shape != wanted:
                found = "no logits" if logits is None else f"logits of shape {list(logits.shape)}"
                raise UserError(
                    f"{self._place}: {type(self._model).__name__} returns {found}, not logits of shape {list(wanted)} "
                    "(pictures × labels); return a model for image classification"
                )
            logits = logits.float()
            return torch.sigmoid(logits) if self.multi_label else torch.softmax(logits, dim=-1)

        with torch.inference_mode():
            result: np.ndarray = self.compilation.run(self._model, _logits, batch, outputs).cpu().numpy()
        return result

    def _ready(self, tensor: torch.Tensor) -> torch.Tensor:
        return tensor.to(self._model.device, self._model.dtype if tensor.is_floating_point() else None)

    def describe(self) -> dict[str, Any]:
        """Return the model card."""
        settings = plain_settings(self._processor.loaded.to_dict())
        return {
            "architecture": type(self._model).__name__,
            "parameters": sum(tensor.numel() for tensor in self._model.parameters()),
            "file_size": None,
            "labels": list(self.labels),
            "outputs": "sigmoid" if self.multi_label else "softmax",
            "preprocessing": settings,
            "steps": preprocessing_steps(settings),
            "input_size": list(self._processor.input_size),
            "config": {
                name: value
                for name, value in plain_settings(self._model.config.to_diff_dict()).items()
                if name not in {"id2label", "label2id", "architectures", "transformers_version", "dtype"}
            },
            "spec": self._spec,
            "fingerprint": None,
            "device": self.device,
            "dtype": self.dtype,
            "backend": self.backend,
            "unknown": ["file_size"],
        }


def _logits(model: Any, **batch: torch.Tensor) -> Any:
    return getattr(model(**batch), "logits", None)


def _labels(config: Any, place: str) -> tuple[str, ...]:
    if config.problem_type == "regression":
        raise UserError(f"{place}: is a regression model (problem_type of its config); return an image classifier")
    names: Mapping[int, str] = config.id2label or {}
    labels = tuple(printable(str(names[index])) for index in sorted(names))
    if all(re.fullmatch(r"LABEL_\d+", label) for label in labels):
        given = f"only LABEL_0 to LABEL_{len(labels) - 1}" if labels else "without names"
        raise UserError(
            f"{place}: its classes are {given}, which no suite can expect; set model.config.id2label, "
            "{0: name, …}, in the factory"
        )
    return labels


def given_processor(processor: Any, place: str) -> ImageProcessor:
    """Return an image processor of transformers, or that of a processor for pictures and text, as one of ours.

    Raises:
        UserError: if it is none.
    """
    processor = getattr(processor, "image_processor", processor)
    if not isinstance(processor, BaseImageProcessor):
        raise UserError(
            f"{place}: {one_line(type(processor).__name__)} is no image processor of transformers; return one "
            "behind the model: AutoImageProcessor.from_pretrained(…)"
        )
    given = ImageProcessor(Path(), place)
    # In place of the one that it would load from a folder.
    vars(given)["loaded"] = processor
    return given


def plain_settings(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings as JSON values."""
    plain: dict[str, Any] = json.loads(json.dumps(values, default=_jsonable))
    return plain


def _jsonable(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else dict(value) if isinstance(value, Mapping) else str(value)
