"""A classifier from a transformers model for image classification; the weights are loaded at first use."""

from __future__ import annotations

import importlib.metadata
import sys
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tierbench.common.errors import UserError
from tierbench.common.text import one_line
from tierbench.models.files import ModelFiles
from tierbench.models.quiet import quiet_transformers

if TYPE_CHECKING:
    import numpy as np
    import torch
    from PIL import Image

DEVICES = ("auto", "cpu", "cuda", "mps")
# Side of ImageNet-C's pictures.
_SQUARE = 224
DTYPES = ("float32", "float16", "bfloat16")


class TransformersClassifier:
    """A `Classifier` for `AutoModelForImageClassification` and its image processor (Pillow backend).

    Args:
        files: a checked model folder.
        device: `auto`, `cpu`, `cuda` or `mps`.
        dtype: `float32`, `float16` or `bfloat16`.
    """

    def __init__(self, files: ModelFiles, *, device: str = "auto", dtype: str = "float32") -> None:
        self._files = files
        self._device = device
        self.dtype = dtype

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

    @cached_property
    def device(self) -> str:
        """The device in use; for `cpu`, torch is not imported if that can be avoided.

        Raises:
            UserError: if the requested device is not available.
        """
        return resolve_device(self._device)

    def predict(self, images: Sequence[Image.Image]) -> np.ndarray:
        """Return the probabilities of the labels, float32, shape [n_images, n_labels]."""
        import torch

        pixels = self._processor(images=list(images), return_tensors="pt")["pixel_values"]
        return self._forward(pixels.to(torch.float32))

    def predict_cropped(self, images: Sequence[Image.Image]) -> np.ndarray:
        """Return the probabilities of the labels, without a crop; see `TakesCropped`."""
        import torch

        height, width = self._input_size
        fitting = [self._resized(image, (width, height)) for image in images]
        pixels = self._processor(images=fitting, return_tensors="pt", do_resize=False, do_center_crop=False)
        return self._forward(pixels["pixel_values"].to(torch.float32))

    def describe(self) -> dict[str, Any]:
        """Return the model card: architecture, depths and widths, labels, preprocessing, parameter count."""
        config = self._model.config
        card: dict[str, Any] = {
            "architecture": type(self._model).__name__,
            "parameters": sum(tensor.numel() for tensor in self._model.parameters()),
            "labels": list(self.labels),
            "outputs": "sigmoid" if self.multi_label else "softmax",
            "depths": _first(config, "depths", "num_block_repeats", "num_hidden_layers"),
            "widths": _first(config, "hidden_sizes", "out_channels", "embed_dim", "hidden_size"),
            "preprocessing": _plain(self._processor.to_dict()),
            "input_size": list(self._input_size),
            "config": {
                name: _plain(value)
                for name, value in config.to_diff_dict().items()
                if name not in {"id2label", "label2id", "architectures", "transformers_version", "dtype"}
            },
            "spec": self._files.spec,
            "fingerprint": self.fingerprint,
            "device": self.device,
            "dtype": self.dtype,
        }
        return card

    def _forward(self, pixels: torch.Tensor) -> np.ndarray:
        import torch

        model = self._model
        with torch.inference_mode():
            pixels = pixels.to(self.device, getattr(torch, self.dtype), memory_format=torch.channels_last)
            logits = model(pixel_values=pixels).logits.float()
            outputs = torch.sigmoid(logits) if self.multi_label else torch.softmax(logits, dim=-1)
        result: np.ndarray = outputs.cpu().numpy()
        return result

    @cached_property
    def _model(self) -> Any:
        import torch

        folder, place = self._files.folder, f"model {one_line(self._files.spec)!r}"
        with quiet_transformers():
            from transformers import AutoModelForImageClassification

            try:
                model, info = AutoModelForImageClassification.from_pretrained(
                    folder,
                    dtype=getattr(torch, self.dtype),
                    use_safetensors=True,
                    local_files_only=True,
                    trust_remote_code=False,
                    output_loading_info=True,
                )
            except Exception as error:
                # transformers raises many kinds of errors here (unknown architecture, broken file); for the user they
                # all mean that this folder cannot be loaded.
                raise UserError(
                    f"{place}: transformers cannot load it as an image classifier ({_first_line(error)})"
                ) from error
        if missing := sorted(info["missing_keys"]):
            # transformers fills them with random numbers, which would make the scores meaningless.
            raise UserError(
                f"{place}: its weights lack {len(missing)} tensors of {type(model).__name__} "
                f"({one_line(missing[0])} …); save the whole model again"
            )
        # Convolutional networks run twice as fast with the channels last, on the CPU too.
        return model.eval().to(device=self.device, memory_format=torch.channels_last)

    def _resized(self, image: Image.Image, size: tuple[int, int]) -> Image.Image:
        return image if image.size == size else image.resize(size, getattr(self._processor, "resample", None))

    @cached_property
    def _input_size(self) -> tuple[int, int]:
        """Height and width of what the image processor makes of a square picture."""
        from PIL import Image

        # Processors describe their resize and crop in many ways; trying it out holds for all of them.
        square = Image.new("RGB", (_SQUARE, _SQUARE))
        height, width = self._processor(images=[square], return_tensors="pt")["pixel_values"].shape[-2:]
        return int(height), int(width)

    @cached_property
    def _processor(self) -> Any:
        folder, place = self._files.folder, f"model {one_line(self._files.spec)!r}"
        with quiet_transformers():
            from transformers import AutoImageProcessor

            try:
                # Always resize with Pillow: with torchvision installed, the default would be different.
                return AutoImageProcessor.from_pretrained(
                    folder, backend="pil", local_files_only=True, trust_remote_code=False
                )
            except Exception as error:
                raise UserError(
                    f"{place}: transformers cannot load its image processor ({_first_line(error)})"
                ) from error


def resolve_device(device: str) -> str:
    """Return the device kind to use: `cpu`, `cuda` or `mps`.

    Raises:
        UserError: if the device is unknown or not available.
    """
    if device not in DEVICES:
        raise UserError(f"--robust-device {one_line(device)!r} is unknown; write one of {', '.join(DEVICES)}")
    if device == "cpu" or (device == "auto" and _surely_no_accelerator()):
        return "cpu"
    import torch

    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if device == "auto":
        return next((name for name, available in there.items() if available), "cpu")
    if not there[device]:
        raise UserError(
            f"--robust-device {device}: torch {torch.__version__} does not find such a device; "
            "use --robust-device auto or cpu"
        )
    return device


def _surely_no_accelerator() -> bool:
    """Return whether there is certainly no accelerator, without importing torch.

    That is so if torch is a build for the CPU, or if Linux shows no device of any vendor.
    """
    if sys.platform == "darwin":
        return False
    if importlib.metadata.version("torch").endswith("+cpu"):
        return True
    nodes = ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg")
    return sys.platform == "linux" and not any(Path(node).exists() for node in nodes)


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


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return one_line(lines[0] if lines else type(error).__name__)
