"""A classifier from a transformers model for image classification; the weights are loaded at first use."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any

from tierbench.common.errors import UserError
from tierbench.common.text import error_text, first_line, one_line, plural
from tierbench.models.batches import batches, copied_ahead
from tierbench.models.classifier import PreparingClassifier
from tierbench.models.compilation import Compilation
from tierbench.models.device import resolve_device
from tierbench.models.files import ModelFiles, read_json, read_model_folder
from tierbench.models.image_processor import ImageProcessor
from tierbench.models.inference import inference
from tierbench.models.preprocessing_steps import preprocessing_steps
from tierbench.models.pretrained import load_pretrained
from tierbench.models.quiet import quiet_transformers
from tierbench.models.timm_config import is_timm

if TYPE_CHECKING:
    import numpy as np
    import torch
    from PIL import Image

    from tierbench.models.image_processor import Prepared

DTYPES = ("float32", "float16", "bfloat16")


class TransformersClassifier(PreparingClassifier):
    """A `Classifier` for `AutoModelForImageClassification` and its image processor (Pillow backend).

    Args:
        files: a checked model folder.
        device: `auto`, `cpu`, `cuda` or `mps`.
        dtype: `float32`, `float16` or `bfloat16`.
    """

    def __init__(self, files: ModelFiles, *, device: str = "auto", dtype: str = "float32") -> None:
        self._files = files
        self._device = device
        self._processor = ImageProcessor(files.folder, self._place)
        self.dtype = dtype
        self.compilation = Compilation(fixed=True)

    @property
    def backend(self) -> str:
        """What runs the model: `torch`, or `torch.compile`."""
        return self.compilation.backend

    @property
    def labels(self) -> Sequence[str]:
        """The names of the classes, in the order of the model's outputs."""
        return self._files.labels

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits, a hash over weights, config and preprocessing."""
        return self._files.fingerprint

    @property
    def multi_label(self) -> bool:
        """Whether the outputs are sigmoids."""
        return self._files.multi_label

    @property
    def files(self) -> ModelFiles:
        """The checked folder that it was opened from."""
        return self._files

    @property
    def network(self) -> Any:
        """The model of transformers, with its weights."""
        return self._model

    @property
    def input_size(self) -> tuple[int, int]:
        """Height and width of the pictures that the model takes."""
        return self._processor.input_size

    @cached_property
    def device(self) -> str:
        """The device in use; for `cpu`, torch is not imported if that can be avoided.

        Raises:
            UserError: if the requested device is not available.
        """
        return resolve_device(self._device)

    def preparation(self, *, cropped: bool) -> Callable[[Image.Image], Prepared]:
        """Return the function that makes the model's input of a picture; see `Prepares`."""
        return self._processor.preparation(cropped=cropped)

    def copy_ahead(self, prepared: Prepared) -> Prepared:
        """Return a prepared picture on the device of the model; see `CopiesAhead`."""
        return copied_ahead(prepared, self.device)

    def verify(self) -> None:
        """Raise a `UserError` if transformers has no image classifier or no image processor for the folder."""
        _ = self._config, self._processor.input_size

    def predict_prepared(self, inputs: Sequence[Prepared]) -> np.ndarray:
        """Return the probabilities of the labels for prepared pictures; see `Prepares`."""
        import numpy as np
        import torch

        rows = np.empty((len(inputs), len(self.labels)), dtype=np.float32)
        for indices, batch in batches(inputs, self.device, getattr(torch, self.dtype)):
            rows[indices] = self._probabilities(batch)
        return rows

    def pixels(self, image: Image.Image) -> torch.Tensor:
        """Return the model's input for a picture; see `Differentiable`."""
        return self._processor.pixels(cropped=False)(image)

    def logits(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return the logits of the labels, with their gradients; see `Differentiable`."""
        logits: torch.Tensor = self._model(pixel_values=pixels.to(self.device, self._model.dtype)).logits.float()
        return logits

    def _probabilities(self, batch: Mapping[str, torch.Tensor]) -> np.ndarray:
        # Loaded outside of inference mode.
        model = self._model
        with inference():
            outputs = self.compilation.run(model, _logits, batch, self._outputs)
        result: np.ndarray = outputs.cpu().numpy()
        return result

    def _outputs(self, logits: torch.Tensor) -> torch.Tensor:
        import torch

        if logits.shape[1] != len(self.labels):
            raise UserError(
                f"{self._place}: its config.json has {plural(len(self.labels), 'label')}, but the model has "
                f"{plural(logits.shape[1], 'output')}; save model and config again, with save_pretrained()"
            )
        logits = logits.float()
        return torch.sigmoid(logits) if self.multi_label else torch.softmax(logits, dim=-1)

    def describe(self) -> dict[str, Any]:
        """Return the model card: architecture, depths and widths, labels, preprocessing, parameter count."""
        config = self._model.config
        name = type(self._model).__name__
        wrapped = getattr(config, "architecture", None)
        card: dict[str, Any] = {
            "architecture": f"{name} ({wrapped})" if wrapped else name,
            "parameters": sum(tensor.numel() for tensor in self._model.parameters()),
            "file_size": self._files.file_size,
            "labels": list(self.labels),
            "outputs": "sigmoid" if self.multi_label else "softmax",
            "depths": _first(config, "depths", "num_block_repeats", "num_hidden_layers"),
            "widths": _first(config, "hidden_sizes", "out_channels", "embed_dim", "hidden_size"),
            "preprocessing": _plain(self._processor.loaded.to_dict()),
            "steps": preprocessing_steps(_plain(self._processor.loaded.to_dict())),
            "input_size": list(self._processor.input_size),
            "config": {
                name: _plain(value)
                for name, value in config.to_diff_dict().items()
                if name not in {"id2label", "label2id", "architectures", "transformers_version", "dtype"}
            },
            "spec": self._files.spec,
            "fingerprint": self.fingerprint,
            "device": self.device,
            "dtype": self.dtype,
            "file_dtype": self._files.file_dtype,
            "backend": self.backend,
            "unknown": [],
        }
        return card

    @cached_property
    def _model(self) -> Any:
        import torch

        # The first import of transformers, which is a quiet one.
        folder, place, config = self._files.folder, self._place, self._config
        from transformers import AutoModelForImageClassification as Auto

        model = load_pretrained(Auto, folder, place, "an image classifier", config=config, dtype=self.dtype)
        if read_model_folder(folder, self._files.spec, self._files.given_labels).fingerprint != self.fingerprint:
            raise UserError(f"{place}: its files changed while the run was going on; run again")
        # On one thread of a CPU, this is faster by a factor of 1.18 (MobileNetV2), 1.14 (EfficientNet-Lite0), 1.09
        # (ResNet-50) and 1.05 (RegNet), and no slower for ConvNeXT and ViT. A trial could decide otherwise next time.
        return model.to(device=self.device, memory_format=torch.channels_last)

    @cached_property
    def _config(self) -> Any:
        """The config, of a model that transformers has an image classifier for."""
        if is_timm(read_json(self._files.folder / "config.json", self._place, "save the model again")):
            self._check_timm()
        with quiet_transformers():
            from transformers import AutoConfig, AutoModelForImageClassification

            try:
                config = AutoConfig.from_pretrained(self._files.folder, local_files_only=True, trust_remote_code=False)
            except Exception as error:
                raise UserError(
                    f"{self._place}: transformers cannot read its config.json ({first_line(error)})"
                ) from error
            if getattr(config, "model_args", None):
                # Newer releases of timm write it there, and transformers, which passes it too, does not expect it.
                config.model_args.pop("num_classes", None)
            # The mapping has no public name, but the class is registered in it.
            classes: Any = AutoModelForImageClassification._model_mapping.get(type(config), ())
            if not classes:
                raise UserError(
                    f"{self._place}: transformers has no image classifier of the type {one_line(config.model_type)!r}; "
                    "name a model for image classification"
                )
            for model in classes if isinstance(classes, tuple) else (classes,):
                # A text alone is what a class has that does not declare what it takes.
                takes = getattr(model, "input_modalities", "")
                if not isinstance(takes, str) and (beside := set(takes) - {"image"}):
                    raise UserError(
                        f"{self._place}: {model.__name__} takes {' and '.join(sorted(beside))} beside the picture; "
                        "name a model that classifies pictures alone"
                    )
        return config

    def _check_timm(self) -> None:
        """Raise a `UserError` that names the cause if timm, which makes the model, cannot be imported."""
        try:
            # transformers hides why it cannot be imported.
            import_module("timm")
        except Exception as error:
            raise UserError(
                f"{self._place}: is a timm model, and timm cannot be imported ({error_text(error)}); "
                "pip install 'tierbench[timm]', with a torchvision that is made for your torch"
            ) from error

    @property
    def _place(self) -> str:
        return f"model {one_line(self._files.spec)!r}"


def _logits(model: Any, **batch: torch.Tensor) -> torch.Tensor:
    logits: torch.Tensor = model(**batch).logits
    return logits


def _first(config: Any, *names: str) -> Any:
    for name in names:
        value = getattr(config, name, None)
        if value is not None:
            return _plain(value)
    return None


def _plain(value: Any) -> Any:
    """Convert tuples, enums and the like to JSON values."""
    if isinstance(value, dict):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    if isinstance(value, bool | int | float | str) or value is None:
        return int(value) if isinstance(value, int) and not isinstance(value, bool) else value
    return str(value)
