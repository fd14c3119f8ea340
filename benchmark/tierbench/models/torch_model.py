"""A classifier from a `torch.nn.Module` in memory, for notebooks and training loops."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import torch

from tierbench.models.batch_size import parts
from tierbench.models.compilation import Compilation

if TYPE_CHECKING:
    import numpy as np
    from PIL import Image

Preprocess = Callable[["Image.Image"], torch.Tensor]


class TorchClassifier:
    """A `Classifier` for a module that returns logits, as a tensor or as an output with `logits`.

    The module is in evaluation mode while it predicts and is restored afterwards, so that it can be used in the
    middle of a training loop. It runs on the device of its parameters; on the CPU it gets the pictures of a batch a
    few at a time, which is faster.

    Args:
        module: from pixels of shape [n, channels, height, width] to logits of shape [n, n_labels].
        labels: the names of the classes, in the order of the logits.
        preprocess: from an RGB image to pixels of shape [channels, height, width]; all images to the same shape.
        multi_label: whether the labels are not mutually exclusive: sigmoid instead of softmax.
        version: of your code: of `preprocess`, of the module's classes, and of all that they use. Change it whenever
            results could change. Without it, predictions are not kept between runs: no hash can hold all that code in
            memory depends on.
        preprocess_cropped: like `preprocess`, but without a crop: corrupted pictures are cropped already. Without it,
            sweeps have no mCE.
    """

    def __init__(
        self,
        module: torch.nn.Module,
        labels: Sequence[str],
        preprocess: Preprocess,
        *,
        multi_label: bool = False,
        version: str = "",
        preprocess_cropped: Preprocess | None = None,
    ) -> None:
        self._module = module
        self.compilation = Compilation(fixed=False)
        self._labels = tuple(labels)
        self._preprocess = preprocess
        self._version = version
        if preprocess_cropped is not None:
            # Only then: to have this method is to promise that nothing is cropped.
            self.predict_cropped = partial(self._predict, preprocess_cropped)
        self._preprocess_cropped = preprocess_cropped
        self.multi_label = multi_label

    @property
    def labels(self) -> Sequence[str]:
        """The names of the classes, in the order of the logits."""
        return self._labels

    @property
    def fingerprint(self) -> str | None:
        """16 hexadecimal digits, a hash over version, weights, architecture and preprocessing; None without a version.

        What the hash cannot hold (closures, objects that a function uses, attributes that are no tensors) is what the
        version stands for.
        """
        if not self._version:
            return None
        texts = [repr(self._module), *self._labels, _source(self._preprocess), self._version, str(self.multi_label)]
        if self._preprocess_cropped is not None:
            texts.append(_source(self._preprocess_cropped))
        digest = hashlib.sha256("\0".join(texts).encode("utf-8", "backslashreplace"))
        for name, value in self._module.state_dict().items():
            digest.update(f"{name}:".encode())
            if isinstance(value, torch.Tensor):
                # As bytes, because NumPy has no bfloat16.
                digest.update(value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
            else:
                digest.update(repr(value).encode())
        return digest.hexdigest()[:16]

    @property
    def device(self) -> str:
        """The kind of device that the parameters are on."""
        return self._place().type

    @property
    def backend(self) -> str:
        """What runs the module: `torch`, or `torch.compile`."""
        return self.compilation.backend

    @property
    def dtype(self) -> str:
        """The type of the parameters."""
        return str(self._type()).removeprefix("torch.")

    def describe(self) -> dict[str, Any]:
        """Return the model card: architecture, parameter count, labels, preprocessing."""
        return {
            "architecture": type(self._module).__name__,
            "parameters": sum(tensor.numel() for tensor in self._module.parameters()),
            "file_size": None,
            "labels": list(self._labels),
            "outputs": "sigmoid" if self.multi_label else "softmax",
            "depths": None,
            "widths": None,
            "preprocessing": {
                "preprocess": _source(self._preprocess),
                "preprocess_cropped": self._preprocess_cropped and _source(self._preprocess_cropped),
            },
            "config": {},
            "spec": "a module in memory",
            "fingerprint": self.fingerprint,
            "device": self.device,
            "dtype": self.dtype,
            "backend": self.backend,
            "unknown": ["file_size", "steps"],
        }

    def predict(self, images: Sequence[Image.Image]) -> np.ndarray:
        """Return the probabilities of the labels, float32, shape [n_images, n_labels]."""
        return self._predict(self._preprocess, images)

    def _predict(self, preprocess: Preprocess, images: Sequence[Image.Image]) -> np.ndarray:
        training = [part for part in self._module.modules() if part.training]
        self._module.eval()
        try:
            with torch.inference_mode():
                outputs = [self._at_once(preprocess, part) for part in parts(images, self.device)]
        finally:
            for part in training:
                # Not train(), which would also change the submodules that were frozen.
                part.training = True
        result: np.ndarray = torch.cat(outputs).cpu().numpy()
        return result

    def _at_once(self, preprocess: Preprocess, images: Sequence[Image.Image]) -> torch.Tensor:
        pixels = torch.stack([preprocess(image) for image in images])
        batch = {"pixels": pixels.to(self._place(), self._type())}
        return self.compilation.run(self._module, _logits, batch, self._outputs)

    def _outputs(self, logits: torch.Tensor) -> torch.Tensor:
        logits = logits.float()
        return torch.sigmoid(logits) if self.multi_label else torch.softmax(logits, dim=-1)

    def _place(self) -> torch.device:
        return next((tensor.device for tensor in self._module.parameters()), torch.device("cpu"))

    def _type(self) -> torch.dtype:
        types = (tensor.dtype for tensor in self._module.parameters())
        return next((dtype for dtype in types if dtype.is_floating_point), torch.float32)


def _logits(module: torch.nn.Module, pixels: torch.Tensor) -> torch.Tensor:
    output = module(pixels)
    logits: torch.Tensor = getattr(output, "logits", output)
    return logits


def _source(preprocess: Preprocess) -> str:
    """Return the source of a function, or the repr of an object; never its address, which changes."""
    try:
        return inspect.getsource(preprocess)
    except (OSError, TypeError):
        pass
    text = repr(preprocess)
    if " at 0x" in text or " object at " in text:
        return f"{type(preprocess).__module__}.{getattr(preprocess, '__qualname__', type(preprocess).__qualname__)}"
    return text
